//! Values as Terraform sends them, in both notations.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kubeblocks_provider::fuzzing::check("values", bytes);
});
