//! Random modules, and what the environment says of how many.

use wasm_smith::Config;

/// Modules of WebAssembly 2.0.
pub fn version_2() -> Config {
    Config {
        compact_imports_enabled: false,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}

/// The module that a seed makes of so many random bytes.
pub fn module(config: Config, seed: u64, bytes: usize) -> wasm_smith::Module {
    let mut entropy = vec![0; bytes];
    fastrand::Rng::with_seed(seed).fill(&mut entropy);
    wasm_smith::Module::new(config, &mut arbitrary::Unstructured::new(&entropy)).expect("the bytes suffice")
}

/// The seeds that the environment asks for: `WASM_MODULES` of them, from `WASM_SEED` on.
pub fn seeds() -> std::ops::Range<u64> {
    let number = |name, default| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let first = number("WASM_SEED", 0);
    first..first + number("WASM_MODULES", 300)
}
