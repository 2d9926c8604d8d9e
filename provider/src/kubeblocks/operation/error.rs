//! Why an operation was not done, by meaning. `diagnostic` makes text of it.

use std::time::Duration;

use crate::kubernetes::error::{Error, ObjectName};

/// Which part of what was asked for a refusal is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The database.
    Cluster,
    /// A component, by its place in the list of components where there is one.
    Component(usize),
    /// The pod that is to lead.
    Instance,
    /// A reference to statements in a `ConfigMap`, by its place.
    ConfigMap(usize),
    /// A reference to statements in a Secret, by its place.
    Secret(usize),
    /// Who logs in.
    Login,
    /// The pods of a script.
    Selector,
    /// The method of a backup.
    Method,
    /// The policy of a backup.
    Policy,
    /// The name of a backup.
    BackupName,
    /// The operation as such.
    Operation,
}

/// Why an operation would not do what it is for. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which part it is about.
    pub about: About,
    /// Reason, and what to do.
    pub reason: String,
    /// Whether nothing that the same apply does can change it.
    pub for_good: bool,
}

impl Refusal {
    /// A refusal of things as they are.
    pub fn new(about: About, reason: impl Into<String>) -> Self {
        Self { about, reason: reason.into(), for_good: false }
    }

    /// A refusal of what the engine cannot do.
    pub fn for_good(about: About, reason: impl Into<String>) -> Self {
        Self { for_good: true, ..Self::new(about, reason) }
    }
}

/// What became of the hold that an operation had on its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It has none any more, and the object is still there to be looked at.
    Ended,
    /// It was taken away, and the object with it.
    TakenAway,
    /// It never had one, and the operation goes on.
    GoesOn,
    /// It could not be taken away.
    Stays(String),
}

/// An operation that did not come to a good end.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The `OpsRequest`.
    pub object: ObjectName,
    /// The operation in a word.
    pub word: &'static str,
    /// Its last phase.
    pub phase: String,
    /// Its last progress.
    pub progress: Option<String>,
    /// Conditions, objects, pods: lines for people.
    pub facts: String,
    /// How long was waited.
    pub waited: Duration,
    /// What became of its hold on the database.
    pub hold: Hold,
}

/// Why an operation was not done, or not to its end.
#[derive(Debug)]
pub enum OperationError {
    /// It would not do what it is for. Nothing was written.
    Refused(Refusal),
    /// Its turn did not come. Nothing was written.
    NoTurn {
        /// The database.
        cluster: ObjectName,
        /// What it waited for.
        why: String,
        /// How long was waited.
        waited: Duration,
    },
    /// It failed.
    Failed(Box<Ended>),
    /// It was not over in time.
    TimedOut(Box<Ended>),
    /// The practitioner interrupted. With a name, the operation goes on and can be gone on with.
    Interrupted {
        /// The database.
        cluster: Box<ObjectName>,
        /// The `OpsRequest`, when it was submitted.
        name: Option<String>,
        /// Its last phase.
        phase: Option<String>,
        /// Its last progress.
        progress: Option<String>,
    },
    /// Somebody deleted it before its end.
    Gone {
        /// The `OpsRequest`.
        object: ObjectName,
    },
    /// The API server refused or could not be reached.
    Api(Box<Error>),
}

impl OperationError {
    /// An error of the API server.
    pub(super) fn api(error: Error) -> Self {
        Self::Api(Box::new(error))
    }
}

impl From<Refusal> for OperationError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
