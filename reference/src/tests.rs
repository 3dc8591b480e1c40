//! What the page has is all that there is: no selector and no name is missing, and no function is a list's own.

use crate::{
    functions::{self, Function, Kind},
    names, repository, source,
    source::Reach,
    texts::Texts,
};
use std::{collections::BTreeSet, fs, path::Path, sync::LazyLock};
use tailfirst_gen::Method;
use tailfirst_roundtrip::{aarch64, x64};

static FUNCTIONS: LazyLock<Vec<Function>> =
    LazyLock::new(|| functions::all(repository(), &mut Texts::default()).expect("the source can be read"));

const FOLDERS: [&str; 2] = ["src/x64", "src/aarch64"];

/// Services, which place something but choose from no forms.
const SERVICES: [&str; 1] = ["keep_together"];

fn function(isa: usize, name: &str) -> &'static Function {
    let is_it = |function: &&Function| function.isa == isa && function.name == name;
    FUNCTIONS.iter().find(is_it).unwrap_or_else(|| panic!("{name} is missing"))
}

/// The names of everything that can be found as a function of an instruction set.
fn names_of(isa: usize) -> BTreeSet<String> {
    let functions = FUNCTIONS.iter().filter(|function| function.isa == isa);
    let mut names: BTreeSet<String> =
        functions.flat_map(|function| function.synonyms.iter().chain([&function.name])).cloned().collect();
    match isa {
        0 => x64::MODEL.iter().for_each(|form| names.extend(form.synonyms().into_iter().chain([form.name.clone()]))),
        _ => names.extend(aarch64::MODEL.iter().map(|form| form.name.clone())),
    }
    names
}

#[test]
fn selectors_know_their_forms() {
    let of = |isa, name| function(isa, name).of.join(" ");
    assert_eq!(of(0, "mov_r64_imm"), "mov_r32_imm32 mov_rm64_imm32 mov_r64_imm64");
    assert_eq!(of(0, "nops"), "nop nopw nop_rm32 nop_rm16");
    assert_eq!(of(0, "call"), "call_rel32");
    assert_eq!(of(0, "jcc"), "jcc_rel8 jcc_rel32");
    assert_eq!(of(0, "add_rm64_imm"), "add_rm64_imm8 add_rm64_imm32");
    assert_eq!(of(1, "mov_x_imm"), "movk_x mov_x_bitmask movn_x movz_x");
    assert_eq!(of(1, "ldr_x"), "ldr_x_uoff ldur_x ldr_x_reg");
    assert_eq!(of(1, "ldp_q"), "ldp_q_off");
    assert_eq!(of(1, "add_x_const"), "add_x_imm sub_x_imm");
    assert_eq!(of(1, "tst_w_const"), "tst_w_imm");
    assert_eq!(of(1, "b_al"), "b_cond");
    assert_eq!(function(0, "je").synonyms, ["jz"]);
    assert_eq!(function(0, "alu_rm64_r64").kind, Kind::Value);
    assert_eq!(function(1, "ldr_x").kind, Kind::Selector);
}

/// Every method that users can call on an encoder of one instruction set is on the page, or is a service.
#[test]
fn every_method_of_the_source_is_there() {
    for (isa, folder) in FOLDERS.into_iter().enumerate() {
        let names = names_of(isa);
        let written = source::methods(repository(), folder).expect("the source can be read");
        let public = written.iter().filter(|method| method.reach == Reach::Users);
        let missing: Vec<&str> = public
            .map(|method| method.name.as_str())
            .filter(|name| !names.contains(*name) && !SERVICES.contains(name))
            .collect();
        assert_eq!(missing, [""; 0], "{folder}");
    }
}

/// Every function that the tables make is on the page.
#[test]
fn every_generated_function_is_there() {
    let generated = [tailfirst_gen::x64::methods(&x64::MODEL), tailfirst_gen::aarch64::methods(&aarch64::MODEL)];
    for (isa, methods) in generated.iter().enumerate() {
        let names = names_of(isa);
        let missing: Vec<String> = methods.iter().map(Method::name).filter(|name| !names.contains(name)).collect();
        assert_eq!(missing, [""; 0], "{isa}");
    }
}

/// The runtime's own tests call selectors; each that they call is on the page. This reads text, and knows nothing of
/// how selectors are found.
#[test]
fn what_tests_call_is_there() {
    let names: BTreeSet<String> = names_of(0).union(&names_of(1)).cloned().collect();
    let mut calls = BTreeSet::new();
    for folder in ["src/x64", "src/aarch64", "tests/x64", "tests/aarch64"] {
        calls_in(&repository().join(folder), &mut calls);
    }
    assert!(calls.len() > 200, "{}", calls.len());
    let services = services();
    let missing: Vec<&String> =
        calls.iter().filter(|name| !names.contains(*name) && !services.contains(*name)).collect();
    assert_eq!(missing, [""; 0]);
}

/// The names behind `enc.` in a folder's files.
fn calls_in(folder: &Path, calls: &mut BTreeSet<String>) {
    for text in texts_in(folder) {
        for behind in text.split("enc.").skip(1) {
            let name: String = behind.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if behind[name.len()..].starts_with('(') {
                calls.insert(name);
            }
        }
    }
}

/// What the encoders of all instruction sets have: the words behind `fn`, and the names that macros make.
fn services() -> BTreeSet<String> {
    let mut services = BTreeSet::from(SERVICES.map(String::from));
    for text in texts_in(&repository().join("src/encoder")) {
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for pair in words.windows(2) {
            if pair[0] == "fn" || pair[1].starts_with("data_") || pair[1].starts_with("constant_") {
                services.insert(pair[1].into());
            }
        }
    }
    services
}

fn texts_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder exists").map(|entry| entry.expect("can be read").path());
    entries
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => texts_in(&path),
            Some(extension) if extension == "rs" => vec![fs::read_to_string(&path).expect("is text")],
            _ => vec![],
        })
        .collect()
}

#[test]
fn every_name_is_there() {
    let types = names::all(&FUNCTIONS, &mut Texts::default()).expect("the tables can be read");
    let count: usize = types.iter().map(|named| named.names().len()).sum();
    let tables = ["aarch64_operations", "aarch64_registers"].map(|table| {
        let path = repository().join(format!("tables/names/{table}.ron"));
        fs::read_to_string(path).expect("the table can be read").matches("(name: \"").count()
    });
    assert_eq!(count, tables.iter().sum::<usize>());
    let tpidr = tailfirst::aarch64::SysReg::TPIDR_EL0.bits();
    let registers = types.iter().find(|named| named.ty() == "SysReg").expect("the type has names");
    assert!(registers.names().iter().any(|name| name.1 == "TPIDR_EL0" && name.2 & 0x7FFF == tpidr && name.3 == "rw"));
}
