//! The direction in which code grows: the type parameter `D` of [`Encoder`](crate::Encoder).
//!
//! One set of encoder functions serves both directions. What depends on the direction is where the next byte goes, and
//! which of an instruction's two ends its place is counted from. Both are questions of a sign, and [`Grows`] answers
//! them:
//!
//! ```text
//!   Down                                       Up
//!   +--------+----------+--------+             +--------+----------+--------+
//!   |  free  |   next   | placed |             | placed |   next   |  free  |
//!   +--------+----------+--------+             +--------+----------+--------+
//!            <- ahead ---        ^ base        ^ base   --- ahead ->
//! ```
//!
//! The *base* is where code begins to grow: its end, or its start. A [`Pos`](crate::Pos) is a distance from the base,
//! in both directions.
//!
//! Encoder functions know the direction from the type, so that each is compiled for one. What is rare and out of line
//! is compiled once for both, and reads it from a value.

use crate::{Encoder, Isa};

/// The direction in which code grows: [`Down`] or [`Up`]. Sealed.
pub trait Direction: sealed::Direction {}

/// Code grows downward: what is placed next lies below what was placed before. The direction of
/// [`x64::Encoder`](crate::x64::Encoder) and [`aarch64::Encoder`](crate::aarch64::Encoder).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {}

/// Code grows upward: what is placed next lies above what was placed before. The direction of
/// [`x64::Assembler`](crate::x64::Assembler) and [`aarch64::Assembler`](crate::aarch64::Assembler).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Up {}

impl Direction for Down {}
impl Direction for Up {}

/// A direction as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grows {
    Down,
    Up,
}

impl Grows {
    /// The other direction.
    pub(crate) const fn opposite(self) -> Grows {
        match self {
            Grows::Down => Grows::Up,
            Grows::Up => Grows::Down,
        }
    }

    /// The address so many bytes from `at` in the direction of growth.
    #[inline(always)]
    pub(crate) const fn ahead(self, at: usize, bytes: usize) -> usize {
        match self {
            Grows::Down => at.wrapping_sub(bytes),
            Grows::Up => at.wrapping_add(bytes),
        }
    }

    /// The address so many bytes from `at` against the direction of growth.
    #[inline(always)]
    pub(crate) const fn behind(self, at: usize, bytes: usize) -> usize {
        self.ahead(at, bytes.wrapping_neg())
    }

    /// The bytes from address `from` to address `to` in the direction of growth.
    #[inline(always)]
    pub(crate) const fn between(self, from: usize, to: usize) -> usize {
        match self {
            Grows::Down => from.wrapping_sub(to),
            Grows::Up => to.wrapping_sub(from),
        }
    }

    /// Of what lies between two places, the first where the earlier of both was reached, the place with the lower
    /// address.
    #[inline(always)]
    pub(crate) fn lower<T>(self, earlier: T, later: T) -> T {
        match self {
            Grows::Down => later,
            Grows::Up => earlier,
        }
    }

    /// The place with the higher address.
    #[inline(always)]
    pub(crate) fn higher<T>(self, earlier: T, later: T) -> T {
        self.lower(later, earlier)
    }
}

pub(crate) mod sealed {
    use super::*;

    /// What a direction decides.
    pub trait Direction: Sized + 'static {
        /// As a value.
        #[doc(hidden)]
        const GROWS: Grows;

        /// The other direction.
        type Opposite: super::Direction + Direction<Opposite = Self>;

        /// Runs `write` on an encoder whose code grows up, and places what it writes.
        fn upward<I: Isa, R>(enc: &mut Encoder<'_, I, Self>, write: impl FnOnce(&mut Encoder<'_, I, Up>) -> R) -> R
        where
            Self: super::Direction;

        /// Runs `write` on an encoder whose code grows down, and places what it writes.
        fn downward<I: Isa, R>(enc: &mut Encoder<'_, I, Self>, write: impl FnOnce(&mut Encoder<'_, I, Down>) -> R) -> R
        where
            Self: super::Direction;

        /// Calls the function for the direction.
        fn choose<'e, 'buf, I: Isa, R>(
            enc: &'e mut Encoder<'buf, I, Self>,
            down: impl FnOnce(&'e mut Encoder<'buf, I, Down>) -> R,
            up: impl FnOnce(&'e mut Encoder<'buf, I, Up>) -> R,
        ) -> R
        where
            Self: super::Direction;

        /// Makes room for a batch, compiled with this crate.
        fn make_room_for_batch<I: Isa>(enc: &mut Encoder<'_, I, Self>)
        where
            Self: super::Direction;

        /// Places the constants that wait, compiled with this crate.
        fn place_pool<I: Isa>(enc: &mut Encoder<'_, I, Self>)
        where
            Self: super::Direction;

        /// Places the cold parts that wait, compiled with this crate.
        fn place_cold<I: Isa>(enc: &mut Encoder<'_, I, Self>)
        where
            Self: super::Direction;
    }

    impl Direction for Down {
        const GROWS: Grows = Grows::Down;
        type Opposite = Up;

        #[inline(always)]
        fn upward<I: Isa, R>(enc: &mut Encoder<'_, I, Down>, write: impl FnOnce(&mut Encoder<'_, I, Up>) -> R) -> R {
            enc.block(write)
        }

        #[inline(always)]
        fn downward<I: Isa, R>(
            enc: &mut Encoder<'_, I, Down>,
            write: impl FnOnce(&mut Encoder<'_, I, Down>) -> R,
        ) -> R {
            write(enc)
        }

        #[inline(always)]
        fn choose<'e, 'buf, I: Isa, R>(
            enc: &'e mut Encoder<'buf, I, Down>,
            down: impl FnOnce(&'e mut Encoder<'buf, I, Down>) -> R,
            _up: impl FnOnce(&'e mut Encoder<'buf, I, Up>) -> R,
        ) -> R {
            down(enc)
        }

        #[inline(always)]
        fn make_room_for_batch<I: Isa>(enc: &mut Encoder<'_, I, Down>) {
            I::make_room_for_batch_down(enc);
        }

        #[inline(always)]
        fn place_pool<I: Isa>(enc: &mut Encoder<'_, I, Down>) {
            I::place_pool_down(enc);
        }

        #[inline(always)]
        fn place_cold<I: Isa>(enc: &mut Encoder<'_, I, Down>) {
            I::place_cold_down(enc);
        }
    }

    impl Direction for Up {
        const GROWS: Grows = Grows::Up;
        type Opposite = Down;

        #[inline(always)]
        fn upward<I: Isa, R>(enc: &mut Encoder<'_, I, Up>, write: impl FnOnce(&mut Encoder<'_, I, Up>) -> R) -> R {
            write(enc)
        }

        #[inline(always)]
        fn downward<I: Isa, R>(enc: &mut Encoder<'_, I, Up>, write: impl FnOnce(&mut Encoder<'_, I, Down>) -> R) -> R {
            enc.block(write)
        }

        #[inline(always)]
        fn choose<'e, 'buf, I: Isa, R>(
            enc: &'e mut Encoder<'buf, I, Up>,
            _down: impl FnOnce(&'e mut Encoder<'buf, I, Down>) -> R,
            up: impl FnOnce(&'e mut Encoder<'buf, I, Up>) -> R,
        ) -> R {
            up(enc)
        }

        #[inline(always)]
        fn make_room_for_batch<I: Isa>(enc: &mut Encoder<'_, I, Up>) {
            I::make_room_for_batch_up(enc);
        }

        #[inline(always)]
        fn place_pool<I: Isa>(enc: &mut Encoder<'_, I, Up>) {
            I::place_pool_up(enc);
        }

        #[inline(always)]
        fn place_cold<I: Isa>(enc: &mut Encoder<'_, I, Up>) {
            I::place_cold_up(enc);
        }
    }
}
