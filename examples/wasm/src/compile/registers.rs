//! Registers by number, and sets of them.

use crate::ir::Class;

/// A register: 0 to 31 hold integers, 32 to 63 floats and vectors.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Reg(pub u8);

impl Reg {
    pub const fn int(number: u8) -> Reg {
        Reg(number)
    }

    pub const fn float(number: u8) -> Reg {
        Reg(number + 32)
    }

    /// The class of what it holds, which may be vectors where this says floats.
    pub fn class(self) -> Class {
        if self.0 < 32 { Class::Int } else { Class::Float }
    }

    /// Its number among those of its class.
    pub fn number(self) -> u8 {
        self.0 & 31
    }
}

/// A set of registers, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RegSet(pub u64);

impl RegSet {
    pub const EMPTY: RegSet = RegSet(0);

    pub const fn of(reg: Reg) -> RegSet {
        RegSet(1 << reg.0)
    }

    pub fn all(regs: &[Reg]) -> RegSet {
        regs.iter().fold(RegSet::EMPTY, |set, &reg| set.with(RegSet::of(reg)))
    }

    #[must_use]
    pub const fn with(self, other: RegSet) -> RegSet {
        RegSet(self.0 | other.0)
    }

    #[must_use]
    pub const fn without(self, other: RegSet) -> RegSet {
        RegSet(self.0 & !other.0)
    }

    pub const fn contains(self, reg: Reg) -> bool {
        self.0 >> reg.0 & 1 != 0
    }

    pub fn insert(&mut self, reg: Reg) {
        self.0 |= 1 << reg.0;
    }

    pub fn remove(&mut self, reg: Reg) {
        self.0 &= !(1 << reg.0);
    }

    pub fn iter(self) -> impl Iterator<Item = Reg> {
        let mut bits = self.0;
        std::iter::from_fn(move || {
            let number = (bits != 0).then(|| bits.trailing_zeros() as u8)?;
            bits &= bits - 1;
            Some(Reg(number))
        })
    }
}
