//! Whether a backup can be made: which policy, and whether it has the method.

use kubeblocks_schemas::catalogue::did_you_mean;
use kubeblocks_schemas::v1alpha1::{Backup, BackupPolicy, Cluster};

use super::BackupNow;
use super::error::{About, OperationError, Refusal};
use super::lock::display;
use crate::kubeblocks::backup_policy::{self, NoPolicy, name, names};
use crate::kubeblocks::naming::cluster_selector;
use crate::kubernetes::Client;

/// Checks it. Returns the name of the policy.
pub(super) async fn check(
    client: &Client,
    cluster: &Cluster,
    backup: &BackupNow,
) -> Result<String, OperationError> {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let namespace = part(&cluster.metadata.namespace);
    let selector = cluster_selector(&part(&cluster.metadata.name));
    let policies = client.list::<BackupPolicy>(Some(&namespace), Some(&selector)).await;
    let policies = policies.map_err(OperationError::api)?;
    let chosen = choose(cluster, &policies, backup)?;
    if let Some(wanted) = &backup.name {
        let existing = client.get_opt::<Backup>(Some(&namespace), wanted).await;
        if existing.map_err(OperationError::api)?.is_some() {
            return Err(Refusal::new(
                About::BackupName,
                format!(
                    "Backup {namespace}/{wanted} exists already. Choose another `name`, or leave it out."
                ),
            )
            .into());
        }
    }
    Ok(chosen)
}

fn choose(cluster: &Cluster, policies: &[BackupPolicy], backup: &BackupNow) -> Result<String, Refusal> {
    let policy = match backup_policy::choose(policies, backup.policy.as_deref()) {
        Ok(policy) => policy,
        Err(why) => return Err(no_policy(why, cluster, policies, backup)),
    };
    let methods: Vec<&str> = policy.spec.backup_methods.iter().map(|method| method.name.as_str()).collect();
    if methods.contains(&backup.method.as_str()) {
        return Ok(name(policy).to_owned());
    }
    let meant = did_you_mean(&backup.method, methods.iter().copied());
    Err(Refusal::new(
        About::Method,
        format!(
            "BackupPolicy {} of {} has no method {:?}; it has {}.{meant}",
            name(policy),
            display(cluster),
            backup.method,
            methods.join(", ")
        ),
    ))
}

fn no_policy(why: NoPolicy, cluster: &Cluster, policies: &[BackupPolicy], backup: &BackupNow) -> Refusal {
    let (whose, names) = (display(cluster), names(policies));
    match why {
        NoPolicy::None => Refusal::new(
            About::Operation,
            format!("{whose} has no BackupPolicy: its engine brings no way to make backups."),
        ),
        NoPolicy::Unknown => {
            let wanted = backup.policy.as_deref().unwrap_or_default();
            Refusal::new(About::Policy, format!("{whose} has no BackupPolicy {wanted:?}; it has {names}."))
        }
        NoPolicy::Several => Refusal::new(
            About::Operation,
            format!(
                "{whose} has several BackupPolicies and none is the default: {names}. Say in `policy` which one."
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubeblocks::backup_policy::DEFAULT_POLICY;
    use crate::kubeblocks::operation::test_support::{cluster, typed};

    fn policy(name: &str, is_default: bool) -> BackupPolicy {
        typed(&json!({
            "apiVersion": "dataprotection.kubeblocks.io/v1alpha1", "kind": "BackupPolicy",
            "metadata": {"name": name, "annotations": {DEFAULT_POLICY: is_default.to_string()}},
            "spec": {"target": {}, "backupMethods": [{"name": "volume-snapshot"}, {"name": "datafile"}]},
        }))
    }

    #[test]
    fn the_policy_is_the_named_one_the_only_one_or_the_default_and_has_the_method() {
        let (one, other, default) = (policy("one", false), policy("other", false), policy("default", true));
        let two = [one.clone(), other.clone()];
        let three = [one.clone(), default, other];
        for (policies, wanted, method, expected) in [
            (&[one][..], None, "datafile", Ok("one")),
            (&three[..], None, "datafile", Ok("default")),
            (&three[..], Some("other"), "volume-snapshot", Ok("other")),
            (&two[..], None, "datafile", Err(About::Operation)),
            (&[][..], None, "datafile", Err(About::Operation)),
            (&two[..], Some("third"), "datafile", Err(About::Policy)),
            (&two[..], Some("one"), "snapshot", Err(About::Method)),
        ] {
            let backup = BackupNow {
                method: method.to_owned(),
                policy: wanted.map(str::to_owned),
                ..BackupNow::default()
            };
            let found = choose(&typed(&cluster("Running")), policies, &backup);
            let found = found.as_deref().map_err(|refusal| refusal.about.clone());
            assert_eq!(found, expected, "{wanted:?} {method}");
        }
    }
}
