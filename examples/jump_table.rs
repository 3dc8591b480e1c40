//! A jump table on one page: what a `match` with dense numbers, or an interpreter's loop, becomes. The table is data
//! behind the code, an entry a case: its distance from the entry itself, so that nothing is linked and the code may lie
//! anywhere.
//!
//! ```sh
//! cargo run --example jump_table --features exec
//! ```

use tailfirst::exec::Arena;

#[cfg(target_arch = "x86_64")]
type Operation = unsafe extern "sysv64" fn(u64, u64, u64) -> u64;
#[cfg(not(target_arch = "x86_64"))]
type Operation = unsafe extern "C" fn(u64, u64, u64) -> u64;

/// Takes the number of an operation and its two operands: 0 adds, 1 subtracts, 2 multiplies, others give 0.
#[cfg(target_arch = "x86_64")]
fn assemble() -> tailfirst::x64::Assembler<'static> {
    use tailfirst::x64::*;
    let mut asm = Assembler::new();
    let (table, other) = (asm.label(), asm.label());
    let cases = [asm.label(), asm.label(), asm.label()];
    asm.cmp_rm64_imm(RDI, cases.len() as i32);
    asm.jae(other);
    asm.lea_r64_m(RAX, table);
    asm.lea_r64_m(RAX, RAX + RDI * 4);
    asm.movsxd_r64_rm32(RCX, Mem::from(RAX));
    asm.add_rm64_r64(RAX, RCX);
    asm.jmp_rm64(RAX);
    for (operation, case) in cases.into_iter().enumerate() {
        asm.bind(case);
        asm.mov_r64_rm64(RAX, RSI);
        match operation {
            0 => asm.add_rm64_r64(RAX, RDX),
            1 => asm.sub_rm64_r64(RAX, RDX),
            _ => asm.imul_r64_rm64(RAX, RDX),
        }
        asm.ret();
    }
    asm.bind(other);
    asm.xor_rm32_r32(EAX, EAX);
    asm.ret();
    asm.align(tailfirst::Align::of::<4>());
    asm.bind(table);
    asm.in_order(cases, |asm, case| asm.data_offset(case));
    asm
}

/// Takes the number of an operation and its two operands: 0 adds, 1 subtracts, 2 multiplies, others give 0.
#[cfg(target_arch = "aarch64")]
fn assemble() -> tailfirst::aarch64::Assembler<'static> {
    use tailfirst::aarch64::*;
    let mut asm = Assembler::new();
    let (table, other) = (asm.label(), asm.label());
    let cases = [asm.label(), asm.label(), asm.label()];
    asm.cmp_x_imm(X0, AddImm::of::<3>());
    asm.b_cond(Cond::HS, other);
    asm.adr(X3, table);
    asm.add_x_shift(X3, X3, X0, Shift64::lsl(2).expect("below 64"));
    asm.ldrsw_x_uoff(X4, X3, UImm::of::<0>());
    asm.add_x(X3, X3, X4);
    asm.br(X3);
    for (operation, case) in cases.into_iter().enumerate() {
        asm.bind(case);
        match operation {
            0 => asm.add_x(X0, X1, X2),
            1 => asm.sub_x(X0, X1, X2),
            _ => asm.mul_x(X0, X1, X2),
        }
        asm.ret();
    }
    asm.bind(other);
    asm.mov_x_imm(X0, 0);
    asm.ret();
    asm.bind(table);
    asm.in_order(cases, |asm, case| asm.data_offset(case));
    asm
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let code = Arena::new()?.load(&assemble().finish()?, |_symbol| None)?;
    let function = code.function::<Operation>(0)?;
    for (operation, expected) in [(0, 44), (1, 40), (2, 84), (3, 0), (u64::MAX, 0)] {
        // SAFETY: such a function was emitted there.
        let found = unsafe { function(operation, 42, 2) };
        println!("operation {operation} of 42 and 2: {found}");
        assert_eq!(found, expected);
    }
    Ok(())
}
