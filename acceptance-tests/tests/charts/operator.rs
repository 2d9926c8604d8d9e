//! The operator's chart: what it consists of, and how its releases differ.

use std::collections::{BTreeMap, BTreeSet};

use acceptance_tests::charts::{ADDON_VERSIONS, OPERATOR_VERSIONS};
use serde_json::Value;

use crate::support::{
    addon_charts, charts, environment, helm3, helms, kind, name, names, of_kind, one, operator, render,
    strings, title,
};

/// Objects by title, without trailing blanks of lines, in which the helms differ.
fn comparable(objects: Vec<Value>) -> BTreeMap<String, Value> {
    fn trim(value: &mut Value) {
        match value {
            Value::String(text) => {
                let trimmed: Vec<&str> = text.lines().map(str::trim_end).collect();
                *text = String::from(trimmed.join("\n").trim_end());
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
