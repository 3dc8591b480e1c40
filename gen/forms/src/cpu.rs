//! CPU features: what rows name in `cpu`, how a processor tells that it has one, and which others each brings.
//!
//! ```text
//!   tables/cpu/*.ron --check--> features, closed over what they imply --emit--> an enum and three arrays
//! ```

use crate::{
    data::Common,
    error::{Reason, TableError},
    fields::record,
    names::is_constant,
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use std::collections::HashMap;

/// A table of features as written; see `tables/README.md`.
#[derive(Debug, Clone)]
pub struct Features {
    /// The manuals.
    pub source: String,
    /// The features, in groups.
    pub groups: Vec<Group>,
    /// Sets of them that have a name.
    pub levels: Vec<Level>,
    /// Registers that an operating system must have enabled.
    pub states: Vec<State>,
}

record!(Features: source groups; levels states);

/// Features under one title.
#[derive(Debug, Clone)]
pub struct Group {
    /// What they have in common.
    pub title: String,
    /// The features.
    pub features: Vec<Feature>,
}

record!(Group: title features;);

/// A feature.
#[derive(Debug, Clone)]
pub struct Feature {
    /// The manual's name, or that of the collection that the rows are from.
    pub name: String,
    /// What it brings, where the name does not say it.
    pub says: Option<String>,
    /// Where a processor tells it: `always`, or bits that must all be set.
    pub found: Option<String>,
    /// Why it cannot be found.
    pub unknown: Option<String>,
    /// The registers that the operating system must have enabled.
    pub state: Option<String>,
    /// The names that `is_aarch64_feature_detected!` has for it.
    pub std: Option<String>,
    /// The features that a processor with this one has.
    pub implies: Option<String>,
}

record!(Feature: name; says found unknown state std implies);

/// A set of features.
#[derive(Debug, Clone)]
pub struct Level {
    /// Its constant.
    pub name: String,
    /// What it is.
    pub says: String,
    /// A level that it has all of.
    pub from: Option<String>,
    /// What it has beyond that.
    pub features: String,
}

record!(Level: name says features; from);

/// Registers that an operating system must have enabled.
#[derive(Debug, Clone)]
pub struct State {
    /// Its name in this table.
    pub name: String,
    /// The bits that must be set.
    pub xcr0: String,
}

record!(State: name xcr0;);

/// The features of an instruction set, checked.
#[derive(Debug, Clone)]
pub struct Cpu {
    /// In the order of the table.
    pub features: Vec<Checked>,
    /// In the order of the table; the features by their indices.
    pub levels: Vec<(Level, Vec<usize>)>,
}

/// A checked feature.
#[derive(Debug, Clone)]
pub struct Checked {
    /// As written.
    pub row: Feature,
    /// How it is found.
    pub found: Found,
    /// The indices of what it implies, directly or not, and its own.
    pub implies: Vec<usize>,
}

/// How a feature is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Every processor has it.
    Always,
    /// All of these hold.
    Tests(Vec<Test>),
    /// It is not.
    Not,
}

/// Bits of a register, and what they must be at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Test {
    /// The register.
    pub place: Place,
    /// The lowest bit.
    pub low: u32,
    /// How many bits.
    pub width: u32,
    /// Their least value.
    pub least: u32,
}

/// A register that tells features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What CPUID gives for EAX and ECX, in EAX, EBX, ECX or EDX.
    Cpuid {
        /// EAX.
        leaf: u32,
        /// ECX.
        subleaf: u32,
        /// 0 is EAX, 3 is EDX.
        register: usize,
    },
    /// What XGETBV gives for register 0.
    Xcr0,
    /// HWCAP, HWCAP2, HWCAP3 of Linux's auxiliary vector.
    Hwcap(usize),
}

const REGISTERS: [&str; 4] = ["EAX", "EBX", "ECX", "EDX"];

impl Features {
    /// Checks the table `table`.
    pub fn check(&self, table: &str) -> Result<Cpu, TableError> {
        if self.source.trim().is_empty() {
            return Err(TableError::of_table(table, Reason::NoSource));
        }
        let rows: Vec<&Feature> = self.groups.iter().flat_map(|group| &group.features).collect();
        let mut index = HashMap::new();
        for (i, row) in rows.iter().enumerate() {
            let wrong = |problem| Err(TableError::of_row(table, &row.name, Reason::CpuFeature { problem }));
            if !is_constant(&row.name) {
                return wrong("its name is no constant's");
            }
            if index.insert(row.name.as_str(), i).is_some() {
                return wrong("it is there twice");
            }
            if row.found.is_some() == row.unknown.is_some() {
                return wrong("it has either `found`, or `unknown` with the reason");
            }
        }
        let named = |row: &str, words: &str| -> Result<Vec<usize>, TableError> {
            let find = |name: &str| {
                let unknown = || TableError::of_row(table, row, Reason::UnknownFeature { name: name.into() });
                index.get(name).copied().ok_or_else(unknown)
            };
            words.split_whitespace().map(find).collect()
        };
        let direct = rows.iter().map(|row| named(&row.name, row.implies.as_deref().unwrap_or_default()));
        let direct: Vec<Vec<usize>> = direct.collect::<Result<_, _>>()?;
        let mut features = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            let implies = closed(&[i], &direct);
            if implies.iter().any(|&other| direct[other].contains(&i)) {
                let problem = "it implies itself";
                return Err(TableError::of_row(table, &row.name, Reason::CpuFeature { problem }));
            }
            let found = self.found(row).map_err(|reason| TableError::of_row(table, &row.name, reason))?;
            features.push(Checked { row: (*row).clone(), found, implies });
        }
        let mut levels: Vec<(Level, Vec<usize>)> = Vec::new();
        for level in &self.levels {
            let mut all = named(&level.name, &level.features)?;
            if let Some(from) = &level.from {
                let unknown = || TableError::of_row(table, &level.name, Reason::UnknownFeature { name: from.clone() });
                all.extend(&levels.iter().find(|(other, _)| other.name == *from).ok_or_else(unknown)?.1);
            }
            levels.push((level.clone(), closed(&all, &direct)));
        }
        Ok(Cpu { features, levels })
    }

    fn found(&self, row: &Feature) -> Result<Found, Reason> {
        let Some(text) = &row.found else { return Ok(Found::Not) };
        if text == "always" {
            return Ok(Found::Always);
        }
        let state = match &row.state {
            None => "",
            Some(name) => {
                let unknown = Reason::CpuFeature { problem: "there is no such `state`" };
                &self.states.iter().find(|state| state.name == *name).ok_or(unknown)?.xcr0
            }
        };
        text.split_whitespace().chain(state.split_whitespace()).map(test).collect::<Result<_, _>>().map(Found::Tests)
    }
}

/// Features, and all that they imply, in ascending order.
fn closed(of: &[usize], direct: &[Vec<usize>]) -> Vec<usize> {
    let mut all = of.to_vec();
    let mut next = 0;
    while let Some(&feature) = all.get(next) {
        all.extend(direct[feature].iter().filter(|other| !all.contains(other)).copied().collect::<Vec<_>>());
        next += 1;
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// `07H.1:EAX[31]`, `24H:EBX[7:0]>=2`, `XCR0[17]`, `HWCAP2[1]`.
fn test(text: &str) -> Result<Test, Reason> {
    parse_test(text).ok_or_else(|| Reason::CpuTest { text: text.into() })
}

fn parse_test(text: &str) -> Option<Test> {
    let (text, least) = match text.split_once(">=") {
        Some((text, least)) => (text, least.parse().ok()?),
        None => (text, 1),
    };
    let (place, bits) = text.strip_suffix(']')?.split_once('[')?;
    let (high, low) = bits.split_once(':').unwrap_or((bits, bits));
    let (high, low): (u32, u32) = (high.parse().ok()?, low.parse().ok()?);
    let (place, width) = match place.split_once(':') {
        Some((leaf, register)) => {
            let (leaf, subleaf) = leaf.split_once('.').unwrap_or((leaf, "0"));
            let leaf = u32::from_str_radix(leaf.strip_suffix('H')?, 16).ok()?;
            let register = REGISTERS.iter().position(|name| *name == register)?;
            (Place::Cpuid { leaf, subleaf: subleaf.parse().ok()?, register }, 32)
        }
        None if place == "XCR0" => (Place::Xcr0, 64),
        None => (Place::Hwcap(["HWCAP", "HWCAP2", "HWCAP3"].iter().position(|name| *name == place)?), 64),
    };
    (low <= high && high < width).then(|| Test { place, low, width: high + 1 - low, least })
}

impl Cpu {
    /// The feature of this name.
    pub fn find(&self, name: &str) -> Option<&Checked> {
        self.features.iter().find(|feature| feature.row.name == name)
    }

    /// Refuses the first of a row's features that is not in the table.
    pub fn check_row(&self, cpu: &[String]) -> Result<(), Reason> {
        match cpu.iter().find(|name| self.find(name).is_none()) {
            Some(name) => Err(Reason::UnknownFeature { name: name.clone() }),
            None => Ok(()),
        }
    }

    /// What a row names, as the fields of a form: the features that are here, and the texts of others.
    pub(crate) fn fields(&self, cpu: &[String], common: &mut Common) -> TokenStream {
        let (known, other): (Vec<&String>, Vec<_>) = cpu.iter().partition(|name| self.find(name).is_some());
        let known = known.iter().map(|name| Ident::new(name, Span::call_site()));
        let known = common.list(&quote!(CpuFeature), known.map(|name| quote!(CpuFeature::#name)));
        let other = common.list(&quote!(&str), other.iter().map(|name| quote!(#name)));
        quote!(cpu: #known, other_cpu: #other)
    }

    /// The enum and what is known of its variants, as the text of a module that has the macro `cpu_features!`.
    pub fn features(&self, table: &str) -> String {
        let mut text = format!("// Generated from tables/{table} by tailfirst-gen. Change the table.\n\n");
        let mut line = |line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        line("/// A feature of processors, by the name that the manual has for it.");
        line("#[allow(non_camel_case_types)] // the manual's names");
        line("#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]");
        line("#[non_exhaustive]\n#[repr(u8)]\npub enum CpuFeature {");
        for feature in &self.features {
            line(&format!("    /// {}\n    {},", feature.docs(self), feature.row.name));
        }
        line("}\n");
        let count = self.features.len();
        let names: Vec<&str> = self.features.iter().map(|feature| feature.row.name.as_str()).collect();
        let variants: Vec<String> = names.iter().map(|name| format!("CpuFeature::{name}")).collect();
        line(&format!("const WORDS: usize = {};\n", count.div_ceil(64)));
        line(&format!("const FEATURES: [CpuFeature; {count}] = [{}];\n", variants.join(", ")));
        line(&format!("const NAMES: [&str; {count}] = [\"{}\"];\n", names.join("\", \"")));
        line("/// For each feature, what a processor with it has.");
        line(&format!("const IMPLIED: [[u64; WORDS]; {count}] = ["));
        for feature in &self.features {
            line(&format!("    {},", self.words(&feature.implies)));
        }
        line("];\n");
        line("/// Sets of features that have a name.\nimpl CpuFeatures {");
        for (level, features) in &self.levels {
            line(&format!("    /// {}", level.says));
            line(&format!("    pub const {}: CpuFeatures = CpuFeatures({});", level.name, self.words(features)));
        }
        line("}");
        text
    }

    /// How features are found, as the text of a module that has functions `cpuid`, `xcr0` or `hwcap`, and a macro
    /// `std_has`.
    pub fn tests(&self, table: &str) -> String {
        let mut text = format!("// Generated from tables/{table} by tailfirst-gen. Change the table.\n\n");
        text += "pub(super) const TESTS: &[(CpuFeature, &[Test])] = &[\n";
        for feature in &self.features {
            let tests = match &feature.found {
                Found::Not => continue,
                Found::Always => String::new(),
                Found::Tests(tests) => tests.iter().map(Test::call).collect::<Vec<_>>().join(", "),
            };
            text += &format!("    (CpuFeature::{}, &[{tests}]),\n", feature.row.name);
        }
        text += "];\n";
        let by_std = self.features.iter().filter_map(|feature| Some((feature, feature.row.std.as_ref()?)));
        let mut by_std = by_std.peekable();
        if by_std.peek().is_some() {
            text += "\n/// What the standard library finds.\n#[inline]\npub(super) fn by_std() -> CpuFeatures {\n    let mut found = CpuFeatures::EMPTY;\n";
            for (feature, names) in by_std {
                let all: Vec<_> = names.split(' ').map(|name| format!("std_has!(\"{name}\")")).collect();
                let name = &feature.row.name;
                text += &format!("    found.set_if(CpuFeature::{name}, {});\n", all.join(" && "));
            }
            text += "    found\n}\n";
        }
        text
    }

    fn words(&self, features: &[usize]) -> String {
        let mut words = vec![0u64; self.features.len().div_ceil(64)];
        for feature in features {
            words[feature / 64] |= 1 << (feature % 64);
        }
        format!("[{}]", words.iter().map(|word| format!("{word:#x}")).collect::<Vec<_>>().join(", "))
    }
}

impl Test {
    fn call(&self) -> String {
        let Test { place, low, width, least } = self;
        match place {
            Place::Cpuid { leaf, subleaf, register } => {
                format!("cpuid({leaf:#x}, {subleaf}, {register}, {low}, {width}, {least})")
            }
            Place::Xcr0 => format!("xcr0({low})"),
            Place::Hwcap(word) => format!("hwcap({word}, {low})"),
        }
    }
}

impl Checked {
    /// One line of documentation.
    fn docs(&self, cpu: &Cpu) -> String {
        let row = &self.row;
        let mut sentences = Vec::new();
        sentences.extend(row.says.as_ref().map(|says| {
            let mut letters = says.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
        }));
        sentences.push(match (&row.found, &row.unknown) {
            (_, Some(reason)) => format!("Cannot be detected: {reason}"),
            (Some(found), _) if found == "always" => "Every processor has it".into(),
            (found, _) => {
                let found = found.as_deref().unwrap_or_default();
                let state = row.state.as_ref().map(|state| format!(", with the registers of {state} enabled"));
                format!("Told by `{found}`{}", state.unwrap_or_default())
            }
        });
        if let Some(implies) = &row.implies {
            let links: Vec<_> = implies.split_whitespace().map(|name| format!("[`{name}`](Self::{name})")).collect();
            sentences.push(format!("Implies {}", links.join(", ")));
        }
        debug_assert!(cpu.find(&row.name).is_some());
        sentences.join(". ") + "."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feature(name: &str, found: Option<&str>, implies: Option<&str>) -> Feature {
        let text = |text: Option<&str>| text.map(String::from);
        let unknown = found.is_none().then(|| "a reason".to_string());
        Feature {
            name: name.into(),
            says: None,
            found: text(found),
            unknown,
            state: None,
            std: None,
            implies: text(implies),
        }
    }

    fn checked(features: Vec<Feature>, levels: Vec<Level>) -> Result<Cpu, String> {
        let group = Group { title: "A group".into(), features };
        let features = Features { source: "a manual".into(), groups: vec![group], levels, states: vec![] };
        features.check("cpu/test.ron").map_err(|error| error.to_string())
    }

    #[test]
    fn implications_are_closed_over() {
        let features = vec![
            feature("A", Some("01H:EDX[0]"), Some("B")),
            feature("B", Some("always"), Some("C")),
            feature("C", None, None),
            feature("D", None, None),
        ];
        let level = |name: &str, from: Option<&str>, features: &str| Level {
            name: name.into(),
            says: "A level.".into(),
            from: from.map(String::from),
            features: features.into(),
        };
        let levels = vec![level("ONE", None, "B"), level("TWO", Some("ONE"), "D")];
        let cpu = checked(features, levels).expect("it is right");
        let implied: Vec<_> = cpu.features.iter().map(|feature| feature.implies.clone()).collect();
        assert_eq!(implied, [vec![0, 1, 2], vec![1, 2], vec![2], vec![3]]);
        assert_eq!(cpu.levels[1].1, [1, 2, 3]);
        let text = cpu.features("cpu/test.ron");
        assert!(text.contains("pub const TWO: CpuFeatures = CpuFeatures([0xe]);"), "{text}");
    }

    #[test]
    fn tests_of_bits() {
        let cpuid = |leaf, subleaf, register| Place::Cpuid { leaf, subleaf, register };
        let bit = |place, low| Ok(Test { place, low, width: 1, least: 1 });
        assert_eq!(test("07H.1:EAX[31]"), bit(cpuid(7, 1, 0), 31));
        assert_eq!(test("8000001FH:EDX[0]"), bit(cpuid(0x8000_001F, 0, 3), 0));
        assert_eq!(test("24H:EBX[7:0]>=2"), Ok(Test { place: cpuid(0x24, 0, 1), low: 0, width: 8, least: 2 }));
        assert_eq!(test("XCR0[62]"), bit(Place::Xcr0, 62));
        assert_eq!(test("HWCAP2[63]"), bit(Place::Hwcap(1), 63));
        for wrong in ["07H:EAX[32]", "07:EAX[1]", "07H:RAX[1]", "HWCAP4[1]", "HWCAP[64]", "07H:EAX[0:7]", "07H:EAX"] {
            assert_eq!(test(wrong), Err(Reason::CpuTest { text: wrong.into() }));
        }
    }

    #[test]
    fn what_is_refused() {
        let refused =
            |features, expected: &str| assert_eq!(checked(features, vec![]).map(|_| ()), Err(expected.into()));
        let two = vec![feature("A", None, None), feature("A", None, None)];
        refused(two, r#"cpu/test.ron: "A": CPU feature: it is there twice"#);
        let circle = vec![feature("A", None, Some("B")), feature("B", None, Some("A"))];
        refused(circle, r#"cpu/test.ron: "A": CPU feature: it implies itself"#);
        let unknown = vec![feature("A", None, Some("B"))];
        refused(unknown, r#"cpu/test.ron: "A": there is no CPU feature B in tables/cpu/"#);
        let nothing = vec![Feature { unknown: None, ..feature("A", None, None) }];
        refused(nothing, r#"cpu/test.ron: "A": CPU feature: it has either `found`, or `unknown` with the reason"#);
        let both = vec![Feature { found: Some("always".into()), ..feature("A", None, None) }];
        refused(both, r#"cpu/test.ron: "A": CPU feature: it has either `found`, or `unknown` with the reason"#);
        let state = vec![Feature { state: Some("ZMM".into()), ..feature("A", Some("01H:EDX[0]"), None) }];
        refused(state, r#"cpu/test.ron: "A": CPU feature: there is no such `state`"#);
    }
}
