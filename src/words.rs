//! Instructions that the runtime places, or looks for, by itself, as the tables have them.

/// An A64 instruction without its operands.
#[derive(Clone, Copy)]
pub(crate) struct Instruction {
    /// The bits that are the same whatever the operands are; the others are zero.
    bits: u32,
    /// Which these are.
    mask: u32,
}

impl Instruction {
    /// Whether a word is this instruction.
    pub(crate) const fn is(self, word: u32) -> bool {
        word & self.mask == self.bits
    }

    /// The instruction with the operands' bits in their places; what does not belong there is cut off.
    pub(crate) const fn with(self, operands: u32) -> u32 {
        self.bits | operands & !self.mask
    }
}

/// Those of A64.
#[allow(dead_code, reason = "what is needed is a matter of features and of the machine")]
pub(crate) mod aarch64 {
    include!(concat!(env!("OUT_DIR"), "/aarch64_words.rs"));
}

/// Those of x86-64: their bytes up to ModRM, which has the digit only.
#[cfg(feature = "exec")]
#[allow(dead_code, reason = "what is needed is a matter of the machine")]
pub(crate) mod x64 {
    include!(concat!(env!("OUT_DIR"), "/x64_words.rs"));
}
