//! Every A64 row that names an encoding of Arm's, against Arm's own machine-readable description of that encoding.
//!
//! The crate aarchmrs-instructions is generated from it: a module an encoding, with its fixed bits and fields as
//! constants. As a library it has no list of them, so its sources are read, which cargo has fetched.

use quickcheck::Gen;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    env, fs,
    path::{Path, PathBuf},
};
use tailfirst_gen::aarch64::Form as Model;
use tailfirst_roundtrip::aarch64::{MODEL, Sample, forward};
use tailfirst_roundtrip::choices::{self, Choices};

/// Random words a form.
const CASES: u64 = 24;

/// The version of the crate, which says from when the description is.
const VERSION: &str = "0.5.0-2026-09";

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

/// The directory of the crate's sources: cargo has compiled it for this test, and noted beside the test what it was
/// compiled from.
fn sources() -> PathBuf {
    let test = env::current_exe().expect("a test knows where it is");
    let dir = test.parent().expect("a test is in a directory");
    for entry in fs::read_dir(dir).expect("the directory can be read") {
        let path = entry.expect("can be listed").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with("aarchmrs_instructions-") || !name.ends_with(".d") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("can be read");
        // The file has a line `path:` for each source.
        let sources = text.lines().filter_map(|line| Some(Path::new(line.strip_suffix("lib.rs:")?).join("A64")));
        // What an older build noted may be gone.
        if let Some(found) = sources.into_iter().find(|dir| dir.is_dir() && dir.to_string_lossy().contains(VERSION)) {
            return found;
        }
    }
    panic!("nothing in {} says where the sources of aarchmrs-instructions {VERSION} are", dir.display());
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
            let Some((name, value)) = line.trim().strip_prefix("pub const ").and_then(|rest| rest.split_once(": "))
            else {
                continue;
            };
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

/// Our names of fields for Arm's, where they differ: one value that Arm's shift encodings split, and tiles and
/// predicates by their role.
const OTHER_NAMES: [(&str, &[&str]); 3] = [("imm", &["immb", "immh"]), ("ZA", &["ZAd", "ZAn"]), ("PNg", &["PNv"])];

/// Rows with bits that should be so in the manual's diagrams, and are fixed or ignored in Arm's data: Rt2 of compare
/// and swap, and the low bits of imm4 of INS (element).
const ALSO_SHOULD_BE: [(&str, usize); 2] = [("cas", 24), ("ins_", 3)];

/// A bit that Arm splits RPRFM off by: it is set in every index that exists.
const PRFM_OPTION: u32 = 1 << 14;

fn mask(lsb: u32, width: u32) -> u32 {
    (((1u64 << width) - 1) << lsb) as u32
}

/// What is wrong with a row, compared with Arm's encoding.
fn disagrees(form: &Model, arm: &Encoding) -> Option<String> {
    let bits = &form.bits;
    let mut fixed = arm.mask | arm.should_be;
    if form.name == "prfm_reg" {
        fixed &= !PRFM_OPTION;
    }
    if fixed & !bits.mask != 0 {
        return Some(format!("bits {:#010x} are fixed", fixed & !bits.mask));
    }
    if (bits.value ^ arm.value) & fixed != 0 {
        return Some(format!("bits {:#010x} are wrong", (bits.value ^ arm.value) & fixed));
    }
    let more = bits.should_be & !arm.should_be;
    if arm.should_be & !bits.should_be != 0
        || (more != 0 && !ALSO_SHOULD_BE.iter().any(|(name, _)| form.name.starts_with(name)))
    {
        return Some(format!("should-be bits are {:#010x}, not {:#010x}", arm.should_be, bits.should_be));
    }
    // A field of ours is one of Arm's, or a part of one whose other bits the row fixes.
    for field in &bits.fields {
        let other = OTHER_NAMES.iter().find(|(ours, _)| *ours == field.name).map(|(_, arms)| *arms);
        let is_same = |name: &str| name == field.name || other.is_some_and(|arms| arms.contains(&name));
        let of_arm = |(name, lsb, width): &(String, u32, u32)| if is_same(name) { mask(*lsb, *width) } else { 0 };
        // A field that Arm splits (`option_15`, 1, `option_13`) has the same bits.
        let parts = |(name, lsb, width): &(String, u32, u32)| {
            let is_part = form.name == "prfm_reg" && name.split_once('_').is_some_and(|(whole, _)| whole == field.name);
            if is_part { mask(*lsb, *width) } else { 0 }
        };
        let arms = arm.fields.iter().fold(0, |all, other| all | of_arm(other) | parts(other));
        let own = if form.name == "prfm_reg" { field.mask() & !PRFM_OPTION } else { field.mask() };
        let rest_is_fixed = arms & !own & !bits.mask & !other_fields(form, &field.name) == 0;
        if own & !arms != 0 || !rest_is_fixed {
            return Some(format!(
                "field {} is at {}, {} wide, of Arm's {:?}",
                field.name, field.lsb, field.width, arm.fields
            ));
        }
    }
    None
}

/// The bits of all fields but one.
fn other_fields(form: &Model, name: &str) -> u32 {
    form.bits.fields.iter().filter(|field| field.name != name).fold(0, |all, field| all | field.mask())
}

#[test]
fn rows_have_the_bits_and_fields_of_arms_encodings() {
    let encodings = encodings();
    let by_name: HashMap<&str, &Encoding> =
        encodings.iter().map(|encoding| (encoding.name.as_str(), encoding)).collect();
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
    for (name, count) in ALSO_SHOULD_BE {
        let more = |form: &&Model| {
            let arm = form.id.as_deref().and_then(|id| by_name.get(id));
            form.name.starts_with(name) && arm.is_some_and(|arm| form.bits.should_be != arm.should_be)
        };
        assert_eq!(MODEL.iter().filter(more).count(), count, "{name}");
    }
    println!("checked {forms} forms, which are {} of Arm's {} encodings", seen.len(), encodings.len());
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

/// The encodings that a word is of; of several, those with the most fixed bits.
fn decode(encodings: &[Encoding], word: u32) -> Vec<&Encoding> {
    let mut all: Vec<_> = encodings.iter().filter(|encoding| (word ^ encoding.value) & encoding.mask == 0).collect();
    let most = all.iter().map(|encoding| encoding.mask.count_ones()).max();
    all.retain(|encoding| Some(encoding.mask.count_ones()) == most);
    all
}

/// Forms some of whose words Arm counts as other encodings: a hint that has a name, and a byte access with `lsl #0`.
/// The ends of the other encodings' names.
const OTHER_ENCODINGS: [(&str, &str); 7] = [
    ("hint", "_hints"),
    ("ldr_b_reg", "LDR_BL_ldst_regoff"),
    ("ldrb_w_reg", "LDRB_32BL_ldst_regoff"),
    ("ldrsb_w_reg", "LDRSB_32BL_ldst_regoff"),
    ("ldrsb_x_reg", "LDRSB_64BL_ldst_regoff"),
    ("str_b_reg", "STR_BL_ldst_regoff"),
    ("strb_w_reg", "STRB_32BL_ldst_regoff"),
];

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
            let other = OTHER_ENCODINGS.iter().find(|(name, _)| *name == form.name);
            let is_other = other.is_some_and(|(_, end)| found.iter().all(|name| name.ends_with(end)));
            if found != [id] && !is_other {
                wrong.entry(form.name.as_str()).or_insert(format!("{}: {word:08x} is {found:?}, not {id}", form.name));
            }
        }
    }
    println!("checked {checked} words of {} forms", MODEL.len());
    let lines: Vec<_> = wrong.into_values().collect();
    assert!(lines.is_empty(), "{} forms:\n{}", lines.len(), lines.join("\n"));
}

/// A wrong row is found: each bit and each field of some rows is changed, one at a time.
#[test]
fn wrong_rows_are_found() {
    let encodings = encodings();
    let mut found = 0;
    for name in ["add_x_imm", "ldr_x_post", "stxr_w", "fadd_v4s", "csel_x", "tbz", "add_zb_m"] {
        let form = MODEL.iter().find(|form| form.name == name).unwrap_or_else(|| panic!("no form {name}"));
        let arm = encodings.iter().find(|arm| Some(arm.name.as_str()) == form.id.as_deref()).expect("its id is Arm's");
        assert_eq!(disagrees(form, arm), None, "{name}");
        for bit in (0..32).filter(|bit| (arm.mask | arm.should_be) >> bit & 1 == 1) {
            let mut wrong = form.clone();
            wrong.bits.value ^= 1 << bit;
            assert!(disagrees(&wrong, arm).is_some(), "{name} with bit {bit} changed");
            found += 1;
        }
        for at in 0..form.bits.fields.len() {
            let mut renamed = form.clone();
            renamed.bits.fields[at].name += "x";
            let mut moved = form.clone();
            moved.bits.fields[at].lsb ^= 1;
            let mut narrow = form.clone();
            narrow.bits.fields[at].width -= 1;
            for wrong in [renamed, moved, narrow] {
                assert!(disagrees(&wrong, arm).is_some(), "{name} with field {at} changed");
                found += 1;
            }
        }
    }
    println!("found {found} mistakes");
}
