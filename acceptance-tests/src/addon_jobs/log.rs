//! What containers have written, for as long as their pods exist.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// Namespace, pod and container.
pub(super) type Key = (String, String, String);

/// The logs of all containers of the node. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Logs(Arc<Mutex<HashMap<Key, Log>>>);

impl Logs {
    /// A new log in place of the one that was there.
    pub(super) fn begin(&self, key: Key) -> Log {
        let log = Log::default();
        self.lock().insert(key, log.clone());
        log
    }

    pub(super) fn get(&self, key: &Key) -> Option<Log> {
        self.lock().get(key).cloned()
    }

    /// Forgets the logs of a pod that is gone.
    pub(super) fn forget(&self, namespace: &str, pod: &str) {
        self.lock().retain(|key, _| (key.0.as_str(), key.1.as_str()) != (namespace, pod));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Log>> {
        // Another thread that panicked leaves whole logs behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one run of a container has written. Clones are the same log.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<watch::Sender<Written>>);

/// The text so far, and whether more can come.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) is_complete: bool,
}

impl Log {
    /// Adds a line.
    pub(super) fn line(&self, line: &str) {
        self.0.send_modify(|written| {
            written.text.push_str(line);
            written.text.push('\n');
        });
    }

    /// Says that nothing will follow.
    pub(super) fn complete(&self) {
        self.0.send_modify(|written| written.is_complete = true);
    }

    /// The text so far and a way to wait for more.
    pub(super) fn follow(&self) -> watch::Receiver<Written> {
        self.0.subscribe()
    }

    pub(super) fn text(&self) -> String {
        self.0.borrow().text.clone()
    }
}

/// Where the last lines begin.
pub(super) fn tail(text: &str, lines: usize) -> usize {
    let end = text.strip_suffix('\n').unwrap_or(text);
    if lines == 0 {
        return text.len();
    }
    end.rmatch_indices('\n').nth(lines - 1).map_or(0, |(index, _)| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_found() {
        for (lines, expected) in [(0, ""), (1, "c\n"), (2, "b\nc\n"), (3, "a\nb\nc\n"), (9, "a\nb\nc\n")] {
            let text = "a\nb\nc\n";
            assert_eq!(&text[tail(text, lines)..], expected, "{lines}");
        }
        assert_eq!(tail("", 3), 0);
    }
}
