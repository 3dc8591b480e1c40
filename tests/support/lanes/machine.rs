//! The processor's registers as data, and functions that execute one instruction on them.

use memmap2::{Mmap, MmapMut};
use std::{arch::is_x86_feature_detected as has, mem::offset_of};
use tailfirst::x64::*;

/// A vector register, or as much memory.
pub type Bytes = [u8; 64];

/// The general registers that instructions are tested with, by their numbers. RDI holds the state's address.
pub const GENERAL: [u8; 9] = [0, 1, 2, 3, 6, 8, 9, 10, 11];

/// CF, PF, AF, ZF, SF and OF.
pub const FLAGS: u64 = 0x8D5;

/// All that an instruction may read and write.
#[derive(Debug, Clone, PartialEq)]
#[repr(C, align(64))]
pub struct State {
    pub vectors: [Bytes; 32],
    /// The memory that operands refer to.
    pub memory: Bytes,
    pub mmx: [[u8; 8]; 8],
    pub masks: [u64; 8],
    /// Those of [`GENERAL`].
    pub general: [u64; GENERAL.len()],
    pub flags: u64,
}

/// How many vector registers of what size the processor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vectors {
    Xmm,
    Ymm,
    /// And mask registers of 64 bits.
    Zmm,
}

impl Vectors {
    pub fn here() -> Vectors {
        match (has!("avx512f") && has!("avx512bw"), has!("avx")) {
            (true, _) => Vectors::Zmm,
            (false, true) => Vectors::Ymm,
            (false, false) => Vectors::Xmm,
        }
    }

    /// The bytes of a register.
    pub fn bytes(self) -> usize {
        match self {
            Vectors::Xmm => 16,
            Vectors::Ymm => 32,
            Vectors::Zmm => 64,
        }
    }
}

/// A field of the state, or an element of one.
fn at(offset: usize) -> Mem {
    RDI + offset as i32
}

fn vector(number: u8) -> Mem {
    at(offset_of!(State, vectors) + 64 * usize::from(number))
}

fn mmx(number: u8) -> Mem {
    at(offset_of!(State, mmx) + 8 * usize::from(number))
}

fn mask(number: u8) -> Mem {
    at(offset_of!(State, masks) + 8 * usize::from(number))
}

fn general(index: usize) -> Mem {
    at(offset_of!(State, general) + 8 * index)
}

/// The operand in memory.
pub fn memory() -> Mem {
    at(offset_of!(State, memory))
}

/// A function that loads a state, executes an instruction and stores the state.
pub struct Function(Mmap);

impl Function {
    pub fn new(vectors: Vectors, instruction: impl FnOnce(&mut Encoder<'_>)) -> Function {
        let mut enc = Encoder::new();
        enc.ret();
        // The only one of them that a function preserves.
        enc.pop_r64(RBX);
        // Else x87 would have no room for Rust's numbers.
        enc.emms();
        for number in 0..8 {
            enc.movq_mmm64_mm(mmx(number), Mm::new(number).expect("below 8"));
        }
        if vectors >= Vectors::Ymm {
            enc.vzeroupper();
        }
        for number in 0..32 {
            let (xmm, ymm, zmm) = (Xmm::new(number), Ymm::new(number), Zmm::new(number));
            match (vectors, xmm, ymm, zmm) {
                (Vectors::Zmm, _, _, Some(zmm)) => enc.vmovdqu64_zmmm512_k1z_zmm(vector(number), zmm),
                (Vectors::Ymm, _, Some(ymm), _) => enc.vmovdqu_ymmm256_ymm(vector(number), ymm),
                (Vectors::Xmm, Some(xmm), _, _) => enc.movdqu_xmmm128_xmm(vector(number), xmm),
                _ => {}
            }
        }
        if vectors == Vectors::Zmm {
            for number in 0..8 {
                enc.kmovq_m64_k(mask(number), K::new(number).expect("below 8"));
            }
        }
        for (index, number) in GENERAL.into_iter().enumerate() {
            enc.mov_rm64_r64(general(index), Gpr64::new(number).expect("below 16"));
        }
        enc.pop_rm64(at(offset_of!(State, flags)));
        enc.pushfq();
        instruction(&mut enc);
        enc.popfq();
        enc.push_rm64(at(offset_of!(State, flags)));
        for (index, number) in GENERAL.into_iter().enumerate() {
            enc.mov_r64_rm64(Gpr64::new(number).expect("below 16"), general(index));
        }
        if vectors == Vectors::Zmm {
            for number in 0..8 {
                enc.kmovq_k_km64(K::new(number).expect("below 8"), mask(number));
            }
        }
        for number in 0..8 {
            enc.movq_mm_mmm64(Mm::new(number).expect("below 8"), mmx(number));
        }
        for number in 0..32 {
            let (xmm, ymm, zmm) = (Xmm::new(number), Ymm::new(number), Zmm::new(number));
            match (vectors, xmm, ymm, zmm) {
                (Vectors::Zmm, _, _, Some(zmm)) => enc.vmovdqu64_zmm_k1z_zmmm512(zmm, vector(number)),
                (Vectors::Ymm, _, Some(ymm), _) => enc.vmovdqu_ymm_ymmm256(ymm, vector(number)),
                (Vectors::Xmm, Some(xmm), _, _) => enc.movdqu_xmm_xmmm128(xmm, vector(number)),
                _ => {}
            }
        }
        enc.push_r64(RBX);
        let code = enc.finish().expect("a function without mistakes");
        let mut memory = MmapMut::map_anon(code.bytes().len()).expect("memory");
        memory.copy_from_slice(code.bytes());
        Function(memory.make_exec().expect("executable memory"))
    }

    pub fn call(&self, state: &mut State) {
        // SAFETY: the function follows the System V convention: of the registers that it would have to preserve it uses
        // RBX, and preserves it. It accesses nothing but the stack and the state: the instruction in its middle has no
        // other memory operand than `memory()`, of at most 64 bytes, or what a model's `prepare` keeps within them, and
        // transfers no control.
        unsafe {
            let function: extern "sysv64" fn(&mut State) = std::mem::transmute(self.0.as_ptr());
            function(state);
        }
    }
}
