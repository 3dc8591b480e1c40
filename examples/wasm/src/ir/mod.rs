//! A module as the compiler and the run time want it.

pub mod module;
