//! Texts that many entries share: each is written once, and entries have its number.

use std::collections::HashMap;

/// Numbers for texts.
#[derive(Default)]
pub struct Texts {
    texts: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Texts {
    /// The text's number.
    pub fn number(&mut self, text: impl Into<String>) -> usize {
        let text = text.into();
        *self.numbers.entry(text.clone()).or_insert_with(|| {
            self.texts.push(text);
            self.texts.len() - 1
        })
    }

    /// The texts, by number.
    pub fn into_texts(self) -> Vec<String> {
        self.texts
    }
}
