//! Shapes: functions that place all the instructions whose encodings have the same parts.
//!
//! A JIT's lowering code has hundreds to thousands of calls of encoder functions, most of which run rarely. So such a
//! call is only a few instructions that bring the operands to registers, packed where they are several things, and the
//! call of a shape. Shapes are compiled once, with this crate, for each direction: not by each of its users, at each of
//! their calls.
//!
//! Where it is not known that there is room for one more instruction, a shape is left by a tail call to its cold copy
//! in `without_room`; so room costs a comparison, and no register is saved for it.
//!
//! With the feature `inline` shapes are expanded at the calls instead. Then constants fold, and a stretch of calls
//! keeps the cursor in registers: a loop of a dozen calls is up to three times as fast, and a back end takes eight
//! times as long to build.

/// Defines shapes of an instruction set, as functions for any direction. Called in a module that has `Emitter` and
/// `Direction`.
#[cfg(feature = "inline")]
macro_rules! shapes {
    ($isa:ty: $($(#[$attribute:meta])* fn $name:ident($enc:ident $(, $argument:ident: $ty:ty)*) $body:block)*) => {
        $(
            $(#[$attribute])*
            #[inline(always)]
            fn $name<Dir: Direction>($enc: &mut Emitter<'_, Dir>, $($argument: $ty),*) $body
        )*
    };
}

/// Defines shapes of an instruction set, as functions for any direction. Called in a module that has `Emitter` and
/// `Direction`.
#[cfg(not(feature = "inline"))]
macro_rules! shapes {
    ($isa:ty: $($(#[$attribute:meta])* fn $name:ident($enc:ident $(, $argument:ident: $ty:ty)*) $body:block)*) => {
        $(
            $(#[$attribute])*
            #[allow(dead_code, reason = "what only shapes call is called in its direction")]
            #[inline(always)]
            fn $name<Dir: Direction>(enc: &mut Emitter<'_, Dir>, $($argument: $ty),*) {
                Dir::choose(enc, |enc| down::$name(enc, $($argument),*), |enc| up::$name(enc, $($argument),*));
            }
        )*

        $crate::shape::shapes!(@direction $isa, down Down: $(fn $name($enc $(, $argument: $ty)*) $body)*);
        $crate::shape::shapes!(@direction $isa, up Up: $(fn $name($enc $(, $argument: $ty)*) $body)*);
    };
    (@direction $isa:ty, $module:ident $direction:ident:
        $(fn $name:ident($enc:ident $(, $argument:ident: $ty:ty)*) $body:block)*
    ) => {
        mod $module {
            use super::*;
            $(
                #[inline(never)]
                pub(super) fn $name($enc: &mut Emitter<'_, $crate::$direction>, $($argument: $ty),*) {
                    if !$enc.cursor.has_room(<$isa as $crate::isa::sealed::Isa>::MOST_FOR_INSTRUCTION) {
                        return without_room::$name($enc, $($argument),*);
                    }
                    $body
                }
            )*

            mod without_room {
                use super::*;
                $(
                    #[cold]
                    #[inline(never)]
                    pub(super) fn $name($enc: &mut Emitter<'_, $crate::$direction>, $($argument: $ty),*) {
                        <$isa as $crate::isa::sealed::Isa>::make_room($enc);
                        super::$name($enc, $($argument),*);
                        <$isa as $crate::isa::sealed::Isa>::leave_room($enc);
                    }
                )*
            }
        }
    };
}
pub(crate) use shapes;
