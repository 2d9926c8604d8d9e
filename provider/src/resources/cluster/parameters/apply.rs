//! Writes parameters, and waits for them together with the database. What is written comes from `build`.

use std::collections::BTreeSet;
use std::time::Duration;

use kubeblocks_schemas::catalogue::did_you_mean;
use kubeblocks_schemas::v1alpha1::{Cluster, Configuration};
use tfplugin::prelude::*;

use super::build::{self, Problem};
use super::live::Live;
use super::memory::Memory;
use super::wait::{Goal, Sent, Stopped, until_all};
use super::{path, split_key, written_of};
use crate::kubeblocks::naming;
use crate::kubeblocks::wait::{NotReady, wait_until_ready};
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes::{Client, Conflicts};
use crate::resources::cluster::names;
use crate::resources::cluster::schema::ClusterState;
use crate::wait::{Limits, pause};

const CANNOT_SET: &str = "Cannot set the parameters of the KubeBlocks cluster";
/// Summary of the error for values that the operator does not take.
pub const REFUSED: &str = "KubeBlocks refused the parameters";

/// A database that looks ready although its parameters are not: so long until it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Why the database and its parameters are not there.
#[derive(Debug)]
pub enum Unsettled {
    /// The database is not.
    NotReady(Box<NotReady>),
    /// The parameters are not.
    Stopped(Stopped),
}

/// Writes the parameters of some components, and waits until the operator has accepted them.
pub async fn send(
    client: &Client,
    state: &ClusterState,
    components: &[String],
    limits: &Limits,
) -> Result<Vec<Sent>, Diagnostics> {
    let obeying = client.obeying(&limits.stop);
    let mut sent = Vec::new();
    for component in components {
        sent.extend(send_one(&obeying, state, component).await?);
    }
    Ok(sent)
}

async fn send_one(
    client: &Client,
    state: &ClusterState,
    component: &str,
) -> Result<Option<Sent>, Diagnostics> {
    let (namespace, cluster) = names(state);
    let failed = |error| Diagnostics::from(diagnostic(CANNOT_SET, &error));
    let written = written_of(state, component);
    let live = Live::read(client, &namespace, &cluster, component, |_| true).await.map_err(failed)?;
    let Some(live) = live else {
        return if written.is_empty() {
            Ok(None)
        } else {
            Err(no_parameters(&namespace, &cluster, component))
        };
    };
    let object = build::configuration(&live, &written)
        .map_err(|problem| Diagnostics::from(no_place(component, &problem)))?;
    // What somebody else has set to another value was shown by the plan.
    let applied = client.server_side_apply(&object, Conflicts::Force).await.map_err(failed)?.object;
    let ours = Memory::of(&applied);
    let mut specs: BTreeSet<String> = ours.iter().map(|(spec, ..)| spec.to_owned()).collect();
    let changed = changed(&live.configuration, &applied);
    specs.extend(changed.iter().cloned());
    Ok(Some(Sent {
        component: component.to_owned(),
        configuration: naming::configuration(&cluster, component),
        generation: applied.metadata.generation.unwrap_or_default(),
        specs,
        changed,
    }))
}

fn changed(before: &Configuration, after: &Configuration) -> BTreeSet<String> {
    let items = after.spec.config_item_details.iter();
    items
        .filter(|item| !before.spec.config_item_details.contains(item))
        .map(|item| item.name.clone())
        .collect()
}

/// Waits until every instance has the parameters and the database is ready. The two are watched side by side: an instance
/// that cannot start with its parameters keeps these from ever being finished.
pub async fn settle(
    client: &Client,
    cluster: &Cluster,
    sent: &[Sent],
    limits: &Limits,
) -> Result<Cluster, Unsettled> {
    let not_ready = |error| Unsettled::NotReady(Box::new(error));
    if !sent.is_empty() {
        let namespace = cluster.metadata.namespace.clone().unwrap_or_default();
        let mut finished = Box::pin(until_all(client, &namespace, sent, Goal::Finished, limits));
        loop {
            tokio::select! {
                biased;
                outcome = &mut finished => break outcome.map_err(Unsettled::Stopped)?,
                ready = wait_until_ready(client, cluster, limits) => {
                    ready.map_err(not_ready)?;
                    let interrupted = |_| Unsettled::Stopped(Stopped::Interrupted);
                    pause(LOOK_AGAIN, &limits.stop).await.map_err(interrupted)?;
                }
            }
        }
    }
    wait_until_ready(client, cluster, limits).await.map_err(not_ready)
}

/// Waits until the operator has accepted what was sent.
pub async fn accepted(
    client: &Client,
    state: &ClusterState,
    sent: &[Sent],
    limits: &Limits,
) -> Result<(), Stopped> {
    if sent.is_empty() {
        return Ok(());
    }
    until_all(client, &names(state).0, sent, Goal::Accepted, limits).await
}

/// A wait that did not come to its end, at the attribute.
pub fn stopped(stopped: &Stopped, state: &ClusterState, timeout: &str) -> Diagnostic {
    let (namespace, cluster) = names(state);
    match stopped {
        Stopped::Refused { component, spec, phase, message } => {
            let detail = format!(
                "Config spec \"{spec}\" of component \"{component}\" of Cluster {namespace}/{cluster} is {phase}: {message}\n\n{} Correct the value and apply again. Until then KubeBlocks shows the database as updating.",
                if phase == "MergeFailed" {
                    "The values that were in force stay in force."
                } else {
                    "KubeBlocks stopped while it brought the values to the instances."
                }
            );
            Diagnostic::error(REFUSED, detail).at(refused_at(component, spec, message, state))
        }
        Stopped::Gone { configuration } => Diagnostic::error(
            CANNOT_SET,
            format!(
                "Configuration {namespace}/{configuration} was deleted by somebody else while its parameters were being set."
            ),
        ),
        Stopped::Hidden { trouble } => Diagnostic::error(
            CANNOT_SET,
            format!(
                "The parameters are written, but what becomes of them cannot be seen: {trouble}\n\nThe credentials need the right to list and watch `configurations` of `apps.kubeblocks.io` in the namespace \"{namespace}\"."
            ),
        ),
        Stopped::TimedOut { missing, waited } => Diagnostic::error(
            "Parameters of the KubeBlocks cluster are not in force yet",
            format!(
                "Cluster {namespace}/{cluster}: after {} seconds {missing}.\n\nRun apply again to go on waiting, or raise `{timeout}`.",
                waited.as_secs()
            ),
        ),
        Stopped::Interrupted => Diagnostic::error(
            "Interrupted while the parameters of the KubeBlocks cluster were being set",
            format!(
                "Cluster {namespace}/{cluster} goes on in the Kubernetes cluster; run apply again to go on waiting."
            ),
        ),
    }
}

/// The parameter that the operator names, else the config spec.
fn refused_at(component: &str, spec: &str, message: &str, state: &ClusterState) -> Path {
    let written = written_of(state, component);
    let of_spec: Vec<_> = written.iter().filter(|(key, _)| split_key(key).0 == spec).collect();
    let named = |name: &str| {
        message
            .split(|character: char| !(character.is_alphanumeric() || "_-.".contains(character)))
            .any(|word| word.trim_end_matches('.') == name || word.ends_with(&format!(".{name}")))
    };
    for (key, values) in &of_spec {
        if let Some(name) = values.keys().find(|name| named(name)) {
            return path(component, key, Some(name));
        }
    }
    of_spec.first().map_or_else(|| path(component, spec, None), |(key, _)| path(component, key, None))
}

fn no_parameters(namespace: &str, cluster: &str, component: &str) -> Diagnostics {
    let name = naming::configuration(cluster, component);
    let detail = format!(
        "Configuration {namespace}/{name}, in which KubeBlocks keeps the parameters of component \"{component}\", is not there. KubeBlocks makes it only for components whose definition has config specs."
    );
    let parameters = Path::attribute("components").then_key(component).then_attribute("parameters");
    Diagnostic::error(CANNOT_SET, detail).at(parameters).into()
}

fn no_place(component: &str, problem: &Problem) -> Diagnostic {
    let list = |names: &[String]| {
        let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let (key, detail) = match problem {
        Problem::NoSpec { key, there } => {
            let (spec, _) = split_key(key);
            let hint = did_you_mean(spec, there.iter().map(String::as_str));
            (
                key,
                format!(
                    "Component \"{component}\" has no config spec \"{spec}\". It has {}.{hint}",
                    list(there)
                ),
            )
        }
        Problem::WhichFile { key, files } => {
            let (spec, file) = split_key(key);
            let what = file.map_or_else(
                || format!("Config spec \"{spec}\" has several files."),
                |file| format!("Config spec \"{spec}\" has no file \"{file}\"."),
            );
            let example = files.first().map_or("file", String::as_str);
            (
                key,
                format!(
                    "{what} Its files: {}. Name the file in the key, such as \"{spec}/{example}\".",
                    list(files)
                ),
            )
        }
        Problem::WholeFile { key } => (
            key,
            format!(
                "Config spec \"{}\" has no ConfigConstraint: KubeBlocks takes only whole files for it, not single parameters.",
                split_key(key).0
            ),
        ),
    };
    Diagnostic::error(CANNOT_SET, detail).at(path(component, key, None))
}

#[cfg(test)]
mod tests {
    use super::super::test_support::parameters;
    use super::*;
    use crate::resources::cluster::test_support::{component_mut, redis};

    #[test]
    fn a_refusal_stands_at_the_parameter_that_the_operator_names() {
        let mut state = redis();
        component_mut(&mut state, "redis").parameters = parameters([
            ("config/main.conf", [("max", "-5"), ("max-memory", "1")]),
            ("other", [("max", "1"), ("x", "2")]),
        ]);
        for (spec, message, expected) in [
            (
                "config",
                "[configuration.max-memory: invalid value]",
                r#"components["redis"].parameters["config/main.conf"]["max-memory"]"#,
            ),
            (
                "config",
                "parameter max is immutable",
                r#"components["redis"].parameters["config/main.conf"]["max"]"#,
            ),
            ("config", "cannot parse", r#"components["redis"].parameters["config/main.conf"]"#),
            ("other", "x: out of bound.", r#"components["redis"].parameters["other"]["x"]"#),
            ("gone", "why", r#"components["redis"].parameters["gone"]"#),
        ] {
            let refusal = Stopped::Refused {
                component: "redis".to_owned(),
                spec: spec.to_owned(),
                phase: "MergeFailed".to_owned(),
                message: message.to_owned(),
            };
            let found = stopped(&refusal, &state, "timeouts.update");
            assert_eq!(found.path.map(|path| path.to_string()).as_deref(), Some(expected), "{message}");
            assert!(found.detail.contains(message), "{}", found.detail);
        }
    }
}
