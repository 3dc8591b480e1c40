//! A compiler in one page that goes backward: Brainfuck, from a program's last character to its first.
//!
//! A loop is met at its end. There its exit is bound already, so the branch out of it is exact at once; its head is a
//! label that is pending until `[` is met.
//!
//! ```sh
//! cargo run --example brainfuck --features exec
//! ```

use tailfirst::{FinishError, Label, Symbol, exec::Arena};

const HELLO: &str =
    "++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.>>.<-.<.+++.------.--------.>>+.>++.";

/// What is called for `.`.
const PUT: Symbol = Symbol(0);

/// A loop that is open: its head, which lies below, and what comes behind it.
struct Loop {
    head: Label,
    exit: Label,
}

#[cfg(target_arch = "x86_64")]
mod machine {
    use super::{Loop, PUT};
    use tailfirst::x64::*;

    pub type Enc = Encoder<'static>;
    pub type Program = unsafe extern "sysv64" fn(*mut u8);

    pub extern "sysv64" fn put(byte: u32) {
        print!("{}", byte as u8 as char);
    }

    /// The cell is at RBX.
    pub fn leave(enc: &mut Enc) {
        enc.ret();
        enc.pop_r64(RBX);
    }

    pub fn enter(enc: &mut Enc) {
        enc.mov_r64_rm64(RBX, RDI);
        enc.push_r64(RBX);
    }

    pub fn add(enc: &mut Enc, n: i8) {
        enc.add_rm8_imm8(RBX + 0, n);
    }

    pub fn go(enc: &mut Enc, n: i32) {
        enc.add_rm64_imm(RBX, n);
    }

    pub fn write(enc: &mut Enc) {
        enc.call(PUT);
        enc.movzx_r32_rm8(EDI, RBX + 0);
    }

    pub fn end_loop(enc: &mut Enc) -> Loop {
        let (exit, head) = (enc.here(), enc.label());
        enc.jnz(head);
        enc.cmp_rm8_imm8(RBX + 0, 0);
        Loop { head, exit }
    }

    pub fn begin_loop(enc: &mut Enc, Loop { head, exit }: Loop) {
        enc.bind(head);
        enc.jz(exit);
        enc.cmp_rm8_imm8(RBX + 0, 0);
    }
}

#[cfg(target_arch = "aarch64")]
mod machine {
    use super::{Loop, PUT};
    use tailfirst::aarch64::*;

    pub type Enc = Encoder<'static>;
    pub type Program = unsafe extern "C" fn(*mut u8);

    pub extern "C" fn put(byte: u32) {
        print!("{}", byte as u8 as char);
    }

    /// The cell is at X19.
    pub fn leave(enc: &mut Enc) {
        enc.ret();
        enc.ldp_x_post(X19, X30, SP, SImm::of::<16>());
    }

    pub fn enter(enc: &mut Enc) {
        enc.mov_x(X19, X0);
        enc.stp_x_pre(X19, X30, SP, SImm::of::<-16>());
    }

    pub fn add(enc: &mut Enc, n: i8) {
        enc.strb_w_uoff(W0, X19, UImm::of::<0>());
        enc.add_w_imm(W0, W0, AddImm::new(n as u8 as u32).expect("fits 12 bits"));
        enc.ldrb_w_uoff(W0, X19, UImm::of::<0>());
    }

    pub fn go(enc: &mut Enc, n: i32) {
        enc.add_x_const(X19, X19, n.into()).expect("a program is shorter");
    }

    pub fn write(enc: &mut Enc) {
        enc.bl(PUT);
        enc.ldrb_w_uoff(W0, X19, UImm::of::<0>());
    }

    pub fn end_loop(enc: &mut Enc) -> Loop {
        let (exit, head) = (enc.here(), enc.label());
        enc.cbnz_w(W0, head);
        enc.ldrb_w_uoff(W0, X19, UImm::of::<0>());
        Loop { head, exit }
    }

    pub fn begin_loop(enc: &mut Enc, Loop { head, exit }: Loop) {
        enc.bind(head);
        enc.cbz_w(W0, exit);
        enc.ldrb_w_uoff(W0, X19, UImm::of::<0>());
    }
}

/// Why a program cannot be compiled.
#[derive(Debug)]
pub(crate) enum Mistake {
    /// A bracket without its other half, at this byte.
    Bracket { at: usize },
    /// What the encoder reports.
    Code(FinishError),
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Mistake::Bracket { at } => write!(f, "the bracket at byte {at} has no other half"),
            Mistake::Code(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Mistake {}

/// Compiles a program, whose text may have comments, so that the function that takes its first cell is at the code's
/// start.
pub(crate) fn compile(text: &str) -> Result<machine::Enc, Mistake> {
    let mut enc = machine::Enc::new();
    machine::leave(&mut enc);
    let mut open: Vec<(usize, Loop)> = Vec::new();
    let mut rest = text.as_bytes();
    while let [before @ .., op] = rest {
        // What is alike is one instruction.
        let alike = before.iter().rev().take_while(|byte| *byte == op).take(126).count();
        let count = if matches!(op, b'+' | b'-' | b'>' | b'<') { 1 + alike } else { 1 };
        rest = &rest[..rest.len() - count];
        match op {
            b'+' => machine::add(&mut enc, count as i8),
            b'-' => machine::add(&mut enc, -(count as i8)),
            b'>' => machine::go(&mut enc, count as i32),
            b'<' => machine::go(&mut enc, -(count as i32)),
            b'.' => machine::write(&mut enc),
            b']' => open.push((rest.len(), machine::end_loop(&mut enc))),
            b'[' => match open.pop() {
                Some((_, met)) => machine::begin_loop(&mut enc, met),
                None => return Err(Mistake::Bracket { at: rest.len() }),
            },
            _ => {}
        }
    }
    machine::enter(&mut enc);
    open.pop().map_or(Ok(enc), |(at, _)| Err(Mistake::Bracket { at }))
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut enc = compile(HELLO)?;
    let address = machine::put as *const () as u64;
    let code =
        Arena::new()?.load(&enc.finish().map_err(Mistake::Code)?, |symbol| (symbol == PUT).then_some(address))?;
    let program = code.function::<machine::Program>(0)?;
    let mut cells = vec![0; 1 << 16];
    // SAFETY: such a function was emitted there. It may leave its cells, as Brainfuck has it; this program does not.
    unsafe { program(cells.as_mut_ptr()) };
    println!();
    Ok(())
}
