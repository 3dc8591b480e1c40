//! Tables: references by index.
//!
//! Code reads a table's record for every access, so its elements may move when it grows. An element is a reference as
//! it is in a slot.

use std::cell::{RefCell, UnsafeCell};
use std::rc::Rc;

use wasmparser::{TableType, ValType};

use super::{Store, StoreMismatch};
use crate::abi::TableRecord;
use crate::value::Value;

/// The most elements that a table may have here; WebAssembly lets an implementation choose.
pub const MOST_ELEMENTS: u64 = 10_000_000;

/// A table of a store. Clones are the same table.
#[derive(Clone, Debug)]
pub struct Table {
    store: Store,
    state: Rc<TableState>,
}

/// What a store's tables and instances share.
#[derive(Debug)]
pub(super) struct TableState {
    elements: RefCell<Vec<u64>>,
    /// Where the elements are, for code.
    record: UnsafeCell<TableRecord>,
    ty: TableType,
}

/// A range of elements that is not in a table, or not in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfTable {
    /// The first element.
    pub index: u64,
    /// How many elements.
    pub length: u64,
    /// How many there are.
    pub size: u64,
}

impl std::fmt::Display for OutOfTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let OutOfTable { index, length, size } = self;
        write!(f, "{length} elements at {index} are not among {size}")
    }
}

impl std::error::Error for OutOfTable {}

/// Why a table did not take a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableError {
    /// There is no such element.
    OutOfTable(OutOfTable),
    /// The value is of another type than the table's elements.
    Type {
        /// The elements' type.
        expected: ValType,
        /// The value's.
        found: ValType,
    },
    /// The function is of another store.
    Store(StoreMismatch),
}

impl std::fmt::Display for TableError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TableError::OutOfTable(error) => error.fmt(f),
            TableError::Type { expected, found } => write!(f, "a table of {expected} takes no {found}"),
            TableError::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TableError {}

impl TableState {
    /// A table of a type's initial size, all null. `None` if there is no memory for that many elements.
    pub(super) fn new(ty: TableType) -> Option<TableState> {
        let record = UnsafeCell::new(TableRecord { elements: std::ptr::null_mut(), len: 0 });
        let table = TableState { elements: RefCell::default(), record, ty };
        table.grow(ty.initial, 0)?;
        Some(table)
    }

    pub(super) fn size(&self) -> u64 {
        self.elements.borrow().len() as u64
    }

    /// The size before, or `None` if the type, the limit or the system does not allow it.
    pub(super) fn grow(&self, by: u64, with: u64) -> Option<u64> {
        let before = self.size();
        let after = before.checked_add(by).filter(|&after| after <= self.ty.maximum.unwrap_or(u64::MAX))?;
        if after > MOST_ELEMENTS {
            return None;
        }
        let mut elements = self.elements.borrow_mut();
        elements.try_reserve_exact(by as usize).ok()?;
        elements.resize(after as usize, with);
        // SAFETY: nobody holds a reference to the record.
        unsafe { *self.record.get() = TableRecord { elements: elements.as_mut_ptr(), len: after } };
        Some(before)
    }

    pub(super) fn get(&self, index: u64) -> Option<u64> {
        self.elements.borrow().get(usize::try_from(index).ok()?).copied()
    }

    pub(super) fn fill(&self, index: u64, with: u64, length: u64) -> Result<(), OutOfTable> {
        let mut elements = self.elements.borrow_mut();
        let range = range(index, length, elements.len())?;
        elements[range].fill(with);
        Ok(())
    }

    pub(super) fn init(&self, index: u64, segment: &[u64], from: u64, length: u64) -> Result<(), OutOfTable> {
        let source = &segment[range(from, length, segment.len())?];
        let mut elements = self.elements.borrow_mut();
        let range = range(index, length, elements.len())?;
        elements[range].copy_from_slice(source);
        Ok(())
    }

    pub(super) fn copy(&self, to: u64, source: &TableState, from: u64, length: u64) -> Result<(), OutOfTable> {
        if std::ptr::eq(self, source) {
            let mut elements = self.elements.borrow_mut();
            let from = range(from, length, elements.len())?;
            let to = range(to, length, elements.len())?;
            elements.copy_within(from, to.start);
            return Ok(());
        }
        self.init(to, &source.elements.borrow(), from, length)
    }

    pub(super) fn record(&self) -> *const TableRecord {
        self.record.get()
    }

    /// The type, with the current size as the initial one.
    pub(super) fn ty(&self) -> TableType {
        TableType { initial: self.size(), ..self.ty }
    }
}

fn range(index: u64, length: u64, size: usize) -> Result<std::ops::Range<usize>, OutOfTable> {
    match index.checked_add(length) {
        Some(end) if end <= size as u64 => Ok(index as usize..end as usize),
        _ => Err(OutOfTable { index, length, size: size as u64 }),
    }
}

impl Table {
    pub(super) fn of(store: &Store, state: &Rc<TableState>) -> Table {
        Table { store: store.clone(), state: state.clone() }
    }

    pub(super) fn in_store(&self, store: &Store) -> Result<Rc<TableState>, StoreMismatch> {
        self.store.check(store)?;
        Ok(self.state.clone())
    }

    /// The type, with the current size as the initial one.
    pub fn ty(&self) -> TableType {
        self.state.ty()
    }

    /// How many elements it has.
    pub fn size(&self) -> u64 {
        self.state.size()
    }

    /// The element at an index, if there is one.
    pub fn get(&self, index: u64) -> Option<Value> {
        let element = self.state.get(index)?;
        // SAFETY: elements of tables of functions are null or records of the store.
        Some(unsafe { Value::from_slot(&self.store, ValType::Ref(self.state.ty.element_type), element.into()) })
    }

    /// Changes an element.
    ///
    /// # Errors
    /// There is no such element, or the value does not fit.
    pub fn set(&self, index: u64, value: &Value) -> Result<(), TableError> {
        let expected = ValType::Ref(self.state.ty.element_type);
        if value.ty() != expected {
            return Err(TableError::Type { expected, found: value.ty() });
        }
        self.store.check_value(value).map_err(TableError::Store)?;
        self.state.fill(index, value.to_slot() as u64, 1).map_err(TableError::OutOfTable)
    }
}
