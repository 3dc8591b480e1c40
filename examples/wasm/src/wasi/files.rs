//! What a program has opened: the standard streams, folders and files, by number.
//!
//! All is for reading, except the two streams for output.

use std::io::{Read, Seek, SeekFrom, Write};
use std::time::UNIX_EPOCH;

use cap_std::fs::{Dir, File, FileType, Metadata, MetadataExt, OpenOptions};

use super::errno::Errno;
use super::guest::{Guest, pieces};
use super::{Stop, Wasi};

/// How much is read or written at a time.
const PIECE: usize = 1 << 16;

/// Rights, as bits; they tell a program what it can do, and nothing is decided by them but what opening is for.
const RIGHT_READ: u64 = 1 << 1;
const RIGHT_WRITE: u64 = 1 << 6;
const ALL_RIGHTS: u64 = (1 << 30) - 1;
/// For a folder: to open and look at what is in it, and to list it. A C library takes what can be sought for a file.
const FOLDER_RIGHTS: u64 = (1 << 13) | (1 << 14) | (1 << 18) | (1 << 21);
const FILE_RIGHTS: u64 = RIGHT_READ | (1 << 2) | (1 << 5) | (1 << 21);

/// Flags of opening.
const OPEN_CREATE: u64 = 1;
const OPEN_FOLDER: u64 = 1 << 1;
const OPEN_TRUNCATE: u64 = 1 << 3;

pub(super) enum Descriptor {
    Input(Box<dyn Read>),
    Output(Box<dyn Write>),
    /// One that the program was given has a name.
    Folder {
        folder: Dir,
        name: Option<String>,
    },
    File(File),
}

/// File types, as WASI counts them.
const UNKNOWN: u8 = 0;
const CHARACTERS: u8 = 2;
const FOLDER: u8 = 3;
const REGULAR: u8 = 4;
const LINK: u8 = 7;

fn number_of(ty: FileType) -> u8 {
    match ty {
        ty if ty.is_dir() => FOLDER,
        ty if ty.is_file() => REGULAR,
        ty if ty.is_symlink() => LINK,
        _ => UNKNOWN,
    }
}

impl Wasi {
    fn descriptor(&mut self, number: u64) -> Result<&mut Descriptor, Errno> {
        let slot = usize::try_from(number).ok().and_then(|number| self.descriptors.get_mut(number));
        slot.and_then(Option::as_mut).ok_or(Errno::BADF)
    }

    fn file(&mut self, number: u64) -> Result<&mut File, Errno> {
        match self.descriptor(number)? {
            Descriptor::File(file) => Ok(file),
            Descriptor::Folder { .. } => Err(Errno::ISDIR),
            Descriptor::Input(_) | Descriptor::Output(_) => Err(Errno::SPIPE),
        }
    }

    fn named_folder(&mut self, number: u64) -> Result<&str, Errno> {
        match self.descriptor(number)? {
            Descriptor::Folder { name: Some(name), .. } => Ok(name),
            _ => Err(Errno::BADF),
        }
    }

    fn folder_at(&mut self, number: u64) -> Result<&Dir, Errno> {
        match self.descriptor(number)? {
            Descriptor::Folder { folder, .. } => Ok(folder),
            _ => Err(Errno::NOTDIR),
        }
    }

    /// Gives what was opened the lowest free number.
    fn open(&mut self, opened: Descriptor) -> u32 {
        let free = self.descriptors.iter().position(Option::is_none).unwrap_or_else(|| {
            self.descriptors.push(None);
            self.descriptors.len() - 1
        });
        self.descriptors[free] = Some(opened);
        free as u32
    }

    pub(super) fn fd_close(&mut self, _guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        self.descriptor(arguments[0])?;
        self.descriptors[arguments[0] as usize] = None;
        Ok(())
    }

    pub(super) fn fd_fdstat_get(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let (ty, rights, inherited) = match self.descriptor(arguments[0])? {
            Descriptor::Input(_) => (CHARACTERS, RIGHT_READ, 0),
            Descriptor::Output(_) => (CHARACTERS, RIGHT_WRITE, 0),
            Descriptor::Folder { .. } => (FOLDER, FOLDER_RIGHTS, ALL_RIGHTS),
            Descriptor::File(_) => (REGULAR, FILE_RIGHTS, 0),
        };
        let mut status = [0; 24];
        status[0] = ty;
        status[8..16].copy_from_slice(&rights.to_le_bytes());
        status[16..24].copy_from_slice(&inherited.to_le_bytes());
        Ok(guest.write(arguments[1], &status)?)
    }

    /// No flag that can be set changes how these descriptors are read.
    pub(super) fn fd_fdstat_set_flags(&mut self, _guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        self.descriptor(arguments[0])?;
        Ok(())
    }

    pub(super) fn fd_filestat_get(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let status = match self.descriptor(arguments[0])? {
            Descriptor::Input(_) | Descriptor::Output(_) => status(CHARACTERS, None),
            Descriptor::Folder { folder, .. } => status(FOLDER, Some(&folder.dir_metadata()?)),
            Descriptor::File(file) => {
                let metadata = file.metadata()?;
                status(number_of(metadata.file_type()), Some(&metadata))
            }
        };
        Ok(guest.write(arguments[1], &status)?)
    }

    pub(super) fn path_filestat_get(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let path = path(guest, arguments[2], arguments[3])?;
        let folder = self.folder_at(arguments[0])?;
        let follow = arguments[1] & 1 == 1;
        let metadata = if follow { folder.metadata(path)? } else { folder.symlink_metadata(path)? };
        Ok(guest.write(arguments[4], &status(number_of(metadata.file_type()), Some(&metadata)))?)
    }

    pub(super) fn fd_prestat_get(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let length = self.named_folder(arguments[0])?.len() as u32;
        // What it is comes first: 0 is a folder.
        guest.write_u32(arguments[1], 0)?;
        Ok(guest.write_u32(arguments[1] + 4, length)?)
    }

    pub(super) fn fd_prestat_dir_name(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let name = self.named_folder(arguments[0])?.as_bytes();
        if name.len() as u64 > arguments[2] {
            return Err(Errno::NAMETOOLONG.into());
        }
        Ok(guest.write(arguments[1], name)?)
    }

    pub(super) fn fd_read(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let total = match self.descriptor(arguments[0])? {
            Descriptor::Input(input) => read(guest, arguments[1], arguments[2], input)?,
            Descriptor::File(file) => read(guest, arguments[1], arguments[2], file)?,
            Descriptor::Folder { .. } => return Err(Errno::ISDIR.into()),
            Descriptor::Output(_) => return Err(Errno::BADF.into()),
        };
        Ok(guest.write_u32(arguments[3], total)?)
    }

    pub(super) fn fd_pread(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let file = self.file(arguments[0])?;
        let before = file.stream_position()?;
        file.seek(SeekFrom::Start(arguments[3]))?;
        let total = read(guest, arguments[1], arguments[2], file);
        file.seek(SeekFrom::Start(before))?;
        Ok(guest.write_u32(arguments[4], total?)?)
    }

    pub(super) fn fd_write(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let output = match self.descriptor(arguments[0])? {
            Descriptor::Output(output) => output,
            Descriptor::File(_) => return Err(Errno::ROFS.into()),
            Descriptor::Input(_) | Descriptor::Folder { .. } => return Err(Errno::BADF.into()),
        };
        let mut total = 0_u32;
        for range in guest.ranges(arguments[1], arguments[2]) {
            let (address, length) = range?;
            for (address, length) in pieces(address, length, PIECE) {
                output.write_all(&guest.bytes(address, length as u64)?)?;
            }
            total = total.wrapping_add(length as u32);
        }
        output.flush()?;
        Ok(guest.write_u32(arguments[3], total)?)
    }

    pub(super) fn fd_seek(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let file = self.file(arguments[0])?;
        let to = match arguments[2] {
            0 => SeekFrom::Start(arguments[1]),
            1 => SeekFrom::Current(arguments[1] as i64),
            2 => SeekFrom::End(arguments[1] as i64),
            _ => return Err(Errno::INVAL.into()),
        };
        Ok(guest.write_u64(arguments[3], file.seek(to)?)?)
    }

    pub(super) fn fd_tell(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let place = self.file(arguments[0])?.stream_position()?;
        Ok(guest.write_u64(arguments[1], place)?)
    }

    /// Lists a folder from an entry on. A list that fills the program's buffer is cut there: so the program knows that
    /// there is more, and asks for the rest from the last whole entry on.
    pub(super) fn fd_readdir(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let [number, buffer, room, from, used] = arguments[..] else { unreachable!("the call has five parameters") };
        // Which entry is which must stay the same from call to call.
        let mut entries = vec![];
        for entry in self.folder_at(number)?.entries()? {
            let entry = entry?;
            let name = entry.file_name().into_encoded_bytes();
            entries.push((name, number_of(entry.file_type()?), entry.metadata().map_or(0, |metadata| metadata.ino())));
        }
        entries.sort();
        let mut list = vec![];
        for (index, (name, ty, inode)) in entries.iter().enumerate().skip(usize::try_from(from).unwrap_or(usize::MAX)) {
            list.extend((index as u64 + 1).to_le_bytes());
            list.extend(inode.to_le_bytes());
            list.extend((name.len() as u32).to_le_bytes());
            list.extend(u32::from(*ty).to_le_bytes());
            list.extend(name);
            if list.len() as u64 >= room {
                list.truncate(room as usize);
                break;
            }
        }
        guest.write(buffer, &list)?;
        Ok(guest.write_u32(used, list.len() as u32)?)
    }

    pub(super) fn path_open(&mut self, guest: &Guest, arguments: &[u64]) -> Result<(), Stop> {
        let [number, _follow, address, length, flags, rights, _inherited, _descriptor_flags, opened] = arguments[..]
        else {
            unreachable!("the call has nine parameters")
        };
        let path = path(guest, address, length)?;
        let only_to_write = rights & (RIGHT_READ | RIGHT_WRITE) == RIGHT_WRITE;
        if flags & (OPEN_CREATE | OPEN_TRUNCATE) != 0 || only_to_write {
            return Err(Errno::ROFS.into());
        }
        let folder = self.folder_at(number)?;
        let is_folder = folder.metadata(&path)?.is_dir();
        let descriptor = if is_folder {
            Descriptor::Folder { folder: folder.open_dir(&path)?, name: None }
        } else if flags & OPEN_FOLDER != 0 {
            return Err(Errno::NOTDIR.into());
        } else {
            Descriptor::File(folder.open_with(&path, OpenOptions::new().read(true))?)
        };
        let number = self.open(descriptor);
        Ok(guest.write_u32(opened, number)?)
    }
}

fn path(guest: &Guest, address: u64, length: u64) -> Result<String, Stop> {
    String::from_utf8(guest.bytes(address, length)?).map_err(|_| Errno::ILSEQ.into())
}

/// Reads until the program's ranges are full or there is no more now.
fn read(guest: &Guest, list: u64, count: u64, from: &mut impl Read) -> Result<u32, Stop> {
    let mut buffer = vec![0; PIECE];
    let mut total = 0_u32;
    for range in guest.ranges(list, count) {
        let (address, length) = range?;
        for (address, length) in pieces(address, length, PIECE) {
            let read = from.read(&mut buffer[..length])?;
            guest.write(address, &buffer[..read])?;
            total = total.wrapping_add(read as u32);
            if read < length {
                return Ok(total);
            }
        }
    }
    Ok(total)
}

/// A status in WASI's layout; what a stream has not is zero.
fn status(ty: u8, metadata: Option<&Metadata>) -> [u8; 64] {
    let mut status = [0; 64];
    status[16] = ty;
    if let Some(metadata) = metadata {
        let time = |time: std::io::Result<cap_std::time::SystemTime>| {
            let since = time.ok().and_then(|time| time.into_std().duration_since(UNIX_EPOCH).ok());
            since.map_or(0, |since| since.as_nanos() as u64)
        };
        let words = [
            (0, metadata.dev()),
            (8, metadata.ino()),
            (24, metadata.nlink()),
            (32, metadata.len()),
            (40, time(metadata.accessed())),
            (48, time(metadata.modified())),
            (56, (metadata.ctime() as u64).wrapping_mul(1_000_000_000).wrapping_add(metadata.ctime_nsec() as u64)),
        ];
        for (place, word) in words {
            status[place..place + 8].copy_from_slice(&word.to_le_bytes());
        }
    }
    status
}
