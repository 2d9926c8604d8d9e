//! The end of all tests, should one of them hang: whoever reads the output is to see which, not that a machine's time was up.

use std::io::Write as _;
use std::sync::Once;
use std::time::Duration;

/// Starts the time that all tests together may take, the first time that it is called: `ACCEPTANCE_MINUTES`, if that is set.
pub(crate) fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let Ok(minutes) = std::env::var("ACCEPTANCE_MINUTES") else { return };
        let limit = Duration::from_mins(minutes.parse().expect("ACCEPTANCE_MINUTES is a number"));
        std::thread::spawn(move || {
            std::thread::sleep(limit);
            // Not by a macro, whose output would be kept for a test that has failed.
            let _ = writeln!(std::io::stderr(), "error: not all tests have ended after {minutes} minutes");
            std::process::exit(1);
        });
    });
}
