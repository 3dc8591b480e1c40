//! Small functions, run on the processor, whose results are compared with Rust's.
//!
//! Two encoders and a disassembler can share a misunderstanding of the manual; the processor has none. What it cannot
//! show is bits that it ignores, so this stands beside the other tests and not in their place. Functions are written as
//! the crate is used, from their last instruction to their first. What the processor lacks is skipped, and said.

use memmap2::{Mmap, MmapMut};
use std::arch::is_x86_feature_detected as has;
use tailfirst::{Label, x64::*};

/// A function in executable memory, with the System V calling convention: arguments in RDI, RSI, RDX, RCX or XMM0,
/// XMM1, ...
struct Function(Mmap);

impl Function {
    fn new(build: impl FnOnce(&mut Encoder<'_>)) -> Function {
        let mut enc = Encoder::new();
        build(&mut enc);
        let code = enc.finish().expect("a function without mistakes");
        let mut memory = MmapMut::map_anon(code.bytes().len()).expect("memory");
        memory.copy_from_slice(code.bytes());
        Function(memory.make_exec().expect("executable memory"))
    }

    fn call(&self, a: u64, b: u64, c: u64) -> u64 {
        // SAFETY: every function in this file follows the convention, takes at most three integers, and accesses only
        // memory that its caller passes with sufficient size.
        unsafe {
            let function: extern "sysv64" fn(u64, u64, u64) -> u64 = std::mem::transmute(self.0.as_ptr());
            function(a, b, c)
        }
    }

    fn call_f64(&self, a: f64, b: f64, c: f64) -> f64 {
        // SAFETY: as `call`, for functions of floating-point numbers.
        unsafe {
            let function: extern "sysv64" fn(f64, f64, f64) -> f64 = std::mem::transmute(self.0.as_ptr());
            function(a, b, c)
        }
    }

    /// Passes the addresses of arrays.
    fn call_on<T, U>(&self, out: &mut [T], input: &[U]) -> u64 {
        self.call(out.as_mut_ptr() as u64, input.as_ptr() as u64, input.len() as u64)
    }
}

/// Numbers at which arithmetic changes its ways.
const NOTABLE: [u64; 14] =
    [0, 1, 2, 3, 63, 64, 127, 128, 0xFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, i64::MAX as u64, u64::MAX];

/// Compares a function of two numbers with Rust's.
#[track_caller]
fn agrees(build: impl FnOnce(&mut Encoder<'_>), expected: impl Fn(u64, u64) -> u64) {
    let function = Function::new(build);
    for a in NOTABLE {
        for b in NOTABLE {
            assert_eq!(function.call(a, b, 0), expected(a, b), "of {a:#x} and {b:#x}");
        }
    }
}

/// A function of RDI and RSI that returns RAX, which is RDI at first.
#[track_caller]
fn body_agrees(body: impl FnOnce(&mut Encoder<'_>), expected: impl Fn(u64, u64) -> u64) {
    agrees(
        |enc| {
            enc.ret();
            body(enc);
            enc.mov_r64_rm64(RAX, RDI);
        },
        expected,
    );
}

#[test]
fn arithmetic() {
    body_agrees(|enc| enc.add_rm64_r64(RAX, RSI), u64::wrapping_add);
    body_agrees(|enc| enc.sub_rm64_r64(RAX, RSI), u64::wrapping_sub);
    body_agrees(|enc| enc.and_r64_rm64(RAX, RSI), |a, b| a & b);
    body_agrees(|enc| enc.or_r64_rm64(RAX, RSI), |a, b| a | b);
    body_agrees(|enc| enc.xor_rm64_r64(RAX, RSI), |a, b| a ^ b);
    body_agrees(|enc| enc.imul_r64_rm64(RAX, RSI), u64::wrapping_mul);
    body_agrees(|enc| enc.imul_r64_rm64_imm32(RAX, RSI, -1000), |_, b| b.wrapping_mul(-1000_i64 as u64));
    body_agrees(|enc| enc.neg_rm64(RAX), |a, _| a.wrapping_neg());
    body_agrees(|enc| enc.not_rm64(RAX), |a, _| !a);
    body_agrees(|enc| enc.bswap_r64(RAX), |a, _| a.swap_bytes());
    body_agrees(|enc| enc.lea_r64_m(RAX, RDI + RSI * 4 - 5), |a, b| a.wrapping_add(b.wrapping_mul(4)).wrapping_sub(5));
    body_agrees(|enc| enc.lea_r32_m(EAX, RSI * 8 + 1), |_, b| u64::from((b as u32).wrapping_mul(8).wrapping_add(1)));
    body_agrees(
        |enc| enc.lea_r64_m(RAX, EDI + ESI * 2),
        |a, b| u64::from((a as u32).wrapping_add((b as u32).wrapping_mul(2))),
    );
}

#[test]
fn widths() {
    let low = |a: u64, bits: u32, b: u64| a >> bits << bits | b;
    body_agrees(|enc| enc.add_rm32_r32(EAX, ESI), |a, b| u64::from((a as u32).wrapping_add(b as u32)));
    body_agrees(|enc| enc.add_rm16_r16(AX, SI), |a, b| low(a, 16, u64::from((a as u16).wrapping_add(b as u16))));
    body_agrees(|enc| enc.add_rm8_r8(AL, SIL), |a, b| low(a, 8, u64::from((a as u8).wrapping_add(b as u8))));
    // AH is bits 8 to 15 of RAX.
    body_agrees(
        |enc| {
            enc.add_rm8h_r8h(AH, LOW_CL);
            enc.mov_rm64_r64(RCX, RSI);
        },
        |a, b| a & !0xFF00 | u64::from(((a >> 8) as u8).wrapping_add(b as u8)) << 8,
    );
    body_agrees(|enc| enc.movzx_r32_rm8h(Low::new(EAX).expect("below 8"), AH), |a, _| a >> 8 & 0xFF);
    body_agrees(|enc| enc.movzx_r32_rm8(EAX, SIL), |_, b| b & 0xFF);
    body_agrees(|enc| enc.movsx_r64_rm8(RAX, SIL), |_, b| b as i8 as u64);
    body_agrees(|enc| enc.movsx_r64_rm16(RAX, SI), |_, b| b as i16 as u64);
    body_agrees(|enc| enc.movsxd_r64_rm32(RAX, ESI), |_, b| b as i32 as u64);
    body_agrees(|enc| enc.mov_r32_rm32(EAX, ESI), |_, b| b & 0xFFFF_FFFF);
}

#[test]
fn shifts() {
    let with_count = |shift: fn(&mut Encoder<'_>)| {
        move |enc: &mut Encoder<'_>| {
            shift(enc);
            enc.mov_r64_rm64(RCX, RSI);
        }
    };
    body_agrees(with_count(|enc| enc.shl_rm64_cl(RAX)), |a, b| a << (b & 63));
    body_agrees(with_count(|enc| enc.shr_rm64_cl(RAX)), |a, b| a >> (b & 63));
    body_agrees(with_count(|enc| enc.sar_rm64_cl(RAX)), |a, b| (a as i64 >> (b & 63)) as u64);
    body_agrees(with_count(|enc| enc.rol_rm64_cl(RAX)), |a, b| a.rotate_left(b as u32 & 63));
    body_agrees(|enc| enc.ror_rm64_imm8(RAX, 13), |a, _| a.rotate_right(13));
    body_agrees(|enc| enc.shl_rm64_1(RAX), |a, _| a << 1);
    body_agrees(|enc| enc.shld_rm64_r64_imm8(RAX, RSI, 7), |a, b| a << 7 | b >> 57);
}

#[test]
fn carries_and_conditions() {
    // 2 * (b:a), the high half.
    body_agrees(
        |enc| {
            enc.mov_r64_rm64(RAX, RSI);
            enc.adc_rm64_r64(RSI, RSI);
            enc.add_rm64_r64(RAX, RAX);
        },
        |a, b| b.wrapping_mul(2).wrapping_add(a >> 63),
    );
    let compare = |set: fn(&mut Encoder<'_>)| {
        move |enc: &mut Encoder<'_>| {
            enc.movzx_r32_rm8(EAX, AL);
            set(enc);
            enc.cmp_rm64_r64(RDI, RSI);
        }
    };
    body_agrees(compare(|enc| enc.setl_rm8(AL)), |a, b| ((a as i64) < b as i64).into());
    body_agrees(compare(|enc| enc.setb_rm8(AL)), |a, b| (a < b).into());
    body_agrees(compare(|enc| enc.sete_rm8(AL)), |a, b| (a == b).into());
    body_agrees(compare(|enc| enc.setg_rm8(AL)), |a, b| (a as i64 > b as i64).into());
    body_agrees(compare(|enc| enc.seta_rm8(AL)), |a, b| (a > b).into());
    let choose = |choose: fn(&mut Encoder<'_>)| {
        move |enc: &mut Encoder<'_>| {
            choose(enc);
            enc.cmp_rm64_r64(RAX, RSI);
        }
    };
    body_agrees(choose(|enc| enc.cmovl_r64_rm64(RAX, RSI)), |a, b| (a as i64).max(b as i64) as u64);
    body_agrees(choose(|enc| enc.cmova_r64_rm64(RAX, RSI)), u64::min);
    body_agrees(
        |enc| {
            enc.movzx_r32_rm8(EAX, AL);
            enc.setb_rm8(AL);
            enc.bt_rm64_r64(RDI, RSI);
        },
        |a, b| a >> (b & 63) & 1,
    );
}

#[test]
fn long_multiplication_and_division() {
    agrees(
        |enc| {
            enc.ret();
            enc.mov_r64_rm64(RAX, RDX);
            enc.mul_rm64(RSI);
            enc.mov_r64_rm64(RAX, RDI);
        },
        |a, b| ((u128::from(a) * u128::from(b)) >> 64) as u64,
    );
    agrees(
        |enc| {
            enc.ret();
            enc.idiv_rm64(RSI);
            enc.cqo();
            enc.or_rm64_imm8(RSI, 1);
            enc.mov_r64_rm64(RAX, RDI);
            // The quotient of the lowest number and -1 does not exist.
            enc.shr_rm64_imm8(RSI, 1);
        },
        |a, b| (a as i64 / (b >> 1 | 1) as i64) as u64,
    );
}

#[test]
fn constants() {
    let edges = [
        0,
        1,
        -1,
        127,
        128,
        -128,
        -129,
        0x7FFF_FFFF,
        0x8000_0000,
        0xFFFF_FFFF,
        0x1_0000_0000,
        -0x8000_0000,
        -0x8000_0001,
        i64::MIN,
        i64::MAX,
    ];
    for value in edges {
        for register in [RAX, R9] {
            let mut length = 0;
            let function = Function::new(|enc| {
                enc.ret();
                enc.mov_r64_rm64(RAX, register);
                let end = enc.pos().from_base();
                enc.mov_r64_imm(register, value);
                length = enc.pos().from_base() - end;
            });
            assert_eq!(function.call(0, 0, 0), value as u64);
            let shortest = match (u32::try_from(value), i32::try_from(value)) {
                (Ok(_), _) => 5 + u32::from(register == R9),
                (_, Ok(_)) => 7,
                _ => 10,
            };
            assert_eq!(length, shortest, "{value:#x}");
        }
        if let Ok(short) = i32::try_from(value) {
            body_agrees(|enc| enc.add_rm64_imm(RAX, short), |a, _| a.wrapping_add(value as u64));
            body_agrees(|enc| enc.cmp_rm64_imm(RAX, short), |a, _| a);
            body_agrees(|enc| enc.xor_rm32_imm(EAX, short), |a, _| u64::from(a as u32 ^ short as u32));
        }
    }
}

#[test]
fn every_base_and_index() {
    let data: [u64; 64] = std::array::from_fn(|i| i as u64 * 0x0101_0101_0101);
    let start = &data[8..];
    // R10 is 8 where it is an index.
    let addresses = [
        (None, Scale::X1, 0),
        (None, Scale::X1, 8),
        (None, Scale::X1, 256),
        (Some(R10), Scale::X8, 0),
        (Some(R10), Scale::X4, 16),
        (Some(R10), Scale::X1, -8),
        (Some(R10), Scale::X2, 200),
    ];
    const SAVED: [Gpr64; 6] = [RBX, RBP, R12, R13, R14, R15];
    for base in (0..16).filter_map(Gpr64::new).filter(|base| ![RSP, R10].contains(base)) {
        for (index, scale, disp) in addresses {
            let function = Function::new(|enc| {
                enc.ret();
                SAVED.iter().for_each(|register| enc.pop_r64(*register));
                let index = index.map(|index| (index, scale));
                enc.mov_r64_rm64(RAX, Mem::new(Some(base), index, disp).expect("RSP is not the index"));
                enc.mov_r64_rm64(base, RDI);
                enc.mov_r64_imm(R10, 8);
                SAVED.iter().rev().for_each(|register| enc.push_r64(*register));
            });
            let offset = index.map_or(0, |_| 8 << scale as i32) + disp;
            let expected = data[(64 + offset) as usize / 8];
            assert_eq!(function.call(start.as_ptr() as u64, 0, 0), expected, "{base:?} {index:?} {scale:?} {disp}");
        }
    }
}

#[test]
fn the_stack() {
    agrees(
        |enc| {
            enc.ret();
            enc.pop_r64(RCX);
            enc.pop_r64(RCX);
            enc.sub_r64_rm64(RAX, RSP + 8);
            enc.mov_r64_rm64(RAX, RSP + 0);
            enc.push_r64(RSI);
            enc.push_r64(RDI);
        },
        |a, b| b.wrapping_sub(a),
    );
    agrees(
        |enc| {
            enc.ret();
            enc.leave();
            enc.mov_r64_rm64(RAX, RBP - 8);
            enc.mov_rm64_r64(RBP - 8, RSI);
            enc.enter_imm16_imm8(16, 0);
        },
        |_, b| b,
    );
}

#[test]
fn a_loop_over_memory() {
    // for (i = n; i != 0; i--) sum += in[i - 1]
    let sum = Function::new(|enc| {
        enc.ret();
        let done = enc.here();
        let head = enc.label();
        enc.jmp(head);
        enc.add_r64_rm64(RAX, RSI + RDX * 8);
        enc.sub_rm64_imm8(RDX, 1);
        enc.jz(done);
        enc.test_rm64_r64(RDX, RDX);
        enc.bind(head);
        enc.xor_rm32_r32(EAX, EAX);
    });
    for n in 0..20_u64 {
        let data: Vec<u64> = (0..n).map(|i| i * i + 7).collect();
        assert_eq!(sum.call_on::<u64, _>(&mut [], &data), data.iter().sum());
    }
}

#[test]
fn branches_near_and_far() {
    // The value of RDI picks one of the blocks, which are far enough from each other for both forms of a branch.
    for filler in [0, 10, 40, 500] {
        let switch = Function::new(|enc| {
            let blocks: Vec<Label> = (0..8)
                .map(|block| {
                    (0..filler).for_each(|_| enc.nop());
                    enc.ret();
                    enc.mov_r64_imm(RAX, block * 100);
                    enc.here()
                })
                .collect();
            enc.ret();
            enc.mov_r64_imm(RAX, -1);
            for (number, block) in blocks.into_iter().enumerate() {
                enc.je(block);
                enc.cmp_rm64_imm(RDI, number as i32);
            }
        });
        for a in 0..8 {
            assert_eq!(switch.call(a, 0, 0), a * 100);
        }
        assert_eq!(switch.call(8, 0, 0), u64::MAX);
    }
}

#[test]
fn jumps_through_a_table() {
    // lea rax, [base]; the blocks are 16 bytes apart; jmp rax + rdi * 16
    let switch = Function::new(|enc| {
        for block in (0..4).rev() {
            let end = enc.pos().from_base();
            // Six bytes of code, and ten of filler behind it.
            (0..10).for_each(|_| enc.nop());
            enc.ret();
            enc.mov_r32_imm32(EAX, block * 11);
            assert_eq!(enc.pos().from_base() - end, 16);
        }
        let first = enc.here();
        enc.jmp_rm64(RAX);
        enc.add_rm64_r64(RAX, RDI);
        enc.shl_rm64_imm8(RDI, 4);
        enc.lea_r64_m(RAX, first);
    });
    for a in 0..4 {
        assert_eq!(switch.call(a, 0, 0), a * 11);
    }
}

#[test]
fn data_beside_code() {
    // The eight bytes of a constant inside an instruction that is never run, read relative to RIP, with an immediate
    // behind the displacement.
    let function = Function::new(|enc| {
        enc.mov_r64_imm64(RAX, 0x1122_3344_5566_7788);
        let data = enc.here();
        enc.ret();
        enc.setb_rm8(AL);
        // 48 B8 88 77 is the number 0x7788B848.
        enc.cmp_rm32_imm32(data, 0x7788_B849);
        enc.mov_r64_rm64(RAX, data);
    });
    assert_eq!(function.call(0, 0, 0), 0x3344_5566_7788_B801);
}

#[test]
fn calls() {
    // A recursive factorial: the label of the entry is pending when it is called.
    let factorial = Function::new(|enc| {
        enc.ret();
        let done = enc.here();
        let entry = enc.label();
        enc.imul_r64_rm64(RAX, RDI);
        enc.pop_r64(RDI);
        enc.call(entry);
        enc.dec_rm64(RDI);
        enc.push_r64(RDI);
        enc.jle(done);
        enc.cmp_rm64_imm(RDI, 1);
        enc.mov_r32_imm32(EAX, 1);
        enc.bind(entry);
    });
    for n in 0..=20 {
        assert_eq!(factorial.call(n, 0, 0), (1..=n).product::<u64>());
    }
    extern "sysv64" fn seven_times(n: u64) -> u64 {
        n.wrapping_mul(7)
    }
    body_agrees(
        |enc| {
            enc.add_rm64_imm8(RSP, 8);
            enc.call_rm64(RAX);
            enc.mov_r64_imm(RAX, seven_times as *const () as i64);
            enc.sub_rm64_imm8(RSP, 8);
        },
        |a, _| a.wrapping_mul(7),
    );
}

#[test]
fn strings_and_atomics() {
    let copy = Function::new(|enc| {
        enc.ret();
        enc.rep_movsb();
        enc.mov_r64_rm64(RCX, RDX);
    });
    let input: Vec<u8> = (0..100).collect();
    let mut output = vec![0_u8; 100];
    copy.call_on(&mut output, &input);
    assert_eq!(output, input);

    let mut cell = 40_u64;
    let address = &raw mut cell as u64;
    let add = Function::new(|enc| {
        enc.ret();
        enc.mov_r64_rm64(RAX, RSI);
        enc.lock_xadd_m64_r64(RDI, RSI);
    });
    assert_eq!(add.call(address, 2, 0), 40);
    assert_eq!(cell, 42);
    let exchange = Function::new(|enc| {
        enc.ret();
        enc.movzx_r32_rm8(EAX, AL);
        enc.sete_rm8(AL);
        enc.lock_cmpxchg_m64_r64(RDI, RDX);
        enc.mov_r64_rm64(RAX, RSI);
    });
    assert_eq!(exchange.call(address, 41, 1), 0);
    assert_eq!(exchange.call(address, 42, 1), 1);
    assert_eq!(cell, 1);
}

const FLOATS: [f64; 9] = [0.0, 1.0, -1.5, 2.25, 1e-300, -1e300, 1e16, 123.456, f64::INFINITY];

#[track_caller]
fn float_agrees(build: impl FnOnce(&mut Encoder<'_>), expected: impl Fn(f64, f64, f64) -> f64) {
    let function = Function::new(|enc| {
        enc.ret();
        build(enc);
    });
    for a in FLOATS {
        for b in FLOATS {
            for c in FLOATS {
                let (found, expected) = (function.call_f64(a, b, c), expected(a, b, c));
                let same = found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan());
                assert!(same, "of {a}, {b}, {c}: {found}, expected {expected}");
            }
        }
    }
}

#[test]
fn sse() {
    float_agrees(|enc| enc.addsd_xmm_xmmm64(XMM0, XMM1), |a, b, _| a + b);
    float_agrees(|enc| enc.divsd_xmm_xmmm64(XMM0, XMM2), |a, _, c| a / c);
    float_agrees(|enc| enc.sqrtsd_xmm_xmmm64(XMM0, XMM1), |_, b, _| b.sqrt());
    float_agrees(
        |enc| {
            enc.movaps_xmm_xmmm128(XMM0, XMM8);
            enc.subsd_xmm_xmmm64(XMM8, XMM15);
            enc.mulsd_xmm_xmmm64(XMM8, XMM1);
            enc.movsd_xmm_xmmm64(XMM15, XMM2);
            enc.movaps_xmm_xmmm128(XMM8, XMM0);
        },
        |a, b, c| a * b - c,
    );
    // max, with the branch that floating-point comparisons need: unordered sets the carry flag, too.
    float_agrees(
        |enc| {
            let done = enc.here();
            enc.movaps_xmm_xmmm128(XMM0, XMM1);
            enc.jae(done);
            enc.ucomisd_xmm_xmmm64(XMM0, XMM1);
        },
        |a, b, _| if a >= b { a } else { b },
    );
    body_agrees(
        |enc| {
            enc.movq_rm64_xmm(RAX, XMM0);
            enc.cvtsi2sd_xmm_rm64(XMM0, RSI);
        },
        |_, b| (b as i64 as f64).to_bits(),
    );
    let add = Function::new(|enc| {
        enc.ret();
        enc.movdqu_xmmm128_xmm(RDI + 0, XMM0);
        enc.pshufd_xmm_xmmm128_imm8(XMM0, XMM0, 0b00_01_10_11);
        enc.paddd_xmm_xmmm128(XMM0, XMM9);
        enc.movdqu_xmm_xmmm128(XMM9, RSI + 16);
        enc.movdqu_xmm_xmmm128(XMM0, RSI + 0);
    });
    let mut sums = [0_u32; 4];
    add.call_on(&mut sums, &[1_u32, 2, 3, 4, 10, 20, 30, u32::MAX]);
    assert_eq!(sums, [3, 33, 22, 11]);
}

#[test]
fn x87() {
    // The arguments go through memory: (a + b) * c, which 80 bits do not round twice for these numbers.
    let function = Function::new(|enc| {
        enc.ret();
        enc.fstp_m64fp(RDI);
        enc.fmulp_sti_st0(ST1);
        enc.fld_m64fp(RSI + 16);
        enc.faddp_sti_st0(ST1);
        enc.fld_m64fp(RSI + 8);
        enc.fld_m64fp(RSI);
    });
    let mut out = [0.0];
    function.call_on(&mut out, &[1.5, 2.25, -8.0]);
    assert_eq!(out, [-30.0]);
    // The control word, with and without waiting, relative to nothing but its address.
    let control = Function::new(|enc| {
        enc.ret();
        enc.movzx_r32_rm16(EAX, RDI + 0);
        enc.fstcw_m2byte(RDI);
    });
    let mut word = [0_u16];
    assert_eq!(control.call_on::<_, u8>(&mut word, &[]), 0x37F);
}

/// Says which tests a processor cannot run.
macro_rules! needs {
    ($($feature:tt)*) => {
        $(if !has!($feature) {
            println!("skipped: the processor has no {}", $feature);
            return;
        })*
    };
}

#[test]
fn bmi() {
    needs!("bmi1" "bmi2" "popcnt" "lzcnt");
    body_agrees(|enc| enc.andn_r64_r64_rm64(RAX, RDI, RSI), |a, b| !a & b);
    body_agrees(|enc| enc.blsr_r64_rm64(RAX, RSI), |_, b| b & b.wrapping_sub(1));
    body_agrees(|enc| enc.shlx_r64_rm64_r64(RAX, RDI, RSI), |a, b| a << (b & 63));
    body_agrees(|enc| enc.sarx_r64_rm64_r64(RAX, RDI, RSI), |a, b| (a as i64 >> (b & 63)) as u64);
    body_agrees(|enc| enc.rorx_r64_rm64_imm8(RAX, RSI, 9), |_, b| b.rotate_right(9));
    body_agrees(
        |enc| enc.bextr_r64_rm64_r64(RAX, RDI, RSI),
        |a, b| {
            let (start, len) = (b & 0xFF, b >> 8 & 0xFF);
            let shifted = a.checked_shr(start as u32).unwrap_or(0);
            if len > 63 { shifted } else { shifted & ((1 << len) - 1) }
        },
    );
    body_agrees(
        |enc| enc.pdep_r64_r64_rm64(RAX, RDI, RSI),
        |a, b| {
            let bits = (0..64).filter(|at| b >> at & 1 == 1).enumerate();
            bits.fold(0, |all, (from, to)| all | (a >> from & 1) << to)
        },
    );
    body_agrees(
        |enc| enc.pext_r64_r64_rm64(RAX, RDI, RSI),
        |a, b| {
            let bits = (0..64).filter(|at| b >> at & 1 == 1).enumerate();
            bits.fold(0, |all, (to, from)| all | (a >> from & 1) << to)
        },
    );
    body_agrees(|enc| enc.popcnt_r64_rm64(RAX, RSI), |_, b| b.count_ones().into());
    body_agrees(|enc| enc.lzcnt_r64_rm64(RAX, RSI), |_, b| b.leading_zeros().into());
    body_agrees(|enc| enc.tzcnt_r64_rm64(RAX, RSI), |_, b| b.trailing_zeros().into());
    body_agrees(
        |enc| {
            enc.mulx_r64_r64_rm64(RAX, RCX, RSI);
            enc.mov_r64_rm64(RDX, RDI);
        },
        |a, b| ((u128::from(a) * u128::from(b)) >> 64) as u64,
    );
}

#[test]
fn avx() {
    needs!("avx");
    float_agrees(
        |enc| {
            enc.vaddsd_xmm_xmm_xmmm64(XMM0, XMM9, XMM2);
            enc.vmulsd_xmm_xmm_xmmm64(XMM9, XMM0, XMM1);
        },
        |a, b, c| a * b + c,
    );
    let add = Function::new(|enc| {
        enc.ret();
        enc.vzeroupper();
        enc.vmovups_ymmm256_ymm(RDI + 0, YMM13);
        enc.vaddps_ymm_ymm_ymmm256(YMM13, YMM12, RSI + 32);
        enc.vmovups_ymm_ymmm256(YMM12, RSI + 0);
    });
    let input: [f32; 16] = std::array::from_fn(|i| i as f32 * 1.5);
    let mut out = [0.0_f32; 8];
    add.call_on(&mut out, &input);
    assert_eq!(out, std::array::from_fn(|i| input[i] + input[i + 8]));
    // /is4: the mask is a register in the immediate.
    let blend = Function::new(|enc| {
        enc.ret();
        enc.vzeroupper();
        enc.vmovups_ymmm256_ymm(RDI + 0, YMM1);
        enc.vblendvps_ymm_ymm_ymmm256_ymm(YMM1, YMM1, RSI + 32, YMM10);
        enc.vmovups_ymm_ymmm256(YMM10, RDI + 0);
        enc.vmovups_ymm_ymmm256(YMM1, RSI + 0);
    });
    let mut out: [f32; 8] = std::array::from_fn(|i| if i % 3 == 0 { -1.0 } else { 1.0 });
    blend.call_on(&mut out, &input);
    assert_eq!(out, std::array::from_fn(|i| input[if i % 3 == 0 { i + 8 } else { i }]));
}

#[test]
fn avx2_and_fma() {
    needs!("avx2" "fma");
    float_agrees(
        |enc| {
            enc.vmovapd_xmm_xmmm128(XMM0, XMM2);
            enc.vfmadd231sd_xmm_xmm_xmmm64(XMM2, XMM0, XMM1);
        },
        |a, b, c| a.mul_add(b, c),
    );
    let gather = Function::new(|enc| {
        enc.ret();
        enc.vzeroupper();
        enc.vmovdqu_ymmm256_ymm(RDI + 0, YMM5);
        // The mask is used up.
        enc.vpgatherdd_ymm_vm32y_ymm(YMM5, RSI + YMM12 * 4 + 4, YMM3);
        enc.vpcmpeqd_ymm_ymm_ymmm256(YMM3, YMM3, YMM3);
        enc.vmovdqu_ymm_ymmm256(YMM12, RDI + 0);
    });
    let input: [u32; 32] = std::array::from_fn(|i| i as u32 * 1000);
    let mut out: [u32; 8] = [30, 0, 7, 7, 12, 1, 2, 29];
    let expected = out.map(|index| input[index as usize + 1]);
    gather.call_on(&mut out, &input);
    assert_eq!(out, expected);
}

#[test]
fn avx512_masks_and_broadcasts() {
    needs!("avx512f");
    let input: [f32; 32] = std::array::from_fn(|i| i as f32 - 10.5);
    let mut before: [f32; 16] = std::array::from_fn(|i| -(i as f32));
    let mask = 0b1010_0110_0011_0101_u64;
    let chosen = |i: usize| mask >> i & 1 == 1;
    let add = |zeroing: bool| {
        Function::new(|enc| {
            enc.ret();
            enc.vzeroupper();
            enc.vmovups_zmmm512_k1z_zmm(RDI + 0, ZMM31);
            let to = ZMM31.k(K5);
            let element = (RSI + 64).broadcast();
            match zeroing {
                true => enc.vaddps_zmm_k1z_zmm_zmmm512b32_er(to.z(), ZMM17, element),
                false => enc.vaddps_zmm_k1z_zmm_zmmm512b32_er(to, ZMM17, element),
            }
            enc.vmovups_zmm_k1z_zmmm512(ZMM17, RSI + 0);
            enc.vmovups_zmm_k1z_zmmm512(ZMM31, RDI + 0);
            enc.kmovw_k_r32(K5, EAX);
            enc.mov_r64_imm(RAX, mask as i64);
        })
    };
    let sum: [f32; 16] = std::array::from_fn(|i| input[i] + input[16]);
    let mut out = before;
    add(false).call_on(&mut out, &input);
    assert_eq!(out, std::array::from_fn(|i| if chosen(i) { sum[i] } else { before[i] }));
    add(true).call_on(&mut before, &input);
    assert_eq!(before, std::array::from_fn(|i| if chosen(i) { sum[i] } else { 0.0 }));
}

#[test]
fn avx512_rounding() {
    needs!("avx512f");
    // Rounded to nearest, a third is too small.
    let (below, above) = (1.0_f64 / 3.0, (1.0_f64 / 3.0).next_up());
    let rounds = [
        (Round::Nearest, below, -below),
        (Round::Down, below, -above),
        (Round::Up, above, -below),
        (Round::Zero, below, -below),
    ];
    for (round, positive, negative) in rounds {
        let function = Function::new(|enc| {
            enc.ret();
            enc.vdivsd_xmm_k1z_xmm_xmmm64_er(XMM0, XMM0, XMM1.rounded(round));
        });
        assert_eq!(function.call_f64(1.0, 3.0, 0.0), positive, "{round:?}");
        assert_eq!(function.call_f64(-1.0, 3.0, 0.0), negative, "{round:?}");
    }
}

#[test]
fn avx512_displacements_count_vectors_and_elements() {
    needs!("avx512f");
    let input: Vec<u32> = (0..8192).collect();
    let middle = 4096;
    // Whole vectors count 64 bytes, broadcast elements 4; around both, displacements that fit no byte.
    for disp in
        [0, 4, 64, 60, -64, 127 * 64, 128 * 64 - 4, -128 * 64, -129 * 64 + 4, 127 * 4, 128 * 4, -128 * 4, -129 * 4, 508]
    {
        let load = |broadcast: bool| {
            Function::new(|enc| {
                enc.ret();
                enc.vzeroupper();
                enc.vmovdqu32_zmmm512_k1z_zmm(RDI + 0, ZMM20);
                match broadcast {
                    true => enc.vpord_zmm_k1z_zmm_zmmm512b32(ZMM20, ZMM20, (RSI + disp).broadcast()),
                    false => enc.vpord_zmm_k1z_zmm_zmmm512b32(ZMM20, ZMM20, RSI + disp),
                }
                enc.vpxord_zmm_k1z_zmm_zmmm512b32(ZMM20, ZMM20, ZMM20);
            })
        };
        let at = (middle + disp / 4) as usize;
        let mut out = [0_u32; 16];
        let address = input.as_ptr() as u64 + 4 * middle as u64;
        load(false).call(out.as_mut_ptr() as u64, address, 0);
        assert_eq!(out[..], input[at..at + 16], "{disp}");
        load(true).call(out.as_mut_ptr() as u64, address, 0);
        assert_eq!(out, [input[at]; 16], "{disp}");
    }
}

#[test]
fn avx512_scatter_and_compress() {
    needs!("avx512f" "avx512vl");
    let scatter = Function::new(|enc| {
        enc.ret();
        enc.vzeroupper();
        let to = (RDI + ZMM20 * 4 + 8).k(K1);
        enc.vpscatterdd_vm32z_k1_zmm(to, ZMM29);
        enc.vpaddd_zmm_k1z_zmm_zmmm512b32(ZMM29, ZMM20, ZMM20);
        enc.vmovdqu32_zmm_k1z_zmmm512(ZMM20, RSI + 0);
        enc.kmovw_k_r32(K1, EAX);
        enc.mov_r32_imm32(EAX, 0x0FFF);
    });
    let indices: [u32; 16] = std::array::from_fn(|i| (i as u32 * 7 + 3) % 32);
    let mut out = [99_u32; 40];
    let mut expected = out;
    for index in &indices[..12] {
        expected[*index as usize + 2] = index * 2;
    }
    scatter.call_on(&mut out, &indices);
    assert_eq!(out, expected);

    let compress = Function::new(|enc| {
        enc.ret();
        enc.vzeroupper();
        // An element is 8 bytes, by which the displacement is counted.
        enc.vcompresspd_ymmm256_k1z_ymm((RDI + 8).k(K2), YMM18);
        enc.vmovups_ymm_k1z_ymmm256(YMM18, RSI + 0);
        enc.kmovw_k_r32(K2, EAX);
        enc.mov_r32_imm32(EAX, 0b1010);
    });
    let mut out = [0.0_f64; 4];
    compress.call_on(&mut out, &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(out, [0.0, 2.0, 4.0, 0.0]);
}
