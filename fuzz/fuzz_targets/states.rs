//! States as earlier and later releases may have stored them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kubeblocks_provider::fuzzing::check("states", bytes);
});
