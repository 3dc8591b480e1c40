//! gdb's JIT interface: the object file, and the list that the debugger walks. What gdb itself shows is checked by
//! `.ci/debuggers`.

use crate::support;
use gimli::{DwarfSections, EndianSlice, NativeEndian};
use object::{
    Endianness, NativeEndian as ObjectEndian,
    read::elf::{ElfFile64, FileHeader, SectionHeader},
};
use std::{
    sync::{Mutex, MutexGuard},
    thread,
};
use support::{Call, Frame, native};
use tailfirst::debug::{Function, GdbRegistration, SourceLine};

/// `struct jit_code_entry` of the gdb manual.
#[repr(C)]
struct Entry {
    next: *const Entry,
    previous: *const Entry,
    image: *const u8,
    image_len: u64,
}

/// `struct jit_descriptor`.
#[repr(C)]
struct Descriptor {
    version: u32,
    action: u32,
    relevant: *const Entry,
    first: *const Entry,
}

unsafe extern "C" {
    /// By the name that a debugger knows.
    #[link_name = "__jit_debug_descriptor"]
    static DESCRIPTOR: Descriptor;
}

/// The list is the process's, so tests that look at it take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The registered object files, from the first to the last, as a debugger reads them.
fn listed(_turn: &MutexGuard<'_, ()>) -> Vec<Vec<u8>> {
    // SAFETY: in its turn a test has no other thread, so nobody changes the list. Entries are valid as long as they are
    // linked.
    unsafe {
        let descriptor = (&raw const DESCRIPTOR).read_volatile();
        assert_eq!((descriptor.version, descriptor.action, descriptor.relevant), (1, 0, std::ptr::null()));
        let mut images = Vec::new();
        let (mut at, mut previous) = (descriptor.first, std::ptr::null());
        while let Some(entry) = at.as_ref() {
            assert_eq!(entry.previous, previous);
            images.push(std::slice::from_raw_parts(entry.image, entry.image_len as usize).to_vec());
            (previous, at) = (at, entry.next);
        }
        images
    }
}

fn function(name: &str) -> GdbRegistration {
    GdbRegistration::new(&Function::new(name, 0x1000, &[0; 16]))
}

#[test]
fn the_list_holds_what_is_registered() {
    let turn = turn();
    assert!(listed(&turn).is_empty());
    let images = |registrations: &[&GdbRegistration]| -> Vec<Vec<u8>> {
        registrations.iter().map(|registration| registration.image().to_vec()).collect()
    };
    let (a, b, c, d) = (function("a"), function("b"), function("c"), function("d"));
    assert_eq!(listed(&turn), images(&[&d, &c, &b, &a]));
    drop(c);
    assert_eq!(listed(&turn), images(&[&d, &b, &a]));
    drop(a);
    assert_eq!(listed(&turn), images(&[&d, &b]));
    drop(d);
    assert_eq!(listed(&turn), images(&[&b]));
    let e = function("e");
    assert_eq!(listed(&turn), images(&[&e, &b]));
    drop(b);
    drop(e);
    assert!(listed(&turn).is_empty());
}

#[test]
fn threads_register_at_once() {
    let turn = turn();
    let kept: Vec<GdbRegistration> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                scope.spawn(move || {
                    for round in 0..200 {
                        drop(function(&format!("f{thread}_{round}")));
                    }
                    function(&format!("kept{thread}"))
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut found = listed(&turn);
    let mut expected: Vec<Vec<u8>> = kept.iter().map(|registration| registration.image().to_vec()).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    drop(kept);
    assert!(listed(&turn).is_empty());
}

#[test]
fn the_object_file_says_what_the_function_is() {
    let _turn = turn();
    let call = Call::new(Frame::NoPointer);
    let lines = call.lines();
    let function = Function::new("call", call.address(), &call.code).with_lines(&lines).with_eh_frame(&call.eh_frame);
    let registration = GdbRegistration::new(&function);
    let file: ElfFile64<'_, Endianness> = ElfFile64::parse(registration.image()).unwrap();
    let endian = file.endian();
    let header = file.elf_header();
    assert_eq!(header.e_type(endian), object::elf::ET_REL);
    assert_eq!(u32::from(header.e_machine(endian).0), native::MACHINE);

    let sections = file.elf_section_table();
    let (index, text) = sections.section_by_name(endian, b".text").unwrap();
    assert_eq!(text.sh_type(endian), object::elf::SHT_NOBITS);
    assert_eq!(text.sh_addr(endian), call.address());
    assert_eq!(text.sh_size(endian), call.code.len() as u64);
    let symbols = file.elf_symbol_table();
    let symbols: Vec<_> =
        symbols.iter().skip(1).map(|symbol| (symbols.symbol_name(endian, symbol).unwrap(), symbol)).collect();
    let [(name, symbol)] = symbols[..] else { panic!("one symbol") };
    assert_eq!(name, b"call");
    assert_eq!((symbol.st_value.get(endian), symbol.st_size.get(endian)), (0, call.code.len() as u64));
    assert_eq!(usize::from(symbol.st_shndx.get(endian).0), index.0);

    let contents = |name: &str| -> &[u8] {
        let section = sections.section_by_name(endian, name.as_bytes());
        section.map_or(&[], |(_, section)| section.data(endian, registration.image()).unwrap())
    };
    assert_eq!(contents(".eh_frame"), call.eh_frame);

    let sections = DwarfSections::load(|id| Ok::<_, gimli::Error>(contents(id.name()))).unwrap();
    let dwarf = sections.borrow(|section| EndianSlice::new(section, NativeEndian));
    let unit = dwarf.unit(dwarf.units().next().unwrap().unwrap()).unwrap();
    assert_eq!(unit.low_pc, call.address());
    let mut rows = unit.line_program.clone().unwrap().rows();
    let mut found = Vec::new();
    while let Some((header, row)) = rows.next_row().unwrap() {
        let offset = (row.address() - call.address()) as usize;
        if row.end_sequence() {
            assert_eq!(offset, call.code.len());
            continue;
        }
        let file = dwarf.attr_string(&unit, row.file(header).unwrap().path_name()).unwrap();
        let column = match row.column() {
            gimli::ColumnType::LeftEdge => 0,
            gimli::ColumnType::Column(column) => column.get(),
        };
        found.push((offset, file.to_string().unwrap(), row.line().unwrap().get(), column));
    }
    let expected: Vec<_> = lines
        .rows()
        .iter()
        .map(|row| (row.offsets.start, row.what.file, u64::from(row.what.line), u64::from(row.what.column)))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 4);

    let mut entries = unit.entries();
    let mut subprogram = None;
    while let Some(entry) = entries.next_dfs().unwrap() {
        if entry.tag() == gimli::DW_TAG_subprogram {
            subprogram = Some(entry.clone());
        }
    }
    let subprogram = subprogram.expect("an entry for the function");
    let name = dwarf.attr_string(&unit, subprogram.attr_value(gimli::DW_AT_name).unwrap()).unwrap();
    assert_eq!(name.slice(), b"call");
    let low = subprogram.attr_value(gimli::DW_AT_low_pc).unwrap();
    assert_eq!(dwarf.attr_address(&unit, low).unwrap(), Some(call.address()));
    assert_eq!(subprogram.attr_value(gimli::DW_AT_high_pc).unwrap().udata_value(), Some(call.code.len() as u64));
}

/// Names that no C string can hold, and functions without lines, frames or code.
#[test]
fn odd_functions_have_object_files_too() {
    let _turn = turn();
    let call = Call::new(Frame::Pointer);
    let odd = call.lines().map(|_| SourceLine { file: "", line: u32::MAX, column: u32::MAX });
    let functions = [
        Function::new("", 0, &[]),
        Function::new("a\0b\n", u64::MAX, &[0; 3]),
        Function::new("lines", u64::MAX, &call.code).with_lines(&odd),
        Function::new("frames", 1, &[]).with_eh_frame(&[1, 2, 3]),
    ];
    let names = ["?", "a?b?", "lines", "frames"];
    for (function, name) in functions.iter().zip(names) {
        let registration = GdbRegistration::new(function);
        let file: ElfFile64<'_, ObjectEndian> = ElfFile64::parse(registration.image()).unwrap();
        let endian = file.endian();
        let symbol = file.elf_symbol_table().iter().nth(1).unwrap();
        assert_eq!(file.elf_symbol_table().symbol_name(endian, symbol).unwrap(), name.as_bytes());
    }
}
