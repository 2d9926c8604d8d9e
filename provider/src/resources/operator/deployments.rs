//! Waits for the operator's Deployments: until they run, until their pods are gone. Names the pods that hold them back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::ResourceExt;
use serde_json::json;
use tokio::time::Instant;

use crate::helm::manifest::Manifest;
use crate::kubeblocks::facts::{EventFacts, PodFacts};
use crate::kubeblocks::trouble::{Trouble, TroubleKind, trouble_of};
use crate::kubernetes::dynamic::resource_of;
use crate::kubernetes::observe::{Seen, Selection};
use crate::kubernetes::{Client, Error};
use crate::wait::{Limits, Step, WaitError, until};

/// How many pods are described.
const DESCRIBED: usize = 6;
/// Longer texts of Kubernetes are cut.
const LONGEST: usize = 400;

/// Why Deployments are not as they should be.
#[derive(Debug)]
pub enum NotReady {
    /// The deadline passed.
    TimedOut(String),
    /// They will not become ready.
    Failed(String),
    /// The practitioner interrupted.
    Interrupted,
    /// The API server refused or could not be reached.
    Api(Error),
}

/// Names of the Deployments of a release in its own namespace.
pub fn of_release(manifest: &str, namespace: &str) -> Vec<String> {
    let Ok(manifest) = Manifest::parse(manifest, namespace) else { return Vec::new() };
    let own =
        |key_namespace: &Option<String>| key_namespace.as_deref().is_none_or(|other| other == namespace);
    manifest
        .keys()
        .filter(|key| key.kind == "Deployment" && own(&key.namespace))
        .map(|key| key.name.clone())
        .collect()
}

/// Waits until all of the Deployments have rolled out.
pub async fn wait_until_ready(
    client: &Client,
    namespace: &str,
    names: &[String],
    limits: &Limits,
) -> Result<(), NotReady> {
    let client = client.obeying(&limits.stop);
    let mut wait = Wait::default();
    let mut snapshots = client.observe(vec![
        Selection::kind::<Deployment>().within(namespace),
        Selection::kind::<Pod>().within(namespace),
        Selection::kind::<Event>().within(namespace),
    ]);
    loop {
        let outcome = until(limits, &mut snapshots, |seen: &Vec<Seen>, now| {
            let Some(view) = View::of(seen, names) else { return Step::Wait(None) };
            wait.judge(&view, now)
        })
        .await;
        match outcome {
            Ok(()) => {}
            Err(WaitError::Failed { failure, .. }) => return Err(NotReady::Failed(failure)),
            Err(WaitError::TimedOut { .. }) => return Err(NotReady::TimedOut(wait.last)),
            Err(WaitError::Interrupted { .. }) => return Err(NotReady::Interrupted),
        }
        // By a watch alone nothing is ready: the server's own word decides.
        match is_ready_now(&client, namespace, names).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(Error::Interrupted) => return Err(NotReady::Interrupted),
            Err(error) => return Err(NotReady::Api(error)),
        }
        wait.ask_again = Some(Instant::now() + ASK_AGAIN_AFTER);
    }
}

/// How soon the server is asked again when it did not confirm what a watch showed.
const ASK_AGAIN_AFTER: std::time::Duration = std::time::Duration::from_secs(2);

/// Whether the server says, now, that all of the Deployments have rolled out.
pub async fn is_ready_now(client: &Client, namespace: &str, names: &[String]) -> Result<bool, Error> {
    for name in names {
        let found = client.get_opt::<Deployment>(Some(namespace), name).await?;
        if found.as_ref().and_then(missing).is_some() || found.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether any of the Deployments has a pod that works.
pub async fn is_running(client: &Client, namespace: &str, names: &[String]) -> Result<bool, Error> {
    for name in names {
        let found = client.get_opt::<Deployment>(Some(namespace), name).await?;
        let status = found.and_then(|deployment| deployment.status);
        if status.and_then(|status| status.ready_replicas).is_some_and(|ready| ready > 0) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Sets the number of pods. Returns the number before, of the Deployments that are there.
pub async fn scale(
    client: &Client,
    namespace: &str,
    wanted: &BTreeMap<String, i32>,
) -> Result<BTreeMap<String, i32>, Error> {
    let resource = resource_of::<Deployment>();
    let mut before = BTreeMap::new();
    for (name, replicas) in wanted {
        let Some(found) = client.get_opt::<Deployment>(Some(namespace), name).await? else { continue };
        before.insert(name.clone(), found.spec.replicas.unwrap_or(1));
        let patch = json!({"spec": {"replicas": replicas}});
        client.merge_object(&resource, Some(namespace), name, &patch).await?;
    }
    Ok(before)
}

/// Waits until no pod of the Deployments is left.
pub async fn wait_until_stopped(
    client: &Client,
    namespace: &str,
    names: &[String],
    limits: &Limits,
) -> Result<(), NotReady> {
    let mut last = String::new();
    let mut snapshots = client.observe(vec![
        Selection::kind::<Deployment>().within(namespace),
        Selection::kind::<Pod>().within(namespace),
        Selection::kind::<Event>().within(namespace),
    ]);
    let outcome = until(limits, &mut snapshots, |seen: &Vec<Seen>, _| {
        let Some(view) = View::of(seen, names) else { return Step::Wait(None) };
        if view.pods.is_empty() {
            return Step::<(), ()>::Done(());
        }
        let pods: Vec<&str> = view.pods.iter().map(|pod| pod.name.as_str()).collect();
        last = format!("still there: {}", pods.join(", "));
        Step::Wait(None)
    });
    match outcome.await {
        Ok(()) => Ok(()),
        Err(WaitError::Interrupted { .. }) => Err(NotReady::Interrupted),
        Err(WaitError::TimedOut { .. } | WaitError::Failed { .. }) => Err(NotReady::TimedOut(last)),
    }
}

/// What is seen of the Deployments.
struct View {
    deployments: Vec<Deployment>,
    absent: Vec<String>,
    pods: Vec<PodFacts>,
    events: Vec<EventFacts>,
}

impl View {
    /// Nothing while the Deployments or pods cannot be seen.
    fn of(seen: &[Seen], names: &[String]) -> Option<Self> {
        let [deployments, pods, events] = seen else { return None };
        if !deployments.is_open() || !pods.is_open() {
            return None;
        }
        let deployments: Vec<Deployment> = deployments
            .typed::<Deployment>()
            .into_iter()
            .filter(|deployment| names.contains(&deployment.name_any()))
            .collect();
        let absent = names.iter().filter(|name| !deployments.iter().any(|found| found.name_any() == **name));
        let absent = absent.cloned().collect();
        let pods = pods.typed::<Pod>();
        let mine = pods.iter().filter(|pod| deployments.iter().any(|deployment| selects(deployment, pod)));
        let pods: Vec<PodFacts> = mine.map(PodFacts::from).collect();
        let mut events: Vec<EventFacts> = events.typed::<Event>().iter().map(EventFacts::from).collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.last_seen));
        Some(Self { deployments, absent, pods, events })
    }

    fn events_of(&self, kind: &str, name: &str) -> Vec<&EventFacts> {
        self.events.iter().filter(|event| event.kind == kind && event.object == name).collect()
    }

    fn troubles(&self) -> Vec<Trouble> {
        self.pods
            .iter()
            .filter(|pod| !pod.deleting && !pod.ready)
            .filter_map(|pod| trouble_of(pod, &self.events_of("Pod", &pod.name)))
            .collect()
    }

    /// What is missing, line by line.
    fn describe(&self) -> String {
        let mut text = String::new();
        for name in &self.absent {
            let _ = writeln!(text, "- Deployment {name} is not there");
        }
        for deployment in &self.deployments {
            if let Some(missing) = missing(deployment) {
                let _ = writeln!(text, "- Deployment {}: {missing}", deployment.name_any());
            }
            for condition in failures(deployment) {
                let _ = writeln!(text, "  {}", cut(&condition));
            }
        }
        for pod in self.pods.iter().filter(|pod| !pod.ready).take(DESCRIBED) {
            let events = self.events_of("Pod", &pod.name);
            let said = trouble_of(pod, &events).map(|trouble| trouble.message);
            let event = events.iter().find(|event| event.warning);
            let event = event.map(|event| format!("{}: {}", event.reason, event.message));
            let said: Vec<String> = said.into_iter().chain(event).collect();
            let state = if pod.deleting { "is being removed" } else { "is not ready" };
            let _ = writeln!(text, "- Pod {} {state} ({}): {}", pod.name, pod.phase, cut(&said.join("; ")));
        }
        text
    }
}

fn cut(line: &str) -> String {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// Conditions of a Deployment that say why it makes no pods, such as a quota.
fn failures(deployment: &Deployment) -> Vec<String> {
    let conditions =
        deployment.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
    conditions
        .into_iter()
        .filter(|condition| {
            condition.type_.as_deref() == Some("ReplicaFailure")
                && condition.status.as_deref() == Some("True")
        })
        .map(|condition| {
            format!("{}: {}", condition.reason.unwrap_or_default(), condition.message.unwrap_or_default())
        })
        .collect()
}

/// What a Deployment lacks to be rolled out.
fn missing(deployment: &Deployment) -> Option<String> {
    let wanted = deployment.spec.replicas.unwrap_or(1);
    let status = deployment.status.clone().unwrap_or_default();
    let number = |value: Option<i32>| value.unwrap_or_default();
    if status.observed_generation < deployment.metadata.generation {
        return Some("Kubernetes has not taken it up".to_owned());
    }
    let (updated, available) = (number(status.updated_replicas), number(status.available_replicas));
    let old = number(status.replicas) - updated;
    if updated < wanted || available < wanted {
        return Some(format!("{wanted} pods wanted, {updated} made, {available} available"));
    }
    (old > 0).then(|| format!("{old} pods of the version before are still there"))
}

fn selects(deployment: &Deployment, pod: &Pod) -> bool {
    let selector = deployment.spec.selector.match_labels.clone().unwrap_or_default();
    !selector.is_empty() && selector.iter().all(|(key, value)| pod.labels().get(key) == Some(value))
}

#[derive(Default)]
struct Wait {
    /// Since when each kind of trouble has been there without a break.
    since: BTreeMap<TroubleKind, Instant>,
    ask_again: Option<Instant>,
    last: String,
}

impl Wait {
    fn judge(&mut self, view: &View, now: Instant) -> Step<(), String> {
        let is_ready =
            view.absent.is_empty() && view.deployments.iter().all(|found| missing(found).is_none());
        if is_ready {
            return match self.ask_again {
                Some(moment) if now < moment => Step::Wait(Some(moment)),
                _ => Step::Done(()),
            };
        }
        self.last = view.describe();
        let troubles = view.troubles();
        let kinds: BTreeSet<TroubleKind> = troubles.iter().map(|trouble| trouble.kind).collect();
        self.since.retain(|kind, _| kinds.contains(kind));
        let mut next: Option<Instant> = None;
        for kind in kinds {
            let since = *self.since.entry(kind).or_insert(now);
            let Some(grace) = kind.grace() else { continue };
            let due = since + grace;
            if due <= now {
                return Step::Failed(self.last.clone());
            }
            next = Some(next.map_or(due, |before| before.min(due)));
        }
        Step::Wait(next)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value as Json, json};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::kubeblocks::trouble::IMAGE_GRACE;
    use crate::kubernetes::test_api::TestApi;

    fn deployment(ready: i32) -> Json {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "kubeblocks", "namespace": "kb-system", "generation": 2},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "kb"}}, "template": {}},
            "status": {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "readyReplicas": ready, "availableReplicas": ready},
        })
    }

    fn pod(waiting: &str) -> Json {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "kubeblocks-1", "namespace": "kb-system", "labels": {"app": "kb"}},
            "status": {"phase": "Pending", "containerStatuses": [{
                "name": "manager", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                "state": {"waiting": {"reason": waiting, "message": "no such image"}},
            }]},
        })
    }

    fn names() -> Vec<String> {
        vec!["kubeblocks".to_owned()]
    }

    fn limits(minutes: u64) -> Limits {
        Limits::new(Duration::from_mins(minutes), &CancellationToken::new())
    }

    #[test]
    fn a_deployment_has_rolled_out_when_its_pods_are_new_and_available() {
        type Change = fn(&mut Json);
        let table: Vec<(&str, Change, bool)> = vec![
            ("ready", |_| {}, true),
            ("not taken up", |object| object["metadata"]["generation"] = 3.into(), false),
            ("not available", |object| object["status"]["availableReplicas"] = 0.into(), false),
            ("old pods", |object| object["status"]["replicas"] = 2.into(), false),
            ("not updated", |object| object["status"]["updatedReplicas"] = 0.into(), false),
            (
                "none wanted",
                |object| {
                    object["spec"]["replicas"] = 0.into();
                    object["status"] = json!({"observedGeneration": 2});
                },
                true,
            ),
        ];
        for (case, change, ready) in table {
            let mut object = deployment(1);
            change(&mut object);
            let found: Deployment = serde_json::from_value(object).unwrap();
            assert_eq!(missing(&found).is_none(), ready, "{case}");
        }
    }

    #[test]
    fn the_deployments_of_a_release_are_those_in_its_namespace() {
        let one = |kind: &str, namespace: &str, name: &str| {
            format!("---\napiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}{namespace}}}\n")
        };
        let manifest = [
            one("Deployment", "", "kubeblocks"),
            one("Deployment", ", namespace: kb-system", "kubeblocks-dataprotection"),
            one("Deployment", ", namespace: other", "elsewhere"),
            one("StatefulSet", "", "store"),
        ];
        assert_eq!(of_release(&manifest.concat(), "kb-system"), ["kubeblocks", "kubeblocks-dataprotection"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_becomes_ready_is_waited_for_and_confirmed() {
        let api = TestApi::default();
        api.put("deployments", deployment(0));
        let client = api.client();
        let (names, limits) = (names(), limits(5));
        let wait = wait_until_ready(&client, "kb-system", &names, &limits);
        let ready = async {
            crate::wait::pause(Duration::from_secs(30), &CancellationToken::new()).await.unwrap();
            api.put("deployments", deployment(1));
        };
        let (outcome, ()) = tokio::join!(wait, ready);
        outcome.unwrap();
        assert!(api.count("GET /apis/apps/v1/namespaces/kb-system/deployments/kubeblocks") >= 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_image_that_cannot_be_pulled_ends_the_wait_early_and_is_named() {
        let api = TestApi::default();
        api.put("deployments", deployment(0));
        api.put("pods", pod("ImagePullBackOff"));
        let start = Instant::now();
        let error = wait_until_ready(&api.client(), "kb-system", &names(), &limits(20)).await.unwrap_err();
        let NotReady::Failed(text) = error else { panic!("{error:?}") };
        assert!(text.contains("kubeblocks-1") && text.contains("no such image"), "{text}");
        assert!(start.elapsed() >= IMAGE_GRACE && start.elapsed() < 2 * IMAGE_GRACE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deployment_that_is_only_slow_times_out_with_what_is_missing() {
        let api = TestApi::default();
        api.put("deployments", deployment(0));
        let error = wait_until_ready(&api.client(), "kb-system", &names(), &limits(1)).await.unwrap_err();
        let NotReady::TimedOut(text) = error else { panic!("{error:?}") };
        assert!(text.contains("1 pods wanted, 1 made, 0 available"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn pods_are_waited_for_until_the_last_is_gone() {
        let api = TestApi::default();
        api.put("deployments", deployment(0));
        api.put("pods", pod(""));
        let client = api.client();
        let (names, limits) = (names(), limits(5));
        let wait = wait_until_stopped(&client, "kb-system", &names, &limits);
        let gone = async {
            crate::wait::pause(Duration::from_secs(20), &CancellationToken::new()).await.unwrap();
            api.remove("pods", "kubeblocks-1");
        };
        tokio::join!(wait, gone).0.unwrap();
    }
}
