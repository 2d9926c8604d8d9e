//! Follows an `OpsRequest` to its end, and tells how far it is. Writes nothing.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kubeblocks_schemas::v1alpha1::OpsRequest;
use tokio::time::Instant;

use super::judge::{Verdict, judge, spoken};
use super::roles::{Goal, pods_of};
use super::{Listener, Request};
use crate::kubernetes::observe::{Seen, Selection, Sight};
use crate::kubernetes::{Client, Error};
use crate::wait::{Limits, Step, WaitError, at_most, pause, until};

/// How soon the server is asked again when the watch cannot tell.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// A last look after the time is up may take so long.
const LAST_LOOK: Duration = Duration::from_secs(5);
/// So long the operator is given to notice that the roles have moved. It looks at each change of the database; on
/// Kubernetes 1.31 and later, 0.7.5 looks at the wrong condition of its Job and never does.
const ROLES_SETTLE: Duration = Duration::from_secs(15);

/// How the following of an operation ended.
#[derive(Debug)]
pub(super) enum End {
    /// It succeeded.
    Succeeded(Box<OpsRequest>),
    /// It has done what it is for, and the operator does not see it.
    RolesMoved {
        /// Who leads now.
        leader: String,
    },
    /// It failed.
    Failed(Box<OpsRequest>),
    /// It was refused because another one came first.
    Crowded,
    /// Somebody deleted it.
    Gone,
    /// The time is up.
    TimedOut(Box<OpsRequest>),
    /// The practitioner interrupted.
    Interrupted(Box<OpsRequest>),
    /// The API server does not let us see it.
    Api(Error),
}

/// Which operation is followed.
pub(super) struct Followed<'a> {
    pub(super) client: &'a Client,
    pub(super) request: &'a Request<'a>,
    pub(super) limits: &'a Limits,
    pub(super) listener: &'a dyn Listener,
    /// What the roles are to be, of a switchover.
    pub(super) goal: Option<Goal>,
}

/// What a look at the watches says.
enum Look {
    Over(Verdict),
    RolesMoved(String),
    /// The server has to be asked.
    Ask,
}

impl Followed<'_> {
    /// Follows `object` to its end.
    pub(super) async fn to_end(&self, object: OpsRequest) -> End {
        let client = self.client.obeying(&self.limits.stop);
        let (name, uid) = (object.name_any(), object.uid());
        let mut selections =
            vec![Selection::kind::<OpsRequest>().within(self.request.namespace).named(&name)];
        if let Some(component) = self.component() {
            let labels = pods_of(self.request.cluster, component);
            selections.push(Selection::kind::<Pod>().within(self.request.namespace).labelled(&labels));
        }
        let mut snapshots = client.observe(selections);
        let mut last = Box::new(object);
        let mut told = None;
        let mut moved_since: Option<Instant> = None;
        loop {
            let looked = until(self.limits, &mut snapshots, |all: &Vec<Seen>, now| {
                let Some(seen) = all.first() else { return Step::<_, ()>::Wait(None) };
                let found = seen.typed::<OpsRequest>().into_iter().find(|found| found.uid() == uid);
                let Some(found) = found else {
                    return match seen.sight {
                        Sight::Open | Sight::Closed => Step::Done(Look::Ask),
                        Sight::Opening | Sight::Lost => Step::Wait(None),
                    };
                };
                self.tell(&found, &mut told);
                let verdict = judge(&found);
                *last = found;
                if verdict != Verdict::Going {
                    return Step::Done(Look::Over(verdict));
                }
                if seen.sight == Sight::Closed {
                    return Step::Done(Look::Ask);
                }
                let Some(leader) = all.get(1).and_then(|pods| self.roles_moved(pods)) else {
                    moved_since = None;
                    return Step::Wait(None);
                };
                let due = *moved_since.get_or_insert(now) + ROLES_SETTLE;
                if due <= now { Step::Done(Look::RolesMoved(leader)) } else { Step::Wait(Some(due)) }
            });
            match looked.await {
                Ok(Look::Over(verdict)) => return Self::end(verdict, last),
                Ok(Look::RolesMoved(leader)) => return End::RolesMoved { leader },
                Ok(Look::Ask) => {}
                Err(WaitError::Interrupted { .. }) => return End::Interrupted(last),
                Err(WaitError::TimedOut { .. } | WaitError::Failed { .. }) => {
                    return self.too_late(last).await;
                }
            }
            // A watch that just opened may be behind, and not everybody may watch: the server's own word decides.
            match client.get_opt::<OpsRequest>(Some(self.request.namespace), &name).await {
                Ok(Some(found)) if found.uid() == uid => {
                    self.tell(&found, &mut told);
                    *last = found;
                    match judge(&last) {
                        Verdict::Going => {}
                        verdict => return Self::end(verdict, last),
                    }
                }
                Ok(_) => return End::Gone,
                Err(Error::Interrupted) => return End::Interrupted(last),
                Err(error) if error.is_unavailable() => {}
                Err(error) => return End::Api(error),
            }
            if pause(ASK_AGAIN_AFTER, &self.limits.stop).await.is_err() {
                return End::Interrupted(last);
            }
            if Instant::now() >= self.limits.deadline {
                return self.too_late(last).await;
            }
        }
    }

    fn component(&self) -> Option<&str> {
        match self.request.operation {
            super::Operation::Switchover { component, .. } if self.goal.is_some() => Some(component),
            _ => None,
        }
    }

    fn tell(&self, object: &OpsRequest, told: &mut Option<String>) {
        let line = spoken(object);
        if told.as_ref() != Some(&line) {
            self.listener.says(&format!(
                "{} of {}: {line}",
                self.request.operation.word(),
                self.request.cluster
            ));
            *told = Some(line);
        }
    }

    fn roles_moved(&self, pods: &Seen) -> Option<String> {
        if !pods.is_open() {
            return None;
        }
        self.goal.as_ref()?.reached(&pods.typed::<Pod>()).map(str::to_owned)
    }

    fn end(verdict: Verdict, object: Box<OpsRequest>) -> End {
        match verdict {
            Verdict::Succeeded => End::Succeeded(object),
            Verdict::Crowded => End::Crowded,
            Verdict::Failed | Verdict::Going => End::Failed(object),
        }
    }

    /// The time is up: what does the server say now?
    async fn too_late(&self, last: Box<OpsRequest>) -> End {
        let namespace = Some(self.request.namespace);
        let found = at_most(LAST_LOOK, self.client.get_opt::<OpsRequest>(namespace, &last.name_any())).await;
        match found {
            Some(Ok(Some(found))) if found.uid() == last.uid() => match judge(&found) {
                Verdict::Going => End::TimedOut(Box::new(found)),
                verdict => Self::end(verdict, Box::new(found)),
            },
            Some(Ok(_)) => End::Gone,
            Some(Err(_)) | None => End::TimedOut(last),
        }
    }
}
