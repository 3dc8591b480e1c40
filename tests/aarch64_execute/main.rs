//! Data-processing instructions of AArch64, executed on random inputs and compared with plain models.
//!
//! The tables say which forms there are, tests/support/a64_lanes what their mnemonics mean. All registers are compared,
//! those that the instruction must leave as well. SVE's and SME's forms are executed at several vector lengths, which
//! the test sets for its own thread. What the processor lacks, and what has no model, is skipped and named.
//!
//! The models have no NaNs among their inputs. A result that is one comes from the operation, and is compared with no
//! regard to its bits. FPSR is not compared.

#![cfg(all(target_arch = "aarch64", target_os = "linux"))]

#[path = "../support/a64_lanes/mod.rs"]
mod lanes;

use lanes::{
    Models,
    execute::{Case, Skipped},
    machine::{Machine, Mode, State, Unit},
    random::Random,
};
use std::collections::{BTreeMap, BTreeSet};
use tailfirst::{
    aarch64::{CpuFeature, CpuFeatures, Form, forms},
    exec::Arena,
};
use tailfirst_roundtrip::choices;

/// Forms that the emulator of this project's CI executes wrongly, and how; they are not executed.
const WRONG_IN_QEMU: [(&str, &str); 2] = [
    ("uqxtnb_zs", "from 2^63 on, 64 bits saturate to 0 (QEMU 10.0)"),
    ("uqxtnt_zs", "from 2^63 on, 64 bits saturate to 0 (QEMU 10.0)"),
];

/// How many forms there are of something, and of which mnemonics.
#[derive(Default)]
struct Count {
    /// With their mnemonics.
    forms: BTreeMap<&'static str, &'static str>,
}

impl Count {
    fn add(&mut self, form: &Form) {
        self.forms.insert(form.name, form.mnemonic);
    }

    fn mnemonics(&self) -> BTreeSet<&'static str> {
        self.forms.values().copied().collect()
    }
}

#[derive(Default)]
struct Report {
    executed: BTreeMap<&'static str, Count>,
    lacks: BTreeMap<&'static str, Count>,
    operands: Count,
    without_model: Count,
    lengths: BTreeSet<String>,
    cases: u64,
    failures: Vec<String>,
}

/// Which registers a form is tested with.
fn mode(form: &Form) -> Mode {
    match form.table.rsplit('/').next() {
        Some(table) if table.starts_with("sme") => Mode::Streaming,
        Some(table) if table.starts_with("sve") => {
            if form.cpu.iter().any(|feature| feature.name().starts_with("FEAT_SME")) {
                Mode::Streaming
            } else {
                Mode::Sve
            }
        }
        _ => Mode::Neon,
    }
}

/// Executes all forms of a mode that have models, at the vector length that is set.
fn execute(unit: Unit, forms: &[&'static Form], models: &Models, random: &mut Random, report: &mut Report) {
    const OPERANDS: usize = 2;
    const INPUTS: usize = 3;
    let arena = Arena::new().expect("executable memory");
    let mut state = State::new();
    random.fill(&mut state.vectors, 8, lanes::random::Fill::Bits);
    random.fill(&mut state.predicates, 8, lanes::random::Fill::Bits);
    if unit.mode == Mode::Neon {
        state.vectors[32 * unit.bytes..].fill(0);
    }
    let mut cases: Vec<Case<'_>> = Vec::new();
    for form in forms {
        for _ in 0..OPERANDS {
            match Case::new(form, models, unit, &state, random) {
                Ok(case) => cases.push(case),
                Err(Skipped::NoModel) => report.without_model.add(form),
                Err(Skipped::Operands) => report.operands.add(form),
            }
        }
    }
    let instructions: Vec<_> = cases.iter().map(|case| (case.form, &case.operands[..])).collect();
    let machine = Machine::new(&arena, unit, &instructions);
    let mut failed = BTreeSet::new();
    for (index, case) in cases.iter().enumerate() {
        for _ in 0..INPUTS {
            case.refill(unit, &mut state, random);
            let before = state.clone();
            let mut expected = case.expect(unit, &before);
            machine.execute(index, &mut state);
            report.cases += 1;
            let mut found = state.clone();
            if case.model.nan {
                case.forget_nans(unit, &mut expected);
                case.forget_nans(unit, &mut found);
            }
            if *found != *expected {
                if failed.insert(case.form.name) {
                    report.failures.push(case.differences(unit, &before, &expected, &found));
                }
                break;
            }
        }
        report
            .executed
            .entry(case.form.cpu.first().map_or("base", |feature| feature.name()))
            .or_default()
            .add(case.form);
    }
    if !cases.is_empty() {
        report.lengths.insert(format!("{:?} {}", unit.mode, 8 * unit.bytes));
    }
}

#[test]
fn forms_do_what_their_models_say() {
    let mut random = Random(choices::seed("aarch64_execute"));
    let here = CpuFeatures::detect();
    let models = Models::all();
    let mut report = Report::default();
    let mut by_mode: [Vec<&'static Form>; 3] = Default::default();
    for form in forms() {
        if let Some((_, how)) = WRONG_IN_QEMU.iter().find(|(name, _)| *name == form.name) {
            println!("skipped, for QEMU is wrong: {}: {how}", form.name);
            continue;
        }
        match form.needs().difference(here).iter().next() {
            Some(feature) => report.lacks.entry(feature.name()).or_default().add(form),
            None => by_mode[mode(form) as usize].push(form),
        }
    }
    let [neon, sve, streaming] = by_mode;
    for (mode, forms, lengths) in [
        (Mode::Neon, neon, &[16][..]),
        (Mode::Sve, sve, &[16, 32, 64, 256]),
        (Mode::Streaming, streaming, &[16, 32, 64]),
    ] {
        let available = match mode {
            Mode::Neon => true,
            Mode::Sve => here.contains(CpuFeature::FEAT_SVE),
            Mode::Streaming => here.contains(CpuFeature::FEAT_SME),
        };
        if available {
            let units = lengths.iter().filter_map(|bytes| Unit::set(mode, *bytes));
            for unit in units {
                execute(unit, &forms, &models, &mut random, &mut report);
            }
        }
    }
    let mnemonics: BTreeSet<_> = forms().iter().map(|form| form.mnemonic).collect();
    for names in &models.names {
        assert!(names.split(' ').any(|name| mnemonics.contains(name)), "a model of {names}, which no table has");
    }
    // What has no operands at one vector length has them at another.
    let executed = report.executed.values();
    report.operands.forms.retain(|form, _| !executed.clone().any(|count| count.forms.contains_key(form)));
    let (total, distinct) = summary(&report);
    let failures = &report.failures;
    assert!(failures.is_empty(), "{} forms differ:\n{}", failures.len(), failures.join("\n\n"));
    // Base, floating point and Advanced SIMD are everywhere, the rest where it was executed at all.
    assert!(total >= 2000, "only {total} forms were executed");
    assert!(distinct >= 400, "only {distinct} mnemonics were executed");
    if here.contains(CpuFeature::FEAT_SVE2) && here.contains(CpuFeature::FEAT_SME) {
        assert!(total >= 4150, "only {total} forms were executed");
        assert!(distinct >= 690, "only {distinct} mnemonics were executed");
    }
}

/// Prints what was executed and what was not, and how many forms and mnemonics were.
fn summary(report: &Report) -> (usize, usize) {
    for (extension, count) in &report.executed {
        println!("executed, {extension}: {} forms of {} mnemonics", count.forms.len(), count.mnemonics().len());
    }
    for (feature, count) in &report.lacks {
        println!("skipped, for the processor lacks {feature}: {} forms: {:?}", count.forms.len(), count.mnemonics());
    }
    for (why, count) in
        [("of operands that are not made here", &report.operands), ("without a model", &report.without_model)]
    {
        println!(
            "skipped, {why}: {} forms of {} mnemonics: {:?}",
            count.forms.len(),
            count.mnemonics().len(),
            count.mnemonics()
        );
    }
    let total: usize = report.executed.values().map(|count| count.forms.len()).sum();
    let distinct: BTreeSet<_> = report.executed.values().flat_map(Count::mnemonics).collect();
    println!("{total} forms of {} mnemonics, {} cases, at {:?}", distinct.len(), report.cases, report.lengths);
    (total, distinct.len())
}
