//! Finished code, made executable in one call: for code that an encoder has written in memory of its own.
//!
//! What is copied is small, and so [`Arena::load`] costs little beside what a call of the system does. A JIT that wants
//! no copy, or the addresses before it emits, writes into a [`Region`](super::Region) instead.

use super::{Arena, ExecCode, ExecError};
use crate::{Code, Isa, RelocationTarget, Symbol, direction::Grows, references::fixup::Field};
use std::collections::BTreeSet;

impl Arena {
    /// An arena as the [builder](Self::builder) makes it if nothing else is said: 64 MiB of address space near this
    /// program's code.
    ///
    /// # Errors
    /// [`ExecError::System`] and [`ExecError::Unsupported`].
    pub fn new() -> Result<Arena, ExecError> {
        Self::builder().build()
    }

    /// Copies code into the arena, [links](super::Place::link) it for where it is, and makes it executable.
    ///
    /// `resolve` gives symbols' addresses; what is too far for a branch is reached by a veneer.
    ///
    /// ```
    /// # #[cfg(target_arch = "x86_64")] {
    /// use tailfirst::{Symbols, exec::Arena, x64::*};
    ///
    /// extern "sysv64" fn half(n: u64) -> u64 {
    ///     n / 2
    /// }
    ///
    /// let mut symbols = Symbols::new();
    /// let mut asm = Assembler::new();
    /// asm.add_rm64_imm(RDI, 2);
    /// asm.jmp(symbols.at(half as *const () as u64));
    ///
    /// let code = Arena::new()?.load(&asm.finish()?, |symbol| symbols.address_of(symbol))?;
    /// let function = code.function::<unsafe extern "sysv64" fn(u64) -> u64>(0)?;
    /// // SAFETY: such a function was emitted there.
    /// assert_eq!(unsafe { function(82) }, 42);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`region`](Self::region), [`Place::link`](super::Place::link) and
    /// [`Region::publish`](super::Region::publish).
    pub fn load<I: Isa>(
        &self,
        code: &Code<'_, I>,
        resolve: impl FnMut(Symbol) -> Option<u64>,
    ) -> Result<ExecCode, ExecError> {
        let len = code.bytes().len();
        let mut region = self.region(len + most_for_veneers(code))?;
        let place = region.place();
        let bytes = region.bytes_mut();
        let bytes = match code.grows {
            Grows::Down => {
                let free = bytes.len() - len;
                &mut bytes[free..]
            }
            Grows::Up => &mut bytes[..len],
        };
        bytes.copy_from_slice(code.bytes());
        let placed = place.link(&mut code.copied_to(bytes), resolve)?;
        region.publish(placed)
    }
}

/// The most bytes that veneers may need, and what separates them from the code.
fn most_for_veneers<I: Isa>(code: &Code<'_, I>) -> usize {
    let branches = code.relocations().iter().filter(|relocation| relocation.field.is_branch());
    let symbols: BTreeSet<Symbol> = branches
        .filter_map(|relocation| match relocation.target {
            RelocationTarget::Symbol(symbol) => Some(symbol),
            RelocationTarget::Offset(_) => None,
        })
        .collect();
    (symbols.len() + 1) * super::far::STUB
}
