//! The forms that the compiler emits most, by iced's names, each with the call that places it in both ways.
//!
//! Each call is a function of its own with the form fixed in it, as it is in a compiler's source. An operand that is a
//! register or memory makes three of them, since a compiler nearly always knows which of both it has, too.

use std::hint::black_box;

use iced_x86::{Code, Instruction, MemoryOperand, Register};
use tailfirst::x64::{Cond, Encoder, Gpr8, Gpr16, Gpr32, Gpr64, Mem, Scale, Xmm};
use tailfirst::{Label, Symbol};

use super::yk::Yk;

/// What is not the form of an instruction.
#[derive(Clone, Copy, Default)]
pub struct Operands {
    /// The code itself where it has a condition.
    pub code: Code,
    pub condition: u8,
    pub reg: u8,
    /// That of an operand which can be memory, too.
    pub rm: u8,
    pub base: u8,
    pub index: u8,
    /// As a power of two.
    pub scale: u8,
    pub displacement: i32,
    pub immediate: i64,
    /// The number of a label, or of another part's function.
    pub target: u32,
}

/// The ways to place an instruction, and one that looks at it and places nothing.
pub struct Calls {
    pub nothing: fn(&Operands),
    pub tailfirst: fn(&mut Encoder<'_>, &[Label], &Operands),
    pub yk: fn(&mut Yk, &Operands),
}

pub struct Form {
    pub code: Code,
    /// As the manual writes them; those that can be memory have an `m`.
    pub operands: &'static [&'static str],
    pub register: &'static Calls,
    /// Memory at a register and a displacement.
    pub based: &'static Calls,
    /// Memory with an index register.
    pub indexed: &'static Calls,
}

const GPR64: [Register; 16] = {
    use Register::*;
    [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15]
};
const GPR32: [Register; 16] = {
    use Register::*;
    [EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, R8D, R9D, R10D, R11D, R12D, R13D, R14D, R15D]
};
const GPR16: [Register; 16] = {
    use Register::*;
    [AX, CX, DX, BX, SP, BP, SI, DI, R8W, R9W, R10W, R11W, R12W, R13W, R14W, R15W]
};
const GPR8: [Register; 16] = {
    use Register::*;
    [AL, CL, DL, BL, SPL, BPL, SIL, DIL, R8L, R9L, R10L, R11L, R12L, R13L, R14L, R15L]
};
const XMM: [Register; 16] = {
    use Register::*;
    [XMM0, XMM1, XMM2, XMM3, XMM4, XMM5, XMM6, XMM7, XMM8, XMM9, XMM10, XMM11, XMM12, XMM13, XMM14, XMM15]
};

const SCALES: [Scale; 4] = [Scale::X1, Scale::X2, Scale::X4, Scale::X8];

fn condition(o: &Operands) -> Cond {
    Cond::ALL[usize::from(o.condition % 16)]
}

fn based(o: &Operands) -> Mem {
    Gpr64::wrapping(o.base) + o.displacement
}

fn indexed(o: &Operands) -> Mem {
    let index = (Gpr64::wrapping(o.index), SCALES[usize::from(o.scale)]);
    Mem::new(Some(Gpr64::wrapping(o.base)), Some(index), o.displacement).expect("RSP is no index")
}

fn yk_based(o: &Operands) -> MemoryOperand {
    // Size 1: as short as it can be, if there is one.
    let size = u32::from(o.displacement != 0);
    MemoryOperand::with_base_displ_size(GPR64[usize::from(o.base)], o.displacement.into(), size)
}

fn yk_indexed(o: &Operands) -> MemoryOperand {
    let (base, index) = (GPR64[usize::from(o.base)], GPR64[usize::from(o.index)]);
    let (displacement, size) = (o.displacement.into(), u32::from(o.displacement != 0));
    MemoryOperand::with_base_index_scale_displ_size(base, index, 1 << o.scale, displacement, size)
}

/// A row's operand as tailfirst wants it; `place` is what an operand is that can be a register or memory.
macro_rules! operand {
    ($o:ident $place:ident r8) => {
        Gpr8::wrapping($o.reg)
    };
    ($o:ident $place:ident r16) => {
        Gpr16::wrapping($o.reg)
    };
    ($o:ident $place:ident r32) => {
        Gpr32::wrapping($o.reg)
    };
    ($o:ident $place:ident r64) => {
        Gpr64::wrapping($o.reg)
    };
    ($o:ident $place:ident xmm) => {
        Xmm::wrapping($o.reg)
    };
    ($o:ident $place:ident count) => {
        $o.immediate as u8
    };
    ($o:ident $place:ident imm8) => {
        $o.immediate as i8
    };
    ($o:ident $place:ident imm16) => {
        $o.immediate as i16
    };
    ($o:ident $place:ident imm32) => {
        $o.immediate as i32
    };
    ($o:ident $place:ident imm64) => {
        $o.immediate
    };
    ($o:ident register rm8) => {
        Gpr8::wrapping($o.rm)
    };
    ($o:ident register rm16) => {
        Gpr16::wrapping($o.rm)
    };
    ($o:ident register rm32) => {
        Gpr32::wrapping($o.rm)
    };
    ($o:ident register rm64) => {
        Gpr64::wrapping($o.rm)
    };
    ($o:ident register xmmm) => {
        Xmm::wrapping($o.rm)
    };
    ($o:ident indexed $memory:ident) => {
        indexed($o)
    };
    ($o:ident $place:ident $memory:ident) => {
        based($o)
    };
}

/// The same as iced wants it.
macro_rules! yk_operand {
    ($o:ident $place:ident r8) => {
        GPR8[usize::from($o.reg)]
    };
    ($o:ident $place:ident r16) => {
        GPR16[usize::from($o.reg)]
    };
    ($o:ident $place:ident r32) => {
        GPR32[usize::from($o.reg)]
    };
    ($o:ident $place:ident r64) => {
        GPR64[usize::from($o.reg)]
    };
    ($o:ident $place:ident xmm) => {
        XMM[usize::from($o.reg)]
    };
    ($o:ident $place:ident imm64) => {
        $o.immediate
    };
    ($o:ident $place:ident count) => {
        $o.immediate as i32
    };
    ($o:ident $place:ident imm8) => {
        $o.immediate as i32
    };
    ($o:ident $place:ident imm16) => {
        $o.immediate as i32
    };
    ($o:ident $place:ident imm32) => {
        $o.immediate as i32
    };
    ($o:ident register rm8) => {
        GPR8[usize::from($o.rm)]
    };
    ($o:ident register rm16) => {
        GPR16[usize::from($o.rm)]
    };
    ($o:ident register rm32) => {
        GPR32[usize::from($o.rm)]
    };
    ($o:ident register rm64) => {
        GPR64[usize::from($o.rm)]
    };
    ($o:ident register xmmm) => {
        XMM[usize::from($o.rm)]
    };
    ($o:ident indexed $memory:ident) => {
        yk_indexed($o)
    };
    ($o:ident $place:ident $memory:ident) => {
        yk_based($o)
    };
}

macro_rules! instruction {
    ($code:expr) => {
        Ok(Instruction::with($code))
    };
    ($code:expr, $first:expr) => {
        Instruction::with1($code, $first)
    };
    ($code:expr, $first:expr, $second:expr) => {
        Instruction::with2($code, $first, $second)
    };
    ($code:expr, $first:expr, $second:expr, $third:expr) => {
        Instruction::with3($code, $first, $second, $third)
    };
}

macro_rules! calls {
    ($place:ident $code:ident $function:ident ($($operand:ident)*) $($cl:ident)?) => {
        &Calls {
            nothing: |o| _ = black_box((Code::$code, o.immediate)),
            tailfirst: |enc, _, o| {
                let _ = o;
                enc.$function($(operand!(o $place $operand)),*);
            },
            yk: |yk, o| {
                let _ = o;
                yk.push(instruction!(Code::$code $(, yk_operand!(o $place $operand))* $(, Register::$cl)?));
            },
        }
    };
}

/// One form a line: iced's code, tailfirst's function, and the operands; a count in CL is none of the function's.
macro_rules! forms {
    ($($code:ident $function:ident ($($operand:ident)*) $($cl:ident)?;)*) => {
        pub const FORMS: &[Form] = &[$(Form {
            code: Code::$code,
            operands: &[$(stringify!($operand)),*],
            register: calls!(register $code $function ($($operand)*) $($cl)?),
            based: calls!(based $code $function ($($operand)*) $($cl)?),
            indexed: calls!(indexed $code $function ($($operand)*) $($cl)?),
        }),*];
    };
}

forms! {
    Mov_r64_rm64 mov_r64_rm64 (r64 rm64);
    Mov_rm64_r64 mov_rm64_r64 (rm64 r64);
    Mov_r32_rm32 mov_r32_rm32 (r32 rm32);
    Mov_rm32_r32 mov_rm32_r32 (rm32 r32);
    Mov_rm16_r16 mov_rm16_r16 (rm16 r16);
    Mov_rm8_r8 mov_rm8_r8 (rm8 r8);
    Mov_r32_imm32 mov_r32_imm32 (r32 imm32);
    Mov_r64_imm64 mov_r64_imm64 (r64 imm64);
    Mov_rm64_imm32 mov_rm64_imm32 (rm64 imm32);
    Mov_rm32_imm32 mov_rm32_imm32 (rm32 imm32);
    Mov_rm16_imm16 mov_rm16_imm16 (rm16 imm16);
    Mov_rm8_imm8 mov_rm8_imm8 (rm8 imm8);
    Movzx_r32_rm8 movzx_r32_rm8 (r32 rm8);
    Movzx_r32_rm16 movzx_r32_rm16 (r32 rm16);
    Movsx_r32_rm8 movsx_r32_rm8 (r32 rm8);
    Movsx_r32_rm16 movsx_r32_rm16 (r32 rm16);
    Movsxd_r64_rm32 movsxd_r64_rm32 (r64 rm32);
    Lea_r32_m lea_r32_m (r32 m);
    Lea_r64_m lea_r64_m (r64 m);
    Add_rm32_r32 add_rm32_r32 (rm32 r32);
    Add_rm64_r64 add_rm64_r64 (rm64 r64);
    Add_r32_rm32 add_r32_rm32 (r32 rm32);
    Add_r64_rm64 add_r64_rm64 (r64 rm64);
    Add_rm32_imm8 add_rm32_imm (rm32 imm32);
    Add_rm32_imm32 add_rm32_imm (rm32 imm32);
    Add_rm64_imm8 add_rm64_imm (rm64 imm32);
    Add_rm64_imm32 add_rm64_imm (rm64 imm32);
    Sub_rm32_r32 sub_rm32_r32 (rm32 r32);
    Sub_rm64_r64 sub_rm64_r64 (rm64 r64);
    Sub_r32_rm32 sub_r32_rm32 (r32 rm32);
    Sub_rm32_imm8 sub_rm32_imm (rm32 imm32);
    Sub_rm32_imm32 sub_rm32_imm (rm32 imm32);
    Sub_rm64_imm8 sub_rm64_imm (rm64 imm32);
    Sub_rm64_imm32 sub_rm64_imm (rm64 imm32);
    And_rm32_r32 and_rm32_r32 (rm32 r32);
    And_rm64_r64 and_rm64_r64 (rm64 r64);
    And_rm32_imm8 and_rm32_imm (rm32 imm32);
    And_rm32_imm32 and_rm32_imm (rm32 imm32);
    And_rm64_imm8 and_rm64_imm (rm64 imm32);
    And_rm64_imm32 and_rm64_imm (rm64 imm32);
    Or_rm32_r32 or_rm32_r32 (rm32 r32);
    Or_rm64_r64 or_rm64_r64 (rm64 r64);
    Or_rm32_imm8 or_rm32_imm (rm32 imm32);
    Or_rm32_imm32 or_rm32_imm (rm32 imm32);
    Xor_rm32_r32 xor_rm32_r32 (rm32 r32);
    Xor_rm64_r64 xor_rm64_r64 (rm64 r64);
    Xor_rm32_imm8 xor_rm32_imm (rm32 imm32);
    Xor_rm32_imm32 xor_rm32_imm (rm32 imm32);
    Cmp_rm32_r32 cmp_rm32_r32 (rm32 r32);
    Cmp_rm64_r64 cmp_rm64_r64 (rm64 r64);
    Cmp_r32_rm32 cmp_r32_rm32 (r32 rm32);
    Cmp_r64_rm64 cmp_r64_rm64 (r64 rm64);
    Cmp_rm32_imm8 cmp_rm32_imm (rm32 imm32);
    Cmp_rm32_imm32 cmp_rm32_imm (rm32 imm32);
    Cmp_rm64_imm8 cmp_rm64_imm (rm64 imm32);
    Cmp_rm64_imm32 cmp_rm64_imm (rm64 imm32);
    Test_rm32_r32 test_rm32_r32 (rm32 r32);
    Test_rm64_r64 test_rm64_r64 (rm64 r64);
    Imul_r32_rm32 imul_r32_rm32 (r32 rm32);
    Imul_r64_rm64 imul_r64_rm64 (r64 rm64);
    Imul_r32_rm32_imm8 imul_r32_rm32_imm (r32 rm32 imm32);
    Imul_r32_rm32_imm32 imul_r32_rm32_imm (r32 rm32 imm32);
    Shl_rm32_imm8 shl_rm32_imm8 (rm32 count);
    Shl_rm64_imm8 shl_rm64_imm8 (rm64 count);
    Shr_rm32_imm8 shr_rm32_imm8 (rm32 count);
    Shr_rm64_imm8 shr_rm64_imm8 (rm64 count);
    Sar_rm32_imm8 sar_rm32_imm8 (rm32 count);
    Shl_rm32_CL shl_rm32_cl (rm32) CL;
    Shl_rm64_CL shl_rm64_cl (rm64) CL;
    Shr_rm32_CL shr_rm32_cl (rm32) CL;
    Shr_rm64_CL shr_rm64_cl (rm64) CL;
    Bsr_r32_rm32 bsr_r32_rm32 (r32 rm32);
    Cdq cdq ();
    Idiv_rm32 idiv_rm32 (rm32);
    Div_rm32 div_rm32 (rm32);
    Push_r64 push_r64 (r64);
    Call_rm64 call_rm64 (rm64);
    Jmp_rm64 jmp_rm64 (rm64);
    Retnq ret ();
    Ud2 ud2 ();
    Movsd_xmm_xmmm64 movsd_xmm_xmmm64 (xmm xmmm);
    Movsd_xmmm64_xmm movsd_xmmm64_xmm (xmmm xmm);
    Movss_xmm_xmmm32 movss_xmm_xmmm32 (xmm xmmm);
    Movss_xmmm32_xmm movss_xmmm32_xmm (xmmm xmm);
    Movaps_xmm_xmmm128 movaps_xmm_xmmm128 (xmm xmmm);
    Xorps_xmm_xmmm128 xorps_xmm_xmmm128 (xmm xmmm);
    Movq_xmm_rm64 movq_xmm_rm64 (xmm rm64);
    Movq_rm64_xmm movq_rm64_xmm (rm64 xmm);
    Addsd_xmm_xmmm64 addsd_xmm_xmmm64 (xmm xmmm);
    Subsd_xmm_xmmm64 subsd_xmm_xmmm64 (xmm xmmm);
    Mulsd_xmm_xmmm64 mulsd_xmm_xmmm64 (xmm xmmm);
    Divsd_xmm_xmmm64 divsd_xmm_xmmm64 (xmm xmmm);
    Addss_xmm_xmmm32 addss_xmm_xmmm32 (xmm xmmm);
    Subss_xmm_xmmm32 subss_xmm_xmmm32 (xmm xmmm);
    Mulss_xmm_xmmm32 mulss_xmm_xmmm32 (xmm xmmm);
    Divss_xmm_xmmm32 divss_xmm_xmmm32 (xmm xmmm);
    Ucomisd_xmm_xmmm64 ucomisd_xmm_xmmm64 (xmm xmmm);
    Ucomiss_xmm_xmmm32 ucomiss_xmm_xmmm32 (xmm xmmm);
    Cvtsi2sd_xmm_rm64 cvtsi2sd_xmm_rm64 (xmm rm64);
    Cvtsi2sd_xmm_rm32 cvtsi2sd_xmm_rm32 (xmm rm32);
    Cvttsd2si_r64_xmmm64 cvttsd2si_r64_xmmm64 (r64 xmmm);
}

/// Those with a condition, which is a value in a compiler, too.
pub const SET: &Calls = &Calls {
    nothing: |o| _ = black_box((Code::Seto_rm8, o.immediate)),
    tailfirst: |enc, _, o| enc.setcc_rm8(condition(o), Gpr8::wrapping(o.rm)),
    yk: |yk, o| yk.push(Instruction::with1(o.code, GPR8[usize::from(o.rm)])),
};
pub const MOVE_32: &Calls = &Calls {
    nothing: |o| _ = black_box((Code::Cmovo_r32_rm32, o.immediate)),
    tailfirst: |enc, _, o| enc.cmovcc_r32_rm32(condition(o), Gpr32::wrapping(o.reg), Gpr32::wrapping(o.rm)),
    yk: |yk, o| yk.push(Instruction::with2(o.code, GPR32[usize::from(o.reg)], GPR32[usize::from(o.rm)])),
};
pub const MOVE_64: &Calls = &Calls {
    nothing: |o| _ = black_box((Code::Cmovo_r64_rm64, o.immediate)),
    tailfirst: |enc, _, o| enc.cmovcc_r64_rm64(condition(o), Gpr64::wrapping(o.reg), Gpr64::wrapping(o.rm)),
    yk: |yk, o| yk.push(Instruction::with2(o.code, GPR64[usize::from(o.reg)], GPR64[usize::from(o.rm)])),
};
pub const BRANCH: &Calls = &Calls {
    nothing: |o| _ = black_box((Code::Jo_rel32_64, o.immediate)),
    tailfirst: |enc, labels, o| enc.jcc(condition(o), labels[o.target as usize]),
    yk: |yk, o| yk.branch(o.code, o.target),
};

/// Those to a label.
pub const JUMP: &Calls = &Calls {
    nothing: |o| _ = black_box((Code::Jmp_rel32_64, o.immediate)),
    tailfirst: |enc, labels, o| enc.jmp(labels[o.target as usize]),
    yk: |yk, o| yk.branch(Code::Jmp_rel32_64, o.target),
};
pub const CALL: &Calls = &Calls {
    nothing: |o| _ = black_box((Code::Call_rel32_64, o.immediate)),
    tailfirst: |enc, labels, o| enc.call(labels[o.target as usize]),
    yk: |yk, o| yk.branch(Code::Call_rel32_64, o.target),
};
/// A call of another part's function, which linking resolves.
pub const CALL_APART: &Calls = &Calls {
    nothing: |o| _ = black_box((Code::Call_rel16, o.immediate)),
    tailfirst: |enc, _, o| enc.call(Symbol(o.target)),
    yk: |yk, o| yk.call_apart(o.target),
};

/// No instruction, but a label's place.
pub const BIND: &Calls = &Calls {
    nothing: |o| _ = black_box((Code::INVALID, o.immediate)),
    tailfirst: |enc, labels, o| enc.bind(labels[o.target as usize]),
    yk: |yk, o| yk.bind(o.target),
};
