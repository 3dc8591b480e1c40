//! Code as text, and every form in print.

mod forms;
mod text;
