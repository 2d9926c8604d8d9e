//! The suite itself under test: a cloud in memory passes it, and each broken promise is found.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use super::{CLUSTER, POOL, Subject, run};
use crate::{
    ClusterId, Credentials, Error, Listed, Made, ManagedKubernetes, Nodes, Observed, ObservedPool,
    OfferedVersion, Page, PageRequest, Phase, PoolId, Progress, Proof,
};

/// Which promise the cloud in memory breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    InventsMissing,
    DeleteOfMissingFails,
    CreatesTwice,
    TakesOver,
    MakesBeforeItLooks,
    NeverDone,
    ForgetsTheMark,
    StaysUnfinished,
    TakesOverFinished,
    PoolStaysUnfinished,
    TakesOverFinishedPools,
    IgnoresChanges,
    IgnoresPoolChanges,
    KeepsPools,
    UpdatesMissing,
    ExpiredToken,
    NoDefault,
    KeepsDeleted,
    ForgetsNothing,
    ShowsAnotherCluster,
    ShowsAnotherPool,
    ListsGhosts,
    ListsPoolsOfMissing,
    ListsOneOnly,
    ListsOnOnePage,
    ListsOursOnly,
    ListsForEver,
    ListsAsUnmarked,
    ListsUnderAnotherName,
    ListsRemoved,
    ListsNoPools,
    HidesPlaces,
}

#[derive(Clone)]
struct Thing {
    looks: u32,
    version: &'static str,
}

/// Things are ready when they were looked at twice.
struct Memory {
    flaw: Flaw,
    things: Mutex<BTreeMap<String, Thing>>,
}

/// Name and version.
type Wish = (String, &'static str);
/// Cluster and version.
type PoolWish = (ClusterId, &'static str);

fn wish(name: &str, version: &'static str) -> Wish {
    (name.to_owned(), version)
}

impl Memory {
    fn new(flaw: Flaw) -> Self {
        Self { flaw, things: Mutex::new(BTreeMap::new()) }
    }

    fn things(&self) -> MutexGuard<'_, BTreeMap<String, Thing>> {
        self.things.lock().unwrap()
    }

    fn make(&self, name: String, version: &'static str) -> Progress {
        let mut things = self.things();
        let thing = things.entry(name).or_insert(Thing { looks: 0, version });
        thing.looks += 1;
        if thing.looks > 2 && self.flaw != Flaw::NeverDone {
            return Progress::Done;
        }
        Progress::Waiting { what: "it".to_owned() }
    }

    fn is_finished(&self, name: &str) -> bool {
        self.flaw != Flaw::NeverDone && self.things().get(name).is_some_and(|thing| thing.looks > 2)
    }

    fn pool_name(id: &PoolId) -> String {
        format!("{}/{}", id.cluster.0, id.pool)
    }

    /// Names of clusters, as the flaw has it.
    fn clusters(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.things().keys().filter(|name| !name.contains('/')).cloned().collect();
        match self.flaw {
            Flaw::ListsOursOnly => names.retain(|name| name != "taken"),
            Flaw::ListsGhosts => names.push("ghost".to_owned()),
            Flaw::ListsRemoved if names == ["taken"] => names.push("orders".to_owned()),
            _ => {}
        }
        names
    }
}

fn listed<I>(id: I, name: &str, flaw: Flaw) -> Listed<I> {
    let name = if flaw == Flaw::ListsUnderAnotherName { "other" } else { name };
    Listed { id, name: name.to_owned(), region: None, is_marked: Some(flaw != Flaw::ListsAsUnmarked) }
}

fn pool(cluster: &ClusterId, version: &'static str) -> ObservedPool<PoolWish> {
    ObservedPool {
        name: "more".to_owned(),
        phase: Phase::Active,
        nodes: Nodes {
            machine_types: vec!["large".to_owned()],
            size: version.parse().ok(),
            ..Nodes::default()
        },
        version: None,
        tags: BTreeMap::new(),
        owner: Some("us".to_owned()),
        is_unfinished: false,
        wish: (cluster.clone(), version),
    }
}

impl ManagedKubernetes for Memory {
    type Spec = Wish;
    type PoolSpec = PoolWish;
    type Place = ();

    async fn list(&self, (): &(), page: &PageRequest) -> Result<Page<ClusterId>, Error> {
        let all = self.clusters();
        let first: usize = page.after.as_ref().map_or(0, |after| after.parse().unwrap_or(0));
        let size = match self.flaw {
            Flaw::ListsOnOnePage => all.len(),
            _ => page.at_most.map_or(all.len(), usize::from),
        };
        let found =
            all.iter().skip(first).take(size).map(|name| listed(ClusterId(name.clone()), name, self.flaw));
        let is_last = match self.flaw {
            Flaw::ListsOneOnly => true,
            Flaw::ListsForEver => false,
            _ => first + size >= all.len(),
        };
        let missing = (self.flaw == Flaw::HidesPlaces).then(|| "somewhere".to_owned());
        Ok(Page {
            found: found.collect(),
            next: (!is_last).then(|| (first + size).to_string()),
            missing: missing.into_iter().collect(),
        })
    }

    async fn list_pools(&self, cluster: &ClusterId, _: &PageRequest) -> Result<Page<PoolId>, Error> {
        let things = self.things();
        if !things.contains_key(&cluster.0) && self.flaw != Flaw::ListsPoolsOfMissing {
            return Err(Error::NotFound { what: format!("cluster {}", cluster.0) });
        }
        let prefix = format!("{}/", cluster.0);
        let names = things.keys().filter_map(|name| name.strip_prefix(&prefix));
        let names = names.filter(|_| self.flaw != Flaw::ListsNoPools);
        let found = names
            .map(|name| listed(PoolId { cluster: cluster.clone(), pool: name.to_owned() }, name, Flaw::None));
        Ok(Page { found: found.collect(), next: None, missing: Vec::new() })
    }

    async fn observe(&self, id: &ClusterId) -> Result<Option<Observed<Wish, PoolWish>>, Error> {
        let version = match self.things().get(&id.0) {
            Some(thing) => thing.version,
            None if self.flaw == Flaw::InventsMissing => "1.34",
            None => return Ok(None),
        };
        Ok(Some(Observed {
            name: id.0.clone(),
            phase: Phase::Active,
            version: version.to_owned(),
            platform_version: None,
            endpoint: Some("https://api".to_owned()),
            ca_certificate: Some("PEM".to_owned()),
            oidc_issuer: None,
            tags: BTreeMap::new(),
            owner: (self.flaw != Flaw::ForgetsTheMark).then(|| "us".to_owned()),
            is_unfinished: self.flaw == Flaw::StaysUnfinished,
            network: Vec::new(),
            system_pool: None,
            wish: wish(&id.0, if self.flaw == Flaw::ShowsAnotherCluster { "1.0" } else { version }),
        }))
    }

    async fn create(&self, (name, version): &Wish, made: &mut Made) -> Result<Progress, Error> {
        if self.flaw == Flaw::MakesBeforeItLooks {
            made.note("vpc", "VPC", "vpc-1");
        }
        if name == "taken" && self.flaw != Flaw::TakesOver {
            return Err(Error::AlreadyExists { what: format!("cluster {name}") });
        }
        let count = self.things().len();
        let id = if self.flaw == Flaw::CreatesTwice { format!("{name}-{count}") } else { name.clone() };
        if self.is_finished(&id) && self.flaw != Flaw::TakesOverFinished {
            return Err(Error::AlreadyExists { what: format!("cluster {name}") });
        }
        made.note(CLUSTER, "cluster", &id);
        Ok(self.make(id, version))
    }

    async fn update(&self, (name, version): &Wish, _: &mut Made) -> Result<Progress, Error> {
        match self.things().get_mut(name) {
            Some(thing) if self.flaw != Flaw::IgnoresChanges => thing.version = version,
            None if self.flaw != Flaw::UpdatesMissing => {
                return Err(Error::NotFound { what: format!("cluster {name}") });
            }
            _ => {}
        }
        Ok(Progress::Done)
    }

    async fn delete(&self, id: &ClusterId, _: &str, made: &mut Made) -> Result<Progress, Error> {
        if self.flaw == Flaw::DeleteOfMissingFails && !self.things().contains_key(&id.0) {
            return Err(Error::NotFound { what: "cluster".to_owned() });
        }
        if self.flaw != Flaw::ForgetsNothing {
            made.forget(CLUSTER);
        }
        if self.flaw != Flaw::KeepsDeleted {
            self.things().remove(&id.0);
        }
        Ok(Progress::Done)
    }

    async fn observe_pool(&self, id: &PoolId) -> Result<Option<ObservedPool<PoolWish>>, Error> {
        Ok(self.things().get(&Self::pool_name(id)).map(|thing| ObservedPool {
            is_unfinished: self.flaw == Flaw::PoolStaysUnfinished,
            wish: (id.cluster.clone(), if self.flaw == Flaw::ShowsAnotherPool { "0" } else { thing.version }),
            ..pool(&id.cluster, thing.version)
        }))
    }

    async fn create_pool(&self, (id, version): &Self::PoolSpec, made: &mut Made) -> Result<Progress, Error> {
        if self.is_finished(&format!("{}/more", id.0)) && self.flaw != Flaw::TakesOverFinishedPools {
            return Err(Error::AlreadyExists { what: "pool more".to_owned() });
        }
        made.note(POOL, "pool", "more");
        Ok(self.make(format!("{}/more", id.0), version))
    }

    async fn update_pool(&self, (id, version): &Self::PoolSpec, _: &mut Made) -> Result<Progress, Error> {
        if self.flaw != Flaw::IgnoresPoolChanges
            && let Some(thing) = self.things().get_mut(&format!("{}/more", id.0))
        {
            thing.version = version;
        }
        Ok(Progress::Done)
    }

    async fn delete_pool(&self, id: &PoolId, made: &mut Made) -> Result<Progress, Error> {
        made.forget(POOL);
        if self.flaw != Flaw::KeepsPools {
            self.things().remove(&Self::pool_name(id));
        }
        Ok(Progress::Done)
    }

    async fn credentials(&self, _: &ClusterId) -> Result<Credentials, Error> {
        let life = if self.flaw == Flaw::ExpiredToken { 0 } else { 900 };
        let expires_at = SystemTime::now() + Duration::from_secs(life);
        Ok(Credentials { proof: Proof::Token("a-secret".to_owned()), expires_at })
    }

    async fn versions(&self) -> Result<Vec<OfferedVersion>, Error> {
        let is_default = self.flaw != Flaw::NoDefault;
        Ok(vec![OfferedVersion { version: "1.34".to_owned(), is_default, is_standard: true }])
    }
}

impl Subject for Memory {
    type Cloud = Self;

    fn cloud(&self) -> &Self {
        self
    }

    fn wish(&self) -> (Wish, String) {
        (wish("orders", "1.34"), "us".to_owned())
    }

    fn change(&self) -> Wish {
        wish("orders", "1.35")
    }

    fn absent(&self) -> Wish {
        wish("nowhere", "1.35")
    }

    fn missing(&self) -> ClusterId {
        ClusterId("missing".to_owned())
    }

    async fn occupy(&self) -> ClusterId {
        self.things().insert("taken".to_owned(), Thing { looks: 0, version: "1.34" });
        ClusterId("taken".to_owned())
    }

    fn is_paged(&self) -> bool {
        true
    }

    fn taken(&self) -> Wish {
        wish("taken", "1.34")
    }

    fn pool(&self, id: &ClusterId) -> [PoolWish; 2] {
        [(id.clone(), "1"), (id.clone(), "2")]
    }

    fn compare(&self, wished: &Wish, shown: &Wish) -> Result<(), String> {
        if wished == shown { Ok(()) } else { Err(format!("{shown:?}")) }
    }

    fn compare_pools(&self, wished: &PoolWish, shown: &PoolWish) -> Result<(), String> {
        if wished == shown { Ok(()) } else { Err(format!("{shown:?}")) }
    }

    async fn settle(&self) {}
}

#[tokio::test]
async fn a_cloud_that_keeps_its_promises_passes() {
    assert_eq!(run(&Memory::new(Flaw::None)).await, Ok(()));
}

#[tokio::test]
async fn every_broken_promise_is_found() {
    let cases = [
        (Flaw::InventsMissing, "observe of a missing cluster must be None"),
        (Flaw::DeleteOfMissingFails, "delete of a missing cluster must be done"),
        (Flaw::CreatesTwice, "must be found again and not be made twice"),
        (Flaw::TakesOver, "a name that is taken must be AlreadyExists"),
        (Flaw::MakesBeforeItLooks, "must be told before anything is made"),
        (Flaw::NeverDone, "create must end"),
        (Flaw::ForgetsTheMark, "a created cluster must carry"),
        (Flaw::StaysUnfinished, "a created cluster must not be marked"),
        (Flaw::TakesOverFinished, "a finished cluster must be AlreadyExists"),
        (Flaw::PoolStaysUnfinished, "a created pool must not be marked"),
        (Flaw::TakesOverFinishedPools, "a finished pool must be AlreadyExists"),
        (Flaw::IgnoresChanges, "a changed cluster must be Active and be seen to have changed"),
        (Flaw::IgnoresPoolChanges, "a changed pool must be seen to have changed"),
        (Flaw::KeepsPools, "a deleted pool must be gone"),
        (Flaw::UpdatesMissing, "update of a missing cluster must be NotFound"),
        (Flaw::ExpiredToken, "credentials must not be expired"),
        (Flaw::NoDefault, "one of the versions must be the default"),
        (Flaw::KeepsDeleted, "a deleted cluster must be gone"),
        (Flaw::ForgetsNothing, "must have forgotten all that it removed"),
        (Flaw::ShowsAnotherCluster, "a cluster must be shown as it was wished"),
        (Flaw::ShowsAnotherPool, "a pool must be shown as it was wished"),
        (Flaw::ListsGhosts, "a place without clusters must list none"),
        (Flaw::ListsPoolsOfMissing, "the list of a missing cluster's pools must be NotFound"),
        (Flaw::ListsOneOnly, "the list of clusters must be"),
        (Flaw::ListsOnOnePage, "must take more than one page"),
        (Flaw::ListsOursOnly, "the list of clusters must be"),
        (Flaw::ListsForEver, "a list must end"),
        (Flaw::ListsAsUnmarked, "must not be told without"),
        (Flaw::ListsUnderAnotherName, "what is listed must be observed as"),
        (Flaw::ListsRemoved, "the list of clusters that are left must be"),
        (Flaw::ListsNoPools, "the list of pools must be"),
        (Flaw::HidesPlaces, "all places must answer"),
    ];
    for (flaw, expected) in cases {
        let broken = run(&Memory::new(flaw)).await.unwrap_err();
        assert!(broken.contains(expected), "{flaw:?}: {broken}");
    }
}
