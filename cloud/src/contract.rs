//! The contract of [`ManagedKubernetes`] as code: one suite that every cloud runs against its stand-in.
//!
//! It fails with the first broken promise in words, so that a new cloud can be written against it.

use std::future::Future;
use std::time::SystemTime;

use crate::{ClusterId, Error, Made, ManagedKubernetes, Phase, PoolId, Progress, Proof};

mod lists;

/// What the suite needs to drive one cloud.
pub trait Subject {
    /// The cloud under test.
    type Cloud: ManagedKubernetes;

    /// The cloud, with credentials that work.
    fn cloud(&self) -> &Self::Cloud;
    /// A cluster to ask for, with a network to be made, and the owner's mark that it is to carry.
    fn wish(&self) -> (<Self::Cloud as ManagedKubernetes>::Spec, String);
    /// The same cluster, wished otherwise.
    fn change(&self) -> <Self::Cloud as ManagedKubernetes>::Spec;
    /// A wish for a name that nothing has.
    fn absent(&self) -> <Self::Cloud as ManagedKubernetes>::Spec;
    /// An id that nothing has.
    fn missing(&self) -> ClusterId;
    /// Makes someone else's cluster, of the name that [`Subject::taken`] wants; the place was empty before.
    fn occupy(&self) -> impl Future<Output = ClusterId>;
    /// Whether the cloud answers a list of clusters in pages when one at a time is asked for.
    fn is_paged(&self) -> bool;
    /// A wish for a name that someone else's cluster holds.
    fn taken(&self) -> <Self::Cloud as ManagedKubernetes>::Spec;
    /// A pool to ask for on the cluster of [`Subject::wish`], and one with another size; `id` is that cluster.
    fn pool(&self, id: &ClusterId) -> [<Self::Cloud as ManagedKubernetes>::PoolSpec; 2];
    /// Whether a cluster is shown as it was wished: every attribute that was not left to the cloud is the same.
    fn compare(
        &self,
        wished: &<Self::Cloud as ManagedKubernetes>::Spec,
        shown: &<Self::Cloud as ManagedKubernetes>::Spec,
    ) -> Result<(), String>;
    /// The same of a pool.
    fn compare_pools(
        &self,
        wished: &<Self::Cloud as ManagedKubernetes>::PoolSpec,
        shown: &<Self::Cloud as ManagedKubernetes>::PoolSpec,
    ) -> Result<(), String>;
    /// Lets the stand-in's clock run until the operation under way is over.
    fn settle(&self) -> impl Future<Output = ()> + Send;
}

/// The most steps that any operation takes.
const STEPS: usize = 60;

/// The part of [`Made`] under which every cloud notes the cluster itself.
pub const CLUSTER: &str = "cluster";
/// The part of [`Made`] under which every cloud notes a pool.
pub const POOL: &str = "pool";

/// Runs the whole contract; `Err` says which promise is broken.
pub async fn run<S: Subject>(subject: &S) -> Result<(), String> {
    lists::nothing_is_listed(subject).await?;
    let others = subject.occupy().await;
    what_is_missing_is_missing(subject).await?;
    what_is_not_ours_is_left_alone(subject).await?;
    let (id, mut made) = creating_goes_on_where_it_was_left(subject).await?;
    lists::all_clusters_are_listed(subject, &id, &others).await?;
    pools_come_change_and_go(subject, &id).await?;
    updating_ends_and_needs_a_cluster(subject, &id, &mut made).await?;
    credentials_are_valid_now(subject, &id).await?;
    versions_are_offered(subject).await?;
    deleting_leaves_nothing(subject, &id, &mut made).await?;
    lists::only_others_are_listed(subject, &others).await
}

async fn what_is_missing_is_missing<S: Subject>(subject: &S) -> Result<(), String> {
    let (cloud, missing) = (subject.cloud(), subject.missing());
    match cloud.observe(&missing).await {
        Ok(None) => {}
        other => return Err(format!("observe of a missing cluster must be None, was {other:?}")),
    }
    match cloud.delete(&missing, "nobody", &mut Made::default()).await {
        Ok(Progress::Done) => {}
        other => return Err(format!("delete of a missing cluster must be done, was {other:?}")),
    }
    let pool = PoolId { cluster: missing, pool: "system".to_owned() };
    match cloud.observe_pool(&pool).await {
        Ok(None) => {}
        other => return Err(format!("observe of a missing pool must be None, was {other:?}")),
    }
    match cloud.delete_pool(&pool, &mut Made::default()).await {
        Ok(Progress::Done) => Ok(()),
        other => Err(format!("delete of a missing pool must be done, was {other:?}")),
    }
}

async fn what_is_not_ours_is_left_alone<S: Subject>(subject: &S) -> Result<(), String> {
    let mut made = Made::default();
    let spec = subject.taken();
    for _ in 0..STEPS {
        match subject.cloud().create(&spec, &mut made).await {
            Err(Error::AlreadyExists { .. }) if made.objects().is_empty() => return Ok(()),
            Err(Error::AlreadyExists { .. }) => {
                return Err(format!("a name that is taken must be told before anything is made: {made:?}"));
            }
            Ok(Progress::Waiting { .. }) => subject.settle().await,
            other => return Err(format!("a name that is taken must be AlreadyExists, was {other:?}")),
        }
    }
    Err("a name that is taken must be AlreadyExists, was waited for".to_owned())
}

/// Every second step is taken by a process that knows nothing of what was made before.
async fn creating_goes_on_where_it_was_left<S: Subject>(subject: &S) -> Result<(ClusterId, Made), String> {
    let cloud = subject.cloud();
    let (spec, owner) = subject.wish();
    let mut made = Made::default();
    let mut first: Option<Made> = None;
    for step in 0..STEPS {
        if step % 2 == 1 {
            made = Made::default();
        }
        let progress = cloud.create(&spec, &mut made).await.map_err(|error| format!("create: {error}"))?;
        let earlier = first.get_or_insert_with(|| made.clone());
        for object in earlier.objects() {
            if made.id(&object.part) != Some(&object.id) {
                return Err(format!("{object:?} must be found again and not be made twice: {made:?}"));
            }
        }
        first = Some(made.clone());
        if progress == Progress::Done {
            let id = made.id(CLUSTER).ok_or("create must note the cluster that it made")?;
            let id = ClusterId(id.to_owned());
            let observed = cloud.observe(&id).await.map_err(|error| format!("observe: {error}"))?;
            let observed = observed.ok_or("a created cluster must be found")?;
            if observed.phase != Phase::Active {
                return Err(format!("a created cluster must be Active, was {:?}", observed.phase));
            }
            if observed.owner.as_deref() != Some(owner.as_str()) {
                return Err(format!("a created cluster must carry {owner:?}, carries {:?}", observed.owner));
            }
            if observed.is_unfinished {
                return Err("a created cluster must not be marked as unfinished".to_owned());
            }
            match cloud.create(&spec, &mut Made::default()).await {
                Err(Error::AlreadyExists { .. }) => {}
                other => return Err(format!("a finished cluster must be AlreadyExists, was {other:?}")),
            }
            if observed.endpoint.is_none() || observed.ca_certificate.is_none() {
                return Err("an active cluster must say where its API is".to_owned());
            }
            is_shown_as_wished(subject, &spec, &observed.wish).await?;
            return Ok((id, made));
        }
        subject.settle().await;
    }
    Err(format!("create must end, is still waiting after {STEPS} steps: {made:?}"))
}

/// What is shown can be wished: that is what an import does.
async fn is_shown_as_wished<S: Subject>(
    subject: &S,
    wished: &<S::Cloud as ManagedKubernetes>::Spec,
    shown: &<S::Cloud as ManagedKubernetes>::Spec,
) -> Result<(), String> {
    subject
        .compare(wished, shown)
        .map_err(|why| format!("a cluster must be shown as it was wished: {why}"))?;
    // The mark of what is unfinished may still be on its way off.
    subject.settle().await;
    match subject.cloud().update(shown, &mut Made::default()).await {
        Ok(Progress::Done) => Ok(()),
        other => Err(format!("update to what is shown must be done, was {other:?}: {shown:?}")),
    }
}

async fn pools_come_change_and_go<S: Subject>(subject: &S, cluster: &ClusterId) -> Result<(), String> {
    let cloud = subject.cloud();
    let [spec, change] = subject.pool(cluster);
    let mut made = Made::default();
    lists::pools_are(subject, cluster, &[]).await?;
    drive(subject, "create of a pool", &mut made, async |made| cloud.create_pool(&spec, made).await).await?;
    let id = made.id(POOL).ok_or("create_pool must note the pool that it made")?;
    let id = PoolId { cluster: cluster.clone(), pool: id.to_owned() };
    let before = pool(cloud, &id).await?.ok_or("a created pool must be found")?;
    lists::pools_are(subject, cluster, std::slice::from_ref(&id)).await?;
    if before.is_unfinished {
        return Err("a created pool must not be marked as unfinished".to_owned());
    }
    match cloud.create_pool(&spec, &mut Made::default()).await {
        Err(Error::AlreadyExists { .. }) => {}
        other => return Err(format!("a finished pool must be AlreadyExists, was {other:?}")),
    }
    drive(subject, "update of a pool", &mut made, async |made| cloud.update_pool(&change, made).await)
        .await?;
    let after = pool(cloud, &id).await?.ok_or("a changed pool must be found")?;
    if before.phase != Phase::Active || after.phase != Phase::Active {
        return Err(format!("pools must be Active, were {:?} and {:?}", before.phase, after.phase));
    }
    if before == after {
        return Err(format!("a changed pool must be seen to have changed, is still {after:?}"));
    }
    subject
        .compare_pools(&change, &after.wish)
        .map_err(|why| format!("a pool must be shown as it was wished: {why}"))?;
    match cloud.update_pool(&after.wish, &mut Made::default()).await {
        Ok(Progress::Done) => {}
        other => return Err(format!("update of a pool to what is shown must be done, was {other:?}")),
    }
    drive(subject, "delete of a pool", &mut made, async |made| cloud.delete_pool(&id, made).await).await?;
    match pool(cloud, &id).await? {
        None => lists::pools_are(subject, cluster, &[]).await,
        Some(left) => Err(format!("a deleted pool must be gone, was {left:?}")),
    }
}

async fn pool<C: ManagedKubernetes>(
    cloud: &C,
    id: &PoolId,
) -> Result<Option<crate::ObservedPool<C::PoolSpec>>, String> {
    cloud.observe_pool(id).await.map_err(|error| format!("observe of a pool: {error}"))
}

async fn updating_ends_and_needs_a_cluster<S: Subject>(
    subject: &S,
    id: &ClusterId,
    made: &mut Made,
) -> Result<(), String> {
    let cloud = subject.cloud();
    let observe = async || match cloud.observe(id).await {
        Ok(Some(observed)) => Ok(observed),
        other => Err(format!("observe of an existing cluster must find it, was {other:?}")),
    };
    let before = observe().await?;
    let change = subject.change();
    drive(subject, "update", made, async |made| cloud.update(&change, made).await).await?;
    let after = observe().await?;
    if after.phase != Phase::Active || before == after {
        return Err(format!("a changed cluster must be Active and be seen to have changed: {after:?}"));
    }
    is_shown_as_wished(subject, &change, &after.wish).await?;
    match cloud.update(&change, made).await {
        Ok(Progress::Done) => {}
        other => return Err(format!("update to what is there already must be done, was {other:?}")),
    }
    match cloud.update(&subject.absent(), &mut Made::default()).await {
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
    let secret = match &credentials.proof {
        Proof::Token(token) => token,
        Proof::Certificate { key, .. } => key,
    };
    if secret.is_empty() || format!("{credentials:?}").contains(secret) {
        return Err("credentials must be there, and their debug text must not show them".to_owned());
    }
    Ok(())
}

async fn versions_are_offered<S: Subject>(subject: &S) -> Result<(), String> {
    let versions = subject.cloud().versions().await.map_err(|error| format!("versions: {error}"))?;
    if versions.iter().filter(|version| version.is_default).count() != 1 {
        return Err(format!("one of the versions must be the default: {versions:?}"));
    }
    Ok(())
}

async fn deleting_leaves_nothing<S: Subject>(
    subject: &S,
    id: &ClusterId,
    made: &mut Made,
) -> Result<(), String> {
    let cloud = subject.cloud();
    let owner = subject.wish().1;
    drive(subject, "delete", made, async |made| cloud.delete(id, &owner, made).await).await?;
    if !made.objects().is_empty() {
        return Err(format!("a finished delete must have forgotten all that it removed: {made:?}"));
    }
    match cloud.delete(id, &owner, &mut Made::default()).await {
        Ok(Progress::Done) => {}
        other => return Err(format!("the second delete must be done, was {other:?}")),
    }
    match cloud.observe(id).await {
        Ok(None) => Ok(()),
        other => Err(format!("a deleted cluster must be gone, was {other:?}")),
    }
}

/// Calls until it is done, letting the stand-in's clock run in between.
async fn drive<S: Subject>(
    subject: &S,
    name: &str,
    made: &mut Made,
    call: impl AsyncFn(&mut Made) -> Result<Progress, Error>,
) -> Result<(), String> {
    for _ in 0..STEPS {
        match call(made).await {
            Ok(Progress::Done) => return Ok(()),
            Ok(Progress::Waiting { .. }) => subject.settle().await,
            Err(error) => return Err(format!("{name}: {error}")),
        }
    }
    Err(format!("{name} must end, is still waiting after {STEPS} steps"))
}

#[cfg(test)]
mod tests;
