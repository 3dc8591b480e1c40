//! x86-64: rows in Intel's notation, and the checked model of the forms that they make.

mod check;
mod emit;
mod encoding;
mod finder;
mod layouts;
mod operand;
mod sized;
mod synonym;
mod words;

use crate::{
    choice::Choice,
    condition::{Condition, Term},
    error::{Reason, TableError},
    fields::{record, words},
    row::{Line, TextRow},
};

pub use check::forms;
pub use emit::{choices, encoders, forms_data, methods, pages, readers};
pub use finder::{finder, finder_reader};
pub use layouts::LAYOUTS;
pub use words::words;

/// A row as text; see the legend in tables/README.md.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Mnemonic and explicit operands.
    pub ins: String,
    /// The encoding.
    pub op: String,
    /// Where each operand goes.
    pub en: String,
    /// How each operand is accessed.
    pub io: String,
    /// Implicit operands.
    pub imp: Option<String>,
    /// Flags read and written.
    pub rflags: Option<String>,
    /// CPU features.
    pub cpu: Option<String>,
    /// EVEX tuple type.
    pub tt: Option<Tuple>,
    /// A form that can produce the same bytes.
    pub alias: Option<String>,
    /// What must hold between operands.
    pub when: Option<String>,
}

record!(Row: ins op en io; imp rflags cpu tt alias when);

impl TextRow for Row {
    fn title(&self) -> &str {
        &self.ins
    }

    fn texts(&mut self) -> Vec<&mut String> {
        let optional = [&mut self.imp, &mut self.rflags, &mut self.cpu, &mut self.alias, &mut self.when];
        [&mut self.ins, &mut self.op, &mut self.en, &mut self.io]
            .into_iter()
            .chain(optional.into_iter().flatten())
            .collect()
    }

    fn cpu(&mut self) -> &mut Option<String> {
        &mut self.cpu
    }
}

/// How EVEX scales a one-byte displacement (SDM vol. 2A, 2.7.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the SDM's names
pub enum Tuple {
    Full,
    Half,
    FullMem,
    HalfMem,
    QuarterMem,
    EighthMem,
    Quarter,
    Tuple1Scalar,
    /// Tuple1 Scalar of bytes.
    Tuple1Byte,
    /// Tuple1 Scalar of words.
    Tuple1Word,
    Tuple1Fixed,
    Tuple2,
    Tuple4,
    Tuple8,
    Mem128,
    MovDdup,
}

words!(
    Tuple: Full Half FullMem HalfMem QuarterMem EighthMem Quarter Tuple1Scalar Tuple1Byte Tuple1Word Tuple1Fixed
    Tuple2 Tuple4 Tuple8 Mem128 MovDdup
);

/// An encoding with a name: what one encoder function writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// The function.
    pub name: String,
    /// The mnemonic, with the prefixes that lead it: `lock add`.
    pub mnemonic: String,
    /// The row's `ins`, sized.
    pub syntax: String,
    /// The row's `op`, sized.
    pub notation: String,
    /// The row's `en`.
    pub en: String,
    /// The encoding.
    pub encoding: Encoding,
    /// The bytes behind opcode and ModRM, in order.
    pub immediates: Vec<Immediate>,
    /// The explicit operands.
    pub operands: Vec<Operand>,
    /// Implicit operands: access and register.
    pub implicit: Vec<(Access, String)>,
    /// Flags, as the row's `rflags`.
    pub rflags: String,
    /// CPU features, all needed.
    pub cpu: Vec<String>,
    /// The table, relative to the tables' root.
    pub table: String,
    /// The title of its group there.
    pub title: String,
    /// The row's `ins` as the table writes it.
    pub row: String,
    /// The Cargo feature that the function is behind, besides its instruction set's.
    pub feature: Option<String>,
    /// A form that can produce the same bytes.
    pub alias: Option<String>,
    /// What must hold between operands.
    pub when: Option<Condition>,
    /// What tells the form from the others of its family, if one function takes that as a value.
    pub choice: Option<Choice>,
}

/// An explicit operand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    /// The operand as the row writes it.
    pub text: String,
    /// What it is.
    pub kind: Kind,
    /// Where it goes.
    pub slot: Slot,
    /// What the instruction does with it.
    pub access: Access,
    /// `{k1}`, `{k1}{z}`.
    pub mask: Option<Mask>,
    /// `{er}`, `{sae}`.
    pub rounding: Option<Rounding>,
}

/// What an operand can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A register of a class.
    Reg(Class),
    /// A register or constant that the opcode fixes; its number or value.
    Fixed(u8),
    /// A register, or memory.
    RegMem {
        /// The register's class.
        class: Class,
        /// The size of the memory operand.
        bits: u32,
        /// The size of a memory element that may be broadcast instead.
        broadcast: Option<u32>,
    },
    /// Memory.
    Mem {
        /// Its size; `None` where the operation says none.
        bits: Option<u32>,
        /// Whether base and index may be any of 32 registers.
        extended: bool,
    },
    /// Addresses with a vector index.
    Vsib {
        /// The index register's class.
        class: Class,
    },
    /// An immediate.
    Imm {
        /// 4, 8, 16, 32 or 64.
        bits: u32,
        /// Whether it is signed.
        signed: bool,
    },
    /// A branch target.
    Rel {
        /// 8 or 32.
        bits: u32,
    },
    /// An absolute address of 64 bits.
    Moffs {
        /// The size of what lies there.
        bits: u32,
        /// Whether it may have a segment, or 32 bits.
        prefixed: bool,
    },
    /// What the opcode lets a register point to, in any segment, by an address of 64 or 32 bits.
    FixedAddress(Pointer),
    /// APX default flags.
    FlagsValue,
}

/// A register that an opcode takes as an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    /// `[rsi]`, the source of a string instruction.
    Rsi,
    /// `[rbx]`, the table of XLATB.
    Rbx,
    /// `[rdi]`, where chosen bytes are stored.
    Rdi,
}

/// A register class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the legend's names
pub enum Class {
    R8,
    /// Byte registers without REX.
    R8h,
    R16,
    R32,
    R64,
    /// The first eight registers, in a form without REX.
    Low16,
    Low32,
    /// All 32 registers.
    E8,
    E16,
    E32,
    E64,
    Xmm,
    Ymm,
    Zmm,
    /// All 32 registers.
    EXmm,
    EYmm,
    K,
    /// Two mask registers, the first of them even.
    KPair,
    Tmm,
    St,
    Sreg,
    Mm,
    Cr,
    Dr,
}

impl Class {
    /// How many numbers there are.
    pub fn count(self) -> u8 {
        use Class::*;
        match self {
            R8 | R16 | R32 | R64 | Xmm | Ymm | Cr => 16,
            KPair => 4,
            R8h | Low16 | Low32 | K | Tmm | St | Mm | Dr => 8,
            E8 | E16 | E32 | E64 | EXmm | EYmm | Zmm => 32,
            Sreg => 6,
        }
    }

    /// Whether it has numbers 16 to 31. Then registers of an address in its place, or beside it, may have them, too.
    pub fn is_extended(self) -> bool {
        self.count() == 32
    }

    /// Whether the fifth bit of the number goes where vector registers have it.
    pub fn is_vector(self) -> bool {
        matches!(self, Class::Xmm | Class::Ymm | Class::Zmm | Class::EXmm | Class::EYmm)
    }
}

/// Where an operand goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// ModRM.reg.
    Reg,
    /// ModRM.rm.
    Rm,
    /// VEX.vvvv.
    Vvvv,
    /// An immediate.
    Imm,
    /// The opcode's low bits.
    Opcode,
    /// A branch displacement.
    Rel,
    /// An absolute address.
    Moffs,
    /// An address that shows in the prefixes only.
    Prefixes,
    /// The high half of an immediate byte.
    Is4,
    /// Fixed by the opcode.
    Fixed,
}

/// What an instruction does with an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads it.
    Read,
    /// Writes it.
    Write,
    /// Reads and writes it.
    ReadWrite,
    /// Neither: an address that is not followed.
    None,
}

impl Access {
    /// The legend's letters.
    pub fn parse(text: &str) -> Result<Access, Reason> {
        match text {
            "r" => Ok(Access::Read),
            "w" => Ok(Access::Write),
            "rw" => Ok(Access::ReadWrite),
            "-" => Ok(Access::None),
            _ => Err(Reason::Access { text: text.into() }),
        }
    }

    /// The legend's letters.
    pub fn letters(self) -> &'static str {
        match self {
            Access::Read => "r",
            Access::Write => "w",
            Access::ReadWrite => "rw",
            Access::None => "-",
        }
    }

    /// The access in words.
    pub fn words(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
            Access::ReadWrite => "read, write",
            Access::None => "address only",
        }
    }
}

/// An EVEX mask on an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// Elements that are masked out keep their value.
    Merging,
    /// ... or become 0, by choice.
    Zeroing,
}

/// EVEX rounding control on an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// A rounding mode.
    Embedded,
    /// No exceptions.
    SuppressExceptions,
}

/// The bytes of an instruction up to ModRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encoding {
    /// Prefixes, REX, opcode bytes.
    Legacy {
        /// The prefix bytes, in order.
        prefixes: Vec<u8>,
        /// What REX may or must be.
        rex: Rex,
        /// One to three bytes.
        opcode: Vec<u8>,
        /// Whether the last byte's low bits are a register.
        plus: bool,
        /// ModRM.
        modrm: Option<ModRm>,
    },
    /// REX2 and an opcode byte.
    Rex2 {
        /// The prefix bytes, in order.
        prefixes: Vec<u8>,
        /// REX2.W.
        w: bool,
        /// Whether the opcode is of map 1.
        map1: bool,
        /// The opcode byte.
        opcode: u8,
        /// Whether its low bits are a register.
        plus: bool,
        /// ModRM.
        modrm: Option<ModRm>,
    },
    /// VEX or XOP, and an opcode byte.
    Vex {
        /// VEX.L; 0 where the instruction ignores it.
        l: u8,
        /// 0 none, 1 66, 2 F3, 3 F2.
        pp: u8,
        /// 1 0F, 2 0F38, 3 0F3A, 5, 7; XOP has 8 to 10.
        map: u8,
        /// VEX.W; 0 where the instruction ignores it.
        w: u8,
        /// The opcode byte.
        opcode: u8,
        /// ModRM.
        modrm: Option<ModRm>,
    },
    /// EVEX and an opcode byte.
    Evex {
        /// EVEX.L'L; 0 where the instruction ignores it.
        ll: u8,
        /// As VEX.
        pp: u8,
        /// As VEX, and 4 and 6.
        map: u8,
        /// EVEX.W; 0 where the instruction ignores it.
        w: u8,
        /// The opcode byte.
        opcode: u8,
        /// ModRM.
        modrm: ModRm,
        /// N of disp8*N: for the whole operand, and for a broadcast element.
        disp8: (u32, u32),
        /// APX's own bits in the last payload byte.
        apx: Option<Apx>,
    },
}

/// What REX may or must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rex {
    /// As the registers need it.
    AsNeeded,
    /// There, with W.
    W,
    /// Absent.
    Forbidden,
}

/// APX bits in the last byte of an EVEX prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apx {
    /// New data destination.
    pub nd: bool,
    /// No flags.
    pub nf: bool,
    /// Source condition of a conditional compare.
    pub scc: Option<u8>,
}

/// ModRM of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModRm {
    /// What ModRM.mod may be.
    pub mode: Mode,
    /// ModRM.reg, where it is not an operand.
    pub reg: Option<u8>,
    /// ModRM.rm, where it is not an operand.
    pub rm: Option<u8>,
}

/// What ModRM.mod may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As the operand is.
    Any,
    /// 3.
    Register,
    /// 0 to 2.
    Memory,
    /// 0 to 2, with a SIB byte.
    MemorySib,
}

/// Bytes behind opcode and ModRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Immediate {
    /// An immediate of so many bytes.
    Value(u32),
    /// A branch displacement of so many bytes.
    Rel(u32),
    /// An address of 8 bytes.
    Moffs,
    /// A register in the high half of a byte.
    Is4,
    /// A register in the high half of a byte, four immediate bits in the low half.
    Is5,
}

impl Form {
    /// The encoding's ModRM.
    pub fn modrm(&self) -> Option<ModRm> {
        match &self.encoding {
            Encoding::Legacy { modrm, .. } | Encoding::Rex2 { modrm, .. } | Encoding::Vex { modrm, .. } => *modrm,
            Encoding::Evex { modrm, .. } => Some(*modrm),
        }
    }

    /// Whether the form exists only without REX.
    pub fn is_without_rex(&self) -> bool {
        matches!(self.encoding, Encoding::Legacy { rex: Rex::Forbidden, .. })
    }

    /// Whether the encoding is XOP.
    pub fn is_xop(&self) -> bool {
        matches!(self.encoding, Encoding::Vex { map: 8.., .. })
    }

    /// The other names of the form's function: those of its condition.
    pub fn synonyms(&self) -> Vec<String> {
        synonym::names(self, &self.name)
    }

    /// Whether the mask must not be k0 (`k1!=0` in `when`), which is a matter of the operand's type.
    pub fn needs_mask(&self) -> bool {
        self.names_in_when().any(|name| name == MASK)
    }

    /// How many bits the memory operand's address must have (`address==64` in `when`), which is a matter of the
    /// operand's type.
    pub fn address_bits(&self) -> Option<u32> {
        let comparisons = self.when.iter().flat_map(|when| when.any_of.iter().flatten());
        let mut of_address = comparisons.filter(|comparison| comparison.left == Term::Name(ADDRESS.into()));
        of_address.find_map(|comparison| match comparison.right {
            Term::Number(bits) => Some(bits),
            Term::Name(_) => None,
        })
    }

    /// Whether operands' values decide whether the form can be encoded: what `when` says beyond their types.
    pub fn has_check(&self) -> bool {
        self.names_in_when().any(|name| !is_of_type(name))
    }

    fn names_in_when(&self) -> impl Iterator<Item = &str> {
        self.when.iter().flat_map(Condition::names)
    }

    /// The operands that are parameters of the function: those that the opcode does not fix.
    pub fn parameters(&self) -> impl Iterator<Item = &Operand> {
        self.operands.iter().filter(|operand| operand.slot != Slot::Fixed)
    }

    /// One line of the listing.
    pub fn list_line(&self) -> String {
        let io: Vec<_> = self.operands.iter().map(|o| o.access.letters()).collect();
        let cpu = if self.cpu.is_empty() { "-".into() } else { self.cpu.join("+") };
        format!(
            "{:<32} {:<34} {:<5} {:<8} {:<16} {:<24} {}",
            self.name,
            self.notation,
            self.en,
            io.join(" "),
            cpu,
            self.table,
            self.syntax
        )
    }
}

/// What `when` calls the mask operand.
pub(crate) const MASK: &str = "k1";

/// What `when` calls the size of the memory operand's address.
pub(crate) const ADDRESS: &str = "address";

/// What `when` calls the segment of the memory operand.
pub(crate) const SEGMENT: &str = "segment";

/// Whether what `when` says of this name is a matter of an operand's type.
pub(crate) fn is_of_type(name: &str) -> bool {
    matches!(name, MASK | ADDRESS)
}

/// A single row and where it comes from, for messages.
pub(crate) fn row_error(line: &Line<Row>, reason: Reason) -> TableError {
    TableError::of_row(&line.table, &line.row.ins, reason)
}
