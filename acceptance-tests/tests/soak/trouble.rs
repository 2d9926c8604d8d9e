//! What happens during a run of Terraform, by chance.

use std::time::Duration;

use acceptance_tests::api_faults::{ApiFaults, Fault, Matching};
use http::StatusCode;
use rand::prelude::*;
use rustix::process::{Pid, Signal, kill_process};

/// One run's share.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    /// After how many requests which fault comes.
    faults: Vec<(u32, Fault)>,
    /// After how long, for how long the API is away.
    away: Option<(Duration, Duration)>,
    /// After how long the practitioner presses Ctrl-C.
    interrupt: Option<Duration>,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} faults", self.faults.len())?;
        if let Some((_, long)) = self.away {
            write!(formatter, ", away for {} ms", long.as_millis())?;
        }
        if self.interrupt.is_some() {
            write!(formatter, ", Ctrl-C")?;
        }
        Ok(())
    }
}

impl Trouble {
    /// Nothing in one of four runs.
    pub(crate) fn any(random: &mut StdRng) -> Self {
        let mut trouble = Self { faults: Vec::new(), away: None, interrupt: None };
        if random.random_bool(0.25) {
            return trouble;
        }
        for _ in 0..random.random_range(0..6) {
            trouble.faults.push((random.random_range(0..150), fault(random)));
        }
        if random.random_bool(0.15) {
            let (after, long) = (random.random_range(100..6000), random.random_range(200..20_000));
            trouble.away = Some((Duration::from_millis(after), Duration::from_millis(long)));
        }
        if random.random_bool(0.15) {
            trouble.interrupt = Some(Duration::from_millis(random.random_range(500..10_000)));
        }
        trouble
    }

    /// How many things.
    pub(crate) fn count(&self) -> usize {
        self.faults.len() + usize::from(self.away.is_some()) + usize::from(self.interrupt.is_some())
    }

    /// For the proxy.
    pub(crate) fn faults(&self) -> impl Iterator<Item = (Matching, u32, Fault)> + '_ {
        self.faults.iter().map(|(spared, fault)| (Matching::any(), *spared, *fault))
    }

    /// What comes with time; does not return before all of it has come.
    pub(crate) async fn happen(&self, api: &ApiFaults, terraform: u32) {
        let away = async {
            if let Some((after, long)) = self.away {
                tokio::time::sleep(after).await;
                api.be_away_for(long).await.expect("the proxy runs");
            }
        };
        let interrupt = async {
            if let Some(after) = self.interrupt {
                tokio::time::sleep(after).await;
                let process = Pid::from_raw(terraform.cast_signed()).expect("a process id");
                // It may have ended by itself.
                let _ = kill_process(process, Signal::INT);
            }
        };
        tokio::join!(away, interrupt);
        std::future::pending::<()>().await;
    }
}

fn fault(random: &mut StdRng) -> Fault {
    let answer = |status| Fault::Answer { status, retry_after: None };
    match random.random_range(0..10) {
        0 => Fault::Reset,
        1 => Fault::LoseAnswer,
        2 => Fault::too_many_requests(random.random_range(1..4)),
        3 => Fault::internal_error(),
        4 => Fault::unavailable(),
        5 => answer(StatusCode::UNAUTHORIZED),
        6 => answer(StatusCode::GONE),
        7 => Fault::EndWatch,
        8 => Fault::Expire,
        _ => Fault::Stall(Duration::from_millis(random.random_range(500..40_000))),
    }
}
