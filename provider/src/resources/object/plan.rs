//! What a plan knows: the names of the object, whether it is another one, and what the server says of it. The first two
//! are pure; the server is only asked, never changed, and may be away.

use tfplugin::prelude::*;

use super::apply::needs_write;
use super::kinds::group_of;
use super::manifest::{Manifest, Names, Written, scope_problem};
use super::messages::{as_warning, refused};
use super::observe::observe;
use super::readiness::is_unfinished;
use super::remote::Target;
use super::schema::ObjectState;
use super::values::to_json;
use super::{ObjectResource, UID};
use crate::kubernetes::diagnostic::{detail, silent};
use crate::kubernetes::dynamic::ServedKind;
use crate::kubernetes::ownership::Ownership;
use crate::kubernetes::{Client, Conflicts, Error};
use crate::wait::{PLAN_LOOK, at_most};

const REFUSED: &str = "The API server does not accept the object";
const CONFLICTS: &str = "The apply will conflict with another field manager";

/// Fills the names, and says which of them make it another object.
pub(super) fn settle_names(prior: Option<&ObjectState>, planned: &mut ObjectState) -> Vec<Path> {
    let Some(written) = Written::of(planned) else { return Vec::new() };
    let mut names = written.names();
    let Some(prior) = prior else {
        set_names(planned, names);
        return Vec::new();
    };
    // A text of which nothing is known yet is that of the same object as before: else each plan with an unknown in a
    // text would replace the object.
    if written.is_unknown() {
        set_names(
            planned,
            Names {
                api_version: prior.api_version.clone(),
                kind: prior.kind.clone(),
                namespace: prior.namespace.clone(),
                name: prior.name.clone(),
            },
        );
        return Vec::new();
    }
    if names.api_version.is_unknown() {
        names.api_version = prior.api_version.clone();
    }
    let changes = [
        ("api_version", !same_group(&prior.api_version, &names.api_version)),
        ("kind", prior.kind != names.kind),
        ("namespace", prior.namespace != names.namespace),
        ("name", prior.name != names.name),
    ];
    set_names(planned, names);
    changes.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| Path::attribute(name)).collect()
}

fn set_names(planned: &mut ObjectState, names: Names) {
    planned.api_version = names.api_version;
    planned.kind = names.kind;
    planned.namespace = names.namespace;
    planned.name = names.name;
}

fn same_group(left: &Value<String>, right: &Value<String>) -> bool {
    match (left.known(), right.known()) {
        (Some(left), Some(right)) => group_of(left) == group_of(right),
        _ => left == right,
    }
}

/// Whether two states are of one object.
pub(super) fn same_group_object(left: &ObjectState, right: &ObjectState) -> bool {
    same_group(&left.api_version, &right.api_version)
        && left.kind == right.kind
        && left.namespace == right.namespace
        && left.name == right.name
}

/// An import cannot tell what its author wrote from defaults within lists, and shows all of it. A configuration that
/// agrees with that, as far as it goes, changes nothing.
pub(super) fn keep_imported(prior: &ObjectState, planned: &mut ObjectState) {
    let json = |state: &ObjectState| state.manifest.known().and_then(to_json);
    let (Some(imported), Some(written)) = (json(prior), json(planned)) else { return };
    if observe(&written, &imported, None) == written {
        planned.manifest = prior.manifest.clone();
    }
}

/// `ready` of an update: an unfinished wait is gone on with, and what was taken over learns it.
pub(super) fn settle_ready(prior: &ObjectState, planned: &mut ObjectState) {
    let learns = prior.ready != Value::Known(true) && needs_write(prior, planned);
    planned.ready = if is_unfinished(prior) || learns { Value::Unknown } else { prior.ready };
}

/// The place where the Kubernetes cluster is another one than before, when it is known to be.
pub(super) fn moved_to(prior: &ObjectState, planned: &ObjectState) -> Option<Path> {
    let before = prior.kubernetes.known()?.endpoint.known()?;
    let after = planned.kubernetes.known()?.endpoint.known()?;
    let bare = |url: &str| url.trim_end_matches('/').to_ascii_lowercase();
    (bare(before) != bare(after)).then(|| Path::attribute("kubernetes").then_attribute("endpoint"))
}

impl ObjectResource {
    /// Whether the object behind another endpoint is the one that we have: then only its address has changed.
    pub(super) async fn is_same_object(&self, context: &Context, planned: &ObjectState) -> bool {
        let Some(uid) = context.private(UID).and_then(|uid| uid.as_str().map(str::to_owned)) else {
            return false;
        };
        let Some(manifest) = Manifest::of(planned) else { return false };
        let Some((_, client)) = self.shared.planning_client(context, &planned.kubernetes).await else {
            return false;
        };
        let look = async {
            let served = self.kinds.require(&client, &manifest.api_version, &manifest.kind).await?;
            let namespace = manifest.namespace.as_deref();
            Target { client: &client, served: &served, namespace, name: &manifest.name }.get().await
        };
        let found = at_most(PLAN_LOOK, Box::pin(look)).await;
        matches!(found, Some(Ok(Some(object))) if object.metadata.uid.as_deref() == Some(uid.as_str()))
    }

    /// Lets the server judge the object, without changing anything. That the API is away never fails a plan.
    pub(super) async fn ask_server(
        &self,
        context: &Context,
        prior: Option<&ObjectState>,
        planned: &ObjectState,
    ) -> Diagnostics {
        let Some(written) = Written::of(planned) else { return Diagnostics::new() };
        let Some(manifest) = written.manifest() else { return Diagnostics::new() };
        let Some((connection, client)) = self.shared.planning_client(context, &planned.kubernetes).await
        else {
            return Diagnostics::new();
        };
        let question = Question { client: &client, written: &written, manifest: &manifest, prior, planned };
        let answer = at_most(
            PLAN_LOOK,
            Box::pin(async {
                match self.kinds.find(&client, &manifest.api_version, &manifest.kind).await? {
                    Some(served) => question.ask(&served).await,
                    None => Ok(Answer::NotServed),
                }
            }),
        )
        .await;
        match answer {
            Some(Ok(Answer::Fine)) => Diagnostics::new(),
            Some(Ok(Answer::Refused(diagnostics))) => diagnostics,
            Some(Ok(Answer::Conflicts(diagnostics))) => {
                diagnostics.into_iter().for_each(|conflict| context.warn(as_warning(conflict)));
                Diagnostics::new()
            }
            // The same plan installs KubeBlocks.
            Some(Ok(Answer::NotServed)) if self.shared.is_being_installed(&connection) => Diagnostics::new(),
            Some(Ok(Answer::NotServed)) => {
                self.warn_not_served(context, &client, &manifest);
                Diagnostics::new()
            }
            Some(Err(error)) => {
                self.shared.plan_without(context, &connection, &detail(&error));
                Diagnostics::new()
            }
            None => {
                let why = silent(&client, PLAN_LOOK);
                self.shared.plan_without(context, &connection, &why);
                Diagnostics::new()
            }
        }
    }

    /// Once for each kind: the same apply may install it.
    fn warn_not_served(&self, context: &Context, client: &Client, manifest: &Manifest) {
        if !self.warned.first_time(&client.endpoint(), &manifest.api_version, &manifest.kind) {
            return;
        }
        context.warn(Diagnostic::warning(
            "The kind of the object is not installed yet",
            format!(
                "The Kubernetes API server {} does not know the kind {} ({}), so the plan was made without asking it. That is right if the same apply installs KubeBlocks, and this resource depends on that. Else install the operator, and check that `apiVersion` is one of its version.",
                client.endpoint(),
                manifest.kind,
                manifest.api_version
            ),
        ));
    }
}

/// What a server says of an object.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Fine,
    Refused(Diagnostics),
    /// The apply would be refused as it is now; what it would change is worth seeing nevertheless.
    Conflicts(Diagnostics),
    NotServed,
}

/// An object that a server is asked about.
pub(super) struct Question<'a> {
    pub(super) client: &'a Client,
    pub(super) written: &'a Written,
    pub(super) manifest: &'a Manifest,
    pub(super) prior: Option<&'a ObjectState>,
    pub(super) planned: &'a ObjectState,
}

impl Question<'_> {
    pub(super) async fn ask(&self, served: &ServedKind) -> Result<Answer, Error> {
        let manifest = self.manifest;
        let namespace = Value::from(manifest.namespace.clone());
        if let Some(problem) = scope_problem(&manifest.kind, served.namespaced, &namespace) {
            let path = super::paths::place(self.written.form, &self.written.value, "metadata.namespace");
            return Ok(Answer::Refused(Diagnostic::error(REFUSED, problem).at(path).into()));
        }
        let target = Target {
            client: self.client,
            served,
            namespace: manifest.namespace.as_deref(),
            name: &manifest.name,
        };
        let Some(conflicts) = self.conflicts(&target).await? else { return Ok(Answer::Fine) };
        let asked = self
            .client
            .apply_object(&served.resource, target.namespace, target.name, &manifest.body, conflicts, true)
            .await;
        match asked {
            Ok(_) => Ok(Answer::Fine),
            Err(Error::KindNotServed { .. }) => Ok(Answer::NotServed),
            Err(error @ Error::FieldConflict { .. }) => {
                Ok(Answer::Conflicts(refused(CONFLICTS, &error, Some(self.written))))
            }
            Err(error @ Error::Invalid { .. }) => {
                Ok(Answer::Refused(refused(REFUSED, &error, Some(self.written))))
            }
            Err(error) if !super::paths::refused_fields(&error).is_empty() => {
                Ok(Answer::Refused(refused(REFUSED, &error, Some(self.written))))
            }
            Err(error) if error.is_unavailable() => Err(error),
            // Who plans may have fewer rights than who applies; the namespace may be made by the same apply; and
            // webhooks may refuse to be asked. The apply will tell.
            Err(error) => {
                tracing::debug!(%error, "the server did not judge the object");
                Ok(Answer::Fine)
            }
        }
    }

    /// How an apply would write; `None` when the answer would say nothing of it.
    async fn conflicts(&self, target: &Target<'_>) -> Result<Option<Conflicts>, Error> {
        let existing = match target.get().await {
            Ok(existing) => existing,
            Err(Error::Forbidden { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let force = self.planned.force_conflicts == Value::Known(true);
        Ok(match (self.prior, existing) {
            // Either it is to be replaced, and is gone then, or the create refuses it.
            (None, Some(_)) | (Some(_), None) => None,
            (Some(_), Some(existing)) if force || Ownership::ours(&existing.metadata).is_none() => {
                Some(Conflicts::Force)
            }
            (None, None) | (Some(_), Some(_)) => Some(Conflicts::Refuse),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::object::test_support::{definition, in_hcl, in_yaml};
    use crate::resources::object::values::from_json;

    fn unnamed(state: ObjectState) -> ObjectState {
        ObjectState {
            api_version: Value::Unknown,
            kind: Value::Unknown,
            namespace: Value::Unknown,
            name: Value::Unknown,
            ..state
        }
    }

    fn changed(change: impl FnOnce(&mut serde_json::Value)) -> ObjectState {
        let mut object = definition("redis");
        change(&mut object);
        unnamed(in_hcl(&object))
    }

    #[test]
    fn another_group_kind_namespace_or_name_is_another_object() {
        let prior = in_hcl(&definition("redis"));
        for (case, mut planned, expected) in [
            ("nothing", changed(|_| {}), vec![]),
            ("a field", changed(|it| it["spec"]["type"] = "x".into()), vec![]),
            ("the version", changed(|it| it["apiVersion"] = "apps.kubeblocks.io/v1".into()), vec![]),
            ("the group", changed(|it| it["apiVersion"] = "x.kubeblocks.io/v1".into()), vec!["api_version"]),
            ("the kind", changed(|it| it["kind"] = "ClusterVersion".into()), vec!["kind"]),
            ("the name", changed(|it| it["metadata"]["name"] = "other".into()), vec!["name"]),
            ("a namespace", changed(|it| it["metadata"]["namespace"] = "shop".into()), vec!["namespace"]),
        ] {
            let found: Vec<String> =
                settle_names(Some(&prior), &mut planned).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{case}");
            assert!(planned.name.known().is_some() && planned.api_version.known().is_some(), "{case}");
        }
    }

    #[test]
    fn what_is_unknown_replaces_only_where_it_is_the_name_itself() {
        let prior = in_hcl(&definition("redis"));
        let mut text = ObjectState { yaml: Value::Unknown, manifest: Value::Null, ..unnamed(prior.clone()) };
        assert!(settle_names(Some(&prior), &mut text).is_empty());
        assert_eq!((&text.name, &text.kind), (&prior.name, &prior.kind));
        assert!(settle_names(None, &mut text).is_empty());
        assert!(text.name.is_unknown());

        let mut manifest = from_json(&definition("redis"));
        *manifest.get_mut(&Path::attribute("metadata").then_attribute("name")).unwrap() = RawValue::unknown();
        let mut named = ObjectState { manifest: Value::Known(manifest), ..unnamed(prior.clone()) };
        assert_eq!(settle_names(Some(&prior), &mut named), [Path::attribute("name")]);
        assert!(named.name.is_unknown());
    }

    #[test]
    fn what_an_import_shows_beyond_the_configuration_changes_nothing() {
        let mut live = definition("redis");
        live["spec"]["componentDefs"][0]["defaulted"] = true.into();
        let prior = in_hcl(&live);
        let keep = |mut planned: ObjectState| {
            keep_imported(&prior, &mut planned);
            planned.manifest == prior.manifest
        };
        assert!(keep(in_hcl(&definition("redis"))));
        assert!(!keep(changed(|it| it["spec"]["type"] = "x".into())));
        assert!(!keep(changed(|it| it["spec"]["more"] = "x".into())));
        assert!(!keep(ObjectState { manifest: Value::Unknown, ..in_hcl(&live) }));
    }

    #[test]
    fn an_unfinished_wait_is_gone_on_with() {
        let at = |ready: Value<bool>, state: ObjectState| ObjectState { ready, ..state };
        let same = || in_hcl(&definition("redis"));
        let other = || changed(|it| it["spec"]["type"] = "x".into());
        let yaml = || in_yaml(&super::super::values::to_yaml(&definition("redis")).unwrap());
        for (case, prior, planned, expected) in [
            ("done", Value::Known(true), same(), Value::Known(true)),
            ("a change", Value::Known(true), other(), Value::Known(true)),
            ("unfinished", Value::Known(false), same(), Value::Unknown),
            ("taken over", Value::Null, same(), Value::Null),
            ("taken over as YAML", Value::Null, yaml(), Value::Null),
            ("taken over and changed", Value::Null, other(), Value::Unknown),
        ] {
            let mut planned = at(prior, planned);
            settle_ready(&at(prior, same()), &mut planned);
            assert_eq!(planned.ready, expected, "{case}");
        }
        assert!(needs_write(&same(), &other()) && !needs_write(&same(), &yaml()));
        assert!(!needs_write(&same(), &changed(|it| it["spec"]["none"] = json!(null))));
    }
}
