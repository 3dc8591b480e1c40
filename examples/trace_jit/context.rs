//! The context: the memory that native code and the JIT share.
//!
//! Native code keeps its address in a register for as long as it runs and reaches everything by an offset from there:
//! the frame, the places of spilled values, and where an exit leaves its number and the registers.

use std::mem::offset_of;

use crate::backend::Mem;
use crate::bytecode::State;

pub const SPILLS: u32 = 256;
/// Machine registers of both classes.
pub const REGISTERS: usize = 64;

#[repr(C)]
pub struct Context {
    pub state: State,
    /// The number of the exit that was taken.
    pub exit: u64,
    /// Breaks cycles of copies.
    pub temporary: u64,
    pub spills: [u64; SPILLS as usize],
    /// The registers at the exit that was taken.
    pub saved: [u64; REGISTERS],
}

impl Context {
    pub fn new(state: State) -> Box<Context> {
        Box::new(Context { state, exit: 0, temporary: 0, spills: [0; SPILLS as usize], saved: [0; REGISTERS] })
    }

    /// What native code left in `mem`.
    pub fn read(&self, mem: Mem) -> u64 {
        match mem {
            Mem::Frame(slot) => self.state.frame[slot as usize],
            Mem::Spill(number) => self.spills[number as usize],
            Mem::Temporary => self.temporary,
            Mem::Saved(register) => self.saved[register as usize],
        }
    }

    /// Offset of the exit's number.
    pub fn exit() -> i32 {
        offset_of!(Context, exit) as i32
    }
}

impl Mem {
    /// Its offset in the context.
    pub fn offset(self) -> i32 {
        let (array, index) = match self {
            Mem::Frame(slot) => (offset_of!(Context, state.frame), slot as usize),
            Mem::Spill(number) => (offset_of!(Context, spills), number as usize),
            Mem::Temporary => (offset_of!(Context, temporary), 0),
            Mem::Saved(register) => (offset_of!(Context, saved), register as usize),
        };
        (array + 8 * index) as i32
    }
}
