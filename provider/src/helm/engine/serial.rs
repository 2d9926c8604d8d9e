//! One operation at a time on one release within this process. Helm would refuse the second one, which a practitioner
//! could not understand.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use futures::{FutureExt, StreamExt};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use super::Target;
use crate::wait::{self, Limits, Step, WaitError};

/// Server, namespace and name of a release.
type Key = (String, String, String);

/// Of the process and not of an engine, as two engines may run different helms on one release.
static TURNS: LazyLock<Mutex<HashMap<Key, Arc<Turn<()>>>>> = LazyLock::new(Mutex::default);

/// The right to write to a release, until it is dropped.
pub(super) type Right = Arc<OwnedMutexGuard<()>>;

/// Waits until nobody else of this process writes to the release.
pub(super) async fn turn(
    server: &str,
    target: Target<'_>,
    limits: &Limits,
) -> Result<Right, WaitError<(), ()>> {
    let key = (server.to_owned(), target.namespace.to_owned(), target.name.to_owned());
    let turn = {
        let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(key).or_default())
    };
    let mut waiting = turn.lock_owned().map(Arc::new).boxed().into_stream().boxed();
    let waited = wait::until(limits, &mut waiting, |right, _| Step::<_, ()>::Done(Arc::clone(right))).await;
    waited.map_err(|ended| match ended {
        WaitError::TimedOut { waited, .. } => WaitError::TimedOut { last: None, waited },
        WaitError::Interrupted { .. } => WaitError::Interrupted { last: None },
        WaitError::Failed { failure, .. } => WaitError::Failed { failure, last: () },
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_release_is_written_by_one_at_a_time_and_waiting_ends_with_the_limits() {
        let limits = Limits::new(Duration::from_mins(1), &CancellationToken::new());
        let target = Target { namespace: "serial", name: "one" };
        let first = turn("https://a", target, &limits).await.unwrap();
        let other = Target { namespace: "serial", name: "two" };
        turn("https://a", other, &limits).await.unwrap();
        turn("https://b", target, &limits).await.unwrap();
        assert!(matches!(turn("https://a", target, &limits).await, Err(WaitError::TimedOut { .. })));

        let again = Limits::new(Duration::from_mins(1), &CancellationToken::new());
        drop(first);
        let second = turn("https://a", target, &again).await.unwrap();
        again.stop.cancel();
        assert!(matches!(turn("https://a", target, &again).await, Err(WaitError::Interrupted { .. })));
        drop(second);
    }
}
