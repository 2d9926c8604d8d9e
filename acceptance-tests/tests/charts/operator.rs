//! The operator's chart: what it consists of, what values change, what it refuses.

use std::collections::{BTreeMap, BTreeSet};

use acceptance_tests::charts::{ADDON_VERSIONS, OPERATOR_VERSIONS};
use serde_json::{Value, json};

use crate::support::{
    addon_charts, charts, helm3, helms, kind, name, names, of_kind, one, operator, render, strings, title,
};

/// Objects by title, without trailing blanks of lines, in which the helms differ.
fn comparable(objects: Vec<Value>) -> BTreeMap<String, Value> {
    fn trim(value: &mut Value) {
        match value {
            Value::String(text) => {
                *text = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned();
            }
            Value::Array(items) => items.iter_mut().for_each(trim),
            Value::Object(fields) => fields.values_mut().for_each(trim),
            _ => {}
        }
    }
    objects
        .into_iter()
        .map(|mut object| {
            trim(&mut object);
            (title(&object), object)
        })
        .collect()
}

#[test]
fn every_chart_renders_and_both_helms_agree() {
    let operators = OPERATOR_VERSIONS.map(|version| charts().operator_folder(version));
    let addons = addon_charts().into_iter().map(|chart| charts().addon_folder(&chart));
    for chart in operators.into_iter().chain(addons) {
        let [first, second] = helms().map(|(helm, program)| {
            let objects = render(&program, &chart, &[]);
            comparable(objects.unwrap_or_else(|error| panic!("{helm}, {}: {error}", chart.display())))
        });
        assert!(!first.is_empty(), "{}", chart.display());
        for (title, object) in &first {
            assert_eq!(Some(object), second.get(title), "{}", chart.display());
        }
        assert_eq!(first.len(), second.len(), "{}", chart.display());
    }
}

#[test]
fn the_operator_consists_of_what_the_released_one_consists_of() {
    let objects = operator(&[]).unwrap();
    let mut counts = BTreeMap::new();
    for object in &objects {
        *counts.entry(kind(object)).or_insert(0) += 1;
    }
    let expected = [
        ("Addon", 38),
        ("ClusterRole", 24),
        ("ClusterRoleBinding", 2),
        // Three, and two dashboards of one list without a name.
        ("ConfigMap", 5),
        ("Deployment", 2),
        ("Job", 1),
        ("Pod", 1),
        ("Role", 1),
        ("RoleBinding", 1),
        ("Secret", 2),
        ("Service", 1),
        ("ServiceAccount", 2),
        ("StorageProvider", 7),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
    let titles: BTreeSet<_> = objects.iter().map(title).collect();
    assert_eq!(titles.len(), objects.len(), "nothing is there twice");

    for (suffix, component) in [("", "apps"), ("-dataprotection", "dataprotection")] {
        let deployment = one(&objects, "Deployment", &format!("kubeblocks{suffix}"));
        let labels = &deployment["metadata"]["labels"];
        for (label, value) in [
            ("name", "kubeblocks"),
            ("instance", "kubeblocks"),
            ("version", "0.7.5"),
            ("component", component),
            ("managed-by", "Helm"),
        ] {
            assert_eq!(labels[format!("app.kubernetes.io/{label}")], value, "{labels}");
        }
        assert_eq!(labels["helm.sh/chart"], "kubeblocks-0.7.5");
    }
    let providers: BTreeSet<_> = of_kind(&objects, "StorageProvider").into_iter().map(name).collect();
    assert_eq!(providers, ["cos", "gcs-s3comp", "minio", "obs", "oss", "pvc", "s3"].into());
}

#[test]
fn the_manager_is_told_how_to_install_add_ons() {
    let objects = operator(&[]).unwrap();
    let environment = environment(&objects, "kubeblocks");
    for (variable, value) in [
        ("CM_NAMESPACE", "kb-system"),
        ("KUBEBLOCKS_ADDON_SA_NAME", "kubeblocks-addon-installer"),
        (
            "KUBEBLOCKS_TOOLS_IMAGE",
            "infracreate-registry.cn-zhangjiakou.cr.aliyuncs.com/apecloud/kubeblocks-tools:0.7.5",
        ),
        (
            "KUBEBLOCKS_ADDON_HELM_INSTALL_OPTIONS",
            "--atomic --cleanup-on-fail --wait --insecure-skip-tls-verify",
        ),
        ("ADDON_JOB_TTL", "5m"),
        ("ADDON_JOB_IMAGE_PULL_POLICY", "IfNotPresent"),
        ("KUBE_PROVIDER", ""),
    ] {
        assert_eq!(environment.get(variable).map(String::as_str), Some(value), "{variable}");
    }
    let tolerations: Value = serde_json::from_str(&environment["CM_TOLERATIONS"]).unwrap();
    assert_eq!(tolerations[0]["key"], "kb-controller");
    let binding = one(&objects, "ClusterRoleBinding", "kubeblocks-cluster-admin");
    assert_eq!(binding["roleRef"]["name"], "cluster-admin");
    assert_eq!(names(&binding["subjects"]), ["kubeblocks-addon-installer"]);
}

fn environment(objects: &[Value], deployment: &str) -> BTreeMap<String, String> {
    let pod = &one(objects, "Deployment", deployment)["spec"]["template"]["spec"];
    let list = pod["containers"][0]["env"].as_array().unwrap();
    list.iter()
        .filter_map(|entry| Some((entry["name"].as_str()?.to_owned(), entry["value"].as_str()?.to_owned())))
        .collect()
}

#[test]
fn the_add_ons_that_are_installed_by_themselves_are_those_of_0_7() {
    let objects = operator(&[]).unwrap();
    let addons = of_kind(&objects, "Addon");
    let own: BTreeSet<_> = addons
        .iter()
        .filter(|addon| addon["spec"]["installable"]["autoInstall"] == true)
        .map(|addon| name(addon))
        .collect();
    let expected = [
        "apecloud-mysql",
        "kafka",
        "mongodb",
        "mysql",
        "postgresql",
        "pulsar",
        "redis",
        "snapshot-controller",
    ];
    assert_eq!(own, expected.into());
    for addon in addons {
        assert!(!addon["spec"]["defaultInstallValues"].as_array().unwrap().is_empty(), "{addon:#}");
    }
}

#[test]
fn an_add_on_has_an_archive_or_is_one_of_another_project() {
    let absent = [
        "aws-load-balancer-controller",
        "csi-hostpath-driver",
        "external-dns",
        "grafana",
        "kubeblocks-csi-driver",
        "loki",
        "minio",
        // Only the oldest release has this one.
        "xinference",
    ];
    for version in ADDON_VERSIONS {
        let objects = render(&helm3(), &charts().operator_folder(version), &[]).unwrap();
        for addon in of_kind(&objects, "Addon") {
            let url = addon["spec"]["helm"]["chartLocationURL"].as_str().unwrap();
            let file = url.strip_prefix("file:///").unwrap();
            let exists = charts().addon_archives().join(file).is_file();
            assert_eq!(exists, !absent.contains(&name(addon)), "{version}: {file}");
        }
    }
}

#[test]
fn a_release_differs_from_the_next_by_what_is_announced() {
    let titles = |version: &str| -> BTreeSet<String> {
        let objects = render(&helm3(), &charts().operator_folder(version), &[]).unwrap();
        objects.iter().map(title).collect()
    };
    let difference = |from: &BTreeSet<String>, to: &BTreeSet<String>| -> Vec<String> {
        from.difference(to).cloned().collect()
    };
    let [oldest, current, later, last] = OPERATOR_VERSIONS.map(titles);
    assert_eq!(difference(&oldest, &current), ["Addon xinference"]);
    assert_eq!(difference(&current, &oldest), ["StorageProvider gcs-s3comp"]);
    assert_eq!(difference(&current, &later), ["Addon foxlake"]);
    assert!(difference(&later, &current).is_empty());
    assert_eq!(later, last);

    let kinds = OPERATOR_VERSIONS
        .map(|version| std::fs::read_dir(charts().operator_folder(version).join("crds")).unwrap().count());
    assert_eq!(kinds, [kinds[1] - 1, kinds[1], kinds[1] + 1, kinds[1] + 1]);
}

#[test]
fn values_lead_to_what_they_say() {
    let cases: &[(&[&str], &str, &str, &str, Value)] = &[
        (
            &["podAnnotations.playground\\.kubeblocks\\.io/fault=image-pull"],
            "Deployment",
            "kubeblocks",
            "/spec/template/metadata/annotations",
            json!({ "playground.kubeblocks.io/fault": "image-pull" }),
        ),
        (
            &["podAnnotations.a=b"],
            "Deployment",
            "kubeblocks-dataprotection",
            "/spec/template/metadata/annotations",
            json!({ "a": "b" }),
        ),
        (&["replicaCount=3"], "Deployment", "kubeblocks", "/spec/replicas", json!(3)),
        (
            &["nodeSelector.zone=a"],
            "Deployment",
            "kubeblocks",
            "/spec/template/spec/nodeSelector",
            json!({ "zone": "a" }),
        ),
        (
            &["tolerations[0].key=x", "tolerations[0].operator=Exists"],
            "Deployment",
            "kubeblocks",
            "/spec/template/spec/tolerations",
            json!([{ "key": "x", "operator": "Exists" }]),
        ),
        (
            &["dataProtection.encryptionKey=secret"],
            "Secret",
            "kubeblocks-secret",
            "/stringData/dataProtectionEncryptionKey",
            json!("secret"),
        ),
        (
            &["cloudProvider.accessKey=key"],
            "Secret",
            "kubeblocks-cloud-provider",
            "/stringData/accessKey",
            json!("key"),
        ),
        (
            &["snapshot-controller.enabled=false"],
            "Addon",
            "snapshot-controller",
            "/spec/installable/autoInstall",
            json!(false),
        ),
        (
            &["addonChartLocationBase=oci://example.com/charts"],
            "Addon",
            "redis",
            "/spec/helm/installOptions",
            json!({ "version": "0.7.5" }),
        ),
        (
            &["addonChartLocationBase=https://example.com/charts"],
            "Addon",
            "redis",
            "/spec/helm/chartLocationURL",
            json!("https://example.com/charts/redis-0.7.5.tgz"),
        ),
        (
            &["versionOverride=0.7.4"],
            "Addon",
            "redis",
            "/spec/helm/chartLocationURL",
            json!("file:///redis-0.7.4.tgz"),
        ),
        (
            &["addonChartsImage.tag=0.7.9", "addonChartsImage.registry=example.com"],
            "Addon",
            "redis",
            "/spec/helm/chartsImage",
            json!("example.com/apecloud/kubeblocks-charts:0.7.9"),
        ),
        (
            &["storageClass.name=fast", "provider=aws"],
            "StorageClass",
            "fast",
            "/provisioner",
            json!("ebs.csi.aws.com"),
        ),
        (
            &["backupRepo.create=true", "backupRepo.storageProvider=s3", "backupRepo.config.bucket=b"],
            "BackupRepo",
            "kubeblocks-backuprepo",
            "/spec/config",
            json!({ "bucket": "b" }),
        ),
        (
            &["backupRepo.create=true", "backupRepo.storageProvider=s3", "backupRepo.accessMethod=Mount"],
            "Addon",
            "csi-s3",
            "/spec/installable/autoInstall",
            json!(true),
        ),
    ];
    for (set, kind, named, path, expected) in cases {
        let arguments: Vec<&str> = set.iter().flat_map(|value| ["--set", value]).collect();
        let objects = operator(&arguments).unwrap_or_else(|error| panic!("{set:?}: {error}"));
        assert_eq!(one(&objects, kind, named).pointer(path), Some(expected), "{set:?}");
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
fn the_hook_removes_the_add_ons_with_rights_that_it_has() {
    let objects = operator(&[]).unwrap();
    let job = one(&objects, "Job", "kubeblocks-addon-removal");
    assert_eq!(job["metadata"]["annotations"]["helm.sh/hook"], "pre-delete");
    let pod = &job["spec"]["template"]["spec"];
    assert_eq!(strings(&pod["containers"][0]["command"]), ["kubectl"]);
    assert_eq!(
        strings(&pod["containers"][0]["args"]),
        [
            "delete",
            "addons.extensions.kubeblocks.io",
            "--selector=app.kubernetes.io/managed-by=Helm,app.kubernetes.io/instance=kubeblocks"
        ]
    );
    assert_eq!(pod["serviceAccountName"], "kubeblocks");
    let rules = &one(&objects, "ClusterRole", "kubeblocks-manager-role")["rules"];
    let extensions = rules
        .as_array()
        .unwrap()
        .iter()
        .find(|rule| strings(&rule["apiGroups"]).contains(&"extensions.kubeblocks.io"));
    assert!(strings(&extensions.unwrap()["verbs"]).contains(&"delete"));
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
