//! Listings: finished code as text, with the code generator's own names and comments.
//!
//! A listing is how people read a code generator's output and how its tests match it. Disassembly alone lacks what only
//! the generator knows: what a branch's target is called, and which IR instruction a group of machine instructions came
//! from.
//!
//! Emission runs backward, so a comment that heads a group is given *after* the group's instructions, when `enc.here()`
//! is the group's start. A [`Listing`] notes it with that label; so it does names. The text is made from the finished
//! code, in ascending order, and what was noted at one place comes out as the code does: what was given later lies
//! lower, and stands first (in code that grew up, last). The lines of one comment keep their order. Names stand before
//! comments, whatever the order, since a comment heads the instructions that follow.
//!
//! # The disassemblers
//!
//! x86-64 is disassembled by `iced-x86`, which knows all that the tables have but APX and AVX10.2.
//!
//! For A64, `yaxpeax-arm` and `disarm64`, the pure-Rust disassemblers that are being maintained, were given eight
//! random words of each form of the tables, 23,240 in all, and llvm-mc 19 judged those it knows. `yaxpeax-arm` agreed
//! in 17,189 of 22,920, and nearly all of the others it refuses: the words of SVE, SME, MOPS and CSSC. `disarm64`
//! recognizes all but 128 words, but agreed in 14,458: it prints `fcvt s1, s31` for `fcvt d1, s31`, and for SVE's
//! operands their kinds. A listing must not lie, so it is `yaxpeax-arm`; a word that it refuses is shown as `.inst` and
//! its bits. (The bindings to C libraries were left aside: a listing should not need a C compiler.)

#[cfg(feature = "aarch64")]
mod aarch64;
#[cfg(feature = "x64")]
mod x64;

use crate::{
    code::Code,
    code::relocation::{Relocation, RelocationTarget},
    isa::Isa,
    printable,
    references::label::{Label, Symbol},
};
use alloc::{
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, ops::Range};
use sealed::Line;

/// Names and comments for code of one encoder, and the text that they make with it.
///
/// ```
/// use tailfirst::{Listing, x64::*};
///
/// let mut enc = Encoder::new();
/// let mut listing = Listing::new();
/// enc.ret();
/// let head = enc.label();
/// listing.name(head, "head");
/// enc.jnz(head);
/// enc.dec_rm64(RDI);
/// listing.comment(enc.here(), "n = n - 1\nuntil n is 0");
/// enc.add_rm64_r64(RAX, RDI);
/// enc.bind(head);
/// listing.comment(enc.here(), "sum = sum + n");
/// let code = enc.finish()?;
///
/// assert_eq!(listing.of(&code).to_string(), "\
/// head:
/// ; sum = sum + n
///     add rax, rdi
/// ; n = n - 1
/// ; until n is 0
///     dec rdi
///     jne head
///     ret
/// ");
/// assert_eq!(listing.of(&code).with_offsets().with_bytes().to_string().lines().nth(2).unwrap(),
///     "     0  48 01 f8                 add rax, rdi");
/// # Ok::<(), tailfirst::FinishError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Listing {
    names: Vec<(Label, String)>,
    comments: Vec<(Label, String)>,
    data: Vec<(Label, usize)>,
    symbols: BTreeMap<Symbol, String>,
}

impl Listing {
    /// Nothing noted.
    pub const fn new() -> Self {
        Listing { names: Vec::new(), comments: Vec::new(), data: Vec::new(), symbols: BTreeMap::new() }
    }

    /// Names a label, bound or pending: a line of its own at its place, and the text of each branch to it. Of several
    /// names at one place, branches show the one that was given first. A `?` stands for each control character in it
    /// (line breaks, NUL, what a terminal obeys), and for an empty one.
    pub fn name(&mut self, label: Label, name: impl Into<String>) {
        self.names.push((label, printable::name(&name.into()).into_owned()));
    }

    /// Heads the code from `from` upward with a comment, of one line or more.
    pub fn comment(&mut self, from: Label, text: impl Into<String>) {
        self.comments.push((from, text.into()));
    }

    /// Says that the `len` bytes from `from` upward are data, not instructions.
    ///
    /// That needs not be said of what the encoder knows itself: [`Encoder::data`](crate::Encoder::data) and its kin,
    /// constants, alignment by zeros. It is for data in a block of `dynasm!` code.
    pub fn data(&mut self, from: Label, len: usize) {
        self.data.push((from, len));
    }

    /// Names a symbol, for the instructions that refer to it. What a name cannot hold is as with [`name`](Self::name).
    pub fn symbol(&mut self, symbol: Symbol, name: impl Into<String>) {
        self.symbols.insert(symbol, printable::name(&name.into()).into_owned());
    }

    /// Forgets all that was noted about labels, for the next code of an encoder that was
    /// [cleared](crate::Encoder::clear). The names of symbols stay.
    pub fn clear(&mut self) {
        let Listing { names, comments, data, symbols: _ } = self;
        names.clear();
        comments.clear();
        data.clear();
    }

    /// The text of `code`, which is the finished code of the encoder that made the labels. Labels that have no place in
    /// it are left out.
    pub fn of<'a, 'enc, I: Disassemble>(&'a self, code: &'a Code<'enc, I>) -> Text<'a, 'enc, I> {
        Text { listing: self, code, addresses: None, bytes: false }
    }
}

/// A listing of finished code, made by [`Listing::of`]: its `Display` is the text.
///
/// As it is, a line holds the instruction only, so the text stays the same wherever the code runs; targets without a
/// name are offsets from the start of the code. What a relocation refers to is shown by its name (`symbol 3` if it has
/// none), whether the code is linked or not.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a, 'enc, I: Isa> {
    listing: &'a Listing,
    code: &'a Code<'enc, I>,
    addresses: Option<Base>,
    bytes: bool,
}

/// Where the first byte is, and how many digits the column has.
#[derive(Debug, Clone, Copy)]
struct Base {
    address: u64,
    digits: usize,
}

impl<I: Isa> Text<'_, '_, I> {
    /// With a first column: the offset from the start of the code, in hexadecimal.
    pub fn with_offsets(self) -> Self {
        Text { addresses: Some(Base { address: 0, digits: 6 }), ..self }
    }

    /// With a first column: the address, in hexadecimal, of code that runs at `base`. Targets are addresses, too.
    pub fn with_addresses(self, base: u64) -> Self {
        Text { addresses: Some(Base { address: base, digits: 12 }), ..self }
    }

    /// With a column of the code's bytes, lowest address first.
    pub fn with_bytes(self) -> Self {
        Text { bytes: true, ..self }
    }
}

/// An instruction set that can be listed. Sealed.
pub trait Disassemble: Isa {
    #[doc(hidden)]
    fn disassembler(names: Names) -> Box<dyn sealed::Disassembler>;

    /// The bytes of data that a relocation fills; `None` if it fills a field of an instruction.
    #[doc(hidden)]
    fn relocated_data(relocation: &Relocation<Self::Field>) -> Option<Range<usize>>;

    /// How many bytes of code the column of bytes has room for; of a longer instruction it is wider.
    #[doc(hidden)]
    const COLUMN: usize;
}

/// Names for addresses.
#[doc(hidden)]
pub struct Names {
    /// What lies at an address.
    places: BTreeMap<u64, String>,
    /// What the relocation at an address refers to, which says more than the distance that it fills in, or has yet to
    /// fill in.
    relocated: BTreeMap<u64, String>,
}

mod sealed {
    use alloc::string::String;

    pub trait Disassembler {
        /// The instruction at the start of `code`, which is at `address`. `code` is not empty.
        fn instruction(&mut self, code: &[u8], address: u64) -> Line;
    }

    /// A line of the listing.
    pub struct Line {
        /// The instruction; of something unknown a directive.
        pub text: String,
        /// Its bytes, from 1 to those that there are.
        pub len: usize,
        /// What it refers to, if the text does not show it.
        pub note: Option<String>,
    }
}

/// The directive for bytes that are no instruction.
fn byte_directive(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:#04x}")).collect();
    format!(".byte {}", bytes.join(", "))
}

impl<I: Disassemble> fmt::Display for Text<'_, '_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.bytes();
        let base = self.addresses.map_or(0, |base| base.address);
        let headings = self.headings();
        let data = self.data();
        let fields = self.fields();
        let mut disassembler = I::disassembler(self.names(base));
        let mut at = 0;
        while at < code.len() {
            let Line { text, len, note } =
                match data.iter().filter(|data| data.contains(&at)).map(|data| data.end).max() {
                    Some(end) => {
                        let heading = headings.range(at + 1..).next().map_or(code.len(), |(next, _)| *next);
                        let end = end.min(heading).min(at + DATA_A_LINE);
                        self.data_line(at..end, &fields)
                    }
                    None => {
                        let end = data.iter().map(|data| data.start).filter(|start| *start > at).min();
                        disassembler.instruction(&code[at..end.unwrap_or(code.len())], base.wrapping_add(at as u64))
                    }
                };
            for (place, heading) in headings.range(at..at + len) {
                heading.write(f, place - at)?;
            }
            self.write_line(f, at, &code[at..at + len], &text, note)?;
            at += len;
        }
        // What lies at the end of the code heads nothing, but branches may lead there.
        for heading in headings.range(at..).map(|(_, heading)| heading) {
            heading.write(f, 0)?;
        }
        Ok(())
    }
}

/// Bytes of data that a line shows.
const DATA_A_LINE: usize = 8;

/// What stands before the instruction at one place.
#[derive(Default)]
struct Heading<'a> {
    names: Vec<&'a str>,
    comments: Vec<&'a str>,
}

impl Heading<'_> {
    /// `inside` is the distance from the start of the instruction that holds the place.
    fn write(&self, f: &mut fmt::Formatter<'_>, inside: usize) -> fmt::Result {
        for name in &self.names {
            match inside {
                0 => writeln!(f, "{name}:")?,
                _ => writeln!(f, "{name} = . + {inside}")?,
            }
        }
        for line in self.comments.iter().flat_map(|comment| comment.lines()) {
            writeln!(f, "{}", format!("; {}", printable::line(line)).trim_end())?;
        }
        Ok(())
    }
}

impl<'a, I: Disassemble> Text<'a, '_, I> {
    fn headings(&self) -> BTreeMap<usize, Heading<'a>> {
        let mut headings: BTreeMap<usize, Heading<'a>> = BTreeMap::new();
        let names = self.listing.names.iter().map(|(label, name)| (*label, &**name));
        for (place, name) in self.code.in_layout_order(names) {
            headings.entry(place).or_default().names.push(name);
        }
        let comments = self.listing.comments.iter().map(|(label, comment)| (*label, &**comment));
        for (place, comment) in self.code.in_layout_order(comments) {
            headings.entry(place).or_default().comments.push(comment);
        }
        headings
    }

    fn names(&self, base: u64) -> Names {
        let at = |offset: usize| base.wrapping_add(offset as u64);
        let mut places = BTreeMap::new();
        for (label, name) in &self.listing.names {
            if let Some(place) = self.code.offset_of(*label) {
                places.entry(at(place)).or_insert_with(|| name.clone());
            }
        }
        let relocations = self.code.relocations().iter();
        let relocated =
            relocations.map(|relocation| (at(relocation.from), self.target_of(relocation.target))).collect();
        Names { places, relocated }
    }

    /// The fields of data that hold addresses and distances, each with what it refers to, in ascending order.
    fn fields(&self) -> Vec<(Range<usize>, String)> {
        let field = |relocation| Some((I::relocated_data(relocation)?, self.target_of(relocation.target)));
        let mut fields: Vec<_> = self.code.relocations().iter().filter_map(field).collect();
        fields.sort_unstable_by_key(|(field, _)| field.start);
        fields
    }

    /// Some data, up to where a field begins or ends.
    fn data_line(&self, offsets: Range<usize>, fields: &[(Range<usize>, String)]) -> Line {
        let (next, note) = match fields.iter().find(|(field, _)| field.end > offsets.start) {
            Some((field, target)) if field.start <= offsets.start => (field.end, Some(target.clone())),
            Some((field, _)) => (field.start, None),
            None => (offsets.end, None),
        };
        let bytes = &self.code.bytes()[offsets.start..next.min(offsets.end)];
        Line { text: byte_directive(bytes), len: bytes.len(), note }
    }

    fn data(&self) -> Vec<Range<usize>> {
        let code = self.code.bytes().len();
        let range = |(label, len): &(Label, usize)| {
            let start = self.code.offset_of(*label)?;
            Some(start..start.saturating_add(*len).min(code))
        };
        self.listing.data.iter().filter_map(range).chain(self.code.data()).collect()
    }

    fn write_line(
        &self,
        f: &mut fmt::Formatter<'_>,
        at: usize,
        bytes: &[u8],
        text: &str,
        note: Option<String>,
    ) -> fmt::Result {
        match self.addresses {
            Some(Base { address, digits }) => write!(f, "{:digits$x}  ", address.wrapping_add(at as u64))?,
            None if self.bytes => write!(f, "  ")?,
            None => write!(f, "    ")?,
        }
        if self.bytes {
            let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            write!(f, "{:width$}  ", bytes.join(" "), width = 3 * I::COLUMN - 1)?;
        }
        match note {
            Some(note) => writeln!(f, "{text}  ; {note}"),
            None => writeln!(f, "{text}"),
        }
    }

    fn target_of(&self, target: RelocationTarget) -> String {
        match target {
            RelocationTarget::Symbol(symbol) => match self.listing.symbols.get(&symbol) {
                Some(name) => name.clone(),
                None => format!("symbol {}", symbol.0),
            },
            RelocationTarget::Offset(offset) => {
                let base = self.addresses.map_or(0, |base| base.address);
                let mut named =
                    self.listing.names.iter().filter(|(label, _)| self.code.offset_of(*label) == Some(offset));
                let unnamed = || format!("{:#x}", base.wrapping_add(offset as u64));
                named.next().map_or_else(unnamed, |(_, name)| name.to_string())
            }
        }
    }
}
