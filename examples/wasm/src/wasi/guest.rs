//! The program's memory, as the calls see it: little-endian numbers, and ranges that may be of any length.

use crate::runtime::{Memory, OutOfBounds};

pub(super) struct Guest {
    pub(super) memory: Memory,
}

impl Guest {
    pub(super) fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), OutOfBounds> {
        self.memory.read(address, bytes)
    }

    pub(super) fn write(&self, address: u64, bytes: &[u8]) -> Result<(), OutOfBounds> {
        self.memory.write(address, bytes)
    }

    pub(super) fn read_u32(&self, address: u64) -> Result<u32, OutOfBounds> {
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    pub(super) fn write_u32(&self, address: u64, value: u32) -> Result<(), OutOfBounds> {
        self.write(address, &value.to_le_bytes())
    }

    pub(super) fn write_u64(&self, address: u64, value: u64) -> Result<(), OutOfBounds> {
        self.write(address, &value.to_le_bytes())
    }

    /// Bytes that the program names by address and length. A length that the memory does not have allocates nothing.
    pub(super) fn bytes(&self, address: u64, length: u64) -> Result<Vec<u8>, OutOfBounds> {
        let size = self.memory.size();
        if length > size {
            return Err(OutOfBounds { address, length, size });
        }
        let mut bytes = vec![0; length as usize];
        self.read(address, &mut bytes)?;
        Ok(bytes)
    }

    /// The ranges of a list of them, each an address and a length.
    pub(super) fn ranges(
        &self,
        list: u64,
        count: u64,
    ) -> impl Iterator<Item = Result<(u64, u64), OutOfBounds>> + use<'_> {
        (0..count).map(move |index| {
            let entry = list + 8 * index;
            Ok((u64::from(self.read_u32(entry)?), u64::from(self.read_u32(entry + 4)?)))
        })
    }
}

/// A range in pieces of at most so many bytes: address and length of each.
pub(super) fn pieces(address: u64, length: u64, most: usize) -> impl Iterator<Item = (u64, usize)> {
    (0..length)
        .step_by(most)
        .map(move |done| (address + done, usize::try_from(length - done).map_or(most, |rest| rest.min(most))))
}
