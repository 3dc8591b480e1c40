//! Marks: which part of the source a piece of code came from.
//!
//! A debugger, a profiler and a crash report all start from an address and want to know what it belongs to. The code
//! generator knows while it emits: when it has placed the code of an IR instruction, the place is `enc.here()`, and a
//! mark says that from there *upward* the code belongs to that instruction, until the next mark. Marks are a struct
//! beside the encoder; the encoder knows nothing of them, and who keeps none pays nothing.
//!
//! Places are labels, so marks survive what moves code before it is finished. With the finished code they become a
//! [`LineTable`]: rows that ascend, do not overlap, and are found by binary search.

use crate::{Isa, code::Code, references::label::Label};
use alloc::vec::Vec;
use core::ops::Range;

/// Notes, for code of one encoder, what it belongs to. `T` is the user's: an index into the IR, a position in the
/// source.
///
/// ```
/// use tailfirst::{Marks, x64::*};
///
/// let mut enc = Encoder::new();
/// let mut marks = Marks::new();
/// enc.ret();
/// marks.mark(enc.here(), "line 2");  // the ret, and what lies above
/// enc.add_rm64_r64(RAX, RSI);
/// enc.mov_rm64_r64(RAX, RDI);
/// marks.mark(enc.here(), "line 1");  // from the mov up to the ret
/// let code = enc.finish()?;
///
/// let lines = marks.table(&code);
/// let rows: Vec<_> = lines.rows().iter().map(|row| (row.offsets.clone(), row.what)).collect();
/// assert_eq!(rows, [(0..6, "line 1"), (6..7, "line 2")]);
/// assert_eq!(lines.at(3).unwrap().what, "line 1");
/// # Ok::<(), tailfirst::FinishError>(())
/// ```
///
/// # Marks that have no code
///
/// Of two marks at one place, the code above it belongs to the one that was given first: whatever led to the later one
/// has emitted nothing. In code that grows up it belongs to the one that was given last. What counts is how the code as
/// a whole grows, also of marks given in a block. A mark whose label has no place in the finished code (pending, or of
/// code that was thrown away) is left out, and so is a mark at the code's end. Code below the lowest mark belongs to
/// nothing.
#[derive(Debug, Clone)]
pub struct Marks<T> {
    marks: Vec<(Label, T)>,
}

impl<T> Default for Marks<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Marks<T> {
    /// No marks.
    pub const fn new() -> Self {
        Marks { marks: Vec::new() }
    }

    /// Says that the code from `from` upward belongs to `what`, until the next mark. Marks may be given in any order.
    /// Those whose label is pending when the code is finished are left out: of code that a
    /// [rollback](crate::Encoder::rollback) dropped.
    pub fn mark(&mut self, from: Label, what: T) {
        self.marks.push((from, what));
    }

    /// Forgets all marks and keeps their memory: for the next code of an encoder that was
    /// [cleared](crate::Encoder::clear).
    pub fn clear(&mut self) {
        self.marks.clear();
    }
}

impl<T: Clone> Marks<T> {
    /// The marks of `code`, which is the finished code of the encoder that made the labels.
    pub fn table<I: Isa>(&self, code: &Code<'_, I>) -> LineTable<T> {
        let end = code.bytes().len();
        let mut starts = code.in_layout_order(self.marks.iter().map(|(from, what)| (*from, what)));
        // Of those at one place, code is behind the last one.
        starts.reverse();
        starts.dedup_by_key(|(start, _)| *start);
        starts.reverse();
        starts.retain(|(start, _)| *start < end);
        let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([end]);
        let rows =
            starts.iter().zip(ends).map(|((start, what), end)| Row { offsets: *start..end, what: (*what).clone() });
        LineTable { rows: rows.collect() }
    }
}

/// What code belongs to, by its offset. Made by [`Marks::table`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineTable<T> {
    // Invariant(ascending): each row has at least one byte, and ends where the next begins.
    rows: Vec<Row<T>>,
}

/// A piece of code that belongs to one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<T> {
    /// The piece, in bytes from the start of the code. Not empty.
    pub offsets: Range<usize>,
    /// What it belongs to.
    pub what: T,
}

impl<T> LineTable<T> {
    /// The rows, lowest offset first. They follow each other without gaps, and the last ends where the code does.
    pub fn rows(&self) -> &[Row<T>] {
        &self.rows
    }

    /// The row that holds the byte at `offset` from the start of the code; `None` below the first mark and beyond the
    /// code.
    ///
    /// A return address is the offset *behind* a call. To find what the call belongs to, ask for the byte before.
    pub fn at(&self, offset: usize) -> Option<&Row<T>> {
        let row = self.rows.get(self.rows.partition_point(|row| row.offsets.end <= offset))?;
        row.offsets.contains(&offset).then_some(row)
    }

    /// The rows of a part of the code, such as one function of several, as if the code were that part alone.
    pub fn part(&self, offsets: Range<usize>) -> LineTable<T>
    where
        T: Clone,
    {
        let within = |row: &Row<T>| row.offsets.start.max(offsets.start)..row.offsets.end.min(offsets.end);
        let rows = self.rows.iter().map(|row| (within(row), row)).filter(|(within, _)| !within.is_empty());
        let moved = rows.map(|(within, row)| Row {
            offsets: within.start - offsets.start..within.end - offsets.start,
            what: row.what.clone(),
        });
        LineTable { rows: moved.collect() }
    }

    /// The same pieces, with what `f` makes of each. For a table of IR indices it gives one of source lines, say.
    pub fn map<U>(&self, mut f: impl FnMut(&T) -> U) -> LineTable<U> {
        let rows = self.rows.iter().map(|row| Row { offsets: row.offsets.clone(), what: f(&row.what) });
        LineTable { rows: rows.collect() }
    }
}
