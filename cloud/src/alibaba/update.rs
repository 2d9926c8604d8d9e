//! Changes of clusters: the version, the edition, tags and the pool that they were made with, one at a time.

use serde_json::json;

use super::api::{Call, path};
use super::body::{Marks, pairs};
use super::cluster::{Begun, state, what_name};
use super::spec::ClusterSpec;
use super::view::{Cluster, Task, Version, minor, order, plain, system_pool};
use super::{Ack, waiting};
use crate::contract::CLUSTER;
use crate::{Error, Made, OWNER_TAG, Phase, Progress};

impl Ack {
    pub(super) async fn update_cluster(
        &self,
        spec: &ClusterSpec,
        made: &mut Made,
    ) -> Result<Progress, Error> {
        let what = what_name(&spec.name);
        let cluster = self.find_existing(spec, made, &what).await?;
        match cluster.phase() {
            Phase::Active => {}
            Phase::Failed(state) => return Err(self.failed(&cluster.id, &what, state).await?),
            Phase::Creating | Phase::Updating | Phase::Deleting => {
                return Ok(waiting(state(&what, &cluster)));
            }
        }
        if let Some(progress) = self.upgrade(spec, &cluster, &what).await? {
            return Ok(progress);
        }
        if cluster.edition != spec.cluster_spec {
            return self.resize(spec, &cluster, &what).await;
        }
        self.retag(spec, &cluster, &what).await?;
        let Some(pool) = system_pool(self.pools(&cluster.id).await?.nodepools) else {
            return Ok(waiting(format!("node pool of {what}")));
        };
        // What is nobody's stays unmarked.
        let is_system = !spec.owner.is_empty() || Marks::of(&pool).is_system;
        let marks = Marks { is_unfinished: false, is_system };
        self.bring(&cluster.id, &spec.system_node_pool, &spec.owner, &pool, marks).await
    }

    /// The cluster by its noted id, else by its name, if it can be no other.
    async fn find_existing(&self, spec: &ClusterSpec, made: &Made, what: &str) -> Result<Cluster, Error> {
        if let Some(id) = made.id(CLUSTER) {
            return self.get_cluster(id).await;
        }
        let mut found = self.named(&spec.name).await?;
        found.retain(|cluster| cluster.tag(OWNER_TAG).is_none_or(|owner| owner == spec.owner));
        match (found.pop(), found.is_empty()) {
            (Some(cluster), true) => Ok(cluster),
            (Some(_), false) => Err(Error::InvalidSpec {
                field: Some("name".to_owned()),
                message: format!("there are several of {what}; give its id"),
            }),
            (None, _) => Err(Error::NotFound { what: what.to_owned() }),
        }
    }

    /// Upgrades to the next version, control plane and nodes, or says how far that is.
    async fn upgrade(
        &self,
        spec: &ClusterSpec,
        cluster: &Cluster,
        what: &str,
    ) -> Result<Option<Progress>, Error> {
        let id = &cluster.id;
        let Some(wanted) = spec.version.as_deref().filter(|version| minor(version) != cluster.minor()) else {
            self.upgrades().remove(id);
            return Ok(None);
        };
        if order(wanted) < order(&cluster.minor()) {
            return Err(Error::InvalidSpec {
                field: Some("version".to_owned()),
                message: format!("{what} has {}, and cannot go back to {wanted}", cluster.minor()),
            });
        }
        let task = self.upgrades().get(id).cloned();
        if let Some(task) = task {
            return self.follow(id, &task, what).await.map(Some);
        }
        let target = self.newest(Some(wanted), false).await?.name;
        let call = Call::cs("UpgradeCluster", "POST", path(&["api", "v2", "clusters", id, "upgrade"]), what)
            .body(json!({"next_version": target, "master_only": false}))
            // While it runs, ACK refuses another one.
            .always();
        match self.api.ask::<Begun>(call).await {
            Ok(begun) => {
                self.upgrades().insert(id.clone(), begun.task);
                Ok(Some(waiting(format!("{what} (upgrading to {target})"))))
            }
            Err(Error::Conflict { message, .. }) => Ok(Some(waiting(format!("{what} ({message})")))),
            Err(error) => Err(error),
        }
    }

    /// What became of an upgrade after which the version is still the old one.
    async fn follow(&self, id: &str, task: &str, what: &str) -> Result<Progress, Error> {
        let call = Call::cs("DescribeTaskInfo", "GET", path(&["tasks", task]), what);
        let found: Task = match self.api.ask(call).await {
            Err(Error::NotFound { .. }) => Task::default(),
            other => other?,
        };
        if found.is_failed() {
            self.upgrades().remove(id);
            return Err(Error::Failed { what: format!("upgrade of {what}"), message: found.reason() });
        }
        if found.state != "running" {
            // It is over; the next call looks anew.
            self.upgrades().remove(id);
        }
        Ok(waiting(format!("{what} (upgrading)")))
    }

    /// Another edition of the control plane.
    async fn resize(&self, spec: &ClusterSpec, cluster: &Cluster, what: &str) -> Result<Progress, Error> {
        let path = path(&["api", "v2", "clusters", &cluster.id]);
        let call =
            Call::cs("ModifyCluster", "PUT", path, what).body(json!({"cluster_spec": spec.cluster_spec}));
        match self.api.call(call).await {
            Ok(_) => Ok(waiting(format!("{what} (updating)"))),
            Err(Error::Conflict { message, .. }) => Ok(waiting(format!("{what} ({message})"))),
            Err(error) => Err(error),
        }
    }

    /// Brings tags into force, which takes no time.
    async fn retag(&self, spec: &ClusterSpec, cluster: &Cluster, what: &str) -> Result<(), Error> {
        let known = plain(&cluster.tags);
        let mut missing = spec.tags.clone();
        missing.retain(|key, value| known.get(key) != Some(value));
        if !spec.owner.is_empty() && cluster.tag(OWNER_TAG) != Some(&spec.owner) {
            missing.insert(OWNER_TAG.to_owned(), spec.owner.clone());
        }
        if !missing.is_empty() {
            let body = json!({
                "region_id": self.api.region(),
                "resource_type": "CLUSTER",
                "resource_ids": [cluster.id],
                "tags": pairs(&missing),
            });
            self.api.call(Call::cs("TagResources", "PUT", path(&["tags"]), what).body(body)).await?;
        }
        let surplus: Vec<&str> =
            known.keys().filter(|key| !spec.tags.contains_key(*key)).map(String::as_str).collect();
        if !surplus.is_empty() {
            self.untag(&cluster.id, &surplus).await?;
        }
        Ok(())
    }

    /// Versions that clusters can have, or can be made with, in the cloud's order.
    pub(super) async fn offered(&self, creatable: bool) -> Result<Vec<Version>, Error> {
        let path = path(&["api", "v1", "metadata", "versions"]);
        let call = Call::cs("DescribeKubernetesVersionMetadata", "GET", path, "versions of Kubernetes")
            .with("Region", self.api.region())
            .with("ClusterType", "ManagedKubernetes")
            .with("Profile", "Default")
            .with("Mode", if creatable { "creatable" } else { "supported" });
        self.api.ask(call).await
    }

    /// The newest version of a minor one, or of all.
    pub(super) async fn newest(&self, wanted: Option<&str>, creatable: bool) -> Result<Version, Error> {
        let offered = self.offered(creatable).await?;
        let all: Vec<String> = offered.iter().map(|version| minor(&version.name)).collect();
        let fits = |version: &Version| wanted.is_none_or(|wanted| minor(&version.name) == minor(wanted));
        let found = offered.into_iter().filter(fits).max_by_key(|version| order(&version.name));
        found.ok_or_else(|| Error::InvalidSpec {
            field: Some("version".to_owned()),
            message: format!("ACK does not offer {}; it offers {}", wanted.unwrap_or("any"), all.join(", ")),
        })
    }
}
