//! What the tests of this binary share: namespaces, objects from JSON, waits with a limit.

use std::fmt::Debug;
use std::fs::File;
use std::time::Duration;

use acceptance_tests::control_plane::ControlPlane;
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::PostParams;
use kube::runtime::wait::{Condition, await_condition};
use kube::{Api, Client};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A limit for everything that the playground does in a second; wide, because machines of tests are busy.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);

/// A client of the shared control plane, and a namespace in which pods can be made.
pub(crate) async fn namespace() -> (Client, String) {
    let client = ControlPlane::shared().await.unwrap().client().await.unwrap();
    let asked: Namespace = object(json!({ "metadata": { "generateName": "test-" } }));
    let created = Api::all(client.clone()).create(&PostParams::default(), &asked).await.unwrap();
    let name = created.metadata.name.unwrap();
    // Pods are refused until their service account exists.
    until(
        &Api::<ServiceAccount>::namespaced(client.clone(), &name),
        "default",
        |found: Option<&ServiceAccount>| found.is_some(),
    )
    .await;
    (client, name)
}

/// An object from JSON.
pub(crate) fn object<K: DeserializeOwned>(content: Value) -> K {
    serde_json::from_value(content).unwrap()
}

/// Creates an object from JSON.
pub(crate) async fn create<K>(api: &Api<K>, content: Value) -> K
where
    K: kube::Resource + Clone + Debug + DeserializeOwned + serde::Serialize,
{
    api.create(&PostParams::default(), &object(content)).await.unwrap()
}

/// Waits until the object is as it should be, and returns it; `None` if it is gone.
#[track_caller]
pub(crate) fn until<'a, K>(
    api: &'a Api<K>,
    name: &'a str,
    condition: impl Condition<K> + 'a,
) -> impl Future<Output = Option<K>> + 'a
where
    K: kube::Resource + Clone + Debug + Send + DeserializeOwned + 'static,
{
    let caller = std::panic::Location::caller();
    async move {
        let waiting = Box::pin(await_condition(api.clone(), name, condition));
        let Ok(found) = tokio::time::timeout(LIMIT, waiting).await else {
            panic!("{caller}: still not so: {:#?}", api.get_opt(name).await);
        };
        found.unwrap()
    }
}

/// Waits until the process that owns the data folder has ended: it holds a lock on this file as long as it lives.
pub(crate) async fn until_unclaimed(claim: File) {
    let unlocked = tokio::task::spawn_blocking(move || claim.lock());
    tokio::time::timeout(LIMIT, unlocked).await.expect("the control plane ends").unwrap().unwrap();
}
