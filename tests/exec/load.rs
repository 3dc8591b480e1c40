//! Code of an encoder with memory of its own, loaded into an arena by one call.

use crate::support;
use support::*;
use tailfirst::{
    Align, Direction, Down, LinkError, Symbol, Symbols, Up,
    exec::{Arena, ExecError, Mode},
};

fn number<D: Direction>(enc: &mut Emitter<'_, D>, number: u16) {
    enc.in_order([0, 1], |enc, step| if step == 0 { load(enc, number) } else { enc.ret() });
}

/// In both directions, in each mode; and the same code twice.
#[test]
fn code_is_loaded() {
    fn all<D: Direction>() {
        for mode in MODES {
            let arena = Arena::builder().mode(mode).build().expect("memory");
            let mut enc: Emitter<'_, D> = tailfirst::Encoder::new();
            number(&mut enc, 42);
            let code = enc.finish().expect("no mistakes");
            let loaded = [0, 1].map(|_| arena.load(&code, |_| None).expect("memory"));
            for loaded in &loaded {
                assert_eq!(get(loaded), 42);
                assert_eq!(loaded.to_vec(), code.bytes());
            }
            assert_ne!(loaded[0].address(), loaded[1].address());
        }
    }
    all::<Down>();
    all::<Up>();
}

/// As many far targets as branches: each has a veneer, and there is room for all of them.
#[test]
fn veneers_have_room() {
    fn all<D: Direction>() {
        let targets = Arena::builder().reserve(1 << 20).near(1 << 44).build().expect("memory");
        let arena = Arena::new().expect("memory");
        let mut symbols = Symbols::new();
        let functions = [7, 8, 9].map(|number| constant(&targets, number).expect("memory"));
        assert!(functions.iter().all(|function| !arena.reaches(function.address())));
        for wanted in 0..functions.len() {
            let mut enc: Emitter<'_, D> = tailfirst::Encoder::new();
            // The one that is reached first is run.
            enc.in_order((0..functions.len()).map(|index| (wanted + index) % functions.len()), |enc, index| {
                jump(enc, symbols.at(functions[index].address()));
            });
            let code = enc.finish().expect("no mistakes");
            let code = arena.load(&code, |symbol| symbols.address_of(symbol)).expect("memory");
            assert_eq!(get(&code), [7, 8, 9][wanted]);
        }
    }
    all::<Down>();
    all::<Up>();
}

#[test]
fn what_cannot_be_loaded_is_reported() {
    let arena = Arena::new().expect("memory");
    let before = arena.stats();
    let mut enc = Encoder::new();
    jump(&mut enc, Symbol(5));
    let code = enc.finish().expect("no mistakes");
    let unknown = arena.load(&code, |_| None).map(|_| ());
    assert!(matches!(unknown, Err(ExecError::Link(LinkError::UnknownSymbol { symbol: Symbol(5), .. }))), "{unknown:?}");

    let mut enc = Encoder::new();
    enc.data(&vec![0; 65 << 20]);
    let code = enc.finish().expect("no mistakes");
    assert!(matches!(arena.load(&code, |_| None), Err(ExecError::Exhausted { .. })));
    assert_eq!(arena.stats().free, before.free);
}

/// Two small regions that share a page are not both at a multiple of its size.
#[test]
fn an_alignment_that_a_region_does_not_have_is_reported() {
    fn all<D: Direction>() {
        const PAGE: u32 = 4096;
        let arena = Arena::builder().mode(Mode::Dual).build().expect("memory");
        let mut enc: Emitter<'_, D> = tailfirst::Encoder::new();
        enc.align(Align::of::<PAGE>());
        number(&mut enc, 1);
        let code = enc.finish().expect("no mistakes");
        let loaded = [0, 1].map(|_| arena.load(&code, |_| None));
        let results = loaded.each_ref().map(|code| code.as_ref().map(get).map_err(|error| *error));
        assert!(results.contains(&Err(ExecError::Misaligned { alignment: PAGE })), "{results:?}");
    }
    all::<Down>();
    all::<Up>();
}

/// An address has one symbol, whoever asks.
#[test]
fn symbols_of_addresses() {
    let mut symbols = Symbols::new();
    let made = [8, 3, 8, u64::MAX, 3].map(|address| symbols.at(address));
    assert_eq!(made, [0, 1, 0, 2, 1].map(Symbol));
    assert_eq!([0, 1, 2, 3].map(|number| symbols.address_of(Symbol(number))), [Some(8), Some(3), Some(u64::MAX), None]);
}
