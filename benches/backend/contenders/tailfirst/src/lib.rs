//! tailfirst, by plain calls, from the last operation to the first.

use tailfirst::{Label, x64::*};
use tailfirst_backend_ir as ir;

include!(concat!(env!("OUT_DIR"), "/items.rs"));

/// The back end.
pub struct Backend {
    enc: Encoder<'static>,
    labels: Vec<Label>,
}

impl Default for Backend {
    fn default() -> Self {
        Backend { enc: Encoder::new(), labels: Vec::new() }
    }
}

const SCALES: [Scale; 4] = [Scale::X1, Scale::X2, Scale::X4, Scale::X8];

fn indexed(base: ir::Gpr, index: ir::Gpr, scale: ir::Scale, disp: i32) -> Mem {
    let index = (Gpr64::wrapping(index as u8), SCALES[scale as usize]);
    Mem::new(Some(Gpr64::wrapping(base as u8)), Some(index), disp).expect("RSP is no index")
}

/// Places one operation. It stays a function of its own: as part of the loop it takes minutes to compile.
#[inline(never)]
fn lower(enc: &mut Encoder<'static>, labels: &[Label], op: &ir::Op) {
    include!(concat!(env!("OUT_DIR"), "/arms.rs"))
}

impl Backend {
    fn lower_all(&mut self, program: &ir::Program) {
        let Backend { enc, labels } = self;
        enc.ret();
        for (block, ops) in program.blocks().rev() {
            for op in ops.iter().rev() {
                lower(enc, labels, op);
            }
            enc.bind(labels[block]);
        }
    }
}

impl ir::Backend for Backend {
    fn assemble(&mut self, program: &ir::Program) -> usize {
        self.enc.clear();
        self.labels.clear();
        self.labels.extend(program.ends.iter().map(|_| self.enc.label()));
        self.lower_all(program);
        self.enc.finish().expect("every label is bound").bytes().len()
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.enc.finish().expect("every label is bound").bytes().to_vec()
    }
}
