//! The constant pool.
//!
//! Constants that no immediate holds lie in memory beside the code. The pool gives each a label at once, keeps one copy of
//! what is asked for several times, and is placed below everything by [`finish`](Encoder::finish), or wherever [`place_pool`](Encoder::place_pool) is called. So
//! with a pool the entry is not the code's lowest byte: give it a label.
//!
//! On AArch64, where loads reach 1 MiB, the constants that wait are also placed in the middle of the code when the first load of one would not reach farther, with a
//! branch over them; for who asks again farther away they are placed again.
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

use crate::{
    Align, Encoder, FinishError, Label, Pos, Target,
    fixup::{Field, sealed},
    late::LateField,
    references::References,
};
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
    /// The bytes of these, at most.
    waiting_bytes: usize,
    /// The indices of those that are placed, in the order in which they were.
    placed: Vec<u32>,
    /// The bytes of the constants placed last, kept for their memory.
    image: Vec<u8>,
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

impl Constant {
    /// Its bytes and the gap beside them, at most.
    fn most_bytes(&self) -> usize {
        self.content.len() + self.align.bytes() as usize
    }
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
        Pool {
            constants: Vec::new(),
            sorted: Vec::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            placed: Vec::new(),
            image: Vec::new(),
        }
    }

    pub(crate) fn clear(&mut self) {
        let Pool { constants, sorted, waiting, waiting_bytes, placed, image: _ } = self;
        constants.clear();
        sorted.clear();
        waiting.clear();
        *waiting_bytes = 0;
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
        let waiting = self.waiting.len();
        for index in self.placed.drain(extent.placed..) {
            if let Some(constant) = self.constants.get_mut(index as usize) {
                constant.place = None;
                self.waiting_bytes += constant.most_bytes();
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
        let Some(constant) = self.constants.pop() else { return };
        // The last one to be asked for is the last one that waits.
        if self.waiting.pop_if(|index| *index as usize == self.constants.len()).is_some() {
            self.waiting_bytes -= constant.most_bytes();
        }
        match (at, constant.copy_of) {
            (Ok(at), Some(copy)) => self.sorted[at] = copy,
            (Ok(at), None) => drop(self.sorted.remove(at)),
            (Err(_), _) => {}
        }
    }

    /// The bytes of those that are not placed yet, at most.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// Keeps what [`lay_out_pool`](References::lay_out_pool) gave, for its memory.
    pub(crate) fn keep(&mut self, image: Vec<u8>) {
        self.image = image;
    }

    /// Brings the first `count` that wait in the order in which they are placed.
    fn order_waiting(&mut self, count: usize) {
        let Pool { constants, waiting, .. } = self;
        // The strictest alignment first: then the others fit without gaps, mostly.
        waiting[..count].sort_unstable_by_key(|&index| (Reverse(constants[index as usize].align), index));
    }

    /// Whether this is the label of a constant that is not placed yet.
    #[cfg(feature = "aarch64")]
    pub(crate) fn is_waiting(&self, label: Label) -> bool {
        // Labels are numbered in the order of time, as constants are.
        let at = self.constants.binary_search_by_key(&label, |constant| constant.label);
        at.is_ok_and(|at| self.constants[at].place.is_none())
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
                    let before = constant.most_bytes();
                    constant.align = constant.align.max(align);
                    pool.waiting_bytes += constant.most_bytes() - before;
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
        let constant = Constant { content, align, label, place: None, copy_of };
        pool.waiting_bytes += constant.most_bytes();
        pool.constants.push(constant);
        pool.waiting.push(index);
        let bytes = pool.waiting_bytes;
        I::constants_wait(self, bytes);
        label
    }

    /// Places the constants that are not placed yet, below what was placed before. Code must not run into them.
    ///
    /// Who does so between functions, once in 512 KiB or so, has no constants with a branch over them inside functions on AArch64.
    ///
    /// Inside a block this is a mistake that [`finish`](Self::finish) reports.
    pub fn place_pool(&mut self) {
        I::place_pool(self);
    }

    pub(crate) fn place_waiting_constants(&mut self) {
        if self.references.depth() > 0 {
            return self.references.fail(FinishError::PoolInBlock);
        }
        let bytes = self.references.pool.waiting_bytes();
        I::before_data(self, bytes);
        let address = |pos: Pos| (I::field_origin(pos, 8), I::ADDRESS64);
        let image = self.references.lay_out_pool(self.cursor.placed(), I::CODE_ALIGN, address);
        self.cursor.place_bytes(&image);
        self.references.pool.keep(image);
        I::after_data(self, bytes);
    }
}

impl<F: Field, L: LateField> References<F, L> {
    /// Gives the constants that wait their places below `placed` bytes, and returns the bytes to be placed there, down to where code may follow. `address` gives the
    /// field of an address, and where it is measured from, by the position of what is above it.
    pub(crate) fn lay_out_pool(&mut self, placed: usize, code: Align, address: impl Fn(Pos) -> (Pos, F)) -> Vec<u8> {
        // What a block asks for while it is out of the way goes on waiting.
        let known = self.pool.waiting.partition_point(|&index| self.knows(self.pool.constants[index as usize].label));
        self.pool.order_waiting(known);
        // From the last byte to the first.
        let mut image = core::mem::take(&mut self.pool.image);
        image.clear();
        let gap = |image: &mut Vec<u8>, align: Align, len: usize| {
            image.resize(image.len() + align.gap(placed + image.len() + len), 0);
        };
        let position = |image: &Vec<u8>| Pos::at((placed + image.len()) as u32);
        for at in 0..known {
            let index = self.pool.waiting[at];
            let Constant { content, align, label, .. } = &self.pool.constants[index as usize];
            let (align, label) = (*align, *label);
            gap(&mut image, align, content.len());
            match content {
                Content::Bytes(bytes) => image.extend(bytes.iter().rev()),
                &Content::Address(target) => {
                    let (from, field) = address(position(&image));
                    image.extend([0; 8]);
                    self.pend(from, field, target);
                }
            }
            let pos = position(&image);
            self.bind(label, pos);
            self.align(align.bytes());
            let constant = &mut self.pool.constants[index as usize];
            constant.place = Some(pos);
            self.pool.waiting_bytes -= constant.most_bytes();
        }
        gap(&mut image, code, 0);
        self.align(code.bytes());
        self.note_data(Pos::at(placed as u32), position(&image));
        let Pool { waiting, placed, .. } = &mut self.pool;
        placed.extend(waiting.drain(..known));
        image.reverse();
        image
    }
}
