//! Tuple types: how EVEX scales a displacement.

use super::*;

fn vaddps(operand: &str, tt: &str) -> String {
    format!(
        r#"(ins: "vaddps zmm1 {{k1}}{{z}}, zmm2, {operand}", op: "EVEX.512.NP.0F.W0 58 /r", en: "RVM", io: "w r r"{tt})"#
    )
}

#[test]
fn a_memory_operand_needs_one() {
    let reason = tuple("a row with a memory operand needs one");
    refuses(&vaddps("zmm3/m512", ""), "vaddps zmm1 {k1}{z}, zmm2, zmm3/m512", reason);
}

#[test]
fn only_evex_has_one() {
    let text =
        r#"(ins: "vaddps xmm1, xmm2, xmm3/m128", op: "VEX.128.NP.0F.WIG 58 /r", en: "RVM", io: "w r r", tt: Full)"#;
    refuses(text, "vaddps xmm1, xmm2, xmm3/m128", tuple("only EVEX rows have one"));
}

#[test]
fn map_4_has_none() {
    let text = r#"(ins: "inc er64, er/m64", op: "EVEX.LLZ.NP.MAP4.W1.ND1.NF0 FF /0", en: "VM", io: "w r", tt: Full)"#;
    refuses(text, "inc er64, er/m64", tuple("map 4 has none"));
}

#[test]
fn it_agrees_with_the_operand() {
    let disagrees = tuple("it does not agree with the size of the memory operand");
    refuses(&vaddps("zmm3/m512/m32bcst", ", tt: Half"), "vaddps zmm1 {k1}{z}, zmm2, zmm3/m512/m32bcst", disagrees);
    let broadcast = tuple("a broadcast needs Full, Half or Quarter");
    refuses(&vaddps("zmm3/m512/m32bcst", ", tt: FullMem"), "vaddps zmm1 {k1}{z}, zmm2, zmm3/m512/m32bcst", broadcast);
    let scale = tuple("the operand has no size that a displacement can be scaled by");
    refuses(&vaddps("zmm3/m24", ", tt: Tuple1Fixed"), "vaddps zmm1 {k1}{z}, zmm2, zmm3/m24", scale);
}
