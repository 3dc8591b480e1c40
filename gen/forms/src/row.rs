//! Rows as text: what a table file gives, one form or one size family each.

use serde::de::DeserializeOwned;

/// A row as text, in either notation.
pub trait TextRow: Clone + DeserializeOwned {
    /// What an error message calls the row.
    fn title(&self) -> &str;
    /// The row in a table, for who looks for it there: the texts that tell it from others.
    fn written(&self) -> String {
        self.title().into()
    }
    /// Every text of the row, in which columns are replaced.
    fn texts(&mut self) -> Vec<&mut String>;
    /// The row's CPU features, which the group may give.
    fn cpu(&mut self) -> &mut Option<String>;
}

/// A single row, its columns put in, and the table that it comes from.
#[derive(Debug, Clone)]
pub struct Line<Row> {
    /// The table, relative to the tables' root: `x64/alu.ron`.
    pub table: String,
    /// The title of the row's group.
    pub title: String,
    /// The table's Cargo feature.
    pub feature: Option<String>,
    /// The row as the table has it, before its columns were put in: [`TextRow::written`].
    pub written: String,
    /// What tells the row from the others of its family, if one function takes that as a value.
    pub choice: Option<Choice>,
    /// The row.
    pub row: Row,
}

/// A text that a family puts into its rows, as a value.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The type of the value.
    pub ty: String,
    /// The text.
    pub variant: String,
    /// Its number.
    pub code: u32,
    /// The row's title, with the choice's name in place of the text.
    pub title: String,
}
