//! What code calls for instructions that are too long for it: growing, and whatever copies or fills ranges.
//!
//! Each gets the context of the calling instance. A range that does not fit is one word to code, which traps then.

use super::instance::InstanceState;
use crate::abi::{Builtins, Context};

/// To code: success, and that a range does not fit.
const FITS: u64 = 0;
const OUT_OF_BOUNDS: u64 = 1;

pub(super) static BUILTINS: Builtins = Builtins {
    memory_grow,
    memory_copy,
    memory_fill,
    memory_init,
    data_drop,
    table_grow,
    table_fill,
    table_copy,
    table_init,
    elem_drop,
};

/// # Safety
/// The context is that of an instance whose code runs.
unsafe fn instance<'a>(context: *mut Context) -> &'a InstanceState {
    // SAFETY: an instance's context says who owns it.
    unsafe { &*(*context).owner.cast() }
}

fn fits<T, E>(outcome: Result<T, E>) -> u64 {
    if outcome.is_ok() { FITS } else { OUT_OF_BOUNDS }
}

/// The size before, or -1.
fn grown(before: Option<u64>) -> u32 {
    before.map_or(u32::MAX, |before| before as u32)
}

unsafe extern "C" fn memory_grow(context: *mut Context, pages: u32) -> u32 {
    // SAFETY: code passes its context; and so below.
    let memory = &unsafe { instance(context) }.memories[0];
    grown(memory.grow(pages.into()))
}

unsafe extern "C" fn memory_copy(context: *mut Context, to: u32, from: u32, length: u32) -> u64 {
    // SAFETY: as above.
    let memory = &unsafe { instance(context) }.memories[0];
    fits(memory.copy(to.into(), from.into(), length.into()))
}

unsafe extern "C" fn memory_fill(context: *mut Context, address: u32, value: u32, length: u32) -> u64 {
    // SAFETY: as above.
    let memory = &unsafe { instance(context) }.memories[0];
    fits(memory.fill(address.into(), value as u8, length.into()))
}

unsafe extern "C" fn memory_init(context: *mut Context, segment: u32, to: u32, from: u32, length: u32) -> u64 {
    // SAFETY: as above.
    let instance = unsafe { instance(context) };
    fits(instance.memory_init(segment, to.into(), from.into(), length.into()))
}

unsafe extern "C" fn data_drop(context: *mut Context, segment: u32) {
    // SAFETY: as above.
    unsafe { instance(context) }.drop_data(segment);
}

unsafe extern "C" fn table_grow(context: *mut Context, table: u32, with: u64, by: u32) -> u32 {
    // SAFETY: as above.
    let table = &unsafe { instance(context) }.tables[table as usize];
    grown(table.grow(by.into(), with))
}

unsafe extern "C" fn table_fill(context: *mut Context, table: u32, index: u32, with: u64, length: u32) -> u64 {
    // SAFETY: as above.
    let table = &unsafe { instance(context) }.tables[table as usize];
    fits(table.fill(index.into(), with, length.into()))
}

unsafe extern "C" fn table_copy(
    context: *mut Context,
    to_table: u32,
    from_table: u32,
    to: u32,
    from: u32,
    length: u32,
) -> u64 {
    // SAFETY: as above.
    let tables = &unsafe { instance(context) }.tables;
    fits(tables[to_table as usize].copy(to.into(), &tables[from_table as usize], from.into(), length.into()))
}

unsafe extern "C" fn table_init(
    context: *mut Context,
    table: u32,
    segment: u32,
    to: u32,
    from: u32,
    length: u32,
) -> u64 {
    // SAFETY: as above.
    let instance = unsafe { instance(context) };
    fits(instance.table_init(table, segment, to.into(), from.into(), length.into()))
}

unsafe extern "C" fn elem_drop(context: *mut Context, segment: u32) {
    // SAFETY: as above.
    unsafe { instance(context) }.drop_elements(segment);
}
