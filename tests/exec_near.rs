//! An arena lies near the program's code, so that near branches reach that. In a process of its own: arenas of other
//! tests can take all the room that there is near the program, on both instruction sets.

#![cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), any(target_os = "linux", windows)))]

#[path = "support/exec.rs"]
mod support;

use support::*;
use tailfirst::{Symbol, exec::Arena};

extern "C" fn host() -> u64 {
    99
}

#[test]
fn traces_reach_the_program() {
    let host = host as extern "C" fn() -> u64 as usize as u64;
    for mode in MODES {
        let arena = Arena::builder().mode(mode).reserve(32 << 20).near(host).build().expect("memory");
        assert!(arena.reaches(host), "no place near the program");
        assert_eq!(arena.callable(host), Ok(host));
        let region = arena.region(64).expect("memory");
        assert!(
            region.reaches(host) && region.reaches(region.run_end()) && !region.reaches(region.run_end() ^ 1 << 40)
        );
        let (code, []) = publish(
            region,
            |_| Some(host),
            |enc| {
                jump(enc, Symbol(1));
                []
            },
        )
        .expect("near");
        assert_eq!(get(&code), 99);
    }
}
