//! Plans that `review` is given.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kubeblocks_provider::fuzzing::check("reviews", bytes);
});
