//! Where the tables of `tailfirst` are, which its own build script says.

fn main() {
    let tables = std::env::var("DEP_TAILFIRST_TABLES").expect("set by cargo, since this package depends on tailfirst");
    println!("cargo::rustc-env=TAILFIRST_TABLES={tables}");
}
