//! `terraform-provider-kubeblocks doctor`: whether a Kubernetes cluster can carry KubeBlocks and its databases, before
//! anything is applied or when something does not work. Looks, and changes nothing.
//!
//! The way of the data: arguments -> `read` (requests) -> [`facts`] -> `judge_*` (pure) -> [`report`]. The client and
//! the way to it are the provider's own, so that what works here works there.

pub mod access;
pub mod facts;
mod judge_kubeblocks;
mod judge_kubernetes;
mod judge_storage;
mod read;
pub mod report;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use crate::helm::executable;
use crate::kubernetes::{Client, Error, Kubernetes, diagnostic};
use crate::kubernetes_attribute::{KubernetesConnection, ProcessEnvironment};
use facts::{Cloud, Facts};
use read::Told;
use report::{Check, Report};

/// The names of all checks, in the order of the report. They stay the same from release to release.
pub const CHECKS: [&str; 16] = [
    "connection",
    "kubernetes-version",
    "nodes",
    "node-taints",
    "load-balancer",
    "default-storage-class",
    "volume-expansion",
    "volume-binding",
    "volume-snapshots",
    "kubeblocks",
    "operator",
    "addons",
    "permissions-operator",
    "permissions-addons",
    "permissions-databases",
    "helm",
];

/// Check whether a Kubernetes cluster can carry KubeBlocks and its databases. Changes nothing.
///
/// Exit codes: 0 all is well, 1 something is worth a look, 2 something will not work, 64 the command line is wrong.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The kubeconfig file; absent: as the provider finds it.
    #[arg(
        long,
        value_name = "PATH",
        help = "Kubeconfig file; otherwise KUBE_CONFIG_PATH, then KUBECONFIG, then ~/.kube/config"
    )]
    pub kubeconfig: Option<String>,
    /// The context of the kubeconfig; absent: as the provider finds it.
    #[arg(
        long,
        value_name = "NAME",
        help = "Context of the kubeconfig; otherwise KUBE_CTX, then the file's current context"
    )]
    pub context: Option<String>,
    /// Namespace of the operator
    #[arg(long, value_name = "NAME", default_value = "kb-system")]
    pub namespace: String,
    /// Check the rights to run databases in this namespace only, instead of in all of them
    #[arg(long, value_name = "NAME")]
    pub database_namespace: Option<String>,
    /// The cloud of the Kubernetes cluster, when it cannot be seen from its version and nodes
    #[arg(long, value_enum)]
    pub cloud: Option<Cloud>,
    /// The helm that the provider will run; absent: as the provider finds it.
    #[arg(
        long,
        value_name = "PATH",
        help = "The helm that the provider will run; otherwise KUBEBLOCKS_HELM, then beside this program, then PATH"
    )]
    pub helm_path: Option<std::path::PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// The way to the Kubernetes cluster, resolved as the provider resolves its `kubernetes` attribute.
    fn connection(&self) -> KubernetesConnection {
        KubernetesConnection::of_kubeconfig(self.kubeconfig.as_ref(), self.context.as_ref())
            .unwrap_or_default()
    }

    fn told(&self) -> Told {
        Told {
            namespace: self.namespace.clone(),
            database_namespace: self.database_namespace.clone(),
            cloud: self.cloud,
        }
    }
}

/// Checks, prints what was found on standard output, and returns the exit code.
pub async fn run(arguments: &Arguments) -> ExitCode {
    let report = examine(arguments).await;
    let mut stdout = std::io::stdout().lock();
    let text = if arguments.json {
        report.to_json().unwrap_or_default()
    } else {
        let coloured =
            stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        report.to_table(coloured)
    };
    // Who closes the pipe early still gets the exit code.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    ExitCode::from(report.exit_code())
}

async fn examine(arguments: &Arguments) -> Report {
    let helm = executable::find(arguments.helm_path.as_deref()).await;
    let (client, facts) = match look(arguments).await {
        (client, Ok(facts)) => (client, facts),
        (client, Err(error)) => {
            let endpoint = client.map(|client| client.endpoint());
            return Report::new(endpoint, vec![unreachable(&error), helm_check(helm)]);
        }
    };
    let endpoint = client.map(|client| client.endpoint());
    let mut checks = vec![Check::pass("connection", endpoint.clone().unwrap_or_default())];
    checks.extend(judge(&facts));
    checks.push(helm_check(helm));
    Report::new(endpoint, checks)
}

async fn look(arguments: &Arguments) -> (Option<Client>, Result<Facts, Error>) {
    // Nothing of the arguments is unknown, so there is always a way.
    let connection = arguments.connection().resolve(&ProcessEnvironment).unwrap_or_default();
    match Kubernetes::new().client(&connection).await {
        Ok(client) => {
            // Many requests at once make a large future.
            let facts = Box::pin(read::read(&client, arguments.told())).await;
            (Some(client), facts)
        }
        Err(error) => (None, Err(error)),
    }
}

/// All checks of what was read.
fn judge(facts: &Facts) -> Vec<Check> {
    let mut checks = judge_kubernetes::judge(facts);
    checks.extend(judge_storage::judge(facts));
    checks.extend(judge_kubeblocks::judge(facts));
    checks.extend(access::judge(&facts.access, judge_kubeblocks::is_installed(facts)));
    checks
}

/// The error's text is of two parts: what happened, and what to do.
fn unreachable(error: &Error) -> Check {
    let text = diagnostic::detail(error);
    let (found, advice) =
        text.split_once("\n\n").unwrap_or((&text, "Check the connection and run it again."));
    Check::fail("connection", found, advice)
}

/// Only the operator needs helm, so databases alone go without it.
fn helm_check(found: Result<executable::Executable, executable::Error>) -> Check {
    const NAME: &str = "helm";
    match found {
        Ok(helm) => {
            Check::pass(NAME, format!("{} {} ({})", helm.path.display(), helm.version, helm.found_by))
        }
        Err(error) => Check::warn(
            NAME,
            error.to_string(),
            format!("Only `kubeblocks_operator` needs it. {}", error.remedy()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use serde_json::json;

    use super::facts::fixtures::unread;
    use super::report::Outcome;
    use super::*;
    use crate::kubernetes::connection::Auth;
    use crate::kubernetes::test_server::{TestServer, on};

    fn arguments(kubeconfig: Option<&str>, context: Option<&str>) -> Arguments {
        Arguments {
            kubeconfig: kubeconfig.map(str::to_owned),
            context: context.map(str::to_owned),
            namespace: "kb-system".to_owned(),
            database_namespace: None,
            cloud: None,
            helm_path: None,
            json: false,
        }
    }

    #[test]
    fn the_way_is_that_of_the_provider() {
        let path = |path: &str| Some(PathBuf::from(path));
        for (kubeconfig, context, expected) in [
            (Some("/a"), None, Auth::Kubeconfig { path: path("/a"), context: None }),
            (Some("/a"), Some("b"), Auth::Kubeconfig { path: path("/a"), context: Some("b".to_owned()) }),
        ] {
            let connection =
                arguments(kubeconfig, context).connection().resolve(&ProcessEnvironment).unwrap();
            assert_eq!(connection.auth, expected);
        }
        assert_eq!(arguments(None, None).connection(), KubernetesConnection::default());
    }

    #[test]
    fn the_checks_are_those_that_are_documented() {
        let judged = judge(&unread());
        let names: Vec<&str> = judged.iter().map(|check| check.name).collect();
        // The first and the last are made where there is nothing to judge by facts.
        assert_eq!(names, CHECKS[1..15]);
        assert_eq!(CHECKS.iter().collect::<BTreeSet<_>>().len(), CHECKS.len());
        let nowhere = executable::Error::NotFound { looked_at: vec!["PATH".to_owned()] };
        assert_eq!(helm_check(Err(nowhere)).name, CHECKS[15]);
    }

    #[test]
    fn what_could_not_be_read_is_a_warning_that_says_so() {
        for check in judge(&unread()) {
            if check.found.contains("not allowed to list it") {
                assert_eq!(check.result, Outcome::Warn, "{check:?}");
                assert!(check.advice.is_some());
            }
        }
    }

    #[tokio::test]
    async fn a_server_that_lets_nobody_in_is_told_with_what_to_do() {
        let server =
            TestServer::expecting([on("GET", &["/version"]).fails(401, "Unauthorized", "Unauthorized")]);
        let client = server.client();
        let error = Box::pin(read::read(&client, arguments(None, None).told())).await.unwrap_err();
        let check = unreachable(&error);
        assert_eq!((check.name, check.result), ("connection", Outcome::Fail));
        assert!(check.found.contains("401"), "{}", check.found);
        assert!(check.advice.unwrap().contains("Log in again"));
        server.finish();
    }

    #[tokio::test]
    async fn the_kinds_are_read_from_the_groups_of_kubeblocks() {
        let group = |name: &str, versions: &[&str]| {
            let versions: Vec<_> = versions
                .iter()
                .map(|version| json!({ "groupVersion": format!("{name}/{version}"), "version": version }))
                .collect();
            json!({ "name": name, "versions": versions })
        };
        let resource = |name: &str| json!({ "name": name, "singularName": "", "namespaced": true, "kind": "K", "verbs": [] });
        let server = TestServer::expecting([
            on("GET", &["/apis"]).answers(
                200,
                json!({ "groups": [group("apps", &["v1"]), group("apps.kubeblocks.io", &["v1", "v1alpha1"]), group("other.kubeblocks.io", &["v1"])] }),
            ),
            on("GET", &["/apis/apps.kubeblocks.io/v1alpha1"]).answers(
                200,
                json!({ "groupVersion": "apps.kubeblocks.io/v1alpha1", "resources": [resource("clusters"), resource("clusters/status")] }),
            ),
        ]);
        let found = read::served_kinds(&server.client()).await.unwrap();
        assert_eq!(found.kinds, BTreeSet::from(["clusters.apps.kubeblocks.io".to_owned()]));
        assert_eq!(found.versions, ["v1", "v1alpha1"].map(str::to_owned).into());
        server.finish();
    }
}
