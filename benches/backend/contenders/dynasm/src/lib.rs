//! dynasm-rs with a `VecAssembler`, from the first operation to the last.

#![allow(clippy::useless_conversion, reason = "dynasm! converts registers that are bytes already")]
#![allow(unused_parens, reason = "dynasm! wants them around a cast, and its expansion does not")]

use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, VecAssembler, dynasm};
use tailfirst_backend_ir::{self as ir, Scale};

/// The back end.
pub struct Backend {
    ops: VecAssembler<X64Relocation>,
    labels: Vec<DynamicLabel>,
}

impl Default for Backend {
    fn default() -> Self {
        Backend { ops: VecAssembler::new(0), labels: Vec::new() }
    }
}

/// Places one operation.
#[inline(never)]
fn lower(ops: &mut VecAssembler<X64Relocation>, labels: &[DynamicLabel], op: &ir::Op) {
    include!(concat!(env!("OUT_DIR"), "/arms.rs"))
}

impl Backend {
    fn lower_all(&mut self, program: &ir::Program) {
        let Backend { ops, labels } = self;
        for (block, operations) in program.blocks() {
            ops.dynamic_label(labels[block]);
            for op in operations {
                lower(ops, labels, op);
            }
        }
        dynasm!(ops; .arch x64; ret);
    }
}

impl ir::Backend for Backend {
    fn assemble(&mut self, program: &ir::Program) -> usize {
        drop(self.ops.drain().expect("every label is bound"));
        self.labels.clear();
        self.labels.extend(program.ends.iter().map(|_| self.ops.new_dynamic_label()));
        self.lower_all(program);
        self.ops.commit().expect("every label is bound");
        self.ops.offset().0
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.ops.drain().expect("every label is bound").collect()
    }
}
