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

/// The longest constant, in bytes: a 512-bit vector.
const LONGEST: usize = 64;

/// Constants of one encoder, in the order in which they were asked for.
///
/// `// Invariant(placed):` the first `placed` of them have their places, and the others wait: at any time those that wait are placed together, but for the last ones,
/// which a block has asked for.
pub(crate) struct Pool {
    constants: Vec<Constant>,
    placed: usize,
    /// The bytes of those that wait, at most.
    waiting_bytes: usize,
    /// The indices of all, in the order of what they hold; of several copies the last one's.
    sorted: Vec<u32>,
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

#[derive(PartialEq, Eq, PartialOrd, Ord)]
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
        Pool { constants: Vec::new(), placed: 0, waiting_bytes: 0, sorted: Vec::new(), image: Vec::new() }
    }

    pub(crate) fn clear(&mut self) {
        let Pool { constants, placed, waiting_bytes, sorted, image: _ } = self;
        constants.clear();
        *placed = 0;
        *waiting_bytes = 0;
        sorted.clear();
    }

    pub(crate) fn is_placed(&self) -> bool {
        self.placed == self.constants.len()
    }

    pub(crate) fn extent(&self) -> Extent {
        Extent { constants: self.constants.len(), placed: self.placed }
    }

    /// Forgets the constants that were asked for later, and where others were placed later.
    pub(crate) fn truncate(&mut self, extent: Extent) {
        for constant in self.constants.iter_mut().take(self.placed).skip(extent.placed) {
            constant.place = None;
            self.waiting_bytes += constant.most_bytes();
        }
        self.placed = extent.placed;
        while self.constants.len() > extent.constants {
            self.forget_last();
        }
    }

    /// Forgets a constant that waits.
    fn forget_last(&mut self) {
        let Some(content) = self.constants.last().map(|constant| &constant.content) else { return };
        let at = self.find(content);
        let Some(constant) = self.constants.pop() else { return };
        self.waiting_bytes -= constant.most_bytes();
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

    /// Whether this is the label of a constant that is not placed yet.
    #[cfg(feature = "aarch64")]
    pub(crate) fn is_waiting(&self, label: Label) -> bool {
        // Labels are numbered in the order of time, as constants are.
        let at = self.constants.binary_search_by_key(&label, |constant| constant.label);
        at.is_ok_and(|at| at >= self.placed)
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
        let image = self.references.lay_out_pool::<I>(self.cursor.placed());
        self.cursor.place_bytes(&image);
        self.references.pool.keep(image);
        I::after_data(self, bytes);
    }
}

impl<F: Field, L: LateField> References<F, L> {
    /// Gives the constants that wait their places below `placed` bytes, and returns the bytes to be placed there, down to where code may follow.
    pub(crate) fn lay_out_pool<I: sealed::Isa<Field = F, LateField = L>>(&mut self, placed: usize) -> Vec<u8> {
        let most = self.pool.waiting_bytes + I::CODE_ALIGN.bytes() as usize;
        let mut image = Image::new(placed, most, core::mem::take(&mut self.pool.image));
        let waiting = &self.pool.constants[self.pool.placed..];
        // What a block asks for while it is out of the way goes on waiting.
        let known = waiting.partition_point(|constant| self.knows(constant.label));
        // Each is a power of two, and so a bit.
        let mut aligns = waiting[..known].iter().fold(0, |aligns, constant| aligns | constant.align.bytes());
        let known = self.pool.placed..self.pool.placed + known;
        // The strictest alignment first: then the others fit without gaps, mostly.
        while let Some(strictest) = aligns.checked_ilog2() {
            aligns ^= 1 << strictest;
            for index in known.clone() {
                let constant = &mut self.pool.constants[index];
                if constant.align.bytes().ilog2() != strictest {
                    continue;
                }
                let from = I::field_origin(image.gap(constant.align, constant.content.len()), 8);
                let pos = image.place(&constant.content);
                constant.place = Some(pos);
                self.pool.waiting_bytes -= constant.most_bytes();
                let label = constant.label;
                if let Content::Address(target) = constant.content {
                    self.pend(from, I::ADDRESS64, target);
                }
                self.bind(label, pos);
            }
            self.align(1 << strictest);
        }
        self.pool.placed = known.end;
        let end = image.gap(I::CODE_ALIGN, 0);
        self.align(I::CODE_ALIGN.bytes());
        self.note_data(Pos::at(placed as u32), end);
        image.into_bytes()
    }
}

/// Constants below `placed` bytes. As code does, they grow down.
struct Image {
    placed: usize,
    /// Zeros up to the constant placed last.
    bytes: Vec<u8>,
    /// The index of that.
    at: usize,
}

impl Image {
    /// An empty one with room for `most` bytes, in the memory of `bytes`.
    fn new(placed: usize, most: usize, mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        bytes.resize(most, 0);
        Image { placed, bytes, at: most }
    }

    /// Leaves a gap, for what has `len` bytes and comes next to be aligned. Gives the position that is reached, as `place` does.
    fn gap(&mut self, align: Align, len: usize) -> Pos {
        self.at -= align.gap(self.pos().from_end() as usize + len);
        self.pos()
    }

    fn place(&mut self, content: &Content) -> Pos {
        self.at -= content.len();
        // An address is zeros, for a fixup or a relocation.
        if let Content::Bytes(bytes) = content {
            self.bytes[self.at..][..bytes.len()].copy_from_slice(bytes);
        }
        self.pos()
    }

    fn pos(&self) -> Pos {
        Pos::at((self.placed + self.bytes.len() - self.at) as u32)
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.drain(..self.at);
        self.bytes
    }
}
