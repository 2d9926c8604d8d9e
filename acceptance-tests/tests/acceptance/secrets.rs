//! No secret leaves the Kubernetes cluster by state, plan, log or output.

use crate::hcl::Redis;
use crate::playground::Playground;
use crate::terraform::Cli;

#[tokio::test(flavor = "multi_thread")]
async fn the_password_of_a_database_is_nowhere() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("secrets").await;
    let mut workspace = playground.workspace(Cli::Terraform);
    let log = workspace.path("trace.log");
    workspace.set("TF_LOG", "TRACE").set("TF_LOG_PATH", log.display());
    let redis = Redis::new(&namespace.name, "cache");
    workspace.write(
        "main.tf",
        format!(
            r#"{redis}
ephemeral "kubeblocks_credentials" "cache" {{
  secret = kubeblocks_cluster.cache.credentials_secret
}}

# Hands the password to a program, which proves that it came, without keeping it.
resource "terraform_data" "use" {{
  provisioner "local-exec" {{
    command     = "printf %s \"$PASSWORD\" | sha256sum > password.sum"
    environment = {{ PASSWORD = ephemeral.kubeblocks_credentials.cache.password }}
  }}
}}
"#
        ),
    );
    let mut said = workspace.run(["plan", "-no-color", "-out=plan.bin"]).await.succeeded().text();
    said += &workspace.run(["apply", "-no-color", "plan.bin"]).await.succeeded().text();
    said += &workspace.run(["show", "-json", "plan.bin"]).await.succeeded().text();
    said += &workspace.plan().await.succeeded().text();

    let password = namespace.secret("cache-conn-credential", "password").await;
    assert!(password.len() >= 8, "the playground's passwords are long enough to be searched for");
    let sum = std::fs::read_to_string(workspace.path("password.sum")).expect("the provisioner ran");
    assert_eq!(
        sum.split_whitespace().next(),
        Some(sha256(&password).await.as_str()),
        "the password came whole"
    );

    let state = std::fs::read_to_string(workspace.path("terraform.tfstate")).expect("there is a state");
    let trace = std::fs::read_to_string(log).expect("there is a log");
    assert!(
        trace.contains("provider.terraform-provider-kubeblocks"),
        "the provider's own log is in the trace"
    );
    let plan = String::from_utf8_lossy(&std::fs::read(workspace.path("plan.bin")).expect("there is a plan"))
        .into_owned();
    let encoded = base64(&password);
    for (place, text) in [("output", &said), ("state", &state), ("trace", &trace), ("plan", &plan)] {
        assert!(!text.contains(&password), "the password is in the {place}");
        assert!(!text.contains(&encoded), "the encoded password is in the {place}");
    }
    // The kubeconfig's client key is a secret too.
    let kubeconfig = std::fs::read_to_string(playground.kubeconfig()).expect("there is a kubeconfig");
    let key = kubeconfig.lines().find_map(|line| line.trim().strip_prefix("client-key-data: "));
    if let Some(key) = key {
        for text in [&said, &state, &trace, &plan] {
            assert!(!text.contains(key), "the client key is shown");
        }
    }
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}

async fn sha256(text: &str) -> String {
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", "printf %s \"$TEXT\" | sha256sum"]).env("TEXT", text);
    let output = command.output().await.expect("sha256sum runs");
    String::from_utf8_lossy(&output.stdout).split_whitespace().next().unwrap_or_default().to_owned()
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
