//! Closing a loop: which values it changes, and what need not be computed in every turn.
//!
//! The recording of one turn becomes a loop in three steps:
//!
//! * Every slot that the turn leaves with an other value than it found is a *phi*. Its value is carried from turn to
//!   turn in the place that the register allocator chooses, and the frame in memory is out of date from the second turn
//!   on. So every exit of the loop must restore every phi, whether it lies above or below the slot's assignment.
//! * What depends on no phi is the same in every turn and moves in front of the loop: arithmetic, guards, and loads if
//!   the loop stores nothing. An instruction stays behind the guards that it relies on, because it has their operands
//!   among its own and the order is kept.
//! * A guard in front of the loop leaves to the head, with the frame as it is.

use crate::bytecode::{FIRST_CONSTANT, Slot};
use crate::ir::{End, Ins, Phi, Ref, Snapshot, Trace};

/// Closes the loop that starts at `head`. `values` are the slots' contents at the end of the turn.
pub fn close(head: usize, mut ins: Vec<Ins>, mut snapshots: Vec<Snapshot>, values: &[Option<Ref>]) -> Trace {
    let mut phis: Vec<(Slot, Phi)> = Vec::new();
    for slot in 0..FIRST_CONSTANT {
        let Some(next) = values[slot as usize] else { continue };
        let entry = match ins.iter().position(|&i| i == Ins::Slot(slot)) {
            Some(index) => Ref(index as u32),
            None => {
                ins.push(Ins::Slot(slot));
                Ref(ins.len() as u32 - 1)
            }
        };
        if entry != next {
            phis.push((slot, Phi { entry, next }));
        }
    }

    let stores = ins.iter().any(|i| matches!(i, Ins::Store(..)));
    let mut varies = vec![false; ins.len()];
    for (_, phi) in &phis {
        varies[phi.entry.index()] = true;
    }
    for (index, i) in ins.iter().enumerate() {
        varies[index] |= match i {
            Ins::Store(..) => true,
            Ins::Load(..) if stores => true,
            _ => i.operands().into_iter().flatten().any(|r| varies[r.index()]),
        };
    }

    // The phis stand in front of the loop too: that is where they get their first values.
    let in_front = |index: &usize| !varies[*index] || matches!(ins[*index], Ins::Slot(_));
    let (front, back): (Vec<usize>, Vec<usize>) = (0..ins.len()).partition(in_front);
    let body = front.len();
    let mut renamed = vec![Ref(0); ins.len()];
    for (new, &old) in front.iter().chain(&back).enumerate() {
        renamed[old] = Ref(new as u32);
    }
    let rename = |r: Ref| renamed[r.index()];

    for &index in &front {
        if let Ins::Guard(.., snapshot) = ins[index] {
            snapshots[snapshot] = Snapshot { pc: head, slots: vec![] };
        }
    }
    for &index in &back {
        if let Ins::Guard(.., snapshot) = ins[index] {
            let slots = &mut snapshots[snapshot].slots;
            for (slot, phi) in &phis {
                if slots.iter().all(|(restored, _)| restored != slot) {
                    slots.push((*slot, phi.entry));
                }
            }
            slots.iter_mut().for_each(|(_, r)| *r = rename(*r));
        }
    }
    let phis = phis.iter().map(|(_, phi)| Phi { entry: rename(phi.entry), next: rename(phi.next) }).collect();
    let ins = front.iter().chain(&back).map(|&old| ins[old].map(rename)).collect();
    Trace { ins, snapshots, end: End::Loop { body, phis } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytecode::{Cond, IntOp};
    use crate::ir::Builder;

    #[test]
    fn invariants_move_in_front_and_exits_restore_every_phi() {
        // r0 += r1 + 7; r2 = r0 while r0 < 100
        let mut b = Builder::default();
        let (r0, r1, seven, limit) = (b.emit(Ins::Slot(0)), b.emit(Ins::Slot(1)), b.int(7), b.int(100));
        let guard = |slots| move || Snapshot { pc: 9, slots };
        b.guard(Cond::Lt, r0, limit, guard(vec![]));
        b.guard(Cond::Ne, r1, limit, guard(vec![]));
        let step = b.emit(Ins::IntOp(IntOp::Add, r1, seven));
        let next = b.emit(Ins::IntOp(IntOp::Add, r0, step));
        let mut values = [None; FIRST_CONSTANT as usize];
        values[..3].copy_from_slice(&[Some(next), Some(r1), Some(next)]);

        let trace = close(3, b.ins, b.snapshots, &values);
        let End::Loop { body, phis } = &trace.end else { panic!("not a loop") };
        assert_eq!(trace.ins[*body..].len(), 2, "{:?}", trace.ins);
        assert!(matches!(trace.ins[*body], Ins::Guard(Cond::Lt, ..)));
        let entries: Vec<Ins> = phis.iter().map(|phi| trace.ins[phi.entry.index()]).collect();
        assert_eq!(entries, [Ins::Slot(0), Ins::Slot(2)]);
        assert_eq!(trace.snapshots[0], Snapshot { pc: 9, slots: vec![(0, phis[0].entry), (2, phis[1].entry)] });
        assert_eq!(trace.snapshots[1], Snapshot { pc: 3, slots: vec![] });
    }
}
