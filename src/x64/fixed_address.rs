//! Addresses that no ModRM says, and what their prefixes may change: those in a register that the opcode fixes, and
//! absolute addresses of 64 bits.

use super::{
    encode::Imm,
    reg::Sreg,
    word::{AddressPrefixes, Prefixes},
};

/// Addresses in a register: its type, and a constructor for each size.
macro_rules! fixed_address {
    ($($(#[$docs:meta])* $ty:ident, $(#[$wide_docs:meta])* $wide:ident, $(#[$narrow_docs:meta])* $narrow:ident;)*) => {$(
        $(#[$docs])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $ty(Prefixes);

        impl $ty {
            $(#[$wide_docs])*
            #[inline(always)]
            pub const fn $wide(segment: Option<Sreg>) -> $ty {
                $ty(Prefixes::with_segment(segment))
            }

            $(#[$narrow_docs])*
            #[inline(always)]
            pub const fn $narrow(segment: Option<Sreg>) -> $ty {
                $ty(Prefixes::with_segment(segment).and(Prefixes::ADDR32))
            }
        }

        impl FixedAddress for $ty {
            #[inline(always)]
            fn prefixes(self) -> AddressPrefixes {
                AddressPrefixes(self.0)
            }

            #[inline(always)]
            fn imm(self) -> Imm {
                Imm::NONE
            }
        }
    )*};
}

fixed_address! {
    /// The source of a string instruction, `[rsi]`, which may be in any segment and may have an address of 32 bits.
    ///
    /// ```
    /// use tailfirst::x64::*;
    /// let mut enc = Encoder::new();
    /// enc.ret();
    /// enc.rep_movsb_rsi(StringSource::rsi(Some(FS))); // 64 F3 A4
    /// enc.lodsd_rsi(StringSource::esi(None)); // 67 AD
    /// assert_eq!(enc.finish()?.bytes(), [0x67, 0xAD, 0x64, 0xF3, 0xA4, 0xC3]);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    StringSource,
    /// `[rsi]`; a destination is `[rdi]`, and a count RCX.
    rsi,
    /// `[esi]`; a destination is `[edi]`, and a count ECX.
    esi;

    /// The table of XLATB, `[rbx+al]`, which may be in any segment and may have an address of 32 bits.
    ///
    /// ```
    /// use tailfirst::x64::*;
    /// let mut enc = Encoder::new();
    /// enc.ret();
    /// enc.xlatb_rbx(XlatTable::rbx(Some(GS)));
    /// assert_eq!(enc.finish()?.bytes(), [0x65, 0xD7, 0xC3]);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    XlatTable,
    /// `[rbx+al]`.
    rbx,
    /// `[ebx+al]`.
    ebx;

    /// Where MASKMOVQ and MASKMOVDQU store the bytes that their mask chooses: `[rdi]`, which may be in any segment and
    /// may have an address of 32 bits.
    ///
    /// ```
    /// use tailfirst::x64::*;
    /// let mut enc = Encoder::new();
    /// enc.ret();
    /// enc.maskmovdqu_rdi_xmm_xmm(MaskedDestination::edi(Some(FS)), XMM9, XMM1);
    /// assert_eq!(enc.finish()?.bytes(), [0x64, 0x67, 0x66, 0x44, 0x0F, 0xF7, 0xC9, 0xC3]);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    MaskedDestination,
    /// `[rdi]`.
    rdi,
    /// `[edi]`.
    edi;
}

/// An absolute address of 64 bits, or of 32, in any segment.
///
/// ```
/// use tailfirst::x64::*;
/// let mut enc = Encoder::new();
/// enc.ret();
/// enc.mov_rax_segmoffs64(Moffs::new(0x28, Some(FS)));
/// enc.mov_al_segmoffs8(Moffs::addr32(0x8000_0000, None));
/// assert_eq!(
///     enc.finish()?.bytes(),
///     [0x67, 0xA0, 0, 0, 0, 0x80, 0x64, 0x48, 0xA1, 0x28, 0, 0, 0, 0, 0, 0, 0, 0xC3]
/// );
/// # Ok::<(), tailfirst::FinishError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moffs {
    address: u64,
    prefixes: Prefixes,
}

impl Moffs {
    /// An address of 64 bits.
    #[inline(always)]
    pub const fn new(address: u64, segment: Option<Sreg>) -> Moffs {
        Moffs { address, prefixes: Prefixes::with_segment(segment) }
    }

    /// An address of 32 bits (prefix 67), which takes four bytes less.
    #[inline(always)]
    pub const fn addr32(address: u32, segment: Option<Sreg>) -> Moffs {
        Moffs { address: address as u64, prefixes: Prefixes::with_segment(segment).and(Prefixes::ADDR32) }
    }
}

/// What an address that no ModRM says gives to an instruction; for generated code.
pub trait FixedAddress: Copy {
    /// Its prefixes.
    fn prefixes(self) -> AddressPrefixes;

    /// Its bytes behind the opcode.
    fn imm(self) -> Imm;
}

impl FixedAddress for Moffs {
    #[inline(always)]
    fn prefixes(self) -> AddressPrefixes {
        AddressPrefixes(self.prefixes)
    }

    #[inline(always)]
    fn imm(self) -> Imm {
        if self.prefixes.addr32() { Imm::i32(self.address as i32) } else { Imm::u64(self.address) }
    }
}
