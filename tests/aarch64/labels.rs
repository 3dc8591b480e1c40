//! References to labels, against a reference that lays code out in two passes from low to high addresses.
//!
//! A program is a list of items from low to high addresses: instructions that refer to nothing, references to labels in
//! every kind of field, and labels. The reference gives each item an address, then each field its distance. The crate
//! places the same items from the last to the first, so half of its labels are bound when they are used, and half
//! pending.

use quickcheck::TestResult;
use tailfirst::{
    FinishError, Label, LinkError, Range, RelocationTarget, Symbol,
    aarch64::{Encoder, *},
};
use tailfirst_roundtrip::choices::{self, Choices};

/// An instruction that refers to a label, by the register or bit that it also has.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Branch {
    B,
    Bl,
    BCond,
    Cbz,
    Cbnz,
    Tbz,
    Tbnz,
    Adr,
    LdrX,
    LdrW,
    LdrD,
}

const BRANCHES: [Branch; 11] = [
    Branch::B,
    Branch::Bl,
    Branch::BCond,
    Branch::Cbz,
    Branch::Cbnz,
    Branch::Tbz,
    Branch::Tbnz,
    Branch::Adr,
    Branch::LdrX,
    Branch::LdrW,
    Branch::LdrD,
];

impl Branch {
    /// The word for a distance, from the manual's diagrams; None if the field cannot hold it.
    fn word(self, register: u32, distance: i64) -> Option<u32> {
        let field = |bits: u32, unit: i64| {
            let half = unit << (bits - 1);
            let fits = -half <= distance && distance < half && distance % unit == 0;
            fits.then(|| (distance / unit) as u32 & ((1 << bits) - 1))
        };
        let bit = register * 2 + 1;
        Some(match self {
            Branch::B => 0b000101 << 26 | field(26, 4)?,
            Branch::Bl => 0b100101 << 26 | field(26, 4)?,
            Branch::BCond => 0b0101_0100 << 24 | field(19, 4)? << 5 | register & 15,
            Branch::Cbz => 0b1011_0100 << 24 | field(19, 4)? << 5 | register,
            Branch::Cbnz => 0b0011_0101 << 24 | field(19, 4)? << 5 | register,
            // b5 is bit 31, b40 are bits 19 to 23
            Branch::Tbz => 0b011_0110 << 24 | bit >> 5 << 31 | (bit & 31) << 19 | field(14, 4)? << 5 | register,
            Branch::Tbnz => 0b011_0111 << 24 | bit >> 5 << 31 | (bit & 31) << 19 | field(14, 4)? << 5 | register,
            Branch::Adr => {
                let imm = field(21, 1)?;
                1 << 28 | (imm & 3) << 29 | imm >> 2 << 5 | register
            }
            Branch::LdrX => 0b0101_1000 << 24 | field(19, 4)? << 5 | register,
            Branch::LdrW => 0b0001_1000 << 24 | field(19, 4)? << 5 | register,
            Branch::LdrD => 0b0101_1100 << 24 | field(19, 4)? << 5 | register,
        })
    }

    fn range(self) -> Range {
        let (bits, step) = match self {
            Branch::B | Branch::Bl => (26, 4),
            Branch::Tbz | Branch::Tbnz => (14, 4),
            Branch::Adr => (21, 1),
            _ => (19, 4),
        };
        let half = step << (bits - 1);
        Range { low: -half, high: half - step, step }
    }

    fn place(self, enc: &mut Encoder<'_>, register: u32, label: Label) {
        let number = register as u8;
        let (x, w) = (X::new(number).expect("below 32"), W::new(number).expect("below 32"));
        let bit = UImm::new(register * 2 + 1).expect("below 64");
        match self {
            Branch::B => enc.b(label),
            Branch::Bl => enc.bl(label),
            Branch::BCond => enc.b_cond(Cond::from_bits(register & 15).expect("below 16"), label),
            Branch::Cbz => enc.cbz_x(x, label),
            Branch::Cbnz => enc.cbnz_w(w, label),
            Branch::Tbz => enc.tbz(x, bit, label),
            Branch::Tbnz => enc.tbnz(x, bit, label),
            Branch::Adr => enc.adr(x, label),
            Branch::LdrX => enc.ldr_x_lit(x, label),
            Branch::LdrW => enc.ldr_w_lit(w, label),
            Branch::LdrD => enc.ldr_d_lit(D::new(number).expect("below 32"), label),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Item {
    /// So many instructions that refer to nothing.
    Plain(usize),
    Refer(Branch, u32, usize),
    Label(usize),
}

const NOP: u32 = 0xD503_201F;

fn program(choices: &mut Choices) -> Vec<Item> {
    let labels = choices.below(6);
    let mut items: Vec<Item> = (0..labels).map(Item::Label).collect();
    for _ in 0..choices.below(30) {
        let item = match choices.below(4) {
            0 => Item::Plain(choices.below(9)),
            _ if labels == 0 => Item::Plain(1),
            _ => Item::Refer(choices.one_of(&BRANCHES), choices.below(32) as u32, choices.below(labels)),
        };
        items.insert(choices.below(items.len() + 1), item);
    }
    items
}

/// The words, in two passes.
fn reference(items: &[Item]) -> Vec<u32> {
    let mut addresses = vec![0; items.iter().filter(|item| matches!(item, Item::Label(_))).count()];
    let mut at = 0;
    for item in items {
        match item {
            Item::Plain(count) => at += 4 * *count as i64,
            Item::Refer(..) => at += 4,
            Item::Label(label) => addresses[*label] = at,
        }
    }
    let mut words = Vec::new();
    for item in items {
        match *item {
            Item::Plain(count) => words.extend(vec![NOP; count]),
            Item::Refer(branch, register, label) => {
                let distance = addresses[label] - 4 * words.len() as i64;
                words.push(branch.word(register, distance).expect("programs are short"));
            }
            Item::Label(_) => {}
        }
    }
    words
}

/// Places the items from the last to the first; the labels' handles come in the items' numbering.
fn place(enc: &mut Encoder<'_>, items: &[Item]) -> Vec<Label> {
    let count = items.iter().filter(|item| matches!(item, Item::Label(_))).count();
    let labels: Vec<Label> = (0..count).map(|_| enc.label()).collect();
    for item in items.iter().rev() {
        match *item {
            Item::Plain(count) => (0..count).for_each(|_| enc.nop()),
            Item::Refer(branch, register, label) => branch.place(enc, register, labels[label]),
            Item::Label(label) => enc.bind(labels[label]),
        }
    }
    labels
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

#[test]
fn programs_are_as_the_reference_lays_them_out() {
    fn property(numbers: Vec<u64>) -> TestResult {
        let items = program(&mut Choices::new(&numbers));
        let expected = reference(&items);
        let mut enc = Encoder::new();
        let labels = place(&mut enc, &items);
        let code = enc.finish().expect("all labels are bound, and near");
        assert_eq!(words(code.bytes()), expected);
        assert!(code.relocations().is_empty());
        for (item, at) in items.iter().zip(offsets(&items)) {
            if let Item::Label(label) = item {
                assert_eq!(code.offset_of(labels[*label]), Some(at));
            }
        }
        let mut memory = vec![0; 4 * expected.len()];
        let mut enc = Encoder::in_slice(&mut memory);
        place(&mut enc, &items);
        assert_eq!(words(enc.finish().expect("there is room for all").bytes()), expected);
        TestResult::passed()
    }
    choices::check("programs_are_as_the_reference_lays_them_out", 10_000)
        .quickcheck(property as fn(Vec<u64>) -> TestResult);
}

/// The offset of each item.
fn offsets(items: &[Item]) -> Vec<usize> {
    let mut at = 0;
    let mut offsets = Vec::new();
    for item in items {
        offsets.push(at);
        at += match item {
            Item::Plain(count) => 4 * count,
            Item::Refer(..) => 4,
            Item::Label(_) => 0,
        };
    }
    offsets
}

/// Bytes of nops between an instruction and a label above it.
fn to_higher(branch: Branch, nops: usize) -> Result<u32, FinishError> {
    let mut enc = Encoder::with_capacity(4 * nops + 64);
    enc.nop();
    let label = enc.here();
    (0..nops).for_each(|_| enc.nop());
    branch.place(&mut enc, 3, label);
    enc.finish().map(|code| words(&code.bytes()[..4])[0])
}

/// The same with the label below.
fn to_lower(branch: Branch, nops: usize) -> Result<u32, FinishError> {
    let mut enc = Encoder::with_capacity(4 * nops + 64);
    let label = enc.label();
    branch.place(&mut enc, 3, label);
    (0..nops).for_each(|_| enc.nop());
    enc.bind(label);
    enc.nop();
    enc.finish().map(|code| words(&code.bytes()[4 + 4 * nops..])[0])
}

#[test]
fn every_field_reaches_its_ends_and_no_further() {
    // The 128 MiB of B and BL are reached by symbols, below.
    for branch in BRANCHES.into_iter().filter(|branch| !matches!(branch, Branch::B | Branch::Bl)) {
        let range = branch.range();
        // Of ADR, which counts bytes, the last whole instruction.
        let (up, down) = ((range.high / 4) as usize, (-range.low / 4) as usize);
        let distance = 4 * up as i64;
        assert_eq!(to_higher(branch, up - 1), Ok(branch.word(3, distance).expect("is in range")), "{branch:?}");
        assert_eq!(branch.word(3, distance + 4), None);
        // A branch gets help beyond, and to a pending label already before; an address in a general register gets help
        // upward: see aarch64_ranges.rs.
        if !matches!(branch, Branch::Adr | Branch::LdrX | Branch::LdrW | Branch::LdrD) {
            continue;
        }
        assert_eq!(to_lower(branch, down), Ok(branch.word(3, range.low).expect("is in range")), "{branch:?}");
        match to_higher(branch, up) {
            Ok(_) if branch != Branch::LdrD => {}
            Err(FinishError::OutOfRange { at, distance: found, range: reach, .. }) if branch == Branch::LdrD => {
                // Measured from the end: the nop above the label, the nops, and the instruction.
                assert_eq!((found, reach, at), (distance + 4, range, 4 + 4 * up as u32 + 4), "{branch:?}");
            }
            other => panic!("{branch:?}: {other:?}"),
        }
        match to_lower(branch, down + 1) {
            Err(FinishError::OutOfRange { at, distance: found, range: reach, .. }) => {
                assert_eq!((found, reach, at), (range.low - 4, range, 4), "{branch:?}");
            }
            other => panic!("{branch:?}: {other:?}"),
        }
    }
}

#[test]
fn tbz_reaches_32_kib_and_b_cond_1_mib() {
    assert_eq!(Branch::Tbz.range(), Range { low: -32768, high: 32764, step: 4 });
    assert_eq!(Branch::BCond.range(), Range { low: -1_048_576, high: 1_048_572, step: 4 });
    assert_eq!(Branch::B.range(), Range { low: -134_217_728, high: 134_217_724, step: 4 });
    assert_eq!(Branch::Adr.range(), Range { low: -1_048_576, high: 1_048_575, step: 1 });
}

/// A reference to a label that is not bound says which and where, whatever was placed since.
#[test]
fn unbound_labels_are_reported() {
    for branch in BRANCHES {
        let mut enc = Encoder::new();
        let (bound, pending) = (enc.here(), enc.label());
        enc.nop();
        enc.nop();
        branch.place(&mut enc, 1, bound);
        branch.place(&mut enc, 1, pending);
        enc.nop();
        assert_eq!(enc.finish().map(drop), Err(FinishError::UnboundLabel { label: pending, at: 16 }), "{branch:?}");
        // Binding it makes the code whole.
        enc.bind(pending);
        assert_eq!(enc.finish().map(|code| code.bytes().len()), Ok(20), "{branch:?}");
    }
}

#[test]
fn labels_are_bound_once_and_by_their_encoder() {
    let mut enc = Encoder::new();
    let label = enc.here();
    enc.nop();
    enc.bind(label);
    assert_eq!(enc.finish().map(drop), Err(FinishError::BoundTwice { label, at: 4 }));

    let mut other = Encoder::new();
    other.label();
    let foreign = other.label();
    let mut enc = Encoder::new();
    enc.label();
    enc.nop();
    enc.cbz_x(X3, foreign);
    assert_eq!(enc.finish().map(drop), Err(FinishError::ForeignLabel { label: foreign, at: 8 }));
    enc.clear();
    enc.bind(foreign);
    assert_eq!(enc.finish().map(drop), Err(FinishError::ForeignLabel { label: foreign, at: 0 }));
    enc.clear();
    assert_eq!(enc.finish().map(|code| code.bytes().len()), Ok(0));
}

/// ADR to a place that no whole instruction leads to cannot be said by a label, and can by a symbol.
#[test]
fn symbols_are_linked() {
    let (adr, call, literal) = (Symbol(1), Symbol(2), Symbol(3));
    let mut enc = Encoder::new();
    enc.ldr_x_lit(X5, literal);
    enc.bl(call);
    enc.adr(X3, adr);
    let mut code = enc.finish().expect("symbols may stay open");
    let open: Vec<_> = code.relocations().iter().map(|r| (r.from, r.field, r.target)).collect();
    assert_eq!(
        open,
        [
            (8, Rel::Lit19, RelocationTarget::Symbol(literal)),
            (4, Rel::Imm26, RelocationTarget::Symbol(call)),
            (0, Rel::Adr21, RelocationTarget::Symbol(adr)),
        ]
    );
    let base = 0x4000_0000;
    let addresses = |symbol| match symbol {
        Symbol(1) => Some(base + 0x1001),
        Symbol(2) => Some(base + 4 - (1 << 27)),
        Symbol(3) => Some(base + 8 + (1 << 20) - 4),
        _ => None,
    };
    assert_eq!(code.link(base, addresses), Ok(()));
    let expected = [Branch::Adr.word(3, 0x1001), Branch::Bl.word(0, -(1 << 27)), Branch::LdrX.word(5, (1 << 20) - 4)];
    assert_eq!(words(code.bytes()).into_iter().map(Some).collect::<Vec<_>>(), expected);
    // Elsewhere, the same code refers to the same symbols.
    assert_eq!(
        code.link(base + 16, addresses),
        Err(LinkError::OutOfRange {
            target: RelocationTarget::Symbol(call),
            from: 4,
            distance: -(1 << 27) - 16,
            range: Branch::Bl.range(),
        })
    );
    assert_eq!(
        code.link(base, |symbol| addresses(symbol).filter(|_| symbol != call)),
        Err(LinkError::UnknownSymbol { symbol: call, from: 4 })
    );
    // A literal lies at a multiple of four bytes from its instruction.
    let odd = |symbol| addresses(symbol).map(|address| address + 2);
    assert!(matches!(code.link(base, odd), Err(LinkError::OutOfRange { from: 8, distance: 0xF_FFFE, .. })));
}

#[test]
fn adrp_counts_pages_of_addresses() {
    let outside = Symbol(9);
    let word = |pages: i64, register: u32| {
        1 << 31 | 1 << 28 | (pages as u32 & 3) << 29 | ((pages >> 2) as u32 & 0x7_FFFF) << 5 | register
    };
    for base in [0u64, 0x1000, 0xFF8, 0x7FFF_F234_5FFC, !0xFFF_FFFF] {
        let mut enc = Encoder::new();
        enc.nop();
        let above = enc.here();
        (0..2000).for_each(|_| enc.nop());
        let below = enc.label();
        enc.adrp(X1, outside);
        enc.adrp(X2, above);
        enc.adrp(X3, below);
        (0..1500).for_each(|_| enc.nop());
        enc.bind(below);
        let mut code = enc.finish().expect("all labels are bound");
        assert_eq!(code.relocations().len(), 3);
        let page = |offset: u64| base.wrapping_add(offset) >> 12;
        let (first, len) = (6000u64, code.bytes().len() as u64);
        let far = base.wrapping_add(0xFFFF_F000) & !0xFFF | 0x123;
        assert_eq!(code.link(base, |_| Some(far)), Ok(()), "{base:#x}");
        let pages = |to: u64, from: u64| to.wrapping_sub(from) as i64;
        let found = words(code.bytes());
        // The lowest was placed last.
        assert_eq!(found[1500], word(pages(page(0), page(first)), 3), "{base:#x}");
        assert_eq!(found[1501], word(pages(page(len - 4), page(first + 4)), 2), "{base:#x}");
        assert_eq!(found[1502], word(pages(far >> 12, page(first + 8)), 1), "{base:#x}");
    }
}

#[test]
fn adrp_reaches_4_gib() {
    let outside = Symbol(9);
    let mut enc = Encoder::new();
    enc.adrp(X0, outside);
    let mut code = enc.finish().expect("symbols may stay open");
    let base = 0x12_3456_7000;
    assert_eq!(code.link(base + 0xFFC, |_| Some(base - (1 << 32))), Ok(()));
    assert_eq!(words(code.bytes()), [0x9080_0000]);
    assert_eq!(code.link(base + 0xFFC, |_| Some(base + (1 << 32) - 1)), Ok(()));
    assert_eq!(words(code.bytes()), [0xF07F_FFE0]);
    let range = Range { low: -(1 << 32), high: (1 << 32) - 4096, step: 4096 };
    let out =
        |distance| Err(LinkError::OutOfRange { target: RelocationTarget::Symbol(outside), from: 0, distance, range });
    assert_eq!(code.link(base, |_| Some(base + (1 << 32))), out(1 << 32));
    assert_eq!(code.link(base, |_| Some(base - (1 << 32) - 1)), out(-(1 << 32) - 4096));
}
