//! What the API server's own record says that the accounts of tests have asked, and which role allowed it.
//!
//! Only requests of service accounts in the namespace [`ACCOUNTS`] are recorded, so it costs other tests nothing.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

/// The namespace of the service accounts whose requests are recorded.
pub const ACCOUNTS: &str = "terraform";

/// The record of one control plane, which is started with [`flags`](Self::flags). It is removed when this is dropped.
#[derive(Debug)]
pub struct Audit {
    folder: TempDir,
}

/// A request as it was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`.
    pub verb: String,
    /// Group of the kind; empty for the core group.
    pub group: String,
    /// Plural of the kind, with the subresource after a slash; empty for what is no object.
    pub resource: String,
    /// Empty for kinds without namespaces, and for all namespaces.
    pub namespace: String,
    /// Path and query.
    pub uri: String,
    /// HTTP status of the answer.
    pub code: u16,
    /// The role that allowed it; absent when it was forbidden.
    pub role: Option<String>,
}

/// One line of the record, as far as it matters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "auditID")]
    audit_id: String,
    stage: String,
    verb: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    user: User,
    #[serde(default)]
    object_ref: Object,
    #[serde(default)]
    response_status: Status,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct User {
    username: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object {
    resource: String,
    subresource: String,
    api_group: String,
    namespace: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    code: u16,
}

impl Audit {
    /// Writes the policy of the record.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("kb-audit-").tempdir()?;
        let group = format!("system:serviceaccounts:{ACCOUNTS}");
        let policy = json!({
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "rules": [{"level": "Metadata", "userGroups": [group]}, {"level": "None"}],
        });
        std::fs::write(folder.path().join("policy.json"), policy.to_string())?;
        Ok(Self { folder })
    }

    /// Flags of the API server that keeps the record.
    pub fn flags(&self) -> Vec<String> {
        let policy = self.folder.path().join("policy.json");
        vec![
            format!("--audit-policy-file={}", policy.display()),
            format!("--audit-log-path={}", self.log().display()),
        ]
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("audit.log")
    }

    /// All requests of an account of [`ACCOUNTS`] so far, once each of them is decided.
    ///
    /// # Errors
    ///
    /// When the record cannot be read, or a request is not decided in a minute.
    pub async fn requests_of(&self, account: &str) -> io::Result<Vec<Audited>> {
        let user = format!("system:serviceaccount:{ACCOUNTS}:{account}");
        let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
        loop {
            let (requests, undecided) = decided(&read(&self.log())?, &user)?;
            if undecided == 0 {
                return Ok(requests);
            }
            if tokio::time::Instant::now() > deadline {
                return Err(io::Error::other(format!("{undecided} requests of {user} are not decided")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The record; empty before the first request.
fn read(log: &Path) -> io::Result<String> {
    match std::fs::read_to_string(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other,
    }
}

/// The decided requests of a user, and how many others have only come in.
fn decided(record: &str, user: &str) -> io::Result<(Vec<Audited>, usize)> {
    let mut came = std::collections::BTreeSet::new();
    let mut requests = BTreeMap::new();
    // The last line may be half written; its request then counts as one that came in.
    let whole = record.rsplit_once('\n').map_or("", |(whole, _)| whole);
    for (number, line) in whole.lines().enumerate().filter(|(_, line)| line.contains(user)) {
        let event: Event = serde_json::from_str(line)?;
        if event.user.username != user {
            continue;
        }
        came.insert(event.audit_id.clone());
        // A watch is decided when its answer begins.
        if event.stage != "RequestReceived" {
            requests.entry(event.audit_id.clone()).or_insert_with(|| (number, audited(event)));
        }
    }
    let undecided = came.len() - requests.len();
    let mut ordered: Vec<_> = requests.into_values().collect();
    ordered.sort_by_key(|(number, _)| *number);
    Ok((ordered.into_iter().map(|(_, request)| request).collect(), undecided))
}

fn audited(event: Event) -> Audited {
    let Object { resource, subresource, api_group, namespace } = event.object_ref;
    let resource = if subresource.is_empty() { resource } else { format!("{resource}/{subresource}") };
    let allowed = event.annotations.get("authorization.k8s.io/decision").is_some_and(|word| word == "allow");
    let reason = event.annotations.get("authorization.k8s.io/reason").cloned().unwrap_or_default();
    Audited {
        verb: event.verb,
        group: api_group,
        resource,
        namespace,
        uri: event.request_uri,
        code: event.response_status.code,
        role: allowed.then(|| role_of(&reason)),
    }
}

/// The role in a sentence such as `RBAC: allowed by RoleBinding "a/b" of ClusterRole "viewer" to ...`.
fn role_of(reason: &str) -> String {
    let role = reason.split("Role \"").nth(1).and_then(|rest| rest.split('"').next());
    role.unwrap_or(reason).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, stage: &str, user: &str, code: u16) -> String {
        json!({
            "auditID": id, "stage": stage, "verb": "get", "requestURI": "/x", "user": {"username": user},
            "objectRef": {"resource": "pods", "subresource": "exec", "namespace": "shop"},
            "responseStatus": {"code": code},
            "annotations": {
                "authorization.k8s.io/decision": "allow",
                "authorization.k8s.io/reason":
                    "RBAC: allowed by RoleBinding \"shop/a\" of ClusterRole \"viewer\" to ServiceAccount \"a/b\"",
            },
        })
        .to_string()
    }

    #[test]
    fn a_request_counts_once_and_only_when_it_is_decided() {
        let record = [
            line("1", "RequestReceived", "me", 0),
            line("1", "ResponseStarted", "me", 101),
            line("1", "ResponseComplete", "me", 101),
            line("2", "RequestReceived", "me", 0),
            line("3", "ResponseComplete", "you, not me", 200),
        ];
        let (requests, undecided) = decided(&(record.join("\n") + "\n"), "me").unwrap();
        assert_eq!((requests.len(), undecided), (1, 1));
        assert_eq!((requests[0].resource.as_str(), requests[0].code), ("pods/exec", 101));
        assert_eq!(requests[0].role.as_deref(), Some("viewer"));
    }
}
