//! Every form, with random operands, against a forward encoder, word for word.
//!
//! Into which buffers says the package `tailfirst-roundtrip`. To labels there is code in between.

use quickcheck::{Gen, TestResult};
use std::collections::BTreeMap;
use tailfirst::{
    Access, Down, Up,
    aarch64::{Emitter, Encoder, forms},
};
use tailfirst_gen::aarch64::Access as ModelAccess;
use tailfirst_roundtrip::aarch64::{BASE, MODEL, Sample, forward, mistake, value::Value};
use tailfirst_roundtrip::choices::{self, Choices};
use tailfirst_roundtrip::side::Side;

/// Random cases a form.
const CASES: u64 = 14;

#[test]
fn the_forms_are_those_of_the_tables() {
    let model: Vec<_> = MODEL.iter().map(|form| form.name.as_str()).collect();
    let public: Vec<_> = forms().iter().map(|form| form.name).collect();
    assert_eq!(model, public);
    assert!(model.len() >= 4500, "{} forms", model.len());
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
        let cpu: Vec<_> = public.cpu.iter().map(|feature| feature.name()).collect();
        assert_eq!((&model.cpu, &[][..]), (&cpu.iter().map(|name| name.to_string()).collect(), public.other_cpu));
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

#[test]
fn every_form_into_every_buffer() {
    let mut random = Gen::from_size_and_seed(100, choices::seed("every_form_into_every_buffer"));
    let mut wrong: BTreeMap<&str, String> = BTreeMap::new();
    let mut checked = 0;
    for (model, form) in MODEL.iter().zip(forms()) {
        for _ in 0..choices::times(CASES) {
            let numbers = choices::numbers(&mut random);
            checked += 1;
            if let Some(mistake) = mistake(model, form, &mut Choices::new(&numbers)) {
                wrong.entry(form.name).or_insert(mistake);
            }
        }
    }
    println!("checked {checked} words of {} forms", MODEL.len());
    let lines: Vec<_> = wrong.into_values().collect();
    assert!(lines.is_empty(), "{} forms:\n{}", lines.len(), lines.join("\n"));
    assert!(checked > 100_000, "only {checked} words");
}

/// Every form, with operands by their bits, as random ones of a new kind are.
#[test]
fn operands_give_their_bits_back() {
    let mut random = Gen::from_size_and_seed(100, choices::seed("operands_give_their_bits_back"));
    for (model, form) in MODEL.iter().zip(forms()) {
        for _ in 0..choices::times(4) {
            let sample = Sample::by_bits(model, &mut Choices::new(&choices::numbers(&mut random)));
            if sample.distance().is_none() {
                let mut enc = Encoder::new();
                assert_eq!(form.emit(&mut enc, &sample.operands(model)), Ok(()), "{}: {sample:?}", form.name);
                let code = enc.finish().unwrap_or_else(|error| panic!("{}: {error}: {sample:?}", form.name));
                assert_eq!(code.bytes(), forward::bytes(model, &sample.values), "{}: {sample:?}", form.name);
            }
        }
    }
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
