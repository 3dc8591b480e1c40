//! Labels and late immediates outlive a rollback: none is taken for a newer one.

use crate::nests::{Within, in_all_blocks, in_both_directions, is_up};
use quickcheck::TestResult;
use tailfirst::{
    Align, Direction, Down, FinishError, Label, Marks, Pos, Snapshot, Up,
    x64::{Emitter, RAX},
};
use tailfirst_roundtrip::choices;

#[test]
fn a_label_that_was_dropped_is_used() {
    fn check<D: Direction>() {
        let mut enc = Emitter::<D>::new();
        let before = enc.snapshot();
        let dropped = [enc.label(), enc.here()];
        enc.rollback(before);
        enc.here();
        enc.here();
        let ready = enc.snapshot();
        for label in dropped {
            enc.jmp(label);
            let expected = Err(FinishError::UnboundLabel { label, at: if is_up::<D>() { 5 } else { 0 } });
            assert_eq!(enc.finish().map(|_| ()), expected);
            enc.rollback(ready);
        }
    }
    in_both_directions!(check);
}

#[test]
fn a_label_that_was_dropped_is_bound() {
    fn check<O: Direction, D: Within<O>>() {
        for block in D::blocks() {
            let mut enc = Emitter::<O>::new();
            block(&mut enc, &mut |enc| {
                let before = enc.snapshot();
                let target = enc.here();
                enc.nops(3);
                enc.rollback(before);
                enc.here();
                enc.nop();
                enc.bind(target);
                enc.jmp_rel8(target);
            });
            assert!(enc.finish().is_ok());
        }
    }
    in_all_blocks!(check);
}

#[test]
fn a_constant_that_was_dropped() {
    fn check<D: Direction>() {
        let mut enc = Emitter::<D>::new();
        let before = enc.snapshot();
        let dropped = enc.constant_u64(1);
        enc.rollback(before);
        let newer = enc.constant_u64(2);
        assert_ne!(dropped, newer);
        enc.mov_r64_rm64(RAX, dropped);
        assert!(matches!(enc.finish(), Err(FinishError::UnboundLabel { label, .. }) if label == dropped));
    }
    in_both_directions!(check);
}

#[test]
fn a_late_immediate_that_was_dropped() {
    fn check<D: Direction>() {
        let mut enc = Emitter::<D>::new();
        let before = enc.snapshot();
        let dropped = enc.late();
        enc.set_late(dropped, 1);
        enc.rollback(before);
        let newer = enc.late();
        enc.set_late(newer, 2);
        enc.with_late(dropped, |enc, imm: i32| enc.mov_rm64_imm32(RAX, imm));
        assert!(matches!(enc.finish(), Err(FinishError::LateUnset { late, .. }) if late == dropped));
        enc.set_late(dropped, 3);
        let code = enc.finish().expect("the value is known");
        assert_eq!(code.bytes()[3..], [3, 0, 0, 0]);
    }
    in_both_directions!(check);
}

/// A mark of code that was dropped is none of newer code.
#[test]
fn a_mark_that_was_dropped() {
    fn check<D: Direction>() {
        let mut enc = Emitter::<D>::new();
        let mut marks = Marks::new();
        let before = enc.snapshot();
        marks.mark(enc.here(), "dropped");
        enc.rollback(before);
        enc.nop();
        marks.mark(enc.here(), "kept");
        enc.nop();
        let code = enc.finish().expect("nothing is pending");
        let table = marks.table(&code);
        let found: Vec<_> = table.rows().iter().map(|row| row.what).collect();
        assert_eq!(found, ["kept"]);
    }
    in_both_directions!(check);
}

/// To one snapshot again and again, each time with more labels. This would take minutes, were a rollback in proportion
/// to all labels that were ever dropped.
#[test]
fn many_rollbacks_to_one_snapshot() {
    let mut enc = Emitter::<Down>::new();
    let before = enc.snapshot();
    for _ in 0..300_000 {
        enc.here();
        enc.rollback(before);
    }
    assert_eq!(enc.finish().map(|code| code.bytes().len()), Ok(0));
}

/// Where each label is, of an encoder and of a model that copies all.
struct Labels {
    known: Vec<(Label, Option<Pos>)>,
    snapshots: Vec<(Snapshot, Vec<Option<Pos>>)>,
}

impl Labels {
    fn step<D: Direction>(&mut self, enc: &mut Emitter<'_, D>, number: u64) {
        let which = (number >> 8) as usize;
        match number % 8 {
            0 => self.known.push((enc.label(), None)),
            1 => self.known.push((enc.here(), Some(enc.pos()))),
            2 | 3 => {
                let pending = self.known.iter_mut().filter(|(_, pos)| pos.is_none());
                let mut pending: Vec<_> = pending.collect();
                let count = pending.len().max(1);
                if let Some((label, pos)) = pending.get_mut(which % count) {
                    enc.bind(*label);
                    *pos = Some(enc.pos());
                }
            }
            4 | 5 => enc.nop(),
            6 => {
                let positions = self.known.iter().map(|&(_, pos)| pos).collect();
                self.snapshots.push((enc.snapshot(), positions));
            }
            _ => {
                let kept = which % self.snapshots.len().max(1) + 1;
                self.snapshots.truncate(kept);
                if let Some((snapshot, positions)) = self.snapshots.last() {
                    enc.rollback(*snapshot);
                    let positions = positions.iter().copied().chain(std::iter::repeat(None));
                    self.known.iter_mut().zip(positions).for_each(|((_, pos), before)| *pos = before);
                }
            }
        }
        for &(label, pos) in &self.known {
            assert_eq!(enc.pos_of(label), pos);
        }
    }
}

#[test]
fn labels_are_where_a_model_has_them() {
    fn check<D: Direction>(numbers: &[u64]) {
        let mut enc = Emitter::<D>::new();
        let mut labels = Labels { known: Vec::new(), snapshots: Vec::new() };
        let (above, inside) = numbers.split_at(numbers.len() / 2);
        above.iter().for_each(|&number| labels.step(&mut enc, number));
        // Those from outside are out of sight, and so are snapshots.
        enc.aligned(Align::of::<16>(), |enc| {
            let mut labels = Labels { known: Vec::new(), snapshots: Vec::new() };
            inside.iter().for_each(|&number| labels.step(enc, number));
        });
        above.iter().for_each(|&number| labels.step(&mut enc, number));
        let unbound = enc.label();
        enc.jmp(unbound);
        assert!(matches!(enc.finish(), Err(FinishError::UnboundLabel { label, .. }) if label == unbound));
    }
    fn property(numbers: Vec<u64>) -> TestResult {
        check::<Down>(&numbers);
        check::<Up>(&numbers);
        TestResult::passed()
    }
    choices::check("labels_are_where_a_model_has_them", 2000).quickcheck(property as fn(Vec<u64>) -> TestResult);
}
