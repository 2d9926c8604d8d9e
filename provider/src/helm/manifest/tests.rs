use super::*;

fn parse(text: &str) -> Manifest {
    Manifest::parse(text, "kb-system").unwrap()
}

fn shown<'a>(keys: impl IntoIterator<Item = &'a ObjectKey>) -> Vec<String> {
    keys.into_iter().map(ToString::to_string).collect()
}

const RENDERED: &str = r#"---
# Source: kubeblocks/templates/account.yaml
apiVersion: v1
kind: ServiceAccount
metadata: {name: kubeblocks}
---
# Source: kubeblocks/templates/empty.yaml
---
# Source: kubeblocks/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: kubeblocks
  namespace: kb-system
spec:
  replicas: 1
---
apiVersion: v1
kind: ConfigMapList
metadata: {}
items:
- metadata: {name: first}
  data: {a: "1"}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: second, namespace: other}
---
apiVersion: v1
kind: List
items:
- {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: manager}}
- {apiVersion: v1, kind: SecretList, items: [{metadata: {name: nested}}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: removal, annotations: {"helm.sh/hook": pre-delete}}
---
apiVersion: v1
kind: Pod
metadata: {generateName: probe-}
---
apiVersion: extensions.kubeblocks.io/v1alpha1
kind: Addon
metadata: {name: redis, annotations: {"helm.sh/resource-policy": keep}}
"#;

#[test]
fn lists_are_taken_apart_and_hooks_are_left_out() {
    let manifest = parse(RENDERED);
    assert_eq!(
        shown(manifest.keys()),
        [
            "Addon redis",
            "ClusterRole manager",
            "ConfigMap first",
            "ConfigMap other/second",
            "Deployment kb-system/kubeblocks",
            "Pod probe-*",
            "Secret nested",
            "ServiceAccount kubeblocks",
        ]
    );
    let kept: Vec<String> =
        manifest.objects().filter(|(_, object)| object.is_kept).map(|(key, _)| key.to_string()).collect();
    assert_eq!(kept, ["Addon redis"]);
}

#[test]
fn an_object_is_found_with_and_without_the_namespace_of_the_release() {
    let manifest = parse(RENDERED);
    let mut key = ObjectKey {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: None,
        name: "kubeblocks".to_owned(),
    };
    for (namespace, expected) in [(None, true), (Some("kb-system"), true), (Some("other"), false)] {
        key.namespace = namespace.map(str::to_owned);
        assert_eq!(manifest.contains(&key), expected, "{namespace:?}");
    }
}

#[test]
fn objects_that_say_the_same_are_equal_however_they_are_written() {
    let object = |rest: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n{rest}");
    let cases = [
        ("order", "data: {a: '1', b: '2'}", "data:\n  b: \"2\"\n  a: \"1\""),
        ("a number in helm's float form", "size: 12345678", "size: 1.2345678e+07"),
        ("a whole number with a fraction", "size: 3", "size: 3.0"),
        ("an octal number", "mode: 0644", "mode: 420"),
        ("nulls", "data:\n  a: ~", "data: {}"),
        ("the namespace of the release", "", "  namespace: kb-system"),
        ("white space after a text", "data:\n  run: |\n    if\n    fi ", "data:\n  run: |\n    if\n    fi"),
        ("blank lines after a text", "data:\n  run: |+\n    fi\n\n\n", "data:\n  run: |\n    fi\n"),
    ];
    for (name, one, other) in cases {
        let (one, other) = (parse(&object(one)), parse(&object(other)));
        assert_eq!(diff(Some(&one), &other), Changes::default(), "{name}");
        assert_eq!(one.digest(), other.digest(), "{name}");
    }
}

#[test]
fn objects_that_say_something_else_differ() {
    let object = |rest: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n{rest}");
    let cases = [
        ("a text for a number", "size: '3'", "size: 3"),
        ("a boolean for a text", "on: 'true'", "on: true"),
        ("an item", "list: [a]", "list: [a, b]"),
        ("nesting", "list: [[a], [b]]", "list: [[a, b]]"),
        ("the border of a name", "data: {ab: c}", "data: {a: bc}"),
        ("white space inside", "data: {a: 'b c'}", "data: {a: 'b  c'}"),
        ("a label", "", "  labels: {a: b}"),
    ];
    for (name, one, other) in cases {
        let (one, other) = (parse(&object(one)), parse(&object(other)));
        assert_eq!(shown(&diff(Some(&one), &other).changed), ["ConfigMap a"], "{name}");
        assert_ne!(one.digest(), other.digest(), "{name}");
    }
}

#[test]
fn a_diff_names_what_is_added_changed_and_removed() {
    let before = parse(RENDERED);
    let after = parse(
        &RENDERED
            .replace("replicas: 1", "replicas: 2")
            .replace("name: redis", "name: kafka")
            .replace("pre-delete", "post-delete"),
    );
    let changes = diff(Some(&before), &after);
    assert_eq!(shown(&changes.added), ["Addon kafka"]);
    assert_eq!(shown(&changes.changed), ["Deployment kb-system/kubeblocks"]);
    assert_eq!(shown(&changes.removed), ["Addon redis"]);
    assert!(diff(Some(&before), &before).is_empty());

    let first = diff(None, &before);
    assert_eq!((first.added.len(), first.changed.len(), first.removed.len()), (before.len(), 0, 0));
}

#[test]
fn the_content_of_a_secret_changes_the_diff_and_not_the_digest() {
    let secret = |data: &str, label: &str| {
        parse(&format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a, labels: {{l: {label}}}}}\n{data}"))
    };
    let one = secret("stringData: {password: hunter2}", "x");
    let other = secret("data: {password: aHVudGVyMw==}", "x");
    assert_eq!(shown(&diff(Some(&one), &other).changed), ["Secret a"]);
    assert_eq!(one.digest(), other.digest());
    assert_ne!(one.digest(), secret("", "y").digest());
}

#[test]
fn what_is_no_object_is_refused() {
    let cases = [
        ("a: 1", "document 1 of the rendered manifest has no kind"),
        ("apiVersion: v1\nkind: A\n---\nkind: B", "document 2 of the rendered manifest has no apiVersion"),
        ("just text", "document 1 of the rendered manifest has no kind"),
        ("apiVersion: v1\nkind: List\nitems: [{}]", "document 1 of the rendered manifest has no kind"),
        ("a: [", "failed to read the rendered manifest"),
    ];
    for (text, message) in cases {
        assert_eq!(Manifest::parse(text, "a").unwrap_err().to_string(), message);
    }
    assert!(parse("").is_empty());
}

/// The largest rendering of the charts of KubeBlocks has 1.55 MB, most of it in few long texts.
#[test]
fn eight_megabytes_are_read() {
    let mut text = String::new();
    let line = "      \"expression\": \"sum(rate(requests_total{instance=~\\\"$instance\\\"}[5m]))\",\n";
    for object in 0..120 {
        text.push_str("---\n# Source: dashboards\napiVersion: v1\nkind: ConfigMapList\nitems:\n");
        text.push_str("- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: dashboard-");
        text.push_str(&object.to_string());
        text.push_str("\n  data:\n    dashboard.json: |-\n");
        for _ in 0..900 {
            text.push_str(line);
        }
        text.push_str("      ---\n");
    }
    assert!(text.len() > 8_000_000, "{}", text.len());
    assert_eq!(parse(&text).len(), 120);
}
