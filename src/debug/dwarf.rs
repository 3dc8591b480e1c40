//! Source lines as DWARF 4: a line number program, and as much of `.debug_info` as makes debuggers use it.

use super::{Function, SourceLine};
use crate::{LineTable, printable};
use gimli::{
    DW_AT_external, DW_AT_high_pc, DW_AT_low_pc, DW_AT_name, DW_AT_producer, DW_AT_stmt_list, DW_TAG_subprogram,
    Encoding, Format, LineEncoding, RunTimeEndian,
    write::{Address, AttributeValue, DwarfUnit, EndianVec, LineProgram, LineString, Sections},
};

const ENCODING: Encoding = Encoding { format: Format::Dwarf32, version: 4, address_size: 8 };

/// Names and contents of the sections that describe the lines of `function`.
pub(super) fn sections(function: &Function<'_>, lines: &LineTable<SourceLine<'_>>) -> Vec<(&'static str, Vec<u8>)> {
    let mut dwarf = DwarfUnit::new(ENCODING);
    dwarf.unit.line_program = line_program(function.address, lines);
    let source = lines.rows().first().map_or(String::new(), |row| printable::name(row.what.file).into());
    let text = |text: &str| AttributeValue::String(text.into());
    let low = AttributeValue::Address(Address::Constant(function.address));
    let len = AttributeValue::Udata(function.code.len() as u64);

    let root = dwarf.unit.root();
    let subprogram = dwarf.unit.add(root, DW_TAG_subprogram);
    let unit = dwarf.unit.get_mut(root);
    unit.set(DW_AT_producer, text("tailfirst"));
    unit.set(DW_AT_name, text(&source));
    unit.set(DW_AT_stmt_list, AttributeValue::LineProgramRef);
    unit.set(DW_AT_low_pc, low.clone());
    unit.set(DW_AT_high_pc, len.clone());
    let entry = dwarf.unit.get_mut(subprogram);
    entry.set(DW_AT_name, text(&printable::name(function.name)));
    entry.set(DW_AT_external, AttributeValue::Flag(true));
    entry.set(DW_AT_low_pc, low);
    entry.set(DW_AT_high_pc, len);

    let mut sections = Sections::new(EndianVec::new(RunTimeEndian::Little));
    // Writing fails for offsets beyond 4 GiB, for references between units and for versions that it does not know.
    dwarf.write(&mut sections).expect("one unit, of version 4, with lines of code below 2 GiB");
    let mut written = Vec::new();
    let keep = |id: gimli::SectionId, section: &EndianVec<RunTimeEndian>| {
        if !section.slice().is_empty() {
            written.push((id.name(), section.slice().to_vec()));
        }
        Ok::<(), core::convert::Infallible>(())
    };
    let Ok(()) = sections.for_each(keep);
    written
}

/// Invariant(ascending) of the table is what the program needs.
fn line_program(address: u64, lines: &LineTable<SourceLine<'_>>) -> LineProgram {
    let name = |name: &str| LineString::String(printable::name(name).into_owned().into_bytes());
    let mut program = LineProgram::new(ENCODING, LineEncoding::default(), name("."), None, name("?"), None);
    let directory = program.default_directory();
    program.begin_sequence(Some(Address::Constant(address)));
    for row in lines.rows() {
        let file = program.add_file(name(row.what.file), directory, None);
        let to = program.row();
        to.address_offset = row.offsets.start as u64;
        to.file = file;
        to.line = row.what.line.into();
        to.column = row.what.column.into();
        program.generate_row();
    }
    program.end_sequence(lines.rows().last().map_or(0, |row| row.offsets.end as u64));
    program
}
