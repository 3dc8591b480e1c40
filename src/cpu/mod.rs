//! CPU features: which a processor has, which an instruction needs, and whether code needs more than its target has.
//!
//! ```
//! # #[cfg(all(feature = "std", feature = "forms", target_arch = "x86_64"))] {
//! use tailfirst::x64::*;
//!
//! // What this machine has, and its operating system has enabled. It is asked each time, so keep the answer.
//! let cpu = CpuFeatures::detect();
//! assert!(cpu.contains_all(CpuFeatures::X86_64));
//!
//! // A choice between two encodings.
//! fn add_words(asm: &mut Assembler<'_>, cpu: CpuFeatures) {
//!     if cpu.contains(CpuFeature::AVX2) {
//!         asm.vpaddd_ymm_ymm_ymmm256(YMM0, YMM0, YMM1);
//!     } else {
//!         asm.paddd_xmm_xmmm128(XMM0, XMM1);
//!     }
//! }
//!
//! // Code for older processors may not take the first of them. A test can ask:
//! let mut asm = Assembler::new();
//! asm.paddd_xmm_xmmm128(XMM0, XMM1);
//! add_words(&mut asm, CpuFeatures::X86_64_V3);
//! asm.ret();
//! let code = asm.finish()?;
//! assert!(CpuFeatures::X86_64_V3.check(&code).is_ok());
//! let wrong = CpuFeatures::X86_64_V2.check(&code).unwrap_err();
//! assert_eq!(wrong.offset, 4);
//! assert_eq!(wrong.form.unwrap().name, "vpaddd_ymm_ymm_ymmm256");
//! assert!(wrong.missing.contains(CpuFeature::AVX2));
//! assert_eq!(wrong.to_string(), "offset 0x4: vpaddd ymm1, ymm2, ymm3/m256 needs AVX2");
//! # }
//! # Ok::<(), tailfirst::FinishError>(())
//! ```
//!
//! Each instruction set has a [`CpuFeature`](crate::x64::CpuFeature) for every feature that its tables name, called
//! exactly as the manual calls it (`AVX512VL`, `FEAT_LSE`), and sets of them, [`CpuFeatures`](crate::x64::CpuFeatures),
//! some of which have names: `X86_64_V3`, `ARMV8_4`. Both are constants where a compiler wants constants:
//! `CpuFeatures::X86_64_V2.with(CpuFeature::AVX)`.
//!
//! # What follows from what
//!
//! A feature that another one cannot be without comes with it: `with(AVX2)` has AVX, and `without(AVX)` has no AVX2 any
//! more. Only what the manuals say is taken for granted; it stands, with the manuals' names, in the tables
//! `tables/cpu/`, which say of each feature where a processor tells it, too.
//!
//! # Detection
//!
//! `CpuFeatures::detect()` (feature `std`) exists in builds for a machine of the instruction set. On x86-64 it asks
//! CPUID, and for extensions with registers of their own (AVX, AVX-512, AMX, APX, MPX, LWP) also XGETBV, whether the
//! operating system saves them. On AArch64 programs may not ask the processor: under Linux and Android the kernel's
//! auxiliary vector tells (`/proc/self/auxv`), under other systems, and where that cannot be read, what the standard
//! library knows.
//!
//! What a program cannot find out, detection does not claim. The features concerned say so in their documentation:
//! privileged ones that an MSR tells, those that the system has no word for, and those of which only the operating
//! system knows that they are enabled. `with` adds what is known from elsewhere.
//!
//! # Checking code
//!
//! With the feature `forms`, `CpuFeatures::check` looks at every instruction of finished code, and
//! `CpuFeatures::unsupported` gives all that a target lacks. It costs nothing where code is emitted, since it reads the
//! bytes: [`Form::at`](crate::x64::Form::at) finds the form that some bytes are, by the rows of the tables. So this is
//! a debug aid, for tests and debug builds. Where data lies among the code, the code itself knows.
//!
//! Bytes say less than calls do. Several forms can have the same bytes, as aliases of each other; then the one counts
//! of which the target lacks least. So hints of AArch64, which processors without them take for `nop`, lack nothing,
//! nor do system instructions that are `sys` with certain numbers. Instructions of tables of another crate are no forms
//! here, and said to be none.

#[cfg(feature = "forms")]
mod check;

#[cfg(feature = "forms")]
pub(crate) use check::{Walk, cpu_check};

/// No CPU feature has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownFeature;

impl core::fmt::Display for UnknownFeature {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("no CPU feature has this name")
    }
}

impl core::error::Error for UnknownFeature {}

/// What an instruction set's features have in common, around what the tables have generated. Its functions are
/// `#[inline]`: few users need any of them, and for the others they cost no building.
macro_rules! cpu_features {
    () => {
        impl CpuFeature {
            /// All features that the tables name.
            pub const ALL: &'static [CpuFeature] = &FEATURES;

            /// The manual's name.
            #[inline]
            pub const fn name(self) -> &'static str {
                NAMES[self as usize]
            }

            /// The feature of this name, exactly as it is written.
            #[inline]
            pub fn from_name(name: &str) -> Option<CpuFeature> {
                NAMES.iter().position(|other| *other == name).map(|index| FEATURES[index])
            }
        }

        impl core::fmt::Display for CpuFeature {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.name())
            }
        }

        impl core::fmt::Debug for CpuFeature {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.name())
            }
        }

        impl core::str::FromStr for CpuFeature {
            type Err = $crate::cpu::UnknownFeature;

            #[inline]
            fn from_str(name: &str) -> Result<CpuFeature, $crate::cpu::UnknownFeature> {
                CpuFeature::from_name(name).ok_or($crate::cpu::UnknownFeature)
            }
        }

        /// A set of [`CpuFeature`]s: what a processor has, what an instruction needs. [`crate::cpu`] tells more.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct CpuFeatures([u64; WORDS]);

        impl CpuFeatures {
            /// No feature.
            pub const EMPTY: CpuFeatures = CpuFeatures([0; WORDS]);

            /// All features.
            pub const ALL: CpuFeatures = {
                let (mut all, mut index) = (CpuFeatures::EMPTY, 0);
                while index < FEATURES.len() {
                    all.0[index / 64] |= 1 << (index % 64);
                    index += 1;
                }
                all
            };

            /// These, `feature`, and what it implies.
            #[must_use]
            #[inline]
            pub const fn with(self, feature: CpuFeature) -> CpuFeatures {
                self.union(CpuFeatures(IMPLIED[feature as usize]))
            }

            /// These without `feature`, and without those that imply it.
            #[must_use]
            #[inline]
            pub const fn without(self, feature: CpuFeature) -> CpuFeatures {
                let (mut rest, mut index) = (self, 0);
                while index < FEATURES.len() {
                    if CpuFeatures(IMPLIED[index]).contains(feature) {
                        rest.0[index / 64] &= !(1 << (index % 64));
                    }
                    index += 1;
                }
                rest
            }

            /// Whether `feature` is one of them.
            #[inline]
            pub const fn contains(self, feature: CpuFeature) -> bool {
                self.0[feature as usize / 64] >> (feature as usize % 64) & 1 == 1
            }

            /// Whether all of `others` are among them.
            #[inline]
            pub const fn contains_all(self, others: CpuFeatures) -> bool {
                others.difference(self).is_empty()
            }

            /// Both together.
            #[must_use]
            #[inline]
            pub const fn union(self, others: CpuFeatures) -> CpuFeatures {
                let (mut all, mut word) = (self, 0);
                while word < WORDS {
                    all.0[word] |= others.0[word];
                    word += 1;
                }
                all
            }

            /// What both have.
            #[must_use]
            #[inline]
            pub const fn intersection(self, others: CpuFeatures) -> CpuFeatures {
                let (mut both, mut word) = (self, 0);
                while word < WORDS {
                    both.0[word] &= others.0[word];
                    word += 1;
                }
                both
            }

            /// What these have and `others` have not: single features, which may lack what they imply.
            #[must_use]
            #[inline]
            pub const fn difference(self, others: CpuFeatures) -> CpuFeatures {
                let (mut rest, mut word) = (self, 0);
                while word < WORDS {
                    rest.0[word] &= !others.0[word];
                    word += 1;
                }
                rest
            }

            /// Whether there is none.
            #[inline]
            pub const fn is_empty(self) -> bool {
                self.len() == 0
            }

            /// How many there are.
            #[inline]
            pub const fn len(self) -> usize {
                let (mut count, mut word) = (0, 0);
                while word < WORDS {
                    count += self.0[word].count_ones() as usize;
                    word += 1;
                }
                count
            }

            /// Each of them, in the order of [`CpuFeature::ALL`].
            #[inline]
            pub fn iter(self) -> impl Iterator<Item = CpuFeature> {
                CpuFeature::ALL.iter().copied().filter(move |feature| self.contains(*feature))
            }

            /// Adds one feature, and nothing that it implies, if `has` is true.
            #[allow(dead_code)] // where nothing is detected
            #[inline]
            fn set_if(&mut self, feature: CpuFeature, has: bool) {
                self.0[feature as usize / 64] |= u64::from(has) << (feature as usize % 64);
            }

            /// Those of them that have all that they imply with them.
            #[allow(dead_code)] // likewise
            #[inline]
            fn complete(self) -> CpuFeatures {
                let is_complete = |feature: &CpuFeature| self.contains_all(CpuFeatures(IMPLIED[*feature as usize]));
                self.iter().filter(is_complete).collect()
            }
        }

        impl core::fmt::Debug for CpuFeatures {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_set().entries(self.iter()).finish()
            }
        }

        impl From<CpuFeature> for CpuFeatures {
            #[inline]
            fn from(feature: CpuFeature) -> CpuFeatures {
                CpuFeatures::EMPTY.with(feature)
            }
        }

        impl FromIterator<CpuFeature> for CpuFeatures {
            #[inline]
            fn from_iter<I: IntoIterator<Item = CpuFeature>>(features: I) -> CpuFeatures {
                features.into_iter().fold(CpuFeatures::EMPTY, CpuFeatures::with)
            }
        }

        impl Extend<CpuFeature> for CpuFeatures {
            #[inline]
            fn extend<I: IntoIterator<Item = CpuFeature>>(&mut self, features: I) {
                *self = self.union(features.into_iter().collect());
            }
        }
    };
}
pub(crate) use cpu_features;

/// What of these tests holds, with what implies more than was found left out.
#[cfg(all(
    feature = "std",
    any(all(feature = "x64", target_arch = "x86_64"), all(feature = "aarch64", target_arch = "aarch64"))
))]
macro_rules! detected {
    ($tests:expr, $holds:expr) => {{
        let mut found = CpuFeatures::EMPTY;
        for (feature, tests) in $tests {
            found.set_if(*feature, tests.iter().all($holds));
        }
        found.complete()
    }};
}
#[cfg(all(
    feature = "std",
    any(all(feature = "x64", target_arch = "x86_64"), all(feature = "aarch64", target_arch = "aarch64"))
))]
pub(crate) use detected;
