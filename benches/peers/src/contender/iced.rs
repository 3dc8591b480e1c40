//! iced-x86, twice: its encoder as yk's reverse code generator uses it, and its code assembler.
//!
//! yk encodes each instruction forward into the encoder's buffer, copies it below the last one, records a relocation
//! for a branch, and patches all of them at the end. The code assembler keeps a list of instructions and encodes it at
//! the end, shortening branches; `assemble` allocates, and there is no way around that.
//!
//! [`shortest`] makes the floor's bytes from the same pieces.

use super::{Emitter, MOST_LABELS, ROOM};
use crate::workload::{Guard, Insn, ROUNDS_A_BLOCK, Round, constant_rounds, numbers};
use iced_x86::code_asm::{AsmRegister64, AsmRegisterXmm, CodeAssembler, CodeLabel, qword_ptr};
use iced_x86::{
    BlockEncoder, BlockEncoderOptions, Code, Encoder, Instruction, InstructionBlock, MemoryOperand, Register,
};

const GPR: [Register; 16] = {
    use Register::*;
    [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15]
};

const XMM: [Register; 16] = {
    use Register::*;
    [XMM0, XMM1, XMM2, XMM3, XMM4, XMM5, XMM6, XMM7, XMM8, XMM9, XMM10, XMM11, XMM12, XMM13, XMM14, XMM15]
};

pub fn gpr(number: u8) -> Register {
    GPR[usize::from(number)]
}

pub fn xmm(number: u8) -> Register {
    XMM[usize::from(number)]
}

#[inline]
fn base_disp(base: u8, disp: i32) -> MemoryOperand {
    // Size 1: as short as it can be, if there is one.
    MemoryOperand::with_base_displ_size(gpr(base), disp.into(), u32::from(disp != 0))
}

const JCC: [Code; 16] = [
    Code::Jo_rel32_64,
    Code::Jno_rel32_64,
    Code::Jb_rel32_64,
    Code::Jae_rel32_64,
    Code::Je_rel32_64,
    Code::Jne_rel32_64,
    Code::Jbe_rel32_64,
    Code::Ja_rel32_64,
    Code::Js_rel32_64,
    Code::Jns_rel32_64,
    Code::Jp_rel32_64,
    Code::Jnp_rel32_64,
    Code::Jl_rel32_64,
    Code::Jge_rel32_64,
    Code::Jle_rel32_64,
    Code::Jg_rel32_64,
];

/// `Instruction::with2`, whose bound cannot be named, with operands of the code's kinds.
macro_rules! with2 {
    ($code:expr, $first:expr, $second:expr) => {
        Instruction::with2($code, $first, $second).expect("the operands are of the code's kinds")
    };
}

#[inline]
fn with_imm(short: Code, long: Code, dst: u8, imm: i32) -> Instruction {
    with2!(if i8::try_from(imm).is_ok() { short } else { long }, gpr(dst), imm)
}

#[inline]
fn branch(code: Code, target: usize) -> Instruction {
    Instruction::with_branch(code, target as u64).expect("a near branch in 64-bit code")
}

/// The instruction that a line of a reference list asks for. A branch gets `target` as it is.
#[inline]
fn instruction(insn: Insn) -> Instruction {
    match insn {
        Insn::Mov { dst, src } => with2!(Code::Mov_r64_rm64, gpr(dst), gpr(src)),
        Insn::Add { dst, src } => with2!(Code::Add_rm64_r64, gpr(dst), gpr(src)),
        Insn::Imul { dst, src } => with2!(Code::Imul_r64_rm64, gpr(dst), gpr(src)),
        Insn::Sub { dst, imm } => with_imm(Code::Sub_rm64_imm8, Code::Sub_rm64_imm32, dst, imm),
        Insn::Cmp { dst, imm } => with_imm(Code::Cmp_rm64_imm8, Code::Cmp_rm64_imm32, dst, imm),
        Insn::Load { dst, base, disp } => with2!(Code::Mov_r64_rm64, gpr(dst), base_disp(base, disp)),
        Insn::Store { base, disp, src } => with2!(Code::Mov_rm64_r64, base_disp(base, disp), gpr(src)),
        Insn::Lea { dst, base, index, scale, disp } => {
            let (base, index, size) = (gpr(base), gpr(index), u32::from(disp != 0));
            let mem = MemoryOperand::with_base_index_scale_displ_size(base, index, scale.into(), disp.into(), size);
            with2!(Code::Lea_r64_m, gpr(dst), mem)
        }
        Insn::MovImm { dst, imm } => with2!(Code::Mov_r64_imm64, gpr(dst), imm),
        Insn::Shl { dst, count: 1 } => with2!(Code::Shl_rm64_1, gpr(dst), 1),
        Insn::Shl { dst, count } => with2!(Code::Shl_rm64_imm8, gpr(dst), u32::from(count)),
        Insn::Addsd { dst, src } => with2!(Code::Addsd_xmm_xmmm64, xmm(dst), xmm(src)),
        Insn::Movsd { dst, base, disp } => with2!(Code::Movsd_xmm_xmmm64, xmm(dst), base_disp(base, disp)),
        Insn::Jne { target } => branch(Code::Jne_rel32_64, target),
        Insn::Jcc { cond, target } => branch(JCC[usize::from(cond % 16)], target),
    }
}

/// The shortest bytes of a reference list, one piece an instruction.
pub fn shortest(list: &[Insn]) -> Vec<Vec<u8>> {
    const FIRST: u64 = 1 << 32;
    let with_ip = list.iter().enumerate().map(|(at, &insn)| {
        let mut instruction = match insn {
            // The block encoder knows targets by the address that an instruction claims to have.
            Insn::Jne { target } => self::instruction(Insn::Jne { target: target + FIRST as usize }),
            Insn::Jcc { cond, target } => self::instruction(Insn::Jcc { cond, target: target + FIRST as usize }),
            Insn::Sub { dst: 0, imm } if i8::try_from(imm).is_err() => with2!(Code::Sub_RAX_imm32, Register::RAX, imm),
            Insn::Cmp { dst: 0, imm } if i8::try_from(imm).is_err() => with2!(Code::Cmp_RAX_imm32, Register::RAX, imm),
            other => self::instruction(other),
        };
        instruction.set_ip(FIRST + at as u64);
        instruction
    });
    let instructions: Vec<_> = with_ip.collect();
    let options = BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS;
    let block = BlockEncoder::encode(64, InstructionBlock::new(&instructions, 0), options)
        .expect("every instruction of a reference list can be encoded");
    let mut ends = block.new_instruction_offsets[1..].iter().map(|&at| at as usize).chain([block.code_buffer.len()]);
    let starts = block.new_instruction_offsets.iter().map(|&at| at as usize);
    starts.map(|start| block.code_buffer[start..ends.next().expect("as many ends as starts")].to_vec()).collect()
}

pub struct EncodeAndCopy {
    encoder: Encoder,
    buffer: Vec<u8>,
    /// Where the latest instruction begins.
    start: usize,
    labels: [usize; MOST_LABELS],
    /// Where a branch ends, and its label.
    relocations: Vec<(usize, u8)>,
}

impl EncodeAndCopy {
    pub fn new() -> Self {
        EncodeAndCopy {
            encoder: Encoder::new(64),
            buffer: vec![0; ROOM],
            start: ROOM,
            labels: [0; MOST_LABELS],
            relocations: Vec::new(),
        }
    }

    #[inline(always)]
    fn push(&mut self, insn: Insn) {
        self.encoder.encode(&instruction(insn), 0).expect("every instruction of a reference list can be encoded");
        let mut bytes = self.encoder.take_buffer();
        let end = self.start;
        self.start -= bytes.len();
        self.buffer[self.start..end].copy_from_slice(&bytes);
        bytes.clear();
        self.encoder.set_buffer(bytes);
    }

    #[inline(always)]
    fn jne(&mut self, label: u8) {
        self.relocations.push((self.start, label));
        self.push(Insn::Jne { target: 0 });
    }
}

impl Emitter for EncodeAndCopy {
    const NAME: &'static str = "iced-encoder";

    fn begin(&mut self, _: bool) {
        self.start = ROOM;
        self.relocations.clear();
    }

    fn bind(&mut self, label: usize) {
        self.labels[label] = self.start;
    }

    fn here(&mut self, label: usize) {
        self.labels[label] = self.start;
    }

    #[inline(always)]
    fn round(&mut self, r: &Round) {
        self.jne(r.jne);
        self.push(Insn::Movsd { dst: r.movsd[0], base: r.movsd[1], disp: r.movsd_disp });
        self.push(Insn::Addsd { dst: r.addsd[0], src: r.addsd[1] });
        self.push(Insn::Shl { dst: r.shl[0], count: r.shl[1] });
        self.push(Insn::MovImm { dst: r.imm, imm: r.imm64 });
        let [dst, base, index, scale] = r.lea;
        self.push(Insn::Lea { dst, base, index, scale: 1 << scale, disp: r.lea_disp });
        self.push(Insn::Store { base: r.store[0], disp: r.store_disp, src: r.store[1] });
        self.push(Insn::Load { dst: r.load[0], base: r.load[1], disp: r.load_disp });
        self.push(Insn::Cmp { dst: r.cmp, imm: r.cmp_imm });
        self.push(Insn::Sub { dst: r.sub, imm: r.sub_imm });
        self.push(Insn::Imul { dst: r.imul[0], src: r.imul[1] });
        self.push(Insn::Add { dst: r.add[0], src: r.add[1] });
        self.push(Insn::Mov { dst: r.mov[0], src: r.mov[1] });
    }

    #[inline(always)]
    fn constants(&mut self, labels: [u8; ROUNDS_A_BLOCK]) {
        use numbers::*;
        #[rustfmt::skip] // one form a line
        macro_rules! push {
            (mov $dst:tt $src:tt) => { self.push(Insn::Mov { dst: $dst, src: $src }); };
            (add $dst:tt $src:tt) => { self.push(Insn::Add { dst: $dst, src: $src }); };
            (imul $dst:tt $src:tt) => { self.push(Insn::Imul { dst: $dst, src: $src }); };
            (sub $dst:tt $imm:tt) => { self.push(Insn::Sub { dst: $dst, imm: $imm }); };
            (cmp $dst:tt $imm:tt) => { self.push(Insn::Cmp { dst: $dst, imm: $imm }); };
            (load $dst:tt $base:tt $disp:tt) => { self.push(Insn::Load { dst: $dst, base: $base, disp: $disp }); };
            (store $base:tt $disp:tt $src:tt) => { self.push(Insn::Store { base: $base, disp: $disp, src: $src }); };
            (lea $dst:tt $base:tt $index:tt $scale:tt $disp:tt) => {
                self.push(Insn::Lea { dst: $dst, base: $base, index: $index, scale: $scale, disp: $disp });
            };
            (imm $dst:tt $imm:tt) => { self.push(Insn::MovImm { dst: $dst, imm: $imm }); };
            (shl $dst:tt $count:tt) => { self.push(Insn::Shl { dst: $dst, count: $count }); };
            (addsd $dst:tt $src:tt) => { self.push(Insn::Addsd { dst: $dst, src: $src }); };
            (movsd $dst:tt $base:tt $disp:tt) => { self.push(Insn::Movsd { dst: $dst, base: $base, disp: $disp }); };
            (jne $round:tt) => { self.jne(labels[$round]); };
        }
        constant_rounds!(backward push);
    }

    #[inline(always)]
    fn mov(&mut self, [dst, src]: [u8; 2]) {
        self.push(Insn::Mov { dst, src });
    }

    #[inline(always)]
    fn guard(&mut self, guard: &Guard) {
        self.jne(guard.label);
        self.stub(guard);
    }

    #[inline(always)]
    fn guard_if(&mut self, guard: &Guard, cond: u8) {
        self.relocations.push((self.start, guard.label));
        self.push(Insn::Jcc { cond, target: 0 });
        self.stub(guard);
    }

    #[inline(always)]
    fn stub(&mut self, guard: &Guard) {
        self.push(Insn::Cmp { dst: guard.reg, imm: guard.imm });
    }

    fn end(&mut self) {
        for &(end, label) in &self.relocations {
            let distance = self.labels[usize::from(label)] as i32 - end as i32;
            self.buffer[end - 4..end].copy_from_slice(&distance.to_le_bytes());
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.buffer[self.start..].to_vec()
    }
}

pub struct Assembler {
    assembler: CodeAssembler,
    gpr: [AsmRegister64; 16],
    xmm: [AsmRegisterXmm; 16],
    labels: [CodeLabel; MOST_LABELS],
    bytes: Vec<u8>,
}

const OK: &str = "every instruction of a reference list can be assembled";

impl Assembler {
    pub fn new() -> Self {
        use iced_x86::code_asm::registers::{gpr64::get_gpr64, xmm::get_xmm};
        let mut assembler = CodeAssembler::new(64).expect("64 is a bitness");
        let labels = [assembler.create_label(); MOST_LABELS];
        Assembler {
            assembler,
            gpr: GPR.map(|reg| get_gpr64(reg).expect("of the class")),
            xmm: XMM.map(|reg| get_xmm(reg).expect("of the class")),
            labels,
            bytes: Vec::new(),
        }
    }
}

impl Emitter for Assembler {
    const NAME: &'static str = "iced-codeasm";

    fn begin(&mut self, pending: bool) {
        self.assembler.reset();
        if pending {
            for label in &mut self.labels {
                *label = self.assembler.create_label();
            }
        }
    }

    fn bind(&mut self, label: usize) {
        self.assembler.set_label(&mut self.labels[label]).expect("set once");
    }

    fn here(&mut self, label: usize) {
        self.labels[label] = self.assembler.create_label();
        self.bind(label);
    }

    #[inline(always)]
    fn round(&mut self, r: &Round) {
        let Assembler { assembler: asm, gpr, xmm, labels, .. } = self;
        let gpr = |number: u8| gpr[usize::from(number)];
        let xmm = |number: u8| xmm[usize::from(number)];
        asm.mov(gpr(r.mov[0]), gpr(r.mov[1])).expect(OK);
        asm.add(gpr(r.add[0]), gpr(r.add[1])).expect(OK);
        asm.imul_2(gpr(r.imul[0]), gpr(r.imul[1])).expect(OK);
        asm.sub(gpr(r.sub), r.sub_imm).expect(OK);
        asm.cmp(gpr(r.cmp), r.cmp_imm).expect(OK);
        asm.mov(gpr(r.load[0]), qword_ptr(gpr(r.load[1]) + r.load_disp)).expect(OK);
        asm.mov(qword_ptr(gpr(r.store[0]) + r.store_disp), gpr(r.store[1])).expect(OK);
        let [dst, base, index, scale] = r.lea;
        asm.lea(gpr(dst), qword_ptr(gpr(base) + gpr(index) * (1 << scale) + r.lea_disp)).expect(OK);
        asm.mov(gpr(r.imm), r.imm64).expect(OK);
        asm.shl(gpr(r.shl[0]), u32::from(r.shl[1])).expect(OK);
        asm.addsd(xmm(r.addsd[0]), xmm(r.addsd[1])).expect(OK);
        asm.movsd_2(xmm(r.movsd[0]), qword_ptr(gpr(r.movsd[1]) + r.movsd_disp)).expect(OK);
        asm.jne(labels[usize::from(r.jne)]).expect(OK);
    }

    #[inline(always)]
    fn constants(&mut self, targets: [u8; ROUNDS_A_BLOCK]) {
        use iced_x86::code_asm::registers::{gpr64::*, xmm::*};
        let Assembler { assembler: asm, labels, .. } = self;
        #[rustfmt::skip] // one form a line
        macro_rules! push {
            (mov $dst:tt $src:tt) => { asm.mov($dst, $src).expect(OK); };
            (add $dst:tt $src:tt) => { asm.add($dst, $src).expect(OK); };
            (imul $dst:tt $src:tt) => { asm.imul_2($dst, $src).expect(OK); };
            (sub $dst:tt $imm:tt) => { asm.sub($dst, $imm).expect(OK); };
            (cmp $dst:tt $imm:tt) => { asm.cmp($dst, $imm).expect(OK); };
            (load $dst:tt $base:tt $disp:tt) => { asm.mov($dst, qword_ptr($base + $disp)).expect(OK); };
            (store $base:tt $disp:tt $src:tt) => { asm.mov(qword_ptr($base + $disp), $src).expect(OK); };
            (lea $dst:tt $base:tt $index:tt $scale:tt $disp:tt) => {
                asm.lea($dst, qword_ptr($base + $index * $scale + $disp)).expect(OK);
            };
            (imm $dst:tt $imm:tt) => { asm.mov($dst, $imm as u64).expect(OK); };
            (shl $dst:tt $count:tt) => { asm.shl($dst, $count).expect(OK); };
            (addsd $dst:tt $src:tt) => { asm.addsd($dst, $src).expect(OK); };
            (movsd $dst:tt $base:tt $disp:tt) => { asm.movsd_2($dst, qword_ptr($base + $disp)).expect(OK); };
            (jne $round:tt) => { asm.jne(labels[usize::from(targets[$round])]).expect(OK); };
        }
        constant_rounds!(forward push);
    }

    #[inline(always)]
    fn mov(&mut self, [dst, src]: [u8; 2]) {
        self.assembler.mov(self.gpr[usize::from(dst)], self.gpr[usize::from(src)]).expect(OK);
    }

    #[inline(always)]
    fn guard(&mut self, guard: &Guard) {
        self.stub(guard);
        self.assembler.jne(self.labels[usize::from(guard.label)]).expect(OK);
    }

    #[inline(always)]
    fn guard_if(&mut self, guard: &Guard, cond: u8) {
        self.stub(guard);
        let (asm, label) = (&mut self.assembler, self.labels[usize::from(guard.label)]);
        let result = match cond % 16 {
            0 => asm.jo(label),
            1 => asm.jno(label),
            2 => asm.jb(label),
            3 => asm.jae(label),
            4 => asm.je(label),
            5 => asm.jne(label),
            6 => asm.jbe(label),
            7 => asm.ja(label),
            8 => asm.js(label),
            9 => asm.jns(label),
            10 => asm.jp(label),
            11 => asm.jnp(label),
            12 => asm.jl(label),
            13 => asm.jge(label),
            14 => asm.jle(label),
            _ => asm.jg(label),
        };
        result.expect(OK);
    }

    #[inline(always)]
    fn stub(&mut self, guard: &Guard) {
        self.assembler.cmp(self.gpr[usize::from(guard.reg)], guard.imm).expect(OK);
    }

    fn end(&mut self) {
        self.bytes = self.assembler.assemble(0).expect(OK);
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.bytes.clone()
    }
}
