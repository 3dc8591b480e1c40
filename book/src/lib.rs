//! The book's chapters as documentation, so that each block of Rust in them is compiled and run by
//! `cargo test --doc -p tailfirst-book`. `cargo test` also looks whether a chapter or an error is missing.

#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod excerpts;
pub mod links;

/// The chapters, each as a module's documentation.
macro_rules! chapters {
    ($($name:ident $file:literal)*) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../chapters/", $file))]
            mod $name {}
        )*

        /// The files whose blocks are tests.
        #[cfg(test)]
        const CHAPTERS: &[&str] = &[$($file),*];
    };
}

chapters! {
    introduction "introduction.md"
    tutorial "tutorial.md"
    forward "forward.md"
    registers "registers.md"
    webassembly "webassembly.md"
    from_dynasm "from-dynasm.md"
    from_iced "from-iced.md"
    from_asmjit "from-asmjit.md"
    from_cranelift "from-cranelift.md"
    from_luajit "from-luajit.md"
    errors "errors.md"
    errors_finish "errors-finish.md"
    errors_operands "errors-operands.md"
    errors_exec "errors-exec.md"
    errors_services "errors-services.md"
    performance "performance.md"
    architecture "architecture.md"
}

#[cfg(test)]
mod support {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    /// A directory of the repository.
    pub fn repository(directory: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(directory)
    }

    /// A file of the book's text.
    pub fn read(chapter: &str) -> String {
        let path = repository("book/chapters").join(chapter);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The text of all Rust files below a directory, one after the other.
    pub fn sources(directory: &Path) -> String {
        let mut text = String::new();
        for entry in fs::read_dir(directory).expect("a directory of sources") {
            let path = entry.expect("an entry of a directory").path();
            if path.is_dir() {
                text += &sources(&path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text += &fs::read_to_string(&path).expect("a source file");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{CHAPTERS, support::read};

    #[test]
    fn every_chapter_of_the_summary_is_tested() {
        let summary = read("SUMMARY.md");
        let listed: Vec<&str> = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert_eq!(listed, CHAPTERS);
    }

    /// Prose and code; a row of a table is one line.
    #[test]
    fn lines_are_not_too_long() {
        let mut long = Vec::new();
        for name in CHAPTERS {
            for (number, line) in read(name).lines().enumerate() {
                if line.chars().count() > 120 && !line.starts_with('|') {
                    long.push(format!("{name}:{}", number + 1));
                }
            }
        }
        assert!(long.is_empty(), "more than 120 columns: {long:?}");
    }
}
