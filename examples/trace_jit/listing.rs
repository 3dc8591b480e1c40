//! What a trace looks like: its instructions, and under each the machine code that it became.

use crate::backend::{Backend, Place, Source};
use crate::bytecode::slot_name;
use crate::compile::{Compiled, Exit, Mark};
use crate::ir::{End, Ins, Ref, Trace};
use crate::vm::{Installed, Origin};

/// The listing of trace `number`, as `B` has compiled it: from the lowest address up, which is the order of execution.
pub fn listing<B: Backend>(number: usize, installed: &Installed, compiled: &Compiled) -> String {
    let Installed { origin, trace, first_gate, .. } = installed;
    let from = match origin {
        Origin::Head(pc) => format!("the loop at instruction {pc}"),
        Origin::Exit(gate) => format!("exit {gate}"),
    };
    let (count, bytes, name) = (trace.ins.len(), compiled.code.len(), B::NAME);
    let mut lines = vec![format!("trace {number}: from {from}, {count} instructions, {bytes} bytes of {name} code")];
    for mark in everything(trace) {
        lines.push(match mark {
            Mark::Start => "    start:".to_string(),
            Mark::Head => "    head of the loop:".to_string(),
            Mark::Ins(r) => format!("    {r} {}", with_gate(trace.ins[r.index()], *first_gate)),
            Mark::End => format!("    {}", end_of(trace)),
            Mark::Exit(exit) => format!("    {}", exit_of(first_gate + exit as u32, &compiled.exits[exit])),
        });
        // Constants, slots, and what nobody needed have no code of their own.
        let Some(index) = compiled.marks.iter().position(|&(marked, _)| marked == mark) else { continue };
        let offset = compiled.marks[index].1;
        let end = compiled.marks.get(index + 1).map_or(compiled.code.len(), |next| next.1);
        for (at, bytes, assembly) in disassemble(B::NAME, offset, &compiled.code[offset..end]) {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            lines.push(format!("        {at:04x}  {hex:<22} {assembly}"));
        }
    }
    lines.join("\n") + "\n"
}

/// All that code can be for, in ascending order.
fn everything(trace: &Trace) -> Vec<Mark> {
    let body = match &trace.end {
        End::Loop { body, .. } => *body,
        End::Link { .. } => trace.ins.len(),
    };
    let ins = |range: std::ops::Range<usize>| range.map(|index| Mark::Ins(Ref(index as u32)));
    let mut marks = vec![Mark::Start];
    marks.extend(ins(0..body));
    if let End::Loop { .. } = trace.end {
        marks.push(Mark::Head);
    }
    marks.extend(ins(body..trace.ins.len()));
    marks.push(Mark::End);
    marks.extend((0..trace.snapshots.len()).map(Mark::Exit));
    marks
}

/// The instruction with its exit's gate for the snapshot's number.
fn with_gate(ins: Ins, first_gate: u32) -> Ins {
    match ins {
        Ins::Guard(cond, a, b, snapshot) => Ins::Guard(cond, a, b, snapshot + first_gate as usize),
        other => other,
    }
}

fn end_of(trace: &Trace) -> String {
    match &trace.end {
        End::Loop { phis, .. } => {
            let phis: Vec<String> = phis.iter().map(|phi| format!("{} <- {}", phi.entry, phi.next)).collect();
            format!("next turn: {}", phis.join(", "))
        }
        End::Link { gate, slots } => {
            let slots: Vec<String> = slots.iter().map(|&(slot, v)| format!("{} <- {v}", slot_name(slot))).collect();
            format!("link through gate {gate}: {}", slots.join(", "))
        }
    }
}

fn exit_of(gate: u32, exit: &Exit) -> String {
    let place = |from: &Source| match from {
        Source::Const(bits) => format!("{bits:#x}"),
        Source::Place(Place::Reg(reg)) => format!("{:?} {}", reg.class(), reg.number()).to_lowercase(),
        Source::Place(Place::Mem(mem)) => format!("{mem:?}").to_lowercase(),
    };
    let restores: Vec<String> =
        exit.restores.iter().map(|(slot, from)| format!("{} <- {}", slot_name(*slot), place(from))).collect();
    format!("exit {gate} to instruction {}: {}", exit.pc, restores.join(", "))
}

/// Offset, bytes and text of each instruction.
fn disassemble(isa: &str, offset: usize, code: &[u8]) -> Vec<(usize, Vec<u8>, String)> {
    if isa == "x86-64" { disassemble_x64(offset, code) } else { disassemble_aarch64(offset, code) }
}

fn disassemble_x64(offset: usize, code: &[u8]) -> Vec<(usize, Vec<u8>, String)> {
    use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
    let mut formatter = IntelFormatter::new();
    let options = formatter.options_mut();
    options.set_space_after_operand_separator(true);
    options.set_branch_leading_zeros(false);
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    let decoder = Decoder::with_ip(64, code, offset as u64, DecoderOptions::NONE);
    decoder
        .into_iter()
        .map(|instruction| {
            let mut text = String::new();
            formatter.format(&instruction, &mut text);
            let at = instruction.ip() as usize;
            (at, code[at - offset..][..instruction.len()].to_vec(), text)
        })
        .collect()
}

fn disassemble_aarch64(offset: usize, code: &[u8]) -> Vec<(usize, Vec<u8>, String)> {
    use yaxpeax_arch::{Decoder, U8Reader};
    let decoder = yaxpeax_arm::armv8::a64::InstDecoder::default();
    let word = |(index, word): (usize, &[u8])| {
        let text = match decoder.decode(&mut U8Reader::new(word)) {
            Ok(instruction) => instruction.to_string(),
            Err(error) => error.to_string(),
        };
        (offset + 4 * index, word.to_vec(), text)
    };
    code.chunks(4).enumerate().map(word).collect()
}
