//! The constant pool.
//!
//! Constants that no immediate holds lie in memory beside the code. The pool gives each a label at once, keeps one copy
//! of what is asked for several times, and is placed below everything by [`finish`](Encoder::finish), or wherever
//! [`place_pool`](Encoder::place_pool) is called. So with a pool the entry is not the code's lowest byte: give it a
//! label.
//!
//! On AArch64, where loads reach 1 MiB, the constants that wait are also placed in the middle of the code when the
//! first load of one would not reach farther, with a branch over them; for who asks again farther away they are placed
//! again.
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

use crate::{Align, Direction, Encoder, IntoTarget, Isa, Label, references::pool::Content};
use arrayvec::ArrayVec;

macro_rules! scalars {
    ($($name:ident $ty:ident $bytes:literal)*) => {$(
        #[doc = concat!("The label of a constant of ", $bytes, " bytes, aligned to its size.")]
        pub fn $name(&mut self, value: $ty) -> Label {
            self.pooled(Content::Bytes(value.to_le_bytes().into_iter().collect()), Align::of::<$bytes>())
        }
    )*};
}

impl<I: Isa, D: Direction> Encoder<'_, I, D> {
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

    /// The label of eight bytes that hold the address of `target`, for a jump or call of any distance: `call [rip +
    /// label]`, `ldr x16, label`.
    pub fn constant_address(&mut self, target: impl IntoTarget) -> Label {
        self.pooled(Content::Address(target.into()), Align::of::<8>())
    }

    fn pooled(&mut self, content: Content, align: Align) -> Label {
        let here = self.pos();
        let is_near = |pos: crate::Pos| here.from_base().abs_diff(pos.from_base()) <= I::POOL_REACH;
        // Of what lies outside of a block it is not known how far away that is.
        let in_reach = |pos: Option<crate::Pos>| I::POOL_REACH == u32::MAX || pos.is_some_and(is_near);
        if let Some(label) = self.references.find_constant(&content, align, in_reach) {
            return label;
        }
        let label = self.label();
        let waiting = self.references.add_constant(content, align, label);
        I::constants_wait(self, waiting);
        label
    }

    /// Places the constants that are not placed yet, next to what was placed before. Code must not run into them.
    ///
    /// On AArch64, call this between functions at least every 512 KiB; otherwise pending constants are placed inside a
    /// function, behind a branch.
    pub fn place_pool(&mut self) {
        D::place_pool(self);
    }

    pub(crate) fn place_waiting_constants(&mut self) {
        self.settle();
        let bytes = self.references.waiting_bytes();
        I::before(self, bytes);
        let image = self.references.lay_out_pool::<I>(self.cursor.placed());
        self.cursor.place_bytes(&image);
        self.references.keep_image(image);
        self.settle();
    }
}
