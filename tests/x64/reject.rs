//! What must be refused, beside its neighbour that must not.
//!
//! Types keep most mistakes from compiling. What is left are values: they are refused where they are made (a
//! constructor gives `None`), where a form is chosen at run time (`Form::emit`), or, if only an instruction as a whole
//! shows the mistake, by `finish`.

use tailfirst::{
    AddressProblem, FinishError, OperandError, Symbol,
    x64::{Form, Operand, *},
};
use tailfirst_gen::x64::{Class, Form as Model, Kind, Mask, Operand as ModelOperand, Pointer, Rounding};
use tailfirst_roundtrip::choices::Choices;
use tailfirst_roundtrip::x64::{
    MODEL,
    forward::{Address, Argument, Base, Value},
    operands::{self, Labels, Sample},
};

/// The form's plainest operands.
fn plain(form: &Model, enc: &mut Encoder<'_>) -> Vec<Operand> {
    let labels = Labels { above: enc.here(), below: enc.here() };
    Sample::new(form, &mut Choices::new(&[])).operands(form, labels)
}

fn pairs() -> impl Iterator<Item = (&'static Model, &'static Form)> {
    MODEL.iter().zip(forms())
}

/// Emits the form with `operand` in place of the plain one at `index`; a refused one must leave no trace.
fn with_operand(model: &Model, form: &Form, index: usize, operand: Operand) -> Result<(), OperandError> {
    let mut enc = Encoder::new();
    let mut operands = plain(model, &mut enc);
    operands[index] = operand;
    let result = form.emit(&mut enc, &operands);
    assert_eq!(result.is_err(), enc.pos().from_base() == 0, "{}", form.syntax);
    result
}

#[test]
fn immediates_fit_their_places() {
    let mut seen = std::collections::BTreeSet::new();
    for (model, form) in pairs() {
        for (index, operand) in model.parameters().enumerate() {
            let Kind::Imm { bits, signed } = operand.kind else { continue };
            seen.insert((bits, signed));
            let (low, high) = match (bits, signed) {
                (64, _) => (i64::MIN, i64::MAX),
                (_, true) => (-1 << (bits - 1), (1 << (bits - 1)) - 1),
                (_, false) => (0, (1 << bits) - 1),
            };
            for value in [low, high, 1, low / 2] {
                assert_eq!(
                    with_operand(model, form, index, Operand::imm(value)),
                    Ok(()),
                    "{} with {value}",
                    form.syntax
                );
            }
            if bits < 64 {
                let expected = Err(OperandError::Kind { index, expected: form.operands[index].kind });
                for value in [low - 1, high + 1, i64::MIN, i64::MAX] {
                    assert_eq!(
                        with_operand(model, form, index, Operand::imm(value)),
                        expected,
                        "{} with {value}",
                        form.syntax
                    );
                }
            }
        }
    }
    let kinds = [(4, false), (8, false), (8, true), (16, false), (16, true), (32, false), (32, true), (64, true)];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), kinds, "every kind of immediate is in some form");
}

#[test]
fn as_many_operands_as_the_form_has() {
    for (model, form) in pairs() {
        let mut enc = Encoder::new();
        let mut operands = plain(model, &mut enc);
        let expected = operands.len();
        operands.push(Operand::imm(0));
        assert_eq!(form.emit(&mut enc, &operands), Err(OperandError::Count { expected, found: expected + 1 }));
        operands.truncate(expected.saturating_sub(1));
        if expected > 0 {
            assert_eq!(form.emit(&mut enc, &operands), Err(OperandError::Count { expected, found: expected - 1 }));
        }
        assert_eq!(enc.pos().from_base(), 0);
    }
}

/// What an operand is, as far as a form may or may not take it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sort {
    /// A register of this class, or of a class that includes it.
    Register(Class, u8),
    Memory,
    /// Memory with an address of 32 bits.
    NarrowMemory,
    /// Memory that needs REX.
    HighMemory,
    /// Memory that needs APX.
    ExtendedMemory,
    Vector(Class),
    Reference,
    Immediate,
    Flags,
    AbsoluteAddress,
    FixedAddress(Pointer),
}

/// An operand of every sort.
fn sorts() -> Vec<(Sort, Operand)> {
    fn register<R: Into<Operand>>(class: Class, register: Option<R>, number: u8) -> (Sort, Operand) {
        (Sort::Register(class, number), register.expect("the class has it").into())
    }
    let mut all = vec![
        register(Class::R8h, Gpr8h::new(4), 4),
        register(Class::K, K::new(7), 7),
        register(Class::KPair, K::new(6).and_then(KPair::new), 6),
        register(Class::Tmm, Tmm::new(7), 7),
        register(Class::St, St::new(7), 7),
        register(Class::Sreg, Sreg::new(5), 5),
        register(Class::Mm, Mm::new(7), 7),
        register(Class::Cr, Cr::new(8), 8),
        register(Class::Dr, Dr::new(7), 7),
        (Sort::Memory, (RBX + RSI * 4 + 8).into()),
        (Sort::NarrowMemory, (EBX + ESI * 4 + 8).into()),
        (Sort::ExtendedMemory, (R16 + 0).into()),
        (Sort::HighMemory, (R8 + 8).into()),
        (Sort::HighMemory, (RAX + R9 * 2).into()),
        (Sort::Vector(Class::Xmm), (RBX + XMM1 * 2).into()),
        (Sort::Vector(Class::Ymm), (RBX + YMM1 * 2).into()),
        (Sort::Vector(Class::Zmm), (RBX + ZMM1 * 2).into()),
        (Sort::Vector(Class::EXmm), (RBX + XMM17 * 2).into()),
        (Sort::Vector(Class::EYmm), (RBX + YMM17 * 2).into()),
        (Sort::Reference, Symbol(1).into()),
        (Sort::Immediate, Operand::imm(1)),
        (Sort::Flags, Dfv::CF.into()),
        (Sort::AbsoluteAddress, Moffs::new(8, Some(FS)).into()),
        (Sort::FixedAddress(Pointer::Rsi), StringSource::esi(Some(ES)).into()),
        (Sort::FixedAddress(Pointer::Rbx), XlatTable::ebx(Some(ES)).into()),
        (Sort::FixedAddress(Pointer::Rdi), MaskedDestination::edi(Some(ES)).into()),
    ];
    for number in [0, 7, 8, 15] {
        all.extend([
            register(Class::R8, Gpr8::new(number), number),
            register(Class::R16, Gpr16::new(number), number),
            register(Class::R32, Gpr32::new(number), number),
            register(Class::R64, Gpr64::new(number), number),
            register(Class::Xmm, Xmm::new(number), number),
            register(Class::Ymm, Ymm::new(number), number),
        ]);
    }
    for number in [0, 15, 16, 31] {
        all.extend([
            register(Class::E8, EGpr8::new(number), number),
            register(Class::E16, EGpr16::new(number), number),
            register(Class::E32, EGpr32::new(number), number),
            register(Class::E64, EGpr64::new(number), number),
            register(Class::EXmm, EXmm::new(number), number),
            register(Class::EYmm, EYmm::new(number), number),
            register(Class::Zmm, Zmm::new(number), number),
        ]);
    }
    all
}

/// Whether a place for registers of class `wanted` takes that of class `found`.
fn takes_register(wanted: Class, found: Class, number: u8) -> bool {
    match wanted {
        Class::Low16 => found == Class::R16 && number < 8,
        Class::Low32 => found == Class::R32 && number < 8,
        Class::E8 => matches!(found, Class::E8 | Class::R8),
        Class::E16 => matches!(found, Class::E16 | Class::R16),
        Class::E32 => matches!(found, Class::E32 | Class::R32),
        Class::E64 => matches!(found, Class::E64 | Class::R64),
        Class::EXmm => matches!(found, Class::EXmm | Class::Xmm),
        Class::EYmm => matches!(found, Class::EYmm | Class::Ymm),
        _ => found == wanted,
    }
}

fn takes(form: &Model, kind: &Kind, sort: Sort) -> bool {
    let memory = |extended: bool| match sort {
        Sort::Memory | Sort::Reference => form.address_bits() != Some(32),
        Sort::NarrowMemory => form.address_bits() != Some(64),
        Sort::HighMemory => !form.is_without_rex() && form.address_bits() != Some(32),
        Sort::ExtendedMemory => extended && form.address_bits() != Some(32),
        _ => false,
    };
    match (kind, sort) {
        (Kind::Reg(class), Sort::Register(found, number)) => takes_register(*class, found, number),
        (Kind::RegMem { class, .. }, Sort::Register(found, number)) => takes_register(*class, found, number),
        (Kind::RegMem { class, .. }, _) => memory(class.is_extended()),
        (Kind::Mem { extended, .. }, _) => memory(*extended),
        (Kind::Vsib { class }, Sort::Vector(found)) => takes_register(*class, found, 0),
        (Kind::Imm { .. } | Kind::Moffs { prefixed: false, .. }, Sort::Immediate) => true,
        (Kind::Moffs { prefixed: true, .. }, Sort::AbsoluteAddress) => true,
        (Kind::FixedAddress(wanted), Sort::FixedAddress(found)) => found == *wanted,
        (Kind::Rel { .. }, Sort::Reference) => true,
        (Kind::FlagsValue, Sort::Flags) => true,
        _ => false,
    }
}

#[test]
fn every_parameter_takes_its_own_kind_only() {
    let sorts = sorts();
    for (model, form) in pairs() {
        for (index, parameter) in model.parameters().enumerate() {
            for (sort, operand) in &sorts {
                let operand = if parameter.mask.is_some() && model.needs_mask() { operand.k(K1) } else { *operand };
                let expected = match takes(model, &parameter.kind, *sort) {
                    true => Ok(()),
                    false => Err(OperandError::Kind { index, expected: form.operands[index].kind }),
                };
                assert_eq!(
                    with_operand(model, form, index, operand),
                    expected,
                    "{}, operand {index}: {sort:?}",
                    form.syntax
                );
            }
        }
    }
}

/// A decoration: its name, the decorated operand, and whether a form may have it on a register, and on memory.
type Decoration = (&'static str, fn(Operand) -> Operand, fn(&Model, &ModelOperand) -> (bool, bool));

#[test]
fn every_parameter_takes_its_own_decorations_only() {
    let is_broadcast = |operand: &ModelOperand| matches!(operand.kind, Kind::RegMem { broadcast: Some(_), .. });
    assert!(MODEL.iter().any(|form| form.operands.iter().any(is_broadcast)));
    let decorations: [Decoration; 6] = [
        ("mask", |operand| operand.k(K3), |_, operand| (operand.mask.is_some(), operand.mask.is_some())),
        (
            "no mask",
            |operand| operand.k(K0),
            |form, operand| {
                let allowed = operand.mask.is_some() && !form.needs_mask();
                (allowed, allowed)
            },
        ),
        ("zeroing", |operand| operand.k(K3).z(), |_, operand| (operand.mask == Some(Mask::Zeroing), false)),
        ("zeroing without a mask", |operand| operand.z(), |_, _| (false, false)),
        (
            "rounding",
            |operand| operand.rounded(Round::Up),
            |_, operand| (operand.rounding == Some(Rounding::Embedded), false),
        ),
        ("sae", |operand| operand.sae(), |_, operand| (operand.rounding == Some(Rounding::SuppressExceptions), false)),
    ];
    for (model, form) in pairs() {
        for (index, parameter) in model.parameters().enumerate() {
            let refused = Err(OperandError::Kind { index, expected: form.operands[index].kind });
            let (register, memory) = match parameter.kind {
                Kind::Reg(class) => (Some(class), false),
                Kind::RegMem { class, .. } => (Some(class), true),
                Kind::Mem { .. } => (None, true),
                _ => (None, false),
            };
            let register = register.map(register_of);
            let memory = memory.then(|| Operand::from(Mem::from(RBX)));
            for (name, decorate, allowed) in decorations {
                let (by_register, by_memory) = allowed(model, parameter);
                for (plain, allowed) in [(register, by_register), (memory, by_memory)] {
                    let Some(plain) = plain else { continue };
                    let expected = if allowed { Ok(()) } else { refused };
                    assert_eq!(
                        with_operand(model, form, index, decorate(plain)),
                        expected,
                        "{}, operand {index}: {name}",
                        form.syntax
                    );
                }
            }
            for (plain, is_memory) in [(register, false), (memory, true)] {
                let Some(plain) = plain else { continue };
                let expected = if is_memory && is_broadcast(parameter) { Ok(()) } else { refused };
                assert_eq!(
                    with_operand(model, form, index, plain.broadcast()),
                    expected,
                    "{}, operand {index}: broadcast",
                    form.syntax
                );
            }
        }
    }
}

/// A register of the class, number 1.
fn register_of(class: Class) -> Operand {
    let found = sorts().into_iter().find(|(sort, _)| match sort {
        Sort::Register(found, number) => takes_register(class, *found, *number),
        _ => false,
    });
    found.expect("there is one of every class").1
}

#[test]
fn registers_end() {
    macro_rules! ends {
        ($($class:ident $count:literal;)*) => {$(
            for number in 0..=255 {
                let register = $class::new(number);
                assert_eq!(register.map($class::number), (number < $count).then_some(number), stringify!($class));
                assert_eq!($class::new(number % $count), Some($class::wrapping(number)), stringify!($class));
            }
        )*};
    }
    ends! {
        Gpr8 16; Gpr8h 8; Gpr16 16; Gpr32 16; Gpr64 16; Xmm 16; Ymm 16; Zmm 32; K 8; Tmm 8; St 8; Sreg 6; Mm 8; Dr 8;
        EGpr8 32; EGpr16 32; EGpr32 32; EGpr64 32; EXmm 32; EYmm 32;
    }
    for number in 0..=255 {
        assert_eq!(Cr::new(number).map(Cr::number), [0, 2, 3, 4, 8].contains(&number).then_some(number));
        let mask = K::new(number).and_then(K::write_mask);
        assert_eq!(mask.map(WriteMask::number), (1..8).contains(&number).then_some(number));
        assert_eq!(mask, WriteMask::new(number));
        let pair = K::new(number).and_then(KPair::new);
        assert_eq!(pair.map(|pair| pair.first().number()), (number < 8 && number % 2 == 0).then_some(number));
    }
}

#[test]
fn values_end() {
    assert_eq!(U4::new(15).map(U4::bits), Some(15));
    assert_eq!(U4::new(16), None);
    assert_eq!(Dfv::from_bits(15), Some(Dfv::OF.and(Dfv::SF).and(Dfv::ZF).and(Dfv::CF)));
    assert_eq!(Dfv::from_bits(16), None);
}

#[test]
fn wide_addresses_have_64_bits() {
    for mem in [RDI + RSI * 8, (RDI + 1).gs(), Mem::rip(0), Mem::absolute(8), Symbol(1).into()] {
        assert_eq!(WideMem::new(mem).map(WideMem::rm), Some(mem.rm()));
    }
    for mem in [EDI + 0, EDI + ESI * 8, (EDI + ESI * 8).fs(), EDI + 8 + 4] {
        assert_eq!(WideMem::new(mem), None, "{mem:?}");
    }
    assert_eq!(WideMem::new(RSI.into()), Some(WideMem::from(RSI)));
}

#[test]
fn low_operands_do_without_rex() {
    assert!(Low::new(EDI).is_some());
    assert!(Low::new(R8D).is_none());
    assert!(Low::new(DI).is_some());
    assert!(Low::new(R15W).is_none());
    assert!(Low::memory(RDI + RSI * 8).is_some());
    assert!(Low::memory(R8 + RSI * 8).is_none());
    assert!(Low::memory(RDI + R14 * 8).is_none());
    assert!(Low::memory(Mem::rip(0)).is_some());
    assert!(Low::memory((RDI + 1).gs()).is_some());
}

#[test]
fn the_stack_pointer_is_no_index() {
    assert!(Mem::new(Some(RSP), None, 0).is_some());
    assert!(Mem::new(Some(RAX), Some((R12, Scale::X1)), 0).is_some());
    assert!(Mem::new(Some(RAX), Some((RSP, Scale::X1)), 0).is_none());
    assert!(Mem::new(None, Some((RSP, Scale::X8)), 0).is_none());
}

/// Each instruction uses the address in another encoding.
fn users() -> Vec<fn(&mut Encoder<'_>, Mem)> {
    vec![
        |enc, mem| enc.mov_r64_rm64(RAX, mem),
        |enc, mem| enc.add_rm32_imm8(mem, 1),
        |enc, mem| enc.vaddps_xmm_xmm_xmmm128(XMM1, XMM2, mem),
        |enc, mem| enc.vpermilps_xmm_xmmm128_imm8(XMM1, mem, 3),
        |enc, mem| enc.vaddps_zmm_k1z_zmm_zmmm512b32_er(ZMM1, ZMM2, mem),
        |enc, mem| enc.vaddps_zmm_k1z_zmm_zmmm512b32_er(ZMM1, ZMM2, mem.broadcast()),
        |enc, mem| enc.add_erm64_er64(EMem::from(mem), R16),
    ]
}

#[track_caller]
fn refuses(mem: Mem, problem: AddressProblem) {
    for (index, user) in users().into_iter().enumerate() {
        let mut enc = Encoder::new();
        enc.ret();
        user(&mut enc, mem);
        enc.ret();
        assert_eq!(enc.finish().err(), Some(FinishError::Address { problem, at: 1 }), "user {index} of {mem:?}");
    }
}

#[track_caller]
fn accepts(mem: Mem) {
    for user in users() {
        let mut enc = Encoder::new();
        user(&mut enc, mem);
        assert!(enc.finish().is_ok());
    }
}

#[test]
fn addresses_that_no_instruction_can_hold() {
    for factor in [1, 2, 4, 8] {
        accepts(RAX + RCX * factor);
    }
    for factor in [0, 3, 5, 16, -1, -2, 256, 257, i32::MIN] {
        refuses(RAX + RCX * factor, AddressProblem::Scale);
        refuses(RCX * factor + 8, AddressProblem::Scale);
        refuses(EAX + ECX * factor, AddressProblem::Scale);
    }
    accepts(RSP + RAX);
    accepts(RAX + R12 * 2);
    refuses(RAX + RSP, AddressProblem::IndexIsStackPointer);
    refuses(RAX + RSP * 2, AddressProblem::IndexIsStackPointer);
    refuses(EAX + ESP * 2, AddressProblem::IndexIsStackPointer);
    refuses(RAX + 8 + RSP * 1, AddressProblem::IndexIsStackPointer);
    refuses(RAX + RCX + RDX * 1, AddressProblem::TwoIndices);
    refuses(RAX + RCX * 2 + 4 + RDX * 4, AddressProblem::TwoIndices);
    // A mistake stays what it was, whatever is added.
    refuses(RAX + RCX * 3 + 8 + RDX * 4, AddressProblem::Scale);
    refuses((RAX + RCX * 3).gs(), AddressProblem::Scale);
}

#[test]
fn an_address_has_one_segment() {
    for segment in [Mem::cs, Mem::ds, Mem::es, Mem::fs, Mem::gs, Mem::ss] {
        accepts(segment(RAX + 8));
        accepts(segment(RAX + 8) + RCX * 2);
        refuses(segment(RAX + 8).fs(), AddressProblem::TwoSegments);
        refuses(segment(Symbol(1).into()).segment(GS), AddressProblem::TwoSegments);
        refuses((segment(RAX + 8).ss() + 4).addr32(), AddressProblem::TwoSegments);
    }
    let gather = |mem: VMem<Xmm>| {
        let mut enc = Encoder::new();
        enc.vpgatherdd_xmm_vm32x_xmm(XMM1, mem, XMM3);
        enc.finish().map(|code| code.bytes().len())
    };
    let wrong = |problem| Err(FinishError::Address { problem, at: 0 });
    assert_eq!(gather((RAX + XMM2 * 4).es()), Ok(7));
    assert_eq!(gather((RAX + XMM2 * 4).es().fs()), wrong(AddressProblem::TwoSegments));
    assert_eq!(gather(XMM2 * 3 + 8), wrong(AddressProblem::Scale));
    assert_eq!(gather(RAX + RCX * 2 + XMM2 * 4), wrong(AddressProblem::TwoIndices));
}

#[test]
fn notrack_takes_the_place_of_a_segment() {
    let jump = |target: Rm64| {
        let mut enc = Encoder::new();
        enc.notrack_jmp_rm64(target);
        enc.finish().map(|code| code.bytes().to_vec())
    };
    assert_eq!(jump(RAX.into()), Ok(vec![0x3E, 0xFF, 0xE0]));
    assert_eq!(jump((EAX + 0).into()), Ok(vec![0x67, 0x3E, 0xFF, 0x20]));
    let wrong = Err(FinishError::Operands { form: "notrack_jmp_rm64", when: "segment==0", at: 0 });
    assert_eq!(jump((RAX + 8).fs().into()), wrong);
    assert_eq!(jump((RAX + 8).ds().into()), wrong);
}

#[test]
fn the_registers_of_an_address_are_of_one_width() {
    accepts(EAX + 8 + ECX * 2);
    accepts((Mem::absolute(8)).addr32() + ECX * 2);
    accepts((RAX + RCX * 2).addr32());
    refuses(EAX + 8 + RCX * 2, AddressProblem::MixedWidths);
    refuses(RAX + 8 + ECX * 2, AddressProblem::MixedWidths);
    refuses(Mem::absolute(8) + ECX * 2, AddressProblem::MixedWidths);
    refuses((RAX + 8).addr32() + RCX * 2, AddressProblem::MixedWidths);
    refuses(ECX * 2 + 8 + RCX * 2, AddressProblem::MixedWidths);
    refuses(ECX * 2 + 8 + EAX * 2, AddressProblem::TwoIndices);
    // ESP has no encoding as an index.
    refuses(EAX + ESP, AddressProblem::IndexIsStackPointer);
    refuses(ESP * 1 + 8, AddressProblem::IndexIsStackPointer);
}

#[test]
fn instructions_end_at_15_bytes() {
    let (wide, narrow) = (RAX + RCX * 2 + 1000, EAX + ECX * 2 + 1000);
    // XOP, opcode, ModRM, SIB, displacement and immediate have 3 + 1 + 1 + 1 + 4 + 4 bytes.
    let bextr = |mem: Mem| {
        let mut enc = Encoder::new();
        enc.ret();
        enc.bextr_r64_rm64_imm32(RAX, mem, 1);
        enc.finish().map(|code| code.bytes().len() - 1)
    };
    // EVEX has a byte more.
    let add = |mem: Mem| {
        let mut enc = Encoder::new();
        enc.ret();
        enc.add_er64_erm64_imm32(R16, mem, 1);
        enc.finish().map(|code| code.bytes().len() - 1)
    };
    let too_long = Err(FinishError::Address { problem: AddressProblem::Length, at: 1 });
    assert_eq!((bextr(wide), bextr(wide.fs()), bextr(narrow)), (Ok(14), Ok(15), Ok(15)));
    assert_eq!(bextr(narrow.fs()), too_long);
    assert_eq!(add(wide), Ok(15));
    assert_eq!(add(wide.fs()), too_long);
    assert_eq!(add(narrow), too_long);
    let label = |segment: fn(Mem) -> Mem| {
        let mut enc = Encoder::new();
        let end = enc.here();
        enc.bextr_r64_rm64_imm32(RAX, segment(end.into()), 1);
        enc.finish().map(|code| code.bytes().len())
    };
    assert_eq!((label(|mem| mem), label(Mem::gs)), (Ok(13), Ok(14)));
}

#[test]
fn displacements_end_at_32_bits() {
    accepts(RAX + i32::MAX);
    accepts(RAX + i32::MIN);
    accepts(RAX + i32::MAX - i32::MAX + i32::MIN);
    accepts(RAX - i32::MAX - 1);
    refuses(RAX - i32::MIN, AddressProblem::Displacement);
    refuses(RAX + i32::MAX + 1, AddressProblem::Displacement);
    refuses(RAX + RCX * 2 - 1 + i32::MIN, AddressProblem::Displacement);
    refuses(EAX + i32::MAX + 1, AddressProblem::Displacement);
    accepts(Mem::rip(i32::MAX - 1) + 1);
    refuses(Mem::rip(i32::MAX) + 1, AddressProblem::Displacement);
    accepts(Mem::absolute(i32::MAX) - 1);
    refuses(Mem::absolute(i32::MIN) - 1, AddressProblem::Displacement);
}

#[test]
fn references_are_taken_as_they_are() {
    let symbol = Mem::from(Symbol(1));
    accepts(symbol);
    accepts(symbol + 0);
    accepts(symbol.fs());
    accepts(symbol + 32767);
    accepts(symbol - 32768);
    refuses(symbol + 32768, AddressProblem::TargetDisplacement);
    refuses(symbol - 32767 - 2, AddressProblem::TargetDisplacement);
    refuses(symbol + 1 + i32::MAX, AddressProblem::TargetDisplacement);
    refuses(symbol + RCX * 2, AddressProblem::NeedsSib);
    refuses(Mem::rip(8) + RCX * 2, AddressProblem::NeedsSib);
}

#[test]
fn tiles_are_addressed_by_a_sib_byte() {
    let load = |mem: Mem| {
        let mut enc = Encoder::new();
        enc.tileloadd_tmm_m(TMM1, mem);
        enc.finish().map(|code| code.bytes().to_vec())
    };
    assert_eq!(load(RAX + RCX * 1), Ok(vec![0xC4, 0xE2, 0x7B, 0x4B, 0x0C, 0x08]));
    assert_eq!(load(RAX.into()), Ok(vec![0xC4, 0xE2, 0x7B, 0x4B, 0x0C, 0x20]));
    let needs_sib = Err(FinishError::Address { problem: AddressProblem::NeedsSib, at: 0 });
    assert_eq!(load(Mem::rip(0)), needs_sib);
    assert_eq!(load(Symbol(1).into()), needs_sib);
}

#[test]
fn vector_addresses_that_no_instruction_can_hold() {
    let gather = |mem: VMem<Xmm>| {
        let mut enc = Encoder::new();
        enc.vpgatherdd_xmm_vm32x_xmm(XMM1, mem, XMM2);
        enc.finish().err()
    };
    let problem = |problem| Some(FinishError::Address { problem, at: 0 });
    assert_eq!(gather(RAX + XMM4 * 8 + i32::MAX), None);
    assert_eq!(gather(RAX + XMM4 * 8 + i32::MAX + 1), problem(AddressProblem::Displacement));
    assert_eq!(gather(RAX + XMM4 * 8 - i32::MIN), problem(AddressProblem::Displacement));
    assert_eq!(gather(RAX + XMM4 * 3), problem(AddressProblem::Scale));
    assert_eq!(gather(RAX + XMM4 * 3 + 8), problem(AddressProblem::Scale));
}

/// Every form with a condition on its operands, with every combination of the lowest registers.
#[test]
fn conditions_between_operands() {
    let mut forms_seen = 0;
    for (model, form) in pairs() {
        if !model.has_check() {
            continue;
        }
        forms_seen += 1;
        let (mut held, mut failed) = (0, 0);
        let sample = Sample::new(model, &mut Choices::new(&[]));
        for numbers in 0..8 * 8 * 8_u32 {
            let mut sample = sample.clone();
            let mut digits = (0..3).map(|at| (numbers >> (3 * at) & 7) as u8);
            if !set_registers(&mut sample.arguments, model, &mut digits) {
                continue;
            }
            let mut enc = Encoder::new();
            enc.nop();
            let labels = Labels { above: enc.here(), below: enc.here() };
            form.emit(&mut enc, &sample.operands(model, labels))
                .unwrap_or_else(|error| panic!("{}: {error}", form.syntax));
            let expected = if operands::holds(model, &sample.arguments) {
                held += 1;
                None
            } else {
                failed += 1;
                Some(FinishError::Operands { form: form.name, when: form_when(model), at: 1 })
            };
            assert_eq!(enc.finish().err(), expected, "{}: {:?}", form.syntax, sample.arguments);
        }
        assert!(held > 0 && failed > 0, "{}: {held} held, {failed} failed", form.syntax);
    }
    assert!(forms_seen > 20, "{forms_seen} forms");
}

/// The condition as the error has it, which is `'static`.
fn form_when(model: &'static Model) -> &'static str {
    &model.when.as_ref().expect("only called for forms with one").text
}

/// Gives the arguments these register numbers; `false` if there is no such register.
fn set_registers(arguments: &mut [Argument], model: &'static Model, numbers: &mut impl Iterator<Item = u8>) -> bool {
    for (argument, operand) in arguments.iter_mut().zip(model.parameters()) {
        let class = match operand.kind {
            Kind::Reg(class) | Kind::RegMem { class, .. } | Kind::Vsib { class } => class,
            _ => continue,
        };
        let number = numbers.next().unwrap_or(0);
        if number >= class.count() {
            return false;
        }
        if form_when(model) == "segment==0" {
            let segment = [None, Some(0x26), Some(0x2E), Some(0x36), Some(0x3E), Some(0x64), Some(0x65)];
            let Some(segment) = segment.get(usize::from(number)) else { return false };
            let base = Base::Register(1);
            argument.value = Value::Memory(Address { segment: *segment, narrow: false, base, index: None, disp: 0 });
        }
        match &mut argument.value {
            Value::Register(register) => *register = number,
            Value::Memory(address) => address.index = address.index.map(|(_, log2)| (number, log2)),
            _ => {}
        }
    }
    true
}

#[test]
fn too_small_a_slice_goes_before_other_mistakes() {
    let mut memory = [0; 4];
    let mut enc = Encoder::in_slice(&mut memory);
    let label = enc.label();
    enc.jmp(label);
    assert_eq!(enc.finish().err(), Some(FinishError::OutOfSpace { needed: 5 }));
}
