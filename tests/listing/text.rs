//! Listings of finished code. Texts are compared whole: a reader sees here what a listing looks like.

use tailfirst::{Align, Down, Listing, Symbol, Up, aarch64, block, x64};
use tailfirst_roundtrip::side::Blocks;

#[test]
fn x64_with_all_columns() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut listing = Listing::new();
    enc.ret();
    let done = enc.here();
    listing.name(done, "done");
    let head = enc.label();
    listing.name(head, "head");
    enc.jnz(head);
    enc.dec_rm64(RDI);
    enc.add_rm64_r64(RAX, RDI);
    enc.bind(head);
    listing.comment(enc.here(), "v2 = v1 + n\nn = n - 1");
    enc.jz(done);
    enc.test_rm64_r64(RDI, RDI);
    listing.comment(enc.here(), "guard n != 0");
    enc.mov_r64_imm64(RAX, 0x1122_3344_5566_7788);
    listing.name(enc.here(), "entry");
    let code = enc.finish().unwrap();
    let text = listing.of(&code);
    let plain = "\
entry:
    mov rax, 0x1122334455667788
; guard n != 0
    test rdi, rdi
    je done
head:
; v2 = v1 + n
; n = n - 1
    add rax, rdi
    dec rdi
    jne head
done:
    ret
";
    assert_eq!(text.to_string(), plain);
    let full = "\
entry:
     0  48 b8 88 77 66 55 44 33 22 11  mov rax, 0x1122334455667788
; guard n != 0
     a  48 85 ff                 test rdi, rdi
     d  74 0c                    je done
head:
; v2 = v1 + n
; n = n - 1
     f  48 01 f8                 add rax, rdi
    12  48 ff cf                 dec rdi
    15  0f 85 f4 ff ff ff        jne head
done:
    1b  c3                       ret
";
    assert_eq!(text.with_offsets().with_bytes().to_string(), full);
    let addresses = text.with_addresses(0x7F00_0000_1000).to_string();
    assert!(addresses.contains("\n7f0000001015  jne head\n"), "{addresses}");
    let bytes = text.with_bytes().to_string();
    assert!(bytes.contains("\n  0f 85 f4 ff ff ff        jne head\n"), "{bytes}");
}

/// Names and comments that are given in a forward block and in an aligned one.
#[test]
fn names_and_comments_in_blocks() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut listing = Listing::new();
    enc.ret();
    enc.forward(|asm| {
        listing.comment(asm.here(), "first");
        asm.cld();
        asm.forward(|asm| {
            asm.clc();
            listing.comment(asm.here(), "third");
            asm.stc();
        });
    });
    enc.aligned(tailfirst::Align::of::<16>(), |enc| {
        enc.jmp_rm64(RAX);
        listing.comment(enc.here(), "out of the loop");
        enc.forward(|asm| {
            listing.name(asm.here(), "head");
            asm.cmc();
            listing.comment(asm.here(), "inside");
            asm.nop();
        });
    });
    let code = enc.finish().unwrap();
    let expected = "\
head:
     0  cmc
; inside
     1  nop
; out of the loop
     2  jmp rax
     4  nop [rax+rax+0x100]
; first
     c  cld
     d  clc
; third
     e  stc
     f  ret
";
    assert_eq!(listing.of(&code).with_offsets().to_string(), expected);
}

#[test]
fn aarch64_with_all_columns() {
    use aarch64::*;
    let mut enc = Encoder::new();
    let mut listing = Listing::new();
    enc.ret();
    let done = enc.here();
    listing.name(done, "done");
    let head = enc.label();
    listing.name(head, "head");
    enc.cbnz_x(X1, head);
    enc.sub_x_imm(X1, X1, AddImm::of::<1>());
    enc.add_x(X0, X0, X1);
    enc.bind(head);
    listing.comment(enc.here(), "the loop");
    enc.tbz_w(W1, UImm::new(3).unwrap(), done);
    enc.b_eq(done);
    enc.adr(X2, done);
    enc.b(head);
    let code = enc.finish().unwrap();
    let text = listing.of(&code);
    let full = &"
     0  04 00 00 14  b head
     4  c2 00 00 10  adr x2, done
     8  a0 00 00 54  b.eq done
     c  81 00 18 36  tbz w1, #0x3, done
head:
; the loop
    10  00 00 01 8b  add x0, x0, x1
    14  21 04 00 d1  sub x1, x1, #0x1
    18  c1 ff ff b5  cbnz x1, head
done:
    1c  c0 03 5f d6  ret
"[1..];
    assert_eq!(text.with_offsets().with_bytes().to_string(), full);
    let plain: String =
        full.lines().map(|line| line.get(21..).map_or(line.into(), |text| format!("    {text}")) + "\n").collect();
    assert_eq!(text.to_string(), plain);
    assert!(text.with_addresses(0x1_0000).to_string().contains("\n       10018  cbnz x1, head\n"));
}

#[test]
fn unnamed_targets_are_numbers() {
    let mut enc = x64::Encoder::new();
    enc.ret();
    let done = enc.here();
    enc.lea_r64_m(x64::RAX, done);
    enc.jz(done);
    let code = enc.finish().unwrap();
    assert_eq!(Listing::new().of(&code).to_string(), "    je 0x9\n    lea rax, [0x9]\n    ret\n");
    let at = Listing::new().of(&code).with_addresses(0x40_0000).to_string();
    assert_eq!(at, "      400000  je 0x400009\n      400002  lea rax, [0x400009]\n      400009  ret\n");

    let mut enc = aarch64::Encoder::new();
    enc.ret();
    let done = enc.here();
    enc.b(done);
    let code = enc.finish().unwrap();
    assert_eq!(Listing::new().of(&code).to_string(), "    b 0x4\n    ret\n");
}

/// A number that happens to be the place of a label is not that label.
#[test]
fn immediates_are_not_labels() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut listing = Listing::new();
    enc.ret();
    listing.name(enc.here(), "done");
    enc.mov_r64_rm64(RAX, RBX + 11);
    enc.mov_rm64_imm32(RCX, 11);
    listing.name(enc.here(), "start");
    let code = enc.finish().unwrap();
    assert_eq!(code.bytes().len(), 12);
    let text = "start:\n    mov rcx, 0xb\n    mov rax, [rbx+0xb]\ndone:\n    ret\n";
    assert_eq!(listing.of(&code).to_string(), text);
}

/// Offset 0 is a target as any other.
#[test]
fn branches_lead_to_the_start() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut listing = Listing::new();
    let start = enc.label();
    listing.name(start, "start");
    enc.jmp(start);
    enc.bind(start);
    let code = enc.finish().unwrap();
    assert_eq!(listing.of(&code).to_string(), "start:\n    jmp start\n");
}

#[test]
fn names_and_comments_cannot_make_lines_of_their_own() {
    const CALLEE: Symbol = Symbol(0);
    const NAMELESS: Symbol = Symbol(1);
    let mut enc = x64::Encoder::new();
    let mut listing = Listing::new();
    let start = enc.label();
    enc.jmp(start);
    enc.call(CALLEE);
    enc.call(NAMELESS);
    enc.bind(start);
    listing.name(start, "a\r\nb\0c\u{1B}[2J\u{7F}\u{85}\u{2028}\u{2029}d\té");
    listing.comment(start, "one\rtwo\0three\u{85}\r\nfour\u{1B}[2J\tfive\n\nsix\u{2029}");
    listing.symbol(CALLEE, "callee\nret");
    listing.symbol(NAMELESS, "");
    listing.name(enc.here(), "");
    let code = enc.finish().unwrap();
    let text = "\
?:
a??b?c?[2J????d\té:
; one?two?three?
; four?[2J\tfive
;
; six?
    call ?
    call callee?ret
    jmp a??b?c?[2J????d\té
";
    let shown = listing.of(&code).to_string();
    // The first name is what branches show.
    assert_eq!(shown, text);
}

#[test]
fn memory_at_a_label_shows_its_name() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut listing = Listing::new();
    enc.ud2();
    let constant = enc.here();
    listing.name(constant, "constant");
    listing.data(constant, 2);
    enc.mov_r64_rm64(RAX, constant);
    let code = enc.finish().unwrap();
    assert_eq!(listing.of(&code).to_string(), "    mov rax, [constant]\nconstant:\n    .byte 0x0f, 0x0b\n");
}

#[test]
fn at_one_place_what_was_given_later_stands_first() {
    let mut enc = x64::Encoder::new();
    let mut listing = Listing::new();
    enc.nop();
    listing.comment(enc.here(), "v3: the nop\nits second line\n\nafter an empty one");
    listing.comment(enc.here(), "v2: no code");
    listing.name(enc.here(), "inner");
    listing.name(enc.here(), "outer");
    listing.comment(enc.here(), "v1: no code");
    let code = enc.finish().unwrap();
    let text = "\
outer:
inner:
; v1: no code
; v2: no code
; v3: the nop
; its second line
;
; after an empty one
    nop
";
    assert_eq!(listing.of(&code).to_string(), text);
}

/// Where code grows up, the later is the higher, and so the same text is given in its own order. Branches show the name
/// given first.
#[test]
fn at_one_place_what_was_given_first_stands_first_where_code_grows_up() {
    use x64::*;
    let mut asm = Assembler::new();
    let mut listing = Listing::new();
    asm.cld();
    listing.comment(asm.here(), "v1: no code");
    let outer = asm.here();
    listing.name(outer, "outer");
    listing.name(asm.here(), "inner");
    listing.comment(asm.here(), "v2: no code");
    listing.comment(asm.here(), "v3: the nop");
    asm.nop();
    asm.jmp(outer);
    let end = asm.here();
    listing.comment(end, "falls out");
    listing.name(end, "end");
    let code = asm.finish().unwrap();
    let text = &"
    cld
outer:
inner:
; v1: no code
; v2: no code
; v3: the nop
    nop
    jmp outer
end:
; falls out
"[1..];
    assert_eq!(listing.of(&code).to_string(), text);
}

/// A loop with names, comments, data, constants and symbols: the text does not tell how the code grew.
#[test]
fn the_same_text_in_both_directions_x64() {
    use x64::*;
    fn text<D: Blocks>() -> String {
        let mut enc = Emitter::<D>::new();
        let mut listing = Listing::new();
        let [entry, head, done, table] = [(); 4].map(|()| enc.label());
        for (label, name) in [(entry, "entry"), (head, "head"), (done, "done"), (table, "table")] {
            listing.name(label, name);
        }
        listing.symbol(Symbol(7), "handler");
        listing.comment(head, "v2 = v1 + n");
        listing.comment(entry, "guard n != 0");
        enc.in_order(0..6, |enc, step| match step {
            0 => block!(enc; bind(entry); test_rm64_r64(RDI, RDI); je_rel32(done)),
            1 => enc.aligned(Align::of::<16>(), |enc| {
                block!(enc; bind(head); add_rm64_r64(RAX, RDI); dec_rm64(RDI); jne_rel32(head));
            }),
            2 => D::block(enc, |enc| {
                enc.in_order(0..3, |enc, step| match step {
                    0 => listing.comment(enc.here(), "in a block"),
                    1 => enc.cmp_rm32_imm8(table, 1),
                    _ => block!(enc; call(Symbol(7)); bind(done); ret()),
                });
            }),
            3 => enc.align(Align::of::<8>()),
            4 => block!(enc; bind(table); data_address(Symbol(7)); data_address(head)),
            _ => enc.data(b"\xC3\xC3"),
        });
        listing.of(&enc.finish().unwrap()).with_offsets().to_string()
    }
    let down = "\
entry:
; guard n != 0
     0  test rdi, rdi
     3  je done
head:
; v2 = v1 + n
     9  add rax, rdi
     c  dec rdi
     f  jne head
; in a block
    15  cmp dword ptr [table], 0x1
    1c  call handler
done:
    21  ret
    22  .byte 0x00, 0x00, 0x00, 0x00, 0x00, 0x00
table:
    28  .byte 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00  ; handler
    30  .byte 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00  ; head
    38  .byte 0xc3, 0xc3
";
    // Only alignment tells the base.
    let instructions = |text: &str| -> String {
        let lines = text.lines().filter(|line| !line.contains("nop") && !line.ends_with("0x00"));
        lines.map(|line| line.get(8..).filter(|_| line.starts_with("  ")).unwrap_or(line).to_owned() + "\n").collect()
    };
    assert_eq!(instructions(&text::<Up>()), instructions(down));
    assert_eq!(instructions(&text::<Down>()), instructions(down));
    assert!(
        text::<Up>().contains("     9  nop [rax+0x100]\nhead:\n; v2 = v1 + n\n    10  add rax, rdi\n"),
        "{}",
        text::<Up>()
    );
}

#[test]
fn the_same_text_in_both_directions_aarch64() {
    use aarch64::*;
    fn check<D: Blocks>() {
        let mut enc = Emitter::<D>::new();
        let mut listing = Listing::new();
        let [head, done] = [(); 2].map(|()| enc.label());
        let constant = enc.constant_u64(0x1122_3344_5566_7788);
        listing.name(constant, "constant");
        listing.name(head, "head");
        listing.name(done, "done");
        let entry = enc.label();
        enc.in_order(0..3, |enc, step| match step {
            0 => block!(enc; bind(entry); cbz_x(X1, done); ldr_x_lit(X2, constant); bind(head)),
            1 => D::block(enc, |enc| {
                enc.in_order(0..2, |enc, step| match step {
                    0 => listing.comment(enc.here(), "in a block"),
                    _ => block!(enc; add_x(X0, X0, X2); sub_x_imm(X1, X1, AddImm::of::<1>()); cbnz_x(X1, head)),
                });
            }),
            _ => block!(enc; bl(Symbol(2)); nop(); bind(done); ret()),
        });
        let code = enc.finish().unwrap();
        let text = listing.of(&code).to_string();
        let constant = "constant:\n    .byte 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11\n";
        let instructions = &"
    cbz x1, done
    ldr x2, constant
head:
; in a block
    add x0, x0, x2
    sub x1, x1, #0x1
    cbnz x1, head
    bl symbol 2
    nop
done:
    ret
"[1..];
        // The constants are what was placed last; 32 bytes of instructions need no gap.
        assert_eq!(text, D::lower([instructions, constant], [constant, instructions]).concat());
    }
    check::<Down>();
    check::<Up>();
}

#[test]
fn the_end_of_the_code_has_a_place() {
    let mut enc = x64::Encoder::new();
    let mut listing = Listing::new();
    let end = enc.here();
    listing.name(end, "end");
    listing.comment(end, "falls out");
    enc.jmp(end);
    let code = enc.finish().unwrap();
    assert_eq!(listing.of(&code).to_string(), "    jmp end\nend:\n; falls out\n");
    assert_eq!(Listing::new().of(&x64::Encoder::new().finish().unwrap()).to_string(), "");
}

#[test]
fn labels_without_a_place_are_left_out() {
    let mut enc = x64::Encoder::new();
    let mut listing = Listing::new();
    enc.nop();
    let pending = enc.label();
    listing.name(pending, "nowhere");
    listing.comment(pending, "nothing");
    listing.data(pending, 3);
    let code = enc.finish().unwrap();
    assert_eq!(listing.of(&code).to_string(), "    nop\n");
}

#[test]
fn data_is_not_disassembled() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut listing = Listing::new();
    enc.ret();
    for _ in 0..11 {
        enc.nop();
    }
    let table = enc.here();
    listing.name(table, "table");
    listing.data(table, 11);
    enc.nop();
    let code = enc.finish().unwrap();
    let text = &"
    nop
table:
    .byte 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90
    .byte 0x90, 0x90, 0x90
    ret
"[1..];
    assert_eq!(listing.of(&code).to_string(), text);
    // Longer than the code.
    listing.data(table, usize::MAX);
    assert!(listing.of(&code).to_string().ends_with("0x90\n    .byte 0x90, 0x90, 0x90, 0xc3\n"));
}

/// The first byte of a ten-byte mov is called data, so what follows reads as other instructions, and the last takes the
/// ret in.
#[test]
fn a_place_inside_an_instruction_is_shown_before_it() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut listing = Listing::new();
    enc.ret();
    listing.name(enc.here(), "done");
    listing.comment(enc.here(), "return");
    enc.mov_r64_imm64(RAX, 0x0807_0605_0403_0201);
    listing.data(enc.here(), 1);
    let code = enc.finish().unwrap();
    let text = &"
    .byte 0x48
    mov eax, 0x4030201
done = . + 4
; return
    add eax, 0xc3080706
"[1..];
    assert_eq!(listing.of(&code).to_string(), text);
}

/// An instruction never runs into data: what comes before is shown by itself.
#[test]
fn data_cuts_what_would_run_into_it() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut listing = Listing::new();
    enc.ret();
    listing.data(enc.here(), 1);
    enc.mov_r64_imm64(RAX, 0x0807_0605_0403_0201);
    listing.data(enc.here(), 1);
    let code = enc.finish().unwrap();
    let text = listing.of(&code).to_string();
    assert!(text.starts_with("    .byte 0x48\n    mov eax, 0x4030201\n    .byte 0x05\n"), "{text}");
    assert!(text.ends_with("    .byte 0xc3\n"), "{text}");
}

#[test]
fn unknown_instructions_are_their_bits() {
    use aarch64::*;
    let mut enc = Encoder::new();
    enc.ret();
    enc.udf(UImm::new(7).unwrap());
    enc.ctz_x(X1, X2);
    let code = enc.finish().unwrap();
    let text = Listing::new().of(&code).to_string();
    assert_eq!(text, "    .inst 0xdac01841\n    udf #0x7\n    ret\n");
}

/// The distance to a symbol is a matter of linking; the name is not.
#[test]
fn symbols_are_shown_by_name_linked_or_not() {
    let mut listing = Listing::new();
    listing.symbol(Symbol(1), "memcpy");
    let mut enc = x64::Encoder::new();
    enc.ret();
    // Where the fields that are not filled in yet would lead.
    listing.name(enc.here(), "done");
    enc.mov_r64_rm64(x64::RAX, Symbol(1));
    enc.cmp_rm32_imm8(Symbol(3), 1);
    listing.name(enc.here(), "next");
    enc.jnz(Symbol(2));
    enc.call(Symbol(1));
    let mut code = enc.finish().unwrap();
    let text = &"
    call memcpy
    jne symbol 2
next:
    cmp dword ptr [symbol 3], 0x1
    mov rax, [memcpy]
done:
    ret
"[1..];
    assert_eq!(listing.of(&code).to_string(), text);
    code.link(0, |symbol| Some(0x100 * u64::from(symbol.0))).unwrap();
    assert_eq!(listing.of(&code).to_string(), text);

    let mut enc = aarch64::Encoder::new();
    let data = enc.here();
    enc.ret();
    let place = enc.here();
    enc.b_ne(Symbol(2));
    enc.bl(Symbol(1));
    enc.adrp(aarch64::X0, place);
    enc.adrp(aarch64::X0, data);
    enc.ldr_x_lit(aarch64::X0, Symbol(1));
    listing.clear();
    listing.name(data, "data");
    let mut code = enc.finish().unwrap();
    let text = &"
        1000  ldr x0, memcpy
        1004  adrp x0, data
        1008  adrp x0, 0x1014
        100c  bl memcpy
        1010  b.ne symbol 2
        1014  ret
data:
"[1..];
    assert_eq!(listing.of(&code).with_addresses(0x1000).to_string(), text);
    code.link(0x1000, |_| Some(0x1000)).unwrap();
    assert_eq!(listing.of(&code).with_addresses(0x1000).to_string(), text);
}

/// Nobody says that it is data; the encoder knows.
#[test]
fn data_and_constants_are_shown_by_themselves_x64() {
    use x64::*;
    let mut enc = Encoder::new();
    let mut listing = Listing::new();
    listing.symbol(Symbol(7), "handler");
    enc.data(b"\xC3\xC3\xC3");
    enc.data_u32(0x9090_9090);
    let table = enc.here();
    listing.name(table, "table");
    enc.ret();
    let entry = enc.here();
    listing.name(entry, "entry");
    // From here down eight aligned bytes each, above them zeros.
    enc.align(Align::of::<8>());
    enc.data_address(Symbol(7));
    enc.data_address(entry);
    let half = enc.constant_f64(0.5);
    enc.ret();
    enc.mulsd_xmm_xmmm64(XMM0, half);
    listing.name(half, "half");
    let mut code = enc.finish().unwrap();
    let text = &"
half:
    .byte 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xe0, 0x3f
    mulsd xmm0, [half]
    ret
    .byte 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00  ; entry
    .byte 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00  ; handler
entry:
    ret
table:
    .byte 0x90, 0x90, 0x90, 0x90, 0xc3, 0xc3, 0xc3
"[1..];
    let shown = listing.of(&code).to_string();
    // The constant is aligned by zeros behind it.
    assert_eq!(shown.replacen("\n    .byte 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00\n", "\n", 1), text);
    code.link(0x1000, |_| Some(0x1122)).unwrap();
    assert!(
        listing.of(&code).to_string().contains("    .byte 0x22, 0x11, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00  ; handler\n")
    );
}

#[test]
fn data_and_constants_are_shown_by_themselves_aarch64() {
    use aarch64::*;
    let mut enc = Encoder::new();
    let mut listing = Listing::new();
    listing.symbol(Symbol(7), "handler");
    // Read as an instruction, the last four bytes would be RET.
    enc.data(b"\x00\xC0\x03\x5F\xD6");
    enc.align(Align::of::<4>());
    enc.data_offset(Symbol(7));
    enc.ret();
    let constant = enc.constant_u64(0xD65F_03C0_D65F_03C0);
    enc.ldr_x_lit(X0, constant);
    let code = enc.finish().unwrap();
    let text = &"
    .byte 0xc0, 0x03, 0x5f, 0xd6, 0xc0, 0x03, 0x5f, 0xd6
    .byte 0x00, 0x00, 0x00, 0x00
    ldr x0, 0x0
    ret
    .byte 0x00, 0x00, 0x00, 0x00  ; handler
    .byte 0x00, 0x00, 0x00, 0x00, 0xc0, 0x03, 0x5f, 0xd6
"[1..];
    assert_eq!(listing.of(&code).to_string(), text);
}

/// Data is found where it came to lie: in blocks that are copied or moved, and not where it was rolled back.
#[test]
fn data_is_known_wherever_it_goes() {
    fn check<D: Blocks>() -> Vec<Vec<u8>> {
        let mut enc = x64::Emitter::<D>::new();
        enc.data(&[1, 2]);
        enc.data(&[3]);
        enc.ret();
        enc.data(&[4]);
        let before = enc.snapshot();
        enc.data(&[0x55, 0x55]);
        enc.nop();
        enc.data(&[0x77, 0x77]);
        enc.rollback(before);
        enc.data(&[7]);
        D::block(&mut enc, |enc| {
            enc.data(&[8]);
            enc.nop();
            enc.data(&[9]);
            enc.data(&[10]);
            // Of these one is a block.
            enc.forward(|asm| asm.backward(|enc| enc.data(&[16])));
            enc.ret();
            let before = enc.snapshot();
            enc.data(&[0x55]);
            enc.rollback(before);
        });
        enc.aligned(Align::of::<32>(), |enc| {
            enc.data(&[11]);
            enc.ret();
            enc.aligned(Align::of::<4>(), |enc| {
                enc.data(&[12]);
                enc.nop();
            });
            enc.data(&[13]);
        });
        enc.data(&[14]);
        enc.aligned(Align::of::<64>(), |enc| {
            enc.data(&[15]);
            enc.ret();
        });
        let code = enc.finish().unwrap();
        assert!(code.bytes().iter().all(|byte| !matches!(byte, 0x55 | 0x77)));
        let mut ranges: Vec<_> = code.data().collect();
        ranges.sort_by_key(|range| range.start);
        let found = ranges.into_iter().map(|range| code.bytes()[range].to_vec()).collect();
        enc.clear();
        enc.ret();
        assert_eq!(enc.finish().unwrap().data().count(), 0);
        found
    }
    // What touches is one range, within a block or an aligned piece and outside of them.
    let down: [&[u8]; 9] = [&[15], &[14, 13], &[12], &[11], &[8], &[9, 10], &[16], &[7, 4], &[3, 1, 2]];
    assert_eq!(check::<Down>(), down);
    let up: [&[u8]; 9] = [&[1, 2, 3], &[4, 7], &[16], &[10, 9], &[8], &[11], &[12], &[13, 14], &[15]];
    assert_eq!(check::<Up>(), up);
}

/// A block is complete when it turns out that constants must be placed before it: its own data and theirs are told
/// apart.
#[test]
fn data_of_a_block_that_constants_go_above() {
    use aarch64::*;
    fn check<D: Blocks>() {
        let mut enc = Emitter::<D>::new();
        enc.ret();
        let constant = enc.constant_u64(0x1122_3344_5566_7788);
        enc.nops(16);
        enc.ldr_x_lit(X0, constant);
        enc.nops(0xE_0000 - 0x100);
        let start = enc.label();
        D::block(&mut enc, |enc| {
            enc.in_order(0..4, |enc, step| match step {
                0 => enc.bind(start),
                1 => enc.data(&[1, 2, 3, 4]),
                2 => enc.nops(0x1000),
                _ => enc.data(&[5, 6, 7, 8]),
            });
        });
        enc.nops(0x1000);
        let code = enc.finish().expect("the constant is in reach");
        let mut ranges: Vec<_> = code.data().collect();
        ranges.sort_by_key(|range| range.start);
        assert_eq!(ranges.len(), 3);
        let constants = if D::IS_UP { ranges.remove(0) } else { ranges.remove(2) };
        let [first, last] = &ranges[..] else { unreachable!("two are left") };
        let start = code.offset_of(start).expect("bound");
        assert_eq!((first, last), (&(start..start + 4), &(start + 0x1004..start + 0x1008)));
        assert_eq!((&code.bytes()[first.clone()], &code.bytes()[last.clone()]), (&[1, 2, 3, 4][..], &[5, 6, 7, 8][..]));
        let constant = code.offset_of(constant).expect("placed");
        assert!(constants.contains(&constant), "{constants:?}, {constant}");
        assert!(if D::IS_UP { constant < start } else { constant > last.end });
    }
    check::<Down>();
    check::<Up>();
}
