//! All services in slices of every size: what fits is the same as in a buffer that grows, and what does not says how
//! much it needs.

#[path = "support/x64/choices.rs"]
mod choices;
#[path = "support/side.rs"]
mod side;

use side::Blocks;
use tailfirst::{Align, Direction, Down, Encoder, FinishError, Isa, Label, SiteKind, Symbol, Up, aarch64, block, x64};

/// What the instruction sets do not have in common.
trait Machine: Isa + Sized {
    const SITE: SiteKind;

    fn nop<D: Direction>(enc: &mut Encoder<'_, Self, D>);
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
