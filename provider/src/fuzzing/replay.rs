//! What the fuzzers found to be worth keeping, once more: `fuzz/corpus/<target>.txt` has an input a line, in base64.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::TARGETS;

#[test]
fn every_target_has_a_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let mut files: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
    files.sort();
    let mut expected = TARGETS.map(|(name, _)| format!("{name}.txt"));
    expected.sort();
    assert_eq!(files, expected);
}

/// The tests run without optimization on a small stack, so depth that would overflow the provider overflows here.
#[test]
fn every_input_that_was_kept_keeps_the_promises() {
    for (name, check) in TARGETS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../fuzz/corpus/{name}.txt"));
        let inputs = std::fs::read_to_string(file).unwrap();
        assert!(inputs.lines().count() > 1, "{name}");
        for line in inputs.lines() {
            let bytes = BASE64.decode(line).unwrap();
            let checked = std::panic::catch_unwind(|| check(&bytes));
            assert!(checked.is_ok(), "{name}: {line}");
        }
    }
}
