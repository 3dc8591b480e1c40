//! Tables: unknown fields, groups, families and names.

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
fn columns_that_differ_in_capitals_only() {
    refuses_family(
        r#"cols: ["mn", "MN"], each: [["add", "ADD"]], rows: [(ins: "$mn r/m64, imm8", op: "REX.W 83 /0 ib", en: "MI", io: "rw r")]"#,
        None,
        Reason::TwinColumns { name: "MN".into(), twin: "mn".into() },
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
