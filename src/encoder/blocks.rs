//! Blocks: code in the other order, and code that is aligned when it is complete.
//!
//! A backward code generator visits IR instructions from the last to the first, but the machine code of *one* IR
//! instruction reads better forward. There are three ways:
//!
//! * [`block!`](crate::block!) takes calls in reading order, and makes them in the order in which code grows. It costs
//!   nothing, unless more operands that are known at run time only are listed than the machine has registers.
//! * [`Encoder::forward`] runs any Rust code, with loops and branches, on an [`Assembler`](crate::x64::Assembler),
//!   whose code grows *upward*, and places the result whole.
//! * [`Encoder::aligned`] places a loop so that its *head* is aligned. Growing down, the loop is moved when its head is
//!   reached.
//!
//! What a forward assembler wants to write from its end is the mirror: [`Encoder::backward`].
//!
//! Labels go across the border of a block in both directions, and blocks nest. A block inside a block of its own
//! direction is no block at all.
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
//! The block that `forward` hands out is a whole encoder, with all of its services. Where it asks for alignment, which
//! counts from its own base, that base is aligned when the block is placed, with instructions that do nothing between
//! the block and the code placed before.

use super::Encoder;
use crate::{
    Align, Direction, Down, FinishError, Isa, Pos, Up,
    bytes::cursor::{Cursor, on_stack},
    direction::Grows,
};

/// Calls of encoder functions in reading order, whatever the direction in which code grows.
///
/// In an encoder that grows down the calls are made in reverse, in one that grows up as they stand. So a helper for
/// both directions is written once:
///
/// ```
/// use tailfirst::{Direction, block, x64::*};
///
/// fn triple<D: Direction>(enc: &mut Emitter<'_, D>) {
///     block!(enc;
///         mov_r64_rm64(RAX, RDI);
///         add_rm64_r64(RAX, RDI);
///         add_rm64_r64(RAX, RDI);
///     );
/// }
///
/// let (mut down, mut up) = (Encoder::new(), Assembler::new());
/// triple(&mut down);
/// triple(&mut up);
/// assert_eq!(down.finish()?.bytes(), up.finish()?.bytes());
/// # Ok::<(), tailfirst::FinishError>(())
/// ```
///
/// Arguments are evaluated in reading order, before anything is placed; so they may use the encoder (`enc.here()`), and
/// none may keep a temporary alive. Each call is a method of the encoder with up to six arguments; of one that returns
/// a `Result`, a `?` behind it returns the error when its turn comes, with what was placed before it placed. The
/// compiler's limit for recursive macros allows some 120 calls.
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
    ($encoder:expr; $($name:ident($($argument:expr),* $(,)?) $(? $($never:lifetime)?)?);+ $(;)?) => {
        $crate::block!(@calls $encoder; [] []; $($name($($argument),*) [$(? $($never)?)?])+)
    };
    // Each call's arguments are named, and the call is listed: in order, and in reverse.
    (@calls $encoder:expr; [$($up:tt)*] [$($down:tt)*];) => {{
        let encoder = $encoder.by_mut();
        if encoder.grows_up() {
            $crate::block!(@make encoder; $($up)*);
        } else {
            $crate::block!(@make encoder; $($down)*);
        }
    }};
    (@calls $e:expr; [$($up:tt)*] [$($down:tt)*]; $name:ident() [$($try:tt)?] $($rest:tt)*) => {
        $crate::block!(@calls $e; [$($up)* { $name() [$($try)?] }] [{ $name() [$($try)?] } $($down)*]; $($rest)*)
    };
    (@calls $e:expr; [$($up:tt)*] [$($down:tt)*]; $name:ident($a:expr) [$($try:tt)?] $($rest:tt)*) => {{
        let a = $a;
        $crate::block!(@calls $e; [$($up)* { $name(a) [$($try)?] }] [{ $name(a) [$($try)?] } $($down)*]; $($rest)*)
    }};
    (@calls $e:expr; [$($up:tt)*] [$($down:tt)*]; $name:ident($a:expr, $b:expr) [$($try:tt)?] $($rest:tt)*) => {{
        let (a, b) = ($a, $b);
        $crate::block!(@calls $e; [$($up)* { $name(a, b) [$($try)?] }] [{ $name(a, b) [$($try)?] } $($down)*]; $($rest)*)
    }};
    (@calls $e:expr; [$($up:tt)*] [$($down:tt)*]; $name:ident($a:expr, $b:expr, $c:expr) [$($try:tt)?] $($rest:tt)*) => {{
        let (a, b, c) = ($a, $b, $c);
        $crate::block!(@calls $e;
            [$($up)* { $name(a, b, c) [$($try)?] }] [{ $name(a, b, c) [$($try)?] } $($down)*]; $($rest)*)
    }};
    (@calls $e:expr; [$($up:tt)*] [$($down:tt)*];
        $name:ident($a:expr, $b:expr, $c:expr, $d:expr) [$($try:tt)?] $($rest:tt)*) => {{
        let (a, b, c, d) = ($a, $b, $c, $d);
        $crate::block!(@calls $e;
            [$($up)* { $name(a, b, c, d) [$($try)?] }] [{ $name(a, b, c, d) [$($try)?] } $($down)*]; $($rest)*)
    }};
    (@calls $n:expr; [$($up:tt)*] [$($down:tt)*];
        $name:ident($a:expr, $b:expr, $c:expr, $d:expr, $e:expr) [$($try:tt)?] $($rest:tt)*) => {{
        let (a, b, c, d, e) = ($a, $b, $c, $d, $e);
        $crate::block!(@calls $n;
            [$($up)* { $name(a, b, c, d, e) [$($try)?] }] [{ $name(a, b, c, d, e) [$($try)?] } $($down)*]; $($rest)*)
    }};
    (@calls $n:expr; [$($up:tt)*] [$($down:tt)*];
        $name:ident($a:expr, $b:expr, $c:expr, $d:expr, $e:expr, $f:expr) [$($try:tt)?] $($rest:tt)*) => {{
        let (a, b, c, d, e, f) = ($a, $b, $c, $d, $e, $f);
        $crate::block!(@calls $n;
            [$($up)* { $name(a, b, c, d, e, f) [$($try)?] }] [{ $name(a, b, c, d, e, f) [$($try)?] } $($down)*];
            $($rest)*)
    }};
    (@make $encoder:ident; $({ $name:ident($($argument:ident),*) [$($try:tt)?] })*) => {
        $($encoder.$name($($argument),*)$($try)?;)*
    };
}

/// What [`block!`](crate::block!) asks an encoder.
impl<I: Isa, D: Direction> Encoder<'_, I, D> {
    /// The encoder is a value or a reference.
    #[doc(hidden)]
    #[inline(always)]
    pub fn by_mut(&mut self) -> &mut Self {
        self
    }

    #[doc(hidden)]
    #[inline(always)]
    pub fn grows_up(&self) -> bool {
        D::GROWS == Grows::Up
    }
}

/// Blocks.
impl<'buf, I: Isa, D: Direction> Encoder<'buf, I, D> {
    /// Places code in forward order: `write` gets an encoder whose code grows up, so that each call places an
    /// instruction *behind* the one before, and the whole is placed next to what was placed before. In an encoder that
    /// grows up itself, `write` gets that encoder.
    ///
    /// Inside a block, labels from outside are as if pending, so branches to them have their near form; branches to
    /// labels that are bound inside are short where they reach.
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
    ///         asm.jne_rel8(next);
    ///         asm.xor_rm32_r32(EAX, EAX);
    ///         asm.jmp(exit);
    ///         asm.bind(next);
    ///     }
    /// });
    /// assert_eq!(enc.finish()?.bytes().len(), 25);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    #[inline(always)]
    pub fn forward<R>(&mut self, write: impl FnOnce(&mut Encoder<'_, I, Up>) -> R) -> R {
        D::upward(self, write)
    }

    /// Places code in backward order: `write` gets an encoder whose code grows down, and the whole is placed next to
    /// what was placed before. In an encoder that grows down itself, `write` gets that encoder.
    ///
    /// ```
    /// use tailfirst::x64::*;
    /// let mut asm = Assembler::new();
    /// asm.push_r64(RBX);
    /// asm.backward(|enc| {
    ///     enc.jmp_rm64(RAX);
    ///     enc.pop_r64(RBX);
    /// });
    /// assert_eq!(asm.finish()?.bytes(), [0x53, 0x5B, 0xFF, 0xE0]);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    #[inline(always)]
    pub fn backward<R>(&mut self, write: impl FnOnce(&mut Encoder<'_, I, Down>) -> R) -> R {
        D::downward(self, write)
    }

    /// Calls `place` for each of the items, so that the code for them stands in their order, whatever the direction.
    ///
    /// ```
    /// use tailfirst::x64::*;
    /// let mut enc = Encoder::new();
    /// enc.in_order([RBX, RBP, R12], |enc, register| enc.push_r64(register));
    /// assert_eq!(enc.finish()?.bytes(), [0x53, 0x55, 0x41, 0x54]);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    pub fn in_order<T: IntoIterator<IntoIter: DoubleEndedIterator>>(
        &mut self,
        items: T,
        mut place: impl FnMut(&mut Self, T::Item),
    ) {
        let items = items.into_iter();
        match D::GROWS {
            Grows::Down => items.rev().for_each(|item| place(self, item)),
            Grows::Up => items.for_each(|item| place(self, item)),
        }
    }

    /// Runs `write` on a block in the other direction.
    #[inline(always)]
    pub(crate) fn block<R>(&mut self, write: impl FnOnce(&mut Encoder<'_, I, D::Opposite>) -> R) -> R {
        // A panic loses the block, which `finish` reports.
        let mut block = self.open_block();
        let result = if cfg!(feature = "inline") { on_stack(&mut block, write) } else { write(&mut block) };
        self.close_block(block);
        result
    }

    /// A block in memory that is kept for blocks.
    #[inline(never)]
    pub(super) fn open_block(&mut self) -> Encoder<'static, I, D::Opposite> {
        let (memory, references) = self.references.take_spare(Encoder::<I, D::Opposite>::GROWS);
        let mut block = Encoder { cursor: Cursor::in_memory(memory), references };
        self.references.begin_block(&mut block.references);
        block
    }

    /// Places a block, and keeps its memory.
    #[inline(never)]
    pub(super) fn close_block(&mut self, block: Encoder<'static, I, D::Opposite>) {
        // A local, of which the compiler sees that nobody looks where its cursor is.
        let Encoder { cursor, references } = block;
        let mut block = Encoder { cursor, references };
        self.place_block(&mut block);
        self.references.keep((block.cursor.into_memory(), block.references));
    }

    /// Begins a block, which [`end_block`](Self::end_block) places: as [`forward`](Self::forward) and
    /// [`backward`](Self::backward), for compilers that own their encoder and an assembler beside it. What `block` had
    /// is forgotten.
    ///
    /// ```
    /// use tailfirst::x64::*;
    ///
    /// #[derive(Default)]
    /// struct Compiler {
    ///     enc: Encoder<'static>,
    ///     asm: Assembler<'static>,
    /// }
    ///
    /// impl Compiler {
    ///     fn operation(&mut self, lower: fn(&mut Self)) {
    ///         self.enc.begin_block(&mut self.asm);
    ///         lower(self);
    ///         self.enc.end_block(&mut self.asm);
    ///     }
    /// }
    ///
    /// let mut compiler = Compiler::default();
    /// compiler.operation(|compiler| compiler.asm.ret());
    /// compiler.operation(|compiler| {
    ///     compiler.asm.xor_rm32_r32(EAX, EAX);
    ///     compiler.asm.inc_rm32(EAX);
    /// });
    /// assert_eq!(compiler.enc.finish()?.bytes(), [0x31, 0xC0, 0xFF, 0xC0, 0xC3]);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    ///
    /// While a block is open, labels and late immediates are made by it. If the encoder around it makes one, or if
    /// another block is ended, or none, [`finish`](Self::finish) reports that.
    pub fn begin_block(&mut self, block: &mut Encoder<'_, I, D::Opposite>) {
        block.clear();
        block.references.enter_block();
        self.references.begin_block(&mut block.references);
    }

    /// Places a block that was begun by [`begin_block`](Self::begin_block), and empties it.
    pub fn end_block(&mut self, block: &mut Encoder<'_, I, D::Opposite>) {
        if self.place_block(block) {
            block.cursor.clear();
            block.references.leave_block();
        } else {
            block.clear();
        }
    }

    const GROWS: Grows = <D as crate::direction::sealed::Direction>::GROWS;

    /// Places a block and takes over what it has, but for the memory; `false` if it is not the one that is open.
    #[inline(always)]
    fn place_block(&mut self, block: &mut Encoder<'_, I, D::Opposite>) -> bool {
        if !self.references.has_open(&block.references) {
            self.references.fail_block();
            return false;
        }
        I::before_end_of_block(block);
        let align = self.references.close_block(&mut block.references);
        let Encoder { cursor, references } = block;
        match cursor.code() {
            Ok(bytes) => {
                references.resolve_inside(bytes);
                if align > 1
                    && let Some(align) = Align::new(align)
                {
                    self.align_block(align, bytes.len());
                } else {
                    I::before(self, bytes.len());
                }
                self.cursor.place_bytes(bytes);
            }
            Err(needed) => {
                let needed = needed.saturating_add(self.cursor.placed());
                self.references.fail(FinishError::OutOfSpace { needed });
            }
        }
        let reached = self.pos();
        let fixups = self.references.take_over(references, reached);
        if !fixups.is_empty() {
            I::after_fixups(self, fixups);
        }
        if align > 1 {
            self.settle();
        }
        true
    }

    /// Places the gap before a block of `len` bytes whose base is to be aligned.
    #[inline(never)]
    fn align_block(&mut self, align: Align, len: usize) {
        self.settle();
        let gap = self.known_gap(|enc| {
            // The base of code that grows in the other direction is where it will be placed last.
            let gap = align.gap(enc.cursor.placed() + len);
            I::before(enc, gap + len);
            gap
        });
        I::place_gap(self, gap);
    }

    /// Places code whose *head*, its first instruction, is aligned: a loop.
    ///
    /// In an encoder that grows up that is [`align_code`](Self::align_code) before what `write` places.
    ///
    /// In one that grows down, `write` places it backward as usual. Then it is moved down as far as needed, and the gap
    /// behind it is filled with instructions that do nothing, which run if the code runs out of the block's end.
    /// Inside, labels from outside are as if pending; on x86-64 a branch out of the block is short only if it reaches
    /// under the largest possible shift. A label bound before anything is placed is the place right behind the block,
    /// in front of the gap.
    ///
    /// When an aligned block begins inside, or something is aligned there (by [`align`](Self::align),
    /// [`align_code`](Self::align_code), [`data_aligned`](Self::data_aligned), a [pool](Self::place_pool) or a [patch
    /// site](Self::patchable)), what has been placed so far stays where it is: only what comes then is moved, the gap
    /// lies between, and labels from before it are as if pending.
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
        if D::GROWS == Grows::Up {
            self.align_code(align);
            return write(self);
        }
        self.references.align(align.bytes());
        self.settle();
        I::before_movable(self, align.bytes() as usize);
        let start = self.pos();
        let entered = self.references.begin_movable(start, align.bytes());
        let result = write(self);
        if !self.references.is_in(&entered) {
            self.references.fail(FinishError::ClearedInBlock);
            return result;
        }
        let reached = self.cursor.placed();
        let gap = align.gap(reached);
        let start = self.references.movable_start().map_or(reached, |start| start.from_base() as usize);
        if gap > 0 {
            // The gap's instructions are placed behind the block, and change places with it. So nothing comes due by
            // them.
            let deadline = self.cursor.deadline();
            self.cursor.set_deadline(usize::MAX);
            let data = self.references.data().length();
            I::place_gap(self, gap);
            self.references.forget_data_since(data);
            self.cursor.set_deadline(deadline);
            // Where the buffer is too small, the bytes do not matter: `finish` says so.
            if let Ok(code) = self.cursor.code() {
                code[..gap + (reached - start)].rotate_left(gap);
            }
        }
        let here = self.pos();
        let fixups = self.references.end_movable(&entered, gap as u32, here);
        // What fills up data in front of the gap is data.
        let start = Pos::at(start as u32);
        self.references.note_data(start, start.ahead(gap as u32 % I::CODE_ALIGN.bytes()));
        I::after_fixups(self, fixups);
        // Of the block around, what follows may move again.
        let max_shift = self.references.max_shift();
        if max_shift > 0 {
            I::before_movable(self, max_shift as usize);
            let here = self.pos();
            self.references.settle(here);
        }
        result
    }

    /// Settles what has been placed so far: the aligned block around, if there is one, begins anew, and this will not
    /// be moved.
    pub(crate) fn settle(&mut self) {
        let max_shift = self.references.max_shift();
        if max_shift == 0 {
            return;
        }
        let fixups = self.references.movable_fixups();
        let here = self.pos();
        self.references.settle(here);
        I::after_fixups(self, fixups);
        I::before_movable(self, max_shift as usize);
        let here = self.pos();
        self.references.settle(here);
    }
}
