//! One life: its steps one after the other, in each at most one fault, and after each the questions that matter.

use std::time::{Duration, Instant};

use acceptance_tests::api_faults::{Matching, Request};
use serde_json::Value;

use crate::core::{Failed, Resource, run};
use crate::plugin::Plugin;
use crate::points::{Kind, Point};
use crate::scenarios::{DESTROY, Names, Phase, Scenario, Subject};
use crate::world::{Found, NOTE, World};

/// No step here takes longer, whatever happens to it.
const LIMIT: Duration = Duration::from_mins(4);
/// An interrupted run ends by then.
const PROMPT: Duration = Duration::from_secs(20);
/// For how long the API is away.
const AWAY: Duration = Duration::from_millis(700);
/// The same, for what is longer than an API server takes to start again.
const LONG_AWAY: Duration = Duration::from_secs(30);
/// By how many seconds the clock jumps: credentials end within as much.
const JUMP: i64 = 3700;
const UNFINISHED: &str = "terraform.kubeblocks.io/unfinished";

/// How a point ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The run itself got over it.
    Survived,
    /// The run told of it, and the next one went on.
    Continued,
    /// The same, but the object was made anew: Terraform had marked it as tainted.
    Remade,
    /// The provider was killed after its last request, before Terraform was told: the next run names the import, and that
    /// leads on.
    Imported,
    /// The request did not come this time, or there was nothing to do it to.
    NotMet,
    /// What is wrong.
    Failed(String),
}

/// A resource on its way.
pub(crate) struct Life<'a> {
    pub(crate) world: &'a World,
    pub(crate) scenario: &'a Scenario,
    pub(crate) names: Names,
    pub(crate) resource: Resource,
    /// What the last run without a fault asked.
    pub(crate) requests: Vec<Request>,
}

/// What a step has to lead to.
struct Goal {
    phase: &'static str,
    config: Option<Value>,
    /// What is to live on, as it was before.
    before: Option<Found>,
}

impl Life<'_> {
    /// A step that makes or changes something.
    pub(crate) async fn step(&mut self, phase: &Phase, point: Option<&Point>) -> (Outcome, Duration) {
        let before = self.world.find(self.scenario, &self.names).await.pop();
        let before = before.filter(|_| self.resource.is_managed() && !phase.replaces);
        let config = Some((phase.config)(&self.names));
        self.play(Goal { phase: phase.name, config, before }, point).await
    }

    /// The end.
    pub(crate) async fn end(&mut self, point: Option<&Point>) -> (Outcome, Duration) {
        self.play(Goal { phase: DESTROY, config: None, before: None }, point).await
    }

    async fn play(&mut self, goal: Goal, point: Option<&Point>) -> (Outcome, Duration) {
        let started = Instant::now();
        let played = tokio::time::timeout(LIMIT, self.reach(&goal, point)).await;
        let outcome = played.unwrap_or_else(|_| {
            Outcome::Failed(format!("{} is not over after {} seconds", goal.phase, LIMIT.as_secs()))
        });
        (outcome, started.elapsed())
    }

    async fn reach(&mut self, goal: &Goal, point: Option<&Point>) -> Outcome {
        let there = self.world.find(self.scenario, &self.names).await.pop();
        let (first, met) = match point {
            None => (self.undisturbed(goal).await, false),
            Some(point) => match self.suffer(goal, point).await {
                Ok(suffered) => suffered,
                Err(wrong) => return Outcome::Failed(wrong),
            },
        };
        let kind = point.filter(|_| met).map(|point| point.kind);
        if kind == Some(Kind::Deleted) {
            // What the errors say: run it again when the object is gone.
            let gone = self.world.until_gone(self.scenario, &self.names).await;
            if let Err(wrong) = gone.and(self.put_back(there.as_ref()).await) {
                return Outcome::Failed(wrong);
            }
        }
        if let (Err(errors), None) = (&first, kind) {
            return Outcome::Failed(format!("without a fault: {}", errors.join("; ")));
        }
        let made = self.world.find(self.scenario, &self.names).await.pop();
        let remade = self.resource.is_tainted();
        let (imported, run_again) = match self.settle(goal, &first, kind).await {
            Ok(settled) => settled,
            Err(wrong) => return Outcome::Failed(format!("{wrong} (the run: {first:?})")),
        };
        let lives_on = match (kind, remade) {
            (Some(Kind::Deleted), _) | (_, true) => None,
            _ => goal.before.clone().or(made.filter(|_| goal.phase == "create")),
        };
        if let Err(wrong) = self.judge(goal, lives_on.as_ref(), kind).await {
            return Outcome::Failed(format!("{wrong} (the run: {first:?})"));
        }
        match (kind, remade, first) {
            (None, ..) => Outcome::NotMet,
            (_, true, _) => Outcome::Remade,
            _ if imported => Outcome::Imported,
            (_, _, Ok(())) if !run_again => Outcome::Survived,
            (_, _, Ok(()) | Err(_)) => Outcome::Continued,
        }
    }

    async fn undisturbed(&mut self, goal: &Goal) -> Result<(), Failed> {
        let api = &self.world.api;
        api.forget_requests();
        let ended = run(&mut self.resource, api.kubeconfig(), goal.config.as_ref()).await;
        self.requests = api.requests();
        ended
    }

    /// The run with the fault: how it ended, and whether the fault happened.
    async fn suffer(&mut self, goal: &Goal, point: &Point) -> Result<(Result<(), Failed>, bool), String> {
        let world = self.world;
        let api = &world.api;
        let matching = Matching::kind(&point.request);
        api.forget_requests();
        api.inject_at(matching, point.spared, point.kind.fault());
        let plugin = Plugin::start(api.kubeconfig()).await;
        let (scenario, names) = (self.scenario, self.names.clone());
        let happen = async {
            // Whether there was something to do it to.
            let mut applied = true;
            api.wait_for_fault().await;
            match point.kind {
                Kind::Away => api.be_away_for(AWAY).await.expect("the proxy runs"),
                Kind::LongAway => api.be_away_for(LONG_AWAY).await.expect("the proxy runs"),
                Kind::ClockForward => plugin.clock_jumps(JUMP),
                Kind::ClockBack => plugin.clock_jumps(-JUMP),
                Kind::KillBefore | Kind::KillAfter => plugin.kill(),
                Kind::Interrupt => plugin.stop().await,
                Kind::InterruptTwice => {
                    plugin.stop().await;
                    plugin.kill();
                }
                Kind::Deleted => applied = world.delete(scenario, &names).await,
                Kind::Changed => applied = world.note(scenario, &names, "changed").await,
                _ => {}
            }
            // What a killed process asked and was held is never carried out: its connection ends.
            if point.kind != Kind::KillBefore {
                api.release();
            }
            applied
        };
        let (ended, met) = {
            let run = self.resource.run(&plugin, goal.config.as_ref());
            tokio::pin!(run, happen);
            tokio::select! {
                ended = &mut run => {
                    // A run may do without the answer that is held. What somebody else has begun to do is done all the same.
                    let played = api.forget_faults() == 0;
                    let is_begun = played && matches!(point.kind, Kind::Deleted | Kind::Changed);
                    (ended, if is_begun { happen.await } else { played })
                }
                applied = &mut happen => {
                    let patience = if point.kind == Kind::Interrupt { PROMPT } else { LIMIT };
                    let ended = tokio::time::timeout(patience, run).await;
                    let late = |_| format!("the run is not over after {} seconds", patience.as_secs());
                    (ended.map_err(late)?, applied)
                }
            }
        };
        if point.kind != Kind::KillBefore {
            api.release();
        }
        // What comes next is not about this any more.
        api.come_back().await.expect("the proxy runs");
        Ok((ended, met))
    }

    /// Goes on until there is nothing to do. Once must be enough. Whether an import was needed, and another run.
    async fn settle(
        &mut self,
        goal: &Goal,
        first: &Result<(), Failed>,
        kind: Option<Kind>,
    ) -> Result<(bool, bool), String> {
        let mut imported = false;
        let mut again = first.is_err();
        if first.is_ok() && !self.is_settled(goal).await? {
            again = true;
        }
        if again {
            imported = self.go_on(goal, kind).await?;
        }
        if again && !self.is_settled(goal).await? {
            return Err("the next plan is not empty".to_owned());
        }
        Ok((imported, again))
    }

    /// What was there before all lives is brought again by those who brought it.
    async fn put_back(&self, there: Option<&Found>) -> Result<(), String> {
        match there {
            Some(there) if self.scenario.stays => self.world.create(self.scenario, &self.names, there).await,
            _ => Ok(()),
        }
    }

    async fn is_settled(&mut self, goal: &Goal) -> Result<bool, String> {
        let settled = self.resource.is_settled(self.world.api.kubeconfig(), goal.config.as_ref()).await;
        settled.map_err(|errors| format!("there is no next plan: {}", errors.join("; ")))
    }

    /// The next run, after the import that it asks for if the provider was killed.
    async fn go_on(&mut self, goal: &Goal, kind: Option<Kind>) -> Result<bool, String> {
        let (config, kubeconfig) = (goal.config.as_ref(), self.world.api.kubeconfig());
        let Err(errors) = run(&mut self.resource, kubeconfig, config).await else { return Ok(false) };
        let failed = |errors: Failed| format!("the next run does not go on: {}", errors.join("; "));
        let was_killed = matches!(kind, Some(Kind::KillAfter | Kind::InterruptTwice));
        let Some(id) = import_id(&errors.join(" ")).filter(|_| was_killed) else {
            return Err(failed(errors));
        };
        self.resource.import(kubeconfig, &id).await.map_err(failed)?;
        run(&mut self.resource, kubeconfig, config).await.map_err(failed)?;
        Ok(true)
    }

    /// Nothing lost, nothing doubled, nothing left.
    async fn judge(&self, goal: &Goal, lives_on: Option<&Found>, kind: Option<Kind>) -> Result<(), String> {
        let found = self.world.find(self.scenario, &self.names).await;
        if goal.config.is_none() {
            return self.judge_end(&found).await;
        }
        if found.is_empty() && kind == Some(Kind::Deleted) && self.scenario.is_done_once() {
            return Ok(());
        }
        let [one] = found.as_slice() else {
            let names: Vec<_> = found.iter().map(|found| &found.name).collect();
            return Err(format!("there should be one object, and there are: {names:?}"));
        };
        if let Some(before) = lives_on.filter(|before| before.uid != one.uid) {
            return Err(format!(
                "{} is another object than before: {} and {}",
                one.name, before.uid, one.uid
            ));
        }
        let annotations = &one.object["metadata"]["annotations"];
        if !annotations[UNFINISHED].is_null() {
            return Err(format!("{} is still marked as unfinished", one.name));
        }
        let noted = lives_on.map(|before| before.object["metadata"]["annotations"][NOTE].clone());
        let noted = if kind == Some(Kind::Changed) && lives_on.is_some() {
            Some(Value::from("changed"))
        } else {
            noted
        };
        if noted.as_ref().is_some_and(|noted| !noted.is_null() && *noted != annotations[NOTE]) {
            return Err(format!("what somebody else wrote on {} is lost", one.name));
        }
        let marks = self.marks().await;
        if marks.is_empty() { Ok(()) } else { Err(format!("marks are left: {marks:?}")) }
    }

    async fn judge_end(&self, found: &[Found]) -> Result<(), String> {
        if self.scenario.stays {
            let is_off = found.iter().all(|one| one.object["status"]["phase"] == "Disabled");
            return if is_off { Ok(()) } else { Err(format!("it is still on: {found:?}")) };
        }
        if let Some(one) = found.first() {
            return Err(format!("{} is still there", one.name));
        }
        let mut left = self.world.leftovers(&self.names).await;
        left.extend(self.marks().await);
        if left.is_empty() { Ok(()) } else { Err(format!("left: {left:?}")) }
    }

    async fn marks(&self) -> Vec<String> {
        match self.scenario.subject {
            Subject::Account => self.world.account_marks(&self.names).await,
            Subject::Object(..) => Vec::new(),
        }
    }
}

/// What an error says to import.
fn import_id(text: &str) -> Option<String> {
    let (_, command) = text.split_once("terraform import ")?;
    // The address is the resource's, of which the provider does not know the name.
    let after = command.strip_prefix("<address of this resource> ");
    let id = after.or_else(|| command.split_once(".NAME ").map(|(_, id)| id))?;
    id.split(|end: char| end.is_whitespace() || end == '`').next().map(str::to_owned)
}
