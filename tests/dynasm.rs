//! Code that dynasm-rs's `dynasm!` pushes, against dynasm-rs's own assembler.
//!
//! A program is a list of parts in the order of their addresses: blocks of `dynasm!` statements, an encoder's own instructions and labels, and forward
//! blocks of all these. dynasm-rs's assembler gets all statements in that order; the encoder gets the parts from the last to the first. Both
//! get the same branches of fixed size, so the bytes must be the same, or both must refuse.

#![allow(clippy::useless_conversion, reason = "dynasm! converts registers that are bytes already")]

#[allow(dead_code)] // only a part of it is needed here
#[path = "support/x64/choices.rs"]
mod choices;

use dynasmrt::{
    DynamicLabel, DynasmApi, DynasmLabelApi, LabelKind, TargetKind, VecAssembler,
    aarch64::Aarch64Relocation,
    components::{LabelRegistry, LitPool},
    dynasm,
    relocations::{Relocation, RelocationKind, RelocationSize},
    x64::X64Relocation,
};
use quickcheck::TestResult;
use tailfirst::{
    Align, FinishError, Label, LinkError, Range, Symbol, aarch64,
    dynasm::{A64Block, PrependError, Unsupported, X64Block},
    x64,
};

const DYNAMIC: usize = 4;

#[derive(Debug, Clone)]
enum Part {
    Block(Vec<Step>),
    /// The encoder's own jump.
    Jump(usize),
    /// The encoder binds the label.
    Bind(usize),
    Forward(Vec<Part>),
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Plain { form: usize, registers: [u8; 3], number: u64 },
    Branch { form: usize, register: u8, to: To },
    Place(Name),
}

/// What is placed.
#[derive(Debug, Clone, Copy)]
enum Name {
    A,
    B,
    Global,
    Dynamic(usize),
}

/// What is referred to.
#[derive(Debug, Clone, Copy)]
enum To {
    ForwardA,
    ForwardB,
    BackwardA,
    BackwardB,
    Global,
    Dynamic(usize),
}

/// Numbers taken out of one, which is a step of a program: so a shorter list is a shorter program.
struct Digits(u64);

impl Digits {
    fn below(&mut self, bound: u64) -> usize {
        let digit = self.0 % bound;
        self.0 /= bound;
        digit as usize
    }
}

/// A program in the making.
#[derive(Default)]
struct Builder {
    steps: Vec<Step>,
    /// For each local label, whether it stands in the block, and whether it must still come.
    locals: [(bool, bool); 2],
    placed: [bool; DYNAMIC],
    is_global_placed: bool,
}

impl Builder {
    fn end_block(&mut self, parts: &mut Vec<Part>) {
        for (local, name) in [Name::A, Name::B].into_iter().enumerate() {
            if self.locals[local].1 {
                self.steps.push(Step::Place(name));
            }
        }
        self.locals = Default::default();
        parts.push(Part::Block(std::mem::take(&mut self.steps)));
    }

    fn unplaced(&mut self) -> Option<usize> {
        let label = self.placed.iter().position(|placed| !placed)?;
        self.placed[label] = true;
        Some(label)
    }

    fn target(&mut self, digits: &mut Digits) -> To {
        let local = digits.below(2);
        match digits.below(4) {
            0 => To::Global,
            1 => To::Dynamic(digits.below(DYNAMIC as u64)),
            2 if self.locals[local].0 => [To::BackwardA, To::BackwardB][local],
            _ => {
                self.locals[local].1 = true;
                [To::ForwardA, To::ForwardB][local]
            }
        }
    }
}

fn program(numbers: &[u64]) -> Vec<Part> {
    let mut builder = Builder::default();
    let mut open = vec![Vec::new()];
    for &number in numbers {
        let mut digits = Digits(number);
        let depth = open.len();
        let parts = open.last_mut().unwrap();
        match digits.below(24) {
            1 => builder.end_block(parts),
            2 => {
                builder.end_block(parts);
                open.push(Vec::new());
            }
            3 | 4 if depth > 1 => {
                builder.end_block(parts);
                let inner = open.pop().unwrap();
                open.last_mut().unwrap().push(Part::Forward(inner));
            }
            5 => {
                builder.end_block(parts);
                parts.push(Part::Jump(digits.below(DYNAMIC as u64)));
            }
            6 => {
                if let Some(label) = builder.unplaced() {
                    builder.end_block(parts);
                    parts.push(Part::Bind(label));
                }
            }
            7 => {
                if let Some(label) = builder.unplaced() {
                    builder.steps.push(Step::Place(Name::Dynamic(label)));
                }
            }
            8 if !builder.is_global_placed => {
                builder.is_global_placed = true;
                builder.steps.push(Step::Place(Name::Global));
            }
            9 | 10 => {
                let local = digits.below(2);
                builder.locals[local] = (true, false);
                builder.steps.push(Step::Place([Name::A, Name::B][local]));
            }
            11..=17 => {
                let (form, register) = (digits.below(16), digits.below(16) as u8);
                let to = builder.target(&mut digits);
                builder.steps.push(Step::Branch { form, register, to });
            }
            _ => {
                let form = digits.below(16);
                let registers = [0; 3].map(|_| digits.below(16) as u8);
                builder.steps.push(Step::Plain { form, registers, number: number.rotate_left(7) });
            }
        }
    }
    // A few are left unplaced: then both assemblers must refuse what refers to them.
    let omitted = numbers.first().is_some_and(|first| first % 8 == 7);
    let mut last = open.pop().unwrap();
    while !omitted && let Some(label) = builder.unplaced() {
        builder.steps.push(Step::Place(Name::Dynamic(label)));
    }
    if !builder.is_global_placed {
        builder.steps.push(Step::Place(Name::Global));
    }
    builder.end_block(&mut last);
    while let Some(mut outer) = open.pop() {
        outer.push(Part::Forward(last));
        last = outer;
    }
    last
}

/// All of one instruction set that the programs need.
trait Machine {
    type Relocation: Relocation;

    fn emit<A: DynasmLabelApi<Relocation = Self::Relocation>>(ops: &mut A, step: Step, labels: &[DynamicLabel]);
    fn jump<A: DynasmLabelApi<Relocation = Self::Relocation>>(ops: &mut A, label: DynamicLabel);
    fn encode(program: &[Part]) -> Result<Vec<u8>, String>;
}

/// dynasm-rs's own assembler.
fn reference<M: Machine>(program: &[Part]) -> Result<Vec<u8>, String> {
    fn emit<M: Machine>(ops: &mut VecAssembler<M::Relocation>, parts: &[Part], labels: &[DynamicLabel]) {
        for part in parts {
            match part {
                Part::Block(steps) => steps.iter().for_each(|&step| M::emit(ops, step, labels)),
                Part::Jump(label) => M::jump(ops, labels[*label]),
                Part::Bind(label) => ops.dynamic_label(labels[*label]),
                Part::Forward(parts) => emit::<M>(ops, parts, labels),
            }
        }
    }
    let mut ops = VecAssembler::new(0);
    let labels = [(); DYNAMIC].map(|()| ops.new_dynamic_label());
    emit::<M>(&mut ops, program, &labels);
    ops.finalize().map_err(|error| error.to_string())
}

/// The same for both instruction sets, whose encoders have names of their own.
macro_rules! encode {
    ($machine:ident, $encoder:ty, $block:ty, $jump:ident) => {
        fn encode(program: &[Part]) -> Result<Vec<u8>, String> {
            struct Both {
                block: $block,
                labels: [Label; DYNAMIC],
                shared: [DynamicLabel; DYNAMIC],
            }

            impl Both {
                fn place(&mut self, enc: &mut $encoder, part: &Part) -> Result<(), PrependError> {
                    match part {
                        Part::Block(steps) => {
                            for &step in steps {
                                $machine::emit(&mut self.block, step, &self.shared);
                            }
                            enc.prepend(&mut self.block)?;
                        }
                        Part::Jump(label) => enc.$jump(self.labels[*label]),
                        Part::Bind(label) => enc.bind(self.labels[*label]),
                        Part::Forward(parts) => {
                            return enc.forward(|enc| parts.iter().try_for_each(|part| self.place(enc, part)));
                        }
                    }
                    Ok(())
                }
            }

            let mut enc = <$encoder>::new();
            let mut block = <$block>::new();
            let labels = [(); DYNAMIC].map(|()| enc.label());
            let shared = labels.map(|label| block.share(label));
            block.share_global("global", enc.label());
            let mut both = Both { block, labels, shared };
            for part in program.iter().rev() {
                both.place(&mut enc, part).map_err(|error| error.to_string())?;
            }
            let code = enc.finish().map_err(|error| error.to_string())?;
            Ok(code.bytes().to_vec())
        }
    };
}

struct X64;
struct A64;

/// `$form!` with what is referred to.
macro_rules! refer {
    ($form:ident $to:ident $labels:ident) => {
        match $to {
            To::ForwardA => $form!(>a),
            To::ForwardB => $form!(>b),
            To::BackwardA => $form!(<a),
            To::BackwardB => $form!(<b),
            To::Global => $form!(->global),
            To::Dynamic(label) => $form!(=>$labels[label]),
        }
    };
}

/// As `refer`, where a global or dynamic label, which may lie outside of the block, will not do.
macro_rules! refer_inside {
    ($form:ident $otherwise:ident $to:ident $labels:ident) => {
        match $to {
            To::ForwardA => $form!(>a),
            To::ForwardB => $form!(>b),
            To::BackwardA => $form!(<a),
            To::BackwardB => $form!(<b),
            To::Global => $otherwise!(->global),
            To::Dynamic(label) => $otherwise!(=>$labels[label]),
        }
    };
}

macro_rules! place {
    ($ops:ident $arch:ident $name:ident $labels:ident) => {
        match $name {
            Name::A => dynasm!($ops; .arch $arch; a:),
            Name::B => dynasm!($ops; .arch $arch; b:),
            Name::Global => dynasm!($ops; .arch $arch; ->global:),
            Name::Dynamic(label) => dynasm!($ops; .arch $arch; =>$labels[label]),
        }
    };
}

impl Machine for X64 {
    type Relocation = X64Relocation;

    encode!(X64, x64::Encoder<'static>, X64Block, jmp_rel32);

    #[rustfmt::skip] // one form a line
    fn emit<A: DynasmLabelApi<Relocation = X64Relocation>>(ops: &mut A, step: Step, labels: &[DynamicLabel]) {
        match step {
            Step::Place(name) => place!(ops x64 name labels),
            Step::Plain { form, registers: [a, b, index], number } => {
                let imm = number as i32;
                // RSP is no index.
                let index = if index == 4 { 5 } else { index };
                match form {
                    0 => dynasm!(ops; .arch x64; mov Rq(a), Rq(b)),
                    1 => dynasm!(ops; .arch x64; add Rq(a), Rq(b)),
                    2 => dynasm!(ops; .arch x64; imul Rq(a), Rq(b)),
                    3 => dynasm!(ops; .arch x64; sub Rq(a), imm),
                    4 => dynasm!(ops; .arch x64; cmp Rq(a), imm),
                    5 => dynasm!(ops; .arch x64; mov Rq(a), [Rq(b) + imm]),
                    6 => dynasm!(ops; .arch x64; mov [Rq(b) + imm], Rq(a)),
                    7 => dynasm!(ops; .arch x64; lea Rq(a), [Rq(b) + 4 * Rq(index) + imm]),
                    8 => dynasm!(ops; .arch x64; mov Rq(a), QWORD number as i64),
                    9 => dynasm!(ops; .arch x64; shl Rq(a), imm as i8),
                    10 => dynasm!(ops; .arch x64; addsd Rx(a), Rx(b)),
                    11 => dynasm!(ops; .arch x64; movsd Rx(a), [Rq(b) + imm]),
                    12 => dynasm!(ops; .arch x64; mov WORD [Rq(b)], imm as i16; mov BYTE [Rq(b)], imm as i8),
                    13 => dynasm!(ops; .arch x64; .u16 number as u16; .u32 number as u32; .u64 number; .i8 -1),
                    14 => dynasm!(ops; .arch x64; .bytes number.to_be_bytes()),
                    _ => dynasm!(ops; .arch x64; movzx Rd(a), Rb(b); sete Rb(a); ret),
                }
            }
            Step::Branch { form, register, to } => {
                let imm = i32::from(register) << 20;
                macro_rules! jmp { ($($to:tt)*) => { dynasm!(ops; .arch x64; jmp $($to)*) } }
                macro_rules! jne { ($($to:tt)*) => { dynasm!(ops; .arch x64; jne $($to)*) } }
                macro_rules! call { ($($to:tt)*) => { dynasm!(ops; .arch x64; call $($to)*) } }
                macro_rules! lea { ($($to:tt)*) => { dynasm!(ops; .arch x64; lea Rq(register), [$($to)*]) } }
                macro_rules! cmp { ($($to:tt)*) => { dynasm!(ops; .arch x64; cmp DWORD [$($to)*], imm) } }
                macro_rules! cmp_byte { ($($to:tt)*) => { dynasm!(ops; .arch x64; cmp QWORD [$($to)*], BYTE 5) } }
                macro_rules! mov_word { ($($to:tt)*) => { dynasm!(ops; .arch x64; mov WORD [$($to)*], 5) } }
                macro_rules! movsd { ($($to:tt)*) => { dynasm!(ops; .arch x64; movsd Rx(register), [$($to)*]) } }
                macro_rules! jmp_short { ($($to:tt)*) => { dynasm!(ops; .arch x64; jmp BYTE $($to)*) } }
                macro_rules! jne_short { ($($to:tt)*) => { dynasm!(ops; .arch x64; jne BYTE $($to)*) } }
                macro_rules! beyond { ($($to:tt)*) => { dynasm!(ops; .arch x64; lea rax, [$($to)* + 8]; jmp $($to)* - 3) } }
                macro_rules! data { ($($to:tt)*) => { dynasm!(ops; .arch x64; .rel32 $($to)*; .rel64 $($to)*; .rel16 $($to)*) } }
                match form {
                    0 | 1 => refer!(jmp to labels),
                    2 | 3 => refer!(jne to labels),
                    4 | 5 => refer!(call to labels),
                    6 | 7 => refer!(lea to labels),
                    8 => refer!(cmp to labels),
                    9 => refer!(cmp_byte to labels),
                    10 => refer!(mov_word to labels),
                    11 => refer!(movsd to labels),
                    12 => refer_inside!(jmp_short jmp to labels),
                    13 if register == 0 => refer!(jne_short to labels),
                    13 => refer_inside!(jne_short jmp to labels),
                    14 => refer_inside!(beyond lea to labels),
                    _ => refer_inside!(data lea to labels),
                }
            }
        }
    }

    fn jump<A: DynasmLabelApi<Relocation = X64Relocation>>(ops: &mut A, label: DynamicLabel) {
        dynasm!(ops; .arch x64; jmp =>label);
    }
}

impl Machine for A64 {
    type Relocation = Aarch64Relocation;

    encode!(A64, aarch64::Encoder<'static>, A64Block, b);

    #[rustfmt::skip] // one form a line
    fn emit<A: DynasmLabelApi<Relocation = Aarch64Relocation>>(ops: &mut A, step: Step, labels: &[DynamicLabel]) {
        match step {
            Step::Place(name) => place!(ops aarch64 name labels),
            Step::Plain { form, registers: [a, b, c], number } => {
                let (twelve, sixteen) = (number as u32 & 0xFFF, number as u32 & 0xFFFF);
                match form {
                    0 | 1 => dynasm!(ops; .arch aarch64; add X(a), X(b), X(c)),
                    2 | 3 => dynasm!(ops; .arch aarch64; sub XSP(a), XSP(b), twelve),
                    4 => dynasm!(ops; .arch aarch64; ldr X(a), [XSP(b), twelve * 8]),
                    5 => dynasm!(ops; .arch aarch64; str X(a), [XSP(b), twelve * 8]),
                    6 => dynasm!(ops; .arch aarch64; movz X(a), sixteen, LSL 16),
                    7 => dynasm!(ops; .arch aarch64; movk X(a), sixteen, LSL 32),
                    8 => dynasm!(ops; .arch aarch64; cmp X(a), X(b)),
                    9 => dynasm!(ops; .arch aarch64; fadd D(a), D(b), D(c)),
                    10 => dynasm!(ops; .arch aarch64; mul X(a), X(b), X(c)),
                    11 => dynasm!(ops; .arch aarch64; add x1, x2, x3; ret),
                    _ => dynasm!(ops; .arch aarch64; .u64 number; .i32 -1),
                }
            }
            Step::Branch { form, register, to } => {
                macro_rules! b { ($($to:tt)*) => { dynasm!(ops; .arch aarch64; b $($to)*) } }
                macro_rules! bl { ($($to:tt)*) => { dynasm!(ops; .arch aarch64; bl $($to)*) } }
                macro_rules! b_cond { ($($to:tt)*) => { dynasm!(ops; .arch aarch64; b.hi $($to)*) } }
                macro_rules! cbz { ($($to:tt)*) => { dynasm!(ops; .arch aarch64; cbz X(register), $($to)*) } }
                macro_rules! tbz { ($($to:tt)*) => { dynasm!(ops; .arch aarch64; tbz X(register), 33, $($to)*) } }
                macro_rules! adr { ($($to:tt)*) => { dynasm!(ops; .arch aarch64; adr X(register), $($to)*) } }
                macro_rules! ldr { ($($to:tt)*) => { dynasm!(ops; .arch aarch64; ldr X(register), $($to)*) } }
                macro_rules! beyond { ($($to:tt)*) => { dynasm!(ops; .arch aarch64; adr X(register), $($to)* + 5; b $($to)* - 8) } }
                macro_rules! data { ($($to:tt)*) => { dynasm!(ops; .arch aarch64; .rel32 $($to)*; .rel64 $($to)*) } }
                match form {
                    0 | 1 => refer!(b to labels),
                    2 | 3 => refer!(bl to labels),
                    4 | 5 => refer!(b_cond to labels),
                    6 | 7 => refer!(cbz to labels),
                    8 | 9 => refer!(tbz to labels),
                    10 | 11 => refer!(adr to labels),
                    12 | 13 => refer!(ldr to labels),
                    14 => refer_inside!(beyond b to labels),
                    _ => refer_inside!(data bl to labels),
                }
            }
        }
    }

    fn jump<A: DynasmLabelApi<Relocation = Aarch64Relocation>>(ops: &mut A, label: DynamicLabel) {
        dynasm!(ops; .arch aarch64; b =>label);
    }
}

fn agrees<M: Machine>(numbers: Vec<u64>) -> TestResult {
    let program = program(&numbers);
    let (expected, ours) = (reference::<M>(&program), M::encode(&program));
    let agree = match (&expected, &ours) {
        (Ok(expected), Ok(ours)) => expected == ours,
        (Err(_), Err(_)) => true,
        _ => false,
    };
    match agree {
        true => TestResult::passed(),
        false => TestResult::error(format!("{program:#?}\ndynasm-rs: {expected:02x?}\nhere:      {ours:02x?}")),
    }
}

#[test]
fn x64_programs_are_as_dynasm_rs_assembles_them() {
    choices::check("x64_programs", 5000).quickcheck(agrees::<X64> as fn(Vec<u64>) -> TestResult);
}

#[test]
fn aarch64_programs_are_as_dynasm_rs_assembles_them() {
    choices::check("aarch64_programs", 5000).quickcheck(agrees::<A64> as fn(Vec<u64>) -> TestResult);
}

/// One block below a RET.
fn one_x64(push: impl FnOnce(&mut X64Block)) -> Result<Vec<u8>, PrependError> {
    let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
    enc.ret();
    push(&mut block);
    let result = enc.prepend(&mut block);
    assert_eq!(block.offset().0, 0, "prepending empties a block");
    let bytes = enc.finish().expect("nothing is left in an encoder that would not finish").bytes().to_vec();
    match result {
        Ok(()) => Ok(bytes),
        Err(error) => {
            assert_eq!(bytes, [0xC3], "a block that is refused leaves nothing");
            assert!(!error.to_string().is_empty());
            Err(error)
        }
    }
}

/// The whole of a function: registers and memory as the processor sees them.
#[cfg(target_arch = "x86_64")]
#[test]
fn runs() {
    use x64::*;
    let (mut enc, mut block) = (Encoder::new(), X64Block::new());
    // The sum over a table of the elements that are odd; 0 if it is empty. RDI: table, RSI: its length.
    enc.ret();
    let exit = enc.here();
    let (next, head) = (enc.label(), enc.label());
    let (exit_label, next_label, head_label) = (block.share(exit), block.share(next), block.share(head));
    dynasm!(block
        ; .arch x64
        ; =>next_label
        ; add rdi, 8
        ; dec rsi
        ; jz =>exit_label
        ; jmp =>head_label
    );
    enc.prepend(&mut block).unwrap();
    enc.add_r64_rm64(RAX, RCX);
    enc.forward(|enc| {
        enc.bind(head);
        enc.mov_r64_rm64(RCX, RDI + 0);
        dynasm!(block
            ; .arch x64
            ; test cl, 1
            ; jnz BYTE >odd
            ; jmp =>next_label
            ; odd:
        );
        enc.prepend(&mut block).unwrap();
    });
    dynasm!(block
        ; .arch x64
        ; xor eax, eax
        ; test rsi, rsi
        ; jz =>exit_label
    );
    enc.prepend(&mut block).unwrap();
    let code = enc.finish().unwrap();

    let mut memory = memmap2::MmapMut::map_anon(code.bytes().len()).unwrap();
    memory.copy_from_slice(code.bytes());
    let memory = memory.make_exec().unwrap();
    // SAFETY: the function follows the convention, and reads as many elements as it is told.
    let function: extern "sysv64" fn(*const u64, usize) -> u64 = unsafe { std::mem::transmute(memory.as_ptr()) };
    for length in 0..50 {
        let table: Vec<u64> = (0..length).map(|n| n * n + n / 3).collect();
        let expected: u64 = table.iter().filter(|n| *n % 2 == 1).sum();
        assert_eq!(function(table.as_ptr(), table.len()), expected, "{length} elements");
    }
}

/// A short branch of the encoder's own knows where the block's label is, and the block's label may stand at its end.
#[test]
fn the_encoder_refers_to_what_a_block_places() {
    use x64::*;
    let (mut enc, mut block) = (Encoder::new(), X64Block::new());
    enc.ret();
    let (inside, end) = (enc.label(), enc.label());
    let inside_label = block.share(inside);
    block.share_global("end", end);
    dynasm!(block; .arch x64; nop; =>inside_label; int3; ->end:);
    enc.prepend(&mut block).unwrap();
    enc.jmp(inside);
    enc.jmp(end);
    let code = enc.finish().unwrap();
    assert_eq!(code.bytes(), [0xEB, 0x04, 0xEB, 0x01, 0x90, 0xCC, 0xC3]);
    assert_eq!((code.offset_of(inside), code.offset_of(end)), (Some(5), Some(6)));
}

#[test]
fn inside_of_a_block_that_moves() {
    use x64::*;
    let (mut enc, mut block) = (Encoder::new(), X64Block::new());
    enc.ret();
    let (exit, head, lower) = (enc.here(), enc.label(), enc.label());
    let (exit_label, head_label, lower_label) = (block.share(exit), block.share(head), block.share(lower));
    enc.aligned(Align::of::<16>(), |enc| {
        dynasm!(block; .arch x64; =>head_label; dec rdi; jz =>exit_label; jmp =>head_label; jmp =>lower_label);
        enc.prepend(&mut block).unwrap();
    });
    enc.nop();
    enc.bind(lower);
    let code = enc.finish().unwrap();
    // From the head to the RET there are 31 bytes.
    #[rustfmt::skip]
    assert_eq!(code.bytes()[..20], [
        0x90,
        0x48, 0xFF, 0xCF,
        0x0F, 0x84, 22, 0, 0, 0,
        0xE9, (-14_i8) as u8, 0xFF, 0xFF, 0xFF,
        0xE9, (-20_i8) as u8, 0xFF, 0xFF, 0xFF,
    ]);
    assert_eq!((code.bytes().len(), code.offset_of(head), code.offset_of(exit)), (33, Some(1), Some(32)));
}

#[test]
fn alignment_counts_from_the_end() {
    for before in 0..20 {
        let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
        let here = enc.label();
        let label = block.share(here);
        for _ in 0..before {
            enc.ret();
        }
        dynasm!(block; .arch x64; inc eax; .align 8; =>label; .u64 0x1122_3344_5566_7788);
        enc.prepend(&mut block).unwrap();
        let code = enc.finish().unwrap();
        let at = code.offset_of(here).unwrap();
        assert_eq!(((code.bytes().len() - at) % 8, code.end_alignment()), (0, 8));
        assert_eq!(code.bytes()[..8], [0xFF, 0xC0, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90]);
        assert_eq!(code.bytes()[at..][..8], 0x1122_3344_5566_7788_u64.to_le_bytes());
        assert_eq!(at, 8);
        assert!(code.bytes().ends_with(&vec![0xC3; before]));
    }
    let mut enc = aarch64::Encoder::new();
    let mut block = A64Block::new();
    enc.ret();
    // dynasm-rs fills with zeros here.
    dynasm!(block; .arch aarch64; mul x0, x1, x2; .align 16);
    enc.prepend(&mut block).unwrap();
    const NOP: u32 = 0xD503_201F;
    let words: Vec<u32> = enc
        .finish()
        .unwrap()
        .bytes()
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
        .collect();
    assert_eq!(words, [0x9B02_7C20, 0, 0, 0, NOP, NOP, NOP, 0xD65F_03C0]);

    let alignment = |alignment: usize| one_x64(|block| dynasm!(block; .arch x64; nop; .align alignment));
    assert_eq!(alignment(12), Err(PrependError::BadAlign { alignment: 12, at: 1 }));
    assert_eq!(alignment(0), Err(PrependError::BadAlign { alignment: 0, at: 1 }));
    assert_eq!(alignment(1), Ok(vec![0x90, 0xC3]));
    let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
    dynasm!(block; .arch x64; .align 4);
    let result = enc.forward(|enc| enc.prepend(&mut block));
    assert_eq!(result, Err(PrependError::AlignedInForwardBlock { align: 4 }));
}

/// dynasm-rs's literal pools align what they hold.
#[test]
fn literal_pools() {
    fn emit(ops: &mut impl DynasmLabelApi<Relocation = X64Relocation>) {
        let mut pool = LitPool::new();
        pool.push_u8(1);
        pool.push_u64(0x0102_0304_0506_0708);
        pool.push_u16(7);
        let forward = pool.push_forward("target", RelocationSize::DWord, true);
        assert_eq!(forward, 20);
        dynasm!(ops; .arch x64; jmp >target; .align 8);
        pool.emit(ops);
        dynasm!(ops; .arch x64; target: ; int3; .align 8);
    }
    let mut expected = VecAssembler::new(0);
    emit(&mut expected);
    let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
    emit(&mut block);
    enc.prepend(&mut block).unwrap();
    assert_eq!(enc.finish().unwrap().bytes(), expected.finalize().unwrap());
}

#[test]
fn addresses_are_linked() {
    const ADDRESS: usize = 0x7000_1234;
    let push = |block: &mut X64Block| {
        block.share_symbol(ADDRESS, Symbol(7));
        dynasm!(block
            ; .arch x64
            ; call extern ADDRESS
            ; cmp DWORD [extern ADDRESS], 0x55
            ; .abs64 extern 0xFFFF_0000_1111_2222_u64 as usize
            ; .abs32 extern 77
        );
    };
    for is_forward in [false, true] {
        let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
        enc.ret();
        push(&mut block);
        match is_forward {
            false => enc.prepend(&mut block).unwrap(),
            true => enc.forward(|enc| {
                enc.nop();
                enc.prepend(&mut block).unwrap();
            }),
        }
        let start = usize::from(is_forward);
        let mut code = enc.finish().unwrap();
        let base = 0x7000_0000;
        code.link(base, |symbol| (symbol == Symbol(7)).then_some(ADDRESS as u64)).unwrap();
        let bytes = &code.bytes()[start..];
        let number = |at: usize| i64::from(i32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
        let base = base as i64 + start as i64;
        assert_eq!(base + 5 + number(1), ADDRESS as i64);
        let end = bytes.len() as i64 - 13;
        assert!(bytes[5] == 0x81 || bytes[5] == 0x83, "cmp");
        assert_eq!(base + end + number(7), ADDRESS as i64);
        assert_eq!(bytes[end as usize..], [0x22, 0x22, 0x11, 0x11, 0, 0, 0xFF, 0xFF, 77, 0, 0, 0, 0xC3]);
        assert!(matches!(
            code.link(0, |_| Some(u64::MAX / 2)),
            Err(LinkError::OutOfRange { target: tailfirst::RelocationTarget::Symbol(Symbol(7)), .. })
        ));
    }
    assert_eq!(
        one_x64(|block| dynasm!(block; .arch x64; nop; call extern 0x1234)),
        Err(PrependError::UnknownAddress { address: 0x1234, at: 2 })
    );
    assert_eq!(
        one_x64(|block| dynasm!(block; .arch x64; .abs32 extern 0x8000_0000)),
        Err(PrependError::OutOfRange {
            target: TargetKind::Value(0x8000_0000),
            at: 0,
            distance: 0x8000_0000,
            range: Range { low: i32::MIN.into(), high: i32::MAX.into(), step: 1 },
        })
    );
}

/// dynasm-rs 5.1 rounds up where it takes differences of pages, so the manual's definition is what this is held against.
#[test]
fn pages() {
    use aarch64::*;
    for is_forward in [false, true] {
        for base in [0x4000_0000_u64, 0x4000_0FF4, 0x4000_0FFC] {
            let (mut enc, mut block) = (Encoder::new(), A64Block::new());
            enc.ret();
            let exit = enc.here();
            let label = block.share(exit);
            let push = |block: &mut A64Block| {
                dynasm!(block; .arch aarch64; adrp x1, =>label; adrp x2, >here; .bytes [0; 4092]; here: ; adrp x3, >here + 4; here: ; nop);
            };
            match is_forward {
                false => {
                    push(&mut block);
                    enc.prepend(&mut block).unwrap();
                }
                true => enc.forward(|enc| {
                    enc.nop();
                    enc.forward(|enc| {
                        enc.nop();
                        push(&mut block);
                        enc.prepend(&mut block).unwrap();
                    });
                }),
            }
            let mut code = enc.finish().unwrap();
            let exit = code.offset_of(exit).unwrap();
            assert_eq!(code.relocations().len(), 3);
            code.link(base, |_| None).unwrap();
            let start = if is_forward { 8 } else { 0 };
            for (at, to) in [(0, exit), (4, start + 4100), (4100, start + 4108)] {
                let at = start + at;
                let word = u32::from_le_bytes(code.bytes()[at..at + 4].try_into().unwrap());
                let pages = u64::from(word >> 5 & 0x7_FFFF) << 2 | u64::from(word >> 29 & 3);
                let page = |offset: usize| (base + offset as u64) >> 12;
                assert_eq!(pages, page(to) - page(at), "{base:#x}, at {at}");
                assert_eq!(word & 0x9F00_0000, 0x9000_0000);
            }
        }
    }
    // An offset that leads out of the block.
    let (mut enc, mut block) = (Encoder::new(), A64Block::new());
    dynasm!(block; .arch aarch64; here: ; adrp x1, <here - 4);
    assert_eq!(
        enc.prepend(&mut block),
        Err(PrependError::Unsupported {
            target: TargetKind::Local("here"),
            at: 0,
            problem: Unsupported::Offset { offset: -4 },
        })
    );
}

/// Of a block's branches to labels that are bound much later the first one reaches least far down, so it comes due last.
#[test]
fn branches_of_a_block_get_islands() {
    use aarch64::*;
    let (mut enc, mut block) = (Encoder::new(), A64Block::new());
    enc.ret();
    let labels = [enc.label(), enc.label()];
    let [first, second] = labels.map(|label| block.share(label));
    dynasm!(block; .arch aarch64; tbz x1, 3, =>first; .bytes [0; 20_000]; tbz x1, 3, =>second);
    let own = {
        enc.prepend(&mut block).unwrap();
        enc.here()
    };
    enc.nops(40_000);
    for label in labels {
        enc.bind(label);
        enc.nop();
    }
    let code = enc.finish().unwrap();
    let word = |at: usize| u32::from_le_bytes(code.bytes()[at..at + 4].try_into().unwrap());
    let own = code.offset_of(own).unwrap();
    for (at, label) in [(own, labels[0]), (own + 20_004, labels[1])] {
        let island = at as i64 + i64::from((word(at) << 13) as i32 >> 18 << 2);
        let to = island + i64::from((word(island as usize) << 6) as i32 >> 4);
        assert_eq!((word(island as usize) >> 26, to), (5, code.offset_of(label).unwrap() as i64));
    }
}

#[test]
fn what_is_out_of_range() {
    use aarch64::*;
    const NOP: u32 = 0xD503_201F;
    let tbz = Range { low: -0x8000, high: 0x7FFC, step: 4 };
    for (distance, is_near) in [(0x7FFC, true), (0x8000, false)] {
        // A label in the block.
        let (mut enc, mut block) = (Encoder::new(), A64Block::new());
        let filler = vec![0_u8; distance as usize - 4];
        dynasm!(block; .arch aarch64; nop; tbz x1, 3, >far; .bytes &filler; far:);
        let error = PrependError::OutOfRange { target: TargetKind::Local("far"), at: 4, distance, range: tbz };
        assert_eq!(enc.prepend(&mut block), if is_near { Ok(()) } else { Err(error) });

        // One that is bound already.
        let (mut enc, mut block) = (Encoder::new(), A64Block::new());
        let label = block.share(enc.here());
        enc.data(&filler);
        dynasm!(block; .arch aarch64; nop; tbz x1, 3, =>label);
        let error = PrependError::OutOfRange { target: TargetKind::Dynamic(label), at: 4, distance, range: tbz };
        assert_eq!(enc.prepend(&mut block), if is_near { Ok(()) } else { Err(error) });

        // And one that is bound later: an island below the block leads on to it.
        let (mut enc, mut block) = (Encoder::new(), A64Block::new());
        let far = enc.label();
        let label = block.share(far);
        enc.forward(|enc| {
            dynasm!(block; .arch aarch64; nop; tbz x1, 3, =>label);
            enc.prepend(&mut block).unwrap();
            enc.data(&filler);
            enc.bind(far);
        });
        let code = enc.finish().unwrap();
        let words: Vec<u32> = code.bytes().chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
        let b = |distance: i64| 0x1400_0000 | (distance >> 2) as u32 & 0x03FF_FFFF;
        let tbz = |distance: i64| 0x3618_0001 | ((distance >> 2) as u32 & 0x3FFF) << 5;
        if is_near {
            assert_eq!(words[..2], [NOP, tbz(distance)]);
        } else {
            assert_eq!(words[..4], [b(8), b(distance + 8), NOP, tbz(-8)]);
        }
    }
    // Pending when the block is placed, and far away when it is bound: the block's branches come due in their order.
    let (mut enc, mut block) = (Encoder::new(), A64Block::new());
    let (first, second) = (enc.label(), enc.label());
    let labels = (block.share(first), block.share(second));
    dynasm!(block; .arch aarch64; tbz x1, 3, =>labels.0; tbz x1, 3, =>labels.1);
    enc.prepend(&mut block).unwrap();
    enc.nops(0x9000);
    enc.bind(first);
    enc.nops(4);
    enc.bind(second);
    assert!(enc.finish().is_ok());
    // A load has the field of a conditional branch, and no island helps it.
    let (mut enc, mut block) = (Encoder::new(), A64Block::new());
    let far = enc.label();
    let label = block.share(far);
    dynasm!(block; .arch aarch64; ldr x1, =>label);
    enc.prepend(&mut block).unwrap();
    enc.nops(0x10_0000);
    enc.bind(far);
    let range = Range { low: -0x10_0000, high: 0xF_FFFC, step: 4 };
    assert_eq!(enc.finish().map(|_| ()), Ok(()));
    enc.clear();
    let far = enc.label();
    let label = block.share(far);
    dynasm!(block; .arch aarch64; ldr x1, =>label);
    enc.prepend(&mut block).unwrap();
    enc.nops(0x10_0004);
    enc.bind(far);
    let error = FinishError::OutOfRange { label: far, at: 4, distance: -0x10_0004, range };
    assert_eq!(enc.finish().map(|_| ()), Err(error));
    assert_eq!(
        one_x64(|block| dynasm!(block; .arch x64; jmp BYTE >far; .bytes [0; 128]; far:)),
        Err(PrependError::OutOfRange {
            target: TargetKind::Local("far"),
            at: 1,
            distance: 128,
            range: Range { low: -128, high: 127, step: 1 },
        })
    );
    assert!(one_x64(|block| dynasm!(block; .arch x64; jmp BYTE >far; .bytes [0; 127]; far:)).is_ok());
    // Not at a multiple of four.
    let (mut enc, mut block) = (Encoder::new(), A64Block::new());
    dynasm!(block; .arch aarch64; b >odd; .u8 1; odd:);
    let range = Range { low: -(1 << 27), high: (1 << 27) - 4, step: 4 };
    let error = PrependError::OutOfRange { target: TargetKind::Local("odd"), at: 0, distance: 5, range };
    assert_eq!(enc.prepend(&mut block), Err(error));
}

#[test]
fn labels_that_are_not_there() {
    let unknown = |label, at| Err(PrependError::UnknownLabel { label, at });
    assert_eq!(one_x64(|block| dynasm!(block; .arch x64; nop; jmp >a)), unknown(LabelKind::Local("a"), 2));
    assert_eq!(one_x64(|block| dynasm!(block; .arch x64; a: ; jmp >a)), unknown(LabelKind::Local("a"), 1));
    assert_eq!(one_x64(|block| dynasm!(block; .arch x64; nop; jmp <a; a:)), unknown(LabelKind::Local("a"), 2));
    assert_eq!(one_x64(|block| dynasm!(block; .arch x64; jmp ->a)), unknown(LabelKind::Global("a"), 1));
    let mut own = None;
    let result = one_x64(|block| {
        let label = *own.insert(block.new_dynamic_label());
        dynasm!(block; .arch x64; jmp =>label);
    });
    assert_eq!(result, unknown(LabelKind::Dynamic(own.unwrap()), 1));

    let duplicate = |label, at| Err(PrependError::DuplicateLabel { label, at });
    let twice = one_x64(|block| dynasm!(block; .arch x64; ->a: ; nop; ->a:));
    assert_eq!(twice, duplicate(LabelKind::Global("a"), 1));
    let result = one_x64(|block| {
        let label = *own.insert(block.new_dynamic_label());
        dynasm!(block; .arch x64; =>label; nop; =>label);
    });
    assert_eq!(result, duplicate(LabelKind::Dynamic(own.unwrap()), 1));

    // Of another registry.
    let foreign = LabelRegistry::new().new_dynamic_label();
    let error = PrependError::ForeignDynamicLabel { label: foreign, at: 1 };
    assert_eq!(one_x64(|block| dynasm!(block; .arch x64; nop; =>foreign)), Err(error));
    assert_eq!(one_x64(|block| dynasm!(block; .arch x64; jmp =>foreign)), Err(error));

    // Of another encoder.
    let mut other = x64::Encoder::new();
    let label = other.here();
    let error = PrependError::ForeignLabel { label, at: 1 };
    for is_placed in [false, true] {
        let result = one_x64(|block| {
            let shared = block.share(label);
            match is_placed {
                true => dynasm!(block; .arch x64; nop; =>shared),
                false => dynasm!(block; .arch x64; jmp =>shared),
            }
        });
        assert_eq!(result, Err(error));
    }
}

/// Labels that are shared but not bound, or bound twice, are `finish`'s matter.
#[test]
fn shared_labels_that_are_bound_wrongly() {
    let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
    let label = enc.label();
    let shared = block.share(label);
    dynasm!(block; .arch x64; jmp =>shared; nop);
    enc.prepend(&mut block).unwrap();
    assert_eq!(enc.finish().map(|_| ()), Err(FinishError::UnboundLabel { label, at: 1 }));

    let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
    let label = enc.here();
    let shared = block.share(label);
    dynasm!(block; .arch x64; nop; =>shared; nop);
    enc.prepend(&mut block).unwrap();
    assert_eq!(enc.finish().map(|_| ()), Err(FinishError::BoundTwice { label, at: 1 }));
}

#[test]
fn what_is_not_supported() {
    let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
    let label = enc.here();
    let shared = block.share(label);
    let mut refused = |push: &dyn Fn(&mut X64Block), at: usize, problem| {
        push(&mut block);
        let error = PrependError::Unsupported { target: TargetKind::Dynamic(shared), at, problem };
        assert_eq!(enc.prepend(&mut block), Err(error), "{error}");
        assert_eq!(enc.pos().from_end(), 0);
    };
    refused(&|block| dynasm!(block; .arch x64; mov rax, QWORD =>shared), 2, Unsupported::AbsoluteAddress);
    refused(&|block| dynasm!(block; .arch x64; .abs64 =>shared), 0, Unsupported::AbsoluteAddress);
    refused(&|block| dynasm!(block; .arch x64; =>shared; .abs64 =>shared), 0, Unsupported::AbsoluteAddress);
    refused(&|block| dynasm!(block; .arch x64; jmp =>(shared) + 4), 1, Unsupported::Offset { offset: 4 });
    refused(&|block| dynasm!(block; .arch x64; .rel32 =>shared), 0, Unsupported::Field { size: 4 });
    refused(&|block| dynasm!(block; .arch x64; nop; .rel8 =>shared), 1, Unsupported::Field { size: 1 });
    refused(&|block| dynasm!(block; .arch x64; nop; .rel64 =>shared), 1, Unsupported::Field { size: 8 });
    let kind = |kind| X64Relocation::from_size(kind, RelocationSize::DWord);
    let absolute = kind(RelocationKind::Absolute);
    refused(
        &|block| {
            block.push_i32(0);
            block.dynamic_relocation(shared, 0, 4, 0, absolute)
        },
        0,
        Unsupported::Kind,
    );

    // Fields that are not there.
    for (field_offset, ref_offset) in [(4, 0), (0, 0), (3, 0), (8, 0), (2, 4), (255, 255)] {
        let relocation = kind(RelocationKind::Relative);
        let result = one_x64(|block| {
            block.push_u16(0);
            block.global_relocation("a", isize::MAX, field_offset, ref_offset, relocation);
        });
        assert_eq!(result, Err(PrependError::FieldOutside { at: 2, field_offset, ref_offset }));
    }
    let result = one_x64(|block| {
        block.push_u32(0);
        block.global_label("a");
        block.global_relocation("a", isize::MAX, 4, 0, kind(RelocationKind::Relative));
    });
    assert!(matches!(result, Err(PrependError::OutOfRange { distance: 0x7FFF_FFFF_FFFF_FFFB, .. })));

    let (mut enc, mut block) = (aarch64::Encoder::new(), A64Block::new());
    let label = enc.here();
    let shared = block.share(label);
    dynasm!(block; .arch aarch64; nop; .rel32 =>shared);
    let problem = Unsupported::Field { size: 4 };
    let error = PrependError::Unsupported { target: TargetKind::Dynamic(shared), at: 4, problem };
    assert_eq!(enc.prepend(&mut block), Err(error));
}

/// What is not shared ends with the block's content; what is shared goes on, until the block is cleared.
#[test]
fn one_block_serves_for_all() {
    let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
    enc.ret();
    let exit = enc.here();
    let shared = block.share(exit);
    let own = block.new_dynamic_label();
    for _ in 0..3 {
        dynasm!(block; .arch x64; a: ; ->b: ; =>own; jmp <a; jmp ->b; jmp =>own; jz =>shared);
        enc.prepend(&mut block).unwrap();
    }
    // A mistake is gone with the content it was made in.
    dynasm!(block; .arch x64; jmp <c);
    enc.prepend(&mut block).unwrap_err();
    dynasm!(block; .arch x64; jz =>shared);
    enc.prepend(&mut block).unwrap();
    let mut expected = vec![0x0F, 0x84, 63, 0, 0, 0];
    for exit in [42, 21, 0] {
        expected.extend([0xE9, 251, 255, 255, 255, 0xE9, 246, 255, 255, 255, 0xE9, 241, 255, 255, 255]);
        expected.extend([0x0F, 0x84, exit, 0, 0, 0]);
    }
    expected.push(0xC3);
    assert_eq!(enc.finish().unwrap().bytes(), expected);

    enc.clear();
    block.clear();
    dynasm!(block; .arch x64; jmp =>shared);
    assert_eq!(enc.prepend(&mut block), Err(PrependError::ForeignDynamicLabel { label: shared, at: 1 }));
    let again = enc.here();
    assert_eq!(block.share(again), shared);
    dynasm!(block; .arch x64; jmp =>shared);
    enc.prepend(&mut block).unwrap();
    assert_eq!(enc.finish().unwrap().bytes(), [0xE9, 0, 0, 0, 0]);
}

#[test]
fn in_a_slice() {
    for room in [0, 5, 99, 100, 101] {
        let mut slice = vec![0; room];
        let (mut enc, mut block) = (x64::Encoder::in_slice(&mut slice), X64Block::new());
        dynasm!(block; .arch x64; jmp >end; .bytes [0x90; 94]; end: ; ret);
        enc.prepend(&mut block).unwrap();
        match enc.finish() {
            Ok(code) => assert_eq!((code.bytes().len(), code.bytes()[1]), (100, 94)),
            Err(error) => assert_eq!((error, room < 100), (FinishError::OutOfSpace { needed: 100 }, true)),
        }
    }
}

/// Relocations by hand may come in any order.
#[test]
fn relocations_out_of_order() {
    let (mut enc, mut block) = (x64::Encoder::new(), X64Block::new());
    enc.ret();
    let exit = enc.here();
    let label = block.share(exit);
    let kind = || X64Relocation::from_size(RelocationKind::Relative, RelocationSize::DWord);
    enc.forward(|enc| {
        block.push_u64(0);
        block.dynamic_relocation(label, 0, 4, 0, kind());
        block.dynamic_relocation(label, 0, 8, 4, kind());
        enc.prepend(&mut block).unwrap();
    });
    assert_eq!(enc.finish().unwrap().bytes(), [4, 0, 0, 0, 0, 0, 0, 0, 0xC3]);
}
