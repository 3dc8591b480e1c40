//! Wrong x86-64 tables are refused with the right reason, at the right row; right ones make the forms that they should.
//!
//! Each test is a table of one mistake. The reason is compared as data, so a message may be reworded, but not lose what
//! it says.

mod between_rows;
mod encodings;
mod expansion;
mod operands;
mod tables;
mod the_rest_of_a_row;
mod tuple_types;
mod words;

use std::{collections::BTreeSet, path::Path};
use tailfirst_gen::{
    Home, Reason, TableError, table,
    x64::{self, Class, Encoding, Form, Kind, Rex, Row},
};

fn forms_of(text: &str) -> Result<Vec<Form>, TableError> {
    x64::forms(&table::read::<Row>("x64/test.ron", text)?)
}

/// A table of one group, which has this.
fn group(fields: &str) -> String {
    format!(r#"Table(source: "test", groups: [(title: "test", {fields})])"#)
}

/// A table with these rows and no family.
fn rows(rows: &str) -> Result<Vec<Form>, TableError> {
    forms_of(&group(&format!("rows: [{rows}]")))
}

/// Refuses `text` at the row `row`, for `reason`.
#[track_caller]
fn refuses_table(text: &str, row: Option<&str>, reason: Reason) {
    let expected = TableError { table: "x64/test.ron".into(), row: row.map(String::from), reason };
    match forms_of(text) {
        Err(error) => assert_eq!(error, expected),
        Ok(forms) => panic!("accepted as {:?}", forms.iter().map(|form| &form.name).collect::<Vec<_>>()),
    }
}

/// Refuses the last of these rows, for `reason`.
#[track_caller]
fn refuses(text: &str, row: &str, reason: Reason) {
    refuses_table(&group(&format!("rows: [{text}]")), Some(row), reason);
}

/// A family over one column, in which `row` is wrong.
#[track_caller]
fn refuses_family(family: &str, row: Option<&str>, reason: Reason) {
    refuses_table(&group(family), row, reason);
}

fn encoding(problem: &'static str) -> Reason {
    Reason::Encoding { problem }
}

fn unfilled(place: &'static str) -> Reason {
    Reason::Unfilled { place }
}

fn tuple(problem: &'static str) -> Reason {
    Reason::Tuple { problem }
}
