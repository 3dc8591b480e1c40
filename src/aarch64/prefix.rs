//! MOVPRFX and what follows it.
//!
//! MOVPRFX copies a vector for the next instruction, and a processor may run both as one. So the architecture says what
//! may follow: an instruction that reads and writes the same vector, names it by no other operand, and, if the prefix
//! is predicated, merges elements of the same size under the same predicate. Else what happens is unpredictable.
//!
//! The two are separate calls, so this is a check of finished code. What stands between them there counts, too, as an
//! island does; [`Encoder::keep_together`](super::Encoder::keep_together) keeps those away. A breakpoint may follow any
//! prefix.

use super::{
    A64, Form,
    find::{Candidate, Candidates, Prefix, Prefixed},
};
use crate::{Code, cpu::Walk};
use core::fmt;

/// A MOVPRFX of finished code that must not stand before what follows it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct WrongPrefix {
    /// Where the MOVPRFX begins, from the start of the code.
    pub offset: usize,
    /// Which one it is.
    pub prefix: &'static Form,
    /// What follows; none if it is no form of the enabled tables, or if the code ends or data begins there.
    pub next: Option<&'static Form>,
    /// What they do not agree in.
    pub problem: PrefixProblem,
}

/// What a MOVPRFX and the next instruction do not agree in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrefixProblem {
    /// The next instruction takes no prefix, or there is none.
    NoPrefix,
    /// It writes another vector.
    Destination,
    /// It reads the vector that the prefix writes by another operand.
    Source,
    /// The prefix is predicated, and the instruction does not merge.
    Predicated,
    /// The instruction has another predicate.
    Predicate,
    /// It has elements of another size.
    ElementSize,
}

impl fmt::Display for WrongPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let next = self.next.map_or("no instruction", |next| next.syntax);
        write!(f, "offset {:#x}: {} before {next}: {}", self.offset, self.prefix.syntax, self.problem)
    }
}

impl fmt::Display for PrefixProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PrefixProblem::NoPrefix => "it takes no prefix",
            PrefixProblem::Destination => "it writes another vector",
            PrefixProblem::Source => "it reads the prefix's destination by another operand",
            PrefixProblem::Predicated => "the prefix is predicated, it does not merge",
            PrefixProblem::Predicate => "it has another predicate",
            PrefixProblem::ElementSize => "it has elements of another size",
        })
    }
}

impl core::error::Error for WrongPrefix {}

impl Code<'_, A64> {
    /// Whether each MOVPRFX of this code stands before an instruction that it may stand before.
    ///
    /// ```
    /// # #[cfg(feature = "aarch64-sve")] {
    /// use tailfirst::aarch64::*;
    /// let mut asm = Assembler::new();
    /// asm.movprfx(Z0, Z5);
    /// asm.add_zs_m(Z0.s(), P1.m(), Z0.s());
    /// let code = asm.finish()?;
    /// let wrong = code.check_prefixes().unwrap_err();
    /// assert_eq!((wrong.offset, wrong.problem), (0, PrefixProblem::Source));
    /// # }
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    ///
    /// # Errors
    /// The first that does not.
    #[inline]
    pub fn check_prefixes(&self) -> Result<(), WrongPrefix> {
        self.wrong_prefixes().next().map_or(Ok(()), Err)
    }

    /// Each MOVPRFX of this code that must not stand where it does, by ascending offsets.
    #[inline]
    pub fn wrong_prefixes(&self) -> impl Iterator<Item = WrongPrefix> + use<'_> {
        let mut walk = Walk::new(self.bytes(), self.data());
        core::iter::from_fn(move || {
            loop {
                let (offset, bytes) = walk.next()?;
                walk.pass(bytes.len().min(4));
                if let Some(wrong) = wrong(offset, bytes) {
                    return Some(wrong);
                }
            }
        })
    }
}

/// What is wrong if the first of these instructions is a MOVPRFX.
fn wrong(offset: usize, bytes: &[u8]) -> Option<WrongPrefix> {
    let (prefix, Prefix::Is(before)) = instruction(bytes)? else { return None };
    let next = bytes.get(4..).and_then(instruction);
    let problem = match next.map(|(_, prefix)| prefix) {
        Some(Prefix::Any) => None,
        Some(Prefix::After(after)) => disagreement(before, after),
        Some(Prefix::Never | Prefix::Is(_)) | None => Some(PrefixProblem::NoPrefix),
    };
    Some(WrongPrefix { offset, prefix, next: next.map(|(form, _)| form), problem: problem? })
}

/// The form of the first instruction, not by one of its aliases, and what it has to do with MOVPRFX.
fn instruction(bytes: &[u8]) -> Option<(&'static Form, Prefix)> {
    let word = bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))?;
    let (form, mut candidate) = Candidates::of(word).find_map(Candidate::matching)?;
    Some((form, candidate.prefix()))
}

fn disagreement(before: Prefixed, after: Prefixed) -> Option<PrefixProblem> {
    let governing = || {
        let (predicate, element) = before.governing?;
        match after.governing {
            None => Some(PrefixProblem::Predicated),
            Some((other, _)) if other != predicate => Some(PrefixProblem::Predicate),
            Some((_, other)) if other != element => Some(PrefixProblem::ElementSize),
            Some(_) => None,
        }
    };
    if after.destination != before.destination {
        Some(PrefixProblem::Destination)
    } else if after.sources >> before.destination & 1 == 1 {
        Some(PrefixProblem::Source)
    } else {
        governing()
    }
}
