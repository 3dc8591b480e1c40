//! The constant pool.
//!
//! Constants that no immediate holds lie in memory beside the code. The pool gives each a label at once, keeps one copy of
//! what is asked for several times, and is placed below everything by [`finish`](Encoder::finish), or wherever [`place_pool`](Encoder::place_pool) is called. So
//! with a pool the entry is not the code's lowest byte: give it a label.
//!
//! ```
//! use tailfirst::x64::*;
//!
//! let mut enc = Encoder::new();
//! enc.ret();
//! let half = enc.constant_f64(0.5);
//! enc.mulsd_xmm_xmmm64(XMM0, half);
//! let same = enc.constant_f64(0.5);
//! enc.addsd_xmm_xmmm64(XMM0, same);
//! let entry = enc.here();
//! assert_eq!(half, same);
//! let code = enc.finish()?;
//! assert_eq!(code.bytes()[code.offset_of(half).unwrap()..][..8], 0.5f64.to_le_bytes());
//! assert!(code.offset_of(half) < code.offset_of(entry));
//! # Ok::<(), tailfirst::FinishError>(())
//! ```

use crate::{Align, Encoder, FinishError, Label, Pos, Target, fixup::sealed};
use alloc::vec::Vec;
use arrayvec::ArrayVec;
use core::cmp::Reverse;

/// The longest constant, in bytes: a 512-bit vector.
const LONGEST: usize = 64;

/// Constants of one encoder, in the order in which they were asked for.
pub(crate) struct Pool {
    constants: Vec<Constant>,
    /// Their indices, in the order of what they hold; of several copies the last one's.
    sorted: Vec<u32>,
    /// The indices of those that are not placed yet, ascending.
    waiting: Vec<u32>,
    /// The indices of those that are, in the order in which they were placed.
    placed: Vec<u32>,
}

/// How many constants there were, and how many of them placed, to go back to.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    constants: usize,
    placed: usize,
}

struct Constant {
    content: Content,
    align: Align,
    label: Label,
    /// Where it was placed.
    place: Option<Pos>,
    /// The copy before it, which lies too far away.
    copy_of: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Content {
    Bytes(ArrayVec<u8, LONGEST>),
    Address(Target),
}

impl Content {
    fn len(&self) -> usize {
        match self {
            Content::Bytes(bytes) => bytes.len(),
            Content::Address(_) => 8,
        }
    }
}

impl Pool {
    pub(crate) const fn new() -> Self {
        Pool { constants: Vec::new(), sorted: Vec::new(), waiting: Vec::new(), placed: Vec::new() }
    }

    pub(crate) fn clear(&mut self) {
        let Pool { constants, sorted, waiting, placed } = self;
        constants.clear();
        sorted.clear();
        waiting.clear();
        placed.clear();
    }

    pub(crate) fn is_placed(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn extent(&self) -> Extent {
        Extent { constants: self.constants.len(), placed: self.placed.len() }
    }

    /// Forgets the constants that were asked for later, and where others were placed later.
    pub(crate) fn truncate(&mut self, extent: Extent) {
        while self.constants.len() > extent.constants {
            self.forget_last();
        }
        while self.waiting.pop_if(|index| *index as usize >= extent.constants).is_some() {}
        let waiting = self.waiting.len();
        for index in self.placed.drain(extent.placed..) {
            if let Some(constant) = self.constants.get_mut(index as usize) {
                constant.place = None;
                self.waiting.push(index);
            }
        }
        if self.waiting.len() > waiting {
            self.waiting.sort_unstable();
        }
    }

    fn forget_last(&mut self) {
        let Some(content) = self.constants.last().map(|constant| &constant.content) else { return };
        let at = self.find(content);
        if let (Ok(at), Some(Constant { copy_of, .. })) = (at, self.constants.pop()) {
            match copy_of {
                Some(copy) => self.sorted[at] = copy,
                None => drop(self.sorted.remove(at)),
            }
        }
    }

    /// The bytes of those that are not placed yet, at most.
    fn most_bytes(&self) -> usize {
        let waiting = self.waiting.iter().map(|&index| &self.constants[index as usize]);
        waiting.map(|constant| constant.content.len() + constant.align.bytes() as usize).sum()
    }

    /// The place of `content` in `sorted`, or where it belongs.
    fn find(&self, content: &Content) -> Result<usize, usize> {
        self.sorted.binary_search_by(|&index| self.constants[index as usize].content.cmp(content))
    }
}

macro_rules! scalars {
    ($($name:ident $ty:ident $bytes:literal)*) => {$(
        #[doc = concat!("The label of a constant of ", $bytes, " bytes, aligned to its size.")]
        pub fn $name(&mut self, value: $ty) -> Label {
            self.pooled(Content::Bytes(value.to_le_bytes().into_iter().collect()), Align::of::<$bytes>())
        }
    )*};
}

impl<I: sealed::Isa> Encoder<'_, I> {
    /// The label of a constant of up to 64 bytes; `None` if it is longer.
    pub fn constant(&mut self, bytes: &[u8], align: Align) -> Option<Label> {
        let bytes = ArrayVec::try_from(bytes).ok()?;
        Some(self.pooled(Content::Bytes(bytes), align))
    }

    scalars! {
        constant_u32 u32 4
        constant_u64 u64 8
        constant_u128 u128 16
        constant_f32 f32 4
        constant_f64 f64 8
    }

    /// The label of eight bytes that hold the address of `target`, for a jump or call of any distance: `call [rip + label]`, `ldr x16, label`.
    pub fn constant_address(&mut self, target: impl Into<Target>) -> Label {
        self.pooled(Content::Address(target.into()), Align::of::<8>())
    }

    fn pooled(&mut self, content: Content, align: Align) -> Label {
        let here = self.pos();
        // Inside a block it is not known how far away that is.
        let knows = self.references.depth() == 0;
        let in_reach =
            |pos: Pos| I::POOL_REACH == u32::MAX || knows && here.from_end().abs_diff(pos.from_end()) <= I::POOL_REACH;
        let found = self.references.pool.find(&content);
        if let Ok(at) = found {
            let pool = &mut self.references.pool;
            let constant = &mut pool.constants[pool.sorted[at] as usize];
            let is_usable = match constant.place {
                None => {
                    constant.align = constant.align.max(align);
                    true
                }
                Some(pos) => in_reach(pos) && align.gap(pos.from_end() as usize) == 0,
            };
            if is_usable {
                return constant.label;
            }
        }
        let label = self.label();
        let pool = &mut self.references.pool;
        let index = pool.constants.len() as u32;
        let copy_of = match found {
            Ok(at) => Some(core::mem::replace(&mut pool.sorted[at], index)),
            Err(at) => {
                pool.sorted.insert(at, index);
                None
            }
        };
        pool.constants.push(Constant { content, align, label, place: None, copy_of });
        pool.waiting.push(index);
        label
    }

    /// Places the constants that are not placed yet, below what was placed before. Code must not run into them.
    ///
    /// Inside a block this is a mistake that [`finish`](Self::finish) reports.
    pub fn place_pool(&mut self) {
        if self.references.depth() > 0 {
            return self.references.fail(FinishError::PoolInBlock);
        }
        let bytes = self.references.pool.most_bytes();
        I::before_data(self, bytes);
        // The strictest alignment first: then the others fit without gaps, mostly.
        let Pool { constants, waiting, .. } = &mut self.references.pool;
        waiting.sort_unstable_by_key(|&index| (Reverse(constants[index as usize].align), index));
        let mut waiting = core::mem::take(waiting);
        for index in waiting.drain(..) {
            self.place_constant(index);
        }
        self.references.pool.waiting = waiting;
        I::after_data(self, bytes);
        // Code may follow.
        self.align(I::CODE_ALIGN);
    }

    fn place_constant(&mut self, index: u32) {
        let Constant { content, align, label, .. } = &self.references.pool.constants[index as usize];
        let (content, align, label) = (content.clone(), *align, *label);
        let gap = align.gap(self.cursor.placed() + content.len());
        self.references.align(align.bytes());
        self.cursor.place_zeros(gap);
        match content {
            Content::Bytes(bytes) => self.cursor.place_bytes(&bytes),
            Content::Address(target) => self.place_field([0; 8], I::ADDRESS64, target),
        }
        self.bind(label);
        let pos = self.pos();
        let pool = &mut self.references.pool;
        pool.constants[index as usize].place = Some(pos);
        pool.placed.push(index);
    }
}
