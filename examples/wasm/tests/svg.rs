//! Pictures of functions: what is in them, and that they are XML.

mod support;

use tailfirst_wasm::compile::listing::Isa;
use tailfirst_wasm::compile::svg::{SvgError, svg};
use tailfirst_wasm::compile::{CompileError, Config};

/// A loop, a jump that is nothing, a table of branches, and a name that means something in XML.
const MODULE: &str = r#"(module
    (import "host" "f" (func $host))
    (memory 1)
    (func $helper (param i32))
    (func $"a<b>&\01\"c" (param $n i32) (result i32) (local $a i32) (local $b i32) (local $c i32)
        (block $out
            (block $skip
                (br_if $skip (local.get $n))
                (br $out))
            (local.set $b (i32.const 1))
            (loop $next
                (local.set $c (i32.add (local.get $a) (local.get $b)))
                (local.set $a (local.get $b))
                (local.set $b (local.get $c))
                (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (block $two
            (block $one
                (block $zero (br_table $zero $one $two (local.get $a)))
                (call $helper (local.get $b))
                (return (i32.const 3)))
            (i32.store (i32.const 8) (local.get $b)))
        (local.get $a))
    (func $around (param i32)
        (block $out
            (block $skip
                (br_if $skip (local.get 0))
                (br $out))
            (call $host))))"#;

fn draw(isa: Isa, function: u32) -> Result<String, SvgError> {
    svg(&wat::parse_str(MODULE).unwrap(), &Config::default(), isa, function)
}

/// The texts of a class.
fn texts<'p>(picture: &'p str, class: &str) -> Vec<&'p str> {
    let start = format!("<text class=\"{class}\"");
    let lines = picture.lines().filter(|line| line.starts_with(&start));
    lines.filter_map(|line| Some(line.split_once('>')?.1.strip_suffix("</text>")?.trim())).collect()
}

#[test]
fn each_block_is_there_with_its_registers() {
    let picture = draw(Isa::X64, 2).unwrap();
    let blocks = (0..=8).map(|number| format!("block{number}")).collect::<Vec<_>>();
    let expected = [vec!["function 2, a&lt;b&gt;&amp;?&quot;c".to_string()], blocks, vec!["beside".into()]].concat();
    assert_eq!(texts(&picture, "name"), expected, "{picture}");
    // The loop's head, and the values that change places before the edge back.
    assert_eq!(texts(&picture, "top")[3], "rcx=v4  rbx=v6  rdi=v5", "{picture}");
    assert_eq!(texts(&picture, "bottom")[3], "rcx=v5  rbx=v9  rdi=v7", "{picture}");
    let code = texts(&picture, "code");
    for instruction in ["jne block3", "jmp block5", "call function1", "ret"] {
        assert!(code.iter().any(|line| line.ends_with(instruction)), "{instruction} in {picture}");
    }
    assert_eq!(ways(&picture), (10, 1));
}

/// Those onward, and those back.
fn ways(picture: &str) -> (usize, usize) {
    let count = |class: &str| picture.matches(&format!("<path class=\"{class}\"")).count();
    (count("on"), count("back"))
}

/// The jump is gone, and with it its block.
#[test]
fn a_branch_around_a_jump_leads_to_both() {
    let picture = draw(Isa::X64, 3).unwrap();
    assert_eq!(texts(&picture, "name")[1..], ["block0", "block1", "block2", "beside"], "{picture}");
    assert!(texts(&picture, "code").iter().any(|line| line.ends_with("je block2")), "{picture}");
    assert_eq!(ways(&picture), (3, 0));
}

#[test]
fn the_same_on_aarch64() {
    let picture = draw(Isa::Aarch64, 2).unwrap();
    assert_eq!(texts(&picture, "name").len(), 11, "{picture}");
    assert!(texts(&picture, "top")[3].contains("x0=v5"), "{picture}");
    assert!(texts(&picture, "code").iter().any(|line| line.ends_with("block3")), "{picture}");
}

/// Tags are closed in their order, and there is no `&` or `<` that means nothing.
fn assert_well_formed(picture: &str) {
    let mut open = vec![];
    let mut rest = picture;
    while let Some((text, tag)) = rest.split_once('<') {
        assert!(!text.contains('>') && !text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        for entity in text.split('&').skip(1) {
            assert!(["lt;", "gt;", "amp;", "quot;"].iter().any(|known| entity.starts_with(known)), "{text:?}");
        }
        let (tag, after) = tag.split_once('>').expect("a tag ends");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        match (tag.strip_prefix('/'), tag.strip_suffix('/')) {
            (Some(name), _) => assert_eq!(open.pop(), Some(name)),
            (None, Some(_)) => {}
            (None, None) => open.push(tag.split(' ').next().unwrap()),
        }
        rest = after;
    }
    assert_eq!((open.len(), rest.trim()), (0, ""));
}

#[test]
fn pictures_are_well_formed() {
    for isa in [Isa::X64, Isa::Aarch64] {
        for function in 1..=3 {
            assert_well_formed(&draw(isa, function).unwrap());
        }
    }
}

#[test]
fn any_function_can_be_drawn() {
    for seed in support::seeds().take(30) {
        let wasm = support::module(support::version_2(), seed, 4096).to_bytes();
        for isa in [Isa::X64, Isa::Aarch64] {
            for function in 0.. {
                match svg(&wasm, &Config::default(), isa, function) {
                    Ok(picture) => assert_well_formed(&picture),
                    Err(SvgError::NoBody { first, count, .. }) if (function as usize) < first + count => {}
                    Err(SvgError::NoBody { .. } | SvgError::Compile(CompileError::TooLarge { .. })) => break,
                    Err(error) => panic!("seed {seed}, function {function}: {error}"),
                }
            }
        }
    }
}

#[test]
fn only_functions_with_bodies_are_drawn() {
    for function in [0, 4, u32::MAX] {
        match draw(Isa::HOST, function) {
            Err(SvgError::NoBody { function: found, first: 1, count: 3 }) => assert_eq!(found, function),
            other => panic!("{other:?}"),
        }
    }
}
