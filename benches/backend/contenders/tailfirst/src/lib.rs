//! tailfirst. The same file serves several contenders: by plain calls, from the last operation to the first, or with
//! the configuration `upward` from the first to the last; with `batched` there is a batch around each operation; and
//! one contender's calls are behind functions that are not inlined.

use tailfirst::{Label, x64::*};
use tailfirst_backend_ir as ir;

#[cfg(not(upward))]
type Asm = Encoder<'static>;
#[cfg(upward)]
type Asm = Assembler<'static>;

include!(concat!(env!("OUT_DIR"), "/items.rs"));

const SCALES: [Scale; 4] = [Scale::X1, Scale::X2, Scale::X4, Scale::X8];

fn indexed(base: ir::Gpr, index: ir::Gpr, scale: ir::Scale, disp: i32) -> Mem {
    let index = (Gpr64::wrapping(index as u8), SCALES[scale as usize]);
    Mem::new(Some(Gpr64::wrapping(base as u8)), Some(index), disp).expect("RSP is no index")
}

/// Places one operation. It stays a function of its own: inlined into the loop over the operations it takes minutes to
/// compile.
#[cfg(not(batched))]
#[inline(never)]
fn lower(enc: &mut Asm, labels: &[Label], op: &ir::Op) {
    include!(concat!(env!("OUT_DIR"), "/arms.rs"))
}

/// The same as a batch.
#[cfg(batched)]
#[inline(never)]
fn lower(enc: &mut Asm, labels: &[Label], op: &ir::Op) {
    enc.batch(|enc| include!(concat!(env!("OUT_DIR"), "/arms.rs")));
}

/// The back end.
pub struct Backend {
    enc: Asm,
    labels: Vec<Label>,
}

impl ir::Backend for Backend {
    fn new(_: usize) -> Self {
        Backend { enc: Asm::new(), labels: Vec::new() }
    }

    fn renew(&mut self, _: usize) {
        self.enc = Asm::new();
    }

    fn assemble(&mut self, program: &ir::Program) -> usize {
        let Backend { enc, labels } = self;
        enc.clear();
        labels.clear();
        labels.extend(program.ends.iter().map(|_| enc.label()));
        if cfg!(upward) {
            for (block, ops) in program.blocks() {
                enc.bind(labels[block]);
                ops.iter().for_each(|op| lower(enc, labels, op));
            }
            enc.ret();
        } else {
            enc.ret();
            for (block, ops) in program.blocks().rev() {
                ops.iter().rev().for_each(|op| lower(enc, labels, op));
                enc.bind(labels[block]);
            }
        }
        enc.finish().expect("every label is bound").bytes().len()
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.enc.finish().expect("every label is bound").bytes().to_vec()
    }
}
