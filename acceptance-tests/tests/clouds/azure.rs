//! AKS against the stand-in for Azure: the contract of all clouds, and what is Azure's own.

mod faults;
mod proofs;
mod subject;

use std::collections::BTreeMap;

use acceptance_tests::clouds::{Cloud, Fault, Request, StandIn};
use kubeblocks_cloud::azure::{
    Aks, ClusterSpec, Config, Mode, Network, NodePoolSpec, ResourceGroup, connect,
};
use kubeblocks_cloud::contract::{CLUSTER, POOL, Subject as _};
use kubeblocks_cloud::{ClusterId, Error, Made, ManagedKubernetes, Nodes, Phase, PoolId, Progress, Taint};
use serde_json::json;

/// A stand-in and a client of it.
struct Azure {
    standin: StandIn,
    cloud: Aks,
}

impl Azure {
    async fn start() -> Self {
        let standin = StandIn::start(Cloud::Azure, None).await.unwrap();
        let cloud = connect(&config(&standin)).await.unwrap();
        Self { standin, cloud }
    }

    /// Another process: it knows nothing of what the first one did.
    async fn another(&self) -> Aks {
        connect(&config(&self.standin)).await.unwrap()
    }

    async fn play(&self, operation: &str, times: u32, status: u16, body: serde_json::Value) {
        let fault = Fault { body, ..fault(operation, times, status) };
        self.standin.play(&[fault]).await.unwrap();
    }

    /// Calls until it is done.
    async fn drive(
        &self,
        made: &mut Made,
        call: impl AsyncFn(&mut Made) -> Result<Progress, Error>,
    ) -> Result<(), Error> {
        for _ in 0..30 {
            if call(made).await? == Progress::Done {
                return Ok(());
            }
            self.standin.settle().await.unwrap();
        }
        panic!("still waiting: {made:?}");
    }

    async fn make(&self, spec: &ClusterSpec) -> (ClusterId, Made) {
        self.make_on(spec, Made::default()).await
    }

    /// Goes on with what was begun.
    async fn make_on(&self, spec: &ClusterSpec, mut made: Made) -> (ClusterId, Made) {
        self.drive(&mut made, async |made| self.cloud.create(spec, made).await).await.unwrap();
        self.standin.settle().await.unwrap();
        (ClusterId(made.id(CLUSTER).unwrap().to_owned()), made)
    }

    /// Requests to the Resource Manager that the call costs.
    async fn requests<T>(&self, call: impl Future<Output = T>) -> (T, Vec<Request>) {
        let before = self.standin.journal().await.unwrap().len();
        let outcome = call.await;
        let journal = self.standin.journal().await.unwrap();
        let asked = journal.into_iter().skip(before).filter(|request| request.service != "entra");
        (outcome, asked.collect())
    }

    async fn count(&self, operation: &str) -> usize {
        let journal = self.standin.journal().await.unwrap();
        journal.iter().filter(|request| request.operation == operation).count()
    }
}

fn fault(operation: &str, times: u32, status: u16) -> Fault {
    Fault { operation: operation.to_owned(), times, kind: "response".to_owned(), status, ..Fault::default() }
}

fn refusal(code: &str, message: &str) -> serde_json::Value {
    json!({"error": {"code": code, "message": message}})
}

fn config(standin: &StandIn) -> Config {
    let variable = |name: &str| standin.environment().get(name).cloned();
    Config {
        subscription_id: variable("AZURE_SUBSCRIPTION_ID"),
        tenant_id: variable("AZURE_TENANT_ID"),
        client_id: variable("AZURE_CLIENT_ID"),
        client_secret: variable("AZURE_CLIENT_SECRET"),
        location: Some("westeurope".to_owned()),
        authority_host: variable("AZURE_AUTHORITY_HOST"),
        resource_manager_endpoint: variable("AZURE_RESOURCE_MANAGER_ENDPOINT"),
        ca_file: standin.ca_file().map(Into::into),
        ..Config::default()
    }
}

fn spec(name: &str) -> ClusterSpec {
    ClusterSpec {
        name: name.to_owned(),
        owner: format!("{name}-7f3a"),
        location: "westeurope".to_owned(),
        resource_group: ResourceGroup::Made { name: format!("kubeblocks-{name}") },
        network: Network::Made { cidr: "10.1.0.0/16".to_owned() },
        version: Some("1.33".to_owned()),
        sku_tier: Some("Standard".to_owned()),
        private_cluster: false,
        authorized_ip_ranges: vec!["203.0.113.0/24".to_owned()],
        disable_local_accounts: false,
        admin_group_object_ids: Vec::new(),
        system_pool: NodePoolSpec {
            mode: Mode::System,
            nodes: Nodes { size: Some(3), ..nodes() },
            ..pool(&ClusterId(String::new()), "system", &format!("{name}-7f3a"))
        },
        tags: [("team".to_owned(), "shop".to_owned())].into(),
    }
}

/// One that needs nothing around it.
fn plain(name: &str) -> ClusterSpec {
    ClusterSpec { network: Network::Managed, ..spec(name) }
}

fn nodes() -> Nodes {
    Nodes { machine_types: vec!["Standard_D2s_v5".to_owned()], size: Some(1), ..Nodes::default() }
}

fn pool(cluster: &ClusterId, name: &str, owner: &str) -> NodePoolSpec {
    NodePoolSpec {
        cluster: cluster.clone(),
        name: name.to_owned(),
        owner: owner.to_owned(),
        nodes: nodes(),
        mode: Mode::User,
        zones: vec!["1".to_owned(), "2".to_owned()],
        subnet_id: None,
        version: None,
        tags: BTreeMap::new(),
    }
}

#[tokio::test]
async fn what_was_made_is_seen_as_it_was_wished_and_costs_few_requests() {
    let azure = Azure::start().await;
    let mut made = Made::default();
    let wish = spec("orders");
    assert!(matches!(azure.cloud.create(&wish, &mut made).await, Ok(Progress::Waiting { .. })));
    azure.standin.settle().await.unwrap();
    assert!(matches!(azure.cloud.create(&wish, &mut made).await, Ok(Progress::Waiting { .. })));
    let (progress, asked) = azure.requests(azure.cloud.create(&wish, &mut made)).await;
    let expected = Progress::Waiting { what: "AKS cluster \"orders\" (Creating)".to_owned() };
    assert_eq!((progress.unwrap(), asked.len()), (expected, 1), "{asked:?}");
    let (id, made) = azure.make_on(&wish, made).await;

    let (observed, asked) = azure.requests(azure.cloud.observe(&id)).await;
    assert!(asked.len() <= 3, "{asked:?}");
    let observed = observed.unwrap().unwrap();
    assert_eq!((observed.version.as_str(), observed.platform_version.as_deref()), ("1.33", Some("1.33.7")));
    assert_eq!((&observed.tags, observed.is_unfinished), (&wish.tags, false));
    assert!(observed.oidc_issuer.is_some());
    assert_eq!(
        observed.network,
        [made.id("network").unwrap(), &format!("{}/subnets/nodes", made.id("network").unwrap())]
    );
    let system = observed.system_pool.unwrap();
    assert_eq!((system.name.as_str(), system.nodes.size, system.phase), ("system", Some(3), Phase::Active));
    let parts: Vec<&str> = made.objects().iter().map(|object| object.part.as_str()).collect();
    assert_eq!(parts, ["resource_group", "network", "identity", "role_assignment", "cluster"]);

    // The right to the subnet came before the cluster, which did not have to be asked for twice.
    let journal = azure.standin.journal().await.unwrap();
    let at = |operation: &str| journal.iter().position(|request| request.operation == operation).unwrap();
    assert!(at("RoleAssignments_Create") < at("ManagedClusters_CreateOrUpdate"));
    let odd_case = ClusterId(id.0.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions"));
    let odd = azure.cloud.observe(&odd_case).await.unwrap().unwrap();
    assert_eq!(odd.wish.resource_group, wish.resource_group);
}

#[tokio::test]
async fn what_was_there_before_is_told_as_what_is_there() {
    let azure = Azure::start().await;
    let (_, made) = azure.make(&spec("around")).await;
    let wish = ClusterSpec {
        resource_group: ResourceGroup::Existing { name: "kubeblocks-around".to_owned() },
        network: Network::Existing { subnet_id: format!("{}/subnets/nodes", made.id("network").unwrap()) },
        version: None,
        sku_tier: None,
        authorized_ip_ranges: Vec::new(),
        ..spec("orders")
    };
    let (id, _) = azure.make(&wish).await;
    let managed = ClusterSpec { resource_group: wish.resource_group.clone(), ..plain("invoices") };
    let (other, _) = azure.make(&managed).await;
    for (id, wish) in [(id, wish), (other, managed)] {
        let observed = azure.cloud.observe(&id).await.unwrap().unwrap();
        azure.compare(&wish, &observed.wish).unwrap();
        assert_eq!(observed.system_pool.unwrap().wish, observed.wish.system_pool);
        let (progress, asked) =
            azure.requests(azure.cloud.update(&observed.wish, &mut Made::default())).await;
        assert_eq!(progress.unwrap(), Progress::Done);
        assert!(asked.iter().all(|request| request.method == "GET"), "{asked:?}");
    }
}

#[tokio::test]
async fn an_upgrade_goes_one_minor_version_at_a_time_with_the_nodes_behind_the_control_plane() {
    let azure = Azure::start().await;
    let wish = plain("orders");
    let (id, mut made) = azure.make(&wish).await;
    let change = ClusterSpec { version: Some("1.35".to_owned()), ..wish.clone() };
    let mut seen = Vec::new();
    for _ in 0..30 {
        let progress = azure.cloud.update(&change, &mut made).await.unwrap();
        azure.standin.settle().await.unwrap();
        let observed = azure.cloud.observe(&id).await.unwrap().unwrap();
        let now = (observed.version, observed.system_pool.unwrap().version.unwrap());
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        if progress == Progress::Done {
            break;
        }
    }
    let pair = |control: &str, nodes: &str| (control.to_owned(), nodes.to_owned());
    assert_eq!(
        seen,
        [pair("1.34", "1.33"), pair("1.35", "1.33"), pair("1.35", "1.34"), pair("1.35", "1.35")]
    );
    match azure.cloud.update(&wish, &mut made).await {
        Err(Error::InvalidSpec { field, .. }) => assert_eq!(field.as_deref(), Some("version")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_pool_gets_what_it_is_wished_and_keeps_it_through_changes() {
    let azure = Azure::start().await;
    let (id, _) = azure.make(&plain("orders")).await;
    let mut wish = pool(&id, "data", "data-1c9e");
    wish.nodes.labels.insert("tier".to_owned(), "db".to_owned());
    wish.nodes.taints =
        vec![Taint { key: "only".to_owned(), value: "db".to_owned(), effect: "NoSchedule".to_owned() }];
    wish.nodes.spot = true;
    wish.nodes.disk_size_gib = Some(256);
    wish.tags.insert("cost".to_owned(), "42".to_owned());
    let mut made = Made::default();
    azure.drive(&mut made, async |made| azure.cloud.create_pool(&wish, made).await).await.unwrap();
    azure.standin.settle().await.unwrap();
    let pool_id = PoolId { cluster: id, pool: made.id(POOL).unwrap().to_owned() };
    let (observed, asked) = azure.requests(azure.cloud.observe_pool(&pool_id)).await;
    assert_eq!(asked.len(), 1);
    let observed = observed.unwrap().unwrap();
    assert_eq!((&observed.nodes.labels, &observed.nodes.taints), (&wish.nodes.labels, &wish.nodes.taints));
    assert_eq!(
        (observed.nodes.disk_size_gib, observed.nodes.size, &observed.tags),
        (Some(256), Some(1), &wish.tags)
    );
    // Nothing differs, so that nothing is changed.
    let puts = azure.count("AgentPools_CreateOrUpdate").await;
    assert_eq!(azure.cloud.update_pool(&wish, &mut made).await.unwrap(), Progress::Done);
    assert_eq!(azure.count("AgentPools_CreateOrUpdate").await, puts);

    wish.nodes.autoscaling = Some((2, 5));
    azure.drive(&mut made, async |made| azure.cloud.update_pool(&wish, made).await).await.unwrap();
    let observed = azure.cloud.observe_pool(&pool_id).await.unwrap().unwrap();
    assert_eq!((observed.nodes.autoscaling, observed.nodes.size), (Some((2, 5)), Some(2)));
    assert_eq!((&observed.nodes.taints, observed.owner.as_deref()), (&wish.nodes.taints, Some("data-1c9e")));
    let marked = pool(&pool_id.cluster, "system", "orders-7f3a");
    assert!(matches!(
        azure.cloud.create_pool(&marked, &mut Made::default()).await,
        Err(Error::AlreadyExists { .. })
    ));
}

#[tokio::test]
async fn an_existing_group_and_network_stay_and_what_was_made_in_them_goes() {
    let azure = Azure::start().await;
    // Somebody else's network, which happens to be made by the same means.
    let around = spec("around");
    let (_, made) = azure.make(&around).await;
    let subnet = format!("{}/subnets/nodes", made.id("network").unwrap());
    let wish = ClusterSpec {
        resource_group: ResourceGroup::Existing { name: "kubeblocks-around".to_owned() },
        network: Network::Existing { subnet_id: subnet },
        ..spec("orders")
    };
    let (id, _) = azure.make(&wish).await;
    let assigned = azure.count("RoleAssignments_Create").await;
    assert_eq!(assigned, 2);
    // By a process that knows nothing but the id and the mark.
    let cloud = azure.another().await;
    azure.drive(&mut Made::default(), async |made| cloud.delete(&id, &wish.owner, made).await).await.unwrap();
    assert_eq!(azure.count("RoleAssignments_Delete").await, 1);
    assert_eq!(azure.count("UserAssignedIdentities_Delete").await, 1);
    assert_eq!(azure.count("VirtualNetworks_Delete").await, 0);
    assert_eq!(azure.count("ResourceGroups_Delete").await, 0);
    assert!(azure.cloud.observe(&azure.cloud.cluster_id(&around)).await.unwrap().is_some());
}
