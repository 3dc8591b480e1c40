//! The command's line about how far a compilation is.
//!
//! It is written again and again in its place, and goes away in the end. A compilation that is over in a moment has
//! none.

use std::io::{IsTerminal, Stderr, Write, stderr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tailfirst_wasm::compile::Progress;

/// How long nothing is said first, and between one state of the line and the next.
const PAUSE: Duration = Duration::from_millis(200);

/// The line, which several threads write.
pub struct Line<W: Write>(Mutex<State<W>>);

struct State<W> {
    out: W,
    pause: Duration,
    /// When the line is written next.
    next: Instant,
    is_there: bool,
}

impl Line<Stderr> {
    /// A line for people, if anybody looks.
    pub fn on_terminal() -> Option<Line<Stderr>> {
        stderr().is_terminal().then(|| Line::new(stderr(), PAUSE))
    }
}

impl<W: Write> Line<W> {
    fn new(out: W, pause: Duration) -> Line<W> {
        Line(Mutex::new(State { out, pause, next: Instant::now() + pause, is_there: false }))
    }

    /// Writes the line if it is time to. What cannot be written is nothing that a compilation fails for.
    pub fn show(&self, Progress { done, total }: Progress) {
        // Who else has the line writes it now.
        let Ok(mut state) = self.0.try_lock() else { return };
        let now = Instant::now();
        if now >= state.next {
            state.next = now + state.pause;
            state.is_there = true;
            let _ = write!(state.out, "\rcompiling: {done} of {total} functions").and_then(|()| state.out.flush());
        }
    }
}

impl<W: Write> Drop for Line<W> {
    fn drop(&mut self) {
        if let Ok(state) = self.0.get_mut()
            && state.is_there
        {
            let _ = write!(state.out, "\r\x1b[K").and_then(|()| state.out.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pause: Duration) -> String {
        let mut out = vec![];
        let line = Line::new(&mut out, pause);
        line.show(Progress { done: 1, total: 20 });
        line.show(Progress { done: 20, total: 20 });
        drop(line);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_is_replaced_and_goes_away() {
        assert_eq!(written(Duration::ZERO), "\rcompiling: 1 of 20 functions\rcompiling: 20 of 20 functions\r\x1b[K");
    }

    #[test]
    fn what_is_over_soon_says_nothing() {
        assert_eq!(written(Duration::from_secs(3600)), "");
    }
}
