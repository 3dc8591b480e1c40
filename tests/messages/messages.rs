//! What the compiler says of calls that are wrong, as those read it who make them: `ui/*.rs` has the calls, and beside
//! each is what is said. Every version of the compiler says it in other words, so `.ci/messages` runs this with the
//! oldest that the crate supports. After a change of words on purpose: `TRYBUILD=overwrite .ci/messages`.

#[test]
fn of_wrong_calls() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
