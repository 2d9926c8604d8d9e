//! A service account with the rights of one file of `examples/permissions`, and the comparison of what it may do with what
//! the API server's record says that it did.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use acceptance_tests::audit::{ACCOUNTS, Audit, Audited};
use acceptance_tests::control_plane::ControlPlane;
use acceptance_tests::kubeconfig::{Kubeconfig, Login};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, RoleBinding};
use kube::api::{Api, ObjectMeta, PostParams};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use crate::platform::CERTAIN;

/// The namespace of databases in the files.
const PLACE: &str = "databases";

/// What is appended to the names of an account that only reads, and of its roles.
const READER: &str = "reader";

/// Verb, group and resource.
type Right = (String, String, String);

/// A right of the files that a life need not use, or a request that need not be allowed.
pub(crate) struct Exception {
    /// As `list pods` or `get clusters.apps.kubeblocks.io`.
    pub(crate) right: &'static str,
    pub(crate) why: &'static str,
}

/// Someone who may do what a file says, in one namespace.
pub(crate) struct Account<'a> {
    name: String,
    audit: &'a Audit,
    granted: BTreeMap<String, BTreeSet<Right>>,
    folder: tempfile::TempDir,
}

impl<'a> Account<'a> {
    /// Makes the account, and binds the roles of `examples/permissions/<feature>.yaml` to it. Beside it another one gets what of
    /// the same roles only reads.
    pub(crate) async fn with(
        feature: &str,
        namespace: &str,
        (plane, audit): (&ControlPlane, &'a Audit),
    ) -> Self {
        let client = plane.client().await.expect("the control plane answers");
        for name in [ACCOUNTS, "kb-system", namespace] {
            create(Api::all(client.clone()), &Namespace { metadata: named(name), ..Namespace::default() })
                .await;
        }
        let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), ACCOUNTS);
        let folder = tempfile::tempdir().expect("a folder");
        let mut granted = BTreeMap::new();
        for (name, reads_only) in [(feature.to_owned(), false), (format!("{feature}-{READER}"), true)] {
            let account = ServiceAccount { metadata: named(&name), ..ServiceAccount::default() };
            create(accounts.clone(), &account).await;
            let roles = bind(&client, feature, &name, namespace, reads_only).await;
            if !reads_only {
                granted = roles;
            }
            let content = Kubeconfig {
                server: plane.endpoint().to_owned(),
                ca_certificate: Some(plane.ca_certificate().to_owned()),
                login: Login::Token(token(&accounts, &name).await),
                context: name.clone(),
            };
            content.write(&folder.path().join(name)).expect("it can be written");
        }
        Self { name: feature.to_owned(), audit, granted, folder }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// Of the account that may only read.
    pub(crate) fn reader(&self) -> PathBuf {
        self.folder.path().join(format!("{}-{READER}", self.name))
    }

    /// Waits until a right was used, as `list pods` or `get clusters.apps.kubeblocks.io`.
    pub(crate) async fn uses(&self, wanted: &str) {
        let deadline = Instant::now() + CERTAIN;
        loop {
            let requests = self.audit.requests_of(&self.name).await.expect("there is a record");
            if requests.iter().flat_map(rights_of).any(|right| shown(&right) == wanted) {
                return;
            }
            assert!(Instant::now() < deadline, "`{wanted}` is never used:\n{}", table(&requests));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Checks that every right was used and that nothing was forbidden, but for what is excepted.
    pub(crate) async fn used_exactly(&self, unused: &[Exception], forbidden: &[Exception]) {
        let requests = self.audit.requests_of(&self.name).await.expect("there is a record");
        assert!(!requests.is_empty(), "{} has asked nothing", self.name);
        let mut problems = Vec::new();
        let denied: BTreeSet<Right> = requests.iter().filter(|one| one.role.is_none()).map(right).collect();
        compare(&mut problems, "was forbidden", &denied, forbidden);
        let mut idle = BTreeSet::new();
        for (role, granted) in &self.granted {
            let by_it = requests.iter().filter(|one| one.role.as_ref() == Some(role));
            let used: BTreeSet<Right> = by_it.flat_map(rights_of).collect();
            idle.extend(granted.difference(&used).cloned());
        }
        compare(&mut problems, "was never used", &idle, unused);
        assert!(problems.is_empty(), "{problems:#?}\nwhat was asked:\n{}", table(&requests));
    }
}

/// Notes what was found and is not excepted. An exception need not happen, as it depends on the speed of the machine.
fn compare(problems: &mut Vec<String>, what: &str, found: &BTreeSet<Right>, excepted: &[Exception]) {
    for exception in excepted {
        assert!(!exception.why.is_empty(), "{} has no reason", exception.right);
    }
    let known = |right: &&Right| !excepted.iter().any(|one| one.right == shown(right));
    problems.extend(found.iter().filter(known).map(|right| format!("`{}` {what}", shown(right))));
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() }
}

/// Creates an object that may be there.
async fn create<K>(objects: Api<K>, object: &K)
where
    K: kube::Resource + Clone + std::fmt::Debug + DeserializeOwned + serde::Serialize,
{
    match objects.create(&PostParams::default(), object).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        Err(error) => panic!("{error}"),
    }
}

async fn token(accounts: &Api<ServiceAccount>, account: &str) -> String {
    let request = TokenRequest {
        metadata: ObjectMeta::default(),
        spec: Some(TokenRequestSpec { expiration_seconds: Some(7200), ..TokenRequestSpec::default() }),
        status: None,
    };
    let made = accounts.create_token_request(account, &PostParams::default(), &request).await;
    made.expect("the account exists").status.and_then(|status| status.token).expect("a token")
}

/// The documents of a file of `examples/permissions`.
fn documents(feature: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/permissions");
    let text = std::fs::read_to_string(folder.join(format!("{feature}.yaml"))).expect("the file exists");
    serde_saphyr::from_multiple(&text).expect("it is YAML")
}

fn read<K: DeserializeOwned>(document: Value) -> K {
    serde_json::from_value(document).expect("the kind has this form")
}

/// Makes the roles and bindings of a file for an account, or what of them only reads, and returns the rights of each role.
async fn bind(
    client: &kube::Client,
    feature: &str,
    account: &str,
    namespace: &str,
    reads_only: bool,
) -> BTreeMap<String, BTreeSet<Right>> {
    let mut granted = BTreeMap::new();
    for mut document in documents(feature) {
        if reads_only {
            let name = format!("{}-{READER}", document["metadata"]["name"].as_str().expect("a name"));
            document["metadata"]["name"] = name.clone().into();
            if document["roleRef"].is_object() {
                document["roleRef"]["name"] = name.into();
            }
        }
        if document["kind"] == "ClusterRole" {
            let mut role: ClusterRole = read(document);
            if reads_only {
                role.rules.as_mut().expect("rules").retain_mut(only_reads);
            }
            granted.insert(role.metadata.name.clone().expect("a name"), rights(&role));
            create(Api::all(client.clone()), &role).await;
            continue;
        }
        document["subjects"] =
            serde_json::json!([{"kind": "ServiceAccount", "name": account, "namespace": ACCOUNTS}]);
        if document["kind"] == "ClusterRoleBinding" {
            create(Api::all(client.clone()), &read::<ClusterRoleBinding>(document)).await;
            continue;
        }
        assert_eq!(document["kind"], "RoleBinding", "{feature}.yaml");
        if document["metadata"]["namespace"] == PLACE {
            document["metadata"]["namespace"] = namespace.into();
        }
        let binding: RoleBinding = read(document);
        let place = binding.metadata.namespace.clone().expect("a namespace");
        create(Api::namespaced(client.clone(), &place), &binding).await;
    }
    granted
}

/// Takes what writes out of a rule, and says whether something is left.
fn only_reads(rule: &mut PolicyRule) -> bool {
    rule.verbs.retain(|verb| ["get", "list", "watch"].contains(&verb.as_str()));
    !rule.verbs.is_empty()
}

fn rights(role: &ClusterRole) -> BTreeSet<Right> {
    let mut all = BTreeSet::new();
    for rule in role.rules.as_deref().expect("rules") {
        for group in rule.api_groups.as_deref().unwrap_or_default() {
            for resource in rule.resources.as_deref().unwrap_or_default() {
                for verb in &rule.verbs {
                    all.insert((verb.clone(), group.clone(), resource.clone()));
                }
            }
        }
    }
    all
}

fn right(request: &Audited) -> Right {
    (request.verb.clone(), request.group.clone(), request.resource.clone())
}

/// A server-side apply that makes its object takes the right to create it as well, which the record does not tell apart.
fn rights_of(request: &Audited) -> Vec<Right> {
    let mut all = vec![right(request)];
    if request.verb == "patch" && request.code == 201 {
        all.push(("create".to_owned(), request.group.clone(), request.resource.clone()));
    }
    all
}

fn shown((verb, group, resource): &Right) -> String {
    let (plural, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let dot = if group.is_empty() { "" } else { "." };
    let slash = if subresource.is_empty() { "" } else { "/" };
    format!("{verb} {plural}{dot}{group}{slash}{subresource}")
}

/// What was asked, by place and kind, as rules would have it.
fn table(requests: &[Audited]) -> String {
    let mut rules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in requests {
        let denied = if request.role.is_none() { " FORBIDDEN" } else { "" };
        let by = request.role.as_deref().filter(|role| role.starts_with("system:")).unwrap_or_default();
        let key =
            format!("{:20} {:32} {:32}{denied} {by}", request.namespace, request.group, request.resource);
        rules.entry(key).or_default().extend(rights_of(request).into_iter().map(|(verb, ..)| verb));
    }
    let lines = rules.into_iter().map(|(key, verbs)| format!("{key} {verbs:?}"));
    lines.collect::<Vec<_>>().join("\n")
}
