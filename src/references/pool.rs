//! The constants of an encoder, and where they are laid out.
//!
//! A constant has a label from the moment that it is asked for, and a place when it is laid out, together with all
//! others that wait. What is asked for several times is found by its content.

use super::{
    References,
    fixup::Field,
    label::{Label, Pos, Target},
};
use crate::{Align, direction::Grows, encoder::late::LateField, isa::sealed};
use alloc::vec::Vec;
use arrayvec::ArrayVec;
use core::{cmp::Reverse, num::NonZeroU32};

/// The longest constant, in bytes: a 512-bit vector.
const LONGEST: usize = 64;

/// Constants of one encoder, in the order in which they were asked for.
///
/// Those that wait are placed together; but a block places its own only.
pub(crate) struct Pool {
    constants: Vec<Constant>,
    /// The indices of those that have their places, in the order in which they got them.
    placed: Vec<u32>,
    /// Before this index none waits.
    waiting_from: usize,
    /// The bytes of those that wait, at most.
    waiting_bytes: usize,
    /// Constants that were asked for again with a stricter alignment, and their alignment before.
    raised: Vec<(u32, Align)>,
    /// Finds them by what they hold; of several copies the last one.
    by_content: Index,
    /// The bytes of the constants placed last, and their indices, kept for their memory.
    image: Vec<u8>,
    own: Vec<u32>,
}

/// How many constants there were, and how many of them placed, to go back to.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    constants: usize,
    placed: usize,
    raised: usize,
}

impl Extent {
    /// No constants.
    pub(crate) const NONE: Extent = Extent { constants: 0, placed: 0, raised: 0 };
}

struct Constant {
    content: Content,
    align: Align,
    label: Label,
    is_placed: bool,
    /// The copy before it, which lies too far away.
    copy_of: Option<u32>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Content {
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
    pub(super) const fn new() -> Self {
        Pool {
            constants: Vec::new(),
            placed: Vec::new(),
            waiting_from: 0,
            waiting_bytes: 0,
            raised: Vec::new(),
            by_content: Index::new(),
            image: Vec::new(),
            own: Vec::new(),
        }
    }

    pub(super) fn clear(&mut self) {
        let Pool { constants, placed, waiting_from, waiting_bytes, raised, by_content, image: _, own: _ } = self;
        constants.clear();
        placed.clear();
        *waiting_from = 0;
        *waiting_bytes = 0;
        raised.clear();
        by_content.clear();
    }

    /// The constants that wait and whose labels have at least this number, the strictest alignment first: then the
    /// others fit without gaps, mostly.
    fn waiting_since(&mut self, Label(first): Label) -> Vec<u32> {
        let mut waiting = core::mem::take(&mut self.own);
        let is_meant = |constant: &Constant| !constant.is_placed && constant.label.0 >= first;
        let all = self.waiting_from as u32..self.constants.len() as u32;
        waiting.extend(all.filter(|&index| is_meant(&self.constants[index as usize])));
        waiting.sort_unstable_by_key(|&index| (Reverse(self.constants[index as usize].align), index));
        waiting
    }

    pub(super) fn extent(&self) -> Extent {
        Extent { constants: self.constants.len(), placed: self.placed.len(), raised: self.raised.len() }
    }

    /// Forgets the constants that were asked for later, and that others were placed later.
    pub(super) fn truncate(&mut self, extent: Extent) {
        for index in self.placed.drain(extent.placed..) {
            let constant = &mut self.constants[index as usize];
            constant.is_placed = false;
            self.waiting_bytes += constant.most_bytes();
            self.waiting_from = self.waiting_from.min(index as usize);
        }
        for (index, align) in self.raised.drain(extent.raised..).rev() {
            let constant = &mut self.constants[index as usize];
            self.waiting_bytes -= (constant.align.bytes() - align.bytes()) as usize;
            constant.align = align;
        }
        while self.constants.len() > extent.constants {
            self.forget_last();
        }
    }

    /// Forgets a constant that waits.
    fn forget_last(&mut self) {
        let Some(constant) = self.constants.pop() else { return };
        self.waiting_bytes -= constant.most_bytes();
        self.by_content.forget_last(&constant, self.constants.len() as u32);
    }

    /// The bytes of those that are not placed yet, at most.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// Whether constants wait for their places.
    #[inline(always)]
    pub(crate) fn has_waiting(&self) -> bool {
        self.placed.len() < self.constants.len()
    }

    /// The constant with this label, if it is not placed yet.
    #[cfg(feature = "aarch64")]
    fn waiting(&self, label: Label) -> Option<&Constant> {
        // Labels are numbered in the order of time, as constants are.
        let at = self.constants.binary_search_by_key(&label, |constant| constant.label).ok()?;
        Some(&self.constants[at]).filter(|constant| !constant.is_placed)
    }

    /// Whether this is the label of a constant that is not placed yet.
    #[cfg(feature = "aarch64")]
    pub(crate) fn is_waiting(&self, label: Label) -> bool {
        self.waiting(label).is_some()
    }
}

/// A hash table of constants by their content, with linear probing.
///
/// It keeps its memory when it is emptied, and forgets in the reverse order of inserting. So forgetting just empties a
/// slot: whatever was inserted before has been put past it only if it was full then.
struct Index {
    /// A power of two, of which half are empty.
    slots: Vec<Option<Slot>>,
    used: usize,
}

/// A constant in the table. With its hash, so that others are not asked for their content, which is far away in memory.
#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    /// One more than the constant's index.
    number: NonZeroU32,
}

impl Slot {
    fn new(hash: u32, index: u32) -> Self {
        Slot { hash, number: NonZeroU32::MIN.saturating_add(index) }
    }

    fn index(self) -> u32 {
        self.number.get() - 1
    }
}

impl Index {
    const fn new() -> Self {
        Index { slots: Vec::new(), used: 0 }
    }

    fn clear(&mut self) {
        if self.used > 0 {
            self.slots.fill(None);
            self.used = 0;
        }
    }

    /// The slot with a content, for which `is_it` decides, or the empty one where it belongs. There is an empty slot.
    fn slot(&self, hash: u32, is_it: impl Fn(usize) -> bool) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while let Some(slot) = self.slots[at]
            && !(slot.hash == hash && is_it(slot.index() as usize))
        {
            at = (at + 1) & mask;
        }
        at
    }

    fn find(&self, content: &Content, constants: &[Constant]) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let at = self.slot(content.hash(), |index| constants[index].content == *content);
        self.slots[at].map(Slot::index)
    }

    /// Inserts the next constant, number `index`. Gives the one with the same content before it.
    fn insert(&mut self, content: &Content, index: u32, constants: &[Constant]) -> Option<u32> {
        if 2 * (self.used + 1) > self.slots.len() {
            let len = (2 * self.slots.len()).max(16);
            self.clear();
            self.slots.resize(len, None);
            for (index, constant) in constants.iter().enumerate() {
                self.put(&constant.content, index as u32, constants);
            }
        }
        self.put(content, index, constants)
    }

    fn put(&mut self, content: &Content, index: u32, constants: &[Constant]) -> Option<u32> {
        let hash = content.hash();
        let at = self.slot(hash, |index| constants[index].content == *content);
        let before = self.slots[at].replace(Slot::new(hash, index));
        self.used += usize::from(before.is_none());
        before.map(Slot::index)
    }

    /// Forgets the constant inserted last, number `index`.
    fn forget_last(&mut self, constant: &Constant, index: u32) {
        let at = self.slot(constant.content.hash(), |other| other as u32 == index);
        self.slots[at] = constant.copy_of.map(|copy| Slot::new(constant.content.hash(), copy));
        self.used -= usize::from(constant.copy_of.is_none());
    }
}

impl Content {
    /// Spreads contents that differ in a few bits.
    fn hash(&self) -> u32 {
        let mix = |hash: u64, word: u64| {
            let product = u128::from(hash ^ word ^ 0xF39C_C060_5CED_C835) * 0x9E37_79B9_7F4A_7C15;
            (product as u64) ^ (product >> 64) as u64
        };
        let hash = match self {
            Content::Bytes(bytes) => bytes.chunks(8).fold(bytes.len() as u64 + 1, |hash, chunk| {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                mix(hash, u64::from_le_bytes(word))
            }),
            Content::Address(Target::Label(label)) => mix(0xA, label.0.into()),
            Content::Address(Target::Symbol(symbol)) => mix(0xB, symbol.0.into()),
        };
        hash as u32
    }
}

impl<F: Field, L: LateField> References<F, L> {
    /// Whether constants wait for their places.
    pub(crate) fn has_waiting_constants(&self) -> bool {
        self.pool().is_some_and(Pool::has_waiting)
    }

    /// The bytes of the constants that wait here, at most.
    pub(crate) fn waiting_bytes(&self) -> usize {
        let outside = self.parent.map_or(0, |parent| parent.waiting_bytes);
        self.pool().map_or(0, Pool::waiting_bytes).saturating_sub(outside)
    }

    /// The label of a constant that is there, and, where it is placed already, aligned and in reach.
    pub(crate) fn find_constant(
        &mut self,
        content: &Content,
        align: Align,
        in_reach: impl FnOnce(Option<Pos>) -> bool,
    ) -> Option<Label> {
        let pool = &mut self.common.as_mut()?.pool;
        let index = pool.by_content.find(content, &pool.constants)? as usize;
        let constant = &mut pool.constants[index];
        let label = constant.label;
        if !constant.is_placed {
            if align > constant.align {
                pool.raised.push((index as u32, constant.align));
                pool.waiting_bytes += (align.bytes() - constant.align.bytes()) as usize;
                constant.align = align;
            }
            return Some(label);
        }
        (align <= constant.align && in_reach(self.pos_of(label))).then_some(label)
    }

    /// Adds a constant with a new label. Gives the bytes of those that wait, at most.
    pub(crate) fn add_constant(&mut self, content: Content, align: Align, label: Label) -> usize {
        let pool = &mut self.common().pool;
        let index = pool.constants.len() as u32;
        let copy_of = pool.by_content.insert(&content, index, &pool.constants);
        let constant = Constant { content, align, label, is_placed: false, copy_of };
        pool.waiting_bytes += constant.most_bytes();
        pool.constants.push(constant);
        self.waiting_bytes()
    }

    /// Gives the constants that wait their places behind `placed` bytes, and returns the bytes to be placed there, up
    /// to where code may follow.
    pub(crate) fn lay_out_pool<I: sealed::Isa<Field = F, LateField = L>>(&mut self, placed: usize) -> Vec<u8> {
        let Some(mut common) = self.common.take() else { return Vec::new() };
        let (grows, pool) = (self.grows, &mut common.pool);
        // What waits outside of a block is counted, too.
        let most = pool.waiting_bytes + I::CODE_ALIGN.bytes() as usize;
        let mut image = Image::new(grows, placed, most, core::mem::take(&mut pool.image));
        let first = if self.shares_common() { self.first } else { 0 };
        // In a block, what is asked for outside goes on waiting.
        let mut own = pool.waiting_since(Label(first));
        let places_any = !own.is_empty();
        for index in own.drain(..) {
            let constant = &mut pool.constants[index as usize];
            constant.is_placed = true;
            pool.placed.push(index);
            pool.waiting_bytes -= constant.most_bytes();
            let (earlier, later) = image.place(constant.align, &constant.content);
            let start = grows.lower(earlier, later);
            if let Content::Address(target) = constant.content {
                self.pend(I::Field::ORIGIN.of(grows, earlier, later), I::ADDRESS64, target);
            }
            self.bind(constant.label, start);
            self.align(constant.align.bytes());
        }
        pool.own = own;
        while pool.constants.get(pool.waiting_from).is_some_and(|constant| constant.is_placed) {
            pool.waiting_from += 1;
        }
        if places_any {
            image.gap(I::CODE_ALIGN, 0);
            self.align(I::CODE_ALIGN.bytes());
        }
        self.note_data(Pos::at(placed as u32), image.pos());
        self.common = Some(common);
        image.into_bytes()
    }

    /// In a block: makes copies of the surrounding code's constants that wait and are referred to here, by `is_load`,
    /// since that code may not reach them where they are placed in the block.
    #[cfg(feature = "aarch64")]
    pub(crate) fn copy_outer_constants(&mut self, is_load: impl Fn(F) -> bool) {
        if !self.shares_common() {
            return;
        }
        let mut copies: Vec<(Label, Label)> = Vec::new();
        for index in 0..self.fixups.len() {
            let super::fixup::Fixup { label, field, .. } = self.fixups[index];
            if label.0 >= self.first || !is_load(field) {
                continue;
            }
            let copy = match copies.binary_search_by_key(&label, |copy| copy.0) {
                Ok(at) => copies[at].1,
                Err(at) => {
                    let waiting = self.pool().and_then(|pool| pool.waiting(label));
                    let Some((content, align)) = waiting.map(|constant| (constant.content.clone(), constant.align))
                    else {
                        continue;
                    };
                    let copy = self.new_label(None);
                    self.add_constant(content, align, copy);
                    copies.insert(at, (label, copy));
                    copy
                }
            };
            self.fixups[index].label = copy;
            self.deadlines.copied.push((index, label));
        }
    }

    /// Keeps what [`lay_out_pool`](Self::lay_out_pool) gave, for its memory.
    pub(crate) fn keep_image(&mut self, image: Vec<u8>) {
        self.common().pool.image = image;
    }
}

/// Constants behind `placed` bytes. They grow as code does.
struct Image {
    grows: Grows,
    placed: usize,
    /// With zeros where no constant is.
    bytes: Vec<u8>,
    /// How many bytes there are, from the base.
    len: usize,
}

impl Image {
    /// An empty one with room for `most` bytes, in the memory of `bytes`.
    fn new(grows: Grows, placed: usize, most: usize, mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        bytes.resize(most, 0);
        Image { grows, placed, bytes, len: 0 }
    }

    /// Leaves a gap, for what has `len` bytes and comes next to begin at a multiple of `align`.
    fn gap(&mut self, align: Align, len: usize) {
        self.len += align.gap_before(self.grows, self.placed + self.len, len);
    }

    /// Places a constant; gives the positions before and behind it.
    fn place(&mut self, align: Align, content: &Content) -> (Pos, Pos) {
        self.gap(align, content.len());
        let earlier = self.len;
        self.len += content.len();
        // An address is zeros, for a fixup or a relocation.
        if let Content::Bytes(bytes) = content {
            let start = match self.grows {
                Grows::Down => self.bytes.len() - self.len,
                Grows::Up => earlier,
            };
            self.bytes[start..][..bytes.len()].copy_from_slice(bytes);
        }
        (Pos::at((self.placed + earlier) as u32), self.pos())
    }

    fn pos(&self) -> Pos {
        Pos::at((self.placed + self.len) as u32)
    }

    fn into_bytes(mut self) -> Vec<u8> {
        match self.grows {
            Grows::Down => drop(self.bytes.drain(..self.bytes.len() - self.len)),
            Grows::Up => self.bytes.truncate(self.len),
        }
        self.bytes
    }
}
