//! Writes the calls.

use tailfirst_backend_generator::{Contender, build_script};

fn main() {
    build_script(Contender::TailfirstUp);
}
