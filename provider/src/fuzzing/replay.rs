//! What the fuzzers found to be worth keeping, once more: `fuzz/corpus/<target>.txt` has an input a line, in base64.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::TARGETS;

fn names(folder: &str, suffix: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(folder);
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(suffix).map(str::to_owned))
        .collect();
    names.sort();
    names
}

#[test]
fn every_check_has_a_target_and_a_corpus() {
    let mut checks: Vec<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    checks.sort();
    assert_eq!(names("fuzz_targets", ".rs"), checks);
    assert_eq!(names("corpus", ".txt"), checks);
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
