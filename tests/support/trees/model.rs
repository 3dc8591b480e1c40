//! What random programs must become.
//!
//! The model is a list of items, each with a length, without buffers, positions or fixups. It follows the documentation
//! in what it says about branches (near where the target is not in sight, short where it is bound and near enough,
//! wherever aligned blocks are moved) and gaps; then every item's bytes follow from the manuals' diagrams. Gaps are
//! compared by what they are: as few instructions as possible that do nothing.

use super::{LATE, Machine, Node, Program, placing::Way};
use tailfirst::{Encoder, Label, RelocationTarget, Symbol};

#[derive(Debug, Clone)]
enum Item {
    Bytes(Vec<u8>),
    Zeros(usize),
    Gap(usize),
    Refer { kind: usize, short: bool, label: usize, len: usize },
    Symbol(u32),
    Label(usize),
}

impl Item {
    fn len<M: Machine>(&self) -> usize {
        match self {
            Item::Bytes(bytes) => bytes.len(),
            Item::Zeros(len) | Item::Gap(len) | Item::Refer { len, .. } => *len,
            Item::Symbol(_) => M::symbol_bytes().1.len(),
            Item::Label(_) => 0,
        }
    }
}

fn total<M: Machine>(items: &[Item]) -> usize {
    items.iter().map(Item::len::<M>).sum()
}

/// The code itself, or a block in the other direction than what is around it.
struct Frame {
    up: bool,
    /// In the order in which they are placed.
    items: Vec<Item>,
    /// What the open aligned blocks are aligned to.
    aligned: Vec<usize>,
    /// The index where what may be moved begins.
    start: usize,
    alignment: u32,
    /// Of cold code, the bytes that have left it for their place.
    left: usize,
}

impl Frame {
    fn new(up: bool) -> Frame {
        Frame { up, items: Vec::new(), aligned: Vec::new(), start: 0, alignment: 1, left: 0 }
    }
}

/// Whose cold parts are waiting for their place.
struct Cold {
    /// The number of the frame that they will be placed in.
    owner: usize,
    code: Frame,
    parts: usize,
}

/// Where a label is known.
#[derive(Clone, Copy)]
struct Owner {
    /// The number of the frame that made it, or that has the one which did.
    frame: usize,
    /// Whether it was there when something in this frame was settled.
    settled: bool,
}

/// The frames that are open, and for each label that has been made whose it is.
struct Model {
    frames: Vec<Frame>,
    /// Of the code itself, and of each cold part that is open.
    colds: Vec<Cold>,
    owners: Vec<Option<Owner>>,
    /// The number of labels that are not those of data.
    count: usize,
}

impl Model {
    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the code's own is open")
    }

    fn push(&mut self, item: Item) {
        self.frame().items.push(item);
    }

    fn own(&mut self, label: usize) {
        let frame = self.frames.len() - 1;
        self.owners[label].get_or_insert(Owner { frame, settled: false });
    }

    /// What is missing to an alignment with so many more bytes.
    fn gap<M: Machine>(&mut self, align: u32, more: usize) -> usize {
        let frame = self.frame();
        frame.alignment = frame.alignment.max(align);
        let placed = frame.left + total::<M>(&frame.items) + more;
        placed.next_multiple_of(align as usize) - placed
    }

    /// What has been placed will not be moved.
    fn settle(&mut self) {
        let number = self.frames.len() - 1;
        let frame = self.frame();
        frame.start = frame.items.len();
        let own = self.owners.iter_mut().flatten().filter(|owner| owner.frame == number);
        own.for_each(|owner| owner.settled = true);
    }

    /// The bytes between the label and here, at the most; `None` if the label is not in sight.
    fn between<M: Machine>(&self, label: usize) -> Option<usize> {
        let frame = self.frames.last()?;
        let owner = self.owners[label].filter(|owner| owner.frame == self.frames.len() - 1)?;
        let at = frame.items.iter().rposition(|item| matches!(item, Item::Label(bound) if *bound == label))?;
        let between = total::<M>(&frame.items[at..]);
        match frame.aligned.last() {
            Some(shift) if owner.settled => (at < frame.start).then_some(between + shift),
            _ => Some(between),
        }
    }

    fn nodes<M: Machine>(&mut self, nodes: &[Node]) {
        if self.frame().up {
            nodes.iter().for_each(|node| self.node::<M>(node));
        } else {
            nodes.iter().rev().for_each(|node| self.node::<M>(node));
        }
    }

    fn node<M: Machine>(&mut self, node: &Node) {
        match node {
            Node::Run(count) => self.push(Item::Bytes(M::run_bytes(*count))),
            Node::Refer(kind, label) => {
                let (kind, label) = (*kind, label % self.count);
                self.own(label);
                let above = !self.frame().up;
                let short = self.between::<M>(label).is_some_and(|between| M::is_short(kind, above, between));
                self.push(Item::Refer { kind, short, label, len: M::refer_bytes(kind, short, 0).len() });
            }
            Node::Bind(label) => {
                self.own(*label);
                self.push(Item::Label(*label));
            }
            Node::Symbol(symbol) => self.push(Item::Symbol(*symbol)),
            Node::Late(late) | Node::OwnLate(late) => self.push(Item::Bytes(M::late_bytes(LATE[*late]))),
            Node::Data(bytes) => self.push(Item::Bytes(bytes.clone())),
            Node::DataAligned(align, bytes, label) => {
                let label = Item::Label(self.count + label);
                let data = Item::Bytes(bytes.clone());
                if self.frame().up {
                    let gap = self.gap::<M>(*align, 0);
                    self.frame().items.extend([Item::Zeros(gap), label, data]);
                } else {
                    let gap = self.gap::<M>(*align, bytes.len());
                    self.frame().items.extend([Item::Zeros(gap), data, label]);
                }
                self.settle();
            }
            Node::Align(align) => {
                let gap = self.gap::<M>(*align, 0);
                self.push(Item::Zeros(gap));
                self.settle();
            }
            Node::AlignCode(align) => self.align_code::<M>(*align),
            Node::Forward(_, inner) => self.block::<M>(true, inner),
            Node::Backward(_, inner) => self.block::<M>(false, inner),
            Node::Aligned(align, inner) if self.frame().up => {
                self.align_code::<M>(*align);
                self.nodes::<M>(inner);
            }
            Node::Aligned(align, inner) => {
                self.settle();
                self.frame().aligned.push(*align as usize);
                self.nodes::<M>(inner);
                let gap = self.gap::<M>(*align, 0);
                let frame = self.frame();
                frame.items.insert(frame.start, Item::Gap(gap));
                frame.aligned.pop();
                self.settle();
            }
            Node::Batch(inner) => self.nodes::<M>(inner),
            Node::Cold(_, inner) => self.cold::<M>(inner),
            Node::PlaceCold => self.place_cold::<M>(),
            Node::SetLate(_) | Node::Dropped(_) => {}
        }
    }

    fn align_code<M: Machine>(&mut self, align: u32) {
        let gap = self.gap::<M>(align, 0);
        self.push(Item::Gap(gap));
        self.settle();
    }

    fn cold<M: Machine>(&mut self, nodes: &[Node]) {
        let up = self.frame().up;
        let cold = self.colds.last_mut().expect("the code has some");
        let root_up = cold.code.up;
        let code = std::mem::replace(&mut cold.code, Frame::new(root_up));
        let owner = self.frames.len();
        self.frames.push(code);
        self.colds.push(Cold { owner, code: Frame::new(root_up), parts: 0 });
        self.block::<M>(up, nodes);
        self.place_cold::<M>();
        self.colds.pop();
        let code = self.leave_frame();
        let cold = self.colds.last_mut().expect("the code has some");
        cold.code = code;
        cold.parts += 1;
    }

    fn place_cold<M: Machine>(&mut self) {
        let cold = self.colds.last_mut().expect("the code has some");
        if cold.owner != self.frames.len() - 1 || cold.parts == 0 {
            return;
        }
        cold.parts = 0;
        let (code, begin) = (std::mem::take(&mut cold.code.items), cold.code.left);
        let alignment = std::mem::replace(&mut cold.code.alignment, 1);
        cold.code.left += total::<M>(&code);
        cold.code.start = 0;
        self.settle();
        let frame = self.frame();
        frame.alignment = frame.alignment.max(alignment);
        let placed = frame.left + total::<M>(&frame.items);
        frame.items.push(Item::Gap(begin.wrapping_sub(placed) % alignment as usize));
        frame.items.extend(code);
        self.settle();
    }

    /// What was made in a frame is its outer one's.
    fn leave_frame(&mut self) -> Frame {
        let left = self.frames.pop().expect("it was pushed");
        let frame = self.frames.len() - 1;
        let inner = self.owners.iter_mut().flatten().filter(|owner| owner.frame > frame);
        inner.for_each(|owner| *owner = Owner { frame, settled: false });
        left
    }

    /// A block, which is none if it has the direction of what is around it.
    fn block<M: Machine>(&mut self, up: bool, nodes: &[Node]) {
        if self.frame().up == up {
            return self.nodes::<M>(nodes);
        }
        self.frames.push(Frame::new(up));
        self.nodes::<M>(nodes);
        let block = self.leave_frame();
        if block.alignment > 1 {
            // Its base is what of it lies farthest away.
            let gap = self.gap::<M>(block.alignment, total::<M>(&block.items));
            self.push(Item::Gap(gap));
        }
        self.frame().items.extend(block.items.into_iter().rev());
        if block.alignment > 1 {
            self.settle();
        }
    }
}

/// What a program must become.
pub struct Expected {
    /// From the lowest address, with their offsets.
    items: Vec<(usize, Item)>,
    pub len: usize,
    labels: Vec<usize>,
    alignment: u32,
}

/// What the program must become in an encoder whose code grows up, or down.
pub fn expected<M: Machine>(program: &Program, up: bool) -> Expected {
    let early = |early: &bool| early.then_some(Owner { frame: 0, settled: false });
    let owners = program.early.iter().map(early).collect();
    let mut model = Model {
        frames: vec![Frame::new(up)],
        colds: vec![Cold { owner: 0, code: Frame::new(up), parts: 0 }],
        owners,
        count: program.labels,
    };
    model.nodes::<M>(&program.nodes);
    model.place_cold::<M>();
    let Frame { mut items, alignment, .. } = model.frames.remove(0);
    if !up {
        items.reverse();
    }
    let mut len = 0;
    let mut labels = vec![0; program.early.len()];
    let mut placed = Vec::new();
    for item in items {
        if let Item::Label(label) = item {
            labels[label] = len;
        }
        let at = len;
        len += item.len::<M>();
        placed.push((at, item));
    }
    Expected { items: placed, len, labels, alignment }
}

impl Expected {
    /// What is different in the crate's code; finishes twice, which must not matter.
    pub fn compare<M: Machine, D: Way>(
        &self,
        enc: &mut Encoder<'_, M, D>,
        labels: &[Option<Label>],
    ) -> Result<(), String> {
        let first = enc.finish().map(|code| code.bytes().to_vec()).map_err(|error| error.to_string())?;
        let code = enc.finish().map_err(|error| error.to_string())?;
        let bytes = code.bytes();
        if bytes != first {
            return Err("finishing again gives other bytes".into());
        }
        let alignments = D::alignments(&code);
        if bytes.len() != self.len || alignments != (self.alignment, 1) {
            return Err(format!(
                "{} bytes and alignments {alignments:?}, not {} and {}",
                bytes.len(),
                self.len,
                self.alignment
            ));
        }
        let mut symbols = Vec::new();
        for (at, item) in &self.items {
            let found = &bytes[*at..*at + item.len::<M>()];
            let is_right = match item {
                Item::Bytes(bytes) => found == bytes,
                Item::Zeros(_) => found.iter().all(|byte| *byte == 0),
                Item::Gap(_) => M::is_gap(found),
                Item::Refer { kind, short, label, .. } => {
                    found == M::refer_bytes(*kind, *short, self.labels[*label] as i64 - *at as i64)
                }
                Item::Symbol(symbol) => {
                    let (from, bytes) = M::symbol_bytes();
                    symbols.push((at + from, *symbol));
                    found == bytes
                }
                Item::Label(_) => true,
            };
            if !is_right {
                return Err(format!("at {at}: {found:02x?} for {item:?}"));
            }
        }
        let mut relocations: Vec<_> = (code.relocations().iter())
            .map(|relocation| match relocation.target {
                RelocationTarget::Symbol(Symbol(number)) => (relocation.from, number),
                RelocationTarget::Offset(offset) => (relocation.from, 1_000_000 + offset as u32),
                other => panic!("{other:?} is in no program"),
            })
            .collect();
        relocations.sort();
        if relocations != symbols {
            return Err(format!("relocations {relocations:?}, not {symbols:?}"));
        }
        for (label, at) in labels.iter().zip(&self.labels) {
            let found = label.and_then(|label| code.offset_of(label));
            if found != Some(*at) {
                return Err(format!("{label:?} at {found:?}, not {at}"));
            }
        }
        Ok(())
    }
}
