//! What an element costs among few and among many: the curves of everything that is listed, searched, nested or undone.
//!
//! Each curve is drawn from 10^3 to 10^6 elements, ten times as many from one size to the next. What is linear has a
//! ratio near 1; up to 2 may be caches and allocation. Run it with `cargo bench --bench curves`; with `-- --quick` it
//! goes to 10^5, with sizes (`-- 1000 30000`) to these, and with words (`-- constants`) it draws the curves whose names
//! have one of them.

use std::{
    thread,
    time::{Duration, Instant},
};
use tailfirst::{
    Align, Direction, Down, Encoder, Isa, Label, SiteKind, Symbol, Up,
    aarch64::{self, A64, X1, X2},
    x64::{self, RAX, X64},
};

const A16: Align = Align::of::<16>();

/// Places so many elements, and finishes.
struct Curve {
    name: &'static str,
    /// The largest size that makes sense.
    most: usize,
    run: fn(usize),
}

/// What both instruction sets have.
trait Machine: Isa + Sized {
    fn nop<D: Direction>(enc: &mut Encoder<'_, Self, D>);
    fn branch<D: Direction>(enc: &mut Encoder<'_, Self, D>, to: Label);
    fn load<D: Direction>(enc: &mut Encoder<'_, Self, D>, from: Label);
}

impl Machine for X64 {
    fn nop<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
        enc.nop();
    }

    fn branch<D: Direction>(enc: &mut Encoder<'_, Self, D>, to: Label) {
        enc.jne(to);
    }

    fn load<D: Direction>(enc: &mut Encoder<'_, Self, D>, from: Label) {
        enc.mov_r64_rm64(RAX, from);
    }
}

impl Machine for A64 {
    fn nop<D: Direction>(enc: &mut Encoder<'_, Self, D>) {
        enc.nop();
    }

    fn branch<D: Direction>(enc: &mut Encoder<'_, Self, D>, to: Label) {
        enc.b_ne(to);
    }

    fn load<D: Direction>(enc: &mut Encoder<'_, Self, D>, from: Label) {
        enc.ldr_x_lit(X1, from);
    }
}

fn finish<I: Isa, D: Direction>(mut enc: Encoder<'_, I, D>) {
    assert!(enc.finish().is_ok_and(|code| !code.bytes().is_empty()));
}

/// Different numbers in no order: multiplying by an odd number is one to one.
fn scattered(n: usize) -> u64 {
    (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn constants<I: Machine>(n: usize, value: impl Fn(usize) -> u64, nops: usize) {
    let mut enc = Encoder::<I, Down>::new();
    place_constants(&mut enc, n, value, nops);
    finish(enc);
}

fn place_constants<I: Machine>(enc: &mut Encoder<'_, I>, n: usize, value: impl Fn(usize) -> u64, nops: usize) {
    for index in 0..n {
        let constant = enc.constant_u64(value(index));
        I::load(enc, constant);
        (0..nops).for_each(|_| I::nop(enc));
    }
}

fn constants_in_aligned<I: Machine>(n: usize) {
    let mut enc = Encoder::<I, Down>::new();
    enc.aligned(A16, |enc| place_constants(enc, n, scattered, 0));
    finish(enc);
}

fn constants_rolled_back(n: usize, value: impl Fn(usize) -> u64) {
    let mut enc = x64::Encoder::new();
    enc.ret();
    let before = enc.snapshot();
    place_constants(&mut enc, n, value, 0);
    enc.rollback(before);
    finish(enc);
}

/// Each is rolled back before the next.
fn constants_tried(n: usize) {
    let mut enc = x64::Encoder::new();
    for index in 0..n {
        let before = enc.snapshot();
        place_constants(&mut enc, 1, |_| scattered(index), 0);
        enc.rollback(before);
        place_constants(&mut enc, 1, |_| scattered(index), 0);
    }
    finish(enc);
}

/// A way to write a block, which gets what the block has.
type Block<I> = fn(&mut Encoder<'_, I>, &mut dyn FnMut(&mut Encoder<'_, I>));

/// Blocks in each other, with something in each.
fn nest<I: Machine>(n: usize, block: Block<I>, each: fn(&mut Encoder<'_, I>)) {
    fn down<I: Machine>(enc: &mut Encoder<'_, I>, left: usize, block: Block<I>, each: fn(&mut Encoder<'_, I>)) {
        each(enc);
        if left > 0 {
            block(enc, &mut |enc| down(enc, left - 1, block, each));
        }
        each(enc);
    }
    let mut enc = Encoder::<I, Down>::new();
    down(&mut enc, n, block, each);
    finish(enc);
}

fn with_label<I: Machine>(enc: &mut Encoder<'_, I>) {
    let label = enc.label();
    I::branch(enc, label);
    enc.bind(label);
    I::nop(enc);
}

/// All are pending until the end.
fn pending<I: Machine, D: Direction>(n: usize) {
    let mut enc = Encoder::<I, D>::new();
    let labels: Vec<Label> = (0..n).map(|_| enc.label()).collect();
    labels.iter().for_each(|label| I::branch(&mut enc, *label));
    labels.iter().for_each(|label| enc.bind(*label));
    I::nop(&mut enc);
    finish(enc);
}

/// Branches that are due again and again.
fn islands<D: Direction>(n: usize) {
    let mut enc = Encoder::<A64, D>::new();
    let labels: Vec<Label> = (0..n / 100 + 1).map(|_| enc.label()).collect();
    for index in 0..n {
        enc.cbgt_x(X1, X2, labels[index / 100]);
        enc.nops(16);
        if index % 100 == 99 {
            enc.bind(labels[index / 100]);
        }
    }
    labels.iter().skip(n / 100).for_each(|label| enc.bind(*label));
    finish(enc);
}

fn served_to_the_end(n: usize) {
    let mut enc = aarch64::Encoder::new();
    let last = enc.label();
    for _ in 0..n {
        enc.tbz(X1, aarch64::UImm::of::<3>(), last);
        enc.nops(12);
    }
    enc.bind(last);
    finish(enc);
}

/// Each is dropped, so that what is remembered of it may heap up.
fn snapshots(n: usize) {
    let mut enc = x64::Encoder::new();
    for _ in 0..n {
        let before = enc.snapshot();
        let label = enc.here();
        enc.jmp(label);
        enc.rollback(before);
        enc.nop();
    }
    finish(enc);
}

fn late(n: usize) {
    let mut enc = x64::Encoder::new();
    let all: Vec<_> = (0..n).map(|_| enc.late()).collect();
    for late in &all {
        enc.with_late(*late, |enc, imm: i32| enc.add_rm64_imm(RAX, imm));
    }
    all.iter().for_each(|late| enc.set_late(*late, 7));
    finish(enc);
}

fn sequence(n: usize, place: fn(&mut x64::Encoder<'_>)) {
    let mut enc = x64::Encoder::new();
    enc.nop();
    (0..n).for_each(|_| place(&mut enc));
    finish(enc);
}

const CURVES: &[Curve] = &[
    Curve { name: "constants, ascending", most: 1_000_000, run: |n| constants::<X64>(n, |n| n as u64, 0) },
    Curve { name: "constants, descending", most: 1_000_000, run: |n| constants::<X64>(n, |n| u64::MAX - n as u64, 0) },
    Curve { name: "constants, scattered", most: 1_000_000, run: |n| constants::<X64>(n, scattered, 0) },
    Curve { name: "constants, all rolled back", most: 1_000_000, run: |n| constants_rolled_back(n, scattered) },
    Curve {
        name: "constants, descending, all rolled back",
        most: 1_000_000,
        run: |n| constants_rolled_back(n, |n| u64::MAX - n as u64),
    },
    Curve { name: "constants, each tried twice", most: 1_000_000, run: constants_tried },
    Curve {
        name: "constants, the same two in turns",
        most: 1_000_000,
        run: |n| constants::<X64>(n, |n| n as u64 % 2, 0),
    },
    Curve { name: "constants of A64, scattered", most: 1_000_000, run: |n| constants::<A64>(n, scattered, 0) },
    Curve { name: "constants of A64 over far code", most: 1_000_000, run: |n| constants::<A64>(n, scattered, 16) },
    Curve { name: "constants in an aligned block", most: 1_000_000, run: constants_in_aligned::<X64> },
    Curve { name: "constants in an aligned block of A64", most: 1_000_000, run: constants_in_aligned::<A64> },
    Curve {
        name: "nested forward in forward",
        most: 100_000,
        run: |n| nest::<X64>(n, |enc, f| enc.backward(|enc| f(enc)), with_label),
    },
    Curve { name: "cold parts", most: 1_000_000, run: |n| sequence(n, |enc| enc.cold(with_label)) },
    Curve { name: "cold in cold", most: 10_000, run: |n| nest::<X64>(n, |enc, f| enc.cold(|enc| f(enc)), with_label) },
    Curve {
        name: "nested in turns",
        most: 10_000,
        run: |n| nest::<X64>(n, |enc, f| enc.forward(|asm| asm.backward(|enc| f(enc))), with_label),
    },
    Curve {
        name: "nested in turns, nothing inside",
        most: 10_000,
        run: |n| {
            nest::<X64>(
                n,
                |enc, f| enc.forward(|asm| asm.backward(|enc| f(enc))),
                |enc| {
                    if enc.pos().from_base() == 0 {
                        enc.nop()
                    }
                },
            )
        },
    },
    Curve {
        name: "nested aligned",
        most: 100_000,
        run: |n| nest::<X64>(n, |enc, f| enc.aligned(A16, |enc| f(enc)), X64::nop),
    },
    Curve {
        name: "nested aligned with labels",
        most: 100_000,
        run: |n| nest::<X64>(n, |enc, f| enc.aligned(A16, |enc| f(enc)), with_label),
    },
    Curve {
        name: "nested aligned with align_code",
        most: 100_000,
        run: |n| {
            nest::<X64>(
                n,
                |enc, f| enc.aligned(A16, |enc| f(enc)),
                |enc| {
                    enc.nop();
                    enc.align_code(Align::of::<8>());
                },
            )
        },
    },
    Curve {
        name: "nested aligned of A64",
        most: 100_000,
        run: |n| nest::<A64>(n, |enc, f| enc.aligned(A16, |enc| f(enc)), with_label),
    },
    Curve {
        name: "nested aligned of A64 with constants",
        most: 100_000,
        run: |n| nest::<A64>(n, |enc, f| enc.aligned(A16, |enc| f(enc)), |enc| place_constants(enc, 1, |_| 5, 0)),
    },
    Curve {
        name: "nested aligned and forward",
        most: 10_000,
        run: |n| {
            nest::<X64>(n, |enc, f| enc.aligned(A16, |enc| enc.forward(|asm| asm.backward(|enc| f(enc)))), with_label)
        },
    },
    Curve {
        name: "blocks, one behind the other",
        most: 1_000_000,
        run: |n| sequence(n, |enc| enc.forward(|asm| asm.nop())),
    },
    Curve {
        name: "aligned blocks, one behind the other",
        most: 1_000_000,
        run: |n| sequence(n, |enc| enc.aligned(A16, with_label)),
    },
    Curve {
        name: "aligned blocks in one aligned block",
        most: 1_000_000,
        run: |n| {
            let mut enc = x64::Encoder::new();
            enc.aligned(Align::of::<64>(), |enc| (0..n).for_each(|_| enc.aligned(A16, with_label)));
            finish(enc);
        },
    },
    Curve {
        name: "alignments in one aligned block",
        most: 1_000_000,
        run: |n| {
            let mut enc = x64::Encoder::new();
            enc.aligned(Align::of::<64>(), |enc| {
                (0..n).for_each(|_| {
                    with_label(enc);
                    enc.align_code(A16);
                })
            });
            finish(enc);
        },
    },
    Curve { name: "labels pending to the end", most: 1_000_000, run: pending::<X64, Down> },
    Curve { name: "labels pending to the end, upward", most: 1_000_000, run: pending::<X64, Up> },
    Curve { name: "labels pending to the end, of A64", most: 1_000_000, run: pending::<A64, Down> },
    Curve { name: "labels pending to the end, of A64, upward", most: 1_000_000, run: pending::<A64, Up> },
    Curve {
        name: "labels of a block bound around it",
        most: 1_000_000,
        run: |n| {
            let mut enc = x64::Encoder::new();
            let labels: Vec<Label> = (0..n).map(|_| enc.label()).collect();
            enc.forward(|asm| labels.iter().for_each(|label| asm.jmp(*label)));
            enc.aligned(A16, |enc| labels.iter().for_each(|label| enc.bind(*label)));
            finish(enc);
        },
    },
    Curve { name: "islands of A64", most: 1_000_000, run: islands::<Down> },
    Curve { name: "islands of A64, upward", most: 1_000_000, run: islands::<Up> },
    Curve { name: "branches of A64 served to the end", most: 1_000_000, run: served_to_the_end },
    Curve { name: "snapshots that are gone back to", most: 1_000_000, run: snapshots },
    Curve { name: "late immediates", most: 1_000_000, run: late },
    Curve {
        name: "pieces of data",
        most: 1_000_000,
        run: |n| {
            sequence(n, |enc| {
                enc.data(&[1, 2, 3]);
                enc.nop();
            })
        },
    },
    Curve {
        name: "offsets as data",
        most: 1_000_000,
        run: |n| {
            sequence(n, |enc| {
                let here = enc.here();
                enc.data_offset(here);
            })
        },
    },
    Curve {
        name: "aligned data",
        most: 1_000_000,
        run: |n| {
            sequence(n, |enc| {
                enc.data_aligned(&[1; 12], A16);
            })
        },
    },
    Curve {
        name: "patch sites",
        most: 1_000_000,
        run: |n| {
            sequence(n, |enc| {
                enc.patchable(SiteKind::X64Rel32, |enc| enc.jmp(Symbol(1)));
            })
        },
    },
];

/// The shortest of some runs; one where that is long enough.
fn shortest(curve: &Curve, n: usize) -> Duration {
    let time = || {
        let start = Instant::now();
        (curve.run)(n);
        start.elapsed()
    };
    let mut best = time();
    for _ in 0..4 {
        if best > Duration::from_secs(2) {
            break;
        }
        best = best.min(time());
    }
    best
}

fn draw(sizes: &[usize], words: &[String]) {
    println!("ns an element, and the ratio to the size before\n");
    for curve in
        CURVES.iter().filter(|curve| words.is_empty() || words.iter().any(|word| curve.name.contains(word.as_str())))
    {
        let mut line = format!("{:44}", curve.name);
        let mut before = None;
        for &n in sizes.iter().filter(|&&n| n <= curve.most) {
            let each = shortest(curve, n).as_nanos() as f64 / n as f64;
            line += &match before {
                Some(before) => format!(" {each:9.1} ({:5.2})", each / before),
                None => format!(" {each:9.1}        "),
            };
            before = Some(each);
        }
        println!("{}", line.trim_end());
    }
}

fn main() {
    let (mut sizes, mut words, mut last) = (Vec::new(), Vec::new(), 1_000_000);
    for argument in std::env::args().skip(1) {
        match (argument.as_str(), argument.parse()) {
            ("--quick", _) => last = 100_000,
            // What cargo says.
            ("--bench", _) => {}
            (_, Ok(size)) => sizes.push(size),
            _ => words.push(argument),
        }
    }
    if sizes.is_empty() {
        sizes = [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|size| *size <= last).collect();
    }
    // Blocks in each other are closures in each other.
    const STACK: usize = 1 << 30;
    let drawing = thread::Builder::new().stack_size(STACK).spawn(move || draw(&sizes, &words));
    drawing.expect("address space for the stack").join().expect("no curve panics");
}
