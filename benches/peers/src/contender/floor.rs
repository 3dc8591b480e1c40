//! What no emitter can go below: the words are ready, and only have to be stored.
//!
//! The floor does one unaligned 8-byte store and `cursor -= length` an instruction (A64: one 4-byte store), from arrays
//! that hold every instruction's last eight bytes and its length. An instruction longer than that loses its first
//! bytes, so this is a lower bound and no program. A64's stores are volatile: else the compiler would join them into
//! vectors. `memcpy` copies the finished bytes in one piece. Both use the shortest encodings, and the first of the
//! inputs always: there is nothing in them that other operands could change.

use super::{Contender, ROOM, iced};
use crate::workload::{Inputs, Workload};
use std::hint::black_box;

/// The list's last eight bytes and lengths, an entry an instruction, in the order of emission.
#[derive(Default)]
struct Ready {
    words: Vec<u64>,
    lengths: Vec<u8>,
}

/// The list's shortest bytes, one piece an instruction.
fn pieces(workload: Workload, inputs: &Inputs) -> Vec<Vec<u8>> {
    iced::shortest(&inputs.insns(workload))
}

/// The buffer is made of words so that it is aligned.
pub struct Floor {
    buffer: Vec<u64>,
    /// For each of `Workload::ALL`; E has none.
    ready: Vec<Ready>,
    arm: Vec<u32>,
    /// The length of the latest run's bytes.
    length: usize,
}

impl Floor {
    pub fn new(inputs: &Inputs) -> Self {
        let ready = |workload| {
            let mut ready = Ready::default();
            if workload == Workload::E {
                return ready;
            }
            for piece in pieces(workload, inputs).iter().rev() {
                let kept = piece.len().min(8);
                let mut word = [0; 8];
                word[8 - kept..].copy_from_slice(&piece[piece.len() - kept..]);
                ready.words.push(u64::from_le_bytes(word));
                ready.lengths.push(piece.len() as u8);
            }
            // The first store may lie 8 bytes below the lowest instruction.
            assert!(ready.lengths.iter().map(|&length| usize::from(length)).sum::<usize>() + 8 <= ROOM);
            ready
        };
        let arm: Vec<u32> = inputs.arm_words().into_iter().rev().collect();
        assert!(4 * arm.len() <= ROOM);
        Floor { buffer: vec![0; ROOM / 8], ready: Workload::ALL.into_iter().map(ready).collect(), arm, length: 0 }
    }
}

/// As a contender's loop is: several instructions a turn.
const UNROLLED: usize = 10;

impl Contender for Floor {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn workloads(&self) -> &'static [Workload] {
        &Workload::ALL
    }

    fn run(&mut self, workload: Workload, _: &Inputs) {
        let end = self.buffer.as_mut_ptr_range().end.cast::<u8>();
        let mut cursor = end;
        if workload == Workload::E {
            let (chunks, rest) = self.arm.as_chunks::<UNROLLED>();
            assert!(rest.is_empty());
            for chunk in chunks {
                for word in chunk {
                    // SAFETY: `new` saw that the words fit into the buffer, whose end is aligned to 8.
                    unsafe {
                        cursor = cursor.sub(4);
                        cursor.cast::<u32>().write_volatile(word.to_le());
                    }
                }
            }
        } else {
            let ready = &self.ready[workload as usize];
            let (words, rest) = ready.words.as_chunks::<UNROLLED>();
            assert!(rest.is_empty());
            let (lengths, _) = ready.lengths.as_chunks::<UNROLLED>();
            for (words, lengths) in words.iter().zip(lengths) {
                for (word, &length) in words.iter().zip(lengths) {
                    // SAFETY: `new` saw that the bytes and the first store's slack fit into the buffer.
                    unsafe {
                        cursor.sub(8).cast::<u64>().write_unaligned(word.to_le());
                        cursor = cursor.sub(usize::from(length));
                    }
                }
            }
        }
        self.length = end as usize - cursor as usize;
        black_box(&mut self.buffer);
    }

    fn bytes(&mut self) -> Vec<u8> {
        let bytes: Vec<u8> = self.buffer.iter().flat_map(|word| word.to_ne_bytes()).collect();
        bytes[bytes.len() - self.length..].to_vec()
    }

    fn is_complete(&self) -> bool {
        false
    }
}

pub struct Memcpy {
    from: Vec<Vec<u8>>,
    to: Vec<u8>,
    length: usize,
}

impl Memcpy {
    pub fn new(inputs: &Inputs) -> Self {
        let from = Workload::ALL.iter().map(|&workload| match workload {
            Workload::E => inputs.arm_words().iter().flat_map(|word| word.to_le_bytes()).collect(),
            _ => pieces(workload, inputs).concat(),
        });
        Memcpy { from: from.collect(), to: vec![0; ROOM], length: 0 }
    }
}

impl Contender for Memcpy {
    fn name(&self) -> &'static str {
        "memcpy"
    }

    fn workloads(&self) -> &'static [Workload] {
        &Workload::ALL
    }

    fn run(&mut self, workload: Workload, _: &Inputs) {
        let from = black_box(&self.from[workload as usize]);
        self.length = from.len();
        self.to[..from.len()].copy_from_slice(from);
        black_box(&mut self.to);
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.to[..self.length].to_vec()
    }
}
