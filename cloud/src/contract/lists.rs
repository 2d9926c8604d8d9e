//! The promises of lists: they are whole however many pages they take, also with what others made.

use super::Subject;
use crate::{ClusterId, Error, Listed, ManagedKubernetes, PageRequest, PoolId};

/// The most pages that a list takes here.
const PAGES: usize = 20;

pub(super) async fn nothing_is_listed<S: Subject>(subject: &S) -> Result<(), String> {
    let (found, _) = clusters(subject).await?;
    if !found.is_empty() {
        return Err(format!("a place without clusters must list none, lists {found:?}"));
    }
    let missing = subject.missing();
    match subject.cloud().list_pools(&missing, &PageRequest::default()).await {
        Err(Error::NotFound { .. }) => Ok(()),
        other => Err(format!("the list of a missing cluster's pools must be NotFound, was {other:?}")),
    }
}

pub(super) async fn all_clusters_are_listed<S: Subject>(
    subject: &S,
    ours: &ClusterId,
    others: &ClusterId,
) -> Result<(), String> {
    let (found, pages) = clusters(subject).await?;
    are(&found, &[ours.clone(), others.clone()], "clusters")?;
    for listed in &found {
        if listed.is_marked == Some(false) {
            return Err(format!("a cluster with an owner's mark must not be told without: {listed:?}"));
        }
        match subject.cloud().observe(&listed.id).await {
            Ok(Some(observed)) if observed.name == listed.name => {}
            other => return Err(format!("what is listed must be observed as {listed:?}, was {other:?}")),
        }
    }
    if subject.is_paged() && pages < 2 {
        return Err("one cluster at a time must take more than one page".to_owned());
    }
    Ok(())
}

pub(super) async fn only_others_are_listed<S: Subject>(
    subject: &S,
    others: &ClusterId,
) -> Result<(), String> {
    let (found, _) = clusters(subject).await?;
    are(&found, std::slice::from_ref(others), "clusters that are left")
}

/// The pools of a cluster are these, beside the one that it was made with.
pub(super) async fn pools_are<S: Subject>(
    subject: &S,
    cluster: &ClusterId,
    expected: &[PoolId],
) -> Result<(), String> {
    let cloud = subject.cloud();
    let (found, _) = read(async |page| cloud.list_pools(cluster, page).await).await?;
    are(&found, expected, "pools")?;
    for listed in &found {
        match cloud.observe_pool(&listed.id).await {
            Ok(Some(observed)) if observed.name == listed.name => {}
            other => return Err(format!("what is listed must be observed as {listed:?}, was {other:?}")),
        }
    }
    Ok(())
}

async fn clusters<S: Subject>(subject: &S) -> Result<(Vec<Listed<ClusterId>>, usize), String> {
    let (cloud, place) = (subject.cloud(), <S::Cloud as ManagedKubernetes>::Place::default());
    read(async |page| cloud.list(&place, page).await).await
}

/// All pages, one thing at a time where the cloud lets itself be told, and how many they were.
async fn read<I>(
    list: impl AsyncFn(&PageRequest) -> Result<crate::Page<I>, Error>,
) -> Result<(Vec<Listed<I>>, usize), String> {
    let mut all = Vec::new();
    let mut request = PageRequest { after: None, at_most: Some(1) };
    for pages in 1..=PAGES {
        let page = list(&request).await.map_err(|error| format!("list: {error}"))?;
        if !page.missing.is_empty() {
            return Err(format!("all places must answer, missing are {:?}", page.missing));
        }
        all.extend(page.found);
        if page.next.is_none() {
            return Ok((all, pages));
        }
        request.after = page.next;
    }
    Err(format!("a list must end, goes on after {PAGES} pages"))
}

/// Exactly these are listed, in whatever order.
fn are<I: Clone + Ord + std::fmt::Debug>(
    found: &[Listed<I>],
    expected: &[I],
    what: &str,
) -> Result<(), String> {
    let mut found: Vec<I> = found.iter().map(|listed| listed.id.clone()).collect();
    let mut expected = expected.to_vec();
    found.sort();
    expected.sort();
    if found == expected {
        return Ok(());
    }
    Err(format!("the list of {what} must be {expected:?}, was {found:?}"))
}
