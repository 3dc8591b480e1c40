//! A contender assembles the workloads into a buffer of its own, again and again.
//!
//! [`Contender::run`] is what is timed: a fresh start (buffers kept), every instruction, labels, and whatever the
//! contender needs until the bytes are final. [`Contender::bytes`] hands them out afterwards, outside the timing. Most
//! contenders are an [`Emitter`] (one method a step of the workload) inside [`Forward`] or [`Backward`], which hold the
//! loops; the emitter's methods are inlined into them. The floor, memcpy and the emitter in C have loops of their own.

pub mod asmkit;
pub mod cranelift;
pub mod dynasm;
pub mod floor;
pub mod iced;
pub mod luajit;
pub mod tailfirst;

use crate::workload::{
    ARM_LABELS, ARM_ROUNDS_A_BLOCK, ArmRound, Guard, GuardKind, Inputs, LABELS, ROUNDS_A_BLOCK, Round, Workload,
};

pub trait Contender {
    /// The name in the tables; without spaces. Two contenders may share one if they do different workloads.
    fn name(&self) -> &'static str;
    fn workloads(&self) -> &'static [Workload];
    fn run(&mut self, workload: Workload, inputs: &Inputs);
    /// The finished bytes of the latest run.
    fn bytes(&mut self) -> Vec<u8>;
    /// Whether the bytes are those of a whole program. The floor's are not.
    fn is_complete(&self) -> bool {
        true
    }
}

/// The contenders whose names are `wanted`.
pub fn all(inputs: &Inputs, wanted: impl Fn(&str) -> bool) -> Vec<Box<dyn Contender>> {
    let mut contenders: Vec<Box<dyn Contender>> = vec![
        Box::new(floor::Floor::new(inputs)),
        Box::new(floor::Memcpy::new(inputs)),
        Box::new(Backward(tailfirst::X64::<tailfirst::Down, tailfirst::Grow>::new())),
        Box::new(Backward(tailfirst::X64::<tailfirst::Down, tailfirst::Slice>::new())),
        Box::new(ArmBackward(tailfirst::A64::<tailfirst::Down, tailfirst::Grow>::new())),
        Box::new(ArmBackward(tailfirst::A64::<tailfirst::Down, tailfirst::Slice>::new())),
        Box::new(Forward(tailfirst::X64::<tailfirst::Up, tailfirst::Grow>::new())),
        Box::new(Forward(tailfirst::X64::<tailfirst::Up, tailfirst::Slice>::new())),
        Box::new(ArmForward(tailfirst::A64::<tailfirst::Up, tailfirst::Grow>::new())),
        Box::new(ArmForward(tailfirst::A64::<tailfirst::Up, tailfirst::Slice>::new())),
        Box::new(luajit::Luajit::new()),
        Box::new(Forward(dynasm::ToVec::new())),
        Box::new(Forward(dynasm::ToMemory::new())),
        Box::new(ArmForward(dynasm::ArmToVec::new())),
        Box::new(ArmForward(dynasm::ArmToMemory::new())),
        Box::new(Forward(cranelift::ToVec::new())),
        Box::new(Backward(iced::EncodeAndCopy::new())),
        Box::new(Forward(iced::Assembler::new())),
        Box::new(Forward(asmkit::Buffer::new())),
        Box::new(ArmForward(asmkit::ArmBuffer::new())),
    ];
    contenders.retain(|contender| wanted(contender.name()));
    // Made only where it is wanted: valgrind does not get through the system calls for executable memory.
    if wanted(<tailfirst::Region as tailfirst::Room>::NAME) {
        contenders.push(Box::new(Backward(tailfirst::X64::<tailfirst::Down, tailfirst::Region>::new())));
        contenders.push(Box::new(ArmBackward(tailfirst::A64::<tailfirst::Down, tailfirst::Region>::new())));
    }
    if wanted(<tailfirst::Region as tailfirst::Room>::UP_NAME) {
        contenders.push(Box::new(Forward(tailfirst::X64::<tailfirst::Up, tailfirst::Region>::new())));
        contenders.push(Box::new(ArmForward(tailfirst::A64::<tailfirst::Up, tailfirst::Region>::new())));
    }
    contenders
}

pub const X64: &[Workload] =
    &[Workload::A, Workload::B, Workload::C, Workload::D, Workload::F, Workload::G, Workload::H, Workload::I];
pub const A64: &[Workload] = &[Workload::E];

/// The steps of A-D and F-I. A backward emitter takes each step from its last instruction to its first.
pub trait Emitter {
    const NAME: &'static str;
    /// Starts a new buffer. `pending` says that the labels are used before they are bound.
    fn begin(&mut self, pending: bool);
    /// Binds a label that was pending since `begin`.
    fn bind(&mut self, label: usize);
    /// Makes a label that is bound at once.
    fn here(&mut self, label: usize);
    fn round(&mut self, round: &Round);
    /// B's block: `labels` are the targets of its rounds.
    fn constants(&mut self, labels: [u8; ROUNDS_A_BLOCK]);
    fn mov(&mut self, regs: [u8; 2]);
    /// `cmp`, `jne`.
    fn guard(&mut self, guard: &Guard);
    /// `cmp` and a branch by the condition with this number, below 16.
    fn guard_if(&mut self, guard: &Guard, cond: u8);
    /// `cmp` alone.
    fn stub(&mut self, guard: &Guard);
    /// Makes the bytes final.
    fn end(&mut self);
    fn bytes(&mut self) -> Vec<u8>;
}

/// The steps of E.
pub trait ArmEmitter {
    const NAME: &'static str;
    fn begin(&mut self, pending: bool);
    fn bind(&mut self, label: usize);
    fn here(&mut self, label: usize);
    fn round(&mut self, round: &ArmRound);
    fn add(&mut self, regs: [u8; 3]);
    fn end(&mut self);
    fn bytes(&mut self) -> Vec<u8>;
}

pub struct Forward<E>(pub E);
pub struct Backward<E>(pub E);
pub struct ArmForward<E>(pub E);
pub struct ArmBackward<E>(pub E);

fn labels(block: &[Round]) -> [u8; ROUNDS_A_BLOCK] {
    std::array::from_fn(|round| block[round].jne)
}

fn guards<'guards, E: Emitter>(emitter: &mut E, kind: GuardKind, all: impl Iterator<Item = &'guards Guard>) {
    match kind {
        GuardKind::Jne => all.for_each(|guard| emitter.guard(guard)),
        GuardKind::Steady => all.for_each(|guard| emitter.guard_if(guard, guard.steady)),
        GuardKind::Any => all.for_each(|guard| emitter.guard_if(guard, guard.cond)),
    }
}

impl<E: Emitter> Contender for Forward<E> {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn workloads(&self) -> &'static [Workload] {
        X64
    }

    fn run(&mut self, workload: Workload, inputs: &Inputs) {
        let emitter = &mut self.0;
        match workload {
            Workload::A | Workload::B => {
                emitter.begin(true);
                let blocks = inputs.rounds.chunks_exact(ROUNDS_A_BLOCK).enumerate();
                if workload == Workload::A {
                    for (label, block) in blocks {
                        block.iter().for_each(|round| emitter.round(round));
                        emitter.bind(label);
                    }
                } else {
                    for (label, block) in blocks {
                        emitter.constants(labels(block));
                        emitter.bind(label);
                    }
                }
                inputs.tail.iter().for_each(|&regs| emitter.mov(regs));
            }
            Workload::C | Workload::F | Workload::H => {
                emitter.begin(true);
                guards(emitter, workload.guards(), inputs.guards.iter());
                for (label, stub) in inputs.stubs.iter().enumerate() {
                    emitter.bind(label);
                    emitter.stub(stub);
                }
            }
            Workload::D | Workload::G | Workload::I => {
                emitter.begin(false);
                for (label, stub) in inputs.stubs.iter().enumerate() {
                    emitter.here(label);
                    emitter.stub(stub);
                }
                guards(emitter, workload.guards(), inputs.guards.iter());
            }
            Workload::E => unreachable!("not among X64"),
        }
        emitter.end();
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.0.bytes()
    }
}

impl<E: Emitter> Contender for Backward<E> {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn workloads(&self) -> &'static [Workload] {
        X64
    }

    fn run(&mut self, workload: Workload, inputs: &Inputs) {
        let emitter = &mut self.0;
        match workload {
            Workload::A | Workload::B => {
                emitter.begin(false);
                inputs.tail.iter().rev().for_each(|&regs| emitter.mov(regs));
                let blocks = inputs.rounds.chunks_exact(ROUNDS_A_BLOCK).enumerate().rev();
                if workload == Workload::A {
                    for (label, block) in blocks {
                        emitter.here(label);
                        block.iter().rev().for_each(|round| emitter.round(round));
                    }
                } else {
                    for (label, block) in blocks {
                        emitter.here(label);
                        emitter.constants(labels(block));
                    }
                }
            }
            Workload::C | Workload::F | Workload::H => {
                emitter.begin(false);
                for (label, stub) in inputs.stubs.iter().enumerate().rev() {
                    emitter.stub(stub);
                    emitter.here(label);
                }
                guards(emitter, workload.guards(), inputs.guards.iter().rev());
            }
            Workload::D | Workload::G | Workload::I => {
                emitter.begin(true);
                guards(emitter, workload.guards(), inputs.guards.iter().rev());
                for (label, stub) in inputs.stubs.iter().enumerate().rev() {
                    emitter.stub(stub);
                    emitter.bind(label);
                }
            }
            Workload::E => unreachable!("not among X64"),
        }
        emitter.end();
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.0.bytes()
    }
}

impl<E: ArmEmitter> Contender for ArmForward<E> {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn workloads(&self) -> &'static [Workload] {
        A64
    }

    fn run(&mut self, _: Workload, inputs: &Inputs) {
        let emitter = &mut self.0;
        emitter.begin(true);
        for (label, block) in inputs.arm_rounds.chunks_exact(ARM_ROUNDS_A_BLOCK).enumerate() {
            block.iter().for_each(|round| emitter.round(round));
            emitter.bind(label);
        }
        inputs.arm_tail.iter().for_each(|&regs| emitter.add(regs));
        emitter.end();
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.0.bytes()
    }
}

impl<E: ArmEmitter> Contender for ArmBackward<E> {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn workloads(&self) -> &'static [Workload] {
        A64
    }

    fn run(&mut self, _: Workload, inputs: &Inputs) {
        let emitter = &mut self.0;
        emitter.begin(false);
        inputs.arm_tail.iter().rev().for_each(|&regs| emitter.add(regs));
        for (label, block) in inputs.arm_rounds.chunks_exact(ARM_ROUNDS_A_BLOCK).enumerate().rev() {
            emitter.here(label);
            block.iter().rev().for_each(|round| emitter.round(round));
        }
        emitter.end();
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.0.bytes()
    }
}

/// The most labels that a workload uses.
pub const MOST_LABELS: usize = if LABELS > ARM_LABELS { LABELS } else { ARM_LABELS };
/// More than any contender's longest buffer.
pub const ROOM: usize = 1 << 17;
