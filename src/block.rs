//! Blocks: code in forward order, and code that is moved when it is complete.
//!
//! A backward code generator visits IR instructions from the last to the first, but the machine code of *one* IR instruction reads better
//! forward. There are three ways:
//!
//! * [`block!`](crate::block!) takes calls in reading order and makes them in reverse. It costs nothing.
//! * [`Encoder::forward`] runs any Rust code, with loops and branches, on an encoder whose code grows *upward*, and places the result whole. An
//!   instruction costs a few nanoseconds more.
//! * [`Encoder::aligned`] places code backward as usual, and then moves it down until its *head* is aligned, which only then is known.
//!
//! Labels go across the border of a block in both directions, and blocks nest.
//!
//! ```text
//!   forward:   the block grows up in memory of its own,        aligned:   the block grows down,
//!              and is copied below the code                                and is moved down by the gap
//!
//!              +-----------------+                                   +------+-------+-----------+
//!              | first .. last ->|                            before |      | head  |    code   |
//!              +-----------------+                                   +------+-------+-----------+
//!                      v                                             +--+-------+---+-----------+
//!   +---------+-----------------+------------+                 after |  | head  |nop|    code   |
//!   |  free   | first ... last  |    code    |                       +--+-------+---+-----------+
//!   +---------+-----------------+------------+                          ^ aligned
//! ```
//!
//! A forward assembler falls out: one block is a whole program in reading order.
//!
//! ```
//! use tailfirst::x64::*;
//!
//! let mut enc = Encoder::new();
//! enc.forward(|asm| {
//!     asm.xor_rm32_r32(EAX, EAX);
//!     let head = asm.here();
//!     asm.add_rm64_r64(RAX, RDI);
//!     asm.dec_rm64(RDI);
//!     asm.jnz(head);
//!     asm.ret();
//! });
//! assert_eq!(enc.finish()?.bytes()[..2], [0x31, 0xC0]);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```

use crate::{Align, Encoder, FinishError, fixup::sealed, label::Pos, references::Sight};

/// Calls of encoder functions in reading order, made in reverse.
///
/// Arguments are evaluated in reading order, before anything is placed. Each call is a method of the encoder that returns nothing.
///
/// ```
/// use tailfirst::{block, x64::*};
///
/// let mut enc = Encoder::new();
/// enc.ret();
/// block!(enc;
///     mov_r64_rm64(RAX, RDI);
///     add_rm64_r64(RAX, RSI);
///     shl_rm64_imm8(RAX, 2);
/// );
/// let code = enc.finish()?;
/// assert_eq!(code.bytes(), [0x48, 0x8B, 0xC7, 0x48, 0x01, 0xF0, 0x48, 0xC1, 0xE0, 0x02, 0xC3]);
/// # Ok::<(), tailfirst::FinishError>(())
/// ```
#[macro_export]
macro_rules! block {
    ($encoder:expr; $($name:ident($($argument:expr),* $(,)?));+ $(;)?) => {
        $crate::block!(@calls $encoder; [] $($name($($argument,)*))+)
    };
    // Names the arguments of the next call, one after the other: each `argument` is a name of its own.
    (@calls $encoder:expr; [$($placed:tt)*] $name:ident($($argument:expr,)*) $($rest:tt)*) => {
        $crate::block!(@arguments $encoder; [$($placed)*] $name [] [$($argument,)*] $($rest)*)
    };
    (@arguments $encoder:expr; [$($placed:tt)*] $name:ident [$($known:ident)*] [$first:expr, $($argument:expr,)*] $($rest:tt)*) => {{
        let argument = $first;
        $crate::block!(@arguments $encoder; [$($placed)*] $name [$($known)* argument] [$($argument,)*] $($rest)*)
    }};
    (@arguments $encoder:expr; [$($placed:tt)*] $name:ident [$($known:ident)*] [] $($rest:tt)*) => {
        $crate::block!(@calls $encoder; [$name($($known)*) $($placed)*] $($rest)*)
    };
    (@calls $encoder:expr; [$($name:ident($($argument:ident)*))*]) => {{
        let encoder = &mut $encoder;
        $(encoder.$name($($argument),*);)*
    }};
}

/// Where a forward block lies.
#[derive(Clone, Copy)]
enum Place {
    /// In code that grows down: the distance of the block's start from the end.
    Below { start: u32 },
    /// In a forward block: the distance from its start.
    Within { start: u32 },
}

impl Place {
    /// The position of an offset in the block.
    fn of(self, offset: u32) -> Pos {
        match self {
            Place::Below { start } => Pos::at(start.saturating_sub(offset)),
            Place::Within { start } => Pos::at(start.saturating_add(offset)),
        }
    }
}

impl<I: sealed::Isa> Encoder<'_, I> {
    /// Places code in forward order: `write` gets the encoder, each call places an instruction *behind* the one before, and the whole lies below what
    /// was placed before.
    ///
    /// Inside, [`here`](Self::here) and [`bind`](Self::bind) mean the place behind the instruction placed last. Labels from
    /// outside are as if pending, so branches to them have their near form, and so have branches to labels inside.
    ///
    /// ```
    /// use tailfirst::x64::*;
    /// let mut enc = Encoder::new();
    /// enc.ret();
    /// let exit = enc.here();
    /// enc.forward(|asm| {
    ///     for register in [RDI, RSI] {
    ///         let next = asm.label();
    ///         asm.test_rm64_r64(register, register);
    ///         asm.jnz(next);
    ///         asm.xor_rm32_r32(EAX, EAX);
    ///         asm.jmp(exit);
    ///         asm.bind(next);
    ///     }
    /// });
    /// assert_eq!(enc.finish()?.bytes().len(), 33);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    pub fn forward<R>(&mut self, write: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.cursor.begin_forward();
        let entered = self.references.enter(Sight::None, 0);
        let result = write(self);
        let block = self.cursor.end_forward(outer);
        if let Some((_, bytes)) = block {
            I::before_forward(self, bytes);
        }
        match block.and_then(|(forward, _)| self.cursor.place_forward(forward)) {
            Some((len, ends)) => {
                let pos = self.cursor.pos().from_end();
                let place = if self.cursor.is_forward() {
                    Place::Within { start: pos - len }
                } else {
                    Place::Below { start: pos }
                };
                let origin = |recorded: Pos| match place {
                    Place::Below { .. } => place.of(I::forward_origin(recorded.from_end(), &ends)),
                    // The block around this one does it.
                    Place::Within { .. } => place.of(recorded.from_end()),
                };
                let own = self.references.own_fixups();
                self.references.leave(entered, |pos| place.of(pos.from_end()), origin);
                if let Place::Below { .. } = place {
                    // The block's positions went up, and now go down.
                    self.references.fixups[own.clone()].reverse();
                    I::after_block(self, own);
                }
            }
            None => self.references.fail(FinishError::ClearedInBlock),
        }
        result
    }

    /// Places code whose *head*, the instruction placed last, is aligned: a loop.
    ///
    /// `write` places it backward as usual. Then it is moved down as far as needed, and the gap behind it is filled with instructions that do nothing, which
    /// run if the code runs out of the block's end. Inside, labels from outside are as if pending, so branches to them have their near form.
    ///
    /// ```
    /// use tailfirst::{Align, x64::*};
    /// let mut enc = Encoder::new();
    /// enc.ret();
    /// let head = enc.aligned(Align::of::<16>(), |enc| {
    ///     let head = enc.label();
    ///     enc.jnz(head);
    ///     enc.dec_rm64(RDI);
    ///     enc.bind(head);
    ///     head
    /// });
    /// enc.xor_rm32_r32(EAX, EAX);
    /// let code = enc.finish()?;
    /// assert_eq!((code.bytes().len() - code.offset_of(head).unwrap()) % 16, 0);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    pub fn aligned<R>(&mut self, align: Align, write: impl FnOnce(&mut Self) -> R) -> R {
        if self.cursor.is_forward() {
            self.references.fail(FinishError::AlignedInForwardBlock { align: align.bytes() });
            return write(self);
        }
        self.references.align(align.bytes());
        I::before_move(self, align.bytes() as usize);
        let end = self.cursor.placed();
        let entered = self.references.enter(Sight::Own, align.bytes());
        let result = write(self);
        let head = self.cursor.placed();
        let gap = align.gap(head);
        let moved = |pos: Pos| pos.below(gap as u32);
        let own = self.references.own_fixups();
        self.references.leave(entered, moved, moved);
        if gap > 0 && head >= end {
            self.cursor.place_bytes(&[0; 4096][..gap]);
            // Where the buffer is too small, the bytes do not matter: `finish` says so.
            if let Ok(code) = self.cursor.code() {
                let len = head - end;
                code.copy_within(gap..gap + len, 0);
                I::fill(&mut code[len..len + gap]);
            }
        }
        I::after_block(self, own);
        result
    }
}
