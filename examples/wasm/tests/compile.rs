//! What comes of small functions, as a listing shows it.

use tailfirst_wasm::compile::Config;
use tailfirst_wasm::compile::listing::{Isa, listing};

fn x64(text: &str) -> String {
    let wasm = wat::parse_str(text).expect("a module");
    listing(&wasm, &Config::default(), Isa::X64).expect("a valid module")
}

#[test]
fn show() {
    let text = std::fs::read_to_string(std::env::var("SHOW").unwrap()).unwrap();
    println!("{}", x64(&text));
}
