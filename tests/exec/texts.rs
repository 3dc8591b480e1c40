//! Texts of errors, and of `Debug`, tell nobody where anything is: a log may be read by whoever sent the program that
//! was compiled.

use crate::support;
use support::*;
use tailfirst::{
    LinkError, Range, RelocationTarget, Symbol,
    exec::{Arena, ExecError, Feature, Mode, Patch, PatchError, Request, Site, SiteKind, Value},
};

/// An address, and a distance, that are in no text by chance.
const ADDRESS: u64 = 0x0000_7A5C_3E1D_9B84;
const DISTANCE: i64 = 0x0000_2F6B_8D4C_1A70;
/// A B instruction, whose field is a distance.
const INSTRUCTION: u32 = 0x14D5_B9E7;

/// So many digits in a row are no chance.
const PART: usize = 7;

/// A text has no run of digits that could be a part of one of the numbers, whatever the base.
#[track_caller]
fn hides(text: &str, numbers: &[u64]) {
    let text = text.to_lowercase().replace('_', "");
    for number in numbers {
        for digits in [format!("{number:x}"), format!("{number}"), format!("{}", number.wrapping_neg())] {
            for part in digits.as_bytes().windows(PART.min(digits.len())) {
                let part = std::str::from_utf8(part).expect("digits");
                // A round number's zeros are anybody's.
                assert!(part.contains("00000") || !text.contains(part), "{part} of {digits} is in: {text}");
            }
        }
    }
}

const SECRET: [u64; 3] = [ADDRESS, DISTANCE as u64, INSTRUCTION as u64];

/// `{}`, `{:?}` and `{:#?}`.
#[track_caller]
fn hidden_in(error: impl std::error::Error) {
    for text in [format!("{error}"), format!("{error:?}"), format!("{error:#?}")] {
        assert!(!text.is_empty());
        hides(&text, &SECRET);
    }
}

#[test]
fn errors() {
    let range = Range { low: -64, high: 60, step: 4 };
    let link = [
        LinkError::UnknownSymbol { symbol: Symbol(9), from: 24 },
        LinkError::OutOfRange { target: RelocationTarget::Symbol(Symbol(9)), from: 24, distance: DISTANCE, range },
        LinkError::OutOfRange { target: RelocationTarget::Offset(16), from: 24, distance: -DISTANCE, range },
    ];
    for error in link {
        // A new variant wants a line above.
        match error {
            LinkError::UnknownSymbol { .. } | LinkError::OutOfRange { .. } => {}
            _ => unreachable!(),
        }
        hidden_in(error);
        hidden_in(ExecError::from(error));
        hidden_in(PatchError::from(ExecError::from(error)));
    }
    let mut exec = vec![
        ExecError::Reserve { asked: 24, most: 16 },
        ExecError::Exhausted { asked: 24, largest: 16, free: 20 },
        ExecError::Limit { asked: 24, committed: 16, limit: 20 },
        ExecError::ForeignCode,
        ExecError::TooLong { len: 24, region: 16 },
        ExecError::Misaligned { alignment: 128 },
        ExecError::Entry { offset: 24, len: 16 },
    ];
    for request in [Request::Reserve, Request::Share, Request::Commit, Request::Protect, Request::Replace] {
        exec.push(ExecError::System { request, code: 12 });
    }
    for what in [Feature::Mode, Feature::GuardPages, Feature::LivePatches] {
        exec.push(ExecError::Unsupported { mode: Mode::Flip, what });
    }
    exec.into_iter().for_each(|error| {
        hidden_in(error);
        hidden_in(PatchError::from(error));
    });
    use SiteKind::*;
    for kind in [X64Rel32, X64Imm32, X64Imm64, A64Branch, A64Conditional, A64Literal, Slot] {
        let site = Site { offset: 24, kind };
        hidden_in(PatchError::Outside { site, len: 16 });
        hidden_in(PatchError::Misaligned { site, at: 5 });
        hidden_in(PatchError::Running { site });
        hidden_in(PatchError::Unsynchronized(ExecError::ForeignCode));
        hidden_in(PatchError::ForeignSite { site });
        hidden_in(PatchError::OutOfRange { site, distance: DISTANCE, range });
        hidden_in(PatchError::OutOfRange { site, distance: -DISTANCE, range });
        hidden_in(PatchError::Instruction { site, word: INSTRUCTION });
        let low = ADDRESS as i32;
        for value in [Value::Target(ADDRESS), Value::U64(ADDRESS), Value::I32(low), Value::Instruction(INSTRUCTION)] {
            hidden_in(PatchError::Width { site, value });
        }
    }
}

#[test]
fn debug_of_everything_else() {
    let near = ADDRESS & !0xFFFF;
    let builder = Arena::builder().near(near);
    hides(&format!("{builder:?}"), &[near]);
    let arena = builder.build().expect("memory");
    let mut region = arena.region(256).expect("memory");
    let (place, end) = (region.place(), region.run_end());
    let start = end - region.len() as u64;
    let write = region.bytes_mut().as_ptr().addr() as u64;
    let far = end ^ 1 << 45 ^ 0x1234_5670_0000;
    let mut texts = vec![format!("{arena:?} {region:?} {place:?}")];

    let mut enc = Encoder::in_slice(region.bytes_mut());
    jump(&mut enc, Symbol(3));
    let mut code = enc.finish().expect("no mistake");
    let placed = place.link(&mut code, |_| Some(far)).expect("led by a veneer");
    texts.push(format!("{placed:?}"));
    let code = region.publish(placed).expect("memory");
    texts.push(format!("{code:?} {:?}", code.function::<Get>(0)));

    let (code, [word]) =
        publish(arena.region(256).expect("memory"), |_| None, |enc| [patchable_word(enc)]).expect("memory");
    let site = code.patch_site(word_site(word)).expect("aligned");
    let patch = Patch { site, value: Value::U64(far) };
    texts.push(format!("{patch:?}"));
    for text in texts {
        hides(&text, &[start, end, write, far, far.wrapping_sub(end)]);
    }
}

/// What tools are told of has an address, and does not tell it to others.
#[cfg(all(feature = "debug-info", target_os = "linux"))]
#[test]
fn debug_information() {
    use tailfirst::debug::{Function, GdbRegistration, JitDump};

    let function = Function::new("f", ADDRESS, &[0xC3]);
    hides(&format!("{function:?}"), &SECRET);
    hides(&format!("{:?}", GdbRegistration::new(&function)), &SECRET);
    let directory = std::env::temp_dir().join(format!("tailfirst-texts-{}", std::process::id()));
    std::fs::create_dir(&directory).expect("a new name");
    let dump = JitDump::new(&directory).expect("a directory that is not mounted noexec");
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let mapped = maps.lines().find(|line| line.ends_with(".dump")).and_then(|line| line.split('-').next());
    let mapped = u64::from_str_radix(mapped.expect("mapped"), 16).expect("an address");
    hides(&format!("{dump:?}"), &[mapped]);
    std::fs::remove_dir_all(directory).expect("made above");

    #[cfg(target_env = "gnu")]
    {
        use tailfirst::{debug::UnwindRegistration, unwind::Unwind};
        let mut enc = Encoder::new();
        enc.ret();
        let eh_frame = Unwind::new().table(&enc.finish().expect("no mistake")).expect("no rules").eh_frame(ADDRESS);
        // SAFETY: nothing runs at that address.
        let registration = unsafe { UnwindRegistration::new(&eh_frame) };
        // By its bytes, it would be said in decimal.
        let text = format!("{registration:?}");
        hides(&text, &SECRET);
        assert!(text.len() < 100, "{text}");
    }
}
