//! Loads and stores of any address that some form has.
//!
//! A single access has three forms: a scaled unsigned offset, a small signed one, a register. A pair has one: a scaled
//! signed offset. The size of a single access may be a value, and then it says which addresses there are.

use crate::{
    Direction,
    aarch64::{
        Address, AddressError, B, D, Emitter, ExtendedReg, FpSize, H, Index, IntoOperand, Load, Offset, Prefetch, Q, S,
        SImm, SizedIndex, SizedOffset, Store, UImm, V, W, X, XSp,
    },
};

/// An address, as one of the forms has it.
enum Choice<Scaled, Indexed> {
    Scaled(XSp, Scaled),
    Unscaled(XSp, SImm<9, 0>),
    Indexed(XSp, Indexed),
}

impl<Scaled, Indexed> Choice<Scaled, Indexed> {
    /// That of an access of `size` bytes, whose operands these make.
    #[inline]
    fn new(
        address: Address,
        size: u32,
        scaled: impl FnOnce(u32) -> Option<Scaled>,
        indexed: impl FnOnce(ExtendedReg) -> Option<Indexed>,
    ) -> Result<Self, AddressError> {
        let base = address.base;
        match address.offset {
            Offset::Bytes(offset) => {
                let scaled = u32::try_from(offset).ok().and_then(scaled);
                match (scaled, SImm::new(offset)) {
                    (Some(offset), _) => Ok(Choice::Scaled(base, offset)),
                    (None, Some(offset)) => Ok(Choice::Unscaled(base, offset)),
                    (None, None) => Err(AddressError::Offset { offset, size }),
                }
            }
            Offset::Register(register) => match indexed(register) {
                Some(index) => Ok(Choice::Indexed(base, index)),
                None => Err(AddressError::Register { register, size }),
            },
        }
    }
}

impl<const LOG2: u32> Choice<UImm<12, LOG2>, Index<LOG2>> {
    #[inline]
    fn of(address: Address) -> Result<Self, AddressError> {
        Choice::new(address, 1 << LOG2, UImm::new, Index::new)
    }
}

impl Choice<SizedOffset, SizedIndex> {
    #[inline]
    fn of_size(log2: u32, address: Address) -> Result<Self, AddressError> {
        let scaled = |bytes| SizedOffset::of_bytes(bytes, log2);
        Choice::new(address, 1 << log2, scaled, |register| SizedIndex::new(register, log2))
    }
}

impl Address {
    /// Whether loads and stores of `size` bytes, 1 to 16, have this address; those of pairs have less.
    ///
    /// ```
    /// use tailfirst::aarch64::*;
    /// assert!((X2 + 32760).fits(8) && !(X2 + 32768).fits(8));
    /// ```
    #[inline]
    pub fn fits(self, size: u32) -> bool {
        match size {
            1 | 2 | 4 | 8 | 16 => Choice::of_size(size.trailing_zeros(), self).is_ok(),
            _ => false,
        }
    }
}

macro_rules! accesses {
    ($($name:ident $ty:ident $log2:literal $scaled:ident $unscaled:ident $indexed:ident $doc:literal;)*) => {
        impl<Dir: Direction> Emitter<'_, Dir> {$(
            #[doc = $doc]
            #[doc = ""]
            #[doc = "The offset is a multiple of the access's size up to 4095 times that size, or -256 to 255, or a register."]
            #[doc = ""]
            #[doc = "# Errors"]
            #[doc = "[`AddressError`] if no form has the address; nothing is placed then."]
            #[inline]
            pub fn $name(&mut self, rt: impl IntoOperand<$ty>, address: impl IntoOperand<Address>) -> Result<(), AddressError> {
                match Choice::<UImm<12, $log2>, Index<$log2>>::of(address.into())? {
                    Choice::Scaled(base, offset) => self.$scaled(rt.into(), base, offset),
                    Choice::Unscaled(base, offset) => self.$unscaled(rt.into(), base, offset),
                    Choice::Indexed(base, index) => self.$indexed(rt.into(), base, index),
                }
                Ok(())
            }
        )*}
    };
}

accesses! {
    ldr_x X 3 ldr_x_uoff ldur_x ldr_x_reg "Loads 64 bits.";
    str_x X 3 str_x_uoff stur_x str_x_reg "Stores 64 bits.";
    ldr_w W 2 ldr_w_uoff ldur_w ldr_w_reg "Loads 32 bits.";
    str_w W 2 str_w_uoff stur_w str_w_reg "Stores 32 bits.";
    ldrsw_x X 2 ldrsw_x_uoff ldursw_x ldrsw_x_reg "Loads 32 bits, sign-extended to 64.";
    ldrh_w W 1 ldrh_w_uoff ldurh_w ldrh_w_reg "Loads 16 bits, zero-extended.";
    strh_w W 1 strh_w_uoff sturh_w strh_w_reg "Stores 16 bits.";
    ldrsh_x X 1 ldrsh_x_uoff ldursh_x ldrsh_x_reg "Loads 16 bits, sign-extended to 64.";
    ldrsh_w W 1 ldrsh_w_uoff ldursh_w ldrsh_w_reg "Loads 16 bits, sign-extended to 32.";
    ldrb_w W 0 ldrb_w_uoff ldurb_w ldrb_w_reg "Loads 8 bits, zero-extended.";
    strb_w W 0 strb_w_uoff sturb_w strb_w_reg "Stores 8 bits.";
    ldrsb_x X 0 ldrsb_x_uoff ldursb_x ldrsb_x_reg "Loads 8 bits, sign-extended to 64.";
    ldrsb_w W 0 ldrsb_w_uoff ldursb_w ldrsb_w_reg "Loads 8 bits, sign-extended to 32.";
    ldr_b B 0 ldr_b_uoff ldur_b ldr_b_reg "Loads 8 bits into a vector register.";
    str_b B 0 str_b_uoff stur_b str_b_reg "Stores 8 bits of a vector register.";
    ldr_h H 1 ldr_h_uoff ldur_h ldr_h_reg "Loads 16 bits into a vector register.";
    str_h H 1 str_h_uoff stur_h str_h_reg "Stores 16 bits of a vector register.";
    ldr_s S 2 ldr_s_uoff ldur_s ldr_s_reg "Loads 32 bits into a vector register.";
    str_s S 2 str_s_uoff stur_s str_s_reg "Stores 32 bits of a vector register.";
    ldr_d D 3 ldr_d_uoff ldur_d ldr_d_reg "Loads 64 bits into a vector register.";
    str_d D 3 str_d_uoff stur_d str_d_reg "Stores 64 bits of a vector register.";
    ldr_q Q 4 ldr_q_uoff ldur_q ldr_q_reg "Loads 128 bits into a vector register.";
    str_q Q 4 str_q_uoff stur_q str_q_reg "Stores 128 bits of a vector register.";
    prfm Prefetch 3 prfm_uoff prfum prfm_reg "Prefetches memory; an index is scaled by 8.";
}

macro_rules! accesses_by_size {
    ($(
        $(#$doc:tt)*
        $name:ident $param:ident $size:ident $ty:ident $scaled:ident $unscaled:ident $indexed:ident;
    )*) => {
        impl<Dir: Direction> Emitter<'_, Dir> {$(
            $(#$doc)*
            ///
            /// The offset is a multiple of the access's size up to 4095 times that size, or -256 to 255, or a register.
            ///
            /// # Errors
            /// [`AddressError`] if no form of this size has the address; nothing is placed then.
            #[inline]
            pub fn $name(
                &mut self,
                $param: $size,
                rt: impl IntoOperand<$ty>,
                address: impl IntoOperand<Address>,
            ) -> Result<(), AddressError> {
                match Choice::of_size($param.log2(), address.into())? {
                    Choice::Scaled(base, offset) => self.$scaled($param, rt.into(), base, offset),
                    Choice::Unscaled(base, offset) => self.$unscaled($param, rt.into(), base, offset),
                    Choice::Indexed(base, index) => self.$indexed($param, rt.into(), base, index),
                }
                Ok(())
            }
        )*}
    };
}

accesses_by_size! {
    /// Loads as the value says: of which size, and extended from what to what.
    ///
    /// The register has the name of its 64 bits. A load into 32 bits makes the upper ones zeros.
    ///
    /// ```
    /// use tailfirst::aarch64::*;
    ///
    /// /// A field of a record.
    /// struct Field {
    ///     load: Load,
    ///     offset: i32,
    /// }
    ///
    /// let fields = [Field { load: Load::U8, offset: 0 }, Field { load: Load::I16To64, offset: 2 }];
    /// let mut enc = Encoder::new();
    /// for field in fields {
    ///     enc.load(field.load, X0, X1 + field.offset)?;
    /// }
    /// // ldrsh x0, [x1, #2]; ldrb w0, [x1]
    /// let code = enc.finish()?;
    /// assert_eq!(code.bytes(), [0x20, 0x04, 0x80, 0x79, 0x20, 0x00, 0x40, 0x39]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    load load Load X load_uoff load_unscaled load_reg;

    /// Stores as many of a register's low bits as the value says.
    ///
    /// The register has the name of its 64 bits.
    store store Store X store_uoff store_unscaled store_reg;

    /// Loads as many bits as the value says into a vector register, whose other bits become zeros.
    fp_load fp_size FpSize V fp_load_uoff fp_load_unscaled fp_load_reg;

    /// Stores as many of a vector register's low bits as the value says.
    fp_store fp_size FpSize V fp_store_uoff fp_store_unscaled fp_store_reg;
}

macro_rules! pairs {
    ($($name:ident $ty:ident $log2:literal $form:ident $doc:literal;)*) => {
        impl<Dir: Direction> Emitter<'_, Dir> {$(
            #[doc = $doc]
            #[doc = ""]
            #[doc = "The offset is a multiple of one access's size, from -64 to 63 times that size."]
            #[doc = ""]
            #[doc = "# Errors"]
            #[doc = "[`AddressError`] if no encoding fits the address; nothing is placed then."]
            #[inline]
            pub fn $name(
                &mut self,
                rt: impl IntoOperand<$ty>,
                rt2: impl IntoOperand<$ty>,
                address: impl IntoOperand<Address>,
            ) -> Result<(), AddressError> {
                let Address { base, offset } = address.into();
                let scaled = match offset {
                    Offset::Bytes(bytes) => SImm::<7, $log2>::new(bytes),
                    Offset::Register(_) => None,
                };
                let scaled = scaled.ok_or(AddressError::Pair { offset, size: 1 << $log2 })?;
                self.$form(rt.into(), rt2.into(), base, scaled);
                Ok(())
            }
        )*}
    };
}

pairs! {
    ldp_x X 3 ldp_x_off "Loads 64 bits twice, from consecutive places.";
    stp_x X 3 stp_x_off "Stores 64 bits twice, to consecutive places.";
    ldp_w W 2 ldp_w_off "Loads 32 bits twice, from consecutive places.";
    stp_w W 2 stp_w_off "Stores 32 bits twice, to consecutive places.";
    ldpsw_x X 2 ldpsw_x_off "Loads 32 bits twice, from consecutive places, sign-extended to 64.";
    ldp_s S 2 ldp_s_off "Loads 32 bits twice, from consecutive places, into vector registers.";
    stp_s S 2 stp_s_off "Stores 32 bits of vector registers twice, to consecutive places.";
    ldp_d D 3 ldp_d_off "Loads 64 bits twice, from consecutive places, into vector registers.";
    stp_d D 3 stp_d_off "Stores 64 bits of vector registers twice, to consecutive places.";
    ldp_q Q 4 ldp_q_off "Loads 128 bits twice, from consecutive places, into vector registers.";
    stp_q Q 4 stp_q_off "Stores 128 bits of vector registers twice, to consecutive places.";
}

#[cfg(test)]
mod tests {
    use super::super::tests::words;
    use crate::aarch64::*;

    #[test]
    fn addresses_choose_forms() {
        let chosen = |address: Address| words(|enc| enc.ldr_x(X1, address).expect("has a form"));
        let form = |place: fn(&mut Encoder<'_>)| words(place);
        assert_eq!(chosen(X2 + 32760), form(|enc| enc.ldr_x_uoff(X1, X2, UImm::of::<32760>())));
        assert_eq!(chosen(X2 + 0), form(|enc| enc.ldr_x_uoff(X1, X2, UImm::of::<0>())));
        assert_eq!(chosen(X2 + 255), form(|enc| enc.ldur_x(X1, X2, SImm::of::<255>())));
        assert_eq!(chosen(SP - 256), form(|enc| enc.ldur_x(X1, SP, SImm::of::<-256>())));
        assert_eq!(chosen(X2 + X3.lsl(3)), form(|enc| enc.ldr_x_reg(X1, X2, Index::scaled(X3))));
        assert_eq!(chosen(X2 + X3), form(|enc| enc.ldr_x_reg(X1, X2, X3)));
        assert_eq!(chosen(SP + W3.sxtw(3)), form(|enc| enc.ldr_x_reg(X1, SP, Index::scaled_sxtw(W3))));
        let mut enc = Encoder::new();
        for offset in [32768, 257, -257, i32::MIN, i32::MAX] {
            assert_eq!(enc.ldr_x(X1, X2 + offset), Err(AddressError::Offset { offset, size: 8 }));
        }
        let register = X3.lsl(2);
        assert_eq!(enc.ldr_x(X1, X2 + register), Err(AddressError::Register { register, size: 8 }));
        assert_eq!(enc.str_q(Q1, X2 + 65520), Ok(()));
        assert_eq!(enc.str_q(Q1, X2 - i32::MIN), Err(AddressError::Offset { offset: i32::MAX, size: 16 }));
        assert_eq!(enc.pos().from_base(), 4);
    }

    #[test]
    fn pairs_have_scaled_offsets() {
        let form = words(|enc| enc.ldp_x_off(X1, XZR, SP, SImm::of::<-512>()));
        assert_eq!(words(|enc| enc.ldp_x(X1, XZR, SP - 512).expect("is -64 times 8")), form);
        let form = words(|enc| enc.stp_q_off(Q1, Q2, X3, SImm::of::<1008>()));
        assert_eq!(words(|enc| enc.stp_q(Q1, Q2, X3 + 1008).expect("is 63 times 16")), form);
        let mut enc = Encoder::new();
        for offset in [512, 4, -520, i32::MIN, i32::MAX] {
            let error = AddressError::Pair { offset: Offset::Bytes(offset), size: 8 };
            assert_eq!(enc.stp_x(X1, X2, X3 + offset), Err(error));
        }
        let offset = Offset::Register(X4.lsl(0));
        assert_eq!(enc.ldpsw_x(X1, X2, X3 + X4), Err(AddressError::Pair { offset, size: 4 }));
        assert_eq!(enc.pos().from_base(), 0);
    }
}
