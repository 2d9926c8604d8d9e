//! The messages of the macro are part of its interface: pinned in `ui/*.stderr`, renewed by `TRYBUILD=overwrite`.

#[test]
fn every_mistake_of_an_author_is_named_at_its_place() {
    trybuild::TestCases::new().compile_fail("tests/derive/ui/*.rs");
}
