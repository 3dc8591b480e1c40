//! Words of the frame for values that are not in registers all the time: one each, or two in a function with vectors.
//!
//! A value gets its word when it is first found in need of one, which is its last place in the code, and gives it back
//! at its definition. From there on an earlier value may have it. But if the value comes from outside a loop, its word
//! is needed in the whole loop, also in the part that has been emitted already, where the word may have been another
//! value's. So words that are given back inside a loop wait there until the loop's head, and only values that are
//! defined in that loop take them before.

/// The words of a frame.
#[derive(Debug)]
pub struct Slots {
    words: u32,
    /// How many a slot has.
    each: u32,
    /// Those given back: outside loops, in the outermost of those around here, and so on.
    free: Vec<Vec<u32>>,
}

impl Slots {
    /// None yet, of so many words each.
    pub fn new(each: u32) -> Slots {
        Slots { words: 0, each, free: vec![vec![]] }
    }

    /// How many words there are.
    pub fn words(&self) -> u32 {
        self.words
    }

    /// The first word of a slot for a value that is defined in so many loops.
    pub fn take(&mut self, loops: u32) -> u32 {
        let usable = self.free.iter_mut().take(loops as usize + 1).rev();
        usable.filter_map(Vec::pop).next().unwrap_or_else(|| {
            self.words += self.each;
            self.words - self.each
        })
    }

    /// Gives back the slot of a value that is defined here.
    pub fn give_back(&mut self, slot: u32) {
        if let Some(free) = self.free.last_mut() {
            free.push(slot);
        }
    }

    /// Goes into a loop, from its end.
    pub fn enter_loop(&mut self) {
        self.free.push(vec![]);
    }

    /// Leaves a loop, at its head.
    pub fn leave_loop(&mut self) {
        if let Some(inside) = self.free.pop()
            && let Some(outside) = self.free.last_mut()
        {
            outside.extend(inside);
        }
    }
}
