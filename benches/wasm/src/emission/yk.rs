//! Downward emission as yk has it: each instruction is encoded forward by iced's encoder into its buffer, and copied
//! below what was placed before; branches are listed and patched at the end.

use iced_x86::{Code, Encoder, IcedError, Instruction};

const OK: &str = "what was decoded can be encoded";

pub struct Yk {
    encoder: Encoder,
    buffer: Vec<u8>,
    /// Where the latest instruction begins.
    start: usize,
    labels: Vec<usize>,
    /// Where a branch ends, and its label.
    branches: Vec<(usize, u32)>,
    /// The same of calls that linking resolves.
    apart: Vec<(usize, u32)>,
}

impl Yk {
    pub fn new(room: usize) -> Yk {
        let (labels, branches, apart) = (vec![], vec![], vec![]);
        Yk { encoder: Encoder::new(64), buffer: vec![0; room], start: room, labels, branches, apart }
    }

    /// Forgets what there is, for code with so many labels.
    pub fn begin(&mut self, labels: usize) {
        self.start = self.buffer.len();
        self.labels.clear();
        self.labels.resize(labels, 0);
        self.branches.clear();
        self.apart.clear();
    }

    #[inline(always)]
    pub fn push(&mut self, instruction: Result<Instruction, IcedError>) {
        self.encoder.encode(&instruction.expect(OK), 0).expect(OK);
        let mut bytes = self.encoder.take_buffer();
        let end = self.start;
        self.start -= bytes.len();
        self.buffer[self.start..end].copy_from_slice(&bytes);
        bytes.clear();
        self.encoder.set_buffer(bytes);
    }

    #[inline(always)]
    pub fn branch(&mut self, code: Code, label: u32) {
        self.branches.push((self.start, label));
        self.push(Instruction::with_branch(code, 0));
    }

    #[inline(always)]
    pub fn call_apart(&mut self, function: u32) {
        self.apart.push((self.start, function));
        self.push(Instruction::with_branch(Code::Call_rel32_64, 0));
    }

    pub fn bind(&mut self, label: u32) {
        self.labels[label as usize] = self.start;
    }

    /// The code.
    pub fn finish(&mut self) -> &[u8] {
        for &(end, label) in &self.branches {
            let distance = self.labels[label as usize] as i32 - end as i32;
            self.buffer[end - 4..end].copy_from_slice(&distance.to_le_bytes());
        }
        &self.buffer[self.start..]
    }
}
