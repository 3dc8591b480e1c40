//! perf's jitdump, read as its specification says.
//!
//! The test reads the process's mappings, and qemu's list of these lacks some while another thread maps memory. So this
//! file has a single test.

use crate::support;
use gimli::{BaseAddresses, EhFrame, EhFrameHdr, EndianSlice, NativeEndian, Pointer, UnwindContext, UnwindSection};
use std::{fs, process};
use support::{Call, Directory, Frame, native};
use tailfirst::debug::{Function, JitDump};

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        bytes.to_vec()
    }

    fn u32(&mut self) -> u32 {
        u32::from_ne_bytes(self.bytes(4).try_into().unwrap())
    }

    fn u64(&mut self) -> u64 {
        u64::from_ne_bytes(self.bytes(8).try_into().unwrap())
    }

    fn text(&mut self) -> String {
        let len = self.0.iter().position(|byte| *byte == 0).unwrap();
        let text = self.bytes(len);
        self.bytes(1);
        String::from_utf8(text).unwrap()
    }
}

#[test]
fn the_jitdump_is_as_specified() {
    let directory = Directory::new("jitdump");
    let call = Call::new(Frame::Pointer);
    let lines = call.lines();
    let path = directory.0.join(format!("jit-{}.dump", process::id()));
    {
        let mut dump = JitDump::new(&directory.0).unwrap();
        let mapped = fs::read_to_string("/proc/self/maps").unwrap();
        let mapped =
            mapped.lines().find(|line| line.ends_with(path.to_str().unwrap())).expect("perf looks for the mapping");
        assert!(mapped.contains(" r-xp 00000000 "), "{mapped}");
        dump.add(&Function::new("plain", 0x1000, &[1, 2, 3])).unwrap();
        let function = Function::new("call", call.address(), &call.code).with_lines(&lines);
        dump.add(&function.with_eh_frame(&call.eh_frame)).unwrap();
        dump.add(&function.with_eh_frame(&call.eh_frame).with_room_above(4096)).unwrap();
        // Rules that nobody can read are left out.
        dump.add(&Function::new("odd", 0x1000, &[1]).with_eh_frame(&[1, 2, 3])).unwrap();
    }
    assert!(!fs::read_to_string("/proc/self/maps").unwrap().contains(path.to_str().unwrap()), "still mapped");

    let file = fs::read(&path).unwrap();
    let mut header = Reader(&file);
    assert_eq!((header.u32(), header.u32(), header.u32()), (0x4A69_5444, 1, 40));
    assert_eq!((header.u32(), header.u32(), header.u32()), (native::MACHINE, 0, process::id()));
    let mut time = header.u64();
    assert_eq!(header.u64(), 0, "flags");
    let mut rest = Reader(&file[40..]);
    let mut records = Vec::new();
    while !rest.0.is_empty() {
        let (kind, len, at) = (rest.u32(), rest.u32(), rest.u64());
        assert!(at >= time);
        time = at;
        records.push((kind, rest.bytes(len as usize - 16)));
    }
    let kinds: Vec<u32> = records.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [0, 2, 4, 0, 2, 4, 0, 0, 3], "load; lines, frames, load, twice; load; close");

    let load = |record: usize, name: &str, address: u64, code: &[u8], index: u64| {
        let mut load = Reader(&records[record].1);
        assert_eq!(load.u32(), process::id());
        load.u32();
        assert_eq!((load.u64(), load.u64(), load.u64(), load.u64()), (address, address, code.len() as u64, index));
        assert_eq!(load.text(), name);
        assert_eq!(load.0, code);
    };
    load(0, "plain", 0x1000, &[1, 2, 3], 0);
    load(3, "call", call.address(), &call.code, 1);
    load(6, "call", call.address(), &call.code, 2);
    load(7, "odd", 0x1000, &[1], 3);

    let mut debug = Reader(&records[1].1);
    assert_eq!((debug.u64(), debug.u64()), (call.address(), lines.rows().len() as u64));
    for row in lines.rows() {
        assert_eq!(debug.u64(), call.address() + row.offsets.start as u64);
        assert_eq!((debug.u32(), debug.u32(), debug.text().as_str()), (row.what.line, row.what.column, row.what.file));
    }
    assert!(debug.0.is_empty());
    assert_eq!(frames_are_those_of(&call, &records[2].1), 0, "there is no room");
    assert_eq!(frames_are_those_of(&call, &records[5].1), records[5].1.len() as u64 - 24);
    assert!(records[8].1.is_empty());
}

type Section<'a> = EhFrame<EndianSlice<'a, NativeEndian>>;

/// The frame at each byte of the code: how its CFA and its registers are found.
fn rows(section: &Section<'_>, bases: &BaseAddresses, code: u64, len: usize) -> Vec<String> {
    let row = |offset: usize| {
        let mut context = UnwindContext::new();
        let found =
            section.unwind_info_for_address(bases, &mut context, code + offset as u64, EhFrame::cie_from_offset);
        let row = found.expect("a rule for each byte");
        format!("{:?} {:?}", row.cfa(), row.registers().collect::<Vec<_>>())
    };
    (0..len).map(row).collect()
}

/// In the file that perf makes, the rules are behind the code, at the next multiple of eight, and their header is
/// behind them. Gives how many bytes are said to be mapped.
fn frames_are_those_of(call: &Call, record: &[u8]) -> u64 {
    let mut info = Reader(record);
    let (size, header_size, mapped) = (info.u64() as usize, info.u64() as usize, info.u64());
    assert_eq!((size, header_size), (info.0.len(), 4 + 4 + 4 + 8));
    let (eh_frame, header) = info.0.split_at(size - header_size);
    assert_eq!((eh_frame.len() % 8, &eh_frame[eh_frame.len() - 8..]), (0, &[0; 8][..]));

    for text in [0x80, 0x7F00_0000_0040] {
        let len = call.code.len();
        let at = text + len.next_multiple_of(8) as u64;
        let header_at = at + eh_frame.len() as u64;
        let bases = BaseAddresses::default().set_text(text).set_eh_frame(at).set_eh_frame_hdr(header_at);
        let section = EhFrame::new(eh_frame, NativeEndian);
        let original = EhFrame::new(&call.eh_frame, NativeEndian);
        let found = rows(&section, &bases, text, len);
        assert_eq!(found, rows(&original, &BaseAddresses::default(), call.address(), len));
        assert!(found.iter().any(|row| *row != found[0]), "the frame changes in the prologue");

        let header = EhFrameHdr::new(header, NativeEndian).parse(&bases, 8).unwrap();
        assert_eq!(header.eh_frame_ptr(), Pointer::Direct(at));
        let table = header.table().unwrap();
        for offset in [0, len as u64 - 1] {
            let pointer = table.lookup(text + offset, &bases).unwrap();
            let entry = section
                .fde_from_offset(&bases, table.pointer_to_offset(pointer).unwrap(), EhFrame::cie_from_offset)
                .unwrap();
            assert_eq!((entry.initial_address(), entry.len()), (text, len as u64));
        }
    }
    mapped
}
