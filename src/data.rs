//! Data beside code, and alignment.
//!
//! Data goes where instructions go: below what was placed before. So a table is placed from its last element to its first, while the bytes of one
//! element, or of one string, keep their order.
//!
//! Alignment counts from the end of the code, the only place that is known. It holds for addresses if the end's address is a multiple of
//! [`Code::end_alignment`](crate::Code::end_alignment), as that of a whole page is.
//!
//! ```
//! use tailfirst::{Align, x64::*};
//!
//! let mut enc = Encoder::new();
//! enc.data_f64(1.5);
//! enc.align(Align::of::<8>());      // zeros below it, if needed
//! let number = enc.here();
//! enc.ret();
//! enc.movsd_xmm_xmmm64(XMM0, number);
//! let code = enc.finish()?;
//! assert_eq!(code.end_alignment(), 8);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```

use crate::{Encoder, FinishError, Target, fixup::sealed};

/// An alignment in bytes: a power of two up to 4096.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Align(u32);

impl Align {
    /// `None` if `bytes` is no power of two, or above 4096.
    pub const fn new(bytes: u32) -> Option<Align> {
        if bytes.is_power_of_two() && bytes <= 4096 { Some(Align(bytes)) } else { None }
    }

    /// The alignment of this many bytes; what is none is a compile error.
    ///
    /// ```compile_fail
    /// let _ = tailfirst::Align::of::<12>();
    /// ```
    pub const fn of<const BYTES: u32>() -> Align {
        const {
            match Align::new(BYTES) {
                Some(align) => align,
                None => panic!("an alignment is a power of two up to 4096"),
            }
        }
    }

    /// In bytes.
    pub const fn bytes(self) -> u32 {
        self.0
    }

    /// What is missing below a position to the next aligned one.
    pub(crate) const fn gap(self, from_end: usize) -> usize {
        from_end.wrapping_neg() & (self.0 as usize - 1)
    }
}

macro_rules! scalars {
    ($($name:ident $ty:ident $size:literal)*) => {$(
        #[doc = concat!("Places a value of ", $size, ", little-endian.")]
        pub fn $name(&mut self, value: $ty) {
            self.data(&value.to_le_bytes());
        }
    )*};
}

impl<I: sealed::Isa> Encoder<'_, I> {
    /// Places bytes, in this order: a string, an element of a table.
    pub fn data(&mut self, bytes: &[u8]) {
        self.place_data(bytes.len(), |enc| enc.cursor.place_bytes(bytes));
    }

    scalars! {
        data_u8 u8 "one byte"
        data_u16 u16 "two bytes"
        data_u32 u32 "four bytes"
        data_u64 u64 "eight bytes"
        data_f32 f32 "four bytes"
        data_f64 f64 "eight bytes"
    }

    /// Places the address of `target`, in eight bytes; [`Code::link`](crate::Code::link) fills it in.
    pub fn data_address(&mut self, target: impl Into<Target>) {
        self.data_field([0; 8], I::ADDRESS64, target.into());
    }

    /// Places the distance of `target` from this data itself, in four bytes: an entry of a jump table that need not be linked.
    ///
    /// ```
    /// use tailfirst::x64::*;
    /// let mut enc = Encoder::new();
    /// enc.ret();
    /// let case = enc.here();
    /// enc.data_offset(case);
    /// assert_eq!(enc.finish()?.bytes(), [4, 0, 0, 0, 0xC3]);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    pub fn data_offset(&mut self, target: impl Into<Target>) {
        self.data_field([0; 4], I::OFFSET32, target.into());
    }

    fn data_field<const N: usize>(&mut self, zeros: [u8; N], field: I::Field, target: Target) {
        self.place_data(N, |enc| enc.place_field(zeros, field, target));
    }

    /// Lets `place` place data, of so many bytes at most, with nothing between them.
    pub(crate) fn place_data(&mut self, bytes: usize, place: impl FnOnce(&mut Self)) {
        I::before_data(self, bytes);
        let above = self.pos();
        place(self);
        let below = self.pos();
        self.references.note_data(above, below);
        I::after_data(self, bytes);
    }

    /// Places a field of data, of which the instruction set's hooks know.
    pub(crate) fn place_field<const N: usize>(&mut self, zeros: [u8; N], field: I::Field, target: Target) {
        let from = I::field_origin(self.pos(), N as u32);
        self.references.pend(from, field, target);
        self.cursor.place_bytes(&zeros);
    }

    /// Places zeros until what was placed last begins at a multiple of `align`, counted from the end: call it *before* placing what is to end there, and after
    /// what is to begin there with data of a multiple of its size.
    pub fn align(&mut self, align: Align) {
        if let Some(gap) = self.gap(align, I::before_data) {
            self.place_data(gap, |enc| enc.cursor.place_zeros(gap));
            self.pin();
        }
    }

    /// As [`align`](Self::align), with instructions that do nothing: code may run through it.
    pub fn align_code(&mut self, align: Align) {
        // With it goes the instruction placed next.
        if let Some(gap) = self.gap(align, |enc, gap| I::before(enc, gap + 64)) {
            I::place_gap(self, gap);
            self.pin();
        }
    }

    /// The bytes up to an alignment, of which `before` is told; `None` where there is none.
    fn gap(&mut self, align: Align, before: impl Fn(&mut Self, usize)) -> Option<usize> {
        if self.cursor.is_forward() {
            self.references.fail(FinishError::AlignedInForwardBlock { align: align.0 });
            return None;
        }
        self.references.align(align.0);
        self.pin();
        loop {
            let gap = align.gap(self.cursor.placed());
            before(self, gap);
            if align.gap(self.cursor.placed()) == gap {
                return Some(gap);
            }
        }
    }
}
