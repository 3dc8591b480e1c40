//! Where arguments and results are: in registers while there are any of their class, then in words of the stack.
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
    let mut registers = [Class::Int, Class::Float].map(|class| T::arguments(class).iter());
    let mut words = 0..;
    classes.into_iter().filter_map(move |class| match registers[class as usize].next() {
        Some(&reg) => Some(Position::Reg(reg)),
        None => words.next().map(Position::Word),
    })
}

/// How many stack words values of these classes take.
pub fn words<T: Target>(classes: impl IntoIterator<Item = Class>) -> u32 {
    positions::<T>(classes).filter(|position| matches!(position, Position::Word(_))).count() as u32
}
