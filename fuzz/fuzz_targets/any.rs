//! One program for all targets, as each would be hundreds of megabytes of the same: `FUZZ_TARGET` names the check.
#![no_main]

use std::sync::LazyLock;

use kubeblocks_provider::fuzzing::check;

static CHECK: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    check(&name).unwrap_or_else(|| panic!("FUZZ_TARGET={name:?} is no target"))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| CHECK(bytes));
