//! Small functions for the machine that the tests run on, in executable memory.

#![allow(dead_code)] // Each test file uses its part.

#[cfg(target_arch = "aarch64")]
#[allow(unused_imports)]
pub use tailfirst::aarch64::{Assembler, Emitter, Encoder};
#[cfg(target_arch = "x86_64")]
#[allow(unused_imports)] // Not every test file names an assembler.
pub use tailfirst::x64::{Assembler, Emitter, Encoder};
use tailfirst::{
    Direction, Label, Symbol,
    exec::{Arena, ExecCode, ExecError, Mode, Region, Site, SiteKind},
};

/// The modes that the tests can have here.
pub const MODES: [Mode; 2] = [Mode::Dual, Mode::Flip];

/// Those in which code can be changed while it runs.
pub const LIVE: &[Mode] = if cfg!(windows) { &[Mode::Dual] } else { &MODES };

pub type Get = unsafe extern "C" fn() -> u64;
pub type Map = unsafe extern "C" fn(u64) -> u64;

/// Emits into a region and publishes it. Gives the code and the labels' offsets.
pub fn publish<const N: usize>(
    mut region: Region,
    resolve: impl FnMut(Symbol) -> Option<u64>,
    emit: impl FnOnce(&mut Encoder<'_>) -> [Label; N],
) -> Result<(ExecCode, [usize; N]), ExecError> {
    let place = region.place();
    let mut enc = Encoder::in_slice(region.bytes_mut());
    let labels = emit(&mut enc);
    let mut code = enc.finish().expect("a function without mistakes");
    let placed = place.link(&mut code, resolve)?;
    let offsets = labels.map(|label| code.offset_of(label).expect("bound"));
    Ok((region.publish(placed)?, offsets))
}

/// Where a function begins: a mark that pages with [`Branches::Marked`](tailfirst::exec::Branches::Marked) ask for.
pub fn entry(enc: &mut Encoder<'_>) -> Label {
    #[cfg(target_arch = "x86_64")]
    enc.endbr64();
    #[cfg(target_arch = "aarch64")]
    enc.bti(tailfirst::aarch64::BtiTarget::C);
    enc.here()
}

/// A function that returns a number.
pub fn constant(arena: &Arena, number: u16) -> Result<ExecCode, ExecError> {
    let (code, []) = publish(
        arena.region(64)?,
        |_| None,
        |enc| {
            enc.ret();
            load(enc, number);
            entry(enc);
            []
        },
    )?;
    Ok(code)
}

pub fn get(code: &ExecCode) -> u64 {
    let function = code.function::<Get>(0).expect("the code's start");
    // SAFETY: this is called for functions without parameters only.
    unsafe { function() }
}

/// Puts a number into the register where functions return it.
pub fn load<Dir: Direction>(enc: &mut Emitter<'_, Dir>, number: u16) {
    #[cfg(target_arch = "x86_64")]
    enc.mov_r32_imm32(tailfirst::x64::EAX, number.into());
    #[cfg(target_arch = "aarch64")]
    enc.mov_x_imm(tailfirst::aarch64::X0, number.into());
}

/// A near jump to a symbol.
pub fn jump<Dir: Direction>(enc: &mut Emitter<'_, Dir>, symbol: Symbol) {
    #[cfg(target_arch = "x86_64")]
    enc.jmp_rel32(symbol);
    #[cfg(target_arch = "aarch64")]
    enc.b(symbol);
}

/// A jump to a label that is bound, and that can be patched. Gives its site's label, to be used with [`jump_site`].
pub fn patchable_jump(enc: &mut Encoder<'_>, target: Label) -> Label {
    #[cfg(target_arch = "x86_64")]
    {
        while !enc.pos().from_base().is_multiple_of(8) {
            enc.nop();
        }
        enc.jmp_rel32(target);
    }
    #[cfg(target_arch = "aarch64")]
    enc.b(target);
    enc.here()
}

/// The site of a patchable jump whose label is at `offset`.
pub fn jump_site(offset: usize) -> Site {
    if cfg!(target_arch = "x86_64") {
        Site { offset: offset + 1, kind: SiteKind::X64Rel32 }
    } else {
        Site { offset, kind: SiteKind::A64Branch }
    }
}

/// Emits a function of `n` that returns 1, or 2 if `n` is 0, and has an end that returns 3. Gives the labels of the
/// branch that decides, to be used with [`guard_site`], of the third end, and of the function.
pub fn guarded(enc: &mut Encoder<'_>) -> [Label; 3] {
    let [third, second] = [3, 2].map(|number| {
        enc.ret();
        load(enc, number);
        enc.here()
    });
    enc.ret();
    load(enc, 1);
    #[cfg(target_arch = "x86_64")]
    let guard = {
        use tailfirst::x64::*;
        #[cfg(windows)]
        let n = RCX;
        #[cfg(not(windows))]
        let n = RDI;
        while !enc.pos().from_base().is_multiple_of(8) {
            enc.nop();
        }
        enc.je_rel32(second);
        let guard = enc.here();
        enc.test_rm64_r64(n, n);
        guard
    };
    #[cfg(target_arch = "aarch64")]
    let guard = {
        enc.cbz_x(tailfirst::aarch64::X0, second);
        enc.here()
    };
    [guard, third, entry(enc)]
}

/// The site of a guard's branch, whose label is at `offset`.
pub fn guard_site(offset: usize) -> Site {
    if cfg!(target_arch = "x86_64") {
        Site { offset: offset + 2, kind: SiteKind::X64Rel32 }
    } else {
        Site { offset, kind: SiteKind::A64Conditional }
    }
}

/// Emits a function that returns eight bytes that can be patched, 0 at first. Gives their label, to be used with
/// [`word_site`].
pub fn patchable_word(enc: &mut Encoder<'_>) -> Label {
    #[cfg(target_arch = "x86_64")]
    {
        use tailfirst::x64::RAX;
        while enc.pos().from_base() % 8 != 7 {
            enc.nop();
        }
        enc.ret();
        enc.mov_r64_imm64(RAX, 0);
        enc.here()
    }
    #[cfg(target_arch = "aarch64")]
    {
        use tailfirst::aarch64::{UImm, X0};
        if !enc.pos().from_base().is_multiple_of(8) {
            enc.nop();
        }
        let zero = UImm::new(0).expect("16 bits");
        enc.udf(zero);
        enc.udf(zero);
        let word = enc.here();
        enc.ret();
        enc.ldr_x_lit(X0, word);
        word
    }
}

/// The site of a patchable word whose label is at `offset`.
pub fn word_site(offset: usize) -> Site {
    if cfg!(target_arch = "x86_64") {
        Site { offset: offset + 2, kind: SiteKind::X64Imm64 }
    } else {
        Site { offset, kind: SiteKind::A64Literal }
    }
}

/// Emits a function of `n` that goes round a loop `n` times. Each time a patchable jump leads to code that adds 1 to
/// the result, or to code that adds 2^32. Gives the labels of the jump and of the two places.
pub fn crossroads(enc: &mut Encoder<'_>) -> [Label; 4] {
    #[cfg(target_arch = "x86_64")]
    {
        use tailfirst::x64::*;
        #[cfg(windows)]
        let n = RCX;
        #[cfg(not(windows))]
        let n = RDI;
        let head = enc.label();
        enc.ret();
        enc.jnz(head);
        enc.dec_rm64(n);
        let next = enc.here();
        enc.add_r64_rm64(RAX, RDX);
        let right = enc.here();
        enc.jmp(next);
        enc.add_rm64_imm(RAX, 1);
        let left = enc.here();
        let jump = patchable_jump(enc, left);
        enc.bind(head);
        enc.mov_r64_imm(RDX, 1 << 32);
        enc.xor_rm32_r32(EAX, EAX);
        [jump, left, right, enc.here()]
    }
    #[cfg(target_arch = "aarch64")]
    {
        use tailfirst::aarch64::*;
        let head = enc.label();
        enc.ret();
        enc.mov_x(X0, X1);
        enc.cbnz_x(X0, head);
        enc.sub_x_imm(X0, X0, AddImm::of::<1>());
        let next = enc.here();
        enc.add_x(X1, X1, X2);
        let right = enc.here();
        enc.b(next);
        enc.add_x_imm(X1, X1, AddImm::of::<1>());
        let left = enc.here();
        let jump = patchable_jump(enc, left);
        enc.bind(head);
        enc.mov_x_imm(X2, 1 << 32);
        enc.mov_x_imm(X1, 0);
        [jump, left, right, enc.here()]
    }
}
