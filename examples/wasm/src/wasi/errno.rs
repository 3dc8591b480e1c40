//! WASI's error numbers, and which of them an error of the system is.

use std::io::{Error, ErrorKind};

use crate::runtime::OutOfBounds;

/// An error number of WASI preview 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Errno(pub(super) i32);

impl Errno {
    pub(super) const ACCES: Errno = Errno(2);
    pub(super) const BADF: Errno = Errno(8);
    pub(super) const FAULT: Errno = Errno(21);
    pub(super) const ILSEQ: Errno = Errno(25);
    pub(super) const INVAL: Errno = Errno(28);
    pub(super) const IO: Errno = Errno(29);
    pub(super) const ISDIR: Errno = Errno(31);
    pub(super) const LOOP: Errno = Errno(32);
    pub(super) const NAMETOOLONG: Errno = Errno(37);
    pub(super) const NOENT: Errno = Errno(44);
    pub(super) const NOSYS: Errno = Errno(52);
    pub(super) const NOTDIR: Errno = Errno(54);
    pub(super) const PIPE: Errno = Errno(64);
    pub(super) const ROFS: Errno = Errno(69);
    pub(super) const SPIPE: Errno = Errno(70);
}

impl From<OutOfBounds> for Errno {
    fn from(_: OutOfBounds) -> Errno {
        Errno::FAULT
    }
}

impl From<Error> for Errno {
    fn from(error: Error) -> Errno {
        // What `cap-std` refuses because it would lead out of the folder is a refusal, too.
        match (error.raw_os_error(), error.kind()) {
            (Some(libc::ELOOP), _) => Errno::LOOP,
            (Some(libc::ENAMETOOLONG), _) => Errno::NAMETOOLONG,
            (_, ErrorKind::NotFound) => Errno::NOENT,
            (_, ErrorKind::PermissionDenied) => Errno::ACCES,
            (_, ErrorKind::InvalidInput) => Errno::INVAL,
            (_, ErrorKind::IsADirectory) => Errno::ISDIR,
            (_, ErrorKind::NotADirectory) => Errno::NOTDIR,
            (_, ErrorKind::BrokenPipe) => Errno::PIPE,
            _ => Errno::IO,
        }
    }
}
