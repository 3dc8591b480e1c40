//! The CPU features of AArch64.

use crate::cpu::cpu_features;

include!(concat!(env!("OUT_DIR"), "/aarch64_cpu.rs"));

cpu_features!();

#[cfg(feature = "forms")]
mod check {
    use super::CpuFeatures;
    use crate::{
        Code,
        aarch64::{A64, Form},
        cpu::cpu_check,
    };

    cpu_check!(
        A64,
        |_: &Form, _: &[u8]| None,
        |rest: usize| rest.min(4),
        "Where one is no form, the next word is looked at."
    );
}

#[cfg(feature = "forms")]
pub use check::UnsupportedForm;

#[cfg(all(feature = "std", target_arch = "aarch64"))]
mod detect {
    use super::{CpuFeature, CpuFeatures};
    use crate::cpu::detected;

    /// A bit of one of the words that Linux tells.
    pub(super) struct Test {
        word: usize,
        bit: u32,
    }

    const fn hwcap(word: usize, bit: u32) -> Test {
        Test { word, bit }
    }

    macro_rules! std_has {
        ($name:tt) => {
            std::arch::is_aarch64_feature_detected!($name)
        };
    }

    include!(concat!(env!("OUT_DIR"), "/aarch64_cpu_tests.rs"));

    impl CpuFeatures {
        /// What this processor has, and the operating system lets programs use.
        ///
        /// [`crate::cpu`] says how. It reads a file: keep the answer.
        #[inline]
        pub fn detect() -> CpuFeatures {
            match hwcaps() {
                Some(words) => detected!(TESTS, |test: &Test| words[test.word] >> test.bit & 1 == 1),
                None => by_std().complete(),
            }
        }
    }

    /// HWCAP, HWCAP2 and HWCAP3, if this is Linux and says so.
    #[inline]
    fn hwcaps() -> Option<[u64; 3]> {
        // include/uapi/linux/auxvec.h
        const AT_HWCAP: [u64; 3] = [16, 26, 29];
        if !cfg!(any(target_os = "linux", target_os = "android")) {
            return None;
        }
        let vector = std::fs::read("/proc/self/auxv").ok()?;
        let (mut words, mut is_there) = ([0; 3], false);
        // Pairs of numbers: what it is, and its value.
        for pair in vector.chunks_exact(16) {
            let (what, value) = pair.split_at(8);
            let number = |bytes: &[u8]| bytes.try_into().map(u64::from_ne_bytes).ok();
            let what = number(what)?;
            if let Some(word) = AT_HWCAP.iter().position(|of| *of == what) {
                words[word] = number(value)?;
                is_there |= word == 0;
            }
        }
        is_there.then_some(words)
    }
}
