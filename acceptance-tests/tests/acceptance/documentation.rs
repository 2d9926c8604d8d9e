//! The documentation by the Registry's own check, and the example modules by their own tests.

use std::path::{Path, PathBuf};

use acceptance_tests::tools;

use crate::terraform::{Cli, Workspace, finished, install_in_mirror, provider_binary};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("it is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_accepts_the_documentation() {
    let mut workspace = Workspace::new(Cli::Terraform);
    workspace.remove("versions.tf");
    workspace.write("main.tf", "provider \"kubeblocks\" {}\n");
    // The check looks for providers of HashiCorp unless it is told where else to, and then takes every page for another's.
    let binary = tokio::task::spawn_blocking(provider_binary).await.expect("no panic");
    let settings = workspace.path("docs.tfrc");
    let folder = binary.parent().expect("a folder").display().to_string();
    let overrides = format!("dev_overrides {{\n    \"hashicorp/kubeblocks\" = \"{folder}\"\n  }}");
    workspace.write("docs.tfrc", format!("provider_installation {{\n  {overrides}\n  direct {{}}\n}}\n"));
    workspace.set("TF_CLI_CONFIG_FILE", settings.display());
    let schema = workspace.run(["providers", "schema", "-json"]).await.succeeded();
    workspace.write("schema.json", &schema.stdout);

    let check =
        tokio::task::spawn_blocking(tools::tfplugindocs).await.expect("no panic").expect("it is built");
    let mut command = tokio::process::Command::new(check);
    command
        .args(["validate", "--provider-name", "kubeblocks", "--provider-dir"])
        .arg(repository())
        .arg("--providers-schema")
        .arg(workspace.path("schema.json"));
    finished(&mut command).await.succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_modules_pass_their_own_tests_with_terraform() {
    test_modules(Cli::Terraform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_modules_pass_their_own_tests_with_opentofu() {
    test_modules(Cli::OpenTofu).await;
}

async fn test_modules(cli: Cli) {
    let modules = repository().join("examples/modules");
    let mut workspace = Workspace::new(cli);
    workspace.remove("versions.tf");
    install_in_mirror(&mut workspace);
    // The tests of the modules find the mock data beside the folder of the modules.
    copy(&repository().join("examples/mocks"), &workspace.path("mocks"));
    let mut count = 0;
    for module in std::fs::read_dir(&modules).expect("the folder can be read").flatten() {
        let name = format!("modules/{}", module.file_name().to_string_lossy());
        copy(&module.path(), &workspace.path(&name));
        let at = format!("-chdir={name}");
        workspace.run([&at, "init", "-no-color", "-input=false"]).await.succeeded();
        let tested = workspace.run([&at, "test", "-no-color"]).await.succeeded();
        assert!(tested.stdout.contains("Success!"), "{}", tested.text());
        assert!(tested.text().contains("mocked.t"), "the mocked tests are among them: {}", tested.text());
        count += 1;
    }
    assert_eq!(count, 6, "the modules are found");
}

/// Copies a folder and what is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("it can be made");
    for file in std::fs::read_dir(from).expect("the folder can be read").flatten() {
        let (path, target) = (file.path(), to.join(file.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("it can be copied");
        }
    }
}
