//! Snapshots in code that grows in either direction, and in blocks of both.

use tailfirst::{
    Align, Direction, Down, Encoder, FinishError, Isa, Label, Late, SiteKind, Snapshot, Symbol, Up,
    aarch64::{self, A64},
    block,
    x64::{self, X64},
};
use tailfirst_roundtrip::side::{Blocks, Side};

/// What is placed and dropped, of everything that an encoder lists.
trait Machine: Isa + Sized {
    fn everything<D: Direction>(enc: &mut Encoder<'_, Self, D>, label: Label, late: Late);
}

fn common<I: Isa, D: Direction>(enc: &mut Encoder<'_, I, D>, label: Label, late: Late) {
    enc.data(&[0x55; 7]);
    enc.data_offset(label);
    enc.data_address(Symbol(1));
    enc.align_code(Align::of::<16>());
    enc.constant_u64(0x5555_5555);
    enc.place_pool();
    enc.constant_u64(0x5656_5656);
    enc.data_aligned(&[0x55; 3], Align::of::<64>());
    enc.cold(|enc| {
        let inside = enc.here();
        enc.data_offset(label);
        enc.data_aligned(&[0x55; 3], Align::of::<128>());
        enc.constant_u64(0x5555_5555);
        enc.data_address(inside);
    });
    enc.place_cold();
    enc.cold(|enc| enc.data(&[0x55; 5]));
    let (own, own_late) = (enc.label(), enc.late());
    enc.bind(own);
    enc.set_late(own_late, 1);
    enc.set_late(late, 2);
    enc.bind(label);
}

impl Machine for X64 {
    fn everything<D: Direction>(enc: &mut Encoder<'_, Self, D>, label: Label, late: Late) {
        use x64::{RAX, RSP};
        enc.jmp(label);
        enc.with_late(late, |enc, imm: i32| enc.add_rm64_imm(RSP, imm));
        enc.patchable(SiteKind::X64Rel32, |enc| enc.call(Symbol(1)));
        enc.aligned(Align::of::<32>(), |enc| enc.mov_r64_rm64(RAX, label));
        common(enc, label, late);
    }
}

impl Machine for A64 {
    fn everything<D: Direction>(enc: &mut Encoder<'_, Self, D>, label: Label, late: Late) {
        use aarch64::{AddImm, X1};
        enc.cbz_x(X1, label);
        enc.with_late(late, |enc, imm: AddImm| enc.add_x_imm(X1, X1, imm));
        enc.patchable(SiteKind::A64Branch, |enc| enc.bl(Symbol(1)));
        enc.aligned(Align::of::<32>(), |enc| enc.ldr_x_lit(X1, label));
        common(enc, label, late);
    }
}

/// Places something and drops it.
type Way<I, D> = dyn Fn(&mut Encoder<'_, I, D>, Label, Late);

/// Where it is dropped: directly, in a block that is dropped whole, and inside a block that stays.
fn nothing_is_left_of_what_is_dropped<I: Machine, D: Blocks>()
where
    D::Other: Blocks<Other = D>,
{
    let program = |drop: &Way<I, D>, is_inside: bool| {
        let mut enc = Encoder::<I, D>::new();
        let (label, late) = (enc.label(), enc.late());
        enc.data(&[1, 2, 3, 4]);
        let kept = enc.constant_u64(7);
        drop(&mut enc, label, late);
        if is_inside {
            D::block(&mut enc, |enc| {
                enc.data(&[5, 6, 7, 8]);
                for _ in 0..2 {
                    let before = enc.snapshot();
                    I::everything(enc, label, late);
                    D::Other::block(enc, |enc| I::everything(enc, label, late));
                    enc.rollback(before);
                }
                enc.data(&[9, 10, 11, 12]);
            });
        } else {
            D::block(&mut enc, |enc| {
                enc.data(&[5, 6, 7, 8]);
                enc.data(&[9, 10, 11, 12]);
            });
        }
        enc.data_offset(label);
        enc.bind(label);
        enc.set_late(late, 3);
        let code = enc.finish().expect("each is bound and set once");
        let mut data: Vec<_> = code.data().collect();
        data.sort_by_key(|range| range.start);
        let places = (code.offset_of(label), code.offset_of(kept), D::alignment(&code), code.relocations().len());
        (code.bytes().to_vec(), data, places)
    };
    let expected = program(&|_, _, _| (), false);
    let ways: [&Way<I, D>; 4] = [
        &|_, _, _| (),
        &|enc, label, late| {
            let before = enc.snapshot();
            for _ in 0..2 {
                I::everything(enc, label, late);
                enc.rollback(before);
            }
        },
        &|enc, label, late| {
            let before = enc.snapshot();
            for _ in 0..2 {
                D::block(enc, |enc| I::everything(enc, label, late));
                enc.rollback(before);
            }
        },
        &|enc, label, late| {
            let before = enc.snapshot();
            D::block(enc, |enc| D::Other::block(enc, |enc| I::everything(enc, label, late)));
            let later = enc.snapshot();
            enc.data(&[0x55]);
            enc.rollback(later);
            enc.rollback(before);
        },
    ];
    for (number, way) in ways.into_iter().enumerate() {
        for is_inside in [false, true] {
            assert_eq!(program(way, is_inside), expected, "{number}, {is_inside}");
        }
    }
}

#[test]
fn nothing_is_left_of_what_is_dropped_x64() {
    nothing_is_left_of_what_is_dropped::<X64, Down>();
    nothing_is_left_of_what_is_dropped::<X64, Up>();
}

#[test]
fn nothing_is_left_of_what_is_dropped_aarch64() {
    nothing_is_left_of_what_is_dropped::<A64, Down>();
    nothing_is_left_of_what_is_dropped::<A64, Up>();
}

/// A label that is bound at the snapshot's place stays bound, and one that is bound there later is pending again.
#[test]
fn labels_bound_at_the_snapshots_place() {
    fn check<D: Side>() {
        let mut enc = x64::Emitter::<D>::new();
        let (before, after) = (enc.label(), enc.label());
        enc.ret();
        enc.bind(before);
        let snapshot = enc.snapshot();
        enc.bind(after);
        let made = enc.here();
        enc.jmp(after);
        enc.rollback(snapshot);
        assert_eq!((enc.pos_of(before), enc.pos_of(after), enc.pos_of(made)), (Some(enc.pos()), None, None));
        enc.jmp(after);
        enc.nop();
        enc.bind(after);
        // Near, since it is pending; over its own bytes and the NOP, or over the NOP.
        let jmp = [&[0xE9][..], &D::lower(1_i32, -6).to_le_bytes()].concat();
        let expected = D::reading_order(vec![vec![0xC3], jmp, vec![0x90]]).concat();
        assert_eq!(enc.finish().expect("all labels are bound").bytes(), expected);
    }
    check::<Down>();
    check::<Up>();
}

/// A full slice, in steps of every size around its end.
#[test]
fn a_slice_that_had_overflowed() {
    fn check<D: Side>() {
        for room in 0..40 {
            for kept in 0..=room {
                let mut memory = vec![0xEE; room + 16];
                let mut enc = x64::Emitter::<D>::in_slice(&mut memory[8..8 + room]);
                (0..kept).for_each(|_| enc.cld());
                let snapshot = enc.snapshot();
                (0..9).for_each(|_| enc.mov_r64_imm64(x64::RAX, -1));
                enc.data(&[0xAA; 100]);
                enc.forward(|asm| asm.backward(|enc| enc.data(&[0xAA; 10])));
                assert!(matches!(enc.finish(), Err(FinishError::OutOfSpace { needed }) if needed == kept + 200));
                enc.rollback(snapshot);
                assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(vec![0xFC; kept]));
                (kept..room).for_each(|_| enc.stc());
                let expected = D::reading_order(vec![vec![0xFC; kept], vec![0xF9; room - kept]]).concat();
                assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(expected));
                drop(enc);
                assert_eq!((&memory[..8], &memory[8 + room..]), (&[0xEE; 8][..], &[0xEE; 8][..]));
            }
        }
    }
    check::<Down>();
    check::<Up>();
}

/// A snapshot is of one block: from outside it does not serve inside, nor from inside outside or in the next block.
#[test]
fn a_snapshot_of_another_block() {
    fn check<D: Blocks>()
    where
        D::Other: Blocks<Other = D>,
    {
        let is_foreign = |enc: &mut x64::Emitter<'_, D>| enc.finish().err() == Some(FinishError::ForeignSnapshot);
        let mut enc = x64::Emitter::<D>::new();
        enc.nop();
        let outside = enc.snapshot();
        D::block(&mut enc, |enc| {
            enc.nop();
            enc.rollback(outside);
        });
        assert!(is_foreign(&mut enc));

        for (is_next, is_nested) in [(false, false), (true, false), (false, true), (true, true)] {
            enc.clear();
            let mut inside: Option<Snapshot> = None;
            D::block(&mut enc, |enc| {
                enc.nop();
                inside = Some(enc.snapshot());
                enc.nop();
            });
            let inside = inside.expect("it has run");
            match (is_next, is_nested) {
                (false, false) => enc.rollback(inside),
                (true, false) => D::block(&mut enc, |enc| {
                    block!(enc; nop(); nop());
                    enc.rollback(inside);
                }),
                (false, true) => D::block(&mut enc, |enc| D::Other::block(enc, |enc| enc.rollback(inside))),
                // The outer one has the memory of the first block.
                (true, true) => D::block(&mut enc, |enc| {
                    enc.nop();
                    D::Other::block(enc, |enc| enc.nop());
                    enc.rollback(inside);
                }),
            }
            assert!(is_foreign(&mut enc), "{is_next} {is_nested}");
        }
        // Of the block around, in the block inside: what is dropped is not the inner one's.
        enc.clear();
        D::block(&mut enc, |enc| {
            let around = enc.snapshot();
            D::Other::block(enc, |enc| enc.rollback(around));
        });
        assert!(is_foreign(&mut enc));
    }
    check::<Down>();
    check::<Up>();
}

/// While a block is open by itself, the encoder around it cannot go back.
#[test]
fn going_back_around_an_open_block() {
    let (mut enc, mut asm) = (x64::Encoder::new(), x64::Assembler::new());
    enc.nop();
    let before = enc.snapshot();
    enc.begin_block(&mut asm);
    enc.rollback(before);
    enc.end_block(&mut asm);
    assert_eq!(enc.finish().err(), Some(FinishError::ForeignSnapshot));
    enc.clear();
    asm.nop();
    let before = asm.snapshot();
    asm.begin_block(&mut enc);
    asm.rollback(before);
    asm.end_block(&mut enc);
    assert_eq!(asm.finish().err(), Some(FinishError::ForeignSnapshot));
}
