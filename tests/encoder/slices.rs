//! All services in slices of every size: what fits is the same as in a buffer that grows, and what does not says how
//! much it needs.

use quickcheck::TestResult;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use tailfirst::{
    Align, Direction, Down, Encoder, FinishError, Isa, Label, SiteKind, Snapshot, Symbol, Up, aarch64, block, x64,
};
use tailfirst_roundtrip::choices::{self, Choices};
use tailfirst_roundtrip::side::Blocks;

/// What the instruction sets do not have in common.
trait Machine: Isa + Sized {
    const SITE: SiteKind;

    fn nop<D: Direction>(enc: &mut Encoder<'_, Self, D>);
    /// As many bytes as one call places.
    fn long<D: Direction>(enc: &mut Encoder<'_, Self, D>);
    fn branch<D: Direction>(enc: &mut Encoder<'_, Self, D>, to: Label);
    fn load<D: Direction>(enc: &mut Encoder<'_, Self, D>, from: Label);
    fn call<D: Direction>(enc: &mut Encoder<'_, Self, D>);
    fn frame<D: Direction>(enc: &mut Encoder<'_, Self, D>, frame: tailfirst::Late);
}

impl Machine for x64::X64 {
    const SITE: SiteKind = SiteKind::X64Rel32;

    fn nop<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
        enc.cld();
    }

    fn long<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
        enc.mov_r64_imm64(x64::RAX, 0x1111_1111_1111_1111);
    }

    fn branch<D: Direction>(enc: &mut Encoder<'_, Self, D>, to: Label) {
        enc.jne_rel32(to);
    }

    fn load<D: Direction>(enc: &mut Encoder<'_, Self, D>, from: Label) {
        enc.mov_r64_rm64(x64::RAX, from);
    }

    fn call<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
        enc.call(Symbol(1));
    }

    fn frame<D: Direction>(enc: &mut Encoder<'_, Self, D>, frame: tailfirst::Late) {
        enc.with_late(frame, |enc, imm: i32| enc.add_rm64_imm(x64::RSP, imm));
    }
}

impl Machine for aarch64::A64 {
    const SITE: SiteKind = SiteKind::A64Branch;

    fn nop<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
        enc.nop();
    }

    fn long<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
        enc.mov_x_imm(aarch64::X1, 0x1111_2222_3333_4444);
    }

    fn branch<D: Direction>(enc: &mut Encoder<'_, Self, D>, to: Label) {
        enc.cbz_x(aarch64::X1, to);
    }

    fn load<D: Direction>(enc: &mut Encoder<'_, Self, D>, from: Label) {
        enc.ldr_x_lit(aarch64::X2, from);
    }

    fn call<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
        enc.bl(Symbol(1));
    }

    fn frame<D: Direction>(enc: &mut Encoder<'_, Self, D>, frame: tailfirst::Late) {
        use aarch64::{AddImm, X3};
        enc.with_late(frame, |enc, imm: AddImm| enc.add_x_imm(X3, X3, imm));
    }
}

/// Some of everything, with blocks of the other direction down to a depth.
fn everything<I: Machine, D: Blocks>(enc: &mut Encoder<'_, I, D>, outside: Label, frame: tailfirst::Late, depth: u32)
where
    D::Other: Blocks<Other = D>,
{
    let inside = enc.label();
    enc.in_order(0..10, |enc, step| match step {
        0 => block!(enc; data_u32(7); data_offset(outside)),
        1 => I::branch(enc, inside),
        2 => enc.aligned(Align::of::<16>(), |enc| {
            let head = enc.label();
            enc.in_order(0..3, |enc, step| match step {
                0 => enc.bind(head),
                1 => I::nop(enc),
                _ => I::branch(enc, head),
            });
        }),
        3 if depth > 0 => D::block(enc, |enc| everything(enc, inside, frame, depth - 1)),
        4 => {
            enc.patchable(I::SITE, |enc| I::call(enc));
        }
        5 => enc.bind(inside),
        6 => I::frame(enc, frame),
        7 => {
            let constant = enc.constant_u64(depth.into());
            I::load(enc, constant);
        }
        8 => {
            enc.align_code(Align::of::<8>());
        }
        9 => {
            enc.data_aligned(&[9; 12], Align::of::<8>());
        }
        _ => I::branch(enc, outside),
    });
    if depth == 1 {
        enc.place_pool();
    }
}

/// What is finished, linked.
fn finish<I: Machine, D: Blocks>(enc: &mut Encoder<'_, I, D>) -> Result<Vec<u8>, FinishError>
where
    D::Other: Blocks<Other = D>,
{
    let (outside, frame) = (enc.label(), enc.late());
    enc.bind(outside);
    everything(enc, outside, frame, 3);
    enc.set_late(frame, 48);
    let mut code = enc.finish()?;
    assert_eq!(D::alignment(&code), 16);
    code.link(0x10_0000, |symbol| (symbol == Symbol(1)).then_some(0x20_0000)).expect("it is near");
    Ok(code.bytes().to_vec())
}

fn in_every_slice<I: Machine, D: Blocks>()
where
    D::Other: Blocks<Other = D>,
{
    const GUARD: usize = 64;
    let expected = finish(&mut Encoder::<I, D>::new()).expect("it grows");
    let needed = expected.len();
    assert!(needed > 250, "{needed}");
    let mut reused = Encoder::<I, D>::new();
    let sizes = (0..=needed + 20).step_by(choices::stride());
    for room in sizes.chain([needed - 1, needed, needed + 1000]) {
        let mut memory = vec![0xEE; GUARD + room + GUARD];
        let result = finish(&mut Encoder::<I, D>::in_slice(&mut memory[GUARD..GUARD + room]));
        let (below, rest) = memory.split_at(GUARD);
        let (slice, above) = rest.split_at(room);
        assert!(below.iter().chain(above).all(|&byte| byte == 0xEE), "written outside, with room for {room}");
        if room < needed {
            assert_eq!(result, Err(FinishError::OutOfSpace { needed }), "in {room} bytes");
        } else {
            assert_eq!(result.as_ref(), Ok(&expected), "in {room} bytes");
            assert_eq!(slice[D::filled(room, needed)], expected[..]);
        }
        // An encoder that is used again makes the same.
        reused.clear();
        assert_eq!(finish(&mut reused).as_ref(), Ok(&expected));
    }
}

#[test]
fn all_services_in_slices_of_every_size_x64() {
    in_every_slice::<x64::X64, Down>();
    in_every_slice::<x64::X64, Up>();
}

#[test]
fn all_services_in_slices_of_every_size_aarch64() {
    in_every_slice::<aarch64::A64, Down>();
    in_every_slice::<aarch64::A64, Up>();
}

/// Random calls of what goes wrong at a slice's end: batches that need more than there is, snapshots in them and around
/// them, and panics that leave them and are caught.
struct Calls<'a> {
    choices: Choices<'a>,
    left: usize,
    /// How often something has been aligned. In an aligned block, snapshots from before that are stale.
    aligned: usize,
}

impl Calls<'_> {
    /// Places calls. Those inside of a block have their own snapshots.
    fn place<I: Machine, D: Blocks>(&mut self, enc: &mut Encoder<'_, I, D>, label: Label, depth: u32)
    where
        D::Other: Blocks<Other = D>,
    {
        let mut snapshots: Vec<Snapshot> = Vec::new();
        while self.left > 0 {
            self.left -= 1;
            match self.choices.below(16) {
                0 => I::nop(enc),
                1 | 2 => I::long(enc),
                3 => enc.data(&vec![7; 4 * self.choices.below(40)]),
                4 => I::branch(enc, label),
                5 => {
                    let constant = enc.constant_u64(self.choices.below(3) as u64);
                    I::load(enc, constant);
                }
                6 | 7 => snapshots.push(enc.snapshot()),
                8 | 9 if !snapshots.is_empty() => {
                    let newest = self.choices.below(snapshots.len());
                    snapshots.truncate(newest + 1);
                    enc.rollback(snapshots[newest]);
                }
                10 | 11 => {
                    // Left in one of three ways, and gone back inside, behind, or not.
                    let (before, aligned, count) = (enc.snapshot(), self.aligned, self.choices.below(60));
                    let (leave, back) = (self.choices.below(3), self.choices.below(3));
                    let left = catch_unwind(AssertUnwindSafe(|| {
                        enc.batch(|enc| {
                            (0..count).for_each(|_| I::long(enc));
                            if back == 1 {
                                enc.rollback(before);
                            }
                            if leave == 1 {
                                resume_unwind(Box::new("left"));
                            }
                            if depth > 0 {
                                self.place(enc, label, depth - 1);
                            }
                        });
                    }));
                    assert_eq!(left.is_err(), leave == 1);
                    if back == 2 && self.aligned == aligned {
                        enc.rollback(before);
                    }
                    // Those are older than what was placed and dropped, or gone.
                    snapshots.clear();
                }
                12 if depth > 0 => {
                    let aligned = self.aligned;
                    D::block(enc, |enc| self.place(enc, label, depth - 1));
                    if self.aligned != aligned {
                        snapshots.clear();
                    }
                }
                13 if depth > 0 => {
                    self.aligned += 1;
                    enc.aligned(Align::of::<16>(), |enc| self.place(enc, label, depth - 1));
                    snapshots.clear();
                }
                14 => {
                    self.aligned += 1;
                    enc.patchable(I::SITE, |enc| I::call(enc));
                    snapshots.clear();
                }
                15 if depth < 3 => return,
                _ => I::nop(enc),
            }
        }
    }
}

fn random_calls<I: Machine, D: Blocks>(numbers: &[u64]) -> Result<(), String>
where
    D::Other: Blocks<Other = D>,
{
    let run = |enc: &mut Encoder<'_, I, D>| {
        let label = enc.here();
        Calls { choices: Choices::new(numbers), left: numbers.len() / 2, aligned: 0 }.place(enc, label, 3);
        enc.finish().map(|code| code.bytes().to_vec())
    };
    let expected = run(&mut Encoder::new()).map_err(|error| format!("in a buffer that grows: {error}"))?;
    let needed = expected.len();
    let parts = (0..8).map(|part| needed * part / 8);
    let near = needed.saturating_sub(2)..needed + 3;
    for room in parts.chain(near).chain([60, 100, 1100, 4200, 10_000].map(|more| needed + more)) {
        let expected = if room < needed { Err(FinishError::OutOfSpace { needed }) } else { Ok(expected.clone()) };
        let mut memory = vec![0xEE; room];
        let mut enc = Encoder::<I, D>::in_slice(&mut memory);
        for _ in 0..2 {
            let found = run(&mut enc);
            if found != expected {
                return Err(format!("in a slice of {room}: {found:?}, and not {expected:?}"));
            }
            enc.clear();
        }
    }
    Ok(())
}

#[test]
fn random_calls_in_slices() {
    fn property(numbers: Vec<u64>) -> TestResult {
        let all = [
            ("x64, down", random_calls::<x64::X64, Down>(&numbers)),
            ("x64, up", random_calls::<x64::X64, Up>(&numbers)),
            ("A64, down", random_calls::<aarch64::A64, Down>(&numbers)),
            ("A64, up", random_calls::<aarch64::A64, Up>(&numbers)),
        ];
        match all.into_iter().find_map(|(name, result)| Some(format!("{name}: {}", result.err()?))) {
            Some(difference) => TestResult::error(difference),
            None => TestResult::passed(),
        }
    }
    choices::check("random_calls_in_slices", 40).quickcheck(property as fn(Vec<u64>) -> TestResult);
}
