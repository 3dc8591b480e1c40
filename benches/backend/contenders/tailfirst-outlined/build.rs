//! Writes the calls.

fn main() {
    tailfirst_backend_generator::build_script(tailfirst_backend_generator::Contender::TailfirstOutlined);
}
