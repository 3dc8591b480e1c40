//! The page: its data as a script, and the files of site/.

use crate::{forms, functions, names, texts::Texts};
use serde::Serialize;
use serde_json::Value;
use std::{fs, io, path::Path};

/// The files that are as they are.
const FILES: [(&str, &str); 5] = [
    ("index.html", include_str!("../site/index.html")),
    ("entries.js", include_str!("../site/entries.js")),
    ("show.js", include_str!("../site/show.js")),
    ("search.js", include_str!("../site/search.js")),
    ("style.css", include_str!("../site/style.css")),
];

/// Everything, in the order of the tables. Texts that many entries share are numbers, and the names of an entry's
/// fields are given once.
#[derive(Serialize)]
pub struct Reference {
    texts: Vec<String>,
    pub forms: Records,
    pub functions: Records,
    pub types: Vec<names::NamedType>,
}

/// Entries of one kind.
#[derive(Serialize, Default)]
pub struct Records {
    fields: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

impl Records {
    fn new<T: Serialize>(entries: &[T]) -> io::Result<Records> {
        let mut records = Records::default();
        for entry in entries {
            if let Value::Object(entry) = serde_json::to_value(entry)? {
                let (fields, values) = entry.into_iter().unzip();
                records.fields = fields;
                records.rows.push(values);
            }
        }
        Ok(records)
    }
}

impl Reference {
    /// From the tables, and from the runtime's source.
    pub fn new() -> io::Result<Reference> {
        let mut texts = Texts::default();
        let mut forms = forms::x64(&mut texts);
        forms.extend(forms::aarch64(&mut texts));
        let functions = functions::all(crate::repository(), &mut texts)?;
        Ok(Reference {
            forms: Records::new(&forms)?,
            types: names::all(&functions, &mut texts)?,
            functions: Records::new(&functions)?,
            texts: texts.into_texts(),
        })
    }

    /// Writes the page into a folder.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        // A script, since a page in a file may not read other files.
        fs::write(dir.join("forms.js"), format!("const REFERENCE = {};\n", serde_json::to_string(self)?))?;
        FILES.iter().try_for_each(|(name, content)| fs::write(dir.join(name), content))
    }

    /// How many there are of each kind.
    pub fn counts(&self) -> String {
        let names: usize = self.types.iter().map(|named| named.names().len()).sum();
        let (forms, functions) = (self.forms.rows.len(), self.functions.rows.len());
        format!("{forms} forms, {functions} functions that choose among them, {names} names")
    }
}
