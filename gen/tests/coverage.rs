//! What of the instruction sets is in the tables: `tables/COVERAGE.md`, made by this test and held by it.
//!
//! The measure are lists that are independent of the tables (`coverage/*.tsv`). Each of their lines is found among the
//! forms, or has a reason in `coverage/left_out.tsv`; a reason that is needed no more is a mistake, too. After a
//! change: `UPDATE_COVERAGE=1 cargo test -p tailfirst-gen --test coverage`.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};
use tailfirst_gen::{aarch64_forms, x64_forms};

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The lines of a list, as columns.
fn list(name: &str) -> Vec<Vec<String>> {
    let path = package().join("tests/coverage").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').map(String::from).collect()).collect()
}

/// Where a form of x64 is found: what its opcode says but for what has several spellings, and that.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Opcode {
    fixed: Vec<String>,
    length: String,
    w: String,
}

impl Opcode {
    fn of(notation: &str) -> Opcode {
        let mut opcode = Opcode { fixed: Vec::new(), length: "LIG".into(), w: "WIG".into() };
        let is_byte =
            |word: &str| word.len() == 2 && word.chars().all(|c| c.is_ascii_digit() || ('A'..='F').contains(&c));
        for word in notation.split_whitespace() {
            let fields: Vec<&str> = word.split('.').collect();
            if let [kind @ ("VEX" | "EVEX" | "XOP"), length, prefix, map, w, ..] = fields[..] {
                opcode.fixed.extend([kind, prefix, map].map(String::from));
                opcode.length = match length {
                    "LZ" | "L0" => "128",
                    "L1" => "256",
                    "LLIG" => "LIG",
                    other => other,
                }
                .into();
                opcode.w = w.into();
            } else if let Some((byte, _)) = word.split_once('+')
                && is_byte(byte)
            {
                opcode.fixed.push(byte.into());
            } else if is_byte(word) || word == "REX.W" || (word.starts_with('/') && word.len() == 2 && word != "/r") {
                opcode.fixed.push(word.into());
            }
        }
        // Prefixes stand in any order.
        let prefixes =
            opcode.fixed.iter().take_while(|word| ["66", "F2", "F3", "F0", "67", "REX.W"].contains(&&***word));
        let prefixes = prefixes.count();
        opcode.fixed[..prefixes].sort();
        opcode
    }

    fn agrees_with(&self, other: &Opcode) -> bool {
        let agree = |a: &str, b: &str, any: &str| a == b || a == any || b == any;
        self.fixed == other.fixed && agree(&self.length, &other.length, "LIG") && agree(&self.w, &other.w, "WIG")
    }
}

/// How much there is of something.
#[derive(Default)]
struct Count {
    forms: usize,
    listed: usize,
    found: usize,
    left_out: usize,
}

/// Reasons for what is left out of an instruction set.
struct Reasons(Vec<(Vec<String>, String, BTreeSet<String>)>);

impl Reasons {
    fn of(isa: &str) -> Reasons {
        let lines = list("left_out.tsv").into_iter().filter(|line| line[0] == isa);
        Reasons(
            lines
                .map(|line| (line[1..line.len() - 1].to_vec(), line[line.len() - 1].clone(), BTreeSet::new()))
                .collect(),
        )
    }

    /// Notes what is left out, whose columns the reason's agree with, as far as it has them.
    fn note(&mut self, columns: &[&str], what: String) -> bool {
        let fits = |patterns: &[String]| {
            patterns.iter().zip(columns).all(|(pattern, column)| match pattern.split_once('*') {
                Some((begin, end)) => {
                    column.len() >= begin.len() + end.len() && column.starts_with(begin) && column.ends_with(end)
                }
                None => pattern == column,
            })
        };
        match self.0.iter_mut().find(|(patterns, ..)| fits(patterns)) {
            Some((.., left_out)) => {
                left_out.insert(what);
                true
            }
            None => false,
        }
    }

    /// The reasons, as rows of a table.
    fn rows(&self) -> String {
        let mut of_reason: Vec<(&str, Vec<&str>)> = Vec::new();
        for (patterns, reason, left_out) in &self.0 {
            assert!(!left_out.is_empty(), "nothing is left out any more because of {patterns:?}: {reason}");
            let left_out = left_out.iter().map(String::as_str);
            match of_reason.iter_mut().find(|(other, _)| other == reason) {
                Some((_, all)) => all.extend(left_out),
                None => of_reason.push((reason, left_out.collect())),
            }
        }
        let mut rows = String::from("| left out | why |\n|---|---|\n");
        for (reason, left_out) in of_reason {
            let _ = writeln!(rows, "| {} | {reason} |", left_out.join(", "));
        }
        rows
    }
}

fn counts(title: &str, counts: &BTreeMap<String, Count>) -> String {
    let mut rows =
        format!("| {title} | forms here | in the list | of these here | left out |\n|---|--:|--:|--:|--:|\n");
    let mut sum = Count::default();
    for (name, count) in counts {
        sum.forms += count.forms;
        sum.listed += count.listed;
        sum.found += count.found;
        sum.left_out += count.left_out;
        let Count { forms, listed, found, left_out } = count;
        let _ = match listed {
            0 => writeln!(rows, "| {name} | {forms} | - | | |"),
            _ => writeln!(rows, "| {name} | {forms} | {listed} | {found} | {left_out} |"),
        };
    }
    let Count { forms, listed, found, left_out } = sum;
    let _ = writeln!(rows, "| **all** | {forms} | {listed} | {found} | {left_out} |");
    rows
}

/// What the tables may call an instruction: the EVEX form beside a VEX one, and what has no operand to tell its width.
fn spellings(mnemonic: &str) -> [String; 4] {
    [mnemonic.into(), format!("{{evex}} {mnemonic}"), format!("{mnemonic}w"), format!("{mnemonic}q")]
}

fn x64() -> String {
    let forms = x64_forms(&package().join("../tables")).unwrap_or_else(|error| panic!("{error}"));
    let mut extensions = BTreeMap::<String, Count>::new();
    let mut opcodes: HashMap<&str, Vec<Opcode>> = HashMap::new();
    for form in &forms {
        let extension = if form.cpu.is_empty() { "base".into() } else { form.cpu.join(" ") };
        extensions.entry(extension).or_default().forms += 1;
        opcodes.entry(&form.mnemonic).or_default().push(Opcode::of(&form.notation));
    }
    let mut reasons = Reasons::of("x64");
    let mut missing = Vec::new();
    for line in list("x64.tsv") {
        let [cpu, mnemonic, notation, count] = &line[..] else { panic!("four columns: {line:?}") };
        let count: usize = count.parse().expect("a number");
        let extension = extensions.entry(if cpu == "-" { "base".into() } else { cpu.clone() }).or_default();
        extension.listed += count;
        let opcode = Opcode::of(notation);
        if spellings(mnemonic).iter().any(|spelling| {
            opcodes.get(spelling.as_str()).is_some_and(|known| known.iter().any(|known| known.agrees_with(&opcode)))
        }) {
            extension.found += count;
        } else if reasons.note(&[mnemonic, notation], format!("`{mnemonic}` ({notation})")) {
            extension.left_out += count;
        } else {
            missing.push(line.join(" | "));
        }
    }
    assert!(missing.is_empty(), "{} neither here nor left out for a reason:\n{}", missing.len(), missing.join("\n"));
    format!("{}\n{}", counts("CPU features", &extensions), reasons.rows())
}

fn aarch64() -> String {
    let forms = aarch64_forms(&package().join("../tables")).unwrap_or_else(|error| panic!("{error}"));
    let mut ids = HashMap::<&str, usize>::new();
    for form in &forms {
        // An alias is another spelling of what it is an alias of.
        if let Some(id) = &form.id {
            *ids.entry(id).or_default() += 1;
        }
    }
    let mut classes = BTreeMap::<String, Count>::new();
    let mut reasons = Reasons::of("aarch64");
    let mut missing = Vec::new();
    for line in list("aarch64.tsv") {
        let [class, id] = &line[..] else { panic!("two columns: {line:?}") };
        let count = classes.entry(class.clone()).or_default();
        count.listed += 1;
        if let Some(forms) = ids.get(id.as_str()) {
            count.found += 1;
            count.forms += forms;
        } else if reasons.note(&[id], format!("`{id}`")) {
            count.left_out += 1;
        } else {
            missing.push(line.join(" | "));
        }
    }
    assert!(missing.is_empty(), "{} neither here nor left out for a reason:\n{}", missing.len(), missing.join("\n"));
    let aliases = forms.iter().filter(|form| form.id.is_none()).count();
    classes.entry("aliases".into()).or_default().forms += aliases;
    let mut features = BTreeMap::<String, usize>::new();
    for form in &forms {
        *features.entry(if form.cpu.is_empty() { "base".into() } else { form.cpu.join(" ") }).or_default() += 1;
    }
    let mut of_features = String::from("| features | forms here |\n|---|--:|\n");
    for (name, forms) in features {
        let _ = writeln!(of_features, "| {name} | {forms} |");
    }
    format!("{}\n{}\n{of_features}", counts("class", &classes), reasons.rows())
}

/// How many of LLVM's aliases have the mnemonic of a form.
fn aarch64_aliases() -> String {
    let forms = aarch64_forms(&package().join("../tables")).unwrap_or_else(|error| panic!("{error}"));
    let mnemonics: BTreeSet<&str> = forms.iter().map(|form| form.mnemonic.as_str()).collect();
    let mut reasons = Reasons::of("aarch64_aliases");
    let (mut listed, mut found, mut spellings) = (0, 0, 0);
    for line in list("aarch64_aliases.tsv") {
        let [mnemonic, count] = &line[..] else { panic!("two columns: {line:?}") };
        listed += 1;
        spellings += count.parse::<usize>().expect("a count");
        if mnemonics.contains(mnemonic.as_str()) {
            found += 1;
        } else {
            assert!(reasons.note(&[mnemonic], format!("`{mnemonic}`")), "{mnemonic}: no form, and no reason why");
        }
    }
    format!("LLVM 21 has {spellings} aliases, of {listed} mnemonics; {found} of these are here.\n\n{}", reasons.rows())
}

#[test]
fn the_page_says_what_is_here() {
    let page = format!(
        "# Coverage\n\nMade by `gen/tests/coverage.rs`, which fails if it is not up to date. What is newer than a list has no number in it.\n\n\
         ## x86-64\n\nThe list is iced's instruction definitions of July 2023, in 64-bit mode, but for 3DNow!, Padlock, MPX and Knights Corner. It counts \
         forms by operands, too, and the tables more finely: a form for each width, for each combination of masking and zeroing, and with LOCK or REP.\n\n{}\n\
         ## AArch64\n\nThe list is the encodings in Arm's machine-readable architecture of September 2026, by class. An encoding has one form \
         or several: one for each arrangement of a vector.\n\n{}\n{}",
        x64(),
        aarch64(),
        aarch64_aliases()
    );
    let path: PathBuf = package().join("../tables/COVERAGE.md");
    if std::env::var_os("UPDATE_COVERAGE").is_some() {
        fs::write(&path, page).expect("the page can be written");
        return;
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "tables/COVERAGE.md is not up to date: UPDATE_COVERAGE=1 cargo test -p tailfirst-gen --test coverage"
    );
}

/// The README's numbers.
#[test]
fn the_readme_counts_what_is_here() {
    let readme = fs::read_to_string(package().join("../README.md")).expect("the README is there");
    let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    let x64 = x64_forms(&package().join("../tables")).unwrap_or_else(|error| panic!("{error}")).len();
    let aarch64 = aarch64_forms(&package().join("../tables")).unwrap_or_else(|error| panic!("{error}")).len();
    let number = |n: usize| format!("{},{:03}", n / 1000, n % 1000);
    let sentence = format!("{} x86-64 forms and {} AArch64 forms", number(x64), number(aarch64));
    assert!(readme.contains(&sentence), "README.md does not say: {sentence}");
}
