//! Cold parts: exits and slow paths, out of the way of the code that runs.
//!
//! A compiler meets a guard's exit, a slow path or a call of the runtime in the midst of the code around it, and writes
//! it there best: the registers and the labels are at hand. But there it should not lie, or each guard is a jump around
//! code that never runs, and the processor fetches it. [`Encoder::cold`] writes it where it is met, and lays it
//! elsewhere: all cold parts of an encoder lie together, next to the code placed last, and the code around falls
//! through.
//!
//! ```text
//!   as written, growing down                    as it lies
//!
//!       head:  ...                                      exit 2
//!              jne exit2  ---- cold: exit 2             exit 1
//!              ...                              head:   ...
//!              jne exit1  ---- cold: exit 1             jne exit2
//!              ...                                      ...
//!                                                       jne exit1
//!                                                       ...
//!
//!   as written, growing up                      as it lies
//!
//!       head:  ...                              head:   ...
//!              jne exit1  ---- cold: exit 1             jne exit1
//!              ...                                      ...
//!              jne exit2  ---- cold: exit 2             jne exit2
//!              ...                                      ...
//!                                                       exit 1
//!                                                       exit 2
//! ```
//!
//! In both directions the parts lie in the order in which code grows, just as if each had been written after everything
//! else: that is the invariant. It is held simply: cold parts are written into one piece of code beside the encoder's
//! own, which grows in the same direction, and [`finish`](Encoder::finish), or [`place_cold`](Encoder::place_cold),
//! copies it to the place that is reached.
//!
//! A part is written by a whole encoder, with every service. To the code around, it is a block that is placed late: its
//! labels are pending until then, and labels from outside are pending inside. So branches across have their near form
//! on x86-64; on AArch64 each side places islands for its own branches, where it grows too long for them.
//!
//! Constants that are asked for in cold parts lie behind these, and before those of the code around. Ask for a constant
//! in the part that loads it: on AArch64 that of another place may be too far.
//!
//! What is aligned in a part counts from a place that is aligned as strictly as any part asks for. Positions count from
//! the base of cold code.
//!
//! Frame rules and marks hold from their label upward in the code as it lies, so a part says at its start what holds
//! there.
//!
//! In a block, or in an aligned one, a cold part is one of the outermost encoder. A cold part inside another lies right
//! behind that.
//!
//! ```
//! use tailfirst::x64::*;
//!
//! // Adds RSI to RDI, and leaves by an exit of its own if that overflows.
//! let mut enc = Encoder::new();
//! enc.ret();
//! let overflow = enc.cold(|enc| {
//!     enc.ret();
//!     enc.mov_r64_imm(RAX, -1);
//!     enc.here()
//! });
//! enc.jo(overflow);
//! enc.add_rm64_r64(RAX, RSI);
//! enc.mov_r64_rm64(RAX, RDI);
//! let entry = enc.here();
//! let code = enc.finish()?;
//! assert_eq!(code.offset_of(overflow), Some(0));
//! assert_eq!(code.offset_of(entry), Some(8));
//! assert_eq!(code.bytes()[8 + 6..][..6], [0x0F, 0x80, 0xEC, 0xFF, 0xFF, 0xFF]);
//! # Ok::<(), tailfirst::FinishError>(())
//! ```
//!
//! The same on AArch64, from the first instruction to the last:
//!
//! ```
//! use tailfirst::aarch64::*;
//!
//! let mut asm = Assembler::new();
//! let overflow = asm.label();
//! asm.adds_x(X0, X0, X1);
//! asm.b_cond(Cond::VS, overflow);
//! asm.cold(|asm| {
//!     asm.bind(overflow);
//!     asm.mov_x_imm(X0, u64::MAX);
//!     asm.ret();
//! });
//! asm.ret();
//! let code = asm.finish()?;
//! assert_eq!(code.offset_of(overflow), Some(12));
//! # Ok::<(), tailfirst::FinishError>(())
//! ```

use super::Encoder;
use crate::{
    Align, Direction, FinishError, Isa,
    bytes::cursor::{Cursor, on_stack},
    references::cold::{Cold, History},
};

/// An encoder that stands aside while a cold part is open, from [`begin_cold`](Encoder::begin_cold) to
/// [`end_cold`](Encoder::end_cold).
#[must_use = "it holds the code around the cold part, for `end_cold`"]
pub struct AroundCold<'buf, I: Isa, D: Direction> {
    encoder: Encoder<'buf, I, D>,
    history: History,
    /// The part, if cold code grows in the other direction and a block in the part is written.
    part: Option<Encoder<'static, I, D::Opposite>>,
}

impl<I: Isa, D: Direction> core::fmt::Debug for AroundCold<'_, I, D> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("AroundCold").field(&self.encoder).finish()
    }
}

/// Cold parts.
impl<'buf, I: Isa, D: Direction> Encoder<'buf, I, D> {
    /// Writes code that is seldom run: `write` gets an encoder of the same direction, and what it places lies not here
    /// but with all other cold parts, next to everything else, when [`finish`](Self::finish) or
    /// [`place_cold`](Self::place_cold) places them. Code does not run into them, and must not run out of them.
    ///
    /// Until then the labels of the part are pending, and inside, labels from outside are as if pending. A part that is
    /// placed begins where an instruction can.
    ///
    /// ```
    /// use tailfirst::x64::*;
    ///
    /// // RAX = [RDI], or 0 if RDI is null; then some more.
    /// let mut asm = Assembler::new();
    /// asm.test_rm64_r64(RDI, RDI);
    /// let (null, back) = (asm.label(), asm.label());
    /// asm.jz(null);
    /// asm.cold(|asm| {
    ///     asm.bind(null);
    ///     asm.xor_rm32_r32(EAX, EAX);
    ///     asm.jmp(back);
    /// });
    /// asm.mov_r64_rm64(RAX, RDI + 8);
    /// asm.bind(back);
    /// asm.ret();
    /// let code = asm.finish()?;
    /// assert_eq!((code.offset_of(back), code.offset_of(null)), (Some(13), Some(14)));
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    pub fn cold<R>(&mut self, write: impl FnOnce(&mut Encoder<'_, I, D>) -> R) -> R {
        if self.references.cold_grows() == D::GROWS {
            self.cold_part(write)
        } else {
            self.cold_part::<D::Opposite, R>(|cold| cold.block(write))
        }
    }

    /// Begins a cold part, which [`end_cold`](Self::end_cold) ends: as [`cold`](Self::cold), for compilers that own
    /// their encoder. Until then this encoder is the part's, and the code around it stands aside.
    ///
    /// ```
    /// use tailfirst::x64::*;
    ///
    /// struct Compiler<'a> {
    ///     asm: Assembler<'a>,
    /// }
    ///
    /// impl Compiler<'_> {
    ///     /// Adds RSI to RDI, and leaves by an exit of its own if that overflows.
    ///     fn add(&mut self) {
    ///         let overflow = self.asm.label();
    ///         self.asm.add_rm64_r64(RDI, RSI);
    ///         self.asm.jo(overflow);
    ///         let around = self.asm.begin_cold();
    ///         self.asm.bind(overflow);
    ///         self.leave(-1);
    ///         self.asm.end_cold(around);
    ///     }
    ///
    ///     fn leave(&mut self, result: i64) {
    ///         self.asm.mov_r64_imm(RAX, result);
    ///         self.asm.ret();
    ///     }
    /// }
    ///
    /// let mut compiler = Compiler { asm: Assembler::new() };
    /// compiler.add();
    /// compiler.leave(0);
    /// let code = compiler.asm.finish()?;
    /// assert_eq!(code.bytes()[..9], [0x48, 0x01, 0xF7, 0x0F, 0x80, 0x06, 0, 0, 0]);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    ///
    /// Until the part ends, [`finish`](Self::finish) reports it as a block that is open. If what this gives is dropped,
    /// by a panic for instance, the code around the part is lost with it.
    pub fn begin_cold(&mut self) -> AroundCold<'buf, I, D> {
        let (part, history, write) = if self.references.cold_grows() == D::GROWS {
            let (part, history) = self.open_cold();
            (None, history, part)
        } else {
            let (mut part, history) = self.open_cold::<D::Opposite>();
            let block = part.open_block();
            (Some(part), history, block)
        };
        AroundCold { encoder: core::mem::replace(self, write), history, part }
    }

    /// Ends the cold part that `around` was given for. If it is not the one that is open here, [`finish`](Self::finish)
    /// reports that.
    pub fn end_cold(&mut self, around: AroundCold<'buf, I, D>) {
        let AroundCold { encoder, history, part } = around;
        let Encoder { cursor, references } = core::mem::replace(self, encoder);
        let Some(cursor) = cursor.owned() else { return self.references.fail_block() };
        let written = Encoder { cursor, references };
        match part {
            None => self.close_cold(written, history),
            Some(mut part) => {
                part.close_block(written);
                self.close_cold(part, history);
            }
        }
    }

    /// Places the [cold parts](Self::cold) that wait, next to what was placed before, and the constants that were asked
    /// for in them. Code must not run into them.
    ///
    /// [`finish`](Self::finish) does this with those that are left. In a block, which is placed where the code around
    /// has arrived, they go on waiting.
    ///
    /// ```
    /// use tailfirst::x64::*;
    /// let mut asm = Assembler::new();
    /// asm.cold(|asm| asm.int3());
    /// asm.ret();
    /// asm.place_cold();
    /// let next = asm.here();
    /// asm.ret();
    /// assert_eq!(asm.finish()?.bytes(), [0xC3, 0xCC, 0xC3]);
    /// # Ok::<(), tailfirst::FinishError>(())
    /// ```
    pub fn place_cold(&mut self) {
        D::place_cold(self);
    }

    /// Runs `write` on cold code, which grows in direction `C`.
    fn cold_part<C: Direction, R>(&mut self, write: impl FnOnce(&mut Encoder<'_, I, C>) -> R) -> R {
        // A panic loses all cold code, and `finish` reports an open block.
        let (mut part, history) = self.open_cold();
        let result = on_stack(&mut part, write);
        self.close_cold(part, history);
        result
    }

    #[inline(never)]
    fn open_cold<C: Direction>(&mut self) -> (Encoder<'static, I, C>, History) {
        let Cold { code, references, history } = self.references.begin_cold();
        (Encoder { cursor: Cursor::back_in(code), references }, history)
    }

    #[inline(never)]
    fn close_cold<C: Direction>(&mut self, mut part: Encoder<'static, I, C>, history: History) {
        if !self.references.has_open(&part.references) {
            self.references.fail_block();
            return;
        }
        part.place_cold();
        if I::CODE_ALIGN.gap(part.cursor.placed()) > 0 {
            part.align(I::CODE_ALIGN);
        }
        let Encoder { cursor, references } = part;
        self.references.end_cold(Cold { code: cursor.rest(), references, history });
    }

    pub(crate) fn place_waiting_cold(&mut self) {
        if !self.references.has_waiting_cold() {
            return;
        }
        if self.references.has_waiting_constants_in_cold() {
            self.cold_part::<D, ()>(|cold| cold.place_pool());
        }
        let Some(mut cold) = self.references.take_cold() else { return };
        self.settle();
        let align = Align::new(cold.alignment()).map_or(I::CODE_ALIGN, |align| align.max(I::CODE_ALIGN));
        self.references.align(cold.alignment());
        let begin = cold.begin().from_base() as usize;
        let len = cold.waiting_code().map_or_else(|needed| needed, |code| code.len());
        let gap = self.known_gap(|enc| {
            // What was aligned in cold code is so here.
            let gap = align.gap(enc.cursor.placed().wrapping_sub(begin));
            I::before(enc, gap + len);
            gap
        });
        I::place_gap(self, gap);
        let base = self.pos();
        match cold.waiting_code() {
            Ok(code) => self.cursor.place_bytes(code),
            Err(needed) => {
                let needed = needed.saturating_add(self.cursor.placed());
                self.references.fail(FinishError::OutOfSpace { needed });
            }
        }
        let fixups = self.references.take_over_cold(cold, base);
        I::after_fixups(self, fixups);
        self.settle();
    }
}
