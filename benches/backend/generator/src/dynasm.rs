//! dynasm-rs. Where a scale or a condition is a value, a `match` picks it, since the macro wants it as a literal.

use crate::{CONDITIONS, Call, Condition, Growth, Operand, Writer};

pub struct Dynasm;

fn expression(operand: Operand, scale: usize) -> String {
    let size = |bits| match bits {
        8 => "BYTE ",
        16 => "WORD ",
        32 => "DWORD ",
        64 => "QWORD ",
        _ => "",
    };
    match operand {
        Operand::Gpr { bits, slot } => {
            let family = match bits {
                8 => "Rb",
                16 => "Rw",
                32 => "Rd",
                _ => "Rq",
            };
            format!("{family}((op.gpr[{slot}] as u8))")
        }
        Operand::Xmm { slot } => format!("Rx((op.xmm[{slot}] as u8))"),
        Operand::Memory { bits, base, disp, is_indexed: false } => {
            format!("{}[Rq((op.gpr[{base}] as u8)) + op.disp[{disp}]]", size(bits))
        }
        Operand::Memory { bits, base, disp, is_indexed: true } => {
            format!("{}[Rq((op.gpr[{base}] as u8)) + {scale} * Rq((op.index as u8)) + op.disp[{disp}]]", size(bits))
        }
        Operand::Shortest { slot } => format!("op.imm[{slot}]"),
        Operand::Constant { bits: 32, slot } => format!("DWORD op.imm[{slot}]"),
        Operand::Constant { bits, slot } => format!("{}(op.imm[{slot}] as i{bits})", size(bits)),
        Operand::Count => "(op.count as i8)".to_owned(),
        Operand::Wide => "QWORD op.wide".to_owned(),
        Operand::Cl => "cl".to_owned(),
        Operand::Label { slot } => format!("=>labels[usize::from(op.label[{slot}])]"),
    }
}

impl Writer for Dynasm {
    const GROWTH: Growth = Growth::Up;

    fn call(&mut self, call: &Call) -> String {
        let line = |mnemonic: &str, scale| {
            let operands: Vec<_> = call.operands.iter().map(|&operand| expression(operand, scale)).collect();
            format!("dynasm!(ops; .arch x64; {mnemonic} {})", operands.join(", "))
        };
        if call.condition == Condition::Value {
            let arms: Vec<_> = CONDITIONS
                .iter()
                .enumerate()
                .map(|(at, name)| format!("{at} => {}, ", line(&format!("j{name}"), 1)))
                .collect();
            return format!("match op.cond as u8 {{ {}_ => unreachable!() }}", arms.concat());
        }
        match call.operands[..] {
            [Operand::Gpr { slot, .. }, Operand::Wide] => format!(
                "if let Ok(unsigned) = u32::try_from(op.wide) {{ dynasm!(ops; .arch x64; mov Rd((op.gpr[{slot}] as u8)), DWORD (unsigned as i32)) }} \
                 else if let Ok(signed) = i32::try_from(op.wide) {{ dynasm!(ops; .arch x64; mov Rq((op.gpr[{slot}] as u8)), DWORD signed) }} \
                 else {{ {} }}",
                line("mov", 1)
            ),
            _ if call.operands.iter().any(|operand| matches!(operand, Operand::Memory { is_indexed: true, .. })) => {
                format!(
                    "match op.scale {{ Scale::X1 => {}, Scale::X2 => {}, Scale::X4 => {}, Scale::X8 => {} }}",
                    line(&call.mnemonic, 1),
                    line(&call.mnemonic, 2),
                    line(&call.mnemonic, 4),
                    line(&call.mnemonic, 8)
                )
            }
            _ => format!("{};", line(&call.mnemonic, 1)),
        }
    }
}
