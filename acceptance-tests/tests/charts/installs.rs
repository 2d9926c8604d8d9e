//! Real helms install, upgrade and remove the operator on a real API server. No operator runs here: its pods are simulated.

use std::path::{Path, PathBuf};
use std::process::Output;

use acceptance_tests::control_plane::ControlPlane;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use kube::{Client, ResourceExt};

use crate::support::{charts, command, helm3, helms};

const RELEASE_NAMESPACE: &str = "kb-installs";

fn run(helm: &Path, kubeconfig: &Path, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = command(helm, home.path());
    command.env("KUBECONFIG", kubeconfig).args(arguments).args(["--namespace", RELEASE_NAMESPACE]);
    command.output().unwrap()
}

/// Installs a chart over what is there, and returns when its pods are ready.
async fn install(helm: &Path, kubeconfig: &Path, release: &str, archive: PathBuf, options: &[&'static str]) {
    let (helm, kubeconfig, release) = (helm.to_owned(), kubeconfig.to_owned(), release.to_owned());
    let options = options.to_owned();
    let output = tokio::task::spawn_blocking(move || {
        let install = ["upgrade", "--install", &release, archive.to_str().unwrap(), "--create-namespace"];
        run(&helm, &kubeconfig, &[&install[..], &["--wait", "--timeout", "3m"], &options].concat())
    });
    let output = output.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn names(client: &Client, group: &str, kind: &str) -> Vec<String> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1alpha1", kind));
    let list = Api::<DynamicObject>::all_with(client.clone(), &resource).list(&ListParams::default()).await;
    list.unwrap().iter().map(ResourceExt::name_any).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_helms_install_upgrade_and_remove_the_operator() {
    let helms = tokio::task::spawn_blocking(|| (charts(), helms()).1).await.unwrap();
    let plane = ControlPlane::shared().await.unwrap();
    let client = plane.client().await.unwrap();
    // Kubernetes may bring an aggregated ClusterRole back while helm deletes those that it is made of; what is back belongs
    // to nobody, and helm would not install over it.
    let owned = ["--take-ownership"];
    for (title, helm) in helms {
        install(&helm, plane.kubeconfig(), "kubeblocks", charts().operator_archive("0.7.4"), &owned).await;
        let addons = names(&client, "extensions.kubeblocks.io", "Addon").await;
        assert!(addons.contains(&"xinference".to_owned()), "{title}: {addons:?}");

        install(&helm, plane.kubeconfig(), "kubeblocks", charts().operator_archive("0.7.5"), &owned).await;
        let addons = names(&client, "extensions.kubeblocks.io", "Addon").await;
        assert!(!addons.contains(&"xinference".to_owned()), "{title}: {addons:?}");
        assert_eq!(addons.len(), 38, "{title}: {addons:?}");
        let providers = names(&client, "storage.kubeblocks.io", "StorageProvider").await;
        assert!(providers.contains(&"gcs-s3comp".to_owned()), "{title}: {providers:?}");

        let secrets: Api<Secret> = Api::namespaced(client.clone(), RELEASE_NAMESPACE);
        let release = secrets.get("sh.helm.release.v1.kubeblocks.v2").await.unwrap();
        assert_eq!(release.labels().get("status").map(String::as_str), Some("deployed"), "{title}");

        let kubeconfig = plane.kubeconfig().to_owned();
        let remove = move || run(&helm, &kubeconfig, &["uninstall", "kubeblocks", "--no-hooks"]);
        let output = tokio::task::spawn_blocking(remove).await.unwrap();
        assert!(output.status.success(), "{title}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(names(&client, "extensions.kubeblocks.io", "Addon").await.is_empty(), "{title}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_add_ons_of_the_platform_become_ready_with_the_options_of_an_add_ons_job() {
    let (charts, helm) = tokio::task::spawn_blocking(|| (charts(), helm3())).await.unwrap();
    let plane = ControlPlane::shared().await.unwrap();
    let options = [
        "--atomic",
        "--cleanup-on-fail",
        "--insecure-skip-tls-verify",
        "--set-json",
        "tolerations=[{\"key\":\"kb-controller\",\"operator\":\"Exists\"}]",
    ];
    for (chart, version) in [
        ("snapshot-controller", "1.7.2"),
        ("prometheus", "15.16.1"),
        ("csi-s3", "0.7.5"),
        ("nyancat", "0.7.5"),
    ] {
        let archive = charts.addon_archives().join(format!("{chart}-{version}.tgz"));
        install(&helm, plane.kubeconfig(), &format!("kb-addon-{chart}"), archive, &options).await;
    }
    let client = plane.client().await.unwrap();
    let secrets: Api<Secret> = Api::namespaced(client, RELEASE_NAMESPACE);
    let releases = secrets.list(&ListParams::default().labels("owner=helm,status=deployed")).await.unwrap();
    let deployed =
        |chart: &str| releases.iter().any(|secret| secret.labels()["name"] == format!("kb-addon-{chart}"));
    for chart in ["snapshot-controller", "prometheus", "csi-s3", "nyancat"] {
        assert!(deployed(chart), "{chart}");
    }
}
