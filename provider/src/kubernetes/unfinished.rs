//! The mark of an object whose create Terraform has not been told the end of: whoever finds it knows that the object is no
//! other's, and goes on with it.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;

use super::Error;
use super::ownership::Ownership;
use crate::wait::at_most;

/// Annotation of such an object; its value says what was under way.
pub const MARK: &str = "terraform.kubeblocks.io/unfinished";
/// Value of the mark of a create.
pub const CREATING: &str = "create";
/// So long it may take to take a mark off: all else of the run is done.
const LIMIT: Duration = Duration::from_secs(5);

/// The object with the mark of a create.
pub fn marked<K: Resource + Clone>(object: &K) -> K {
    let mut object = object.clone();
    object.meta_mut().annotations.get_or_insert_default().insert(MARK.to_owned(), CREATING.to_owned());
    object
}

/// Takes a mark off by `work`, which touches nothing else: what others have made of the object meanwhile is theirs, and an
/// object that is being deleted goes. A mark that stays does little, so that only the log tells of it.
pub async fn take_off<F>(work: impl Fn() -> F)
where
    F: Future<Output = Result<(), Error>>,
{
    match at_most(LIMIT, twice(work)).await {
        Some(Ok(())) => {}
        Some(Err(error)) if error.is_not_found() => {}
        Some(Err(error)) => tracing::warn!(%error, "the mark of an unfinished operation stays"),
        None => tracing::warn!("the mark of an unfinished operation stays: no answer in time"),
    }
}

/// What refuses it once may pass, and nobody comes back to it soon.
async fn twice<F>(work: impl Fn() -> F) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>>,
{
    match work().await {
        Ok(()) => Ok(()),
        Err(_) => work().await,
    }
}

/// Whether an object was made by a create of ours that was cut off.
pub fn is_cut_off(meta: &ObjectMeta) -> bool {
    let mark = meta.annotations.as_ref().and_then(|annotations| annotations.get(MARK));
    mark.is_some_and(|mark| mark == CREATING) && Ownership::ours(meta).is_some()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn what_refuses_a_mark_s_removal_once_does_not_keep_it() {
        for (refusals, taken_off, times) in [(0, true, 1), (1, true, 2), (2, false, 2)] {
            let asked = Cell::new(0);
            let outcome = twice(|| {
                asked.set(asked.get() + 1);
                let refused = asked.get() <= refusals;
                async move { if refused { Err(Error::Interrupted) } else { Ok(()) } }
            });
            assert_eq!((outcome.await.is_ok(), asked.get()), (taken_off, times), "{refusals} refusals");
        }
    }
}
