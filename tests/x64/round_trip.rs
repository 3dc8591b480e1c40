//! Every form, with random operands, against a forward encoder, byte for byte.
//!
//! What a case is says the package `tailfirst-roundtrip`.

use quickcheck::{Arbitrary, Gen, TestResult};
use std::cell::Cell;
use tailfirst::{
    Down, FinishError, Up,
    x64::{Emitter, forms},
};
use tailfirst_roundtrip::choices::{self, Choices};
use tailfirst_roundtrip::side::Side;
use tailfirst_roundtrip::x64::mistake;
use tailfirst_roundtrip::x64::{
    MODEL, forward,
    operands::{Labels, Reach, Sample},
};

/// Random cases a form.
const CASES: u64 = 40;

#[test]
fn the_forms_are_those_of_the_tables() {
    let model: Vec<_> = MODEL.iter().map(|form| form.name.as_str()).collect();
    let public: Vec<_> = forms().iter().map(|form| form.name).collect();
    assert_eq!(model, public);
    assert!(model.len() > 7000, "{} forms", model.len());
}

#[test]
fn what_the_forms_say_is_what_the_rows_say() {
    for (model, public) in MODEL.iter().zip(forms()) {
        assert_eq!(model.mnemonic, public.mnemonic);
        assert_eq!(model.syntax, public.syntax);
        assert_eq!(model.notation, public.encoding);
        assert_eq!(model.rflags, public.rflags);
        let cpu: Vec<_> = public.cpu.iter().map(|feature| feature.name()).collect();
        assert_eq!((&model.cpu, &[][..]), (&cpu.iter().map(|name| name.to_string()).collect(), public.other_cpu));
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

#[test]
fn every_form_into_every_buffer() {
    fn property(case: Case) -> TestResult {
        match mistake(&MODEL[case.form], &forms()[case.form], &mut Choices::new(&case.numbers)) {
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
