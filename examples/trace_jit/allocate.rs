//! Bottom-up register allocation: what each register holds, seen from the last instruction to the first.
//!
//! Going up, an instruction's *uses* of a value are met before its definition. The first use that is met, the value's
//! last, gives it a register; at its definition the register becomes free. So at every point the state is exact for
//! that point: a register is held by the value that the code below expects there.
//!
//! When no register is free, one is taken from the value that it holds: below, where it is expected, it is loaded again
//! from memory (`evict` emits that load, and the instruction at hand comes above it), and its definition, which is met
//! later, stores it there once. A constant needs no memory, it is made again.
//!
//! Invariant: `held` and `reg_of` are each other's inverse, and whatever is in `mem_of` has its value in that word from
//! its definition on. Evictions are emitted by the methods that return registers, so a caller asks for all of its
//! registers before it emits its instruction. They get the encoder from their caller, who may have it from a block.

use crate::backend::{Backend, Mem, Place, Reg, RegSet, Source};
use crate::bytecode::Class;
use crate::context::SPILLS;
use crate::ir::{Ins, Ref};

pub struct Allocator<'t> {
    ins: &'t [Ins],
    held: [Option<Ref>; 64],
    reg_of: Vec<Option<Reg>>,
    mem_of: Vec<Option<Mem>>,
    /// Where a value is best held.
    pub hints: Vec<Option<Reg>>,
    /// What only the values that it is the hint of should take.
    pub reserved: RegSet,
    /// Spill words in use.
    spills: u32,
}

impl<'t> Allocator<'t> {
    pub fn new(ins: &'t [Ins]) -> Allocator<'t> {
        Allocator {
            ins,
            held: [None; 64],
            reg_of: vec![None; ins.len()],
            mem_of: vec![None; ins.len()],
            hints: vec![None; ins.len()],
            reserved: RegSet::EMPTY,
            spills: 0,
        }
    }

    /// Whether more was spilled than there is room for.
    pub fn overflowed(&self) -> bool {
        self.spills > SPILLS
    }

    pub fn reg_of(&self, v: Ref) -> Option<Reg> {
        self.reg_of[v.index()]
    }

    pub fn mem_of(&self, v: Ref) -> Option<Mem> {
        self.mem_of[v.index()]
    }

    pub fn set_mem(&mut self, v: Ref, mem: Option<Mem>) {
        self.mem_of[v.index()] = mem;
    }

    pub fn holder(&self, reg: Reg) -> Option<Ref> {
        self.held[reg.0 as usize]
    }

    /// From here up, `reg` holds `v`.
    pub fn hold(&mut self, reg: Reg, v: Ref) {
        debug_assert!(self.holder(reg).is_none() && self.reg_of(v).is_none());
        self.held[reg.0 as usize] = Some(v);
        self.reg_of[v.index()] = Some(reg);
    }

    /// From here up, `reg` holds nothing.
    pub fn release(&mut self, reg: Reg) {
        if let Some(v) = self.held[reg.0 as usize].take() {
            self.reg_of[v.index()] = None;
        }
    }

    /// The register that `v`'s definition has to write, if `v` is needed at all. From here up it is free.
    pub fn define<B: Backend>(&mut self, asm: &mut B, v: Ref) -> Option<Reg> {
        let reg = match (self.reg_of(v), self.mem_of(v)) {
            (Some(reg), _) => reg,
            (None, Some(_)) => self.take(asm, self.class(v), RegSet::EMPTY, self.hints[v.index()]),
            (None, None) => return None,
        };
        if let Some(mem) = self.mem_of(v) {
            asm.copy(Place::Mem(mem), Source::Place(Place::Reg(reg)));
        }
        self.release(reg);
        Some(reg)
    }

    /// The register that an instruction reads `v` from: the one that holds it, or else one out of `avoid`.
    pub fn read<B: Backend>(&mut self, asm: &mut B, v: Ref, avoid: RegSet, wish: Option<Reg>) -> Reg {
        match self.reg_of(v) {
            Some(reg) => reg,
            None => {
                let hint = self.hints[v.index()].filter(|&reg| self.is_free(reg) && !avoid.contains(reg));
                let reg = self.take(asm, self.class(v), avoid, hint.or(wish));
                self.hold(reg, v);
                reg
            }
        }
    }

    /// Where an exit at this point finds `v`. This never evicts.
    pub fn keep<B: Backend>(&mut self, v: Ref) -> Source {
        if let Some(bits) = self.ins[v.index()].constant() {
            return Source::Const(bits);
        }
        if self.reg_of(v).is_none() && self.mem_of(v).is_none() {
            let hint = self.hints[v.index()].filter(|&reg| self.is_free(reg));
            match hint.or(self.free::<B>(self.class(v)).without(self.reserved).first()) {
                Some(reg) => self.hold(reg, v),
                None => _ = self.spill(v),
            }
        }
        match (self.reg_of(v), self.mem_of(v)) {
            (Some(reg), _) => Source::Place(Place::Reg(reg)),
            (None, Some(mem)) => Source::Place(Place::Mem(mem)),
            (None, None) => unreachable!("the value has just been given a place"),
        }
    }

    /// A free register out of `avoid`: `wish` if possible; else one is evicted.
    pub fn take<B: Backend>(&mut self, asm: &mut B, class: Class, avoid: RegSet, wish: Option<Reg>) -> Reg {
        let free = self.free::<B>(class).without(avoid);
        let wish = wish.filter(|&reg| free.contains(reg));
        if let Some(reg) = wish.or(free.without(self.reserved).first()).or(free.first()) {
            return reg;
        }
        let candidates = registers::<B>(class).without(avoid);
        let cost = |&reg: &Reg| match self.holder(reg) {
            Some(v) if self.ins[v.index()].constant().is_some() => (0, v),
            Some(v) if self.mem_of(v).is_some() => (1, v),
            // What was defined first is likely to be needed least between here and there.
            Some(v) => (2, v),
            None => unreachable!("no register is free"),
        };
        let reg = candidates.iter().min_by_key(cost).expect("an instruction uses fewer registers than there are");
        self.evict(asm, reg);
        reg
    }

    /// Makes `reg` free at this point: what it holds is in an other register above, or in memory.
    pub fn vacate<B: Backend>(&mut self, asm: &mut B, reg: Reg, avoid: RegSet) {
        let Some(v) = self.holder(reg) else { return };
        let free = self.free::<B>(reg.class()).without(avoid);
        match free.without(self.reserved).first().or(free.first()) {
            Some(other) => {
                asm.copy(Place::Reg(reg), Source::Place(Place::Reg(other)));
                self.release(reg);
                self.hold(other, v);
            }
            None => self.evict(asm, reg),
        }
    }

    fn evict<B: Backend>(&mut self, asm: &mut B, reg: Reg) {
        let Some(v) = self.holder(reg) else { return };
        let source = match self.ins[v.index()].constant() {
            Some(bits) => Source::Const(bits),
            None => Source::Place(Place::Mem(self.spill(v))),
        };
        asm.copy(Place::Reg(reg), source);
        self.release(reg);
    }

    /// The memory word of `v`. A slot's value has one already.
    pub fn spill(&mut self, v: Ref) -> Mem {
        if let Some(mem) = self.mem_of(v) {
            return mem;
        }
        let mem = match self.ins[v.index()] {
            Ins::Slot(slot) => Mem::Frame(slot),
            _ => {
                self.spills += 1;
                Mem::Spill(self.spills - 1)
            }
        };
        self.mem_of[v.index()] = Some(mem);
        mem
    }

    pub fn is_free(&self, reg: Reg) -> bool {
        self.holder(reg).is_none()
    }

    pub fn free<B: Backend>(&self, class: Class) -> RegSet {
        registers::<B>(class)
            .iter()
            .filter(|&reg| self.is_free(reg))
            .fold(RegSet::EMPTY, |set, reg| set.with(RegSet::of(reg)))
    }

    pub fn class(&self, v: Ref) -> Class {
        self.ins[v.index()].class().expect("only values are held")
    }
}

/// All registers of a class that may be handed out.
pub fn registers<B: Backend>(class: Class) -> RegSet {
    match class {
        Class::Int => B::INTS,
        Class::Float => B::FLOATS,
    }
}
