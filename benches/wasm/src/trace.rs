//! What a JavaScript program asked of its module, and what V8 answered, as `programs/recorder.mjs` writes it.

use std::path::Path;

use crate::Outcome;

#[derive(Debug)]
pub enum Event {
    /// A function is called.
    Call(Callee, Vec<Js>),
    Returned(Vec<Js>),
    Failed,
    /// An import is called, by index.
    Import(u32, Vec<Js>),
    Answered(Vec<Js>),
    Threw,
    /// The program writes into memory.
    Write(u32, Vec<u8>),
    /// The program grows memory, by pages.
    Grow(u32),
    /// What memory is at the end.
    Hash(u32),
}

#[derive(Debug)]
pub enum Callee {
    Export(String),
    Element(u32),
}

/// A value as JavaScript sees it.
#[derive(Clone, Copy, Debug)]
pub enum Js {
    Number(f64),
    Big(i64),
}

impl Js {
    /// As JavaScript converts numbers: modulo 2 to the power of 32.
    pub fn i32(self) -> i32 {
        match self {
            Js::Number(value) => value as i64 as i32,
            Js::Big(value) => value as i32,
        }
    }

    pub fn i64(self) -> i64 {
        match self {
            Js::Number(value) => value as i64,
            Js::Big(value) => value,
        }
    }

    pub fn f64(self) -> f64 {
        match self {
            Js::Number(value) => value,
            Js::Big(value) => value as f64,
        }
    }
}

impl PartialEq for Js {
    fn eq(&self, other: &Js) -> bool {
        match (*self, *other) {
            (Js::Number(a), Js::Number(b)) => a == b || a.is_nan() && b.is_nan(),
            (Js::Big(a), Js::Big(b)) => a == b,
            _ => false,
        }
    }
}

/// Reads the trace that belongs to a module.
pub fn read(module: &Path) -> Outcome<Vec<Event>> {
    let bytes = std::fs::read(module.with_extension("trace"))?;
    let mut reader = Reader { rest: &bytes };
    let mut events = vec![];
    while !reader.rest.is_empty() {
        events.push(reader.event().ok_or("a trace that is cut off")?);
    }
    Ok(events)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn event(&mut self) -> Option<Event> {
        Some(match self.byte()? {
            b'C' => Event::Call(Callee::Export(String::from_utf8(self.bytes()?).ok()?), self.values()?),
            b'T' => Event::Call(Callee::Element(self.u32()?), self.values()?),
            b'E' => Event::Returned(self.values()?),
            b'F' => Event::Failed,
            b'I' => Event::Import(self.u32()?, self.values()?),
            b'R' => Event::Answered(self.values()?),
            b'X' => Event::Threw,
            b'W' => Event::Write(self.u32()?, self.bytes()?),
            b'G' => Event::Grow(self.u32()?),
            b'H' => Event::Hash(self.u32()?),
            _ => return None,
        })
    }

    fn values(&mut self) -> Option<Vec<Js>> {
        (0..self.u32()?).map(|_| self.value()).collect()
    }

    fn value(&mut self) -> Option<Js> {
        Some(match self.byte()? {
            b'n' => Js::Number(f64::from_le_bytes(self.array()?)),
            b'b' => Js::Big(i64::from_le_bytes(self.array()?)),
            _ => return None,
        })
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let length = self.u32()? as usize;
        Some(self.take(length)?.to_vec())
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.array()?))
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.array::<1>()?[0])
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}
