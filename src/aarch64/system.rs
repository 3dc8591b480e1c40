//! Operands of the system instructions: registers, operations, barriers, prefetches.
//!
//! A named operand is the numbers that the manual's tables give for its name; tables/names/ has them. System registers
//! and SYS operations exist that have no name here; [`SysReg::new`] and [`SysOp::new`] make those.

use core::fmt;

include!(concat!(env!("OUT_DIR"), "/aarch64_names.rs"));

/// A system register of MRS and MSR; [`SysReg::TPIDR_EL0`] and other constants, or by its numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SysReg(
    // op0:op1:CRn:CRm:op2
    u16,
);

/// The highest bit of `op0`, which is set in all that MRS and MSR can name.
const OP0: u16 = 1 << 15;

impl SysReg {
    /// The register `S<op0>_<op1>_C<crn>_C<crm>_<op2>`: `op0` is 2 or 3, `op1` and `op2` are below 8, `crn` and `crm`
    /// below 16.
    #[inline]
    pub const fn new(op0: u8, op1: u8, crn: u8, crm: u8, op2: u8) -> Option<Self> {
        match (op0, sys_bits(op1, crn, crm, op2)) {
            (2 | 3, Some(bits)) => Some(SysReg((op0 as u16) << 14 | bits)),
            _ => None,
        }
    }

    /// Its value in the instruction: `o0:op1:CRn:CRm:op2`, where `o0` is 0 or 1 for `op0` 2 or 3.
    #[inline]
    pub const fn bits(self) -> u32 {
        (self.0 & !OP0) as u32
    }

    /// The operand with these bits, below 2<sup>15</sup>.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < OP0 as u32 { Some(SysReg(bits as u16 | OP0)) } else { None }
    }

    /// The manual's name; of two registers with the same numbers, of which one is read and one is written, the first by
    /// name.
    ///
    /// ```
    /// use tailfirst::aarch64::SysReg;
    /// assert_eq!(SysReg::new(3, 0, 4, 2, 0).and_then(SysReg::name), Some("SPSel"));
    /// ```
    pub fn name(self) -> Option<&'static str> {
        let names = &Self::NAMES[Self::NAMES.partition_point(|name| name.0 < self.0)..];
        names.first().filter(|name| name.0 == self.0).map(|name| name.1)
    }
}

impl fmt::Debug for SysReg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            return f.write_str(name);
        }
        let bits = self.0;
        let (op0, op1, crn, crm, op2) = (bits >> 14, bits >> 11 & 7, bits >> 7 & 15, bits >> 3 & 15, bits & 7);
        write!(f, "S{op0}_{op1}_C{crn}_C{crm}_{op2}")
    }
}

/// An operation of SYS and SYSL, by its numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SysOp(
    // op1:CRn:CRm:op2
    u16,
);

impl SysOp {
    /// `op1` and `op2` are below 8, `crn` and `crm` below 16.
    #[inline]
    pub const fn new(op1: u8, crn: u8, crm: u8, op2: u8) -> Option<Self> {
        match sys_bits(op1, crn, crm, op2) {
            Some(bits) => Some(SysOp(bits)),
            None => None,
        }
    }

    /// Its value in the instruction: `op1:CRn:CRm:op2`.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// The operand with these bits, below 2<sup>14</sup>.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 1 << 14 { Some(SysOp(bits as u16)) } else { None }
    }
}

impl fmt::Debug for SysOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0;
        write!(f, "#{}, C{}, C{}, #{}", bits >> 11, bits >> 7 & 15, bits >> 3 & 15, bits & 7)
    }
}

const fn sys_bits(op1: u8, crn: u8, crm: u8, op2: u8) -> Option<u16> {
    if op1 < 8 && crn < 16 && crm < 16 && op2 < 8 {
        Some((op1 as u16) << 11 | (crn as u16) << 7 | (crm as u16) << 3 | op2 as u16)
    } else {
        None
    }
}

/// Operands that are names only.
macro_rules! named {
    ($($(#[$doc:meta])* $ty:ident $repr:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty($repr);

        impl $ty {
            const fn name(bits: u32) -> Option<&'static str> {
                let mut i = 0;
                while i < Self::NAMES.len() {
                    if Self::NAMES[i].0 as u32 == bits {
                        return Some(Self::NAMES[i].1);
                    }
                    i += 1;
                }
                None
            }

            /// Its value in the instruction.
            #[inline]
            pub const fn bits(self) -> u32 {
                self.0 as u32
            }
        }
    )*};
}

/// Named operands whose bits without a name are no operands.
macro_rules! closed {
    ($($ty:ident $repr:ident)*) => {$(
        impl $ty {
            /// The operand with these bits, if they have a name.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if Self::name(bits).is_some() { Some($ty(bits as $repr)) } else { None }
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(Self::name(self.bits()).unwrap_or("?"))
            }
        }
    )*};
}

/// Named operands that can have other bits, too.
macro_rules! open {
    ($($ty:ident $count:literal)*) => {$(
        impl $ty {
            #[doc = concat!("The operand of a number below ", $count, ", with or without a name.")]
            #[inline]
            pub const fn new(bits: u8) -> Option<Self> {
                if bits < $count { Some($ty(bits)) } else { None }
            }

            #[doc = concat!("The operand with these bits, below ", $count, ".")]
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if bits < $count { Some($ty(bits as u8)) } else { None }
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match Self::name(self.bits()) {
                    Some(name) => f.write_str(name),
                    None => write!(f, "#{}", self.0),
                }
            }
        }
    )*};
}

named! {
    /// A data cache operation, as `op1:CRm:op2`.
    DcOp u16;

    /// An address translation operation, as `op1:CRm:op2`.
    AtOp u16;

    /// An instruction cache operation without a register, as `op1:CRm:op2`. (With one there is IVAU.)
    IcOp u16;

    /// A TLB operation without a register, as `op1:CRn:CRm:op2`.
    TlbiOp u16;

    /// A TLB operation with a register, as `op1:CRn:CRm:op2`.
    TlbiXOp u16;

    /// A TLB operation with a pair of registers, as `op1:CRn:CRm:op2`.
    TlbiPairOp u16;

    /// An operation on interrupts with a register, as `op1:CRm:op2`. (Without one there is CDEOI.)
    GicOp u16;

    /// An operation on permissions' lookaside buffers without a register, as `op1:CRm:op2`.
    PlbiOp u16;

    /// An operation on permissions' lookaside buffers with a register, as `op1:CRm:op2`.
    PlbiXOp u16;

    /// A field of PSTATE that MSR (immediate) writes, as `op1:op2`.
    PState u8;

    /// What a barrier waits for: a domain, and loads or stores.
    Barrier u8;

    /// The domain of a DSB that waits for accesses with the XS attribute only.
    BarrierNxs u8;

    /// What to prefetch: load, instruction or store; cache level; once or to keep. PRFM can be given more, of which
    /// some mean something else when there is an index ([`PrefetchOp`]).
    Prefetch u8;

    /// What to prefetch of a range: for loads or stores, once or to keep.
    RangePrefetch u8;

    /// Which indirect branches may come to a BTI.
    BtiTarget u8;
}

/// What to prefetch, by its number; those from 24 on have no name, and do nothing where they mean nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PrefetchOp(u8);

impl PrefetchOp {
    /// The name of a number that is a [`Prefetch`], too.
    const fn name(bits: u32) -> Option<&'static str> {
        Prefetch::name(bits)
    }

    /// Its value in the instruction.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }
}

impl From<Prefetch> for PrefetchOp {
    #[inline]
    fn from(op: Prefetch) -> Self {
        PrefetchOp(op.0)
    }
}

closed!(DcOp u16 AtOp u16 IcOp u16 GicOp u16 PState u8 BarrierNxs u8 BtiTarget u8 Prefetch u8);
open!(Barrier 16 PrefetchOp 32 RangePrefetch 64);

/// Operations that need not wait for accesses with the XS attribute: with this bit.
macro_rules! with_nxs {
    ($($ty:ident $bit:literal)*) => {$(
        impl $ty {
            /// The operation with the qualifier nXS (FEAT_XS): it need not wait for accesses with the XS attribute.
            #[inline]
            pub const fn nxs(self) -> Self {
                $ty(self.0 | 1 << $bit)
            }

            /// The operand with these bits, if they have a name, perhaps with nXS.
            #[inline]
            pub const fn from_bits(bits: u32) -> Option<Self> {
                if Self::name(bits & !(1 << $bit)).is_some() { Some($ty(bits as u16)) } else { None }
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let qualifier = if self.bits() >> $bit & 1 == 1 { "nXS" } else { "" };
                write!(f, "{}{qualifier}", Self::name(self.bits() & !(1 << $bit)).unwrap_or("?"))
            }
        }
    )*};
}

// The lowest bit of CRn; the highest one of CRm.
with_nxs!(TlbiOp 7 TlbiXOp 7 TlbiPairOp 7 PlbiOp 6 PlbiXOp 6);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(SysReg::new(3, 3, 13, 0, 2), Some(SysReg::TPIDR_EL0));
        assert_eq!(SysReg::new(3, 3, 4, 2, 0), Some(SysReg::NZCV));
        assert_eq!((SysReg::new(1, 0, 0, 0, 0), SysReg::new(3, 8, 0, 0, 0)), (None, None));
        assert_eq!(alloc::format!("{:?} {:?}", SysReg::NZCV, SysReg(0x8000)), "NZCV S2_0_C0_C0_0");
        assert_eq!(DcOp::ZVA.bits(), 3 << 7 | 4 << 3 | 1);
        assert_eq!(DcOp::from_bits(0), None);
        assert_eq!(alloc::format!("{:?} {:?}", TlbiXOp::VAE1.nxs(), Barrier::new(0)), "VAE1nXS Some(#0)");
        assert_eq!(TlbiOp::from_bits(TlbiOp::ALLE1.nxs().bits()), Some(TlbiOp::ALLE1.nxs()));
        assert_eq!(PState::from_bits(3 << 3 | 6), Some(PState::DAIFSET));
    }
}
