//! The operations of GKE and Compute Engine that this process began: looked at until they end, since an operation's
//! failure is told nowhere else.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use google_cloud_container_v1::model;

use super::{Gke, error};
use crate::{Error, Progress};

/// How often an operation may be unknown before it is forgotten: it is not known everywhere at once.
const MISSES: u8 = 3;

/// Operations by what they work on.
#[derive(Debug, Default)]
pub(super) struct Pendings {
    known: Mutex<HashMap<String, Pending>>,
    /// What this process has begun to finish: its mark of what is unfinished may be gone already.
    finishing: Mutex<HashSet<String>>,
}

/// An operation that was begun.
#[derive(Clone, Debug)]
struct Pending {
    /// Its path, as of the API it belongs to.
    path: String,
    misses: u8,
}

/// What is known of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polled {
    /// This process has begun none.
    None,
    /// It runs.
    Running,
    /// It has ended well, or was not to be found for long.
    Ended,
}

impl Pendings {
    pub(super) fn begin(&self, target: &str, path: String) {
        self.locked(|known| known.insert(target.to_owned(), Pending { path, misses: 0 }));
    }

    /// Notes that the last step of a creation is about to be taken.
    pub(super) fn begin_to_finish(&self, target: &str) {
        self.finishing.lock().unwrap_or_else(PoisonError::into_inner).insert(target.to_owned());
    }

    pub(super) fn is_finishing(&self, target: &str) -> bool {
        self.finishing.lock().unwrap_or_else(PoisonError::into_inner).contains(target)
    }

    pub(super) fn finish(&self, target: &str) {
        self.finishing.lock().unwrap_or_else(PoisonError::into_inner).remove(target);
    }

    fn get(&self, target: &str) -> Option<Pending> {
        self.locked(|known| known.get(target).cloned())
    }

    fn forget(&self, target: &str) {
        self.locked(|known| known.remove(target));
    }

    /// Counts that the operation was unknown; whether that is still to be waited for.
    fn miss(&self, target: &str) -> bool {
        self.locked(|known| {
            let Some(pending) = known.get_mut(target) else { return false };
            pending.misses += 1;
            if pending.misses < MISSES {
                return true;
            }
            known.remove(target);
            false
        })
    }

    fn locked<T>(&self, act: impl FnOnce(&mut HashMap<String, Pending>) -> T) -> T {
        // Nothing panics while it is held.
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Gke {
    /// Looks at the operation on `target`, which `what` says in words. Its failure is an error, once.
    pub(super) async fn poll(&self, target: &str, what: &str) -> Result<Polled, Error> {
        let Some(pending) = self.pending.get(target) else { return Ok(Polled::None) };
        let asked = self
            .ask(&pending.path, "container.operations.get", || {
                self.container.get_operation().set_name(pending.path.clone()).send()
            })
            .await;
        let ended = match asked {
            Ok(operation) if operation.status == model::operation::Status::Done => reasons(&operation),
            Ok(_) => return Ok(Polled::Running),
            Err(Error::NotFound { .. }) => return Ok(self.missed(target)),
            Err(error) => return Err(error),
        };
        self.end(target, what, &ended)
    }

    /// The same for an operation of Compute Engine.
    pub(super) async fn poll_compute(&self, target: &str, what: &str) -> Result<Polled, Error> {
        let Some(pending) = self.pending.get(target) else { return Ok(Polled::None) };
        let ended = match self.compute.operation(&pending.path).await {
            Ok(operation) if operation.is_done() => operation.reasons(),
            Ok(_) => return Ok(Polled::Running),
            Err(Error::NotFound { .. }) => return Ok(self.missed(target)),
            Err(error) => return Err(error),
        };
        self.end(target, what, &ended)
    }

    fn missed(&self, target: &str) -> Polled {
        if self.pending.miss(target) { Polled::Running } else { Polled::Ended }
    }

    fn end(&self, target: &str, what: &str, failures: &[String]) -> Result<Polled, Error> {
        self.pending.forget(target);
        if failures.is_empty() {
            return Ok(Polled::Ended);
        }
        Err(error::of_operation(what, failures))
    }

    /// Notes the operation that a request began, and waits for it. A refusal because something else runs is waited for
    /// as well.
    pub(super) fn begun(
        &self,
        target: &str,
        what: &str,
        location: &str,
        asked: Result<model::Operation, Error>,
    ) -> Result<Progress, Error> {
        match asked {
            Ok(operation) => {
                let path =
                    format!("projects/{}/locations/{location}/operations/{}", self.project, operation.name);
                self.pending.begin(target, path);
                Ok(waiting(&format!("{what} ({})", kind(&operation))))
            }
            Err(Error::Conflict { message, .. }) => Ok(waiting(&format!("{what} ({message})"))),
            Err(error) => Err(error),
        }
    }
}

/// What failed of an operation that is done; nothing when it ended well.
#[allow(deprecated, reason = "GKE still writes its words there")]
pub(super) fn reasons(operation: &model::Operation) -> Vec<String> {
    let Some(failure) = operation.error.as_ref().filter(|failure| failure.code != 0) else {
        return Vec::new();
    };
    let conditions = operation.cluster_conditions.iter().chain(&operation.nodepool_conditions);
    let mut found = vec![failure.message.clone()];
    found.extend(conditions.map(|condition| condition.message.clone()));
    if found.iter().all(String::is_empty) {
        found.push(format!("operation {} ended with code {}", operation.name, failure.code));
    }
    found
}

fn kind(operation: &model::Operation) -> String {
    operation.operation_type.name().unwrap_or("operation").to_owned()
}

pub(super) fn waiting(what: &str) -> Progress {
    Progress::Waiting { what: what.to_owned() }
}
