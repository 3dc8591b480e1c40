//! The IR that every back end lowers, and what a back end is.
//!
//! Registers, conditions and scales are enumerations, as in a compiler: so each contender gets them with what their
//! types say, and converts them without a check.

/// An enumeration whose values are numbered from zero.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident: $($value:ident)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum $name { $($value),* }

        impl $name {
            /// All of them, in the order of their numbers.
            pub const ALL: &[$name] = &[$($name::$value),*];
        }
    };
}

numbered! {
    /// A general register.
    Gpr: Rax Rcx Rdx Rbx Rsp Rbp Rsi Rdi R8 R9 R10 R11 R12 R13 R14 R15
}
numbered! {
    /// A vector register.
    Xmm: X0 X1 X2 X3 X4 X5 X6 X7 X8 X9 X10 X11 X12 X13 X14 X15
}
numbered! {
    /// A condition.
    Cond: O No B Ae E Ne Be A S Ns P Np L Ge Le G
}
numbered! {
    /// The factor of an index.
    Scale: X1 X2 X4 X8
}

/// An operation after register allocation. Each kind uses some of the operands.
#[derive(Debug, Clone)]
pub struct Op {
    /// A constant that may need 64 bits.
    pub wide: i64,
    /// Constants.
    pub imm: [i32; 2],
    /// Displacements of addresses.
    pub disp: [i32; 2],
    /// Which arm of a back end's `match` it is.
    pub kind: u16,
    /// Blocks that it may branch to.
    pub label: [u16; 2],
    /// General registers.
    pub gpr: [Gpr; 4],
    /// Vector registers.
    pub xmm: [Xmm; 3],
    /// An index, which is never RSP.
    pub index: Gpr,
    /// Its factor.
    pub scale: Scale,
    /// What it depends on.
    pub cond: Cond,
    /// By how many bits to shift.
    pub count: u8,
}

/// Operations in blocks; a label stands before each block, with the block's number. A `ret` follows the last.
#[derive(Debug, Clone)]
pub struct Program {
    /// All operations.
    pub ops: Vec<Op>,
    /// Where each block ends among them.
    pub ends: Vec<usize>,
}

impl Program {
    /// The blocks with their numbers.
    pub fn blocks(&self) -> impl DoubleEndedIterator<Item = (usize, &[Op])> {
        self.ends.iter().enumerate().map(|(block, &end)| {
            let start = if block == 0 { 0 } else { self.ends[block - 1] };
            (block, &self.ops[start..end])
        })
    }
}

/// More than the longest program's code takes, for contenders whose buffer does not grow.
pub const ROOM: usize = 1 << 18;

/// A back end: an assembler and a `match` with a call or a few for each kind of operation.
pub trait Backend {
    /// A back end. Its code has so much room, if its buffer does not grow by itself.
    fn new(room: usize) -> Self
    where
        Self: Sized;
    /// Drops the assembler and takes a new one, as if no program had been assembled. A back end's own list of labels
    /// stays.
    fn renew(&mut self, room: usize);
    /// Assembles a program, and says how many bytes its finished code has. What was allocated for the last one is used
    /// again.
    fn assemble(&mut self, program: &Program) -> usize;
    /// The code of the last program.
    fn bytes(&mut self) -> Vec<u8>;
}
