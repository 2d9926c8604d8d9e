//! What can happen, and where: the kinds of faults, and the places that a run without faults shows.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance_tests::api_faults::{Fault, Request};
use http::StatusCode;

/// Of requests of one kind in one run, so many are places. Later ones repeat what a wait does anyway.
const SAME: usize = 3;
/// How much later an answer comes that stalls.
const STALL: Duration = Duration::from_millis(800);
/// The same, for what is longer than a client waits.
const LONG_STALL: Duration = Duration::from_mins(1);

/// What happens at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    ResetBefore,
    ResetAfter,
    TooMany,
    Internal,
    Unavailable,
    Conflict,
    Gone,
    Expired,
    Closed,
    Stall,
    LongStall,
    Unauthorized,
    Away,
    LongAway,
    KillBefore,
    KillAfter,
    Interrupt,
    InterruptTwice,
    Deleted,
    Changed,
    ClockForward,
    ClockBack,
}

impl Kind {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Self; 22] = [
        Self::ResetBefore,
        Self::ResetAfter,
        Self::TooMany,
        Self::Internal,
        Self::Unavailable,
        Self::Conflict,
        Self::Gone,
        Self::Expired,
        Self::Closed,
        Self::Stall,
        Self::LongStall,
        Self::Unauthorized,
        Self::Away,
        Self::LongAway,
        Self::KillBefore,
        Self::KillAfter,
        Self::Interrupt,
        Self::InterruptTwice,
        Self::Deleted,
        Self::Changed,
        Self::ClockForward,
        Self::ClockBack,
    ];

    /// Head of its column, and what stands for it in the name of a point.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::ResetBefore => "reset before",
            Self::ResetAfter => "reset after",
            Self::TooMany => "429",
            Self::Internal => "500",
            Self::Unavailable => "503",
            Self::Conflict => "409",
            Self::Gone => "410",
            Self::Expired => "410 in watch",
            Self::Closed => "watch ends",
            Self::Stall => "stall",
            Self::LongStall => "stall 60 s",
            Self::Unauthorized => "401",
            Self::Away => "API away",
            Self::LongAway => "away 30 s",
            Self::KillBefore => "kill before",
            Self::KillAfter => "kill after",
            Self::Interrupt => "Ctrl-C",
            Self::InterruptTwice => "Ctrl-C twice",
            Self::Deleted => "deleted",
            Self::Changed => "changed",
            Self::ClockForward => "clock forward",
            Self::ClockBack => "clock back",
        }
    }

    /// Whether it can happen to requests of this kind.
    fn fits(self, request: &str) -> bool {
        let is_watch = request.starts_with("WATCH ");
        let is_read = is_watch || request.starts_with("GET ");
        match self {
            Self::Conflict => !is_read,
            Self::Gone | Self::Expired | Self::Closed => is_watch,
            // To a read it makes no difference whether it was carried out.
            Self::KillAfter => !is_read,
            // Through a connection to a container nothing is answered in the form of the API.
            Self::ResetBefore | Self::ResetAfter | Self::TooMany | Self::Internal | Self::Unavailable => true,
            Self::Stall | Self::LongStall | Self::Unauthorized | Self::Away | Self::LongAway => true,
            Self::KillBefore | Self::Interrupt | Self::InterruptTwice => true,
            Self::Deleted | Self::Changed | Self::ClockForward | Self::ClockBack => true,
        }
    }

    /// At how many requests of one kind it is played: what takes long is played at the first.
    fn same(self) -> usize {
        if matches!(self, Self::LongStall | Self::LongAway) { 1 } else { SAME }
    }

    /// What the proxy does about it.
    pub(crate) fn fault(self) -> Fault {
        let answer = |status| Fault::Answer { status, retry_after: None };
        match self {
            Self::ResetBefore => Fault::Reset,
            Self::ResetAfter => Fault::LoseAnswer,
            Self::TooMany => Fault::too_many_requests(1),
            Self::Internal => Fault::internal_error(),
            Self::Unavailable => Fault::unavailable(),
            Self::Conflict => answer(StatusCode::CONFLICT),
            Self::Gone => answer(StatusCode::GONE),
            Self::Expired => Fault::Expire,
            Self::Closed => Fault::EndWatch,
            Self::Stall => Fault::Stall(STALL),
            Self::LongStall => Fault::Stall(LONG_STALL),
            Self::Unauthorized => answer(StatusCode::UNAUTHORIZED),
            Self::KillAfter | Self::InterruptTwice => Fault::HoldAnswer,
            Self::Away | Self::LongAway | Self::KillBefore | Self::Interrupt => Fault::Hold,
            Self::Deleted | Self::Changed | Self::ClockForward | Self::ClockBack => Fault::Hold,
        }
    }
}

/// Something that happens at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    /// The scenario's name.
    pub(crate) scenario: &'static str,
    /// The step of the life.
    pub(crate) phase: &'static str,
    /// Kind of the request.
    pub(crate) request: String,
    /// How many requests of the kind come before it in this step.
    pub(crate) spared: u32,
    /// What happens to it.
    pub(crate) kind: Kind,
}

impl Point {
    /// A name that stays the same from run to run.
    pub(crate) fn id(&self) -> String {
        let Self { scenario, phase, request, spared, kind } = self;
        format!("{scenario} | {phase} | {request} #{} | {}", spared + 1, kind.word())
    }
}

/// All points of a step, from the requests of a run of it without faults.
pub(crate) fn points(scenario: &'static str, phase: &'static str, requests: &[Request]) -> Vec<Point> {
    let mut seen = BTreeMap::<String, usize>::new();
    for request in requests {
        *seen.entry(request.kind()).or_default() += 1;
    }
    let mut points = Vec::new();
    for (request, count) in seen {
        for kind in Kind::ALL.into_iter().filter(|kind| kind.fits(&request)) {
            for spared in 0..count.min(kind.same()) {
                let spared = u32::try_from(spared).expect("few");
                points.push(Point { scenario, phase, request: request.clone(), spared, kind });
            }
        }
    }
    points
}
