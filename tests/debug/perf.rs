//! perf's map, as perf reads it, and where its files are.

use crate::support;
use std::{fs, process};
use support::Directory;
use tailfirst::debug::{Function, JitDump, PerfMap};

#[test]
fn the_map_has_a_line_a_function() {
    let directory = Directory::new("map");
    let path = directory.0.join("perf.map");
    fs::write(&path, "of an earlier process\n").unwrap();
    let mut map = PerfMap::at(&path).unwrap();
    map.add(&Function::new("first", 0x7F00_0000_1000, &[0; 0x1A])).unwrap();
    let text = || fs::read_to_string(&path).unwrap();
    assert_eq!(text(), "7f0000001000 1a first\n");
    map.add(&Function::new("with spaces\nand lines", 0xA0, &[0; 1])).unwrap();
    assert_eq!(text(), "7f0000001000 1a first\na0 1 with spaces?and lines\n");
    let mut map = PerfMap::at(&path).unwrap();
    map.add(&Function::new("a\r\nb\0c\u{1B}[2J\u{7F}\u{85}\u{2028}\u{2029}d\té", 0xB0, &[0; 1])).unwrap();
    map.add(&Function::new("", 0xC0, &[0; 1])).unwrap();
    assert_eq!(text(), "b0 1 a??b?c?[2J????d\té\nc0 1 ?\n", "as in a listing");
}

#[test]
fn the_map_is_where_perf_looks() {
    let path = format!("/tmp/perf-{}.map", process::id());
    PerfMap::new().unwrap().add(&Function::new("here", 0x10, &[0; 2])).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "10 2 here\n");
    fs::remove_file(path).unwrap();
}

#[test]
fn links_are_not_followed() {
    let directory = Directory::new("links");
    let (victim, link) = (directory.0.join("victim"), directory.0.join("perf.map"));
    fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, &link).unwrap();
    assert_eq!(PerfMap::at(&link).unwrap_err().raw_os_error(), Some(40), "ELOOP");
    std::os::unix::fs::symlink(&victim, directory.0.join(format!("jit-{}.dump", process::id()))).unwrap();
    assert_eq!(JitDump::new(&directory.0).unwrap_err().raw_os_error(), Some(40), "ELOOP");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}
