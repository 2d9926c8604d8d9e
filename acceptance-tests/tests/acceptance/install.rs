//! The provider as `make install` leaves it: Terraform and OpenTofu find it by themselves, with no settings and no network.

use std::path::Path;

use tokio::process::Command;

use crate::terraform::{Cli, Output, Workspace, finished, provider_binary};

/// A configuration that needs the provider, and nothing beyond it.
const OFFLINE: &str = r#"
output "bytes" {
  value = provider::kubeblocks::quantity("2Gi").value
}
"#;

/// The program in a home, where every way to a registry ends at a port that nobody listens on.
async fn run(workspace: &Workspace, home: &Path, arguments: &[&str]) -> Output {
    let mut command = workspace.command(arguments);
    command.env("HOME", home).env_remove("TF_CLI_CONFIG_FILE").env_remove("TF_PLUGIN_CACHE_DIR");
    for name in ["XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_CONFIG_HOME", "NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"] {
        command.env(name, "http://127.0.0.1:9");
    }
    command.env("TF_REGISTRY_DISCOVERY_RETRY", "0");
    finished(&mut command).await
}

/// What `make install` does, with the program that is built already.
async fn install(home: &Path) {
    let binary = tokio::task::spawn_blocking(provider_binary).await.expect("no panic");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/install");
    let mut command = Command::new(script);
    command.env("HOME", home).env("PROVIDER", binary);
    finished(&mut command).await.succeeded().says(&["registry.terraform.io", "registry.opentofu.org"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_make_install_leaves_is_found_with_no_settings_and_no_network() {
    let home = tempfile::tempdir().expect("a folder");
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        let workspace = Workspace::new(cli);
        workspace.write("main.tf", OFFLINE);
        // Without it, nothing is found: the network is not there.
        let elsewhere = tempfile::tempdir().expect("a folder");
        run(&workspace, elsewhere.path(), &["init", "-no-color", "-input=false"])
            .await
            .failed()
            .says(&["kubeblocks/kubeblocks"]);

        install(home.path()).await;
        // Installed again over what is there, as after a change.
        install(home.path()).await;
        let version = format!("Installed kubeblocks/kubeblocks v{}", env!("CARGO_PKG_VERSION"));
        run(&workspace, home.path(), &["init", "-no-color", "-input=false"])
            .await
            .succeeded()
            .says(&[&version]);
        run(&workspace, home.path(), &["validate", "-no-color"]).await.succeeded();
        run(&workspace, home.path(), &["apply", "-auto-approve", "-no-color", "-input=false"])
            .await
            .succeeded();
        let output = run(&workspace, home.path(), &["output", "bytes"]).await.succeeded();
        assert_eq!(output.stdout.trim(), "2147483648", "{cli:?}");
    }
}
