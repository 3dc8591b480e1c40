//! Symbols that stand for addresses.

use crate::references::label::Symbol;
use alloc::{collections::BTreeMap, vec::Vec};

/// Symbols made from addresses: of the program's functions, of other code, of data. Each address has one symbol.
///
/// ```
/// use tailfirst::{Symbols, x64::*};
///
/// let mut symbols = Symbols::new();
/// let handler = symbols.at(0x4000);
/// assert_eq!(symbols.at(0x4000), handler);
///
/// let mut asm = Assembler::new();
/// asm.jmp(handler);
/// let mut code = asm.finish()?;
/// code.link(0x1000, |symbol| symbols.address_of(symbol))?;
/// assert_eq!(code.bytes(), [0xE9, 0xFB, 0x2F, 0x00, 0x00]); // jmp 0x4000
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The address of a function of the program is `function as *const () as u64`.
#[derive(Clone, Default)]
pub struct Symbols {
    addresses: Vec<u64>,
    numbers: BTreeMap<u64, u32>,
}

impl Symbols {
    /// None so far.
    pub const fn new() -> Self {
        Symbols { addresses: Vec::new(), numbers: BTreeMap::new() }
    }

    /// The symbol for an address. They are numbered from 0 on, in the order in which their addresses are first asked
    /// for.
    pub fn at(&mut self, address: u64) -> Symbol {
        let next = self.addresses.len() as u32;
        let number = *self.numbers.entry(address).or_insert(next);
        if number == next {
            self.addresses.push(address);
        }
        Symbol(number)
    }

    /// The address that a symbol stands for. `None` if it is none of these.
    pub fn address_of(&self, symbol: Symbol) -> Option<u64> {
        self.addresses.get(symbol.0 as usize).copied()
    }
}

impl core::fmt::Debug for Symbols {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Without the addresses, which may end in a log.
        f.debug_struct("Symbols").field("len", &self.addresses.len()).finish_non_exhaustive()
    }
}
