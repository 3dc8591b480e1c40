//! What a target lacks for finished code.

use alloc::vec::Vec;
use core::ops::Range;

/// The instructions of finished code, one after the other.
#[derive(Debug, Clone)]
pub struct Walk<'c> {
    bytes: &'c [u8],
    /// Where data lies, in ascending order.
    data: Vec<Range<usize>>,
    /// How many of these ranges lie behind.
    passed: usize,
    at: usize,
}

impl<'c> Walk<'c> {
    pub fn new(bytes: &'c [u8], data: impl Iterator<Item = Range<usize>>) -> Self {
        let mut data: Vec<_> = data.collect();
        data.sort_unstable_by_key(|range| range.start);
        Walk { bytes, data, passed: 0, at: 0 }
    }

    /// The offset of the next instruction, and the bytes from there to where data or the end is.
    pub fn next(&mut self) -> Option<(usize, &'c [u8])> {
        while let Some(range) = self.data.get(self.passed).filter(|range| range.start <= self.at) {
            self.at = self.at.max(range.end);
            self.passed += 1;
        }
        let end = self.data.get(self.passed).map_or(self.bytes.len(), |range| range.start);
        let bytes = self.bytes.get(self.at..end).filter(|bytes| !bytes.is_empty())?;
        Some((self.at, bytes))
    }

    /// Goes on behind so many bytes.
    pub fn pass(&mut self, bytes: usize) {
        self.at += bytes;
    }
}

/// What finds instructions that a target cannot run. `of_operands` gives what one needs beside what its form needs.
/// `skip` gives how many bytes are left out where there is no form, of those up to data or the end; `behind` says so.
macro_rules! cpu_check {
    ($isa:ty, $of_operands:expr, $skip:expr, $behind:literal) => {
        /// An instruction of finished code that a target cannot run, or that is no form.
        #[derive(Debug, Clone, Copy)]
        #[non_exhaustive]
        pub struct UnsupportedForm {
            /// Where it begins, from the start of the code.
            pub offset: usize,
            /// What it is; none if it is no form of the enabled tables.
            pub form: Option<&'static Form>,
            /// Those of the features that the form and its operands need which the target lacks.
            pub missing: CpuFeatures,
        }

        impl core::fmt::Display for UnsupportedForm {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let Some(form) = self.form else {
                    return write!(f, "offset {:#x}: no form of the tables that are enabled", self.offset);
                };
                write!(f, "offset {:#x}: {} needs ", self.offset, form.syntax)?;
                for (index, feature) in self.missing.iter().enumerate() {
                    write!(f, "{}{feature}", if index > 0 { ", " } else { "" })?;
                }
                Ok(())
            }
        }

        impl core::error::Error for UnsupportedForm {}

        impl CpuFeatures {
            /// Whether a target with these features can run this code, as far as its instructions go.
            ///
            /// # Errors
            /// The first instruction that it cannot run, or that is no form of the enabled tables.
            #[inline]
            pub fn check(self, code: &Code<'_, $isa>) -> Result<(), UnsupportedForm> {
                self.unsupported(code).next().map_or(Ok(()), Err)
            }

            /// The instructions of this code that a target with these features cannot run, and those that are no form
            /// of the enabled tables, by ascending offsets.
            ///
            #[doc = $behind]
            #[inline]
            pub fn unsupported<'c>(self, code: &'c Code<'_, $isa>) -> impl Iterator<Item = UnsupportedForm> + use<'c> {
                let mut walk = $crate::cpu::Walk::new(code.bytes(), code.data());
                core::iter::from_fn(move || {
                    loop {
                        let (offset, bytes) = walk.next()?;
                        match self.best_at(bytes) {
                            Some((form, len, missing)) => {
                                walk.pass(len);
                                if !missing.is_empty() {
                                    return Some(UnsupportedForm { offset, form: Some(form), missing });
                                }
                            }
                            None => {
                                walk.pass(($skip)(bytes.len()));
                                return Some(UnsupportedForm { offset, form: None, missing: CpuFeatures::EMPTY });
                            }
                        }
                    }
                })
            }

            /// The form at the start of `bytes` of which these features lack least, and what they lack.
            #[inline]
            fn best_at(self, bytes: &[u8]) -> Option<(&'static Form, usize, CpuFeatures)> {
                let lacks = |form: &Form| {
                    let needs = form.cpu.iter().copied().chain(($of_operands)(form, bytes));
                    needs.fold(CpuFeatures::EMPTY, |mut lacks, feature| {
                        lacks.set_if(feature, !self.contains(feature));
                        lacks
                    })
                };
                let all = Form::all_at(bytes).map(|(form, len)| (form, len, lacks(form)));
                all.min_by_key(|(form, len, lacks)| (usize::MAX - len, lacks.len(), form.needs().len()))
            }
        }
    };
}
pub(crate) use cpu_check;
