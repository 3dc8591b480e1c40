//! The rest of a row: its other fields.

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
