//! Data, alignment, and instructions that do nothing.

#![cfg(all(feature = "x64", feature = "aarch64"))]

use iced_x86::{Decoder, DecoderOptions, Mnemonic};
use tailfirst::{Align, Encoder, FinishError, aarch64, aarch64::A64, x64};

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
    for count in 0..=100 {
        for forward in [false, true] {
            let mut enc = x64::Encoder::new();
            if forward {
                enc.forward(|enc| enc.nops(count));
            } else {
                enc.nops(count);
            }
            let code = enc.finish().expect("there is room");
            let lengths = nops(code.bytes());
            assert_eq!((code.bytes().len(), lengths.len()), (count, count.div_ceil(9)));
            assert!(lengths.iter().all(|length| *length <= 9));
        }
    }
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
    for count in 0..=20 {
        let mut enc = aarch64::Encoder::new();
        enc.nops(count);
        let expected = 0xD503_201Fu32.to_le_bytes().repeat(count / 4);
        assert_eq!(enc.finish().expect("there is room").bytes(), expected);
    }
}

#[test]
fn values_are_little_endian_and_strings_keep_their_order() {
    fn all(enc: &mut x64::Encoder<'_>) {
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
    let mut enc = x64::Encoder::new();
    all(&mut enc);
    enc.forward(all);
    let reversed: Vec<&[u8]> = pieces.iter().rev().copied().collect();
    assert_eq!(enc.finish().expect("there is room").bytes(), [pieces.concat(), reversed.concat()].concat());
}

/// Pieces of data longer than the red zone, around the sizes where buffers grow and end.
#[test]
fn long_data() {
    let data: Vec<u8> = (0..20_000u32).map(|i| (i ^ i >> 7) as u8).collect();
    for len in [0, 1, 63, 64, 65, 127, 128, 129, 4000, 4096, 4097, 20_000] {
        let mut enc = x64::Encoder::new();
        enc.ret();
        enc.data(&data[..len]);
        enc.forward(|enc| {
            enc.ret();
            enc.data(&data[..len]);
            enc.ret();
        });
        let expected = [&[0xC3], &data[..len], &[0xC3], &data[..len], &[0xC3]].concat();
        assert_eq!(enc.finish().expect("it grows").bytes(), expected);
        for room in [len / 2, len, len + 1, len + 40] {
            let mut memory = vec![0xEE; room + 20];
            let mut enc = x64::Encoder::in_slice(&mut memory[10..10 + room]);
            enc.ret();
            enc.data(&data[..len]);
            let needed = len + 1;
            match enc.finish() {
                Ok(code) => assert_eq!((room >= needed, code.bytes()), (true, &expected[expected.len() - needed..])),
                Err(error) => assert_eq!((room >= needed, error), (false, FinishError::OutOfSpace { needed })),
            }
            drop(enc);
            assert!(memory[..10].iter().chain(&memory[10 + room..]).all(|byte| *byte == 0xEE));
        }
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
    for log2 in 0..=12 {
        let align = Align::new(1 << log2).expect("a power of two");
        let bytes = align.bytes() as usize;
        for placed in (0..=bytes.min(70)).chain([bytes - 1, bytes, bytes + 1]) {
            let gap = (bytes - placed % bytes) % bytes;
            let mut enc = x64::Encoder::new();
            enc.data(&vec![7; placed]);
            let mut instructions = x64::Encoder::new();
            instructions.data(&vec![7; placed]);
            enc.align(align);
            instructions.align_code(align);
            let code = enc.finish().expect("there is room");
            assert_eq!(code.bytes(), [vec![0; gap], vec![7; placed]].concat());
            assert_eq!(code.end_alignment(), align.bytes());
            let code = instructions.finish().expect("there is room");
            assert_eq!((nops(&code.bytes()[..gap]).len(), code.bytes().len()), (gap.div_ceil(9), gap + placed));
            assert_eq!(code.end_alignment(), align.bytes());
        }
    }
}

/// The strictest one counts, until the encoder is cleared.
#[test]
fn the_end_is_aligned_for_all() {
    let mut enc = x64::Encoder::new();
    assert_eq!(enc.finish().map(|code| code.end_alignment()), Ok(1));
    enc.align(Align::of::<16>());
    enc.align_code(Align::of::<4>());
    assert_eq!(enc.finish().map(|code| code.end_alignment()), Ok(16));
    enc.aligned(Align::of::<64>(), |_| ());
    assert_eq!(enc.finish().map(|code| code.end_alignment()), Ok(64));
    enc.clear();
    assert_eq!(enc.finish().map(|code| code.end_alignment()), Ok(1));
}

/// Behind data, A64 gaps need not be whole words: the instructions follow the code, and zeros the instructions.
#[test]
fn aarch64_gaps_behind_odd_data() {
    const NOP: [u8; 4] = [0x1F, 0x20, 0x03, 0xD5];
    const RET: [u8; 4] = [0xC0, 0x03, 0x5F, 0xD6];
    for odd in 0..=9 {
        let gap = (16 - odd % 16) % 16;
        let mut enc = Encoder::<A64>::new();
        enc.data(&vec![7; odd]);
        enc.align_code(Align::of::<16>());
        let filled = [NOP.repeat(gap / 4), vec![0; gap % 4], vec![7; odd]].concat();
        assert_eq!(enc.finish().expect("there is room").bytes(), filled);
        enc.clear();
        enc.data(&vec![7; odd]);
        enc.aligned(Align::of::<16>(), |enc| (0..4).for_each(|_| enc.ret()));
        assert_eq!(enc.finish().expect("there is room").bytes(), [RET.repeat(4), filled].concat());
    }
}

#[test]
fn no_alignment_inside_a_forward_block() {
    let align = Align::of::<32>();
    let wrong: [fn(&mut x64::Encoder<'_>, Align); 3] =
        [|enc, align| enc.align(align), |enc, align| enc.align_code(align), |enc, align| enc.aligned(align, |_| ())];
    for place in wrong {
        let mut enc = x64::Encoder::new();
        enc.forward(|enc| {
            enc.ret();
            place(enc, align);
            enc.ret();
        });
        enc.ret();
        assert_eq!(enc.finish().err(), Some(FinishError::AlignedInForwardBlock { align: 32 }));
        // Nor in a block of that.
        enc.clear();
        enc.aligned(align, |enc| enc.forward(|enc| enc.forward(|enc| place(enc, align))));
        assert_eq!(enc.finish().err(), Some(FinishError::AlignedInForwardBlock { align: 32 }));
    }
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
