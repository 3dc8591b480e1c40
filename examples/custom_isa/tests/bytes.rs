//! The extension's instructions, in both directions and among tailfirst's own.

use custom_isa::{aarch64, x64};
use tailfirst::{Direction, Down, Encoder, FinishError, Isa, Up};

/// Code in reading order, in code that grows in either direction.
fn placed<I: Isa, D: Direction>(place: impl FnOnce(&mut Encoder<'_, I, D>)) -> Result<Vec<u8>, FinishError> {
    let mut enc = Encoder::new();
    place(&mut enc);
    enc.finish().map(|code| code.bytes().to_vec())
}

#[test]
fn x64_rows_are_functions() {
    use tailfirst::x64::*;
    use x64::Simulator;
    fn all<D: Direction>() {
        let one = |place: fn(&mut Emitter<'_, D>)| placed(place).expect("nothing is wrong");
        assert_eq!(one(|enc| enc.sim_call_imm16(0x1234)), [0x0F, 0x04, 0x34, 0x12]);
        assert_eq!(one(|enc| enc.sim_trace_r64_rm64(R9, RAX + RCX * 4)), [0x4C, 0x0F, 0x0A, 0x0C, 0x88]);
        assert_eq!(one(|enc| enc.sim_count_rm64_imm8(RBX, -1)), [0x48, 0x0F, 0x0C, 0xC3, 0xFF]);
        // A width as a value, as of tailfirst's own.
        assert_eq!(one(|enc| enc.sim_count_rm_imm8(Width::W32, RBX, 5)), [0x0F, 0x0C, 0xC3, 5]);
        assert_eq!(one(|enc| enc.vmodmulps_ymm_ymm_ymmm256(YMM1, YMM2, RSI + 32)), [0xC4, 0xE2, 0x6D, 0xE0, 0x4E, 32]);
        assert_eq!(one(|enc| enc.vmodmulpd_ymm_ymm_ymmm256(YMM1, YMM2, YMM11)), [0xC4, 0xC2, 0x6D, 0xE1, 0xCB]);
        let among = one(|enc| {
            enc.in_order(0..3, |enc, step| match step {
                0 => enc.nop(),
                1 => enc.sim_call_imm16(1),
                _ => enc.ret(),
            })
        });
        assert_eq!(among, [0x90, 0x0F, 0x04, 1, 0, 0xC3]);
    }
    all::<Down>();
    all::<Up>();
}

#[test]
fn aarch64_rows_are_functions() {
    use aarch64::Simulator;
    use tailfirst::aarch64::*;
    fn all<D: Direction>() {
        let one = |place: fn(&mut Emitter<'_, D>)| placed(place).expect("nothing is wrong");
        assert_eq!(one(|enc| enc.sim_mark(UImm::of::<5>())), 0xD503_2ABF_u32.to_le_bytes());
        assert_eq!(one(|enc| enc.sim_trace(X7)), 0xD50B_B007_u32.to_le_bytes());
    }
    all::<Down>();
    all::<Up>();
}

#[test]
fn rows_round_trip() {
    tailfirst_roundtrip::x64::check("tables", x64::forms());
    tailfirst_roundtrip::aarch64::check("tables", aarch64::forms());
}

#[test]
fn rows_are_forms() {
    let names: Vec<_> = x64::forms().iter().map(|form| form.name).collect();
    assert!(names.contains(&"sim_trace_r64_rm64") && names.contains(&"vmodmulpd_ymm_ymm_ymmm256"), "{names:?}");
    let form = x64::forms().iter().find(|form| form.name == "sim_call_imm16").expect("it is there");
    assert_eq!((form.encoding, form.table), ("0F 04 iw", "tables/x64/magic.ron"));
    let emitted = placed::<_, Down>(|enc: &mut tailfirst::x64::Encoder<'_>| {
        form.emit(enc, &[tailfirst::x64::Operand::imm(3)]).expect("such operands");
    });
    assert_eq!(emitted, Ok(vec![0x0F, 0x04, 3, 0]));

    // What tailfirst knows of its features is nothing, so these are texts.
    let form = x64::forms().iter().find(|form| form.name.starts_with("vmodmulps")).expect("it is there");
    assert!(form.cpu.is_empty() && form.needs().is_empty());
    assert_eq!(form.other_cpu, ["SIM_MODMUL"]);

    let form = aarch64::forms().iter().find(|form| form.name == "sim_mark").expect("it is there");
    assert_eq!((form.alias, form.values[0].width), (Some("hint"), 3));
}
