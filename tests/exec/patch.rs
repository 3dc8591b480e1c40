//! Patches of code that runs.

use crate::support;
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};
use support::*;
use tailfirst::exec::{Arena, ExecCode, Mode, Patch, PatchError, PatchSite, Site, SiteKind, Value};

/// Code of nothing but these bytes, at the end of its region.
fn raw(arena: &Arena, bytes: &[u8]) -> ExecCode {
    let mut region = arena.region(bytes.len()).expect("memory");
    let start = region.len() - bytes.len();
    region.bytes_mut()[start..].copy_from_slice(bytes);
    let placed = region.place().code(bytes.len()).expect("it is as long");
    region.publish(placed).expect("memory")
}

fn arena(mode: Mode) -> Arena {
    Arena::builder().mode(mode).reserve(1 << 20).build().expect("memory")
}

#[test]
fn sites_are_checked() {
    let arena = arena(Mode::Dual);
    // 64 bytes, so the code's start is aligned as its end is.
    let mut bytes = [0; 64];
    bytes[16..20].copy_from_slice(&0x1400_0000_u32.to_le_bytes()); // b .
    let code = raw(&arena, &bytes);
    use SiteKind::*;
    for kind in [X64Rel32, X64Imm32, X64Imm64, A64Branch, A64Conditional, A64Literal, Slot] {
        let width = if matches!(kind, X64Imm64 | A64Literal | Slot) { 8 } else { 4 };
        for offset in (0..80).chain([usize::MAX - 3, usize::MAX]) {
            let site = Site { offset, kind };
            let found = code.patch_site(site);
            let at = offset % 8;
            let aligned = match kind {
                X64Rel32 | X64Imm32 => at <= 4,
                A64Branch | A64Conditional => at % 4 == 0,
                X64Imm64 | A64Literal | Slot => at == 0,
                _ => unreachable!("a kind that is not listed above"),
            };
            if offset > 64 - width {
                assert_eq!(found, Err(PatchError::Outside { site, len: 64 }));
            } else if !aligned {
                assert_eq!(found, Err(PatchError::Misaligned { site, at }));
            } else if matches!(kind, A64Branch | A64Conditional) && offset != 16 {
                assert_eq!(found, Err(PatchError::Instruction { site, word: 0 }));
            } else {
                assert_eq!(found.map(PatchSite::site), Ok(site));
            }
        }
    }
}

#[test]
fn wrong_values_change_nothing() {
    for &mode in LIVE {
        let arena = arena(mode);
        let mut bytes = [7; 64];
        bytes[48..52].copy_from_slice(&0x9400_0001_u32.to_le_bytes()); // bl .+4
        let (code, other) = (raw(&arena, &bytes), raw(&arena, &bytes));
        let site = |offset, kind| code.patch_site(Site { offset, kind }).expect("right");
        let immediate = site(4, SiteKind::X64Imm32);
        let distance = site(12, SiteKind::X64Rel32);
        let branch = site(48, SiteKind::A64Branch);
        let word = site(24, SiteKind::A64Literal);
        let good = Patch { site: immediate, value: Value::I32(1) };
        let refused = |site: PatchSite, value| {
            // SAFETY: nobody runs the code.
            let result = unsafe { code.patch(&[good, Patch { site, value }]) };
            assert_eq!(code.to_vec(), bytes, "a part of a wrong batch was made");
            result.expect_err("wrong")
        };
        let foreign = other.patch_site(immediate.site()).expect("right there");
        assert_eq!(refused(foreign, Value::I32(1)), PatchError::ForeignSite { site: foreign.site() });
        assert_eq!(code.value(foreign), Err(PatchError::ForeignSite { site: foreign.site() }));
        for (site, value) in [
            (immediate, Value::U64(1)),
            (immediate, Value::Target(1)),
            (distance, Value::I32(1)),
            (word, Value::I32(1)),
            (word, Value::Instruction(1)),
            (branch, Value::U64(1)),
        ] {
            assert_eq!(refused(site, value), PatchError::Width { site: site.site(), value });
        }
        let far = code.address() ^ 1 << 40;
        for site in [distance, branch] {
            let error = refused(site, Value::Target(far));
            let PatchError::OutOfRange { site: named, distance, range } = error else { panic!("{error:?}") };
            assert!(named == site.site() && !range.holds(distance) && distance.unsigned_abs() > 1 << 39);
            let digits = format!("{:x}", far >> 12);
            assert!(!error.to_string().contains(&digits) && !error.to_string().contains(&distance.to_string()));
        }
        assert!(matches!(refused(branch, Value::Target(code.address() + 2)), PatchError::OutOfRange { .. }));
        // b.eq cannot come in while threads run.
        let word = 0x5400_0000;
        assert_eq!(refused(branch, Value::Instruction(word)), PatchError::Instruction { site: branch.site(), word });
    }
}

#[test]
fn changes_are_exact_and_can_be_undone() {
    for &mode in LIVE {
        let arena = arena(mode);
        // Three pages, so that a batch crosses some.
        let mut bytes = vec![0x5A; 3 * 4096];
        let branch = 8000;
        bytes[branch..branch + 4].copy_from_slice(&0x9400_0001_u32.to_le_bytes()); // bl .+4
        let code = raw(&arena, &bytes);
        let patch = |offset, kind, value| Patch { site: code.patch_site(Site { offset, kind }).expect("right"), value };
        let base = code.address();
        let batch = [
            patch(1, SiteKind::X64Imm32, Value::I32(-2)),
            patch(12000, SiteKind::X64Rel32, Value::Target(base)),
            patch(4096, SiteKind::X64Imm64, Value::U64(0x0102_0304_0506_0708)),
            patch(branch, SiteKind::A64Branch, Value::Target(base)),
            patch(1, SiteKind::X64Imm32, Value::I32(3)),
        ];
        // SAFETY: nobody runs the code.
        let undo = unsafe { code.patch(&batch) }.expect("right");
        let mut expected = bytes.clone();
        expected[1..5].copy_from_slice(&3_i32.to_le_bytes());
        expected[12000..12004].copy_from_slice(&(-12004_i32).to_le_bytes());
        expected[4096..4104].copy_from_slice(&0x0102_0304_0506_0708_u64.to_le_bytes());
        expected[branch..branch + 4].copy_from_slice(&(0x9400_0000 | 0x03FF_FFFF & (-2000_i32) as u32).to_le_bytes());
        assert!(code.to_vec() == expected);
        assert_eq!(code.value(batch[1].site), Ok(Value::Target(base)));
        // SAFETY: as above.
        let redo = unsafe { code.patch(&undo) }.expect("right");
        assert!(code.to_vec() == bytes);
        // SAFETY: as above.
        unsafe { code.patch(&redo) }.expect("right");
        assert!(code.to_vec() == expected);
        // SAFETY: as above.
        assert_eq!(unsafe { code.patch(&[]) }, Ok(vec![]));
    }
}

/// Conditional branches, while nobody runs them: each leads as far as its field reaches, and may become another, or
/// none.
#[test]
fn conditional_branches_are_changed_while_all_are_stopped() {
    const LEN: usize = 4 << 20;
    let arena = Arena::builder().mode(Mode::Dual).reserve(2 * LEN).build().expect("memory");
    let at = LEN / 2;
    let words = [
        (0x5400_0001_u32, 19), // b.ne
        (0x5400_001E, 19),     // bc.al
        (0x3400_0003, 19),     // cbz w3
        (0xB500_0004, 19),     // cbnz x4
        (0x3618_0005, 14),     // tbz w5, #3
        (0xB7F8_0006, 14),     // tbnz x6, #63
        (0x1400_0000, 26),     // b
        (0x9400_0000, 26),     // bl
    ];
    for (word, bits) in words {
        let mut bytes = vec![0; LEN];
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        let code = raw(&arena, &bytes);
        let site = code.patch_site(Site { offset: at, kind: SiteKind::A64Conditional }).expect("such a branch");
        let address = code.address() + at as u64;
        let reach = 4_i64 << (bits - 1);
        let lead = |distance: i64| Patch { site, value: Value::Target(address.wrapping_add_signed(distance)) };
        let found = || u32::from_le_bytes(code.to_vec()[at..at + 4].try_into().expect("four bytes"));
        // SAFETY: nobody runs the code, here and below.
        assert_eq!(unsafe { code.patch(&[lead(8)]) }, Err(PatchError::Running { site: site.site() }));
        for distance in [-reach, reach - 4, 0, 8] {
            // SAFETY: as above.
            let undo = unsafe { code.patch_stopped(&[lead(distance)]) }.expect("in reach");
            let at = if bits == 26 { 0 } else { 5 };
            let field = ((distance >> 2) as u32 & ((1 << bits) - 1)) << at;
            assert_eq!(found(), word | field, "{word:#x} {distance}");
            assert_eq!(code.value(site), Ok(Value::Instruction(word | field)));
            // SAFETY: as above.
            unsafe { code.patch_stopped(&undo) }.expect("it was there");
            assert_eq!(found(), word);
        }
        for distance in [-reach - 4, reach, 2] {
            // SAFETY: as above.
            let refused = unsafe { code.patch_stopped(&[lead(4), lead(distance)]) };
            assert!(matches!(refused, Err(PatchError::OutOfRange { distance: found, .. }) if found == distance));
            assert_eq!(found(), word, "a part of a wrong batch was made");
        }
        // Another instruction, which has another reach, in the same batch.
        let exchange = |word| Patch { site, value: Value::Instruction(word) };
        let batch = [exchange(0x3400_0007), lead(reach.min(1 << 19)), exchange(0xD503_201F)];
        // SAFETY: as above.
        let undo = unsafe { code.patch_stopped(&batch) }.expect("each reaches");
        assert_eq!(found(), 0xD503_201F);
        // A NOP leads nowhere, and becomes a B.
        // SAFETY: as above.
        unsafe { code.patch_stopped(&[lead(1 << 22)]) }.expect("in reach");
        assert_eq!(found(), 0x1410_0000);
        // SAFETY: as above.
        unsafe { code.patch_stopped(&undo) }.expect("it was there");
        assert_eq!(found(), word);
        for (value, is_width) in
            [(Value::Instruction(0xD65F_03C0), false), (Value::I32(5), true), (Value::U64(5), true)]
        {
            // SAFETY: as above.
            let refused =
                unsafe { code.patch_stopped(&[Patch { site, value }]) }.expect_err("a RET, or no instruction");
            let site = site.site();
            let expected = if is_width {
                PatchError::Width { site, value }
            } else {
                PatchError::Instruction { site, word: 0xD65F_03C0 }
            };
            assert_eq!(refused, expected);
        }
    }
}

/// A guard's branch itself leads elsewhere, on either machine.
#[test]
fn a_guard_leads_elsewhere() {
    for &mode in LIVE {
        let arena = arena(mode);
        let (code, [guard, other, entry]) =
            publish(arena.region(4096).expect("memory"), |_| None, guarded).expect("memory");
        let function = code.function::<Map>(entry).expect("inside");
        // SAFETY: it is such a function, here and below.
        let run = || unsafe { [function(0), function(1)] };
        assert_eq!(run(), [2, 1]);
        let site = code.patch_site(guard_site(guard)).expect("a guard");
        let value = Value::Target(code.address() + other as u64);
        // SAFETY: this thread is the only one that runs it, and each of the ways is a function's end.
        let undo = unsafe { code.patch_stopped(&[Patch { site, value }]) }.expect("in reach");
        assert_eq!(run(), [3, 1]);
        // SAFETY: as above.
        unsafe { code.patch_stopped(&undo) }.expect("it was there");
        assert_eq!(run(), [2, 1]);
    }
}

/// A trace with hundreds of guards, all redirected at once, and back.
#[test]
fn batches() {
    const GUARDS: usize = 500;
    for &mode in LIVE {
        let arena = arena(mode);
        // Each guard's jump leads to the next; patched, to an exit that returns 2.
        let (code, [exit, entry]) = publish(
            arena.region(64 << 10).expect("memory"),
            |_| None,
            |enc| {
                enc.ret();
                load(enc, 2);
                let exit = enc.here();
                enc.ret();
                load(enc, 1);
                for _ in 0..GUARDS {
                    let next = enc.here();
                    patchable_jump(enc, next);
                }
                [exit, enc.here()]
            },
        )
        .expect("memory");
        let function = code.function::<Get>(entry).expect("inside");
        // SAFETY: it is such a function.
        assert_eq!(unsafe { function() }, 1);
        let exit = Value::Target(code.address() + exit as u64);
        // Jumps of one size, one after the other.
        let step = if cfg!(target_arch = "x86_64") { 8 } else { 4 };
        let site = |n: usize| code.patch_site(jump_site(entry + n * step)).expect("a guard");
        let batch: Vec<Patch> = (0..GUARDS).map(|n| Patch { site: site(n), value: exit }).collect();
        // SAFETY: each guard's jump may lead to the exit.
        let undo = unsafe { code.patch(&batch) }.expect("right");
        // SAFETY: as above.
        assert_eq!((unsafe { function() }, undo.len()), (2, GUARDS));
        // SAFETY: as above.
        unsafe { code.patch(&undo) }.expect("right");
        // SAFETY: as above.
        assert_eq!(unsafe { function() }, 1);
    }
}

/// How long a stress test goes on: for so many changes, or for as many seconds as TAILFIRST_STRESS_SECONDS says.
fn rounds(changes: u64) -> impl Iterator<Item = u64> {
    let seconds = std::env::var("TAILFIRST_STRESS_SECONDS").ok().map(|text| text.parse().expect("a number of seconds"));
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    (1..).take_while(move |&n| match end {
        None => n <= changes,
        Some(end) => Instant::now() < end,
    })
}

fn changes(mode: Mode) -> u64 {
    if mode == Mode::Dual { 20_000 } else { 2_000 }
}

const THREADS: usize = 3;

/// Threads run a loop with a jump that is redirected again and again. Each round of the loop takes one way or the
/// other.
#[test]
fn a_running_jump_is_redirected() {
    for &mode in LIVE {
        let arena = arena(mode);
        let (code, [jump, left, right, entry]) =
            publish(arena.region(4096).expect("memory"), |_| None, crossroads).expect("memory");
        let site = code.patch_site(jump_site(jump)).expect("aligned");
        let function = code.function::<Map>(entry).expect("inside");
        let done = AtomicBool::new(false);
        let totals = thread::scope(|scope| {
            let run = || {
                let mut total = [0, 0];
                loop {
                    let last = done.load(Ordering::Acquire);
                    // SAFETY: it is such a function, and reads no memory.
                    let result = unsafe { function(1000) };
                    let ways = [result & 0xFFFF_FFFF, result >> 32];
                    assert_eq!(ways[0] + ways[1], 1000, "{ways:?}");
                    total = [total[0] + ways[0], total[1] + ways[1]];
                    if last {
                        // The last change is seen by all.
                        assert_eq!(ways, [1000, 0]);
                        return total;
                    }
                }
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
            let lead = |to| {
                let value = Value::Target(code.address() + to as u64);
                // SAFETY: both ways are as good.
                unsafe { code.patch(&[Patch { site, value }]) }.expect("right");
                // SAFETY: it is such a function.
                unsafe { function(1) }
            };
            for _ in rounds(changes(mode)) {
                assert_eq!(lead(right), 1 << 32);
                assert_eq!(lead(left), 1);
            }
            done.store(true, Ordering::Release);
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
        });
        println!("{mode:?}: {totals:?} rounds of the loop took the two ways");
    }
}

/// Threads run code that returns a word while that word counts up. What they see is never older than a change that was
/// finished before they looked, nor newer than one that was begun after; and never a part of one.
#[test]
fn a_running_word_is_replaced() {
    // Counts in both halves, so that half a change is seen.
    let word = |n: u64| n << 32 | n;
    for &mode in LIVE {
        let arena = arena(mode);
        let (code, [label]) =
            publish(arena.region(4096).expect("memory"), |_| None, |enc| [patchable_word(enc)]).expect("memory");
        let site = code.patch_site(word_site(label)).expect("aligned");
        let function = code.function::<Get>(0).expect("inside");
        let (begun, finished, done) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    while !done.load(Ordering::Acquire) {
                        let oldest = finished.load(Ordering::SeqCst);
                        // SAFETY: it is such a function.
                        let seen = unsafe { function() };
                        let newest = begun.load(Ordering::SeqCst);
                        let n = seen >> 32;
                        assert_eq!(seen, word(n), "half a change");
                        assert!(oldest <= n && n <= newest, "{n} is not in {oldest}..={newest}");
                    }
                });
            }
            for n in rounds(changes(mode)) {
                begun.store(n, Ordering::SeqCst);
                // SAFETY: one word is as good as another.
                let undo = unsafe { code.patch(&[Patch { site, value: Value::U64(word(n)) }]) }.expect("right");
                assert_eq!(undo, [Patch { site, value: Value::U64(word(n - 1)) }]);
                if arena.synchronizes() {
                    finished.store(n, Ordering::SeqCst);
                }
            }
            done.store(true, Ordering::Release);
        });
    }
}

/// Code is made, run elsewhere, and freed, while jumps lead to it and away again: what a JIT does when a side trace
/// replaces an exit.
#[test]
fn side_traces_come_and_go() {
    for &mode in LIVE {
        let arena = arena(mode);
        let exit = constant(&arena, 0).expect("memory");
        let (root, [jump]) = publish(
            arena.region(64).expect("memory"),
            |_| Some(exit.address()),
            |enc| {
                enc.ret();
                load(enc, 9);
                let here = enc.here();
                [patchable_jump(enc, here)]
            },
        )
        .expect("memory");
        let site = root.patch_site(jump_site(jump)).expect("aligned");
        let lead = |code: &ExecCode| {
            let value = Value::Target(code.address());
            // SAFETY: all these functions are of one type.
            unsafe { root.patch(&[Patch { site, value }]) }.expect("near")
        };
        for n in 1..200 {
            let side = constant(&arena, n).expect("memory");
            let undo = lead(&side);
            assert_eq!(get(&root), u64::from(n));
            // SAFETY: as above; the side trace goes after no thread is in it.
            unsafe { root.patch(&undo) }.expect("near");
            assert_eq!(get(&root), 9);
        }
        assert_eq!(arena.stats().codes, 2);
    }
}
