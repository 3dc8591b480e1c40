//! Every form of hundreds of data-processing instructions, executed on random inputs and compared with plain models.
//!
//! The tables say which forms there are, tests/support/lanes what their mnemonics mean.
//! What the processor lacks, and what has no model, is skipped and named.

#![cfg(all(feature = "x64", feature = "forms", target_arch = "x86_64"))]

#[path = "support/x64/choices.rs"]
mod choices;
#[path = "support/lanes/mod.rs"]
mod lanes;

use lanes::{
    Models,
    execute::{Failure, Random, execute, random_state},
    machine::Vectors,
};
use std::{
    arch::is_x86_feature_detected as has,
    collections::{BTreeMap, BTreeSet},
};
use tailfirst::x64::{Form, forms};

/// Whether the processor has a CPUID feature of the tables.
fn present(feature: &str) -> bool {
    match feature {
        "SSE" => has!("sse"),
        "SSE2" => has!("sse2"),
        "SSE3" => has!("sse3"),
        "SSSE3" => has!("ssse3"),
        "SSE4_1" => has!("sse4.1"),
        "SSE4_2" => has!("sse4.2"),
        "AES" => has!("aes"),
        "PCLMULQDQ" => has!("pclmulqdq"),
        "SHA" => has!("sha"),
        "GFNI" => has!("gfni"),
        "VAES" => has!("vaes"),
        "VPCLMULQDQ" => has!("vpclmulqdq"),
        "POPCNT" => has!("popcnt"),
        "LZCNT" => has!("lzcnt"),
        "BMI1" => has!("bmi1"),
        "BMI2" => has!("bmi2"),
        "ADX" => has!("adx"),
        "MOVBE" => has!("movbe"),
        // Every processor of 64 bits has them.
        "CMOV" | "MMX" => true,
        "AVX" => has!("avx"),
        "AVX2" => has!("avx2"),
        "FMA" => has!("fma"),
        "F16C" => has!("f16c"),
        // Masks are loaded with AVX512BW's instructions.
        "AVX512F" => Vectors::here() == Vectors::Zmm,
        "AVX512VL" => has!("avx512vl"),
        "AVX512BW" => has!("avx512bw"),
        "AVX512DQ" => has!("avx512dq"),
        "AVX512CD" => has!("avx512cd"),
        "AVX512_IFMA" => has!("avx512ifma"),
        "AVX512_VBMI" => has!("avx512vbmi"),
        "AVX512_VBMI2" => has!("avx512vbmi2"),
        "AVX512_VNNI" => has!("avx512vnni"),
        "AVX512_BITALG" => has!("avx512bitalg"),
        "AVX512_VPOPCNTDQ" => has!("avx512vpopcntdq"),
        "AVX_VNNI" => has!("avxvnni"),
        "AVX_VNNI_INT8" => has!("avxvnniint8"),
        "AVX_VNNI_INT16" => has!("avxvnniint16"),
        "AVX_IFMA" => has!("avxifma"),
        // What Rust cannot detect counts as lacking.
        _ => false,
    }
}

fn lacking(form: &Form) -> Option<&'static str> {
    form.cpu.iter().copied().find(|feature| !present(feature))
}

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
    let models = Models::all();
    let mut state = random_state(&mut random);
    let mut executed: BTreeMap<&str, Count> = BTreeMap::new();
    let mut lacks: BTreeMap<&str, Count> = BTreeMap::new();
    let mut shapes = Count::default();
    let mut without_model = Count::default();
    let mut mnemonics = BTreeSet::new();
    let mut failures = Vec::new();
    let mut cases = 0;
    for form in forms() {
        mnemonics.insert(form.mnemonic);
        let Some(model) = models.by_name.get(form.mnemonic) else {
            without_model.add(form);
            continue;
        };
        if let Some(feature) = lacking(form) {
            lacks.entry(feature).or_default().add(form);
            continue;
        }
        match execute(form, &models.models[*model], Vectors::here(), &mut state, &mut random) {
            Ok(more) => {
                cases += more;
                executed.entry(form.cpu.first().unwrap_or(&"x86-64")).or_default().add(form);
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
    println!("skipped, of operands that are not made here: {} forms: {:?}", shapes.forms, shapes.mnemonics);
    let Count { forms: others, mnemonics: names } = &without_model;
    println!("without a model: {others} forms of {} mnemonics: {names:?}", names.len());
    let total: usize = executed.values().map(|count| count.forms).sum();
    let distinct: BTreeSet<_> = executed.values().flat_map(|count| &count.mnemonics).collect();
    println!("{total} forms of {} mnemonics, {cases} cases", distinct.len());
    assert!(failures.is_empty(), "{} forms differ:\n{}", failures.len(), failures.join("\n\n"));
    // Where the processor has what most models are of.
    if present("AVX2") && present("FMA") {
        assert!(total >= 800, "only {total} forms were executed");
        assert!(distinct.len() >= 400, "only {} mnemonics were executed", distinct.len());
    }
    if ["AVX512F", "AVX512VL", "AVX512BW", "AVX512DQ"].into_iter().all(present) {
        assert!(total >= 2000, "only {total} forms were executed");
    }
    for names in &models.names {
        assert!(names.iter().any(|name| mnemonics.contains(&**name)), "a model of {names:?}, which no table has");
    }
}
