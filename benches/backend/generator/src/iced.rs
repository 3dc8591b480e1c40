//! iced-x86's encoder, as yk's reverse code generator uses it.

use crate::{Call, Condition, Growth, Operand, Writer};

pub struct Iced;

fn expression(operand: Operand) -> String {
    match operand {
        Operand::Gpr { bits, slot } => format!("GPR{bits}[op.gpr[{slot}] as usize]"),
        Operand::Xmm { slot } => format!("XMM[op.xmm[{slot}] as usize]"),
        Operand::Memory { base, disp, is_indexed: false, .. } => format!("based(op.gpr[{base}], op.disp[{disp}])"),
        Operand::Memory { base, disp, is_indexed: true, .. } => {
            format!("indexed(op.gpr[{base}], op.index, op.scale, op.disp[{disp}])")
        }
        Operand::Shortest { slot } | Operand::Constant { bits: 32, slot } => format!("op.imm[{slot}]"),
        Operand::Constant { bits, slot } => format!("i32::from(op.imm[{slot}] as i{bits})"),
        Operand::Count => "u32::from(op.count)".to_owned(),
        Operand::Wide => "op.wide".to_owned(),
        Operand::Cl => "Register::CL".to_owned(),
        Operand::Label { slot } => format!("usize::from(op.label[{slot}])"),
    }
}

impl Writer for Iced {
    const GROWTH: Growth = Growth::Down;

    fn call(&mut self, call: &Call) -> String {
        let operands: Vec<_> = call.operands.iter().map(|&operand| expression(operand)).collect();
        let capital = |name: &str| name[..1].to_uppercase() + &name[1..];
        if let [Operand::Label { .. }] = call.operands[..] {
            let code = match call.condition {
                Condition::Value => "JCC[op.cond as usize]".to_owned(),
                _ => format!("Code::{}_rel32_64", capital(&call.mnemonic)),
            };
            return format!("e.branch({code}, {});", operands[0]);
        }
        if call.operands.contains(&Operand::Wide) {
            let Operand::Gpr { slot, .. } = call.operands[0] else { panic!("a register") };
            return format!("e.wide(op.gpr[{slot}], op.wide);");
        }
        let code = format!("Code::{}", capital(&call.function).replace("_cl", "_CL"));
        let code = match call.operands.last() {
            Some(Operand::Shortest { slot }) => {
                format!("if i8::try_from(op.imm[{slot}]).is_ok() {{ {code}8 }} else {{ {code}32 }}")
            }
            _ => code,
        };
        format!("e.push(Instruction::with{}({code}, {}));", operands.len(), operands.join(", "))
    }
}
