//! System instructions by name: for every one that the newest llvm-mc prints by a name, a form has that name.
//!
//! They are hints, barriers, and SYS, SYSL and SYSP with other names, so all of these can be asked for.

use std::collections::BTreeSet;
use tailfirst::aarch64::Form;
use tailfirst_oracles::{Dialect, LlvmMc};

/// What LLVM's text begins with where the tables have no form, and why.
const LEFT_OUT: [(&str, &str); 4] = [
    ("dfb", "of Armv8-R; `dsb` places it by its number"),
    ("msr S0_", "no instruction, which LLVM reads as a move to a register that cannot be"),
    ("sb", "with bits that should be zero"),
    ("stshh #", "with numbers that mean nothing yet"),
];

/// The words of an instruction with every value of the bits from 5 on, and with these registers.
fn words(fixed: u32, bits: u32, registers: &'static [u32]) -> impl Iterator<Item = u32> {
    (0..1 << bits).flat_map(move |value| registers.iter().map(move |register| fixed | value << 5 | register))
}

#[test]
fn every_name_has_a_form() {
    let llvm = LlvmMc::newest_from_env();
    let hints_and_barriers = words(0xD503_2000, 7, &[31]).chain(words(0xD503_3000, 7, &[31]));
    let sys_and_sysl = words(0xD508_0000, 14, &[1, 31]).chain(words(0xD528_0000, 14, &[1, 31]));
    let words: Vec<u32> = hints_and_barriers.chain(sys_and_sysl).chain(words(0xD548_0000, 14, &[2, 31])).collect();
    let codes: Vec<_> = words.iter().map(|word| word.to_le_bytes().to_vec()).collect();
    let (mut names, mut left_out) = (0, BTreeSet::new());
    let mut missing = Vec::new();
    let answers = llvm.disassemble(&Dialect::aarch64(), &codes);
    for (code, answer) in codes.iter().zip(&answers) {
        let Ok([instruction]) = answer.as_deref() else { continue };
        let name = instruction.text.split_whitespace().next().unwrap_or_default();
        if matches!(name, "hint" | "sys" | "sysl" | "sysp") {
            continue;
        }
        names += 1;
        if Form::all_at(code).any(|(form, _)| form.mnemonic == name) {
            continue;
        }
        match LEFT_OUT.iter().find(|(begin, _)| instruction.text.starts_with(begin)) {
            Some((begin, _)) => drop(left_out.insert(*begin)),
            None => missing.push(&instruction.text),
        }
    }
    assert!(missing.is_empty(), "{} instructions have no form: {missing:?}", missing.len());
    assert!(left_out.iter().copied().eq(LEFT_OUT.map(|(begin, _)| begin)), "only {left_out:?} is left out");
    println!("{names} instructions with names");
    assert!(names > 700, "LLVM prints few names");
}
