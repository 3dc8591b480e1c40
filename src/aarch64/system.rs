//! Operands of the system instructions: registers, operations, barriers, prefetches.
//!
//! A named operand is the fields that the manual's tables give for its name. System registers and SYS operations exist
//! that have no name here; [`SysReg::new`] and [`SysOp::new`] make those.

use core::fmt;

/// A system register of MRS and MSR; [`SysReg::TPIDR_EL0`] and other constants, or by its numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SysReg(
    // o0:op1:CRn:CRm:op2
    pub(super) u16,
);

impl SysReg {
    /// The register `S<op0>_<op1>_C<crn>_C<crm>_<op2>`: `op0` is 2 or 3, `op1` and `op2` are below 8, `crn` and `crm`
    /// below 16.
    #[inline]
    pub const fn new(op0: u8, op1: u8, crn: u8, crm: u8, op2: u8) -> Option<Self> {
        match (op0, sys_bits(op1, crn, crm, op2)) {
            (2 | 3, Some(bits)) => Some(SysReg((op0 as u16 & 1) << 14 | bits)),
            _ => None,
        }
    }

    /// Its value in the instruction: `o0:op1:CRn:CRm:op2`, where `o0` is 0 or 1 for `op0` 2 or 3.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// The operand with these bits, below 2<sup>15</sup>.
    #[inline]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits < 1 << 15 { Some(SysReg(bits as u16)) } else { None }
    }
}

impl fmt::Debug for SysReg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0;
        let (op0, op1, crn, crm, op2) = (2 + (bits >> 14), bits >> 11 & 7, bits >> 7 & 15, bits >> 3 & 15, bits & 7);
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
    ($(#[$doc:meta])* $ty:ident $repr:ident: $($name:ident $bits:literal)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $ty($repr);

        impl $ty {
            $(
                #[doc = concat!("`", stringify!($name), "`.")]
                pub const $name: $ty = $ty($bits);
            )*

            const NAMES: &'static [($repr, &'static str)] = &[$(($bits, stringify!($name))),*];

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
    };
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
    DcOp u16:
    ZVA 0x1a1  IVAC 0x031  ISW 0x032  CVAC 0x1d1  CSW 0x052  CVAU 0x1d9  CIVAC 0x1f1  CISW 0x072  CVAP 0x1e1
    CVADP 0x1e9  IGVAC 0x033  IGSW 0x034  CGSW 0x054  CIGSW 0x074  CGVAC 0x1d3  CGVAP 0x1e3  CGVADP 0x1eb
    CIGVAC 0x1f3  GVA 0x1a3  IGDVAC 0x035  IGDSW 0x036  CGDSW 0x056  CIGDSW 0x076  CGDVAC 0x1d5  CGDVAP 0x1e5
    CGDVADP 0x1ed  CIGDVAC 0x1f5  GZVA 0x1a4  CIPAE 0x270  CIGDPAE 0x277  CIGDPAPA 0x375  CIPAPA 0x371  CIVAOC 0x1f8
    CVAOC 0x1d8  CIGDVAOC 0x1ff  CGDVAOC 0x1df  CIVAPS 0x079  CIGDVAPS 0x07d
    ZGBVA 0x1a5  GBVA 0x1a7
}

named! {
    /// An address translation operation, as `op1:CRm:op2`.
    AtOp u16:
    S1E1R 0x040  S1E2R 0x240  S1E3R 0x340  S1E1W 0x041  S1E2W 0x241  S1E3W 0x341  S1E0R 0x042  S1E0W 0x043
    S12E1R 0x244  S12E1W 0x245  S12E0R 0x246  S12E0W 0x247  S1E1RP 0x048  S1E1WP 0x049  S1E1A 0x04a  S1E2A 0x24a
    S1E3A 0x34a
}

named! {
    /// An instruction cache operation without a register, as `op1:CRm:op2`. (With one there is IVAU.)
    IcOp u16:
    IALLUIS 0x008  IALLU 0x028
}

named! {
    /// A TLB operation without a register, as `op1:CRn:CRm:op2`.
    TlbiOp u16:
    VMALLE1IS 0x0418  VMALLE1 0x0438  ALLE2IS 0x2418  ALLE2 0x2438  ALLE3IS 0x3418  ALLE3 0x3438  ALLE1IS 0x241c
    ALLE1 0x243c  VMALLS12E1IS 0x241e  VMALLS12E1 0x243e  VMALLE1OS 0x0408  ALLE2OS 0x2408  ALLE1OS 0x240c
    VMALLS12E1OS 0x240e  ALLE3OS 0x3408  PAALL 0x343c  PAALLOS 0x340c
    VMALLWS2E1IS 0x2412  VMALLWS2E1OS 0x242a  VMALLWS2E1 0x2432
}

named! {
    /// A TLB operation with a register, as `op1:CRn:CRm:op2`.
    TlbiXOp u16:
    VAE1IS 0x0419  VAE1 0x0439  ASIDE1IS 0x041a  ASIDE1 0x043a  VAAE1IS 0x041b  VAAE1 0x043b  VALE1IS 0x041d
    VALE1 0x043d  VAALE1IS 0x041f  VAALE1 0x043f  VAE2IS 0x2419  VAE2 0x2439  VALE2IS 0x241d  VALE2 0x243d
    VAE3IS 0x3419  VAE3 0x3439  VALE3IS 0x341d  VALE3 0x343d  IPAS2E1IS 0x2401  IPAS2E1 0x2421  IPAS2LE1IS 0x2405
    IPAS2LE1 0x2425  VAE1OS 0x0409  ASIDE1OS 0x040a  VAAE1OS 0x040b  VALE1OS 0x040d  VAALE1OS 0x040f  VAE2OS 0x2409
    VALE2OS 0x240d  VAE3OS 0x3409  VALE3OS 0x340d  IPAS2E1OS 0x2420  IPAS2LE1OS 0x2424  RVAE1 0x0431  RVAAE1 0x0433
    RVALE1 0x0435  RVAALE1 0x0437  RVAE1IS 0x0411  RVAAE1IS 0x0413  RVALE1IS 0x0415  RVAALE1IS 0x0417
    RVAE1OS 0x0429  RVAAE1OS 0x042b  RVALE1OS 0x042d  RVAALE1OS 0x042f  RVAE2 0x2431  RVALE2 0x2435  RVAE2IS 0x2411
    RVALE2IS 0x2415  RVAE2OS 0x2429  RVALE2OS 0x242d  RVAE3 0x3431  RVALE3 0x3435  RVAE3IS 0x3411  RVALE3IS 0x3415
    RVAE3OS 0x3429  RVALE3OS 0x342d  RIPAS2E1IS 0x2402  RIPAS2LE1IS 0x2406  RIPAS2E1 0x2422  RIPAS2LE1 0x2426
    RIPAS2E1OS 0x2423  RIPAS2LE1OS 0x2427  RPAOS 0x3423  RPALOS 0x3427  VMALLE1OS 0x0408  VMALLE1IS 0x0418  ALLE2OS 0x2408  ALLE1OS 0x240c
    VMALLS12E1OS 0x240e  VMALLWS2E1IS 0x2412  ALLE2IS 0x2418  ALLE1IS 0x241c  VMALLS12E1IS 0x241e
    VMALLWS2E1OS 0x242a  ALLE3OS 0x3408  ALLE3IS 0x3418
}

named! {
    /// A TLB operation with a pair of registers, as `op1:CRn:CRm:op2`.
    TlbiPairOp u16:
    VAE1IS 0x0419  VAE1 0x0439  VAAE1IS 0x041b  VAAE1 0x043b  VALE1IS 0x041d  VALE1 0x043d  VAALE1IS 0x041f
    VAALE1 0x043f  VAE2IS 0x2419  VAE2 0x2439  VALE2IS 0x241d  VALE2 0x243d  VAE3IS 0x3419  VAE3 0x3439
    VALE3IS 0x341d  VALE3 0x343d  IPAS2E1IS 0x2401  IPAS2E1 0x2421  IPAS2LE1IS 0x2405  IPAS2LE1 0x2425
    VAE1OS 0x0409  VAAE1OS 0x040b  VALE1OS 0x040d  VAALE1OS 0x040f  VAE2OS 0x2409  VALE2OS 0x240d
    VAE3OS 0x3409  VALE3OS 0x340d  IPAS2E1OS 0x2420  IPAS2LE1OS 0x2424  RVAE1 0x0431  RVAAE1 0x0433
    RVALE1 0x0435  RVAALE1 0x0437  RVAE1IS 0x0411  RVAAE1IS 0x0413  RVALE1IS 0x0415  RVAALE1IS 0x0417
    RVAE1OS 0x0429  RVAAE1OS 0x042b  RVALE1OS 0x042d  RVAALE1OS 0x042f  RVAE2 0x2431  RVALE2 0x2435
    RVAE2IS 0x2411  RVALE2IS 0x2415  RVAE2OS 0x2429  RVALE2OS 0x242d  RVAE3 0x3431  RVALE3 0x3435
    RVAE3IS 0x3411  RVALE3IS 0x3415  RVAE3OS 0x3429  RVALE3OS 0x342d  RIPAS2E1IS 0x2402  RIPAS2LE1IS 0x2406
    RIPAS2E1 0x2422  RIPAS2LE1 0x2426  RIPAS2E1OS 0x2423  RIPAS2LE1OS 0x2427
}

named! {
    /// An operation on interrupts with a register, as `op1:CRm:op2`. (Without one there is CDEOI.)
    GicOp u16:
    CDDIS 0x008  CDEN 0x009  CDPRI 0x00a  CDAFF 0x00b  CDPEND 0x00c  CDRCFG 0x00d  CDDI 0x010  CDHM 0x011
    VDDIS 0x208  VDEN 0x209  VDPRI 0x20a  VDAFF 0x20b  VDPEND 0x20c  VDRCFG 0x20d  VDDI 0x210  VDHM 0x211
    LDDIS 0x308  LDEN 0x309  LDPRI 0x30a  LDAFF 0x30b  LDPEND 0x30c  LDRCFG 0x30d  LDDI 0x310  LDHM 0x311
}

named! {
    /// An operation on permissions' lookaside buffers without a register, as `op1:CRm:op2`.
    PlbiOp u16:
    VMALLE1OS 0x008  VMALLE1IS 0x018  VMALLE1 0x038  ALLE2OS 0x208  ALLE1OS 0x20c  ALLE2IS 0x218  ALLE1IS 0x21c
    ALLE2 0x238  ALLE1 0x23c  ALLE3OS 0x308  ALLE3IS 0x318  ALLE3 0x338
}

named! {
    /// An operation on permissions' lookaside buffers with a register, as `op1:CRm:op2`.
    PlbiXOp u16:
    VMALLE1OS 0x008  PERME1OS 0x009  ASIDE1OS 0x00a  PERMAE1OS 0x00b  VMALLE1IS 0x018  PERME1IS 0x019
    ASIDE1IS 0x01a  PERMAE1IS 0x01b  PERME1 0x039  ASIDE1 0x03a  PERMAE1 0x03b  ALLE2OS 0x208  PERME2OS 0x209
    ALLE1OS 0x20c  ALLE2IS 0x218  PERME2IS 0x219  ALLE1IS 0x21c  PERME2 0x239  PERME3OS 0x309  PERME3IS 0x319
    PERME3 0x339
}

named! {
    /// A field of PSTATE that MSR (immediate) writes, as `op1:op2`.
    PState u8:
    SPSEL 0x05  DAIFSET 0x1e  DAIFCLR 0x1f  UAO 0x03  PAN 0x04  DIT 0x1a  SSBS 0x19  TCO 0x1c
}

named! {
    /// What a barrier waits for: a domain, and loads or stores.
    Barrier u8:
    OSHLD 1  OSHST 2  OSH 3  NSHLD 5  NSHST 6  NSH 7  ISHLD 9  ISHST 10  ISH 11  LD 13  ST 14  SY 15
}

named! {
    /// The domain of a DSB that waits for accesses with the XS attribute only.
    BarrierNxs u8:
    OSHNXS 0  NSHNXS 1  ISHNXS 2  SYNXS 3
}

named! {
    /// What to prefetch: load, instruction or store; cache level; once or to keep. PRFM can be given more, of which
    /// some mean something else when there is an index ([`PrefetchOp`]).
    Prefetch u8:
    PLDL1KEEP 0  PLDL1STRM 1  PLDL2KEEP 2  PLDL2STRM 3  PLDL3KEEP 4  PLDL3STRM 5  PLDSLCKEEP 6  PLDSLCSTRM 7
    PLIL1KEEP 8  PLIL1STRM 9  PLIL2KEEP 10  PLIL2STRM 11  PLIL3KEEP 12  PLIL3STRM 13  PLISLCKEEP 14  PLISLCSTRM 15
    PSTL1KEEP 16  PSTL1STRM 17  PSTL2KEEP 18  PSTL2STRM 19  PSTL3KEEP 20  PSTL3STRM 21  PSTSLCKEEP 22  PSTSLCSTRM 23
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

named! {
    /// What to prefetch of a range: for loads or stores, once or to keep.
    RangePrefetch u8:
    PLDKEEP 0  PSTKEEP 1  PLDSTRM 4  PSTSTRM 5
}

named! {
    /// Which indirect branches may come to a BTI.
    BtiTarget u8:
    NONE 0  C 1  J 2  JC 3
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
        assert_eq!(alloc::format!("{:?}", SysReg::NZCV), "S3_3_C4_C2_0");
        assert_eq!(DcOp::ZVA.bits(), 3 << 7 | 4 << 3 | 1);
        assert_eq!(DcOp::from_bits(0), None);
        assert_eq!(alloc::format!("{:?} {:?}", TlbiXOp::VAE1.nxs(), Barrier::new(0)), "VAE1nXS Some(#0)");
        assert_eq!(TlbiOp::from_bits(TlbiOp::ALLE1.nxs().bits()), Some(TlbiOp::ALLE1.nxs()));
        assert_eq!(PState::from_bits(3 << 3 | 6), Some(PState::DAIFSET));
    }
}
