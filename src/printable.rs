//! What text that is read line by line can hold of a name, or of a line of a comment.
//!
//! Names come from the program that is compiled, so they hold anything. A line break in one would be a line of its own
//! to whoever reads the listing or perf's map, NUL ends a name in ELF files, and an escape is a command to the terminal
//! that shows it. There is a `?` instead, and also where a name is empty.

use alloc::borrow::Cow;

/// A name on one line, not empty.
pub(crate) fn name(name: &str) -> Cow<'_, str> {
    if name.is_empty() { Cow::Borrowed("?") } else { line(name) }
}

/// A text on one line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    if text.contains(is_refused) { Cow::Owned(text.replace(is_refused, "?")) } else { Cow::Borrowed(text) }
}

/// Control characters but the tab, and the two that Unicode calls separators of lines and of paragraphs.
fn is_refused(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}
