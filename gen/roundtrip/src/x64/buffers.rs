//! One form into every kind of buffer.
//!
//! Each case puts an instruction between other code, so that labels have distances, and assembles it in both directions
//! into every kind of buffer: one that grows, a slice with room, a slice of exactly the code's size, and one that is a
//! byte too small. The last two must leave what surrounds them alone, and the last must say how large it should have
//! been.

use super::{
    forward,
    operands::{Labels, OUTSIDE, Reach, Sample},
};
use crate::{choices::Choices, side::Side};
use tailfirst::{
    Down, FinishError, Up,
    x64::{Emitter, Form},
};
use tailfirst_gen::x64::Form as Model;

/// A row, and the function that it has made.
#[derive(Clone, Copy)]
struct Pair<'a> {
    model: &'a Model,
    form: &'a Form,
}

/// `nop`s, as code that an instruction lies in.
fn filler<D: Side>(enc: &mut Emitter<'_, D>, bytes: u8) {
    for _ in 0..bytes {
        enc.nop();
    }
}

fn assemble<D: Side>(enc: &mut Emitter<'_, D>, pair: Pair<'_>, sample: &Sample) {
    let labels = Labels { above: enc.label(), below: enc.label() };
    let operands = sample.operands(pair.model, labels);
    enc.in_order(0..5, |enc, step| match step {
        0 => enc.bind(labels.below),
        1 => filler(enc, sample.below),
        2 => {
            if let Err(error) = pair.form.emit(enc, &operands) {
                panic!("{}: {error}: {operands:?}", pair.model.syntax);
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
fn in_slice<D: Side>(pair: Pair<'_>, sample: &Sample, size: usize) -> Result<Vec<u8>, FinishError> {
    let mut memory = vec![0xA5; GUARD + size + GUARD];
    let result = {
        let mut enc = Emitter::<D>::in_slice(&mut memory[GUARD..GUARD + size]);
        assemble(&mut enc, pair, sample);
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
pub fn mistake(model: &Model, form: &Form, choices: &mut Choices<'_>) -> Option<String> {
    let pair = Pair { model, form };
    let sample = Sample::new(model, choices);
    let bytes = expected(model, &sample);
    mistake_in::<Down>(pair, &sample, &bytes).or_else(|| mistake_in::<Up>(pair, &sample, &bytes))
}

fn mistake_in<D: Side>(pair: Pair<'_>, sample: &Sample, bytes: &Vec<u8>) -> Option<String> {
    let form = pair.model;
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
    assemble(&mut enc, pair, sample);
    if let Some(difference) = differs("growing", finish(&mut enc, sample)) {
        return Some(difference);
    }
    enc.clear();
    assemble(&mut enc, pair, sample);
    if let Some(difference) = differs("growing, used before", finish(&mut enc, sample)) {
        return Some(difference);
    }
    for (what, more) in [("slice with room", 300), ("slice that fits", 0)] {
        if let Some(difference) = differs(what, in_slice::<D>(pair, sample, bytes.len() + more)) {
            return Some(difference);
        }
    }
    let short = in_slice::<D>(pair, sample, bytes.len() - 1);
    let needed = Err(FinishError::OutOfSpace { needed: bytes.len() });
    (short != needed).then(|| format!("{}, {direction}, slice a byte too small: {short:?}: {sample:?}", form.syntax))
}
