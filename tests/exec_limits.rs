//! A process that may have no more memory: what fails says so, changes nothing, and leaves nothing behind. One test,
//! since limits are the process's.

#![cfg(all(feature = "exec", any(target_arch = "x86_64", target_arch = "aarch64"), target_os = "linux"))]

#[path = "support/exec.rs"]
mod support;

use rustix::{
    io::Errno,
    mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap},
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
use std::collections::HashSet;
use support::*;
use tailfirst::exec::{Arena, Builder, ExecError, Mode, Patch, PatchError, Request, Value};

const MIB: usize = 1 << 20;
/// For the test itself.
const SPARE: usize = 4 * MIB;

/// A number of /proc/self/status, in bytes.
fn status(name: &str) -> usize {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a line of it");
    1024 * line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<usize>().expect("a number of kB")
}

/// Runs `body` with no more than some spare memory left of what `resource` limits and `name` counts. It should not
/// panic: a backtrace takes memory.
fn limited<T>(resource: Resource, name: &str, body: impl FnOnce() -> T) -> T {
    let before = getrlimit(resource);
    let current = Some((status(name) + SPARE) as u64);
    setrlimit(resource, Rlimit { current, ..before }).expect("a lower limit");
    assert_eq!(getrlimit(resource).current, current);
    let result = body();
    setrlimit(resource, before).expect("the limit that it had");
    result
}

/// The executable mappings, and memory files with any name of ours: addresses, permissions, names.
fn maps() -> HashSet<String> {
    let text = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let mut maps = HashSet::new();
    for line in text.lines() {
        let permissions = line.split(' ').nth(1).expect("words");
        assert!(!(permissions.contains('w') && permissions.contains('x')), "{line}");
        if permissions.contains('x') || line.contains("memfd:") {
            maps.insert(line.to_string());
        }
    }
    maps
}

/// The error number of a lack of memory, for this request.
fn no_memory(request: Request) -> ExecError {
    ExecError::System { request, code: Errno::NOMEM.raw_os_error() }
}

fn address_space(builder: impl Fn() -> Builder, mode: Mode) {
    let before = (maps(), status("VmSize"));
    let arena = builder().build().expect("memory");
    // Two words, so far apart that changing both takes a copy of 16 MiB in flip mode.
    let emit = |enc: &mut Encoder<'_>| {
        let high = patchable_word(enc);
        enc.data(&vec![0; 16 * MIB]);
        [high, patchable_word(enc)]
    };
    let region = arena.region(17 * MIB).expect("memory");
    let (code, words) = publish(region, |_| None, emit).expect("memory");
    let patches =
        words.map(|word| Patch { site: code.patch_site(word_site(word)).expect("aligned"), value: Value::U64(7) });
    let with_arena = maps();
    let (none, left, small, patched) = limited(Resource::As, "VmSize", || {
        let none = builder().build().map(|_| ());
        let (left, small) = (maps(), constant(&arena, 5));
        // SAFETY: nobody runs the code meanwhile.
        (none, left, small, unsafe { code.patch(&patches) })
    });
    assert_eq!(none, Err(no_memory(Request::Reserve)));
    assert_eq!(left, with_arena, "of an arena that could not be");
    assert_eq!(get(&small.expect("it was reserved before")), 5);
    match mode {
        Mode::Flip => assert_eq!(patched, Err(PatchError::Exec(no_memory(Request::Reserve)))),
        _ => assert_eq!(patched.map(|undo| undo.len()), Ok(2)),
    }
    let read = patches.map(|patch| code.value(patch.site).expect("its own"));
    assert_eq!(read, [Value::U64(if mode == Mode::Flip { 0 } else { 7 }); 2]);
    // SAFETY: as above.
    assert_eq!(unsafe { code.patch(&patches) }.map(|undo| undo.len()), Ok(2));
    drop((arena, code));
    assert_eq!(maps(), before.0, "mappings leak");
    assert!(status("VmSize") < before.1 + SPARE);
}

/// Private memory that can be written is limited by itself; that of a memory file is not private.
fn data() {
    let before = maps();
    let arena = Arena::builder().mode(Mode::Flip).reserve(64 * MIB).build().expect("memory");
    let first = constant(&arena, 1).expect("memory");
    let stats = arena.stats();
    let (refused, left, code) = limited(Resource::Data, "VmData", || {
        let refused = [(); 3].map(|()| arena.region(32 * MIB).map(|_| ()));
        (refused, arena.stats(), constant(&arena, 2))
    });
    assert_eq!(refused, [Err(no_memory(Request::Protect)); 3]);
    assert_eq!(left, stats);
    let code = code.expect("there is some");
    assert_eq!((get(&first), get(&code)), (1, 2));
    drop(arena.region(32 * MIB).expect("no limit any more"));
    drop((first, code));
    arena.trim();
    assert_eq!(arena.stats().committed, 0);
    drop(arena);
    assert_eq!(maps(), before, "mappings leak");
}

/// An arena between neighbours that the kernel has joined it with: to unmap it makes two mappings of one, which a
/// process that has as many as it may have is not allowed. Nobody can be told when it is dropped, so that must be no
/// panic; the addresses stay, without access.
fn mappings() {
    let most: usize =
        std::fs::read_to_string("/proc/sys/vm/max_map_count").expect("Linux has it").trim().parse().expect("a number");
    let page = rustix::param::page_size();
    let reserve = |len| {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: new address space, without access, takes the place of no other.
        unsafe { mmap_anonymous(std::ptr::null_mut(), len, ProtFlags::empty(), flags) }.expect("address space")
    };
    let arena_len = MIB + 2 * page;
    let around = reserve(3 * arena_len + MIB);
    // Where the arena looks first is 16 MiB below what it is to be near to, at a multiple of 64 KiB.
    let hole = (around as usize + arena_len).next_multiple_of(64 << 10);
    // SAFETY: a part of what was just reserved.
    unsafe { munmap(std::ptr::without_provenance_mut(hole), arena_len) }.expect("a hole");
    let near = (hole + 16 * MIB + arena_len) as u64;
    let arena = Arena::builder().mode(Mode::Flip).reserve(MIB).near(near).build().expect("memory");
    let code = constant(&arena, 1).expect("memory");
    assert!((hole..hole + arena_len).contains(&(code.address() as usize)), "not where it was to be");
    drop(code);
    arena.trim();

    // Every second page another access: a mapping each.
    let filler = reserve(2 * (most + 1) * page);
    // SAFETY: pages of the filler, which nobody else uses.
    let more = |n: usize| unsafe { mprotect(filler.byte_add(2 * n * page), page, MprotectFlags::READ) };
    let refused = (0..most).map(more).find_map(Result::err);
    drop(arena);
    // SAFETY: as above.
    unsafe { munmap(filler, 2 * (most + 1) * page) }.expect("only one end is split");
    assert_eq!(refused, Some(Errno::NOMEM));
    let at = |line: &&str| {
        let (low, high) = line.split_once(' ').expect("words").0.split_once('-').expect("two addresses");
        let [low, high] = [low, high].map(|text| usize::from_str_radix(text, 16).expect("an address"));
        low < hole + arena_len && hole < high
    };
    let left = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let left: Vec<_> = left.lines().filter(at).collect();
    assert!(matches!(left[..], [line] if line.contains("---p")), "{left:?}");
    // SAFETY: what was reserved, and what was left in its hole.
    unsafe { munmap(around, 3 * arena_len + MIB) }.expect("it may be done now");
}

#[test]
fn a_process_at_its_limits() {
    // qemu takes these limits for its own business, and keeps them from the program.
    let before = getrlimit(Resource::As);
    let wanted = Rlimit { current: Some(1 << 45), ..before };
    setrlimit(Resource::As, wanted).expect("more than there is");
    if getrlimit(Resource::As) != wanted {
        // x86-64 runs natively.
        assert_eq!(std::env::consts::ARCH, "aarch64");
        println!("no limits here: emulated");
        return;
    }
    setrlimit(Resource::As, before).expect("as it was");
    for mode in MODES {
        address_space(|| Arena::builder().mode(mode).reserve(32 * MIB), mode);
    }
    // Without memory for two views there is not enough for one, either.
    address_space(|| Arena::builder().reserve(32 * MIB), Mode::Dual);
    data();
    mappings();
}
