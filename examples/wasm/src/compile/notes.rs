//! What a back end notes of its code beside the encoder: which instruction of the module it is for, and where it traps.
//!
//! All places are labels, so they are truncated with the labels when the encoder goes back.

use tailfirst::{Encoder, Isa};

use super::Site;
use super::target::CodeLabel;
use crate::abi::TrapKind;

/// What is noted.
#[derive(Default)]
pub struct Notes {
    /// The offset in the module of the instruction that is emitted now.
    pub offset: u32,
    /// Where traps of this function lead: code that is emitted below it.
    traps: Vec<Site>,
    pub sites: Vec<Site>,
    /// Where the code of each instruction begins, if anybody wants to know.
    pub marks: Option<Vec<(CodeLabel, u32)>>,
}

/// How much there was, to go back to.
#[derive(Clone, Copy, Debug)]
pub struct Noted {
    traps: usize,
    sites: usize,
    marks: usize,
}

impl Notes {
    /// Where the code goes that traps now.
    pub fn trap_label<I: Isa>(&mut self, enc: &mut Encoder<'_, I>, kind: TrapKind) -> CodeLabel {
        let latest = self.traps.iter().rev().take(4);
        let known = latest.copied().find(|trap| (trap.kind, trap.offset) == (kind, self.offset));
        known.map(|trap| trap.label).unwrap_or_else(|| {
            let label = enc.label();
            self.traps.push(Site { label, kind, offset: self.offset });
            label
        })
    }

    /// What was emitted last traps by itself.
    pub fn site<I: Isa>(&mut self, enc: &mut Encoder<'_, I>, kind: TrapKind) {
        self.sites.push(Site { label: enc.here(), kind, offset: self.offset });
    }

    /// What was emitted is all of an instruction, and the next one is at `offset`.
    pub fn set_offset<I: Isa>(&mut self, enc: &mut Encoder<'_, I>, offset: u32) {
        if let Some(marks) = &mut self.marks {
            marks.push((enc.here(), self.offset));
        }
        self.offset = offset;
    }

    /// The traps of the function, which ends.
    pub fn take_traps(&mut self) -> Vec<Site> {
        std::mem::take(&mut self.traps)
    }

    pub fn noted(&self) -> Noted {
        let marks = self.marks.as_ref().map_or(0, Vec::len);
        Noted { traps: self.traps.len(), sites: self.sites.len(), marks }
    }

    pub fn go_back(&mut self, to: Noted) {
        self.traps.truncate(to.traps);
        self.sites.truncate(to.sites);
        if let Some(marks) = &mut self.marks {
            marks.truncate(to.marks);
        }
    }
}
