//! Kubeconfig files.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let file = std::env::temp_dir().join(format!("fuzzed-{}.kubeconfig", std::process::id()));
    std::fs::write(&file, data).expect("a temporary file");
    kubeblocks_provider::fuzzing::kubeconfig(file);
});
