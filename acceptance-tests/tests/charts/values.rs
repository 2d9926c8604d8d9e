//! What values do to the operator's chart, and which it refuses.

use serde_json::{Value, json};

use crate::support::{charts, environment, helms, name, of_kind, one, operator, render, title};

/// Settings; kind and name of an object; a path in it, and what is there then.
type Case = (Vec<&'static str>, &'static str, &'static str, &'static str, Value);

/// What becomes of the operator's own pods and objects.
fn own_cases() -> Vec<Case> {
    vec![
        (
            vec!["podAnnotations.playground\\.kubeblocks\\.io/fault=image-pull"],
            "Deployment",
            "kubeblocks",
            "/spec/template/metadata/annotations",
            json!({ "playground.kubeblocks.io/fault": "image-pull" }),
        ),
        (
            vec!["podAnnotations.a=b"],
            "Deployment",
            "kubeblocks-dataprotection",
            "/spec/template/metadata/annotations",
            json!({ "a": "b" }),
        ),
        (vec!["replicaCount=3"], "Deployment", "kubeblocks", "/spec/replicas", json!(3)),
        (
            vec!["nodeSelector.zone=a"],
            "Deployment",
            "kubeblocks",
            "/spec/template/spec/nodeSelector",
            json!({ "zone": "a" }),
        ),
        (
            vec!["tolerations[0].key=x", "tolerations[0].operator=Exists"],
            "Deployment",
            "kubeblocks",
            "/spec/template/spec/tolerations",
            json!([{ "key": "x", "operator": "Exists" }]),
        ),
        (
            vec!["dataProtection.encryptionKey=secret"],
            "Secret",
            "kubeblocks-secret",
            "/stringData/dataProtectionEncryptionKey",
            json!("secret"),
        ),
        (
            vec!["cloudProvider.accessKey=key"],
            "Secret",
            "kubeblocks-cloud-provider",
            "/stringData/accessKey",
            json!("key"),
        ),
    ]
}

/// What becomes of Addons and of what is created on request.
fn addon_cases() -> Vec<Case> {
    vec![
        (
            vec!["snapshot-controller.enabled=false"],
            "Addon",
            "snapshot-controller",
            "/spec/installable/autoInstall",
            json!(false),
        ),
        (
            vec!["addonChartLocationBase=oci://example.com/charts"],
            "Addon",
            "redis",
            "/spec/helm/installOptions",
            json!({ "version": "0.7.5" }),
        ),
        (
            vec!["addonChartLocationBase=https://example.com/charts"],
            "Addon",
            "redis",
            "/spec/helm/chartLocationURL",
            json!("https://example.com/charts/redis-0.7.5.tgz"),
        ),
        (
            vec!["versionOverride=0.7.4"],
            "Addon",
            "redis",
            "/spec/helm/chartLocationURL",
            json!("file:///redis-0.7.4.tgz"),
        ),
        (
            vec!["addonChartsImage.tag=0.7.9", "addonChartsImage.registry=example.com"],
            "Addon",
            "redis",
            "/spec/helm/chartsImage",
            json!("example.com/apecloud/kubeblocks-charts:0.7.9"),
        ),
        (
            vec!["storageClass.name=fast", "provider=aws"],
            "StorageClass",
            "fast",
            "/provisioner",
            json!("ebs.csi.aws.com"),
        ),
        (
            vec!["backupRepo.create=true", "backupRepo.storageProvider=s3", "backupRepo.config.bucket=b"],
            "BackupRepo",
            "kubeblocks-backuprepo",
            "/spec/config",
            json!({ "bucket": "b" }),
        ),
        (
            vec!["backupRepo.create=true", "backupRepo.storageProvider=s3", "backupRepo.accessMethod=Mount"],
            "Addon",
            "csi-s3",
            "/spec/installable/autoInstall",
            json!(true),
        ),
    ]
}

#[test]
fn values_lead_to_what_they_say() {
    for (set, kind, named, path, expected) in own_cases().into_iter().chain(addon_cases()) {
        let arguments: Vec<&str> = set.iter().flat_map(|value| ["--set", value]).collect();
        let objects = operator(&arguments).unwrap_or_else(|error| panic!("{set:?}: {error}"));
        assert_eq!(one(&objects, kind, named).pointer(path), Some(&expected), "{set:?}");
    }
}

#[test]
fn a_registry_of_ones_own_is_used_for_every_image() {
    let objects = operator(&["--set", "image.registry=registry.example.com"]).unwrap();
    let text = serde_json::to_string(&objects).unwrap();
    assert!(!text.contains("infracreate-registry"), "an image of the default registry is left");
    let environment = environment(&objects, "kubeblocks-dataprotection");
    assert_eq!(environment["DATASAFED_IMAGE"], "registry.example.com/apecloud/datasafed:0.0.3");
}

#[test]
fn parts_that_are_switched_off_are_not_there() {
    for (value, gone) in [
        ("dataProtection.enabled=false", "Deployment kubeblocks-dataprotection"),
        ("addonController.enabled=false", "ServiceAccount kubeblocks-addon-installer"),
        ("addonController.enabled=false", "Job kubeblocks-addon-removal"),
        ("keepAddons=true", "Job kubeblocks-addon-removal"),
        ("rbac.enabled=false", "ClusterRole kubeblocks-rbac-manager-role"),
        ("grafana.sidecar.dashboards.enabled=false", "ConfigMap kubeblocks-grafana-node"),
    ] {
        let is_there = |objects: &[Value]| objects.iter().any(|object| title(object) == gone);
        assert!(is_there(&operator(&[]).unwrap()), "{gone}");
        assert!(!is_there(&operator(&["--set", value]).unwrap()), "{value}: {gone}");
    }
}

#[test]
fn kept_add_ons_are_marked_for_helm() {
    let policy = |objects: &[Value], kind: &str, named: &str| {
        one(objects, kind, named)["metadata"]["annotations"]["helm.sh/resource-policy"].clone()
    };
    let kept = operator(&["--set", "keepAddons=true"]).unwrap();
    for addon in of_kind(&kept, "Addon") {
        assert_eq!(policy(&kept, "Addon", name(addon)), "keep");
    }
    // Its values stay with it.
    assert_eq!(policy(&kept, "ConfigMap", "prometheus-chart-kubeblocks-values"), "keep");
    assert_eq!(policy(&operator(&[]).unwrap(), "Addon", "redis"), Value::Null);
}

#[test]
fn several_managers_get_a_budget_that_this_kubernetes_knows() {
    let known = ["--api-versions", "policy/v1/PodDisruptionBudget"];
    for (count, arguments, expected) in
        [("1", &known[..], None), ("2", &known[..], Some("policy/v1")), ("2", &[], Some("policy/v1beta1"))]
    {
        let value = format!("replicaCount={count}");
        let objects = operator(&[&["--set", value.as_str()], arguments].concat()).unwrap();
        let budgets = of_kind(&objects, "PodDisruptionBudget");
        assert_eq!(budgets.first().map(|budget| budget["apiVersion"].as_str().unwrap()), expected, "{count}");
    }
}

#[test]
fn snapshots_are_told_to_the_managers_once_they_are_served() {
    for (arguments, expected) in [
        (&[][..], None),
        (&["--api-versions", "snapshot.storage.k8s.io/v1"], Some("false")),
        (&["--api-versions", "snapshot.storage.k8s.io/v1beta1"], Some("true")),
    ] {
        let objects = operator(arguments).unwrap();
        let found = environment(&objects, "kubeblocks").remove("VOLUMESNAPSHOT_API_BETA");
        assert_eq!(found.as_deref(), expected, "{arguments:?}");
    }
}

#[test]
fn values_that_cannot_work_are_refused_with_a_reason() {
    for (set, reason) in [
        ("replicaCount=many", "replicaCount"),
        ("tolerations[0].effekt=NoSchedule", "effekt"),
        ("keepAddons=perhaps", "keepAddons"),
        ("addonChartLocationBase=/charts", "addonChartLocationBase"),
        ("image.pullPolicy=Sometimes", "pullPolicy"),
        ("provider=moon", "provider \"moon\" is unknown, use one of: aws, gcp, aliyun"),
        ("admissionWebhooks.enabled=true", "admissionWebhooks.enabled cannot be true"),
    ] {
        for (helm, program) in helms() {
            let refused = render(&program, &charts().operator_folder("0.7.5"), &["--set", set]);
            let error = refused.expect_err(set);
            assert!(error.contains(reason), "{helm}, {set}: {error}");
        }
    }
    let budget = ["--set", "replicaCount=2", "--set", "podDisruptionBudget.maxUnavailable=1"];
    assert!(operator(&budget).unwrap_err().contains("exclude each other"));
    let old = ["--kube-version", "v1.21.0"];
    assert!(operator(&old).unwrap_err().contains("1.22.0-0"));
}

#[test]
fn the_cloud_is_told_by_a_value_or_by_the_version_of_kubernetes() {
    // The third is the suffix of the version, which only helm 4 hands on.
    for (cloud, provisioner, suffix, grows) in [
        ("aws", "ebs.csi.aws.com", "-eks-1a2b3c4", true),
        ("gcp", "pd.csi.storage.gke.io", "-gke.100", true),
        ("aliyun", "diskplugin.csi.alibabacloud.com", "-aliyun.1", true),
        ("tencentCloud", "com.tencent.cloud.csi.cbs", "-tke.5", false),
        ("azure", "kubernetes.io/azure-disk", "-aks.1", false),
        ("huaweiCloud", "everest-csi-provisioner", "", true),
    ] {
        let value = format!("provider={cloud}");
        let version = format!("v1.30.0{suffix}");
        let mut ways =
            helms().map(|(_, helm)| (helm, vec!["--kube-version", "v1.30.0", "--set", &value])).to_vec();
        if !suffix.is_empty() {
            let [_, (_, helm4)] = helms();
            ways.push((helm4, vec!["--kube-version", &version]));
        }
        for (helm, arguments) in ways {
            let objects = render(&helm, &charts().operator_folder("0.7.5"), &arguments).unwrap();
            let class = one(&objects, "StorageClass", "kb-default-sc");
            assert_eq!(class["provisioner"], provisioner, "{arguments:?}");
            assert_eq!(class["allowVolumeExpansion"] == true, grows, "{arguments:?}");
            let settings = &one(&objects, "ConfigMap", "kubeblocks-manager-config")["data"]["config.yaml"];
            assert!(
                settings.as_str().unwrap().contains("DEFAULT_STORAGE_CLASS: \"kb-default-sc\""),
                "{settings}"
            );
        }
        let without = operator(&["--set", &value, "--set", "storageClass.create=false"]).unwrap();
        assert!(of_kind(&without, "StorageClass").is_empty(), "{cloud}");
    }
    assert!(of_kind(&operator(&["--kube-version", "v1.30.0"]).unwrap(), "StorageClass").is_empty());
}
