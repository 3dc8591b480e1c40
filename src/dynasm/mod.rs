//! Blocks that dynasm-rs fills: existing `dynasm!` code in a reverse code generator.
//!
//! A code generator written for [dynasm-rs](https://docs.rs/dynasm) emits forward. To turn it around, it need not be
//! written again: a [`Block`] is a target for `dynasm!`, as dynasm-rs's own assemblers are, and
//! [`Encoder::place`](crate::Encoder::place) places it whole below the code placed before. So the code of *one* IR
//! instruction stays as it is, in forward order, while IR instructions are visited from the last to the first.
//!
//! ```text
//!   dynasm!(block; test; jz; dec)        block  | test  jz  dec |
//!                                                     v  enc.place(&mut block)
//!                          +---------+---------------+----------------+
//!                          |  free   | test  jz  dec |      code      |
//!                          +---------+---------------+----------------+
//! ```
//!
//! # Moving a code generator over
//!
//! 1. Let the functions that emit take any `DynasmLabelApi` with the instruction set's relocations, if they take an
//!    assembler by name. Their bodies stay.
//! 2. Call them from the last to the first, each on the block, and place the block after each. One block serves for
//!    all: placing empties it.
//! 3. Labels that cross the border of a block become labels of the encoder, which the block [shares](Block::share).
//!    Those that do not, stay.
//! 4. Replace pieces by the encoder's functions, one at a time, as there is time.
//!
//! ```
//! use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, dynasm, x64::X64Relocation};
//! use tailfirst::{dynasm::X64Block, x64::*};
//!
//! // Pieces of the old code generator; only their parameter's type has changed.
//! fn guard(ops: &mut impl DynasmLabelApi<Relocation = X64Relocation>, exit: DynamicLabel) {
//!     dynasm!(ops
//!         ; .arch x64
//!         ; xor eax, eax
//!         ; test rdi, rdi
//!         ; jz =>exit
//!     );
//! }
//!
//! fn count_bits(ops: &mut impl DynasmLabelApi<Relocation = X64Relocation>) {
//!     dynasm!(ops
//!         ; .arch x64
//!         ; next:
//!         ; inc eax
//!         ; lea rcx, [rdi - 1]
//!         ; and rdi, rcx
//!         ; jnz <next
//!     );
//! }
//!
//! let mut enc = Encoder::new();
//! let mut block = X64Block::new();
//!
//! enc.ret(); // a piece that has moved over
//! let exit = enc.here();
//! count_bits(&mut block);
//! enc.place(&mut block)?;
//! let dynamic = block.share(exit);
//! guard(&mut block, dynamic);
//! enc.place(&mut block)?;
//!
//! let code = enc.finish()?;
//! assert_eq!(code.bytes()[5..11], [0x0F, 0x84, 15, 0, 0, 0]); // jz to the ret
//! assert_eq!(code.bytes()[20..], [0x0F, 0x85, 0xF1, 0xFF, 0xFF, 0xFF, 0xC3]); // jnz -15; ret
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Labels
//!
//! Local labels (`name:`) belong to the block's present content. So do global (`->name:`) and dynamic ones
//! (`=>label:`), unless they are shared with the encoder: then the block's code may refer to a label that the encoder
//! binds, and the encoder's code to one that the block places. What is shared stays shared when the block is emptied,
//! so that many blocks can refer to one exit.
//!
//! ```
//! # use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};
//! # use tailfirst::{dynasm::A64Block, aarch64::*};
//! let mut enc = Encoder::new();
//! let mut block = A64Block::new();
//! let head = enc.label();
//! enc.cbnz_x(X1, head); // into the block
//! block.share_global("head", head);
//! dynasm!(block
//!     ; .arch aarch64
//!     ; ->head:
//!     ; sub x1, x1, 1
//! );
//! enc.place(&mut block)?;
//! assert_eq!(enc.finish()?.offset_of(head), Some(0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! References inside the block are resolved by `place`. Those that leave it have the size that `dynasm!` gave them, and
//! become the encoder's: resolved at once if the label is bound, else by `finish`. On AArch64 conditional branches that
//! do not reach are led on by islands, as the encoder's own are, and these lie above and below blocks, never inside. An
//! address (`call extern f`) becomes a [`Symbol`], which the code is [linked](crate::Code::link) with, since where the
//! call will lie is not known yet. A label's own address (`mov rax, QWORD =>label`, `.abs64 =>label`) and ADRP leave as
//! relocations, too. What cannot be resolved is a [`PlaceError`].
//!
//! dynasm-rs checks some operands only at run time, and panics if they do not fit (`DynasmApi::runtime_error`); that is
//! so with blocks, too.
//!
//! # Why not `dynasm_backwards!`
//!
//! dynasm-rs has a macro that reverses the order of what it pushes, meant for an assembler as this one is. But it first
//! makes single pushes of statements, some of a whole two-byte opcode, reverses these, and then joins neighbouring
//! constants into one slice. Such a slice may hold bytes in reversed order next to an opcode in its own order, and
//! nothing tells them apart: no way to take the slice gives back both `add` and `imul`. So on x86-64 it cannot be
//! served, by any target.

#[cfg(feature = "aarch64")]
mod aarch64;
mod dialect;
mod error;
mod place;
#[cfg(feature = "x64")]
mod x64;

#[cfg(feature = "aarch64")]
pub use aarch64::A64Block;
pub use error::{PlaceError, Unsupported};
#[cfg(feature = "x64")]
pub use x64::X64Block;

use crate::{Align, Label, Symbol};
use alloc::{collections::BTreeMap, vec::Vec};
use dialect::Dialect;
use dynasmrt::{
    AssemblyOffset, DynamicLabel, DynasmApi, DynasmLabelApi, LabelKind, TargetKind,
    components::{LabelRegistry, StaticLabel},
    relocations::Relocation,
};
use place::Open;

/// Code in forward order, pushed by `dynasm!`, to be [placed](crate::Encoder::place) by an encoder.
///
/// Use the names [`X64Block`] and [`A64Block`].
pub struct Block<I: Dialect> {
    bytes: Vec<u8>,
    references: Vec<Reference<I::Relocation>>,
    /// Local and global labels placed in the block.
    names: LabelRegistry,
    /// Global and dynamic labels placed in the block, with their offsets.
    placed: Vec<(LabelKind, usize)>,
    /// Hands out dynamic labels; their places are in `dynamics`, since a registry cannot forget one.
    numbers: LabelRegistry,
    dynamics: Vec<Dynamic>,
    /// Global labels that are the encoder's.
    globals: BTreeMap<&'static str, Label>,
    symbols: BTreeMap<usize, Symbol>,
    /// The strictest alignment asked for.
    align: Align,
    /// The first mistake.
    fault: Option<PlaceError>,
    /// Scratch for `place`, kept for its memory.
    open: Vec<Open<I::Field>>,
}

/// A dynamic label.
struct Dynamic {
    shared: Option<Label>,
    /// The offset in the block, if it is placed there.
    placed: Option<usize>,
}

/// A relocation; places are offsets in the block.
struct Reference<R> {
    target: Place,
    /// The field's start.
    at: usize,
    /// Where distances are measured from.
    from: usize,
    /// What is added to the target.
    offset: isize,
    relocation: R,
}

/// What a reference is to.
#[derive(Clone, Copy)]
enum Place {
    Label(LabelRef),
    Value(usize),
}

/// A label as it is referred to: which of the local ones of a name is known.
#[derive(Clone, Copy)]
enum LabelRef {
    Name(StaticLabel),
    Dynamic(DynamicLabel),
}

impl LabelRef {
    fn kind(self) -> LabelKind {
        match self {
            LabelRef::Name(name) if name.is_local() => LabelKind::Local(name.get_name()),
            LabelRef::Name(name) => LabelKind::Global(name.get_name()),
            LabelRef::Dynamic(label) => LabelKind::Dynamic(label),
        }
    }
}

impl Place {
    fn kind(self) -> TargetKind {
        match self {
            Place::Label(label) => match label.kind() {
                LabelKind::Local(name) => TargetKind::Local(name),
                LabelKind::Global(name) => TargetKind::Global(name),
                LabelKind::Dynamic(label) => TargetKind::Dynamic(label),
            },
            Place::Value(value) => TargetKind::Value(value),
        }
    }
}

impl<I: Dialect> Default for Block<I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Dialect> Block<I> {
    /// An empty block.
    pub fn new() -> Self {
        Block {
            bytes: Vec::new(),
            references: Vec::new(),
            names: LabelRegistry::new(),
            placed: Vec::new(),
            numbers: LabelRegistry::new(),
            dynamics: Vec::new(),
            globals: BTreeMap::new(),
            symbols: BTreeMap::new(),
            align: Align::of::<1>(),
            fault: None,
            open: Vec::new(),
        }
    }

    /// A new dynamic label, to be placed and referred to in the block's present content only.
    pub fn new_dynamic_label(&mut self) -> DynamicLabel {
        self.dynamics.push(Dynamic { shared: None, placed: None });
        self.numbers.new_dynamic_label()
    }

    /// A new dynamic label that stands for a label of the encoder: `dynasm!` code may refer to it, and place it if the
    /// encoder does not bind it.
    ///
    /// Binding a label twice, wherever, is a mistake that [`Encoder::finish`](crate::Encoder::finish) reports.
    pub fn share(&mut self, label: Label) -> DynamicLabel {
        self.dynamics.push(Dynamic { shared: Some(label), placed: None });
        self.numbers.new_dynamic_label()
    }

    /// Lets the global label `->name` stand for a label of the encoder, as [`share`](Self::share) does; the latest call
    /// for a name counts.
    pub fn share_global(&mut self, name: &'static str, label: Label) {
        self.globals.insert(name, label);
    }

    /// Lets an address, as in `call extern address`, stand for a symbol, whose address is given again when the code is
    /// [linked](crate::Code::link); the latest call for an address counts.
    pub fn share_symbol(&mut self, address: usize, symbol: Symbol) {
        self.symbols.insert(address, symbol);
    }

    /// Forgets everything, for new code in an encoder that is new or [cleared](crate::Encoder::clear). Dynamic labels
    /// made so far become invalid.
    pub fn clear(&mut self) {
        self.empty();
        self.numbers.clear();
        self.dynamics.clear();
        self.globals.clear();
        self.symbols.clear();
    }

    /// Forgets the content, and keeps what is shared.
    fn empty(&mut self) {
        for (label, _) in self.placed.drain(..) {
            if let LabelKind::Dynamic(label) = label
                && let Some(dynamic) = self.dynamics.get_mut(label.get_id())
            {
                dynamic.placed = None;
            }
        }
        self.bytes.clear();
        self.references.clear();
        self.names.clear();
        self.align = Align::of::<1>();
        self.fault = None;
        self.open.clear();
    }

    /// Notes a mistake for `place`, unless there is one already.
    fn fail(&mut self, fault: PlaceError) {
        self.fault.get_or_insert(fault);
    }

    fn refer(&mut self, target: Place, offset: isize, field_offset: u8, ref_offset: u8, relocation: I::Relocation) {
        let at = self.bytes.len();
        let start = at.checked_sub(field_offset.into()).filter(|start| start + relocation.size() <= at);
        match (start, at.checked_sub(ref_offset.into())) {
            (Some(at), Some(from)) => self.references.push(Reference { target, at, from, offset, relocation }),
            _ => self.fail(PlaceError::FieldOutside { at, field_offset, ref_offset }),
        }
    }
}

impl<I: Dialect> Extend<u8> for Block<I> {
    fn extend<T: IntoIterator<Item = u8>>(&mut self, bytes: T) {
        self.bytes.extend(bytes);
    }
}

impl<'a, I: Dialect> Extend<&'a u8> for Block<I> {
    fn extend<T: IntoIterator<Item = &'a u8>>(&mut self, bytes: T) {
        self.bytes.extend(bytes);
    }
}

macro_rules! push_numbers {
    ($($name:ident $ty:ident)*) => {$(
        #[inline]
        fn $name(&mut self, value: $ty) {
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
    )*};
}

impl<I: Dialect> DynasmApi for Block<I> {
    fn offset(&self) -> AssemblyOffset {
        AssemblyOffset(self.bytes.len())
    }

    #[inline]
    fn push(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Counts from the block's start, which is aligned when the block is placed: what is behind the block then begins
    /// later, and instructions that do nothing are between.
    fn align(&mut self, alignment: usize, with: u8) {
        let at = self.bytes.len();
        match u32::try_from(alignment).ok().and_then(Align::new) {
            Some(align) => {
                self.bytes.resize(at + align.gap(at), with);
                self.align = self.align.max(align);
            }
            None => self.fail(PlaceError::BadAlign { alignment, at }),
        }
    }

    push_numbers! { push_i16 i16 push_i32 i32 push_i64 i64 push_u16 u16 push_u32 u32 push_u64 u64 }
}

impl<I: Dialect> DynasmLabelApi for Block<I> {
    type Relocation = I::Relocation;

    fn local_label(&mut self, name: &'static str) {
        let offset = self.offset();
        self.names.define_local(name, offset);
    }

    fn global_label(&mut self, name: &'static str) {
        let (label, offset) = (LabelKind::Global(name), self.offset());
        match self.names.define_global(name, offset) {
            Ok(()) => self.placed.push((label, offset.0)),
            Err(_) => self.fail(PlaceError::DuplicateLabel { label, at: offset.0 }),
        }
    }

    fn dynamic_label(&mut self, label: DynamicLabel) {
        let at = self.bytes.len();
        match self.dynamics.get_mut(label.get_id()) {
            Some(Dynamic { placed: placed @ None, .. }) => {
                *placed = Some(at);
                self.placed.push((LabelKind::Dynamic(label), at));
            }
            Some(_) => self.fail(PlaceError::DuplicateLabel { label: LabelKind::Dynamic(label), at }),
            None => self.fail(PlaceError::ForeignDynamicLabel { label, at }),
        }
    }

    fn forward_relocation(&mut self, name: &'static str, offset: isize, field: u8, origin: u8, kind: I::Relocation) {
        let label = self.names.place_local_reference(name).map_or(StaticLabel::first(name), StaticLabel::next);
        self.refer(Place::Label(LabelRef::Name(label)), offset, field, origin, kind);
    }

    fn backward_relocation(&mut self, name: &'static str, offset: isize, field: u8, origin: u8, kind: I::Relocation) {
        match self.names.place_local_reference(name) {
            Some(label) => self.refer(Place::Label(LabelRef::Name(label)), offset, field, origin, kind),
            None => {
                let at = self.bytes.len().saturating_sub(field.into());
                self.fail(PlaceError::UnknownLabel { label: LabelKind::Local(name), at });
            }
        }
    }

    fn global_relocation(&mut self, name: &'static str, offset: isize, field: u8, origin: u8, kind: I::Relocation) {
        self.refer(Place::Label(LabelRef::Name(StaticLabel::global(name))), offset, field, origin, kind);
    }

    fn dynamic_relocation(&mut self, label: DynamicLabel, offset: isize, field: u8, origin: u8, kind: I::Relocation) {
        self.refer(Place::Label(LabelRef::Dynamic(label)), offset, field, origin, kind);
    }

    fn value_relocation(&mut self, value: usize, field: u8, origin: u8, kind: I::Relocation) {
        self.refer(Place::Value(value), 0, field, origin, kind);
    }
}
