//! LuaJIT's way: an opcode word, REX.W and its kin, and functions by the shape of the operands (see luajit.rs of the
//! contenders).

use crate::{Call, Condition, Growth, Operand, Writer};

pub struct Luajit;

fn gpr(slot: usize) -> String {
    format!("op.gpr[{slot}] as u32")
}

fn register(operand: Operand) -> Option<String> {
    match operand {
        Operand::Gpr { slot, .. } => Some(gpr(slot)),
        Operand::Xmm { slot } => Some(format!("op.xmm[{slot}] as u32")),
        _ => None,
    }
}

/// A constant behind the other operands, as it is placed first.
fn constant(operand: Operand) -> Option<String> {
    match operand {
        Operand::Constant { bits: 32, slot } => Some(format!("e.i32(op.imm[{slot}]); ")),
        Operand::Constant { bits, slot } => Some(format!("e.i{bits}(op.imm[{slot}] as i{bits}); ")),
        Operand::Count => Some("e.i8(op.count as i8); ".to_owned()),
        _ => None,
    }
}

/// The call for ModRM with its operands.
fn modrm(rm: Operand, suffix: &str, head: &str, reg: &str, rest: &str) -> String {
    match rm {
        Operand::Memory { base, disp, is_indexed: false, .. } => {
            format!("e.mem{suffix}({head}, {reg}, {}, op.disp[{disp}]{rest});", gpr(base))
        }
        Operand::Memory { base, disp, is_indexed: true, .. } => {
            let base = gpr(base);
            format!("e.index{suffix}({head}, {reg}, {base}, op.index as u32, op.scale as u32, op.disp[{disp}]{rest});")
        }
        other => format!("e.rr{suffix}({head}, {reg}, {}{rest});", register(other).expect("a register or memory")),
    }
}

impl Writer for Luajit {
    const GROWTH: Growth = Growth::Down;

    fn call(&mut self, call: &Call) -> String {
        let operands = &call.operands[..];
        if let [Operand::Label { slot }] = operands {
            let label = format!("usize::from(op.label[{slot}])");
            return match (call.condition, &*call.mnemonic) {
                (Condition::Named(number), _) => format!("e.jcc({number}, {label});"),
                (Condition::Value, _) => format!("e.jcc(op.cond as u32, {label});"),
                (Condition::None, "jmp") => format!("e.jmp({label});"),
                (Condition::None, _) => format!("e.call({label});"),
            };
        }
        match (&*call.function, operands) {
            ("mov_r64_imm", [Operand::Gpr { slot, .. }, _]) => return format!("e.imm64({}, op.wide);", gpr(*slot)),
            ("mov_r32_imm32", [Operand::Gpr { slot, .. }, Operand::Constant { slot: imm, .. }]) => {
                return format!("e.imm32({}, op.imm[{imm}]);", gpr(*slot));
            }
            ("push_r64", [Operand::Gpr { slot, .. }]) => return format!("e.push({});", gpr(*slot)),
            ("pop_r64", [Operand::Gpr { slot, .. }]) => return format!("e.pop({});", gpr(*slot)),
            _ => {}
        }

        let mut opcode: Vec<String> = call.opcode.iter().map(|&word| word.to_owned()).collect();
        if let Condition::Named(number) = call.condition {
            let words = if call.mnemonic.starts_with("set") {
                vec!["0F".to_owned(), format!("{:02X}", 0x90 + number), "/0".to_owned()]
            } else {
                vec!["W".to_owned(), "0F".to_owned(), format!("{:02X}", 0x40 + number), "RM".to_owned()]
            };
            opcode = words;
        }
        let mut flags = Vec::new();
        if opcode[0] == "W" {
            opcode.remove(0);
            flags.push("W");
        }
        // Three bytes of opcode have their prefix among them.
        if opcode[0] == "66" && opcode[1] != "0F" {
            opcode.remove(0);
            flags.push("SIZE16");
        }
        if operands.iter().any(|operand| matches!(operand, Operand::Gpr { bits: 8, .. })) {
            flags.push("REX");
        }
        let place = opcode.pop().expect("it says where the operands are");
        let bytes = opcode.iter().map(|byte| format!("0x{byte}")).collect::<Vec<_>>().join(", ");
        let flags = if flags.is_empty() { "0".to_owned() } else { flags.join(" | ") };
        let (rm, reg) = match &*place {
            "RM" => (operands[1], register(operands[0]).expect("a register")),
            "MR" => (operands[0], register(operands[1]).expect("a register")),
            digit => (operands[0], digit.trim_start_matches('/').to_owned()),
        };
        let constants: String = operands.iter().filter_map(|&operand| constant(operand)).collect();
        match operands.last() {
            Some(Operand::Shortest { slot }) => {
                let (short, long) = if place == "RM" { ("0x6B", "0x69") } else { ("0x83", "0x81") };
                modrm(
                    rm,
                    "_imm",
                    &format!("opcode(&[{short}]), opcode(&[{long}]), {flags}"),
                    &reg,
                    &format!(", op.imm[{slot}]"),
                )
            }
            _ => format!("{constants}{}", modrm(rm, "", &format!("opcode(&[{bytes}]), {flags}"), &reg, "")),
        }
    }
}
