//! Every form, with random operands, against a forward encoder, byte for byte.
//!
//! Each case puts an instruction between other code, so that labels have distances, and assembles it into every kind of buffer: one
//! that grows, a slice with room, a slice of exactly the code's size, and one that is a byte too small. The last two
//! must leave what surrounds them alone, and the last must say how large it should have been.

#![cfg(feature = "x64")]

#[path = "support/x64/mod.rs"]
mod support;

use quickcheck::{Arbitrary, Gen, TestResult};
use std::cell::Cell;
use support::{
    MODEL,
    choices::{self, Choices},
    forward,
    operands::{Labels, OUTSIDE, Reach, Sample},
};
use tailfirst::{
    FinishError,
    x64::{Encoder, forms},
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
fn filler(enc: &mut Encoder<'_>, bytes: u8) {
    for _ in 0..bytes {
        enc.nop();
    }
}

fn assemble(enc: &mut Encoder<'_>, index: usize, sample: &Sample) {
    let labels = Labels { above: enc.here(), below: enc.label() };
    filler(enc, sample.above);
    let operands = sample.operands(&MODEL[index], labels);
    if let Err(error) = forms()[index].emit(enc, &operands) {
        panic!("{}: {error}: {operands:?}", MODEL[index].syntax);
    }
    filler(enc, sample.below);
    enc.bind(labels.below);
}

fn expected(form: &Model, sample: &Sample) -> Vec<u8> {
    let mut bytes = vec![0x90; sample.below.into()];
    bytes.extend(forward::encode(form, &sample.arguments));
    bytes.extend(vec![0x90; sample.above.into()]);
    bytes
}

/// The finished bytes, linked so that the symbol has the sample's distance.
fn finish(enc: &mut Encoder<'_>, sample: &Sample) -> Result<Vec<u8>, FinishError> {
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
fn in_slice(index: usize, sample: &Sample, size: usize) -> Result<Vec<u8>, FinishError> {
    let mut memory = vec![0xA5; GUARD + size + GUARD];
    let result = {
        let mut enc = Encoder::in_slice(&mut memory[GUARD..GUARD + size]);
        assemble(&mut enc, index, sample);
        finish(&mut enc, sample)
    };
    assert!(
        memory[..GUARD].iter().chain(&memory[GUARD + size..]).all(|byte| *byte == 0xA5),
        "written outside the slice"
    );
    if let Ok(bytes) = &result {
        assert_eq!(&memory[GUARD + size - bytes.len()..GUARD + size], bytes, "the code ends where the slice does");
    }
    result
}

/// What is wrong with a case, if anything is.
fn mistake(index: usize, numbers: &[u64]) -> Option<String> {
    let form = &MODEL[index];
    let sample = Sample::new(form, &mut Choices::new(numbers));
    let bytes = expected(form, &sample);
    let differs = |what: &str, found: Result<Vec<u8>, FinishError>| {
        let fine = found.as_ref() == Ok(&bytes);
        (!fine).then(|| {
            let found = found.map(|bytes| format!("{bytes:02x?}"));
            format!(
                "{} ({}), {what}: {sample:?}\nexpected {bytes:02x?}\nfound    {found:?}",
                form.syntax, form.notation
            )
        })
    };
    let mut enc = Encoder::new();
    assemble(&mut enc, index, &sample);
    if let Some(difference) = differs("growing", finish(&mut enc, &sample)) {
        return Some(difference);
    }
    enc.clear();
    assemble(&mut enc, index, &sample);
    if let Some(difference) = differs("growing, used before", finish(&mut enc, &sample)) {
        return Some(difference);
    }
    for (what, more) in [("slice with room", 300), ("slice that fits", 0)] {
        if let Some(difference) = differs(what, in_slice(index, &sample, bytes.len() + more)) {
            return Some(difference);
        }
    }
    let short = in_slice(index, &sample, bytes.len() - 1);
    let needed = Err(FinishError::OutOfSpace { needed: bytes.len() });
    (short != needed).then(|| format!("{}, slice a byte too small: {short:?}: {sample:?}", form.syntax))
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

/// What a program is, with every displacement a number: its operands, the last instruction first, and its bytes.
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
    samples.reverse();
    (samples, bytes)
}

fn assemble_program(enc: &mut Encoder<'_>, samples: &[(usize, Sample)]) -> Result<Vec<u8>, FinishError> {
    let end = enc.here();
    let labels = Labels { above: end, below: end };
    for (index, sample) in samples {
        forms()[*index].emit(enc, &sample.operands(&MODEL[*index], labels)).expect("operands of the form");
    }
    enc.finish().map(|code| code.bytes().to_vec())
}

#[test]
fn sequences_across_growth() {
    fn property(random: Program) -> TestResult {
        let (samples, bytes) = program(&random);
        let mut enc = Encoder::new();
        let mut roomy = Encoder::with_capacity(64 * 1024);
        let mut exact = vec![0; bytes.len()];
        let mut short = vec![0; bytes.len() / 2];
        let needed = Err(FinishError::OutOfSpace { needed: bytes.len() });
        TestResult::from_bool(
            assemble_program(&mut enc, &samples).as_ref() == Ok(&bytes)
                && assemble_program(&mut roomy, &samples).as_ref() == Ok(&bytes)
                && assemble_program(&mut Encoder::in_slice(&mut exact), &samples).as_ref() == Ok(&bytes)
                && (bytes.is_empty() || assemble_program(&mut Encoder::in_slice(&mut short), &samples) == needed),
        )
    }
    choices::check("sequences_across_growth", 200).quickcheck(property as fn(Program) -> TestResult);
}
