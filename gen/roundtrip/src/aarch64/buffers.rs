//! One form into every kind of buffer.
//!
//! Each form goes in both directions through every kind of buffer: one that grows, a slice with room, a slice of
//! exactly the code's size, and one that is too small, which must be left alone outside and must say how large it
//! should have been. PC-relative operands refer to a symbol, whose address `link` is told: so a distance can be any
//! that the field holds, without the code in between.

use super::{Sample, TARGET, forward};
use crate::{choices::Choices, side::Side};
use tailfirst::{
    Down, FinishError, Up,
    aarch64::{Emitter, Form},
};
use tailfirst_gen::aarch64::Form as Model;

/// Where linked code runs; not at the start of a page, and far from both ends of the address space.
pub const BASE: u64 = 0x7F12_3456_7ABC;

/// What is wrong with a case, if anything is.
pub fn mistake(model: &Model, form: &Form, choices: &mut Choices<'_>) -> Option<String> {
    fn check<D: Side>(model: &Model, form: &Form, sample: &Sample) -> Result<(), String> {
        grows::<D>(model, form, sample)?;
        fits::<D>(model, form, sample)?;
        overflows::<D>(model, form, sample)
    }
    let sample = Sample::new(model, choices);
    let checked = check::<Down>(model, form, &sample)
        .and_then(|()| check::<Up>(model, form, &sample).map_err(|reason| format!("up, {reason}")));
    checked.err().map(|reason| format!("{}: {reason} | {:?}", form.name, sample.values))
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
        assert_eq!(symbol, TARGET);
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

/// Into memory that grows.
fn grows<D: Side>(model: &Model, form: &Form, sample: &Sample) -> Result<(), String> {
    let expected = forward::bytes(model, &sample.values);
    equal("growing", emitted(&mut Emitter::<D>::new(), model, form, sample, 1)?, expected.to_vec())
}

/// Into slices that hold it three times.
fn fits<D: Side>(model: &Model, form: &Form, sample: &Sample) -> Result<(), String> {
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

/// Into slices that do not, which say how large they should be.
fn overflows<D: Side>(model: &Model, form: &Form, sample: &Sample) -> Result<(), String> {
    let operands = sample.operands(model);
    for room in [0, 1, 3, 4, 8, 11] {
        let mut memory = [0xA5u8; 48];
        let mut enc = Emitter::<D>::in_slice(&mut memory[16..16 + room]);
        for _ in 0..3 {
            form.emit(&mut enc, &operands).map_err(|error| error.to_string())?;
        }
        equal("finish", enc.finish().map(drop), Err(FinishError::OutOfSpace { needed: 12 }))?;
        drop(enc);
        let outside = memory[..16].iter().chain(&memory[16 + room..]);
        equal("outside", outside.filter(|byte| **byte != 0xA5).count(), 0)?;
    }
    Ok(())
}
