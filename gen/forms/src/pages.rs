//! Pages of documentation, one a table.
//!
//! Rustdoc shows all functions of the encoder on one page of thousands. So beside it stands a module of modules, one a
//! table, which have nothing but documentation: each function by name, with its instruction and encoding, under the
//! titles that the table has, and a link to the function. They exist in documentation only.

use std::{collections::BTreeSet, fmt::Write};

/// A form, as a line of a page has it.
pub struct Line<'a> {
    /// The function.
    pub name: &'a str,
    /// The mnemonic, by which the page is searched.
    pub mnemonic: &'a str,
    /// The instruction in the manual's syntax.
    pub syntax: &'a str,
    /// Its encoding in the table's notation.
    pub encoding: String,
    /// The table, relative to the tables' root.
    pub table: &'a str,
    /// The title of its group there.
    pub title: &'a str,
}

/// The module of a table: its file's name.
pub fn module(table: &str) -> &str {
    let file = table.rsplit('/').next().unwrap_or(table);
    file.strip_suffix(".ron").unwrap_or(file)
}

/// The modules of these lines, as the text of a module; `encoder` is the path of the encoder. Lines of one table stand
/// together.
pub fn pages(lines: &[Line<'_>], encoder: &str) -> String {
    let mut text = String::from("// Generated from tables/ by tailfirst-gen. Change the tables.\n");
    for page in lines.chunk_by(|a, b| a.table == b.table) {
        let Some(first) = page.first() else { continue };
        let titles = page.chunk_by(|a, b| a.title == b.title).filter_map(<[_]>::first).map(|line| line.title);
        let titles: Vec<_> = titles.collect();
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "\n/** {}.\n\nFrom tables/{}.", titles.join("; "), first.table);
        for group in page.chunk_by(|a, b| a.title == b.title) {
            let _ = writeln!(text, "\n# {}\n\n| function | instruction | encoding |\n|---|---|---|", group[0].title);
            for Line { name, syntax, encoding, .. } in group {
                let (syntax, encoding) = (cell(syntax), cell(encoding));
                let _ = writeln!(text, "| [`{name}`]({encoder}#method.{name}) | `{syntax}` | `{encoding}` |");
            }
        }
        let words: BTreeSet<&str> = page.iter().map(|line| line.mnemonic).chain(titles).collect();
        let _ = writeln!(text, "*/");
        for word in words {
            // Rustdoc takes no quotation marks there.
            let _ = writeln!(text, "#[doc(alias = {:?})]", word.replace(['\'', '"'], ""));
        }
        let _ = writeln!(text, "pub mod {} {{}}", module(first.table));
    }
    text
}

/// A text in a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
