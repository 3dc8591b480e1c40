//! Which form some bytes are.
//!
//! An instruction is read as a processor reads it, prefixes first (SDM vol. 2A, 2.1 to 2.7), up to its opcode. That
//! leads to a few forms, and each is asked whether the bytes can be its own: the same prefixes, W and length, ModRM as
//! its operands have it, EVEX's bits only where it uses them. Its row says how long the instruction is then.

use super::{Form, forms};

#[allow(dead_code, reason = "some fields are read by themselves, some together with their neighbours")]
mod pattern {
    include!(concat!(env!("OUT_DIR"), "/x64_finder.rs"));
}

use pattern::{PREFIXES, Pattern, bank};

/// See `gen/forms/src/x64/finder.rs`.
static INDEX: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/x64_finder.bin"));

const STARTS: usize = 2 * (bank::COUNT * 256 + 1);
const ENTRY: usize = 10;

impl Form {
    /// The form of the instruction at the start of `bytes`, and how many bytes it has.
    ///
    /// Of several forms with the same bytes it is one that needs no feature more than another; an alias only if that is
    /// the one that needs less. `None` if it is none of the enabled tables' forms, or if `bytes` ends before the
    /// instruction does.
    ///
    /// ```
    /// use tailfirst::x64::*;
    /// let (form, len) = Form::at(&[0x48, 0x83, 0xC0, 0x01, 0xC3]).unwrap();
    /// assert_eq!((form.name, len), ("add_rm64_imm8", 4));
    /// assert!(Form::at(&[0x48, 0x83, 0xC0]).is_none());
    /// ```
    #[inline]
    pub fn at(bytes: &[u8]) -> Option<(&'static Form, usize)> {
        // The first of those with the fewest; the longest of them, where WAIT is an instruction by itself or not.
        Form::all_at(bytes).min_by_key(|(form, len)| (usize::MAX - len, form.needs().len()))
    }

    /// Every form that the bytes at the start of `bytes` can be, and how many these are: aliases, too.
    #[inline]
    pub fn all_at(bytes: &[u8]) -> impl Iterator<Item = (&'static Form, usize)> {
        Candidates::of(bytes).map(|(index, len)| (&forms()[index], len))
    }
}

impl Form {
    /// Whether the instruction of this form at the start of `bytes` is EVEX and names one of R16 to R31, which APX has,
    /// whatever else the form needs. (SDM vol. 2A, 2.7; of REX2 every form needs APX.)
    pub(super) fn names_apx_registers(&self, bytes: &[u8]) -> bool {
        let Some((Instruction { at, vector: Some(Vector { last: Some(_), .. }), .. }, ..)) = Instruction::read(bytes)
        else {
            return false;
        };
        let [.., high, index, last, _] = bytes[..at] else { return false };
        let is_memory = bytes.get(at).is_some_and(|modrm| modrm >> 6 != 3);
        let is_general = |slot| self.op_en.find(slot).is_some_and(|at| self.operands[at].kind.starts_with("EGpr"));
        // All but B4 stand inverted.
        let (r4, b4, x4, v4) = (high >> 4 & 1 == 0, high >> 3 & 1 == 1, index >> 2 & 1 == 0, last >> 3 & 1 == 0);
        b4 || (x4 && is_memory) || (r4 && is_general('R')) || (v4 && is_general('V'))
    }
}

/// The forms that an instruction can be, by their indices.
pub(super) struct Candidates<'b> {
    instruction: Instruction<'b>,
    entries: core::ops::Range<usize>,
    /// The entries of WAIT as an instruction by itself, once those of what it is a part of have been asked.
    wait: core::ops::Range<usize>,
}

impl<'b> Candidates<'b> {
    pub(super) fn of(bytes: &'b [u8]) -> Candidates<'b> {
        let wait = if bytes.first() == Some(&WAIT) { bucket(bank::LEGACY, WAIT) } else { 0..0 };
        match Instruction::read(bytes) {
            Some((instruction, bank, opcode)) => Candidates { instruction, entries: bucket(bank, opcode), wait },
            None => Candidates { instruction: Instruction::wait(bytes), entries: 0..0, wait },
        }
    }
}

impl Iterator for Candidates<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        loop {
            if self.entries.is_empty() {
                if self.wait.is_empty() {
                    return None;
                }
                self.entries = core::mem::take(&mut self.wait);
                self.instruction = Instruction::wait(self.instruction.bytes);
            }
            let at = STARTS + ENTRY * self.entries.next()?;
            let number = |from: usize, to: usize| INDEX.get(at + from..at + to);
            let form = u16::from_le_bytes(number(0, 2)?.try_into().ok()?);
            let pattern = Pattern(u64::from_le_bytes(number(2, ENTRY)?.try_into().ok()?));
            if let Some(len) = self.instruction.len_as(pattern) {
                return Some((form.into(), len));
            }
        }
    }
}

/// The entries of an opcode byte.
fn bucket(bank: usize, opcode: u8) -> core::ops::Range<usize> {
    let at = 2 * (bank * 256 + usize::from(opcode));
    let start =
        |at: usize| INDEX.get(at..at + 2).map_or(0, |bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]])));
    start(at)..start(at + 2)
}

const WAIT: u8 = 0x9B;

/// The prefixes whose presence makes another instruction: 66, F2, F3, F0 and 9B.
const DECISIVE: u8 = 0b0001_1111;
const ADDRESS_SIZE: u8 = 0b0010_0000;

/// An instruction up to its opcode.
#[derive(Debug, Clone, Copy)]
struct Instruction<'b> {
    bytes: &'b [u8],
    /// Where the byte behind the opcode is.
    at: usize,
    /// As [`PREFIXES`].
    prefixes: u8,
    /// A segment prefix that is not among those.
    segment: bool,
    /// Whether REX is there, and W.
    rex: bool,
    w: bool,
    /// What VEX, XOP and EVEX have.
    vector: Option<Vector>,
}

#[derive(Debug, Clone, Copy)]
struct Vector {
    l: u8,
    pp: u8,
    /// As it stands there, inverted.
    vvvv: u8,
    /// The last byte of EVEX.
    last: Option<u8>,
}

impl<'b> Instruction<'b> {
    /// WAIT by itself.
    fn wait(bytes: &'b [u8]) -> Self {
        Instruction { bytes, at: 1, prefixes: 0, segment: false, rex: false, w: false, vector: None }
    }

    /// Reads up to the opcode, and gives that with its bank.
    fn read(bytes: &'b [u8]) -> Option<(Self, usize, u8)> {
        let mut read = Instruction { at: 0, ..Instruction::wait(bytes) };
        loop {
            let byte = *bytes.get(read.at)?;
            match PREFIXES.iter().position(|prefix| *prefix == byte) {
                // WAIT is the first.
                Some(_) if byte == WAIT && read.at > 0 => break,
                Some(bit) => read.prefixes |= 1 << bit,
                None if matches!(byte, 0x26 | 0x36 | 0x64 | 0x65) => read.segment = true,
                None => break,
            }
            read.at += 1;
        }
        let byte = |at: usize| bytes.get(at).copied();
        let first = byte(read.at)?;
        let next = byte(read.at + 1);
        let (bank, opcode) = match first {
            0xC5 => {
                let payload = next?;
                read.at += 2;
                read.w = false;
                read.vector = Some(Vector::of(payload, None));
                (bank::VEX + 1, byte(read.at)?)
            }
            0xC4 | 0x8F if first == 0xC4 || next? & 0x1F >= 8 => {
                let (map, payload) = (next? & 0x1F, byte(read.at + 2)?);
                read.at += 3;
                read.w = payload >> 7 == 1;
                read.vector = Some(Vector::of(payload, None));
                if (map < 8) != (first == 0xC4) || usize::from(map) >= bank::EVEX - bank::VEX {
                    return None;
                }
                (bank::VEX + usize::from(map), byte(read.at)?)
            }
            0x62 => {
                let (map, payload, last) = (next? & 7, byte(read.at + 2)?, byte(read.at + 3)?);
                read.at += 4;
                read.w = payload >> 7 == 1;
                read.vector = Some(Vector::of(payload, Some(last)));
                (bank::EVEX + usize::from(map), byte(read.at)?)
            }
            0xD5 => {
                let payload = next?;
                read.at += 2;
                (read.rex, read.w) = (true, payload >> 3 & 1 == 1);
                (bank::REX2 + usize::from(payload >> 7), byte(read.at)?)
            }
            _ => {
                if first & 0xF0 == 0x40 {
                    (read.rex, read.w) = (true, first >> 3 & 1 == 1);
                    read.at += 1;
                }
                let map = match (byte(read.at)?, byte(read.at + 1)) {
                    (0x0F, Some(0x38)) => 2,
                    (0x0F, Some(0x3A)) => 3,
                    (0x0F, _) => 1,
                    _ => 0,
                };
                read.at += [0, 1, 2, 2][map];
                (bank::LEGACY + map, byte(read.at)?)
            }
        };
        read.at += 1;
        Some((read, bank, opcode))
    }

    /// The instruction's length, if it can be of a form of this pattern.
    fn len_as(&self, pattern: Pattern) -> Option<usize> {
        let has = |condition: bool| condition.then_some(());
        has(self.has_prefixes_of(pattern))?;
        let mut at = self.at;
        let mut is_memory = false;
        if pattern.has_extra() {
            let low = if pattern.plus() { 7 } else { 0 };
            has((self.bytes.get(at)? ^ pattern.extra()) & !low == 0)?;
            at += 1;
        } else if pattern.memory() || pattern.register() {
            let modrm = *self.bytes.get(at)?;
            let (mode, reg, rm) = (modrm >> 6, modrm >> 3 & 7, modrm & 7);
            is_memory = mode != 3;
            has(if is_memory { pattern.memory() } else { pattern.register() })?;
            has(!pattern.has_digit() || reg == pattern.digit())?;
            has(!pattern.has_rm() || rm == pattern.rm())?;
            has(!is_memory || rm == 4 || !(pattern.sib() || pattern.vsib()))?;
            at += 1;
            if is_memory {
                at += self.address_len(mode, rm, *self.bytes.get(at).unwrap_or(&0));
            }
        }
        has(self.has_vector_of(pattern, is_memory))?;
        at += match pattern.moffs() {
            true if self.prefixes & ADDRESS_SIZE != 0 => 4,
            _ => usize::from(pattern.immediate()),
        };
        (at <= self.bytes.len()).then_some(at)
    }

    fn has_prefixes_of(&self, pattern: Pattern) -> bool {
        let (wanted, beyond) = (pattern.prefixes(), self.prefixes & !pattern.prefixes());
        let decisive = (self.prefixes ^ wanted) & DECISIVE == 0;
        // Others are of an address.
        let of_address = wanted & !self.prefixes == 0 && (pattern.addressed() || (beyond == 0 && !self.segment));
        let address = match pattern.address() {
            1 => self.prefixes & ADDRESS_SIZE == 0,
            2 => self.prefixes & ADDRESS_SIZE != 0,
            _ => true,
        };
        let rex = match pattern.rex() {
            2 => !self.rex,
            w => self.w == (w == 1),
        };
        decisive && of_address && address && rex
    }

    /// SIB and displacement (SDM vol. 2A, 2.1.5).
    fn address_len(&self, mode: u8, rm: u8, sib: u8) -> usize {
        let has_sib = rm == 4;
        let displacement = match mode {
            1 => 1,
            2 => 4,
            _ if rm == 5 || (has_sib && sib & 7 == 5) => 4,
            _ => 0,
        };
        usize::from(has_sib) + displacement
    }

    fn has_vector_of(&self, pattern: Pattern, is_memory: bool) -> bool {
        let Some(Vector { l, pp, vvvv, last }) = self.vector else { return true };
        let unused = pattern.vvvv() || vvvv == 15;
        let Some(last) = last else { return pp == pattern.pp() && l == pattern.l() && unused };
        let bit = |at: u8| last >> at & 1 == 1;
        // V4 has another use in a condition, and beside an index.
        let is_v4_unused = pattern.vvvv() || pattern.has_scc() || pattern.vsib() || bit(3);
        if pp != pattern.pp() || !unused || !is_v4_unused {
            return false;
        }
        if pattern.apx() {
            let low =
                if pattern.has_scc() { last & 15 == pattern.scc() } else { bit(2) == pattern.nf() && last & 3 == 0 };
            return last >> 5 == 0 && bit(4) == pattern.nd() && low;
        }
        let masked = last & 7 != 0;
        // Beside registers EVEX.b says that L'L is none.
        let length = match (bit(4), is_memory) {
            (false, _) => l == pattern.l(),
            (true, true) => l == pattern.l() && pattern.broadcast(),
            (true, false) => pattern.rounding(),
        };
        let mask = if masked { pattern.mask() } else { !pattern.masked() };
        length && mask && (!bit(7) || (pattern.zeroing() && masked))
    }
}

impl Vector {
    /// From the last byte of VEX or XOP, or the last two of EVEX.
    fn of(payload: u8, last: Option<u8>) -> Vector {
        let l = last.map_or(payload >> 2 & 1, |last| last >> 5 & 3);
        Vector { l, pp: payload & 3, vvvv: payload >> 3 & 15, last }
    }
}
