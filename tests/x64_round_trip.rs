//! Every form, with random operands, against a forward encoder, byte for byte.
//!
//! Each case puts an instruction between other code, so that labels have distances, and assembles it in both directions
//! into every kind of buffer: one that grows, a slice with room, a slice of exactly the code's size, and one that is a
//! byte too small. The last two must leave what surrounds them alone, and the last must say how large it should have
//! been.

#![cfg(feature = "x64")]

#[path = "support/side.rs"]
mod side;
#[path = "support/x64/mod.rs"]
mod support;

use quickcheck::{Arbitrary, Gen, TestResult};
use side::Side;
use std::cell::Cell;
use support::{
    MODEL,
    choices::{self, Choices},
    forward,
    operands::{Labels, OUTSIDE, Reach, Sample},
};
use tailfirst::{
    Down, FinishError, Up,
    x64::{Emitter, forms},
};
use tailfirst_gen::x64::Form as Model;

/// Random cases a form.
const CASES: u64 = 40;

#[test]
fn the_forms_are_those_of_the_tables() {
    let model: Vec<_> = MODEL.iter().map(|form| form.name.as_str()).collect();
    let public: Vec<_> = forms().iter().map(|form| form.name).collect();
    assert_eq!(model, public);
    assert!(model.len() > 4000, "{} forms", model.len());
}

#[test]
fn what_the_forms_say_is_what_the_rows_say() {
    for (model, public) in MODEL.iter().zip(forms()) {
        assert_eq!(model.mnemonic, public.mnemonic);
        assert_eq!(model.syntax, public.syntax);
        assert_eq!(model.notation, public.encoding);
        assert_eq!(model.rflags, public.rflags);
        assert_eq!(model.cpu, public.cpu);
        assert_eq!(model.table, public.table);
        let model_operands: Vec<_> =
            model.parameters().map(|operand| (operand.text.as_str(), format!("{:?}", operand.access))).collect();
        let operands: Vec<_> =
            public.operands.iter().map(|operand| (operand.name, format!("{:?}", operand.access))).collect();
        assert_eq!(model_operands, operands, "{}", model.name);
    }
}

/// A form and the numbers that its operands are made of.
#[derive(Debug, Clone)]
struct Case {
    form: usize,
    numbers: Vec<u64>,
}

thread_local! {
    /// Forms take turns, so that none is left to chance. A test has a thread of its own.
    static TURN: Cell<usize> = const { Cell::new(0) };
}

impl Arbitrary for Case {
    fn arbitrary(g: &mut Gen) -> Self {
        let form = TURN.replace(TURN.get() + 1) % MODEL.len();
        Case { form, numbers: choices::numbers(g) }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let form = self.form;
        Box::new(self.numbers.shrink().map(move |numbers| Case { form, numbers }))
    }
}

/// `nop`s, as code that an instruction lies in.
fn filler<D: Side>(enc: &mut Emitter<'_, D>, bytes: u8) {
    for _ in 0..bytes {
        enc.nop();
    }
}

fn assemble<D: Side>(enc: &mut Emitter<'_, D>, index: usize, sample: &Sample) {
    let labels = Labels { above: enc.label(), below: enc.label() };
    let operands = sample.operands(&MODEL[index], labels);
    enc.in_order(0..5, |enc, step| match step {
        0 => enc.bind(labels.below),
        1 => filler(enc, sample.below),
        2 => {
            if let Err(error) = forms()[index].emit(enc, &operands) {
                panic!("{}: {error}: {operands:?}", MODEL[index].syntax);
            }
        }
        3 => filler(enc, sample.above),
        _ => enc.bind(labels.above),
    });
}

fn expected(form: &Model, sample: &Sample) -> Vec<u8> {
    let mut bytes = vec![0x90; sample.below.into()];
    bytes.extend(forward::encode(form, &sample.arguments));
    bytes.extend(vec![0x90; sample.above.into()]);
    bytes
}

/// The finished bytes, linked so that the symbol has the sample's distance.
fn finish<D: Side>(enc: &mut Emitter<'_, D>, sample: &Sample) -> Result<Vec<u8>, FinishError> {
    const BASE: u64 = 0x1_2345_6789;
    let mut code = enc.finish()?;
    let relocations = code.relocations().to_vec();
    assert_eq!(relocations.len(), usize::from(sample.reach == Reach::Outside), "{sample:?}");
    code.link(BASE, |symbol| {
        assert_eq!(symbol, OUTSIDE);
        let end = BASE + relocations[0].from as u64;
        Some(end.wrapping_add_signed(sample.distance().into()))
    })
    .expect("the distance fits its field");
    Ok(code.bytes().to_vec())
}

/// What a slice must leave alone on both sides.
const GUARD: usize = 80;

/// Assembles into the middle `size` bytes of guarded memory.
fn in_slice<D: Side>(index: usize, sample: &Sample, size: usize) -> Result<Vec<u8>, FinishError> {
    let mut memory = vec![0xA5; GUARD + size + GUARD];
    let result = {
        let mut enc = Emitter::<D>::in_slice(&mut memory[GUARD..GUARD + size]);
        assemble(&mut enc, index, sample);
        finish(&mut enc, sample)
    };
    assert!(
        memory[..GUARD].iter().chain(&memory[GUARD + size..]).all(|byte| *byte == 0xA5),
        "written outside the slice"
    );
    if let Ok(bytes) = &result {
        let filled = &memory[GUARD..GUARD + size][D::filled(size, bytes.len())];
        assert_eq!(filled, bytes, "the code's base is the slice's");
    }
    result
}

/// What is wrong with a case, if anything is.
fn mistake(index: usize, numbers: &[u64]) -> Option<String> {
    let form = &MODEL[index];
    let sample = Sample::new(form, &mut Choices::new(numbers));
    let bytes = expected(form, &sample);
    mistake_in::<Down>(index, &sample, &bytes).or_else(|| mistake_in::<Up>(index, &sample, &bytes))
}

fn mistake_in<D: Side>(index: usize, sample: &Sample, bytes: &Vec<u8>) -> Option<String> {
    let form = &MODEL[index];
    let direction = if D::IS_UP { "up" } else { "down" };
    let differs = |what: &str, found: Result<Vec<u8>, FinishError>| {
        let fine = found.as_ref() == Ok(bytes);
        (!fine).then(|| {
            let found = found.map(|bytes| format!("{bytes:02x?}"));
            format!(
                "{} ({}), {direction}, {what}: {sample:?}\nexpected {bytes:02x?}\nfound    {found:?}",
                form.syntax, form.notation
            )
        })
    };
    let mut enc = Emitter::<D>::new();
    assemble(&mut enc, index, sample);
    if let Some(difference) = differs("growing", finish(&mut enc, sample)) {
        return Some(difference);
    }
    enc.clear();
    assemble(&mut enc, index, sample);
    if let Some(difference) = differs("growing, used before", finish(&mut enc, sample)) {
        return Some(difference);
    }
    for (what, more) in [("slice with room", 300), ("slice that fits", 0)] {
        if let Some(difference) = differs(what, in_slice::<D>(index, sample, bytes.len() + more)) {
            return Some(difference);
        }
    }
    let short = in_slice::<D>(index, sample, bytes.len() - 1);
    let needed = Err(FinishError::OutOfSpace { needed: bytes.len() });
    (short != needed).then(|| format!("{}, {direction}, slice a byte too small: {short:?}: {sample:?}", form.syntax))
}

#[test]
fn every_form_into_every_buffer() {
    fn property(case: Case) -> TestResult {
        match mistake(case.form, &case.numbers) {
            None => TestResult::passed(),
            Some(mistake) => TestResult::error(mistake),
        }
    }
    let mut check = choices::check("every_form_into_every_buffer", CASES * MODEL.len() as u64);
    check.quickcheck(property as fn(Case) -> TestResult);
}

/// Random instructions of random forms.
#[derive(Debug, Clone)]
struct Program(Vec<(usize, Vec<u64>)>);

impl Arbitrary for Program {
    fn arbitrary(g: &mut Gen) -> Self {
        let len = *g.choose(&[1, 2, 3, 10, 100, 1000]).expect("there are some");
        Program((0..len).map(|_| (usize::arbitrary(g) % MODEL.len(), choices::numbers(g))).collect())
    }

    /// Leaves out ever smaller parts. Single instructions are shrunk by the test above.
    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let all = self.0.clone();
        let parts = std::iter::successors(Some(all.len() / 2), |part| Some(part / 2)).take_while(|part| *part > 0);
        Box::new(parts.flat_map(move |part| {
            let all = all.clone();
            (0..all.len()).step_by(part).map(move |from| {
                let kept = all.iter().enumerate().filter(|(at, _)| !(from..from + part).contains(at));
                Program(kept.map(|(_, instruction)| instruction.clone()).collect())
            })
        }))
    }
}

/// What a program is, with every displacement a number: its operands in reading order, and its bytes.
fn program(program: &Program) -> (Vec<(usize, Sample)>, Vec<u8>) {
    let mut samples = Vec::new();
    let mut bytes = Vec::new();
    for (index, numbers) in &program.0 {
        let form = &MODEL[index % MODEL.len()];
        let sample = Sample::new(form, &mut Choices::new(numbers));
        // Distances to labels depend on the code around; these have tests of their own (x64_labels).
        if sample.reach == Reach::Number {
            bytes.extend(forward::encode(form, &sample.arguments));
            samples.push((index % MODEL.len(), sample));
        }
    }
    (samples, bytes)
}

fn assemble_program<D: Side>(enc: &mut Emitter<'_, D>, samples: &[(usize, Sample)]) -> Result<Vec<u8>, FinishError> {
    let base = enc.here();
    let labels = Labels { above: base, below: base };
    enc.in_order(samples, |enc, (index, sample)| {
        forms()[*index].emit(enc, &sample.operands(&MODEL[*index], labels)).expect("operands of the form");
    });
    enc.finish().map(|code| code.bytes().to_vec())
}

/// Whether each buffer gets the program, or one of half its size says what it needs.
fn fills_every_buffer<D: Side>(samples: &[(usize, Sample)], bytes: &Vec<u8>) -> bool {
    let mut enc = Emitter::<D>::new();
    let mut roomy = Emitter::<D>::with_capacity(64 * 1024);
    let mut exact = vec![0; bytes.len()];
    let mut short = vec![0; bytes.len() / 2];
    let needed = Err(FinishError::OutOfSpace { needed: bytes.len() });
    assemble_program(&mut enc, samples).as_ref() == Ok(bytes)
        && assemble_program(&mut roomy, samples).as_ref() == Ok(bytes)
        && assemble_program(&mut Emitter::<D>::in_slice(&mut exact), samples).as_ref() == Ok(bytes)
        && (bytes.is_empty() || assemble_program(&mut Emitter::<D>::in_slice(&mut short), samples) == needed)
}

#[test]
fn sequences_across_growth() {
    fn property(random: Program) -> TestResult {
        let (samples, bytes) = program(&random);
        TestResult::from_bool(
            fills_every_buffer::<Down>(&samples, &bytes) && fills_every_buffer::<Up>(&samples, &bytes),
        )
    }
    choices::check("sequences_across_growth", 200).quickcheck(property as fn(Program) -> TestResult);
}
