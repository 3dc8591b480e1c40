//! Frame rules, read back from the section's bytes with gimli's reader.

use gimli::{
    BaseAddresses, CfaRule, EhFrame, NativeEndian, Register, RegisterRule, UnwindContext, UnwindSection, UnwindTableRow,
};
use std::collections::BTreeMap;
use tailfirst::{
    Align, Direction, Down, Encoder, Isa, Label, Up, aarch64, block,
    unwind::{self, Unwind, UnwindError, UnwindIsa, UnwindTable},
    x64,
};

use tailfirst_roundtrip::{
    choices,
    side::{Blocks, Side},
};

const BASE: u64 = 0x7F12_3456_7000;

/// DWARF's numbers, from the ABIs' documents.
const DWARF_RBX: u16 = 3;
const DWARF_RBP: u16 = 6;
const DWARF_RSP: u16 = 7;
const DWARF_X64_RETURN: u16 = 16;
const DWARF_XMM6: u16 = 23;
const DWARF_X29: u16 = 29;
const DWARF_X30: u16 = 30;
const DWARF_SP: u16 = 31;
const DWARF_V8: u16 = 72;

/// What a row says: the CFA's register and offset, and the registers saved at offsets from it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    cfa: (u16, i64),
    saved: BTreeMap<u16, i64>,
}

fn state<const N: usize>(register: u16, offset: i64, saved: [(u16, i64); N]) -> State {
    State { cfa: (register, offset), saved: saved.into() }
}

fn read(row: &UnwindTableRow<usize>) -> State {
    let CfaRule::RegisterAndOffset { register, offset } = row.cfa() else { panic!("{:?}", row.cfa()) };
    let saved = row.registers().filter_map(|(register, rule)| match rule {
        RegisterRule::Offset(offset) => Some((register.0, *offset)),
        RegisterRule::Undefined | RegisterRule::SameValue => None,
        other => panic!("{register:?} {other:?}"),
    });
    State { cfa: (register.0, *offset), saved: saved.collect() }
}

/// Every row of every function of a section: addresses, relative to `BASE`, and rules.
fn rows(section: &[u8]) -> Vec<(u64, u64, State)> {
    let (section, bases) = (EhFrame::new(section, NativeEndian), BaseAddresses::default());
    let mut rows = Vec::new();
    let mut entries = section.entries(&bases);
    while let Some(entry) = entries.next().unwrap() {
        let gimli::CieOrFde::Fde(partial) = entry else { continue };
        let fde = partial.parse(|section, bases, offset| section.cie_from_offset(bases, offset)).unwrap();
        let mut context = UnwindContext::new();
        let mut table = fde.rows(&section, &bases, &mut context).unwrap();
        while let Some(row) = table.next_row().unwrap() {
            rows.push((row.start_address() - BASE, row.end_address() - BASE, read(row)));
        }
    }
    rows
}

#[test]
fn x64_with_a_frame_pointer() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut unwind = Unwind::new();
    enc.ret();
    unwind.cfa(enc.here(), RSP, 8);
    unwind.restored(enc.here(), RBP);
    enc.pop_r64(RBP);
    enc.call_rm64(RDI);
    unwind.cfa_register(enc.here(), RBP);
    enc.mov_rm64_r64(RBP, RSP);
    unwind.cfa_offset(enc.here(), 16);
    unwind.saved(enc.here(), RBP, -16);
    enc.push_r64(RBP);
    let code = enc.finish().unwrap();
    assert_eq!(code.bytes(), [0x55, 0x48, 0x89, 0xE5, 0xFF, 0xD7, 0x5D, 0xC3]);
    let ret = (DWARF_X64_RETURN, -8);
    let expected = [
        (0, 1, state(DWARF_RSP, 8, [ret])),
        (1, 4, state(DWARF_RSP, 16, [ret, (DWARF_RBP, -16)])),
        (4, 7, state(DWARF_RBP, 16, [ret, (DWARF_RBP, -16)])),
        (7, 8, state(DWARF_RSP, 8, [ret])),
    ];
    assert_eq!(rows(&unwind.table(&code).unwrap().eh_frame(BASE)), expected);
}

/// Reading order: a step's rules hold from where its code begins.
struct Step<I: Isa, D: Direction> {
    code: fn(&mut Encoder<'_, I, D>),
    /// What holds behind it, in reading order.
    rules: Vec<fn(&mut Unwind<I>, Label)>,
}

/// The section of a function that is placed step by step, from the last or from the first.
fn section_of<I: UnwindIsa, D: Blocks>(steps: &[Step<I, D>], inner: &[Step<I, D::Other>]) -> Vec<u8> {
    // The order of rules at one place is that of the code as a whole, also in blocks.
    fn place<I: UnwindIsa, D: Side, Whole: Side>(
        enc: &mut Encoder<'_, I, D>,
        unwind: &mut Unwind<I>,
        steps: &[Step<I, D>],
    ) {
        enc.in_order(0..2 * steps.len(), |enc, number| {
            let step = &steps[number / 2];
            match number % 2 {
                0 => (step.code)(enc),
                _ => {
                    let here = enc.here();
                    Whole::reading_order(step.rules.clone()).into_iter().for_each(|rule| rule(unwind, here));
                }
            }
        });
    }
    let mut enc = Encoder::<I, D>::new();
    let mut unwind = Unwind::new();
    enc.in_order(0..2, |enc, part| match part {
        0 => D::block(enc, |enc| place::<I, D::Other, D>(enc, &mut unwind, inner)),
        _ => place::<I, D, D>(enc, &mut unwind, steps),
    });
    unwind.table(&enc.finish().unwrap()).unwrap().eh_frame(BASE)
}

/// The same function written down and up, its prologue a block of the other direction.
#[test]
fn the_same_section_in_both_directions() {
    use x64::{R12, RBP, RBX, RDI, RSP, X64};
    fn prologue<D: Direction>() -> [Step<X64, D>; 4] {
        [
            Step {
                code: |enc| enc.push_r64(RBP),
                rules: vec![|unwind, here| unwind.cfa_offset(here, 16), |unwind, here| unwind.saved(here, RBP, -16)],
            },
            Step { code: |enc| enc.mov_rm64_r64(RBP, RSP), rules: vec![|unwind, here| unwind.cfa_register(here, RBP)] },
            Step { code: |enc| enc.push_r64(RBX), rules: vec![|unwind, here| unwind.saved(here, RBX, -24)] },
            Step { code: |enc| enc.push_r64(R12), rules: vec![|unwind, here| unwind.saved(here, R12, -32)] },
        ]
    }
    fn body<D: Direction>() -> [Step<X64, D>; 5] {
        [
            Step { code: |enc| enc.call_rm64(RDI), rules: vec![|unwind, here| unwind.remember(here)] },
            Step { code: |enc| enc.pop_r64(R12), rules: vec![|unwind, here| unwind.restored(here, R12)] },
            Step {
                code: |enc| block!(enc; pop_r64(RBX); pop_r64(RBP)),
                rules: vec![
                    |unwind, here| unwind.cfa(here, RSP, 8),
                    |unwind, here| unwind.restored(here, RBX),
                    |unwind, here| unwind.restored(here, RBP),
                ],
            },
            Step { code: |enc| enc.ret(), rules: vec![|unwind, here| unwind.restore(here)] },
            Step { code: |enc| enc.ud2(), rules: vec![] },
        ]
    }
    let down = section_of::<X64, Down>(&body(), &prologue());
    let up = section_of::<X64, Up>(&body(), &prologue());
    assert_eq!(down, up);
    // And it says what it should.
    let [ret, rbp, rbx] = [(DWARF_X64_RETURN, -8), (DWARF_RBP, -16), (DWARF_RBX, -24)];
    let r12 = (12, -32);
    let whole = state(DWARF_RBP, 16, [ret, rbp, rbx, r12]);
    let expected = [
        (0, 1, state(DWARF_RSP, 8, [ret])),
        (1, 4, state(DWARF_RSP, 16, [ret, rbp])),
        (4, 5, state(DWARF_RBP, 16, [ret, rbp])),
        (5, 7, state(DWARF_RBP, 16, [ret, rbp, rbx])),
        (7, 9, whole.clone()),
        (9, 11, whole.clone()),
        (11, 13, state(DWARF_RBP, 16, [ret, rbp, rbx])),
        (13, 14, state(DWARF_RSP, 8, [ret])),
        (14, 16, whole),
    ];
    assert_eq!(rows(&up), expected);
}

#[test]
fn the_same_section_in_both_directions_aarch64() {
    use aarch64::{A64, SImm, SP, X0, X29, X30};
    fn prologue<D: Direction>() -> [Step<A64, D>; 2] {
        [
            Step {
                code: |enc| enc.stp_x_pre(X29, X30, SP, SImm::new(-32).unwrap()),
                rules: vec![
                    |unwind, here| unwind.cfa_offset(here, 32),
                    |unwind, here| unwind.saved(here, X29, -32),
                    |unwind, here| unwind.saved(here, X30, -24),
                ],
            },
            Step { code: |enc| enc.mov_x_sp(X29, SP), rules: vec![|unwind, here| unwind.cfa_register(here, X29)] },
        ]
    }
    fn body<D: Direction>() -> [Step<A64, D>; 3] {
        [
            Step { code: |enc| enc.blr(X0), rules: vec![] },
            Step {
                code: |enc| enc.ldp_x_post(X29, X30, SP, SImm::new(32).unwrap()),
                rules: vec![
                    |unwind, here| unwind.cfa(here, SP, 0),
                    |unwind, here| unwind.restored(here, X29),
                    |unwind, here| unwind.restored(here, X30),
                ],
            },
            Step { code: |enc| enc.ret(), rules: vec![] },
        ]
    }
    let down = section_of::<A64, Down>(&body(), &prologue());
    let up = section_of::<A64, Up>(&body(), &prologue());
    assert_eq!(down, up);
    let pair = [(DWARF_X29, -32), (DWARF_X30, -24)];
    let expected = [
        (0, 4, state(DWARF_SP, 0, [])),
        (4, 8, state(DWARF_SP, 32, pair)),
        (8, 16, state(DWARF_X29, 32, pair)),
        (16, 20, state(DWARF_SP, 0, [])),
    ];
    assert_eq!(rows(&up), expected);
}

/// Where code grows up, the rule given last applies.
#[test]
fn of_two_rules_at_one_place_the_upper_applies() {
    use x64::*;
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let mut unwind = Unwind::new();
        enc.in_order(0..4, |enc, step| match step {
            0 | 3 => enc.nop(),
            1 => unwind.cfa_offset(enc.here(), 16),
            _ => unwind.cfa_offset(enc.here(), 24),
        });
        let saved = [(DWARF_X64_RETURN, -8)];
        let expected = [(0, 1, state(DWARF_RSP, 8, saved)), (1, 2, state(DWARF_RSP, 24, saved))];
        assert_eq!(rows(&unwind.table(&enc.finish().unwrap()).unwrap().eh_frame(BASE)), expected);
    }
    check::<Down>();
    check::<Up>();
}

/// The prologue is a forward block, and the body an aligned one.
#[test]
fn rules_in_blocks() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut unwind = Unwind::new();
    enc.ret();
    unwind.cfa_offset(enc.here(), 8);
    enc.pop_r64(RBX);
    unwind.cfa_offset(enc.here(), 16);
    enc.add_rm64_imm8(RSP, 32);
    unwind.cfa_offset(enc.here(), 48);
    enc.aligned(tailfirst::Align::of::<16>(), |enc| {
        enc.pop_r64(RDX);
        unwind.cfa_offset(enc.here(), 56);
        enc.push_r64(RDI);
    });
    enc.forward(|asm| {
        asm.push_r64(RBX);
        unwind.cfa_offset(asm.here(), 16);
        asm.sub_rm64_imm8(RSP, 32);
        unwind.cfa_offset(asm.here(), 48);
    });
    let code = enc.finish().unwrap();
    // Behind the body is a gap of eight bytes.
    assert_eq!((code.bytes().len(), code.bytes()[5], code.bytes()[6]), (21, 0x57, 0x5A));
    let ret = (DWARF_X64_RETURN, -8);
    let expected = [(0, 1, 8), (1, 5, 16), (5, 6, 48), (6, 15, 56), (15, 19, 48), (19, 20, 16), (20, 21, 8)]
        .map(|(start, end, cfa)| (start, end, state(DWARF_RSP, cfa, [ret])));
    assert_eq!(rows(&unwind.table(&code).unwrap().eh_frame(BASE)), expected);
}

/// The mirror: an aligned body in code that grows up, and an epilogue that is written backward.
#[test]
fn rules_in_blocks_of_code_that_grows_up() {
    use x64::*;
    let mut asm = Assembler::new();
    let mut unwind = Unwind::new();
    asm.push_r64(RBX);
    unwind.cfa_offset(asm.here(), 16);
    asm.sub_rm64_imm8(RSP, 32);
    unwind.cfa_offset(asm.here(), 48);
    asm.aligned(Align::of::<16>(), |asm| {
        asm.push_r64(RDI);
        unwind.cfa_offset(asm.here(), 56);
        asm.pop_r64(RDX);
    });
    unwind.cfa_offset(asm.here(), 48);
    asm.backward(|enc| {
        enc.ret();
        unwind.cfa_offset(enc.here(), 8);
        enc.pop_r64(RBX);
        unwind.cfa_offset(enc.here(), 16);
        enc.add_rm64_imm8(RSP, 32);
    });
    let code = asm.finish().unwrap();
    assert_eq!((code.bytes().len(), code.bytes()[16], code.bytes()[17]), (24, 0x57, 0x5A));
    let ret = (DWARF_X64_RETURN, -8);
    let expected = [(0, 1, 8), (1, 5, 16), (5, 17, 48), (17, 18, 56), (18, 22, 48), (22, 23, 16), (23, 24, 8)]
        .map(|(start, end, cfa)| (start, end, state(DWARF_RSP, cfa, [ret])));
    assert_eq!(rows(&unwind.table(&code).unwrap().eh_frame(BASE)), expected);
}

/// Two epilogues, the first in the middle, so what holds before it holds behind it.
#[test]
fn x64_without_a_frame_pointer() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut unwind = Unwind::new();
    fn epilogue(enc: &mut Encoder<'_>, unwind: &mut Unwind<X64>) {
        unwind.restore(enc.here());
        enc.ret();
        unwind.cfa_offset(enc.here(), 8);
        unwind.restored(enc.here(), RBX);
        enc.pop_r64(RBX);
        unwind.cfa_offset(enc.here(), 16);
        enc.add_rm64_imm8(RSP, 32);
        unwind.remember(enc.here());
    }
    epilogue(&mut enc, &mut unwind);
    // The one epilogue's place is where the other's ends.
    epilogue(&mut enc, &mut unwind);
    enc.nop();
    unwind.cfa_offset(enc.here(), 48);
    unwind.saved(enc.here(), XMM6, -48);
    enc.sub_rm64_imm8(RSP, 32);
    unwind.cfa_offset(enc.here(), 16);
    unwind.saved(enc.here(), RBX, -16);
    enc.push_r64(RBX);
    let code = enc.finish().unwrap();
    let (ret, rbx, xmm6) = ((DWARF_X64_RETURN, -8), (DWARF_RBX, -16), (DWARF_XMM6, -48));
    let body = state(DWARF_RSP, 48, [ret, rbx, xmm6]);
    let expected = [
        (0, 1, state(DWARF_RSP, 8, [ret])),
        (1, 5, state(DWARF_RSP, 16, [ret, rbx])),
        (5, 6, body.clone()),
        (6, 10, body.clone()),
        (10, 11, state(DWARF_RSP, 16, [ret, rbx, xmm6])),
        (11, 12, state(DWARF_RSP, 8, [ret, xmm6])),
        (12, 16, body),
        (16, 17, state(DWARF_RSP, 16, [ret, rbx, xmm6])),
        (17, 18, state(DWARF_RSP, 8, [ret, xmm6])),
    ];
    assert_eq!(rows(&unwind.table(&code).unwrap().eh_frame(BASE)), expected);
}

#[test]
fn aarch64_with_a_frame_pointer() {
    use aarch64::*;
    let mut enc = Encoder::new();
    let mut unwind = Unwind::new();
    enc.ret();
    unwind.cfa(enc.here(), SP, 0);
    unwind.restored(enc.here(), X29);
    unwind.restored(enc.here(), X30);
    enc.ldp_x_post(X29, X30, SP, SImm::new(32).unwrap());
    enc.blr(X0);
    unwind.cfa_register(enc.here(), X29);
    enc.mov_x_sp(X29, SP);
    unwind.saved(enc.here(), D8, -16);
    enc.str_d(D8, SP + 16).unwrap();
    unwind.cfa_offset(enc.here(), 32);
    unwind.saved(enc.here(), X29, -32);
    unwind.saved(enc.here(), X30, -24);
    enc.stp_x_pre(X29, X30, SP, SImm::new(-32).unwrap());
    let code = enc.finish().unwrap();
    let pair = [(DWARF_X29, -32), (DWARF_X30, -24)];
    let all = [pair[0], pair[1], (DWARF_V8, -16)];
    let expected = [
        (0, 4, state(DWARF_SP, 0, [])),
        (4, 8, state(DWARF_SP, 32, pair)),
        (8, 12, state(DWARF_SP, 32, all)),
        (12, 20, state(DWARF_X29, 32, all)),
        (20, 24, state(DWARF_SP, 0, [all[2]])),
    ];
    assert_eq!(rows(&unwind.table(&code).unwrap().eh_frame(BASE)), expected);
    assert_eq!(return_column(&unwind.table(&code).unwrap().eh_frame(BASE)), Register(DWARF_X30));
}

fn return_column(section: &[u8]) -> Register {
    let (section, bases) = (EhFrame::new(section, NativeEndian), BaseAddresses::default());
    let entry = section.entries(&bases).next().unwrap();
    let Some(gimli::CieOrFde::Cie(cie)) = entry else { panic!("no CIE first") };
    cie.return_address_register()
}

#[test]
fn registers_have_dwarfs_numbers() {
    use x64::*;
    // System V ABI, AMD64 supplement, figure 3.36.
    let order = [RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15];
    for (number, register) in order.into_iter().enumerate() {
        let mut enc = Encoder::new();
        let mut unwind = Unwind::new();
        enc.nop();
        unwind.cfa(enc.here(), register, 24);
        unwind.saved(enc.here(), register, -24);
        let section = unwind.table(&enc.finish().unwrap()).unwrap().eh_frame(BASE);
        let saved = [(DWARF_X64_RETURN, -8), (number as u16, -24)];
        assert_eq!(rows(&section), [(0, 1, state(number as u16, 24, saved))], "{register:?}");
        assert_eq!(return_column(&section), Register(DWARF_X64_RETURN));
    }
}

#[test]
fn no_rules_is_the_state_at_the_entry() {
    let mut enc = x64::Encoder::new();
    enc.ret();
    let section = Unwind::new().table(&enc.finish().unwrap()).unwrap().eh_frame(BASE);
    assert_eq!(rows(&section), [(0, 1, state(DWARF_RSP, 8, [(DWARF_X64_RETURN, -8)]))]);
    assert_eq!(section[section.len() - 4..], [0; 4], "unwinders stop at a zero length");
}

/// Three places of code: offsets 0, 1, and 2, which is its end.
fn places(enc: &mut x64::Encoder<'_>) -> [Label; 3] {
    let end = enc.here();
    enc.nop();
    let middle = enc.here();
    enc.nop();
    [enc.here(), middle, end]
}

#[test]
fn mistakes_are_reported_with_their_place() {
    use x64::{RBP, RSP, X64};
    type Mistake = fn(&mut Unwind<X64>, [Label; 3]);
    let mistakes: [(Mistake, UnwindError); 7] = [
        (|unwind, [_, middle, _]| unwind.restore(middle), UnwindError::NothingRemembered { offset: 1 }),
        (|unwind, [_, middle, _]| unwind.remember(middle), UnwindError::NeverRestored { offset: 1 }),
        (
            // Balanced, and the wrong way round.
            |unwind, [start, middle, _]| {
                unwind.remember(middle);
                unwind.restore(start);
            },
            UnwindError::NothingRemembered { offset: 0 },
        ),
        (
            // At one place what is given later lies lower.
            |unwind, [_, middle, _]| {
                unwind.remember(middle);
                unwind.restore(middle);
            },
            UnwindError::NothingRemembered { offset: 1 },
        ),
        (|unwind, [_, middle, _]| unwind.saved(middle, RBP, -12), UnwindError::SaveOffset { offset: 1, from_cfa: -12 }),
        (
            |unwind, [start, ..]| unwind.cfa(start, RSP, 1 << 31),
            UnwindError::CfaOffset { offset: 0, from_register: 1 << 31 },
        ),
        (
            |unwind, [start, ..]| unwind.cfa_offset(start, u32::MAX),
            UnwindError::CfaOffset { offset: 0, from_register: u32::MAX },
        ),
    ];
    let mut texts = Vec::new();
    for (mistake, error) in mistakes {
        let mut enc = x64::Encoder::new();
        let mut unwind = Unwind::new();
        mistake(&mut unwind, places(&mut enc));
        let found = unwind.table(&enc.finish().unwrap()).unwrap_err();
        assert_eq!(found, error);
        texts.push(found.to_string());
    }
    assert_eq!(texts[0], "at offset 0x1 frame rules are restored, and below none are remembered");
    assert_eq!(texts[4], "at offset 0x1 a register is saved -12 bytes from the CFA: not a multiple of 8");
}

#[test]
fn a_function_is_a_part_of_its_code() {
    let mut enc = x64::Encoder::new();
    let mut unwind = Unwind::new();
    enc.nop();
    enc.nop();
    let end = enc.here();
    enc.nop();
    let inner = enc.here();
    enc.nop();
    let start = enc.here();
    enc.nop();
    let below = enc.here();
    unwind.cfa_offset(end, 64);
    unwind.cfa_offset(inner, 32);
    unwind.cfa_offset(start, 16);
    let code = enc.finish().unwrap();
    let section = unwind.table_of(&code, 1..3).unwrap().eh_frame(BASE);
    let saved = [(DWARF_X64_RETURN, -8)];
    assert_eq!(rows(&section), [(1, 2, state(DWARF_RSP, 16, saved)), (2, 3, state(DWARF_RSP, 32, saved))]);

    let outside = |offset, function| UnwindError::OutsideFunction { offset, function };
    assert_eq!(unwind.table_of(&code, 1..2).err(), Some(outside(3, 1..2)));
    assert_eq!(unwind.table_of(&code, 2..5).err(), Some(outside(1, 2..5)));
    unwind.remember(below);
    let error = unwind.table_of(&code, 1..3).unwrap_err();
    assert_eq!(error, outside(0, 1..3));
    assert_eq!(error.to_string(), "a frame rule at offset 0x0 is outside its function, 0x1 to 0x3");

    #[expect(clippy::reversed_empty_ranges)]
    for function in [0..6, 3..2, 6..6] {
        let error = unwind.table_of(&code, function.clone()).unwrap_err();
        assert_eq!(error, UnwindError::FunctionOutsideCode { function, code: 5 });
    }
    assert!(Unwind::new().table_of(&code, 5..5).is_ok());
}

#[test]
fn labels_without_a_place_are_left_out() {
    let mut enc = x64::Encoder::new();
    let mut unwind = Unwind::new();
    places(&mut enc);
    let pending = enc.label();
    unwind.restore(pending);
    unwind.saved(pending, x64::RBP, -1);
    let section = unwind.table(&enc.finish().unwrap()).unwrap().eh_frame(BASE);
    assert_eq!(rows(&section).len(), 1);
}

#[test]
fn cleared_rules_serve_the_next_code() {
    let mut enc = x64::Encoder::new();
    let mut unwind = Unwind::new();
    for offset in [16, 24, 32] {
        enc.clear();
        unwind.clear();
        let [start, ..] = places(&mut enc);
        unwind.cfa_offset(start, offset);
        let section = unwind.table(&enc.finish().unwrap()).unwrap().eh_frame(BASE);
        assert_eq!(rows(&section), [(0, 2, state(DWARF_RSP, offset.into(), [(DWARF_X64_RETURN, -8)]))]);
    }
}

#[test]
fn a_section_holds_functions() {
    fn table() -> UnwindTable<aarch64::A64> {
        let mut enc = aarch64::Encoder::new();
        let mut unwind = Unwind::new();
        enc.ret();
        unwind.cfa_offset(enc.here(), 16);
        unwind.table(&enc.finish().unwrap()).unwrap()
    }
    let mut section = unwind::EhFrame::new();
    section.push(&table(), BASE + 0x1000);
    section.push(&table(), BASE);
    let row = |start| (start, start + 4, state(DWARF_SP, 16, []));
    assert_eq!(rows(&section.to_bytes()), [row(0x1000), row(0)]);
    assert!(rows(&unwind::EhFrame::<aarch64::A64>::new().to_bytes()).is_empty());
}

/// Rules of random functions, given from the last to the first and from the first to the last, against a machine that
/// follows them from the first to the last.
#[test]
fn random_rules_are_what_following_them_gives() {
    #[derive(Debug, Clone, Copy)]
    enum Step {
        Cfa(bool, u32),
        Register(bool),
        Offset(u32),
        Saved(u8, i32),
        Restored(u8),
        Remember,
        Restore,
    }

    fn section<I: UnwindIsa>(table: &UnwindTable<I>) -> Vec<u8> {
        table.eh_frame(BASE)
    }

    fn property(numbers: Vec<u64>) -> bool {
        follow::<Down>(&numbers) && follow::<Up>(&numbers)
    }

    fn follow<D: Side>(numbers: &[u64]) -> bool {
        use x64::{Emitter, R12, R13, R14, R15, RBP, RBX, RSP};
        const LEN: usize = 300;
        let mut choices = choices::Choices::new(numbers);
        let mut steps: Vec<(usize, Step)> = Vec::new();
        let (mut offset, mut depth) = (0, 0);
        for _ in 0..numbers.len() / 3 {
            offset = LEN.min(offset + choices.one_of(&[0, 0, 1, 3, 70]));
            let number = choices.number();
            let (register, far) = ((number >> 8) as u8 % 6, (number >> 16) as u32 % 5000);
            let step = match number % 7 {
                0 => Step::Cfa(register % 2 == 0, far),
                1 => Step::Register(register % 2 == 0),
                2 => Step::Offset(far),
                3 => Step::Saved(register, 8 * (1000 - far as i32)),
                4 => Step::Restored(register),
                // gimli's reader remembers four at most, one of them its own.
                5 if depth == 3 => continue,
                5 => Step::Remember,
                _ if depth == 0 => continue,
                _ => Step::Restore,
            };
            match step {
                Step::Remember => depth += 1,
                Step::Restore => depth -= 1,
                _ => {}
            }
            steps.push((offset, step));
        }
        steps.extend(std::iter::repeat_n((LEN, Step::Restore), depth));

        let base = |is_rsp| if is_rsp { (RSP, DWARF_RSP) } else { (RBP, DWARF_RBP) };
        let saved = |number: u8| [(RBX, 3), (RBP, 6), (R12, 12), (R13, 13), (R14, 14), (R15, 15)][usize::from(number)];

        // Forward, one byte after the other.
        let mut now = state(DWARF_RSP, 8, [(DWARF_X64_RETURN, -8)]);
        let mut remembered = Vec::new();
        let mut expected = Vec::new();
        let mut coming = steps.iter().peekable();
        for byte in 0..LEN {
            while let Some((_, step)) = coming.next_if(|(offset, _)| *offset == byte) {
                match *step {
                    Step::Cfa(register, offset) => now.cfa = (base(register).1, offset.into()),
                    Step::Register(register) => now.cfa.0 = base(register).1,
                    Step::Offset(offset) => now.cfa.1 = offset.into(),
                    Step::Saved(register, offset) => _ = now.saved.insert(saved(register).1, offset.into()),
                    Step::Restored(register) => _ = now.saved.remove(&saved(register).1),
                    Step::Remember => remembered.push(now.clone()),
                    Step::Restore => now = remembered.pop().unwrap(),
                }
            }
            expected.push(now.clone());
        }

        // In the order in which code grows, one instruction of a byte after the other.
        let mut enc = Emitter::<D>::new();
        let mut unwind = Unwind::new();
        enc.in_order(0..=LEN, |enc, byte| {
            let at_byte = steps.iter().filter(|(offset, _)| *offset == byte);
            enc.in_order(0..2, |enc, part| match part {
                0 => {
                    let here = enc.here();
                    enc.in_order(at_byte.clone(), |_, (_, step)| match *step {
                        Step::Cfa(register, offset) => unwind.cfa(here, base(register).0, offset),
                        Step::Register(register) => unwind.cfa_register(here, base(register).0),
                        Step::Offset(offset) => unwind.cfa_offset(here, offset),
                        Step::Saved(register, offset) => unwind.saved(here, saved(register).0, offset),
                        Step::Restored(register) => unwind.restored(here, saved(register).0),
                        Step::Remember => unwind.remember(here),
                        Step::Restore => unwind.restore(here),
                    });
                }
                _ if byte < LEN => enc.nop(),
                _ => {}
            });
        });
        let table = unwind.table(&enc.finish().unwrap()).unwrap();
        let rows = rows(&section(&table));
        let found = rows.into_iter().flat_map(|(start, end, state)| (start..end).map(move |_| state.clone()));
        found.collect::<Vec<_>>() == expected
    }
    choices::check("random_rules_are_what_following_them_gives", 500).quickcheck(property as fn(Vec<u64>) -> bool);
}
