//! A clock of one process that jumps: its reads of the time of day come from a library that is loaded before all others.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The time of day that a process sees. It is right until it jumps.
pub(crate) struct Clock(tempfile::NamedTempFile);

impl Clock {
    pub(crate) fn new() -> Self {
        let file = tempfile::NamedTempFile::new().expect("a file");
        tell(file.as_file(), 0);
        Self(file)
    }

    /// What a process needs in its environment to see it.
    pub(crate) fn environment(&self) -> [(&'static str, OsString); 2] {
        [("LD_PRELOAD", library().into()), ("CLOCK_FILE", self.0.path().into())]
    }

    /// Goes forward or back by so many seconds, at once.
    pub(crate) fn jump(&self, seconds: i64) {
        tell(self.0.as_file(), seconds);
    }
}

fn tell(file: &File, seconds: i64) {
    file.write_all_at(&seconds.to_ne_bytes(), 0).expect("it can be written");
}

/// The library, built by the C compiler that links the provider, too.
fn library() -> &'static Path {
    static BUILT: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("clock.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/clock.c");
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&path)
            .arg(source)
            .arg("-ldl")
            .status();
        assert!(built.expect("there is a C compiler").success(), "the library is built");
        (folder, path)
    });
    path
}

#[test]
fn a_clock_that_jumps_is_seen_by_a_process() {
    let clock = Clock::new();
    let seen = || {
        let output = Command::new("date").arg("+%s").envs(clock.environment()).output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).trim().parse::<i64>().expect("a number")
    };
    let before = seen();
    clock.jump(-3700);
    let after = seen();
    assert!((-3700..-3600).contains(&(after - before)), "{before} and {after}");
}
