//! Executable memory: regions are written in place, run, freed and used again; what does not fit, or belongs elsewhere,
//! is an error.

#[cfg(target_os = "linux")]
use crate::support;
use std::ops::Range;
use std::{collections::HashSet, sync::mpsc, thread};
use support::*;
#[cfg(target_arch = "aarch64")]
use tailfirst::aarch64::A64 as Native;
#[cfg(target_arch = "x86_64")]
use tailfirst::x64::X64 as Native;
use tailfirst::{
    Down, FinishError, Symbol, Up,
    exec::{Arena, Branches, Builder, ExecCode, ExecError, Feature, Mode, Placed, RegionEncoder},
};

/// The builders that the tests try.
fn builders() -> Vec<Builder> {
    let mut builders = vec![];
    for mode in MODES {
        let plain = Arena::builder().mode(mode).reserve(1 << 20);
        builders.push(plain.clone());
        builders.push(plain.clone().guard_pages());
        builders.push(plain.clone().random_placement());
        builders.push(plain.branches(Branches::Marked).guard_pages().random_placement());
    }
    builders
}

/// Whether nothing is in use and all that is free is one piece.
#[track_caller]
fn empty(arena: &Arena) {
    let stats = arena.stats();
    assert_eq!((stats.free, stats.largest_free), (stats.reserved, stats.reserved), "{stats:?}");
    assert_eq!((stats.regions, stats.region_bytes, stats.codes, stats.code_bytes, stats.lost), (0, 0, 0, 0, 0));
}

/// Code that grows up fills a region from its start, and what lies above it goes back.
#[test]
fn assemblers_fill_regions_from_the_start() {
    for builder in builders() {
        let arena = builder.build().expect("memory");
        let mut codes = vec![];
        for number in 0..60_u16 {
            // Beside code that grew down, and of a length that is no whole number of lines.
            let down = constant(&arena, 1000 + number).expect("memory");
            let mut region = arena.region(3000).expect("memory");
            let (place, start) = (region.place(), region.run_start());
            let mut asm = Assembler::in_slice(region.bytes_mut());
            #[cfg(target_arch = "x86_64")]
            asm.endbr64();
            #[cfg(target_arch = "aarch64")]
            asm.bti(tailfirst::aarch64::BtiTarget::C);
            load(&mut asm, number);
            (0..usize::from(number) * 9).for_each(|_| asm.nop());
            asm.ret();
            let mut code = asm.finish().expect("a function without mistakes");
            let len = code.bytes().len();
            let placed = place.link(&mut code, |_| None).expect("in this region");
            let up = region.publish(placed).expect("memory");
            assert_eq!((up.len(), up.address()), (len, start));
            codes.push((number, up, down));
            if number % 3 == 0 {
                codes.remove(usize::from(number) / 3);
            }
        }
        for (number, up, down) in &codes {
            assert_eq!((get(up), get(down)), (u64::from(*number), 1000 + u64::from(*number)));
        }
        drop(codes);
        empty(&arena);
        arena.trim();
        assert_eq!(arena.stats().committed, 0);
    }
}

/// The process's mappings: addresses and permissions.
#[cfg(target_os = "linux")]
fn maps() -> Vec<(Range<u64>, String)> {
    let text = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let address = |text: &str| u64::from_str_radix(text, 16).expect("hexadecimal");
    let line = |line: &str| {
        let (range, rest) = line.split_once(' ').expect("words");
        let (low, high) = range.split_once('-').expect("a range");
        (address(low)..address(high), rest[..4].to_string())
    };
    text.lines().map(line).collect()
}

/// The permissions at an address; nothing mapped has none.
#[cfg(target_os = "linux")]
fn permissions(address: u64) -> String {
    let found = maps().into_iter().find(|(range, _)| range.contains(&address));
    found.map_or("----".to_string(), |(_, permissions)| permissions)
}

#[test]
fn code_runs_and_its_memory_comes_back() {
    for builder in builders() {
        let arena = builder.build().expect("memory");
        let mut codes: Vec<(u16, ExecCode)> = vec![];
        for number in 0..60 {
            codes.push((number, constant(&arena, number).expect("memory")));
            if number % 3 == 0 {
                codes.remove(usize::from(number) / 3);
            }
        }
        assert_eq!(arena.stats().codes, codes.len());
        let places: HashSet<u64> = codes.iter().map(|(_, code)| code.address()).collect();
        assert_eq!(places.len(), codes.len());
        for (number, code) in &codes {
            assert_eq!(get(code), u64::from(*number));
        }
        drop(codes);
        empty(&arena);
        arena.trim();
        assert_eq!(arena.stats().committed, 0);
        assert_eq!(get(&constant(&arena, 7).expect("memory")), 7);
    }
}

#[test]
fn an_encoder_writes_where_the_code_will_be() {
    for mode in MODES {
        let arena = Arena::builder().mode(mode).build().expect("memory");
        assert_eq!(arena.mode(), mode);
        let region = arena.region(1000).expect("memory");
        assert!(region.len() >= 1000);
        let end = region.run_end();
        let (code, [start]) = publish(
            region,
            |_| None,
            |enc| {
                enc.ret();
                load(enc, 3);
                [enc.here()]
            },
        )
        .expect("memory");
        assert_eq!((code.address() + code.len() as u64, start), (end, 0));
        assert_eq!(end % 64, 0);
        // The rest is free again: the next region ends where this code begins, down to the granule.
        let next = arena.region(1000).expect("memory");
        let gap = code.address() - next.run_end();
        assert!(gap < if mode == Mode::Dual { 64 } else { 4096 * 16 }, "{gap} bytes lie idle");
    }
}

#[test]
fn traces_reach_one_another() {
    for mode in MODES {
        let arena = Arena::builder().mode(mode).reserve(Arena::MOST).build().expect("memory");
        let first = constant(&arena, 5).expect("memory");
        assert!(arena.reaches(first.address()));
        for _ in 0..20 {
            let (code, []) = publish(
                arena.region(Arena::MOST / 32).expect("memory"),
                |_| Some(first.address()),
                |enc| {
                    jump(enc, Symbol(1));
                    []
                },
            )
            .expect("near");
            assert_eq!(get(&code), 5);
        }
    }
}

#[test]
fn far_functions_are_called_through_stubs() {
    for builder in builders() {
        let far = Arena::builder().reserve(1 << 16).build().expect("memory");
        let arena = builder.near(1 << 44).build().expect("memory");
        if !LIVE.contains(&arena.mode()) {
            // Stubs come to others that may be running.
            let unsupported = ExecError::Unsupported { mode: arena.mode(), what: Feature::LivePatches };
            assert_eq!(arena.callable(1), Err(unsupported));
            continue;
        }
        let targets: Vec<ExecCode> = (0..300).map(|n| constant(&far, n).expect("memory")).collect();
        let far_codes = targets.iter().map(ExecCode::address);
        assert!(far_codes.clone().all(|address| !arena.reaches(address)), "not far");
        for (n, target) in far_codes.enumerate() {
            let near = arena.callable(target).expect("memory");
            assert!(near != target && arena.reaches(near));
            assert_eq!(arena.callable(target), Ok(near));
            let (code, []) = publish(
                arena.region(64).expect("memory"),
                |_| Some(near),
                |enc| {
                    jump(enc, Symbol(3));
                    entry(enc);
                    []
                },
            )
            .expect("near");
            assert_eq!(get(&code), n as u64);
        }
        let stats = arena.stats();
        assert!(stats.codes == 0 && stats.far_bytes >= 300 * 16, "{stats:?}");
        assert_eq!(stats.free + stats.far_bytes, stats.reserved);
    }
}

#[test]
fn code_goes_to_its_own_region_only() {
    let arena = Arena::builder().build().expect("memory");
    let mut region = arena.region(100).expect("memory");
    let other = arena.region(100).expect("memory");
    let (place, wrong) = (region.place(), other.place());
    let mut enc = Encoder::in_slice(region.bytes_mut());
    enc.ret();
    let mut code = enc.finish().expect("no mistake");
    assert_eq!(wrong.link(&mut code, |_| None).map(|_| ()), Err(ExecError::ForeignCode));
    let placed = place.link(&mut code, |_| None).expect("its own");
    assert_eq!(other.publish(placed.clone()).map(|_| ()), Err(ExecError::ForeignCode));
    let code = region.publish(placed).expect("memory");
    let mut elsewhere = Encoder::new();
    elsewhere.ret();
    let mut elsewhere = elsewhere.finish().expect("no mistake");
    assert_eq!(place.link(&mut elsewhere, |_| None).map(|_| ()), Err(ExecError::ForeignCode));
    assert_eq!(place.code(129).map(|_| ()), Err(ExecError::TooLong { len: 129, region: 128 }));
    assert_eq!(
        code.function::<Get>(code.len()).map(|_| ()),
        Err(ExecError::Entry { offset: code.len(), len: code.len() })
    );
    assert!(code.function::<Get>(usize::MAX).is_err());
    drop(code);
    empty(&arena);
}

#[test]
fn a_region_that_is_too_small_says_how_large_it_should_be() {
    let arena = Arena::builder().build().expect("memory");
    let mut region = arena.region(64).expect("memory");
    let emit = |enc: &mut Encoder<'_>| {
        for _ in 0..1000 {
            enc.nop();
        }
        enc.finish().map(|code| code.bytes().len())
    };
    let Err(FinishError::OutOfSpace { needed }) = emit(&mut Encoder::in_slice(region.bytes_mut())) else {
        panic!("64 bytes hold no 1000 instructions")
    };
    drop(region);
    let mut region = arena.region(needed).expect("memory");
    assert_eq!(emit(&mut Encoder::in_slice(region.bytes_mut())), Ok(needed));
}

#[test]
fn what_cannot_be_had_is_an_error() {
    let most = Arena::MOST;
    assert_eq!(
        Arena::builder().reserve(most + 1).build().map(|_| ()),
        Err(ExecError::Reserve { asked: most + 1, most })
    );
    assert!(Arena::builder().reserve(usize::MAX).build().is_err());
    for mode in MODES {
        let arena = Arena::builder().mode(mode).reserve(1 << 20).build().expect("memory");
        let half = arena.region(1 << 19).expect("memory");
        let full = arena.region((1 << 19) + 1).map(|_| ());
        let Err(ExecError::Exhausted { asked, largest, free }) = full else { panic!("{full:?}") };
        assert!(asked > 1 << 19 && (largest, free) == (1 << 19, 1 << 19));
        assert!(matches!(arena.region(usize::MAX).map(|_| ()), Err(ExecError::Exhausted { .. })));
        let rest = arena.region(1 << 19).expect("memory");
        drop((half, rest));
        empty(&arena);
    }
}

#[test]
fn the_limit_holds() {
    for builder in builders() {
        let arena = builder.limit(256 << 10).build().expect("memory");
        let mut held = vec![];
        let error = loop {
            match arena.region(30_000) {
                Ok(region) => held.push(region),
                Err(error) => break error,
            }
            assert!(arena.stats().committed <= 256 << 10);
        };
        let ExecError::Limit { asked, committed, limit } = error else { panic!("{error:?}") };
        assert!(limit == 256 << 10 && committed <= limit && asked + committed > limit);
        // At random places, each may open two chunks.
        assert!(held.len() >= 2, "{} regions of 256 KiB", held.len());
        // What is unused does not count against others.
        held.clear();
        let large = arena.region(100 << 10).expect("all is unused, and given back as needed");
        drop(large);
        empty(&arena);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_writable_and_executable() {
    let never_both = || {
        for (range, permissions) in maps() {
            assert!(!(permissions.contains('w') && permissions.contains('x')), "{range:x?} is {permissions}");
        }
    };
    for builder in builders() {
        let arena = builder.build().expect("memory");
        let mut region = arena.region(10_000).expect("memory");
        region.bytes_mut().fill(0);
        never_both();
        let run = region.run_end() - 1;
        let written = region.bytes_mut().as_ptr().addr() as u64;
        assert_eq!(&permissions(written)[..3], "rw-");
        let (code, []) = publish(
            region,
            |_| None,
            |enc| {
                enc.ret();
                load(enc, 1);
                entry(enc);
                []
            },
        )
        .expect("memory");
        never_both();
        assert_eq!(&permissions(run)[..3], "r-x");
        assert_eq!(get(&code), 1);
        drop(code);
        arena.trim();
        assert_eq!(&permissions(run)[..3], "---", "freed and given back");
        never_both();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn guard_pages_lie_around_regions() {
    for mode in MODES {
        let arena = Arena::builder().mode(mode).guard_pages().build().expect("memory");
        let page = 4096;
        let regions = [arena.region(1).expect("memory"), arena.region(3 * page).expect("memory")];
        for region in &regions {
            let start = region.run_end() - region.len() as u64;
            for beyond in [start - 1, start - page as u64, region.run_end()] {
                assert_eq!(&permissions(beyond)[..3], "---");
            }
        }
        let codes = regions.map(|region| {
            let placed = region.place().code(region.len().min(5000)).expect("it is as long");
            region.publish(placed).expect("memory")
        });
        for code in &codes {
            let start = code.address() / page as u64 * page as u64;
            assert_eq!(&permissions(start)[..3], "r-x");
            assert_eq!(&permissions(start - 1)[..3], "---");
        }
        drop(codes);
        empty(&arena);
    }
}

#[test]
fn random_places_differ() {
    let arena = Arena::builder().random_placement().reserve(32 << 20).build().expect("memory");
    let mut places = HashSet::new();
    for _ in 0..32 {
        places.insert(arena.region(64).expect("memory").run_end());
    }
    // Two in the same of 2^19 places are unlikely, eight are impossible.
    assert!(places.len() > 24, "{places:x?}");
    let arena = Arena::builder().reserve(32 << 20).build().expect("memory");
    let place = || arena.region(64).expect("memory").run_end();
    assert_eq!(place(), place());
}

#[test]
fn freed_code_traps() {
    let arena = Arena::builder().mode(Mode::Dual).build().expect("memory");
    let code = constant(&arena, 1).expect("memory");
    let len = code.len();
    drop(code);
    let mut region = arena.region(64).expect("memory");
    let freed = &region.bytes_mut()[64 - len..];
    let trap = if cfg!(target_arch = "x86_64") { 0xCC } else { 0 };
    assert!(freed.iter().all(|&byte| byte == trap), "{freed:x?}");
}

/// The column of the documentation's table that says "yes"; what says "no" does not compile in that type's own
/// documentation.
#[test]
fn what_may_change_threads() {
    fn sent<T: Send>() {}
    fn shared<T: Sync>() {}
    sent::<Arena>();
    shared::<Arena>();
    sent::<RegionEncoder<Native>>();
    sent::<RegionEncoder<Native, Up>>();
    sent::<Placed>();
    sent::<ExecCode>();
    shared::<ExecCode>();
}

#[test]
fn threads_share_an_arena() {
    for builder in builders() {
        let arena = builder.reserve(16 << 20).build().expect("memory");
        let (sender, receiver) = mpsc::channel::<(u16, ExecCode)>();
        thread::scope(|scope| {
            for thread in 0..3 {
                let (arena, sender) = (arena.clone(), sender.clone());
                scope.spawn(move || {
                    for n in 0..100 {
                        let number = thread * 1000 + n;
                        let code = constant(&arena, number).expect("memory");
                        assert_eq!(get(&code), u64::from(number));
                        sender.send((number, code)).expect("the receiver waits for all");
                    }
                });
            }
            drop(sender);
            for (number, code) in receiver {
                assert_eq!(get(&code), u64::from(number));
            }
        });
        empty(&arena);
    }
}

#[test]
fn code_outlives_the_arena() {
    let code = constant(&Arena::builder().build().expect("memory"), 11).expect("memory");
    assert_eq!(thread::spawn(move || get(&code)).join().expect("no panic"), 11);
}

/// While an encoder holds a region's bytes, its place tells where they will run, and what near branches reach from
/// there.
#[test]
fn a_place_answers_while_an_encoder_writes() {
    for mode in MODES {
        let arena = Arena::builder().mode(mode).build().expect("memory");
        for up in [false, true] {
            let mut region = arena.region(1000).expect("memory");
            let (start, end, len) = (region.run_start(), region.run_end(), region.len());
            let ends = [start, end, end - 1, start ^ 1 << 40, start.wrapping_sub(1 << 31), end + (1 << 31)];
            let reached = ends.map(|address| region.reaches(address));
            let place = region.place();
            let mut down = Encoder::in_slice(region.bytes_mut());
            let (code, at) = if up {
                drop(down);
                let mut asm = Assembler::in_slice(region.bytes_mut());
                asm.nop();
                let at = place.run_start() + u64::from(asm.pos().from_base());
                asm.nop();
                assert_eq!((place.run_start(), place.run_end(), place.len()), (start, end, len));
                assert_eq!(ends.map(|address| place.reaches(address)), reached);
                (place.link(&mut asm.finish().expect("no label"), |_| None), at)
            } else {
                down.nop();
                down.nop();
                let at = place.run_end() - u64::from(down.pos().from_base());
                assert_eq!((place.run_start(), place.run_end(), place.len()), (start, end, len));
                assert_eq!(ends.map(|address| place.reaches(address)), reached);
                (place.link(&mut down.finish().expect("no label"), |_| None), at)
            };
            assert_eq!(reached, [true, true, true, false, false, false]);
            let code = region.publish(code.expect("it is there")).expect("memory");
            let nop = code.len() as u64 / 2;
            assert_eq!(code.address() + if up { nop } else { 0 }, at);
        }
    }
}

/// An encoder that owns its region is as one that borrows it, and may move about.
#[test]
fn an_encoder_owns_its_region() {
    for mode in MODES {
        let arena = Arena::builder().mode(mode).build().expect("memory");
        let region = arena.region(1000).expect("memory");
        let (start, end) = (region.run_start(), region.run_end());
        let mut down = vec![region.into_encoder::<Native, Down>()];
        down.reserve(100);
        let other = arena.region(64).expect("memory").into_encoder::<Native, Up>();
        let mut owner = down.pop().expect("there is one");
        owner.write(|enc| enc.ret());
        let entry = owner.write(|enc| {
            load(enc, 7);
            enc.here()
        });
        let place = owner.place();
        assert_eq!((place.run_start(), place.run_end()), (start, end));
        let code = owner.finish().expect("no mistakes");
        let offset = code.offset_of(entry).expect("bound");
        let placed = code.link(|_| None).expect("in this region");
        let code = owner.into_region().publish(placed).expect("memory");
        assert_eq!(code.address() + code.len() as u64, end);
        // SAFETY: such a function was emitted there.
        assert_eq!(unsafe { code.function::<Get>(offset).expect("inside")() }, 7);
        // A region that comes back is as it was, and so is the memory of one that does not.
        let mut region = other.into_region();
        assert!(region.bytes_mut().len() >= 64);
        drop((region, arena.region(100).expect("memory").into_encoder::<Native, Down>()));
        assert_eq!((arena.stats().regions, arena.stats().codes), (0, 1));
    }
}

/// An encoder that owns its region is made in one thread, writes and is finished in others, and is published in a
/// third: the code is where the first one said.
#[test]
fn an_encoder_changes_threads() {
    for mode in MODES {
        let arena = Arena::builder().mode(mode).build().expect("memory");
        let encoders = [1, 2, 3].map(|value| (value, arena.region(64).expect("memory").into_encoder::<Native, Down>()));
        let ends = encoders.each_ref().map(|(_, owner)| owner.place().run_end());
        let written = encoders.map(|(value, mut owner)| {
            let write = move || {
                let entry = owner.write(|enc| {
                    enc.ret();
                    load(enc, value);
                    enc.here()
                });
                owner.finish().expect("no mistakes");
                (entry, owner)
            };
            std::thread::spawn(write).join().expect("no panic")
        });
        let codes = std::thread::spawn(move || {
            written.map(|(entry, mut owner)| {
                let code = owner.finish().expect("nor now");
                let offset = code.offset_of(entry).expect("bound");
                let placed = code.link(|_| None).expect("in this region");
                (owner.into_region().publish(placed).expect("memory"), offset)
            })
        });
        let codes = codes.join().expect("no panic");
        for (index, (code, offset)) in codes.iter().enumerate() {
            assert_eq!(code.address() + code.len() as u64, ends[index]);
            // SAFETY: such a function was emitted there.
            assert_eq!(unsafe { code.function::<Get>(*offset).expect("inside")() }, index as u64 + 1);
        }
        drop(codes);
        assert_eq!((arena.stats().regions, arena.stats().codes), (0, 0));
    }
}

/// What a closure puts in the encoder's place has memory of its own, and its code is not in the region.
#[test]
fn an_encoder_that_was_exchanged_is_not_in_the_region() {
    let arena = Arena::builder().build().expect("memory");
    let mut owner = arena.region(64).expect("memory").into_encoder::<Native, Down>();
    owner.write(|enc| {
        enc.nop();
        *enc = tailfirst::Encoder::new();
        enc.nop();
    });
    let code = owner.finish().expect("no mistakes");
    assert!(matches!(code.link(|_| None), Err(ExecError::ForeignCode)));
}

/// Each convention has functions that may unwind, too, and with any number of parameters.
#[test]
fn conventions() {
    fn is_one<F: tailfirst::exec::EntryPoint>() {}
    is_one::<unsafe extern "C" fn()>();
    is_one::<unsafe extern "C-unwind" fn() -> u64>();
    type U = u64;
    is_one::<unsafe extern "C-unwind" fn(U, U, U, U, U, U, U, U, U, U, U, U)>();
    #[cfg(target_arch = "x86_64")]
    {
        is_one::<unsafe extern "sysv64" fn(u8)>();
        is_one::<unsafe extern "win64" fn(u8)>();
        is_one::<unsafe extern "sysv64-unwind" fn(u8)>();
        is_one::<unsafe extern "win64-unwind" fn(u8)>();
    }
}

/// Functions have up to twelve parameters.
#[test]
fn parameters() {
    #[cfg(target_arch = "x86_64")]
    fn sixth(enc: &mut Encoder<'_>) {
        use tailfirst::x64::*;
        enc.ret();
        enc.mov_r64_rm64(RAX, R9);
    }
    #[cfg(target_arch = "aarch64")]
    fn sixth(enc: &mut Encoder<'_>) {
        use tailfirst::aarch64::*;
        enc.ret();
        enc.mov_x(X0, X5);
    }
    #[cfg(target_arch = "x86_64")]
    type Sixth = unsafe extern "sysv64" fn(u8, u16, *const u8, f64, u32, u64, *mut u64, u64) -> u64;
    #[cfg(target_arch = "aarch64")]
    type Sixth = unsafe extern "C" fn(u8, u16, *const u8, f64, u32, u64, *mut u64, u64) -> u64;
    let arena = Arena::builder().build().expect("memory");
    let (code, []) = publish(
        arena.region(64).expect("memory"),
        |_| None,
        |enc| {
            sixth(enc);
            []
        },
    )
    .expect("memory");
    let function = code.function::<Sixth>(0).expect("the start");
    // SAFETY: the function touches none of its arguments but the sixth integer.
    let result = unsafe { function(1, 2, std::ptr::null(), 0.5, 4, 5, std::ptr::without_provenance_mut(6), 7) };
    assert_eq!(result, 6);
}
