//! Inputs that were wrong once, found by use from outside, with what is right.

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};
use tailfirst::{Align, Direction, Down, FinishError, PatchPoint, SiteError, SiteKind, Up, aarch64, x64};

const A16: Align = Align::of::<16>();

/// A placeholder that is used twice: the displacement kept it.
#[test]
fn a_late_immediate_is_used_once() {
    fn late<D: Direction>(place: fn(&mut x64::Emitter<'_, D>, i32)) -> Result<Vec<u8>, FinishError> {
        let mut enc = tailfirst::Encoder::new();
        let late = enc.late();
        enc.with_late(late, place);
        enc.set_late(late, 64);
        enc.finish().map(|code| code.bytes().to_vec())
    }
    fn all<D: Direction>() {
        use x64::*;
        let misplaced = |found: Result<Vec<u8>, FinishError>| matches!(found, Err(FinishError::LateMisplaced { .. }));
        assert!(misplaced(late::<D>(|enc, imm| enc.mov_rm32_imm32(RSP + imm, imm))));
        assert!(misplaced(late::<D>(|enc, imm| {
            enc.add_rm64_imm(RSP, imm);
            enc.add_rm64_imm(RBP, imm);
        })));
        // Before another immediate there may be one, too.
        let found = late::<D>(|enc, disp| enc.mov_rm32_imm32(RSP + disp, 7));
        assert_eq!(found, Ok(vec![0xC7, 0x84, 0x24, 64, 0, 0, 0, 7, 0, 0, 0]));
    }
    all::<Down>();
    all::<Up>();
}

/// Several instructions, kinds of the other instruction set, instructions without such a field.
#[test]
fn a_site_is_what_it_says() {
    use x64::*;
    type Place<D> = fn(&mut Emitter<'_, D>);
    fn x64_site<D: Direction>(kind: SiteKind, place: fn(&mut Emitter<'_, D>)) -> Result<(), FinishError> {
        let mut enc: Emitter<'_, D> = tailfirst::Encoder::new();
        enc.nop();
        enc.patchable(kind, place);
        enc.finish().map(|_| ())
    }
    fn all<D: Direction>() {
        let none = |kind, result| {
            assert!(matches!(result, Err(FinishError::NoPatchField { kind: found, .. }) if found == kind))
        };
        let wrong: [(SiteKind, Place<D>); 9] = [
            (SiteKind::X64Rel32, |_| {}),
            (SiteKind::X64Rel32, |enc| enc.ret()),
            (SiteKind::X64Rel32, |enc| enc.mov_r32_imm32(EAX, 5)),
            (SiteKind::X64Rel32, |enc| enc.cmp_rm32_imm32(tailfirst::Symbol(1), 5)),
            (SiteKind::X64Rel32, |enc| {
                enc.in_order([0, 1, 2], |enc, index| match index {
                    0 => enc.jmp(tailfirst::Symbol(1)),
                    _ => enc.nop(),
                })
            }),
            (SiteKind::X64Imm32, |enc| enc.jmp(tailfirst::Symbol(1))),
            (SiteKind::X64Imm64, |enc| enc.mov_rm64_imm32(RAX, 5)),
            (SiteKind::A64Branch, |enc| enc.jmp(tailfirst::Symbol(1))),
            (SiteKind::Slot, |enc| enc.mov_r64_imm64(RAX, 5)),
        ];
        for (kind, place) in wrong {
            none(kind, x64_site::<D>(kind, place));
        }
        let right: [(SiteKind, Place<D>); 6] = [
            (SiteKind::X64Rel32, |enc| enc.jmp(tailfirst::Symbol(1))),
            (SiteKind::X64Rel32, |enc| enc.mov_r64_rm64(RAX, tailfirst::Symbol(1))),
            (SiteKind::X64Imm32, |enc| enc.mov_r32_imm32(EAX, 5)),
            (SiteKind::X64Imm64, |enc| enc.mov_r64_imm64(RAX, 5)),
            (SiteKind::X64Imm64, |enc| enc.mov_r64_address(RAX, tailfirst::Symbol(1))),
            (SiteKind::Slot, |enc| enc.data_u64(5)),
        ];
        for (kind, place) in right {
            assert_eq!(x64_site::<D>(kind, place), Ok(()), "{kind:?}");
        }
    }
    all::<Down>();
    all::<Up>();
}

/// A site that a block writes has the block's references, those between two places of it, too.
#[test]
fn a_site_written_by_a_block_is_what_it_says() {
    use tailfirst::{aarch64, x64};
    fn x64_site(kind: SiteKind, write: fn(&mut x64::Assembler<'_>)) -> Result<(), FinishError> {
        let inner = |enc: &mut x64::Encoder<'_>| {
            enc.forward(|asm| asm.backward(|enc| enc.forward(write)));
        };
        let places: [&dyn Fn(&mut x64::Encoder<'_>); 2] = [&|enc| enc.forward(write), &inner];
        let results = places.map(|place| {
            let mut enc = x64::Encoder::new();
            enc.ret();
            enc.patchable(kind, place);
            enc.finish().map(|_| ())
        });
        assert_eq!(results[0], results[1]);
        results[0]
    }
    fn aarch64_site(kind: SiteKind, write: fn(&mut aarch64::Assembler<'_>)) -> Result<(), FinishError> {
        let mut enc = aarch64::Encoder::new();
        enc.ret();
        enc.patchable(kind, |enc| enc.forward(write));
        enc.finish().map(|_| ())
    }
    let none = |result| assert!(matches!(result, Err(FinishError::NoPatchField { .. })), "{result:?}");

    let jump = x64_site(SiteKind::X64Rel32, |asm| {
        let next = asm.label();
        asm.jmp_rel32(next);
        asm.bind(next);
    });
    assert_eq!(jump, Ok(()));
    let conditional = aarch64_site(SiteKind::A64Conditional, |asm| {
        let next = asm.label();
        asm.b_ne(next);
        asm.bind(next);
    });
    assert_eq!(conditional, Ok(()));
    none(x64_site(SiteKind::X64Rel32, |asm| {
        let next = asm.label();
        asm.jne_rel32(next);
        asm.bind(next);
        asm.jmp_rel32(tailfirst::Symbol(1));
    }));
    none(x64_site(SiteKind::X64Imm32, |asm| {
        let next = asm.label();
        asm.jmp_rel32(next);
        asm.bind(next);
    }));
    none(aarch64_site(SiteKind::A64Branch, |asm| {
        let next = asm.label();
        asm.cbz_x(aarch64::X1, next);
        asm.bind(next);
    }));
}

/// Patch sites in which something else is done, or that a panic leaves: panics of their own, and labels that were lost.
#[test]
fn what_is_done_in_a_site_is_reported() {
    use aarch64::*;
    const KIND: SiteKind = SiteKind::A64Branch;
    fn all<Dir: Direction>() {
        let run = |place: fn(&mut Emitter<'_, Dir>)| {
            let mut enc: Emitter<'_, Dir> = tailfirst::Encoder::new();
            let _ = catch_unwind(AssertUnwindSafe(|| place(&mut enc)));
            let here = enc.here();
            enc.b(here);
            enc.finish().map(|code| code.bytes().len())
        };
        // Back to before it, and to within it.
        let back = run(|enc| {
            let (before, label) = (enc.snapshot(), enc.label());
            (0..3).for_each(|_| enc.b(label));
            enc.patchable(KIND, |enc| enc.rollback(before));
        });
        assert_eq!(back, Err(FinishError::ForeignSnapshot));
        let into = run(|enc| {
            enc.here();
            let inside = std::cell::Cell::new(None);
            enc.patchable(KIND, |enc| {
                enc.nop();
                inside.set(Some(enc.snapshot()));
            });
            inside.get().into_iter().for_each(|inside| enc.rollback(inside));
        });
        assert_eq!(into, Err(FinishError::ForeignSnapshot));
        let cleared = run(|enc| {
            enc.here();
            enc.patchable(KIND, |enc| {
                enc.clear();
                enc.nops(4);
            });
        });
        assert_eq!(cleared, Err(FinishError::ClearedInBlock));
        // What is around it is settled; growing up, nothing moves.
        let aligned = run(|enc| {
            enc.aligned(A16, |enc| {
                let label = enc.label();
                enc.patchable(KIND, |enc| {
                    enc.align_code(Align::of::<4>());
                    enc.nop();
                });
                let other = enc.here();
                enc.b(other);
                enc.b(label);
                enc.bind(label);
            });
        });
        assert!(matches!(aligned, Ok(16) | Err(FinishError::OpenBlock)), "{aligned:?}");
        // What was placed stays, as without the site.
        let left = run(|enc| {
            let label = enc.here();
            enc.nop();
            let _ = catch_unwind(AssertUnwindSafe(|| {
                enc.patchable(KIND, |enc| {
                    enc.nop();
                    std::panic::resume_unwind(Box::new("left"));
                })
            }));
            enc.b(label);
        });
        assert_eq!(left, Ok(16));
    }
    all::<Down>();
    all::<Up>();
}

/// What a panic left had the placeholder in it.
#[test]
fn a_late_immediate_gets_its_value_behind_a_panic() {
    use x64::*;
    fn all<D: Direction>() {
        let mut enc: Emitter<'_, D> = tailfirst::Encoder::new();
        let late = enc.late();
        let left = catch_unwind(AssertUnwindSafe(|| {
            enc.with_late(late, |enc, imm: i32| {
                enc.add_rm64_imm(RSP, imm);
                std::panic::resume_unwind(Box::new("left"));
            });
        }));
        assert!(left.is_err());
        assert!(matches!(enc.finish(), Err(FinishError::LateUnset { .. })));
        enc.set_late(late, 64);
        assert_eq!(enc.finish().map(|code| code.bytes().to_vec()), Ok(vec![0x48, 0x81, 0xC4, 64, 0, 0, 0]));
    }
    all::<Down>();
    all::<Up>();
}

/// A label from before `clear`, or of another encoder, whose number was in range.
#[test]
fn strange_labels_are_reported() {
    fn all<D: Direction>() {
        let mut enc: x64::Emitter<'_, D> = tailfirst::Encoder::new();
        let old = enc.label();
        let old_late = enc.late();
        enc.clear();
        enc.ret();
        enc.here();
        enc.nop();
        enc.jmp(old);
        assert!(matches!(enc.finish(), Err(FinishError::ForeignLabel { label, .. }) if label == old));
        enc.clear();
        enc.label();
        enc.bind(old);
        assert!(matches!(enc.finish(), Err(FinishError::ForeignLabel { label, .. }) if label == old));
        enc.clear();
        enc.late();
        enc.set_late(old_late, 1);
        assert!(matches!(enc.finish(), Err(FinishError::ForeignLate { late }) if late == old_late));

        let mut other: x64::Emitter<'_, D> = tailfirst::Encoder::new();
        let strange = other.here();
        enc.clear();
        enc.here();
        // In blocks it is found out at the end.
        enc.aligned(A16, |enc| {
            enc.jmp(strange);
            enc.forward(|asm| asm.backward(|enc| enc.jmp(strange)));
        });
        assert!(matches!(enc.finish(), Err(FinishError::ForeignLabel { label, .. }) if label == strange));
        for place in [
            (|enc, label| enc.bind(label)) as fn(&mut x64::Emitter<'_, D>, tailfirst::Label),
            |enc, label| enc.aligned(A16, |enc| enc.bind(label)),
            |enc, label| enc.forward(|asm| asm.bind(label)),
            |enc, label| enc.backward(|asm| asm.bind(label)),
        ] {
            enc.clear();
            enc.here();
            place(&mut enc, strange);
            assert!(matches!(enc.finish(), Err(FinishError::ForeignLabel { label, .. }) if label == strange));
        }
    }
    all::<Down>();
    all::<Up>();
}

/// Of two mistakes, which one is reported does not depend on whose numbers are higher: labels and late immediates of an
/// older encoder were taken for those of the code around a block, and those of a newer one were not.
#[test]
fn a_stranger_is_reported_alike_whether_older_or_newer() {
    type Strangers = (tailfirst::Label, tailfirst::Late);
    fn strangers<D: Direction>(other: &mut x64::Emitter<'_, D>) -> Strangers {
        (other.here(), other.late())
    }
    fn mistakes<D: Direction>(enc: &mut x64::Emitter<'_, D>, number: usize, (label, late): Strangers) {
        match number {
            0 => {
                enc.bind(label);
                enc.patchable(SiteKind::A64Literal, |enc| enc.ret());
            }
            1 => {
                let twice = enc.here();
                enc.bind(label);
                enc.bind(twice);
            }
            2 => {
                enc.forward(|asm| asm.backward(|enc| enc.clear()));
                enc.set_late(late, 1);
            }
            _ => {
                enc.set_late(late, 1);
                enc.bind(label);
            }
        }
    }
    fn in_block<D: Direction>(enc: &mut x64::Emitter<'_, D>, block: usize, number: usize, strangers: Strangers) {
        match block {
            0 => enc.aligned(A16, |enc| mistakes(enc, number, strangers)),
            1 => enc.forward(|asm| asm.backward(|enc| mistakes(enc, number, strangers))),
            2 => enc.cold(|enc| mistakes(enc, number, strangers)),
            _ => mistakes(enc, number, strangers),
        }
    }
    fn all<D: Direction>() {
        for (block, number) in (0..4).flat_map(|block| (0..4).map(move |number| (block, number))) {
            let mut older: x64::Emitter<'_, D> = tailfirst::Encoder::new();
            let mut enc: x64::Emitter<'_, D> = tailfirst::Encoder::new();
            let mut newer: x64::Emitter<'_, D> = tailfirst::Encoder::new();
            let [older, newer] = [&mut older, &mut newer].map(|other| {
                enc.clear();
                enc.here();
                in_block(&mut enc, block, number, strangers(other));
                enc.place_cold();
                enc.finish().map(|_| ()).expect_err("there are two mistakes")
            });
            assert_eq!(
                std::mem::discriminant(&older),
                std::mem::discriminant(&newer),
                "{older} and {newer}, for {number} in {block}"
            );
        }
    }
    all::<Down>();
    all::<Up>();
}

/// Ids that were dropped, with blocks that were lost, or by going back, before the encoder was cleared: newer ones
/// got their numbers.
#[test]
fn dropped_ids_are_strange_after_clearing() {
    type Made = (tailfirst::Label, tailfirst::Late);
    type Make<D> = fn(&mut x64::Emitter<'_, D>, &mut Vec<Made>);
    fn some<D: Direction>(enc: &mut x64::Emitter<'_, D>, made: &mut Vec<Made>) {
        made.extend((0..3).map(|_| (enc.label(), enc.late())));
    }
    fn lost<D: Direction>(enc: &mut x64::Emitter<'_, D>, made: &mut Vec<Made>) {
        some(enc, made);
        std::panic::resume_unwind(Box::new("lost"));
    }
    fn all<D: Direction>() {
        let ways: [Make<D>; 12] = [
            some,
            |enc, made| {
                let before = enc.snapshot();
                some(enc, made);
                enc.rollback(before);
            },
            // One of these is a block.
            |enc, made| enc.forward(|asm| asm.backward(|enc| lost(enc, made))),
            |enc, made| enc.backward(|enc| enc.forward(|asm| lost(asm, made))),
            |enc, made| {
                enc.aligned(A16, |enc| enc.forward(|asm| asm.backward(|enc| enc.aligned(A16, |enc| lost(enc, made)))))
            },
            |enc, made| enc.aligned(A16, |enc| lost(enc, made)),
            |enc, made| enc.cold(|enc| lost(enc, made)),
            |enc, made| {
                enc.cold(|enc| {
                    some(enc, made);
                    enc.clear();
                    some(enc, made);
                })
            },
            |enc, made| {
                enc.cold(|enc| {
                    let before = enc.snapshot();
                    some(enc, made);
                    enc.rollback(before);
                })
            },
            |enc, made| {
                enc.forward(|asm| {
                    asm.backward(|enc| {
                        some(enc, made);
                        enc.clear();
                        some(enc, made);
                    })
                })
            },
            |enc, made| {
                enc.forward(|asm| {
                    asm.backward(|enc| {
                        let before = enc.snapshot();
                        some(enc, made);
                        enc.rollback(before);
                    })
                })
            },
            |enc, made| {
                enc.aligned(A16, |enc| {
                    some(enc, made);
                    enc.clear();
                    some(enc, made);
                })
            },
        ];
        for (number, way) in ways.into_iter().enumerate() {
            let mut enc: x64::Emitter<'_, D> = tailfirst::Encoder::new();
            let mut made = Vec::new();
            let _ = catch_unwind(AssertUnwindSafe(|| way(&mut enc, &mut made)));
            assert!(!made.is_empty());
            for (strange, strange_late) in made {
                enc.clear();
                for _ in 0..20 {
                    enc.here();
                }
                enc.jmp(strange);
                let found = enc.finish().err();
                assert!(matches!(found, Some(FinishError::ForeignLabel { label, .. }) if label == strange), "{number}");
                enc.clear();
                for _ in 0..20 {
                    enc.late();
                }
                enc.set_late(strange_late, 1);
                assert_eq!(enc.finish().err(), Some(FinishError::ForeignLate { late: strange_late }), "{number}");
            }
        }
    }
    all::<Down>();
    all::<Up>();
}

/// An assembler that was a block's has labels of its own again, and none with numbers of the first encoder's, or of
/// the block's.
#[test]
fn an_assembler_has_labels_of_its_own_behind_a_block() {
    use x64::*;
    let (mut enc, mut asm) = (Encoder::new(), Assembler::new());
    let mut made = vec![asm.label()];
    for _ in 0..3 {
        enc.begin_block(&mut asm);
        made.push(asm.label());
        enc.end_block(&mut asm);
        made.push(asm.label());
    }
    // One that is never ended.
    enc.begin_block(&mut asm);
    made.push(asm.label());
    asm.clear();
    made.push(asm.label());
    enc.clear();
    made.extend([enc.label(), Encoder::new().label()]);
    let mut different = made.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), made.len(), "{made:?}");
}

/// Data whose label was taken too early, or too late.
#[test]
fn aligned_data_is_found() {
    fn all<D: Direction>() {
        for before in 0..9 {
            let mut enc: x64::Emitter<'_, D> = tailfirst::Encoder::new();
            (0..before).for_each(|_| enc.nop());
            let number = enc.data_aligned(&1.5f64.to_le_bytes(), Align::of::<8>());
            (0..before).for_each(|_| enc.nop());
            enc.movsd_xmm_xmmm64(x64::XMM0, number);
            let code = enc.finish().expect("nothing is wrong");
            let at = code.offset_of(number).expect("bound");
            assert_eq!(code.bytes()[at..at + 8], 1.5f64.to_le_bytes());
            let base = if code.end_alignment() == 8 { code.bytes().len() } else { 0 };
            assert_eq!((code.end_alignment().max(code.start_alignment()), base.abs_diff(at) % 8), (8, 0));
            assert!(code.data().any(|data| data.contains(&at)));
        }
    }
    all::<Down>();
    all::<Up>();
}

/// `finish` inside a block with constants waiting, and after a panic in one, was another error, and stuck.
#[test]
fn finishing_inside_blocks_leaves_constants_alone() {
    use x64::*;
    let mut enc = Encoder::new();
    let five = enc.constant_u64(5);
    enc.aligned(A16, |enc| {
        enc.mov_r64_rm64(RAX, five);
        assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
    });
    let code = enc.finish().expect("the block is complete");
    let at = code.offset_of(five).expect("placed");
    assert_eq!(code.bytes()[at..at + 8], 5u64.to_le_bytes());

    enc.clear();
    let six = enc.constant_u64(6);
    let result = catch_unwind(AssertUnwindSafe(|| {
        enc.aligned(A16, |enc| {
            enc.mov_r64_rm64(RAX, six);
            std::panic::resume_unwind(Box::new(5));
        });
    }));
    assert!(result.is_err());
    assert_eq!(enc.finish().err(), Some(FinishError::OpenBlock));
}

/// Panics of debug assertions.
#[test]
fn nothing_panics() {
    use x64::*;
    fn all<D: Direction>() {
        let mut other: Emitter<'_, D> = tailfirst::Encoder::new();
        (0..300).for_each(|_| other.nop());
        let strange = other.here();
        let mut enc: Emitter<'_, D> = tailfirst::Encoder::new();
        enc.patchable(SiteKind::X64Rel32, |_| {});
        enc.jmp(strange);
        assert!(enc.finish().is_err());
        let mut enc: aarch64::Emitter<'_, D> = tailfirst::Encoder::new();
        enc.patchable(SiteKind::Slot, |_| {});
        enc.b(strange);
        assert!(enc.finish().is_err());

        // More than is counted.
        let large = vec![0; 256 << 20];
        let mut slice = [0; 16];
        let mut enc: Emitter<'_, D> = tailfirst::Encoder::in_slice(&mut slice);
        (0..13).for_each(|_| enc.data(&large));
        let here = enc.here();
        enc.align_code(Align::of::<4096>());
        enc.jmp(here);
        assert!(matches!(enc.finish(), Err(FinishError::OutOfSpace { .. })));
    }
    all::<Down>();
    all::<Up>();
}

#[test]
fn a_strange_point_is_no_site() {
    use x64::*;
    let mut other = Encoder::new();
    let point: PatchPoint = other.patchable(SiteKind::X64Rel32, |enc| enc.jmp(tailfirst::Symbol(1)));
    let mut enc = Encoder::new();
    enc.here();
    enc.ret();
    let code = enc.finish().expect("nothing is wrong");
    assert_eq!(code.site(point), Err(SiteError::Outside { kind: SiteKind::X64Rel32 }));
}

/// Zeros that fill up data of an odd length were code.
#[test]
fn what_fills_up_data_is_data() {
    fn all<Dir: Direction>() {
        use aarch64::*;
        let fillers: [fn(&mut Emitter<'_, Dir>); 3] = [
            |enc| enc.align_code(A16),
            |enc| enc.aligned(A16, |enc| enc.nop()),
            |enc| {
                // An island.
                let label = enc.label();
                enc.align_code(Align::of::<4>());
                enc.cbeq_x(X1, X2, label);
                enc.data(&[1; 893]);
                enc.keep_together(900);
                enc.align_code(Align::of::<4>());
                enc.bind(label);
            },
        ];
        for fill in fillers {
            let mut enc: Emitter<'_, Dir> = tailfirst::Encoder::new();
            enc.data(&[7]);
            fill(&mut enc);
            enc.align_code(Align::of::<4>());
            enc.nop();
            let code = enc.finish().expect("nothing is wrong");
            for data in code.data() {
                let len = code.bytes().len();
                let is_whole = |at: usize| at.is_multiple_of(4) || (len - at).is_multiple_of(4);
                assert!(is_whole(data.start) && is_whole(data.end), "{data:?} of {len}");
            }
        }
    }
    all::<Down>();
    all::<Up>();
}

/// An encoder that went back is as one that never went: alignments and sizes that dropped code asked for are gone.
#[test]
fn going_back_leaves_no_trace() {
    fn all<D: Direction>() {
        use x64::*;
        type Place<D> = fn(&mut Emitter<'_, D>);
        let dropped: [Place<D>; 6] = [
            |enc| enc.align(Align::of::<256>()),
            |enc| {
                let _ = enc.constant(&[1; 8], Align::of::<64>());
            },
            |enc| {
                let _ = enc.constant(&5u64.to_le_bytes(), Align::of::<64>());
            },
            |enc| {
                let _ = enc.patchable(SiteKind::X64Imm64, |enc| enc.mov_r64_imm64(RAX, 1));
            },
            |enc| enc.forward(|enc| enc.backward(|enc| enc.align_code(Align::of::<128>()))),
            |enc| enc.place_pool(),
        ];
        let run = |dropped: Option<Place<D>>| {
            let mut enc: Emitter<'_, D> = tailfirst::Encoder::new();
            let five = enc.constant_u64(5);
            enc.mov_r64_rm64(RAX, five);
            if let Some(dropped) = dropped {
                let before = enc.snapshot();
                dropped(&mut enc);
                enc.rollback(before);
            }
            enc.data(&[1; 3]);
            let again = enc.constant_u64(5);
            enc.mov_r64_rm64(RCX, again);
            let code = enc.finish().expect("nothing is wrong");
            (code.bytes().to_vec(), code.end_alignment(), code.start_alignment(), code.data().collect::<Vec<_>>())
        };
        let expected = run(None);
        for (number, dropped) in dropped.into_iter().enumerate() {
            assert_eq!(run(Some(dropped)), expected, "{number}");
        }
    }
    all::<Down>();
    all::<Up>();
}

/// A failed `finish` left nothing to look at.
#[test]
fn what_cannot_be_finished_can_be_seen() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut listing = tailfirst::Listing::new();
    enc.ret();
    let exit = enc.here();
    listing.name(exit, "exit");
    let forgotten = enc.label();
    enc.jmp(forgotten);
    listing.comment(enc.here(), "back to the loop");
    enc.jz(exit);
    assert!(matches!(enc.finish(), Err(FinishError::UnboundLabel { label, at: 1 }) if label == forgotten));
    let code = enc.unfinished();
    let text = listing.of(&code).to_string();
    assert!(text.contains("je exit") && text.contains("; back to the loop") && text.contains("jmp"), "{text}");

    // What fits a slice.
    fn all<D: Direction>() {
        let mut slice = [0xEE; 20];
        let mut enc: Emitter<'_, D> = tailfirst::Encoder::in_slice(&mut slice);
        let first = enc.label();
        let place = |enc: &mut Emitter<'_, D>| enc.mov_r64_imm64(RAX, 0x1111_1111_1111_1111);
        enc.bind(first);
        place(&mut enc);
        enc.data(&[7; 15]);
        let last = enc.here();
        assert_eq!(enc.finish().err(), Some(FinishError::OutOfSpace { needed: 25 }));
        let code = enc.unfinished();
        assert_eq!((code.bytes().len(), code.offset_of(last)), (20, None));
        assert!(code.offset_of(first).is_some_and(|at| at == 0 || at == 20));
        let data: Vec<_> = code.data().map(|data| (data.start, data.end)).collect();
        assert!(data == [(0, 10)] || data == [(10, 20)]);
        assert_eq!(code.bytes().iter().filter(|byte| **byte == 0x11).count(), 8);
        assert_eq!(code.bytes().iter().filter(|byte| **byte == 7).count(), 10);
    }
    all::<Down>();
    all::<Up>();
}

/// Data behind the end of a full slice was listed as empty ranges.
#[test]
fn data_that_is_cut_off_is_not_listed() {
    fn check<D: Direction>() {
        let mut memory = [0; 4];
        let mut enc = x64::Emitter::<D>::in_slice(&mut memory);
        enc.data(&[1; 4]);
        enc.nop();
        enc.data(&[2; 4]);
        let data: Vec<_> = enc.unfinished().data().collect();
        assert_eq!(data, [Range { start: 0, end: 4 }]);
    }
    check::<Down>();
    check::<Up>();
}

/// Where no constant waited, a pool filled up odd data, but only in an encoder that had been asked for one before.
#[test]
fn a_pool_of_nothing_is_nothing() {
    fn check<D: Direction>() {
        let mut enc = aarch64::Emitter::<D>::new();
        for _ in 0..2 {
            enc.data(&[1]);
            enc.place_pool();
            enc.nop();
            assert_eq!(enc.finish().err(), Some(FinishError::MisalignedCode { at: 1 }));
            enc.clear();
        }
    }
    check::<Down>();
    check::<Up>();
}
