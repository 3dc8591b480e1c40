//! Linear memory, globals and tables.
//!
//! The register of an address has zero in its upper half, so that it and the memory's address make the place by
//! themselves. With guard regions the access is all there is, and a fault of it the trap; else the address is compared
//! with what the memory's size leaves for it.

use std::mem::offset_of;

use tailfirst::aarch64::{Address, AddressError, Cond as Cc, Emitter, Encoder, Gpr32, Gpr64, UImm, WZR, X16, X17, XZR};
use tailfirst::{Direction, block};

use super::{A64, Access, Bounds, CONTEXT, MEMORY, NO_OFFSET, Operand, Reg, d, register, s, v, w, x};
use crate::abi::{Context, FunctionRecord, MemoryRecord, TableRecord, TrapKind};
use crate::ir::Class;
use crate::ir::ops::{FloatWidth, Load, Store, Width};

impl<'b> A64<'_, 'b> {
    /// Loads a word at a distance from a register.
    pub(super) fn load_word(&mut self, to: Gpr64, base: Gpr64, offset: usize) {
        self.reach(base, offset, |enc, address| enc.ldr_x(to, address));
    }

    pub(super) fn load_half(&mut self, to: Gpr32, base: Gpr64, offset: usize) {
        self.reach(base, offset, |enc, address| enc.ldr_w(to, address));
    }

    /// Accesses what is at a distance from a register, by X17 if no form has the distance.
    fn reach(
        &mut self,
        base: Gpr64,
        offset: usize,
        access: impl Fn(&mut Encoder<'b>, Address) -> Result<(), AddressError>,
    ) {
        if access(self.enc, base + offset as i32).is_err() {
            access(self.enc, base + X17).expect(NO_OFFSET);
            self.enc.mov_x_imm(X17, offset as u64);
        }
    }

    pub(super) fn access(
        &mut self,
        place: Access,
        bytes: u32,
        access: impl Fn(&mut Encoder<'b>, Address) -> Result<(), AddressError>,
    ) {
        let Access { address, offset } = place;
        let base = if address.is_some() { X16 } else { MEMORY };
        let direct = match (address, i32::try_from(offset)) {
            (Some(address), Ok(0)) => access(self.enc, MEMORY + x(address)).is_ok(),
            (_, Ok(offset)) => access(self.enc, base + offset).is_ok(),
            (_, Err(_)) => false,
        };
        if !direct {
            access(self.enc, base + X17).expect(NO_OFFSET);
        }
        if self.bounds == Bounds::Guard {
            self.site(TrapKind::MemoryOutOfBounds);
        }
        if !direct {
            self.enc.mov_x_imm(X17, u64::from(offset));
        }
        if let Some(address) = address
            && offset > 0
        {
            self.enc.add_x(X16, MEMORY, x(address));
        }
        if self.bounds == Bounds::Explicit {
            self.check(address, u64::from(offset) + u64::from(bytes));
        }
    }

    /// Traps unless what begins at the address and ends so many bytes behind is in the memory.
    fn check(&mut self, address: Option<Reg>, end: u64) {
        let trap = self.trap_label(TrapKind::MemoryOutOfBounds);
        if let Some(address) = address {
            block!(*self.enc; cmp_x(X16, x(address)); b_cond(Cc::LO, trap));
        }
        block!(*self.enc;
            mov_x_imm(X17, end);
            subs_x(X16, X16, X17);
            b_cond(Cc::LO, trap);
        );
        self.load_word(X16, X16, offset_of!(MemoryRecord, bytes));
        self.load_word(X16, CONTEXT, offset_of!(Context, memory));
    }

    pub(super) fn load_from(&mut self, kind: Load, to: Reg, access: Access) {
        if let Load::Vector(load) = kind {
            return self.load_vector(load, v(to), access);
        }
        self.access(access, kind.bytes(), |enc, place| match kind {
            Load::U8 => enc.ldrb_w(w(to), place),
            Load::U16 => enc.ldrh_w(w(to), place),
            Load::U32 => enc.ldr_w(w(to), place),
            Load::I64 => enc.ldr_x(x(to), place),
            Load::S8(Width::W32) => enc.ldrsb_w(w(to), place),
            Load::S8(Width::W64) => enc.ldrsb_x(x(to), place),
            Load::S16(Width::W32) => enc.ldrsh_w(w(to), place),
            Load::S16(Width::W64) => enc.ldrsh_x(x(to), place),
            Load::S32 => enc.ldrsw_x(x(to), place),
            Load::Float(FloatWidth::F32) => enc.ldr_s(s(to), place),
            Load::Float(FloatWidth::F64) => enc.ldr_d(d(to), place),
            Load::Vector(_) => unreachable!("vectors are loaded above"),
        });
    }

    pub(super) fn store_to(&mut self, kind: Store, access: Access, value: Operand) {
        self.access(access, kind.bytes(), |enc, place| match (kind, value) {
            (Store::I8, Operand::Immediate(_)) => enc.strb_w(WZR, place),
            (Store::I16, Operand::Immediate(_)) => enc.strh_w(WZR, place),
            (Store::I32 | Store::Float(FloatWidth::F32), Operand::Immediate(_)) => enc.str_w(WZR, place),
            (Store::I64 | Store::Float(FloatWidth::F64), Operand::Immediate(_)) => enc.str_x(XZR, place),
            (Store::I8, value) => enc.strb_w(w(register(value)), place),
            (Store::I16, value) => enc.strh_w(w(register(value)), place),
            (Store::I32, value) => enc.str_w(w(register(value)), place),
            (Store::I64, value) => enc.str_x(x(register(value)), place),
            (Store::Float(FloatWidth::F32), value) => enc.str_s(s(register(value)), place),
            (Store::Float(FloatWidth::F64), value) => enc.str_d(d(register(value)), place),
            (Store::Vector, value) => enc.str_q(v(register(value)).q(), place),
        });
    }

    pub(super) fn size_of_memory(&mut self, to: Gpr64) {
        self.enc.lsr_x_imm(to, to, UImm::of::<16>());
        self.load_word(to, to, offset_of!(MemoryRecord, bytes));
        self.load_word(to, CONTEXT, offset_of!(Context, memory));
    }

    pub(super) fn read_global(&mut self, class: Class, to: Reg, global: u32) {
        load_reg(self.enc, class, to, X16.into()).expect(NO_OFFSET);
        self.cell(global);
    }

    pub(super) fn write_global(&mut self, class: Class, global: u32, value: Reg) {
        store_reg(self.enc, class, X16.into(), value).expect(NO_OFFSET);
        self.cell(global);
    }

    /// X16 = the address of a global's cell.
    fn cell(&mut self, global: u32) {
        self.load_word(X16, X16, 8 * global as usize);
        self.load_word(X16, CONTEXT, offset_of!(Context, globals));
    }

    /// X16 = the address of a table's record.
    fn table(&mut self, table: u32) {
        self.load_word(X16, X16, 8 * table as usize);
        self.load_word(X16, CONTEXT, offset_of!(Context, tables));
    }

    /// X16 = the address of a table's elements, unless the index is beyond them.
    pub(super) fn elements(&mut self, table: u32, index: Gpr64, beyond: TrapKind) {
        let trap = self.trap_label(beyond);
        self.load_word(X16, X16, offset_of!(TableRecord, elements));
        block!(*self.enc; cmp_x(X17, index); b_cond(Cc::LS, trap));
        self.load_word(X17, X16, offset_of!(TableRecord, len));
        self.table(table);
    }

    pub(super) fn read_table(&mut self, to: Gpr64, table: u32, index: Gpr64) {
        self.enc.ldr_x(to, X16 + index.lsl(3)).expect(NO_OFFSET);
        self.elements(table, index, TrapKind::TableOutOfBounds);
    }

    pub(super) fn write_table(&mut self, table: u32, index: Gpr64, value: Gpr64) {
        self.enc.str_x(value, X16 + index.lsl(3)).expect(NO_OFFSET);
        self.elements(table, index, TrapKind::TableOutOfBounds);
    }

    pub(super) fn size_of_table(&mut self, to: Gpr32, table: u32) {
        self.load_half(to, X16, offset_of!(TableRecord, len));
        self.table(table);
    }

    pub(super) fn reference(&mut self, to: Gpr64, function: u32) {
        self.record(to, function);
    }

    /// The address of a function's record.
    pub(super) fn record(&mut self, to: Gpr64, function: u32) {
        let offset = u64::from(function) * size_of::<FunctionRecord>() as u64;
        if self.enc.add_x_const(to, to, offset as i64).is_err() {
            block!(*self.enc; mov_x_imm(X17, offset); add_x(to, to, X17));
        }
        self.load_word(to, CONTEXT, offset_of!(Context, functions));
    }
}

/// A value from memory into a register, as a word or two.
pub(super) fn load_reg<D: Direction>(
    enc: &mut Emitter<'_, D>,
    class: Class,
    to: Reg,
    from: Address,
) -> Result<(), AddressError> {
    match class {
        Class::Int => enc.ldr_x(x(to), from),
        Class::Float => enc.ldr_d(d(to), from),
        Class::Vector => enc.ldr_q(v(to).q(), from),
    }
}

pub(super) fn store_reg<D: Direction>(
    enc: &mut Emitter<'_, D>,
    class: Class,
    to: Address,
    from: Reg,
) -> Result<(), AddressError> {
    match class {
        Class::Int => enc.str_x(x(from), to),
        Class::Float => enc.str_d(d(from), to),
        Class::Vector => enc.str_q(v(from).q(), to),
    }
}
