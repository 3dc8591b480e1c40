//! Calls through records and of the run time, and how a function begins.

use std::mem::offset_of;

use tailfirst::aarch64::{Cond as Cc, SP, UImm, W0, X0, X16, X17, X30};
use tailfirst::block;

use super::{A64, CONTEXT, CodeLabel, Frame, MEMORY, NO_OFFSET, Reg, frame_bytes, w, x};
use crate::abi::{Activation, Context, FunctionRecord, TrapKind, UNCHECKED_FRAME};
use crate::compile::Site;
use crate::ir::ops::Builtin;

impl A64<'_, '_> {
    fn take_context(&mut self) {
        self.load_word(MEMORY, CONTEXT, offset_of!(Context, memory_base));
    }

    /// Calls the function whose record X16 points to, with its context, and takes this one's again.
    fn through_record(&mut self) {
        self.take_context();
        self.word(self.kept_context(), |enc, address| enc.ldr_x(CONTEXT, address));
        self.enc.blr(X16);
        self.load_word(X16, X16, offset_of!(FunctionRecord, code));
        self.take_context();
        self.load_word(CONTEXT, X16, offset_of!(FunctionRecord, context));
    }

    pub(super) fn call_record(&mut self, function: u32) {
        self.through_record();
        self.record(X16, function);
    }

    pub(super) fn call_element(&mut self, table: u32, ty: u32, index: Reg) {
        let null = self.trap_label(TrapKind::UninitializedElement);
        let mismatch = self.trap_label(TrapKind::IndirectCallTypeMismatch);
        self.through_record();
        block!(*self.enc; cmp_w(w(index), X17.w()); b_cond(Cc::NE, mismatch));
        self.load_half(X17.w(), X16, offset_of!(FunctionRecord, signature));
        self.load_half(w(index), x(index), 4 * ty as usize);
        self.load_word(x(index), CONTEXT, offset_of!(Context, signatures));
        self.enc.cbz_x(X16, null);
        self.enc.ldr_x(X16, X16 + x(index).lsl(3)).expect(NO_OFFSET);
        self.elements(table, x(index), TrapKind::UndefinedElement);
    }

    pub(super) fn call_run_time(&mut self, builtin: Builtin) {
        match builtin.trap() {
            Some(kind) => {
                let label = self.trap_label(kind);
                self.enc.cbnz_x(X0, label);
            }
            None => self.enc.mov_w(W0, W0),
        }
        self.enc.blr(X16);
        self.enc.mov_x(X0, CONTEXT);
        self.load_word(X16, X16, builtin.offset());
        self.load_word(X16, CONTEXT, offset_of!(Context, builtins));
    }

    pub(super) fn prologue(&mut self, frame: Frame, function: CodeLabel) {
        let bytes = frame_bytes(frame);
        self.enc.set_late(self.size, bytes.into());
        if frame.saves_context {
            self.word(self.kept_context(), |enc, address| enc.str_x(CONTEXT, address));
        }
        if frame.calls {
            self.word(self.kept_return(), |enc, address| enc.str_x(X30, address));
        }
        if frame.calls || bytes > UNCHECKED_FRAME {
            let overflow = self.trap_label(TrapKind::StackOverflow);
            block!(*self.enc; cmp_x_ext(SP, X16); b_cond(Cc::LO, overflow));
            self.load_word(X16, X16, offset_of!(Activation, stack_limit));
            self.load_word(X16, CONTEXT, offset_of!(Context, activation));
        }
        // A frame that the epilogues' ADD does not hold is refused where there is one.
        if bytes > 0 && self.enc.sub_x_const(SP, SP, bytes.into()).is_err() {
            block!(*self.enc; mov_x_imm(X17, u64::from(bytes)); sub_x_ext(SP, SP, X17));
        }
        self.enc.bind(function);
    }

    /// What traps of this function lead to, below it.
    pub(super) fn place_traps(&mut self) {
        for Site { label, kind, offset } in self.notes.take_traps() {
            self.notes.offset = offset;
            self.undefined();
            self.site(kind);
            self.enc.bind(label);
        }
    }

    pub(super) fn undefined(&mut self) {
        self.enc.udf(UImm::of::<0>());
    }
}
