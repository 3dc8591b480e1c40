//! Code with branches near and beyond their reach, and a machine that follows them.

pub mod machine;
pub mod program;

/// Every test is made in both directions.
macro_rules! tests {
    ($($name:ident)*) => {
        mod down {
            $(#[test]
            fn $name() {
                super::$name::<tailfirst::Down>();
            })*
        }

        mod up {
            $(#[test]
            fn $name() {
                super::$name::<tailfirst::Up>();
            })*
        }
    };
}
pub(crate) use tests;
