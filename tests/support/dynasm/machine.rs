//! The same program for dynasm-rs's own assembler and for an encoder, of either instruction set.

use super::program::{DYNAMIC, Name, Part, Step, To};
use dynasmrt::{
    DynamicLabel, DynasmLabelApi, VecAssembler, aarch64::Aarch64Relocation, dynasm, relocations::Relocation,
    x64::X64Relocation,
};
use tailfirst::{
    Encoder, Label, Symbol, aarch64,
    dynasm::{A64Block, PlaceError, X64Block},
    x64,
};
use tailfirst_roundtrip::side::Blocks;

/// Where the code will run.
const BASE: usize = 0x7000_0000;

/// What `extern` refers to.
const ADDRESS: usize = BASE + 0x1234;

/// All of one instruction set that the programs need.
pub trait Machine {
    type Relocation: Relocation;

    fn emit<A: DynasmLabelApi<Relocation = Self::Relocation>>(ops: &mut A, step: Step, labels: &[DynamicLabel]);
    fn jump<A: DynasmLabelApi<Relocation = Self::Relocation>>(ops: &mut A, label: DynamicLabel);
    fn encode<D: Blocks>(program: &[Part]) -> Result<Vec<u8>, String>
    where
        D::Other: Blocks<Other = D>;
}

/// dynasm-rs's own assembler.
pub fn reference<M: Machine>(program: &[Part]) -> Result<Vec<u8>, String> {
    fn emit<M: Machine>(ops: &mut VecAssembler<M::Relocation>, parts: &[Part], labels: &[DynamicLabel]) {
        for part in parts {
            match part {
                Part::Block(steps) => steps.iter().for_each(|&step| M::emit(ops, step, labels)),
                Part::Jump(label) => M::jump(ops, labels[*label]),
                Part::Bind(label) => ops.dynamic_label(labels[*label]),
                Part::Other(parts) => emit::<M>(ops, parts, labels),
            }
        }
    }
    let mut ops = VecAssembler::new(BASE);
    let labels = [(); DYNAMIC].map(|()| ops.new_dynamic_label());
    emit::<M>(&mut ops, program, &labels);
    ops.finalize().map_err(|error| error.to_string())
}

/// Parts of a program in the order in which code grows.
fn growing<D: Blocks>(parts: &[Part]) -> Box<dyn Iterator<Item = &Part> + '_> {
    if D::IS_UP { Box::new(parts.iter()) } else { Box::new(parts.iter().rev()) }
}

/// The same for both instruction sets, whose encoders have names of their own.
macro_rules! encode {
    ($machine:ident, $isa:ty, $block:ty, $jump:ident) => {
        fn encode<D: Blocks>(program: &[Part]) -> Result<Vec<u8>, String>
        where
            D::Other: Blocks<Other = D>,
        {
            struct Both {
                block: $block,
                labels: [Label; DYNAMIC],
                shared: [DynamicLabel; DYNAMIC],
            }

            impl Both {
                fn place<D, O>(&mut self, enc: &mut Encoder<'_, $isa, D>, part: &Part) -> Result<(), PlaceError>
                where
                    D: Blocks<Other = O>,
                    O: Blocks<Other = D>,
                {
                    match part {
                        Part::Block(steps) => {
                            for &step in steps {
                                $machine::emit(&mut self.block, step, &self.shared);
                            }
                            enc.place(&mut self.block)?;
                        }
                        Part::Jump(label) => enc.$jump(self.labels[*label]),
                        Part::Bind(label) => enc.bind(self.labels[*label]),
                        Part::Other(parts) => {
                            return D::block(enc, |enc| growing::<O>(parts).try_for_each(|part| self.place(enc, part)));
                        }
                    }
                    Ok(())
                }
            }

            let mut enc = Encoder::<$isa, D>::new();
            let mut block = <$block>::new();
            let labels = [(); DYNAMIC].map(|()| enc.label());
            let shared = labels.map(|label| block.share(label));
            block.share_global("global", enc.label());
            block.share_symbol(ADDRESS, Symbol(1));
            let mut both = Both { block, labels, shared };
            for part in growing::<D>(program) {
                both.place::<D, D::Other>(&mut enc, part).map_err(|error| error.to_string())?;
            }
            let mut code = enc.finish().map_err(|error| error.to_string())?;
            code.link(BASE as u64, |_| Some(ADDRESS as u64)).map_err(|error| error.to_string())?;
            Ok(code.bytes().to_vec())
        }
    };
}

pub struct X64;
pub struct A64;

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
            To::Extern => $form!(extern ADDRESS),
        }
    };
}

/// As `refer`, where nothing that may lie outside of the block will do.
macro_rules! refer_inside {
    ($form:ident $otherwise:ident $to:ident $labels:ident) => {
        match $to {
            To::ForwardA => $form!(>a),
            To::ForwardB => $form!(>b),
            To::BackwardA => $form!(<a),
            To::BackwardB => $form!(<b),
            To::Global => $otherwise!(->global),
            To::Dynamic(label) => $otherwise!(=>$labels[label]),
            To::Extern => $otherwise!(extern ADDRESS),
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

    encode!(X64, x64::X64, X64Block, jmp_rel32);

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
                macro_rules! offset { ($($to:tt)*) => { dynasm!(ops; .arch x64; .rel32 $($to)*) } }
                macro_rules! address { ($($to:tt)*) => { dynasm!(ops; .arch x64; .abs64 $($to)*; mov Rq(register), QWORD $($to)*) } }
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
                    15 => refer_inside!(data offset to labels),
                    _ => refer!(address to labels),
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

    encode!(A64, aarch64::A64, A64Block, b);

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
                macro_rules! offset { ($($to:tt)*) => { dynasm!(ops; .arch aarch64; .rel32 $($to)*) } }
                macro_rules! address { ($($to:tt)*) => { dynasm!(ops; .arch aarch64; .abs64 $($to)*) } }
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
                    15 => refer_inside!(data offset to labels),
                    _ => refer!(address to labels),
                }
            }
        }
    }

    fn jump<A: DynasmLabelApi<Relocation = Aarch64Relocation>>(ops: &mut A, label: DynamicLabel) {
        dynasm!(ops; .arch aarch64; b =>label);
    }
}
