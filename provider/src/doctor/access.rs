//! What the provider does with the Kubernetes API, by area, and whether the credentials may do it. The needs are the roles
//! of `examples/permissions`; asking is one review each, judging is pure.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use serde_json::Value;

use super::facts::{Reading, Unread};
use super::report::Check;
use crate::kubernetes::Client;

/// The roles that are enough for an area, which a test holds against what the provider asks of the API server.
const OPERATOR: &[&str] = &[include_str!("../../../examples/permissions/operator.yaml")];
const ADDONS: &[&str] = &[include_str!("../../../examples/permissions/addons.yaml")];
const DATABASES: &[&str] = &[
    include_str!("../../../examples/permissions/databases.yaml"),
    include_str!("../../../examples/permissions/operations.yaml"),
    include_str!("../../../examples/permissions/backups.yaml"),
];

/// Where a need holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// In all namespaces, or of kinds without one.
    Everywhere,
    /// In the operator's namespace.
    Operator,
    /// In the namespace of the databases.
    Databases,
}

/// Something that must be allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Need {
    scope: Scope,
    /// Empty for the core group.
    group: String,
    /// Plural, with the subresource after a slash.
    resource: String,
}

/// Needs and their verbs.
type Needs = BTreeMap<Need, BTreeSet<String>>;

/// What files with roles and their bindings grant.
fn needs(files: &[&str]) -> Needs {
    let mut all = Needs::new();
    for text in files {
        // The files are part of the program, and a test reads them all.
        let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap_or_default();
        for role in documents.iter().filter(|document| document["kind"] == "ClusterRole") {
            let Some(scope) = scope_of(&role["metadata"]["name"], &documents) else { continue };
            for rule in role["rules"].as_array().into_iter().flatten() {
                let texts = |field: &str| {
                    let list = rule[field].as_array().into_iter().flatten();
                    list.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
                };
                for (group, resource) in texts("apiGroups")
                    .iter()
                    .flat_map(|group| texts("resources").into_iter().map(move |one| (group.clone(), one)))
                {
                    all.entry(Need { scope, group, resource }).or_default().extend(texts("verbs"));
                }
            }
        }
    }
    all
}

/// Where a role is bound.
fn scope_of(role: &Value, documents: &[Value]) -> Option<Scope> {
    let binding = documents.iter().find(|document| document["roleRef"]["name"] == *role)?;
    match (binding["kind"].as_str()?, binding["metadata"]["namespace"].as_str()) {
        ("ClusterRoleBinding", _) => Some(Scope::Everywhere),
        (_, Some("databases")) => Some(Scope::Databases),
        (_, Some("kb-system")) => Some(Scope::Operator),
        _ => None,
    }
}

/// An answer to one need: the verbs that are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// `plural.group`, with the subresource.
    resource: String,
    /// The verbs.
    verbs: Vec<String>,
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

async fn area(client: &Client, namespaces: Namespaces<'_>, files: &[&str]) -> Area {
    let needs = needs(files);
    let asked = needs.iter().map(|(need, verbs)| lack(client, namespaces, need, verbs));
    let answers = futures::future::try_join_all(asked).await?;
    Ok(answers.into_iter().filter(|lack| !lack.verbs.is_empty()).collect())
}

async fn lack(
    client: &Client,
    namespaces: Namespaces<'_>,
    need: &Need,
    needed: &BTreeSet<String>,
) -> Reading<Lack> {
    let namespace = match need.scope {
        Scope::Everywhere => None,
        Scope::Operator => Some(namespaces.operator),
        Scope::Databases => namespaces.databases,
    };
    let mut verbs = Vec::new();
    for verb in needed {
        if !is_allowed(client, namespace, &need.group, &need.resource, verb).await? {
            verbs.push(verb.clone());
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
                  them; the guide \"Permissions\" has the roles.";
    let operator = "Ask for these rights, or for the ClusterRole cluster-admin. They are as strong as that one, which the \
                    chart gives to the installer of add-ons; the guide \"Permissions\" has the role.";
    let databases = format!(
        "Ask for these rights in {namespace}; the guide \"Permissions\" has the roles. Where databases run in one namespace only, check that one with \
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
        vec![Lack {
            resource: "clusters.apps.kubeblocks.io".to_owned(),
            verbs: vec!["create".to_owned(), "patch".to_owned()],
        }]
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

    #[test]
    fn the_roles_of_the_examples_are_read_whole() {
        let of = |files, scope, group: &str, resource: &str| {
            let need = Need { scope, group: group.to_owned(), resource: resource.to_owned() };
            let verbs = needs(files).remove(&need).unwrap_or_default();
            verbs.into_iter().collect::<Vec<_>>().join(" ")
        };
        let apps = "apps.kubeblocks.io";
        assert_eq!(of(DATABASES, Scope::Databases, apps, "clusters"), "create delete get list patch watch");
        assert_eq!(
            of(DATABASES, Scope::Databases, apps, "opsrequests"),
            "create delete get list patch watch"
        );
        assert_eq!(of(DATABASES, Scope::Everywhere, apps, "clusterversions"), "get");
        assert_eq!(of(ADDONS, Scope::Operator, "batch", "jobs"), "list watch");
        assert_eq!(of(OPERATOR, Scope::Everywhere, "", "secrets"), "");
        let rules =
            |files: &[&str]| files.iter().map(|text| text.matches("- apiGroups:").count()).sum::<usize>();
        for files in [OPERATOR, ADDONS, DATABASES] {
            assert!(needs(files).len() * 3 > rules(files), "every document is read");
        }
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
        let log = Need { scope: Scope::Operator, group: String::new(), resource: "pods/log".to_owned() };
        let verbs = BTreeSet::from(["get".to_owned(), "list".to_owned()]);
        let found = lack(&server.client(), namespaces, &log, &verbs).await;
        assert_eq!(found, Ok(Lack { resource: "pods/log".to_owned(), verbs: vec!["get".to_owned()] }));
        let asked = &server.finish()[0].body["spec"]["resourceAttributes"];
        let expected = json!({ "namespace": "kb-system", "group": "", "resource": "pods", "subresource": "log", "verb": "get" });
        assert_eq!(*asked, expected);
    }
}
