//! The real Terraform against what this library says of it: the same schemas in its JSON, and plans that it accepts.
//!
//! This program is both the test and the provider: started by Terraform, it serves. So it has no test harness.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub)]

mod provider;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use provider::ShapesProvider;
use serde_json::Value as Json;
use tfplugin::schema_json::{Detail, providers};

const ADDRESS: &str = "registry.terraform.io/acme/shapes";

fn main() -> ExitCode {
    if std::env::var_os("TF_PLUGIN_MAGIC_COOKIE").is_some() {
        let options = tfplugin::Options { address: ADDRESS, name: "shapes", version: "0.1.0" };
        return tfplugin::serve(|| ShapesProvider, options);
    }
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    if Command::new("terraform").arg("version").output().is_err() {
        eprintln!("skipped: terraform is not installed, so the contract was not compared with it");
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    schemas_are_printed_as_terraform_prints_them(folder.path());
    plans_settle_under_terraform(folder.path());
    eprintln!("contract: 2 passed");
    ExitCode::SUCCESS
}

fn prepare(folder: &Path) {
    let program = folder.join("terraform-provider-shapes");
    fs::copy(std::env::current_exe().unwrap(), program).unwrap();
    let settings = format!(
        "disable_checkpoint = true\nprovider_installation {{\n  dev_overrides {{\n    \"acme/shapes\" = \"{}\"\n  }}\n  direct {{}}\n}}\n",
        folder.display()
    );
    fs::write(folder.join("settings.tfrc"), settings).unwrap();
}

/// Runs Terraform and wants this exit code; its standard output.
fn terraform(folder: &Path, arguments: &[&str], code: i32) -> String {
    let mut command = Command::new("terraform");
    command.args(arguments).current_dir(folder).env("TF_CLI_CONFIG_FILE", folder.join("settings.tfrc"));
    for variable in ["TF_LOG", "TF_LOG_PROVIDER", "TF_REATTACH_PROVIDERS", "TF_DISABLE_PLUGIN_TLS"] {
        command.env_remove(variable);
    }
    let output = command.env("TF_IN_AUTOMATION", "1").output().unwrap();
    let (told, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "terraform {arguments:?} said:\n{told}\n{complained}");
    told.into_owned()
}

fn configure(folder: &Path, body: &str) {
    let head = "terraform {\n  required_providers {\n    shapes = { source = \"acme/shapes\" }\n  }\n}\n";
    fs::write(folder.join("main.tf"), format!("{head}{body}")).unwrap();
}

fn schemas_are_printed_as_terraform_prints_them(folder: &Path) {
    configure(folder, "");
    let version: Json = serde_json::from_str(&terraform(folder, &["version", "-json"], 0)).unwrap();
    let printed: Json =
        serde_json::from_str(&terraform(folder, &["providers", "schema", "-json"], 0)).unwrap();
    // Between these two, each release added something.
    let detail = match version["terraform_version"]
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .parse::<u32>()
        .unwrap()
    {
        0..=11 => Detail::Terraform1_11,
        12..=14 => {
            return eprintln!(
                "skipped: schemas of this Terraform are compared neither as 1.11's nor as the newest"
            );
        }
        _ => Detail::Full,
    };
    same_json(&printed, &providers(ADDRESS, &ShapesProvider, detail));
}

fn same_json(printed: &Json, ours: &Json) {
    assert_eq!(format!("{printed:#}"), format!("{ours:#}"));
}

/// Each step is applied, and must then leave nothing to plan.
fn plans_settle_under_terraform(folder: &Path) {
    let thing = |attributes: &str| {
        format!(
            r#"
            resource "terraform_data" "size" {{ input = "LARGE" }}
            resource "shapes_thing" "first" {{
              name     = "first"
              {attributes}
            }}
            resource "shapes_thing" "second" {{
              name   = "second"
              number = shapes_thing.first.revision
              part   = {{ name = "p", size = terraform_data.size.output }}
              set    = [{{ name = terraform_data.size.output }}, {{ name = "known" }}]
            }}
            data "shapes_lookup" "it" {{ name = shapes_thing.second.part.id }}
            data "shapes_lookup" "hints" {{
              name  = "hints"
              hint  = tostring(null)
              other = null
            }}
            output "glued" {{ value = provider::shapes::glue(["a"], ["b"]) }}
            output "not_null" {{ value = shapes_thing.first.revision != null }}
            "#
        )
    };
    let steps = [
        ("", "3 added, 0 changed, 0 destroyed"),
        (
            // To Terraform, nulls of different types differ.
            "anything = null\nnote = { anything = tostring(null) }",
            "0 added, 2 changed, 0 destroyed",
        ),
        ("anything = tostring(null)\nnote = { anything = null }", "0 added, 2 changed, 0 destroyed"),
        ("anything = tonumber(null)\nnote = { anything = tobool(null) }", "0 added, 2 changed, 0 destroyed"),
        ("anything = null", "0 added, 2 changed, 0 destroyed"),
        (
            r#"
            number   = 5
            anything = { a = [1, "two"] }
            texts    = { k = ["x", "y"] }
            password = "hush"
            part     = { name = "one" }
            list     = [{ name = "a" }, { name = "b", zone = "z" }]
            set      = [{ name = "a" }, { name = "b", zone = "z" }]
            map      = { k = { name = "a" }, l = { name = "b", size = "Large" } }
            "#,
            "0 added, 2 changed, 0 destroyed",
        ),
        (
            // Other spellings, another secret, elements that come and go.
            r#"
            number   = 5
            anything = "text"
            password = "another secret"
            part     = { name = "one", size = "SMALL" }
            list     = [{ name = "b", zone = "z" }]
            set      = [{ name = "b", zone = "z" }, { name = "c", size = "SMALL" }, { name = "a", size = "Small" }]
            map      = { l = { name = "b", size = "LARGE" }, m = { name = "c" } }
            "#,
            "0 added, 2 changed, 0 destroyed",
        ),
    ];
    for (attributes, expected) in steps {
        configure(folder, &thing(attributes));
        let applied = terraform(folder, &["apply", "-auto-approve", "-no-color", "-input=false"], 0);
        assert!(applied.contains(expected), "{applied}");
        terraform(folder, &["plan", "-detailed-exitcode", "-no-color", "-input=false"], 0);
    }
    let state = fs::read_to_string(folder.join("terraform.tfstate")).unwrap();
    assert!(!state.contains("secret"), "a write-only value reached the state");
    configure(folder, &thing(steps[steps.len() - 1].0).replace("\"first\"\n", "\"renamed\"\n"));
    let replaced = terraform(folder, &["plan", "-no-color", "-input=false"], 0);
    assert!(replaced.contains("forces replacement"), "{replaced}");
    terraform(folder, &["destroy", "-auto-approve", "-no-color", "-input=false"], 0);
}
