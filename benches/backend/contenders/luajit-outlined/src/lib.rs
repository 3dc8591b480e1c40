//! LuaJIT's way, with the emitter's functions not inlined.

#[path = "../../luajit/src/emit.rs"]
mod emit;

use emit::{Emit, REX, SIZE16, W, opcode};
use tailfirst_backend_ir as ir;

/// The back end.
pub struct Backend(Emit);

impl Default for Backend {
    fn default() -> Self {
        Backend(Emit::new(ir::ROOM))
    }
}

/// Places one operation.
#[inline(never)]
fn lower(e: &mut Emit, op: &ir::Op) {
    include!(concat!(env!("OUT_DIR"), "/arms.rs"))
}

impl Backend {
    fn lower_all(&mut self, program: &ir::Program) {
        let Backend(e) = self;
        e.check_room();
        e.ret();
        for (block, ops) in program.blocks().rev() {
            for op in ops.iter().rev() {
                e.check_room();
                lower(e, op);
            }
            e.bind(block);
        }
    }
}

impl ir::Backend for Backend {
    fn assemble(&mut self, program: &ir::Program) -> usize {
        self.0.begin(program.ends.len());
        self.lower_all(program);
        self.0.finish();
        self.0.bytes().len()
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.0.bytes().to_vec()
    }
}
