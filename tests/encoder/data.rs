//! Data, alignment, and instructions that do nothing.

use iced_x86::{Decoder, DecoderOptions, Mnemonic};
use tailfirst::{Align, Direction, Down, Encoder, FinishError, Isa, Label, Up, aarch64, block, x64};
use tailfirst_roundtrip::side::{Blocks, Side};

/// The lengths of the instructions, which do nothing.
fn nops(bytes: &[u8]) -> Vec<usize> {
    let mut decoder = Decoder::new(64, bytes, DecoderOptions::NONE);
    let mut lengths = Vec::new();
    while decoder.can_decode() {
        let instruction = decoder.decode();
        assert_eq!(instruction.mnemonic(), Mnemonic::Nop, "{bytes:02x?}");
        lengths.push(instruction.len());
    }
    lengths
}

#[test]
fn x64_nops_are_as_few_as_possible() {
    fn check<D: Side>(place: fn(&mut x64::Emitter<'_, D>, usize)) {
        for count in 0..=100 {
            let mut enc = x64::Emitter::<D>::new();
            place(&mut enc, count);
            let code = enc.finish().expect("there is room");
            let lengths = nops(code.bytes());
            assert_eq!((code.bytes().len(), lengths.len()), (count, count.div_ceil(9)));
            assert!(lengths.iter().all(|length| *length <= 9));
        }
    }
    check::<Down>(|enc, count| enc.nops(count));
    check::<Down>(|enc, count| enc.forward(|asm| asm.nops(count)));
    check::<Up>(|asm, count| asm.nops(count));
    check::<Up>(|asm, count| asm.backward(|enc| enc.nops(count)));
}

/// The manual's recommended sequences (SDM vol. 2B, table 4-12), by their lengths.
#[test]
fn x64_nops_are_the_recommended_ones() {
    let recommended: [&[u8]; 9] = [
        &[0x90],
        &[0x66, 0x90],
        &[0x0F, 0x1F, 0x00],
        &[0x0F, 0x1F, 0x40, 0x00],
        &[0x0F, 0x1F, 0x44, 0x00, 0x00],
        &[0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00],
        &[0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00],
        &[0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
        &[0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    ];
    for (index, expected) in recommended.into_iter().enumerate() {
        let mut enc = x64::Encoder::new();
        enc.nops(index + 1);
        let found = enc.finish().expect("there is room").bytes().to_vec();
        // Displacements may be any: only the opcode, the ModRM's kind and the lengths count.
        assert_eq!(found.len(), expected.len());
        let opcode = expected.len().min(if expected[0] == 0x66 { 3 } else { 2 });
        assert_eq!(found[..opcode], expected[..opcode]);
        if let (Some(found), Some(expected)) = (found.get(opcode), expected.get(opcode)) {
            assert_eq!(found >> 6, expected >> 6);
            assert_eq!(found & 7 == 4, expected & 7 == 4);
        }
    }
}

#[test]
fn aarch64_nops_are_words() {
    fn check<D: Side>() {
        for count in 0..=20 {
            let mut enc = aarch64::Emitter::<D>::new();
            enc.nops(count);
            let expected = 0xD503_201Fu32.to_le_bytes().repeat(count / 4);
            assert_eq!(enc.finish().expect("there is room").bytes(), expected);
        }
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn values_are_little_endian_and_strings_keep_their_order() {
    fn all<I: Isa, D: Direction>(enc: &mut Encoder<'_, I, D>) {
        enc.data(b"text");
        enc.data_u8(0x01);
        enc.data_u16(0x0302);
        enc.data_u32(0x0706_0504);
        enc.data_u64(0x0F0E_0D0C_0B0A_0908);
        enc.data_f32(-2.0);
        enc.data_f64(1.5);
        enc.data(&[]);
    }
    let pieces: [&[u8]; 7] = [
        b"text",
        &[1],
        &[2, 3],
        &[4, 5, 6, 7],
        &[8, 9, 10, 11, 12, 13, 14, 15],
        &[0, 0, 0, 0xC0],
        &[0, 0, 0, 0, 0, 0, 0xF8, 0x3F],
    ];
    fn check<I: Isa>(pieces: &[&[u8]]) {
        let reversed: Vec<&[u8]> = pieces.iter().rev().copied().collect();
        let mut enc = Encoder::<I>::new();
        all(&mut enc);
        enc.forward(all);
        enc.forward(|asm| asm.backward(all));
        let expected = [reversed.concat(), pieces.concat(), reversed.concat()].concat();
        assert_eq!(enc.finish().expect("there is room").bytes(), expected);
        let mut asm = Encoder::<I, Up>::new();
        all(&mut asm);
        asm.backward(all);
        asm.backward(|enc| enc.forward(all));
        let expected = [pieces.concat(), reversed.concat(), pieces.concat()].concat();
        assert_eq!(asm.finish().expect("there is room").bytes(), expected);
    }
    check::<x64::X64>(&pieces);
    check::<aarch64::A64>(&pieces);
}

/// Pieces of data longer than the red zone, around the sizes where buffers grow and end.
#[test]
fn long_data() {
    fn check<D: Side>(data: &[u8], block: fn(&mut x64::Emitter<'_, D>, &[u8])) {
        let mut enc = x64::Emitter::<D>::new();
        enc.ret();
        enc.data(data);
        block(&mut enc, data);
        let all = [&[0xC3], data, &[0xC3], data, &[0xC3]].concat();
        assert_eq!(enc.finish().expect("it grows").bytes(), all);
        let needed = data.len() + 1;
        let expected = &all[D::filled(all.len(), needed)];
        for room in [data.len() / 2, data.len(), data.len() + 1, data.len() + 40] {
            let mut memory = vec![0xEE; room + 20];
            let mut enc = x64::Emitter::<D>::in_slice(&mut memory[10..10 + room]);
            enc.ret();
            enc.data(data);
            match enc.finish() {
                Ok(code) => assert_eq!((room >= needed, code.bytes()), (true, expected)),
                Err(error) => assert_eq!((room >= needed, error), (false, FinishError::OutOfSpace { needed })),
            }
            drop(enc);
            assert!(memory[..10].iter().chain(&memory[10 + room..]).all(|byte| *byte == 0xEE));
        }
    }
    let data: Vec<u8> = (0..20_000u32).map(|i| (i ^ i >> 7) as u8).collect();
    for len in [0, 1, 63, 64, 65, 127, 128, 129, 4000, 4096, 4097, 20_000] {
        check::<Down>(&data[..len], |enc, data| {
            enc.forward(|asm| {
                asm.ret();
                asm.data(data);
                asm.ret();
            });
        });
        check::<Up>(&data[..len], |asm, data| {
            asm.backward(|enc| {
                enc.ret();
                enc.data(data);
                enc.ret();
            });
        });
    }
}

#[test]
fn an_alignment_is_a_power_of_two_up_to_4096() {
    let all: Vec<u32> = (0..=u32::from(u16::MAX)).filter(|bytes| Align::new(*bytes).is_some()).collect();
    assert_eq!(all, (0..=12).map(|log2| 1 << log2).collect::<Vec<_>>());
    assert_eq!(Align::new(1 << 31), None);
    assert_eq!(Align::of::<4096>().bytes(), 4096);
}

#[test]
fn every_gap() {
    fn check<D: Side>() {
        for log2 in 0..=12 {
            let align = Align::new(1 << log2).expect("a power of two");
            let bytes = align.bytes() as usize;
            for placed in (0..=bytes.min(70)).chain([bytes - 1, bytes, bytes + 1]) {
                let gap = (bytes - placed % bytes) % bytes;
                let mut enc = x64::Emitter::<D>::new();
                enc.data(&vec![7; placed]);
                let mut instructions = x64::Emitter::<D>::new();
                instructions.data(&vec![7; placed]);
                enc.align(align);
                instructions.align_code(align);
                let code = enc.finish().expect("there is room");
                assert_eq!(code.bytes(), D::reading_order(vec![vec![7; placed], vec![0; gap]]).concat());
                assert_eq!(D::alignment(&code), align.bytes());
                let code = instructions.finish().expect("there is room");
                let filled = &code.bytes()[D::lower(placed, 0)..][..gap];
                assert_eq!((nops(filled).len(), code.bytes().len()), (gap.div_ceil(9), gap + placed));
                assert_eq!(D::alignment(&code), align.bytes());
            }
        }
    }
    check::<Down>();
    check::<Up>();
}

/// The strictest one counts, until the encoder is cleared.
#[test]
fn the_end_is_aligned_for_all() {
    fn check<D: Side>() {
        let mut enc = x64::Emitter::<D>::new();
        let alignment = |enc: &mut x64::Emitter<'_, D>| {
            let code = enc.finish().expect("nothing is wrong");
            let (base, other) = (D::alignment(&code), code.end_alignment().min(code.start_alignment()));
            assert_eq!(other, 1, "only the base is aligned");
            base
        };
        assert_eq!(alignment(&mut enc), 1);
        enc.align(Align::of::<16>());
        enc.align_code(Align::of::<4>());
        assert_eq!(alignment(&mut enc), 16);
        enc.aligned(Align::of::<64>(), |_| ());
        assert_eq!(alignment(&mut enc), 64);
        enc.data_aligned(&[1], Align::of::<128>());
        assert_eq!(alignment(&mut enc), 128);
        enc.forward(|asm| asm.align(Align::of::<256>()));
        enc.backward(|enc| enc.align_code(Align::of::<32>()));
        assert_eq!(alignment(&mut enc), 256);
        enc.clear();
        assert_eq!(alignment(&mut enc), 1);
    }
    check::<Down>();
    check::<Up>();
}

/// Behind data, A64 gaps need not be whole words: the instructions follow the code, and zeros the instructions.
#[test]
fn aarch64_gaps_behind_odd_data() {
    const NOP: [u8; 4] = [0x1F, 0x20, 0x03, 0xD5];
    const RET: [u8; 4] = [0xC0, 0x03, 0x5F, 0xD6];
    fn check<D: Side>() {
        for odd in 0..=9 {
            let gap = (16 - odd % 16) % 16;
            let mut enc = aarch64::Emitter::<D>::new();
            enc.data(&vec![7; odd]);
            enc.align_code(Align::of::<16>());
            let filled = vec![vec![7; odd], vec![0; gap % 4], NOP.repeat(gap / 4)];
            assert_eq!(enc.finish().expect("there is room").bytes(), D::reading_order(filled.clone()).concat());
            enc.clear();
            enc.data(&vec![7; odd]);
            enc.aligned(Align::of::<16>(), |enc| (0..4).for_each(|_| enc.ret()));
            let all = [filled, vec![RET.repeat(4)]].concat();
            assert_eq!(enc.finish().expect("there is room").bytes(), D::reading_order(all).concat());
        }
    }
    check::<Down>();
    check::<Up>();
}

/// What is aligned in a block is aligned where the block comes to lie; between the block and what was placed before are
/// instructions that do nothing.
#[test]
fn alignment_inside_a_block() {
    type Place<D> = fn(&mut x64::Emitter<'_, D>, Align) -> Label;
    fn ways<D: Side>() -> [Place<D>; 4] {
        [
            |enc, align| {
                enc.align(align);
                enc.here()
            },
            |enc, align| {
                enc.align_code(align);
                enc.here()
            },
            |enc, align| enc.aligned(align, |enc| enc.here()),
            |enc, align| enc.data_aligned(&[], align),
        ]
    }
    type Into<D, O> = fn(&mut x64::Emitter<'_, D>, &mut dyn FnMut(&mut x64::Emitter<'_, O>));
    /// A RET, a gap and another, in a block of the other direction, or in that a block of its own, or below something
    /// moved.
    fn blocks<D: Side, O: Side>(into: Into<D, O>, is_zero: [bool; 4]) {
        let align = Align::of::<32>();
        for (way, is_zero) in ways::<O>().into_iter().zip(is_zero) {
            for before in 0..70 {
                let mut enc = x64::Emitter::<D>::new();
                enc.data(&vec![7; before]);
                let mut label = None;
                into(&mut enc, &mut |block| {
                    block.ret();
                    label = Some(way(block, align));
                    block.ret();
                });
                enc.data(&[7]);
                let code = enc.finish().expect("it is legal");
                assert_eq!(D::alignment(&code), 32);
                assert_eq!(D::distance(&code, label.expect("the block has run")) % 32, 0);
                let bytes = code.bytes();
                let start = D::lower(before, 1);
                let end = bytes.len() - D::lower(1, before);
                assert!(bytes[..start].iter().chain(&bytes[end..]).all(|&byte| byte == 7));
                // The block, 33 bytes long, and the gap before it.
                let (block, gap) = match D::IS_UP {
                    true => (&bytes[end - 33..end], &bytes[start..end - 33]),
                    false => (&bytes[start..start + 33], &bytes[start + 33..end]),
                };
                nops(gap);
                assert!(gap.len() < 32);
                assert_eq!((block[0], block[32]), (0xC3, 0xC3));
                match is_zero {
                    true => assert_eq!(block[1..32], [0; 31]),
                    false => assert_eq!(nops(&block[1..32]).len(), 4),
                }
            }
        }
    }
    let is_zero = [true, false, false, true];
    blocks::<Down, Up>(|enc, f| enc.forward(|asm| f(asm)), is_zero);
    blocks::<Up, Down>(|asm, f| asm.backward(|enc| f(enc)), is_zero);
}

/// Blocks in blocks, four deep in either direction: every byte that was to be aligned is.
#[test]
fn alignment_inside_blocks_in_blocks() {
    fn nest<D, O>(enc: &mut x64::Emitter<'_, D>, depth: u32, found: &mut Vec<(Label, u32)>)
    where
        D: Blocks<Other = O>,
        O: Blocks<Other = D>,
    {
        let align = Align::new(8 << depth).expect("a power of two");
        (0..depth).for_each(|_| enc.ret());
        found.push((enc.data_aligned(&[depth as u8; 3], align), align.bytes()));
        if depth < 4 {
            D::block(enc, |block| nest(block, depth + 1, found));
            enc.ret();
            D::block(enc, |block| {
                aligned_loop(block, align, found);
                nest(block, depth + 1, found);
            });
        }
        enc.align_code(align);
        found.push((enc.here(), align.bytes()));
        enc.ret();
    }
    fn aligned_loop<D: Side>(enc: &mut x64::Emitter<'_, D>, align: Align, found: &mut Vec<(Label, u32)>) {
        let head = enc.aligned(align, |enc| {
            let head = enc.label();
            block!(enc; bind(head); dec_rm64(x64::RDI); jnz(head));
            head
        });
        found.push((head, align.bytes()));
    }
    fn check<D: Blocks>()
    where
        D::Other: Blocks<Other = D>,
    {
        for before in 0..9 {
            let mut enc = x64::Emitter::<D>::new();
            enc.nops(before);
            let mut found = Vec::new();
            nest::<D, D::Other>(&mut enc, 0, &mut found);
            let code = enc.finish().expect("all is legal");
            assert!(found.len() > 60, "{}", found.len());
            for (label, align) in found {
                // The head of code that grows down is its lowest byte, and so is data's; both count from the base.
                assert_eq!(D::distance(&code, label) % align as usize, 0, "{align} behind {before}");
            }
            assert_eq!(D::alignment(&code), 128);
        }
    }
    check::<Down>();
    check::<Up>();
}

/// Data of an odd length with an instruction next to it, in either direction.
#[test]
fn instructions_of_aarch64_are_aligned() {
    use aarch64::Emitter;
    fn run<Dir: tailfirst::Direction>(place: impl Fn(&mut Emitter<'_, Dir>)) -> Result<usize, FinishError> {
        let mut enc = tailfirst::Encoder::new();
        place(&mut enc);
        enc.finish().map(|code| code.bytes().len())
    }
    fn all<Dir: tailfirst::Direction>() {
        let misaligned = |at| Err(FinishError::MisalignedCode { at });
        let between = |enc: &mut Emitter<'_, Dir>| {
            enc.nop();
            enc.data(&[7]);
            enc.nop();
        };
        assert_eq!(run::<Dir>(between), misaligned(5));
        // Data may be in pieces, and end the code.
        let pieces = |enc: &mut Emitter<'_, Dir>| {
            enc.data(&[7]);
            enc.data(&[7, 7, 7]);
            enc.nop();
            enc.data(&[7]);
        };
        assert_eq!(run::<Dir>(pieces), Ok(9));
        let aligned = |enc: &mut Emitter<'_, Dir>| {
            enc.data(&[7]);
            enc.align_code(Align::of::<4>());
            enc.nop();
        };
        assert_eq!(run::<Dir>(aligned), Ok(8));
        let in_blocks = |enc: &mut Emitter<'_, Dir>| {
            enc.forward(|enc| enc.data(&[7]));
            enc.backward(|enc| enc.data(&[7]));
            enc.nop();
        };
        assert_eq!(run::<Dir>(in_blocks), misaligned(2));
    }
    all::<tailfirst::Down>();
    all::<tailfirst::Up>();
}

/// Data of every size and alignment behind code of every length, and a load on either side finds it: directly, in
/// blocks, and in what is moved.
#[test]
fn loads_find_aligned_data_x64() {
    type Around<D> = fn(&mut x64::Emitter<'_, D>, &mut dyn FnMut(&mut dyn Places));
    /// An encoder of either direction.
    trait Places {
        fn nops(&mut self, bytes: usize);
        fn data_aligned(&mut self, bytes: &[u8], align: Align) -> Label;
        /// Gives the label of its first byte.
        fn load(&mut self, label: Label) -> Label;
    }
    impl<D: Direction> Places for x64::Emitter<'_, D> {
        fn nops(&mut self, bytes: usize) {
            x64::Emitter::nops(self, bytes);
        }
        fn data_aligned(&mut self, bytes: &[u8], align: Align) -> Label {
            x64::Emitter::data_aligned(self, bytes, align)
        }
        fn load(&mut self, label: Label) -> Label {
            let start = self.label();
            block!(self; bind(start); mov_r64_rm64(x64::RAX, label));
            start
        }
    }
    fn check<D: Side>(around: Around<D>) {
        let align = [1, 2, 8, 16, 64].map(|bytes| Align::new(bytes).expect("a power of two"));
        for (len, align) in [0, 1, 8, 13, 16, 70].into_iter().flat_map(|len| align.map(|align| (len, align))) {
            for before in [0, 1, 2, 7, 8, 9, 63] {
                let bytes: Vec<u8> = (0..len).map(|byte| byte as u8 | 0x80).collect();
                let mut enc = x64::Emitter::<D>::new();
                enc.nops(before);
                let mut labels = None;
                around(&mut enc, &mut |enc| {
                    enc.nops(1);
                    let data = enc.data_aligned(&bytes, align);
                    let load = enc.load(data);
                    enc.nops(2);
                    labels = Some((data, load));
                });
                let (data, load) = labels.expect("it has run");
                let outside = Places::load(&mut enc, data);
                let code = enc.finish().expect("all is bound");
                let at = code.offset_of(data).expect("placed");
                assert_eq!(D::from_base(code.bytes().len(), at) % align.bytes() as usize, 0);
                assert_eq!(code.bytes()[at..at + len], bytes);
                assert!(D::alignment(&code) >= align.bytes());
                for load in [load, outside] {
                    let load = code.offset_of(load).expect("placed");
                    let (opcode, disp) = code.bytes()[load..load + 7].split_at(3);
                    assert_eq!(opcode, [0x48, 0x8B, 0x05]);
                    let disp = i32::from_le_bytes(disp.try_into().expect("four bytes"));
                    assert_eq!(load as i32 + 7 + disp, at as i32, "{len} bytes at {align:?} behind {before}");
                }
                // It is known what is data, and the loads are not.
                let is_data = |at: usize| code.data().any(|range| range.contains(&at));
                assert!((at..at + len).all(is_data));
                let load = code.offset_of(load).expect("placed");
                assert!(!(load..load + 7).any(is_data));
            }
        }
    }
    check::<Down>(|enc, f| f(enc));
    check::<Down>(|enc, f| enc.forward(|asm| f(asm)));
    check::<Down>(|enc, f| enc.forward(|asm| asm.backward(|enc| f(enc))));
    check::<Down>(|enc, f| enc.aligned(Align::of::<32>(), |enc| f(enc)));
    check::<Down>(|enc, f| enc.aligned(Align::of::<32>(), |enc| enc.forward(|asm| f(asm))));
    check::<Up>(|asm, f| f(asm));
    check::<Up>(|asm, f| asm.backward(|enc| f(enc)));
    check::<Up>(|asm, f| asm.backward(|enc| enc.forward(|asm| f(asm))));
    check::<Up>(|asm, f| asm.aligned(Align::of::<32>(), |asm| f(asm)));
    check::<Up>(|asm, f| asm.backward(|enc| enc.aligned(Align::of::<32>(), |enc| f(enc))));
}

#[test]
fn loads_find_aligned_data_aarch64() {
    fn check<D: Side>(around: fn(&mut aarch64::Emitter<'_, D>, &[u8], Align) -> [Label; 2]) {
        for (len, align) in [(4, 4), (8, 8), (8, 4), (16, 16), (16, 64), (24, 32)] {
            for before in 0..9 {
                let bytes: Vec<u8> = (0..len).map(|byte| byte as u8 | 0x80).collect();
                let mut enc = aarch64::Emitter::<D>::new();
                (0..before).for_each(|_| enc.nop());
                let [data, load] = around(&mut enc, &bytes, Align::new(align).expect("a power of two"));
                let code = enc.finish().expect("all is bound");
                let (at, load) = (code.offset_of(data).expect("placed"), code.offset_of(load).expect("placed"));
                assert_eq!(D::from_base(code.bytes().len(), at) % align as usize, 0);
                assert_eq!(code.bytes()[at..at + len], bytes);
                let word = u32::from_le_bytes(code.bytes()[load..load + 4].try_into().expect("four bytes"));
                assert_eq!(word & 0xFF00_001F, 0x5800_0003, "{word:x}");
                assert_eq!(load as i32 + ((word << 8) as i32 >> 13 << 2), at as i32);
            }
        }
    }
    fn place<D: Direction>(enc: &mut aarch64::Emitter<'_, D>, bytes: &[u8], align: Align) -> [Label; 2] {
        enc.nop();
        let data = enc.data_aligned(bytes, align);
        enc.ret();
        let load = enc.label();
        block!(enc; bind(load); ldr_x_lit(aarch64::X3, data));
        [data, load]
    }
    check::<Down>(place);
    check::<Down>(|enc, bytes, align| enc.forward(|asm| place(asm, bytes, align)));
    check::<Down>(|enc, bytes, align| {
        enc.aligned(Align::of::<32>(), |enc| enc.forward(|asm| place(asm, bytes, align)))
    });
    check::<Up>(place);
    check::<Up>(|asm, bytes, align| asm.backward(|enc| place(enc, bytes, align)));
    check::<Up>(|asm, bytes, align| asm.aligned(Align::of::<32>(), |asm| asm.backward(|enc| place(enc, bytes, align))));
}
