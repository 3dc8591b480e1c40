//! What is wrong is found: forms held to the rows of others.

use tailfirst_roundtrip::{aarch64, choices::Choices, x64};

const NUMBERS: [u64; 12] = [0, 2, 6, 3, 1, 5, 4, 8, 7, 9, 11, 10];

#[test]
fn an_x64_form_that_is_not_what_its_row_says() {
    let row = |name: &str| x64::MODEL.iter().find(|row| row.name == name).expect("it is there");
    let form = |name: &str| tailfirst::x64::forms().iter().find(|form| form.name == name).expect("it is there");
    let mistake = |row_name: &str, name: &str| x64::mistake(row(row_name), form(name), &mut Choices::new(&NUMBERS));
    assert_eq!(mistake("add_rm64_r64", "add_rm64_r64"), None);
    let found = mistake("add_rm64_r64", "sub_rm64_r64").expect("another opcode");
    assert!(found.contains("add r/m64, r64") && found.contains("growing"), "{found}");
}

#[test]
fn an_aarch64_form_that_is_not_what_its_row_says() {
    let row = |name: &str| aarch64::MODEL.iter().find(|row| row.name == name).expect("it is there");
    let form = |name: &str| tailfirst::aarch64::forms().iter().find(|form| form.name == name).expect("it is there");
    let mistake = |row_name: &str, name: &str| aarch64::mistake(row(row_name), form(name), &mut Choices::new(&NUMBERS));
    assert_eq!(mistake("udiv_x", "udiv_x"), None);
    let found = mistake("udiv_x", "sdiv_x").expect("another opcode");
    assert!(found.contains("sdiv_x: growing"), "{found}");
}

#[test]
#[should_panic(expected = "no row makes")]
fn forms_without_rows() {
    x64::check("no tables are here", tailfirst::x64::forms());
}
