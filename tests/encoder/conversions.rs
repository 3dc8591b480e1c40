//! Registers in other widths, and operands from numbers and kinds: what an allocator and a table of instructions have
//! at hand.

use core::fmt::Debug;

fn name(register: impl Debug) -> String {
    format!("{register:?}")
}

/// The names of a register in the widths of x86-64: the one with this number.
fn x64_names(number: u8) -> [String; 4] {
    const FIRST: [[&str; 4]; 8] = [
        ["AL", "AX", "EAX", "RAX"],
        ["CL", "CX", "ECX", "RCX"],
        ["DL", "DX", "EDX", "RDX"],
        ["BL", "BX", "EBX", "RBX"],
        ["SPL", "SP", "ESP", "RSP"],
        ["BPL", "BP", "EBP", "RBP"],
        ["SIL", "SI", "ESI", "RSI"],
        ["DIL", "DI", "EDI", "RDI"],
    ];
    match FIRST.get(usize::from(number)) {
        Some(names) => names.map(String::from),
        None => ["B", "W", "D", ""].map(|suffix| format!("R{number}{suffix}")),
    }
}

#[test]
fn general_registers_of_x64() {
    use tailfirst::x64::*;
    for number in 0..16 {
        let all = x64_names(number);
        let (r8, r16, r32, r64) =
            (Gpr8::wrapping(number), Gpr16::wrapping(number), Gpr32::wrapping(number), Gpr64::wrapping(number));
        assert_eq!([name(r8), name(r8.r16()), name(r8.r32()), name(r8.r64())], all);
        assert_eq!([name(r16.r8()), name(r16), name(r16.r32()), name(r16.r64())], all);
        assert_eq!([name(r32.r8()), name(r32.r16()), name(r32), name(r32.r64())], all);
        assert_eq!([name(r64.r8()), name(r64.r16()), name(r64.r32()), name(r64)], all);
    }
    for number in 0..32 {
        let all = x64_names(number);
        let (r8, r16, r32, r64) =
            (EGpr8::wrapping(number), EGpr16::wrapping(number), EGpr32::wrapping(number), EGpr64::wrapping(number));
        assert_eq!([name(r8), name(r8.r16()), name(r8.r32()), name(r8.r64())], all);
        assert_eq!([name(r16.r8()), name(r16), name(r16.r32()), name(r16.r64())], all);
        assert_eq!([name(r32.r8()), name(r32.r16()), name(r32), name(r32.r64())], all);
        assert_eq!([name(r64.r8()), name(r64.r16()), name(r64.r32()), name(r64)], all);
        assert_eq!(r8.plain(), Gpr8::new(number));
        assert_eq!(r16.plain(), Gpr16::new(number));
        assert_eq!(r32.plain(), Gpr32::new(number));
        assert_eq!(r64.plain(), Gpr64::new(number));
    }
}

#[test]
fn high_bytes_of_x64() {
    use tailfirst::x64::*;
    for (register, high) in [(RAX, AH), (RCX, CH), (RDX, DH), (RBX, BH)] {
        assert_eq!(
            [register.high_byte(), register.r32().high_byte(), register.r16().high_byte()],
            [Some(high); 3],
            "{register:?}"
        );
        let low = register.r8().without_rex().expect("it has a name");
        assert_eq!(name(low), format!("LOW_{:?}", register.r8()));
        for byte in [high, low] {
            assert_eq!((byte.r16(), byte.r32(), byte.r64()), (register.r16(), register.r32(), register));
        }
    }
    for number in 4..16 {
        let register = Gpr64::wrapping(number);
        assert_eq!((register.high_byte(), register.r8().without_rex()), (None, None), "{register:?}");
    }
}

#[test]
fn vector_registers_of_x64() {
    use tailfirst::x64::*;
    for number in 0..32 {
        let all = ["XMM", "YMM", "ZMM"].map(|class| format!("{class}{number}"));
        let (x, y, z) = (EXmm::wrapping(number), EYmm::wrapping(number), Zmm::wrapping(number));
        assert_eq!([name(x), name(x.ymm()), name(x.zmm())], all);
        assert_eq!([name(y.xmm()), name(y), name(y.zmm())], all);
        assert_eq!([name(z.xmm()), name(z.ymm()), name(z)], all);
        assert_eq!((x.plain(), y.plain()), (Xmm::new(number), Ymm::new(number)));
        if let (Some(x), Some(y)) = (x.plain(), y.plain()) {
            assert_eq!((x.ymm(), y.xmm(), x.zmm(), y.zmm()), (y, x, z, z));
        }
    }
}

#[test]
fn scales() {
    use tailfirst::x64::*;
    assert_eq!((-10..100).filter_map(Scale::new).collect::<Vec<_>>(), Scale::ALL);
    assert_eq!(Scale::ALL.map(Scale::factor), [1, 2, 4, 8]);
    for scale in Scale::ALL {
        assert_eq!(Scale::new(scale.factor()), Some(scale));
        let sum = RBX + RCX * scale.factor() + 3;
        assert_eq!(Mem::new(Some(RBX), Some((RCX, scale)), 3), Some(sum));
    }
    for factor in [i32::MIN, i32::MAX, 1 << 16 | 1, 256 + 4] {
        assert_eq!(Scale::new(factor), None);
    }
}

/// The same constructors for the conditions of both.
macro_rules! conditions {
    ($test:ident $isa:ident) => {
        #[test]
        fn $test() {
            use tailfirst::$isa::Cond;
            for code in 0..=u8::MAX {
                let cond = Cond::new(code);
                assert_eq!(cond, Cond::ALL.get(usize::from(code)).copied());
                assert_eq!(cond, Cond::from_bits(code.into()));
                assert_eq!(Cond::wrapping(code), Cond::ALL[usize::from(code % 16)]);
                if let Some(cond) = cond {
                    assert_eq!((cond.number(), cond.bits(), cond as u8), (code, code.into(), code));
                    assert_eq!(cond.inverse().number(), code ^ 1);
                }
            }
            assert_eq!(Cond::from_bits(0x100), None);
        }
    };
}

conditions!(conditions_of_x64 x64);
conditions!(conditions_of_aarch64 aarch64);

#[test]
fn inverted_conditions_of_aarch64() {
    use tailfirst::aarch64::{Cond, CondInv};
    let all: Vec<_> = Cond::ALL.into_iter().filter_map(CondInv::new).collect();
    assert_eq!(CondInv::ALL[..], all);
    assert_eq!(CondInv::ALL.map(CondInv::cond)[..], Cond::ALL[..14]);
    assert_eq!((CondInv::try_from(Cond::LT), CondInv::try_from(Cond::AL)), (Ok(CondInv::LT), Err(Cond::AL)));
}

#[test]
fn general_registers_of_aarch64() {
    use tailfirst::aarch64::*;
    for number in 0..31 {
        let (x, w) = (Gpr64::wrapping(number), Gpr32::wrapping(number));
        assert_eq!((name(x.w()), name(w.x())), (format!("W{number}"), format!("X{number}")));
    }
    for number in 0..32 {
        let (x, w) = (X::wrapping(number), W::wrapping(number));
        assert_eq!((x.w(), w.x()), (w, x));
        let (xsp, wsp) = (XSp::wrapping(number), WSp::wrapping(number));
        assert_eq!((xsp.w(), wsp.x()), (wsp, xsp));
        // XZR is no SP, nor the other way round.
        let of_both = number < 31;
        assert_eq!((X::try_from(xsp), W::try_from(wsp)), if of_both { (Ok(x), Ok(w)) } else { (Err(SP), Err(WSP)) });
        let back = (XSp::try_from(x), WSp::try_from(w));
        assert_eq!(back, if of_both { (Ok(xsp), Ok(wsp)) } else { (Err(XZR), Err(WZR)) });
    }
    assert_eq!((XZR.w(), WZR.x(), SP.w(), WSP.x()), (WZR, XZR, WSP, SP));
}

#[test]
fn vector_registers_of_aarch64() {
    use tailfirst::aarch64::*;
    for number in 0..32 {
        let all = ["B", "H", "S", "D", "Q"].map(|class| format!("{class}{number}"));
        let v = V::wrapping(number);
        let (b, h, s, d, q) = (v.q().b(), v.q().h(), v.q().s(), v.q().d(), v.q());
        assert_eq!([name(b), name(h), name(s), name(d), name(q)], all);
        assert_eq!([name(b), name(b.h()), name(b.s()), name(b.d()), name(b.q())], all);
        assert_eq!([name(h.b()), name(h), name(h.s()), name(h.d()), name(h.q())], all);
        assert_eq!([name(s.b()), name(s.h()), name(s), name(s.d()), name(s.q())], all);
        assert_eq!([name(d.b()), name(d.h()), name(d.s()), name(d), name(d.q())], all);
        assert_eq!([b.v(), h.v(), s.v(), d.v(), q.v(), v.z().v()], [v; 6]);
        assert_eq!([v.v8b().v(), v.v16b().v(), v.v4s().v(), v.v2d().v()], [v; 4]);
        assert_eq!(name(v.z()), format!("Z{number}"));
    }
}

#[test]
fn shifts_of_aarch64() {
    use tailfirst::aarch64::*;
    assert_eq!(ShiftKind::ALL.map(ShiftKind::bits), [0, 1, 2, 3]);
    assert_eq!((0..10).filter_map(ShiftKind::from_bits).collect::<Vec<_>>(), ShiftKind::ALL);
    macro_rules! shift {
        ($($ty:ident $size:literal: $($kind:ident $method:ident)*;)*) => {$(
            let made: &[fn(u32) -> Option<$ty>] = &[$($ty::$method),*];
            let kinds = [$(ShiftKind::$kind),*];
            for amount in (0..130).chain([256, 257, u32::MAX]) {
                for kind in ShiftKind::ALL {
                    let shift = $ty::new(kind, amount);
                    let by_name = kinds.iter().position(|k| *k == kind).and_then(|at| made[at](amount));
                    assert_eq!(shift, by_name);
                    assert_eq!(shift.is_some(), amount < $size && kinds.contains(&kind));
                    if let Some(shift) = shift {
                        assert_eq!((shift.kind(), shift.amount()), (kind, amount));
                        assert_eq!(shift.bits(), kind.bits() << 6 | amount);
                    }
                }
            }
        )*};
    }
    shift! {
        Shift32 32: Lsl lsl Lsr lsr Asr asr;
        Shift64 64: Lsl lsl Lsr lsr Asr asr;
        ShiftRor32 32: Lsl lsl Lsr lsr Asr asr Ror ror;
        ShiftRor64 64: Lsl lsl Lsr lsr Asr asr Ror ror;
    }
    assert_eq!(format!("{:?}", ShiftRor64::new(ShiftKind::Ror, 63)), "Some(ROR #63)");
    assert_eq!(Extend::ALL.map(Extend::bits), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!((0..20).filter_map(Extend::from_bits).collect::<Vec<_>>(), Extend::ALL);
}

/// Operands print as one writes them.
#[test]
fn operands_are_readable() {
    {
        use tailfirst::x64::*;
        assert_eq!(name((RBX + RCX * 4 - 8).fs()), "[FS: RBX + RCX * 4 - 8]");
        assert_eq!(name(Mem::from(RAX)), "[RAX]");
        assert_eq!(name(ESI + 0x10), "[ESI + 16]");
        assert_eq!(name(RCX * 8 + 4), "[RCX * 8 + 4]");
        assert_eq!(name(R17 + R31 * 2), "[R17 + R31 * 2]");
        assert_eq!(name(RBX + YMM9 * 8), "[RBX + MM9 * 8]");
        assert_eq!(name(Mem::absolute(-1).gs()), "[GS: -1]");
        assert_eq!(name(Mem::rip(5)), "[RIP + 5]");
        assert_eq!(name(Operand::from(XMM1).k(K2).z()), "XMM1.k(K2).z()");
        assert_eq!(name(Operand::imm(-3)), "-3");
    }
    use tailfirst::aarch64::*;
    assert_eq!(name(Operand::from(X3)), "X3");
    assert_eq!(name(Operand::Imm(7)), "7");
}
