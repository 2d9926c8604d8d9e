//! An EKS cluster and what happens to it outside of Terraform, or while it runs: a token that ends, a hand that resizes
//! or removes.

use std::time::Duration;

use acceptance_tests::clouds::{Cloud, StandIn};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::runtime::wait::await_condition;
use kubeblocks_cloud::aws::{Config, Eks, Endpoints, StaticCredentials};
use kubeblocks_cloud::{ClusterId, Error, Made, ManagedKubernetes as _, PoolId, Progress};

use crate::cloud_world::World;
use crate::eks::{cluster, node_group};
use crate::terraform::{Cli, ended};

#[tokio::test]
async fn a_token_that_ends_within_an_apply_is_renewed() {
    let world = World::start(Cloud::Aws, 1).await;
    let workspace = world.workspace(Cli::Terraform);
    workspace.write("main.tf", cluster(""));
    workspace.apply().await.succeeded();
    let installing = r#"
variable "chart_repository" { type = string }

resource "kubeblocks_operator" "this" {
  kubernetes     = kubeblocks_eks_cluster.this.kubernetes
  chart          = { repository = var.chart_repository }
  image_registry = "docker.io"
  delete_crds    = true
}

resource "kubeblocks_addon" "redis" {
  kubernetes = kubeblocks_operator.this.kubernetes
  name       = "redis"
}
"#;
    workspace.write("main.tf", cluster("") + installing);

    let running = workspace.spawn(["apply", "-auto-approve", "-no-color", "-input=false"]);
    // helm is through, the provider waits for the operator, and the add-on is still to come: all with a token that was good
    // a moment ago. (helm itself asks for a token every half a minute.)
    let client = world.managed().control_planes()[0].client().await.expect("the control plane answers");
    let releases: Api<Secret> = Api::namespaced(client, "kb-system");
    let is_deployed = |secret: Option<&Secret>| {
        let labels = secret.and_then(|secret| secret.metadata.labels.as_ref());
        labels.and_then(|labels| labels.get("status")).is_some_and(|status| status == "deployed")
    };
    let deployed = await_condition(releases, "sh.helm.release.v1.kubeblocks.v1", is_deployed);
    let deployed = tokio::time::timeout(Duration::from_mins(3), deployed).await;
    deployed.expect("it is installed").expect("it can be watched");
    world.managed().stand_in().advance(Duration::from_mins(16)).await.expect("the stand-in answers");
    ended(running).await.succeeded();
    workspace.plan_is_empty().await;
    world.is_destroyed_without_a_trace(&workspace).await;
}

/// Somebody else with the same account.
async fn somebody(stand_in: &StandIn) -> Eks {
    let environment = stand_in.environment();
    let endpoint = || Some(environment["AWS_ENDPOINT_URL"].clone());
    let config = Config {
        region: Some(environment["AWS_REGION"].clone()),
        static_credentials: Some(StaticCredentials {
            access_key_id: environment["AWS_ACCESS_KEY_ID"].clone(),
            secret_access_key: environment["AWS_SECRET_ACCESS_KEY"].clone(),
            session_token: None,
        }),
        endpoints: Endpoints { eks: endpoint(), ec2: endpoint(), iam: endpoint(), sts: endpoint() },
        ..Config::default()
    };
    Eks::connect(&config).await.expect("the stand-in answers")
}

/// Calls until it is done.
async fn to_the_end(mut call: impl AsyncFnMut() -> Result<Progress, Error>) {
    let done = async {
        while call().await.expect("the cloud does it") != Progress::Done {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(3), done).await.expect("it ends");
}

#[tokio::test]
async fn what_somebody_else_changes_is_shown_and_brought_back() {
    let world = World::start(Cloud::Aws, 1).await;
    let workspace = world.workspace(Cli::Terraform);
    let both = cluster("") + &node_group("  size = 2");
    workspace.write("main.tf", &both);
    workspace.apply().await.succeeded();
    let eks = somebody(world.managed().stand_in()).await;
    let id = ClusterId("shop".to_owned());
    let databases = PoolId { cluster: id.clone(), pool: "databases".to_owned() };
    let address = |resource: &str| format!("kubeblocks_eks_{resource}");
    let action = |action: &str| vec![action.to_owned()];

    // A hand resizes the group, and opens and logs the control plane otherwise.
    let mut group = eks.observe_pool(&databases).await.expect("it is told").expect("it is there").wish;
    group.nodes.size = Some(4);
    to_the_end(async || eks.update_pool(&group, &mut Made::default()).await).await;
    let mut wish = eks.observe(&id).await.expect("it is told").expect("it is there").wish;
    wish.public_access_cidrs = vec!["203.0.113.0/24".to_owned()];
    wish.log_types = vec!["audit".to_owned()];
    to_the_end(async || eks.update(&wish, &mut Made::default()).await).await;
    let planned = workspace.planned_actions().await;
    let expected =
        [(address("cluster.this"), action("update")), (address("node_group.databases"), action("update"))];
    assert_eq!(planned, expected);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let group = eks.observe_pool(&databases).await.expect("it is told").expect("it is there");
    assert_eq!(group.nodes.size, Some(2));
    let seen = eks.observe(&id).await.expect("it is told").expect("it is there");
    assert!(seen.wish.public_access_cidrs.is_empty() && seen.wish.log_types.is_empty(), "{:?}", seen.wish);

    // Removes the group.
    to_the_end(async || eks.delete_pool(&databases, &mut Made::default()).await).await;
    let planned = workspace.planned_actions().await;
    assert_eq!(planned, [(address("node_group.databases"), action("create"))]);

    // Removes the cluster, and leaves the network that was made for it.
    to_the_end(async || eks.delete(&id, "somebody-else", &mut Made::default()).await).await;
    let plan = workspace.plan().await;
    plan.says(&["Kubernetes cluster is not there any more", "what ran on it is lost"]);
    let planned = workspace.planned_actions().await;
    let expected =
        [(address("cluster.this"), action("update")), (address("node_group.databases"), action("create"))];
    assert_eq!(planned, expected);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(world.count("CreateVpc").await, 1);
    world.is_destroyed_without_a_trace(&workspace).await;
}
