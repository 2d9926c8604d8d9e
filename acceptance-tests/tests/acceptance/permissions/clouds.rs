//! The clouds' policies in `examples/permissions`, held against the operations that a stand-in got in a whole life. Whether a
//! cloud would allow them is not played: no stand-in judges policies.

use std::collections::BTreeSet;
use std::path::Path;

use acceptance_tests::clouds::{Cloud, Request};
use serde_json::Value;

use crate::cloud_world::World;

/// A right that no request of the stand-in shows.
struct Beside {
    action: &'static str,
    why: &'static str,
}

const fn beside(action: &'static str, why: &'static str) -> Beside {
    Beside { action, why }
}

const TAGS: &str = "the service asks for it when something is made with tags";
const HANDED: &str = "the service asks for it when a role or an identity is handed to it";
const NETWORK: &str = "the service asks for it when something becomes part of a network";
const LEFT: &str = "only where load balancers or nodes left something in the network";
const QUERY: &str = "only `terraform query` asks";
const LATER: &str = "only a change asks that this life does not make";
const FAILED: &str = "only what is late or fails is asked why";

const AWS: &[Beside] = &[
    beside("ec2:CreateTags", TAGS),
    beside("iam:TagRole", TAGS),
    beside("iam:PassRole", HANDED),
    beside(
        "iam:CreateServiceLinkedRole",
        "the service makes its own role in an account that never had a cluster",
    ),
    beside("ec2:DescribeNetworkInterfaces", LEFT),
    beside("ec2:DeleteNetworkInterface", LEFT),
    beside("ec2:DeleteSecurityGroup", LEFT),
    beside("ec2:DescribeAvailabilityZones", "only where the configuration names no zones"),
    beside("eks:ListClusters", QUERY),
    beside("eks:DescribeClusterVersions", "only the data source of versions, and a cluster without one, ask"),
    beside("eks:UpdateClusterConfig", LATER),
    beside("eks:DeleteAddon", LATER),
];

const GCP: &[Beside] = &[
    beside("compute.networks.updatePolicy", NETWORK),
    beside("compute.subnetworks.use", NETWORK),
    beside("iam.serviceAccounts.actAs", HANDED),
    beside("container.clusters.list", QUERY),
];

const AZURE: &[Beside] = &[
    beside("Microsoft.Network/virtualNetworks/subnets/join/action", NETWORK),
    beside("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", HANDED),
];

const ALIBABA: &[Beside] = &[
    beside("cs:ModifyCluster", LATER),
    beside("cs:DescribeClusterTasks", FAILED),
    beside("cs:DescribeTaskInfo", FAILED),
];

/// What a service asks for within another operation, and what other lives ask for.
fn besides(cloud: Cloud) -> &'static [Beside] {
    match cloud {
        Cloud::Aws => AWS,
        Cloud::Gcp => GCP,
        Cloud::Azure => AZURE,
        Cloud::Alibaba => ALIBABA,
    }
}

/// The file of a cloud.
fn file(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Aws => "aws-iam-policy.json",
        Cloud::Gcp => "gcp-role.json",
        Cloud::Azure => "azure-role.json",
        Cloud::Alibaba => "alibaba-ram-policy.json",
    }
}

/// The actions that a file grants, without those of its conditions.
fn granted(cloud: Cloud) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/permissions");
    let text = std::fs::read_to_string(folder.join(file(cloud))).expect("there is a file");
    let content: Value = serde_json::from_str(&text).expect("it is JSON");
    let lists = match cloud {
        Cloud::Aws | Cloud::Alibaba => {
            content["Statement"].as_array().expect("statements").iter().map(|one| &one["Action"]).collect()
        }
        Cloud::Azure => vec![&content["Actions"]],
        Cloud::Gcp => vec![&content["includedPermissions"]],
    };
    let actions = lists.into_iter().flat_map(|list| list.as_array().expect("a list"));
    actions.map(|action| action.as_str().expect("a text").to_owned()).collect()
}

/// The action that allows a request; nothing where everybody may ask.
fn action(cloud: Cloud, request: &Request) -> Option<String> {
    if request.operation.to_lowercase().contains("token") {
        return None;
    }
    match cloud {
        Cloud::Aws | Cloud::Alibaba => Some(format!("{}:{}", request.service, request.operation)),
        Cloud::Azure => Some(of_azure(&request.method, &request.path)),
        Cloud::Gcp => Some(of_gcp(&request.service, &request.operation)),
    }
}

/// Azure's actions are the types of the path, and what the method does.
fn of_azure(method: &str, path: &str) -> String {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let provider = segments.iter().rposition(|segment| *segment == "providers");
    let (service, types) = match provider {
        Some(at) => (segments[at + 1], &segments[at + 2..]),
        None => ("Microsoft.Resources", &segments[..]),
    };
    let types: Vec<&str> = types.iter().step_by(2).copied().collect();
    let verb = match method {
        "GET" => "read",
        "PUT" | "PATCH" => "write",
        "DELETE" => "delete",
        _ => "action",
    };
    format!("{service}/{}/{verb}", types.join("/"))
}

/// Google's permissions, by the reference of each method. Pools have none of their own.
fn of_gcp(service: &str, operation: &str) -> String {
    let (kind, method) = operation.rsplit_once('.').expect("kind and method");
    match (service, kind, method) {
        ("container", "clusters.nodePools", "get") => "container.clusters.get".to_owned(),
        ("container", "clusters.nodePools", _) | ("container", _, "setResourceLabels") => {
            "container.clusters.update".to_owned()
        }
        (_, _, "insert") => format!("{service}.{kind}.create"),
        _ => format!("{service}.{kind}.{method}"),
    }
}

/// Checks that a cloud's file grants what was asked in a life, and nothing else.
pub(crate) async fn are_exact(cloud: Cloud, world: &World) {
    let used: BTreeSet<String> =
        world.all_requests().await.iter().filter_map(|request| action(cloud, request)).collect();
    let granted = granted(cloud);
    let besides = besides(cloud);
    for Beside { action, why } in besides {
        assert!(granted.contains(*action) && !why.is_empty(), "{}: {action} is not there", file(cloud));
    }
    let excepted = |action: &&String| besides.iter().any(|one| one.action == **action);
    let missing: Vec<_> = used.difference(&granted).collect();
    let idle: Vec<_> = granted.difference(&used).filter(|action| !excepted(action)).collect();
    assert!(
        missing.is_empty() && idle.is_empty(),
        "{}: missing {missing:#?}, never used {idle:#?}",
        file(cloud)
    );
}
