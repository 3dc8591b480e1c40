//! Operands: what a row's instruction is written with.

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
