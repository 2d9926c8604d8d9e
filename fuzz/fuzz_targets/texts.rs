//! Quantities, retentions, moments, schedules, names, import ids, YAML.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kubeblocks_provider::fuzzing::check("texts", bytes);
});
