//! A provider under `--debug`, to which runs of Terraform attach: many at the same time, each with its own configuration.

use std::fmt::Write as _;
use std::path::Path;

use crate::attachable::Attachable;
use crate::playground::Playground;
use crate::terraform::{Cli, Workspace};

/// Beyond what Terraform does by itself, and more than a provider has threads.
const PARALLEL: usize = 64;

/// As many objects as are written at once, in a Kubernetes cluster that is a provider's of this name.
fn objects(provider: &str, owner: &str) -> String {
    format!(
        r#"
resource "kubeblocks_object" "{provider}" {{
  provider = kubeblocks.{provider}
  count    = {PARALLEL}
  manifest = {{
    apiVersion = "apps.kubeblocks.io/v1alpha1"
    kind       = "ConfigConstraint"
    metadata   = {{ name = "attached-${{count.index}}", labels = {{ owner = "{owner}" }} }}
    spec       = {{ formatterConfig = {{ format = "properties" }} }}
  }}
}}
"#
    )
}

fn provider(alias: &str, kubeconfig: &Path) -> String {
    format!(
        "provider \"kubeblocks\" {{\n  alias      = \"{alias}\"\n  kubernetes = {{ auth = {{ method = \"kubeconfig\", kubeconfig_path = \"{}\" }} }}\n}}\n",
        kubeconfig.display()
    )
}

/// Of which owners there are objects.
async fn owners(playground: &Playground) -> Vec<String> {
    let constraints =
        playground.everywhere("apps.kubeblocks.io", "ConfigConstraint", "configconstraints").await;
    let mut owners: Vec<_> =
        constraints.iter().filter_map(|one| one.metadata.labels.as_ref()?.get("owner").cloned()).collect();
    assert!(owners.is_empty() || owners.len() == PARALLEL, "{}", owners.len());
    owners.dedup();
    owners
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_attach_to_one_provider_keep_their_configurations() {
    let (one, other) = tokio::join!(Playground::shared(), Playground::of_its_own());
    let temporary = tempfile::tempdir().expect("a folder");
    let attachable = Attachable::start(temporary.path()).await;
    let workspace = |name: &str, kubeconfig: &Path| {
        let mut workspace = Workspace::new(Cli::Terraform);
        workspace.set("TF_REATTACH_PROVIDERS", &attachable.variable);
        workspace.write("main.tf", provider(name, kubeconfig) + &objects(name, name));
        workspace
    };
    let parallel = format!("-parallelism={PARALLEL}");
    let apply = ["apply", "-auto-approve", "-no-color", "-input=false", &parallel];

    // Two runs at the same time, of one Kubernetes cluster each.
    let (first, second) = (workspace("first", one.kubeconfig()), workspace("second", other.kubeconfig()));
    let (made, made_too) = tokio::join!(first.run(apply), second.run(apply));
    made.succeeded();
    made_too.succeeded();
    assert_eq!(
        (owners(one).await, owners(&other).await),
        (vec!["first".to_owned()], vec!["second".to_owned()])
    );
    tokio::join!(first.plan_is_empty(), second.plan_is_empty());
    let (gone, gone_too) = tokio::join!(first.destroy(), second.destroy());
    gone.succeeded();
    gone_too.succeeded();
    assert_eq!((owners(one).await.len(), owners(&other).await.len()), (0, 0));

    // One run with two configurations.
    let mut both = provider("one", one.kubeconfig());
    let _ = write!(both, "{}", provider("other", other.kubeconfig()));
    let both = both + &objects("one", "here") + &objects("other", "there");
    first.write("main.tf", both);
    first.run(apply).await.succeeded();
    assert_eq!(
        (owners(one).await, owners(&other).await),
        (vec!["here".to_owned()], vec!["there".to_owned()])
    );
    first.plan_is_empty().await;
    first.destroy().await.succeeded();
    assert_eq!((owners(one).await.len(), owners(&other).await.len()), (0, 0));
}
