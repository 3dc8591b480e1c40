//! Wrong AArch64 rows and what is said about them, and right rows that look wrong.

use std::path::Path;
use tailfirst_gen::{
    Home, Reason, TableError,
    aarch64::{Form, Prefix, Prefixed, Row, Source, choices, encoders, forms, forms_data, words},
    cpu::Cpu,
    table,
};

const TABLE: &str = "aarch64/test.ron";

/// Forms of rows, or of groups, given as RON.
fn read(groups: &str) -> Result<Vec<Form>, TableError> {
    let text = format!(r#"Table(source: "test", groups: [{groups}])"#);
    forms(&table::read::<Row>(TABLE, &text)?)
}

fn rows(rows: &str) -> Result<Vec<Form>, TableError> {
    read(&format!(r#"(title: "test", rows: [{rows}])"#))
}

/// The reason why the last row is refused; its error names file and row.
#[track_caller]
fn refused(text: &str, name: &str) -> Reason {
    let error = rows(text).expect_err("the row is wrong");
    assert_eq!((error.table.as_str(), error.row.as_deref()), (TABLE, Some(name)));
    assert!(error.to_string().starts_with("aarch64/test.ron: \""), "{error}");
    error.reason
}

/// A row like `add_x`, some parts replaced.
fn add(name: &str, asm: &str, bits: &str, ops: &str, more: &str) -> String {
    let id = if more.contains("id:") || more.contains("alias:") { "" } else { r#"id: "TEST", "# };
    format!(r#"(name: "{name}", {id}asm: "{asm}", bits: "{bits}", ops: "{ops}" {more}),"#)
}

const ASM: &str = "ADD <Xd>, <Xn>, <Xm>";
const BITS: &str = "1|0|0|01011|000|Rm|000000|Rn|Rd";
const OPS: &str = "Rd=X:w Rn=X Rm=X";

#[test]
fn the_right_row() {
    let forms = rows(&add("add_x", ASM, BITS, OPS, "")).expect("is right");
    assert_eq!(
        (forms[0].mnemonic.as_str(), forms[0].bits.value, forms[0].bits.mask),
        ("add", 0x8B00_0000, 0xFFE0_FC00)
    );
    let params: Vec<_> =
        forms[0].operands.iter().map(|o| (o.param.as_str(), o.kind.name.as_str(), o.access.letters())).collect();
    assert_eq!(params, [("rd", "X", "w"), ("rn", "X", "r"), ("rm", "X", "r")]);
    assert_eq!(
        forms[0].list_line().split_whitespace().collect::<Vec<_>>().join(" "),
        "add_x 10001011000|Rm|000000|Rn|Rd Rd=X:w Rn=X:r Rm=X:r base aarch64/test.ron ADD <Xd>, <Xn>, <Xm>"
    );
}

#[test]
fn unknown_and_missing_fields() {
    let error = rows(r#"(name: "nop", asm: "NOP", bits: "11010101000000110010000000011111", opz: "")"#);
    assert!(matches!(error.map_err(|e| e.reason), Err(Reason::Syntax { line: 1, .. })));
    let error = rows(r#"(name: "nop", asm: "NOP")"#);
    assert!(matches!(error.map_err(|e| e.reason), Err(Reason::Syntax { line: 1, .. })));
}

#[test]
fn columns() {
    let group = |rows: &str| {
        let group = format!(r#"(title: "t", cols: ["x", "n"], each: [["a", "0"]], rows: [{rows}])"#);
        read(&group).expect_err("is wrong").reason
    };
    let nop = r#"(name: "nop_$x", asm: "NOP", bits: "1101010100000011001000000001111$Q")"#;
    assert_eq!(group(nop), Reason::UnknownColumn { name: "Q".into() });
    let nop = r#"(name: "nop_$x", asm: "NOP", bits: "1101010100000011001000000001111$N")"#;
    assert_eq!(group(nop), Reason::UnknownColumn { name: "N".into() });
    let nop = r#"(name: "nop_$x", asm: "NOP", bits: "11010101000000110010000000011111")"#;
    assert_eq!(group(nop), Reason::UnusedColumn { name: "n".into() });
}

#[test]
fn widths_sum_to_32() {
    let of = |bits: &str| refused(&add("add_x", ASM, bits, OPS, ""), "add_x");
    let sum = |value| Reason::OutOfRange { what: "the sum of the widths", value, low: 32, high: 32 };
    assert_eq!(of("1|0|0|01011|000|Rm|00000|Rn|Rd"), sum(31));
    assert_eq!(of("1|0|0|01011|000|Rm|0000000|Rn|Rd"), sum(33));
}

#[test]
fn bits_that_are_none() {
    let of = |bits: &str| refused(&add("add_x", ASM, bits, OPS, ""), "add_x");
    assert_eq!(of("1|0|0|01012|000|Rm|000000|Rn|Rd"), Reason::Bits { text: "01012".into() });
    assert_eq!(of("1|0|0|01011|000|Rm|shift|Rn|Rd"), Reason::Bits { text: "shift".into() });
    assert_eq!(of("1|0|0|01011|000|Rm|(0)0(0|Rn|Rd"), Reason::Bits { text: "(0)0(0".into() });
    assert_eq!(
        of("1|0|0|01011|000|Rm|000000|Rd|Rd"),
        Reason::Field { name: "Rd".into(), problem: "is twice in `bits`" }
    );
}

#[test]
fn each_field_is_given_once() {
    let of = |ops: &str| refused(&add("add_x", ASM, BITS, ops, ""), "add_x");
    let field = |name: &str, problem| Reason::Field { name: name.into(), problem };
    assert_eq!(of("Rd=X:w Rn=X"), field("Rm", "is given by no operand"));
    assert_eq!(of("Rd=X:w Rn=X Rm=X Rn=X"), field("Rn", "is given twice"));
    assert_eq!(of("Rd=X:w Rn&Rn=X Rm=X"), field("Rn", "is given twice"));
    assert_eq!(of("Rd=X:w Rn=X Rm=X Ra=X"), field("Ra", "is not in `bits`"));
}

#[test]
fn operands_are_words() {
    let of = |ops: &str| refused(&add("add_x", ASM, BITS, ops, ""), "add_x");
    assert_eq!(of("Rd=X:w Rn Rm=X"), Reason::UnknownOperand { text: "Rn".into() });
    assert_eq!(of("Rd=X:w Rn=Y Rm=X"), Reason::UnknownKind { text: "Y".into() });
    assert_eq!(of("Rd=X:w Rn=U<<x Rm=X"), Reason::UnknownKind { text: "U<<x".into() });
    assert_eq!(of("Rd=X:x Rn=X Rm=X"), Reason::Access { text: "x".into() });
    assert_eq!(of("Rd=X: Rn=X Rm=X"), Reason::Access { text: "".into() });
}

#[test]
fn kinds_have_widths() {
    let asm = "ADD <Xd>, <Xn>, #<imm>";
    let of = |bits: &str, ops: &str| refused(&add("add_x_imm", asm, bits, ops, ""), "add_x_imm");
    let width = |what: &str, expected, found| Reason::Width { what: what.into(), expected, found };
    assert_eq!(of("1|0|0|100010|0|imm12|Rn|Rd", "Rd=X:w Rn=X imm12=AddImm"), width("AddImm", 12, 13));
    assert_eq!(of("1|0|0|10001000|Rm:4|000000|Rn|Rd:6", "Rd=X:w Rn=X Rm=X"), width("X", 6, 5));
    assert_eq!(of("1|0|0|10001|imm24", "imm24=U"), width("U", 24, 16));
    // Both fields of a repeated operand must have one width.
    assert_eq!(of("1|0|0|100010|00000|a:6|b:7|00000", "a&b=U"), width("U", 6, 7));
}

#[test]
fn targets_have_places() {
    let of = |bits: &str, ops: &str| refused(&add("b_x", "B <label>", bits, ops, ""), "b_x");
    let moved = |name: &str| Reason::Field { name: name.into(), problem: "is not where the runtime fills in a target" };
    assert_eq!(of("imm26|000101", "imm26=Label"), moved("imm26"));
    assert_eq!(of("0|immhi:19|10000|immlo:2|00000", "immhi:immlo=Adr"), moved("immhi:immlo"));
    assert_eq!(of("000101000|imm23", "imm23=Label"), Reason::Width { what: "Label".into(), expected: 23, found: 26 });
}

#[test]
fn names_are_functions() {
    for name in ["Add", "2add", "add-x", "yield", "", "é"] {
        assert_eq!(refused(&add(name, ASM, BITS, OPS, ""), name), Reason::Name { name: name.into() });
    }
    let two = add("add_x", ASM, BITS, OPS, "")
        + &add("add_x", "SUB <Xd>, <Xn>, <Xm>", &BITS.replace("01011", "11011"), OPS, "");
    assert!(matches!(
        rows(&two).expect_err("one name").reason,
        Reason::NameTwice { name, .. } if name == "add_x"
    ));
}

#[test]
fn flags_and_features() {
    let of = |more: &str| refused(&add("add_x", ASM, BITS, OPS, more), "add_x");
    assert_eq!(of(r#", flags: "w:nzcx""#), Reason::Flags { text: "w:nzcx".into() });
    assert_eq!(of(r#", flags: "nzcv""#), Reason::Flags { text: "nzcv".into() });
    assert_eq!(of(r#", cpu: "feat, other""#), Reason::Cpu { text: "feat, other".into() });
}

#[test]
fn syntax_and_operands_agree() {
    let of = |asm: &str, ops: &str| refused(&add("add_x", asm, BITS, ops, ""), "add_x");
    let missing = Reason::Assembly { problem: "a register of `ops` is not in it, or not with this width or role" };
    assert_eq!(of("ADD <Xd>, <Xn>, <Wm>", OPS), missing);
    assert_eq!(of("ADD <Xd|SP>, <Xn>, <Xm>", OPS), missing);
    assert_eq!(of(ASM, "Rd=XSP:w Rn=X Rm=X"), missing);
    assert_eq!(
        of(ASM, "Rn=X Rd=X:w Rm=X"),
        Reason::Assembly { problem: "its registers are in another order than in `ops`" }
    );
    assert_eq!(of("ADD <Xd>, <Xn>, <Xm", OPS), Reason::Assembly { problem: "its brackets do not pair" });
    assert_eq!(
        of("add <Xd>, <Xn>, <Xm>", OPS),
        Reason::Assembly { problem: "it does not begin with a mnemonic in capitals" }
    );
    let nop = add("nop", "NOP <Xd>", "11010101000000110010000000011111", "", "");
    assert_eq!(refused(&nop, "nop"), Reason::Assembly { problem: "it has operands, and `ops` has none" });
}

#[test]
fn conditions_name_fields() {
    let of = |when: &str| match refused(&add("add_x", ASM, BITS, OPS, &format!(r#", when: "{when}""#)), "add_x") {
        Reason::Condition { text, problem } => {
            assert_eq!(text, when);
            problem
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(of("Ra!=Rd"), "it names no field");
    assert_eq!(of("Rn!=32"), "a number does not fit its field");
    assert_eq!(of("Rn=Rd"), "a comparison has one == or !=");
    assert_eq!(of("(Rn!=Rd)"), "a term is a name or a number");
    assert_eq!(of("Rn==Rn"), "its result is known");
    assert_eq!(of("Rn!=Rd && 1!=2"), "its result is known");
    let branch = add("cbz_x", "CBZ <Xt>, <label>", "1|0110100|imm19|Rt", "Rt=X imm19=Label", r#", when: "imm19!=0""#);
    assert!(matches!(
        refused(&branch, "cbz_x"),
        Reason::Condition { problem: "it names a label's field, which is filled in later", .. }
    ));
    let narrow = add("add_x", ASM, "1|0|0|01011|000|Rm|s:6|Rn|Rd", "Rd=X:w Rn=X Rm=X s=U", r#", when: "Rn!=s""#);
    assert!(matches!(
        refused(&narrow, "add_x"),
        Reason::Condition { problem: "it compares fields of different widths", .. }
    ));
}

/// A shifted ADD, of which [`BITS`] is a part.
fn shifted(more: &str) -> String {
    let (asm, ops) = ("ADD <Xd>, <Xn>, <Xm>{, <shift> #<amount>}", "Rd=X:w Rn=X Rm=X shift:imm6=Shift64");
    add("add_x_shift", asm, "1|0|0|01011|shift:2|0|Rm|imm6|Rn|Rd", ops, more)
}

#[test]
fn overlaps_are_declared() {
    let plain = |more: &str| add("add_x", ASM, BITS, OPS, more);
    assert_eq!(refused(&(shifted("") + &plain("")), "add_x"), Reason::Overlap { other: "add_x_shift".into() });
    assert_eq!(rows(&(shifted("") + &plain(r#", alias: "add_x_shift""#))).map(|forms| forms.len()), Ok(2));
    // two aliases of one form, and an alias of an alias
    let third = |alias: &str| add("plus_x", "PLUS <Xd>, <Xn>, <Xm>", BITS, OPS, &format!(r#", alias: "{alias}""#));
    let siblings = shifted("") + &plain(r#", alias: "add_x_shift""#) + &third("add_x_shift");
    assert_eq!(rows(&siblings).map(|forms| forms.len()), Ok(3));
    let chain = shifted("") + &third("add_x") + &plain(r#", alias: "add_x_shift""#);
    assert_eq!(rows(&chain).map(|forms| forms.len()), Ok(3));
}

#[test]
fn aliases_exist_and_overlap() {
    let alias = |name: &str| add("add_x", ASM, BITS, OPS, &format!(r#", alias: "{name}""#));
    assert_eq!(refused(&alias("sub_x"), "add_x"), Reason::UnknownAlias { name: "sub_x".into() });
    assert_eq!(refused(&alias("add_x"), "add_x"), Reason::AliasDisjoint { name: "add_x".into() });
    let sub = add("sub_x", "SUB <Xd>, <Xn>, <Xm>", &BITS.replacen("1|0|0", "1|1|0", 1), OPS, "");
    assert_eq!(refused(&(sub + &alias("sub_x")), "add_x"), Reason::AliasDisjoint { name: "sub_x".into() });
    let circle = shifted(r#", alias: "add_x""#) + &alias("add_x_shift");
    assert_eq!(refused(&circle, "add_x_shift"), Reason::AliasCircle { name: "add_x".into() });
}

#[test]
fn conditions_keep_forms_apart() {
    let load = |name: &str, mnemonic: &str, when: &str| {
        let when = if when.is_empty() { String::new() } else { format!(r#", when: "{when}""#) };
        add(
            name,
            &format!("{mnemonic} <Xd>, <Xn>, #<imm>"),
            "1|0|1|01011|size:2|imm12|Rn|Rd",
            "Rd=X:w Rn=X imm12=U size=U",
            &when,
        )
    };
    let pair = |a: &str, b: &str| rows(&(load("one", "ONE", a) + &load("two", "TWO", b))).map(|forms| forms.len());
    assert_eq!(pair("size!=3", "size==3"), Ok(2));
    assert_eq!(pair("size==1 || size==2", "size==0 || size==3"), Ok(2));
    assert_eq!(pair("Rd!=31 && size==1", "Rd==31"), Ok(2));
    for (a, b) in [("", "size==3"), ("size!=2", "size==3"), ("size==1 || size==3", "size==3"), ("Rd!=Rn", "Rd==31")] {
        let error = pair(a, b).map_err(|error| error.reason);
        assert_eq!(error, Err(Reason::Overlap { other: "one".into() }), "{a}, {b}");
    }
    // A pair's first register is even, so that a form with odd ones is another form.
    let odd = add("odd", "ODD <Xm>, <Xn>", "1|0|0|01011|000|Rm|000000|Rn|top:4|1", "Rm=X Rn=X top=U", "");
    assert_eq!(refused(&(add("add_x", ASM, BITS, OPS, "") + &odd), "odd"), Reason::Overlap { other: "add_x".into() });
    let even = add("even", "EVEN <Xd>, <Xn>, <Xm>", BITS, "Rd=XPair:w Rn=X Rm=X", "");
    assert_eq!(rows(&(even + &odd)).map(|forms| forms.len()), Ok(2));
}

#[test]
fn values_that_an_operand_cannot_have_keep_forms_apart() {
    let prfm = |kind: &str| {
        add("prfm", "PRFM <prfop>, <Xn>, <Xm>", "1|0|0|01011|000|Rm|000000|Rn|Rt", &format!("Rt={kind} Rn=X Rm=X"), "")
    };
    let other = |high: &str| {
        let bits = format!("1|0|0|01011|000|Rm|000000|Rn|{high}|low:3");
        add("other", "OTHER <Xn>, <Xm>", &bits, "Rn=X Rm=X low=U", "")
    };
    assert_eq!(rows(&(prfm("Prefetch") + &other("11"))).map(|forms| forms.len()), Ok(2));
    let overlap = Reason::Overlap { other: "prfm".into() };
    assert_eq!(refused(&(prfm("PrefetchOp") + &other("11")), "other"), overlap);
    assert_eq!(refused(&(prfm("Prefetch") + &other("10")), "other"), overlap);
}

#[test]
fn should_be_bits_are_fixed() {
    let strict = add("smulh_x", "SMULH <Xd>, <Xn>, <Xm>", "1|00|11011|010|Rm|0|(1)(1)(1)(1)(1)|Rn|Rd", OPS, "");
    let forms = rows(&strict).expect("is right");
    assert_eq!((forms[0].bits.value, forms[0].bits.should_be), (0x9B40_7C00, 0x7C00));
    assert!(forms[0].list_line().contains("10011011010|Rm|0(1)(1)(1)(1)(1)|Rn|Rd"));
}

/// A row that no one could look up.
#[test]
fn a_row_is_named_by_arm_or_an_alias() {
    let row =
        |more: &str| format!(r#"(name: "own", asm: "OWN", bits: "1101010100|0|00|011|0010|1010|111|11111"{more})"#);
    assert_eq!(refused(&row(""), "own"), Reason::Nameless);
    assert!(rows(&row(r#", id: "OWN""#)).is_ok());
}

/// What a function looks like, whole.
#[test]
fn functions() {
    let load = r#"(name: "ldr_x_post", id: "LDR_64_ldst_immpost", asm: "LDR <Xt>, [<Xn|SP>], #<simm>",
        bits: "11|111|0|00|01|0|imm9|01|Rn|Rt", ops: "Rt=X:w Rn=XSP:rw imm9=S<<0", when: "Rn==31 || Rn!=Rt"),"#;
    let branch = r#"(name: "tbz", id: "TBZ_only_testbranch", asm: "TBZ <Xt>, #<imm>, <label>", bits: "b5:1|011011|0|b40:5|imm14|Rt",
        ops: "Rt=X b5:b40=U imm14=Label", cpu: "FEAT_NONE", flags: "r:z"),"#;
    let forms = rows(&format!("{load}{branch}")).expect("are right");
    let text = encoders(&forms, Home::Runtime);
    let expected = "\
// Generated from tables/aarch64/ by tailfirst-gen. Change the tables.
//
// What functions hand over of their rows is in one number each, in groups of hexadecimal digits. Here they are from
// the left on; those in front that are zero are not written.
//
// The places of operands, to word1, word2, word3, word4, branch1, branch2, branch3, branch4:
//   2 digits  fourth: the lowest bit of the fourth operand
//   2 digits  third: the lowest bit of the third operand
//   2 digits  second: the lowest bit of the second operand
//   2 digits  first: the lowest bit of the first operand

use crate::{
    Direction, IntoTarget,
};
use crate::aarch64::{
    Emitter, IntoOperand, Rel, SImm, UImm, X, XSp, encode,
};

type SImm9x0 = SImm<9, 0>;
type UImm6x0 = UImm<6, 0>;

/// [test](crate::aarch64::instructions::test)
impl<Dir: Direction> Emitter<'_, Dir> {
    /** `LDR <Xt>, [<Xn|SP>], #<simm>`

    Encoding: `11111000010|imm9|01|Rn|Rt` (LDR_64_ldst_immpost)

    Operands: `rt` written; `rn` read and written; `imm9` read

    Needs: `Rn==31 || Rn!=Rt`; else `finish` fails

    CPU: base

    Table: aarch64/test.ron, `ldr_x_post, LDR_64_ldst_immpost`
    */
    #[doc(alias = \"LDR_64_ldst_immpost\")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn ldr_x_post(&mut self, rt: impl IntoOperand<X>, rn: impl IntoOperand<XSp>, imm9: SImm9x0) {
        let rt = rt.into().bits();
        let rn = rn.into().bits();
        if rn != 31 && rn == rt {
            encode::reject(self, \"ldr_x_post\", \"Rn==31 || Rn!=Rt\");
        }
        encode::word(self, 0xF8400400 | rt | rn << 5 | imm9.bits() << 12)
    }

    /** `TBZ <Xt>, #<imm>, <label>`

    Encoding: `b5:1|0110110|b40:5|imm14|Rt` (TBZ_only_testbranch)

    Operands: `rt` read; `imm` read; `target` read

    Flags: `r:z`

    CPU: FEAT_NONE

    Table: aarch64/test.ron, `tbz, TBZ_only_testbranch`
    */
    #[doc(alias = \"TBZ_only_testbranch\")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn tbz(&mut self, rt: impl IntoOperand<X>, imm: UImm6x0, target: impl IntoTarget) {
        let imm = imm.bits();
        encode::branch(self, 0x36000000 | rt.into().bits() | (imm >> 5) << 31 | (imm & 0x1F) << 19, Rel::Imm14, target)
    }
}
";
    assert_eq!(text, expected);
    let cpu = Cpu { features: vec![], levels: vec![] };
    let data = forms_data(&forms, &cpu);
    assert!(
        data.contains(
            r#"Value { kind: "S<<0", width: 9, from_bits: | bits |<SImm<9, 0>>::from_bits(bits).map(Operand::from) }"#
        ),
        "{data}"
    );
    // A feature that no table has is a text.
    assert!(data.contains("cpu: LIST_0, other_cpu: LIST_4"), "{data}");
    assert!(data.contains(r#"const LIST_4: &[&str] = &["FEAT_NONE"];"#), "{data}");
    assert!(data.contains(r#"parameter::<X>(operands, 0, "X")?"#), "{data}");
    // One function for both directions, and a form has both.
    assert!(data.contains("const CALL_0: Call = Call { down: call_0::<Down>, up: call_0::<Up> };"), "{data}");
}

#[test]
fn a_body_is_one_call_with_the_bare_parameters() {
    let holds = |row: &str, signature: &str, body: &str| {
        let text = encoders(&rows(row).expect("is right"), Home::Runtime);
        let function = format!("    pub fn {signature} {{\n        {body}\n    }}\n");
        assert!(text.contains(&function), "{function} is not in:\n{text}");
    };
    // The first operand's place is the last byte.
    holds(
        r#"(name: "mul_x", id: "TEST", asm: "MUL <Xd>, <Xn>, <Xm>", bits: "10011011000|Rm|011111|Rn|Rd", ops: "Rd=X:w Rn=X Rm=X")"#,
        "mul_x(&mut self, rd: impl IntoOperand<X>, rn: impl IntoOperand<X>, rm: impl IntoOperand<X>)",
        "encode::word3(self, 0x9B007C00, 0x10_05_00, rd, rn, rm)",
    );
    holds(
        r#"(name: "fabs_d", id: "TEST", asm: "FABS <Dd>, <Dn>", bits: "0001111001100000110000|Rn|Rd", ops: "Rd=D:w Rn=D")"#,
        "fabs_d(&mut self, rd: D, rn: D)",
        "encode::word2::<_, D, D>(self, 0x1E60C000, 0x05_00, rd, rn)",
    );
    holds(
        r#"(name: "ldur_x", id: "TEST", asm: "LDUR <Xt>, [<Xn|SP>, #<simm>]", bits: "11111000010|imm9|00|Rn|Rt", ops: "Rt=X:w Rn=XSP imm9=S<<0")"#,
        "ldur_x(&mut self, rt: impl IntoOperand<X>, rn: impl IntoOperand<XSp>, imm9: SImm9x0)",
        "encode::word3::<_, _, _, SImm9x0>(self, 0xF8400000, 0x0C_05_00, rt, rn, imm9)",
    );
    holds(
        r#"(name: "cbz_x", id: "TEST", asm: "CBZ <Xt>, <label>", bits: "10110100|imm19|Rt", ops: "Rt=X imm19=Label")"#,
        "cbz_x(&mut self, rt: impl IntoOperand<X>, target: impl IntoTarget)",
        "encode::branch1(self, 0xB4000000, 0x00, rt, Rel::Imm19, target)",
    );
}

/// What the runtime places by itself is there, with the bits that the manual has.
#[test]
fn words_of_the_runtime() {
    let forms = tailfirst_gen::aarch64_forms(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tables"))).unwrap();
    let text = words(&forms).unwrap();
    for line in [
        "/// `B <label>`\npub(crate) const B: Instruction = Instruction { bits: 0x14000000, mask: 0xFC000000 };",
        "/// `NOP`\npub(crate) const NOP: Instruction = Instruction { bits: 0xD503201F, mask: 0xFFFFFFFF };",
        "/// `BRK #<imm>`\npub(crate) const BRK: Instruction = Instruction { bits: 0xD4200000, mask: 0xFFE0001F };",
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
    let without: Vec<Form> = forms.into_iter().filter(|form| form.name != "brk").collect();
    let missing = TableError { table: "aarch64".into(), row: None, reason: Reason::Missing { name: "brk".into() } };
    assert_eq!(words(&without), Err(missing));
}

#[test]
fn a_function_names_its_row_as_the_table_has_it() {
    let group = r#"(title: "test", cols: ["X", "sf"], each: [["W", "0"], ["X", "1"]], rows: [
        (name: "cbz_$x", id: "CBZ_${sf}", asm: "CBZ <${X}t>, <label>", bits: "$sf|0110100|imm19|Rt", ops: "Rt=$X imm19=Label"),
    ])"#;
    let table = format!(r#"Table(source: "test", groups: [{group}])"#);
    let forms = forms(&table::read::<Row>("aarch64/test.ron", &table).unwrap()).unwrap();
    let text = encoders(&forms, Home::Runtime);
    assert_eq!(text.matches("\n    Table: aarch64/test.ron, `cbz_$x, CBZ_${sf}`\n").count(), 2, "{text}");
}

#[test]
fn prefixes() {
    let of = |ops: &str, prefix: &str| {
        let asm = "ADD <Zdn>.B, <Zdn>.B, <Zm>.B";
        let bits = "0000010100100010111000|Zm:5|Zdn:5";
        rows(&add("add_zb", asm, bits, ops, prefix)).map(|forms| forms[0].prefix.clone()).map_err(|error| error.reason)
    };
    let (both, written) = ("Zdn=ZB:rw Zm=ZB", "Zdn=ZB:w Zm=ZB");
    let sources = vec![Source { field: 0, count: 0 }];
    assert_eq!(of(both, ""), Ok(Prefix::After(Prefixed { destination: 1, sources, governing: None })));
    assert_eq!(of(written, ""), Ok(Prefix::Never));
    assert_eq!(of(both, r#", prefix: "never""#), Ok(Prefix::Never));
    assert_eq!(of(written, r#", prefix: "any""#), Ok(Prefix::Any));
    let superfluous = Err(Reason::Prefix { problem: "the operands say so" });
    assert_eq!(of(written, r#", prefix: "never""#), superfluous);
    assert_eq!(of(both, r#", prefix: "any""#), superfluous);
    assert_eq!(of(both, r#", prefix: "no""#), Err(Reason::Prefix { problem: "expected \"never\" or \"any\"" }));
}

/// A family of loads with scaled and with other offsets, whose values are in two columns.
fn loads(each: &[&str]) -> Result<Vec<Form>, TableError> {
    let each = each.join(", ");
    read(&format!(
        r#"(title: "test", cols: ["S", "Reg", "size", "scale", "value", "same"], each: [{each}], rows: [
            (name: "ldr${{s}}_${{reg}}_uoff", id: "TEST", asm: "LDR$S <${{Reg}}t>, [<Xn|SP>{{, #<pimm>}}]",
                bits: "$size|111|0|01|01|imm12|Rn|Rt", ops: "Rt=$Reg:w Rn=XSP imm12=U<<$scale", choice: "$value load_uoff"),
            (name: "ldur${{s}}_${{reg}}", id: "TEST", asm: "LDUR$S <${{Reg}}t>, [<Xn|SP>{{, #<simm>}}]",
                bits: "$size|111|0|00|01|0|imm9|00|Rn|Rt", ops: "Rt=$Reg:w Rn=XSP imm9=S<<0", choice: "$same load_unscaled"),
        ])"#
    ))
}

const BYTE: &str = r#"["B", "W", "00", "0", "Load::U8", "Load::U8"]"#;
const DOUBLEWORD: &str = r#"["", "X", "11", "3", "Load::U64", "Load::U64"]"#;

#[test]
fn a_choice_by_size_takes_what_stands_for_each_size() {
    let forms = loads(&[BYTE, DOUBLEWORD]).expect("is right");
    let text = encoders(&forms, Home::Runtime);
    let holds = |function: &str| assert!(text.contains(function), "{function} is not in:\n{text}");
    holds(
        "    /** `Load <Xt>, [<Xn|SP>{, #<pimm>}]`, the operation as a value\n\n    \
        One of [`ldrb_w_uoff`](Self::ldrb_w_uoff), [`ldr_x_uoff`](Self::ldr_x_uoff).\n",
    );
    holds("load_uoff(&mut self, load: Load, rt: impl IntoOperand<X>, rn: impl IntoOperand<XSp>, imm12: SizedOffset)");
    holds("encode::word3::<_, _, _, SizedOffset>(self, 0x39400000 | load as u32, 0x0A_05_00, rt, rn, imm12)");
    holds("load_unscaled(&mut self, load: Load, rt: impl IntoOperand<X>, rn: impl IntoOperand<XSp>, imm9: SImm9x0)");
    let types = choices(&forms);
    assert!(types.contains("#[doc = \"`LDRB <Wt>`, `LDURB <Wt>`.\"]\n    U8 = 0x0,\n"), "{types}");
    assert!(types.contains("#[doc = \"`LDR <Xt>`, `LDUR <Xt>`.\"]\n    U64 = 0xC0000000\n"), "{types}");
}

#[test]
fn a_choice_takes_what_all_of_its_forms_take_as_it_is() {
    let word = r#"["", "W", "10", "2", "Load::U32", "Load::U32"]"#;
    let other = r#"["O", "W", "11", "2", "Load::Other", "Load::Other"]"#;
    let text = encoders(&loads(&[word, other]).expect("is right"), Home::Runtime);
    let function =
        "load_uoff(&mut self, load: Load, rt: impl IntoOperand<W>, rn: impl IntoOperand<XSp>, imm12: UImm12x2)";
    assert!(text.contains(function), "{text}");
    assert!(text.contains("/** `Load <Wt>, [<Xn|SP>{, #<pimm>}]`, the operation as a value\n"), "{text}");
}

#[test]
fn values_and_numbers_of_a_choice_belong_together() {
    let refused = |line: &str, reason: Reason| {
        assert_eq!(loads(&[BYTE, line]).expect_err("is wrong").reason, reason);
    };
    let choice = |variant: &str| Reason::Choice { variant: variant.into() };
    // Two numbers of one value, and two values of one number.
    refused(r#"["", "X", "11", "3", "Load::U8", "Load::U8"]"#, choice("U8"));
    refused(r#"["", "X", "11", "3", "Load::U64", "Load::I64"]"#, choice("I64"));
    // A register that stands for no other.
    refused(r#"["", "D", "11", "3", "Load::U64", "Load::U64"]"#, choice("U64"));
    // Names that are none.
    refused(r#"["", "X", "11", "3", "Load::u_64", "Load::U64"]"#, Reason::TypeName { name: "U_64".into() });
    refused(r#"["", "X", "11", "3", "Load U64", "Load::U64"]"#, Reason::TypeName { name: "Load U64 load_uoff".into() });
}
