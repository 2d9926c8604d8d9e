//! The child process behind a control plane: its folder, its log, its first line, its end.
//!
//! Knows nothing of what the program does but that it prints one line when ready, holds a lock on the file `claim` in its
//! folder, and ends when its standard input closes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::watch;

use super::Error;

/// Start of the name of every data folder. Short, because sockets lie in it and their paths may have 104 bytes.
const FOLDER_PREFIX: &str = "kbpg-";

/// A folder without an owner is left over when it is older than this; a younger one may still get its owner.
const LEFT_OVER_AGE: Duration = Duration::from_mins(1);

/// How long logs of failed runs, and of control planes that lived as long as their process, are kept.
const KEEP_LOGS: Duration = Duration::from_hours(24);

/// How many bytes of a log an error shows.
const TAIL: u64 = 6_000;

/// A running program. Dropping it kills the program and removes its folder.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    folder: PathBuf,
    log: PathBuf,
    keep_log: bool,
    /// Becomes true when the program has ended.
    ended: watch::Receiver<bool>,
    /// Closing it is the order to stop, which the kernel gives when this process dies.
    _input: Option<ChildStdin>,
}

/// Why there is no first line.
enum Silence {
    /// The program ended.
    Ended,
    /// The program takes too long.
    Slow,
}

impl Process {
    /// Starts the program in a new folder and returns it with its first line.
    pub(super) fn start(
        program: &Path,
        arguments: &[String],
        log: Option<&Path>,
        timeout: Duration,
    ) -> Result<(Self, String), Error> {
        let parent = std::env::temp_dir();
        remove_left_over(&parent);
        let file_error = |path: &Path, source| Error::File { path: path.to_owned(), source };
        let folder = tempfile::Builder::new()
            .prefix(FOLDER_PREFIX)
            .tempdir_in(&parent)
            .map_err(|source| file_error(&parent, source))?
            .keep();
        let log_path = match log {
            Some(path) => path.to_owned(),
            None => new_log_path().map_err(|source| file_error(&log_folder(), source))?,
        };
        let output = File::create(&log_path).map_err(|source| file_error(&log_path, source))?;
        let mut child = Command::new(program)
            .arg(format!("--dir={}", folder.display()))
            .args(arguments)
            // A tenth of its time otherwise goes into collecting garbage of a heap that is small anyway.
            .env("GOGC", "300")
            .env("GOMEMLIMIT", "1GiB")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(output)
            .spawn()
            .map_err(|source| Error::Spawn { program: program.to_owned(), source })?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (line, ended) = listen(output);
        let mut process =
            Self { child, folder, log: log_path, keep_log: log.is_some(), ended, _input: input };
        match first_line(&line, timeout) {
            Ok(line) => Ok((process, line)),
            Err(silence) => {
                process.keep_log = true;
                process.end();
                let (log, tail) = (process.log.clone(), tail(&process.log));
                Err(match silence {
                    Silence::Ended => Error::Ended { log, tail },
                    Silence::Slow => Error::Slow { log, tail },
                })
            }
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns when the program has ended, of whatever cause.
    pub(super) async fn ended(&self) {
        // A listener that is gone has seen the end, too.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Kills the program at once: nothing that it could still write is kept.
    fn end(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Nor is there something to remove if it removed its folder itself.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            let line = format!("the logs of the control plane are in {}\n", self.log.display());
            // There is nowhere left to complain.
            let _ = io::stderr().write_all(line.as_bytes());
        } else if !self.keep_log {
            let _ = std::fs::remove_file(&self.log);
        }
    }
}

/// Reads the output to its end, which is the program's, so that the program never blocks on it. Gives the first line.
fn listen(output: Option<ChildStdout>) -> (mpsc::Receiver<String>, watch::Receiver<bool>) {
    let (found, line) = mpsc::channel();
    let (end, ended) = watch::channel(false);
    std::thread::spawn(move || {
        let mut lines = output.map(BufReader::new).into_iter().flat_map(BufRead::lines).map_while(Result::ok);
        if let Some(line) = lines.next() {
            // The receiver may have given up; reading goes on all the same.
            let _ = found.send(line);
        }
        drop(found);
        lines.for_each(drop);
        end.send_replace(true);
    });
    (line, ended)
}

fn first_line(line: &mpsc::Receiver<String>, timeout: Duration) -> Result<String, Silence> {
    line.recv_timeout(timeout).map_err(|error| match error {
        RecvTimeoutError::Timeout => Silence::Slow,
        RecvTimeoutError::Disconnected => Silence::Ended,
    })
}

/// Where logs of failed runs stay: under the target folder, which is ignored and cleaned.
fn log_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target"), PathBuf::from);
    target.join("playground-logs")
}

fn new_log_path() -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let folder = log_folder();
    std::fs::create_dir_all(&folder)?;
    remove_old_logs(&folder);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    Ok(folder.join(format!("control-plane-{}-{number}.log", std::process::id())))
}

/// Removes logs that nobody came for.
fn remove_old_logs(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if age(&path).is_some_and(|age| age > KEEP_LOGS) {
            // What cannot be removed now is removed another time.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Time since the last change.
fn age(path: &Path) -> Option<Duration> {
    path.metadata().and_then(|data| data.modified()).ok()?.elapsed().ok()
}

/// The end of a log, or nothing if it cannot be read.
fn tail(log: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

/// Removes data folders whose program was killed together with the process that would have cleaned up after it.
fn remove_left_over(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for folder in entries.flatten().map(|entry| entry.path()) {
        let ours = folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(FOLDER_PREFIX));
        if ours && is_left_over(&folder) {
            // What cannot be removed now is removed another time.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn is_left_over(folder: &Path) -> bool {
    if age(folder).is_none_or(|age| age < LEFT_OVER_AGE) {
        return false;
    }
    match File::open(folder.join("claim")) {
        // The program holds the lock as long as it lives.
        Ok(claim) => claim.try_lock().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn folder(parent: &Path, name: &str, age: Duration) -> PathBuf {
        let path = parent.join(name);
        std::fs::create_dir(&path).unwrap();
        File::create(path.join("claim")).unwrap();
        File::open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
        path
    }

    #[test]
    fn only_old_folders_of_ours_that_nobody_claims_are_left_over() {
        let parent = tempfile::tempdir().unwrap();
        let old = LEFT_OVER_AGE + Duration::from_secs(5);
        let abandoned = folder(parent.path(), "kbpg-abandoned", old);
        let young = folder(parent.path(), "kbpg-young", Duration::ZERO);
        let foreign = folder(parent.path(), "other", old);
        let in_use = folder(parent.path(), "kbpg-used", old);
        let claim = File::open(in_use.join("claim")).unwrap();
        claim.lock().unwrap();

        remove_left_over(parent.path());
        assert_eq!(
            [&abandoned, &young, &foreign, &in_use].map(|path| path.exists()),
            [false, true, true, true]
        );
        drop(claim);
        remove_left_over(parent.path());
        assert!(!in_use.exists());
    }
}
