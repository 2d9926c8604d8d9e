//! The real Terraform with the example provider, found in a filesystem mirror as `terraform init` does it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::process::notes;

/// A folder with a configuration, a mirror that holds the provider, and notes.
struct Workspace {
    folder: tempfile::TempDir,
    reattach: Option<String>,
}

impl Workspace {
    /// None, with a word on standard error, where Terraform is not installed.
    fn new() -> Option<Self> {
        let Ok(version) = Command::new("terraform").args(["version", "-json"]).output() else {
            crate::skipped("terraform is not installed, so the example was not applied");
            return None;
        };
        let version: serde_json::Value = serde_json::from_slice(&version.stdout).unwrap();
        let platform = version["platform"].as_str().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mirror = folder.path().join("mirror");
        let place = mirror.join("registry.terraform.io/acme/notes/0.1.0").join(platform);
        fs::create_dir_all(&place).unwrap();
        fs::copy(notes(), place.join("terraform-provider-notes_v0.1.0")).unwrap();
        let settings = format!(
            "disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
            mirror.display()
        );
        fs::write(folder.path().join("settings.tfrc"), settings).unwrap();
        Some(Self { folder, reattach: None })
    }

    fn note(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the configuration: the first note with this text, the second with the first one's size in it.
    fn configure(&self, text: &str) {
        let configuration = format!(
            r#"
            terraform {{
              required_providers {{
                notes = {{ source = "acme/notes" }}
              }}
            }}
            resource "notes_note" "first" {{
              file = "{first}"
              {text}
            }}
            resource "notes_note" "second" {{
              file = "{second}"
              text = "the first has ${{notes_note.first.size}} bytes"
            }}
            output "title" {{
              value = provider::notes::title("one\ntwo")
            }}
            "#,
            first = self.note("first.txt").display(),
            second = self.note("second.txt").display(),
        );
        fs::write(self.folder.path().join("main.tf"), configuration).unwrap();
    }

    fn terraform(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("terraform");
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TF_CLI_CONFIG_FILE", self.folder.path().join("settings.tfrc"))
            .env("TMPDIR", self.folder.path())
            .env("TF_IN_AUTOMATION", "1");
        for variable in ["TF_LOG", "TF_LOG_PROVIDER", "TF_REATTACH_PROVIDERS", "TF_DISABLE_PLUGIN_TLS"] {
            command.env_remove(variable);
        }
        if let Some(reattach) = &self.reattach {
            command.env("TF_REATTACH_PROVIDERS", reattach);
        }
        command.output().unwrap()
    }

    /// Runs Terraform and wants this exit code.
    fn run(&self, arguments: &[&str], code: i32) -> String {
        let output = self.terraform(arguments);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert_eq!(output.status.code(), Some(code), "terraform {arguments:?} said:\n{text}");
        text
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

const APPLY: &[&str] = &["apply", "-auto-approve", "-no-color", "-input=false"];
/// Exit code 0: nothing to do. 2: something to do.
const PLAN: &[&str] = &["plan", "-detailed-exitcode", "-no-color", "-input=false"];
const DESTROY: &[&str] = &["destroy", "-auto-approve", "-no-color", "-input=false"];

#[test]
fn the_example_lives_through_its_whole_life_under_terraform() {
    let Some(workspace) = Workspace::new() else { return };
    workspace.configure("");
    workspace.run(&["init", "-no-color"], 0);
    let applied = workspace.run(APPLY, 0);
    assert!(applied.contains("title = \"one\""), "{applied}");
    assert_eq!(read(&workspace.note("first.txt")), "to do");
    assert_eq!(read(&workspace.note("second.txt")), "the first has 5 bytes");
    workspace.run(PLAN, 0);

    workspace.configure("text = \"done, at last\"");
    let changed = workspace.run(APPLY, 0);
    assert!(changed.contains("0 added, 2 changed, 0 destroyed"), "{changed}");
    assert_eq!(read(&workspace.note("second.txt")), "the first has 13 bytes");
    workspace.run(PLAN, 0);

    // Changed and removed behind Terraform's back.
    fs::write(workspace.note("first.txt"), "overwritten").unwrap();
    fs::remove_file(workspace.note("second.txt")).unwrap();
    let drifted = workspace.run(PLAN, 2);
    assert!(drifted.contains("1 to add, 1 to change, 0 to destroy"), "{drifted}");
    workspace.run(APPLY, 0);
    workspace.run(PLAN, 0);

    workspace.run(DESTROY, 0);
    assert!(!workspace.note("first.txt").exists() && !workspace.note("second.txt").exists());
}

#[test]
fn a_mistake_of_the_user_is_shown_at_its_attribute() {
    let Some(workspace) = Workspace::new() else { return };
    workspace.configure("");
    let file = workspace.folder.path().join("main.tf");
    let configuration = read(&file).replace(workspace.note("second.txt").to_str().unwrap(), "note.txt");
    fs::write(file, configuration).unwrap();
    workspace.run(&["init", "-no-color"], 0);
    let refused = workspace.run(&["validate", "-no-color"], 1);
    assert!(refused.contains("does not start with a slash"), "{refused}");
    assert!(refused.contains("file = \"note.txt\""), "the line of the configuration is not shown: {refused}");
}

#[tokio::test]
async fn terraform_attaches_to_a_debugged_provider_run_after_run() {
    let Some(mut workspace) = Workspace::new() else { return };
    let (mut plugin, reattach) = crate::attach::start().await;
    workspace.reattach = Some(reattach.to_string());
    workspace.configure("");
    workspace.run(&["init", "-no-color"], 0);
    workspace.run(APPLY, 0);
    workspace.run(PLAN, 0);
    workspace.run(DESTROY, 0);
    assert!(!workspace.note("first.txt").exists());
    plugin.signal(rustix::process::Signal::TERM);
    assert!(plugin.end().await.0.success());
}
