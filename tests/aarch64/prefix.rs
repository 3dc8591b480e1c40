//! What may follow MOVPRFX, and what is said if something else does. Every form is held to llvm-mc in the package
//! `tailfirst-oracles`.

use tailfirst::{
    Code,
    aarch64::{PrefixProblem::*, *},
    block,
};

/// Offset, names of both forms, and problem of each wrong prefix.
type Wrong = Vec<(usize, &'static str, Option<&'static str>, PrefixProblem)>;

fn wrong(code: &Code<'_, A64>) -> Wrong {
    assert_eq!(code.check_prefixes().is_ok(), code.wrong_prefixes().next().is_none());
    let name = |next: &'static Form| next.name;
    code.wrong_prefixes().map(|wrong| (wrong.offset, wrong.prefix.name, wrong.next.map(name), wrong.problem)).collect()
}

/// What is said of calls in reading order, which is the same in both directions.
macro_rules! wrong {
    ($($calls:tt)*) => {{
        let (mut enc, mut asm) = (Encoder::new(), Assembler::new());
        block!(enc; $($calls)*);
        block!(asm; $($calls)*);
        let down = wrong(&enc.finish().expect("nothing is wrong with operands"));
        assert_eq!(wrong(&asm.finish().expect("nothing is wrong with operands")), down);
        down
    }};
}

#[test]
fn what_agrees() {
    let none: Wrong = Vec::new();
    assert_eq!(wrong!(movprfx(Z0, Z5); add_zs_m(Z0.s(), P1.m(), Z6.s());), none);
    assert_eq!(wrong!(movprfx(Z0, Z5); mla_zs_m(Z0.s(), P1.m(), Z6.s(), Z5.s());), none);
    assert_eq!(wrong!(movprfx(Z0, Z5); sclamp_zs(Z0.s(), Z1.s(), Z2.s());), none);
    assert_eq!(wrong!(movprfx_zs_m(Z0.s(), P1.m(), Z5.s()); add_zs_m(Z0.s(), P1.m(), Z6.s());), none);
    assert_eq!(wrong!(movprfx_zs_z(Z0.s(), P1.z(), Z5.s()); add_zs_m(Z0.s(), P1.m(), Z6.s());), none);
    // A conversion has elements of the wider size.
    assert_eq!(wrong!(movprfx_zs_z(Z0.s(), P1.z(), Z5.s()); fcvt_zh_zs_m(Z0.h(), P1.m(), Z6.s());), none);
    assert_eq!(wrong!(movprfx_zs_z(Z0.s(), P1.z(), Z5.s()); fcvt_zs_zh_m(Z0.s(), P1.m(), Z6.h());), none);
    // Only the shifted elements count.
    assert_eq!(wrong!(movprfx_zb_z(Z0.b(), P1.z(), Z5.b()); lsl_zb_wide_m(Z0.b(), P1.m(), Z6.d());), none);
}

#[test]
fn what_does_not() {
    let unpredicated = |next, problem| vec![(0, "movprfx", Some(next), problem)];
    assert_eq!(wrong!(movprfx(Z0, Z5); add_zs(Z0.s(), Z1.s(), Z2.s());), unpredicated("add_zs", NoPrefix));
    assert_eq!(wrong!(movprfx(Z0, Z5); tbx_zs(Z0.s(), Z1.s(), Z2.s());), unpredicated("tbx_zs", NoPrefix));
    assert_eq!(wrong!(movprfx(Z0, Z5); add_x(X0, X1, X2);), unpredicated("add_x_shift", NoPrefix));
    let add = "add_zs_m";
    assert_eq!(wrong!(movprfx(Z0, Z5); add_zs_m(Z1.s(), P1.m(), Z6.s());), unpredicated(add, Destination));
    assert_eq!(wrong!(movprfx(Z0, Z5); add_zs_m(Z0.s(), P1.m(), Z0.s());), unpredicated(add, Source));
    // A scalar register and an element are of a vector, too, and so is the second register of a list.
    assert_eq!(wrong!(movprfx(Z3, Z5); insr_zs_s(Z3.s(), S3);), unpredicated("insr_zs_s", Source));
    let lane = ZLaneS::new(Z3, 1).expect("a lane");
    assert_eq!(wrong!(movprfx(Z3, Z5); fmla_zs_elem(Z3.s(), Z1.s(), lane);), unpredicated("fmla_zs_elem", Source));
    let list = ZListAligned::<ZS, 2>::new(Z2.s()).expect("even");
    assert_eq!(wrong!(movprfx(Z3, Z5); fcvtnt_zb(Z3.b(), list);), unpredicated("fcvtnt_zb", Source));

    let merging = |next, problem| vec![(0, "movprfx_zs_m", Some(next), problem)];
    assert_eq!(
        wrong!(movprfx_zs_m(Z0.s(), P1.m(), Z5.s()); sclamp_zs(Z0.s(), Z1.s(), Z2.s());),
        merging("sclamp_zs", Predicated)
    );
    assert_eq!(
        wrong!(movprfx_zs_m(Z0.s(), P1.m(), Z5.s()); add_zs_m(Z0.s(), P2.m(), Z6.s());),
        merging(add, Predicate)
    );
    assert_eq!(
        wrong!(movprfx_zs_m(Z0.s(), P1.m(), Z5.s()); add_zd_m(Z0.d(), P1.m(), Z6.d());),
        merging("add_zd_m", ElementSize)
    );
}

#[test]
fn what_is_no_instruction() {
    assert_eq!(wrong!(movprfx(Z0, Z5);), [(0, "movprfx", None, NoPrefix)]);
    assert_eq!(wrong!(nop(); movprfx(Z0, Z5); data(&0x0420_0420_u32.to_le_bytes());), [(4, "movprfx", None, NoPrefix)]);
}

#[test]
fn breakpoints_and_prefixes() {
    let none: Wrong = Vec::new();
    assert_eq!(wrong!(movprfx(Z0, Z5); brk(UImm::of::<7>());), none);
    assert_eq!(wrong!(movprfx_zs_m(Z0.s(), P1.m(), Z5.s()); hlt(UImm::of::<7>());), none);
    assert_eq!(
        wrong!(movprfx(Z0, Z5); movprfx(Z0, Z5); add_zs(Z0.s(), Z1.s(), Z2.s());),
        [(0, "movprfx", Some("movprfx"), NoPrefix), (4, "movprfx", Some("add_zs"), NoPrefix)]
    );
}

#[test]
fn what_is_said() {
    let mut asm = Assembler::new();
    asm.movprfx(Z0, Z5);
    asm.movprfx_zs_m(Z0.s(), P1.m(), Z5.s());
    asm.add_zs_m(Z0.s(), P2.m(), Z6.s());
    asm.movprfx(Z0, Z5);
    let code = asm.finish().expect("nothing is wrong with operands");
    let said: Vec<_> = code.wrong_prefixes().map(|wrong| wrong.to_string()).collect();
    assert_eq!(
        said,
        [
            "offset 0x0: MOVPRFX <Zd>, <Zn> before MOVPRFX <Zd>.S, <Pg>/M, <Zn>.S: it takes no prefix",
            "offset 0x4: MOVPRFX <Zd>.S, <Pg>/M, <Zn>.S before ADD <Zdn>.S, <Pg>/M, <Zdn>.S, <Zm>.S: \
             it has another predicate",
            "offset 0xc: MOVPRFX <Zd>, <Zn> before no instruction: it takes no prefix",
        ]
    );
}
