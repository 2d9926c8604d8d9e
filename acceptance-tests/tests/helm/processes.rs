//! Looks at processes of this machine, as any user of it can.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// A process whose arguments hold a text.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) id: i32,
    /// Arguments, separated by spaces.
    pub(crate) arguments: String,
    /// Environment, a line for each variable.
    pub(crate) environment: String,
}

impl Process {
    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        let mut lines = self.environment.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }

    pub(crate) fn kill(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.id).unwrap(), signal).unwrap();
    }
}

/// The helm and the guard that work on something whose name, such as a namespace, is in their arguments.
pub(crate) fn working_on(helm: &Path, name: &str) -> (Process, Process) {
    let all = processes();
    let find = |is_wanted: &dyn Fn(&Process) -> bool| {
        let found: Vec<_> =
            all.iter().filter(|process| process.arguments.contains(name) && is_wanted(process)).collect();
        assert_eq!(found.len(), 1, "{found:#?}");
        found[0].clone()
    };
    let helm = helm.to_str().unwrap();
    let of_helm = find(&|process| process.arguments.starts_with(helm));
    let guard = find(&|process| process.arguments.contains(" helm-guard "));
    (of_helm, guard)
}

/// Whether any process has the name in its arguments.
pub(crate) fn any_works_on(name: &str) -> bool {
    processes().iter().any(|process| process.arguments.contains(name))
}

fn processes() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| read(&entry.path())).collect()
}

/// Nothing when it is no process, or ended meanwhile.
fn read(folder: &Path) -> Option<Process> {
    let id = folder.file_name()?.to_str()?.parse().ok()?;
    let text = |file: &str, separator: &str| {
        let bytes = std::fs::read(folder.join(file)).ok()?;
        Some(String::from_utf8_lossy(&bytes).replace('\0', separator))
    };
    // That of the provider and of its guard is closed, but to root.
    let environment = text("environ", "\n").unwrap_or_default();
    Some(Process { id, arguments: text("cmdline", " ")?, environment })
}
