//! The client of EKS: how its requests are sent and repeated, and what every part of it asks.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use aws_sdk_eks::config::http::HttpResponse;
use aws_sdk_eks::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eks::types::{Addon, Cluster, Nodegroup, Update, UpdateStatus};

use super::connect::{Partition, Services};
use super::identity::causes;
use super::observe::reasons;
use super::query::{Call, Query};
use super::refusal::Refusal;
use super::xml::Element;
use crate::client::retry::{Failure, Repeatable, Retry, retry_after};
use crate::{Error, Progress};

/// A client of EKS in one region of one account.
///
/// Which node group is the system one is told by the tag [`super::SYSTEM_TAG`] of its cluster. A cluster without it,
/// such as one that was imported, has for one the group called `system`, or else the first by name.
#[derive(Debug)]
pub struct Eks {
    pub(super) api: aws_sdk_eks::Client,
    pub(super) query: Query,
    pub(super) services: Services,
    pub(super) region: String,
    pub(super) partition: Partition,
    pub(super) retry: Retry,
    /// Ids of the updates that this process began, by what they update: EKS tells why one failed only by its id.
    pub(super) updates: Mutex<BTreeMap<(String, Target), String>>,
}

/// What of a cluster an update changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// The cluster itself.
    Cluster,
    /// An add-on, by its name.
    AddOn(String),
    /// A node group, by its name.
    NodeGroup(String),
}

impl Eks {
    /// The region, such as `eu-central-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// URL of the regional STS, which Kubernetes tokens ask for.
    pub fn sts_endpoint(&self) -> &str {
        &self.services.sts.endpoint
    }

    /// Sends a request to EKS. All of these may be repeated: each creation and each update carries a token.
    pub(super) async fn call<T, E, Answer>(
        &self,
        operation: &'static str,
        what: &str,
        send: impl Fn() -> Answer,
    ) -> Result<T, Error>
    where
        Answer: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let request = async || {
            // The library would hide why there are none.
            self.query.identity.credentials().await.map_err(Failure::Final)?;
            // The library's futures are large, and there are many in what waits for them.
            Box::pin(send()).await.map_err(|error| failure(operation, what, &error))
        };
        self.retry.run(Repeatable::Always, || self.query.identity.renew(), request).await
    }

    /// Asks EC2 for what may be repeated.
    pub(super) async fn ec2(&self, call: Call) -> Result<Element, Error> {
        self.query.send(&self.services.ec2, &call).await
    }

    /// Lets EC2 make something; `None` when it must be looked for.
    pub(super) async fn ec2_create(&self, call: Call) -> Result<Option<Element>, Error> {
        self.query.create(&self.services.ec2, &call).await
    }

    /// Asks IAM, whose objects have names, so that everything may be repeated.
    pub(super) async fn iam(&self, call: Call) -> Result<Element, Error> {
        self.query.send(&self.services.iam, &call).await
    }

    pub(super) async fn find_cluster(&self, name: &str) -> Result<Option<Cluster>, Error> {
        let request = self.api.describe_cluster().name(name);
        let answer = self.call("DescribeCluster", &cluster(name), || request.clone().send()).await;
        Ok(found(answer)?.and_then(|answer| answer.cluster))
    }

    pub(super) async fn find_node_group(
        &self,
        cluster: &str,
        name: &str,
    ) -> Result<Option<Nodegroup>, Error> {
        let request = self.api.describe_nodegroup().cluster_name(cluster).nodegroup_name(name);
        let answer = self.call("DescribeNodegroup", &node_group(name), || request.clone().send()).await;
        Ok(found(answer)?.and_then(|answer| answer.nodegroup))
    }

    pub(super) async fn find_add_on(&self, cluster: &str, name: &str) -> Result<Option<Addon>, Error> {
        let request = self.api.describe_addon().cluster_name(cluster).addon_name(name);
        let answer = self.call("DescribeAddon", &add_on(name), || request.clone().send()).await;
        Ok(found(answer)?.and_then(|answer| answer.addon))
    }

    /// Names of all node groups; none of a cluster that does not exist.
    pub(super) async fn node_group_names(&self, cluster_name: &str) -> Result<Vec<String>, Error> {
        let (mut names, mut next) = (Vec::new(), None);
        loop {
            let request = self.api.list_nodegroups().cluster_name(cluster_name).set_next_token(next);
            let answer = self.call("ListNodegroups", &cluster(cluster_name), || request.clone().send()).await;
            let Some(answer) = found(answer)? else { return Ok(Vec::new()) };
            names.extend(answer.nodegroups.unwrap_or_default());
            next = answer.next_token;
            if next.is_none() {
                names.sort();
                return Ok(names);
            }
        }
    }

    pub(super) async fn add_on_names(&self, cluster_name: &str) -> Result<Vec<String>, Error> {
        let (mut names, mut next) = (Vec::new(), None);
        loop {
            let request = self.api.list_addons().cluster_name(cluster_name).set_next_token(next);
            let answer = self.call("ListAddons", &cluster(cluster_name), || request.clone().send()).await?;
            names.extend(answer.addons.unwrap_or_default());
            next = answer.next_token;
            if next.is_none() {
                return Ok(names);
            }
        }
    }

    /// Makes the tags of a cluster, node group or add-on what they are to be.
    pub(super) async fn set_tags(
        &self,
        arn: &str,
        what: &str,
        set: BTreeMap<String, String>,
        remove: Vec<String>,
    ) -> Result<(), Error> {
        if !set.is_empty() {
            let set: HashMap<String, String> = set.into_iter().collect();
            let request = self.api.tag_resource().resource_arn(arn).set_tags(Some(set));
            self.call("TagResource", what, || request.clone().send()).await?;
        }
        if !remove.is_empty() {
            let request = self.api.untag_resource().resource_arn(arn).set_tag_keys(Some(remove));
            self.call("UntagResource", what, || request.clone().send()).await?;
        }
        Ok(())
    }

    /// Remembers an update that this process began.
    pub(super) fn remember(&self, cluster: &str, target: Target, update: Option<Update>) {
        if let Some(id) = update.and_then(|update| update.id) {
            self.updates().insert((cluster.to_owned(), target), id);
        }
    }

    /// What this process updates of a cluster.
    pub(super) fn targets(&self, cluster: &str) -> Vec<Target> {
        let updates = self.updates();
        let of_cluster = updates.keys().filter(|(name, _)| name == cluster);
        of_cluster.map(|(_, target)| target.clone()).collect()
    }

    /// How far an update is that this process began: [`Progress::Done`] also when there is none, and
    /// [`Error::Failed`] with AWS's reasons.
    pub(super) async fn follow(&self, name: &str, target: &Target) -> Result<Progress, Error> {
        let key = (name.to_owned(), target.clone());
        let Some(id) = self.updates().get(&key).cloned() else { return Ok(Progress::Done) };
        let (what, add_on_name, group) = match target {
            Target::Cluster => (cluster(name), None, None),
            Target::AddOn(add_on_name) => (add_on(add_on_name), Some(add_on_name.clone()), None),
            Target::NodeGroup(group) => (node_group(group), None, Some(group.clone())),
        };
        let request = self.api.describe_update().name(name).update_id(&id);
        let request = request.set_addon_name(add_on_name).set_nodegroup_name(group);
        let answer = found(self.call("DescribeUpdate", &what, || request.clone().send()).await)?;
        let Some(update) = answer.and_then(|answer| answer.update) else {
            return Ok(Progress::Waiting { what: format!("the update of {what} to be seen") });
        };
        let failed = |status: &str| {
            let errors = update.errors.as_deref().unwrap_or_default();
            let message = reasons(errors.iter().map(|error| {
                let code = error.error_code.as_ref().map(aws_sdk_eks::types::ErrorCode::as_str);
                (code, error.error_message.as_deref(), error.resource_ids.as_deref().unwrap_or_default())
            }));
            Error::Failed { what: format!("the update of {what}"), message: format!("{status}: {message}") }
        };
        let progress = match &update.status {
            Some(UpdateStatus::InProgress) => {
                let kind = update.r#type.as_ref().map(aws_sdk_eks::types::UpdateType::as_str);
                let what = format!("the update of {what} ({})", kind.unwrap_or("unknown"));
                return Ok(Progress::Waiting { what });
            }
            Some(UpdateStatus::Successful) => Ok(Progress::Done),
            Some(status) => Err(failed(status.as_str())),
            None => Err(failed("unknown")),
        };
        self.updates().remove(&key);
        progress
    }

    fn updates(&self) -> MutexGuard<'_, BTreeMap<(String, Target), String>> {
        // A map of ids is whole at any moment.
        self.updates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `cluster "prod"`.
pub(super) fn cluster(name: &str) -> String {
    format!("cluster {name:?}")
}

/// `node group "system"`.
pub(super) fn node_group(name: &str) -> String {
    format!("node group {name:?}")
}

/// `add-on "coredns"`.
pub(super) fn add_on(name: &str) -> String {
    format!("add-on {name:?}")
}

/// A token by which AWS knows a repeated request again. Names keep the cloud from making a thing twice in all other
/// cases, and a fresh token never meets what an earlier life of the same cluster asked for.
pub(super) fn request_token() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// What is not there is no error.
pub(super) fn found<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is busy is waited for.
pub(super) fn wait_while_busy(progress: Result<Progress, Error>) -> Result<Progress, Error> {
    match progress {
        Err(Error::Conflict { what, message }) => {
            Ok(Progress::Waiting { what: format!("{what} to be free ({message})") })
        }
        other => other,
    }
}

fn failure<E>(operation: &'static str, what: &str, error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let (metadata, raw) = match error {
        SdkError::ServiceError(told) => (Some(told.err().meta()), Some(told.raw())),
        SdkError::ResponseError(told) => (None, Some(told.raw())),
        _ => (None, None),
    };
    let Some(raw) = raw else {
        let message = format!("eks:{operation} was not answered: {}", causes(error));
        let told = Error::Unexpected { message };
        return match error {
            SdkError::ConstructionFailure(_) => Failure::Final(told),
            _ => Failure::Broken { retry_after: None, error: told },
        };
    };
    let status = raw.status().as_u16();
    let code = metadata.and_then(|metadata| metadata.code()).unwrap_or_default();
    let message = metadata.and_then(|metadata| metadata.message()).unwrap_or_default();
    if metadata.is_none() && status < 400 {
        // An answer that breaks off in its middle.
        let message = format!("eks:{operation}: {}", causes(error));
        return Failure::Broken { retry_after: None, error: Error::Unexpected { message } };
    }
    let mut headers = http::HeaderMap::new();
    if let Some(value) = raw.headers().get("retry-after").and_then(|value| value.parse().ok()) {
        headers.insert(http::header::RETRY_AFTER, value);
    }
    Refusal {
        service: "eks",
        operation,
        what: what.to_owned(),
        status,
        code: code.to_owned(),
        message: message.to_owned(),
        retry_after: retry_after(&headers, SystemTime::now()),
    }
    .failure()
}
