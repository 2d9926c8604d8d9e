//! The stand-ins themselves: what they share is tested by Python, and each is driven by its vendor's own client.

use std::process::Command;

use acceptance_tests::tools;

#[test]
fn the_vendors_own_clients_accept_the_stand_ins() {
    let python = tools::clouds_python().unwrap();
    let output = Command::new(python)
        .args(["-m", "unittest", "discover"])
        .current_dir(tools::clouds_folder())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(!told.contains("Ran 0 tests"), "{told}");
}
