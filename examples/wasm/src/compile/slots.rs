//! Words of the frame for values that are not in registers all the time: one each, or two in a function with vectors.
//!
//! A value gets its word when it is first found in need of one, which is its last place in the code, and gives it back
//! at its definition. From there on an earlier value may have it. But if the value comes from outside a loop, its word
//! is needed in the whole loop, also in the part that has been emitted already, where the word may have been another
//! value's. So words that are given back inside a loop wait there until the loop's head, and only values that are
//! defined in that loop take them before.

use crate::ir::Value;

/// The words of a frame.
#[derive(Debug)]
pub struct Slots {
    words: u32,
    /// How many a slot has.
    each: u32,
    /// Those given back: outside loops, in the outermost of those around here, and so on.
    free: Vec<Free>,
}

#[derive(Debug)]
struct Free {
    /// The number of the loop's first value: it and those after it are defined inside.
    first: u32,
    slots: Vec<u32>,
}

impl Slots {
    /// None yet, of so many words each.
    pub fn new(each: u32) -> Slots {
        Slots { words: 0, each, free: vec![Free { first: 0, slots: vec![] }] }
    }

    /// How many words there are.
    pub fn words(&self) -> u32 {
        self.words
    }

    /// The first word of a slot for a value.
    pub fn take(&mut self, value: Value) -> u32 {
        let mut usable = self.free.iter_mut().rev().filter(|free| free.first <= value.0);
        usable.find_map(|free| free.slots.pop()).unwrap_or_else(|| {
            self.words += self.each;
            self.words - self.each
        })
    }

    /// Gives back the slot of a value that is defined here.
    pub fn give_back(&mut self, slot: u32) {
        if let Some(free) = self.free.last_mut() {
            free.slots.push(slot);
        }
    }

    /// Goes into a loop, from its end.
    pub fn enter_loop(&mut self, first: u32) {
        self.free.push(Free { first, slots: vec![] });
    }

    /// Leaves a loop, at its head.
    pub fn leave_loop(&mut self) {
        if let Some(inside) = self.free.pop()
            && let Some(outside) = self.free.last_mut()
        {
            outside.slots.extend(inside.slots);
        }
    }
}
