//! What a run that was cut off left of the release, and what puts it right. The decisions are pure; carrying them out
//! runs helm.

use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Secret;
use tfplugin::prelude::*;
use tokio::time::Instant;

use super::note;
use super::schema::OperatorState;
use super::source::DEFAULT_NAME;
use crate::helm::release::{Release, Status};
use crate::kubernetes::Client;
use crate::kubernetes::observe::{Seen, Selection};
use crate::wait::{Limits, Step, WaitError, until};

/// So long the Secret of a pending release must be unchanged until nobody works on it any more: helm writes it at the
/// begin and at the end, and between these the provider that runs helm is at work.
const ABANDONED_AFTER: Duration = Duration::from_secs(15);

/// What is done before helm can upgrade or install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Nothing: helm goes on from here.
    Nothing,
    /// The release is removed without its hooks, and then installed.
    Uninstall,
    /// The release goes back to this revision, which had been deployed.
    Rollback(u32),
}

/// What puts a release right, from its history, newest first.
pub fn repair(history: &[Release]) -> Repair {
    let Some(last) = history.first() else { return Repair::Nothing };
    match last.status {
        Status::Deployed | Status::Failed | Status::Superseded | Status::Uninstalled | Status::Other(_) => {
            Repair::Nothing
        }
        Status::PendingInstall | Status::Uninstalling => Repair::Uninstall,
        Status::PendingUpgrade | Status::PendingRollback => {
            last_deployed(history).map_or(Repair::Uninstall, |release| Repair::Rollback(release.revision))
        }
    }
}

/// The newest revision that ran.
pub fn last_deployed(history: &[Release]) -> Option<&Release> {
    let deployed = history.iter().find(|release| release.status == Status::Deployed);
    deployed.or_else(|| history.iter().find(|release| release.status == Status::Superseded))
}

/// Whether helm, somewhere, may still be at work on it.
pub fn is_pending(release: &Release) -> bool {
    release.status.is_pending() || release.status == Status::Uninstalling
}

/// Why a create must not take over the release that is there, if so. Its own, cut off before it was finished, it takes.
pub fn refuse_adoption(history: &[Release], state: &OperatorState) -> Option<Diagnostic> {
    let last = history.first()?;
    let (namespace, name) = super::names(state);
    if last.status == Status::Uninstalled {
        return None;
    }
    if last.chart_name != DEFAULT_NAME && !note::is_ours(last) {
        return Some(
            Diagnostic::error(
                "Another Helm release has this name",
                format!("The release {namespace}/{name} exists and comes from the chart \"{}\" {}. Choose another `name`.", last.chart_name, last.chart_version),
            )
            .at(Path::attribute("name")),
        );
    }
    let is_finished = last.annotations.contains_key(note::ANNOTATION) && last.status == Status::Deployed;
    (!note::is_ours(last) || is_finished).then(|| {
        Diagnostic::error(
            "KubeBlocks is installed already",
            format!("The Helm release {namespace}/{name} exists: chart \"{}\" {}, revision {}, {}. To manage it here, import it with the id \"{namespace}/{name}\".", last.chart_name, last.chart_version, last.revision, last.status),
        )
        .at(Path::attribute("name"))
    })
}

/// Waits until nobody works on a pending release: until its Secret was unchanged for a while, or is another one.
/// True when it was left behind, false when it has moved on by itself.
pub async fn wait_until_abandoned(
    client: &Client,
    release: &Release,
    limits: &Limits,
) -> Result<bool, WaitError<(), ()>> {
    let secret = release.secret_name();
    let mut snapshots =
        client.observe(vec![Selection::kind::<Secret>().within(&release.namespace).named(&secret)]).boxed();
    let mut since: Option<(Option<String>, Instant)> = None;
    let ended = until(limits, &mut snapshots, |seen: &Vec<Seen>, now| {
        let Some(seen) = seen.first() else { return Step::Wait(None) };
        // Out of sight, time alone tells.
        let version = seen.first().and_then(|object| object.metadata.resource_version.clone());
        if seen.is_open() && version.is_none() {
            return Step::<bool, ()>::Done(false);
        }
        match &mut since {
            Some((before, _)) if before.is_some() && version.is_some() && *before != version => {
                Step::Done(false)
            }
            Some((before, start)) => {
                if before.is_none() {
                    *before = version;
                }
                let due = *start + ABANDONED_AFTER;
                if now >= due { Step::Done(true) } else { Step::Wait(Some(due)) }
            }
            None => {
                since = Some((version, now));
                Step::Wait(Some(now + ABANDONED_AFTER))
            }
        }
    });
    ended.await.map_err(|error| match error {
        WaitError::TimedOut { waited, .. } => WaitError::TimedOut { last: None, waited },
        WaitError::Interrupted { .. } => WaitError::Interrupted { last: None },
        WaitError::Failed { failure, .. } => WaitError::Failed { failure, last: () },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::kubernetes::test_api::TestApi;
    use crate::resources::operator::test_support::{operator, release};

    fn history(statuses: &[Status]) -> Vec<Release> {
        let newest = u32::try_from(statuses.len()).unwrap();
        statuses.iter().zip(0..).map(|(status, age)| release(newest - age, status.clone())).collect()
    }

    #[test]
    fn every_history_has_one_way_out() {
        use Status::{
            Deployed, Failed, PendingInstall, PendingRollback, PendingUpgrade, Superseded, Uninstalled,
            Uninstalling,
        };
        let table: &[(&[Status], Repair)] = &[
            (&[], Repair::Nothing),
            (&[Deployed], Repair::Nothing),
            (&[Failed], Repair::Nothing),
            (&[Failed, Deployed], Repair::Nothing),
            (&[Uninstalled], Repair::Nothing),
            (&[PendingInstall], Repair::Uninstall),
            (&[Uninstalling], Repair::Uninstall),
            (&[Uninstalling, Superseded], Repair::Uninstall),
            (&[PendingUpgrade, Deployed], Repair::Rollback(1)),
            (&[PendingUpgrade, Failed, Deployed, Superseded], Repair::Rollback(2)),
            (&[PendingUpgrade, Failed], Repair::Uninstall),
            (&[PendingRollback, Deployed, Superseded], Repair::Rollback(2)),
            // Helm marks the old revision before it marks the new one.
            (&[PendingRollback, Superseded, Superseded], Repair::Rollback(2)),
        ];
        for (statuses, expected) in table {
            assert_eq!(repair(&history(statuses)), *expected, "{statuses:?}");
        }
    }

    #[test]
    fn a_create_takes_only_what_a_create_left_unfinished() {
        let ours = |status: Status| Release {
            labels: BTreeMap::from([(note::LABEL.to_owned(), "true".to_owned())]),
            ..release(1, status)
        };
        let finished = Release {
            annotations: BTreeMap::from([(note::ANNOTATION.to_owned(), "{}".to_owned())]),
            ..ours(Status::Deployed)
        };
        let failed_later = Release { status: Status::Failed, ..finished.clone() };
        let redis = Release { chart_name: "redis".to_owned(), ..release(1, Status::Deployed) };
        let table = [
            (None, None),
            (Some(ours(Status::PendingInstall)), None),
            (Some(ours(Status::Failed)), None),
            (Some(ours(Status::Deployed)), None),
            (Some(failed_later), None),
            (Some(release(1, Status::Uninstalled)), None),
            (Some(finished), Some("import it with the id \"kb-system/kubeblocks\"")),
            (Some(release(3, Status::Deployed)), Some("import it")),
            (Some(release(3, Status::PendingUpgrade)), Some("import it")),
            (Some(redis), Some("Choose another `name`")),
        ];
        for (there, expected) in table {
            let history: Vec<Release> = there.into_iter().collect();
            let refused = refuse_adoption(&history, &operator()).map(|found| found.detail);
            match expected {
                None => assert_eq!(refused, None),
                Some(part) => {
                    assert!(refused.as_ref().is_some_and(|text| text.contains(part)), "{refused:?}");
                }
            }
        }
    }

    fn secret(version: &str) -> serde_json::Value {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "kb-system", "name": "sh.helm.release.v1.kubeblocks.v1", "labels": {"status": version}}})
    }

    #[tokio::test(start_paused = true)]
    async fn a_pending_release_is_abandoned_when_its_secret_stays_the_same() {
        let api = TestApi::default();
        api.put("secrets", secret("pending-install"));
        let pending = release(1, Status::PendingInstall);
        let limits = Limits::new(Duration::from_mins(1), &CancellationToken::new());
        assert!(wait_until_abandoned(&api.client(), &pending, &limits).await.unwrap());

        let start = Instant::now();
        let client = api.client();
        let limits = Limits::new(Duration::from_mins(1), &CancellationToken::new());
        let wait = wait_until_abandoned(&client, &pending, &limits);
        let change = async {
            crate::wait::pause(Duration::from_secs(10), &CancellationToken::new()).await.unwrap();
            api.change("secrets", "sh.helm.release.v1.kubeblocks.v1", |object| {
                object["metadata"]["labels"]["status"] = "deployed".into();
            });
        };
        let (outcome, ()) = tokio::join!(wait, change);
        assert!(!outcome.unwrap());
        assert!(start.elapsed() < ABANDONED_AFTER);
    }
}
