//! Every form of hundreds of data-processing instructions, executed on random inputs and compared with plain models.
//!
//! The tables say which forms there are, tests/support/lanes what their mnemonics mean. Operands are such that the
//! processor does not fault: of divisions, quotients that fit, and no divisor of zero; of gathers and bit tests, places
//! within the memory that there is.
//! What the processor lacks, and what has no model, is skipped and named.

use crate::lanes;
use lanes::{
    Models,
    execute::{Failure, Random, Run, execute, random_state},
    machine::Vectors,
};
use std::collections::{BTreeMap, BTreeSet};
use tailfirst::x64::{CpuFeature, CpuFeatures, Form, forms};
use tailfirst_roundtrip::choices;

/// How many forms there are of something, and of which mnemonics.
#[derive(Default)]
struct Count {
    forms: usize,
    mnemonics: BTreeSet<&'static str>,
}

impl Count {
    fn add(&mut self, form: &Form) {
        self.forms += 1;
        self.mnemonics.insert(form.mnemonic);
    }
}

#[test]
fn forms_do_what_their_models_say() {
    let mut random = Random(choices::seed("x64_execute_lanes"));
    let mut here = CpuFeatures::detect();
    if Vectors::here() != Vectors::Zmm {
        // Masks are loaded with AVX512BW's instructions.
        here = here.without(CpuFeature::AVX512F);
    }
    let models = Models::all();
    let mut state = random_state(&mut random);
    let mut executed: BTreeMap<&str, Count> = BTreeMap::new();
    let mut lacks: BTreeMap<&str, Count> = BTreeMap::new();
    let mut shapes = Count::default();
    let mut without_model = Count::default();
    let mut without_either = Count::default();
    let mut mnemonics = BTreeSet::new();
    let mut failures = Vec::new();
    let (mut cases, mut encoded) = (0, 0);
    for form in forms() {
        mnemonics.insert(form.mnemonic);
        let lacking = form.needs().difference(here).iter().next();
        let Some(model) = models.by_name.get(form.mnemonic) else {
            if lacking.is_some() {
                without_either.add(form)
            } else {
                without_model.add(form)
            }
            continue;
        };
        if let Some(feature) = lacking {
            // Encoded all the same, so that a processor that has it will find operands.
            let made = execute(form, &models.models[*model], Vectors::here(), &mut state, &mut random, Run::Encode);
            encoded += usize::from(made.is_ok());
            lacks.entry(feature.name()).or_default().add(form);
            continue;
        }
        match execute(form, &models.models[*model], Vectors::here(), &mut state, &mut random, Run::Execute) {
            Ok(more) => {
                cases += more;
                executed.entry(form.cpu.first().map_or("x86-64", |feature| feature.name())).or_default().add(form);
            }
            Err(Failure::Shape) => shapes.add(form),
            Err(Failure::Difference(text)) => failures.push(text),
        }
    }
    for (extension, count) in &executed {
        println!("executed, {extension}: {} forms of {} mnemonics", count.forms, count.mnemonics.len());
    }
    for (feature, count) in &lacks {
        println!("skipped, for the processor lacks {feature}: {} forms: {:?}", count.forms, count.mnemonics);
    }
    println!("of these, the operands of {encoded} forms are made, and encoded");
    println!("skipped, of operands that are not made here: {} forms: {:?}", shapes.forms, shapes.mnemonics);
    for (why, count) in [("", &without_model), (", nor does the processor have them", &without_either)] {
        let names = &count.mnemonics;
        println!("without a model{why}: {} forms of {} mnemonics: {names:?}", count.forms, names.len());
    }
    let total: usize = executed.values().map(|count| count.forms).sum();
    let distinct: BTreeSet<_> = executed.values().flat_map(|count| &count.mnemonics).collect();
    println!("{total} forms of {} mnemonics, {cases} cases", distinct.len());
    assert!(failures.is_empty(), "{} forms differ:\n{}", failures.len(), failures.join("\n\n"));
    // Where the processor has what most models are of.
    if here.contains_all(CpuFeatures::X86_64_V3) {
        assert!(total >= 1600, "only {total} forms were executed");
        assert!(distinct.len() >= 650, "only {} mnemonics were executed", distinct.len());
    }
    if here.contains_all(CpuFeatures::X86_64_V4) {
        assert!(total >= 2400, "only {total} forms were executed");
    }
    for names in &models.names {
        assert!(names.iter().any(|name| mnemonics.contains(&**name)), "a model of {names:?}, which no table has");
    }
}
