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

use crate::{Align, Encoder, FinishError, buffer::MAX_LEN, fixup::sealed, label::Pos, references::Sight};

/// Calls of encoder functions in reading order, made in reverse.
///
/// Arguments are evaluated in reading order, before anything is placed; so they may use the encoder (`enc.here()`), and none may keep a temporary
/// alive. Each call is a method of the encoder with up to six arguments; of one that returns a `Result`, a `?` behind it returns the error when its turn comes, with
/// what stands behind it placed. Inside [`forward`](Encoder::forward), where calls are in reading order already, this would
/// reverse them. The compiler's limit for recursive macros allows some 120 calls.
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
    // Nothing matches `lifetime`: it only says where there is a `?`.
    ($encoder:expr; $($name:ident($($argument:expr),* $(,)?) $(? $($never:lifetime)?)?);+ $(;)?) => {{
        $crate::block!(@calls $encoder; $($name($($argument),*) [$(? $($never)?)?])+);
    }};
    // Each call's arguments are named, then come the calls behind it, then it is made.
    (@calls $encoder:expr;) => { $encoder.by_mut() };
    (@calls $encoder:expr; $name:ident() [$($try:tt)?] $($rest:tt)*) => {{
        let encoder = $crate::block!(@calls $encoder; $($rest)*);
        encoder.$name()$($try)?;
        encoder
    }};
    (@calls $encoder:expr; $name:ident($a:expr) [$($try:tt)?] $($rest:tt)*) => {{
        let a = $a;
        let encoder = $crate::block!(@calls $encoder; $($rest)*);
        encoder.$name(a)$($try)?;
        encoder
    }};
    (@calls $encoder:expr; $name:ident($a:expr, $b:expr) [$($try:tt)?] $($rest:tt)*) => {{
        let (a, b) = ($a, $b);
        let encoder = $crate::block!(@calls $encoder; $($rest)*);
        encoder.$name(a, b)$($try)?;
        encoder
    }};
    (@calls $encoder:expr; $name:ident($a:expr, $b:expr, $c:expr) [$($try:tt)?] $($rest:tt)*) => {{
        let (a, b, c) = ($a, $b, $c);
        let encoder = $crate::block!(@calls $encoder; $($rest)*);
        encoder.$name(a, b, c)$($try)?;
        encoder
    }};
    (@calls $encoder:expr; $name:ident($a:expr, $b:expr, $c:expr, $d:expr) [$($try:tt)?] $($rest:tt)*) => {{
        let (a, b, c, d) = ($a, $b, $c, $d);
        let encoder = $crate::block!(@calls $encoder; $($rest)*);
        encoder.$name(a, b, c, d)$($try)?;
        encoder
    }};
    (@calls $encoder:expr; $name:ident($a:expr, $b:expr, $c:expr, $d:expr, $e:expr) [$($try:tt)?] $($rest:tt)*) => {{
        let (a, b, c, d, e) = ($a, $b, $c, $d, $e);
        let encoder = $crate::block!(@calls $encoder; $($rest)*);
        encoder.$name(a, b, c, d, e)$($try)?;
        encoder
    }};
    (@calls $encoder:expr; $name:ident($a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr) [$($try:tt)?] $($rest:tt)*) => {{
        let (a, b, c, d, e, f) = ($a, $b, $c, $d, $e, $f);
        let encoder = $crate::block!(@calls $encoder; $($rest)*);
        encoder.$name(a, b, c, d, e, f)$($try)?;
        encoder
    }};
}

impl<I: sealed::Isa> Encoder<'_, I> {
    /// For `block!`, whose encoder is a value or a reference.
    #[doc(hidden)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn by_mut(&mut self) -> &mut Self {
        self
    }

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
        let start = self.pos();
        self.cursor.begin_forward();
        let entered = self.references.enter(Sight::None, start, 0);
        let result = write(self);
        if !self.references.is_in(entered) {
            self.references.fail(FinishError::ClearedInBlock);
            return result;
        }
        let Some(len) = self.cursor.end_forward() else {
            // More than a buffer can hold, so the scope stays open.
            let needed = MAX_LEN + self.cursor.placed() + 1;
            self.references.fail(FinishError::OutOfSpace { needed });
            return result;
        };
        I::before_forward(self, len);
        self.cursor.place_forward();
        let pos = self.pos().from_end();
        let ends = self.cursor.block_ends();
        let own = self.references.own_fixups();
        if self.cursor.is_forward() {
            // Origins become final with the block around this one.
            let start = pos - len as u32;
            let within = |inner: Pos| Pos::at(start.saturating_add(inner.from_end()));
            self.references.leave(within, within);
        } else {
            let below = |offset: u32| Pos::at(pos.saturating_sub(offset));
            let origin = |recorded: Pos| below(I::forward_origin(recorded.from_end(), ends));
            self.references.leave(|inner| below(inner.from_end()), origin);
            I::after_block(self, own);
        }
        result
    }

    /// Places code whose *head*, the instruction placed last, is aligned: a loop.
    ///
    /// `write` places it backward as usual. Then it is moved down as far as needed, and the gap behind it is filled with instructions that do nothing, which
    /// run if the code runs out of the block's end. Inside, labels from outside are as if pending; on x86-64 a branch out of the
    /// loop has its short form if it reaches however far the block is moved, else its near one. A label bound before anything is placed is the place right behind the block, in front of
    /// the gap.
    ///
    /// Where something is aligned inside (by this, [`align`](Self::align) or [`align_code`](Self::align_code)), it and what was placed before stay where they are: only what
    /// comes then is moved, the gap lies between, and labels from before it are as if pending. On AArch64 constants that must be placed in the middle of the code
    /// (see [`place_pool`](Self::place_pool)) are aligned so, too; not in a block of less than 64 KiB with less than 16 KiB of
    /// constants.
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
        let start = self.pos();
        let entered = self.references.enter(Sight::Own, start, align.bytes());
        let result = write(self);
        if !self.references.is_in(entered) {
            self.references.fail(FinishError::ClearedInBlock);
            return result;
        }
        let head = self.cursor.placed();
        let gap = align.gap(head);
        let moved = |pos: Pos| pos.below(gap as u32);
        let own = self.references.own_fixups();
        if let Some(start) = self.references.leave(moved, moved)
            && gap > 0
        {
            // The gap's instructions are placed below the block, and change places with it. So nothing comes due by them.
            let deadline = self.cursor.deadline();
            self.cursor.set_deadline(usize::MAX);
            I::place_gap(self, gap);
            self.cursor.set_deadline(deadline);
            // Where the buffer is too small, the bytes do not matter: `finish` says so.
            if let Ok(code) = self.cursor.code() {
                let len = head - start.from_end() as usize;
                code[..gap + len].rotate_left(gap);
            }
        }
        I::after_block(self, own);
        self.pin();
        result
    }

    /// Lets the aligned blocks around begin anew here: what is placed so far must not be moved.
    pub(crate) fn pin(&mut self) {
        let own = self.references.own_fixups();
        if let Some(suspended) = self.references.suspend() {
            I::after_block(self, own);
            self.pin();
            I::before_move(self, suspended.may_move as usize);
            let start = self.pos();
            self.references.resume(suspended, start);
        }
    }
}
