//! Writes the calls, and says that the emitter is inlined.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(inlined)");
    println!("cargo::rustc-cfg=inlined");
    tailfirst_backend_generator::build_script(tailfirst_backend_generator::Contender::Luajit);
}
