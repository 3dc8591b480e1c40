//! Call frame information: how a debugger, a profiler or a panic finds the caller of finished code.
//!
//! An unwinder stands at some address and needs to know two things: where the *canonical frame address* is (CFA: the
//! value that the stack pointer had in the caller, before the call), and where the caller's registers were saved. Both
//! change with each instruction of a prologue and an epilogue, so an assembler's source has a directive behind each
//! such instruction: `push rbp`, then `.cfi_def_cfa_offset 16`.
//!
//! Here code is emitted backward, and the directives with it: a rule is given *before* the instruction that makes it
//! true, when what lies above is placed already and `enc.here()` is the first place where it holds. Read from its last
//! line to its first, such a function is an assembler's source, directives and all. The rules are noted beside the
//! encoder; with the finished code they become an [`UnwindTable`], whose rules ascend, and that becomes the bytes of an
//! `.eh_frame` section.
//!
//! If two rules at one place conflict, the one given first applies to the code above it, as the rule that was given
//! later lies lower, as code does. (In an encoder that grows up, the rules are given in their order, and the one given
//! last applies. What counts is how the code as a whole grows, also of rules given in a block.) This is what an elided
//! instruction needs, and what makes a restored state and the next remembered one come out in order.
//!
//! Before any rule of the function's own, what holds is the state at a function's entry: on x86-64 the CFA is RSP + 8,
//! and the return address is at CFA - 8; on AArch64 the CFA is SP, and the return address is in X30.
//!
//! Signed return addresses (AArch64's PAC) and the tables of Windows are not covered.

use crate::{Code, Isa, Label};
use alloc::vec::Vec;
use core::{fmt, marker::PhantomData, ops::Range};
use gimli::{
    Encoding, Format, Register, RunTimeEndian,
    write::{
        Address, CallFrameInstruction as Cfi, CieId, CommonInformationEntry, EhFrame as EhFrameSection, EndianVec,
        FrameDescriptionEntry, FrameTable,
    },
};

/// Notes, for one function of an encoder, how its callers are found.
///
/// A function with a frame pointer, written from its last instruction to its first:
///
/// ```
/// use tailfirst::{unwind::Unwind, x64::*};
///
/// let mut enc = Encoder::new();
/// let mut unwind = Unwind::new();
/// enc.ret();
/// unwind.cfa(enc.here(), RSP, 8);      // at the ret
/// unwind.restored(enc.here(), RBP);
/// enc.pop_r64(RBP);
/// enc.call_rm64(RDI);
/// unwind.cfa_register(enc.here(), RBP); // from the call upward
/// enc.mov_rm64_r64(RBP, RSP);
/// unwind.cfa_offset(enc.here(), 16);   // at the mov
/// unwind.saved(enc.here(), RBP, -16);
/// enc.push_r64(RBP);
/// let code = enc.finish().unwrap();
///
/// let table = unwind.table(&code)?;
/// let section = table.eh_frame(0x7F00_0000_1000); // where the code will run
/// # assert_eq!(section.len() % 4, 0);
/// # Ok::<(), tailfirst::unwind::UnwindError>(())
/// ```
///
/// The same for AArch64, without a frame pointer:
///
/// ```
/// use tailfirst::{unwind::Unwind, aarch64::*};
///
/// let mut enc = Encoder::new();
/// let mut unwind = Unwind::new();
/// enc.ret();
/// unwind.cfa_offset(enc.here(), 0);
/// unwind.restored(enc.here(), X30);
/// enc.ldr_x_post(X30, SP, SImm::new(16).unwrap());
/// enc.blr(X0);
/// unwind.cfa_offset(enc.here(), 16);
/// unwind.saved(enc.here(), X30, -16);
/// enc.str_x_pre(X30, SP, SImm::new(-16).unwrap());
/// let code = enc.finish().unwrap();
/// let section = unwind.table(&code)?.eh_frame(0x7F00_0000_1000);
/// # Ok::<(), tailfirst::unwind::UnwindError>(())
/// ```
///
/// Rules may be given in any order, except for those at one place. A rule whose label has no place in the finished code
/// (pending, or of code that was thrown away) is left out.
#[derive(Debug, Clone)]
pub struct Unwind<I> {
    rules: Vec<(Label, Rule)>,
    isa: PhantomData<I>,
}

/// What holds from a place upward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Cfa(Register, u32),
    CfaRegister(Register),
    CfaOffset(u32),
    Saved(Register, i32),
    Restored(Register),
    Remember,
    Restore,
}

/// The stack slots that the CFI format can name are this many bytes apart.
const SLOT: i8 = 8;

impl<I> Default for Unwind<I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I> Unwind<I> {
    /// No rules: everywhere the state at a function's entry.
    pub const fn new() -> Self {
        Unwind { rules: Vec::new(), isa: PhantomData }
    }

    /// Forgets all rules and keeps their memory: for the next code of an encoder that was
    /// [cleared](crate::Encoder::clear).
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// From `from` upward the CFA is `register + offset`. In bytes, at most 2^31 - 1.
    pub fn cfa(&mut self, from: Label, register: impl FrameBase<I>, offset: u32) {
        self.rules.push((from, Rule::Cfa(register.column(), offset)));
    }

    /// From `from` upward the CFA is counted from `register`; the offset stays.
    pub fn cfa_register(&mut self, from: Label, register: impl FrameBase<I>) {
        self.rules.push((from, Rule::CfaRegister(register.column())));
    }

    /// From `from` upward the CFA is `offset` bytes above its register, which stays. At most 2^31 - 1.
    pub fn cfa_offset(&mut self, from: Label, offset: u32) {
        self.rules.push((from, Rule::CfaOffset(offset)));
    }

    /// From `from` upward the caller's value of `register` is in memory, at `CFA + offset`. A multiple of 8 bytes,
    /// below 0 in the function's own frame.
    pub fn saved(&mut self, from: Label, register: impl FrameRegister<I>, offset: i32) {
        self.rules.push((from, Rule::Saved(register.column(), offset)));
    }

    /// From `from` upward `register` holds the caller's value, as at the function's entry.
    pub fn restored(&mut self, from: Label, register: impl FrameRegister<I>) {
        self.rules.push((from, Rule::Restored(register.column())));
    }

    /// Remembers all rules that hold at `from`, for the [`restore`](Self::restore) above. Pairs may be nested.
    ///
    /// An epilogue in the middle of a function is such a pair: `restore` above its return, given first, and `remember`
    /// below its first instruction, given last.
    pub fn remember(&mut self, from: Label) {
        self.rules.push((from, Rule::Remember));
    }

    /// From `from` upward what holds is what the [`remember`](Self::remember) below has seen.
    pub fn restore(&mut self, from: Label) {
        self.rules.push((from, Rule::Restore));
    }
}

impl<I: Isa> Unwind<I> {
    /// The rules of a function that is all of `code`, which is the finished code of the encoder that made the labels.
    ///
    /// # Errors
    /// The lowest mistake; see [`UnwindError`].
    pub fn table(&self, code: &Code<'_, I>) -> Result<UnwindTable<I>, UnwindError> {
        self.table_of(code, 0..code.bytes().len())
    }

    /// As [`table`](Self::table), of a function that is a part of `code`; offsets are bytes from its start.
    ///
    /// # Errors
    /// The lowest mistake; see [`UnwindError`].
    pub fn table_of(&self, code: &Code<'_, I>, function: Range<usize>) -> Result<UnwindTable<I>, UnwindError> {
        if function.start > function.end || function.end > code.bytes().len() {
            return Err(UnwindError::FunctionOutsideCode { function, code: code.bytes().len() });
        }
        let rules = code.in_layout_order(self.rules.iter().copied());
        check(&rules, &function)?;
        Ok(UnwindTable { function, rules, isa: PhantomData })
    }
}

fn check(rules: &[(usize, Rule)], function: &Range<usize>) -> Result<(), UnwindError> {
    let mut remembered = Vec::new();
    for &(offset, rule) in rules {
        // A rule at the end has no code, but a restored state there is what a generator naturally gives.
        if offset < function.start || offset > function.end {
            return Err(UnwindError::OutsideFunction { offset, function: function.clone() });
        }
        match rule {
            Rule::Cfa(_, from_register) | Rule::CfaOffset(from_register) if i32::try_from(from_register).is_err() => {
                return Err(UnwindError::CfaOffset { offset, from_register });
            }
            Rule::Saved(_, from_cfa) if from_cfa % i32::from(SLOT) != 0 => {
                return Err(UnwindError::SaveOffset { offset, from_cfa });
            }
            Rule::Remember => remembered.push(offset),
            Rule::Restore if remembered.pop().is_none() => return Err(UnwindError::NothingRemembered { offset }),
            _ => {}
        }
    }
    match remembered.pop() {
        Some(offset) => Err(UnwindError::NeverRestored { offset }),
        None => Ok(()),
    }
}

/// The rules of a function, ascending. Made by [`Unwind::table`].
#[derive(Debug, Clone)]
pub struct UnwindTable<I> {
    function: Range<usize>,
    // Invariant(checked): these have passed `check`; the function is a part of its code.
    rules: Vec<(usize, Rule)>,
    isa: PhantomData<I>,
}

impl<I: UnwindIsa> UnwindTable<I> {
    /// An `.eh_frame` section with this one function, for code that runs at address `code`. See [`EhFrame`].
    pub fn eh_frame(&self, code: u64) -> Vec<u8> {
        let mut section = EhFrame::new();
        section.push(self, code);
        section.to_bytes()
    }

    fn entry(&self, code: u64) -> FrameDescriptionEntry {
        let Range { start, end } = self.function;
        // Code has fewer than 2^31 bytes.
        let mut entry =
            FrameDescriptionEntry::new(Address::Constant(code.wrapping_add(start as u64)), (end - start) as u32);
        for &(offset, rule) in self.rules.iter().filter(|(offset, _)| *offset < end) {
            let rule = match rule {
                // Invariant(checked): the offsets fit.
                Rule::Cfa(register, offset) => Cfi::Cfa(register, offset as i32),
                Rule::CfaRegister(register) => Cfi::CfaRegister(register),
                Rule::CfaOffset(offset) => Cfi::CfaOffset(offset as i32),
                Rule::Saved(register, offset) => Cfi::Offset(register, offset),
                Rule::Restored(register) => Cfi::Restore(register),
                Rule::Remember => Cfi::RememberState,
                Rule::Restore => Cfi::RestoreState,
            };
            entry.add_instruction((offset - start) as u32, rule);
        }
        entry
    }
}

/// An `.eh_frame` section: the functions' rules as unwinders read them (DWARF 5 section 6.4, Linux Standard Base).
///
/// Addresses are absolute, so the bytes may lie anywhere. They are in this machine's byte order and end in the zero
/// length that unwinders look for.
#[derive(Debug)]
pub struct EhFrame<I> {
    table: FrameTable,
    cie: CieId,
    isa: PhantomData<I>,
}

impl<I: UnwindIsa> Default for EhFrame<I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: UnwindIsa> EhFrame<I> {
    /// A section without functions.
    pub fn new() -> Self {
        let mut table = FrameTable::default();
        let cie = table.add_cie(I::at_entry());
        EhFrame { table, cie, isa: PhantomData }
    }

    /// Adds a function whose code runs at address `code`. (Of a function that is a part of its code: where the code
    /// starts.)
    pub fn push(&mut self, function: &UnwindTable<I>, code: u64) {
        self.table.add_fde(self.cie, function.entry(code));
    }

    /// The section.
    pub fn to_bytes(&self) -> Vec<u8> {
        let endian = if cfg!(target_endian = "big") { RunTimeEndian::Big } else { RunTimeEndian::Little };
        let mut section = EhFrameSection(EndianVec::new(endian));
        // It fails when offsets do not fit, do not ascend or are no multiples of the slot.
        self.table.write_eh_frame(&mut section).expect("Invariant(checked)");
        let mut bytes = section.0.into_vec();
        bytes.extend([0; 4]);
        bytes
    }
}

/// An instruction set whose frames can be described. Sealed.
pub trait UnwindIsa: Isa {
    /// The state at a function's entry.
    #[doc(hidden)]
    fn at_entry() -> CommonInformationEntry;
}

/// CFI for 64-bit code, without rules.
fn common(return_address: Register) -> CommonInformationEntry {
    let encoding = Encoding { format: Format::Dwarf32, version: 1, address_size: 8 };
    CommonInformationEntry::new(encoding, 1, -SLOT, return_address)
}

/// A register of which unwinders know a number. Sealed.
pub trait FrameRegister<I>: sealed::Column {}

/// A register that a CFA can be counted from. Sealed.
pub trait FrameBase<I>: FrameRegister<I> {}

mod sealed {
    pub trait Column {
        /// The register's number in DWARF.
        fn column(self) -> gimli::Register;
    }
}

#[cfg(feature = "x64")]
mod x64 {
    //! System V ABI, AMD64 supplement, figure 3.36.

    use super::{Cfi, CommonInformationEntry, FrameBase, FrameRegister, SLOT, UnwindIsa, common, sealed::Column};
    use crate::x64::{Gpr64, RSP, X64, Xmm};
    use gimli::Register;

    const RETURN_ADDRESS: Register = Register(16);

    impl UnwindIsa for X64 {
        fn at_entry() -> CommonInformationEntry {
            let mut entry = common(RETURN_ADDRESS);
            entry.add_instruction(Cfi::Cfa(RSP.column(), i32::from(SLOT)));
            entry.add_instruction(Cfi::Offset(RETURN_ADDRESS, -i32::from(SLOT)));
            entry
        }
    }

    impl Column for Gpr64 {
        fn column(self) -> Register {
            const COLUMNS: [u16; 8] = [0, 2, 1, 3, 7, 6, 4, 5];
            let number = self.number();
            Register(COLUMNS.get(usize::from(number)).copied().unwrap_or(u16::from(number)))
        }
    }

    impl Column for Xmm {
        fn column(self) -> Register {
            Register(17 + u16::from(self.number()))
        }
    }

    impl FrameRegister<X64> for Gpr64 {}
    impl FrameRegister<X64> for Xmm {}
    impl FrameBase<X64> for Gpr64 {}
}

#[cfg(feature = "aarch64")]
mod aarch64 {
    //! DWARF for the Arm 64-bit architecture, section 4.1.

    use super::{Cfi, CommonInformationEntry, FrameBase, FrameRegister, UnwindIsa, common, sealed::Column};
    use crate::aarch64::{A64, D, Gpr64, SP, X30, XSp};
    use gimli::Register;

    impl UnwindIsa for A64 {
        fn at_entry() -> CommonInformationEntry {
            let mut entry = common(X30.column());
            entry.add_instruction(Cfi::Cfa(SP.column(), 0));
            entry
        }
    }

    impl Column for Gpr64 {
        fn column(self) -> Register {
            Register(self.number().into())
        }
    }

    impl Column for XSp {
        fn column(self) -> Register {
            Register(self.number().into())
        }
    }

    impl Column for D {
        fn column(self) -> Register {
            Register(64 + u16::from(self.number()))
        }
    }

    impl FrameRegister<A64> for Gpr64 {}
    impl FrameRegister<A64> for XSp {}
    impl FrameRegister<A64> for D {}
    impl FrameBase<A64> for Gpr64 {}
    impl FrameBase<A64> for XSp {}
}

/// Why rules make no table. Offsets are bytes from the start of the code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnwindError {
    /// A function is not a part of its code.
    FunctionOutsideCode {
        /// Where the function should be.
        function: Range<usize>,
        /// The code's length.
        code: usize,
    },
    /// A rule is outside its function.
    OutsideFunction {
        /// Where the rule is.
        offset: usize,
        /// Where the function is.
        function: Range<usize>,
    },
    /// A [`restore`](Unwind::restore) has no [`remember`](Unwind::remember) below it.
    NothingRemembered {
        /// Where the `restore` is.
        offset: usize,
    },
    /// A [`remember`](Unwind::remember) has no [`restore`](Unwind::restore) above it.
    NeverRestored {
        /// Where the `remember` is.
        offset: usize,
    },
    /// A register is said to be saved at an address that the format cannot hold: not a multiple of 8 bytes from the
    /// CFA.
    SaveOffset {
        /// Where the rule is.
        offset: usize,
        /// The bytes from the CFA.
        from_cfa: i32,
    },
    /// A CFA is too far from its register.
    CfaOffset {
        /// Where the rule is.
        offset: usize,
        /// The bytes from the register, more than 2^31 - 1.
        from_register: u32,
    },
}

impl fmt::Display for UnwindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnwindError::FunctionOutsideCode { function: Range { start, end }, code } => {
                write!(f, "a function from {start:#x} to {end:#x} is not a part of {code:#x} bytes of code")
            }
            UnwindError::OutsideFunction { offset, function: Range { start, end } } => {
                write!(f, "a frame rule at offset {offset:#x} is outside its function, {start:#x} to {end:#x}")
            }
            UnwindError::NothingRemembered { offset } => {
                write!(f, "at offset {offset:#x} frame rules are restored, and below none are remembered")
            }
            UnwindError::NeverRestored { offset } => {
                write!(f, "at offset {offset:#x} frame rules are remembered, and above never restored")
            }
            UnwindError::SaveOffset { offset, from_cfa } => {
                write!(
                    f,
                    "at offset {offset:#x} a register is saved {from_cfa} bytes from the CFA: not a multiple of {SLOT}"
                )
            }
            UnwindError::CfaOffset { offset, from_register } => {
                write!(
                    f,
                    "at offset {offset:#x} the CFA is {from_register} bytes from its register: more than {}",
                    i32::MAX
                )
            }
        }
    }
}

impl core::error::Error for UnwindError {}
