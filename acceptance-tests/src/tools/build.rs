//! Builds one Go program into the cache, once, with a sign of life while it takes minutes.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest, Sha256};

use super::Error;

/// How a program is made.
pub(super) struct Recipe {
    /// Name of the executable.
    pub(super) name: &'static str,
    /// What it is, for people.
    pub(super) title: &'static str,
    /// How long a build with nothing cached takes on two cores.
    pub(super) usual_minutes: u32,
    /// Folder of the Go module.
    pub(super) source: PathBuf,
    /// Package to build, as seen from that folder.
    pub(super) package: &'static str,
    /// `path.variable=value` for the linker.
    pub(super) link_variables: &'static [&'static str],
}

/// Flags that change what comes out; part of the hash.
const BUILD_FLAGS: &[&str] = &["build", "-trimpath", "-buildvcs=false", "-mod=readonly"];

/// Programs of other sources that nobody used for this long are removed from the cache.
const KEEP_UNUSED: Duration = Duration::from_hours(14 * 24);

/// How often a build that is not watched on a terminal says that it goes on.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// The path of the program; builds it if the cache does not have it.
pub(super) fn obtain(recipe: &Recipe) -> Result<PathBuf, Error> {
    obtain_in(&cache_folder()?.join("tools"), recipe)
}

fn obtain_in(folder: &Path, recipe: &Recipe) -> Result<PathBuf, Error> {
    std::fs::create_dir_all(folder).map_err(|source| file_error("create", folder, source))?;
    let program =
        folder.join(format!("{}-{}{}", recipe.name, fingerprint(recipe)?, std::env::consts::EXE_SUFFIX));
    if program.is_file() {
        mark_used(&program);
        return Ok(program);
    }
    let _lock = lock(&folder.join(format!("{}.lock", recipe.name)), recipe.title)?;
    // Another process may have built it while we waited.
    if !program.is_file() {
        build(recipe, folder, &program)?;
        prune(folder, recipe.name, &program);
    }
    Ok(program)
}

pub(super) fn cache_folder() -> Result<PathBuf, Error> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("KUBEBLOCKS_CACHE")
        .or_else(|| variable("HOME").map(|home| home.join(".cache").join("terraform-provider-kubeblocks")))
        .ok_or(Error::NoCache)
}

/// A hash of all that the program is made of: the files of its module, the flags, the platform.
fn fingerprint(recipe: &Recipe) -> Result<String, Error> {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    for text in BUILD_FLAGS.iter().chain(recipe.link_variables).chain(&[recipe.package]) {
        add(text.as_bytes());
    }
    add(std::env::consts::OS.as_bytes());
    add(std::env::consts::ARCH.as_bytes());
    let mut files = Vec::new();
    list_files(&recipe.source, &mut files)?;
    files.sort();
    for file in files {
        let content = std::fs::read(&file).map_err(|source| file_error("read", &file, source))?;
        let name = file.strip_prefix(&recipe.source).unwrap_or(&file);
        add(name.to_string_lossy().as_bytes());
        add(&content);
    }
    Ok(hash.finalize().iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

fn list_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let entries = std::fs::read_dir(folder).map_err(|source| file_error("list", folder, source))?;
    for entry in entries {
        let path = entry.map_err(|source| file_error("list", folder, source))?.path();
        if path.is_dir() {
            list_files(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// An exclusive lock that ends with the returned file, or with the process.
pub(super) fn lock(path: &Path, title: &str) -> Result<File, Error> {
    let file = File::create(path).map_err(|source| file_error("create", path, source))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            say(&format!("waiting for another process that builds {title}"));
        }
        Err(std::fs::TryLockError::Error(source)) => return Err(file_error("lock", path, source)),
    }
    file.lock().map_err(|source| file_error("lock", path, source))?;
    Ok(file)
}

fn build(recipe: &Recipe, folder: &Path, program: &Path) -> Result<(), Error> {
    let log_path = folder.join(format!("{}.log", recipe.name));
    let unfinished = folder.join(format!("{}.unfinished", recipe.name));
    let log = File::create(&log_path).map_err(|source| file_error("create", &log_path, source))?;
    let errors = log.try_clone().map_err(|source| file_error("open", &log_path, source))?;
    let link =
        recipe.link_variables.iter().fold("-s -w".to_owned(), |flags, variable| flags + " -X " + variable);
    let mut child = Command::new("go")
        .args(BUILD_FLAGS)
        .args(["-ldflags", &link, "-o"])
        .arg(&unfinished)
        .arg(recipe.package)
        .current_dir(&recipe.source)
        // Settings of other projects must not leak in.
        .env_remove("GOFLAGS")
        .env("GOWORK", "off")
        // No C compiler needed, and one program for every C library.
        .env("CGO_ENABLED", "0")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(errors)
        .spawn()
        .map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => Error::NoGo { tool: recipe.title },
            _ => Error::Start { tool: recipe.title, source },
        })?;
    let status = report_while(recipe, || child.wait())
        .map_err(|source| Error::Start { tool: recipe.title, source })?;
    if !status.success() {
        return Err(failed(recipe, status, log_path));
    }
    // The name appears only with the whole program behind it.
    std::fs::rename(&unfinished, program).map_err(|source| file_error("write", program, source))
}

fn failed(recipe: &Recipe, status: ExitStatus, log: PathBuf) -> Error {
    let mut text = String::new();
    // Without the log the error is poorer, not different.
    let _ = File::open(&log).and_then(|mut file| file.read_to_string(&mut text));
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(20)..].join("\n");
    Error::Build { tool: recipe.title, status, log, tail }
}

/// Runs `work` and tells on standard error, all the while, that a build goes on and for how long.
fn report_while<T>(recipe: &Recipe, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let (done, ended) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || report(recipe, started, &ended));
        let result = work();
        drop(done);
        result
    })
}

fn report(recipe: &Recipe, started: Instant, ended: &mpsc::Receiver<()>) {
    let terminal = io::stderr().is_terminal();
    let interval = if terminal { Duration::from_secs(1) } else { SIGN_OF_LIFE };
    let line = |state: &str| format!("building {}: {state}, {} s", recipe.title, started.elapsed().as_secs());
    let goes_on = format!("about {} minutes with nothing cached", recipe.usual_minutes);
    if !terminal {
        say(&line(&goes_on));
    }
    loop {
        match ended.recv_timeout(interval) {
            Err(RecvTimeoutError::Timeout) if terminal => write_error(&format!("\r{}", line(&goes_on))),
            Err(RecvTimeoutError::Timeout) => say(&line(&goes_on)),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    // The carriage return and the escape remove what the last line on a terminal showed.
    write_error(&format!("{}{}\n", if terminal { "\r\u{1b}[K" } else { "" }, line("done")));
}

pub(super) fn say(line: &str) {
    write_error(&format!("{line}\n"));
}

/// Writes past the test harness, which would keep what `eprint!` says until the test ends.
fn write_error(text: &str) {
    let mut stream = io::stderr().lock();
    // There is nowhere left to complain.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

/// Notes that the program was used, so that [`prune`] keeps it.
fn mark_used(program: &Path) {
    // A cache of someone else may be read-only; it then is not ours to prune either.
    let _ = File::open(program).and_then(|file| file.set_modified(SystemTime::now()));
}

/// Removes programs of other sources that nobody used for long.
fn prune(folder: &Path, name: &str, current: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let prefix = format!("{name}-");
    for path in entries.flatten().map(|entry| entry.path()) {
        let ours = path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&prefix));
        let unused =
            path.metadata().and_then(|data| data.modified()).ok().and_then(|time| time.elapsed().ok());
        if ours && path != current && unused.is_some_and(|unused| unused > KEEP_UNUSED) {
            // What cannot be removed now is removed another time.
            let _ = std::fs::remove_file(path);
        }
    }
}

pub(super) fn file_error(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::File { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(source: &Path) -> Recipe {
        Recipe {
            name: "sample",
            title: "a sample",
            usual_minutes: 1,
            source: source.to_owned(),
            package: ".",
            link_variables: &[],
        }
    }

    /// A module whose program prints a word, linked in as in the real recipes.
    fn sample_module(folder: &Path, source: &str) -> Recipe {
        std::fs::write(folder.join("go.mod"), "module example.com/sample\n\ngo 1.26\n").unwrap();
        std::fs::write(folder.join("main.go"), source).unwrap();
        Recipe { link_variables: &["main.word=linked"], ..recipe(folder) }
    }

    const SAMPLE: &str = "package main\n\nvar word = \"default\"\n\nfunc main() { println(word) }\n";

    #[test]
    fn a_program_is_built_once_however_many_ask_at_the_same_time() {
        let (module, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let recipe = sample_module(module.path(), SAMPLE);
        let programs = std::thread::scope(|scope| {
            let asking: Vec<_> =
                (0..3).map(|_| scope.spawn(|| obtain_in(cache.path(), &recipe).unwrap())).collect();
            asking.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(programs.iter().all(|program| *program == programs[0]), "{programs:?}");
        let output = Command::new(&programs[0]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "linked\n");

        // A program that was built again would be whole again.
        std::fs::write(&programs[0], "marked").unwrap();
        obtain_in(cache.path(), &recipe).unwrap();
        assert_eq!(std::fs::read_to_string(&programs[0]).unwrap(), "marked");
    }

    #[test]
    fn a_changed_source_is_another_program_and_a_broken_one_says_what_is_wrong() {
        let (module, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = obtain_in(cache.path(), &sample_module(module.path(), SAMPLE)).unwrap();
        let changed = sample_module(module.path(), &SAMPLE.replace("println", "print"));
        assert_ne!(obtain_in(cache.path(), &changed).unwrap(), first);

        let broken = sample_module(module.path(), "package main\n\nfunc main() { nonsense() }\n");
        let error = obtain_in(cache.path(), &broken).unwrap_err();
        let Error::Build { tail, log, .. } = &error else { panic!("{error}") };
        assert!(tail.contains("undefined: nonsense"), "{error}");
        assert!(log.is_file());
    }

    #[test]
    fn the_fingerprint_changes_with_content_and_name_of_any_file_and_with_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("stages")).unwrap();
        std::fs::write(folder.path().join("main.go"), "package main").unwrap();
        std::fs::write(folder.path().join("stages/one.yaml"), "a: 1").unwrap();
        let first = fingerprint(&recipe(folder.path())).unwrap();
        assert_eq!(fingerprint(&recipe(folder.path())).unwrap(), first);

        std::fs::write(folder.path().join("stages/one.yaml"), "a: 2").unwrap();
        let changed = fingerprint(&recipe(folder.path())).unwrap();
        assert_ne!(changed, first);

        std::fs::rename(folder.path().join("stages/one.yaml"), folder.path().join("stages/two.yaml"))
            .unwrap();
        assert_ne!(fingerprint(&recipe(folder.path())).unwrap(), changed);
    }

    #[test]
    fn pruning_keeps_the_current_program_recent_ones_and_those_of_other_tools() {
        let folder = tempfile::tempdir().unwrap();
        let long_ago = SystemTime::now() - KEEP_UNUSED - Duration::from_mins(1);
        let make = |name: &str, old: bool| {
            let path = folder.path().join(name);
            let file = File::create(&path).unwrap();
            if old {
                file.set_modified(long_ago).unwrap();
            }
            path
        };
        let current = make("sample-1", true);
        let recent = make("sample-2", false);
        let old = make("sample-3", true);
        let other = make("other-1", true);
        prune(folder.path(), "sample", &current);
        assert_eq!([&current, &recent, &old, &other].map(|path| path.exists()), [true, true, false, true]);
    }
}
