//! Linear memory, globals and tables.
//!
//! The register of an address has zero in its upper half, so that it and the memory's address make the place by
//! themselves. An offset that no displacement holds is added in RAX. With guard regions the access is all there is, and
//! a fault of it the trap; else the address is compared with what the memory's size leaves for it.

use std::mem::offset_of;

use tailfirst::x64::{EAX, Emitter, Gpr32, Gpr64, Mem, RAX};
use tailfirst::{Direction, block};

use super::{Access, Bounds, CONTEXT, Folded, MEMORY, Operand, Reg, X64, gpr, gpr8, gpr32, xmm};
use crate::abi::{Context, FunctionRecord, MemoryRecord, TableRecord, TrapKind};
use crate::ir::Class;
use crate::ir::ops::{FloatWidth, Load, Store, Width};

/// A field of the context.
pub(super) fn context(offset: usize) -> Mem {
    CONTEXT + offset as i32
}

/// A field of what a register points to.
pub(super) fn field(base: Gpr64, offset: usize) -> Mem {
    base + offset as i32
}

impl X64<'_, '_> {
    /// The place of an access. What makes it is emitted by `approach`, after the access.
    pub(super) fn place(access: Access) -> Mem {
        let Access { address, offset } = access;
        match (i32::try_from(offset), address) {
            (Ok(displacement), Some(address)) => MEMORY + gpr(address) + displacement,
            (Ok(displacement), None) => MEMORY + displacement,
            (Err(_), _) => MEMORY + RAX,
        }
    }

    pub(super) fn approach(&mut self, access: Access, bytes: u32) {
        if self.bounds == Bounds::Guard {
            self.site(TrapKind::MemoryOutOfBounds);
        }
        let Access { address, offset } = access;
        if i32::try_from(offset).is_err() {
            if let Some(address) = address {
                self.enc.add_r64_rm64(RAX, gpr(address));
            }
            self.enc.mov_r32_imm32(EAX, offset as i32);
        }
        if self.bounds == Bounds::Explicit {
            self.check(address, u64::from(offset) + u64::from(bytes));
        }
    }

    pub(super) fn approach_folded(&mut self, load: Folded) {
        let offset = std::mem::replace(&mut self.notes.offset, load.offset);
        self.approach(load.access, load.bytes);
        self.notes.offset = offset;
    }

    /// Traps unless what begins at the address and ends so many bytes behind is in the memory.
    fn check(&mut self, address: Option<Reg>, mut end: u64) {
        let trap = self.trap_label(TrapKind::MemoryOutOfBounds);
        self.enc.forward(|asm| {
            asm.mov_r64_rm64(RAX, context(offset_of!(Context, memory)));
            asm.mov_r64_rm64(RAX, field(RAX, offset_of!(MemoryRecord, bytes)));
            while end > 0 {
                let part = i32::try_from(end).unwrap_or(i32::MAX);
                asm.sub_rm64_imm(RAX, part);
                asm.jb(trap);
                end -= part as u64;
            }
            if let Some(address) = address {
                asm.cmp_rm64_r64(RAX, gpr(address));
                asm.jb(trap);
            }
        });
    }

    pub(super) fn load_from(&mut self, kind: Load, d: Reg, access: Access) {
        let place = Self::place(access);
        let enc = &mut *self.enc;
        match kind {
            Load::U8 => enc.movzx_r32_rm8(gpr32(d), place),
            Load::U16 => enc.movzx_r32_rm16(gpr32(d), place),
            Load::U32 => enc.mov_r32_rm32(gpr32(d), place),
            Load::I64 => enc.mov_r64_rm64(gpr(d), place),
            Load::S8(Width::W32) => enc.movsx_r32_rm8(gpr32(d), place),
            Load::S8(Width::W64) => enc.movsx_r64_rm8(gpr(d), place),
            Load::S16(Width::W32) => enc.movsx_r32_rm16(gpr32(d), place),
            Load::S16(Width::W64) => enc.movsx_r64_rm16(gpr(d), place),
            Load::S32 => enc.movsxd_r64_rm32(gpr(d), place),
            Load::Float(FloatWidth::F32) => enc.movss_xmm_xmmm32(xmm(d), place),
            Load::Float(FloatWidth::F64) => enc.movsd_xmm_xmmm64(xmm(d), place),
            Load::Vector(load) => self.load_vector(load, xmm(d), place),
        }
        self.approach(access, kind.bytes());
    }

    pub(super) fn store_to(&mut self, kind: Store, access: Access, value: Operand) {
        let place = Self::place(access);
        let enc = &mut *self.enc;
        match (kind, value) {
            (Store::I8, Operand::Reg(value)) => enc.mov_rm8_r8(place, gpr8(value)),
            (Store::I16, Operand::Reg(value)) => enc.mov_rm16_r16(place, gpr32(value).r16()),
            (Store::I32, Operand::Reg(value)) => enc.mov_rm32_r32(place, gpr32(value)),
            (Store::I64, Operand::Reg(value)) => enc.mov_rm64_r64(place, gpr(value)),
            (Store::Float(FloatWidth::F32), Operand::Reg(value)) => enc.movss_xmmm32_xmm(place, xmm(value)),
            (Store::Float(FloatWidth::F64), Operand::Reg(value)) => enc.movsd_xmmm64_xmm(place, xmm(value)),
            (Store::Vector, Operand::Reg(value)) => enc.vmovdqu_xmmm128_xmm(place, xmm(value)),
            (Store::I8, Operand::Immediate(value)) => enc.mov_rm8_imm8(place, value as i8),
            (Store::I16, Operand::Immediate(value)) => enc.mov_rm16_imm16(place, value as i16),
            (Store::I32 | Store::Float(FloatWidth::F32), Operand::Immediate(value)) => {
                enc.mov_rm32_imm32(place, value as i32);
            }
            (Store::I64 | Store::Float(FloatWidth::F64), Operand::Immediate(value)) => {
                enc.mov_rm64_imm32(place, value as i32);
            }
            (Store::Vector, Operand::Immediate(_)) | (_, Operand::Memory(_)) => {
                unreachable!("`folds` refuses what is stored")
            }
        }
        self.approach(access, kind.bytes());
    }

    pub(super) fn size_of_memory(&mut self, d: Gpr64) {
        block!(*self.enc;
            mov_r64_rm64(d, context(offset_of!(Context, memory)));
            mov_r64_rm64(d, field(d, offset_of!(MemoryRecord, bytes)));
            shr_rm64_imm8(d, 16);
        );
    }

    pub(super) fn read_global(&mut self, class: Class, d: Reg, global: u32) {
        load_reg(self.enc, class, d, Mem::from(RAX));
        self.cell(global);
    }

    pub(super) fn write_global(&mut self, class: Class, global: u32, value: Reg) {
        store_reg(self.enc, class, Mem::from(RAX), value);
        self.cell(global);
    }

    /// RAX = the address of a global's cell.
    fn cell(&mut self, global: u32) {
        block!(*self.enc;
            mov_r64_rm64(RAX, context(offset_of!(Context, globals)));
            mov_r64_rm64(RAX, RAX + 8 * global as i32);
        );
    }

    /// RAX = the address of a table's record.
    pub(super) fn table(&mut self, table: u32) {
        block!(*self.enc;
            mov_r64_rm64(RAX, context(offset_of!(Context, tables)));
            mov_r64_rm64(RAX, RAX + 8 * table as i32);
        );
    }

    /// RAX = the address of a table's elements, unless the index is beyond them.
    pub(super) fn elements(&mut self, table: u32, index: Gpr64, beyond: TrapKind) {
        let trap = self.trap_label(beyond);
        block!(*self.enc;
            cmp_rm64_r64(field(RAX, offset_of!(TableRecord, len)), index);
            jbe(trap);
            mov_r64_rm64(RAX, field(RAX, offset_of!(TableRecord, elements)));
        );
        self.table(table);
    }

    pub(super) fn read_table(&mut self, d: Gpr64, table: u32, index: Gpr64) {
        self.enc.mov_r64_rm64(d, RAX + index * 8);
        self.elements(table, index, TrapKind::TableOutOfBounds);
    }

    pub(super) fn write_table(&mut self, table: u32, index: Gpr64, value: Gpr64) {
        self.enc.mov_rm64_r64(RAX + index * 8, value);
        self.elements(table, index, TrapKind::TableOutOfBounds);
    }

    pub(super) fn size_of_table(&mut self, d: Gpr32, table: u32) {
        self.enc.mov_r32_rm32(d, field(RAX, offset_of!(TableRecord, len)));
        self.table(table);
    }

    pub(super) fn reference(&mut self, d: Gpr64, function: u32) {
        let offset = function as usize * size_of::<FunctionRecord>();
        block!(*self.enc;
            mov_r64_rm64(d, context(offset_of!(Context, functions)));
            add_rm64_imm(d, offset as i32);
        );
    }
}

/// A value from memory into a register, as a word or two.
pub(super) fn load_reg<D: Direction>(enc: &mut Emitter<'_, D>, class: Class, to: Reg, from: Mem) {
    match class {
        Class::Int => enc.mov_r64_rm64(gpr(to), from),
        Class::Float => enc.movsd_xmm_xmmm64(xmm(to), from),
        Class::Vector => enc.movups_xmm_xmmm128(xmm(to), from),
    }
}

pub(super) fn store_reg<D: Direction>(enc: &mut Emitter<'_, D>, class: Class, to: Mem, from: Reg) {
    match class {
        Class::Int => enc.mov_rm64_r64(to, gpr(from)),
        Class::Float => enc.movsd_xmmm64_xmm(to, xmm(from)),
        Class::Vector => enc.movups_xmmm128_xmm(to, xmm(from)),
    }
}
