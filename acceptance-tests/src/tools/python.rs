//! Makes a Python environment from a list of pinned packages, once, in the cache.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::Error;
use super::build::{cache_folder, file_error, lock, say};

/// The interpreter of an environment that holds what `requirements` lists.
pub(super) fn obtain(name: &str, requirements: &Path) -> Result<PathBuf, Error> {
    let wanted = std::fs::read(requirements).map_err(|source| file_error("read", requirements, source))?;
    let folder = cache_folder()?.join("tools");
    std::fs::create_dir_all(&folder).map_err(|source| file_error("create", &folder, source))?;
    let fingerprint = Sha256::digest(&wanted)
        .iter()
        .take(8)
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let environment = folder.join(format!("python-{name}-{fingerprint}"));
    let python = environment.join("bin/python");
    // Written last: an environment without it is one that was interrupted.
    let whole = environment.join("whole");
    let _lock = lock(&folder.join(format!("python-{name}.lock")), "the Python packages")?;
    if whole.is_file() {
        return Ok(python);
    }
    if environment.exists() {
        std::fs::remove_dir_all(&environment).map_err(|source| file_error("remove", &environment, source))?;
    }
    say(&format!("installing the Python packages of the {name} (about a minute with nothing cached)"));
    run(
        "make a Python environment",
        "python3",
        &[OsStr::new("-m"), OsStr::new("venv"), environment.as_os_str()],
    )?;
    let arguments = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "-r"];
    let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).chain([requirements.as_os_str()]).collect();
    run("install the Python packages", &python, &arguments)?;
    std::fs::write(&whole, "").map_err(|source| file_error("write", &whole, source))?;
    Ok(python)
}

fn run(action: &'static str, program: impl AsRef<OsStr>, arguments: &[&OsStr]) -> Result<(), Error> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::Python { action, cause: error.to_string() })?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let cause = lines[lines.len().saturating_sub(8)..].join("\n");
    Err(Error::Python { action, cause: format!("{}\n{cause}", output.status) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_run_says_why() {
        let error = run("make it", "python3", &[OsStr::new("-c"), OsStr::new("raise SystemExit('no room')")]);
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with("unable to make it") && text.contains("no room"), "{text}");
        let error = run("make it", "/nowhere/python", &[]).unwrap_err().to_string();
        assert!(error.contains("install Python 3.11"), "{error}");
    }
}
