//! Which values are needed, how much, and by which loops.
//!
//! A parameter of a loop may be used by nothing but the edges that bring it back to the same place, and a local that is
//! set anew in each turn is such a parameter: so an argument is needed only if its parameter is. Going backward, a
//! join's parameters have been decided before the edges to it are met; a loop's have not, and the sweep is repeated
//! until nothing is added. Then a sweep forward counts uses, and notes for each loop the values from outside that it
//! uses and the labels outside that it leads to, so that the compiler knows at a back edge, which it meets first, what
//! the head will want.

use super::{Definition, Function, Inst, Label, Value, ValueInfo};

/// How many of the loops around a place are told what happens there, the innermost first: modules may nest them without
/// end, and what is said here is advice.
const TOLD: usize = 64;
/// How many values a loop remembers. No machine has so many registers.
const REMEMBERED: usize = 256;
/// Sweeps backward after which every parameter is taken to be needed.
const SWEEPS: usize = 8;

/// Counts uses, and fills in what is known of loops.
pub fn analyze(function: &mut Function) {
    let needed = needed(function);
    let mut values = std::mem::take(&mut function.values);
    let mut labels = std::mem::take(&mut function.labels);
    let uses = Uses { needed: &needed, function, labels: &mut labels, open: vec![], loops: 0 };
    uses.count(&mut values);
    function.values = values;
    function.labels = labels;
}

/// Which values an instruction with an effect needs, or an instruction that is needed.
fn needed(function: &Function) -> Vec<bool> {
    let mut needed = vec![false; function.values.len()];
    for _ in 0..SWEEPS {
        if !sweep(function, &mut needed) {
            return needed;
        }
    }
    for (value, needed) in function.values.iter().zip(&mut needed) {
        *needed |= matches!(value.definition, Definition::Parameter(_));
    }
    sweep(function, &mut needed);
    needed
}

/// Goes backward once, and says whether a loop's parameter became needed after edges to it were met.
fn sweep(function: &Function, needed: &mut [bool]) -> bool {
    let mut met_too_late = false;
    // For each label, how many of its parameters were needed when the first edge to it was met.
    let mut seen = vec![None; function.labels.len()];
    for inst in function.insts.iter().rev() {
        for edge in &function.edges[function.edges_of(inst)] {
            let parameters = function.list(function.labels[edge.label.0 as usize].parameters);
            let mut count = 0;
            for (parameter, argument) in parameters.iter().zip(function.list(edge.arguments)) {
                if needed[parameter.0 as usize] {
                    needed[argument.0 as usize] = true;
                    count += 1;
                }
            }
            seen[edge.label.0 as usize].get_or_insert(count);
        }
        if let Inst::LoopHead { label } = *inst {
            let parameters = function.list(function.labels[label.0 as usize].parameters);
            let count = parameters.iter().filter(|value| needed[value.0 as usize]).count();
            met_too_late |= seen[label.0 as usize].is_some_and(|seen| seen != count);
        }
        if inst.has_effect() || inst.result().is_some_and(|d| needed[d.0 as usize]) {
            for operand in function.operands(inst) {
                needed[operand.0 as usize] = true;
            }
        }
    }
    met_too_late
}

struct Uses<'f> {
    needed: &'f [bool],
    function: &'f Function,
    labels: &'f mut [super::LabelInfo],
    /// The loops around this place, with their numbers, which count from 1.
    open: Vec<(u32, Label)>,
    loops: u32,
}

impl Uses<'_> {
    fn count(mut self, values: &mut [ValueInfo]) {
        let function = self.function;
        // For each value the number of the latest loop that need not note it: it began before the definition, or has
        // noted it, and so have the loops around.
        let mut latest = vec![0; values.len()];
        let mut defined = 0;
        for inst in &function.insts {
            let live = inst.has_effect() || inst.result().is_some_and(|d| self.needed[d.0 as usize]);
            if live {
                for operand in function.operands(inst) {
                    self.note(operand, values, &mut latest);
                }
            }
            for edge in &function.edges[function.edges_of(inst)] {
                let parameters = function.list(self.labels[edge.label.0 as usize].parameters);
                for (parameter, &argument) in parameters.iter().zip(function.list(edge.arguments)) {
                    if self.needed[parameter.0 as usize] {
                        self.note(argument, values, &mut latest);
                    }
                }
                self.leave(edge.label);
            }
            match *inst {
                Inst::LoopHead { label } => {
                    self.loops += 1;
                    self.open.push((self.loops, label));
                }
                Inst::LoopEnd { .. } => {
                    self.open.pop();
                }
                _ if inst.is_call() => {
                    for (_, label) in self.open.iter().rev() {
                        // The loops around one that calls have been told.
                        match &mut self.labels[label.0 as usize].head {
                            Some(head) if !head.calls => head.calls = true,
                            _ => break,
                        }
                    }
                }
                _ => {}
            }
            // Values are numbered in the order of their definitions.
            if let Some(highest) = self.highest(inst) {
                let end = highest.0 as usize + 1;
                if end > defined {
                    latest[defined..end].fill(self.loops);
                    defined = end;
                }
            }
        }
    }

    /// The last of the values that an instruction defines.
    fn highest(&self, inst: &Inst) -> Option<Value> {
        match *inst {
            Inst::Call { results, .. } | Inst::CallIndirect { results, .. } => {
                self.function.list(results).last().copied()
            }
            Inst::Bind { label } | Inst::LoopHead { label } => {
                self.function.list(self.labels[label.0 as usize].parameters).last().copied()
            }
            _ => inst.result(),
        }
    }

    fn note(&mut self, value: Value, values: &mut [ValueInfo], latest: &mut [u32]) {
        let info = &mut values[value.0 as usize];
        info.weight = info.weight.saturating_add(1 << (2 * self.open.len()).min(20));
        let latest = &mut latest[value.0 as usize];
        for &(_, label) in self.open.iter().rev().take_while(|(number, _)| number > latest).take(TOLD) {
            if let Some(head) = &mut self.labels[label.0 as usize].head
                && head.uses.len() < REMEMBERED
            {
                head.uses.push(value);
            }
        }
        *latest = self.open.last().map_or(0, |(number, _)| *number).max(*latest);
    }

    /// An edge to a label outside a loop is an exit of it.
    fn leave(&mut self, target: Label) {
        for &(_, label) in self.open.iter().rev().take(TOLD) {
            // Labels of blocks inside a loop are younger than the loop's.
            if target >= label {
                break;
            }
            if let Some(head) = &mut self.labels[label.0 as usize].head
                && head.exits.len() < 4
                && !head.exits.contains(&target)
            {
                head.exits.push(target);
            }
        }
    }
}
