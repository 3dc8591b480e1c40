//! Every form, with random operands, against a forward encoder, word for word.
//!
//! Each form goes in both directions through every kind of buffer: one that grows, a slice with room, a slice of
//! exactly the code's size, and one that is too small, which must be left alone outside and must say how large it
//! should have been. PC-relative operands refer to a symbol, whose address `link` is told: so a distance can be any
//! that the field holds, without the code in between. To labels there is code in between.

#[path = "support/side.rs"]
mod side;
#[path = "support/aarch64/mod.rs"]
mod support;

use quickcheck::{Gen, TestResult};
use side::Side;
use std::collections::BTreeMap;
use support::{
    MODEL, Sample,
    choices::{self, Choices},
    forward,
    value::Value,
};
use tailfirst::{
    Access, Down, FinishError, Up,
    aarch64::{Emitter, Form, Operand, forms},
};
use tailfirst_gen::aarch64::{Access as ModelAccess, Form as Model};

/// Random cases a form.
const CASES: u64 = 40;

/// Where linked code runs; not at the start of a page, and far from both ends of the address space.
const BASE: u64 = 0x7F12_3456_7ABC;

#[test]
fn the_forms_are_those_of_the_tables() {
    let model: Vec<_> = MODEL.iter().map(|form| form.name.as_str()).collect();
    let public: Vec<_> = forms().iter().map(|form| form.name).collect();
    assert_eq!(model, public);
    assert!(model.len() >= 2900, "{} forms", model.len());
}

#[test]
fn what_the_forms_say_is_what_the_rows_say() {
    for (model, public) in MODEL.iter().zip(forms()) {
        assert_eq!(model.mnemonic, public.mnemonic);
        assert_eq!(model.syntax, public.syntax);
        assert_eq!(model.bits.to_string(), public.encoding);
        assert_eq!(model.id.as_deref(), public.id);
        assert_eq!(model.alias.as_deref(), public.alias);
        assert_eq!(model.condition.as_ref().map(|condition| condition.text.as_str()), public.condition);
        assert_eq!(model.flags.as_deref().unwrap_or_default(), public.flags);
        assert_eq!(model.cpu, public.cpu);
        assert_eq!(model.table, public.table);
        assert_eq!(model.operands.len(), public.operands.len());
        assert_eq!(model.operands.len(), public.values.len());
        for ((operand, info), value) in model.operands.iter().zip(public.operands).zip(public.values) {
            assert_eq!((operand.kind.name.as_str(), operand.kind.width), (value.kind, value.width), "{}", model.name);
            assert_eq!(operand.kind.ty, info.kind, "{}", model.name);
            let access = match operand.access {
                ModelAccess::Read => Access::Read,
                ModelAccess::Write => Access::Write,
                ModelAccess::ReadWrite => Access::ReadWrite,
            };
            assert_eq!(access, info.access, "{}", model.name);
        }
    }
}

/// Calls `case` with every form, `CASES` times each, and reports one failure a form.
fn with_every_form(test: &str, case: impl Fn(&Model, &Form, &Sample) -> Result<(), String>) {
    let mut random = Gen::from_size_and_seed(100, choices::seed(test));
    let mut wrong: BTreeMap<&str, String> = BTreeMap::new();
    let mut checked = 0;
    for (model, form) in MODEL.iter().zip(forms()) {
        for _ in 0..choices::times(CASES) {
            let numbers = choices::numbers(&mut random);
            let sample = Sample::new(model, &mut Choices::new(&numbers));
            checked += 1;
            if let Err(reason) = case(model, form, &sample) {
                wrong.entry(form.name).or_insert(format!("{}: {reason} | {:?}", form.name, sample.values));
            }
        }
    }
    println!("{test}: checked {checked} words of {} forms", MODEL.len());
    let lines: Vec<_> = wrong.into_values().collect();
    assert!(lines.is_empty(), "{} forms:\n{}", lines.len(), lines.join("\n"));
    assert!(checked > 100_000, "only {checked} words");
}

/// Emits the form `times` times and links the result.
fn emitted<D: Side>(
    enc: &mut Emitter<'_, D>,
    model: &Model,
    form: &Form,
    sample: &Sample,
    times: u32,
) -> Result<Vec<u8>, String> {
    let operands = sample.operands(model);
    for _ in 0..times {
        form.emit(enc, &operands).map_err(|error| error.to_string())?;
    }
    // Each instruction's target is as far from it, so the symbol has another address for each.
    let distance = sample.distance().unwrap_or(0);
    let is_page = model.operands.iter().any(|operand| operand.kind.name == "AdrPage");
    let mut code = enc.finish().map_err(|error| error.to_string())?;
    let mut from = code.relocations().iter().map(|relocation| relocation.from as u64).collect::<Vec<_>>().into_iter();
    let resolve = |symbol| {
        assert_eq!(symbol, support::TARGET);
        let at = BASE + from.next().expect("a relocation for each question");
        // Any byte of the page will do.
        let at = if is_page { at & !0xFFF | distance as u64 & 0xFF8 | 0x5A8 } else { at };
        Some(at.wrapping_add(distance as u64))
    };
    code.link(BASE, resolve).map_err(|error| error.to_string())?;
    Ok(code.bytes().to_vec())
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:x?}, expected {expected:x?}")) }
}

#[test]
fn every_form_is_what_the_forward_encoder_makes() {
    fn check<D: Side>(model: &Model, form: &Form, sample: &Sample) -> Result<(), String> {
        let expected = forward::bytes(model, &sample.values);
        equal("growing", emitted(&mut Emitter::<D>::new(), model, form, sample, 1)?, expected.to_vec())
    }
    with_every_form("every_form_is_what_the_forward_encoder_makes", |model, form, sample| {
        check::<Down>(model, form, sample)?;
        check::<Up>(model, form, sample).map_err(|reason| format!("up, {reason}"))
    });
}

#[test]
fn slices_hold_what_fits() {
    fn check<D: Side>(model: &Model, form: &Form, sample: &Sample) -> Result<(), String> {
        let expected = forward::bytes(model, &sample.values).repeat(3);
        for room in [12, 16, 13, 64] {
            let mut memory = [0xA5u8; 96];
            let found = emitted(&mut Emitter::<D>::in_slice(&mut memory[16..16 + room]), model, form, sample, 3)?;
            equal("slice", found.as_slice(), &expected)?;
            // The code's base is the slice's.
            equal("memory", &memory[16..16 + room][D::filled(room, 12)], &expected)?;
            let outside = memory[..16].iter().chain(&memory[16 + room..]);
            equal("outside", outside.filter(|byte| **byte != 0xA5).count(), 0)?;
        }
        Ok(())
    }
    with_every_form("slices_hold_what_fits", |model, form, sample| {
        check::<Down>(model, form, sample)?;
        check::<Up>(model, form, sample).map_err(|reason| format!("up, {reason}"))
    });
}

#[test]
fn small_slices_say_what_is_needed() {
    fn check<D: Side>(form: &Form, operands: &[Operand]) -> Result<(), String> {
        for room in [0, 1, 3, 4, 8, 11] {
            let mut memory = [0xA5u8; 48];
            let mut enc = Emitter::<D>::in_slice(&mut memory[16..16 + room]);
            for _ in 0..3 {
                form.emit(&mut enc, operands).map_err(|error| error.to_string())?;
            }
            equal("finish", enc.finish().map(drop), Err(FinishError::OutOfSpace { needed: 12 }))?;
            drop(enc);
            let outside = memory[..16].iter().chain(&memory[16 + room..]);
            equal("outside", outside.filter(|byte| **byte != 0xA5).count(), 0)?;
        }
        Ok(())
    }
    with_every_form("small_slices_say_what_is_needed", |model, form, sample| {
        let operands = sample.operands(model);
        check::<Down>(form, &operands)?;
        check::<Up>(form, &operands).map_err(|reason| format!("up, {reason}"))
    });
}

/// Every form that refers to a place, with labels below and above it, which are bound before it or after.
#[test]
fn labels_are_where_they_are_bound() {
    fn check<D: Side>() -> usize {
        const NOP: [u8; 4] = [0x1F, 0x20, 0x03, 0xD5];
        let mut random = Gen::from_size_and_seed(100, choices::seed("labels_are_where_they_are_bound"));
        let mut checked = 0;
        for (model, form) in MODEL.iter().zip(forms()) {
            // The distance of a page is not known before the code's address is.
            let Some(refers) = model
                .operands
                .iter()
                .position(|operand| matches!(operand.kind.name.as_str(), "Label" | "Literal" | "Adr"))
            else {
                continue;
            };
            let is_downward_only = model.operands[refers].kind.width == 16;
            for (below, above) in (0..3).flat_map(|below| (0..3).map(move |above| (below, above))) {
                for (is_below, distance) in [(true, -4 * below), (false, 4 * (1 + above))] {
                    if is_downward_only && !is_below {
                        continue;
                    }
                    let mut sample = Sample::new(model, &mut Choices::new(&choices::numbers(&mut random)));
                    let mut enc = Emitter::<D>::new();
                    let labels = [enc.label(), enc.label()];
                    let mut operands = sample.operands(model);
                    operands[refers] = labels[usize::from(!is_below)].into();
                    enc.in_order(0..5, |enc, step| match step {
                        0 => enc.bind(labels[0]),
                        1 => (0..below).for_each(|_| enc.nop()),
                        2 => form.emit(enc, &operands).expect("the operands are the form's"),
                        3 => (0..above).for_each(|_| enc.nop()),
                        _ => enc.bind(labels[1]),
                    });
                    sample.values[refers] = Value::Distance(distance);
                    let instruction = forward::bytes(model, &sample.values).to_vec();
                    let expected = [NOP.repeat(below as usize), instruction, NOP.repeat(above as usize)].concat();
                    let code = enc.finish().expect("the label is bound");
                    assert_eq!(code.bytes(), expected, "{}, {distance}", form.name);
                    checked += 1;
                }
            }
        }
        checked
    }
    assert!(check::<Down>() > 200);
    assert!(check::<Up>() > 200);
}

/// Programs of many forms, in an encoder that is used again and again.
#[test]
fn programs_are_their_instructions() {
    fn check<D: Side>(numbers: &[u64]) {
        let mut choices = Choices::new(numbers);
        let mut enc = Emitter::<D>::new();
        for _ in 0..2 {
            let mut placed = Vec::new();
            let mut distances = Vec::new();
            enc.clear();
            for _ in 0..choices.below(24) {
                let at = choices.below(MODEL.len());
                let (model, form) = (&MODEL[at], &forms()[at]);
                let sample = Sample::new(model, &mut choices);
                if model.operands.iter().any(|operand| operand.kind.name == "AdrPage") {
                    continue;
                }
                form.emit(&mut enc, &sample.operands(model)).expect("the operands are the form's");
                distances.extend(sample.distance());
                placed.push(forward::bytes(model, &sample.values));
            }
            let mut code = enc.finish().expect("nothing is wrong");
            let mut from: Vec<u64> = code.relocations().iter().map(|relocation| relocation.from as u64).collect();
            assert_eq!(from.len(), distances.len());
            from.reverse();
            let mut distances = distances.into_iter();
            let resolve = |_| Some((BASE + from.pop()?).wrapping_add(distances.next()? as u64));
            code.link(BASE, resolve).expect("every distance is in range");
            assert_eq!(code.bytes(), D::reading_order(placed).concat());
        }
    }
    fn property(numbers: Vec<u64>) -> TestResult {
        check::<Down>(&numbers);
        check::<Up>(&numbers);
        TestResult::passed()
    }
    choices::check("programs_are_their_instructions", 3000).quickcheck(property as fn(Vec<u64>) -> TestResult);
}
