//! What operands give to an instruction.
//!
//! A generated function hands its parameters over as they are, with the row's constants packed in one number.
//! Converting operands and taking them apart is done behind that call, once for a shape of instruction, since each call
//! in the body of a generated function is paid for thousands of times whenever the crate is built. These traits are
//! what the shapes need of operands:
//!
//! ```text
//!   RegPart    ModRM.reg          a register; () where the row's digit stands there
//!   RmPart     ModRM.rm           a register or memory, or what the row fixes
//!   VvvvPart   vvvv               a register or flags; () where the row has none
//!   ImmPart    immediate bytes    a number, or the register of /is4
//! ```

use super::{Imm, Operand, Reg};
use crate::x64::{
    Addressed, Bcst, Dfv, EMem, Er, Low, Masked, Mem, Merging, NarrowMem, Rm, Sae, VMem, WideMem, Zeroing,
    decorate::Decorations, operand::RegisterClass,
};

/// An operand, which may carry EVEX bits besides its own.
pub trait Part: Copy {
    /// Those bits.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn decorations(self) -> Decorations {
        Decorations::NONE
    }
}

/// What can stand in ModRM.reg.
pub trait RegPart: Part {
    /// The operand there.
    fn reg(self) -> Reg;
}

/// What can stand in ModRM.rm.
pub trait RmPart: Part {
    /// The operand there.
    fn rm(self) -> Operand;
}

/// What can stand in vvvv.
pub trait VvvvPart: Part {
    /// The number there.
    fn number(self) -> u8;
}

/// What can be an instruction's last bytes.
pub trait ImmPart: Copy {
    /// The bytes.
    fn imm(self) -> Imm;
}

impl Part for () {}

impl RegPart for () {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn reg(self) -> Reg {
        Reg::fixed(0)
    }
}

impl VvvvPart for () {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn number(self) -> u8 {
        0
    }
}

impl<R: RegisterClass> Part for R {}

impl<R: RegisterClass> RegPart for R {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn reg(self) -> Reg {
        RegisterClass::reg(self)
    }
}

impl<R: RegisterClass> RmPart for R {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn rm(self) -> Operand {
        Operand::Register(RegisterClass::reg(self))
    }
}

impl<R: RegisterClass> VvvvPart for R {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn number(self) -> u8 {
        RegisterClass::reg(self).number()
    }
}

impl<R: RegisterClass> ImmPart for R {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn imm(self) -> Imm {
        Imm::is4(RegisterClass::reg(self).number())
    }
}

impl<R: Copy> Part for Low<R> {}

impl<R: RegisterClass> RegPart for Low<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn reg(self) -> Reg {
        Low::<R>::reg(self)
    }
}

impl<R: RegisterClass> RmPart for Low<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn rm(self) -> Operand {
        Operand::Register(Low::<R>::reg(self))
    }
}

impl Part for Dfv {}

impl VvvvPart for Dfv {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn number(self) -> u8 {
        Dfv::number(self)
    }
}

impl Part for Operand {}

impl RmPart for Operand {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn rm(self) -> Operand {
        self
    }
}

impl<R: Copy> Part for Bcst<R> {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn decorations(self) -> Decorations {
        Bcst::decorations(self)
    }
}

impl<R: Copy> Part for Rm<R> {}
impl<R: Copy> Part for VMem<R> {}
impl Part for Mem {}
impl Part for EMem {}
impl<M: Addressed> Part for WideMem<M> {}
impl<M: Addressed> Part for NarrowMem<M> {}

/// Memory operands, and what may be one.
macro_rules! memory {
    ($([$($parameter:tt)*] $ty:ty;)*) => {$(
        impl<$($parameter)*> RmPart for $ty {
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn rm(self) -> Operand {
                <$ty>::rm(self)
            }
        }
    )*};
}

memory!([R: Copy] Rm<R>; [R: Copy] Bcst<R>; [R: Copy] VMem<R>; [] Mem; [] EMem; [M: Addressed] WideMem<M>;
    [M: Addressed] NarrowMem<M>; [] Low<Mem>;);

/// Decorated operands.
macro_rules! decorated {
    ($($outer:ident)*) => {$(
        impl<T: Part> Part for $outer<T> {
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn decorations(self) -> Decorations {
                $outer::decorations(self)
            }
        }

        impl<T: RegPart> RegPart for $outer<T> {
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn reg(self) -> Reg {
                self.operand().reg()
            }
        }

        impl<T: RmPart> RmPart for $outer<T> {
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn rm(self) -> Operand {
                self.operand().rm()
            }
        }

        impl<T: VvvvPart> VvvvPart for $outer<T> {
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn number(self) -> u8 {
                self.operand().number()
            }
        }
    )*};
}

decorated!(Masked Merging Zeroing Er Sae);

impl ImmPart for () {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn imm(self) -> Imm {
        Imm::NONE
    }
}

impl ImmPart for Imm {
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn imm(self) -> Imm {
        self
    }
}

macro_rules! immediates {
    ($($ty:ident)*) => {$(
        impl ImmPart for $ty {
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn imm(self) -> Imm {
                Imm::$ty(self)
            }
        }
    )*};
}

immediates!(i8 u8 i16 u16 i32 u32 i64 u64);
