//! What an instruction set says of itself, and what it wants to know while code is placed.

use crate::{direction::Grows, references::label::Pos};

/// An instruction set, as far as labels and relocations depend on it. Sealed: [`X64`](crate::x64::X64) and
/// [`A64`](crate::aarch64::A64).
pub trait Isa: sealed::Isa {}

impl<I: sealed::Isa> Isa for I {}

/// An end of an instruction or of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Its first byte.
    Start,
    /// The byte behind its last one.
    End,
}

impl Edge {
    /// Where it is of what was placed between two positions.
    #[inline(always)]
    pub(crate) fn of(self, grows: Grows, earlier: Pos, later: Pos) -> Pos {
        match self {
            Edge::Start => grows.lower(earlier, later),
            Edge::End => grows.higher(earlier, later),
        }
    }
}

pub(crate) mod sealed {
    use crate::{
        Align, Down, Encoder, FinishError, Up,
        direction::{Direction, Grows},
    };

    /// The kinds of field that refer to a place in the code, and hooks.
    pub trait Isa: Sized + 'static {
        /// A field's kind.
        type Field: crate::Field;
        /// A late immediate's kind.
        type LateField: crate::LateField;

        /// The processor's name, as in [`std::env::consts::ARCH`].
        #[cfg(feature = "exec")]
        const ARCH: &'static str;
        /// The field of data that holds a distance, in four bytes.
        const OFFSET32: Self::Field;
        /// The field of data that holds an address, in eight bytes.
        const ADDRESS64: Self::Field;
        /// What code must be aligned to.
        const CODE_ALIGN: Align;
        /// The bytes that one instruction may take, counted as the cursor counts.
        const MOST_FOR_INSTRUCTION: usize;
        /// The bytes that a batch may take, likewise.
        const BATCH: usize;
        /// The distance in bytes within which a constant is used again instead of being placed a second time.
        const POOL_REACH: u32;
        /// Whether a patch site of this kind can be of so many bytes, with this field or without a reference.
        fn is_site(kind: crate::SiteKind, bytes: u32, field: Option<Self::Field>) -> bool;

        /// Places instructions that do nothing, and before them zeros where the bytes are no whole number of
        /// instructions.
        fn place_gap<D: Direction>(enc: &mut Encoder<'_, Self, D>, bytes: usize);

        /// Makes room for one instruction, which is placed next.
        #[inline(never)]
        fn make_room<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
            enc.cursor.make_room_for_batch(Self::MOST_FOR_INSTRUCTION);
        }

        /// Called when that instruction is placed.
        #[inline(never)]
        fn leave_room<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
            enc.cursor.end_batch();
        }

        /// Called before `bytes` bytes are placed with nothing between them.
        fn before<D: Direction>(_: &mut Encoder<'_, Self, D>, _bytes: usize) {}

        /// Called when so many bytes of constants wait for their place, at most.
        fn constants_wait<D: Direction>(_: &mut Encoder<'_, Self, D>, _bytes: usize) {}

        /// Called before code is placed that may later move away from what was placed before by `max_shift` bytes.
        fn before_movable<D: Direction>(_: &mut Encoder<'_, Self, D>, _max_shift: usize) {}

        /// Called when these fixups have got their places: they are the last ones, in the order of their positions.
        fn after_fixups<D: Direction>(_: &mut Encoder<'_, Self, D>, _fixups: core::ops::Range<usize>) {}

        /// Called at the end of a block that is complete, and will be placed in one piece.
        fn before_end_of_block<D: Direction>(_: &mut Encoder<'_, Self, D>) {}

        // The rest is by `concrete_steps!`.

        /// [`References::new`].
        #[doc(hidden)]
        fn new_references(grows: Grows) -> References<Self>;
        /// [`References::resolve`].
        fn resolve(references: &mut References<Self>, code: &mut [u8]) -> Result<(), FinishError>;
        /// `Encoder::make_room_for_batch`, and the same of the other direction.
        fn make_room_for_batch_down(enc: &mut Encoder<'_, Self, Down>);
        #[allow(missing_docs)]
        fn make_room_for_batch_up(enc: &mut Encoder<'_, Self, Up>);
        /// [`Encoder::place_pool`](crate::Encoder::place_pool), and the same of the other direction.
        fn place_pool_down(enc: &mut Encoder<'_, Self, Down>);
        #[allow(missing_docs)]
        fn place_pool_up(enc: &mut Encoder<'_, Self, Up>);
        /// [`Encoder::place_cold`](crate::Encoder::place_cold), and the same of the other direction.
        fn place_cold_down(enc: &mut Encoder<'_, Self, Down>);
        #[allow(missing_docs)]
        fn place_cold_up(enc: &mut Encoder<'_, Self, Up>);
    }

    /// An instruction set's references.
    pub(crate) type References<I> = crate::references::References<<I as Isa>::Field, <I as Isa>::LateField>;

    /// Long steps that are taken once a piece of code, as methods of an instruction set's own. A generic function is
    /// compiled by every crate that uses it, whenever that is compiled; these are compiled with this crate.
    macro_rules! concrete_steps {
        () => {
            fn new_references(grows: $crate::direction::Grows) -> $crate::isa::sealed::References<Self> {
                $crate::references::References::new(grows)
            }

            fn resolve(
                references: &mut $crate::isa::sealed::References<Self>,
                code: &mut [u8],
            ) -> Result<(), $crate::FinishError> {
                references.resolve(code)
            }

            fn make_room_for_batch_down(enc: &mut $crate::Encoder<'_, Self, $crate::Down>) {
                enc.make_room_for_batch();
            }

            fn make_room_for_batch_up(enc: &mut $crate::Encoder<'_, Self, $crate::Up>) {
                enc.make_room_for_batch();
            }

            fn place_pool_down(enc: &mut $crate::Encoder<'_, Self, $crate::Down>) {
                enc.place_waiting_constants();
            }

            fn place_pool_up(enc: &mut $crate::Encoder<'_, Self, $crate::Up>) {
                enc.place_waiting_constants();
            }

            fn place_cold_down(enc: &mut $crate::Encoder<'_, Self, $crate::Down>) {
                enc.place_waiting_cold();
            }

            fn place_cold_up(enc: &mut $crate::Encoder<'_, Self, $crate::Up>) {
                enc.place_waiting_cold();
            }
        };
    }
    pub(crate) use concrete_steps;
}
