//! `cargo run -p tailfirst-reference -- DIR`: writes the instruction reference, a page to search in a browser, into a
//! folder. It needs no server.
//!
//! | entries | from |
//! |---|---|
//! | forms | the tables, and the encoder, which makes an example of each |
//! | functions that choose among forms | the generator, and the runtime's source |
//! | names of system registers and other operands | the tables |

mod expand;
mod forms;
mod functions;
mod names;
mod prose;
mod site;
mod source;
#[cfg(test)]
mod tests;
mod texts;

use site::Reference;
use std::{io, path::Path, process::ExitCode};

/// The folder that has the runtime.
fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn write(dir: &str) -> io::Result<String> {
    let reference = Reference::new()?;
    reference.write(Path::new(dir))?;
    Ok(reference.counts())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir] = &arguments[..] else {
        eprintln!("usage: tailfirst-reference DIR");
        return ExitCode::from(2);
    };
    match write(dir) {
        Ok(counts) => {
            println!("{dir}/index.html: {counts}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{dir}: {error}");
            ExitCode::FAILURE
        }
    }
}
