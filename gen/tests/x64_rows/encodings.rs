//! Encodings: opcodes, prefixes, and where each operand goes.

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
    refuses(r#"(ins: "add r/m64, imm8", op: "REX.W 83 /0 /r ib", en: "MI", io: "rw r")"#, "add r/m64, imm8", reason);
    refuses(r#"(ins: "push r64", op: "50+r /r", en: "O", io: "r")"#, "push r64", encoding("+r and ModRM"));
}

#[test]
fn np_beside_a_mandatory_prefix() {
    refuses(r#"(ins: "nop", op: "NP F3 90", en: "ZO", io: "")"#, "nop", encoding("NP and a mandatory prefix"));
}

#[test]
fn too_many_bytes() {
    refuses(r#"(ins: "nop", op: "66 F2 F3 F0 90", en: "ZO", io: "")"#, "nop", encoding("more than three prefixes"));
    refuses(r#"(ins: "nop", op: "0F 38 01 02", en: "ZO", io: "")"#, "nop", encoding("more than three opcode bytes"));
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
