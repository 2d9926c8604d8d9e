//! The status of a pod as its kubelet writes it. Pure.

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use crate::operator::conditions::now;

/// Where a container is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting { reason: &'static str, message: String },
    Running { since: String },
    Ended { code: i32, since: String, until: String },
}

impl State {
    fn is_success(&self) -> bool {
        matches!(self, Self::Ended { code: 0, .. })
    }

    fn value(&self) -> Value {
        match self {
            Self::Waiting { reason, message } if message.is_empty() => {
                json!({ "waiting": { "reason": reason } })
            }
            Self::Waiting { reason, message } => {
                json!({ "waiting": { "reason": reason, "message": message } })
            }
            Self::Running { since } => json!({ "running": { "startedAt": since } }),
            Self::Ended { code, since, until } => json!({ "terminated": {
                "exitCode": code,
                "reason": if *code == 0 { "Completed" } else { "Error" },
                "startedAt": since,
                "finishedAt": until,
            }}),
        }
    }
}

/// One container of a pod.
#[derive(Clone, Debug)]
struct Container {
    name: String,
    image: String,
    state: State,
    last: Option<State>,
    restarts: i32,
}

impl Container {
    fn value(&self, is_init: bool) -> Value {
        let is_running = matches!(self.state, State::Running { .. });
        json!({
            "name": self.name,
            "image": self.image,
            "imageID": "",
            "ready": if is_init { self.state.is_success() } else { is_running },
            "started": is_running,
            "restartCount": self.restarts,
            "state": self.state.value(),
            "lastState": self.last.as_ref().map_or_else(|| json!({}), State::value),
        })
    }
}

/// Which list of containers is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Init,
    Main,
}

/// What is reported of a pod.
#[derive(Clone, Debug)]
pub(super) struct Report {
    since: String,
    init: Vec<Container>,
    main: Vec<Container>,
    /// Whether containers that fail start again.
    restarts: bool,
}

impl Report {
    /// A pod of which nothing has started.
    pub(super) fn new(pod: &Pod) -> Self {
        let spec = pod.spec.clone().unwrap_or_default();
        let waiting = |reason| {
            move |container: k8s_openapi::api::core::v1::Container| Container {
                name: container.name,
                image: container.image.unwrap_or_default(),
                state: State::Waiting { reason, message: String::new() },
                last: None,
                restarts: 0,
            }
        };
        let init: Vec<Container> =
            spec.init_containers.into_iter().flatten().map(waiting("PodInitializing")).collect();
        let reason = if init.is_empty() { "ContainerCreating" } else { "PodInitializing" };
        Self {
            since: now(),
            main: spec.containers.into_iter().map(waiting(reason)).collect(),
            init,
            restarts: spec.restart_policy.as_deref().is_none_or(|policy| policy != "Never"),
        }
    }

    /// Moves a container.
    pub(super) fn set(&mut self, list: List, index: usize, state: State) {
        let containers = match list {
            List::Init => &mut self.init,
            List::Main => &mut self.main,
        };
        let Some(container) = containers.get_mut(index) else { return };
        if let (State::Ended { .. }, State::Waiting { .. } | State::Running { .. }) =
            (&container.state, &state)
        {
            container.last = Some(container.state.clone());
            container.restarts += 1;
        }
        container.state = state;
    }

    fn phase(&self) -> &'static str {
        let has_failed = |containers: &[Container]| {
            let ended =
                |container: &Container| matches!(container.state, State::Ended { code, .. } if code != 0);
            !self.restarts && containers.iter().any(ended)
        };
        let is_over = |container: &Container| matches!(container.state, State::Ended { .. });
        if has_failed(&self.init) {
            "Failed"
        } else if self.main.iter().all(|container| container.state.is_success()) {
            "Succeeded"
        } else if self.main.iter().all(is_over) && has_failed(&self.main) {
            "Failed"
        } else if self.main.iter().any(|container| container.last.is_some() || !is_waiting(container)) {
            "Running"
        } else {
            "Pending"
        }
    }

    /// The status as it is written.
    pub(super) fn status(&self) -> Value {
        let phase = self.phase();
        let at = now();
        let condition = |type_: &str, is_met: bool, reason: Option<&str>| {
            let status = if is_met { "True" } else { "False" };
            json!({ "type": type_, "status": status, "reason": reason, "lastTransitionTime": at })
        };
        let is_initialized = self.init.iter().all(|container| container.state.is_success());
        let is_ready = self.main.iter().all(|container| matches!(container.state, State::Running { .. }));
        let reason = match phase {
            _ if is_ready => None,
            "Succeeded" => Some("PodCompleted"),
            "Failed" => Some("PodFailed"),
            _ => Some("ContainersNotReady"),
        };
        json!({
            "phase": phase,
            "startTime": self.since,
            "hostIP": "127.0.0.1",
            "podIP": "127.0.0.1",
            "podIPs": [{ "ip": "127.0.0.1" }],
            "conditions": [
                condition("PodScheduled", true, None),
                condition("Initialized", is_initialized, (!is_initialized).then_some("ContainersNotInitialized")),
                condition("Ready", is_ready, reason),
                condition("ContainersReady", is_ready, reason),
            ],
            "initContainerStatuses": self.init.iter().map(|one| one.value(true)).collect::<Vec<_>>(),
            "containerStatuses": self.main.iter().map(|one| one.value(false)).collect::<Vec<_>>(),
        })
    }
}

fn is_waiting(container: &Container) -> bool {
    matches!(container.state, State::Waiting { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(policy: &str) -> Report {
        let pod = serde_json::from_value(json!({ "spec": {
            "restartPolicy": policy,
            "initContainers": [{ "name": "copy-charts", "image": "charts" }],
            "containers": [{ "name": "helm", "image": "tools" }],
        }}))
        .unwrap();
        Report::new(&pod)
    }

    fn ended(code: i32) -> State {
        State::Ended { code, since: now(), until: now() }
    }

    fn waiting() -> State {
        State::Waiting { reason: "CrashLoopBackOff", message: String::new() }
    }

    #[test]
    fn the_phase_follows_the_containers() {
        type Case = (&'static str, Vec<(List, State)>, &'static str);
        let running = || State::Running { since: now() };
        let table: [Case; 8] = [
            ("Never", vec![], "Pending"),
            ("Never", vec![(List::Init, running())], "Pending"),
            ("Never", vec![(List::Init, ended(1))], "Failed"),
            ("Never", vec![(List::Init, ended(0)), (List::Main, running())], "Running"),
            ("Never", vec![(List::Init, ended(0)), (List::Main, ended(0))], "Succeeded"),
            ("Never", vec![(List::Init, ended(0)), (List::Main, ended(1))], "Failed"),
            ("OnFailure", vec![(List::Init, ended(0)), (List::Main, ended(1))], "Running"),
            (
                "OnFailure",
                vec![(List::Init, ended(0)), (List::Main, ended(1)), (List::Main, waiting())],
                "Running",
            ),
        ];
        for (policy, moves, expected) in table {
            let mut report = report(policy);
            for (list, state) in moves.clone() {
                report.set(list, 0, state);
            }
            assert_eq!(report.status()["phase"], expected, "{policy} {moves:?}");
        }
    }

    #[test]
    fn a_container_that_starts_again_keeps_how_it_ended() {
        let mut report = report("OnFailure");
        report.set(List::Main, 0, ended(2));
        report.set(List::Main, 0, waiting());
        report.set(List::Main, 0, State::Running { since: now() });
        let status = report.status();
        let container = &status["containerStatuses"][0];
        assert_eq!(container["restartCount"], 1);
        assert_eq!(container["lastState"]["terminated"]["exitCode"], 2);
        assert_eq!(container["ready"], true);
    }
}
