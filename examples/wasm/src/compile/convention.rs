//! Where arguments and results are: in registers while there are any of their class, then in words of the stack. A
//! vector takes two words, of which the first has an even number.
//!
//! Both are in the same places, so that what one call returns is where another wants its argument.

use super::registers::Reg;
use super::target::{Place, Target};
use crate::ir::Class;

/// Where the values of a list are: registers, or the numbers of stack words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Position {
    Reg(Reg),
    Word(u32),
}

impl Position {
    /// For who is called.
    pub fn incoming(self) -> Place {
        match self {
            Position::Reg(reg) => Place::Reg(reg),
            Position::Word(word) => Place::Incoming(word),
        }
    }

    /// For who calls.
    pub fn outgoing(self) -> Place {
        match self {
            Position::Reg(reg) => Place::Reg(reg),
            Position::Word(word) => Place::Outgoing(word),
        }
    }
}

/// Where values of these classes are.
pub fn positions<T: Target>(classes: impl IntoIterator<Item = Class>) -> impl Iterator<Item = Position> {
    let mut ints = T::arguments(Class::Int).iter();
    let mut floats = T::arguments(Class::Float).iter();
    let mut words = 0_u32;
    classes.into_iter().map(move |class| {
        let registers = if class == Class::Int { &mut ints } else { &mut floats };
        match registers.next() {
            Some(&reg) => Position::Reg(reg),
            None => {
                let word = words.next_multiple_of(class.words());
                words = word + class.words();
                Position::Word(word)
            }
        }
    })
}

/// How many stack words values of these classes take.
pub fn words<T: Target>(classes: impl IntoIterator<Item = Class> + Clone) -> u32 {
    let ends = positions::<T>(classes.clone()).zip(classes).filter_map(|(position, class)| match position {
        Position::Reg(_) => None,
        Position::Word(word) => Some(word + class.words()),
    });
    ends.max().unwrap_or(0)
}
