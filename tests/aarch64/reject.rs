//! What is no operand is refused: by constructors, by `emit`, and, where operands do not go together, by `finish`.

use quickcheck::Gen;
use std::collections::{BTreeMap, BTreeSet};
use tailfirst::{
    FinishError, OperandError,
    aarch64::{Encoder, *},
};
use tailfirst_gen::aarch64::Form as Model;
use tailfirst_roundtrip::aarch64::{
    MODEL, Sample, forward,
    value::{self, Value},
};
use tailfirst_roundtrip::choices::{self, Choices};

/// A form and which of its operands is of a kind.
type Place = (&'static Model, &'static Form, usize);

/// For each kind and width, a form that has it.
fn kinds() -> BTreeMap<(&'static str, u32), Place> {
    let mut kinds = BTreeMap::new();
    for (model, form) in MODEL.iter().zip(forms()) {
        for (index, value) in form.values.iter().enumerate() {
            kinds.entry((value.kind, value.width)).or_insert((model, form, index));
        }
    }
    kinds
}

/// Operands of a form that are right.
fn right(model: &Model) -> Vec<Operand> {
    Sample::new(model, &mut Choices::new(&[])).operands(model)
}

/// What `emit` says of an operand in the place, the others being right; nothing may be placed if it refuses.
fn emit(place: &Place, operand: Operand) -> Result<(), OperandError> {
    emit_among(place, &right(place.0), operand)
}

fn emit_among(&(_, form, index): &Place, others: &[Operand], operand: Operand) -> Result<(), OperandError> {
    let mut operands = others.to_vec();
    operands[index] = operand;
    let mut enc = Encoder::new();
    let result = form.emit(&mut enc, &operands);
    assert_eq!(enc.pos().from_base(), if result.is_ok() { 4 } else { 0 }, "{}", form.name);
    result
}

fn refusal((_, form, index): &Place) -> Result<(), OperandError> {
    Err(OperandError::Kind { index: *index, expected: form.operands[*index].kind })
}

/// `U`, `U<<n` and `S<<n`, of every width in the tables.
#[test]
fn scaled_immediates_end_where_their_fields_end() {
    let mut checked = 0;
    for ((kind, width), place) in kinds() {
        let Some((signed, shift)) = value::scaled(kind) else { continue };
        let step = 1i64 << shift;
        let (low, high) = match signed {
            true => (-(step << (width - 1)), (step << (width - 1)) - step),
            false => (0, (step << width) - step),
        };
        for legal in [low, low + step, high - step, high, 0] {
            let legal = legal.clamp(low, high);
            assert_eq!(emit(&place, Operand::Imm(legal)), Ok(()), "{kind} of {width} bits: {legal}");
        }
        for wrong in [low - step, low - 1, high + 1, high + step, i64::MIN, i64::MAX, low + (1 << 32), low - (1 << 32)]
        {
            assert_eq!(emit(&place, Operand::Imm(wrong)), refusal(&place), "{kind} of {width} bits: {wrong}");
        }
        for between in (1..step).flat_map(|odd| [low + odd, high - odd]) {
            assert_eq!(emit(&place, Operand::Imm(between)), refusal(&place), "{kind} of {width} bits: {between}");
        }
        checked += 1;
    }
    assert!(checked >= 25, "{checked} kinds");
}

/// Immediates by value: what each kind takes, and what it does not.
#[test]
fn immediates_end_where_the_manual_ends_them() {
    let not = |value: i64| !value;
    let table: &[(&str, &[i64], &[i64])] = &[
        (
            "AddImm",
            &[0, 1, 4095, 4096, 8192, 0xFFE000, 0xFFF000],
            &[-1, 4097, 4098, 8191, 8193, 0xFFEFFF, 0xFFF001, 0xFFFFFF, 1 << 24, 1 << 32, -4096],
        ),
        ("AtLeastImm", &[1, 2, 63, 64], &[0, -1, 65, 1 << 32, i64::MIN]),
        ("AtMostImm", &[-1, 0, 1, 61, 62], &[-2, 63, 64, (1 << 32) - 1, i64::MAX]),
        ("InvertedImm64", &[not(1), 1, -16, 15, 0x00FF_00FF_00FF_00FF], &[0, not(0), 5, not(5), 0x5555_5555]),
        (
            "LogicalImm32",
            &[
                1,
                2,
                0x8000_0000,
                0xFFFF_FFFE,
                0x7FFF_FFFF,
                0x5555_5555,
                0xAAAA_AAAA,
                0x00FF_00FF,
                0xF000_000F,
                0x8000_0001,
            ],
            &[0, 0xFFFF_FFFF, 5, 0x1234_5678, 0xFFFF_FFF5, 0x0F00_00F1, 1 << 32, -1, -2, 0x5555_5554],
        ),
        (
            "LogicalImm64",
            &[
                1,
                i64::MIN,
                i64::MAX,
                not(1),
                0x5555_5555_5555_5555,
                0x00FF_00FF_00FF_00FF,
                0xF_FFFF_FFFF,
                -16,
                0xFFFF_FFFF,
            ],
            &[0, not(0), 5, 0x1234_5678_9ABC_DEF0, 0x5555_5555, 0x0001_0000_0001_0001, -6],
        ),
        (
            "MovWide32",
            &[0, 1, 0xFFFF, 0x1_0000, 0xFFFF_0000],
            &[-1, 0x1_0001, 0x1_FFFF, 0xFFFF_0001, 0xFFFF_FFFF, 1 << 32],
        ),
        (
            "MovWide64",
            &[0, 0xFFFF, 0xFFFF_0000, 0xFFFF_0000_0000, 1 << 48, not(0xFFFF_FFFF_FFFF)],
            &[-1, 0x1_0001, 0x1_FFFF, 0x1_8000_0000_0000, -2],
        ),
        (
            "MovInverted32",
            &[0xFFFF_FFFF, 0xFFFF_FFFE, 0xFFFF_0001, 0xFFFE_FFFF, 0x1_FFFF],
            // What has only one halfword is MovWide32's.
            &[0, 1, 0xFFFF, 0xFFFF_0000, 0xFFFE_FFFE, -1, 1 << 32],
        ),
        (
            "MovInverted64",
            &[-1, -2, not(0xFFFF), not(0xFFFF_0000), not(0xFFFF << 32), i64::MAX],
            &[0, 1, not(0x1_0001), 0xFFFF_FFFF],
        ),
        ("LslImm32", &[0, 1, 30, 31], &[-1, 32, 64]),
        ("LslImm64", &[0, 1, 62, 63], &[-1, 64, 1 << 32]),
        ("Fbits32", &[1, 2, 31, 32], &[-1, 0, 33, 64]),
        ("Fbits64", &[1, 2, 63, 64], &[-1, 0, 65]),
        ("ShrImm8", &[1, 2, 7, 8], &[-1, 0, 9]),
        ("ShrImm16", &[1, 2, 15, 16], &[-1, 0, 17]),
        ("ShrImm32", &[1, 2, 31, 32], &[-1, 0, 33]),
        ("ShrImm64", &[1, 2, 63, 64], &[-1, 0, 65]),
        ("LaneFbits16", &[1, 2, 15, 16], &[-1, 0, 17]),
        ("LaneFbits32", &[1, 2, 31, 32], &[-1, 0, 33]),
        ("LaneFbits64", &[1, 2, 63, 64], &[-1, 0, 65]),
        (
            "ByteMask64",
            &[0, 0xFF, not(0xFF), -1, 0x00FF_0000_0000_FF00, not(0x00FF_FFFF_FFFF_FFFF)],
            &[1, 0xFE, 0x1FF, 0x80, not(1), 0xFF00_0000_0000_00FE_u64 as i64, 0x0102_0408_1020_4080],
        ),
        ("Rot2", &[0, 90, 180, 270], &[-90, 1, 89, 360]),
        ("Rot1", &[90, 270], &[0, 180, 360, -90]),
        ("Mul16", &[1, 2, 15, 16], &[-1, 0, 17]),
        ("MulVl3", &[-24, -21, -3, 0, 3, 18, 21], &[-27, -25, -23, -2, -1, 1, 2, 20, 22, 24, 48]),
        ("SveImm", &[0, 1, 255, 256, 512, 65024, 65280], &[-1, 257, 511, 65279, 65281, 65536]),
        (
            "SveSImm",
            &[0, 1, 127, -1, -128, 256, -256, 32512, -32768],
            &[128, 255, 257, -129, -255, -257, 32511, 32513, 32767, 32768, -32767, -32769, -33024],
        ),
    ];
    let kinds = kinds();
    let mut checked = BTreeSet::new();
    for (kind, legal, wrong) in table {
        let (_, place) =
            kinds.iter().find(|((name, _), _)| name == kind).unwrap_or_else(|| panic!("no form has {kind}"));
        for &value in *legal {
            assert_eq!(emit(place, Operand::Imm(value)), Ok(()), "{kind}: {value:#x}");
        }
        for &value in *wrong {
            assert_eq!(emit(place, Operand::Imm(value)), refusal(place), "{kind}: {value:#x}");
        }
        checked.insert(*kind);
    }
    // No kind of immediate is left out.
    for ((kind, _), place) in &kinds {
        let by_value = (-20..=20).chain([90, 270, 255, 0xFFFF]).any(|value| emit(place, Operand::Imm(value)).is_ok());
        assert!(!by_value || checked.contains(kind) || value::scaled(kind).is_some(), "{kind} takes immediates");
    }
}

/// Bits that mean something, for every kind: their number is what the manual's description says, and they come back.
#[test]
fn every_kind_has_as_many_operands_as_the_manual_says() {
    let mut checked = 0;
    for ((kind, width), (_, form, index)) in kinds() {
        let count = match kind {
            "Label" | "Literal" | "Adr" | "AdrPage" => 0,
            "AddImm" => 1 << 13,
            "LogicalImm32" => forward::bitmasks32().values.len(),
            "LogicalImm64" | "InvertedImm64" => forward::bitmasks64().values.len(),
            // A shifted zero is no MOV.
            "MovWide32" => (1 << 17) - 1,
            "MovWide64" | "MovInverted64" => (1 << 18) - 3,
            "MovInverted32" => (1 << 17) - 1 - 2,
            "Shift32" => 3 * 32,
            "Shift64" => 3 * 64,
            "ShiftRor32" => 4 * 32,
            "ShiftRor64" => 4 * 64,
            "Extended32" => 32 * 8 * 5,
            "Extended64" => 32 * 8 * 5,
            "Index0" | "Index1" | "Index2" | "Index3" | "Index4" => 32 * 4 * 2,
            "LslImm32" | "LslImm64" | "Fbits32" | "Fbits64" => value::size(kind) as usize,
            "ShrImm8" | "ShrImm16" | "ShrImm32" | "ShrImm64" | "LaneFbits16" | "LaneFbits32" | "LaneFbits64" => {
                value::size(kind) as usize
            }
            "BfxField32" | "BfiField32" => 32 * 33 / 2,
            "BfxField64" | "BfiField64" => 64 * 65 / 2,
            "CondInv" => 14,
            "FpImm8" | "ByteMask64" | "Rot2" | "Rot1" | "Msl" | "Cond" | "Nzcv" | "SysReg" | "SysOp" => 1 << width,
            "Prefetch" => 24,
            "Barrier" | "PrefetchOp" | "RangePrefetch" | "SvePattern" | "Mul16" | "ZSExtend" | "ZDExtend" => 1 << width,
            "AtLeastImm" | "AtMostImm" | "ZControl" | "ZARange2of16" | "ZARange2of8" | "ZARange4of16"
            | "ZARange4of8" => 1 << width,
            "VlxN" | "HalfOrOne" | "HalfOrTwo" | "ZAVector" | "ZAArray" | "ZATileMask" => 1 << width,
            "SveImm" | "SveSImm" | "MulVl3" | "SvePrefetch" | "ZeroOrOne" => 1 << width,
            "PIndexB" | "PIndexH" | "PIndexS" | "PIndexD" => 4 * value::predicate_lanes(kind) as usize,
            _ => {
                let named = tailfirst_roundtrip::aarch64::named::of_kind(kind).map(|named| named.len());
                let registers = value::registers(kind).map(|numbers| numbers.len());
                let elements = value::elements(kind).map(|(registers, lanes)| (registers * lanes) as usize);
                let slices = value::slices(kind).map(|(tiles, offsets)| (2 * 4 * tiles * offsets) as usize);
                let scaled = value::scaled(kind).map(|_| 1 << width);
                let count = named.or(registers).or(elements).or(slices).or(scaled);
                count.unwrap_or_else(|| panic!("{kind} is not counted"))
            }
        };
        let value = form.values[index];
        let found = (0..1u32 << width).filter(|bits| value.from_bits(*bits).is_some()).count();
        assert_eq!(found, count, "{kind}");
        // One bit more is no operand, whatever it is.
        for more in [1 << width, 3 << width, 1 << 31, u32::MAX] {
            assert!(value.from_bits(more).is_none(), "{kind}: {more:#x}");
        }
        checked += 1;
    }
    println!("checked {checked} kinds");
}

/// An operand of each variant, for asking forms that want another.
fn strangers() -> Vec<Operand> {
    let mut strangers: BTreeMap<String, Operand> = BTreeMap::new();
    for (model, form) in MODEL.iter().zip(forms()) {
        for (operand, info) in right(model).into_iter().zip(form.operands) {
            strangers.entry(info.kind.to_string()).or_insert(operand);
        }
    }
    strangers.into_values().collect()
}

/// The pairs of types between which operands convert, besides immediates, whose values do.
fn converts(from: &Operand, to: &str) -> bool {
    match from {
        Operand::X(_) => matches!(to, "X" | "XSp" | "Extended64") || to.starts_with("Index"),
        Operand::W(_) => matches!(to, "W" | "WSp" | "Extended32" | "Extended64"),
        Operand::XSp(_) => matches!(to, "X" | "XSp"),
        Operand::WSp(_) => matches!(to, "W" | "WSp"),
        Operand::Prefetch(_) => matches!(to, "Prefetch" | "PrefetchOp"),
        Operand::Shift32(_) => matches!(to, "Shift32" | "ShiftRor32"),
        Operand::Shift64(_) => matches!(to, "Shift64" | "ShiftRor64"),
        Operand::Cond(_) => matches!(to, "Cond" | "CondInv"),
        Operand::PLow(_) => matches!(to, "P" | "PLow"),
        Operand::PLowM(_) => matches!(to, "PM" | "PLowM"),
        Operand::PLowZ(_) => matches!(to, "PZ" | "PLowZ"),
        Operand::PNB(_) => matches!(to, "PNB" | "PNAny<B>"),
        Operand::PNH(_) => matches!(to, "PNH" | "PNAny<H>"),
        Operand::PNS(_) => matches!(to, "PNS" | "PNAny<S>"),
        Operand::PND(_) => matches!(to, "PND" | "PNAny<D>"),
        _ => false,
    }
}

/// Every form refuses every operand of a wrong kind, and says which and what it wants; what converts, it takes.
#[test]
fn operands_of_another_kind_are_refused() {
    let strangers = strangers();
    assert!(strangers.len() >= 100, "{} kinds of operand", strangers.len());
    let mut asked = 0;
    for (model, form) in MODEL.iter().zip(forms()) {
        let right = right(model);
        for (index, info) in form.operands.iter().enumerate() {
            let place = (model, form, index);
            let same = std::mem::discriminant(&right[index]);
            for stranger in &strangers {
                let expected = match stranger {
                    Operand::Imm(_) => continue,
                    _ if std::mem::discriminant(stranger) == same => continue,
                    _ if converts(stranger, info.kind) => Ok(()),
                    _ => refusal(&place),
                };
                assert_eq!(emit_among(&place, &right, *stranger), expected, "{}: {stranger:?}", form.name);
                asked += 1;
            }
        }
        for found in (0..6).filter(|count| *count != form.operands.len()) {
            let mut operands = right.clone();
            operands.resize(found, Operand::Imm(0));
            let expected = form.operands.len();
            let mut enc = Encoder::new();
            assert_eq!(form.emit(&mut enc, &operands), Err(OperandError::Count { expected, found }), "{}", form.name);
            assert_eq!(enc.pos().from_base(), 0);
        }
    }
    println!("asked {asked} times");
    assert!(asked > 500_000, "asked {asked} times");
}

/// Register 31 is SP or ZR, never both.
#[test]
fn sp_is_not_zr() {
    let mut counts = [0; 4];
    for (model, form) in MODEL.iter().zip(forms()) {
        for (index, value) in form.values.iter().enumerate() {
            let place = (model, form, index);
            let (other, count) = match value.kind {
                "X" => (SP.into(), 0),
                "W" => (WSP.into(), 1),
                "XSP" => (XZR.into(), 2),
                "WSP" => (WZR.into(), 3),
                _ => continue,
            };
            assert_eq!(emit(&place, other), refusal(&place), "{}", form.name);
            counts[count] += 1;
        }
    }
    assert!(counts.iter().all(|count| *count > 20), "{counts:?}");
}

/// The manual's CheckCPYConstrainedUnpredictable and CheckSETConstrainedUnpredictable, for each form of FEAT_MOPS:
/// three different registers, of which register 31 is none but the value that a set stores.
#[test]
fn memory_copies_and_sets_want_different_registers() {
    const NUMBERS: [u8; 5] = [0, 1, 15, 30, 31];
    let x = |number| X::new(number).expect("a number of it");
    let (mut copies, mut sets) = (0, 0);
    for form in forms().iter().filter(|form| form.cpu.contains(&CpuFeature::FEAT_MOPS)) {
        // The operands that are written come first: in a copy all three, in a set the address and the size.
        let written = match &form.name[..3] {
            "cpy" => 3,
            "set" => 2,
            _ => panic!("{}", form.name),
        };
        if written == 3 {
            copies += 1
        } else {
            sets += 1
        }
        for (a, b, c) in
            NUMBERS.iter().flat_map(|a| NUMBERS.iter().flat_map(move |b| NUMBERS.iter().map(move |c| (*a, *b, *c))))
        {
            let mut enc = Encoder::new();
            form.emit(&mut enc, &[a, b, c].map(|number| x(number).into())).expect("three registers");
            let may_be = a != b && a != c && b != c && [a, b, c][..written].iter().all(|number| *number != 31);
            let done = enc.finish().map(|code| code.bytes().len());
            match done {
                Ok(4) => assert!(may_be, "{} {a} {b} {c} is accepted", form.name),
                Err(FinishError::Operands { form: name, at: 0, .. }) => {
                    assert!(!may_be && name == form.name, "{} {a} {b} {c} is refused", form.name);
                }
                other => panic!("{}: {other:?}", form.name),
            }
        }
    }
    assert_eq!((copies, sets), (6 * 16, 6 * 4));
}

/// The manual has no constraint on the index of loads and stores of several scalable vectors, so XZR is one. (That of
/// LD1B and its kin with one vector has.)
#[test]
fn several_vectors_have_any_index() {
    let mut enc = Encoder::new();
    let (z30, pn15) = (Z30.b(), PN15.z());
    enc.ld1b_zbx2_reg(ZListAligned::<ZB, 2>::new(z30).expect("an even number"), pn15, SP, XZR);
    assert_eq!(enc.finish().expect("it is one").bytes(), [0xFE, 0x1F, 0x1F, 0xA0]);

    let mut random = Gen::from_size_and_seed(100, choices::seed("several_vectors_have_any_index"));
    let mut checked = 0;
    let several = ["x2_reg", "x2s_reg", "x4_reg", "x4s_reg"];
    for (model, form) in MODEL.iter().zip(forms()).filter(|(_, form)| form.table == "aarch64/sme_multi_load_store.ron")
    {
        if !several.iter().any(|suffix| form.name.ends_with(suffix)) {
            continue;
        }
        let index = model.operands.iter().position(|operand| operand.param == "rm").expect("it has an index");
        let mut operands = Sample::new(model, &mut Choices::new(&choices::numbers(&mut random))).operands(model);
        operands[index] = XZR.into();
        let mut enc = Encoder::new();
        form.emit(&mut enc, &operands).expect("the operands are the form's");
        assert_eq!(enc.finish().map(|code| code.bytes()[2] & 0x1F), Ok(0x1F), "{}", form.name);
        checked += 1;
    }
    assert_eq!(checked, 64);
}

/// `when` is held to, in every form that has one: `finish` fails if and only if it does not hold.
#[test]
fn operands_that_do_not_go_together_are_reported() {
    let mut random = Gen::from_size_and_seed(100, choices::seed("operands_that_do_not_go_together_are_reported"));
    let mut checked = 0;
    for (model, form) in MODEL.iter().zip(forms()).filter(|(model, _)| model.condition.is_some()) {
        let (mut held, mut failed) = (0, 0);
        for round in 0..400 {
            let numbers = choices::numbers(&mut random);
            let mut sample = Sample::new(model, &mut Choices::new(&numbers));
            // Few registers, so that they meet; 31, which many conditions name, often.
            let mut choices = Choices::new(&numbers);
            for (operand, value) in model.operands.iter().zip(&mut sample.values) {
                if let Value::Register(number) = value {
                    let numbers = value::registers(&operand.kind.name).expect("is a register");
                    let few = [numbers[0], numbers[numbers.len() / 2], numbers[numbers.len() - 1]];
                    *number = if round % 4 == 3 { choices.one_of(&numbers) } else { choices.one_of(&few) };
                }
            }
            let mut enc = Encoder::new();
            enc.nop();
            form.emit(&mut enc, &sample.operands(model)).expect("the operands are the form's");
            enc.nop();
            let holds = forward::holds(model, &sample.values);
            let expected = if holds {
                held += 1;
                Ok(12)
            } else {
                failed += 1;
                let when = form.condition.expect("is filtered for");
                Err(FinishError::Operands { form: form.name, when, at: 4 })
            };
            assert_eq!(enc.finish().map(|code| code.bytes().len()), expected, "{}: {:?}", form.name, sample.values);
        }
        assert!(held > 0 && failed > 0, "{}: {held} times held, {failed} times failed", form.name);
        checked += 1;
    }
    println!("checked the condition of {checked} forms");
    assert!(checked >= 200, "{checked} forms have a condition");
}

/// The first mistake is the one that is reported.
#[test]
fn the_first_mistake_is_reported() {
    let mut enc = Encoder::new();
    enc.ldp_x_off(X1, X1, SP, SImm::of::<16>());
    enc.nop();
    enc.ldr_x_post(X2, X2, SImm::of::<8>());
    let first = FinishError::Operands { form: "ldp_x_off", when: "Rt!=Rt2", at: 0 };
    assert_eq!(enc.finish().map(drop), Err(first));
    enc.clear();
    enc.ldr_x_post(X2, X2, SImm::of::<8>());
    let second = FinishError::Operands { form: "ldr_x_post", when: "Rn==31 || Rn!=Rt", at: 0 };
    assert_eq!(enc.finish().map(drop), Err(second));
    enc.clear();
    // Register 31 is SP here and XZR there.
    enc.ldr_x_post(XZR, SP, SImm::of::<8>());
    assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(0xF840_87FFu32.to_le_bytes().to_vec()));
}

#[test]
fn registers_end() {
    assert_eq!((Gpr64::new(30), Gpr64::new(31)), (Some(X30), None));
    assert_eq!((Gpr32::new(30), Gpr32::new(31)), (Some(W30), None));
    assert_eq!((X::new(31), X::new(32)), (Some(XZR), None));
    assert_eq!((W::new(31), W::new(32)), (Some(WZR), None));
    assert_eq!((XSp::new(31), XSp::new(32)), (Some(SP), None));
    assert_eq!((WSp::new(31), WSp::new(255)), (Some(WSP), None));
    assert_eq!((V::new(31), V::new(32), Z::new(31), Z::new(32)), (Some(V31), None, Some(Z31), None));
    assert_eq!((P::new(15), P::new(16), PLow::new(7), PLow::new(8)), (Some(P15), None, Some(P7), None));
    assert_eq!((PN::new(7), PN::new(8), PN::new(15), PN::new(16)), (None, Some(PN8), Some(PN15), None));
    for number in 0..=255 {
        assert_eq!(
            (Some(Gpr64::wrapping(number)), Some(Gpr32::wrapping(number))),
            (Gpr64::new(number % 31), Gpr32::new(number % 31))
        );
        assert_eq!((Some(X::wrapping(number)), Some(W::wrapping(number))), (X::new(number % 32), W::new(number % 32)));
        assert_eq!(
            (Some(XSp::wrapping(number)), Some(D::wrapping(number))),
            (XSp::new(number % 32), D::new(number % 32))
        );
    }
    for number in (1..31).step_by(2) {
        assert_eq!(Gpr64::new(number).and_then(XPair::new), None, "{number}");
        assert_eq!(Gpr32::new(number).and_then(WPair::new), None, "{number}");
    }
    assert_eq!((0..31).filter_map(|n| Gpr64::new(n).and_then(XPair::new)).count(), 16);
    assert_eq!((XOctet::new(X21), XOctet::new(X24)), (None, None));
    assert_eq!((0..31).filter_map(|n| Gpr64::new(n).and_then(XOctet::new)).count(), 12);
}

#[test]
fn lists_and_elements_end() {
    assert_eq!((V3.b(16), V3.h(8), V3.s(4), V3.d(2)), (None, None, None, None));
    assert!(V31.b(15).is_some() && V31.h(7).is_some() && V31.s(3).is_some() && V31.d(1).is_some());
    assert_eq!((V16.h_low(0), V15.h_low(8)), (None, None));
    assert!(V15.h_low(7).is_some());
    assert_eq!((V8.b_low(0), V7.b_low(16)), (None, None));
    assert_eq!((V31.pair_h(4), V31.pair_h_low(2), V31.pair_s(2)), (None, None, None));
    assert!(
        V7.b_low(15).is_some() && V31.pair_h(3).is_some() && V31.pair_h_low(1).is_some() && V31.pair_s(1).is_some()
    );
    assert_eq!((V31.segment::<2>(2), V31.segment::<4>(4), V31.segment::<8>(8)), (None, None, None));
    assert!(V31.segment::<2>(1).is_some() && V31.segment::<4>(3).is_some() && V31.segment::<8>(7).is_some());
    assert_eq!((ZLaneH::new(Z8, 0), ZLaneH::new(Z7, 8)), (None, None));
    assert_eq!((ZLaneS::new(Z8, 0), ZLaneS::new(Z7, 4)), (None, None));
    assert_eq!((ZLaneD::new(Z16, 0), ZLaneD::new(Z15, 2)), (None, None));
    assert_eq!((ZIndex::<B>::new(Z31, 64), ZIndex::<H>::new(Z0, 32)), (None, None));
    assert_eq!((ZIndex::<S>::new(Z31, 16), ZIndex::<D>::new(Z0, 8)), (None, None));
    assert_eq!((ZLow::<ZB>::new(Z16.b()), ZListAligned::<ZS, 2>::new(Z3.s())), (None, None));
    for number in 0..32 {
        let z = Z::new(number).expect("below 32");
        let first = z.d();
        assert_eq!(ZEvenLow::<ZD>::new(first).is_some(), number < 16 && number % 2 == 0);
        assert_eq!(ZEvenHigh::<ZD>::new(first).is_some(), number >= 16 && number % 2 == 0);
        assert_eq!(ZListLow::<ZD, 2>::new(first).is_some(), number < 16 && number % 2 == 0);
        assert_eq!(ZListHigh::<ZD, 2>::new(first).is_some(), number >= 16 && number % 2 == 0);
        assert_eq!(ZControl::new(z, 3).is_some(), value::CONTROLS.contains(&number.into()));
        assert_eq!(ZListAligned::<ZD, 4>::new(first).is_some(), number % 4 == 0);
        assert_eq!(ZListStrided::<ZD, 2>::new(first).is_some(), number % 16 < 8, "{number}");
        assert_eq!(ZListStrided::<ZD, 4>::new(first).is_some(), number % 16 < 4, "{number}");
    }
    assert_eq!((ZASlice::<H>::vertical(2, W12, 0), ZASlice::<H>::vertical(1, W12, 8)), (None, None));
    assert_eq!((ZASlice::<Q>::vertical(16, W12, 0), ZASlice::<D>::horizontal(7, W16, 1)), (None, None));
    assert_eq!(
        (ZAVector::new(W11, 0), ZAVector::new(W12, 16), ZAArray::new(W7, 0), ZAArray::new(W11, 8)),
        (None, None, None, None)
    );
    assert_eq!((ZLaneHLong::new(Z16, 0), ZLaneHLong::new(Z15, 8)), (None, None));
    assert_eq!((ZLaneBLong::new(Z16, 0), ZLaneBLong::new(Z15, 16)), (None, None));
    assert_eq!((ZControl::new(Z20, 4), ZControl::new(Z20, u8::MAX)), (None, None));
    for offset in 0..=u8::MAX {
        let slices = (ZASlices::<B, 4>::vertical(0, W15, offset), ZASlices::<B, 2>::horizontal(0, W12, offset));
        assert_eq!(
            (slices.0.is_some(), slices.1.is_some()),
            (offset < 16 && offset % 4 == 0, offset < 16 && offset % 2 == 0)
        );
        assert_eq!(ZASlices::<D, 4>::vertical(7, W12, offset).is_some(), offset == 0);
        assert_eq!(ZASlices::<D, 2>::vertical(7, W12, offset).is_some(), offset == 0);
        assert_eq!(ZARange::<4, 16>::new(W8, offset).is_some(), offset < 16 && offset % 4 == 0);
        assert_eq!(ZARange::<2, 8>::new(W11, offset).is_some(), offset < 8 && offset % 2 == 0);
    }
    assert_eq!((ZASlices::<H, 2>::vertical(2, W12, 0), ZASlices::<S, 4>::vertical(4, W12, 0)), (None, None));
    assert_eq!((ZASlices::<H, 2>::vertical(0, W11, 0), ZASlices::<S, 4>::vertical(0, W16, 0)), (None, None));
    assert_eq!((ZARange::<2, 16>::new(W7, 0), ZARange::<4, 8>::new(W12, 0)), (None, None));
    assert_eq!((ZAH::new(2), ZAS::new(4), ZAD::new(8)), (None, None, None));
}

#[test]
fn shifts_and_extensions_end() {
    for amount in [32, 33, 63, 64, u32::MAX] {
        assert_eq!((Shift32::lsl(amount), Shift32::lsr(amount), Shift32::asr(amount)), (None, None, None));
        assert_eq!((ShiftRor32::ror(amount), ShiftRor32::lsl(amount)), (None, None));
    }
    for amount in [64, 65, 256, u32::MAX] {
        assert_eq!((Shift64::lsl(amount), Shift64::lsr(amount), Shift64::asr(amount)), (None, None, None));
        assert_eq!((ShiftRor64::ror(amount), ShiftRor64::lsl(amount)), (None, None));
    }
    for amount in [5, 6, 7, 8, 12, 255] {
        assert_eq!((Extended64::new(X1.lsl(amount)), Extended64::new(W1.sxtb(amount))), (None, None));
        assert_eq!(Extended32::new(W1.uxtw(amount)), None);
    }
    assert_eq!((Extended32::new(X1.uxtx(0)), Extended32::new(X1.sxtx(0))), (None, None));
    for amount in [1, 2, 4, 5, 255] {
        assert_eq!((Index::<3>::new(X1.lsl(amount)), Index::<3>::new(W1.sxtw(amount))), (None, None));
        assert_eq!(Index::<0>::new(X1.lsl(amount)), None);
    }
    for narrow in [W1.uxtb(0), W1.uxth(0), W1.sxtb(0), W1.sxth(0)] {
        assert_eq!(Index::<0>::new(narrow), None, "{narrow:?}");
    }
    assert_eq!(
        (BitField32::new(0, 33), BitField32::new(32, 1), BitField32::new(31, 2), BitField32::new(0, 0)),
        (None, None, None, None)
    );
    assert_eq!(
        (BitField64::new(0, 65), BitField64::new(63, 2), BitField64::new(u32::MAX, 2), BitField64::new(1, u32::MAX)),
        (None, None, None, None)
    );
    assert!(BitField32::new(0, 32).is_some() && BitField64::new(63, 1).is_some());
}

/// Of the numbers around the 256 FP immediates, exactly those are taken.
#[test]
fn fp_immediates_are_256() {
    let all: Vec<f64> = (0..256).map(forward::vfp_expand_imm).collect();
    for &value in &all {
        assert_eq!(FpImm8::new(value).map(FpImm8::value), Some(value));
        // The next numbers above and below, and those with the next bit of the fraction.
        for ulps in [1, -1, 1 << 47, -(1i64 << 47)] {
            let near = f64::from_bits((value.to_bits() as i64 + ulps) as u64);
            assert_eq!(FpImm8::new(near), None, "{near}");
        }
        for scaled in [value * 256.0, value / 256.0] {
            assert_eq!(FpImm8::new(scaled), None, "{scaled}");
        }
    }
    for refused in [
        0.0,
        -0.0,
        0.12,
        0.1171875,
        31.5,
        32.0,
        -32.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        5e-324,
    ] {
        assert_eq!(FpImm8::new(refused), None, "{refused}");
    }
}

#[test]
fn named_operands_end() {
    assert_eq!((Prefetch::from_bits(23), Prefetch::from_bits(24)), (Some(Prefetch::PSTSLCSTRM), None));
    assert_eq!((CondInv::new(Cond::AL), CondInv::new(Cond::NV)), (None, None));
    assert_eq!((Cond::from_bits(16), Nzcv::new(16), Barrier::new(16)), (None, None, None));
    assert_eq!((PrefetchOp::new(32), RangePrefetch::new(64), SvePattern::new(32)), (None, None, None));
    assert_eq!((SysReg::new(1, 0, 0, 0, 0), SysReg::new(4, 0, 0, 0, 0)), (None, None));
    assert_eq!((SysReg::new(3, 8, 0, 0, 0), SysReg::new(3, 0, 16, 0, 0)), (None, None));
    assert_eq!((SysReg::new(3, 0, 0, 16, 0), SysReg::new(3, 0, 0, 0, 8)), (None, None));
    assert_eq!(
        (SysOp::new(8, 0, 0, 0), SysOp::new(0, 16, 0, 0), SysOp::new(0, 0, 16, 0), SysOp::new(0, 0, 0, 8)),
        (None, None, None, None)
    );
}
