//! A program's part of a trace, played to an instance of the module: calls and writes as they were, and answers to
//! imports. What the module does must be what was recorded, to the last byte of its memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Outcome;
use crate::trace::{Callee, Event, Js};

/// An instance, from outside or from an import that it has called.
pub trait Machine {
    fn call(&mut self, callee: &Callee, arguments: &[Js]) -> Outcome<Vec<Js>>;
    fn write(&mut self, address: usize, bytes: &[u8]) -> Outcome<()>;
    fn grow(&mut self, pages: u32) -> Outcome<()>;
    /// All of its memory.
    fn contents(&mut self) -> Outcome<Vec<u8>>;
}

/// A place in a trace. Clones move together.
#[derive(Clone)]
pub struct Replay {
    events: Arc<[Event]>,
    next: Arc<AtomicUsize>,
}

impl Replay {
    pub fn new(events: Arc<[Event]>) -> Replay {
        Replay { events, next: Arc::default() }
    }

    fn event(&self) -> &Event {
        &self.events[self.next.fetch_add(1, Ordering::Relaxed)]
    }

    /// Calls all that was called, up to the end.
    pub fn run(&self, machine: &mut dyn Machine) -> Outcome<()> {
        match self.act(machine)? {
            Event::Hash(_) => Ok(()),
            event => Err(self.unlike(&format!("the program, {event:?}"))),
        }
    }

    /// After the end: compares what memory is.
    pub fn check_memory(&self, machine: &mut dyn Machine) -> Outcome<()> {
        let found = hash(&machine.contents()?);
        match self.events.last() {
            Some(&Event::Hash(expected)) if expected == found => Ok(()),
            _ => Err(format!("memory at the end has the hash {found:#x}").into()),
        }
    }

    /// What an import answers.
    pub fn import(&self, index: u32, arguments: &[Js], machine: &mut dyn Machine) -> Outcome<Vec<Js>> {
        match self.event() {
            Event::Import(expected, values) if *expected == index && values == arguments => {}
            _ => return Err(self.unlike(&format!("a call of import {index} with {arguments:?}"))),
        }
        match self.act(machine)? {
            Event::Answered(values) => Ok(values.clone()),
            Event::Threw => Err("the import threw".into()),
            event => Err(self.unlike(&format!("an import, {event:?}"))),
        }
    }

    /// Does what the program does, up to what is none of its calls and writes.
    fn act(&self, machine: &mut dyn Machine) -> Outcome<&Event> {
        loop {
            match self.event() {
                Event::Write(address, bytes) => machine.write(*address as usize, bytes)?,
                Event::Grow(pages) => machine.grow(*pages)?,
                Event::Call(callee, arguments) => {
                    let results = machine.call(callee, arguments);
                    match (self.event(), results) {
                        (Event::Returned(expected), Ok(results)) if *expected == results => {}
                        (Event::Failed, Err(_)) => {}
                        (_, Err(error)) => return Err(error),
                        (_, Ok(results)) => {
                            return Err(self.unlike(&format!("a call of {callee:?} with the results {results:?}")));
                        }
                    }
                }
                event => return Ok(event),
            }
        }
    }

    /// The event before the place is not what happened.
    fn unlike(&self, found: &str) -> Box<dyn std::error::Error + Send + Sync> {
        let at = self.next.load(Ordering::Relaxed) - 1;
        let text = format!("event {at}: {found} instead of {:?}", self.events[at]);
        text.chars().take(500).collect::<String>().into()
    }
}

/// FNV-1a, over words.
fn hash(memory: &[u8]) -> u32 {
    let words = memory.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes")));
    words.fold(0x811c_9dc5, |hash, word| (hash ^ word).wrapping_mul(0x0100_0193))
}
