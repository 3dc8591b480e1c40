//! Where a loop keeps its values from turn to turn.
//!
//! A value that comes from outside of a loop's body must be in the same place at the end of the body as at its head:
//! its *home*. The walk begins at the end of the body, so homes are given before it. What is used most gets a register,
//! and a few registers are left for what comes and goes within a turn. The others are at home in memory: a slot's value
//! in its slot of the frame, what was computed in front of the loop in a spill word. A constant needs no home at all.

use crate::allocate::{Allocator, registers};
use crate::backend::{Backend, Mem, Place, RegSet};
use crate::bytecode::Class;
use crate::ir::{Ins, Phi, Ref, Trace};

/// Registers of each class that are nobody's home.
const SPARE: usize = 3;

pub struct Homes {
    /// The places, by the value's index.
    pub of: Vec<Option<Place>>,
    /// The last instruction of the body that needs a value, itself or at its exit.
    last_use: Vec<usize>,
}

impl Homes {
    pub fn plan<B: Backend>(trace: &Trace, body: usize, phis: &[Phi], allocator: &mut Allocator) -> Homes {
        let ins = &trace.ins;
        let mut weight = vec![0; ins.len()];
        let mut last_use = vec![0; ins.len()];
        for (index, &i) in ins.iter().enumerate().skip(body) {
            let [first, last] = i.operands();
            let last = last.filter(|r| immediate::<B>(ins, i, *r).is_none());
            for r in first.into_iter().chain(last) {
                weight[r.index()] += 1;
                last_use[r.index()] = index;
            }
            if let Ins::Guard(.., snapshot) = i {
                for (_, r) in &trace.snapshots[snapshot].slots {
                    last_use[r.index()] = index;
                }
            }
        }
        let mut is_phi = vec![false; ins.len()];
        for phi in phis {
            is_phi[phi.entry.index()] = true;
            // Without a register a phi costs a store in every turn, and not only loads.
            weight[phi.entry.index()] += 2;
            last_use[phi.next.index()] = ins.len();
        }

        let mut of = vec![None; ins.len()];
        for class in [Class::Int, Class::Float] {
            let mut values: Vec<Ref> = (0..body as u32).map(Ref).filter(|v| weight[v.index()] > 0).collect();
            values.retain(|v| ins[v.index()].class() == Some(class));
            values.sort_by_key(|v| std::cmp::Reverse(weight[v.index()]));
            let mut registers = registers::<B>(class);
            for v in values {
                if registers.len() <= SPARE {
                    break;
                }
                // From the end, where no instruction asks for particular ones.
                let Some(reg) = registers.last() else { break };
                registers = registers.without(RegSet::of(reg));
                allocator.hints[v.index()] = Some(reg);
                allocator.reserved = allocator.reserved.with(RegSet::of(reg));
                of[v.index()] = Some(Place::Reg(reg));
            }
        }
        for v in (0..body as u32).map(Ref) {
            let needed = is_phi[v.index()] || last_use[v.index()] > 0;
            if of[v.index()].is_none()
                && needed
                && ins[v.index()].class().is_some()
                && ins[v.index()].constant().is_none()
            {
                of[v.index()] = Some(Place::Mem(allocator.spill(v)));
            }
        }
        Homes { of, last_use }
    }

    /// Whether `next` can be kept where `entry` is at home from its definition on, because nobody asks for the value of
    /// the turn before any more.
    pub fn replaces(&self, phi: Phi, body: usize) -> bool {
        phi.next.index() >= body && self.last_use[phi.entry.index()] <= phi.next.index()
    }
}

/// The value of `r` if it is a constant that may be the last operand of `i` as it is.
pub fn immediate<B: Backend>(ins: &[Ins], i: Ins, r: Ref) -> Option<i64> {
    let value = ins[r.index()].constant()? as i64;
    B::immediate(i, value).then_some(value)
}

/// The frame word that a slot's value comes from.
pub fn frame_word(i: Ins) -> Option<Mem> {
    match i {
        Ins::Slot(slot) => Some(Mem::Frame(slot)),
        _ => None,
    }
}
