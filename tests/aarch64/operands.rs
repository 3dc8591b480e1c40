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

/// What `fits` says is what the loads say.
#[test]
fn addresses_that_fit() {
    let offsets = (-300..70_000).map(|offset| X2 + offset);
    let indices = (0..5).flat_map(|shift| [X2 + X3.lsl(shift), X2 + W3.sxtw(shift), X2 + W3.uxth(shift)]);
    for address in offsets.chain(indices) {
        let mut enc = Encoder::new();
        let loads = [
            (1, enc.ldrb_w(W1, address)),
            (2, enc.ldrh_w(W1, address)),
            (4, enc.ldr_w(W1, address)),
            (8, enc.ldr_x(X1, address)),
            (16, enc.ldr_q(Q1, address)),
        ];
        for (size, load) in loads {
            assert_eq!(address.fits(size), load.is_ok(), "{address:?} of {size}");
        }
    }
    assert!(!(X2 + 0).fits(3) && !(X2 + 0).fits(32));
}

#[test]
fn offsets_are_added() {
    assert_eq!((X2 + 8).checked_add(-16), Some(X2 - 8));
    assert_eq!(Address::from(SP).checked_add(4), Some(SP + 4));
    assert_eq!((X2 + i32::MAX).checked_add(1), None);
    assert_eq!((X2 + X3).checked_add(8), None);
}

/// Numbers that are a register's are that register, as those of general registers are.
#[test]
fn registers_wrap() {
    for number in 0..=u8::MAX {
        assert_eq!(Some(X::wrapping(number)), X::new(number % 32));
        assert_eq!(Some(Z::wrapping(number)), Z::new(number % 32));
        assert_eq!(Some(P::wrapping(number)), P::new(number % 16));
        assert_eq!(Some(PLow::wrapping(number)), PLow::new(number % 8));
        assert_eq!(Some(PN::wrapping(number)), PN::new(8 + number % 8));
    }
}

/// A lane modulo the lanes is the lane, where there is one.
#[test]
fn lanes_wrap() {
    for lane in 0..=u8::MAX {
        assert_eq!(Some(LaneB::wrapping(V3, lane)), LaneB::new(V3, lane % 16));
        assert_eq!(Some(LaneD::wrapping(V31, lane)), LaneD::new(V31, lane % 2));
        assert_eq!(Some(LaneHLow::wrapping(V17, lane)), LaneHLow::new(V1, lane % 8));
    }
}

/// A form says how long the list is.
#[test]
fn lists_are_as_long_as_the_form_wants() {
    let mut enc = Encoder::new();
    enc.tbl2_v16b(V0.v16b(), V3.v16b().list(), V5.v16b());
    enc.tbl2_v16b(V0.v16b(), List::<V16B, 2>::new(V3.v16b()), V5.v16b());
    let code = enc.finish().expect("nothing is wrong");
    assert_eq!(code.bytes()[..4], code.bytes()[4..]);
    let lanes: LaneList<LaneS, 3> = LaneS::wrapping(V3, 1).list();
    assert_eq!(lanes, LaneList::<LaneS, 3>::new(LaneS::wrapping(V3, 1)));
}
