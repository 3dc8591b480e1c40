//! Register 31 in every field of every A64 form: the zero register, the stack pointer, and the vector register of
//! that number. The crate and llvm-mc take the same, but for what is listed here with its reason.
//!
//! Of each form there are instructions that LLVM assembles to our words. In each of their operands that can have the
//! number, and in each two of them, it is put in under each of its names; what LLVM makes of the line is compared
//! with what `emit` and `finish` say. (That LLVM takes a line for another form is a refusal by this one: `add x0, sp,
//! x1` is no ADD of a shifted register.)

mod render;

use quickcheck::Gen;
use std::collections::{BTreeMap, BTreeSet};
use tailfirst::aarch64::{Encoder, Form, forms};
use tailfirst_gen::aarch64::Form as Model;
use tailfirst_oracles::{Dialect, LlvmMc};
use tailfirst_roundtrip::aarch64::{
    MODEL, Sample, forward, public,
    value::{self, Value},
};
use tailfirst_roundtrip::choices::{self, Choices};

/// Instructions a form that the number is put into, of those that are tried until LLVM knows one.
const WANTED: usize = 2;
const TRIED: usize = 12;

/// Where code is linked to.
const BASE: u64 = 0x7F12_3456_7000;

/// The features that LLVM 19 does not know, or whose instructions it has no name for.
const UNKNOWN: [&str; 28] = [
    "FEAT_CMH",
    "FEAT_CMPBR",
    "FEAT_F16F32DOT",
    "FEAT_F16F32MM",
    "FEAT_F16MM",
    "FEAT_F8F16MM",
    "FEAT_F8F32MM",
    "FEAT_FPRCVT",
    "FEAT_GCIE",
    "FEAT_LSCP",
    "FEAT_LSFE",
    "FEAT_LSUI",
    "FEAT_MOPS_GO",
    "FEAT_MPAMv2",
    "FEAT_PCDPHINT",
    "FEAT_POE2",
    "FEAT_RME_GPC3",
    "FEAT_S1POE2",
    "FEAT_SME2p2",
    "FEAT_SME2p3",
    "FEAT_SME_MOP4",
    "FEAT_SME_TMOP",
    "FEAT_SVE2p2",
    "FEAT_SVE2p3",
    "FEAT_SVE_AES2",
    "FEAT_SVE_B16MM",
    "FEAT_SVE_BFSCALE",
    "FEAT_TEV",
];

/// A difference that is to be: the crate refuses what LLVM takes.
struct Difference {
    reason: &'static str,
    /// Whether a line is of this sort.
    is_of: fn(form: &str, fields: &[(String, Name)]) -> bool,
    /// The number of forms that have such lines.
    forms: usize,
}

const DIFFERENCES: [Difference; 3] = [
    Difference {
        reason: "copies and sets write Xn, and with register 31 there they are CONSTRAINED UNPREDICTABLE; GNU as refuses it, too",
        is_of: |form, fields| (form.starts_with("cpy") || form.starts_with("set")) && is(fields, "rn", Name::Zero),
        forms: 120,
    },
    Difference {
        reason: "31 as Rm says that the base moves by the structure's size, and that is what LLVM makes of XZR; to move it by nothing there is no form",
        is_of: |form, fields| form.ends_with("_post_x") && is(fields, "rm", Name::Zero),
        forms: 170,
    },
    Difference {
        reason: "a pair that is loaded into one register is CONSTRAINED UNPREDICTABLE, whatever the register; LLVM looks at some of the forms, or not at XZR",
        is_of: |form, fields| {
            let pairs = ["ldp", "ldnp", "ldxp", "ldaxp", "ldiapp"];
            pairs.iter().any(|pair| form.starts_with(pair)) && fields[0].0 == "rt" && fields[1].0 == "rt2"
        },
        forms: 18,
    },
];

fn is(fields: &[(String, Name)], field: &str, name: Name) -> bool {
    fields.iter().any(|(other, as_what)| other == field && *as_what == name)
}

/// MOV (to/from SP) has SP in any case.
const NEVER_WITHOUT: [&str; 2] = ["mov_w_sp", "mov_x_sp"];

/// What a line takes as register 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    /// XZR or WZR.
    Zero,
    /// SP or WSP.
    Stack,
    /// The last register of a class that has no special one, or the pair of X30 and XZR.
    Last,
}

/// The kinds that an operand of a kind is written as, to be one of the names.
fn names(kind: &str) -> &'static [(Name, &'static str)] {
    match kind {
        "X" | "XSP" => &[(Name::Zero, "X"), (Name::Stack, "XSP")],
        "W" | "WSP" => &[(Name::Zero, "W"), (Name::Stack, "WSP")],
        _ => &[(Name::Last, "")],
    }
}

/// The operand with the number as its register, if its field can hold that.
fn with_31(kind: &str, value: &Value) -> Option<Value> {
    match *value {
        Value::Register(_) if matches!(kind, "XPair" | "WPair") => Some(Value::Register(30)),
        Value::Register(_) => value::registers(kind)?.contains(&31).then_some(Value::Register(31)),
        Value::Element { lane, .. } => {
            (value::elements(kind)?.0 == 32).then_some(Value::Element { register: 31, lane })
        }
        Value::Extended { how, amount, .. } => Some(Value::Extended { register: 31, how, amount }),
        Value::Index { how, scaled, .. } => Some(Value::Index { register: 31, how, scaled }),
        _ => None,
    }
}

/// A line, and what the crate says of it.
struct Line {
    form: &'static str,
    /// The operands that are register 31, and as what.
    fields: Vec<(String, Name)>,
    text: String,
    /// The word that it is in this form.
    word: u32,
    taken: bool,
}

/// The word of operands, if the crate takes them. `kinds` are what they are given as.
fn emit(form: &Form, kinds: &[&str], values: &[Value]) -> Option<u32> {
    let operands: Vec<_> = kinds.iter().zip(values).map(|(kind, value)| public::operand(kind, value, false)).collect();
    let mut enc = Encoder::new();
    form.emit(&mut enc, &operands).ok()?;
    let mut code = enc.finish().ok()?;
    let distance = values.iter().find_map(|value| match value {
        Value::Distance(distance) => Some(*distance),
        _ => None,
    });
    code.link(BASE, |_| Some(BASE.wrapping_add(distance.unwrap_or(0) as u64))).expect("the distance is in range");
    code.bytes().try_into().map(u32::from_le_bytes).ok()
}

/// Operands whose general registers are different, and none of them the number.
fn sample(model: &Model, choices: &mut Choices) -> Vec<Value> {
    let mut values = Sample::new(model, choices).values;
    let first = choices.number() as u32 % 15;
    for (i, (operand, value)) in model.operands.iter().zip(&mut values).enumerate() {
        // Even numbers, from which pairs begin.
        let number = 2 * ((first + i as u32) % 15);
        match value {
            Value::Register(register)
                if value::registers(&operand.kind.name).is_some_and(|all| all.contains(&number)) =>
            {
                *register = number;
            }
            Value::Extended { register, .. } | Value::Index { register, .. } => *register = number,
            Value::Element { register, .. } => *register %= 8,
            _ => {}
        }
    }
    values
}

fn line(model: &'static Model, form: &'static Form, values: &[Value], places: &[(usize, Name, &'static str)]) -> Line {
    let mut values = values.to_vec();
    let mut written = model.clone();
    for (i, _, kind) in places {
        let own = &model.operands[*i].kind.name;
        values[*i] = with_31(own, &values[*i]).expect("asked before");
        if !kind.is_empty() {
            written.operands[*i].kind.name = (*kind).into();
        }
    }
    let kinds: Vec<_> = written.operands.iter().map(|operand| operand.kind.name.as_str()).collect();
    let word = forward::encode(model, &values);
    let made = emit(form, &kinds, &values);
    assert!(made.is_none_or(|made| made == word), "{}: {made:x?} is not {word:x}", form.name);
    Line {
        form: form.name,
        fields: places.iter().map(|(i, name, _)| (model.operands[*i].param.clone(), *name)).collect(),
        text: render::render(&written, &values).unwrap_or_else(|| panic!("cannot write {}", form.syntax)),
        word,
        taken: made.is_some(),
    }
}

/// For each line, whether LLVM assembles it to its word.
fn llvm_takes(llvm: &LlvmMc, lines: &[Line]) -> Vec<bool> {
    let texts: Vec<_> = lines.iter().map(|line| line.text.clone()).collect();
    let answers = llvm.assemble(&Dialect::aarch64(), &texts);
    let is_word = |line: &Line, bytes: &[u8]| bytes == line.word.to_le_bytes();
    let takes = |(line, answer): (&Line, &tailfirst_oracles::Answer)| matches!(answer.as_deref(), Ok([one]) if is_word(line, &one.bytes));
    lines.iter().zip(&answers).map(takes).collect()
}

#[test]
fn register_31_is_taken_where_llvm_takes_it() {
    let llvm = LlvmMc::from_env();
    let mut random = Gen::from_size_and_seed(100, choices::seed("register_31_is_taken_where_llvm_takes_it"));
    let known = |model: &Model| !model.cpu.iter().any(|feature| UNKNOWN.contains(&feature.as_str()));
    let forms: Vec<(&'static Model, &'static Form)> =
        MODEL.iter().zip(forms()).filter(|(model, _)| known(model)).collect();

    // What LLVM knows without the number.
    let mut plain = Vec::new();
    let mut values = Vec::new();
    for (at, (model, form)) in forms.iter().enumerate() {
        for _ in 0..TRIED {
            let sample = sample(model, &mut Choices::new(&choices::numbers(&mut random)));
            plain.push(line(model, form, &sample, &[]));
            values.push((at, sample));
        }
    }
    let mut found: BTreeMap<usize, Vec<Vec<Value>>> = BTreeMap::new();
    for (takes, (at, sample)) in llvm_takes(&llvm, &plain).into_iter().zip(values) {
        let found = found.entry(at).or_default();
        if takes && found.len() < WANTED {
            found.push(sample);
        }
    }
    for (at, samples) in found.iter_mut().filter(|(_, samples)| samples.is_empty()) {
        let (model, form) = forms[*at];
        assert!(NEVER_WITHOUT.contains(&form.name), "LLVM takes no instruction of {}", form.name);
        samples.push(sample(model, &mut Choices::new(&[])));
    }
    assert_eq!(found.len(), forms.len());

    let mut lines = Vec::new();
    let mut fields = BTreeSet::new();
    for (at, samples) in &found {
        let (model, form) = forms[*at];
        for values in samples {
            let places: Vec<(usize, Name, &'static str)> = model
                .operands
                .iter()
                .enumerate()
                .filter(|(i, operand)| with_31(&operand.kind.name, &values[*i]).is_some())
                .flat_map(|(i, operand)| names(&operand.kind.name).iter().map(move |(name, kind)| (i, *name, *kind)))
                .collect();
            fields.extend(places.iter().map(|(i, ..)| (*at, *i)));
            for (n, first) in places.iter().enumerate() {
                lines.push(line(model, form, values, &[*first]));
                let others = places[n + 1..].iter().filter(|second| second.0 != first.0);
                lines.extend(others.map(|second| line(model, form, values, &[*first, *second])));
            }
        }
    }
    let mut counts: BTreeMap<(bool, bool), usize> = BTreeMap::new();
    let mut reasons: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    let mut surprises = Vec::new();
    for (line, takes) in lines.iter().zip(llvm_takes(&llvm, &lines)) {
        *counts.entry((line.taken, takes)).or_default() += 1;
        if line.taken == takes {
            continue;
        }
        match DIFFERENCES.iter().position(|difference| (difference.is_of)(line.form, &line.fields)) {
            Some(reason) if takes => drop(reasons.entry(reason).or_default().insert(line.form)),
            _ => surprises.push(format!(
                "{}: `{}` is taken by {}",
                line.form,
                line.text,
                if takes { "LLVM" } else { "us" }
            )),
        }
    }
    let count = |ours, llvms| counts.get(&(ours, llvms)).copied().unwrap_or(0);
    println!(
        "{} lines for {} fields of {} forms: both take {}, neither takes {}, we alone take {}, LLVM alone takes {}",
        lines.len(),
        fields.len(),
        forms.len(),
        count(true, true),
        count(false, false),
        count(true, false),
        count(false, true)
    );
    assert!(surprises.is_empty(), "{} lines:\n{}", surprises.len(), surprises.join("\n"));
    for (i, Difference { reason, forms, .. }) in DIFFERENCES.iter().enumerate() {
        assert_eq!(reasons.get(&i).map_or(0, BTreeSet::len), *forms, "{reason}");
    }
    assert_eq!((forms.len(), fields.len()), (7222, 14687));
    assert!(count(true, true) > 15_000 && count(false, false) > 15_000, "{counts:?}");
}
