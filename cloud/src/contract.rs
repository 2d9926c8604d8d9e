//! The contract of [`ManagedKubernetes`] as code: one suite that every cloud runs against its stand-in.
//!
//! It fails with the first broken promise in words, so that a new cloud can be written against it.

use std::future::Future;
use std::time::SystemTime;

use crate::{ClusterId, Error, ManagedKubernetes, Phase};

/// What the suite needs to drive one cloud.
pub trait Subject {
    /// The cloud under test.
    type Cloud: ManagedKubernetes;

    /// The cloud, with credentials that work.
    fn cloud(&self) -> &Self::Cloud;
    /// A cluster to ask for, and the id it will have.
    fn wish(&self) -> (<Self::Cloud as ManagedKubernetes>::Spec, ClusterId);
    /// A change of that cluster that the cloud accepts.
    fn change(&self) -> <Self::Cloud as ManagedKubernetes>::Change;
    /// An id that nothing has.
    fn missing(&self) -> ClusterId;
    /// A wish for a name that someone else's cluster holds.
    fn taken(&self) -> <Self::Cloud as ManagedKubernetes>::Spec;
    /// Lets the stand-in's clock run until the operation under way is over.
    fn settle(&self) -> impl Future<Output = ()> + Send;
}

/// Runs the whole contract; `Err` says which promise is broken.
pub async fn run<S: Subject>(subject: &S) -> Result<(), String> {
    what_is_missing_is_missing(subject).await?;
    let id = creating_twice_is_creating_once(subject).await?;
    updating_is_one_operation_at_a_time(subject, &id).await?;
    credentials_are_valid_now(subject, &id).await?;
    deleting_twice_is_deleting_once(subject, &id).await
}

async fn what_is_missing_is_missing<S: Subject>(subject: &S) -> Result<(), String> {
    let (cloud, missing) = (subject.cloud(), subject.missing());
    match cloud.observe(&missing).await {
        Ok(None) => {}
        other => return Err(format!("observe of a missing cluster must be None, was {other:?}")),
    }
    match cloud.credentials(&missing).await {
        Err(Error::NotFound { .. }) => {}
        other => return Err(format!("credentials of a missing cluster must be NotFound, was {other:?}")),
    }
    cloud.delete(&missing).await.map_err(|error| format!("delete of a missing cluster must succeed: {error}"))
}

async fn creating_twice_is_creating_once<S: Subject>(subject: &S) -> Result<ClusterId, String> {
    let cloud = subject.cloud();
    match cloud.create(&subject.taken()).await {
        Err(Error::AlreadyExists { .. }) => {}
        other => return Err(format!("a name that is taken must be AlreadyExists, was {other:?}")),
    }
    let (spec, expected) = subject.wish();
    for attempt in ["first", "second"] {
        let id = cloud.create(&spec).await.map_err(|error| format!("{attempt} create: {error}"))?;
        if id != expected {
            return Err(format!("the {attempt} create gave id {id:?}, expected {expected:?}"));
        }
    }
    let observed = observe(cloud, &expected).await?;
    if observed != Phase::Creating && observed != Phase::Active {
        return Err(format!("after create the phase must be Creating or Active, was {observed:?}"));
    }
    subject.settle().await;
    match observe(cloud, &expected).await? {
        Phase::Active => Ok(expected),
        other => Err(format!("a created cluster must become Active, was {other:?}")),
    }
}

async fn updating_is_one_operation_at_a_time<S: Subject>(subject: &S, id: &ClusterId) -> Result<(), String> {
    let cloud = subject.cloud();
    cloud.update(id, &subject.change()).await.map_err(|error| format!("update: {error}"))?;
    if observe(cloud, id).await? == Phase::Updating {
        match cloud.update(id, &subject.change()).await {
            Ok(()) | Err(Error::Conflict { .. }) => {}
            Err(other) => return Err(format!("update of a busy cluster must be Conflict, was {other:?}")),
        }
    }
    subject.settle().await;
    match cloud.update(&subject.missing(), &subject.change()).await {
        Err(Error::NotFound { .. }) => Ok(()),
        other => Err(format!("update of a missing cluster must be NotFound, was {other:?}")),
    }
}

async fn credentials_are_valid_now<S: Subject>(subject: &S, id: &ClusterId) -> Result<(), String> {
    let credentials =
        subject.cloud().credentials(id).await.map_err(|error| format!("credentials: {error}"))?;
    if credentials.expires_at <= SystemTime::now() {
        return Err("credentials must not be expired when they are given".to_owned());
    }
    if format!("{credentials:?}").contains(&credentials.token) {
        return Err("the debug text of credentials must not show the token".to_owned());
    }
    Ok(())
}

async fn deleting_twice_is_deleting_once<S: Subject>(subject: &S, id: &ClusterId) -> Result<(), String> {
    let cloud = subject.cloud();
    for attempt in ["first", "second"] {
        cloud.delete(id).await.map_err(|error| format!("{attempt} delete: {error}"))?;
    }
    subject.settle().await;
    match cloud.observe(id).await {
        Ok(None) => Ok(()),
        other => Err(format!("a deleted cluster must be gone, was {other:?}")),
    }
}

async fn observe<C: ManagedKubernetes>(cloud: &C, id: &ClusterId) -> Result<Phase, String> {
    match cloud.observe(id).await {
        Ok(Some(observed)) => Ok(observed.phase),
        other => Err(format!("observe of an existing cluster must find it, was {other:?}")),
    }
}

#[cfg(test)]
mod tests;
