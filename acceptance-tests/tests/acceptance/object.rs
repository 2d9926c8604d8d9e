//! Objects of KubeBlocks from HCL and YAML: an engine of one's own, and what happens to single objects.

use std::fmt::Write as _;

use acceptance_tests::control_plane;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use serde_json::{Value, json};

use crate::playground::Playground;
use crate::terraform::Cli;

/// Objects of one kind that lives outside namespaces, seen by an administrator.
pub(crate) struct Objects(Api<DynamicObject>);

impl Objects {
    async fn of(playground: &Playground, api_version: &str, kind: &str, plural: &str) -> Self {
        let client = control_plane::client(playground.kubeconfig()).await.expect("the control plane answers");
        let (group, version) = api_version.split_once('/').expect("a group");
        let kind = GroupVersionKind::gvk(group, version, kind);
        Self(Api::all_with(client, &ApiResource::from_gvk_with_plural(&kind, plural)))
    }

    pub(crate) async fn constraints(playground: &Playground) -> Self {
        Self::of(playground, "apps.kubeblocks.io/v1alpha1", "ConfigConstraint", "configconstraints").await
    }

    pub(crate) async fn get(&self, name: &str) -> Option<Value> {
        let found = self.0.get_opt(name).await.expect("the control plane answers");
        found.map(|object| serde_json::to_value(object).expect("objects are JSON"))
    }

    async fn merge(&self, name: &str, manager: &str, change: Value) {
        let parameters = PatchParams { field_manager: Some(manager.to_owned()), ..PatchParams::default() };
        self.0.patch(name, &parameters, &Patch::Merge(change)).await.expect("the change is accepted");
    }

    pub(crate) async fn apply(&self, name: &str, manager: &str, object: &Value) {
        self.0
            .patch(name, &PatchParams::apply(manager).force(), &Patch::Apply(object))
            .await
            .expect("it is accepted");
    }
}

/// A `ConfigConstraint` in HCL.
pub(crate) fn constraint(name: &str, dynamic: &str, extra: &str) -> String {
    format!(
        r#"
resource "kubeblocks_object" "constraint" {{
  manifest = {{
    apiVersion = "apps.kubeblocks.io/v1alpha1"
    kind       = "ConfigConstraint"
    metadata   = {{ name = "{name}", labels = {{ team = "shop" }} }}
    spec = {{
      formatterConfig   = {{ format = "properties" }}
      dynamicParameters = [{dynamic}]
    }}
  }}
  {extra}
}}
"#
    )
}

const CONSTRAINT: &str = "kubeblocks_object.constraint";

/// An engine with its constraint, version, backup method and policy, and a database of it.
fn engine(name: &str, namespace: &str, replicas: u32) -> String {
    format!(
        r#"
resource "kubeblocks_object" "definition" {{
  manifest = {{
    apiVersion = "apps.kubeblocks.io/v1alpha1"
    kind       = "ClusterDefinition"
    metadata   = {{ name = "{name}" }}
    spec = {{
      type = "memo"
      connectionCredential = {{ username = "root", password = "$(RANDOM_PASSWD)" }}
      componentDefs = [{{
        name          = "memo"
        workloadType  = "Stateful"
        characterType = "memo"
        service       = {{ ports = [{{ name = "memo", port = 7000, targetPort = "memo" }}] }}
        volumeTypes   = [{{ name = "data", type = "data" }}]
        podSpec = {{
          containers = [{{
            name         = "memo"
            image        = "memo:1.0"
            ports        = [{{ name = "memo", containerPort = 7000 }}]
            resources    = {{ limits = {{ memory = "1024Mi" }} }}
            volumeMounts = [{{ name = "data", mountPath = "/data" }}]
          }}]
        }}
      }}]
    }}
  }}
}}

resource "kubeblocks_object" "version" {{
  manifest = {{
    apiVersion = "apps.kubeblocks.io/v1alpha1"
    kind       = "ClusterVersion"
    metadata   = {{ name = "{name}-1.0" }}
    spec = {{
      clusterDefinitionRef = kubeblocks_object.definition.name
      componentVersions = [{{
        componentDefRef = "memo"
        versionsContext = {{ containers = [{{ name = "memo", image = "memo:1.0" }}] }}
      }}]
    }}
  }}
}}

resource "kubeblocks_object" "documents" {{
  for_each = {{
    for object in provider::kubeblocks::manifest_decode_multi(<<-YAML
      # The method ...
      apiVersion: dataprotection.kubeblocks.io/v1alpha1
      kind: ActionSet
      metadata: {{ name: {name}-dump }}
      spec:
        backupType: Full
        backup:
          backupData: {{ image: "memo:1.0", command: [sh, -c, dump] }}
      ---
      # ... and the policy that uses it.
      apiVersion: apps.kubeblocks.io/v1alpha1
      kind: BackupPolicyTemplate
      metadata: {{ name: {name}-policy }}
      spec:
        clusterDefinitionRef: {name}
        backupPolicies:
          - componentDefRef: memo
            backupMethods:
              - {{ name: dump, actionSetName: {name}-dump, snapshotVolumes: false }}
            schedules:
              - {{ backupMethod: dump, enabled: false, cronExpression: "0 18 * * *" }}
    YAML
    ) : object.kind => object
  }}

  manifest   = each.value
  depends_on = [kubeblocks_object.definition]
}}

resource "kubeblocks_cluster" "notes" {{
  namespace          = "{namespace}"
  name               = "notes"
  definition         = kubeblocks_object.definition.name
  version            = kubeblocks_object.version.name
  termination_policy = "WipeOut"

  components = {{
    memo = {{
      replicas  = {replicas}
      resources = {{ cpu = "100m", memory = "128Mi" }}
      volumes   = {{ data = {{ size = "1Gi" }} }}
    }}
  }}
}}
"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_of_ones_own_is_made_used_imported_and_removed() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("engine").await;
    let name = namespace.name.clone();
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write("main.tf", engine(&name, &name, 1));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(namespace.cluster("notes").await.expect("it is there")["status"]["phase"], "Running");
    let state = workspace.attributes("kubeblocks_object.version").await;
    assert_eq!(state["ready"], true);
    assert_eq!(state["manifest"]["spec"]["clusterDefinitionRef"], name);
    assert!(state["manifest"]["status"].is_null() && state["manifest"]["metadata"]["uid"].is_null());

    // Another state takes over the same objects.
    let other = playground.workspace(Cli::Terraform);
    let mut text = engine(&name, &name, 1);
    for (address, id) in [
        ("kubeblocks_object.definition", format!("apps.kubeblocks.io/v1alpha1/ClusterDefinition/{name}")),
        ("kubeblocks_object.version", format!("apps.kubeblocks.io/v1alpha1/ClusterVersion/{name}-1.0")),
        (
            "kubeblocks_object.documents[\"ActionSet\"]",
            format!("dataprotection.kubeblocks.io/v1alpha1/ActionSet/{name}-dump"),
        ),
        (
            "kubeblocks_object.documents[\"BackupPolicyTemplate\"]",
            format!("apps.kubeblocks.io/v1alpha1/BackupPolicyTemplate/{name}-policy"),
        ),
        ("kubeblocks_cluster.notes", format!("{name}/notes")),
    ] {
        let _ = write!(text, "\nimport {{\n  to = {address}\n  id = \"{id}\"\n}}\n");
    }
    other.write("main.tf", text);
    let imported = other.apply().await.succeeded();
    assert!(imported.stdout.contains("5 imported, 0 added, 0 changed, 0 destroyed"), "{}", imported.text());
    other.plan_is_empty().await;

    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
    for (api_version, kind, plural, object) in [
        ("apps.kubeblocks.io/v1alpha1", "ClusterDefinition", "clusterdefinitions", name.clone()),
        ("apps.kubeblocks.io/v1alpha1", "ClusterVersion", "clusterversions", format!("{name}-1.0")),
        ("dataprotection.kubeblocks.io/v1alpha1", "ActionSet", "actionsets", format!("{name}-dump")),
        (
            "apps.kubeblocks.io/v1alpha1",
            "BackupPolicyTemplate",
            "backuppolicytemplates",
            format!("{name}-policy"),
        ),
    ] {
        let objects = Objects::of(playground, api_version, kind, plural).await;
        assert_eq!(objects.get(&object).await, None, "{kind} is gone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_a_database_uses_is_not_deleted() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("inuse").await;
    let name = namespace.name.clone();
    let workspace = playground.workspace(Cli::OpenTofu);
    workspace.write("main.tf", engine(&name, &name, 1));
    workspace.apply().await.succeeded();
    workspace.run(["state", "rm", "kubeblocks_cluster.notes"]).await.succeeded();
    workspace.destroy().await.failed().says(&[
        "is used by the databases",
        &format!("{name}/notes"),
        "Nothing was deleted",
    ]);
    let definitions =
        Objects::of(playground, "apps.kubeblocks.io/v1alpha1", "ClusterDefinition", "clusterdefinitions")
            .await;
    let definition = definitions.get(&name).await.expect("it is there");
    assert!(definition["metadata"]["deletionTimestamp"].is_null());
    namespace.delete_cluster("notes").await;
    workspace.destroy().await.succeeded();
    assert_eq!(definitions.get(&name).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_changed_in_place_and_only_what_is_written_is_drift() {
    let playground = Playground::shared().await;
    let name = playground.namespace("object").await.name;
    let objects = Objects::constraints(playground).await;
    let workspace = playground.workspace(Cli::OpenTofu);
    workspace.write("main.tf", constraint(&name, "\"ttl\"", ""));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let live = objects.get(&name).await.expect("it is there");
    assert!(live["metadata"]["annotations"].is_null(), "no mark stays: {live}");

    // Somebody adds what is not written here.
    objects
        .merge(
            &name,
            "somebody",
            json!({"metadata": {"labels": {"cost": "1"}}, "spec": {"staticParameters": ["port"]}}),
        )
        .await;
    workspace.plan_is_empty().await;
    // Somebody changes what is.
    objects
        .merge(
            &name,
            "somebody",
            json!({"spec": {"dynamicParameters": ["other"], "formatterConfig": {"format": "ini"}}}),
        )
        .await;
    assert_eq!(workspace.planned_actions().await, [(CONSTRAINT.to_owned(), vec!["update".to_owned()])]);
    workspace
        .plan()
        .await
        .succeeded()
        .says(&["will conflict with another field manager", "is managed by \"somebody\""]);
    workspace.apply().await.failed().says(&["is managed by \"somebody\"", "force_conflicts = true"]);
    workspace.write("main.tf", constraint(&name, "\"ttl\"", "force_conflicts = true"));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let live = objects.get(&name).await.expect("it is there");
    assert_eq!(live["spec"]["formatterConfig"]["format"], "properties");
    let dynamic = live["spec"]["dynamicParameters"].as_array().cloned().unwrap_or_default();
    assert!(dynamic.contains(&json!("ttl")), "{live}");
    assert_eq!(live["spec"]["staticParameters"], json!(["port"]), "what others set stays");

    workspace.write("main.tf", constraint(&name, "\"ttl\", \"size\"", ""));
    let applied = workspace.apply().await.succeeded();
    assert!(applied.stdout.contains("0 added, 1 changed, 0 destroyed"), "{}", applied.text());
    workspace.plan_is_empty().await;
    workspace.write("main.tf", constraint(&format!("{name}-b"), "\"ttl\"", ""));
    let applied = workspace.apply().await.succeeded();
    assert!(applied.stdout.contains("1 added, 0 changed, 1 destroyed"), "{}", applied.text());
    assert_eq!(objects.get(&name).await, None);

    workspace.destroy().await.succeeded();
    assert_eq!(objects.get(&format!("{name}-b")).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn yaml_is_taken_by_its_meaning() {
    let playground = Playground::shared().await;
    let name = playground.namespace("yaml").await.name;
    let objects = Objects::constraints(playground).await;
    let workspace = playground.workspace(Cli::Terraform);
    let resource = |yaml: &str| {
        format!("resource \"kubeblocks_object\" \"constraint\" {{\n  yaml = <<-YAML\n{yaml}\n  YAML\n}}\n")
    };
    let text = format!(
        "    # mine\n    apiVersion: apps.kubeblocks.io/v1alpha1\n    kind: ConfigConstraint\n    metadata:\n      name: {name}\n    spec:\n      formatterConfig: {{format: properties}}\n      dynamicParameters: [ttl]"
    );
    workspace.write("main.tf", resource(&text));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let generation = |live: &Value| live["metadata"]["generation"].as_i64();
    let before = objects.get(&name).await.expect("it is there");
    workspace.write(
        "main.tf",
        resource(
            &text.replace("# mine", "# ours").replace("{format: properties}", "{ format: 'properties' }"),
        ),
    );
    workspace.plan_is_empty().await;
    workspace.write("main.tf", resource(&text.replace("[ttl]", "[ttl, size]")));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let after = objects.get(&name).await.expect("it is there");
    assert!(generation(&after) > generation(&before));
    assert_eq!(after["spec"]["dynamicParameters"], json!(["ttl", "size"]));

    // The same object, now in HCL: nothing is written.
    workspace.write(
        "main.tf",
        constraint(&name, "\"ttl\", \"size\"", "").replace(", labels = { team = \"shop\" }", ""),
    );
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let rewritten = objects.get(&name).await.expect("it is there");
    assert_eq!(rewritten["metadata"]["resourceVersion"], after["metadata"]["resourceVersion"]);
    workspace.destroy().await.succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_would_refuse_fails_the_plan_at_its_place() {
    let playground = Playground::shared().await;
    let name = playground.namespace("refused").await.name;
    let objects = Objects::constraints(playground).await;
    let workspace = playground.workspace(Cli::Terraform);
    let good = constraint(&name, "\"ttl\"", "");
    let service = format!(
        "resource \"kubeblocks_object\" \"service\" {{\n  manifest = {{\n    apiVersion = \"apps.kubeblocks.io/v1alpha1\"\n    kind = \"ServiceDescriptor\"\n    metadata = {{ name = \"orders\", namespace = \"{name}\" }}\n    spec = {{\n      serviceKind = \"mysql\"\n      serviceVersion = \"8\"\n      endpoint = {{ value = \"db\" }}\n    }}\n  }}\n}}\n"
    );
    for (wrong, texts) in [
        (
            service.replace("endpoint =", "endpint ="),
            vec!["on main.tf", "spec.endpint", "field not declared"],
        ),
        (service.replace("\"mysql\"", "[1]"), vec!["spec.serviceKind", "string"]),
        (service.replace("serviceVersion =", "# "), vec!["spec.serviceVersion", "Required"]),
        (
            service.replace(&format!(", namespace = \"{name}\""), ""),
            vec!["live in namespaces: add `namespace`"],
        ),
        (good.replace("v1alpha1\"", "v9\""), vec!["The kind of the object is not installed yet", "v9"]),
        (
            good.replace("\"apps.kubeblocks.io/v1alpha1\"", "\"apps/v1\""),
            vec!["is no group of KubeBlocks", "kubernetes_manifest"],
        ),
        (good.replace("name = ", "namespace = \"x\", name = "), vec!["do not live in namespaces"]),
        (
            good.replace("spec = {", "status = {}\n    spec = {"),
            vec!["status of an object is written by its controller"],
        ),
    ] {
        workspace.write("main.tf", wrong);
        let plan = workspace.plan().await;
        let is_a_warning = texts[0].contains("not installed yet");
        let plan = if is_a_warning { plan.succeeded() } else { plan.failed() };
        plan.says(&texts);
    }
    assert_eq!(objects.get(&name).await, None, "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_somebody_else_is_refused_with_the_import_line_and_then_taken_over() {
    let playground = Playground::shared().await;
    let name = playground.namespace("theirs").await.name;
    let objects = Objects::constraints(playground).await;
    let theirs = json!({
        "apiVersion": "apps.kubeblocks.io/v1alpha1", "kind": "ConfigConstraint",
        "metadata": {"name": name, "labels": {"team": "shop"}},
        "spec": {"formatterConfig": {"format": "properties"}, "dynamicParameters": ["ttl"]},
    });
    objects.apply(&name, "kubectl", &theirs).await;
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write("main.tf", constraint(&name, "\"ttl\"", ""));
    let id = format!("apps.kubeblocks.io/v1alpha1/ConfigConstraint/{name}");
    workspace
        .apply()
        .await
        .failed()
        .says(&["exists already", &format!("terraform import <address of this resource> {id}")]);
    assert!(workspace.managed().await.is_empty());

    workspace.run(["import", "-no-color", "-input=false", CONSTRAINT, &id]).await.succeeded();
    workspace.plan_is_empty().await;
    workspace.write("main.tf", constraint(&name, "\"ttl\", \"size\"", ""));
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    assert_eq!(objects.get(&name).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_the_wrong_form_or_of_nothing_says_what_is_right() {
    let playground = Playground::shared().await;
    let workspace = playground.workspace(Cli::Terraform);
    workspace.write("main.tf", constraint("nothing", "\"ttl\"", ""));
    for (id, expected) in [
        ("nothing", "apps.kubeblocks.io/v1alpha1/ClusterDefinition/redis"),
        ("apps.kubeblocks.io/v1alpha1/ConfigConstraint/nothing", "does not exist in the Kubernetes cluster"),
        ("apps.kubeblocks.io/v1alpha1/ConfigConstraint/shop/nothing", "do not live in namespaces"),
    ] {
        let output = workspace.run(["import", "-no-color", "-input=false", CONSTRAINT, id]).await;
        output.failed().says(&[expected]);
        assert!(workspace.managed().await.is_empty());
    }
}
