//! Every example of the documentation, as the real programs see it.

use std::path::{Path, PathBuf};

use crate::terraform::{Cli, Workspace};

#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_valid() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let folders = folders_with_configuration(&examples);
    assert!(folders.len() >= 7, "the examples are found: {folders:?}");
    for cli in [Cli::Terraform, Cli::OpenTofu] {
        for folder in &folders {
            let workspace = Workspace::new(cli);
            copy(folder, &workspace);
            let validated = workspace.validate().await;
            assert!(validated.code == 0, "{cli:?}, {}:\n{}", folder.display(), validated.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_import_is_valid() {
    let resources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/resources");
    let mut seen = 0;
    for folder in folders_with_configuration(&resources) {
        // What was done once cannot be imported.
        if folder.ends_with("kubeblocks_ops_request") {
            continue;
        }
        for way in ["import-by-string-id.tf", "import-by-identity.tf"] {
            let workspace = Workspace::new(Cli::OpenTofu);
            for name in ["resource.tf", way] {
                workspace
                    .write(name, std::fs::read_to_string(folder.join(name)).expect("the example is there"));
            }
            workspace.validate().await.succeeded();
            seen += 1;
        }
    }
    assert!(seen >= 2, "the examples are found");
}

/// Copies the configuration of a folder, and what lies beside it.
pub(crate) fn copy(folder: &Path, workspace: &Workspace) {
    let mut text = String::new();
    for file in std::fs::read_dir(folder).expect("the folder can be read").flatten() {
        let content = std::fs::read(file.path()).unwrap_or_default();
        let name = file.file_name().to_string_lossy().into_owned();
        // Ways to import the same resource exclude each other, and identities need a later Terraform: below. Modules
        // have their tests run elsewhere.
        if name.starts_with("import-by-") || file.path().is_dir() {
            continue;
        }
        if is_configuration(&file.path()) {
            text.push_str(&String::from_utf8_lossy(&content));
        }
        std::fs::write(workspace.path(&name), content).expect("the example can be copied");
    }
    if text.contains("required_providers") && !folder.join("versions.tf").is_file() {
        workspace.remove("versions.tf");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_search_is_valid() {
    let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/list-resources");
    let workspace = Workspace::new(Cli::Newest);
    workspace.write("provider.tf", "provider \"kubeblocks\" {}\n");
    let validate = async |search: &str| {
        workspace.write("search.tfquery.hcl", search);
        workspace.run(["validate", "-query", "-no-color"]).await
    };
    let mut seen = 0;
    for folder in std::fs::read_dir(lists).expect("the folder can be read").flatten() {
        let search = folder.path().join("list-resource.tfquery.hcl");
        let search = std::fs::read_to_string(search).expect("the example is there");
        validate(&search).await.succeeded();
        seen += 1;
    }
    assert!(seen >= 16, "the examples are found: {seen}");
    let wrong = "list \"kubeblocks_eks_cluster\" \"all\" {\n  provider = kubeblocks\n  config {\n    name = \"shop\"\n  }\n}\n";
    validate(wrong).await.failed();
}

fn is_configuration(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tf")
}

/// The folders below `root` that hold a configuration.
pub(crate) fn folders_with_configuration(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        let entries: Vec<PathBuf> =
            std::fs::read_dir(&folder).expect("it can be read").flatten().map(|entry| entry.path()).collect();
        if entries.iter().any(|path| is_configuration(path)) {
            found.push(folder);
        }
        // The programs of the tests are from before there were actions.
        waiting.extend(entries.into_iter().filter(|path| path.is_dir() && !path.ends_with("actions")));
    }
    found
}
