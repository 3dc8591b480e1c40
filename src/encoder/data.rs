//! Data beside code, and alignment.
//!
//! Data goes where instructions go: next to what was placed before. In an encoder that grows down a table is placed
//! from its last element to its first, while the bytes of one element, or of one string, keep their order.
//!
//! Alignment counts from the base of the code, the only place that is known: its end if code grows down, its start if
//! it grows up. It holds for addresses if the base's address is a multiple of
//! [`Code::end_alignment`](crate::Code::end_alignment) or [`Code::start_alignment`](crate::Code::start_alignment), as
//! that of a whole page is.
//!
//! ```
//! use tailfirst::{Align, x64::*};
//!
//! let mut enc = Encoder::new();
//! enc.nop();
//! let number = enc.data_aligned(&1.5f64.to_le_bytes(), Align::of::<8>());
//! enc.ret();
//! enc.movsd_xmm_xmmm64(XMM0, number);
//! let code = enc.finish()?;
//! assert_eq!(code.end_alignment(), 8);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```

use crate::{Direction, Encoder, Field, IntoTarget, Isa, Label, Target, direction::Grows};

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

    /// What is missing from a position to the next aligned one.
    pub(crate) const fn gap(self, from_base: usize) -> usize {
        from_base.wrapping_neg() & (self.0 as usize - 1)
    }

    /// What is missing with `placed` bytes placed for the *start* of `len` bytes to be aligned that are placed next.
    pub(crate) const fn gap_before(self, grows: Grows, placed: usize, len: usize) -> usize {
        match grows {
            Grows::Down => self.gap(placed + len),
            Grows::Up => self.gap(placed),
        }
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

impl<I: Isa, D: Direction> Encoder<'_, I, D> {
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

    /// Places bytes that begin at a multiple of `align`, counted from the code's base, with zeros before them if
    /// needed. Gives their label.
    pub fn data_aligned(&mut self, bytes: &[u8], align: Align) -> Label {
        self.settle();
        self.references.align(align.0);
        let gap = self.known_gap(|enc| {
            let gap = align.gap_before(D::GROWS, enc.cursor.placed(), bytes.len());
            I::before(enc, gap + bytes.len());
            gap
        });
        self.place_data(gap, |enc| enc.cursor.place_zeros(gap));
        let earlier = self.pos();
        self.data(bytes);
        let start = D::GROWS.lower(earlier, self.pos());
        let label = self.references.new_label(Some(start));
        self.settle();
        label
    }

    /// Places the address of `target`, in eight bytes; [`Code::link`](crate::Code::link) fills it in.
    pub fn data_address(&mut self, target: impl IntoTarget) {
        self.data_field([0; 8], I::ADDRESS64, target.into());
    }

    /// Places the distance of `target` from this data itself, in four bytes: an entry of a jump table that need not be
    /// linked.
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
    pub fn data_offset(&mut self, target: impl IntoTarget) {
        self.data_field([0; 4], I::OFFSET32, target.into());
    }

    fn data_field<const N: usize>(&mut self, zeros: [u8; N], field: I::Field, target: Target) {
        self.place_data(N, |enc| enc.place_field(zeros, field, target));
    }

    /// Lets `place` place data, of so many bytes at most, with nothing between them.
    pub(crate) fn place_data(&mut self, bytes: usize, place: impl FnOnce(&mut Self)) {
        I::before(self, bytes);
        let above = self.pos();
        place(self);
        let below = self.pos();
        self.references.note_data(above, below);
    }

    /// Places a field of data, of which the instruction set's hooks know.
    fn place_field<const N: usize>(&mut self, zeros: [u8; N], field: I::Field, target: Target) {
        let earlier = self.pos();
        let later = earlier.ahead(N as u32);
        let from = I::Field::ORIGIN.of(D::GROWS, earlier, later);
        self.references.pend(from, field, target);
        self.cursor.place_bytes(&zeros);
    }

    /// Pads with zeros until the place that is reached is a multiple of `align` from the code's base.
    ///
    /// In an encoder that grows down, what is placed next *ends* there: call it before data of a multiple of its
    /// alignment's size, and take the label after that data. [`data_aligned`](Self::data_aligned) does all of this in
    /// one call.
    pub fn align(&mut self, align: Align) {
        let gap = self.gap(align);
        self.place_data(gap, |enc| enc.cursor.place_zeros(gap));
        self.settle();
    }

    /// As [`align`](Self::align), with instructions that do nothing: code may run through it.
    pub fn align_code(&mut self, align: Align) {
        let gap = self.gap(align);
        I::place_gap(self, gap);
        self.settle();
    }

    /// The bytes up to an alignment.
    fn gap(&mut self, align: Align) -> usize {
        self.settle();
        self.references.align(align.0);
        self.known_gap(|enc| {
            let gap = align.gap(enc.cursor.placed());
            // With it goes what is placed next: an instruction, or as much data as is aligned, mostly.
            I::before(enc, gap + 64);
            gap
        })
    }

    /// A gap that is the same when that has been placed which is due before it: `gap` is asked until it places nothing.
    pub(crate) fn known_gap(&mut self, gap: impl Fn(&mut Self) -> usize) -> usize {
        loop {
            let before = self.cursor.placed();
            let gap = gap(self);
            if self.cursor.placed() == before {
                return gap;
            }
        }
    }
}
