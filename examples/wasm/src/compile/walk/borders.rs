//! The borders of blocks, for who [draws](crate::compile::svg) a function: what the walk knows there of registers.
//!
//! A block begins where a label is bound, and behind a branch; it ends with a branch, a jump, or what goes nowhere. The
//! walk comes to its end first.

use super::Walk;
use crate::compile::registers::Reg;
use crate::compile::target::{CodeLabel, Target};
use crate::ir::{Inst, Label, Value};

/// Which value is in which register.
pub type Held = Vec<(Reg, Value)>;

/// Where a block begins or ends.
#[derive(Clone, Debug)]
pub enum Border {
    Begin {
        at: CodeLabel,
        /// What whoever comes here must bring.
        held: Held,
    },
    End {
        /// Where control goes.
        exits: Vec<CodeLabel>,
        /// What is there before the moves, if there are any, that the exits take.
        held: Held,
    },
}

impl<T: Target> Walk<'_, T> {
    fn border(&mut self, border: Border) {
        if let Some(borders) = &mut self.borders {
            borders.push(border);
        }
    }

    pub(super) fn count_borders(&self) -> usize {
        self.borders.as_ref().map_or(0, |borders| borders.len())
    }

    pub(super) fn forget_borders(&mut self, from: usize) {
        if let Some(borders) = &mut self.borders {
            borders.truncate(from);
        }
    }

    /// Before an instruction is emitted: what follows a branch is a block.
    pub(super) fn border_behind(&mut self, inst: &Inst) {
        if self.borders.is_some() && matches!(inst, Inst::Branch { .. }) {
            let at = self.target.here();
            let held = self.state.all_held().collect();
            self.border(Border::Begin { at, held });
        }
    }

    /// When it has been emitted.
    pub(super) fn border_before(&mut self, inst: &Inst) {
        if self.borders.is_none() {
            return;
        }
        let edge = |edge: u32| self.function.edges[edge as usize].label;
        let labels: Vec<Label> = match *inst {
            Inst::Bind { label } | Inst::LoopHead { label } => {
                if let Some((at, held)) = self.joins.wanted(label) {
                    self.border(Border::Begin { at, held });
                }
                return;
            }
            Inst::Branch { edge: taken, .. } | Inst::Jump { edge: taken } => vec![edge(taken)],
            Inst::Switch { first, count, .. } => (first..first + count).map(edge).collect(),
            Inst::Return { .. } | Inst::Unreachable => vec![],
            _ => return,
        };
        let mut exits: Vec<_> = labels.into_iter().filter_map(|label| Some(self.joins.wanted(label)?.0)).collect();
        if let Inst::Branch { .. } = inst {
            exits.extend(self.replaced.take().or_else(|| self.lowest_begin()));
        }
        exits.sort_unstable();
        exits.dedup();
        let held = self.state.all_held().collect();
        self.border(Border::End { exits, held });
    }

    /// Where the block is that follows.
    fn lowest_begin(&self) -> Option<CodeLabel> {
        match self.borders.as_ref()?.last()? {
            Border::Begin { at, .. } => Some(*at),
            Border::End { .. } => None,
        }
    }
}
