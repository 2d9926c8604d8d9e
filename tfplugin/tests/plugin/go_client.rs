//! Go's own TLS with the certificate that go-plugin really makes: an authority on curve P-521.

use std::path::Path;
use std::process::Command;

use crate::process::notes;

#[test]
fn gos_tls_gets_in_with_a_p521_certificate_and_only_with_the_right_one() {
    if Command::new("go").arg("version").output().is_err() {
        crate::skipped("Go is not installed, so its TLS was not tried");
        return;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plugin/go_client/main.go");
    let temporary = tempfile::tempdir().unwrap();
    let output = Command::new("go")
        .arg("run")
        .arg(source)
        .arg(notes())
        .env("TMPDIR", temporary.path())
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{stderr}");
    let results: Vec<(&str, &str)> = stdout.lines().filter_map(|line| line.split_once(": ")).collect();
    let outcome = |client: &str| {
        let (_, result) = results.iter().find(|(name, _)| *name == client).expect("a line for each client");
        *result
    };
    assert_eq!(outcome("host"), "serving", "{stdout}{stderr}");
    for outsider in ["stranger", "p256", "anonymous"] {
        assert!(outcome(outsider).starts_with("refused: "), "{stdout}");
    }
}
