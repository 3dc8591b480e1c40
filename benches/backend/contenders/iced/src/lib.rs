//! iced-x86's encoder, as yk's reverse code generator uses it: each instruction is encoded forward into the encoder's
//! buffer and copied below the last one; branches are listed and patched at the end.

use iced_x86::{Code, Encoder, IcedError, Instruction, MemoryOperand, Register};
use tailfirst_backend_ir as ir;

use Register::*;

const GPR64: [Register; 16] = [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15];
const GPR32: [Register; 16] = [EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, R8D, R9D, R10D, R11D, R12D, R13D, R14D, R15D];
const GPR16: [Register; 16] = [AX, CX, DX, BX, SP, BP, SI, DI, R8W, R9W, R10W, R11W, R12W, R13W, R14W, R15W];
const GPR8: [Register; 16] = [AL, CL, DL, BL, SPL, BPL, SIL, DIL, R8L, R9L, R10L, R11L, R12L, R13L, R14L, R15L];
const XMM: [Register; 16] =
    [XMM0, XMM1, XMM2, XMM3, XMM4, XMM5, XMM6, XMM7, XMM8, XMM9, XMM10, XMM11, XMM12, XMM13, XMM14, XMM15];
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

fn based(base: ir::Gpr, disp: i32) -> MemoryOperand {
    // Size 1: as short as it can be, if there is one.
    MemoryOperand::with_base_displ_size(GPR64[base as usize], disp.into(), u32::from(disp != 0))
}

fn indexed(base: ir::Gpr, index: ir::Gpr, scale: ir::Scale, disp: i32) -> MemoryOperand {
    let (base, index, size) = (GPR64[base as usize], GPR64[index as usize], u32::from(disp != 0));
    MemoryOperand::with_base_index_scale_displ_size(base, index, 1 << scale as u32, disp.into(), size)
}

struct Emit {
    encoder: Encoder,
    buffer: Vec<u8>,
    /// Where the latest instruction begins.
    start: usize,
    labels: Vec<usize>,
    /// Where a branch ends, and its label.
    relocations: Vec<(usize, usize)>,
}

impl Emit {
    fn push(&mut self, instruction: Result<Instruction, IcedError>) {
        let instruction = instruction.expect("the operands are of the code's kinds");
        self.encoder.encode(&instruction, 0).expect("every instruction can be encoded");
        let mut bytes = self.encoder.take_buffer();
        let end = self.start;
        self.start -= bytes.len();
        self.buffer[self.start..end].copy_from_slice(&bytes);
        bytes.clear();
        self.encoder.set_buffer(bytes);
    }

    fn branch(&mut self, code: Code, label: usize) {
        self.relocations.push((self.start, label));
        self.push(Instruction::with_branch(code, 0));
    }

    fn wide(&mut self, register: ir::Gpr, value: i64) {
        self.push(if let Ok(value) = u32::try_from(value) {
            Instruction::with2(Code::Mov_r32_imm32, GPR32[register as usize], value)
        } else if let Ok(value) = i32::try_from(value) {
            Instruction::with2(Code::Mov_rm64_imm32, GPR64[register as usize], value)
        } else {
            Instruction::with2(Code::Mov_r64_imm64, GPR64[register as usize], value)
        });
    }
}

/// Places one operation.
#[inline(never)]
fn lower(e: &mut Emit, op: &ir::Op) {
    include!(concat!(env!("OUT_DIR"), "/arms.rs"))
}

/// The back end.
pub struct Backend(Emit);

impl ir::Backend for Backend {
    fn new(room: usize) -> Self {
        let (labels, relocations) = (Vec::new(), Vec::new());
        Backend(Emit { encoder: Encoder::new(64), buffer: vec![0; room], start: room, labels, relocations })
    }

    fn renew(&mut self, room: usize) {
        *self = Backend::new(room);
    }

    fn assemble(&mut self, program: &ir::Program) -> usize {
        let Backend(e) = self;
        e.start = e.buffer.len();
        e.labels.clear();
        e.labels.resize(program.ends.len(), 0);
        e.relocations.clear();
        e.push(Ok(Instruction::with(Code::Retnq)));
        for (block, ops) in program.blocks().rev() {
            ops.iter().rev().for_each(|op| lower(e, op));
            e.labels[block] = e.start;
        }
        let Emit { buffer, start, labels, relocations, .. } = e;
        for &(end, label) in &*relocations {
            let distance = labels[label] as i32 - end as i32;
            buffer[end - 4..end].copy_from_slice(&distance.to_le_bytes());
        }
        buffer.len() - *start
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.0.buffer[self.0.start..].to_vec()
    }
}
