//! An API server accepts everything that the charts consist of: with our definitions of the kinds, and with the real ones
//! where those are at hand.

use std::path::Path;

use acceptance_tests::charts::Charts;
use acceptance_tests::control_plane::{ControlPlane, Options};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams, ValidationDirective};
use kube::core::GroupVersionKind;
use kube::discovery::{Discovery, Scope};
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::await_condition;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::support::{NAMESPACE, addon, addon_charts, charts, operator, reference, title};

/// Wide, because machines of tests are busy.
const LIMIT: std::time::Duration = std::time::Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_accepts_every_object_of_every_chart() {
    let objects = tokio::task::spawn_blocking(all_objects).await.unwrap();
    // Its own: what it applies would stand in the way of a helm that installs the same.
    let plane = ControlPlane::start(Options::default()).await.unwrap();
    let client = plane.client().await.unwrap();
    let namespace: Namespace = serde_json::from_value(json!({ "metadata": { "name": NAMESPACE } })).unwrap();
    Api::all(client.clone()).create(&PostParams::default(), &namespace).await.unwrap();

    let own = Charts::packaged().unwrap();
    install(&client, &own.addon_folder("snapshot-controller").join("crds")).await;
    install(&client, &own.operator_folder("0.7.5").join("crds")).await;
    try_all(&client, &objects, "our kinds").await;

    if let Some(real) = reference("kubeblocks-0.7.5/crds") {
        install(&client, &real).await;
        try_all(&client, &objects, "the real kinds").await;
    }
}

fn all_objects() -> Vec<Value> {
    charts();
    let everything =
        ["--set", "backupRepo.create=true,backupRepo.storageProvider=pvc,provider=aws,replicaCount=2"];
    let known = ["--api-versions", "policy/v1/PodDisruptionBudget"];
    let mut objects = operator(&[everything, known].concat()).unwrap();
    for chart in addon_charts() {
        objects.extend(addon(&chart));
    }
    objects
}

async fn install(client: &Client, folder: &Path) {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut installed = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let definition: CustomResourceDefinition = serde_saphyr::from_str(&text).unwrap();
        let name = definition.name_any();
        let parameters = PatchParams::apply("test").force();
        api.patch(&name, &parameters, &Patch::Apply(&definition)).await.unwrap();
        installed.push(name);
    }
    assert!(!installed.is_empty(), "{}", folder.display());
    for name in installed {
        let waiting = await_condition(api.clone(), &name, is_crd_established());
        tokio::time::timeout(LIMIT, waiting).await.expect("served").unwrap();
    }
}

/// Applies every object without keeping it; unknown and doubled fields are errors.
async fn try_all(client: &Client, objects: &[Value], with: &str) {
    let discovery = Discovery::new(client.clone()).run().await.unwrap();
    let parameters = PatchParams {
        dry_run: true,
        field_validation: Some(ValidationDirective::Strict),
        ..PatchParams::apply("test").force()
    };
    let mut failures = Vec::new();
    for object in objects {
        let content: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        let kind = GroupVersionKind::try_from(content.types.as_ref().unwrap()).unwrap();
        let Some((resource, capabilities)) = discovery.resolve_gvk(&kind) else {
            failures.push(format!("{}: not served", title(object)));
            continue;
        };
        let api: Api<DynamicObject> = match capabilities.scope {
            Scope::Cluster => Api::all_with(client.clone(), &resource),
            Scope::Namespaced => Api::namespaced_with(client.clone(), NAMESPACE, &resource),
        };
        if let Err(error) = api.patch(&content.name_any(), &parameters, &Patch::Apply(&content)).await {
            failures.push(format!("{}: {error}", title(object)));
        }
    }
    assert!(failures.is_empty(), "with {with}, of {}:\n{}", objects.len(), failures.join("\n"));
}
