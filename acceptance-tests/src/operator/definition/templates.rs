//! Templates of configuration and scripts: checked, labelled and kept by the definitions and versions that use them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use serde_json::json;

use crate::operator::Context;
use crate::operator::api::{ClusterDefinition, ClusterVersion, ConfigConstraint, ConfigSpec};
use crate::operator::error::Error;
use crate::operator::naming::{
    LABEL_TEMPLATE_TYPE, Labels, TEMPLATE_FINALIZER, constraint_label, labels, template_label,
};
use crate::operator::store::Global;

/// Checks the templates of `object`, labels the object with them and keeps them. Says what is missing.
pub(super) async fn take<K: Global>(
    context: &Context,
    object: &K,
    specs: &[ConfigSpec],
) -> Result<Result<(), String>, Error> {
    let mut found = Vec::new();
    for spec in specs {
        match check(context, spec).await? {
            Ok(template) => found.push(template),
            Err(problem) => return Ok(Err(problem)),
        }
    }
    let wanted = wanted_labels(specs);
    if wanted.iter().any(|(key, value)| object.labels().get(key) != Some(value)) {
        let patch = json!({ "metadata": { "labels": wanted } });
        context.store.merge_global::<K>(&object.name_any(), &patch).await?;
    }
    for template in found.iter().filter(|template| !is_kept(template)) {
        let mut finalizers = template.finalizers().to_vec();
        finalizers.push(TEMPLATE_FINALIZER.to_owned());
        let patch = json!({ "metadata": {
            "labels": { LABEL_TEMPLATE_TYPE: "tpl" },
            "finalizers": finalizers,
            "resourceVersion": template.resource_version(),
        }});
        let namespace = template.namespace().unwrap_or_default();
        context.store.merge::<ConfigMap>(&namespace, &template.name_any(), &patch).await?;
    }
    Ok(Ok(()))
}

/// Lets the templates go that nobody but the object of this name uses.
pub(super) async fn release(context: &Context, name: &str, specs: &[ConfigSpec]) -> Result<(), Error> {
    for spec in specs {
        let users = labels([(template_label(&spec.name).as_str(), spec.template_ref.as_str())]);
        let definitions = context.store.list_global_labeled::<ClusterDefinition>(&users).await?;
        let versions = context.store.list_global_labeled::<ClusterVersion>(&users).await?;
        let names: Vec<String> = definitions.iter().map(ResourceExt::name_any).collect();
        let others: Vec<String> = versions.iter().map(ResourceExt::name_any).collect();
        if !is_only(&names, name) || !is_only(&others, name) {
            continue;
        }
        let Some(template) = context.store.get::<ConfigMap>(&spec.namespace, &spec.template_ref).await?
        else {
            continue;
        };
        context.store.remove_finalizer(&template, TEMPLATE_FINALIZER).await?;
    }
    Ok(())
}

fn is_only(users: &[String], name: &str) -> bool {
    users.is_empty() || users == [name]
}

fn is_kept(template: &ConfigMap) -> bool {
    template.finalizers().iter().any(|known| known == TEMPLATE_FINALIZER)
}

fn wanted_labels(specs: &[ConfigSpec]) -> Labels {
    let mut wanted = BTreeMap::new();
    for spec in specs {
        wanted.insert(template_label(&spec.name), spec.template_ref.clone());
        if let Some(constraint) = spec.constraint_ref.as_ref().filter(|name| !name.is_empty()) {
            wanted.insert(constraint_label(constraint), constraint.clone());
        }
    }
    wanted
}

async fn check(context: &Context, spec: &ConfigSpec) -> Result<Result<ConfigMap, String>, Error> {
    let (namespace, name) = (&spec.namespace, &spec.template_ref);
    let Some(template) = context.store.get::<ConfigMap>(namespace, name).await? else {
        return Ok(Err(format!("ConfigMap \"{name}\" not found")));
    };
    if spec.volume_name.is_empty() && spec.as_env_from.is_empty() {
        return Ok(Err("config template volume name and envFrom is empty!".to_owned()));
    }
    let Some(constraint) = spec.constraint_ref.as_ref().filter(|name| !name.is_empty()) else {
        return Ok(Ok(template));
    };
    let Some(found) = context.store.get_global::<ConfigConstraint>(constraint).await? else {
        return Ok(Err(format!("ConfigConstraint \"{constraint}\" not found")));
    };
    let phase = found.status.unwrap_or_default().phase;
    if found.spec.reload_options.is_some() && phase != "Available" {
        return Ok(Err(format!(
            "Configuration template CR[{constraint}] status not ready! current status: {phase}"
        )));
    }
    Ok(Ok(template))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_and_constraints_become_labels() {
        let spec = |name: &str, constraint: Option<&str>| ConfigSpec {
            name: name.to_owned(),
            template_ref: format!("{name}-template"),
            constraint_ref: constraint.map(str::to_owned),
            ..ConfigSpec::default()
        };
        let wanted = wanted_labels(&[spec("mysql-config", Some("mysql8")), spec("scripts", Some(""))]);
        let expected = [
            ("config.kubeblocks.io/constraints-mysql8", "mysql8"),
            ("config.kubeblocks.io/tpl-mysql-config", "mysql-config-template"),
            ("config.kubeblocks.io/tpl-scripts", "scripts-template"),
        ];
        assert_eq!(wanted, labels(expected));
    }

    #[test]
    fn a_template_is_let_go_by_its_last_user_only() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        for (users, expected) in
            [(&[][..], true), (&["redis"], true), (&["valkey"], false), (&["redis", "valkey"], false)]
        {
            assert_eq!(is_only(&names(users), "redis"), expected, "{users:?}");
        }
    }
}
