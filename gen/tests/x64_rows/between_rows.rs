//! Between rows: names and encodings that two rows share.

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
    let jz = |op: &str, alias: &str| format!(r#"(ins: "jz rel8", op: "{op} cb", en: "D", io: "-", alias: "{alias}"),"#);
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
    let row =
        |ins: &str, alias: &str| format!(r#"(ins: "{ins} rel8", op: "74 cb", en: "D", io: "-", alias: "{alias}"),"#);
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
