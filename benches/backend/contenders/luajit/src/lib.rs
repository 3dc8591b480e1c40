//! LuaJIT's way, with the functions of its emitter inlined (configuration `inlined`), or not inlined.

mod emit;

use emit::{Emit, REX, SIZE16, W, opcode};
use tailfirst_backend_ir as ir;

/// Places one operation.
#[inline(never)]
fn lower(e: &mut Emit, op: &ir::Op) {
    include!(concat!(env!("OUT_DIR"), "/arms.rs"))
}

/// The back end.
pub struct Backend(Emit);

impl ir::Backend for Backend {
    fn new(room: usize) -> Self {
        Backend(Emit::new(room))
    }

    fn renew(&mut self, room: usize) {
        self.0 = Emit::new(room);
    }

    fn assemble(&mut self, program: &ir::Program) -> usize {
        let Backend(e) = self;
        e.begin(program.ends.len());
        e.check_room();
        e.ret();
        for (block, ops) in program.blocks().rev() {
            for op in ops.iter().rev() {
                e.check_room();
                lower(e, op);
            }
            e.bind(block);
        }
        e.finish();
        e.bytes().len()
    }

    fn bytes(&mut self) -> Vec<u8> {
        self.0.bytes().to_vec()
    }
}
