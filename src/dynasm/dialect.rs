//! What dynasm-rs's two instruction sets do not have in common.

use crate::isa::sealed;
use dynasmrt::relocations::Relocation;

/// An instruction set for which there are blocks.
pub trait Dialect: sealed::Isa {
    /// dynasm-rs's relocations.
    type Relocation: Relocation;

    /// What a relocation fills. Its field is at index `at` of `code`, and begins so many bytes before the place that
    /// distances are measured from.
    fn shape(relocation: &Self::Relocation, before_origin: i64, code: &[u8], at: usize) -> Shape<Self::Field>;

    /// Where a field of data at this offset, of so many bytes, is measured from.
    fn data_origin(at: usize, size: usize) -> usize;

    /// The field of the branch that an island has for a branch with this field, if there are islands for it.
    fn island_field(field: Self::Field) -> Option<Self::Field>;
}

/// What a relocation fills.
#[derive(Debug, Clone, Copy)]
pub enum Shape<F> {
    /// A field that the encoder's fixups can fill, too.
    Field(F),
    /// A little-endian signed number.
    Number,
    /// Something else.
    Other,
}
