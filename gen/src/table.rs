//! Table files: reading them, and putting a family's columns into its rows.
//!
//! A family repeats its rows for each line of `each`. The replacement is textual, so what comes out is a legal row by
//! itself, and everything after this module deals with single rows only.

use serde::de::DeserializeOwned;
use serde_derive::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tailfirst_forms::{
    Reason, TableError,
    aarch64::named::{Named, Names, named},
    cpu::{Cpu, Features},
    row,
};

pub use tailfirst_forms::row::{Line, TextRow};

/// A table file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table<Row> {
    /// The manual and the sections that say what the rows say.
    pub source: String,
    /// The Cargo feature of the table's forms; none if they come with their instruction set.
    #[serde(default)]
    pub feature: Option<String>,
    /// The groups, in the order of the file.
    pub groups: Vec<Group<Row>>,
}

/// Rows under one title, repeated for each line of `each` if there are columns.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group<Row> {
    /// What the rows have in common.
    pub title: String,
    /// `cpu` of the rows that have none of their own.
    #[serde(default)]
    pub cpu: Option<String>,
    /// The family's columns.
    #[serde(default)]
    pub cols: Vec<String>,
    /// The family's lines, one text a column.
    #[serde(default)]
    pub each: Vec<Vec<String>>,
    /// The column that a function may take as a value.
    #[serde(default)]
    pub choice: Option<Choice>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// What of a family may be a value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The column of its texts.
    pub col: String,
    /// The column of their numbers, in base 16.
    pub code: String,
    /// What stands in the function's name in place of the text.
    pub name: String,
    /// The type.
    pub ty: String,
}

impl Choice {
    /// The choice of a line of `each`, in rows of this title.
    fn of_line(&self, cols: &[String], texts: &[String], title: &str) -> Result<row::Choice, Reason> {
        let column = |name: &str| {
            cols.iter().position(|col| col == name).ok_or_else(|| Reason::UnknownColumn { name: name.into() })
        };
        let (variant, code) = (column(&self.col)?, column(&self.code)?);
        let mut general = texts.to_vec();
        general[variant].clone_from(&self.name);
        Ok(row::Choice {
            ty: self.ty.clone(),
            variant: texts[variant].clone(),
            code: u32::from_str_radix(&texts[code], 16)
                .map_err(|_| Reason::Choice { variant: texts[variant].clone() })?,
            title: substitute(title, cols, &general, &mut vec![false; cols.len()])?,
        })
    }
}

/// The `.ron` files of a directory, in the order of their names.
pub fn files(dir: &Path) -> Result<Vec<PathBuf>, TableError> {
    let unreadable = |cause: std::io::Error| {
        TableError::of_table(&name_of(dir), Reason::Unreadable { path: dir.into(), cause: cause.to_string() })
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "ron") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads every table of a directory and returns its single rows, family by family.
pub fn read_dir<Row: TextRow>(dir: &Path) -> Result<Vec<Line<Row>>, TableError> {
    let mut lines = Vec::new();
    for path in files(dir)? {
        let table = format!("{}/{}", name_of(dir), name_of(&path));
        let text = fs::read_to_string(&path).map_err(|cause| {
            TableError::of_table(&table, Reason::Unreadable { path: path.clone(), cause: cause.to_string() })
        })?;
        lines.extend(read(&table, &text)?);
    }
    Ok(lines)
}

/// Reads a table of CPU features, and checks it; `file` is relative to the tables' root.
pub fn read_cpu(tables: &Path, file: &str) -> Result<Cpu, TableError> {
    read_one::<Features>(tables, file)?.check(file)
}

/// Reads tables of names, and checks them; `files` are relative to the tables' root.
pub fn read_names(tables: &Path, files: &[&str]) -> Result<Vec<Named>, TableError> {
    let read = files.iter().map(|&file| Ok((file, read_one::<Names>(tables, file)?)));
    named(&read.collect::<Result<Vec<_>, _>>()?)
}

fn read_one<T: DeserializeOwned>(tables: &Path, file: &str) -> Result<T, TableError> {
    let path = tables.join(file);
    let text = fs::read_to_string(&path)
        .map_err(|cause| TableError::of_table(file, Reason::Unreadable { path, cause: cause.to_string() }))?;
    from_text(file, &text)
}

fn from_text<T: DeserializeOwned>(table: &str, text: &str) -> Result<T, TableError> {
    let options = ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    options.from_str(text).map_err(|e| {
        let reason = Reason::Syntax { line: e.span.start.line, column: e.span.start.col, cause: e.code.to_string() };
        TableError::of_table(table, reason)
    })
}

/// Reads one table's text.
pub fn read<Row: TextRow>(table: &str, text: &str) -> Result<Vec<Line<Row>>, TableError> {
    let parsed: Table<Row> = from_text(table, text)?;
    if parsed.source.trim().is_empty() {
        return Err(TableError::of_table(table, Reason::NoSource));
    }
    let mut lines = Vec::new();
    for group in &parsed.groups {
        expand(table, &parsed.feature, group, &mut lines)?;
    }
    Ok(lines)
}

fn expand<Row: TextRow>(
    table: &str,
    feature: &Option<String>,
    group: &Group<Row>,
    lines: &mut Vec<Line<Row>>,
) -> Result<(), TableError> {
    if group.rows.is_empty() || (!group.cols.is_empty() && group.each.is_empty()) {
        return Err(TableError::of_table(table, Reason::EmptyGroup { title: group.title.clone() }));
    }
    for (index, name) in group.cols.iter().enumerate() {
        if let Some(twin) = group.cols[..index].iter().find(|col| col.eq_ignore_ascii_case(name)) {
            let (name, twin) = (name.clone(), twin.clone());
            return Err(TableError::of_table(table, Reason::TwinColumns { name, twin }));
        }
    }
    let once = [Vec::new()];
    let each = if group.cols.is_empty() && group.each.is_empty() { &once[..] } else { &group.each[..] };
    let mut used = vec![false; group.cols.len()];
    for texts in each {
        if texts.len() != group.cols.len() {
            let reason = Reason::ColumnCount { columns: group.cols.len(), texts: texts.len() };
            return Err(TableError::of_table(table, reason));
        }
        for row in &group.rows {
            let mut row = row.clone();
            if row.cpu().is_none() {
                *row.cpu() = group.cpu.clone();
            }
            let (title, written) = (row.title().to_string(), row.written());
            let choice = group.choice.as_ref().map(|choice| choice.of_line(&group.cols, texts, &title)).transpose();
            let choice = choice.map_err(|reason| TableError::of_row(table, &title, reason))?;
            for text in row.texts() {
                *text = substitute(text, &group.cols, texts, &mut used)
                    .map_err(|reason| TableError::of_row(table, &title, reason))?;
            }
            lines.push(Line {
                table: table.into(),
                title: group.title.clone(),
                feature: feature.clone(),
                written,
                choice,
                row,
            });
        }
    }
    match used.iter().position(|used| !used) {
        Some(unused) => Err(TableError::of_table(table, Reason::UnusedColumn { name: group.cols[unused].clone() })),
        None => Ok(()),
    }
}

/// Replaces `$name` and `${name}`. A column with capitals in its name gives its text in small letters under its name in
/// small letters: of a column `T`, `8B` by `$T` and `8b` by `$t`.
fn substitute(text: &str, cols: &[String], texts: &[String], used: &mut [bool]) -> Result<String, Reason> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, after) = match rest.strip_prefix('{').and_then(|braced| braced.split_once('}')) {
            Some(split) => split,
            None => rest.split_at(rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())),
        };
        // There is one at most: no two columns differ in capitals only.
        let column = cols.iter().position(|col| col.eq_ignore_ascii_case(name));
        match column.map(|column| (column, cols[column] == name)) {
            Some((column, true)) => {
                used[column] = true;
                out.push_str(&texts[column]);
            }
            Some((column, false)) if !name.contains(|c: char| c.is_ascii_uppercase()) => {
                used[column] = true;
                out.push_str(&texts[column].to_ascii_lowercase());
            }
            _ => return Err(Reason::UnknownColumn { name: name.into() }),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
