//! Which locals each block sets, found while the body is validated.
//!
//! The builder must know this at a loop's head, which it meets before the loop: a local that the loop sets is a
//! parameter there. It uses the same at the end of blocks, where only a local that was set inside can have several
//! values.
//!
//! A set inside a block counts for all blocks around it. To visit all of them each time would be quadratic. Blocks have
//! numbers in the order in which they begin, and `latest` remembers for each local the innermost block that it was
//! noted for. All blocks around that one have it noted, too. So of the blocks that are open now, those whose number is
//! not greater have it, and those whose number is greater do not.

use wasmparser::{FuncValidator, FunctionBody, Operator, ValidatorResources};

use crate::compile::CompileError;

/// For each block of a function by number, the function itself being block 0: the locals that are set inside.
pub type Assigned = Vec<Vec<u32>>;

/// More locals noted for blocks than this, and the function is refused: each may become a parameter.
const MOST: usize = 1 << 24;

/// Validates a body.
pub fn assigned(
    validator: &mut FuncValidator<ValidatorResources>,
    body: &FunctionBody<'_>,
) -> Result<Assigned, CompileError> {
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader)?;
    let locals = validator.len_locals();
    // One more than the number of the block, so that zero is none.
    let mut latest = vec![0; locals as usize];
    let mut assigned: Assigned = vec![vec![]];
    let mut open = vec![0];
    let mut noted = 0;
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        let offset = reader.original_position();
        let operator = reader.read()?;
        validator.op(offset, &operator)?;
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                open.push(assigned.len());
                assigned.push(vec![]);
            }
            Operator::End => {
                open.pop();
            }
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index } => {
                let latest = &mut latest[local_index as usize];
                for &block in open.iter().rev().take_while(|&&block| block >= *latest) {
                    assigned[block].push(local_index);
                    noted += 1;
                }
                *latest = open.last().map_or(0, |block| block + 1);
                if noted > MOST {
                    let function = validator.index();
                    return Err(CompileError::TooLarge { offset, function, what: "locals set in blocks" });
                }
            }
            _ => {}
        }
    }
    reader.finish()?;
    Ok(assigned)
}
