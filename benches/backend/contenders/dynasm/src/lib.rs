//! dynasm-rs with a `VecAssembler`, from the first operation to the last. It gives its bytes away by `drain`, at the
//! start of the next program.

#![allow(clippy::useless_conversion, reason = "dynasm! converts registers that are bytes already")]
#![allow(unused_parens, reason = "dynasm! wants them around a cast, and its expansion does not")]

use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, VecAssembler, dynasm};
use tailfirst_backend_ir::{self as ir, Scale};

type Asm = VecAssembler<X64Relocation>;

/// Places one operation.
#[inline(never)]
fn lower(ops: &mut Asm, labels: &[DynamicLabel], op: &ir::Op) {
    include!(concat!(env!("OUT_DIR"), "/arms.rs"))
}

/// The back end.
pub struct Backend {
    ops: Asm,
    labels: Vec<DynamicLabel>,
}

impl ir::Backend for Backend {
    fn new(_: usize) -> Self {
        Backend { ops: Asm::new(0), labels: Vec::new() }
    }

    fn renew(&mut self, _: usize) {
        self.ops = Asm::new(0);
    }

    fn assemble(&mut self, program: &ir::Program) -> usize {
        let Backend { ops, labels } = self;
        drop(ops.drain().expect("every label is bound"));
        labels.clear();
        labels.extend(program.ends.iter().map(|_| ops.new_dynamic_label()));
        for (block, operations) in program.blocks() {
            ops.dynamic_label(labels[block]);
            operations.iter().for_each(|op| lower(ops, labels, op));
        }
        dynasm!(ops; .arch x64; ret);
        ops.commit().expect("every label is bound");
        ops.offset().0
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.ops.drain().expect("every label is bound").collect()
    }
}
