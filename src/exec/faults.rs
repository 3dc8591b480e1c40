//! Tests: whatever request the system refuses, no page is writable and executable, none stays writable, and nothing
//! leaks.
//!
//! A scenario that uses everything is run with its first request refused, then its second, and so on, until none is;
//! and then the same with all requests after that refused, too, as when memory has run out.

use super::{
    sys::fault::{self, Refused},
    *,
};
use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
};

/// Tests look at the process's mappings, so they run one at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// The process's mappings: addresses, permissions, and names.
fn maps() -> Vec<(Range<u64>, String, String)> {
    let text = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let (low, high) = words.next()?.split_once('-')?;
        let address = |text| u64::from_str_radix(text, 16).ok();
        let permissions = words.next()?.to_string();
        Some((address(low)?..address(high)?, permissions, words.nth(3).unwrap_or("").to_string()))
    };
    text.lines().map(|text| line(text).expect("five words at least")).collect()
}

/// The pages that can be written where code is: those of a range, and views of a memory file.
fn writable(range: &Range<u64>) -> u64 {
    let ours = |place: &Range<u64>, name: &str| {
        place.start < range.end && range.start < place.end || name.contains("memfd:code")
    };
    let found = maps().into_iter().filter(|(place, permissions, name)| permissions.contains('w') && ours(place, name));
    found.map(|(place, ..)| place.end - place.start).sum()
}

/// The mappings that touch a range.
fn within(range: &Range<u64>) -> Vec<(Range<u64>, String, String)> {
    maps().into_iter().filter(|(place, ..)| place.start < range.end && range.start < place.end).collect()
}

fn never_both() {
    for (_, permissions, name) in maps() {
        assert!(!(permissions.contains('w') && permissions.contains('x')), "{permissions} {name}");
    }
}

/// A function that returns, and a field to patch in front of it.
#[cfg(target_arch = "x86_64")]
const CODE: [u8; 16] = [0xB8, 0, 0, 0, 1, 0, 0, 0, 0xC3, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC];
#[cfg(target_arch = "aarch64")]
const CODE: [u8; 16] = [0xC0, 0x03, 0x5F, 0xD6, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0];

#[cfg(target_arch = "x86_64")]
const SITE: (Site, Value, Value) =
    (Site { offset: 4, kind: SiteKind::X64Imm32 }, Value::I32(1), Value::I32(0x0102_0304));
#[cfg(target_arch = "aarch64")]
const SITE: (Site, Value, Value) = (Site { offset: 8, kind: SiteKind::A64Literal }, Value::U64(7), Value::U64(8));

fn publish(arena: &Arena, bytes: usize) -> Result<ExecCode, ExecError> {
    let mut region = arena.region(bytes)?;
    never_both();
    let memory = region.bytes_mut();
    let start = memory.len() - CODE.len();
    memory[start..].copy_from_slice(&CODE);
    let placed = region.place().code(CODE.len())?;
    region.publish(placed)
}

fn scenario(arena: &Arena) -> Result<(), PatchError> {
    let first = publish(arena, 100_000)?;
    drop(arena.region(70_000)?);
    let second = publish(arena, 1)?;
    let (site, before, after) = SITE;
    let site = second.patch_site(site)?;
    // SAFETY: nobody runs the code.
    let patched = unsafe { second.patch(&[Patch { site, value: after }]) };
    never_both();
    let is_changed = matches!(patched, Ok(_) | Err(PatchError::Unsynchronized(_)));
    assert_eq!(second.value(site), Ok(if is_changed { after } else { before }));
    // SAFETY: as above.
    unsafe { second.patch(&patched?) }?;
    assert_eq!(second.to_vec(), CODE);
    drop(first);
    arena.callable(arena.addresses().start ^ 1 << 46)?;
    arena.trim();
    drop(publish(arena, 40_000)?);
    Ok(())
}

/// Runs the scenario with requests refused, beginning with each in turn.
fn every_request(build: Builder) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for how in [Refused::One, Refused::AllFromThenOn] {
        from_every_request(&build, how);
    }
}

fn from_every_request(build: &Builder, how: Refused) {
    let (mut refused, mut unsynchronized) = (0, 0);
    for succeed in 0.. {
        let build = build.clone();
        let ((arena, result), failed) = fault::after(succeed, how, || match build.build() {
            Ok(arena) => {
                let result = scenario(&arena);
                (Some(arena), result)
            }
            Err(error) => (None, Err(error.into())),
        });
        never_both();
        if let Err(error) = result {
            let (PatchError::Exec(ExecError::System { request, code: fault::CODE })
            | PatchError::Unsynchronized(ExecError::System { request, code: fault::CODE })) = error
            else {
                panic!("not what was injected: {error:?}")
            };
            unsynchronized += usize::from(request == Request::Synchronize);
            refused += 1;
        }
        if let Some(arena) = arena {
            // Only what could not be closed can still be written, and with two views what is committed.
            let stats = arena.stats();
            let most = if arena.mode() == Mode::Dual { stats.committed + stats.lost } else { stats.lost };
            assert!(writable(&arena.addresses()) <= most as u64, "after request {succeed}: {stats:?}");
            // It is closed in the next attempt.
            arena.trim();
            let stats = arena.stats();
            assert_eq!((stats.regions, stats.codes, stats.lost), (0, 0, 0), "{stats:?}");
            assert_eq!(stats.free + stats.far_bytes, stats.reserved);
            let run = arena.addresses();
            for (_, permissions, _) in within(&run) {
                assert!(!permissions.contains('w'), "a writable page is left after request {succeed}");
            }
            if arena.mode() == Mode::Flip || stats.far_bytes == 0 {
                assert_eq!(writable(&run), 0, "a writable page is left after request {succeed}");
            }
            if stats.far_bytes == 0 {
                assert!(
                    stats.committed == 0 && within(&run).iter().all(|(_, permissions, _)| !permissions.contains('x'))
                );
            }
            drop(arena);
            assert_eq!(within(&run), [], "mappings leak");
        }
        assert!(maps().iter().all(|(.., name)| !name.contains("memfd:code")), "a view leaks");
        if !failed {
            assert!(
                refused >= 8 && unsynchronized >= 2,
                "only {refused} failures were seen, {unsynchronized} of one kind"
            );
            return;
        }
    }
}

#[test]
fn two_views() {
    every_request(Arena::builder().mode(Mode::Dual).reserve(1 << 20));
}

#[test]
fn two_views_and_guard_pages() {
    every_request(Arena::builder().mode(Mode::Dual).guard_pages().reserve(1 << 20));
}

#[test]
fn one_view() {
    every_request(Arena::builder().mode(Mode::Flip).reserve(1 << 20));
}

#[test]
fn one_view_and_guard_pages() {
    every_request(Arena::builder().mode(Mode::Flip).guard_pages().random_placement().reserve(1 << 20));
}

/// Without memory that can be mapped twice, there is one view.
#[test]
fn automatic_mode() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let build = || Arena::builder().reserve(1 << 20).build().map(|arena| arena.mode());
    assert_eq!(build(), Ok(Mode::Dual));
    assert_eq!(fault::after(0, Refused::One, build), (Ok(Mode::Flip), true));
    let refused = ExecError::System { request: Request::Reserve, code: fault::CODE };
    assert_eq!(fault::after(0, Refused::AllFromThenOn, build), (Err(refused), true));
}
