//! An emitter in the manner of LuaJIT's.
//!
//! It works from the end of the buffer to its start with one pointer that moves down. An opcode is a 32-bit word: its
//! bytes at the top, their number at the bottom, stored below the pointer in one go; REX and a displacement's size are
//! chosen by branches on the operands; a branch always has its 32-bit form. Room is checked once an operation. A branch
//! to a block that is placed is a subtraction; pending ones are listed and resolved at the end.
//!
//! The same file serves two contenders: its functions are inlined with the configuration `inlined`, and never without.

/// REX.W.
pub const W: u32 = 0x08;
/// A REX prefix in any case, for byte registers.
pub const REX: u32 = 0x40;
/// The prefix for operands of 16 bits.
pub const SIZE16: u32 = 0x100;

/// More than the longest operation's code takes.
const RED_ZONE: usize = 128;

/// An opcode's word.
#[inline(always)]
pub const fn opcode(bytes: &[u8]) -> u32 {
    match *bytes {
        [a] => (a as u32) << 24 | 1,
        [a, b] => (a as u32) << 16 | (b as u32) << 24 | 2,
        [a, b, c] => (a as u32) << 8 | (b as u32) << 16 | (c as u32) << 24 | 3,
        _ => panic!("an opcode has one byte to three"),
    }
}

struct Fixup {
    end: *mut u8,
    label: usize,
}

/// The emitter.
pub struct Emit {
    p: *mut u8,
    limit: *mut u8,
    buffer: Vec<u8>,
    /// Where each block is placed, or null.
    labels: Vec<*mut u8>,
    fixups: Vec<Fixup>,
}

/// Functions of the emitter, inlined or not.
macro_rules! emit {
    ($($(#[$doc:meta])* fn $name:ident(&mut $this:ident $(, $operand:ident: $ty:ty)*) $body:block)*) => {
        #[allow(clippy::too_many_arguments, reason = "operands by themselves, as LuaJIT's functions take them")]
        /// All of them expect that there is room (`Emit::check_room`), and registers below 16.
        impl Emit {$(
            $(#[$doc])*
            #[cfg_attr(inlined, inline(always))]
            #[cfg_attr(not(inlined), inline(never))]
            pub fn $name(&mut $this $(, $operand: $ty)*) $body
        )*}
    };
}

impl Emit {
    /// An emitter into a buffer of its own with so much room.
    pub fn new(room: usize) -> Emit {
        let mut buffer = vec![0; room];
        let std::ops::Range { start, end } = buffer.as_mut_ptr_range();
        Emit { p: end, limit: start.wrapping_add(RED_ZONE), buffer, labels: Vec::new(), fixups: Vec::new() }
    }

    /// Starts again, for code with so many blocks.
    pub fn begin(&mut self, blocks: usize) {
        self.p = self.buffer.as_mut_ptr_range().end;
        self.labels.clear();
        self.labels.resize(blocks, std::ptr::null_mut());
        self.fixups.clear();
    }

    /// Before each operation.
    #[inline(always)]
    pub fn check_room(&self) {
        assert!(self.p >= self.limit, "the buffer has room for every program");
    }

    /// The block begins here.
    #[inline(always)]
    pub fn bind(&mut self, block: usize) {
        self.labels[block] = self.p;
    }

    /// Resolves what was pending.
    pub fn finish(&mut self) {
        for fixup in &self.fixups {
            let target = self.labels[fixup.label];
            assert!(!target.is_null(), "every block is placed");
            // SAFETY: the four bytes below `end` belong to a branch.
            unsafe { fixup.end.sub(4).cast::<i32>().write_unaligned((target as isize - fixup.end as isize) as i32) };
        }
    }

    /// What is placed.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.p as usize - self.buffer.as_ptr() as usize..]
    }

    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        // SAFETY: `check_room` saw that there is room.
        unsafe {
            self.p = self.p.sub(N);
            self.p.cast::<[u8; N]>().write_unaligned(bytes);
        }
    }

    /// ModRM or SIB.
    #[inline(always)]
    fn put_three(&mut self, high: u32, middle: u32, low: u32) {
        self.put([(high << 6 | (middle & 7) << 3 | low & 7) as u8]);
    }

    /// The opcode, below ModRM, with its prefixes. One that belongs to the opcode must stay in front of REX.
    #[inline(always)]
    fn put_opcode(&mut self, opcode: u32, flags: u32, reg: u32, index: u32, rm: u32) {
        let rex = flags & 0xff | (reg >> 3) << 2 | (index >> 3) << 1 | rm >> 3;
        // SAFETY: as in `put`; four bytes are stored, and at most three kept.
        unsafe {
            self.p.sub(4).cast::<u32>().write_unaligned(opcode.to_le());
            self.p = self.p.sub((opcode & 0xff) as usize);
            if rex != 0 {
                if opcode & 0xff == 3 {
                    let prefix = *self.p;
                    *self.p = 0x40 | rex as u8;
                    self.put([prefix]);
                } else {
                    self.put([0x40 | rex as u8]);
                }
            }
        }
        if flags & SIZE16 != 0 {
            self.put([0x66]);
        }
    }

    /// The displacement, and which of ModRM's modes it takes.
    #[inline(always)]
    fn put_disp(&mut self, base: u32, disp: i32) -> u32 {
        if disp == 0 && base & 7 != 5 {
            0
        } else if let Ok(disp) = i8::try_from(disp) {
            self.put(disp.to_le_bytes());
            1
        } else {
            self.put(disp.to_le_bytes());
            2
        }
    }

    /// Four bytes with the distance to a block.
    #[inline(always)]
    fn put_distance(&mut self, label: usize) {
        let (end, target) = (self.p, self.labels[label]);
        if target.is_null() {
            self.fixups.push(Fixup { end, label });
        }
        self.put(((target as isize).wrapping_sub(end as isize) as i32).to_le_bytes());
    }
}

emit! {
    /// One byte.
    fn i8(&mut self, value: i8) {
        self.put(value.to_le_bytes());
    }

    /// Two bytes.
    fn i16(&mut self, value: i16) {
        self.put(value.to_le_bytes());
    }

    /// Four bytes.
    fn i32(&mut self, value: i32) {
        self.put(value.to_le_bytes());
    }

    /// Two registers, or one and a digit of the opcode.
    fn rr(&mut self, opcode: u32, flags: u32, reg: u32, rm: u32) {
        self.put_three(3, reg, rm);
        self.put_opcode(opcode, flags, reg, 0, rm);
    }

    /// A register and memory with a base.
    fn mem(&mut self, opcode: u32, flags: u32, reg: u32, base: u32, disp: i32) {
        let mode = self.put_disp(base, disp);
        if base & 7 == 4 {
            self.put([0x24]);
        }
        self.put_three(mode, reg, base);
        self.put_opcode(opcode, flags, reg, 0, base);
    }

    /// A register and memory with a base and an index.
    fn index(&mut self, opcode: u32, flags: u32, reg: u32, base: u32, index: u32, scale: u32, disp: i32) {
        let mode = self.put_disp(base, disp);
        self.put_three(scale, index, base);
        self.put_three(mode, reg, 4);
        self.put_opcode(opcode, flags, reg, index, base);
    }

    /// Registers and a constant of one byte or four.
    fn rr_imm(&mut self, short: u32, long: u32, flags: u32, reg: u32, rm: u32, imm: i32) {
        if let Ok(imm) = i8::try_from(imm) {
            self.put(imm.to_le_bytes());
            self.rr(short, flags, reg, rm);
        } else {
            self.put(imm.to_le_bytes());
            self.rr(long, flags, reg, rm);
        }
    }

    /// Memory and a constant of one byte or four.
    fn mem_imm(&mut self, short: u32, long: u32, flags: u32, reg: u32, base: u32, disp: i32, imm: i32) {
        if let Ok(imm) = i8::try_from(imm) {
            self.put(imm.to_le_bytes());
            self.mem(short, flags, reg, base, disp);
        } else {
            self.put(imm.to_le_bytes());
            self.mem(long, flags, reg, base, disp);
        }
    }

    /// `mov` of a constant to all of a register, as short as it can be.
    fn imm64(&mut self, reg: u32, value: i64) {
        if let Ok(value) = u32::try_from(value) {
            self.imm32(reg, value as i32);
        } else if let Ok(value) = i32::try_from(value) {
            self.put(value.to_le_bytes());
            self.rr(opcode(&[0xC7]), W, 0, reg);
        } else {
            self.put(value.to_le_bytes());
            self.put([0xB8 | (reg & 7) as u8]);
            self.put([0x48 | (reg >> 3) as u8]);
        }
    }

    /// `mov` of a constant to the lower half of a register.
    fn imm32(&mut self, reg: u32, value: i32) {
        self.put(value.to_le_bytes());
        self.put([0xB8 | (reg & 7) as u8]);
        if reg > 7 {
            self.put([0x41]);
        }
    }

    /// `push`.
    fn push(&mut self, reg: u32) {
        self.put([0x50 | (reg & 7) as u8]);
        if reg > 7 {
            self.put([0x41]);
        }
    }

    /// `pop`.
    fn pop(&mut self, reg: u32) {
        self.put([0x58 | (reg & 7) as u8]);
        if reg > 7 {
            self.put([0x41]);
        }
    }

    /// A conditional branch.
    fn jcc(&mut self, cond: u32, label: usize) {
        self.put_distance(label);
        self.put([0x0F, 0x80 | cond as u8]);
    }

    /// `jmp`.
    fn jmp(&mut self, label: usize) {
        self.put_distance(label);
        self.put([0xE9]);
    }

    /// `call` of a block.
    fn call(&mut self, label: usize) {
        self.put_distance(label);
        self.put([0xE8]);
    }

    /// `ret`.
    fn ret(&mut self) {
        self.put([0xC3]);
    }
}
