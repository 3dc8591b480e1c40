//! Shapes: functions that place all the instructions whose encodings have the same parts.
//!
//! A call of an encoder function is a few instructions that bring its operands to registers, and a call of the shape. Each shape is compiled once, with this crate,
//! and not by each of its users at each of their calls: a back end has thousands, most of which run rarely.
//!
//! With the feature `inline` shapes are expanded at the calls. Then constants fold, and a stretch of calls keeps the cursor in registers; a loop of a dozen calls is up to twice as fast, and
//! a back end takes several times as long to build.

/// Defines shapes, which generated functions call with any direction.
macro_rules! shapes {
    ($($(#[$attribute:meta])* fn $name:ident($enc:ident $(, $argument:ident: $ty:ty)*) $body:block)*) => {
        $(
            $(#[$attribute])*
            #[allow(dead_code, reason = "what only shapes call is called in its direction")]
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn $name<D: Direction>(enc: &mut Emitter<'_, D>, $($argument: $ty),*) {
                D::choose(enc, |enc| down::$name(enc, $($argument),*), |enc| up::$name(enc, $($argument),*));
            }
        )*

        $crate::x64::encode::shape::shapes!(@direction down Down: $(fn $name($enc $(, $argument: $ty)*) $body)*);
        $crate::x64::encode::shape::shapes!(@direction up Up: $(fn $name($enc $(, $argument: $ty)*) $body)*);
    };
    (@direction $module:ident $direction:ident:
        $(fn $name:ident($enc:ident $(, $argument:ident: $ty:ty)*) $body:block)*
    ) => {
        mod $module {
            use super::*;
            $(
                #[cfg_attr(feature = "inline", inline(always))]
                #[cfg_attr(not(feature = "inline"), inline(never))]
                pub(super) fn $name($enc: &mut Emitter<'_, $crate::$direction>, $($argument: $ty),*) {
                    #[cfg(not(feature = "inline"))]
                    if !$enc.cursor.has_room_for_instruction() {
                        return without_room::$name($enc, $($argument),*);
                    }
                    $body
                }
            )*

            /// What the shapes do where no room is known. Behind a tail call, so that it costs the shapes no registers.
            #[cfg(not(feature = "inline"))]
            mod without_room {
                use super::*;
                $(
                    #[cold]
                    #[inline(never)]
                    pub(super) fn $name($enc: &mut Emitter<'_, $crate::$direction>, $($argument: $ty),*) {
                        $enc.cursor.make_room_for_instruction();
                        super::$name($enc, $($argument),*);
                        $enc.cursor.end_batch();
                    }
                )*
            }
        }
    };
}
pub(super) use shapes;
