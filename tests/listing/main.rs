//! Code as text, and every form in print.

#[path = "../support/side.rs"]
mod side;

mod forms;
mod text;
