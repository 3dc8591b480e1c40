//! Random programs, placed by the crate.

use super::{By, LATE, Machine, Node, Program};
use tailfirst::{Align, Code, Direction, Down, Encoder, Label, Late, Up};

/// A direction, as far as a program's placing depends on it.
pub trait Way: Direction + Sized {
    const UP: bool;

    /// Places a block, where it is one, by `begin_block` and `end_block`.
    fn forward_by_pair<M: Machine>(placing: &mut Placing<M>, enc: &mut Encoder<'_, M, Self>, nodes: &[Node]);
    /// The same of the other direction.
    fn backward_by_pair<M: Machine>(placing: &mut Placing<M>, enc: &mut Encoder<'_, M, Self>, nodes: &[Node]);

    /// What the code's base must be aligned to, and its other end.
    fn alignments<M: Machine>(code: &Code<'_, M>) -> (u32, u32);
}

impl Way for Down {
    const UP: bool = false;

    fn forward_by_pair<M: Machine>(placing: &mut Placing<M>, enc: &mut Encoder<'_, M, Down>, nodes: &[Node]) {
        let mut block = placing.assemblers.pop().unwrap_or_default();
        leave_something(&mut block);
        enc.begin_block(&mut block);
        placing.nodes(&mut block, nodes);
        enc.end_block(&mut block);
        placing.assemblers.push(block);
    }

    fn backward_by_pair<M: Machine>(placing: &mut Placing<M>, enc: &mut Encoder<'_, M, Down>, nodes: &[Node]) {
        placing.nodes(enc, nodes);
    }

    fn alignments<M: Machine>(code: &Code<'_, M>) -> (u32, u32) {
        (code.end_alignment(), code.start_alignment())
    }
}

impl Way for Up {
    const UP: bool = true;

    fn forward_by_pair<M: Machine>(placing: &mut Placing<M>, enc: &mut Encoder<'_, M, Up>, nodes: &[Node]) {
        placing.nodes(enc, nodes);
    }

    fn backward_by_pair<M: Machine>(placing: &mut Placing<M>, enc: &mut Encoder<'_, M, Up>, nodes: &[Node]) {
        let mut block = placing.encoders.pop().unwrap_or_default();
        leave_something(&mut block);
        enc.begin_block(&mut block);
        placing.nodes(&mut block, nodes);
        enc.end_block(&mut block);
        placing.encoders.push(block);
    }

    fn alignments<M: Machine>(code: &Code<'_, M>) -> (u32, u32) {
        (code.start_alignment(), code.end_alignment())
    }
}

/// Places what a block must forget when it begins.
fn leave_something<M: Machine, D: Direction>(enc: &mut Encoder<'_, M, D>) {
    let label = enc.label();
    M::refer(enc, 0, label);
    enc.align(Align::of::<64>());
    M::run(enc, 1);
    enc.here();
}

/// A program that is being placed.
pub struct Placing<M: Machine> {
    pub labels: Vec<Option<Label>>,
    /// The number of labels that are not those of data.
    count: usize,
    bound: Vec<bool>,
    late: Vec<Late>,
    late_set: Vec<bool>,
    /// What blocks were written in, to be used again.
    assemblers: Vec<Encoder<'static, M, Up>>,
    encoders: Vec<Encoder<'static, M, Down>>,
}

/// Has the crate place the program.
pub fn place<M: Machine, D: Way>(enc: &mut Encoder<'_, M, D>, program: &Program) -> Placing<M> {
    let mut placing = Placing {
        labels: program.early.iter().map(|early| early.then(|| enc.label())).collect(),
        count: program.labels,
        bound: vec![false; program.labels],
        late: LATE.iter().map(|_| enc.late()).collect(),
        late_set: vec![false; LATE.len()],
        assemblers: Vec::new(),
        encoders: Vec::new(),
    };
    placing.nodes(enc, &program.nodes);
    for index in 0..LATE.len() {
        placing.set(enc, index);
    }
    placing
}

impl<M: Machine> Placing<M> {
    fn set<D: Way>(&mut self, enc: &mut Encoder<'_, M, D>, index: usize) {
        if !self.late_set[index] {
            self.late_set[index] = true;
            enc.set_late(self.late[index], LATE[index]);
        }
    }

    fn nodes<D: Way>(&mut self, enc: &mut Encoder<'_, M, D>, nodes: &[Node]) {
        enc.in_order(nodes, |enc, node| self.node(enc, node));
    }

    fn node<D: Way>(&mut self, enc: &mut Encoder<'_, M, D>, node: &Node) {
        match node {
            Node::Run(count) => M::run(enc, *count),
            Node::Refer(kind, label) => {
                let label = *self.labels[label % self.count].get_or_insert_with(|| enc.label());
                M::refer(enc, *kind, label);
            }
            Node::Bind(label) => {
                // Only in dropped code there are labels beyond the count, and bound ones.
                let index = label % self.count;
                match self.labels[index] {
                    _ if self.bound[index] => {}
                    Some(label) => enc.bind(label),
                    None => self.labels[index] = Some(enc.here()),
                }
                self.bound[index] = true;
            }
            Node::Symbol(symbol) => M::symbol(enc, tailfirst::Symbol(*symbol)),
            Node::Late(late) => M::late(enc, self.late[*late]),
            Node::SetLate(late) => self.set(enc, *late),
            Node::OwnLate(value) => {
                let late = enc.late();
                M::late(enc, late);
                enc.set_late(late, LATE[*value]);
            }
            Node::Data(bytes) => enc.data(bytes),
            Node::DataAligned(align, bytes, label) => {
                let found = enc.data_aligned(bytes, alignment(*align));
                // Dropped code may have labels that the program does not have.
                if let Some(label) = self.labels.get_mut(self.count + label) {
                    *label = Some(found);
                }
            }
            Node::Align(align) => enc.align(alignment(*align)),
            Node::AlignCode(align) => enc.align_code(alignment(*align)),
            Node::Forward(By::Closure, inner) => enc.forward(|enc| self.nodes(enc, inner)),
            Node::Forward(By::Pair, inner) => D::forward_by_pair(self, enc, inner),
            Node::Backward(By::Closure, inner) => enc.backward(|enc| self.nodes(enc, inner)),
            Node::Backward(By::Pair, inner) => D::backward_by_pair(self, enc, inner),
            Node::Aligned(align, inner) => enc.aligned(alignment(*align), |enc| self.nodes(enc, inner)),
            Node::Cold(By::Closure, inner) => enc.cold(|enc| self.nodes(enc, inner)),
            Node::Cold(By::Pair, inner) => {
                let around = enc.begin_cold();
                self.nodes(enc, inner);
                enc.end_cold(around);
            }
            Node::PlaceCold => enc.place_cold(),
            Node::Batch(inner) => enc.batch(|enc| self.nodes(enc, inner)),
            Node::Dropped(inner) => self.dropped(enc, inner),
        }
    }

    fn dropped<D: Way>(&mut self, enc: &mut Encoder<'_, M, D>, nodes: &[Node]) {
        let before = (self.labels.clone(), self.bound.clone(), self.late_set.clone());
        let snapshot = enc.snapshot();
        // Twice, since a snapshot can be used again.
        for _ in 0..2 {
            self.nodes(enc, nodes);
            self.set(enc, 0);
            enc.rollback(snapshot);
            (self.labels, self.bound, self.late_set) = before.clone();
        }
    }
}

fn alignment(bytes: u32) -> Align {
    Align::new(bytes).expect("a power of two")
}
