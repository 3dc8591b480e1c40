//! What a trace looks like: its instructions, and under each the machine code that it became.
//!
//! `tailfirst`'s `Listing` does it: each instruction of the trace is a comment on its first machine instruction, and
//! labels and symbols have names. A trace is compiled again for that, into memory of the encoder's own. So traces can
//! be listed for a machine that they do not run on, and those that nobody wants to see cost nothing; jumps are shown as
//! they were before they were patched.

use tailfirst::listing::Disassemble;
use tailfirst::{Encoder, Label, LineTable, Listing, Marks, PatchPoint};

use crate::backend::{Backend, EmitError, LEAVE, Place, Source, symbol_of_trace};
use crate::bytecode::slot_name;
use crate::compile::{Compiled, Exit, Mark};
use crate::ir::{End, Ins, Trace};
use crate::vm::{Installed, Origin, recompile};

/// The listings of all traces, for the instruction set `I`.
pub fn listings<I: Disassemble>(traces: &[Installed]) -> Result<Vec<String>, EmitError>
where
    Encoder<'static, I>: Backend<Label = Label, Site = PatchPoint>,
{
    let mut listed = Vec::new();
    let mut exits = Vec::new();
    for number in 0..traces.len() {
        let mut enc = Encoder::<I>::new();
        let compiled = recompile(&mut enc, traces, number, &exits)?;
        listed.push(list(enc, &traces[number], number, &compiled)?);
        exits.push(compiled.exits);
    }
    Ok(listed)
}

fn list<I: Disassemble>(
    mut enc: Encoder<'static, I>,
    installed: &Installed,
    number: usize,
    compiled: &Compiled<Label, PatchPoint>,
) -> Result<String, EmitError>
where
    Encoder<'static, I>: Backend<Label = Label, Site = PatchPoint>,
{
    let Installed { origin, trace, first_exit, .. } = installed;
    let mut listing = Listing::new();
    listing.symbol(LEAVE, "leave");
    if let End::Link { trace, .. } = trace.end {
        listing.symbol(symbol_of_trace(trace), format!("trace {trace}"));
    }
    listing.name(compiled.start, "start");
    if let Some(head) = compiled.head {
        listing.name(head, "loop");
    }
    for (stub, exit) in compiled.stubs.iter().zip(*first_exit..) {
        listing.name(stub.jump, format!("exit_{exit}"));
    }
    let mut marks = Marks::new();
    for &(from, mark) in &compiled.marks {
        marks.mark(from, mark);
        match mark {
            Mark::Start | Mark::Head => {}
            Mark::Ins(r) => listing.comment(from, format!("{r} {}", with_exit(trace.ins[r.index()], *first_exit))),
            Mark::End => listing.comment(from, end_of(trace)),
            Mark::Exit(exit) => listing.comment(from, exit_of(&compiled.exits[exit])),
        }
    }
    // `finish` would place the constants, but where they are would not be known.
    let above = enc.pos().from_base();
    enc.place_pool();
    let pool = enc.here();
    let constants = (enc.pos().from_base() - above) as usize;
    if constants > 0 {
        listing.name(pool, "constants");
        listing.data(pool, constants);
    }

    let code = enc.finish()?;
    let lines = marks.table(&code);
    let from = match origin {
        Origin::Head(pc) => format!("the loop at instruction {pc}"),
        Origin::Exit(exit) => format!("exit {exit}"),
    };
    Ok(format!(
        "trace {number}: from {from}, {} instructions, {} bytes of {} code\n{}\n{}",
        trace.ins.len(),
        code.bytes().len(),
        Encoder::<I>::NAME,
        sizes(trace, &lines, constants),
        listing.of(&code).with_offsets().with_bytes()
    ))
}

/// How many bytes there are of what.
fn sizes(trace: &Trace, lines: &LineTable<Mark>, constants: usize) -> String {
    let sum = |is_one: &dyn Fn(Mark) -> bool| -> usize {
        lines.rows().iter().filter(|row| is_one(row.what)).map(|row| row.offsets.len()).sum()
    };
    let body = match trace.end {
        End::Loop { body, .. } => body,
        End::Link { .. } => trace.ins.len(),
    };
    let exits = sum(&|mark| matches!(mark, Mark::Exit(_)));
    let front = sum(&|mark| match mark {
        Mark::Start => true,
        Mark::Ins(r) => r.index() < body,
        Mark::Head | Mark::End | Mark::Exit(_) => false,
    });
    let looped = sum(&|_| true) - exits - front;
    match trace.end {
        End::Loop { .. } => {
            format!("bytes: {constants} constants, {front} before the loop, {looped} loop, {exits} exits")
        }
        End::Link { .. } => format!("bytes: {constants} constants, {} trace, {exits} exits", front + looped),
    }
}

/// The instruction with its exit's number for the snapshot's.
fn with_exit(ins: Ins, first_exit: u32) -> Ins {
    match ins {
        Ins::Guard(cond, a, b, snapshot) => Ins::Guard(cond, a, b, snapshot + first_exit as usize),
        other => other,
    }
}

fn end_of(trace: &Trace) -> String {
    match &trace.end {
        End::Loop { phis, .. } => {
            let phis: Vec<String> = phis.iter().map(|phi| format!("{} <- {}", phi.entry, phi.next)).collect();
            format!("next turn: {}", phis.join(", "))
        }
        End::Link { trace, slots } => {
            let slots: Vec<String> = slots.iter().map(|&(slot, v)| format!("{} <- {v}", slot_name(slot))).collect();
            format!("go on in trace {trace}: {}", slots.join(", "))
        }
    }
}

fn exit_of(exit: &Exit) -> String {
    let place = |from: &Source| match from {
        Source::Const(bits) => format!("{bits:#x}"),
        Source::Place(Place::Reg(reg)) => format!("{:?} {}", reg.class(), reg.number()).to_lowercase(),
        Source::Place(Place::Mem(mem)) => format!("{mem:?}").to_lowercase(),
    };
    let restores: Vec<String> =
        exit.restores.iter().map(|(slot, from)| format!("{} <- {}", slot_name(*slot), place(from))).collect();
    format!("to instruction {}: {}", exit.pc, restores.join(", "))
}
