//! What a process holds at a moment, from `/proc`.

use std::path::Path;

/// Everything that must not grow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    /// Resident memory in KiB.
    pub(crate) memory: usize,
    /// Open files and sockets.
    pub(crate) files: usize,
    /// Threads.
    pub(crate) threads: usize,
    /// Processes that it has started and that still are.
    pub(crate) children: usize,
    /// Files and folders in its temporary folder.
    pub(crate) temporary: usize,
}

impl std::fmt::Display for Sample {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { memory, files, threads, children, temporary } = self;
        let memory = memory / 1024;
        write!(
            formatter,
            "{memory} MiB, {files} files, {threads} threads, {children} children, {temporary} temporary"
        )
    }
}

impl Sample {
    /// Now.
    pub(crate) fn of(process: u32, temporary: &Path) -> Self {
        let place = Path::new("/proc").join(process.to_string());
        let status = std::fs::read_to_string(place.join("status")).expect("the provider runs");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
        };
        let tasks = std::fs::read_dir(place.join("task")).expect("the provider runs");
        let children = tasks.flatten().map(|task| {
            let text = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            text.split_whitespace().count()
        });
        Self {
            memory: field("VmRSS:"),
            threads: field("Threads:"),
            files: std::fs::read_dir(place.join("fd")).expect("open, as it was started with --debug").count(),
            children: children.sum(),
            temporary: entries(temporary),
        }
    }
}

fn entries(folder: &Path) -> usize {
    let found = std::fs::read_dir(folder).into_iter().flatten().flatten();
    found.map(|entry| 1 + if entry.path().is_dir() { entries(&entry.path()) } else { 0 }).sum()
}
