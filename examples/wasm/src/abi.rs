//! What compiled code and the run time know of each other.
//!
//! Code finds everything through one register, the context's (x86-64: R15; AArch64: X28). A second one holds the
//! address of memory 0 (R14; X27). A call to another instance goes through a [`FunctionRecord`], which says whose
//! context its code wants, and the caller restores its own afterwards.
//!
//! A value is a word of eight bytes in a table or on the stack of code, where a vector is two: an `i32` or `f32` in the
//! lower half, the upper one being zero. In a global and between Rust and code it is in sixteen bytes. A `funcref` is
//! the address of a [`FunctionRecord`], an `externref` whatever word the run time wants; zero is null in both.
//!
//! Code is entered by an *entry* stub and left by its return, or by the *exit*: a trap's handler continues there with a
//! trap's code plus one in the register of results (RAX; X0), and the entry stub returns that word. Zero is success.
//! All contexts of a store share one [`Activation`], since a trap may happen in any of them.

use std::ffi::c_void;
use std::mem::offset_of;

use crate::ir::ops::Builtin;

/// What code finds by its context register.
#[repr(C)]
#[derive(Debug)]
pub struct Context {
    /// The store's.
    pub activation: *mut Activation,
    /// Memory 0. Its reservation never moves.
    pub memory_base: *mut u8,
    /// Memory 0's size.
    pub memory: *const MemoryRecord,
    /// The cells of all globals of the module by index; an imported one is the exporter's.
    pub globals: *const *mut GlobalCell,
    /// All tables of the module by index.
    pub tables: *const *const TableRecord,
    /// All functions of the module by index, imported ones first.
    pub functions: *const FunctionRecord,
    /// The store-wide number of each of the module's types.
    pub signatures: *const u32,
    /// What code calls for instructions that are too long for it.
    pub builtins: *const Builtins,
    /// What a host function's stub calls; `None` in an instance's context.
    pub host: Option<HostCall>,
    /// For the run time.
    pub owner: *mut c_void,
}

/// A host function, by its context, with its arguments in the slots; it leaves its results there. It returns zero, or
/// the word with which the entry stub shall return.
pub type HostCall = unsafe extern "C" fn(*mut Context, *mut u128) -> u64;

/// What an entry stub is: code, its context, and the arguments' slots, where it leaves the results.
pub type Entry = unsafe extern "C" fn(*const u8, *mut Context, *mut u128) -> u64;

/// Where the stack must not grow beyond, and where a trap returns to.
#[repr(C)]
#[derive(Debug)]
pub struct Activation {
    /// A function whose frame would begin below traps. Functions that call none and have a frame below
    /// [`UNCHECKED_FRAME`] do not look, and host stubs and builtins neither: what lies below must suffice for them.
    pub stack_limit: usize,
    /// The stack pointer of the innermost entry stub, which restores the previous one.
    pub entry_sp: usize,
}

/// The largest frame for which a function that calls none does not look at the stack's limit.
pub const UNCHECKED_FRAME: u32 = 4096;

/// Memory 0's size, shared by all instances that use it.
#[repr(C)]
#[derive(Debug)]
pub struct MemoryRecord {
    /// The current size.
    pub bytes: u64,
}

/// A global's value.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug)]
pub struct GlobalCell(pub u128);

/// A table.
#[repr(C)]
#[derive(Debug)]
pub struct TableRecord {
    /// Its references.
    pub elements: *mut u64,
    /// How many there are.
    pub len: u64,
}

/// A function as others call it.
#[repr(C)]
#[derive(Debug)]
pub struct FunctionRecord {
    /// Its first instruction, in the convention of compiled code.
    pub code: *const u8,
    /// What its context register must hold.
    pub context: *mut Context,
    /// The store-wide number of its type.
    pub signature: u32,
}

/// Index of a table, a memory, a segment or a function, or a count of elements or bytes, as instructions give them.
type Index = u32;

/// What code calls for instructions that are too long for it. Those that return a `u64` of success return zero, or
/// another word if the instruction shall trap.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Builtins {
    /// Delta in pages; returns the old size in pages or -1.
    pub memory_grow: unsafe extern "C" fn(*mut Context, Index) -> u32,
    /// Destination, source, length. Zero or out of bounds.
    pub memory_copy: unsafe extern "C" fn(*mut Context, Index, Index, Index) -> u64,
    /// Destination, byte, length. Zero or out of bounds.
    pub memory_fill: unsafe extern "C" fn(*mut Context, Index, u32, Index) -> u64,
    /// Segment, destination, source, length. Zero or out of bounds.
    pub memory_init: unsafe extern "C" fn(*mut Context, Index, Index, Index, Index) -> u64,
    /// Segment.
    pub data_drop: unsafe extern "C" fn(*mut Context, Index),
    /// Table, reference, delta; returns the old size or -1.
    pub table_grow: unsafe extern "C" fn(*mut Context, Index, u64, Index) -> u32,
    /// Table, start, reference, length. Zero or out of bounds.
    pub table_fill: unsafe extern "C" fn(*mut Context, Index, Index, u64, Index) -> u64,
    /// Destination table, source table, destination, source, length. Zero or out of bounds.
    pub table_copy: unsafe extern "C" fn(*mut Context, Index, Index, Index, Index, Index) -> u64,
    /// Table, segment, destination, source, length. Zero or out of bounds.
    pub table_init: unsafe extern "C" fn(*mut Context, Index, Index, Index, Index, Index) -> u64,
    /// Segment.
    pub elem_drop: unsafe extern "C" fn(*mut Context, Index),
}

impl Builtin {
    /// Where its address stands in [`Builtins`].
    pub fn offset(self) -> usize {
        match self {
            Builtin::MemoryGrow => offset_of!(Builtins, memory_grow),
            Builtin::MemoryCopy => offset_of!(Builtins, memory_copy),
            Builtin::MemoryFill => offset_of!(Builtins, memory_fill),
            Builtin::MemoryInit => offset_of!(Builtins, memory_init),
            Builtin::DataDrop => offset_of!(Builtins, data_drop),
            Builtin::TableGrow => offset_of!(Builtins, table_grow),
            Builtin::TableFill => offset_of!(Builtins, table_fill),
            Builtin::TableCopy => offset_of!(Builtins, table_copy),
            Builtin::TableInit => offset_of!(Builtins, table_init),
            Builtin::ElemDrop => offset_of!(Builtins, elem_drop),
        }
    }

    /// The trap of one that says by what it returns whether the instruction shall trap. The others cannot.
    pub fn trap(self) -> Option<TrapKind> {
        match self {
            Builtin::MemoryCopy | Builtin::MemoryFill | Builtin::MemoryInit => Some(TrapKind::MemoryOutOfBounds),
            Builtin::TableFill | Builtin::TableCopy | Builtin::TableInit => Some(TrapKind::TableOutOfBounds),
            Builtin::MemoryGrow | Builtin::DataDrop | Builtin::TableGrow | Builtin::ElemDrop => None,
        }
    }
}

/// Why code stopped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum TrapKind {
    /// `unreachable` was executed.
    Unreachable,
    /// An access outside memory.
    MemoryOutOfBounds,
    /// An access outside a table.
    TableOutOfBounds,
    /// `call_indirect` with an index outside the table.
    UndefinedElement,
    /// `call_indirect` of a null reference.
    UninitializedElement,
    /// `call_indirect` of a function of another type.
    IndirectCallTypeMismatch,
    /// An integer division by zero.
    DivisionByZero,
    /// A quotient or a truncated float that the type cannot hold.
    IntegerOverflow,
    /// A NaN truncated to an integer.
    InvalidConversion,
    /// The stack's limit was reached.
    StackOverflow,
}

/// An instruction that stops if it traps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrapSite {
    /// The machine instruction's offset in the module's code.
    pub code_offset: u32,
    /// What it means.
    pub kind: TrapKind,
    /// The WebAssembly instruction's offset in the module.
    pub wasm_offset: u32,
}
