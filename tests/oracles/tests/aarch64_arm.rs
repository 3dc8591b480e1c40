//! Every A64 row that names an encoding of Arm's, against Arm's own machine-readable description of that encoding.
//!
//! The crate aarchmrs-instructions is generated from it: a module an encoding, with its fixed bits and fields as constants. As a library it
//! has no list of them, so its sources are read, which cargo has fetched.

#[path = "../../support/aarch64/mod.rs"]
mod support;

use quickcheck::Gen;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};
use support::{
    MODEL, Sample,
    choices::{self, Choices},
    forward,
};
use tailfirst_gen::aarch64::Form as Model;

/// Random words a form.
const CASES: u64 = 24;

/// Arm's description of an encoding.
#[derive(Debug, Default)]
struct Encoding {
    name: String,
    mask: u32,
    value: u32,
    should_be: u32,
    /// Name, lowest bit, width.
    fields: Vec<(String, u32, u32)>,
}

/// The directory of the crate's sources.
fn sources() -> PathBuf {
    let cargo = env::var_os("CARGO").expect("cargo runs the tests");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    // Only what this machine needs has been fetched.
    let version = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into())).arg("-vV").output().expect("rustc runs");
    let version = String::from_utf8(version.stdout).expect("rustc writes UTF-8");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc says its host");
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--offline", "--filter-platform", host, "--manifest-path"])
        .arg(manifest)
        .output()
        .expect("cargo runs");
    let metadata = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let needle = "aarchmrs-instructions-0.5.0-2026-09/src/lib.rs\"";
    let end = metadata.find(needle).unwrap_or_else(|| panic!("no aarchmrs-instructions: {}", String::from_utf8_lossy(&output.stderr)));
    let start = metadata[..end].rfind('"').expect("a path is in quotes") + 1;
    Path::new(&metadata[start..end]).join("aarchmrs-instructions-0.5.0-2026-09/src/A64")
}

fn read(dir: &Path, encodings: &mut Vec<Encoding>) {
    for entry in fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
        let path = entry.expect("can be listed").path();
        if path.is_dir() {
            read(&path, encodings);
            continue;
        }
        let text = fs::read_to_string(&path).expect("can be read");
        for line in text.lines() {
            let Some((name, value)) = line.trim().strip_prefix("pub const ").and_then(|rest| rest.split_once(": ")) else { continue };
            let number = || {
                let digits = value.trim_start_matches("u32 = ").trim_end_matches("u32;");
                let parsed = match digits.strip_prefix("0b") {
                    Some(binary) => u32::from_str_radix(binary, 2),
                    None => digits.parse(),
                };
                parsed.unwrap_or_else(|_| panic!("{line} is no number"))
            };
            // The constants of an encoding begin with its mask.
            if name == "OPCODE_MASK" {
                encodings.push(Encoding { mask: number(), ..Encoding::default() });
                continue;
            }
            let Some(encoding) = encodings.last_mut() else { continue };
            match name {
                "OPCODE" => encoding.value = number(),
                "SHOULD_BE_MASK" => encoding.should_be = number(),
                "NAME" => encoding.name = value.split('"').nth(1).expect("is in quotes").to_string(),
                _ => {
                    if let Some(field) = name.strip_prefix("FIELD_").and_then(|name| name.strip_suffix("_OFFSET")) {
                        encoding.fields.push((field.to_string(), number(), 0));
                    } else if name.starts_with("FIELD_") && name.ends_with("_WIDTH") {
                        encoding.fields.last_mut().expect("its offset comes before").2 = number();
                    }
                }
            }
        }
    }
}

fn encodings() -> Vec<Encoding> {
    let mut encodings = Vec::new();
    read(&sources(), &mut encodings);
    assert_eq!(encodings.len(), 4431, "Arm's description of September 2026");
    encodings
}

/// What is wrong with a row, compared with Arm's encoding.
fn disagrees(form: &Model, arm: &Encoding) -> Option<String> {
    let bits = &form.bits;
    let fixed = arm.mask | arm.should_be;
    if fixed & !bits.mask != 0 {
        return Some(format!("bits {:#010x} are fixed", fixed & !bits.mask));
    }
    if (bits.value ^ arm.value) & fixed != 0 {
        return Some(format!("bits {:#010x} are wrong", (bits.value ^ arm.value) & fixed));
    }
    if bits.should_be != arm.should_be {
        return Some(format!("should-be bits are {:#010x}, not {:#010x}", arm.should_be, bits.should_be));
    }
    // A field of ours is one of Arm's, or a part of one whose other bits the row fixes.
    for field in &bits.fields {
        let is_whole = |(name, lsb, width): &(String, u32, u32)| *name == field.name && (*lsb, *width) == (field.lsb, field.width);
        if !arm.fields.iter().any(is_whole) {
            return Some(format!("field {} is at {}, {} wide, of Arm's {:?}", field.name, field.lsb, field.width, arm.fields));
        }
    }
    None
}

#[test]
fn rows_have_the_bits_and_fields_of_arms_encodings() {
    let encodings = encodings();
    let by_name: HashMap<&str, &Encoding> = encodings.iter().map(|encoding| (encoding.name.as_str(), encoding)).collect();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for form in MODEL.iter() {
        let Some(id) = form.id.as_deref() else { continue };
        match by_name.get(id) {
            None => wrong.push(format!("{}: Arm has no {id}", form.name)),
            Some(arm) => {
                seen.insert(id);
                wrong.extend(disagrees(form, arm).map(|reason| format!("{} ({id}): {reason}", form.name)));
            }
        }
    }
    let forms = MODEL.iter().filter(|form| form.id.is_some()).count();
    println!("checked {forms} forms, which are {} of Arm's {} encodings", seen.len(), encodings.len());
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

/// The encodings that a word is of; of several, those with the most fixed bits.
fn decode<'a>(encodings: &'a [Encoding], word: u32) -> Vec<&'a Encoding> {
    let mut all: Vec<_> = encodings.iter().filter(|encoding| (word ^ encoding.value) & encoding.mask == 0).collect();
    let most = all.iter().map(|encoding| encoding.mask.count_ones()).max();
    all.retain(|encoding| Some(encoding.mask.count_ones()) == most);
    all
}

/// The form that a form is an alias of, if any, at the end of the chain.
fn canonical(form: &'static Model) -> &'static Model {
    match &form.alias {
        Some(name) if form.id.is_none() => {
            canonical(MODEL.iter().find(|other| other.name == *name).expect("aliases exist"))
        }
        _ => form,
    }
}

#[test]
fn words_are_of_the_rows_encoding() {
    let encodings = encodings();
    let mut random = Gen::from_size_and_seed(100, choices::seed("words_are_of_the_rows_encoding"));
    let mut wrong = BTreeMap::new();
    let mut checked = 0;
    for form in MODEL.iter() {
        let id = canonical(form).id.as_deref().unwrap_or_else(|| panic!("{} is no alias, and has no id", form.name));
        for _ in 0..choices::times(CASES) {
            let numbers = choices::numbers(&mut random);
            let sample = Sample::new(form, &mut Choices::new(&numbers));
            let word = forward::encode(form, &sample.values);
            let found: Vec<_> = decode(&encodings, word).iter().map(|encoding| encoding.name.as_str()).collect();
            checked += 1;
            if found != [id] {
                wrong.entry(form.name.as_str()).or_insert(format!("{}: {word:08x} is {found:?}, not {id}", form.name));
            }
        }
    }
    println!("checked {checked} words of {} forms", MODEL.len());
    let lines: Vec<_> = wrong.into_values().collect();
    assert!(lines.is_empty(), "{} forms:\n{}", lines.len(), lines.join("\n"));
}
