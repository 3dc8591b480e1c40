//! The CPU features of x86-64.

use crate::cpu::cpu_features;

include!(concat!(env!("OUT_DIR"), "/x64_cpu.rs"));

cpu_features!();

#[cfg(feature = "forms")]
mod check {
    use super::{CpuFeature, CpuFeatures};
    use crate::{
        Code,
        cpu::cpu_check,
        x64::{Form, X64},
    };

    cpu_check!(
        X64,
        |form: &Form, bytes: &[u8]| form.names_apx_registers(bytes).then_some(CpuFeature::APX_F),
        |rest: usize| rest,
        "Where one is no form its length is not known either, so what follows is left out, up to where data ends that lies among the code."
    );
}

#[cfg(feature = "forms")]
pub use check::UnsupportedForm;

#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod detect {
    use super::{CpuFeature, CpuFeatures};
    use crate::{
        cpu::detected,
        processor::{cpuid as ask, xgetbv},
    };

    /// Bits that the processor tells, and what they must be at least.
    pub(super) enum Test {
        Cpuid { leaf: u32, subleaf: u32, register: usize, low: u32, width: u32, least: u32 },
        Xcr0(u32),
    }

    const fn cpuid(leaf: u32, subleaf: u32, register: usize, low: u32, width: u32, least: u32) -> Test {
        Test::Cpuid { leaf, subleaf, register, low, width, least }
    }

    const fn xcr0(bit: u32) -> Test {
        Test::Xcr0(bit)
    }

    include!(concat!(env!("OUT_DIR"), "/x64_cpu_tests.rs"));

    impl CpuFeatures {
        /// What this processor has, with the registers that the operating system has enabled.
        ///
        /// [`crate::cpu`] says how. It takes a while, under a hypervisor some ten microseconds a leaf of CPUID: keep
        /// the answer.
        #[inline]
        pub fn detect() -> CpuFeatures {
            let mut leaves = Leaves { known: [(0, 0, [0; 4]); 24], count: 0 };
            let enabled = enabled_registers();
            detected!(TESTS, |test| match *test {
                Test::Xcr0(bit) => enabled >> bit & 1 == 1,
                Test::Cpuid { leaf, subleaf, register, low, width, least } => {
                    let bits = leaves.get(leaf, subleaf)[register] >> low;
                    (if width < 32 { bits & ((1 << width) - 1) } else { bits }) >= least
                }
            })
        }
    }

    /// XCR0 (SDM vol. 1, 13.3), with the bits of AVX-512 on macOS, which sets them when a thread uses these registers
    /// for the first time.
    #[inline]
    fn enabled_registers() -> u64 {
        const AVX: u64 = 0b110;
        const AVX512: u64 = 0b1110_0000;
        let enabled = xgetbv();
        if cfg!(target_os = "macos") && enabled & AVX == AVX { enabled | AVX512 } else { enabled }
    }

    /// What CPUID has given so far: leaf, sub-leaf, registers.
    struct Leaves {
        known: [(u32, u32, [u32; 4]); 24],
        count: usize,
    }

    impl Leaves {
        /// EAX, EBX, ECX and EDX; zeros if there is no such leaf. (For a leaf that it does not have Intel's processors
        /// give another one's; SDM vol. 2A, CPUID.)
        #[inline]
        fn get(&mut self, leaf: u32, subleaf: u32) -> [u32; 4] {
            for (known, known_subleaf, registers) in &self.known[..self.count] {
                if (*known, *known_subleaf) == (leaf, subleaf) {
                    return *registers;
                }
            }
            let first = leaf & 0x8000_0000;
            let registers = if leaf == first {
                ask(leaf, subleaf)
            } else if self.get(first, 0)[0] < leaf || subleaf > self.last_subleaf(leaf) {
                [0; 4]
            } else {
                ask(leaf, subleaf)
            };
            // If there are more, they are asked for again.
            if let Some(free) = self.known.get_mut(self.count) {
                *free = (leaf, subleaf, registers);
                self.count += 1;
            }
            registers
        }

        /// The highest sub-leaf, which some leaves tell in EAX of sub-leaf 0.
        #[inline]
        fn last_subleaf(&mut self, leaf: u32) -> u32 {
            match leaf {
                0x07 | 0x14 | 0x1E | 0x24 => ask(leaf, 0)[0],
                _ => u32::MAX,
            }
        }
    }
}
