//! What the provider does with the Kubernetes API, by area, and whether the credentials may do it. The needs are data;
//! asking is one review each, judging is pure.

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};

use super::facts::{Reading, Unread};
use super::report::Check;
use crate::kubernetes::Client;

/// Where a need holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// In all namespaces, or of kinds without one.
    Everywhere,
    /// In the operator's namespace.
    Operator,
    /// In the namespace of the databases.
    Databases,
}

/// Something that must be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Need {
    scope: Scope,
    /// Empty for the core group.
    group: &'static str,
    /// Plural, with the subresource after a slash.
    resource: &'static str,
    verbs: &'static [&'static str],
}

const fn need(
    scope: Scope,
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
) -> Need {
    Need { scope, group, resource, verbs }
}

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["get", "list", "create", "patch", "delete"];
const ALL: &[&str] = &["get", "list", "watch", "create", "patch", "delete"];

const APPS: &str = "apps.kubeblocks.io";
const PROTECTION: &str = "dataprotection.kubeblocks.io";
const EXTENSIONS: &str = "extensions.kubeblocks.io";
const WORKLOADS: &str = "workloads.kubeblocks.io";
const RBAC: &str = "rbac.authorization.k8s.io";

/// To install, upgrade and remove the operator.
const OPERATOR: &[Need] = &[
    need(Scope::Everywhere, "", "namespaces", &["get", "create", "patch"]),
    need(Scope::Everywhere, "apiextensions.k8s.io", "customresourcedefinitions", ALL),
    // The chart binds cluster-admin; who may not escalate must hold every right itself.
    need(
        Scope::Everywhere,
        RBAC,
        "clusterroles",
        &["get", "create", "patch", "update", "delete", "escalate", "bind"],
    ),
    need(Scope::Everywhere, RBAC, "clusterrolebindings", &["get", "create", "patch", "update", "delete"]),
    need(
        Scope::Everywhere,
        "storage.k8s.io",
        "storageclasses",
        &["get", "list", "create", "patch", "delete"],
    ),
    need(Scope::Operator, RBAC, "roles", WRITE),
    need(Scope::Operator, RBAC, "rolebindings", WRITE),
    need(Scope::Operator, "", "configmaps", WRITE),
    need(Scope::Operator, "", "secrets", &["get", "list", "create", "patch", "update", "delete"]),
    need(Scope::Operator, "", "serviceaccounts", WRITE),
    need(Scope::Operator, "", "services", WRITE),
    need(Scope::Operator, "", "pods", READ),
    need(Scope::Operator, "", "events", READ),
    need(Scope::Operator, "apps", "deployments", ALL),
    need(Scope::Operator, "batch", "jobs", ALL),
];

/// To switch add-ons on and off.
const ADDONS: &[Need] = &[
    need(Scope::Everywhere, EXTENSIONS, "addons", ALL),
    need(Scope::Everywhere, APPS, "clusterdefinitions", READ),
    need(Scope::Everywhere, APPS, "clusterversions", READ),
    need(Scope::Everywhere, APPS, "clusters", &["list"]),
    need(Scope::Operator, "batch", "jobs", READ),
    need(Scope::Operator, "", "pods", READ),
    need(Scope::Operator, "", "pods/log", &["get"]),
];

/// To run databases.
const DATABASES: &[Need] = &[
    need(Scope::Databases, APPS, "clusters", ALL),
    need(Scope::Databases, APPS, "configurations", &["get", "list", "watch", "patch"]),
    need(Scope::Databases, APPS, "opsrequests", ALL),
    need(Scope::Everywhere, APPS, "clusterdefinitions", &["get", "list"]),
    need(Scope::Everywhere, APPS, "clusterversions", &["get", "list"]),
    need(Scope::Databases, PROTECTION, "backups", ALL),
    need(Scope::Databases, PROTECTION, "backupschedules", READ),
    need(Scope::Databases, PROTECTION, "restores", READ),
    need(Scope::Databases, WORKLOADS, "replicatedstatemachines", READ),
    need(Scope::Databases, "", "pods", READ),
    need(Scope::Databases, "", "persistentvolumeclaims", READ),
    need(Scope::Databases, "", "services", READ),
    need(Scope::Databases, "", "events", READ),
    need(Scope::Databases, "", "secrets", &["get"]),
];

/// An answer to one need: the verbs that are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// `plural.group`, with the subresource.
    resource: String,
    /// The verbs.
    verbs: Vec<&'static str>,
}

/// What an area lacks; empty when nothing.
pub type Area = Reading<Vec<Lack>>;

/// What the credentials may do.
#[derive(Clone, Debug)]
pub struct Access {
    /// The operator.
    pub operator: Area,
    /// The add-ons.
    pub addons: Area,
    /// The databases.
    pub databases: Area,
    /// The namespace that databases were asked for; absent: all of them.
    pub database_namespace: Option<String>,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            operator: Ok(Vec::new()),
            addons: Ok(Vec::new()),
            databases: Ok(Vec::new()),
            database_namespace: None,
        }
    }
}

/// The namespaces that needs speak of.
#[derive(Clone, Copy, Debug)]
pub struct Namespaces<'a> {
    /// The operator's.
    pub operator: &'a str,
    /// That of the databases; absent: all.
    pub databases: Option<&'a str>,
}

impl Access {
    /// Asks the server, with one review for each verb of each need, or a single one where everything is allowed.
    pub async fn read(client: &Client, namespaces: Namespaces<'_>) -> Self {
        let database_namespace = namespaces.databases.map(str::to_owned);
        if matches!(is_allowed(client, None, "*", "*", "*").await, Ok(true)) {
            return Self { database_namespace, ..Self::default() };
        }
        let (operator, addons, databases) = futures::join!(
            area(client, namespaces, OPERATOR),
            area(client, namespaces, ADDONS),
            area(client, namespaces, DATABASES)
        );
        Self { operator, addons, databases, database_namespace }
    }
}

async fn area(client: &Client, namespaces: Namespaces<'_>, needs: &[Need]) -> Area {
    let answers =
        futures::future::try_join_all(needs.iter().map(|need| lack(client, namespaces, need))).await?;
    Ok(answers.into_iter().filter(|lack| !lack.verbs.is_empty()).collect())
}

async fn lack(client: &Client, namespaces: Namespaces<'_>, need: &Need) -> Reading<Lack> {
    let namespace = match need.scope {
        Scope::Everywhere => None,
        Scope::Operator => Some(namespaces.operator),
        Scope::Databases => namespaces.databases,
    };
    let mut verbs = Vec::new();
    for verb in need.verbs {
        if !is_allowed(client, namespace, need.group, need.resource, verb).await? {
            verbs.push(*verb);
        }
    }
    let dot = if need.group.is_empty() { "" } else { "." };
    Ok(Lack { resource: format!("{}{dot}{}", need.resource, need.group), verbs })
}

async fn is_allowed(
    client: &Client,
    namespace: Option<&str>,
    group: &str,
    resource: &str,
    verb: &str,
) -> Reading<bool> {
    let (resource, subresource) = match resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
        None => (resource, None),
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                namespace: namespace.map(str::to_owned),
                group: Some(group.to_owned()),
                resource: Some(resource.to_owned()),
                subresource,
                verb: Some(verb.to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let answer = client.review(&review).await.map_err(|error| Unread::of(&error))?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

/// The three checks. Who only runs databases needs no rights on an operator that somebody else installed.
pub fn judge(access: &Access, installed: bool) -> Vec<Check> {
    let all = "all namespaces".to_owned();
    let namespace =
        access.database_namespace.as_ref().map_or(all, |namespace| format!("the namespace {namespace}"));
    let others = "Not needed by who runs databases on an operator that somebody else looks after. Otherwise ask for \
                  them, or for the ClusterRole cluster-admin.";
    let operator = "Ask for the ClusterRole cluster-admin: the chart gives it to the installer of add-ons, and nobody \
                    may give more than they hold.";
    let databases = format!(
        "Ask for these rights in {namespace}. Where databases run in one namespace only, check that one with \
         `--database-namespace`."
    );
    vec![
        area_check("permissions-operator", "install and upgrade the operator", &access.operator, |found| {
            if installed {
                Check::warn("permissions-operator", found, others)
            } else {
                Check::fail("permissions-operator", found, operator)
            }
        }),
        area_check("permissions-addons", "switch add-ons on and off", &access.addons, |found| {
            Check::warn("permissions-addons", found, others)
        }),
        area_check(
            "permissions-databases",
            &format!("run databases in {namespace}"),
            &access.databases,
            |found| Check::fail("permissions-databases", found, databases.clone()),
        ),
    ]
}

fn area_check(name: &'static str, what: &str, area: &Area, lacking: impl Fn(String) -> Check) -> Check {
    match area {
        Err(unread) => unread.check(name),
        Ok(lacks) if lacks.is_empty() => Check::pass(name, format!("allowed to {what}")),
        Ok(lacks) => {
            let lines: Vec<String> =
                lacks.iter().map(|lack| format!("  {} ({})", lack.resource, lack.verbs.join(", "))).collect();
            lacking(format!("not allowed all that it takes to {what}; missing:\n{}", lines.join("\n")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::report::Outcome;
    use super::*;
    use crate::kubernetes::test_server::{TestServer, on};

    fn lacks() -> Vec<Lack> {
        vec![Lack { resource: "clusters.apps.kubeblocks.io".to_owned(), verbs: vec!["create", "patch"] }]
    }

    #[test]
    fn what_is_missing_is_listed_and_weighs_by_area() {
        let all = Access {
            operator: Ok(lacks()),
            addons: Ok(lacks()),
            databases: Ok(lacks()),
            ..Access::default()
        };
        let none = Access::default();
        let unread = || Err(Unread("interrupted".to_owned()));
        let failing =
            Access { operator: unread(), addons: unread(), databases: unread(), ..Access::default() };
        let table = [
            (&none, false, [Outcome::Pass, Outcome::Pass, Outcome::Pass]),
            (&all, false, [Outcome::Fail, Outcome::Warn, Outcome::Fail]),
            (&all, true, [Outcome::Warn, Outcome::Warn, Outcome::Fail]),
            (&failing, true, [Outcome::Warn, Outcome::Warn, Outcome::Warn]),
        ];
        for (access, installed, expected) in table {
            let results: Vec<Outcome> = judge(access, installed).iter().map(|check| check.result).collect();
            assert_eq!(results, expected, "{access:?} {installed}");
        }
        let text = &judge(&all, false)[2].found;
        assert!(text.contains("clusters.apps.kubeblocks.io (create, patch)"), "{text}");
    }

    fn answer(allowed: bool) -> Value {
        json!({ "kind": "SelfSubjectAccessReview", "spec": {}, "status": { "allowed": allowed } })
    }

    #[tokio::test]
    async fn who_may_do_everything_is_asked_once() {
        let server =
            TestServer::expecting([on("POST", &["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"])
                .answers(201, answer(true))]);
        let namespaces = Namespaces { operator: "kb-system", databases: Some("shop") };
        let access = Access::read(&server.client(), namespaces).await;
        assert_eq!((access.operator, access.databases), (Ok(Vec::new()), Ok(Vec::new())));
        assert_eq!(access.database_namespace.as_deref(), Some("shop"));
        let asked = &server.finish()[0].body["spec"]["resourceAttributes"];
        assert_eq!(*asked, json!({ "group": "*", "resource": "*", "verb": "*" }));
    }

    #[tokio::test]
    async fn a_need_is_asked_verb_by_verb_in_its_namespace() {
        let review = || on("POST", &["selfsubjectaccessreviews"]);
        let server = TestServer::expecting([
            review().answers(201, answer(false)),
            review().answers(201, answer(true)),
        ]);
        let namespaces = Namespaces { operator: "kb-system", databases: None };
        let log = need(Scope::Operator, "", "pods/log", &["get", "list"]);
        let found = lack(&server.client(), namespaces, &log).await;
        assert_eq!(found, Ok(Lack { resource: "pods/log".to_owned(), verbs: vec!["get"] }));
        let asked = &server.finish()[0].body["spec"]["resourceAttributes"];
        let expected = json!({ "namespace": "kb-system", "group": "", "resource": "pods", "subresource": "log", "verb": "get" });
        assert_eq!(*asked, expected);
    }
}
