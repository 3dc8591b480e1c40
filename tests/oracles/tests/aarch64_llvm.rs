//! Every A64 form against llvm-mc: its disassembler reads our words, and its assembler makes them from the rows'
//! syntax.
//!
//! The syntax is Arm's, and our words are made from it by nobody but LLVM: a row whose syntax, fields and operands do
//! not go together is found here, even where the round trips agree because both encoders read the same row.

mod render;

use quickcheck::Gen;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use tailfirst::{
    Direction, Down, Up,
    aarch64::{Emitter, Form, forms},
};
use tailfirst_gen::{
    aarch64::{self, Access, Form as Model, named::Constant},
    table,
};
use tailfirst_oracles::{Answer, Dialect, LlvmMc};
use tailfirst_roundtrip::aarch64::{MODEL, Sample, forward, value::Value};
use tailfirst_roundtrip::choices::{self, Choices};

/// Random words a form.
const CASES: u64 = 24;

/// The features that LLVM 19 does not know at all, and how many forms need each.
const UNKNOWN: [(&str, usize); 22] = [
    ("FEAT_CMPBR", 60),
    ("FEAT_F16F32DOT", 4),
    ("FEAT_F16F32MM", 2),
    ("FEAT_F16MM", 2),
    ("FEAT_F8F16MM", 2),
    ("FEAT_F8F32MM", 2),
    ("FEAT_FPRCVT", 48),
    ("FEAT_LSCP", 3),
    ("FEAT_LSFE", 120),
    ("FEAT_LSUI", 76),
    ("FEAT_MOPS_GO", 12),
    ("FEAT_POE2", 8),
    ("FEAT_SME2p2", 12),
    ("FEAT_SME2p3", 3),
    ("FEAT_SME_MOP4", 136),
    ("FEAT_SME_TMOP", 13),
    ("FEAT_SVE2p2", 171),
    ("FEAT_SVE2p3", 51),
    ("FEAT_SVE_AES2", 10),
    ("FEAT_SVE_B16MM", 1),
    ("FEAT_SVE_BFSCALE", 9),
    ("FEAT_TEV", 4),
];

/// Where code is linked to.
const BASE: u64 = 0x7F12_3456_7000;

struct Case<'a> {
    model: &'a Model,
    values: Vec<Value>,
    word: u32,
}

/// Random words of every form, as the crate makes them.
fn cases(test: &str, forms_wanted: impl Fn(&Model) -> bool, count: u64) -> Vec<Case<'static>> {
    let mut random = Gen::from_size_and_seed(100, choices::seed(test));
    let mut cases = Vec::new();
    for (model, form) in MODEL.iter().zip(forms()).filter(|(model, _)| forms_wanted(model)) {
        for _ in 0..choices::times(count) {
            let numbers = choices::numbers(&mut random);
            let sample = Sample::new(model, &mut Choices::new(&numbers));
            let word = emitted::<Down>(model, form, &sample);
            assert_eq!(emitted::<Up>(model, form, &sample), word, "{}", form.name);
            cases.push(Case { model, values: sample.values, word });
        }
    }
    cases
}

/// The word of a form in code that grows in either direction.
fn emitted<D: Direction>(model: &Model, form: &Form, sample: &Sample) -> u32 {
    let mut enc = Emitter::<D>::new();
    form.emit(&mut enc, &sample.operands(model)).expect("the operands are the form's");
    let mut code = enc.finish().expect("the operands go together");
    let target = BASE.wrapping_add(sample.distance().unwrap_or(0) as u64);
    code.link(BASE, |_| Some(target)).expect("the distance is in range");
    code.bytes().try_into().map(u32::from_le_bytes).expect("a form is four bytes")
}

fn codes(cases: &[Case]) -> Vec<Vec<u8>> {
    cases.iter().map(|case| case.word.to_le_bytes().to_vec()).collect()
}

fn is_unknown(model: &Model) -> bool {
    model.cpu.iter().any(|feature| UNKNOWN.iter().any(|(unknown, _)| unknown == feature))
}

/// The single word of an answer.
fn word(answer: &Answer) -> Result<u32, String> {
    match answer {
        Err(message) => Err(message.clone()),
        Ok(found) => match found.as_slice() {
            [one] => one
                .bytes
                .as_slice()
                .try_into()
                .map(u32::from_le_bytes)
                .map_err(|_| format!("{} has other bytes", one.text)),
            other => Err(format!("{} instructions", other.len())),
        },
    }
}

/// One line a form.
fn report(what: &str, wrong: BTreeMap<&str, String>) {
    let lines: Vec<_> = wrong.into_iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
    assert!(lines.is_empty(), "{what}, {} forms:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn llvm_knows_all_forms_but_those_of_new_features() {
    let llvm = LlvmMc::from_env();
    for (feature, count) in UNKNOWN {
        let forms = MODEL.iter().filter(|form| form.cpu.iter().any(|other| other == feature)).count();
        assert_eq!(forms, count, "{feature}");
    }
    let cases = cases("llvm_knows_all_forms_but_those_of_new_features", |_| true, 4);
    let answers = llvm.disassemble(&Dialect::aarch64(), &codes(&cases));
    let mut known = BTreeSet::new();
    let mut refused = BTreeMap::new();
    for (case, answer) in cases.iter().zip(&answers) {
        match word(answer) {
            Ok(_) => drop(known.insert(case.model.name.as_str())),
            Err(reason) => drop(refused.insert(case.model.name.as_str(), format!("{:?} {reason}", case.model.cpu))),
        }
    }
    let unknown: BTreeSet<_> = MODEL.iter().filter(|form| is_unknown(form)).map(|form| form.name.as_str()).collect();
    let surprises: Vec<_> = known.intersection(&unknown).collect();
    assert!(surprises.is_empty(), "LLVM knows {surprises:?}");
    refused.retain(|name, _| !unknown.contains(name));
    report("LLVM does not know", refused);
    println!("checked {} words of {} forms; {} forms are unknown", cases.len(), known.len(), unknown.len());
}

/// Our words, printed by LLVM and assembled again, are our words.
#[test]
fn llvm_prints_what_assembles_to_our_words() {
    let llvm = LlvmMc::from_env();
    let cases = cases("llvm_prints_what_assembles_to_our_words", |model| !is_unknown(model), CASES);
    let mut wrong = BTreeMap::new();
    let answers = llvm.disassemble(&Dialect::aarch64(), &codes(&cases));
    let mut texts = Vec::new();
    let mut printed = Vec::new();
    for (case, answer) in cases.iter().zip(&answers) {
        // LLVM's own encoder, on what its decoder made of the word.
        match word(answer) {
            Ok(found) if found == case.word => {
                // `word` has seen that there is one.
                texts.extend(answer.iter().flatten().map(|one| one.text.clone()));
                printed.push(case);
            }
            Ok(found) => {
                drop(wrong.insert(case.model.name.as_str(), format!("{:08x} is {found:08x} to LLVM", case.word)))
            }
            Err(reason) => drop(wrong.insert(case.model.name.as_str(), format!("{:08x}: {reason}", case.word))),
        }
    }
    for ((case, text), answer) in printed.iter().zip(&texts).zip(llvm.assemble(&Dialect::aarch64(), &texts)) {
        match word(&answer) {
            Ok(found) if found == case.word => {}
            // `ic iallu` has no register, so LLVM prints none, though the word has one; to LLVM 19 some of TLBI have none.
            Ok(found)
                if matches!(case.model.name.as_str(), "sys_x" | "tlbi_x")
                    && found == case.word | 0x1F
                    && !text.contains(',') => {}
            Ok(found) => {
                wrong.insert(case.model.name.as_str(), format!("{:08x} is `{text}`, which is {found:08x}", case.word));
            }
            Err(reason) => {
                drop(wrong.insert(case.model.name.as_str(), format!("{:08x} is `{text}`: {reason}", case.word)))
            }
        }
    }
    println!("checked {} words of {} forms", cases.len(), MODEL.iter().filter(|form| !is_unknown(form)).count());
    report("LLVM prints something else", wrong);
}

/// Operations that LLVM 19 has no name for, or, of TLBI, takes no register with.
const UNKNOWN_OPERATIONS: [&str; 23] = [
    "ALLE1IS",
    "ALLE1OS",
    "ALLE2IS",
    "ALLE2OS",
    "ALLE3IS",
    "ALLE3OS",
    "CGDVAOC",
    "CIGDPAPA",
    "CIGDVAOC",
    "CIGDVAPS",
    "CIPAPA",
    "CIVAOC",
    "CIVAPS",
    "CVAOC",
    "GBVA",
    "VMALLE1IS",
    "VMALLE1OS",
    "VMALLS12E1IS",
    "VMALLS12E1OS",
    "VMALLWS2E1",
    "VMALLWS2E1IS",
    "VMALLWS2E1OS",
    "ZGBVA",
];

/// The forms that have such an operation.
const WITH_UNKNOWN_OPERATIONS: [&str; 3] = ["dc", "tlbi", "tlbi_x"];

/// Hints and system instructions that LLVM 19 has no name for, and reads as a HINT or SYS with numbers.
const UNKNOWN_HINTS: [&str; 18] = [
    "apas",
    "gic",
    "gic_cdeoi",
    "gicr_cdia",
    "gicr_cdnmia",
    "gsb_ack",
    "gsb_sys",
    "mlbi_alle1",
    "mlbi_vmalle1",
    "mlbi_vpide1",
    "mlbi_vpmge1",
    "plbi",
    "plbi_x",
    "shuh",
    "shuh_ph",
    "stcph",
    "stshh_keep",
    "stshh_strm",
];

/// Whether a form is a comparison by the opposite one of exchanged operands, as which LLVM prints it.
fn is_exchanged(model: &Model) -> bool {
    let mnemonics =
        ["cmle", "cmlo", "cmls", "cmlt", "cmple", "cmplo", "cmpls", "cmplt", "facle", "faclt", "fcmle", "fcmlt"];
    model.alias.is_some() && mnemonics.contains(&model.mnemonic.as_str())
}

/// Whether a form is a comparison and branch by what another one compares, as which LLVM prints it.
fn is_compare_and_branch(model: &Model) -> bool {
    model.alias.is_some() && model.cpu.iter().any(|feature| feature == "FEAT_CMPBR")
}

/// Whether the manual says that the assembly means another of the forms that are written so.
fn is_written_otherwise(case: &Case) -> bool {
    let is_wide = |value: u64| (0..4).any(|i| value & !(0xFFFF << (16 * i)) == 0);
    match (case.model.name.as_str(), case.values.as_slice()) {
        // MOV (bitmask immediate) is what no MOV (wide immediate) can be.
        // So is that of SVE of what no MOV (immediate) can be: one signed byte in each element, or one and a zero byte.
        ("mov_zd_bitmask", [_, Value::Number(value)]) => {
            let bytes = value.to_le_bytes();
            [1, 2, 4, 8].iter().any(|size| {
                let is_replicated = bytes.chunks(*size).all(|chunk| chunk == &bytes[..*size]);
                let element = *value << (64 - 8 * size) >> (64 - 8 * size);
                let is_shifted = *size > 1 && element % 256 == 0 && (element >> 8) as i8 as i64 == element >> 8;
                is_replicated && (element as i8 as i64 == element || is_shifted)
            })
        }
        ("mov_x_bitmask", [_, Value::Number(value)]) => is_wide(*value as u64) || is_wide(!value as u64),
        ("mov_w_bitmask", [_, Value::Number(value)]) => is_wide(*value as u64) || is_wide(u64::from(!*value as u32)),
        // MOV (to/from SP) has SP.
        ("mov_x_sp" | "mov_w_sp", [Value::Register(rd), Value::Register(rn)]) => *rd != 31 && *rn != 31,
        (_, values) => values.iter().any(|value| match value {
            Value::Named(named) => UNKNOWN_OPERATIONS.contains(&named.name.trim_end_matches("nxs")),
            _ => false,
        }),
    }
}

/// The rows' syntax, with the operands put in, assembles to our words.
#[test]
fn the_rows_syntax_assembles_to_our_words() {
    let llvm = LlvmMc::from_env();
    let mut cases = cases("the_rows_syntax_assembles_to_our_words", |model| !is_unknown(model), CASES);
    cases.retain(|case| !is_written_otherwise(case) && !UNKNOWN_HINTS.contains(&case.model.name.as_str()));
    let (wrong, checked, forms) = compare_assembled(&llvm, &cases);
    println!("checked {checked} words of {forms} forms");
    report("LLVM assembles something else", wrong);
    assert_eq!(forms, MODEL.iter().filter(|form| !is_unknown(form)).count() - UNKNOWN_HINTS.len());
}

/// What is wrong, one line a form; and the numbers of words and forms.
fn compare_assembled<'a>(llvm: &LlvmMc, cases: &[Case<'a>]) -> (BTreeMap<&'a str, String>, usize, usize) {
    let mut wrong = BTreeMap::new();
    let mut written = Vec::new();
    let mut texts = Vec::new();
    for case in cases {
        match render::render(case.model, &case.values) {
            Some(text) => {
                texts.push(text);
                written.push(case);
            }
            None => drop(wrong.insert(case.model.name.as_str(), format!("cannot write {}", case.model.syntax))),
        }
    }
    let mut names = BTreeSet::new();
    for ((case, text), answer) in written.iter().zip(&texts).zip(llvm.assemble(&Dialect::aarch64(), &texts)) {
        names.insert(case.model.name.as_str());
        match word(&answer) {
            Ok(found) if found == case.word => {}
            Ok(found) => {
                wrong.insert(
                    case.model.name.as_str(),
                    format!("`{text}` is {found:08x} to LLVM, and {:08x} here", case.word),
                );
            }
            Err(reason) => drop(wrong.insert(case.model.name.as_str(), format!("`{text}`: {reason}"))),
        }
    }
    (wrong, texts.len(), names.len())
}

/// What LLVM 19 does not know, against the newest: its assembler makes our words of the rows' syntax, and it prints
/// them as the syntax.
#[test]
fn the_newest_llvm_reads_and_prints_the_newest_forms() {
    let llvm = LlvmMc::newest_from_env();
    let wanted = |model: &Model| is_unknown(model) || UNKNOWN_HINTS.contains(&model.name.as_str());
    let cases = cases("the_newest_llvm_reads_and_prints_the_newest_forms", wanted, CASES);
    let (mut wrong, checked, forms) = compare_assembled(&llvm, &cases);
    let codes = codes(&cases);
    let preferred = llvm.disassemble(&Dialect::aarch64(), &codes);
    let canonical = llvm.disassemble(&Dialect::aarch64().with("-M").with("no-aliases"), &codes);
    for ((case, preferred), canonical) in cases.iter().zip(&preferred).zip(&canonical) {
        let Some(expected) = render::render(case.model, &case.values) else { continue };
        let expected = render::normal(&expected);
        let printed: Vec<_> =
            [preferred, canonical].into_iter().flatten().flatten().map(|one| render::normal(&one.text)).collect();
        // A register that may be left out is so if it is XZR.
        let short = expected.strip_suffix(",xzr").map(String::from);
        let is_printed = printed.iter().any(|text| *text == expected || Some(text) == short.as_ref())
            || is_compare_and_branch(case.model);
        if word(preferred) != Ok(case.word) || !is_printed {
            let problem = format!("`{expected}`, {:08x}, is {printed:?} to LLVM", case.word);
            wrong.entry(case.model.name.as_str()).or_insert(problem);
        }
    }
    let with_names = |model: &Model| WITH_UNKNOWN_OPERATIONS.contains(&model.name.as_str());
    let operations = self::cases("the_newest_llvm_reads_and_prints_the_newest_forms", with_names, 16 * CASES);
    wrong.extend(compare_assembled(&llvm, &operations).0);
    println!("checked {checked} words of {forms} forms");
    report("the newest LLVM has something else", wrong);
    assert_eq!(forms, MODEL.iter().filter(|form| wanted(form)).count());
}

/// Forms that LLVM prints as another alias, or as what an alias stands for, with the names of system registers, or
/// with an extension that says nothing left out; what it prints and what the syntax assembles to is held to our words
/// by the tests above.
const PRINTED_OTHERWISE: [&str; 108] = [
    "add_w_ext",
    "add_x_ext",
    "adds_w_ext",
    "adds_x_ext",
    "asrv_w",
    "asrv_x",
    "bfc_w",
    "bfc_x",
    "bfi_w",
    "bfi_x",
    "bfm_w",
    "bfm_x",
    "bic_zd_imm",
    "cinc_w",
    "cinc_x",
    "cinv_w",
    "cinv_x",
    "cmn_w_ext",
    "cmn_x_ext",
    "cmp_w_ext",
    "cmp_x_ext",
    "cmpp",
    "dc",
    "dup_b_elem",
    "dup_d_elem",
    "dup_h_elem",
    "dup_s_elem",
    "eon_zd_imm",
    "fmov_zd_0",
    "fmov_zd_0_m",
    "fmov_zh_0",
    "fmov_zh_0_m",
    "fmov_zs_0",
    "fmov_zs_0_m",
    "hint",
    "isb_imm",
    "lsl_w_imm",
    "lsl_x_imm",
    "lslv_w",
    "lslv_x",
    "lsrv_w",
    "lsrv_x",
    "mov_w_bitmask",
    "mov_w_inverted",
    "mov_w_sp",
    "mov_w_wide",
    "mov_x_bitmask",
    "mov_x_sp",
    "mov_zb_elem",
    "mov_zd_bitmask",
    "mov_zd_elem",
    "mov_zh_elem",
    "mov_zs_elem",
    "movn_w",
    "movn_x",
    "movz_w",
    "movz_x",
    "mrrs",
    "mrs",
    "msr",
    "msrr",
    "negs_w",
    "negs_w_shift",
    "negs_x",
    "negs_x_shift",
    "orn_zd_imm",
    "orr_w_imm",
    "orr_x_imm",
    "rev64_x",
    "rorv_w",
    "rorv_x",
    "sbfiz_w",
    "sbfiz_x",
    "sbfm_w",
    "sbfm_x",
    "sbfx_w",
    "sbfx_x",
    "sub_w_ext",
    "sub_x_ext",
    "subs_w_ext",
    "subs_x_ext",
    "sxtl2_v2d",
    "sxtl2_v4s",
    "sxtl2_v8h",
    "sxtl_v2d",
    "sxtl_v4s",
    "sxtl_v8h",
    "sys",
    "sys_x",
    "sysl_x",
    "sysp",
    "sysp_x",
    "tbnz",
    "tbz",
    "tlbip",
    "tlbip_xzr",
    "ubfiz_w",
    "ubfiz_x",
    "ubfm_w",
    "ubfm_x",
    "ubfx_w",
    "ubfx_x",
    "uxtl2_v2d",
    "uxtl2_v4s",
    "uxtl2_v8h",
    "uxtl_v2d",
    "uxtl_v4s",
    "uxtl_v8h",
];

/// LLVM prints our words as the rows' syntax with the operands put in, number for number.
#[test]
fn llvm_prints_the_rows_syntax() {
    let llvm = LlvmMc::from_env();
    let wanted = |model: &Model| !is_unknown(model) && !is_exchanged(model);
    let cases = cases("llvm_prints_the_rows_syntax", wanted, CASES);
    let codes = codes(&cases);
    let preferred = llvm.disassemble(&Dialect::aarch64(), &codes);
    let canonical = llvm.disassemble(&Dialect::aarch64().with("-M").with("no-aliases"), &codes);
    let mut wrong = BTreeMap::new();
    let mut equal = 0;
    for ((case, preferred), canonical) in cases.iter().zip(&preferred).zip(&canonical) {
        let Some(expected) = render::render(case.model, &case.values) else { continue };
        let expected = render::normal(&expected);
        let printed: Vec<_> =
            [preferred, canonical].into_iter().flatten().flatten().map(|one| render::normal(&one.text)).collect();
        if printed.contains(&expected) {
            equal += 1;
        } else if !is_written_otherwise(case) {
            wrong.insert(case.model.name.as_str(), format!("`{expected}` is {printed:?} to LLVM"));
        }
    }
    wrong.retain(|name, _| !PRINTED_OTHERWISE.contains(name) && !UNKNOWN_HINTS.contains(name));
    println!(
        "checked {} words of {} forms; {equal} are equal",
        cases.len(),
        MODEL.iter().filter(|form| wanted(form)).count()
    );
    report("LLVM prints something else", wrong);
    assert!(equal * 100 > cases.len() * 98, "only {equal} of {} are equal", cases.len());
}

/// A wrong row is found: rows with one mistake each go the way that the right ones went.
#[test]
fn wrong_rows_are_found() {
    let llvm = LlvmMc::from_env();
    let rows = [
        // what is wrong, name, asm, bits, ops
        (
            "nothing",
            "ldur_x",
            "LDUR <Xt>, [<Xn|SP>{, #<simm>}]",
            "11|111|0|00|01|0|imm9|00|Rn|Rt",
            "Rt=X:w Rn=XSP imm9=S<<0",
        ),
        (
            "a bit",
            "ldur_x",
            "LDUR <Xt>, [<Xn|SP>{, #<simm>}]",
            "11|111|0|00|00|0|imm9|00|Rn|Rt",
            "Rt=X:w Rn=XSP imm9=S<<0",
        ),
        ("two fields", "sub_x", "SUB <Xd>, <Xn>, <Xm>", "1|10|01011|000|Rn|000000|Rm|Rd", "Rd=X:w Rn=X Rm=X"),
        (
            "the signedness",
            "ldur_x",
            "LDUR <Xt>, [<Xn|SP>{, #<simm>}]",
            "11|111|0|00|01|0|imm9:9|00|Rn|Rt",
            "Rt=X:w Rn=XSP imm9=U",
        ),
        (
            "the scale",
            "ldp_x",
            "LDP <Xt1>, <Xt2>, [<Xn|SP>{, #<imm>}]",
            "10|101|0|010|1|imm7|Rt2|Rn|Rt",
            "Rt=X:w Rt2=X:w Rn=XSP imm7=S<<2",
        ),
        (
            "SP",
            "add_x",
            "ADD <Xd>, <Xn>, #<imm>{, <shift>}",
            "1|0|0|100010|sh:1|imm12|Rn|Rd",
            "Rd=X:w Rn=X sh:imm12=AddImm",
        ),
        ("the condition", "cset_x", "CSET <Xd>, <cond>", "1|0|0|11010100|11111|cond:4|01|11111|Rd", "Rd=X:w cond=Cond"),
        (
            "the order of a value's fields",
            "tbz_x",
            "TBZ <Xt>, #<imm>, <label>",
            "b5:1|011011|0|b40:5|imm14:14|Rt",
            "Rt=X b40:b5=U imm14=Label",
        ),
        (
            "the arrangement",
            "add_v4s",
            "ADD <Vd>.4S, <Vn>.4S, <Vm>.4S",
            "0|1|0|01110|11|1|Rm|10000|1|Rn|Rd",
            "Rd=V4S:w Rn=V4S Rm=V4S",
        ),
        ("the syntax", "mul_x", "MNEG <Xd>, <Xn>, <Xm>", "1|00|11011|000|Rm|0|11111|Rn|Rd", "Rd=X:w Rn=X Rm=X"),
    ];
    for (mistake, name, asm, bits, ops) in rows {
        let text = format!(
            "Table(source: \"-\", groups: [(title: \"-\", rows: [(name: {name:?}, id: \"TEST\", asm: {asm:?}, bits: {bits:?}, ops: {ops:?})])])"
        );
        let forms = table::read(mistake, &text)
            .and_then(|lines| aarch64::forms(&lines))
            .unwrap_or_else(|error| panic!("{error}"));
        let mut random = Gen::from_size_and_seed(100, choices::seed(mistake));
        let mut cases = Vec::new();
        for _ in 0..CASES {
            let numbers = choices::numbers(&mut random);
            let Sample { values, .. } = Sample::new(&forms[0], &mut Choices::new(&numbers));
            cases.push(Case { model: &forms[0], word: forward::encode(&forms[0], &values), values });
        }
        let (wrong, checked, _) = compare_assembled(&llvm, &cases);
        assert_eq!(checked as u64, CASES);
        assert_eq!(wrong.len(), usize::from(mistake != "nothing"), "{mistake} is wrong: {wrong:?}");
    }
}

/// The names of [`SysReg`](tailfirst::aarch64::SysReg) are those that LLVM has for each of the numbers, to read and to
/// write.
#[test]
fn system_registers_are_those_of_llvm() {
    let llvm = LlvmMc::newest_from_env();
    let types = tailfirst_gen::aarch64_names(Path::new("../../tables")).expect("the tables are right");
    let named = types.iter().find(|named| named.ty == "SysReg").expect("system registers have names");
    let (mut here, mut there) = (BTreeSet::new(), BTreeSet::new());
    for Constant { name, value, access, .. } in named.constants() {
        // The value is op0:op1:CRn:CRm:op2, and the instruction has the lower bit of op0.
        let bits = value & 0x7FFF;
        here.extend((*access != Some(Access::Write)).then(|| (bits, "mrs", name.clone())));
        here.extend((*access != Some(Access::Read)).then(|| (bits, "msr", name.clone())));
    }
    for (mnemonic, base) in [("mrs", 0xD530_0000_u32), ("msr", 0xD510_0000)] {
        let words: Vec<Vec<u8>> = (0..1 << 15).map(|bits| (base | bits << 5).to_le_bytes().to_vec()).collect();
        for (bits, answer) in (0..).zip(llvm.disassemble(&Dialect::aarch64(), &words)) {
            let instructions = answer.expect("every number is one of a register");
            let operands = instructions[0].text.strip_prefix(mnemonic).expect("it is a move").trim();
            let name = operands.split(", ").find(|operand| *operand != "x0").expect("it is between registers");
            // Those without a name are `S3_0_C0_C0_1`.
            let is_number = name.starts_with("S2_") || name.starts_with("S3_");
            there.extend((!is_number).then(|| (bits, mnemonic, name.to_string())));
        }
    }
    println!("{} names to read or write", there.len());
    let (only_here, only_there): (Vec<_>, Vec<_>) =
        (here.difference(&there).collect(), there.difference(&here).collect());
    assert!(only_here.is_empty() && only_there.is_empty(), "only here: {only_here:x?}; only in LLVM: {only_there:x?}");
}
