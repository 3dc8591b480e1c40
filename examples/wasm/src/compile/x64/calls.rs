//! Calls through records and of the run time, and how a function begins.

use std::mem::offset_of;

use tailfirst::block;
use tailfirst::x64::{EAX, Mem, RAX, RDI, RSP};

use super::memory::{context, field};
use super::{CONTEXT, CodeLabel, Frame, INT_ARGUMENTS, MEMORY, Reg, X64, frame_bytes, gpr, gpr32};
use crate::abi::{Activation, Context, FunctionRecord, TrapKind, UNCHECKED_FRAME};
use crate::compile::Site;
use crate::ir::ops::Builtin;

impl X64<'_, '_> {
    /// Where the frame keeps this function's context.
    fn kept_context(&self) -> Mem {
        RSP + 8 * self.frame.outgoing as i32
    }

    /// Calls the function whose record is so many bytes behind RAX, with its context, and takes this one's again.
    fn through_record(&mut self, offset: usize) {
        let kept = self.kept_context();
        let memory = offset_of!(Context, memory_base);
        block!(*self.enc;
            mov_r64_rm64(CONTEXT, field(RAX, offset + offset_of!(FunctionRecord, context)));
            mov_r64_rm64(MEMORY, context(memory));
            call_rm64(field(RAX, offset + offset_of!(FunctionRecord, code)));
            mov_r64_rm64(CONTEXT, kept);
            mov_r64_rm64(MEMORY, context(memory));
        );
    }

    pub(super) fn call_record(&mut self, function: u32) {
        self.through_record(function as usize * size_of::<FunctionRecord>());
        self.enc.mov_r64_rm64(RAX, context(offset_of!(Context, functions)));
    }

    pub(super) fn call_element(&mut self, table: u32, ty: u32, index: Reg) {
        let null = self.trap_label(TrapKind::UninitializedElement);
        let mismatch = self.trap_label(TrapKind::IndirectCallTypeMismatch);
        self.through_record(0);
        let signature = gpr(index);
        block!(*self.enc;
            mov_r64_rm64(RAX, RAX + signature * 8);
            test_rm64_r64(RAX, RAX);
            jz(null);
            mov_r64_rm64(signature, context(offset_of!(Context, signatures)));
            mov_r32_rm32(gpr32(index), signature + 4 * ty as i32);
            cmp_rm32_r32(field(RAX, offset_of!(FunctionRecord, signature)), gpr32(index));
            jne(mismatch);
        );
        self.elements(table, gpr(index), TrapKind::UndefinedElement);
    }

    pub(super) fn call_run_time(&mut self, builtin: Builtin) {
        match builtin.trap() {
            Some(kind) => {
                let label = self.trap_label(kind);
                block!(*self.enc; test_rm64_r64(RAX, RAX); jnz(label));
            }
            None => self.enc.mov_r32_rm32(gpr32(INT_ARGUMENTS[0]), EAX),
        }
        block!(*self.enc;
            mov_r64_rm64(RDI, CONTEXT);
            mov_r64_rm64(RAX, context(offset_of!(Context, builtins)));
            call_rm64(field(RAX, builtin.offset()));
        );
    }

    pub(super) fn prologue(&mut self, frame: Frame, function: CodeLabel) {
        let bytes = frame_bytes(frame);
        self.enc.set_late(self.size, bytes.into());
        if frame.saves_context {
            let kept = self.kept_context();
            self.enc.mov_rm64_r64(kept, CONTEXT);
        }
        if frame.calls || bytes > UNCHECKED_FRAME {
            let overflow = self.trap_label(TrapKind::StackOverflow);
            block!(*self.enc;
                mov_r64_rm64(RAX, context(offset_of!(Context, activation)));
                cmp_r64_rm64(RSP, field(RAX, offset_of!(Activation, stack_limit)));
                jb(overflow);
            );
        }
        if bytes > 0 {
            self.enc.sub_rm64_imm(RSP, bytes as i32);
        }
        self.enc.bind(function);
    }

    /// What traps of this function lead to, below it.
    pub(super) fn place_traps(&mut self) {
        for Site { label, kind, offset } in self.notes.take_traps() {
            self.notes.offset = offset;
            self.enc.ud2();
            self.site(kind);
            self.enc.bind(label);
        }
    }
}
