//! Follows the links of a site's pages: `cargo run -p tailfirst-book -- DIR`. Fails if one leads nowhere.

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let Some(site) = std::env::args_os().nth(1) else {
        eprintln!("which directory?");
        return ExitCode::FAILURE;
    };
    let report = match tailfirst_book::links::follow(Path::new(&site)) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("{}: {error}", Path::new(&site).display());
            return ExitCode::FAILURE;
        }
    };
    for (page, link) in &report.broken {
        println!("{}: '{link}' leads nowhere", page.display());
    }
    for link in &report.outside {
        println!("not followed: {link}");
    }
    println!("{} links followed, {} lead nowhere", report.followed, report.broken.len());
    if report.followed > 0 && report.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
