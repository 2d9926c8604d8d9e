//! Delete: the add-ons while the operator still runs, then the release, then what is left of it. Each step does what is
//! still to be done, so that a destroy that was cut off is gone on with by the next.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::DynamicObject;
use kubeblocks_schemas::v1alpha1::{
    Addon, Backup, BackupPolicyTemplate, BackupRepo, Cluster, ClusterDefinition, ClusterVersion,
    ConfigConstraint,
};
use serde_json::json;
use tfplugin::prelude::*;

use super::failure::{self, Failure};
use super::guard::{self, Standing};
use super::note::Note;
use super::schema::OperatorState;
use super::{aggregated, deployments, garbage, leftovers, names, noted};
use crate::helm::access::Access;
use crate::helm::engine::{Engine, ReleaseEngine, Target};
use crate::helm::manifest::Manifest;
use crate::helm::release::{self, Release};
use crate::kubeblocks::backup_policy::action_sets;
use crate::kubernetes::client::Kind;
use crate::kubernetes::dynamic::resource_of;
use crate::kubernetes::observe::{Seen, Selection, Sight};
use crate::kubernetes::{Client, Error};
use crate::provider::Shared;
use crate::resources::addon;
use crate::resources::addon::facts::ADDON_LABEL;
use crate::resources::addon::readiness::Goal;
use crate::resources::addon::text::not_done;
use crate::resources::addon::wait::{NotDone, Reason, wait_for};
use crate::wait::{Limits, Step, WaitError, until};

pub(super) const CANNOT_DELETE: &str = "Cannot remove KubeBlocks";

/// Add-ons are uninstalled by Jobs, some after the other.
const DELETE_TIMEOUT: Duration = Duration::from_mins(20);

/// So many add-ons are waited for at once.
const AT_ONCE: usize = 8;

/// Removes the operator.
pub(super) async fn delete(
    shared: &Shared,
    context: &Context,
    state: OperatorState,
) -> Result<(), Diagnostics> {
    let limits = Limits::new(state.timeouts.delete_or(DELETE_TIMEOUT), context.stop());
    let client = shared.client_for(&state.kubernetes, CANNOT_DELETE).await?;
    let (namespace, name) = names(&state);
    let destroy = Destroy {
        shared,
        context,
        forced: state.force_destroy.known() == Some(&true),
        deletes_crds: state.delete_crds.known() == Some(&true),
        steady: client.clone(),
        client: client.obeying(context.stop()),
        limits,
        namespace,
        name,
    };
    Box::pin(destroy.run()).await.map_err(|failure| failure.into_diagnostics(CANNOT_DELETE))
}

/// One destroy.
pub(super) struct Destroy<'a> {
    shared: &'a Shared,
    pub(super) context: &'a Context,
    pub(super) forced: bool,
    pub(super) deletes_crds: bool,
    steady: Client,
    pub(super) client: Client,
    pub(super) limits: Limits,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Destroy<'_> {
    async fn run(&self) -> Result<(), Failure> {
        self.refuse_with_data().await?;
        let history = release::history(&self.client, &self.namespace, &self.name)
            .await
            .map_err(|error| failure::of_release(CANNOT_DELETE, "the release was read", &error))?;
        let note = noted(self.context).or_else(|| history.iter().find_map(Note::on)).unwrap_or_default();
        let addons = guard::removable(self.list::<Addon>().await?, self.forced);
        if !addons.is_empty() {
            self.remove_addons(&addons, history.first()).await?;
        }
        let is_running = self.is_running(history.first()).await?;
        garbage::remove(self, &note, is_running).await?;
        if let Some(last) = history.first().filter(|_| is_running) {
            self.delete_own_objects(last).await?;
        }
        if !history.is_empty() {
            let (engine, access) = self.helm().await?;
            engine
                .uninstall(&access, self.target(), &self.limits)
                .await
                .map_err(|error| failure::of_engine(CANNOT_DELETE, "helm was at work", &error))?;
        }
        self.wait_until_stopped().await?;
        let roles = cluster_roles(history.first(), &self.namespace);
        if !roles.is_empty() {
            aggregated::remove(&self.client, |name| roles.iter().any(|role| role == name), &self.limits)
                .await
                .map_err(Self::failed("roles that came back were removed"))?;
        }
        leftovers::remove(self, &note).await
    }

    fn target(&self) -> Target<'_> {
        Target { namespace: &self.namespace, name: &self.name }
    }

    async fn helm(&self) -> Result<(Engine, Access), Failure> {
        let engine = self.shared.engine().await.map_err(|error| failure::of_executable(&error))?;
        let access =
            engine.access(&self.steady).await.map_err(|error| failure::of_access(CANNOT_DELETE, &error))?;
        Ok((engine, access))
    }

    pub(super) fn failed(doing: &'static str) -> impl Fn(Error) -> Failure {
        move |error| failure::of_api(CANNOT_DELETE, doing, &error)
    }

    /// The objects of a kind; none when the kind is not served any more.
    async fn list<K: Kind>(&self) -> Result<Vec<DynamicObject>, Failure> {
        match self.client.list_objects(&resource_of::<K>(), None, None).await {
            Ok(objects) => Ok(objects),
            Err(error) if error.is_not_served() => Ok(Vec::new()),
            Err(error) => Err(Self::failed("objects of KubeBlocks were listed")(error)),
        }
    }

    async fn refuse_with_data(&self) -> Result<(), Failure> {
        let found = [
            ("Cluster", self.list::<Cluster>().await?),
            ("Backup", self.list::<Backup>().await?),
            ("BackupRepo", self.list::<BackupRepo>().await?),
        ];
        guard::refuse(&found, &self.namespace, &self.name).map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    /// Switches add-ons off, waits, and deletes them, all of which the operator does: it runs a Job for each.
    async fn remove_addons(&self, addons: &[DynamicObject], last: Option<&Release>) -> Result<(), Failure> {
        if self.is_running(last).await? {
            let addons = self.decide(addons.to_vec()).await?;
            let needing: Vec<&DynamicObject> = addons.iter().filter(|addon| needs_operator(addon)).collect();
            self.settle(&needing).await?;
            self.switch_off(&needing).await?;
            self.delete_addons(&addons).await?;
            // The operator takes the Job of an earlier removal, when it is not collected yet, for the one it asks for,
            // and calls an add-on disabled whose release is still there.
            self.uninstall_addons(&addons).await?;
            return self.wait_for_definitions(&addons).await;
        }
        let needing: Vec<&DynamicObject> = addons.iter().filter(|addon| needs_operator(addon)).collect();
        if !needing.is_empty() {
            if !self.forced {
                return Err(not_running(&self.namespace, &needing).into());
            }
            return self.force_addons(addons).await;
        }
        self.delete_addons(addons).await?;
        self.wait_for_definitions(addons).await
    }

    /// Add-ons that the operator would install by itself and has not looked at yet: an installation that begins while
    /// its add-on is removed would survive it.
    async fn decide(&self, mut addons: Vec<DynamicObject>) -> Result<Vec<DynamicObject>, Failure> {
        let resource = resource_of::<Addon>();
        while addons.iter().any(guard::is_undecided) {
            for addon in addons.iter().filter(|addon| guard::is_undecided(addon)) {
                let off = json!({
                    "metadata": { "resourceVersion": addon.resource_version() },
                    "spec": { "install": { "enabled": false } },
                });
                match self.client.merge_object(&resource, None, &addon.name_any(), &off).await {
                    // The operator was faster; what it has decided is seen next.
                    Ok(_) | Err(Error::Changed { .. }) => {}
                    Err(error) => return Err(Self::failed("add-ons were switched off")(error)),
                }
            }
            addons = guard::removable(self.list::<Addon>().await?, self.forced);
        }
        Ok(addons)
    }

    /// Helm would uninstall under an installation that goes on, which then would finish.
    async fn settle(&self, addons: &[&DynamicObject]) -> Result<(), Failure> {
        let operator = addon::operator::find(&self.client)
            .await
            .map_err(Self::failed("the operator was looked at"))?
            .unwrap_or_default();
        let is_on = |addon: &&&DynamicObject| guard::standing(addon) == Standing::On;
        let names: Vec<String> = addons.iter().filter(is_on).map(|addon| addon.name_any()).collect();
        stream::iter(names)
            .map(|name| {
                let operator = &operator;
                async move {
                    let waited = wait_for(&self.client, operator, &name, Goal::Settled, &self.limits).await;
                    match waited {
                        Ok(_) => Ok(()),
                        Err(NotDone { reason: Reason::Interrupted, .. }) => {
                            Err(Failure::Interrupted("installations of add-ons were waited for"))
                        }
                        Err(error) => {
                            let told = not_done(
                                &self.client,
                                CANNOT_DELETE,
                                &name,
                                operator,
                                &error,
                                "timeouts.delete",
                            );
                            Err(told.await.into())
                        }
                    }
                }
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn is_running(&self, last: Option<&Release>) -> Result<bool, Failure> {
        let Some(last) = last else { return Ok(false) };
        let names = deployments::of_release(&last.manifest, &self.namespace);
        deployments::is_running(&self.client, &self.namespace, &names)
            .await
            .map_err(Self::failed("the operator was looked at"))
    }

    async fn switch_off(&self, addons: &[&DynamicObject]) -> Result<(), Failure> {
        let resource = resource_of::<Addon>();
        let names: Vec<String> = addons.iter().map(|addon| addon.name_any()).collect();
        for addon in addons.iter().filter(|addon| guard::standing(addon) == Standing::On) {
            let off = json!({"spec": {"install": {"enabled": false}}});
            self.client
                .merge_object(&resource, None, &addon.name_any(), &off)
                .await
                .map_err(Self::failed("add-ons were switched off"))?;
        }
        self.wait(vec![Selection::kind::<Addon>()], "add-ons were switched off", |seen| {
            let mut busy = Vec::new();
            for addon in seen[0].objects().filter(|addon| names.contains(&addon.name_any())) {
                match guard::standing(addon) {
                    Standing::Off => {}
                    Standing::Failed(said) => {
                        return Err(format!(
                            "The operator cannot switch off the add-on {}: {said}",
                            addon.name_any()
                        ));
                    }
                    Standing::On | Standing::Stopping => busy.push(format!("Addon {}", addon.name_any())),
                }
            }
            Ok(busy)
        })
        .await
    }

    async fn delete_addons(&self, addons: &[DynamicObject]) -> Result<(), Failure> {
        let resource = resource_of::<Addon>();
        for addon in addons {
            self.client
                .delete_object(&resource, None, &addon.name_any(), addon.uid().as_deref())
                .await
                .map_err(Self::failed("add-ons were deleted"))?;
        }
        let names: Vec<String> = addons.iter().map(ResourceExt::name_any).collect();
        self.wait(vec![Selection::kind::<Addon>()], "add-ons were deleted", |seen| {
            Ok(seen[0]
                .objects()
                .filter(|addon| names.contains(&addon.name_any()))
                .map(|addon| shown("Addon", addon))
                .collect())
        })
        .await
    }

    /// What the add-ons' charts defined: the operator takes the finalizers off as long as it runs.
    async fn wait_for_definitions(&self, addons: &[DynamicObject]) -> Result<(), Failure> {
        let releases: Vec<String> = addons.iter().map(addon_release).collect();
        let kinds = [
            resource_of::<ClusterDefinition>(),
            resource_of::<ClusterVersion>(),
            resource_of::<ConfigConstraint>(),
            resource_of::<BackupPolicyTemplate>(),
            action_sets(),
        ];
        let selections = kinds.iter().cloned().map(Selection::of).collect();
        let kinds = kinds.each_ref().map(|kind| kind.kind.as_str());
        self.wait(selections, "definitions of add-ons were removed", |seen| {
            let left = seen.iter().zip(kinds).flat_map(|(seen, kind)| {
                let of_addons = seen.objects().filter(|object| {
                    let release = object.annotations().get("meta.helm.sh/release-name");
                    release.is_some_and(|release| releases.contains(release))
                });
                of_addons.map(move |object| shown(kind, object))
            });
            Ok(left.collect())
        })
        .await
    }

    /// Objects of KubeBlocks' kinds that the chart brings, such as storage providers: helm would delete them together
    /// with the operator, which would be gone before it had taken off its finalizers.
    async fn delete_own_objects(&self, last: &Release) -> Result<(), Failure> {
        let failed = Self::failed("objects of the release were deleted");
        let Ok(manifest) = Manifest::parse(&last.manifest, &self.namespace) else { return Ok(()) };
        let kinds: BTreeSet<(&str, &str)> = manifest
            .keys()
            .filter(|key| key.kind != "Addon" && key.api_version.contains(".kubeblocks.io/"))
            .map(|key| (key.api_version.as_str(), key.kind.as_str()))
            .collect();
        for (api_version, kind) in kinds {
            let served = self.client.served_kind(api_version, kind).await.map_err(&failed)?;
            let Some(resource) = served.map(|served| served.resource) else { continue };
            let objects = self.client.list_objects(&resource, None, None).await.map_err(&failed)?;
            let is_own = |object: &DynamicObject| guard::belongs_to(object, &self.namespace, &self.name);
            let held: Vec<&DynamicObject> =
                objects.iter().filter(|object| is_own(object) && !object.finalizers().is_empty()).collect();
            for object in &held {
                let (namespace, uid) = (object.namespace(), object.uid());
                self.client
                    .delete_object(&resource, namespace.as_deref(), &object.name_any(), uid.as_deref())
                    .await
                    .map_err(&failed)?;
            }
            let uids: Vec<Option<String>> = held.iter().map(|object| object.uid()).collect();
            if uids.is_empty() {
                continue;
            }
            self.wait(vec![Selection::of(resource)], "objects of the release were deleted", |seen| {
                let left = seen[0].objects().filter(|object| uids.contains(&object.uid()));
                Ok(left.map(|object| shown(kind, object)).collect())
            })
            .await?;
        }
        Ok(())
    }

    /// Without the operator: the releases of the add-ons by helm itself, and the finalizers that nobody takes off.
    async fn force_addons(&self, addons: &[DynamicObject]) -> Result<(), Failure> {
        self.stop_jobs().await?;
        self.uninstall_addons(addons).await?;
        for addon in addons {
            leftovers::delete_by_force(&self.client, &resource_of::<Addon>(), addon).await?;
        }
        Ok(())
    }

    /// Uninstalls what helm still has of add-ons.
    async fn uninstall_addons(&self, addons: &[DynamicObject]) -> Result<(), Failure> {
        let mut names = Vec::new();
        for name in addons.iter().map(addon_release) {
            let release = release::last(&self.client, &self.namespace, &name)
                .await
                .map_err(|error| failure::of_release(CANNOT_DELETE, "add-ons were uninstalled", &error))?;
            names.extend(release.map(|_| name));
        }
        if names.is_empty() {
            return Ok(());
        }
        let (engine, access) = self.helm().await?;
        for name in &names {
            engine
                .uninstall(&access, Target { namespace: &self.namespace, name }, &self.limits)
                .await
                .map_err(|error| failure::of_engine(CANNOT_DELETE, "add-ons were uninstalled", &error))?;
        }
        Ok(())
    }

    /// Jobs that the operator began go on without it, and would install again what is removed here.
    async fn stop_jobs(&self) -> Result<(), Failure> {
        let failed = Self::failed("Jobs of add-ons were stopped");
        let kinds = [resource_of::<Job>(), resource_of::<Pod>()];
        for kind in &kinds {
            let found = self
                .client
                .list_objects(kind, Some(&self.namespace), Some(ADDON_LABEL))
                .await
                .map_err(&failed)?;
            for object in found {
                self.client
                    .delete_object(kind, Some(&self.namespace), &object.name_any(), object.uid().as_deref())
                    .await
                    .map_err(&failed)?;
            }
        }
        let [jobs, pods] =
            kinds.map(|kind| Selection::of(kind).within(&self.namespace).labelled(ADDON_LABEL));
        self.wait(vec![jobs, pods], "Jobs of add-ons were stopped", |seen| {
            let left = seen.iter().zip(["Job", "Pod"]);
            Ok(left.flat_map(|(seen, kind)| seen.objects().map(move |object| shown(kind, object))).collect())
        })
        .await
    }

    /// The pods of the operator end after helm has deleted their Deployments.
    async fn wait_until_stopped(&self) -> Result<(), Failure> {
        let labels = format!("app.kubernetes.io/instance={}", self.name);
        let pods = Selection::kind::<Pod>().within(&self.namespace).labelled(&labels);
        self.wait(vec![pods], "the operator was stopping", |seen| {
            Ok(seen[0].objects().map(|pod| shown("Pod", pod)).collect())
        })
        .await
    }

    /// Waits until `left` has nothing more to tell.
    pub(super) async fn wait(
        &self,
        selections: Vec<Selection>,
        doing: &'static str,
        left: impl Fn(&[Seen]) -> Result<Vec<String>, String>,
    ) -> Result<(), Failure> {
        let mut last = Vec::new();
        let mut snapshots = self.client.observe(selections);
        let outcome = until(&self.limits, &mut snapshots, |seen: &Vec<Seen>, _| {
            let not_served = |seen: &Seen| seen.sight == Sight::Closed;
            if !seen.iter().all(|seen| seen.is_open() || not_served(seen)) {
                return Step::Wait(None);
            }
            match left(seen) {
                Err(said) => Step::Failed(said),
                Ok(objects) if objects.is_empty() => Step::Done(()),
                Ok(objects) => {
                    last = objects;
                    Step::Wait(None)
                }
            }
        })
        .await;
        match outcome {
            Ok(()) => Ok(()),
            Err(WaitError::Interrupted { .. }) => Err(Failure::Interrupted(doing)),
            Err(WaitError::Failed { failure, .. }) => Err(Diagnostic::error(CANNOT_DELETE, failure).into()),
            Err(WaitError::TimedOut { waited, .. }) => {
                let more = last.len().saturating_sub(10);
                last.truncate(10);
                let more = if more > 0 { format!("\n- and {more} more") } else { String::new() };
                Err(Diagnostic::error(
                    CANNOT_DELETE,
                    format!("After {} seconds, while {doing}, there still is:\n- {}{more}\n\nIf it only needs longer, raise `timeouts.delete` and run the command again; it goes on from here.", waited.as_secs(), last.join("\n- ")),
                )
                .into())
            }
        }
    }
}

/// Names of the `ClusterRole`s of a release.
fn cluster_roles(release: Option<&Release>, namespace: &str) -> Vec<String> {
    let manifest = release.and_then(|release| Manifest::parse(&release.manifest, namespace).ok());
    let keys = manifest.iter().flat_map(Manifest::keys).filter(|key| key.kind == "ClusterRole");
    keys.map(|key| key.name.clone()).collect()
}

/// The release that the operator makes for an add-on.
fn addon_release(addon: &DynamicObject) -> String {
    format!("kb-addon-{}", addon.name_any())
}

/// An object with what holds it.
pub(super) fn shown(kind: &str, object: &DynamicObject) -> String {
    let name = match object.namespace() {
        Some(namespace) => format!("{kind} {namespace}/{}", object.name_any()),
        None => format!("{kind} {}", object.name_any()),
    };
    match object.finalizers() {
        [] => name,
        finalizers => format!("{name} (finalizers: {})", finalizers.join(", ")),
    }
}

/// Whether only the operator can remove it.
fn needs_operator(addon: &DynamicObject) -> bool {
    !addon.finalizers().is_empty() || !matches!(guard::standing(addon), Standing::Off)
}

fn not_running(namespace: &str, addons: &[&DynamicObject]) -> Diagnostic {
    let names: Vec<String> = addons.iter().map(|addon| addon.name_any()).collect();
    Diagnostic::error(
        "The operator does not run and cannot remove its add-ons",
        format!("Add-ons are uninstalled by the operator, and no pod of it is ready in the namespace {namespace}: {}.\n\nBring it up again (`terraform apply`, `kubectl -n {namespace} get pods`), then destroy. Or set `force_destroy = true` and apply that: then the provider uninstalls the add-ons by helm itself and removes the finalizers that nobody else will remove.", names.join(", ")),
    )
    .at(Path::attribute("force_destroy"))
}
