//! The arguments of each call, for helm 3 and 4. Pure. No value of the practitioner is among them.

use std::ffi::OsString;
use std::path::Path;

use semver::Version;
use tokio::time::Instant;

use super::{Operation, Render, Target, Upgrade, Values};
use crate::helm::chart::Chart;
use crate::wait::Limits;

/// One call of helm.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call<'a> {
    Render(Render<'a>),
    Upgrade(Upgrade<'a>),
    Rollback { target: Target<'a>, revision: u32 },
    Uninstall(Target<'a>),
}

impl<'a> Call<'a> {
    pub(super) fn operation(&self) -> Operation {
        match self {
            Self::Render(_) => Operation::Render,
            Self::Upgrade(_) => Operation::Upgrade,
            Self::Rollback { .. } => Operation::Rollback,
            Self::Uninstall(_) => Operation::Uninstall,
        }
    }

    pub(super) fn target(&self) -> Target<'a> {
        match self {
            Self::Render(Render { target, .. })
            | Self::Upgrade(Upgrade { target, .. })
            | Self::Rollback { target, .. }
            | Self::Uninstall(target) => *target,
        }
    }

    pub(super) fn chart(&self) -> Option<&'a Chart> {
        match self {
            Self::Render(Render { chart, .. }) | Self::Upgrade(Upgrade { chart, .. }) => Some(chart),
            Self::Rollback { .. } | Self::Uninstall(_) => None,
        }
    }

    pub(super) fn values(&self) -> Option<&'a Values> {
        match self {
            Self::Render(Render { values, .. }) | Self::Upgrade(Upgrade { values, .. }) => Some(values),
            Self::Rollback { .. } | Self::Uninstall(_) => None,
        }
    }

    /// The arguments for a helm of this version. `chart` is the archive, where there is one.
    pub(super) fn arguments(&self, chart: &Path, helm: &Version, limits: &Limits) -> Vec<OsString> {
        let Target { namespace, name } = self.target();
        let mut arguments = Arguments::default();
        match self {
            Self::Render(render) => {
                arguments.words(["template", name]).path(chart).words(["--values", "-", "--no-hooks"]);
                arguments.pair("--kube-version", render.kube_version);
                for version in render.api_versions {
                    arguments.pair("--api-versions", version);
                }
                if render.is_upgrade {
                    arguments.words(["--is-upgrade"]);
                }
            }
            Self::Upgrade(upgrade) => {
                arguments.words(["upgrade", name]).path(chart).words(["--install", "--values", "-"]);
                // Without values helm would take those of the revision before.
                arguments.words(["--reset-values"]);
                // The definitions of kinds are not in the archive; this says so to whoever reads the process list.
                arguments.words(["--skip-crds"]).pair("--history-max", &upgrade.max_history.to_string());
                if !upgrade.labels.is_empty() {
                    let labels: Vec<_> =
                        upgrade.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
                    arguments.pair("--labels", &labels.join(","));
                }
                if let Some(description) = upgrade.description {
                    arguments.pair("--description", description);
                }
                arguments.timeout(limits).apply_as_helm_3_does(helm);
            }
            Self::Rollback { revision, .. } => {
                // The limit of the history is that of the last upgrade; a rollback that prunes could lose what it needs.
                arguments.words(["rollback", name, &revision.to_string(), "--no-hooks", "--history-max=0"]);
                arguments.timeout(limits).apply_as_helm_3_does(helm);
            }
            Self::Uninstall(_) => {
                arguments.words(["uninstall", name, "--no-hooks"]).timeout(limits);
            }
        }
        arguments.pair("--namespace", namespace);
        arguments.0
    }
}

#[derive(Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn words<const N: usize>(&mut self, words: [&str; N]) -> &mut Self {
        self.0.extend(words.map(OsString::from));
        self
    }

    fn path(&mut self, path: &Path) -> &mut Self {
        self.0.push(path.as_os_str().to_owned());
        self
    }

    /// Joined, so that a value that begins with a dash is not taken for a flag.
    fn pair(&mut self, flag: &str, value: &str) -> &mut Self {
        self.0.push(format!("{flag}={value}").into());
        self
    }

    /// For hooks, the only thing that helm waits for here.
    fn timeout(&mut self, limits: &Limits) -> &mut Self {
        let left = limits.deadline.saturating_duration_since(Instant::now());
        self.pair("--timeout", &format!("{}s", left.as_secs().max(1)))
    }

    /// Helm 4 would apply on the server, and fail on or take over fields that others own: replicas that the provider
    /// sets while it upgrades, settings that the operator writes into its own kinds. Helm 3 changes only what differs
    /// between two revisions; both do so here.
    fn apply_as_helm_3_does(&mut self, helm: &Version) -> &mut Self {
        if helm.major >= 4 { self.words(["--server-side=false"]) } else { self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;

    const TARGET: Target<'static> = Target { namespace: "kb-system", name: "kubeblocks" };

    fn chart() -> Chart {
        Chart {
            name: "kubeblocks".to_owned(),
            version: "0.7.5".to_owned(),
            app_version: None,
            kube_version: None,
            digest: String::new(),
            archive: bytes::Bytes::new(),
            crds: Vec::new(),
        }
    }

    fn written(call: Call<'_>, helm: &str) -> String {
        let limits = Limits::new(Duration::from_secs(90), &CancellationToken::new());
        let arguments = call.arguments(Path::new("/p/chart.tgz"), &Version::parse(helm).unwrap(), &limits);
        arguments.iter().map(|argument| argument.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[tokio::test(start_paused = true)]
    async fn each_call_has_its_arguments_and_none_of_the_values() {
        let chart = chart();
        let values =
            Values { values: serde_json::json!({ "key": "s3cret" }), secrets: vec!["s3cret".to_owned()] };
        let labels = BTreeMap::from([("a".to_owned(), "b".to_owned()), ("c".to_owned(), "d".to_owned())]);
        let render = Call::Render(Render {
            target: TARGET,
            chart: &chart,
            values: &values,
            kube_version: "v1.34.4-eks-1",
            api_versions: &["policy/v1/PodDisruptionBudget".to_owned()],
            is_upgrade: true,
        });
        let upgrade = Call::Upgrade(Upgrade {
            target: TARGET,
            chart: &chart,
            values: &values,
            max_history: 3,
            labels: &labels,
            description: Some("-two words"),
        });
        let rollback = Call::Rollback { target: TARGET, revision: 4 };
        let upgrade_text = "upgrade kubeblocks /p/chart.tgz --install --values - --reset-values --skip-crds --history-max=3 --labels=a=b,c=d \
                            --description=-two words --timeout=90s";
        let rollback_text = "rollback kubeblocks 4 --no-hooks --history-max=0 --timeout=90s";
        let cases = [
            (
                render,
                "3.22.0",
                "template kubeblocks /p/chart.tgz --values - --no-hooks --kube-version=v1.34.4-eks-1 \
                 --api-versions=policy/v1/PodDisruptionBudget --is-upgrade"
                    .to_owned(),
            ),
            (upgrade, "3.14.0", upgrade_text.to_owned()),
            (upgrade, "4.3.1", format!("{upgrade_text} --server-side=false")),
            (rollback, "3.14.0", rollback_text.to_owned()),
            (rollback, "4.3.1", format!("{rollback_text} --server-side=false")),
            (Call::Uninstall(TARGET), "4.3.1", "uninstall kubeblocks --no-hooks --timeout=90s".to_owned()),
        ];
        for (call, helm, expected) in cases {
            let written = written(call, helm);
            assert_eq!(written, format!("{expected} --namespace=kb-system"), "{helm}");
            assert!(!written.contains("s3cret"));
        }
    }
}
