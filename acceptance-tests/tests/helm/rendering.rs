//! Rendering without a Kubernetes cluster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kubeblocks_provider::helm::chart::Chart;
use kubeblocks_provider::helm::engine::{Error, ReleaseEngine, Render, Target, Values};
use serde_json::{Value, json};

use crate::world::{CONFIG, Helm, RELEASE, chart, engine, limits, plain};

with_both_helms!(
    a_chart_is_rendered_for_the_kubernetes_that_is_named,
    values_arrive_as_they_were_written,
    what_the_chart_or_its_schema_refuses_is_told_by_meaning,
);

async fn render(helm: Helm, chart: &Chart, values: &Values, is_upgrade: bool) -> Result<String, Error> {
    let request = Render {
        target: Target { namespace: "somewhere", name: RELEASE },
        chart,
        values,
        kube_version: "v1.31.2",
        api_versions: &["policy/v1/PodDisruptionBudget".to_owned()],
        is_upgrade,
    };
    engine(helm).await.render(&request, &limits()).await
}

/// Files of a chart, and what the error must be.
type Case<'a> = (&'a [(&'a str, &'a str)], fn(&Error) -> bool);

/// The data of the rendered `ConfigMap`.
fn data(manifest: &str) -> Value {
    serde_saphyr::from_str::<Value>(manifest).unwrap()["data"].clone()
}

async fn a_chart_is_rendered_for_the_kubernetes_that_is_named(helm: Helm) {
    let template = r#"apiVersion: v1
kind: ConfigMap
metadata: { name: facts }
data:
  version: {{ .Capabilities.KubeVersion.Version | quote }}
  kind: {{ .Capabilities.APIVersions.Has "policy/v1/PodDisruptionBudget" | quote }}
  other: {{ .Capabilities.APIVersions.Has "example.com/v1" | quote }}
  upgrade: {{ .Release.IsUpgrade | quote }}
  namespace: {{ .Release.Namespace | quote }}
  found: {{ lookup "v1" "Namespace" "" "default" | toJson | quote }}
"#;
    let hook = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: hook\n  annotations: { helm.sh/hook: pre-install }\n";
    let test = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: test\n  annotations: { helm.sh/hook: test }\nspec: {}\n";
    let chart = chart(&[
        ("templates/facts.yaml", template),
        ("templates/hook.yaml", hook),
        ("templates/tests/test.yaml", test),
    ])
    .await;
    for is_upgrade in [false, true] {
        let manifest = render(helm, &chart, &Values::default(), is_upgrade).await.unwrap();
        let expected = json!({
            "version": "v1.31.2", "kind": "true", "other": "false", "upgrade": is_upgrade.to_string(),
            "namespace": "somewhere", "found": "{}",
        });
        assert_eq!(data(&manifest), expected);
        assert_eq!(manifest.matches("kind:").count(), 2, "hooks and tests stay out:\n{manifest}");
    }
}

async fn values_arrive_as_they_were_written(helm: Helm) {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: values }\ndata:\n  text: {{ .Values.text | b64enc | quote }}\n  list: {{ .Values.list | toJson | quote }}\n  absent: {{ .Values.absent | quote }}\n";
    let chart = chart(&[("values.yaml", "absent: default\n"), ("templates/values.yaml", template)]).await;
    let text = "yes: \"no\" {{ x }} 'q' \\ ü💾 \u{7f}\u{85}\u{2028}\u{feff}\t\n- end";
    let values = json!({ "text": text, "list": [1, 1.5, true, null, "0x1f", "1e3", "null"], "absent": null });
    let manifest = render(helm, &chart, &plain(values), false).await.unwrap();
    let data = data(&manifest);
    let bytes = BASE64.decode(data["text"].as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), text);
    assert_eq!(data["list"], r#"[1,1.5,true,null,"0x1f","1e3","null"]"#);
    // A null takes the chart's default away, as helm's users know it.
    assert_eq!(data["absent"], Value::Null);
}

async fn what_the_chart_or_its_schema_refuses_is_told_by_meaning(helm: Helm) {
    let schema =
        r#"{"type":"object","properties":{"replicas":{"type":"integer"},"zone":{"enum":["a","b"]}}}"#;
    let guarded = format!(
        "{{{{ if eq .Values.key \"bad\" }}}}{{{{ fail \"key must not be bad\" }}}}{{{{ end }}}}\n{CONFIG}"
    );
    let chart = chart(&[
        ("values.yaml", "key: good\n"),
        ("values.schema.json", schema),
        ("templates/config.yaml", &guarded),
    ])
    .await;

    let error = render(helm, &chart, &plain(json!({ "replicas": "three", "zone": "c" })), false).await;
    let Err(Error::Values { message }) = error else { panic!("{error:?}") };
    assert!(message.contains("replicas") && message.contains("zone"), "{message}");

    let error = render(helm, &chart, &plain(json!({ "key": "bad" })), false).await;
    let Err(Error::ChartRefused { message, location }) = error else { panic!("{error:?}") };
    assert_eq!(message, "key must not be bad");
    assert!(location.starts_with("small/templates/config.yaml:1"), "{location}");

    let cases: [Case<'_>; 4] = [
        (&[("templates/x.yaml", "{{ .Values.a.b.c }}")], |error| matches!(error, Error::Template { .. })),
        (&[("templates/x.yaml", "{{ if }}")], |error| matches!(error, Error::Template { .. })),
        (&[("templates/x.yaml", "a: b\n c: d\n- e")], |error| matches!(error, Error::Template { .. })),
        (
            &[("Chart.yaml", "apiVersion: v2\nname: small\nversion: 1.0.0\nkubeVersion: '>=1.40'\n")],
            |error| matches!(error, Error::KubernetesVersion { .. }),
        ),
    ];
    for (files, expected) in cases {
        let chart = crate::world::chart(files).await;
        let error = render(helm, &chart, &Values::default(), false).await.unwrap_err();
        assert!(expected(&error), "{files:?}: {error:?}");
        assert!(error.is_of_configuration());
    }
}
