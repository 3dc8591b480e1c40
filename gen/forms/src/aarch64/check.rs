//! Checks rows and makes forms of them.
//!
//! A row by itself must make sense: 32 bits, each field given once, each operand as wide as its fields, each register
//! where the syntax has it. The rows together must not contradict one another: two forms that can produce the same word
//! are aliases of one form, or their conditions exclude each other.

use super::{
    Access, Form, Operand, Row,
    bits::{self, Bits, Field, low_mask},
    kinds::{self, By, Found, Kind},
    prefix,
};
use crate::{
    choice::{self, Choice, Member},
    condition::{self, Comparison, Condition, Term},
    error::{Reason, TableError},
    names::{self, Aliased},
    row::{self, Line},
};

/// Checks every row, then the rows against each other.
pub fn forms(lines: &[Line<Row>]) -> Result<Vec<Form>, TableError> {
    let mut forms = Vec::with_capacity(lines.len());
    for line in lines {
        let form = form(line).map_err(|reason| TableError::of_row(&line.table, &line.row.name, reason))?;
        forms.push(form);
    }
    names::unique(forms.iter().map(|form| (form.name.as_str(), form.table.as_str(), form.syntax.as_str())))?;
    let roots = names::roots(&forms)?;
    overlaps(&forms, &roots)?;
    choice::number_by_bits(&mut forms);
    choice::families(&forms)?;
    Ok(forms)
}

/// Checks a single row.
fn form(line: &Line<Row>) -> Result<Form, Reason> {
    let row = &line.row;
    if !names::is_function(&row.name) {
        return Err(Reason::Name { name: row.name.clone() });
    }
    if row.id.is_none() && row.alias.is_none() {
        return Err(Reason::Nameless);
    }
    let bits = bits::parse(&row.bits)?;
    let operands = operands(&row.ops, &bits)?;
    syntax(&row.asm, &operands, &bits)?;
    let condition = match &row.when {
        Some(text) => Some(checked_condition(text, &operands, &bits)?),
        None => None,
    };
    let flags = match &row.flags {
        Some(text) => Some(names::flags(text, "nzcv")?),
        None => None,
    };
    let mnemonic = mnemonic(&row.asm)?;
    let prefix = prefix::of(row.prefix.as_deref(), &mnemonic, &operands, &bits)?;
    Ok(Form {
        name: row.name.clone(),
        id: row.id.clone(),
        mnemonic,
        syntax: row.asm.clone(),
        bits,
        operands,
        condition,
        flags,
        prefix,
        cpu: names::cpu(row.cpu.as_deref())?,
        alias: row.alias.clone(),
        table: line.table.clone(),
        title: line.title.clone(),
        row: line.written.clone(),
        feature: line.feature.clone(),
        choice: row.choice.as_deref().map(|ty| choice(ty, row)).transpose()?,
    })
}

/// The choice of a row. If the row says the type, the value is the mnemonic, and the function's name begins with the
/// type's name in place of the mnemonic. Otherwise the row says `Type::Value function`.
fn choice(text: &str, row: &Row) -> Result<Choice, Reason> {
    let mnemonic = mnemonic(&row.asm)?;
    let of = |ty: &str, variant: &str, function: String| {
        let value = row::Choice { ty: ty.into(), variant: variant.into(), code: 0, title: row.name.clone() };
        Choice::new(&value, function, row.asm.replacen(&mnemonic.to_ascii_uppercase(), ty, 1))
    };
    match text.split_once(' ').and_then(|(value, function)| Some((value.split_once("::")?, function))) {
        Some(((ty, variant), function)) => {
            let (register, _) = row.asm.split_once(',').unwrap_or((&row.asm, ""));
            Ok(Choice { shown: register.into(), ..of(ty, variant, function.into())? })
        }
        None => match row.name.strip_prefix(&mnemonic) {
            Some(rest) => of(text, &mnemonic, format!("{}{rest}", choice::snake(text))),
            None => Err(Reason::Choice { variant: mnemonic }),
        },
    }
}

/// The first word of the syntax, without what is to be chosen: `b.` of `B.<cond> <label>`.
fn mnemonic(asm: &str) -> Result<String, Reason> {
    let word = asm.split_whitespace().next().unwrap_or_default();
    let word = word.split(['<', '{']).next().unwrap_or_default().trim_end_matches('.');
    if word.is_empty() || !word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) {
        return Err(Reason::Assembly { problem: "it does not begin with a mnemonic in capitals" });
    }
    Ok(word.to_ascii_lowercase())
}

/// Parses `ops` and holds it against the fields.
fn operands(text: &str, bits: &Bits) -> Result<Vec<Operand>, Reason> {
    let mut operands: Vec<Operand> = Vec::new();
    let mut given = vec![false; bits.fields.len()];
    for word in text.split_whitespace() {
        let unknown = || Reason::UnknownOperand { text: word.into() };
        let (places, kind) = word.split_once('=').ok_or_else(unknown)?;
        let (kind, access) = match kind.split_once(':') {
            Some((kind, letters)) => (kind, access(letters)?),
            None => (kind, Access::Read),
        };
        let mut fields = Vec::new();
        for list in places.split('&') {
            let mut indices = Vec::new();
            for name in list.split(':') {
                let field = |problem| Reason::Field { name: name.into(), problem };
                let index = bits.fields.iter().position(|f| f.name == name).ok_or_else(|| field("is not in `bits`"))?;
                if std::mem::replace(&mut given[index], true) {
                    return Err(field("is given twice"));
                }
                indices.push(index);
            }
            fields.push(indices);
        }
        let kind = suitable_kind(kind, &fields, bits)?;
        let param = parameter(&kind, &fields, bits, &operands);
        operands.push(Operand { param, fields, kind, access });
    }
    match given.iter().position(|given| !given) {
        Some(index) => Err(Reason::Field { name: bits.fields[index].name.clone(), problem: "is given by no operand" }),
        None => Ok(operands),
    }
}

pub(super) fn access(letters: &str) -> Result<Access, Reason> {
    match letters {
        "r" => Ok(Access::Read),
        "w" => Ok(Access::Write),
        "rw" => Ok(Access::ReadWrite),
        _ => Err(Reason::Access { text: letters.into() }),
    }
}

/// The kind of this name, if it suits each of the lists of fields.
fn suitable_kind(name: &str, fields: &[Vec<usize>], bits: &Bits) -> Result<Kind, Reason> {
    let mut kind: Option<Kind> = None;
    for list in fields {
        let width = list.iter().map(|&f| bits.fields[f].width).sum();
        match kinds::find(name, width) {
            Found::Kind(found) => {
                if let By::Target(rel) = found.by {
                    target_in_place(rel, list, bits)?;
                }
                match &kind {
                    Some(first) if *first != found => {
                        return Err(Reason::Width { what: name.into(), expected: first.width, found: found.width });
                    }
                    _ => kind = Some(found),
                }
            }
            Found::Width(found) => return Err(Reason::Width { what: name.into(), expected: width, found }),
            Found::Nothing => return Err(Reason::UnknownKind { text: name.into() }),
        }
    }
    // `split` gives at least one list.
    kind.ok_or_else(|| Reason::UnknownKind { text: name.into() })
}

/// The runtime fills in distances after the word is written, so their places are fixed.
fn target_in_place(rel: &str, list: &[usize], bits: &Bits) -> Result<(), Reason> {
    let places = kinds::target_places(rel);
    let found = list.iter().map(|&f| (bits.fields[f].lsb, bits.fields[f].width));
    if found.eq(places.iter().copied()) {
        return Ok(());
    }
    let name = list.iter().map(|&f| bits.fields[f].name.as_str()).collect::<Vec<_>>().join(":");
    Err(Reason::Field { name, problem: "is not where the runtime fills in a target" })
}

/// A parameter's name, from the manual's names where that makes sense.
fn parameter(kind: &Kind, fields: &[Vec<usize>], bits: &Bits, before: &[Operand]) -> String {
    let names: Vec<&str> = fields[0].iter().map(|&f| bits.fields[f].name.as_str()).collect();
    let register = names.iter().find(|name| is_register(name));
    let name = match (kind.by, register, names.as_slice()) {
        (By::Target(_), ..) => kind.param.into(),
        (_, Some(register), _) => register.to_ascii_lowercase(),
        (_, None, [single]) if kind.param == "imm" => single.to_ascii_lowercase(),
        _ => kind.param.to_string(),
    };
    let is_other = |name: &str| name == "enc" || before.iter().any(|operand| operand.param == name);
    let taken = |name: &str| names::is_keyword(name) || is_other(name);
    if !taken(&name) {
        return name;
    }
    // Ends, because there are finitely many operands.
    (2..).map(|n| format!("{name}{n}")).find(|name| !taken(name)).unwrap_or(name)
}

/// `Rd`, `Zdn`, `Pg`, `PNg`, `Vm`: a letter for the register file, then the manual's letters for its role.
pub(super) fn is_register(field: &str) -> bool {
    let role = field.strip_prefix("PN").or_else(|| field.strip_prefix(['R', 'Z', 'P', 'V']));
    role.is_some_and(|role| role.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Holds the operands against the symbols of the syntax: plain registers must be there, in the operands' order.
fn syntax(asm: &str, operands: &[Operand], bits: &Bits) -> Result<(), Reason> {
    let wrong = |problem| Err(Reason::Assembly { problem });
    let balance = |open, close| {
        let mut depth = 0i32;
        asm.chars().all(|c| {
            depth += i32::from(c == open) - i32::from(c == close);
            (0..=64).contains(&depth)
        }) && depth == 0
    };
    if !balance('<', '>') || !balance('[', ']') || !balance('{', '}') || !balance('(', ')') {
        return wrong("its brackets do not pair");
    }
    if operands.is_empty() && asm.contains('<') {
        return wrong("it has operands, and `ops` has none");
    }
    let mut last = 0;
    for operand in operands {
        let [list] = operand.fields.as_slice() else { continue };
        let [field] = list.as_slice() else { continue };
        let (name, file) = (&bits.fields[*field].name, operand.kind.symbol);
        // General and SIMD registers are R in the bits, whatever they are in the syntax.
        let Some(role) = name.strip_prefix('R').or_else(|| name.strip_prefix(file)) else { continue };
        if file.is_empty() || role.is_empty() {
            continue;
        }
        let sp = match operand.kind.name.as_str() {
            "XSP" => "|SP>",
            "WSP" => "|WSP>",
            _ => ">",
        };
        // The manual calls the first of two transfer registers Rt1 in the syntax only, and WFET's register Rd in the
        // bits only.
        let roles = [role, "t", "t1"];
        let roles = if role == "t" || role == "d" { &roles[..] } else { &roles[..1] };
        let symbols = roles.iter().map(|role| format!("<{file}{role}{sp}"));
        let Some(at) = symbols.filter_map(|symbol| asm.find(&symbol)).next() else {
            return wrong("a register of `ops` is not in it, or not with this width or role");
        };
        if at < last {
            return wrong("its registers are in another order than in `ops`");
        }
        last = at;
    }
    Ok(())
}

/// A condition, its names and numbers held against the fields.
fn checked_condition(text: &str, operands: &[Operand], bits: &Bits) -> Result<Condition, Reason> {
    let condition = condition::parse(text)?;
    let wrong = |problem| Reason::Condition { text: text.into(), problem };
    let targets = operands.iter().filter(|operand| matches!(operand.kind.by, By::Target(_)));
    let later: Vec<&str> =
        targets.flat_map(|operand| operand.fields.iter().flatten()).map(|&f| bits.fields[f].name.as_str()).collect();
    if condition.names().any(|name| later.contains(&name)) {
        return Err(wrong("it names a label's field, which is filled in later"));
    }
    for comparison in condition.any_of.iter().flatten() {
        let width = |term: &Term| match term {
            Term::Name(name) => field_named(bits, name).map(|f| Some(f.width)).ok_or(wrong("it names no field")),
            Term::Number(_) => Ok(None),
        };
        let (left, right) = (width(&comparison.left)?, width(&comparison.right)?);
        if comparison.left == comparison.right || (left.is_none() && right.is_none()) {
            return Err(wrong("its result is known"));
        }
        if let (Some(left), Some(right)) = (left, right)
            && left != right
        {
            return Err(wrong("it compares fields of different widths"));
        }
        for (term, other) in [(&comparison.left, right), (&comparison.right, left)] {
            if let (Term::Number(number), Some(width)) = (term, other)
                && *number > low_mask(width)
            {
                return Err(wrong("a number does not fit its field"));
            }
        }
    }
    Ok(condition)
}

fn field_named<'a>(bits: &'a Bits, name: &str) -> Option<&'a Field> {
    bits.fields.iter().find(|field| field.name == name)
}

impl Member for Form {
    fn choice(&self) -> Option<&Choice> {
        self.choice.as_ref()
    }

    fn choice_mut(&mut self) -> Option<&mut Choice> {
        self.choice.as_mut()
    }

    fn parameters(&self) -> Vec<String> {
        let ty = |kind: &Kind| kind.of_any_size().map_or_else(|| kind.ty.clone(), |kind| kind.ty);
        self.operands.iter().map(|operand| format!("{} {}", operand.param, ty(&operand.kind))).collect()
    }

    fn number(&self) -> u64 {
        self.bits.value.into()
    }
}

impl Aliased for Form {
    fn name(&self) -> &str {
        &self.name
    }

    fn alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }

    fn clashes_with(&self, other: &Self) -> bool {
        compatible(&self.bits, &other.bits)
    }

    fn error(&self, reason: Reason) -> TableError {
        TableError::of_row(&self.table, &self.name, reason)
    }
}

/// Whether the fixed bits of both can be in one word.
fn compatible(a: &Bits, b: &Bits) -> bool {
    (a.value ^ b.value) & a.mask & b.mask == 0
}

/// Refuses pairs that can produce one word and are no aliases of one form.
fn overlaps(forms: &[Form], roots: &[usize]) -> Result<(), TableError> {
    for (i, form) in forms.iter().enumerate() {
        for (j, other) in forms[..i].iter().enumerate() {
            if compatible(&form.bits, &other.bits) && roots[i] != roots[j] && !exclusive(form, other) {
                let reason = Reason::Overlap { other: other.name.clone() };
                return Err(TableError::of_row(&form.table, &form.name, reason));
            }
        }
    }
    Ok(())
}

/// Whether the conditions of two forms, or the values that their operands can have, leave them no common word.
fn exclusive(a: &Form, b: &Form) -> bool {
    let known = Known { value: a.bits.value | b.bits.value, mask: a.bits.mask | b.bits.mask };
    let Some(known) = known.with_operands(a).and_then(|known| known.with_operands(b)) else { return true };
    if known.is_no_operand_of(a) || known.is_no_operand_of(b) {
        return true;
    }
    let always = [Vec::new()];
    let any_of = |form: &'_ Form| form.condition.as_ref().map(|c| c.any_of.clone());
    let (of_a, of_b) = (any_of(a), any_of(b));
    let (of_a, of_b) = (of_a.as_deref().unwrap_or(&always), of_b.as_deref().unwrap_or(&always));
    of_a.iter().all(|a_all| of_b.iter().all(|b_all| !known.satisfiable(&a.bits, a_all, &b.bits, b_all)))
}

/// What is known of a word.
#[derive(Clone, Copy)]
struct Known {
    value: u32,
    mask: u32,
}

impl Known {
    /// More bits; `None` if they contradict what is known.
    fn with(self, value: u32, mask: u32) -> Option<Known> {
        let contradiction = (self.value ^ value) & self.mask & mask;
        (contradiction == 0).then_some(Known { value: self.value | value & mask, mask: self.mask | mask })
    }

    /// The bits that a form's operands always have.
    fn with_operands(self, form: &Form) -> Option<Known> {
        let mut known = self;
        for operand in &form.operands {
            let zero = operand.kind.always_zero();
            for list in &operand.fields {
                for part in parts(list, &form.bits) {
                    known = known.with(0, (zero >> part.from & low_mask(part.width)) << part.to)?;
                }
            }
        }
        Some(known)
    }

    /// Whether an operand of the form cannot have the bits that are known.
    fn is_no_operand_of(self, form: &Form) -> bool {
        let ones = self.value & self.mask;
        form.operands.iter().any(|operand| {
            let never = operand.kind.never_all_set();
            let is_set = |part: &Part| {
                let bits = (never >> part.from & low_mask(part.width)) << part.to;
                ones & bits == bits
            };
            never != 0 && operand.fields.iter().any(|list| parts(list, &form.bits).iter().all(is_set))
        })
    }

    /// Whether a word can satisfy both conjunctions, as far as single bits tell.
    fn satisfiable(self, a_bits: &Bits, a: &[Comparison], b_bits: &Bits, b: &[Comparison]) -> bool {
        let all = || a.iter().map(|c| (a_bits, c)).chain(b.iter().map(|c| (b_bits, c)));
        let mut known = self;
        for (bits, comparison) in all() {
            if let (true, Some((field, number))) = (comparison.equal, with_number(bits, comparison)) {
                match known.with(number << field.lsb, field.mask()) {
                    Some(more) => known = more,
                    None => return false,
                }
            }
        }
        all().all(|(bits, comparison)| {
            let value = |term: &Term| match term {
                Term::Number(number) => Some(*number),
                Term::Name(name) => {
                    let field = field_named(bits, name)?;
                    let whole = known.mask & field.mask() == field.mask();
                    whole.then_some((known.value & field.mask()) >> field.lsb)
                }
            };
            match (value(&comparison.left), value(&comparison.right)) {
                (Some(left), Some(right)) => (left == right) == comparison.equal,
                _ => true,
            }
        })
    }
}

fn with_number<'a>(bits: &'a Bits, comparison: &Comparison) -> Option<(&'a Field, u32)> {
    match (&comparison.left, &comparison.right) {
        (Term::Name(name), Term::Number(number)) | (Term::Number(number), Term::Name(name)) => {
            Some((field_named(bits, name)?, *number))
        }
        _ => None,
    }
}

/// A run of bits of an operand's value, and where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// Its lowest bit in the value.
    pub(super) from: u32,
    /// Its lowest bit in the word.
    pub(super) to: u32,
    /// Its number of bits.
    pub(super) width: u32,
}

/// The runs of a value that fills these fields, highest first; neighbours that stay neighbours are one run.
pub(super) fn parts(list: &[usize], bits: &Bits) -> Vec<Part> {
    let mut from: u32 = list.iter().map(|&f| bits.fields[f].width).sum();
    let mut parts: Vec<Part> = Vec::new();
    for &f in list {
        let Field { lsb: to, width, .. } = bits.fields[f];
        from -= width;
        match parts.last_mut() {
            Some(last) if last.to == to + width => {
                *last = Part { from, to, width: last.width + width };
            }
            _ => parts.push(Part { from, to, width }),
        }
    }
    parts
}
