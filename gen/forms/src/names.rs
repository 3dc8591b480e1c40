//! Checks that both instruction sets' rows share: names of functions, of CPU features, of flags, and aliases.

use crate::error::{Reason, TableError};
use std::collections::HashMap;

/// Words that Rust keeps for itself.
const KEYWORDS: &str = "Self abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if impl in let loop macro match mod
    move mut override priv pub ref return self static struct super trait true try type typeof unsafe unsized use virtual where while yield";

/// Whether Rust keeps the word for itself.
pub fn is_keyword(name: &str) -> bool {
    KEYWORDS.split_whitespace().any(|keyword| keyword == name)
}

/// Whether a function can have this name.
pub fn is_function(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !is_keyword(name)
}

/// Whether a type or a variant can have this name.
pub fn is_type(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && !is_keyword(name)
}

/// Whether a constant or a feature can have this name.
pub fn is_constant(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A row's CPU features, all needed.
pub fn cpu(text: Option<&str>) -> Result<Vec<String>, Reason> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let known = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let words: Vec<_> = text.split_whitespace().collect();
    if words.is_empty() || !words.iter().all(|word| known(word)) {
        return Err(Reason::Cpu { text: text.into() });
    }
    Ok(words.into_iter().map(String::from).collect())
}

/// A row's flags: words `r:`, `w:`, `0:`, `1:`, `u:` and letters of `letters`.
pub fn flags(text: &str, letters: &str) -> Result<String, Reason> {
    for word in text.split_whitespace() {
        let fine = word.split_once(':').is_some_and(|(what, flags)| {
            matches!(what, "r" | "w" | "0" | "1" | "u")
                && !flags.is_empty()
                && flags.chars().enumerate().all(|(i, c)| letters.contains(c) && !flags[..i].contains(c))
        });
        if !fine {
            return Err(Reason::Flags { text: word.into() });
        }
    }
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// No two forms have one name; given are name, table and row of each.
pub fn unique<'a>(forms: impl Iterator<Item = (&'a str, &'a str, &'a str)>) -> Result<(), TableError> {
    let mut rows = HashMap::new();
    for (name, table, row) in forms {
        if let Some(other) = rows.insert(name, row) {
            let reason = Reason::NameTwice { name: name.into(), other: other.into() };
            return Err(TableError::of_row(table, row, reason));
        }
    }
    Ok(())
}

/// A form that may say that it is an alias of another.
pub trait Aliased {
    /// The form's name.
    fn name(&self) -> &str;
    /// The name of the form that it is an alias of.
    fn alias(&self) -> Option<&str>;
    /// Whether both can produce the same code.
    fn clashes_with(&self, other: &Self) -> bool;
    /// The error of the form's row.
    fn error(&self, reason: Reason) -> TableError;
}

/// For each form the last one of its chain of aliases, or the form itself; forms with one root may produce the same
/// code.
///
/// An alias names another form, one that can produce the same code, and does not lead back to where it began.
pub fn roots<F: Aliased>(forms: &[F]) -> Result<Vec<usize>, TableError> {
    let index: HashMap<&str, usize> = forms.iter().enumerate().map(|(i, form)| (form.name(), i)).collect();
    let mut next = Vec::with_capacity(forms.len());
    for (i, form) in forms.iter().enumerate() {
        let Some(name) = form.alias() else {
            next.push(i);
            continue;
        };
        let other = *index.get(name).ok_or_else(|| form.error(Reason::UnknownAlias { name: name.into() }))?;
        if other == i || !form.clashes_with(&forms[other]) {
            return Err(form.error(Reason::AliasDisjoint { name: name.into() }));
        }
        next.push(other);
    }
    let root = |start: usize| {
        let mut at = start;
        for _ in forms {
            if next[at] == at {
                return Ok(at);
            }
            at = next[at];
        }
        let form = &forms[start];
        Err(form.error(Reason::AliasCircle { name: form.alias().unwrap_or_default().into() }))
    };
    (0..forms.len()).map(root).collect()
}
