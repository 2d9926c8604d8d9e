//! The suite itself under test: a cloud in memory passes it, and each broken promise is found.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use super::{Subject, run};
use crate::{ClusterId, Credentials, Error, ManagedKubernetes, Observed, Phase};

/// Which promise the cloud in memory breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    InventsMissing,
    DeleteOfMissingFails,
    CreatesTwice,
    TakesOver,
    NeverActive,
    UpdatesMissing,
    ExpiredToken,
    DeletesOnlyOnce,
    KeepsDeleted,
}

struct Memory {
    flaw: Flaw,
    clusters: Mutex<BTreeMap<String, Phase>>,
}

impl Memory {
    fn new(flaw: Flaw) -> Self {
        Self { flaw, clusters: Mutex::new(BTreeMap::new()) }
    }

    fn clusters(&self) -> MutexGuard<'_, BTreeMap<String, Phase>> {
        self.clusters.lock().unwrap()
    }
}

impl ManagedKubernetes for Memory {
    type Spec = &'static str;
    type Change = ();

    async fn observe(&self, id: &ClusterId) -> Result<Option<Observed>, Error> {
        let phase = match self.clusters().get(&id.0) {
            Some(phase) => phase.clone(),
            None if self.flaw == Flaw::InventsMissing => Phase::Active,
            None => return Ok(None),
        };
        Ok(Some(Observed { phase, version: "1.34".to_owned(), endpoint: None, ca_certificate: None }))
    }

    async fn create(&self, name: &&'static str) -> Result<ClusterId, Error> {
        if *name == "taken" && self.flaw != Flaw::TakesOver {
            return Err(Error::AlreadyExists { what: format!("cluster {name}") });
        }
        let mut clusters = self.clusters();
        if self.flaw == Flaw::CreatesTwice && clusters.contains_key(*name) {
            return Ok(ClusterId(format!("{name}-2")));
        }
        clusters.entry((*name).to_owned()).or_insert(Phase::Creating);
        Ok(ClusterId((*name).to_owned()))
    }

    async fn update(&self, id: &ClusterId, (): &()) -> Result<(), Error> {
        match self.clusters().get_mut(&id.0) {
            Some(phase) => *phase = Phase::Updating,
            None if self.flaw == Flaw::UpdatesMissing => {}
            None => return Err(Error::NotFound { what: id.0.clone() }),
        }
        Ok(())
    }

    async fn delete(&self, id: &ClusterId) -> Result<(), Error> {
        let mut clusters = self.clusters();
        match clusters.get_mut(&id.0) {
            Some(Phase::Deleting) if self.flaw == Flaw::DeletesOnlyOnce => {
                Err(Error::Conflict { what: id.0.clone(), message: "deleting".to_owned() })
            }
            Some(phase) => {
                *phase = Phase::Deleting;
                Ok(())
            }
            None if self.flaw == Flaw::DeleteOfMissingFails => Err(Error::NotFound { what: id.0.clone() }),
            None => Ok(()),
        }
    }

    async fn credentials(&self, id: &ClusterId) -> Result<Credentials, Error> {
        if !self.clusters().contains_key(&id.0) {
            return Err(Error::NotFound { what: id.0.clone() });
        }
        let life = Duration::from_mins(15);
        let expires_at = match self.flaw {
            Flaw::ExpiredToken => SystemTime::now() - life,
            _ => SystemTime::now() + life,
        };
        Ok(Credentials { token: "marker-token".to_owned(), expires_at })
    }
}

impl Subject for Memory {
    type Cloud = Self;

    fn cloud(&self) -> &Self {
        self
    }

    fn wish(&self) -> (&'static str, ClusterId) {
        ("orders", ClusterId("orders".to_owned()))
    }

    fn change(&self) {}

    fn missing(&self) -> ClusterId {
        ClusterId("missing".to_owned())
    }

    fn taken(&self) -> &'static str {
        "taken"
    }

    async fn settle(&self) {
        let flaw = self.flaw;
        self.clusters().retain(|_, phase| *phase != Phase::Deleting || flaw == Flaw::KeepsDeleted);
        for phase in self.clusters().values_mut() {
            if flaw != Flaw::NeverActive && *phase != Phase::Deleting {
                *phase = Phase::Active;
            }
        }
    }
}

#[tokio::test]
async fn a_cloud_that_keeps_every_promise_passes() {
    run(&Memory::new(Flaw::None)).await.unwrap();
}

#[tokio::test]
async fn each_broken_promise_is_found_and_named() {
    let table = [
        (Flaw::InventsMissing, "observe of a missing cluster"),
        (Flaw::DeleteOfMissingFails, "delete of a missing cluster"),
        (Flaw::TakesOver, "a name that is taken"),
        (Flaw::CreatesTwice, "the second create"),
        (Flaw::NeverActive, "must become Active"),
        (Flaw::UpdatesMissing, "update of a missing cluster"),
        (Flaw::ExpiredToken, "must not be expired"),
        (Flaw::DeletesOnlyOnce, "second delete"),
        (Flaw::KeepsDeleted, "must be gone"),
    ];
    for (flaw, expected) in table {
        let problem = run(&Memory::new(flaw)).await.unwrap_err();
        assert!(problem.contains(expected), "{flaw:?}: {problem}");
    }
}
