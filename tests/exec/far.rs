//! Branches to what they do not reach: veneers below the code, and slots that code calls through. (Stubs are in
//! `exec_arena`.)

use crate::support;
use support::*;
#[cfg(target_arch = "aarch64")]
use tailfirst::aarch64::*;
#[cfg(target_arch = "x86_64")]
use tailfirst::x64::{EAX, ECX, RAX, RSP};
use tailfirst::{
    Label, LinkError, Symbol,
    exec::{Arena, Branches, ExecCode, ExecError, Mode, Patch, Site, SiteKind, Value},
};

const FAR: Symbol = Symbol(3);

/// What emits one kind of branch to a symbol, in a function that gives what is there.
type Emit = fn(&mut Encoder<'_>, Symbol);

/// Every kind of field that branches have, and a branch that is not taken, after which the function returns 99.
#[cfg(target_arch = "x86_64")]
const BRANCHES: [(&str, Emit); 5] = [
    ("jmp", |enc, symbol| enc.jmp(symbol)),
    ("call", |enc, symbol| {
        enc.ret();
        enc.add_rm64_imm(RSP, 40);
        enc.call(symbol);
        enc.sub_rm64_imm(RSP, 40);
    }),
    ("jz", |enc, symbol| {
        enc.ud2();
        enc.jz(symbol);
        enc.xor_rm32_r32(EAX, EAX);
    }),
    ("jrcxz", |enc, symbol| {
        enc.ud2();
        enc.jrcxz_rel8(symbol);
        enc.xor_rm32_r32(ECX, ECX);
    }),
    ("jnz, not taken", |enc, symbol| {
        enc.ret();
        load(enc, 99);
        enc.jnz(symbol);
        enc.xor_rm32_r32(EAX, EAX);
    }),
];
#[cfg(target_arch = "aarch64")]
const BRANCHES: [(&str, Emit); 6] = [
    ("b", |enc, symbol| enc.b(symbol)),
    ("bl", |enc, symbol| {
        enc.ret();
        enc.ldr_x_post(X30, SP, SImm::new(16).expect("in range"));
        enc.bl(symbol);
        enc.str_x_pre(X30, SP, SImm::new(-16).expect("in range"));
    }),
    ("b.eq", |enc, symbol| {
        enc.udf(UImm::new(0).expect("16 bits"));
        enc.b_cond(Cond::EQ, symbol);
        enc.cmp_x(X0, X0);
    }),
    ("cbz", |enc, symbol| {
        enc.udf(UImm::new(0).expect("16 bits"));
        enc.cbz_x(XZR, symbol);
    }),
    ("tbz", |enc, symbol| {
        enc.udf(UImm::new(0).expect("16 bits"));
        enc.tbz(XZR, UImm::new(5).expect("6 bits"), symbol);
    }),
    ("cbnz, not taken", |enc, symbol| {
        enc.ret();
        load(enc, 99);
        enc.cbnz_x(XZR, symbol);
    }),
];

/// An arena near a place where nothing is, and functions that are far from it: `n` returns `n`.
fn far_apart(mode: Mode) -> (Arena, Vec<ExecCode>) {
    let far = Arena::builder().reserve(1 << 16).branches(Branches::Marked).build().expect("memory");
    let arena = Arena::builder().mode(mode).reserve(4 << 20).near(1 << 44).build().expect("memory");
    let functions: Vec<ExecCode> = (0..20).map(|n| constant(&far, n).expect("memory")).collect();
    assert!(functions.iter().all(|function| !arena.reaches(function.address())), "not far");
    (arena, functions)
}

#[test]
fn every_branch_is_led_to_its_target() {
    for mode in MODES {
        let (arena, functions) = far_apart(mode);
        for (name, emit) in BRANCHES {
            let codes: Vec<ExecCode> = functions
                .iter()
                .map(|function| {
                    let region = arena.region(256).expect("memory");
                    let resolve = |symbol| (symbol == FAR).then_some(function.address());
                    let emit = |enc: &mut Encoder<'_>| {
                        emit(enc, FAR);
                        []
                    };
                    publish(region, resolve, emit).expect(name).0
                })
                .collect();
            for (n, code) in codes.iter().enumerate() {
                let expected = if name.ends_with("not taken") { 99 } else { n as u64 };
                assert_eq!(get(code), expected, "{name} in mode {mode:?}");
            }
        }
        // They went with their codes, and none was a stub.
        let stats = arena.stats();
        assert_eq!((stats.codes, stats.far_bytes, stats.free), (0, 0, stats.reserved));
    }
}

/// The code's length is its own: veneers lie below it, one for each address.
#[test]
fn veneers_lie_below_the_code() {
    let (arena, functions) = far_apart(Mode::Dual);
    let mut region = arena.region(4096).expect("memory");
    let (place, run_end) = (region.place(), region.run_end());
    let mut enc = Encoder::in_slice(region.bytes_mut());
    for symbol in 0..40 {
        jump(&mut enc, Symbol(symbol));
    }
    let start = enc.here();
    let mut code = enc.finish().expect("no labels");
    // Two symbols for each function.
    let placed =
        place.link(&mut code, |symbol| Some(functions[symbol.0 as usize % 20].address())).expect("there is room");
    let (len, start) = (code.bytes().len(), code.offset_of(start));
    let code = region.publish(placed).expect("memory");
    assert_eq!((code.len(), start), (len, Some(0)));
    assert_eq!(code.address() + len as u64, run_end);
    assert_eq!(arena.stats().code_bytes, (len.next_multiple_of(16) + 20 * 16).next_multiple_of(64));
    // The jump placed last is to function 19; the one below the end, to function 0.
    assert_eq!(get(&code), 19);
    let last = len - if cfg!(target_arch = "x86_64") { 5 } else { 4 };
    let last = code.function::<Get>(last).expect("inside");
    // SAFETY: the jump leads to such a function.
    assert_eq!(unsafe { last() }, 0);
}

#[test]
fn veneers_lie_above_code_that_grew_up() {
    let (arena, functions) = far_apart(Mode::Dual);
    let mut region = arena.region(4096).expect("memory");
    let (place, run_start) = (region.place(), region.run_start());
    let mut asm = Assembler::in_slice(region.bytes_mut());
    for symbol in 0..40 {
        jump(&mut asm, Symbol(symbol));
    }
    let mut code = asm.finish().expect("no labels");
    let placed =
        place.link(&mut code, |symbol| Some(functions[symbol.0 as usize % 20].address())).expect("there is room");
    let len = code.bytes().len();
    let code = region.publish(placed).expect("memory");
    assert_eq!((code.len(), code.address()), (len, run_start));
    assert_eq!(arena.stats().code_bytes, (len.next_multiple_of(16) + 20 * 16).next_multiple_of(64));
    for symbol in 0..40 {
        let function = code.function::<Get>(len / 40 * symbol).expect("inside");
        // SAFETY: the jump leads to such a function.
        assert_eq!(unsafe { function() }, symbol as u64 % 20);
    }
}

#[test]
fn no_room_for_veneers() {
    let (arena, functions) = far_apart(Mode::Dual);
    let region = arena.region(64).expect("memory");
    let emit = |enc: &mut Encoder<'_>| {
        for symbol in 0..10 {
            jump(enc, Symbol(symbol));
        }
        []
    };
    let result = publish(region, |symbol| Some(functions[symbol.0 as usize].address()), emit).map(|_| ());
    let jumps = if cfg!(target_arch = "x86_64") { 50_usize } else { 40 };
    assert_eq!(result, Err(ExecError::TooLong { len: jumps.next_multiple_of(16) + 160, region: 64 }));
}

/// What loads from an address, or takes it, is not led elsewhere.
#[test]
fn operands_have_to_reach() {
    #[cfg(target_arch = "x86_64")]
    const OPERANDS: [Emit; 5] = [
        |enc, symbol| enc.lea_r64_m(RAX, symbol),
        |enc, symbol| enc.mov_r64_rm64(RAX, symbol),
        |enc, symbol| enc.mov_rm64_r64(symbol, tailfirst::x64::R15),
        |enc, symbol| enc.call_rm64(symbol),
        |enc, symbol| enc.cmp_rm64_imm32(symbol, 0),
    ];
    #[cfg(target_arch = "aarch64")]
    const OPERANDS: [Emit; 3] = [
        |enc, symbol| enc.adr(X0, symbol),
        |enc, symbol| enc.ldr_x_lit(X0, symbol),
        |enc, symbol| enc.adrp(X0, symbol),
    ];
    let (arena, functions) = far_apart(Mode::Dual);
    for emit in OPERANDS {
        let emit = |enc: &mut Encoder<'_>| {
            emit(enc, FAR);
            []
        };
        let result = publish(arena.region(256).expect("memory"), |_| Some(functions[0].address()), emit).map(|_| ());
        let Err(ExecError::Link(LinkError::OutOfRange { .. })) = result else { panic!("{result:?}") };
    }
}

/// A conditional branch to another place of the arena, farther than such a branch reaches, keeps X16.
#[cfg(target_arch = "aarch64")]
#[test]
fn near_veneers_change_nothing() {
    let (arena, _) = far_apart(Mode::Dual);
    let (target, []) = publish(
        arena.region(64).expect("memory"),
        |_| None,
        |enc| {
            enc.ret();
            enc.mov_x(X0, X16);
            []
        },
    )
    .expect("memory");
    let between = arena.region(2 << 20).expect("memory");
    let emit = |enc: &mut Encoder<'_>| {
        enc.cbz_x(XZR, FAR);
        enc.mov_x_imm(X16, 42);
        []
    };
    let (code, []) = publish(arena.region(64).expect("memory"), |_| Some(target.address()), emit).expect("near");
    assert!(code.address().abs_diff(target.address()) > 1 << 20, "not far");
    assert_eq!(get(&code), 42);
    drop(between);
}

/// Where no instruction can start, no veneer leads.
#[cfg(target_arch = "aarch64")]
#[test]
fn targets_are_aligned() {
    let (arena, functions) = far_apart(Mode::Dual);
    let emit = |enc: &mut Encoder<'_>| {
        enc.b(FAR);
        []
    };
    let target = functions[0].address() + 2;
    let result = publish(arena.region(64).expect("memory"), |_| Some(target), emit).map(|_| ());
    let Err(ExecError::Link(LinkError::OutOfRange { .. })) = result else { panic!("{result:?}") };
}

/// Emits a function that calls through a slot. Gives the slot.
fn through_a_slot(enc: &mut Encoder<'_>) -> Label {
    let slot = enc.constant_address(FAR);
    #[cfg(target_arch = "x86_64")]
    {
        enc.ret();
        enc.add_rm64_imm(RSP, 40);
        enc.call_rm64(slot);
        enc.sub_rm64_imm(RSP, 40);
    }
    #[cfg(target_arch = "aarch64")]
    {
        enc.ret();
        enc.ldr_x_post(X30, SP, SImm::new(16).expect("in range"));
        enc.blr(X16);
        enc.ldr_x_lit(X16, slot);
        enc.str_x_pre(X30, SP, SImm::new(-16).expect("in range"));
    }
    slot
}

/// A slot holds an address of any distance, and another one by one store.
#[test]
fn slots_are_patched() {
    for &mode in LIVE {
        let (arena, functions) = far_apart(mode);
        let emit = |enc: &mut Encoder<'_>| {
            let slot = through_a_slot(enc);
            [slot, enc.here()]
        };
        let region = arena.region(256).expect("memory");
        let (code, [slot, entry]) = publish(region, |_| Some(functions[0].address()), emit).expect("an address");
        let slot = code.patch_site(Site { offset: slot, kind: SiteKind::Slot }).expect("aligned");
        let function = code.function::<Get>(entry).expect("inside");
        for (n, target) in functions.iter().enumerate() {
            let value = Value::Target(target.address());
            // SAFETY: all are such functions.
            let undo = unsafe { code.patch(&[Patch { site: slot, value }]) }.expect("an address");
            let before = Value::Target(functions[n.saturating_sub(1)].address());
            assert_eq!((code.value(slot), undo), (Ok(value), vec![Patch { site: slot, value: before }]));
            // SAFETY: as above.
            assert_eq!(unsafe { function() }, n as u64);
        }
        let wrong = Patch { site: slot, value: Value::U64(1) };
        // SAFETY: it is refused.
        assert!(unsafe { code.patch(&[wrong]) }.is_err());
    }
}
