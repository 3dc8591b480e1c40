//! An encoder that is used again allocates nothing: neither for code, nor for labels, fixups, relocations, blocks,
//! data, constants, late immediates and snapshots. And what it keeps of blocks in each other is in proportion to its
//! code.
//!
//! The counts are the process's own, so this file has a single test.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};
use tailfirst::{Align, Direction, Symbol, aarch64, x64};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
/// Bytes that are allocated and not freed.
static HELD: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps `dealloc`'s contract.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Code with bound and pending labels, and a reference to a symbol.
fn assemble_x64<D: Direction>(enc: &mut x64::Emitter<'_, D>) -> usize {
    enc.clear();
    enc.ret();
    let exit = enc.here();
    for _ in 0..1000 {
        let head = enc.label();
        enc.jnz(head);
        enc.add_r64_rm64(x64::RAX, x64::RBX + x64::RCX * 8 + 64);
        enc.lea_r64_m(x64::RDX, head);
        enc.bind(head);
        enc.jz(exit);
        enc.call(Symbol(7));
    }
    enc.finish().unwrap().bytes().len()
}

fn assemble_aarch64<D: Direction>(enc: &mut aarch64::Emitter<'_, D>) -> usize {
    enc.clear();
    enc.ret();
    let exit = enc.here();
    for _ in 0..1000 {
        let head = enc.label();
        enc.cbnz_x(aarch64::X1, head);
        enc.adrp(aarch64::X2, head);
        enc.bind(head);
        enc.b_eq(exit);
    }
    enc.finish().unwrap().bytes().len()
}

/// Blocks in each other, data, constants, late immediates and snapshots.
fn blocks_x64<D: Direction>(enc: &mut x64::Emitter<'_, D>) -> usize {
    use x64::*;
    enc.clear();
    let (frame, exit) = (enc.late(), enc.label());
    for number in 0..100 {
        let outside = enc.here();
        enc.data(&[number; 100]);
        enc.data_aligned(&[number; 10], Align::of::<8>());
        for constant in [enc.constant_u64(number.into()), enc.constant_address(exit)] {
            enc.lea_r64_m(RDX, constant);
        }
        enc.align(Align::of::<8>());
        enc.aligned(Align::of::<16>(), |enc| {
            let head = enc.label();
            enc.jnz(head);
            let snapshot = enc.snapshot();
            enc.forward(|asm| {
                asm.bind(head);
                asm.call(Symbol(7));
            });
            enc.rollback(snapshot);
            enc.aligned(Align::of::<32>(), |enc| {
                enc.jmp(outside);
                enc.align_code(Align::of::<4>());
                enc.nop();
            });
            enc.forward(|asm| {
                let inside = asm.here();
                asm.with_late(frame, |asm, imm: i32| asm.add_rm64_imm(RSP, imm));
                asm.backward(|enc| {
                    enc.jz(exit);
                    enc.jz(inside);
                    enc.here();
                    enc.aligned(Align::of::<16>(), |enc| enc.batch(|enc| enc.jz(exit)));
                    enc.forward(|asm| asm.constant_u64(1000));
                });
                asm.backward(|enc| enc.data_u64(8));
                let late = asm.late();
                asm.set_late(late, 8);
                asm.cold(|asm| asm.jz(exit));
            });
            enc.cold(|enc| {
                let constant = enc.constant_u64(1001);
                enc.lea_r64_m(RDX, constant);
                enc.data_aligned(&[number; 10], Align::of::<8>());
                enc.forward(|asm| asm.jmp(outside));
                let snapshot = enc.snapshot();
                enc.with_late(frame, |enc, imm: i32| enc.add_rm64_imm(RSP, imm));
                enc.rollback(snapshot);
            });
            enc.bind(head);
        });
    }
    enc.bind(exit);
    enc.set_late(frame, 64);
    enc.finish().unwrap().bytes().len()
}

/// The same of an encoder and assemblers beside it.
fn blocks_by_pair_x64(enc: &mut x64::Encoder<'_>, asm: &mut x64::Assembler<'_>, inner: &mut x64::Encoder<'_>) -> usize {
    use x64::*;
    enc.clear();
    let exit = enc.label();
    for number in 0..100 {
        let constant = enc.constant_u64(number);
        enc.begin_block(asm);
        asm.lea_r64_m(RDX, constant);
        asm.jz(exit);
        asm.begin_block(inner);
        let inside = inner.here();
        inner.jz(inside);
        inner.aligned(Align::of::<16>(), |inner| inner.call(Symbol(7)));
        inner.forward(|asm| asm.jnz(inside));
        asm.end_block(inner);
        enc.end_block(asm);
    }
    enc.bind(exit);
    enc.finish().unwrap().bytes().len()
}

fn blocks_aarch64<D: Direction>(enc: &mut aarch64::Emitter<'_, D>) -> usize {
    use aarch64::*;
    enc.clear();
    let frame = enc.late();
    for number in 0..100 {
        let exit = enc.here();
        enc.data_u32(number);
        let constant = enc.constant_u64(number.into());
        enc.ldr_x_lit(X3, constant);
        enc.aligned(Align::of::<16>(), |enc| {
            enc.forward(|asm| {
                asm.with_late(frame, |asm, imm: AddImm| asm.add_x_imm(X1, X1, imm));
                asm.adrp(X2, exit);
                asm.backward(|enc| enc.cbnz_x(X1, exit));
            });
        });
    }
    enc.set_late(frame, 64);
    enc.finish().unwrap().bytes().len()
}

/// Blocks in each other, each in the other direction than the one around it.
fn blocks_in_turns(enc: &mut x64::Encoder<'_>, depth: usize) {
    let label = enc.label();
    enc.jmp(label);
    if depth > 0 {
        enc.forward(|asm| asm.backward(|enc| blocks_in_turns(enc, depth - 1)));
    }
    enc.bind(label);
}

fn blocks_in_each_other_keep_little() {
    let before = HELD.load(Ordering::Relaxed);
    let mut enc = x64::Encoder::new();
    blocks_in_turns(&mut enc, 1000);
    let code = enc.finish().unwrap().bytes().len();
    let held = HELD.load(Ordering::Relaxed) - before;
    assert!(held < 32 * code, "{held} bytes for {code} bytes of code");
}

#[test]
fn memory() {
    nothing_is_allocated_when_an_encoder_is_used_again();
    blocks_in_each_other_keep_little();
}

fn nothing_is_allocated_when_an_encoder_is_used_again() {
    let (mut slice, mut upward_slice) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    let mut x64_growing = x64::Encoder::new();
    let mut x64_fixed = x64::Encoder::in_slice(&mut slice);
    let mut x64_upward = x64::Assembler::new();
    let mut x64_upward_fixed = x64::Assembler::in_slice(&mut upward_slice);
    let mut aarch64_growing = aarch64::Encoder::new();
    let mut aarch64_upward = aarch64::Assembler::new();
    let (mut asm, mut inner) = (x64::Assembler::new(), x64::Encoder::new());
    let mut all = |x64_growing: &mut x64::Encoder<'_>| {
        assemble_x64(x64_growing)
            + assemble_x64(&mut x64_fixed)
            + assemble_x64(&mut x64_upward)
            + assemble_x64(&mut x64_upward_fixed)
            + assemble_aarch64(&mut aarch64_growing)
            + assemble_aarch64(&mut aarch64_upward)
            + blocks_x64(x64_growing)
            + blocks_x64(&mut x64_fixed)
            + blocks_x64(&mut x64_upward)
            + blocks_x64(&mut x64_upward_fixed)
            + blocks_by_pair_x64(x64_growing, &mut asm, &mut inner)
            + blocks_aarch64(&mut aarch64_growing)
            + blocks_aarch64(&mut aarch64_upward)
    };
    let first = all(&mut x64_growing);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..10 {
        assert_eq!(all(&mut x64_growing), first);
        // Where there is no memory for a number of each.
        for _ in 0..10_000 {
            let _ = x64_growing.snapshot();
        }
    }
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed) - before, 0);
    assert!(before > 0, "the counter does count");
}
