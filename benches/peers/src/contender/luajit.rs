//! The emitter in C (luajit/emit.c): whole workloads a call, as nothing is inlined across the two languages.

use super::{Contender, ROOM, X64};
use crate::workload::{Guard, Inputs, LABELS, ROUNDS_A_BLOCK, Round, Workload};

#[repr(C)]
struct Fixup {
    end: *mut u8,
    label: u32,
}

unsafe extern "C" {
    fn luajit_a(
        bottom: *mut u8,
        top: *mut u8,
        rounds: *const Round,
        tail: *const [u8; 2],
        tail_length: usize,
    ) -> *mut u8;
    fn luajit_b(
        bottom: *mut u8,
        top: *mut u8,
        rounds: *const Round,
        tail: *const [u8; 2],
        tail_length: usize,
    ) -> *mut u8;
    fn luajit_c(bottom: *mut u8, top: *mut u8, guards: *const Guard, length: usize, stubs: *const Guard) -> *mut u8;
    fn luajit_f(bottom: *mut u8, top: *mut u8, guards: *const Guard, length: usize, stubs: *const Guard) -> *mut u8;
    fn luajit_h(bottom: *mut u8, top: *mut u8, guards: *const Guard, length: usize, stubs: *const Guard) -> *mut u8;
    fn luajit_d(
        bottom: *mut u8,
        top: *mut u8,
        guards: *const Guard,
        length: usize,
        stubs: *const Guard,
        fixups: *mut Fixup,
    ) -> *mut u8;
    fn luajit_g(
        bottom: *mut u8,
        top: *mut u8,
        guards: *const Guard,
        length: usize,
        stubs: *const Guard,
        fixups: *mut Fixup,
    ) -> *mut u8;
    fn luajit_i(
        bottom: *mut u8,
        top: *mut u8,
        guards: *const Guard,
        length: usize,
        stubs: *const Guard,
        fixups: *mut Fixup,
    ) -> *mut u8;
}

pub struct Luajit {
    buffer: Vec<u8>,
    fixups: Vec<Fixup>,
    start: usize,
}

impl Luajit {
    pub fn new() -> Self {
        Luajit { buffer: vec![0; ROOM], fixups: Vec::new(), start: 0 }
    }
}

impl Contender for Luajit {
    fn name(&self) -> &'static str {
        "luajit-c"
    }

    fn workloads(&self) -> &'static [Workload] {
        X64
    }

    fn run(&mut self, workload: Workload, inputs: &Inputs) {
        assert_eq!(inputs.rounds.len(), LABELS * ROUNDS_A_BLOCK);
        assert_eq!(inputs.stubs.len(), LABELS);
        self.fixups.clear();
        self.fixups.reserve(inputs.guards.len());
        let (rounds, tail) = (inputs.rounds.as_ptr(), inputs.tail.as_ptr());
        let (guards, stubs, length) = (inputs.guards.as_ptr(), inputs.stubs.as_ptr(), inputs.guards.len());
        let range = self.buffer.as_mut_ptr_range();
        let (bottom, top) = (range.start, range.end);
        // SAFETY: the C side reads as many rounds and stubs as was just asserted, the tail's and the guards' given
        // lengths, and labels below 256, as they are bytes; it checks the buffer's room; there is a fixup's room for
        // each guard.
        let lowest = unsafe {
            match workload {
                Workload::A => luajit_a(bottom, top, rounds, tail, inputs.tail.len()),
                Workload::B => luajit_b(bottom, top, rounds, tail, inputs.tail.len()),
                Workload::C => luajit_c(bottom, top, guards, length, stubs),
                Workload::D => luajit_d(bottom, top, guards, length, stubs, self.fixups.as_mut_ptr()),
                Workload::F => luajit_f(bottom, top, guards, length, stubs),
                Workload::G => luajit_g(bottom, top, guards, length, stubs, self.fixups.as_mut_ptr()),
                Workload::H => luajit_h(bottom, top, guards, length, stubs),
                Workload::I => luajit_i(bottom, top, guards, length, stubs, self.fixups.as_mut_ptr()),
                Workload::E => unreachable!("not among X64"),
            }
        };
        assert!(!lowest.is_null(), "ROOM is too small");
        self.start = lowest as usize - bottom as usize;
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.buffer[self.start..].to_vec()
    }
}
