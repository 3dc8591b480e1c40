//! Expansion: the forms that right rows make.

use super::*;

fn listed(rows: &str) -> Vec<(String, String, String)> {
    let forms = super::rows(rows).unwrap_or_else(|error| panic!("{error}"));
    forms.into_iter().map(|form| (form.name, form.syntax, form.notation)).collect()
}

#[track_caller]
fn expands(row: &str, expected: &[(&str, &str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(a, b, c)| (a.to_string(), b.to_string(), c.to_string())).collect();
    assert_eq!(listed(row), expected);
}

#[test]
fn families() {
    let forms = forms_of(
        r#"Table(source: "test", groups: [(
            title: "test", cpu: "AVX", cols: ["mn", "n"], each: [["add", "0"], ["or", "1"]],
            rows: [
                (ins: "${mn}x r/m64, imm8", op: "REX.W 83 /$n ib", en: "MI", io: "rw r"),
                (ins: "$mn r/m64, imm32", op: "REX.W 81 /$n id", en: "MI", io: "rw r", cpu: "SSE2 AVX2"),
            ],
        )])"#,
    )
    .unwrap_or_else(|error| panic!("{error}"));
    let found: Vec<_> = forms.iter().map(|form| (form.name.as_str(), form.cpu.join(" "))).collect();
    assert_eq!(
        found,
        [
            ("addx_rm64_imm8", "AVX".into()),
            ("add_rm64_imm32", "SSE2 AVX2".into()),
            ("orx_rm64_imm8", "AVX".into()),
            ("or_rm64_imm32", "SSE2 AVX2".to_string()),
        ]
    );
    assert_eq!(forms[2].modrm().and_then(|modrm| modrm.reg), Some(1));
}

#[test]
fn a_column_in_capitals_gives_small_letters_too() {
    let family = r#"Table(source: "test", groups: [(
        title: "test", cols: ["Cond", "n"], each: [["NZ", "5"]],
        rows: [(ins: "set${cond} r/m8", op: "0F 9$n", en: "M", io: "w", alias: "set_$Cond")],
    )])"#;
    let lines = table::read::<Row>("x64/test.ron", family).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((lines[0].row.ins.as_str(), lines[0].row.alias.as_deref()), ("setnz r/m8", Some("set_NZ")));
}

/// A family of rows that differ in `$op`.
fn family(each: &str, op: &str) -> Result<Vec<x64::Form>, TableError> {
    forms_of(&format!(
        r#"Table(source: "test", groups: [(
            title: "test", cols: ["mn", "n"], each: [{each}],
            choice: (col: "mn", code: "n", name: "alu", ty: "Alu"),
            rows: [(ins: "${{mn}}x r/m64, imm8", op: "{op}", en: "MI", io: "rw r")],
        )])"#
    ))
}

#[test]
fn a_choice_makes_a_function_that_takes_the_operation() {
    let forms = family(r#"["or", "1"], ["cmp", "7"]"#, "REX.W 83 /$n ib").unwrap_or_else(|error| panic!("{error}"));
    let text = x64::encoders(&forms, Home::Runtime);
    let function = "    pub fn alux_rm64_imm8(&mut self, alu: Alu, rm64: impl IntoOperand<Rm<Gpr64>>, imm8: i8) {\n        \
        encode::rm_imm(self, 0x830000_1_8 + (alu as u64), (), rm64, imm8)\n";
    assert!(text.contains(function), "{text}");
    let types = x64::choices(&forms);
    assert!(types.contains("Or = 0x1,\n") && types.contains("Cmp = 0x7\n"), "{types}");
}

#[test]
fn the_forms_of_a_choice_differ_in_its_number_only() {
    let refused = |each: &str, op: &str, variant: &str| {
        let error = family(each, op).expect_err("the forms differ in more");
        assert_eq!(error.reason, Reason::Choice { variant: variant.into() });
    };
    // At two places, and no number.
    refused(r#"["or", "1"], ["cmp", "7"]"#, "REX.W 8$n /$n ib", "Or");
    refused(r#"["or", "x1"]"#, "REX.W 83 /1 ib", "or");
}

#[test]
fn what_a_choice_names_is_an_identifier() {
    let refused = |ty: &str, each: &str, reason: Reason| {
        let error = forms_of(&format!(
            r#"Table(source: "test", groups: [(
                title: "test", cols: ["mn", "n"], each: [{each}],
                choice: (col: "mn", code: "n", name: "alu", ty: "{ty}"),
                rows: [(ins: "${{mn}}x r/m64, imm8", op: "REX.W 83 /$n ib", en: "MI", io: "rw r")],
            )])"#
        ));
        assert_eq!(error.expect_err("no identifier").reason, reason);
    };
    let or = r#"["or", "1"]"#;
    for ty in ["ShRd=X:wift", "alu", "", "Self", "Alu_"] {
        refused(ty, or, Reason::TypeName { name: ty.into() });
    }
    // The parameter would be `if`.
    refused("If", or, Reason::Name { name: "if".into() });
}

#[test]
fn sizes_of_general_registers() {
    expands(
        r#"(ins: "add r/mv, immz", op: "81 /0 iz", en: "MI", io: "rw r")"#,
        &[
            ("add_rm16_imm16", "add r/m16, imm16", "66 81 /0 iw"),
            ("add_rm32_imm32", "add r/m32, imm32", "81 /0 id"),
            ("add_rm64_imm32", "add r/m64, imm32", "REX.W 81 /0 id"),
        ],
    );
    expands(
        r#"(ins: "popcnt rv, r/mv", op: "F3 0F B8 /r", en: "RM", io: "w r")"#,
        &[
            ("popcnt_r16_rm16", "popcnt r16, r/m16", "66 F3 0F B8 /r"),
            ("popcnt_r32_rm32", "popcnt r32, r/m32", "F3 0F B8 /r"),
            ("popcnt_r64_rm64", "popcnt r64, r/m64", "F3 REX.W 0F B8 /r"),
        ],
    );
}

#[test]
fn sizes_in_vector_prefixes() {
    expands(
        r#"(ins: "andn ry, ry, r/my", op: "VEX.LZ.NP.0F38.Wy F2 /r", en: "RVM", io: "w r r")"#,
        &[
            ("andn_r32_r32_rm32", "andn r32, r32, r/m32", "VEX.LZ.NP.0F38.W0 F2 /r"),
            ("andn_r64_r64_rm64", "andn r64, r64, r/m64", "VEX.LZ.NP.0F38.W1 F2 /r"),
        ],
    );
    expands(
        r#"(ins: "{nf} neg er/mv", op: "EVEX.LLZ.pv.MAP4.Wv.ND0.NF1 F7 /3", en: "M", io: "rw")"#,
        &[
            ("neg_erm16_nf", "{nf} neg er/m16", "EVEX.LLZ.66.MAP4.W0.ND0.NF1 F7 /3"),
            ("neg_erm32_nf", "{nf} neg er/m32", "EVEX.LLZ.NP.MAP4.W0.ND0.NF1 F7 /3"),
            ("neg_erm64_nf", "{nf} neg er/m64", "EVEX.LLZ.NP.MAP4.W1.ND0.NF1 F7 /3"),
        ],
    );
}

#[test]
fn byte_registers_have_a_twin_without_rex() {
    let forms =
        rows(r#"(ins: "add r/mb, rb", op: "00 /r", en: "MR", io: "rw r")"#).unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<_> = forms.iter().map(|form| (form.name.as_str(), form.notation.as_str())).collect();
    assert_eq!(names, [("add_rm8_r8", "00 /r"), ("add_rm8h_r8h", "NOREX 00 /r")]);
    let rex: Vec<_> =
        forms.iter().map(|form| matches!(form.encoding, Encoding::Legacy { rex: Rex::Forbidden, .. })).collect();
    assert_eq!(rex, [false, true]);
    assert_eq!(forms[1].alias.as_deref(), Some("add_rm8_r8"));
}

#[test]
fn names() {
    for (row, name) in [
        (r#"(ins: "shl r/m64, 1", op: "REX.W D1 /4", en: "MX", io: "rw r")"#, "shl_rm64_1"),
        (r#"(ins: "lock add m64, r64", op: "F0 REX.W 01 /r", en: "MR", io: "rw r")"#, "lock_add_m64_r64"),
        (r#"(ins: "rep movsb", op: "F3 A4", en: "ZO", io: "")"#, "rep_movsb"),
        (r#"(ins: "shl r/m64, uimm8", op: "REX.W C1 /4 ib", en: "MI", io: "rw r")"#, "shl_rm64_imm8"),
        (r#"(ins: "fadd ST(0), ST(i)", op: "D8 C0+i", en: "XO", io: "rw r")"#, "fadd_st0_sti"),
        (r#"(ins: "jmp m16:64", op: "REX.W FF /5", en: "M", io: "r")"#, "jmp_m1664"),
        (
            r#"(ins: "vaddpd zmm1 {k1}{z}, zmm2, zmm3/m512/m64bcst{er}", op: "EVEX.512.66.0F.W1 58 /r", en: "RVM", io: "w r r", tt: Full)"#,
            "vaddpd_zmm_k1z_zmm_zmmm512b64_er",
        ),
    ] {
        assert_eq!(listed(row)[0].0, name);
    }
}

#[test]
fn disp8_follows_from_the_tuple_type() {
    let unit = |ins: &str, op: &str, tt: &str| {
        let text = format!(r#"(ins: "{ins}", op: "{op}", en: "RM", io: "w r", tt: {tt})"#);
        let forms = rows(&text).unwrap_or_else(|error| panic!("{error}"));
        match forms[0].encoding {
            Encoding::Evex { disp8, .. } => disp8,
            _ => panic!("{text} is EVEX"),
        }
    };
    assert_eq!(unit("vmovaps zmm1, zmm2/m512", "EVEX.512.NP.0F.W0 28 /r", "FullMem"), (64, 64));
    assert_eq!(unit("vsqrtpd ymm1, ymm2/m256/m64bcst", "EVEX.256.66.0F.W1 51 /r", "Full"), (32, 8));
    assert_eq!(unit("vcvtps2pd zmm1, ymm2/m256/m32bcst", "EVEX.512.NP.0F.W0 5A /r", "Half"), (32, 4));
    assert_eq!(unit("vpmovzxbq zmm1, xmm2/m64", "EVEX.512.66.0F38.WIG 32 /r", "EighthMem"), (8, 8));
    assert_eq!(unit("vmovddup xmm1, xmm2/m64", "EVEX.128.F2.0F.W1 12 /r", "MovDdup"), (8, 8));
    assert_eq!(unit("vmovddup ymm1, ymm2/m256", "EVEX.256.F2.0F.W1 12 /r", "MovDdup").0, 32);
    assert_eq!(unit("vexpandpd zmm1, zmm2/m512", "EVEX.512.66.0F38.W1 88 /r", "Tuple1Scalar"), (8, 8));
    assert_eq!(unit("vpexpandb zmm1, zmm2/m512", "EVEX.512.66.0F38.W0 62 /r", "Tuple1Byte"), (1, 1));
    assert_eq!(unit("vbroadcastf64x4 zmm1, m256", "EVEX.512.66.0F38.W1 1B /r", "Tuple4"), (32, 32));
}

#[test]
fn a_function_names_its_row_as_the_table_has_it() {
    let family = r#"cols: ["mn", "n"], each: [["add", "0"]], rows: [(ins: "$mn r/mv, imm8", op: "83 /$n ib", en: "MI", io: "rw r")]"#;
    let forms = forms_of(&group(family)).unwrap();
    let text = x64::encoders(&forms, Home::Runtime);
    assert_eq!(text.matches("\n    Table: x64/test.ron, `$mn r/mv, imm8`\n").count(), 3, "{text}");
}

/// The legend at the head of the file says which functions take a number of which layout.
#[test]
fn every_number_has_its_legend() {
    let forms = tailfirst_gen::x64_forms(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tables"))).unwrap();
    let text = x64::encoders(&forms, Home::Runtime);
    let called: BTreeSet<&str> = text
        .split("encode::")
        .filter_map(|call| call.split_once(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .filter(|(_, rest)| rest.starts_with("self, 0x") || rest.starts_with(":<"))
        .map(|(function, _)| function)
        .collect();
    let described: Vec<&str> = x64::LAYOUTS.iter().flat_map(|layout| layout.taken_by).copied().collect();
    assert_eq!(described.len(), described.iter().collect::<BTreeSet<_>>().len());
    assert_eq!(called, described.into_iter().collect());
}

#[test]
fn a_body_is_one_call_with_the_bare_parameters() {
    let holds = |row: &str, signature: &str, body: &str| {
        let text = x64::encoders(&rows(row).unwrap_or_else(|error| panic!("{error}")), Home::Runtime);
        let function = format!("    pub fn {signature} {{\n        {body}\n    }}\n");
        assert!(text.contains(&function), "{function} is not in:\n{text}");
    };
    holds(
        r#"(ins: "add r/m64, r64", op: "REX.W 01 /r", en: "MR", io: "rw r")"#,
        "add_rm64_r64(&mut self, rm64: impl IntoOperand<Rm<Gpr64>>, r64: Gpr64)",
        "encode::rm(self, 0x010000_1_8, r64, rm64)",
    );
    holds(
        r#"(ins: "pcmpistri xmm1, xmm2/m128, imm8", op: "66 0F 3A 63 /r ib", en: "RMI", io: "r r r")"#,
        "pcmpistri_xmm_xmmm128_imm8(&mut self, xmm1: Xmm, xmm2m128: impl IntoOperand<Rm<Xmm>>, imm8: i8)",
        "encode::rm_imm(self, 0x660000_633A0F_7_0, xmm1, xmm2m128, imm8)",
    );
    holds(
        r#"(ins: "psrlq xmm1, imm8", op: "66 0F 73 /2 ib", en: "MI", io: "rw r")"#,
        "psrlq_xmm_imm8(&mut self, xmm1: Xmm, imm8: i8)",
        "encode::rm_imm::<_, Xmm>(self, 0x660000_730F00_6_2, (), xmm1, imm8)",
    );
    holds(
        r#"(ins: "vaddps xmm1, xmm2, xmm3/m128", op: "VEX.128.NP.0F.WIG 58 /r", en: "RVM", io: "w r r")"#,
        "vaddps_xmm_xmm_xmmm128(&mut self, xmm1: Xmm, xmm2: Xmm, xmm3m128: impl IntoOperand<Rm<Xmm>>)",
        "encode::vex(self, 0x58_01_00, xmm1, xmm2, xmm3m128)",
    );
    holds(
        r#"(ins: "vaddpd zmm1, zmm2, zmm3/m512/m64bcst", op: "EVEX.512.66.0F.W1 58 /r", en: "RVM", io: "w r r", tt: Full)"#,
        "vaddpd_zmm_zmm_zmmm512b64(&mut self, zmm1: Zmm, zmm2: Zmm, zmm3m512m64bcst: impl IntoOperand<Bcst<Zmm>>)",
        "encode::evex::<_, Zmm, Zmm, _>(self, 0x58_01_81_40_06_03, zmm1, zmm2, zmm3m512m64bcst, ())",
    );
    holds(
        r#"(ins: "adc er/m16, imm16", op: "66 REX2.W0 81 /2 iw", en: "MI", io: "rw r")"#,
        "adc_erm16_imm16(&mut self, erm16: impl IntoOperand<Rm<EGpr16>>, imm16: i16)",
        "encode::rex2::<_, (), _>(self, 0x6600_1_2_00_81, (), erm16, imm16)",
    );
    holds(
        r#"(ins: "fstcw m2byte", op: "9B D9 /7", en: "M", io: "w")"#,
        "fstcw_m2byte(&mut self, m2byte: impl IntoOperand<Mem>)",
        "encode::wait_before(self, 0x9B0000_1_0);\n        \
         encode::rm(self, 0xD90000_1_7, (), m2byte);\n        \
         encode::wait_after(self, 0x9B0000_1_0)",
    );
}
