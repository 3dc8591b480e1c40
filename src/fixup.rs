//! References to labels that were pending when they were used.
//!
//! A fixup says where a reference is measured from and which field of the code holds it. Fixups are a plain array of small
//! records, resolved in one pass by `finish` and gone afterwards. (References to symbols, and to pages of addresses, leave with the code
//! instead: see [`reloc`](crate::reloc).)

use crate::label::{Label, Pos};

/// An instruction set, as far as labels and relocations depend on it. Sealed: [`X64`](crate::x64::X64) and
/// [`A64`](crate::aarch64::A64).
pub trait Isa: sealed::Isa {}

impl<I: sealed::Isa> Isa for I {}

pub(crate) mod sealed {
    /// The kinds of field that refer to a place in the code.
    pub trait Isa: Sized {
        /// A field's kind.
        type Field: super::Field;
        /// A late immediate's kind.
        type LateField: crate::late::LateField;

        /// The processor's name, as in [`std::env::consts::ARCH`].
        #[cfg(feature = "exec")]
        const ARCH: &'static str;
        /// The field of data that holds a distance, in four bytes.
        const OFFSET32: Self::Field;
        /// The field of data that holds an address, in eight bytes.
        const ADDRESS64: Self::Field;
        /// What code must be aligned to.
        const CODE_ALIGN: crate::Align;
        /// The bytes that a batch may take, counted as the cursor counts.
        const BATCH: usize;
        /// The distance in bytes within which a constant is used again instead of being placed a second time.
        const POOL_REACH: u32;

        /// What the fields of what is placed next are measured from, if that has so many bytes, and `pos` is the position of what was placed last.
        fn field_origin(pos: crate::Pos, bytes: u32) -> crate::Pos;

        /// The same in a forward block, as an offset: there `recorded` is what was recorded before it was placed, and `ends` are the offsets where instructions and
        /// data end.
        fn forward_origin(recorded: u32, ends: &[u32]) -> u32;

        /// Places instructions that do nothing, and above them zeros where the bytes are no whole number of instructions.
        fn place_gap(enc: &mut crate::Encoder<'_, Self>, bytes: usize);

        /// Called before `bytes` bytes are placed with nothing between them.
        fn before(_: &mut crate::Encoder<'_, Self>, _bytes: usize) {}

        /// Called before a block is placed that may be moved down by so many bytes.
        fn before_move(_: &mut crate::Encoder<'_, Self>, _bytes: usize) {}

        /// As `before`, of data.
        fn before_data(_: &mut crate::Encoder<'_, Self>, _bytes: usize) {}

        /// Called when so many bytes of data are in their place.
        fn after_data(_: &mut crate::Encoder<'_, Self>, _bytes: usize) {}

        /// Called when so many bytes of constants wait for their place, at most.
        fn constants_wait(_: &mut crate::Encoder<'_, Self>, _bytes: usize) {}

        /// As `before`, of a forward block, whose scope has not been left.
        fn before_forward(_: &mut crate::Encoder<'_, Self>, _bytes: usize) {}

        /// Called when a block is in its place: `fixups` are its own, in the order of their positions.
        fn after_block(_: &mut crate::Encoder<'_, Self>, _fixups: core::ops::Range<usize>) {}

        // The rest is by `concrete_steps!`.

        /// [`References::new`].
        fn new_references() -> References<Self>;
        /// `Encoder::make_room_for_batch`.
        fn make_room_for_batch(enc: &mut crate::Encoder<'_, Self>);
        /// [`Encoder::place_pool`](crate::Encoder::place_pool).
        fn place_pool(enc: &mut crate::Encoder<'_, Self>);
        /// [`References::resolve`].
        fn resolve(references: &mut References<Self>, code: &mut [u8]) -> Result<(), crate::FinishError>;
    }

    /// An instruction set's references.
    pub(crate) type References<I> = crate::references::References<<I as Isa>::Field, <I as Isa>::LateField>;

    /// Long steps that are taken once a piece of code, as methods of an instruction set's own. A generic function is compiled by every crate that
    /// uses it, whenever that is compiled; these are compiled with this crate.
    macro_rules! concrete_steps {
        () => {
            fn new_references() -> $crate::fixup::sealed::References<Self> {
                $crate::references::References::new()
            }

            fn make_room_for_batch(enc: &mut $crate::Encoder<'_, Self>) {
                enc.make_room_for_batch();
            }

            fn place_pool(enc: &mut $crate::Encoder<'_, Self>) {
                enc.place_waiting_constants();
            }

            fn resolve(
                references: &mut $crate::fixup::sealed::References<Self>,
                code: &mut [u8],
            ) -> Result<(), $crate::FinishError> {
                references.resolve(code)
            }
        };
    }
    pub(crate) use concrete_steps;
}

/// A kind of PC-relative field.
pub trait Field: Copy + core::fmt::Debug + PartialEq {
    /// The distances that the field can hold.
    fn range(self) -> Range;

    /// Whether the field can hold a distance between two places of one buffer.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn reaches(self, distance: i64) -> bool {
        self.range().holds(distance)
    }

    /// Writes `distance`, which is in range, into `code`, whose index `from` is the byte that distances are measured from.
    fn write(self, code: &mut [u8], from: usize, distance: i64);

    /// Writes `distance` into `code`, whose end is `from_end` bytes behind the byte that distances are measured from; `None` if the field cannot hold it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn fill(self, code: &mut [u8], from_end: usize, distance: i64) -> Option<()> {
        let from = code.len().wrapping_sub(from_end);
        self.reaches(distance).then(|| self.write(code, from, distance))
    }

    /// Whether the field, whose distances are measured from index `from` of `code`, is one of a branch: of an instruction that may as well lead to a jump to the
    /// target.
    fn is_branch(self, code: &[u8], from: usize) -> bool;

    /// The kind as a relocation whose target is known only by its address, if the field depends on the addresses themselves.
    fn needs_address(self) -> bool {
        false
    }

    /// Whether the field reaches the address `target` from anywhere in a region that code may be placed in.
    ///
    /// That decides, before registers are allocated, whether a call needs a register for the address or can be
    /// near:
    ///
    /// ```
    /// use tailfirst::{Field, x64::Rel};
    ///
    /// let region = 0x7f00_0000_0000..0x7f00_1000_0000;
    /// assert!(Rel::NEAR.reaches_from(&region, 0x7f00_4000_0000));
    /// assert!(!Rel::NEAR.reaches_from(&region, 0x5555_5555_0000));
    /// ```
    fn reaches_from(self, region: &core::ops::Range<u64>, target: u64) -> bool {
        let range = self.range();
        let near = |from: u64| {
            let distance = self.distance(from, target);
            range.low <= distance && distance <= range.high
        };
        // Distances shrink as addresses grow, so both ends decide; an instruction may end at the region's end.
        near(region.start) && near(region.end)
    }

    /// The value of the field: the distance between two addresses as the field counts it.
    fn distance(self, from: u64, to: u64) -> i64 {
        to.wrapping_sub(from) as i64
    }
}

/// The distances that a field can hold, in bytes, from where its instruction set measures them: the end of the instruction on
/// x86-64, its start on AArch64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The lowest distance.
    pub low: i64,
    /// The highest distance.
    pub high: i64,
    /// Distances are multiples of this many bytes.
    pub step: i64,
}

impl Range {
    /// Whether the field can hold `distance`.
    #[inline]
    pub const fn holds(self, distance: i64) -> bool {
        self.low <= distance && distance <= self.high && distance % self.step == 0
    }

    /// As `holds`, of a distance that is not negative, where the field has a power of two of distances in that direction.
    #[cfg(feature = "aarch64")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) const fn holds_upward(self, distance: i64) -> bool {
        debug_assert!(distance >= 0 && ((self.high + self.step) as u64).is_power_of_two());
        // The highest one has all the bits that a distance may have.
        distance & !self.high == 0
    }
}

/// A reference to a label of this buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fixup<F> {
    /// Where the distance is measured from.
    pub(crate) from: Pos,
    pub(crate) label: Label,
    pub(crate) field: F,
    /// Whether there is an island's branch for it to reach, should the label be too far.
    pub(crate) is_served: bool,
}
