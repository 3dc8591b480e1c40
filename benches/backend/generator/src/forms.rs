//! The instructions that back ends are made of.
//!
//! A row has a weight, the function of tailfirst (iced's `Code` is of the same name), the operands and the opcode.
//! Operands: `r64` to `r8` registers, `x` a vector register, `b64` to `b8` memory with a base and a displacement, `s64`
//! to `s8` with a scaled index, too (`b` and `s` alone: of no size), `imm` a constant of one or four bytes, `i32`,
//! `i16`, `i8` constants of that size, `count` a shift's, `wide` one of up to eight bytes, `cl` the register. An
//! opcode: `W` for REX.W, `66` as a mere prefix of size, the bytes, and where the operands are: `RM`, `MR`, `/digit`,
//! or `O` in the opcode.

/// A row.
pub struct Form {
    pub weight: u32,
    pub function: &'static str,
    pub operands: Vec<&'static str>,
    pub opcode: Vec<&'static str>,
}

impl Form {
    pub fn mnemonic(&self) -> &'static str {
        self.function.split('_').next().unwrap_or(self.function)
    }
}

const ROWS: &str = "
60 mov_r64_rm64 r64,r64 W 8B RM
30 mov_r32_rm32 r32,r32 8B RM
 4 mov_rm8_r8 r8,r8 88 MR
 4 movzx_r32_rm8 r32,r8 0F B6 RM
 4 movzx_r32_rm16 r32,r16 0F B7 RM
 3 movsx_r64_rm8 r64,r8 W 0F BE RM
 4 movsxd_r64_rm32 r64,r32 W 63 RM
40 mov_r64_imm r64,wide O
20 mov_r32_imm32 r32,i32 O
70 mov_r64_rm64 r64,b64 W 8B RM
30 mov_r32_rm32 r32,b32 8B RM
10 movzx_r32_rm8 r32,b8 0F B6 RM
 8 movzx_r32_rm16 r32,b16 0F B7 RM
 4 movsx_r32_rm8 r32,b8 0F BE RM
 4 movsx_r64_rm16 r64,b16 W 0F BF RM
 6 movsxd_r64_rm32 r64,b32 W 63 RM
20 mov_r64_rm64 r64,s64 W 8B RM
12 mov_r32_rm32 r32,s32 8B RM
 8 movzx_r32_rm8 r32,s8 0F B6 RM
45 mov_rm64_r64 b64,r64 W 89 MR
20 mov_rm32_r32 b32,r32 89 MR
 6 mov_rm16_r16 b16,r16 66 89 MR
10 mov_rm8_r8 b8,r8 88 MR
10 mov_rm64_r64 s64,r64 W 89 MR
 8 mov_rm32_r32 s32,r32 89 MR
 5 mov_rm8_r8 s8,r8 88 MR
10 mov_rm64_imm32 b64,i32 W C7 /0
12 mov_rm32_imm32 b32,i32 C7 /0
 3 mov_rm16_imm16 b16,i16 66 C7 /0
 4 mov_rm8_imm8 b8,i8 C6 /0
20 add_rm64_r64 r64,r64 W 01 MR
10 add_rm32_r32 r32,r32 01 MR
14 sub_rm64_r64 r64,r64 W 29 MR
 7 sub_rm32_r32 r32,r32 29 MR
 8 and_rm64_r64 r64,r64 W 21 MR
 5 and_rm32_r32 r32,r32 21 MR
 5 or_rm64_r64 r64,r64 W 09 MR
 4 or_rm32_r32 r32,r32 09 MR
 6 xor_rm64_r64 r64,r64 W 31 MR
10 xor_rm32_r32 r32,r32 31 MR
25 add_rm64_imm r64,imm W /0
10 add_rm32_imm r32,imm /0
12 sub_rm64_imm r64,imm W /5
 6 sub_rm32_imm r32,imm /5
 8 and_rm64_imm r64,imm W /4
 8 and_rm32_imm r32,imm /4
 4 or_rm64_imm r64,imm W /1
 4 xor_rm32_imm r32,imm /6
10 add_r64_rm64 r64,b64 W 03 RM
 5 add_r32_rm32 r32,b32 03 RM
 6 sub_r64_rm64 r64,b64 W 2B RM
 4 and_r64_rm64 r64,b64 W 23 RM
 3 or_r64_rm64 r64,s64 W 0B RM
 5 add_rm64_imm b64,imm W /0
 4 add_rm32_imm b32,imm /0
 4 sub_rm64_r64 b64,r64 W 29 MR
10 imul_r64_rm64 r64,r64 W 0F AF RM
 4 imul_r32_rm32 r32,r32 0F AF RM
 4 imul_r64_rm64_imm r64,r64,imm W RM
 3 imul_r64_rm64 r64,b64 W 0F AF RM
 5 neg_rm64 r64 W F7 /3
 3 neg_rm32 r32 F7 /3
 4 not_rm64 r64 W F7 /2
 3 idiv_rm64 r64 W F7 /7
 3 div_rm32 r32 F7 /6
20 lea_r64_m r64,b W 8D RM
18 lea_r64_m r64,s W 8D RM
 5 lea_r32_m r32,s 8D RM
12 shl_rm64_imm8 r64,count W C1 /4
 6 shl_rm32_imm8 r32,count C1 /4
 7 shr_rm64_imm8 r64,count W C1 /5
 5 shr_rm32_imm8 r32,count C1 /5
 6 sar_rm64_imm8 r64,count W C1 /7
 4 sar_rm32_imm8 r32,count C1 /7
 4 shl_rm64_cl r64,cl W D3 /4
 3 shr_rm64_cl r64,cl W D3 /5
 3 sar_rm32_cl r32,cl D3 /7
12 movaps_xmm_xmmm128 x,x 0F 28 RM
15 movsd_xmm_xmmm64 x,b64 F2 0F 10 RM
 5 movsd_xmm_xmmm64 x,s64 F2 0F 10 RM
12 movsd_xmmm64_xmm b64,x F2 0F 11 MR
 4 movsd_xmmm64_xmm s64,x F2 0F 11 MR
 4 movss_xmm_xmmm32 x,b32 F3 0F 10 RM
12 addsd_xmm_xmmm64 x,x F2 0F 58 RM
 8 subsd_xmm_xmmm64 x,x F2 0F 5C RM
10 mulsd_xmm_xmmm64 x,x F2 0F 59 RM
 5 divsd_xmm_xmmm64 x,x F2 0F 5E RM
 4 addsd_xmm_xmmm64 x,b64 F2 0F 58 RM
 4 mulsd_xmm_xmmm64 x,b64 F2 0F 59 RM
 3 sqrtsd_xmm_xmmm64 x,x F2 0F 51 RM
 6 xorps_xmm_xmmm128 x,x 0F 57 RM
 5 cvtsi2sd_xmm_rm64 x,r64 W F2 0F 2A RM
 5 cvttsd2si_r64_xmmm64 r64,x W F2 0F 2C RM
 3 cvtss2sd_xmm_xmmm32 x,x F3 0F 5A RM
 4 movq_xmm_rm64 x,r64 W 66 0F 6E RM
 4 movq_rm64_xmm r64,x W 66 0F 7E MR
12 call_rm64 r64 FF /2
 6 call_rm64 b64 FF /2
 2 jmp_rm64 r64 FF /4
 8 push_r64 r64 O
 8 pop_r64 r64 O
";

/// What sets the flags before a branch, a `setcc` or a `cmovcc`.
const COMPARES: &str = "
20 cmp_rm64_r64 r64,r64 W 39 MR
10 cmp_rm32_r32 r32,r32 39 MR
25 cmp_rm64_imm r64,imm W /7
15 cmp_rm32_imm r32,imm /7
 6 cmp_rm64_r64 b64,r64 W 39 MR
 5 cmp_rm64_imm b64,imm W /7
 4 cmp_rm32_imm b32,imm /7
 4 cmp_rm8_imm8 b8,i8 80 /7
18 test_rm64_r64 r64,r64 W 85 MR
 8 test_rm32_r32 r32,r32 85 MR
 4 test_rm8_r8 r8,r8 84 MR
 4 test_rm32_imm32 r32,i32 F7 /0
10 ucomisd_xmm_xmmm64 x,x 66 0F 2E RM
 4 ucomisd_xmm_xmmm64 x,b64 66 0F 2E RM
";

fn parse(rows: &'static str) -> Vec<Form> {
    let rows = rows.lines().filter(|row| !row.is_empty());
    let forms = rows.map(|row| {
        let mut words = row.split_whitespace();
        let mut word = || words.next().expect("a row has a weight, a function, operands and an opcode");
        let (weight, function, operands) = (word(), word(), word());
        Form {
            weight: weight.parse().expect("a weight is a number"),
            function,
            operands: operands.split(',').collect(),
            opcode: words.collect(),
        }
    });
    forms.collect()
}

pub fn plain() -> Vec<Form> {
    parse(ROWS)
}

pub fn compares() -> Vec<Form> {
    parse(COMPARES)
}
