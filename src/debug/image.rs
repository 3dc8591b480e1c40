//! An object file in memory that describes one function.
//!
//! It is a relocatable file whose `.text` has an address already and no contents: the code is in memory. Debuggers take
//! the section's address for the function's, and have nothing to relocate.

use super::{Function, MACHINE, dwarf};
use crate::printable;
use object::{
    elf,
    endian::Endianness,
    write::elf::{FileHeader, SectionHeader, SectionIndex, SinglePhaseWriter, Sym, Writer},
};

/// `.text` is the first section, behind the null section.
const TEXT: SectionIndex = SectionIndex(1);

pub(super) fn image(function: &Function<'_>) -> Vec<u8> {
    let mut contents = vec![(".eh_frame", elf::SHF_ALLOC, function.eh_frame.to_vec())];
    if let Some(lines) = function.lines.filter(|lines| !lines.rows().is_empty()) {
        let sections = dwarf::sections(function, lines);
        contents.extend(sections.into_iter().map(|(name, bytes)| (name, elf::SectionFlags(0), bytes)));
    }
    contents.retain(|(_, _, bytes)| !bytes.is_empty());
    let symbol = printable::name(function.name).into_owned().into_bytes();

    let mut file = Vec::new();
    let mut header = Vec::new();
    let mut writer = Writer::new_single_phase(Endianness::Little, true, &mut file);
    write(&mut writer, &mut header, function, &symbol, &contents)
        .expect("it fails for files of 4 GiB, 65280 sections, or strings with NUL");
    file[..header.len()].copy_from_slice(&header);
    file
}

fn write<'a>(
    writer: &mut SinglePhaseWriter<'a>,
    header: &mut Vec<u8>,
    function: &Function<'_>,
    symbol: &'a [u8],
    contents: &'a [(&'static str, elf::SectionFlags, Vec<u8>)],
) -> object::write::Result<()> {
    writer.write_file_header(&FileHeader {
        os_abi: elf::ELFOSABI_NONE,
        abi_version: 0,
        e_type: elf::ET_REL,
        e_machine: MACHINE,
        e_entry: 0,
        e_flags: elf::FileFlags(0),
    })?;
    let text_name = writer.add_section_name(b".text");
    let symbol = writer.add_string(symbol);
    let mut sections = Vec::new();
    for (name, flags, bytes) in contents {
        let name = writer.add_section_name(name.as_bytes());
        let offset = writer.write_align(8);
        writer.write(bytes);
        sections.push((name, *flags, offset, bytes.len() as u64));
    }
    writer.write_strtab()?;
    writer.write_null_symbol();
    writer.write_symbol(&Sym {
        section: Some(TEXT.0),
        st_name: writer.string_offset(Some(symbol)),
        st_info: elf::SymbolInfo::new(elf::STB_GLOBAL, elf::STT_FUNC),
        st_other: elf::SymbolOther(0),
        st_shndx: elf::SymbolSection(0),
        st_value: 0,
        st_size: function.code.len() as u64,
    });
    writer.write_shstrtab()?;

    writer.write_null_section_header();
    let plain = SectionHeader {
        sh_name: 0,
        sh_type: elf::SHT_PROGBITS,
        sh_flags: elf::SectionFlags(0),
        sh_addr: 0,
        sh_offset: 0,
        sh_size: 0,
        sh_link: 0,
        sh_info: 0,
        sh_addralign: 1,
        sh_entsize: 0,
    };
    writer.write_section_header(&SectionHeader {
        sh_name: writer.section_name_offset(Some(text_name)),
        sh_type: elf::SHT_NOBITS,
        sh_flags: elf::SHF_ALLOC | elf::SHF_EXECINSTR,
        sh_addr: function.address,
        sh_size: function.code.len() as u64,
        ..plain.clone()
    });
    for (name, flags, offset, size) in sections {
        writer.write_section_header(&SectionHeader {
            sh_name: writer.section_name_offset(Some(name)),
            sh_flags: flags,
            sh_offset: offset,
            sh_size: size,
            sh_addralign: 8,
            ..plain.clone()
        });
    }
    writer.write_strtab_section_header();
    // The null symbol is local, the function is not.
    writer.write_symtab_section_header(1);
    writer.write_shstrtab_section_header();
    writer.write_file_header_to(header)
}
