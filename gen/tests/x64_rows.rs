//! Wrong x86-64 tables are refused with the right reason, at the right row; right ones make the forms that they should.
//!
//! Each test is a table of one mistake. The reason is compared as data, so a message may be reworded, but not lose what
//! it says.

use std::{collections::BTreeSet, path::Path};
use tailfirst_gen::{
    Home, Reason, TableError, table,
    x64::{self, Class, Encoding, Form, Kind, Rex, Row},
};

fn forms_of(text: &str) -> Result<Vec<Form>, TableError> {
    x64::forms(&table::read::<Row>("x64/test.ron", text)?)
}

/// A table with these rows and no family.
fn rows(rows: &str) -> Result<Vec<Form>, TableError> {
    forms_of(&format!(r#"Table(source: "test", groups: [(title: "test", rows: [{rows}])])"#))
}

/// Refuses `text` at the row `row`, for `reason`.
#[track_caller]
fn refuses_table(text: &str, row: Option<&str>, reason: Reason) {
    let expected = TableError { table: "x64/test.ron".into(), row: row.map(String::from), reason };
    match forms_of(text) {
        Err(error) => assert_eq!(error, expected),
        Ok(forms) => panic!("accepted as {:?}", forms.iter().map(|form| &form.name).collect::<Vec<_>>()),
    }
}

/// Refuses the last of these rows, for `reason`.
#[track_caller]
fn refuses(text: &str, row: &str, reason: Reason) {
    refuses_table(&format!(r#"Table(source: "test", groups: [(title: "test", rows: [{text}])])"#), Some(row), reason);
}

/// A family over one column, in which `row` is wrong.
#[track_caller]
fn refuses_family(family: &str, row: Option<&str>, reason: Reason) {
    refuses_table(&format!(r#"Table(source: "test", groups: [(title: "test", {family})])"#), row, reason);
}

fn encoding(problem: &'static str) -> Reason {
    Reason::Encoding { problem }
}

fn unfilled(place: &'static str) -> Reason {
    Reason::Unfilled { place }
}

fn tuple(problem: &'static str) -> Reason {
    Reason::Tuple { problem }
}

mod tables {
    use super::*;

    #[test]
    fn unknown_fields_are_refused_with_their_place() {
        let text = "Table(\n    source: \"test\",\n    groups: [(title: \"test\", rows: [\n        (ins: \"nop\", op: \"90\", en: \"ZO\", io: \"\", opcode: \"90\"),\n    ])],\n)";
        let error = forms_of(text).expect_err("there is no field `opcode`");
        assert_eq!((error.table.as_str(), &error.row), ("x64/test.ron", &None));
        let Reason::Syntax { line, cause, .. } = error.reason else { panic!("{error}") };
        assert_eq!(line, 4);
        assert!(cause.contains("opcode"), "{cause}");
    }

    #[test]
    fn missing_fields_are_refused() {
        let error = rows(r#"(ins: "nop", op: "90", en: "ZO")"#).expect_err("`io` is missing");
        let Reason::Syntax { cause, .. } = error.reason else { panic!("{error}") };
        assert!(cause.contains("io"), "{cause}");
    }

    #[test]
    fn a_table_says_where_it_is_from() {
        refuses_table(r#"Table(source: " ", groups: [])"#, None, Reason::NoSource);
        let error = forms_of("Table(groups: [])").expect_err("`source` is missing");
        let Reason::Syntax { cause, .. } = error.reason else { panic!("{error}") };
        assert!(cause.contains("source"), "{cause}");
    }

    #[test]
    fn fields_given_twice_are_refused() {
        let error = rows(r#"(ins: "nop", op: "90", en: "ZO", io: "", op: "90")"#).expect_err("`op` is there twice");
        let Reason::Syntax { cause, .. } = error.reason else { panic!("{error}") };
        assert!(cause.contains("op"), "{cause}");
    }

    #[test]
    fn a_tuple_type_that_does_not_exist() {
        let error = rows(r#"(ins: "nop", op: "90", en: "ZO", io: "", tt: Double)"#).expect_err("no such tuple type");
        let Reason::Syntax { cause, .. } = error.reason else { panic!("{error}") };
        assert!(cause.contains("Double"), "{cause}");
    }

    #[test]
    fn a_line_with_too_few_texts() {
        refuses_family(
            r#"cols: ["mn", "n"], each: [["add", "0"], ["or"]], rows: [(ins: "$mn r/m64, imm8", op: "REX.W 83 /$n ib", en: "MI", io: "rw r")]"#,
            None,
            Reason::ColumnCount { columns: 2, texts: 1 },
        );
    }

    #[test]
    fn a_column_that_does_not_exist() {
        refuses_family(
            r#"cols: ["mn"], each: [["add"]], rows: [(ins: "$mn r/m64, imm8", op: "REX.W 83 /$n ib", en: "MI", io: "rw r")]"#,
            Some("$mn r/m64, imm8"),
            Reason::UnknownColumn { name: "n".into() },
        );
    }

    #[test]
    fn a_column_that_no_row_uses() {
        refuses_family(
            r#"cols: ["mn", "n"], each: [["add", "0"]], rows: [(ins: "$mn r/m64, imm8", op: "REX.W 83 /0 ib", en: "MI", io: "rw r")]"#,
            None,
            Reason::UnusedColumn { name: "n".into() },
        );
    }

    #[test]
    fn groups_that_make_no_form() {
        refuses_family("rows: []", None, Reason::EmptyGroup { title: "test".into() });
        refuses_family(
            r#"cols: ["mn"], each: [], rows: [(ins: "$mn", op: "90", en: "ZO", io: "")]"#,
            None,
            Reason::EmptyGroup { title: "test".into() },
        );
    }

    #[test]
    fn a_directory_that_does_not_exist() {
        let path = std::path::Path::new("no/such/directory");
        let error = table::read_dir::<Row>(path).expect_err("there is none");
        assert!(matches!(error.reason, Reason::Unreadable { path: found, .. } if found == path));
    }
}

mod operands {
    use super::*;

    #[test]
    fn an_operand_that_does_not_exist() {
        let reason = Reason::UnknownOperand { text: "r128".into() };
        refuses(r#"(ins: "add r128, r64", op: "REX.W 01 /r", en: "MR", io: "rw r")"#, "add r128, r64", reason);
    }

    #[test]
    fn a_memory_size_that_is_no_number() {
        let reason = Reason::UnknownOperand { text: "m64bit".into() };
        refuses(r#"(ins: "fld m64bit", op: "DD /0", en: "M", io: "r")"#, "fld m64bit", reason);
    }

    #[test]
    fn a_decoration_that_does_not_exist() {
        let reason = Reason::UnknownOperand { text: "zmm1 {z}".into() };
        refuses(
            r#"(ins: "vmovaps zmm1 {z}, zmm2", op: "EVEX.512.NP.0F.W0 28 /r", en: "RM", io: "w r")"#,
            "vmovaps zmm1 {z}, zmm2",
            reason,
        );
    }

    #[test]
    fn as_many_letters_of_en_as_operands() {
        let reason = Reason::Count { field: "en", expected: 2, found: 3 };
        refuses(r#"(ins: "add r/m64, r64", op: "REX.W 01 /r", en: "MRI", io: "rw r")"#, "add r/m64, r64", reason);
        let reason = Reason::Count { field: "en", expected: 1, found: 0 };
        refuses(r#"(ins: "inc r/m64", op: "REX.W FF /0", en: "ZO", io: "rw")"#, "inc r/m64", reason);
    }

    #[test]
    fn as_many_words_of_io_as_operands() {
        let reason = Reason::Count { field: "io", expected: 2, found: 1 };
        refuses(r#"(ins: "add r/m64, r64", op: "REX.W 01 /r", en: "MR", io: "rw")"#, "add r/m64, r64", reason);
    }

    #[test]
    fn letters_of_en_that_do_not_exist_or_do_not_suit() {
        let reason = Reason::Slot { letter: 'Q', operand: "r64".into() };
        refuses(r#"(ins: "add r/m64, r64", op: "REX.W 01 /r", en: "MQ", io: "rw r")"#, "add r/m64, r64", reason);
        let reason = Reason::Slot { letter: 'R', operand: "r/m64".into() };
        refuses(r#"(ins: "add r/m64, r64", op: "REX.W 01 /r", en: "RM", io: "rw r")"#, "add r/m64, r64", reason);
        let reason = Reason::Slot { letter: 'M', operand: "imm8".into() };
        refuses(r#"(ins: "int imm8", op: "CD ib", en: "M", io: "r")"#, "int imm8", reason);
        let reason = Reason::Slot { letter: 'R', operand: "CL".into() };
        refuses(r#"(ins: "shl r/m64, CL", op: "REX.W D3 /4", en: "MR", io: "rw r")"#, "shl r/m64, CL", reason);
    }

    #[test]
    fn two_operands_in_one_place() {
        let reason = Reason::SlotTwice { letter: 'R' };
        refuses(r#"(ins: "add r64, r64", op: "REX.W 01 /r", en: "RR", io: "rw r")"#, "add r64, r64", reason);
    }

    #[test]
    fn an_access_that_does_not_exist() {
        let reason = Reason::Access { text: "wr".into() };
        refuses(r#"(ins: "add r/m64, r64", op: "REX.W 01 /r", en: "MR", io: "wr r")"#, "add r/m64, r64", reason);
    }

    #[test]
    fn decorations_need_evex() {
        refuses(
            r#"(ins: "addps xmm1 {k1}, xmm2", op: "0F 58 /r", en: "RM", io: "rw r")"#,
            "addps xmm1 {k1}, xmm2",
            encoding("masks and rounding need EVEX"),
        );
        refuses(
            r#"(ins: "vaddps xmm1, xmm2, xmm3/m128/m32bcst", op: "VEX.128.NP.0F.WIG 58 /r", en: "RVM", io: "w r r")"#,
            "vaddps xmm1, xmm2, xmm3/m128/m32bcst",
            encoding("a broadcast needs EVEX"),
        );
    }

    #[test]
    fn memory_is_not_zeroed() {
        refuses(
            r#"(ins: "vmovaps m512 {k1}{z}, zmm1", op: "EVEX.512.NP.0F.W0 29 /r", en: "MR", io: "w r", tt: FullMem)"#,
            "vmovaps m512 {k1}{z}, zmm1",
            encoding("only vector registers can be masked with zeroing"),
        );
    }

    #[test]
    fn a_pair_of_masks_is_no_mask() {
        let row = |ins: &str| format!(r#"(ins: "{ins}", op: "EVEX.512.F2.0F38.W0 68 /r", en: "RVM", io: "w r r")"#);
        let form = &rows(&row("vp2intersectd k1+1, zmm2, zmm3")).expect("a pair")[0];
        assert_eq!(form.name, "vp2intersectd_kp1_zmm_zmm");
        assert_eq!(form.operands[0].kind, Kind::Reg(Class::KPair));
        for ins in ["vp2intersectd k1+2, zmm2, zmm3", "vp2intersectd zmm1+1, zmm2, zmm3"] {
            assert!(rows(&row(ins)).is_err(), "{ins}");
        }
    }

    #[test]
    fn masks_are_not_zeroed() {
        refuses(
            r#"(ins: "vcmpps k1 {k2}{z}, zmm1, zmm2, uimm8", op: "EVEX.512.NP.0F.W0 C2 /r ib", en: "RVMI", io: "w r r r")"#,
            "vcmpps k1 {k2}{z}, zmm1, zmm2, uimm8",
            encoding("only vector registers can be masked with zeroing"),
        );
    }

    #[test]
    fn rounding_is_beside_registers_or_says_itself_that_it_is_not() {
        let row = |ins: &str, en: &str, tt: &str| {
            format!(r#"(ins: "{ins}", op: "EVEX.512.66.0F3A.W0 1D /r ib", en: "{en}", io: "w r r"{tt})"#)
        };
        for (ins, en) in [
            ("vcvtps2ph ymm1/m256 {k1}{z}, zmm2{sae}, uimm8", "MRI"),
            ("vcvtps2ph ymm1/m256 {k1}{z}, zmm2{er}, uimm8", "MRI"),
            ("vcvtps2ph m256 {k1}, zmm2{sae}, uimm8", "MRI"),
            ("vcvtps2ph ymm1, m256{sae}, uimm8", "RMI"),
        ] {
            refuses(&row(ins, en, ", tt: HalfMem"), ins, encoding("rounding is for registers, beside registers"));
        }
        rows(&row("vcvtps2ph ymm1 {k1}{z}, zmm2{sae}, uimm8", "MRI", "")).expect("registers only");
        rows(&row("vcvtps2ph zmm1, ymm2/m256{sae}, uimm8", "RMI", ", tt: HalfMem")).expect("its type decides");
    }

    #[test]
    fn high_bytes_need_norex() {
        refuses(
            r#"(ins: "add r/m8h, r8h", op: "00 /r", en: "MR", io: "rw r")"#,
            "add r/m8h, r8h",
            encoding("r8h needs NOREX"),
        );
    }

    #[test]
    fn registers_of_64_bits_say_why() {
        let row = |ins: &str, op: &str| format!(r#"(ins: "{ins}", op: "{op}", en: "RM", io: "rw r")"#);
        for (ins, op, problem) in [
            ("foo r64, r/m64", "0F 0D /r", "a 64-bit register needs REX.W, or D64"),
            ("foo er64, er/m64", "REX2.W0 0F 0D /r", "a 64-bit register needs REX.W, or D64"),
            ("foo r64, r/m64", "D64 REX.W 0F 0D /r", "D64 means that there is no W"),
            ("foo r32, r/m32", "D64 0F 0D /r", "D64 is for a 64-bit register"),
        ] {
            refuses(&row(ins, op), ins, encoding(problem));
        }
        rows(&row("foo r64, r/m64", "D64 0F 0D /r")).expect("64 bits by default");
        rows(&row("foo r64, r/m64", "REX.W 0F 0D /r")).expect("64 bits by W");
    }

    #[test]
    fn aliases_of_two_kinds() {
        let reason = Reason::MixedSizes { text: "bextr rv, r/my, ry".into() };
        refuses(
            r#"(ins: "bextr rv, r/my, ry", op: "VEX.LZ.NP.0F38.Wy F7 /r", en: "RMV", io: "w r r")"#,
            "bextr rv, r/my, ry",
            reason,
        );
    }
}

mod encodings {
    use super::*;

    #[test]
    fn a_digit_above_seven() {
        let reason = Reason::OutOfRange { what: "/n", value: 8, low: 0, high: 7 };
        refuses(r#"(ins: "add r/m64, imm8", op: "REX.W 83 /8 ib", en: "MI", io: "rw r")"#, "add r/m64, imm8", reason);
    }

    #[test]
    fn words_that_mean_nothing() {
        for (op, word) in [
            ("REX.W 83 /0 ix", "ix"),
            ("REX.W 8g /0 ib", "8g"),
            ("83+q ib", "83+q"),
            ("83 /x ib", "/x"),
            ("83 10:rrr:bbb ib", "10:rrr:bbb"),
        ] {
            let text = format!(r#"(ins: "add r/m64, imm8", op: "{op}", en: "MI", io: "rw r")"#);
            refuses(&text, "add r/m64, imm8", Reason::UnknownEncodingWord { word: word.into() });
        }
    }

    #[test]
    fn lower_case_hex_is_no_byte() {
        let reason = Reason::UnknownEncodingWord { word: "c3".into() };
        refuses(r#"(ins: "ret", op: "c3", en: "ZO", io: "")"#, "ret", reason);
    }

    #[test]
    fn no_opcode() {
        refuses(r#"(ins: "nop", op: "", en: "ZO", io: "")"#, "nop", encoding("is empty"));
        refuses(
            r#"(ins: "inc r/m64", op: "REX.W /0", en: "M", io: "rw")"#,
            "inc r/m64",
            encoding("there is no opcode byte"),
        );
    }

    #[test]
    fn a_register_in_an_opcode_that_has_its_low_bits_set() {
        refuses(
            r#"(ins: "push r64", op: "51+r", en: "O", io: "r")"#,
            "push r64",
            encoding("the opcode of a +r row has its low bits set"),
        );
    }

    #[test]
    fn parts_in_the_wrong_order_or_twice() {
        let reason = encoding("ModRM stands once, in front of the immediates");
        refuses(
            r#"(ins: "add r/m64, imm8", op: "REX.W 83 ib /0", en: "MI", io: "rw r")"#,
            "add r/m64, imm8",
            reason.clone(),
        );
        refuses(
            r#"(ins: "add r/m64, imm8", op: "REX.W 83 /0 /r ib", en: "MI", io: "rw r")"#,
            "add r/m64, imm8",
            reason,
        );
        refuses(r#"(ins: "push r64", op: "50+r /r", en: "O", io: "r")"#, "push r64", encoding("+r and ModRM"));
    }

    #[test]
    fn np_beside_a_mandatory_prefix() {
        refuses(r#"(ins: "nop", op: "NP F3 90", en: "ZO", io: "")"#, "nop", encoding("NP and a mandatory prefix"));
    }

    #[test]
    fn too_many_bytes() {
        refuses(r#"(ins: "nop", op: "66 F2 F3 F0 90", en: "ZO", io: "")"#, "nop", encoding("more than three prefixes"));
        refuses(
            r#"(ins: "nop", op: "0F 38 01 02", en: "ZO", io: "")"#,
            "nop",
            encoding("more than three opcode bytes"),
        );
        refuses(
            r#"(ins: "nop", op: "REX2.W0 0F 38 01", en: "ZO", io: "")"#,
            "nop",
            encoding("REX2 is for opcodes of map 0 and 1"),
        );
    }

    #[test]
    fn two_opcode_bytes_that_are_in_no_map() {
        refuses(
            r#"(ins: "add r32, r/m32", op: "8B 03 /r", en: "RM", io: "rw r")"#,
            "add r32, r/m32",
            encoding("several opcode bytes in front of ModRM begin with 0F"),
        );
    }

    #[test]
    fn vector_prefixes_are_complete() {
        let incomplete = encoding("VEX and EVEX say length, prefix, map and W");
        for op in ["VEX.NP.0F.WIG 58 /r", "VEX.128.0F.WIG 58 /r", "VEX.128.NP.WIG 58 /r", "VEX.128.NP.0F 58 /r"] {
            let text = format!(r#"(ins: "vaddps xmm1, xmm2, xmm3/m128", op: "{op}", en: "RVM", io: "w r r")"#);
            refuses(&text, "vaddps xmm1, xmm2, xmm3/m128", incomplete.clone());
        }
    }

    #[test]
    fn vector_prefixes_say_each_part_once() {
        refuses(
            r#"(ins: "vaddps xmm1, xmm2, xmm3/m128", op: "VEX.128.256.NP.0F.WIG 58 /r", en: "RVM", io: "w r r")"#,
            "vaddps xmm1, xmm2, xmm3/m128",
            encoding("a part of VEX or EVEX stands twice"),
        );
    }

    #[test]
    fn vex_has_neither_512_bits_nor_apx() {
        for (op, word) in [
            ("VEX.512.NP.0F.WIG 58 /r", "512"),
            ("VEX.128.NP.MAP4.WIG 58 /r", "MAP4"),
            ("VEX.128.NP.0F.WIG.ND1 58 /r", "ND1"),
        ] {
            let text = format!(r#"(ins: "vaddps xmm1, xmm2, xmm3/m128", op: "{op}", en: "RVM", io: "w r r")"#);
            refuses(&text, "vaddps xmm1, xmm2, xmm3/m128", Reason::UnknownEncodingWord { word: word.into() });
        }
    }

    #[test]
    fn xop_has_maps_of_its_own_and_modrm() {
        for (op, word) in [
            ("XOP.128.NP.0F.W0 C1 /r", "0F"),
            ("XOP.128.NP.0F38.W0 C1 /r", "0F38"),
            ("XOP.128.NP.0F3A.W0 C1 /r", "0F3A"),
            ("XOP.512.NP.X9.W0 C1 /r", "512"),
            ("VEX.128.NP.X9.W0 C1 /r", "X9"),
            ("EVEX.128.NP.XA.W0 C1 /r", "XA"),
        ] {
            let text = format!(r#"(ins: "vphaddbw xmm1, xmm2/m128", op: "{op}", en: "RM", io: "w r")"#);
            refuses(&text, "vphaddbw xmm1, xmm2/m128", Reason::UnknownEncodingWord { word: word.into() });
        }
        refuses(r#"(ins: "nop", op: "XOP.128.NP.X9.W0 C1", en: "ZO", io: "")"#, "nop", encoding("XOP needs ModRM"));
    }

    #[test]
    fn a_source_condition_above_fifteen() {
        let reason = Reason::UnknownEncodingWord { word: "SCC16".into() };
        refuses(
            r#"(ins: "ccmpx er/m64, er64, {dfv}", op: "EVEX.LLZ.NP.MAP4.W1.ND0.SCC16 39 /r", en: "MRV", io: "r r r")"#,
            "ccmpx er/m64, er64, {dfv}",
            reason,
        );
    }

    #[test]
    fn evex_needs_modrm_and_one_opcode_byte() {
        refuses(r#"(ins: "nop", op: "EVEX.512.NP.0F.W0 28", en: "ZO", io: "")"#, "nop", encoding("EVEX needs ModRM"));
        refuses(
            r#"(ins: "nop", op: "VEX.128.NP.0F.WIG 28 29", en: "ZO", io: "")"#,
            "nop",
            encoding("VEX and EVEX have one opcode byte"),
        );
    }

    #[test]
    fn places_without_operands_and_operands_without_places() {
        let add = "add r/m64, imm8";
        for (op, en, place) in [
            ("REX.W 83 /r ib", "MI", "ModRM.reg"),
            ("REX.W 83 ib", "MI", "ModRM.rm"),
            ("REX.W 83 11:000:000 ib", "MI", "ModRM.rm"),
            ("REX.W 83 /0", "MI", "the immediate"),
            ("REX.W 83 /0 ib ib", "MI", "the immediate"),
            ("REX.W 83 /0 ib cb", "MI", "the displacement"),
            ("REX.W 83 /0 ib mo", "MI", "the absolute address"),
            ("REX.W 83 /0 ib /is4", "MI", "/is4"),
            ("REX.W 83 11:000:bbb ib", "MI", "ModRM.mod"),
        ] {
            let text = format!(r#"(ins: "{add}", op: "{op}", en: "{en}", io: "rw r")"#);
            refuses(&text, add, unfilled(place));
        }
        refuses(r#"(ins: "push r64", op: "D64 50", en: "O", io: "r")"#, "push r64", unfilled("+r"));
        refuses(
            r#"(ins: "andn r64, r64, r/m64", op: "REX.W 0F 38 F2 /r", en: "RVM", io: "w r r")"#,
            "andn r64, r64, r/m64",
            unfilled("vvvv"),
        );
        refuses(
            r#"(ins: "tileloadd tmm1, tmm2", op: "VEX.128.F2.0F38.W0 4B !(11):rrr:100", en: "RM", io: "w r")"#,
            "tileloadd tmm1, tmm2",
            unfilled("ModRM.mod"),
        );
    }

    #[test]
    fn an_immediate_of_another_width_than_its_place() {
        let reason = Reason::Width { what: "imm8".into(), expected: 32, found: 8 };
        refuses(r#"(ins: "add r/m64, imm8", op: "REX.W 81 /0 id", en: "MI", io: "rw r")"#, "add r/m64, imm8", reason);
        let reason = Reason::Width { what: "rel8".into(), expected: 32, found: 8 };
        refuses(r#"(ins: "jmp rel8", op: "E9 cd", en: "D", io: "-")"#, "jmp rel8", reason);
    }
}

mod tuple_types {
    use super::*;

    fn vaddps(operand: &str, tt: &str) -> String {
        format!(
            r#"(ins: "vaddps zmm1 {{k1}}{{z}}, zmm2, {operand}", op: "EVEX.512.NP.0F.W0 58 /r", en: "RVM", io: "w r r"{tt})"#
        )
    }

    #[test]
    fn a_memory_operand_needs_one() {
        let reason = tuple("a row with a memory operand needs one");
        refuses(&vaddps("zmm3/m512", ""), "vaddps zmm1 {k1}{z}, zmm2, zmm3/m512", reason);
    }

    #[test]
    fn only_evex_has_one() {
        let text =
            r#"(ins: "vaddps xmm1, xmm2, xmm3/m128", op: "VEX.128.NP.0F.WIG 58 /r", en: "RVM", io: "w r r", tt: Full)"#;
        refuses(text, "vaddps xmm1, xmm2, xmm3/m128", tuple("only EVEX rows have one"));
    }

    #[test]
    fn map_4_has_none() {
        let text =
            r#"(ins: "inc er64, er/m64", op: "EVEX.LLZ.NP.MAP4.W1.ND1.NF0 FF /0", en: "VM", io: "w r", tt: Full)"#;
        refuses(text, "inc er64, er/m64", tuple("map 4 has none"));
    }

    #[test]
    fn it_agrees_with_the_operand() {
        let disagrees = tuple("it does not agree with the size of the memory operand");
        refuses(&vaddps("zmm3/m512/m32bcst", ", tt: Half"), "vaddps zmm1 {k1}{z}, zmm2, zmm3/m512/m32bcst", disagrees);
        let broadcast = tuple("a broadcast needs Full, Half or Quarter");
        refuses(
            &vaddps("zmm3/m512/m32bcst", ", tt: FullMem"),
            "vaddps zmm1 {k1}{z}, zmm2, zmm3/m512/m32bcst",
            broadcast,
        );
        let scale = tuple("the operand has no size that a displacement can be scaled by");
        refuses(&vaddps("zmm3/m24", ", tt: Tuple1Fixed"), "vaddps zmm1 {k1}{z}, zmm2, zmm3/m24", scale);
    }
}

mod the_rest_of_a_row {
    use super::*;

    /// `nop` with one more field.
    fn nop(field: &str) -> String {
        format!(r#"(ins: "nop", op: "90", en: "ZO", io: "", {field})"#)
    }

    #[test]
    fn flags_that_mean_nothing() {
        for word in ["x:c", "w:q", "w:", "c", "w:cc"] {
            refuses(&nop(&format!(r#"rflags: "{word}""#)), "nop", Reason::Flags { text: word.into() });
        }
    }

    #[test]
    fn implicit_operands_that_mean_nothing() {
        for word in ["rax", "x:rax", "r:", "r:RAX"] {
            refuses(&nop(&format!(r#"imp: "{word}""#)), "nop", Reason::Implicit { text: word.into() });
        }
    }

    #[test]
    fn features_that_are_no_names() {
        for text in ["", "sse2", "SSE2+AVX"] {
            refuses(&nop(&format!(r#"cpu: "{text}""#)), "nop", Reason::Cpu { text: text.into() });
        }
    }

    #[test]
    fn conditions_that_mean_nothing() {
        let xchg = |when: &str| format!(r#"(ins: "xchg r32, EAX", op: "90+r", en: "OX", io: "rw rw", when: "{when}")"#);
        for (when, problem) in [
            ("op1<op2", "a comparison has one == or !="),
            ("op1!=", "a term is a name or a number"),
            ("op1!=4x", "a term is a name or a number"),
            ("op1!=op3", "names no operand"),
            ("op0!=op1", "names no operand"),
            ("k1!=0", "a mask can only be k1!=0"),
            ("address==64", "an address can only be address==64 or address==32"),
            ("segment==0", "a segment can only be segment==0"),
        ] {
            refuses(&xchg(when), "xchg r32, EAX", Reason::Condition { text: when.into(), problem });
        }
        let enqcmd = |when: &str| {
            format!(r#"(ins: "enqcmd r64, m512", op: "D64 F2 0F 38 F8 /r", en: "RM", io: "r r", when: "{when}")"#)
        };
        rows(&enqcmd("address==64")).expect("it has an address");
        rows(&enqcmd("address==32")).expect("it has an address");
        rows(&enqcmd("segment==0")).expect("it has an address");
        for when in ["segment==1", "segment!=0", "segment==op1"] {
            let problem = "a segment can only be segment==0";
            refuses(&enqcmd(when), "enqcmd r64, m512", Reason::Condition { text: when.into(), problem });
        }
        for when in ["address!=64", "address==16", "address==64 || op1!=op2"] {
            let problem = "an address can only be address==64 or address==32";
            refuses(&enqcmd(when), "enqcmd r64, m512", Reason::Condition { text: when.into(), problem });
        }
    }

    #[test]
    fn names_that_no_function_can_have() {
        refuses(r#"(ins: "in", op: "EC", en: "ZO", io: "")"#, "in", Reason::Name { name: "in".into() });
        refuses(r#"(ins: "3dnow", op: "90", en: "ZO", io: "")"#, "3dnow", Reason::Name { name: "3dnow".into() });
        refuses(r#"(ins: "a-b", op: "90", en: "ZO", io: "")"#, "a-b", Reason::Name { name: "a-b".into() });
    }
}

mod between_rows {
    use super::*;

    #[test]
    fn two_forms_of_one_name() {
        refuses(
            r#"(ins: "add r/m64, imm8", op: "REX.W 83 /0 ib", en: "MI", io: "rw r"),
               (ins: "add r/m64, uimm8", op: "REX.W 83 /1 ib", en: "MI", io: "rw r")"#,
            "add r/m64, uimm8",
            Reason::NameTwice { name: "add_rm64_imm8".into(), other: "add r/m64, imm8".into() },
        );
    }

    #[test]
    fn two_forms_of_the_same_bytes() {
        let overlap = |other: &str| Reason::Overlap { other: other.into() };
        refuses(
            r#"(ins: "add r/m64, imm8", op: "REX.W 83 /0 ib", en: "MI", io: "rw r"),
               (ins: "sub r/m64, imm8", op: "REX.W 83 /0 ib", en: "MI", io: "rw r")"#,
            "sub r/m64, imm8",
            overlap("add r/m64, imm8"),
        );
        refuses(
            r#"(ins: "xchg r32, EAX", op: "90+r", en: "OX", io: "rw rw"), (ins: "nop", op: "90", en: "ZO", io: "")"#,
            "nop",
            overlap("xchg r32, EAX"),
        );
    }

    #[test]
    fn memory_and_register_forms_do_not_overlap() {
        rows(
            r#"(ins: "movlps xmm1, m64", op: "0F 12 /r", en: "RM", io: "rw r"),
               (ins: "movhlps xmm1, xmm2", op: "0F 12 /r", en: "RM", io: "rw r")"#,
        )
        .expect("ModRM.mod tells them apart");
    }

    #[test]
    fn an_alias_allows_the_same_bytes() {
        let forms = rows(
            r#"(ins: "je rel8", op: "74 cb", en: "D", io: "-"), (ins: "jz rel8", op: "74 cb", en: "D", io: "-", alias: "je_rel8")"#,
        )
        .expect("jz says so");
        assert_eq!(forms[1].alias.as_deref(), Some("je_rel8"));
    }

    #[test]
    fn an_alias_of_something_else() {
        let jz =
            |op: &str, alias: &str| format!(r#"(ins: "jz rel8", op: "{op} cb", en: "D", io: "-", alias: "{alias}"),"#);
        let je = r#"(ins: "je rel8", op: "74 cb", en: "D", io: "-"),"#;
        let disjoint = |name: &str| Reason::AliasDisjoint { name: name.into() };
        refuses(&(je.to_string() + &jz("75", "je_rel8")), "jz rel8", disjoint("je_rel8"));
        refuses(&jz("74", "jz_rel8"), "jz rel8", disjoint("jz_rel8"));
        // The same opcode, but only one of them may be memory, and the other not a register.
        refuses(
            r#"(ins: "movhlps xmm1, xmm2", op: "0F 12 /r", en: "RM", io: "rw r"),
               (ins: "movlps xmm1, m64", op: "0F 12 /r", en: "RM", io: "rw r", alias: "movhlps_xmm_xmm")"#,
            "movlps xmm1, m64",
            disjoint("movhlps_xmm_xmm"),
        );
    }

    #[test]
    fn an_alias_of_an_alias_leads_somewhere() {
        let row = |ins: &str, alias: &str| {
            format!(r#"(ins: "{ins} rel8", op: "74 cb", en: "D", io: "-", alias: "{alias}"),"#)
        };
        let last = r#"(ins: "je rel8", op: "74 cb", en: "D", io: "-"),"#;
        rows(&(row("jz", "jq_rel8") + &row("jq", "je_rel8") + last)).expect("jz, jq and je are one");
        let reason = Reason::AliasCircle { name: "jq_rel8".into() };
        refuses(&(row("jz", "jq_rel8") + &row("jq", "jz_rel8")), "jz rel8", reason);
    }

    #[test]
    fn an_alias_of_nothing() {
        let reason = Reason::UnknownAlias { name: "je_rel8".into() };
        refuses(r#"(ins: "jz rel8", op: "74 cb", en: "D", io: "-", alias: "je_rel8")"#, "jz rel8", reason);
    }
}

mod expansion {
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
        let forms = rows(r#"(ins: "add r/mb, rb", op: "00 /r", en: "MR", io: "rw r")"#)
            .unwrap_or_else(|error| panic!("{error}"));
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
        let forms = forms_of(&format!(r#"Table(source: "test", groups: [(title: "test", {family})])"#)).unwrap();
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
}

mod words {
    use super::*;

    const INT3: &str = r#"(ins: "int3", op: "CC", en: "ZO", io: ""),"#;
    const JMP: &str = r#"(ins: "jmp r/m64", op: "D64 FF /4", en: "M", io: "r"),"#;
    const UD2: &str = r#"(ins: "ud2", op: "0F 0B", en: "ZO", io: ""),"#;

    #[test]
    fn are_the_bytes_up_to_modrm() {
        let text = x64::words(&rows(&[UD2, JMP, INT3].concat()).unwrap()).unwrap();
        assert!(text.contains("\n/// `int3`\npub(crate) const INT3: [u8; 1] = [0xCC];\n"), "{text}");
        assert!(text.contains("\n/// `jmp r/m64`\npub(crate) const JMP_RM64: [u8; 2] = [0xFF, 0x20];\n"), "{text}");
        assert!(text.contains("\n/// `ud2`\npub(crate) const UD2: [u8; 2] = [0x0F, 0x0B];\n"), "{text}");
    }

    #[test]
    fn a_row_that_the_runtime_needs_must_be_there() {
        let missing = Reason::Missing { name: "jmp_rm64".into() };
        let error = x64::words(&rows(&[UD2, INT3].concat()).unwrap());
        assert_eq!(error, Err(TableError { table: "x64".into(), row: None, reason: missing }));
    }
}
