//! Plans that `review` is given.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    kubeblocks_provider::fuzzing::review(data);
});
