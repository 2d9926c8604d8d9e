//! What others on the machine see of the provider's process, and of the programs that it starts.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use tokio::process::{Child, Command};

use crate::attachable::variable_of;
use crate::playground::Playground;
use crate::plugin_process::{COOKIE, socket_of};
use crate::terraform::{Cli, provider_binary, started};

/// A user without any rights, which every system has.
const NOBODY: &str = "65534";

/// A plugin for tokens that notes what it was given, and what its parent, the provider, may leave behind.
const NOTING_PLUGIN: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
tr '\0' '\n' < /proc/self/environ > plugin.environment
tr '\0' '\n' < /proc/self/cmdline > plugin.arguments
cat "/proc/$PPID/limits" > provider.limits
cat "/proc/$PPID/cmdline" > provider.arguments
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat token)"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_for_tokens_is_given_no_secret_and_nobody_dumps_the_provider() {
    let playground = Playground::shared().await;
    let (plane, _) = playground.recorded();
    let mut workspace = playground.workspace(Cli::Terraform);
    workspace.hides(plane.admin_token());
    workspace.write("token", plane.admin_token()).write("plugin", NOTING_PLUGIN);
    let plugin = workspace.path("plugin");
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).expect("permitted");
    let authority = std::fs::read_to_string(plane.ca_certificate()).expect("there is one");
    workspace.write("ca.pem", authority);
    workspace.write(
        "main.tf",
        format!(
            r#"
provider "kubeblocks" {{
  kubernetes = {{
    endpoint       = "{}"
    ca_certificate = file("ca.pem")
    auth           = {{ method = "exec", command = "{}", arguments = ["the-cluster"], environment = {{ OURS = "yes" }} }}
  }}
}}
data "kubeblocks_cluster_definitions" "all" {{}}
"#,
            plane.endpoint(),
            plugin.display()
        ),
    );
    workspace.remove("provider.tf");
    workspace.set("KUBECONFIG", "/nonexistent");
    workspace.plan().await.succeeded();

    let noted = |name: &str| std::fs::read_to_string(workspace.path(name)).expect("the plugin ran");
    let environment = noted("plugin.environment");
    assert!(environment.contains("OURS=yes"), "{environment}");
    assert!(environment.contains("KUBERNETES_EXEC_INFO="), "{environment}");
    assert!(noted("plugin.arguments").contains("the-cluster"));
    assert!(noted("provider.arguments").contains("terraform-provider-kubeblocks"));
    let limits = noted("provider.limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    // That the token is in none of these files is what every workspace checks at its end.
}

#[tokio::test]
async fn other_processes_of_the_same_user_cannot_look_into_the_provider() {
    let mut command = provider_of_nobody().await;
    command.env("TF_PLUGIN_MAGIC_COOKIE", COOKIE).env("PLUGIN_PROTOCOL_VERSIONS", "6");
    let folder = folder_of_all();
    let (child, _) = started(&mut command, folder.path(), socket_of).await;
    // The kernel gives what is closed to root.
    for (file, owner) in owners_of(&child) {
        assert_eq!(owner, 0, "{file} belongs to the provider's user");
    }
}

#[tokio::test]
async fn a_provider_that_was_started_to_be_debugged_is_open_to_its_user() {
    let mut command = provider_of_nobody().await;
    let folder = folder_of_all();
    let (child, _) = started(command.arg("--debug"), folder.path(), variable_of).await;
    for (file, owner) in owners_of(&child) {
        assert_ne!(owner, 0, "{file} is closed");
    }
}

/// The provider as a user that is not root.
async fn provider_of_nobody() -> Command {
    let provider = tokio::task::spawn_blocking(provider_binary).await.expect("no panic");
    if !rustix::process::getuid().is_root() {
        return Command::new(provider);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(provider);
    command
}

fn folder_of_all() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).expect("permitted");
    folder
}

/// Whose the memory and the environment of a process are.
fn owners_of(child: &Child) -> [(&'static str, u32); 3] {
    let process = format!("/proc/{}", child.id().expect("it runs"));
    let status = std::fs::read_to_string(format!("{process}/status")).expect("the process is there");
    let user = status.lines().find_map(|line| line.strip_prefix("Uid:")).expect("a user");
    assert_ne!(user.split_whitespace().next(), Some("0"), "the test would tell nothing of root");
    ["environ", "mem", "maps"].map(|file| {
        let metadata = std::fs::metadata(format!("{process}/{file}")).expect("the process is there");
        (file, metadata.uid())
    })
}
