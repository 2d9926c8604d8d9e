//! Managed Kubernetes clusters and their node pools, on the clouds. The steps are the same for all: a search -> the cloud's
//! client and place -> page after page of what is there -> identities -> states, when they are wanted.

mod clusters;
mod pools;

pub(crate) mod ack;
pub(crate) mod aks;
pub(crate) mod eks;
pub(crate) mod gke;

use kubeblocks_cloud::{Error, Listed, Page, PageRequest};
use tfplugin::prelude::*;

pub(crate) use self::clusters::{ClusterListing, FindableCluster};
pub(crate) use self::pools::{FindablePool, PoolListing};
use super::{Found, send};
use crate::resources::managed::failure;

/// A list of a cloud, page by page.
trait Pages: Sync {
    /// What it lists.
    type Id;

    /// One of them.
    fn page(&self, request: &PageRequest) -> impl Future<Output = Result<Page<Self::Id>, Error>> + Send;
}

/// What is wanted of a list, and who takes it.
struct Wanted<'a, R: Resource> {
    resource: &'a R,
    context: &'a Context,
    with_state: bool,
    limit: i64,
    /// What cannot be done, when it cannot.
    summary: String,
    sink: ListSink<R>,
}

impl<R: Resource<Identity: Clone>> Wanted<'_, R> {
    fn failed(&self, error: &Error) -> Diagnostics {
        failure::diagnostic(&self.summary, error).into()
    }

    /// Lets a request go on until the practitioner interrupts.
    async fn ask<T>(&self, request: impl Future<Output = Result<T, Error>>) -> Result<T, Diagnostics> {
        match self.context.stop().run_until_cancelled(request).await {
            Some(answer) => answer.map_err(|error| self.failed(&error)),
            None => Err(Diagnostic::error(&self.summary, "Interrupted before all was found.").into()),
        }
    }

    /// Sends what is on all pages, or on as many as hold what is wanted.
    async fn send_all<P: Pages>(
        self,
        pages: P,
        found: impl Fn(&Listed<P::Id>) -> Result<Found<R::Identity>, Diagnostic>,
    ) -> Result<(), Diagnostics> {
        let mut request = PageRequest { after: None, at_most: self.page_size() };
        let mut still = usize::try_from(self.limit).ok().filter(|limit| *limit > 0);
        loop {
            let page = self.ask(pages.page(&request)).await?;
            self.tell_missing(&page.missing);
            let mut all = Vec::new();
            for listed in &page.found {
                match found(listed) {
                    Ok(one) => all.push(one),
                    Err(why) => super::warn(self.context, R::TYPE_NAME, &listed.name, why.into()),
                }
            }
            let taken = send(self.resource, self.context, self.with_state, all, self.sink.clone()).await;
            still = still.map(|still| still.saturating_sub(taken));
            if page.next.is_none() || still == Some(0) || self.sink.is_closed() {
                return Ok(());
            }
            request.after = page.next;
        }
    }

    /// No more than are wanted at all; without a limit it is the cloud's business.
    fn page_size(&self) -> Option<u16> {
        u16::try_from(self.limit).ok().filter(|limit| *limit > 0)
    }

    fn tell_missing(&self, places: &[String]) {
        if places.is_empty() {
            return;
        }
        let detail = format!(
            "The cloud could not say what there is in {}. Run the command again later to find that, too.",
            places.join(", ")
        );
        self.context.warn(Diagnostic::warning("The list has gaps", detail));
    }
}

/// What was found, by the id of its import and its name.
fn shown<I>(identity: I, id: &str, name: &str) -> Found<I> {
    Found { identity, id: display(id, name), namespace: None, name: name.to_owned() }
}

/// How people call what was found: by its id, and by its name where the id does not hold that.
fn display(id: &str, name: &str) -> String {
    if id.contains(name) { id.to_owned() } else { format!("{name} ({id})") }
}

#[cfg(test)]
mod tests;
