//! `tailfirst-gen list [--isa x64|aarch64]`: the forms of the tables, one a line.
fn main() {
    let tables = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tables"));
    for file in tailfirst_gen::table::files(&tables.join("x64")).unwrap() {
        let name = format!("x64/{}", file.file_name().unwrap().to_string_lossy());
        let lines = tailfirst_gen::table::read::<tailfirst_gen::x64::Row>(&name, &std::fs::read_to_string(&file).unwrap());
        match lines.and_then(|l| tailfirst_gen::x64::forms(&l)) { Ok(f) => println!("{name} {}", f.len()), Err(e) => println!("{e}") }
    }
    match tailfirst_gen::x64_forms(tables) {
        Ok(forms) => for form in &forms { println!("{}", form.list_line()) },
        Err(e) => { eprintln!("{e}"); std::process::exit(1) }
    }
}
