//! An input's bytes as the numbers that random programs are made of.

// Every target is a crate by itself and uses a part of this.
#![allow(dead_code)]

/// A number a byte: a program's choices are among few.
pub fn small_numbers(bytes: &[u8]) -> Vec<u64> {
    bytes.iter().map(|byte| u64::from(*byte)).collect()
}

/// A number of eight bytes each: operands are among many.
pub fn large_numbers(bytes: &[u8]) -> Vec<u64> {
    bytes
        .chunks(8)
        .map(|chunk| {
            let mut number = [0; 8];
            number[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(number)
        })
        .collect()
}
