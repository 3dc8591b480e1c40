//! Branches and references in both directions, against an assembler that works another way: in two passes, trying again
//! until no branch gets shorter.
//!
//! The crate decides on a branch's form when it meets it, once. That this gives the shortest code is because what lies
//! between a branch and a target that is bound is placed already; the reference assembler finds the same lengths
//! without that argument. A branch to a target that is placed later (at a lower address where code grows down, at a
//! higher one where it grows up) always has the near form.

use quickcheck::{Arbitrary, Gen, TestResult};
use tailfirst::{
    Align, Down, FinishError, Label, LinkError, Range, Relocation, RelocationTarget, Symbol, Up, block,
    x64::{AL, Assembler, Cond, EAX, Emitter, Encoder, Mem, RAX, RDX, Rel, ZMM1, ZMM2},
};
use tailfirst_roundtrip::choices;
use tailfirst_roundtrip::side::Side;

/// A program in the order of its addresses.
#[derive(Debug, Clone)]
struct Program {
    items: Vec<Item>,
    /// Where the labels are: in front of the item with this index, modulo their number plus one.
    labels: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Item {
    Filler(u8),
    /// To the label with this index, modulo their number.
    Jmp(u8),
    Jcc(u8, u8),
    Call(u8),
    /// `lea rax, [label + 100]`, or what else is added.
    Lea(u8, i16),
    /// `cmp dword [label], 0x1234`: a displacement with bytes behind it.
    Cmp(u8),
}

impl Arbitrary for Item {
    fn arbitrary(g: &mut Gen) -> Self {
        let label = u8::arbitrary(g);
        match u8::arbitrary(g) % 8 {
            // Lengths that make distances around 127.
            0 => Item::Filler(u8::arbitrary(g) % 8 + 120),
            1 => Item::Filler(u8::arbitrary(g) % 64),
            2 | 3 => Item::Jmp(label),
            4 => Item::Jcc(u8::arbitrary(g), label),
            5 => Item::Call(label),
            6 => Item::Lea(label, i16::arbitrary(g)),
            _ => Item::Cmp(label),
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        match *self {
            Item::Filler(bytes) => Box::new(bytes.shrink().map(Item::Filler)),
            Item::Jmp(label) => Box::new(label.shrink().map(Item::Jmp)),
            Item::Jcc(_, label) | Item::Call(label) | Item::Lea(label, _) | Item::Cmp(label) => {
                Box::new([Item::Jmp(label)].into_iter())
            }
        }
    }
}

impl Arbitrary for Program {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut labels = Vec::<u8>::arbitrary(g);
        labels.truncate(99);
        labels.push(0);
        Program { items: Arbitrary::arbitrary(g), labels }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let both = (self.items.clone(), self.labels.clone()).shrink();
        Box::new(both.filter(|(_, labels)| !labels.is_empty()).map(|(items, labels)| Program { items, labels }))
    }
}

impl Program {
    /// The item that a label stands in front of.
    fn place(&self, label: u8) -> usize {
        let label = usize::from(label) % self.labels.len();
        usize::from(self.labels[label]) % (self.items.len() + 1)
    }
}

/// Code, and the offsets of the program's labels in it.
type Assembled = (Vec<u8>, Vec<usize>);

/// The reference: lengths first, then bytes.
fn two_passes<D: Side>(program: &Program) -> Assembled {
    let items = &program.items;
    let mut short = vec![false; items.len()];
    let length = |item: Item, short: bool| match item {
        Item::Filler(bytes) => usize::from(bytes),
        Item::Jmp(_) | Item::Jcc(..) if short => 2,
        Item::Jmp(_) | Item::Call(_) => 5,
        Item::Jcc(..) => 6,
        Item::Lea(..) => 7,
        Item::Cmp(_) => 10,
    };
    let addresses = |short: &[bool]| {
        let mut at = 0;
        let mut all = vec![0];
        for (item, short) in items.iter().zip(short) {
            at += length(*item, *short);
            all.push(at);
        }
        all
    };
    loop {
        let at = addresses(&short);
        let mut changed = false;
        for (i, item) in items.iter().enumerate() {
            if let Item::Jmp(label) | Item::Jcc(_, label) = item {
                let target = program.place(*label);
                let reaches = match D::IS_UP {
                    false => target > i && at[target] - at[i + 1] <= 127,
                    // From the end of the short form.
                    true => target <= i && at[i] + 2 - at[target] <= 128,
                };
                if !short[i] && reaches {
                    short[i] = true;
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    let at = addresses(&short);
    let mut bytes = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let past = |label: u8, addend: i16| {
            (at[program.place(label)] as i32 - at[i + 1] as i32 + i32::from(addend)).to_le_bytes()
        };
        let distance = |label: u8| past(label, 0);
        match *item {
            Item::Filler(count) => bytes.extend(vec![0x90; count.into()]),
            Item::Jmp(label) if short[i] => bytes.extend([0xEB, distance(label)[0]]),
            Item::Jmp(label) => bytes.extend([&[0xE9], &distance(label)[..]].concat()),
            Item::Jcc(cond, label) if short[i] => bytes.extend([0x70 | (cond % 16), distance(label)[0]]),
            Item::Jcc(cond, label) => bytes.extend([&[0x0F, 0x80 | (cond % 16)], &distance(label)[..]].concat()),
            Item::Call(label) => bytes.extend([&[0xE8], &distance(label)[..]].concat()),
            Item::Lea(label, addend) => bytes.extend([&[0x48, 0x8D, 0x05], &past(label, addend)[..]].concat()),
            Item::Cmp(label) => bytes.extend([&[0x81, 0x3D], &distance(label)[..], &[0x34, 0x12, 0, 0]].concat()),
        }
    }
    let offsets = (0..program.labels.len()).map(|label| at[program.place(label as u8)]).collect();
    (bytes, offsets)
}

/// What the crate makes of the program; labels are made when they are first needed.
fn assembled<D: Side>(program: &Program, enc: &mut Emitter<'_, D>) -> Result<Assembled, FinishError> {
    let mut labels: Vec<Option<Label>> = vec![None; program.labels.len()];
    // In reading order a label stands in front of its item.
    enc.in_order(0..2 * program.items.len() + 1, |enc, step| match step % 2 {
        0 => {
            for (index, label) in labels.iter_mut().enumerate() {
                if program.place(index as u8) == step / 2 {
                    match label {
                        Some(pending) => enc.bind(*pending),
                        None => *label = Some(enc.here()),
                    }
                }
            }
        }
        _ => {
            let mut label = |enc: &mut Emitter<'_, D>, label: u8| {
                *labels[usize::from(label) % program.labels.len()].get_or_insert_with(|| enc.label())
            };
            match program.items[step / 2] {
                Item::Filler(bytes) => (0..bytes).for_each(|_| enc.nop()),
                Item::Jmp(to) => {
                    let to = label(enc, to);
                    enc.jmp(to);
                }
                Item::Jcc(cond, to) => {
                    let to = label(enc, to);
                    enc.jcc(Cond::ALL[usize::from(cond % 16)], to);
                }
                Item::Call(to) => {
                    let to = label(enc, to);
                    enc.call(to);
                }
                Item::Lea(to, addend) => {
                    let to = label(enc, to);
                    enc.lea_r64_m(RAX, Mem::from(to) + i32::from(addend));
                }
                Item::Cmp(to) => {
                    let to = label(enc, to);
                    enc.cmp_rm32_imm32(to, 0x1234);
                }
            }
        }
    });
    let code = enc.finish()?;
    let offset =
        |label: &Option<Label>| label.and_then(|label| code.offset_of(label)).expect("every label has a place");
    Ok((code.bytes().to_vec(), labels.iter().map(offset).collect()))
}

#[test]
fn programs_are_those_of_a_two_pass_assembler() {
    fn check<D: Side>(program: &Program) -> Result<(), String> {
        let expected = two_passes::<D>(program);
        let mut memory = vec![0; expected.0.len()];
        for mut enc in [Emitter::<D>::new(), Emitter::<D>::in_slice(&mut memory)] {
            let found = assembled(program, &mut enc);
            if found.as_ref() != Ok(&expected) {
                return Err(format!("expected {expected:02x?}\nfound {found:02x?}"));
            }
        }
        Ok(())
    }
    fn property(program: Program) -> TestResult {
        match check::<Down>(&program).and_then(|()| check::<Up>(&program)) {
            Ok(()) => TestResult::passed(),
            Err(difference) => TestResult::error(difference),
        }
    }
    choices::check("programs_are_those_of_a_two_pass_assembler", 4000)
        .quickcheck(property as fn(Program) -> TestResult);
}

/// The length of a branch over `distance` bytes up, and down.
fn lengths<D: Side>(branch: impl Fn(&mut Emitter<'_, D>, Label), distance: usize) -> (usize, usize) {
    let length = |is_up: bool| {
        let mut enc = Emitter::<D>::new();
        let label = enc.label();
        enc.in_order(0..4, |enc, step| match (step, is_up) {
            (0, true) | (2, false) => branch(enc, label),
            (0, false) | (3, true) => enc.bind(label),
            (1, _) => (0..distance).for_each(|_| enc.nop()),
            _ => {}
        });
        enc.finish().expect("the target is bound").bytes().len() - distance
    };
    (length(true), length(false))
}

#[test]
fn the_short_form_reaches_127_bytes_up() {
    for distance in [0, 1, 126, 127] {
        assert_eq!(lengths::<Down>(|enc, label| enc.jmp(label), distance), (2, 5));
        assert_eq!(lengths::<Down>(|enc, label| enc.jnz(label), distance), (2, 6));
        assert_eq!(lengths::<Down>(|enc, label| enc.jcc(Cond::G, label), distance), (2, 6));
    }
    for distance in [128, 129, 1000] {
        assert_eq!(lengths::<Down>(|enc, label| enc.jmp(label), distance), (5, 5));
        assert_eq!(lengths::<Down>(|enc, label| enc.jnz(label), distance), (6, 6));
        assert_eq!(lengths::<Down>(|enc, label| enc.jcc(Cond::G, label), distance), (6, 6));
    }
}

/// With its own two bytes that is over 126 others.
#[test]
fn the_short_form_reaches_128_bytes_down_where_code_grows_up() {
    for distance in [0, 1, 125, 126] {
        assert_eq!(lengths::<Up>(|enc, label| enc.jmp(label), distance), (5, 2));
        assert_eq!(lengths::<Up>(|enc, label| enc.jnz(label), distance), (6, 2));
        assert_eq!(lengths::<Up>(|enc, label| enc.jcc(Cond::G, label), distance), (6, 2));
    }
    for distance in [127, 128, 1000] {
        assert_eq!(lengths::<Up>(|enc, label| enc.jmp(label), distance), (5, 5));
        assert_eq!(lengths::<Up>(|enc, label| enc.jnz(label), distance), (6, 6));
        assert_eq!(lengths::<Up>(|enc, label| enc.jcc(Cond::G, label), distance), (6, 6));
    }
}

type Branch<D> = fn(&mut Emitter<'_, D>, Label);

/// The names of each condition.
fn names<D: Side>() -> [(u8, &'static [Branch<D>]); 16] {
    [
        (0, &[|enc, to| enc.jo(to)]),
        (1, &[|enc, to| enc.jno(to)]),
        (2, &[|enc, to| enc.jb(to), |enc, to| enc.jc(to), |enc, to| enc.jnae(to)]),
        (3, &[|enc, to| enc.jae(to), |enc, to| enc.jnc(to), |enc, to| enc.jnb(to)]),
        (4, &[|enc, to| enc.je(to), |enc, to| enc.jz(to)]),
        (5, &[|enc, to| enc.jne(to), |enc, to| enc.jnz(to)]),
        (6, &[|enc, to| enc.jbe(to), |enc, to| enc.jna(to)]),
        (7, &[|enc, to| enc.ja(to), |enc, to| enc.jnbe(to)]),
        (8, &[|enc, to| enc.js(to)]),
        (9, &[|enc, to| enc.jns(to)]),
        (10, &[|enc, to| enc.jp(to), |enc, to| enc.jpe(to)]),
        (11, &[|enc, to| enc.jnp(to), |enc, to| enc.jpo(to)]),
        (12, &[|enc, to| enc.jl(to), |enc, to| enc.jnge(to)]),
        (13, &[|enc, to| enc.jge(to), |enc, to| enc.jnl(to)]),
        (14, &[|enc, to| enc.jle(to), |enc, to| enc.jng(to)]),
        (15, &[|enc, to| enc.jg(to), |enc, to| enc.jnle(to)]),
    ]
}

/// A branch to the base, over so many bytes of other code.
fn to_the_base<D: Side>(branch: impl Fn(&mut Emitter<'_, D>, Label), filler: usize) -> Vec<u8> {
    let mut enc = Emitter::<D>::new();
    let base = enc.here();
    (0..filler).for_each(|_| enc.nop());
    branch(&mut enc, base);
    let code = enc.finish().expect("the target is bound");
    let len = code.bytes().len() - filler;
    D::lower(&code.bytes()[filler..], &code.bytes()[..len]).to_vec()
}

#[test]
fn every_condition_has_its_code_and_its_names() {
    fn check<D: Side>() {
        let own = D::lower(-2_i8, 0) as u8;
        for (code, cond) in Cond::ALL.into_iter().enumerate() {
            assert_eq!(to_the_base::<D>(|enc, label| enc.jcc(cond, label), 0), [0x70 | code as u8, own]);
            assert_eq!(cond as usize, code);
            assert_eq!(cond.inverse() as usize, code ^ 1);
        }
        for (code, branches) in names::<D>() {
            for branch in branches {
                assert_eq!(to_the_base::<D>(branch, 0), [0x70 | code, own]);
            }
        }
    }
    check::<Down>();
    check::<Up>();
}

/// Every name at both edges: what the fields hold, too.
#[test]
fn every_branch_at_the_edge_of_its_short_form() {
    fn check<D: Side>() {
        // With the branch's own bytes the distance is one more.
        let (reached, sign) = D::lower((126, -1), (127, 1));
        let distance = |filler: usize, len: i32| sign * (filler as i32) + D::lower(-len, 0);
        let short = D::lower(-128_i8, 127) as u8;
        assert_eq!(distance(reached, 2), i32::from(short as i8));
        for filler in [reached, reached + 1, reached + 2] {
            let is_short = filler == reached;
            for (code, branches) in names::<D>() {
                let near = [&[0x0F, 0x80 | code][..], &distance(filler, 6).to_le_bytes()].concat();
                let expected = if is_short { vec![0x70 | code, short] } else { near };
                for branch in branches {
                    assert_eq!(to_the_base::<D>(branch, filler), expected, "over {filler} bytes");
                }
                let cond = Cond::ALL[usize::from(code)];
                assert_eq!(to_the_base::<D>(|enc, to| enc.jcc(cond, to), filler), expected);
            }
            let near = [&[0xE9][..], &distance(filler, 5).to_le_bytes()].concat();
            let expected = if is_short { vec![0xEB, short] } else { near };
            assert_eq!(to_the_base::<D>(|enc, to| enc.jmp(to), filler), expected, "over {filler} bytes");
            // A call has no short form.
            let call = [&[0xE8][..], &distance(filler, 5).to_le_bytes()].concat();
            assert_eq!(to_the_base::<D>(|enc, to| enc.call(to), filler), call);
        }
    }
    check::<Down>();
    check::<Up>();
}

/// The mirror of the selectors' reach: a label that is placed later always gets the near form, even where nothing lies
/// between.
#[test]
fn labels_that_come_later_are_near() {
    fn check<D: Side>() {
        for (code, branches) in names::<D>() {
            for branch in branches {
                let mut enc = Emitter::<D>::new();
                let later = enc.label();
                branch(&mut enc, later);
                enc.bind(later);
                let distance = D::lower(0, -6_i32).to_le_bytes();
                let code_of = enc.finish().expect("it is bound").bytes().to_vec();
                assert_eq!(code_of, [&[0x0F, 0x80 | code][..], &distance].concat());
            }
        }
    }
    check::<Down>();
    check::<Up>();
}

/// WAIT is the first byte, before the segment's prefix and REX; distances count from the end of the whole.
#[test]
fn instructions_that_begin_with_wait() {
    use tailfirst::x64::{R8, RBX};
    type Waiting<D> = (fn(&mut Emitter<'_, D>, Mem), &'static [u8]);
    fn check<D: Side>() {
        let waiting: [Waiting<D>; 4] = [
            (|enc, mem| enc.fstcw_m2byte(mem), &[0xD9, 7]),
            (|enc, mem| enc.fstsw_m2byte(mem), &[0xDD, 7]),
            (|enc, mem| enc.fstenv_m28byte(mem), &[0xD9, 6]),
            (|enc, mem| enc.fsave_m108byte(mem), &[0xDD, 6]),
        ];
        for (place, opcode) in waiting {
            let (op, reg) = (opcode[0], opcode[1] << 3);
            let mut enc = Emitter::<D>::new();
            let (below, above) = (enc.label(), enc.label());
            enc.in_order(0..8, |enc, step| match step {
                0 => enc.bind(below),
                1 => enc.nop(),
                2 => place(enc, below.into()),
                3 => place(enc, above.into()),
                4 => place(enc, (R8 + RBX * 2 + 8).fs()),
                5 => place(enc, RBX + 0),
                6 => enc.nop(),
                _ => enc.bind(above),
            });
            let expected = [
                &[0x90, 0x9B, op, reg | 5, 0xF8, 0xFF, 0xFF, 0xFF][..],
                &[0x9B, op, reg | 5, 11, 0, 0, 0],
                &[0x9B, 0x64, 0x41, op, 0x44 | reg, 0x58, 8],
                &[0x9B, op, 3 | reg],
                &[0x90],
            ];
            assert_eq!(enc.finish().expect("both are bound").bytes(), expected.concat());
        }
        let mut enc = Emitter::<D>::new();
        block!(enc; fstsw_ax(); fclex(); finit(); wait());
        assert_eq!(
            enc.finish().expect("there is room").bytes(),
            [0x9B, 0xDF, 0xE0, 0x9B, 0xDB, 0xE2, 0x9B, 0xDB, 0xE3, 0x9B]
        );
    }
    check::<Down>();
    check::<Up>();
}

/// The displacement is followed by immediates of every length, and counts from the end of these.
#[test]
fn immediates_behind_a_displacement() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let (below, above) = (enc.label(), enc.label());
        enc.in_order(0..8, |enc, step| match step {
            0 => enc.bind(below),
            1 => enc.cmp_rm8_imm8(below, 1),
            2 => enc.cmp_rm16_imm16(below, 0x202),
            3 => enc.cmp_rm32_imm32(below, 0x0303_0303),
            4 => enc.cmp_rm8_imm8(above, 1),
            5 => enc.cmp_rm16_imm16(above, 0x202),
            6 => enc.cmp_rm64_imm32(above, 0x0303_0303),
            _ => enc.bind(above),
        });
        let expected = [
            &[0x80, 0x3D, 0xF9, 0xFF, 0xFF, 0xFF, 1][..],
            &[0x66, 0x81, 0x3D, 0xF0, 0xFF, 0xFF, 0xFF, 2, 2],
            &[0x81, 0x3D, 0xE6, 0xFF, 0xFF, 0xFF, 3, 3, 3, 3],
            &[0x80, 0x3D, 20, 0, 0, 0, 1],
            &[0x66, 0x81, 0x3D, 11, 0, 0, 0, 2, 2],
            &[0x48, 0x81, 0x3D, 0, 0, 0, 0, 3, 3, 3, 3],
        ];
        assert_eq!(enc.finish().expect("both are bound").bytes(), expected.concat());
    }
    check::<Down>();
    check::<Up>();
}

const REL8: Range = Range { low: -128, high: 127, step: 1 };

#[test]
fn a_short_branch_upward_that_does_not_reach() {
    for distance in [127, 128] {
        let mut enc = Encoder::new();
        let end = enc.here();
        (0..distance).for_each(|_| enc.nop());
        enc.jmp_rel8(end);
        enc.ret();
        match enc.finish() {
            Ok(code) => assert_eq!((distance, &code.bytes()[1..3]), (127, &[0xEB, 127][..])),
            Err(error) => {
                let expected = FinishError::OutOfRange { label: end, at: 128, distance: 128, range: REL8 };
                assert_eq!((distance, error), (128, expected));
            }
        }
    }
}

#[test]
fn a_short_branch_downward_that_does_not_reach() {
    for filler in [126, 127] {
        let mut enc = Encoder::new();
        enc.nop();
        let start = enc.label();
        enc.jz(start);
        enc.je_rel8(start);
        (0..filler).for_each(|_| enc.nop());
        enc.bind(start);
        match enc.finish() {
            Ok(code) => assert_eq!((filler, &code.bytes()[126..128]), (126, &[0x74, 0x80][..])),
            Err(error) => {
                let expected = FinishError::OutOfRange { label: start, at: 7, distance: -129, range: REL8 };
                assert_eq!((filler, error), (127, expected));
            }
        }
    }
}

/// The same where code grows up: a label below is bound, and one above is pending.
#[test]
fn short_branches_that_do_not_reach_where_code_grows_up() {
    for filler in [126, 127] {
        let mut asm = Assembler::new();
        asm.nop();
        let below = asm.here();
        (0..filler).for_each(|_| asm.nop());
        asm.je_rel8(below);
        asm.ret();
        match asm.finish() {
            Ok(code) => assert_eq!((filler, &code.bytes()[127..]), (126, &[0x74, 0x80, 0xC3][..])),
            Err(error) => {
                let expected = FinishError::OutOfRange { label: below, at: 130, distance: -129, range: REL8 };
                assert_eq!((filler, error), (127, expected));
            }
        }
    }
    for filler in [127, 128] {
        let mut asm = Assembler::new();
        let above = asm.label();
        asm.ret();
        asm.jmp_rel8(above);
        (0..filler).for_each(|_| asm.nop());
        asm.bind(above);
        match asm.finish() {
            Ok(code) => assert_eq!((filler, &code.bytes()[1..3]), (127, &[0xEB, 127][..])),
            Err(error) => {
                let expected = FinishError::OutOfRange { label: above, at: 3, distance: 128, range: REL8 };
                assert_eq!((filler, error), (128, expected));
            }
        }
    }
}

#[test]
fn a_label_that_is_never_bound() {
    let mut enc = Encoder::new();
    enc.ret();
    enc.nop();
    let unused = enc.label();
    let used = enc.label();
    enc.lea_r64_m(RAX, used);
    let _ = unused;
    assert_eq!(enc.finish().err(), Some(FinishError::UnboundLabel { label: used, at: 2 }));
    // Binding it mends that.
    enc.bind(used);
    let code = enc.finish().expect("all labels are bound");
    assert_eq!(code.bytes(), [0x48, 0x8D, 0x05, 0xF9, 0xFF, 0xFF, 0xFF, 0x90, 0xC3]);
    assert_eq!(code.offset_of(used), Some(0));
    assert_eq!(code.offset_of(unused), None);
}

#[test]
fn a_label_that_is_bound_twice() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let label = enc.label();
        enc.bind(label);
        enc.ret();
        enc.bind(label);
        assert_eq!(enc.finish().err(), Some(FinishError::BoundTwice { label, at: 1 }));
        enc.clear();
        enc.nop();
        let here = enc.here();
        enc.bind(here);
        assert_eq!(enc.finish().err(), Some(FinishError::BoundTwice { label: here, at: 1 }));
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn a_label_of_another_encoder() {
    fn check<D: Side>() {
        let mut other = Emitter::<D>::new();
        other.label();
        let foreign = other.label();
        let mut enc = Emitter::<D>::new();
        enc.label();
        enc.ret();
        enc.jmp(foreign);
        // The position of a reference is the instruction's end.
        let at = D::lower(6, 1);
        assert_eq!(enc.finish().err(), Some(FinishError::ForeignLabel { label: foreign, at }));
        enc.clear();
        enc.ret();
        enc.bind(foreign);
        assert_eq!(enc.finish().err(), Some(FinishError::ForeignLabel { label: foreign, at: 1 }));
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn clearing_forgets_labels_and_mistakes() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let old = enc.label();
        enc.jmp(old);
        enc.bind(old);
        enc.bind(old);
        assert!(enc.finish().is_err());
        enc.clear();
        enc.ret();
        assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(vec![0xC3]));
        enc.jmp(old);
        let at = D::lower(6, 1);
        assert_eq!(enc.finish().err(), Some(FinishError::ForeignLabel { label: old, at }));
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn the_first_mistake_is_reported() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        let label = enc.here();
        enc.nop();
        enc.bind(label);
        enc.mov_r64_rm64(RAX, RAX + RAX * 3);
        assert_eq!(enc.finish().err(), Some(FinishError::BoundTwice { label, at: 1 }));
    }
    check::<Down>();
    check::<Up>();
}

const PRINT: Symbol = Symbol(3);
const TABLE: Symbol = Symbol(u32::MAX);

/// `call PRINT; cmp byte [TABLE], 1; lea rax, [here]; here: mov eax, fs:[TABLE]`
fn with_symbols<D: Side>(enc: &mut Emitter<'_, D>) {
    let here = enc.label();
    block!(enc;
        call(PRINT);
        cmp_rm8_imm8(TABLE, 1);
        lea_r64_m(RAX, here);
        bind(here);
        mov_r32_rm32(EAX, Mem::from(TABLE).fs());
    );
}

#[test]
fn symbols_leave_as_relocations() {
    fn check<D: Side>(enc: &mut Emitter<'_, D>) {
        let mut code = enc.finish().expect("symbols need not be known");
        let zeros = [
            &[0xE8, 0, 0, 0, 0][..],
            &[0x80, 0x3D, 0, 0, 0, 0, 1],
            &[0x48, 0x8D, 0x05, 0, 0, 0, 0],
            &[0x64, 0x8B, 0x05, 0, 0, 0, 0],
        ];
        assert_eq!(code.bytes(), zeros.concat());
        let mut relocations = code.relocations().to_vec();
        relocations.sort_by_key(|relocation| relocation.from);
        let relocation = |from, field, symbol| Relocation { from, field, target: RelocationTarget::Symbol(symbol) };
        let operand = |trailing| Rel::Disp32 { trailing, addend: 0 };
        assert_eq!(
            relocations,
            [relocation(5, Rel::Rel32, PRINT), relocation(12, operand(1), TABLE), relocation(26, operand(0), TABLE)]
        );
        // Linking again, for another base, replaces what was there.
        for base in [0x7F00_0000_0000, 0x1000_u64] {
            let table = base - 0x100;
            code.link(base, |symbol| Some(if symbol == PRINT { base + 0x1_0005 } else { table }))
                .expect("all are near");
            let linked = [
                &[0xE8, 0, 0, 1, 0][..],
                &[0x80, 0x3D, 0xF4, 0xFE, 0xFF, 0xFF, 1],
                &[0x48, 0x8D, 0x05, 0, 0, 0, 0],
                &[0x64, 0x8B, 0x05, 0xE6, 0xFE, 0xFF, 0xFF],
            ];
            assert_eq!(code.bytes(), linked.concat());
        }
    }
    let (mut enc, mut asm) = (Encoder::new(), Assembler::new());
    with_symbols(&mut enc);
    with_symbols(&mut asm);
    check(&mut enc);
    check(&mut asm);
    // And in blocks.
    enc.clear();
    asm.clear();
    enc.forward(with_symbols);
    asm.backward(|enc| enc.forward(|asm| asm.backward(with_symbols)));
    check(&mut enc);
    check(&mut asm);
}

#[test]
fn symbols_that_are_unknown_or_too_far() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        block!(enc; call(PRINT); ret());
        let mut code = enc.finish().expect("symbols need not be known");
        assert_eq!(code.link(0, |_| None), Err(LinkError::UnknownSymbol { symbol: PRINT, from: 5 }));
        let range = Range { low: i64::from(i32::MIN), high: i64::from(i32::MAX), step: 1 };
        let base = 0x10_0000_0000_u64;
        for (distance, fits) in [(range.high, true), (range.high + 1, false), (range.low, true), (range.low - 1, false)]
        {
            let result = code.link(base, |_| Some((base + 5).wrapping_add_signed(distance)));
            let target = RelocationTarget::Symbol(PRINT);
            let expected = if fits { Ok(()) } else { Err(LinkError::OutOfRange { target, from: 5, distance, range }) };
            assert_eq!(result, expected);
        }
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn an_address_past_a_symbol() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        enc.lea_r64_m(RAX, Mem::from(TABLE) - 3 + 19);
        let mut code = enc.finish().expect("symbols need not be known");
        let field = Rel::Disp32 { trailing: 0, addend: 16 };
        assert_eq!(code.relocations(), [Relocation { from: 7, field, target: RelocationTarget::Symbol(TABLE) }]);
        assert_eq!(code.link(0x1000, |_| Some(0x2000)), Ok(()));
        assert_eq!(code.bytes(), [0x48, 0x8D, 0x05, 0x09, 0x10, 0, 0]);
        // The sum must fit.
        assert_eq!(code.link(0x1000, |_| Some(0x1007 + i32::MAX as u64 - 16)), Ok(()));
        assert!(code.link(0x1000, |_| Some(0x1007 + i32::MAX as u64 - 15)).is_err());
    }
    check::<Down>();
    check::<Up>();
}

/// The upper half of a constant, which is placed later.
#[test]
fn an_address_past_a_constant() {
    let mut enc = Encoder::new();
    let constant = enc.constant_u64(0x1122_3344_5566_7788);
    enc.mov_r32_rm32(EAX, Mem::from(constant) + 4);
    let code = enc.finish().expect("the constant is placed");
    let at = code.offset_of(constant).expect("it is placed") + 4;
    let end = code.bytes().len();
    assert_eq!(code.bytes()[at..at + 4], 0x1122_3344_u32.to_le_bytes());
    let load = [&[0x8B, 0x05][..], &(at as i32 - end as i32).to_le_bytes()].concat();
    assert_eq!(code.bytes()[end - 6..], load);
}

#[test]
fn a_short_branch_to_a_symbol() {
    fn check<D: Side>() {
        let mut enc = Emitter::<D>::new();
        enc.jmp_rel8(PRINT);
        let mut code = enc.finish().expect("symbols need not be known");
        assert_eq!(code.link(0x1000, |_| Some(0x1002 - 128)), Ok(()));
        assert_eq!(code.bytes(), [0xEB, 0x80]);
        let too_far =
            LinkError::OutOfRange { target: RelocationTarget::Symbol(PRINT), from: 2, distance: 128, range: REL8 };
        assert_eq!(code.link(0x1000, |_| Some(0x1002 + 128)), Err(too_far));
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn a_label_is_memory_where_an_operand_may_be_decorated() {
    let with = |place: fn(&mut Encoder<'_>, Label)| {
        let mut enc = Encoder::new();
        let label = enc.data_aligned(&[0; 64], Align::of::<64>());
        place(&mut enc, label);
        enc.finish().unwrap().bytes().to_vec()
    };
    let plain = with(|enc, label| {
        enc.vaddps_zmm_k1z_zmm_zmmm512b32_er(ZMM1, ZMM2, Mem::from(label));
        enc.vmovups_zmmm512_k1z_zmm(Mem::from(label), ZMM1);
    });
    let label = with(|enc, label| {
        enc.vaddps_zmm_k1z_zmm_zmmm512b32_er(ZMM1, ZMM2, label);
        enc.vmovups_zmmm512_k1z_zmm(label, ZMM1);
    });
    assert_eq!(label, plain);
}

#[test]
fn a_condition_has_functions_by_all_of_its_names() {
    let with = |place: fn(&mut Encoder<'_>, Label)| {
        let mut enc = Encoder::new();
        let label = enc.here();
        place(&mut enc, label);
        enc.finish().unwrap().bytes().to_vec()
    };
    let canonical = with(|enc, label| {
        enc.je(label);
        enc.jb_rel32(label);
        enc.setnp_rm8(AL);
        enc.cmovg_r64_rm64(RAX, RDX);
    });
    let others = with(|enc, label| {
        enc.jz(label);
        enc.jnae_rel32(label);
        enc.setpo_rm8(AL);
        enc.cmovnle_r64_rm64(RAX, RDX);
    });
    assert_eq!(others, canonical);
}
