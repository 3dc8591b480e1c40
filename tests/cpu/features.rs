//! CPU features: sets of them, what is detected on this machine, and which form some bytes are.

use quickcheck::Gen;
use std::collections::BTreeMap;
use tailfirst::{aarch64, x64};
use tailfirst_roundtrip::aarch64 as a64;
use tailfirst_roundtrip::choices::{self, Choices};

/// Random cases a form.
const CASES: u64 = 12;

/// At most a few of the mistakes, the number of all of them in front.
fn assert_none(mistakes: BTreeMap<&str, String>) {
    let lines: Vec<_> = mistakes.values().take(20).cloned().collect();
    assert!(lines.is_empty(), "{} forms:\n{}", mistakes.len(), lines.join("\n"));
}

/// What an instruction set says of its features.
macro_rules! sets {
    ($isa:ident, $base:ident, $implying:ident, $implied:ident) => {
        mod $isa {
            use tailfirst::$isa::{CpuFeature, CpuFeatures, forms};

            #[test]
            fn names_are_read_back() {
                for feature in CpuFeature::ALL {
                    assert_eq!(feature.name().parse(), Ok(*feature));
                    assert_eq!(feature.to_string(), feature.name());
                    assert_eq!(CpuFeature::from_name(&feature.name().to_lowercase()), None);
                }
                assert_eq!("".parse::<CpuFeature>(), Err(tailfirst::cpu::UnknownFeature));
                let set = CpuFeatures::from(CpuFeature::$implying);
                assert!(format!("{set:?}").contains(CpuFeature::$implied.name()));
            }

            #[test]
            fn sets_hold_what_is_implied() {
                const SET: CpuFeatures = CpuFeatures::EMPTY.with(CpuFeature::$implying);
                assert!(SET.contains(CpuFeature::$implied));
                assert!(!CpuFeatures::from(CpuFeature::$implied).contains(CpuFeature::$implying));
                assert!(!SET.without(CpuFeature::$implied).contains(CpuFeature::$implying));
                for feature in CpuFeature::ALL {
                    let set = CpuFeatures::from(*feature);
                    assert!(set.contains(*feature) && CpuFeatures::ALL.contains_all(set), "{feature}");
                    assert_eq!(set.iter().collect::<CpuFeatures>(), set, "{feature}: not closed");
                    assert_eq!(set.len(), set.iter().count());
                    let without = CpuFeatures::ALL.without(*feature);
                    assert!(!without.contains(*feature));
                    assert_eq!(without.iter().collect::<CpuFeatures>(), without, "without {feature}: not closed");
                    assert_eq!(without.union(set).difference(set), without.difference(set));
                }
                assert_eq!(CpuFeatures::ALL.len(), CpuFeature::ALL.len());
                assert_eq!(CpuFeatures::default(), CpuFeatures::EMPTY);
                let mut extended = CpuFeatures::$base;
                extended.extend([CpuFeature::$implying]);
                assert_eq!(extended, CpuFeatures::$base.union(SET));
            }

            #[test]
            fn forms_need_what_they_name() {
                let mut named = CpuFeatures::EMPTY;
                for form in forms() {
                    assert!(form.other_cpu.is_empty(), "{}", form.name);
                    assert!(form.cpu.iter().all(|feature| form.needs().contains(*feature)), "{}", form.name);
                    named = named.union(form.needs());
                }
                assert!(named.len() > 90, "{} features", named.len());
            }
        }
    };
}

mod sets {
    sets!(x64, X86_64, AVX512BW, AVX512F);
    sets!(aarch64, ARMV8_0, FEAT_SVE2, FEAT_FP16);
}

/// The psABI's levels, in its own words (3.1.1).
#[test]
fn levels_of_x64() {
    use x64::{CpuFeature::*, CpuFeatures};
    let levels = [
        (CpuFeatures::X86_64, vec![CMOV, CX8, FPU, FXSR, MMX, SYSCALL, SSE, SSE2, CPUID, PAUSE]),
        (CpuFeatures::X86_64_V2, vec![CMPXCHG16B, LAHF_SAHF, POPCNT, SSE3, SSE4_1, SSE4_2, SSSE3]),
        (CpuFeatures::X86_64_V3, vec![AVX, AVX2, BMI1, BMI2, F16C, FMA, LZCNT, MOVBE, XSAVE]),
        (CpuFeatures::X86_64_V4, vec![AVX512F, AVX512BW, AVX512CD, AVX512DQ, AVX512VL]),
    ];
    let mut all = CpuFeatures::EMPTY;
    for (level, more) in levels {
        all.extend(more);
        assert_eq!(level, all);
    }
}

/// Whether one of the forms that these bytes can be is `form`, and the finder's choice needs no more.
macro_rules! mistake {
    ($isa:ident, $form:expr, $bytes:expr) => {{
        let (form, bytes): (&$isa::Form, &[u8]) = ($form, $bytes);
        let is_it = |(other, len): ($isa::Form, usize)| other.name == form.name && len == bytes.len();
        let found = $isa::Form::at(bytes);
        match found {
            _ if !$isa::Form::all_at(bytes).any(|(other, len)| is_it((*other, len))) => Some(format!(
                "{} is not found in {bytes:02x?}, but {:?}",
                form.name,
                found.map(|(form, len)| (form.name, len))
            )),
            Some((other, len)) if len != bytes.len() || !form.needs().contains_all(other.needs()) => {
                Some(format!("{}: {bytes:02x?} is taken for {}, of {len} bytes", form.name, other.name))
            }
            _ => None,
        }
    }};
}

#[test]
fn every_form_of_x64_is_found() {
    use tailfirst_roundtrip::x64::{MODEL, forward, operands::Sample};
    let mut random = Gen::from_size_and_seed(100, choices::seed("every_form_of_x64_is_found"));
    let (mut mistakes, mut checked, mut others) = (BTreeMap::new(), 0, BTreeMap::new());
    for (model, form) in MODEL.iter().zip(x64::forms()) {
        for _ in 0..choices::times(CASES) {
            let sample = Sample::new(model, &mut Choices::new(&choices::numbers(&mut random)));
            let bytes = forward::encode(model, &sample.arguments);
            // Behind an instruction there is another, and its length is the instruction's own.
            let behind = [&bytes[..], &[0xC3; 15]].concat();
            assert_eq!(
                x64::Form::at(&bytes).map(|(form, len)| (form.name, len)),
                x64::Form::at(&behind).map(|(form, len)| (form.name, len)),
                "{bytes:02x?}"
            );
            for cut in 0..bytes.len() {
                // WAIT is an instruction by itself.
                let found = x64::Form::at(&bytes[..cut]).map(|(form, _)| form.name);
                assert!(
                    matches!(found, None | Some("wait" | "fwait")),
                    "{}: {bytes:02x?} to {cut}: {found:?}",
                    form.name
                );
            }
            if let Some(mistake) = mistake!(x64, form, &bytes) {
                mistakes.insert(form.name, mistake);
            } else if let Some((other, _)) = x64::Form::at(&bytes).filter(|(other, _)| other.name != form.name) {
                others.insert(form.name, other.name);
            }
            checked += 1;
        }
    }
    println!(
        "checked {checked} instructions of {} forms; {} were taken for another: {others:?}",
        MODEL.len(),
        others.len()
    );
    assert_none(mistakes);
    assert!(checked >= 7000);
}

#[test]
fn every_form_of_aarch64_is_found() {
    use a64::{MODEL, Sample, forward};
    let mut random = Gen::from_size_and_seed(100, choices::seed("every_form_of_aarch64_is_found"));
    let (mut mistakes, mut checked, mut others) = (BTreeMap::new(), 0, BTreeMap::new());
    for (model, form) in MODEL.iter().zip(aarch64::forms()) {
        for _ in 0..choices::times(CASES) {
            let sample = Sample::new(model, &mut Choices::new(&choices::numbers(&mut random)));
            let bytes = forward::bytes(model, &sample.values);
            if let Some(mistake) = mistake!(aarch64, form, &bytes) {
                mistakes.insert(form.name, mistake);
            } else if let Some((other, _)) = aarch64::Form::at(&bytes).filter(|(other, _)| other.name != form.name) {
                others.insert(form.name, other.name);
            }
            checked += 1;
        }
    }
    println!("checked {checked} words of {} forms; {} were taken for another: {others:?}", MODEL.len(), others.len());
    assert_none(mistakes);
    assert!(checked >= 4500);
}

/// Code of random instructions, with data, constants and alignment between them.
mod code {
    use super::*;
    use tailfirst::{Align, Down, Label, Up};
    use tailfirst_roundtrip::side::Side;

    /// What stands in code.
    enum Part<S> {
        Instruction(Label, usize, S),
        Data(Vec<u8>),
        Constant(Vec<u8>),
        Gap,
    }

    /// So many parts, of which every fifth is no instruction, and where the instructions begin.
    fn parts<S>(
        choices: &mut Choices,
        mut instruction: impl FnMut(&mut Choices) -> Option<(Label, usize, S)>,
    ) -> Vec<Part<S>> {
        let bytes = |choices: &mut Choices, len: usize| (0..len).map(|_| choices.number() as u8).collect::<Vec<u8>>();
        (0..30)
            .filter_map(|_| match choices.below(15) {
                12 => Some(Part::Gap),
                13 => {
                    let len = 1 + choices.below(9);
                    Some(Part::Data(bytes(choices, len * 4)))
                }
                14 => Some(Part::Constant(bytes(choices, 8))),
                _ => instruction(choices).map(|(label, index, sample)| Part::Instruction(label, index, sample)),
            })
            .collect()
    }

    macro_rules! checks {
        ($isa:ident, $instruction:expr, $emit:expr, $operands_need:expr) => {
            fn check<D: Side>(random: &mut Gen) -> usize {
                use tailfirst::$isa::{CpuFeature, CpuFeatures, Emitter, Form, forms};
                let numbers: Vec<u64> = (0..40).flat_map(|_| choices::numbers(random)).collect();
                let mut choices = Choices::new(&numbers);
                let mut enc = Emitter::<D>::new();
                let parts = parts(&mut choices, |choices| $instruction(&mut enc, choices));
                enc.in_order(parts.iter().flat_map(|part| [(true, part), (false, part)]), |enc, (first, part)| match (
                    first, part,
                ) {
                    (true, Part::Instruction(start, ..)) => enc.bind(*start),
                    (false, Part::Instruction(_, index, sample)) => $emit(enc, *index, sample),
                    (true, Part::Data(bytes)) => enc.data(bytes),
                    (true, Part::Constant(bytes)) => drop(enc.constant(bytes, Align::of::<8>())),
                    (true, Part::Gap) => enc.align(Align::of::<32>()),
                    _ => {}
                });
                let code = enc.finish().expect("nothing is wrong");
                let target: CpuFeatures = CpuFeature::ALL.iter().filter(|_| choices.below(2) == 0).copied().collect();
                // With what the operands need.
                let placed: BTreeMap<usize, (&Form, CpuFeatures)> = parts
                    .iter()
                    .filter_map(|part| match part {
                        Part::Instruction(start, index, sample) => {
                            let needed = $operands_need(*index, sample);
                            Some((code.offset_of(*start)?, (&forms()[*index], needed)))
                        }
                        _ => None,
                    })
                    .collect();
                let text = || {
                    format!("{:02x?}, {:?}, data {:?}", code.bytes(), placed.keys(), code.data().collect::<Vec<_>>())
                };
                // Nothing can be missing that no form of these bytes needs, and nothing else is missing.
                for target in [target, CpuFeatures::EMPTY, CpuFeatures::ALL] {
                    let lacking = |offset: usize, needed: CpuFeatures| {
                        let mut all = Form::all_at(&code.bytes()[offset..]);
                        all.all(|(form, _)| !target.contains_all(form.needs().union(needed)))
                    };
                    let lacking = placed.iter().filter(|&(offset, (_, needed))| lacking(*offset, *needed));
                    let expected: Vec<usize> = lacking.map(|(offset, _)| *offset).collect();
                    let found: Vec<_> = target.unsupported(&code).collect();
                    let offsets: Vec<usize> = found.iter().map(|found| found.offset).collect();
                    assert_eq!(offsets, expected, "{}", text());
                    for found in &found {
                        let form = found.form.unwrap_or_else(|| panic!("offset {:#x}: {}", found.offset, text()));
                        assert!(!found.missing.is_empty() && target.intersection(found.missing).is_empty());
                        let (placed, needed) = placed[&found.offset];
                        assert!(form.needs().union(needed).contains_all(found.missing));
                        let own = placed.needs().union(needed).difference(target);
                        assert!(found.missing.len() <= own.len(), "{found:?}, {}", text());
                    }
                    assert_eq!(
                        target.check(&code).map_err(|wrong| wrong.offset),
                        expected.first().map_or(Ok(()), |first| Err(*first))
                    );
                }
                placed.len()
            }

            let mut random = Gen::from_size_and_seed(100, choices::seed(concat!("code of ", stringify!($isa))));
            let count =
                (0..choices::times(300)).map(|_| check::<Down>(&mut random) + check::<Up>(&mut random)).sum::<usize>();
            println!("checked {count} instructions");
            assert!(count > 1000);
        };
    }

    #[test]
    fn of_x64() {
        use tailfirst_gen::x64::Kind;
        use tailfirst_roundtrip::x64::{
            MODEL,
            forward::{Address, Base, Value},
            operands::{Labels, Reach, Sample},
        };
        fn instruction<D: Side>(
            enc: &mut x64::Emitter<'_, D>,
            choices: &mut Choices,
        ) -> Option<(Label, usize, Sample)> {
            let index = choices.below(MODEL.len());
            let sample = Sample::new(&MODEL[index], choices);
            // WAIT and what follows can be one instruction. Distances to labels are none of this test's.
            let fits = MODEL[index].notation != "9B" && sample.reach == Reach::Number;
            fits.then(|| (enc.label(), index, sample))
        }
        fn emit<D: Side>(enc: &mut x64::Emitter<'_, D>, index: usize, sample: &Sample) {
            let base = enc.here();
            let labels = Labels { above: base, below: base };
            x64::forms()[index].emit(enc, &sample.operands(&MODEL[index], labels)).expect("operands of the form");
        }
        fn operands_need(index: usize, sample: &Sample) -> x64::CpuFeatures {
            let operands = MODEL[index].parameters().zip(&sample.arguments);
            let mut needed = operands.filter_map(|(operand, argument)| match (&operand.kind, &argument.value) {
                (Kind::Reg(class) | Kind::RegMem { class, .. }, Value::Register(number)) => {
                    (!class.is_vector() && *number >= 16).then_some(x64::CpuFeature::APX_F)
                }
                (kind, Value::Memory(Address { base, index, .. })) => {
                    let is_index_general = !matches!(kind, Kind::Vsib { .. });
                    let is_high = matches!(base, Base::Register(16..))
                        || (is_index_general && index.is_some_and(|(index, _)| index >= 16));
                    is_high.then_some(x64::CpuFeature::APX_F)
                }
                _ => None,
            });
            needed.next().into_iter().collect()
        }
        checks!(x64, instruction, emit, operands_need);
    }

    #[test]
    fn of_aarch64() {
        use a64::{MODEL, Sample};
        fn instruction<D: Side>(
            enc: &mut aarch64::Emitter<'_, D>,
            choices: &mut Choices,
        ) -> Option<(Label, usize, Sample)> {
            let index = choices.below(MODEL.len());
            let numbers: Vec<u64> = (0..32).map(|_| choices.number()).collect();
            let sample = Sample::new(&MODEL[index], &mut Choices::new(&numbers));
            sample.distance().is_none().then(|| (enc.label(), index, sample))
        }
        fn emit<D: Side>(enc: &mut aarch64::Emitter<'_, D>, index: usize, sample: &Sample) {
            aarch64::forms()[index].emit(enc, &sample.operands(&MODEL[index])).expect("operands of the form");
        }
        checks!(aarch64, instruction, emit, |_, _: &Sample| CpuFeatures::EMPTY);
    }

    /// Islands are branches, and constants within reach are data. (Ones are no instruction.)
    #[test]
    fn with_islands() {
        use tailfirst::aarch64::*;
        fn check<D: Side>() {
            let mut enc = Emitter::<D>::new();
            let far = enc.label();
            enc.tbz(X1, UImm::of::<3>(), far);
            for value in 0..40_000u64 {
                if value % 1000 == 0 {
                    let label = enc.constant(&(!value).to_le_bytes(), Align::of::<8>()).expect("short");
                    enc.ldr_x_lit(X0, label);
                    enc.ldadd_x(X0, X1, X2);
                }
                enc.add_x(X0, X0, X1);
            }
            enc.bind(far);
            let code = enc.finish().expect("islands lead there");
            assert!(code.data().count() > 0 && code.bytes().len() > 4 * 40_081, "{}", code.bytes().len());
            let found: Vec<_> = CpuFeatures::ARMV8_0.unsupported(&code).collect();
            assert_eq!(found.len(), 40);
            for found in found {
                assert_eq!(found.form.map(|form| form.name), Some("ldadd_x"));
                assert_eq!(found.missing, CpuFeature::FEAT_LSE.into());
            }
            assert!(CpuFeatures::ARMV8_1.check(&code).is_ok());
        }
        check::<Down>();
        check::<Up>();
    }

    /// What is no form is said, and what is behind it found again: on x86-64 behind data.
    #[test]
    fn what_is_no_form() {
        let mut asm = x64::Assembler::new();
        asm.vzeroupper();
        x64::encode::op(&mut asm, 0x0600_0010); // the byte 06, PUSH ES outside 64-bit mode
        asm.vzeroupper();
        asm.data(&[0x06; 5]);
        asm.vzeroupper();
        let code = asm.finish().expect("nothing is wrong");
        assert_eq!(code.bytes().len(), 15);
        let found: Vec<_> = x64::CpuFeatures::EMPTY.unsupported(&code).map(|found| found.to_string()).collect();
        let none = "offset 0x3: no form of the tables that are enabled";
        assert_eq!(found, ["offset 0x0: vzeroupper needs AVX", none, "offset 0xc: vzeroupper needs AVX"]);

        let mut asm = aarch64::Assembler::new();
        aarch64::encode::word(&mut asm, 0xFFFF_FFFF);
        asm.sb();
        let code = asm.finish().expect("nothing is wrong");
        let found: Vec<_> = aarch64::CpuFeatures::ARMV8_0.unsupported(&code).map(|found| found.to_string()).collect();
        assert_eq!(found, ["offset 0x0: no form of the tables that are enabled", "offset 0x4: SB needs FEAT_SB"]);
    }
}
