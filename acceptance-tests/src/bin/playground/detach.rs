//! Puts the playground into the background: a process of its own session that tells us through a pipe how far it is.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::folder::{self, Folder, file_error};
use crate::serve::READY;

/// Why there is no playground in the background.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The folder cannot be used.
    #[error("unable to use the folder of the playground")]
    Folder { source: folder::Error },
    /// The process cannot be started.
    #[error("unable to start the playground in the background")]
    Start { source: std::io::Error },
    /// The process cannot leave the session of its parent.
    #[error("unable to leave the terminal")]
    Session { source: rustix::io::Errno },
    /// The process ended before it was ready.
    #[error("the playground did not start; its logs are {log} and control-plane.log beside it:\n{tail}")]
    Ended { log: PathBuf, tail: String },
}

/// Starts the playground as a process that outlives this one, and returns when it is ready.
pub(crate) fn start(folder: &Folder, setup: &[String], say: &dyn Fn(&str)) -> Result<(), Error> {
    let prepare = || -> Result<(PathBuf, File), folder::Error> {
        std::fs::create_dir_all(folder.path())
            .map_err(|source| file_error("create", folder.path(), source))?;
        let log = folder.path().join("playground.log");
        let file = File::create(&log).map_err(|source| file_error("create", &log, source))?;
        Ok((log, file))
    };
    let (log, file) = prepare().map_err(|source| Error::Folder { source })?;
    let program = std::env::current_exe().map_err(|source| Error::Start { source })?;
    let mut child = Command::new(program)
        .arg("serve")
        .args(setup)
        .arg("--dir")
        .arg(folder.path())
        .stdin(Stdio::null())
        // Nothing of ours may stay open in it: whoever waits for the end of our output would wait for its end, too.
        .stdout(Stdio::piped())
        .stderr(file)
        .spawn()
        .map_err(|source| Error::Start { source })?;
    let lines = child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines);
    for line in lines.map_while(Result::ok) {
        if line == READY {
            return Ok(());
        }
        say(&line);
    }
    let tail = std::fs::read_to_string(&log).unwrap_or_default();
    Err(Error::Ended { log, tail })
}

/// Leaves the session of the parent, so that the end of its terminal is none of our business.
pub(crate) fn leave_session() -> Result<(), Error> {
    rustix::process::setsid().map(|_| ()).map_err(|source| Error::Session { source })
}
