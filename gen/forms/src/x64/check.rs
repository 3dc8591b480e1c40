//! Rows to forms: what each part says must agree with the others.

use super::{
    ADDRESS, Access, Class, Encoding, Form, Immediate, Kind, MASK, Mask, Mode, Operand, Rex, Row, SEGMENT, Slot,
    encoding::{self, Parsed, Sizes},
    layouts,
    operand::{self, Written},
    row_error, sized,
};
use crate::{
    choice::{self, Choice, Member},
    condition::{self, Term},
    error::{Reason, TableError},
    names::{self, Aliased},
    row::Line,
};
use std::collections::HashMap;

/// Every form of the rows, checked one by one and against each other.
pub fn forms(lines: &[Line<Row>]) -> Result<Vec<Form>, TableError> {
    let mut forms = Vec::new();
    for line in lines {
        let rows = sized::expand(&line.row).map_err(|reason| row_error(line, reason))?;
        let first = forms.len();
        for row in rows {
            let sized = Line { row, ..line.clone() };
            forms.push(form(&sized).map_err(|reason| row_error(&sized, reason))?);
        }
        // ah, ch, dh and bh: the same opcode as the row's first form, told apart by REX alone.
        let name = forms[first].name.clone();
        for twin in forms[first + 1..].iter_mut().filter(|form| form.is_without_rex()) {
            twin.alias.get_or_insert_with(|| name.clone());
        }
    }
    names::unique(forms.iter().map(|form| (form.name.as_str(), form.table.as_str(), form.syntax.as_str())))?;
    let roots = names::roots(&forms)?;
    check_overlaps(&forms, &roots)?;
    choice::families(&forms)?;
    Ok(forms)
}

fn form(line: &Line<Row>) -> Result<Form, Reason> {
    let row = &line.row;
    let (mnemonic, written) = operand::parse(&row.ins)?;
    let name = operand::name(&mnemonic, &written);
    if !names::is_function(&name) {
        return Err(Reason::Name { name });
    }
    let sizes = sizes(&written);
    let parsed = encoding::parse(&row.op, row.tt, sizes)?;
    let operands = operands(row, &written, &parsed.encoding)?;
    check_operand_size(&operands, &parsed)?;
    let choice = line.choice.as_ref().map(|choice| {
        let words = mnemonic.split_whitespace().count();
        let general = choice.title.split_whitespace().take(words).collect::<Vec<_>>().join(" ");
        Choice::new(choice, operand::name(&general, &written), row.ins.replacen(&mnemonic, &general, 1))
    });
    let choice = choice.transpose()?;
    let form = Form {
        name,
        mnemonic,
        syntax: row.ins.clone(),
        notation: row.op.clone(),
        en: row.en.clone(),
        encoding: parsed.encoding,
        immediates: parsed.immediates,
        operands,
        implicit: implicit(row.imp.as_deref().unwrap_or_default())?,
        rflags: names::flags(row.rflags.as_deref().unwrap_or_default(), "oszapcdi")?,
        cpu: names::cpu(row.cpu.as_deref())?,
        table: line.table.clone(),
        title: line.title.clone(),
        row: line.written.clone(),
        feature: line.feature.clone(),
        alias: row.alias.clone(),
        when: row.when.as_deref().map(condition::parse).transpose()?,
        choice,
    };
    check_places(&form)?;
    check_rounding(&form)?;
    check_widths(&form)?;
    check_condition(&form)?;
    Ok(form)
}

/// What a displacement is scaled by; APX forms of general registers scale none.
fn sizes(written: &[Written]) -> Sizes {
    let is_vector = |operand: &Written| match operand.kind {
        Kind::Reg(class) | Kind::RegMem { class, .. } | Kind::Vsib { class } => class.is_vector(),
        _ => false,
    };
    if !written.iter().any(is_vector) {
        return Sizes { memory: None, element: None };
    }
    written
        .iter()
        .find_map(|operand| match operand.kind {
            Kind::RegMem { bits, broadcast, .. } => Some(Sizes { memory: Some(bits), element: broadcast }),
            Kind::Mem { bits, .. } => Some(Sizes { memory: bits, element: None }),
            Kind::Vsib { .. } => Some(Sizes { memory: None, element: None }),
            _ => None,
        })
        .unwrap_or(Sizes { memory: None, element: None })
}

fn operands(row: &Row, written: &[Written], encoding: &Encoding) -> Result<Vec<Operand>, Reason> {
    let letters: Vec<char> = if row.en == "ZO" { Vec::new() } else { row.en.chars().collect() };
    let accesses: Vec<&str> = row.io.split(' ').filter(|word| !word.is_empty()).collect();
    let count = |field, found| {
        if found == written.len() { Ok(()) } else { Err(Reason::Count { field, expected: written.len(), found }) }
    };
    count("en", letters.len())?;
    count("io", accesses.len())?;
    let evex = matches!(encoding, Encoding::Evex { .. });
    let no_rex = matches!(encoding, Encoding::Legacy { rex: Rex::Forbidden, .. });
    let mut operands: Vec<Operand> = Vec::new();
    for ((written, &letter), access) in written.iter().zip(&letters).zip(accesses) {
        let slot = slot(letter).ok_or_else(|| Reason::Slot { letter, operand: written.text.clone() })?;
        let mut kind = written.kind.clone();
        match &mut kind {
            Kind::Reg(class) | Kind::RegMem { class, .. } | Kind::Vsib { class } => {
                *class = effective_class(*class, evex, no_rex);
                if *class == Class::R8h && !no_rex {
                    return Err(Reason::Encoding { problem: "r8h needs NOREX" });
                }
            }
            Kind::Mem { extended, .. } => *extended |= evex,
            _ => {}
        }
        if !suits(&kind, slot) {
            return Err(Reason::Slot { letter, operand: written.text.clone() });
        }
        // Only ENTER has two immediates.
        if !matches!(slot, Slot::Fixed | Slot::Imm) && operands.iter().any(|o| o.slot == slot) {
            return Err(Reason::SlotTwice { letter });
        }
        if (written.mask.is_some() || written.rounding.is_some()) && !evex {
            return Err(Reason::Encoding { problem: "masks and rounding need EVEX" });
        }
        if matches!(kind, Kind::RegMem { broadcast: Some(_), .. }) && !evex {
            return Err(Reason::Encoding { problem: "a broadcast needs EVEX" });
        }
        let zeroed = matches!(&kind, Kind::Reg(class) | Kind::RegMem { class, .. } if class.is_vector());
        if written.mask == Some(Mask::Zeroing) && !zeroed {
            return Err(Reason::Encoding { problem: "only vector registers can be masked with zeroing" });
        }
        operands.push(Operand {
            text: written.text.clone(),
            kind,
            slot,
            access: Access::parse(access)?,
            mask: written.mask,
            rounding: written.rounding,
        });
    }
    Ok(operands)
}

/// EVEX reaches all registers; a form without REX the first eight general ones.
fn effective_class(class: Class, evex: bool, no_rex: bool) -> Class {
    match class {
        Class::Xmm if evex => Class::EXmm,
        Class::Ymm if evex => Class::EYmm,
        Class::R8 if evex => Class::E8,
        Class::R16 if evex => Class::E16,
        Class::R32 if evex => Class::E32,
        Class::R64 if evex => Class::E64,
        Class::R16 if no_rex => Class::Low16,
        Class::R32 if no_rex => Class::Low32,
        class => class,
    }
}

fn slot(letter: char) -> Option<Slot> {
    Some(match letter {
        'R' => Slot::Reg,
        'M' => Slot::Rm,
        'V' => Slot::Vvvv,
        'I' => Slot::Imm,
        'O' => Slot::Opcode,
        'D' => Slot::Rel,
        'A' => Slot::Moffs,
        'P' => Slot::Prefixes,
        'S' => Slot::Is4,
        'X' => Slot::Fixed,
        _ => return None,
    })
}

fn suits(kind: &Kind, slot: Slot) -> bool {
    match kind {
        Kind::Fixed(_) => slot == Slot::Fixed,
        Kind::Reg(Class::Sreg | Class::Cr | Class::Dr) => slot == Slot::Reg,
        Kind::Reg(Class::St) => slot == Slot::Opcode,
        Kind::Reg(_) => matches!(slot, Slot::Reg | Slot::Rm | Slot::Vvvv | Slot::Opcode | Slot::Is4),
        Kind::RegMem { .. } | Kind::Mem { .. } | Kind::Vsib { .. } => slot == Slot::Rm,
        Kind::Imm { .. } => slot == Slot::Imm,
        Kind::Rel { .. } => slot == Slot::Rel,
        Kind::Moffs { .. } => slot == Slot::Moffs,
        Kind::FixedAddress(_) => slot == Slot::Prefixes,
        Kind::FlagsValue => slot == Slot::Vvvv,
    }
}

/// Every place of the encoding has its operand, and the reverse.
fn check_places(form: &Form) -> Result<(), Reason> {
    let has = |slot: Slot| form.operands.iter().any(|operand| operand.slot == slot);
    let agree = |place, operand: bool, encoding: bool| {
        if operand == encoding { Ok(()) } else { Err(Reason::Unfilled { place }) }
    };
    let modrm = form.modrm();
    agree("ModRM.reg", has(Slot::Reg), modrm.is_some_and(|m| m.reg.is_none()))?;
    agree("ModRM.rm", has(Slot::Rm), modrm.is_some_and(|m| m.rm.is_none()))?;
    let plus = matches!(form.encoding, Encoding::Legacy { plus: true, .. } | Encoding::Rex2 { plus: true, .. });
    agree("+r", has(Slot::Opcode), plus)?;
    if has(Slot::Vvvv) && !matches!(form.encoding, Encoding::Vex { .. } | Encoding::Evex { .. }) {
        return Err(Reason::Unfilled { place: "vvvv" });
    }
    let count = |wanted: fn(&Immediate) -> bool| form.immediates.iter().filter(|i| wanted(i)).count();
    let slots = |slot: Slot| form.operands.iter().filter(|operand| operand.slot == slot).count();
    agree("the immediate", slots(Slot::Imm) == count(|i| matches!(i, Immediate::Value(_) | Immediate::Is5)), true)?;
    agree("the displacement", slots(Slot::Rel) == count(|i| matches!(i, Immediate::Rel(_))), true)?;
    agree("the absolute address", slots(Slot::Moffs) == count(|i| *i == Immediate::Moffs), true)?;
    agree("/is4", slots(Slot::Is4) == count(|i| matches!(i, Immediate::Is4 | Immediate::Is5)), true)?;
    let rm = form.operands.iter().find(|operand| operand.slot == Slot::Rm);
    match (rm.map(|operand| &operand.kind), modrm.map(|m| m.mode)) {
        (Some(Kind::Reg(_)), Some(Mode::Memory | Mode::MemorySib)) => Err(Reason::Unfilled { place: "ModRM.mod" }),
        (Some(Kind::Mem { .. } | Kind::RegMem { .. } | Kind::Vsib { .. }), Some(Mode::Register)) => {
            Err(Reason::Unfilled { place: "ModRM.mod" })
        }
        _ => Ok(()),
    }
}

/// EVEX.b says rounding beside registers, and broadcast beside memory. So only the operand that has the rounding may be
/// memory: its type decides between them.
fn check_rounding(form: &Form) -> Result<(), Reason> {
    let Some(rounded) = form.operands.iter().find(|operand| operand.rounding.is_some()) else { return Ok(()) };
    let only_memory = |operand: &Operand| matches!(operand.kind, Kind::Mem { .. } | Kind::Vsib { .. });
    let mut others = form.operands.iter().filter(|operand| operand.rounding.is_none());
    if only_memory(rounded) || others.any(|other| only_memory(other) || matches!(other.kind, Kind::RegMem { .. })) {
        return Err(Reason::Encoding { problem: "rounding is for registers, beside registers" });
    }
    Ok(())
}

/// What makes a general register's operand 64 bits wide is said: W, or that it is so by default.
fn check_operand_size(operands: &[Operand], parsed: &Parsed) -> Result<(), Reason> {
    let is_wide = match parsed.encoding {
        Encoding::Legacy { rex, .. } => rex == Rex::W,
        Encoding::Rex2 { w, .. } => w,
        Encoding::Vex { .. } | Encoding::Evex { .. } => return Ok(()),
    };
    let has_wide = operands.iter().any(|operand| {
        let (Kind::Reg(class) | Kind::RegMem { class, .. }) = operand.kind else { return false };
        matches!(class, Class::R64 | Class::E64)
    });
    match (has_wide, is_wide, parsed.is_64_by_default) {
        (true, false, false) => Err(Reason::Encoding { problem: "a 64-bit register needs REX.W, or D64" }),
        (_, true, true) => Err(Reason::Encoding { problem: "D64 means that there is no W" }),
        (false, _, true) => Err(Reason::Encoding { problem: "D64 is for a 64-bit register" }),
        _ => Ok(()),
    }
}

/// Immediates are as wide as their places.
fn check_widths(form: &Form) -> Result<(), Reason> {
    let mut values = form.immediates.iter().filter_map(|immediate| match immediate {
        Immediate::Value(bytes) | Immediate::Rel(bytes) => Some(bytes * 8),
        Immediate::Is5 => Some(4),
        Immediate::Moffs | Immediate::Is4 => None,
    });
    for operand in &form.operands {
        if let Kind::Imm { bits, .. } | Kind::Rel { bits } = operand.kind {
            let expected = values.next().unwrap_or_default();
            if bits != expected {
                return Err(Reason::Width { what: operand.text.clone(), expected, found: bits });
            }
        }
    }
    Ok(())
}

fn check_condition(form: &Form) -> Result<(), Reason> {
    let Some(when) = &form.when else { return Ok(()) };
    let wrong = |problem| Err(Reason::Condition { text: when.text.clone(), problem });
    for comparison in when.any_of.iter().flatten() {
        if comparison.left == Term::Name(MASK.into()) {
            let masked = form.operands.iter().any(|operand| operand.mask == Some(Mask::Merging));
            if comparison.equal || comparison.right != Term::Number(0) || !masked || when.any_of.len() != 1 {
                return wrong("a mask can only be k1!=0");
            }
            continue;
        }
        if comparison.left == Term::Name(ADDRESS.into()) {
            let addressed = form.operands.iter().any(|o| matches!(o.kind, Kind::Mem { .. }));
            let is_width = matches!(comparison.right, Term::Number(32 | 64));
            if !comparison.equal || !is_width || !addressed || when.any_of.len() != 1 {
                return wrong("an address can only be address==64 or address==32");
            }
            continue;
        }
        if comparison.left == Term::Name(SEGMENT.into()) {
            let addressed = form.operands.iter().any(|o| matches!(o.kind, Kind::Mem { .. } | Kind::RegMem { .. }));
            if !comparison.equal || comparison.right != Term::Number(0) || !addressed {
                return wrong("a segment can only be segment==0");
            }
            continue;
        }
        for term in [&comparison.left, &comparison.right] {
            if let Term::Name(name) = term
                && term_operand(form, name).is_none()
                && segment(name).is_none()
            {
                return wrong("names no operand");
            }
        }
    }
    Ok(())
}

/// The operand that a condition calls `op1`, `op2`, ...
pub(super) fn term_operand<'a>(form: &'a Form, name: &str) -> Option<&'a Operand> {
    let number: usize = name.strip_prefix("op")?.parse().ok()?;
    form.operands.get(number.checked_sub(1)?)
}

/// The segment registers that a condition may name.
pub(super) fn segment(name: &str) -> Option<u8> {
    ["ES", "CS", "SS", "DS", "FS", "GS"].iter().position(|segment| *segment == name).map(|number| number as u8)
}

fn implicit(text: &str) -> Result<Vec<(Access, String)>, Reason> {
    text.split_whitespace()
        .map(|word| {
            let wrong = || Reason::Implicit { text: word.into() };
            let (access, register) = word.split_once(':').ok_or_else(wrong)?;
            let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "[]+*-_().".contains(c);
            if register.is_empty() || !register.chars().all(known) {
                return Err(wrong());
            }
            Ok((Access::parse(access).map_err(|_| wrong())?, register.to_string()))
        })
        .collect()
}

impl Aliased for Form {
    fn name(&self) -> &str {
        &self.name
    }

    fn alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }

    fn clashes_with(&self, other: &Self) -> bool {
        shares_modrm(self, other) && keys(self).any(|key| keys(other).any(|other| other == key))
    }

    fn error(&self, reason: Reason) -> TableError {
        TableError::of_row(&self.table, &self.syntax, reason)
    }
}

impl Member for Form {
    fn choice(&self) -> Option<&Choice> {
        self.choice.as_ref()
    }

    fn choice_mut(&mut self) -> Option<&mut Choice> {
        self.choice.as_mut()
    }

    fn parameters(&self) -> Vec<String> {
        self.operands.iter().map(|operand| operand.text.clone()).collect()
    }

    fn number(&self) -> u64 {
        layouts::number(&self.encoding)
    }
}

/// What decides which instruction some bytes are: two forms with one key and a ModRM in common can produce the same
/// bytes.
#[derive(PartialEq, Eq, Hash, Clone)]
struct Key {
    space: u8,
    prefixes: Vec<u8>,
    w: u8,
    length: u8,
    opcode: Vec<u8>,
    digit: Option<u8>,
    apx: Option<(bool, bool, Option<u8>)>,
    /// Prefix 67, where it changes another operand, too.
    address: Option<u32>,
}

fn key(form: &Form, opcode_low: u8) -> Key {
    let digit = form.modrm().and_then(|m| m.reg);
    let apx = |apx: &super::Apx| (apx.nd, apx.nf, apx.scc);
    let none = |space, prefixes, w, length, opcode| Key {
        space,
        prefixes,
        w,
        length,
        opcode,
        digit,
        apx: None,
        address: form.address_bits(),
    };
    match &form.encoding {
        Encoding::Legacy { prefixes, rex, opcode, plus, .. } => {
            let mut opcode = opcode.clone();
            if *plus && let Some(last) = opcode.last_mut() {
                *last |= opcode_low;
            }
            // Prefixes mean the same in any order.
            let mut prefixes = prefixes.clone();
            prefixes.sort_unstable();
            none(0, prefixes, u8::from(*rex == Rex::W), 0, opcode)
        }
        Encoding::Rex2 { prefixes, w, map1, opcode, plus, .. } => {
            let low = if *plus { opcode_low } else { 0 };
            none(1, prefixes.clone(), u8::from(*w), u8::from(*map1), vec![*opcode | low])
        }
        Encoding::Vex { l, pp, map, w, opcode, .. } => none(2, vec![*pp], *w, *l, vec![*map, *opcode]),
        Encoding::Evex { ll, pp, map, w, opcode, apx: bits, .. } => {
            Key { apx: bits.as_ref().map(apx), ..none(3, vec![*pp], *w, *ll, vec![*map, *opcode]) }
        }
    }
}

/// Whether two forms with one key have operands that give the same ModRM.
fn shares_modrm(a: &Form, b: &Form) -> bool {
    let memory = |form: &Form| {
        form.operands.iter().any(|o| o.slot == Slot::Rm && !matches!(o.kind, Kind::Reg(_))) || form.modrm().is_none()
    };
    let register = |form: &Form| {
        form.operands.iter().any(|o| o.slot == Slot::Rm && matches!(o.kind, Kind::Reg(_) | Kind::RegMem { .. }))
            || form.modrm().is_none_or(|m| m.rm.is_some())
    };
    (memory(a) && memory(b)) || (register(a) && register(b))
}

/// The keys of a form: one, or one a register that the opcode can hold.
fn keys(form: &Form) -> impl Iterator<Item = Key> {
    let plus = form.operands.iter().any(|operand| operand.slot == Slot::Opcode);
    (0..if plus { 8 } else { 1 }).map(|low| key(form, low))
}

/// Refuses pairs that can produce the same bytes and are no aliases of one form.
fn check_overlaps(forms: &[Form], roots: &[usize]) -> Result<(), TableError> {
    let mut seen: HashMap<Key, Vec<usize>> = HashMap::new();
    for (i, form) in forms.iter().enumerate() {
        for key in keys(form) {
            let others = seen.entry(key).or_default();
            for &j in others.iter() {
                if roots[i] != roots[j] && shares_modrm(form, &forms[j]) {
                    return Err(form.error(Reason::Overlap { other: forms[j].syntax.clone() }));
                }
            }
            others.push(i);
        }
    }
    Ok(())
}
