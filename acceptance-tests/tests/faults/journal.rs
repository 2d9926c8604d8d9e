//! What was played and how it ended, a line each in a file: a run that is cut off goes on from there.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::life::Outcome;
use crate::points::Point;

/// The lines of all runs since it was begun.
pub(crate) struct Journal {
    file: Mutex<std::fs::File>,
    known: BTreeMap<String, Value>,
}

impl Journal {
    /// The journal in the target folder; `fresh` begins a new one.
    pub(crate) fn open(fresh: bool) -> Self {
        let path = Self::path();
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        if fresh && path.exists() {
            std::fs::remove_file(&path).expect("it can be removed");
        }
        let known = Self::read(&path);
        let file =
            std::fs::OpenOptions::new().create(true).append(true).open(&path).expect("it can be written");
        Self { file: Mutex::new(file), known }
    }

    fn path() -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
        root.join("target/faults/journal.jsonl")
    }

    fn read(path: &Path) -> BTreeMap<String, Value> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.map(|line| (line["id"].as_str().unwrap_or_default().to_owned(), line)).collect()
    }

    /// Whether a point was played, and not in vain.
    pub(crate) fn is_done(&self, point: &Point) -> bool {
        self.known
            .get(&point.id())
            .is_some_and(|line| line["outcome"] != "failed" && line["outcome"] != "waits")
    }

    /// Notes that there is a point.
    pub(crate) fn announce(&self, point: &Point) {
        if !self.known.contains_key(&point.id()) {
            self.line(point, json!({ "outcome": "waits" }));
        }
    }

    /// Notes how a point ended.
    pub(crate) fn write(&self, point: &Point, outcome: &Outcome, took: Duration) {
        let (word, said) = match outcome {
            Outcome::Survived => ("survived", None),
            Outcome::Continued => ("continued", None),
            Outcome::Remade => ("remade", None),
            Outcome::Imported => ("imported", None),
            Outcome::NotMet => ("not met", None),
            Outcome::Failed(said) => ("failed", Some(said)),
        };
        if let Some(said) = said {
            let _ = writeln!(std::io::stderr(), "FAILED {}\n       {said}", point.id());
        }
        self.line(point, json!({ "outcome": word, "said": said, "seconds": took.as_secs_f64() }));
    }

    fn line(&self, point: &Point, mut line: Value) {
        line["id"] = point.id().into();
        line["scenario"] = point.scenario.into();
        line["phase"] = point.phase.into();
        line["kind"] = point.kind.word().into();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(file, "{line}").expect("it can be written");
    }

    /// The newest line of each point.
    pub(crate) fn lines() -> BTreeMap<String, Value> {
        Self::read(&Self::path())
    }
}
