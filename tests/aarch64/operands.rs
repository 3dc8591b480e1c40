//! Forms as data, and forms that are emitted with operands chosen at run time: which are accepted.

use tailfirst::{OperandError, aarch64::*};

#[test]
fn every_form_can_be_emitted() {
    for form in forms() {
        let mut enc = Encoder::new();
        let target = enc.here();
        let operands: Vec<Operand> = form
            .values
            .iter()
            .zip(form.operands)
            .map(|(value, info)| match info.kind {
                "Target" => target.into(),
                // Different values where possible, for the sake of conditions.
                _ => (0..1u32 << value.width)
                    .filter_map(|bits| value.from_bits(bits))
                    .next()
                    .unwrap_or_else(|| panic!("{}: {} has no value", form.name, info.kind)),
            })
            .collect();
        assert_eq!(form.emit(&mut enc, &operands), Ok(()), "{}", form.name);
        assert_eq!(enc.pos().from_base(), 4, "{}", form.name);
        let found = operands.len() + 1;
        let more: Vec<Operand> = operands.into_iter().chain([Operand::Imm(0)]).collect();
        let error = OperandError::Count { expected: found - 1, found };
        assert_eq!(form.emit(&mut enc, &more), Err(error), "{}", form.name);
    }
}

#[test]
fn wrong_operands_are_refused() {
    let form = |name: &str| *forms().iter().find(|form| form.name == name).expect("is in the tables");
    let mut enc = Encoder::new();
    let add = form("add_x_imm");
    assert_eq!(add.emit(&mut enc, &[X0.into(), SP.into(), 4096.into()]), Ok(()));
    let refused = |index, expected| Err(OperandError::Kind { index, expected });
    assert_eq!(add.emit(&mut enc, &[X0.into(), XZR.into(), 1.into()]), refused(1, "XSp"));
    assert_eq!(add.emit(&mut enc, &[X0.into(), X1.into(), 4097.into()]), refused(2, "AddImm"));
    let store = form("str_x_uoff");
    assert_eq!(store.emit(&mut enc, &[X0.into(), X1.into(), 32761.into()]), refused(2, "UImm<12, 3>"));
    assert_eq!(enc.pos().from_base(), 4);
}

#[test]
fn bits_make_operands_that_give_them_back() {
    // Each immediate of LDUR, through the run-time interface.
    let form = forms().iter().find(|form| form.name == "ldur_x").expect("is in the tables");
    for bits in 0..1 << 9 {
        let operand = form.values[2].from_bits(bits).expect("is below 2^9");
        let mut enc = Encoder::new();
        assert_eq!(form.emit(&mut enc, &[X1.into(), X2.into(), operand]), Ok(()));
        let code = enc.finish().expect("nothing is open");
        assert_eq!(code.bytes(), (0xF840_0041 | bits << 12).to_le_bytes());
    }
    assert!(form.values[2].from_bits(1 << 9).is_none());
}
