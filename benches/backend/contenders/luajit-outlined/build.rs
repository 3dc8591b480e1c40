//! Writes the calls.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(inlined)");
    tailfirst_backend_generator::build_script(tailfirst_backend_generator::Contender::Luajit);
}
