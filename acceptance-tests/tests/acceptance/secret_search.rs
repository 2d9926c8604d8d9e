//! Secrets that a workspace knows of, and the search for them in all that its runs leave: output, state, its backups, plans,
//! logs, temporary files. A hit ends the test.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use acceptance_tests::operator;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use serde_json::Value;

/// What is shorter could stand anywhere by chance.
const SHORTEST: usize = 8;
/// Nothing that Terraform or the provider writes here is larger.
const LARGEST: u64 = 64 << 20;
/// Signs of tokens and keys whose texts no test knows.
const SIGNS: [&str; 3] = ["k8s-aws-v1.", "X-Amz-Signature=", "PRIVATE KEY-----"];

/// The secrets of a workspace.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    known: Mutex<BTreeSet<String>>,
    /// Namespaces that the configuration names: the passwords of their databases are secrets, too.
    configuration: Mutex<String>,
}

impl Secrets {
    /// Something that must be nowhere.
    pub(crate) fn add(&self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.to_owned());
        }
    }

    /// Takes the secrets out of a file of the configuration: write-only arguments, and what is in a kubeconfig.
    pub(crate) fn read_configuration(&self, text: &str) {
        self.configuration.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        let argument =
            r#"(?m)^\s*(?:password|password_wo|secretAccessKey|secret_access_key)\s*=\s*"([^"$\\]+)""#;
        for found in Regex::new(argument).expect("a pattern").captures_iter(text) {
            self.add(&found[1]);
        }
        let path = r#"kubeconfig_path\s*=\s*"([^"$]+)""#;
        for found in Regex::new(path).expect("a pattern").captures_iter(text) {
            self.read_kubeconfig(Path::new(&found[1]));
        }
    }

    /// Takes the secrets out of the environment of a run.
    pub(crate) fn read_variable(&self, name: &str, value: &str) {
        let name = name.to_uppercase();
        if ["SECRET", "PASSWORD", "TOKEN"].iter().any(|word| name.contains(word)) {
            self.add(value);
        }
        if ["KUBECONFIG", "KUBE_CONFIG_PATH"].contains(&name.as_str()) {
            self.read_kubeconfig(Path::new(value));
        }
    }

    /// Tokens, passwords and keys of a kubeconfig, which may be missing or no YAML in a test of that.
    fn read_kubeconfig(&self, path: &Path) {
        let Ok(text) = std::fs::read_to_string(path) else { return };
        let Ok(content) = serde_saphyr::from_str::<Value>(&text) else { return };
        for user in content["users"].as_array().into_iter().flatten() {
            for field in ["token", "password"] {
                self.add(user["user"][field].as_str().unwrap_or_default());
            }
            let key = user["user"]["client-key-data"].as_str().unwrap_or_default();
            let decoded = STANDARD.decode(key).unwrap_or_default();
            // A line of the key in the middle stands for all of it.
            let lines = String::from_utf8_lossy(&decoded).into_owned();
            self.add(lines.lines().nth(1).unwrap_or_default());
            self.add(key);
        }
    }

    /// All ways in which the secrets may be written.
    fn forms(&self) -> Vec<(String, String)> {
        let mut all: BTreeSet<String> = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let configuration = self.configuration.lock().unwrap_or_else(PoisonError::into_inner);
        let here = |namespace: &str| configuration.contains(&format!("\"{namespace}\""));
        all.extend(
            operator::passwords()
                .into_iter()
                .filter(|(namespace, _)| here(namespace))
                .map(|(_, password)| password),
        );
        let signs = SIGNS.map(|sign| (sign.to_owned(), sign.to_owned()));
        all.iter().flat_map(|secret| forms_of(secret)).chain(signs).collect()
    }

    /// The test ends when what a run has printed holds a secret. Lines of the configuration that Terraform repeats are the configuration's.
    #[track_caller]
    pub(crate) fn are_not_printed(&self, command: &str, output: &str) {
        let found = self.printed_one(output);
        assert!(found.is_none(), "the output of {command} holds the secret {:?}", found.unwrap_or_default());
    }

    fn printed_one(&self, output: &str) -> Option<String> {
        let source = Regex::new(r"^[│ ]*\d+: ").expect("a pattern");
        let own: Vec<&str> = output.lines().filter(|line| !source.is_match(line)).collect();
        found_in(&self.forms(), without_configuration(&own.join("\n")).as_bytes())
    }

    /// The first file below a folder that holds a secret, but for those that are in `except`.
    pub(crate) fn file_with_one(&self, folder: &Path, except: &BTreeSet<String>) -> Option<String> {
        let forms = self.forms();
        files(folder)
            .into_iter()
            .filter(|path| path.parent() != Some(folder) || !except.contains(&*name_of(path)))
            .find_map(|path| {
                let content = std::fs::read(&path).ok()?;
                let mut texts = unzipped(&content);
                texts.push((String::new(), content));
                texts.iter().find_map(|(entry, text)| {
                    let secret = found_in(&forms, text)?;
                    Some(format!("{} {entry} holds the secret {secret:?}", path.display()))
                })
            })
    }
}

/// The text itself, and in base64 at each of the three places where it may begin there.
fn forms_of(secret: &str) -> Vec<(String, String)> {
    let mut all = vec![(secret.to_owned(), secret.to_owned())];
    for shift in 0..3 {
        let shifted = [&vec![b'x'; shift], secret.as_bytes()].concat();
        let encoded = STANDARD.encode(&shifted);
        // The first and the last characters depend on what is beside.
        let (from, to) = ((shift * 8).div_ceil(6), shifted.len() * 8 / 6);
        let own = encoded.get(from..to).unwrap_or_default();
        if own.len() >= SHORTEST {
            all.push((secret.to_owned(), own.to_owned()));
        }
    }
    all
}

/// The secret that a text holds.
fn found_in(forms: &[(String, String)], text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    forms.iter().find(|(_, form)| text.contains(form.as_str())).map(|(secret, _)| secret.clone())
}

/// What `show -json` says of a plan, without the configuration and the variables that it repeats.
fn without_configuration(output: &str) -> String {
    match serde_json::from_str::<Value>(output.trim()) {
        Ok(mut plan) if plan["format_version"].is_string() => {
            plan["configuration"] = Value::Null;
            plan["variables"] = Value::Null;
            plan.to_string()
        }
        _ => output.to_owned(),
    }
}

fn name_of(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

/// Every file below a folder that a run can have written, apart from programs.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        if kind.is_dir() && ![".terraform", "mirror"].contains(&&*name_of(&path)) {
            found.extend(files(&path));
        } else if kind.is_file() && entry.metadata().is_ok_and(|file| file.len() < LARGEST) {
            found.push(path);
        }
    }
    found
}

/// The entries of a plan, which is a ZIP archive, but for the configuration in it.
fn unzipped(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let number = |at: usize, length: usize| {
        let bytes = archive.get(at..at + length).unwrap_or_default();
        bytes.iter().rev().fold(0, |number, byte| (number << 8) | usize::from(*byte))
    };
    let mut entries = Vec::new();
    if !archive.starts_with(b"PK\x03\x04") {
        return entries;
    }
    // The directory at the end knows the sizes, which Go writes after the content.
    let Some(end) = archive.windows(4).rposition(|window| window == b"PK\x05\x06") else { return entries };
    let mut at = number(end + 16, 4);
    while archive.get(at..at + 4) == Some(b"PK\x01\x02") {
        let (method, size, local) = (number(at + 10, 2), number(at + 20, 4), number(at + 42, 4));
        let name_length = number(at + 28, 2);
        let name = String::from_utf8_lossy(&archive[at + 46..at + 46 + name_length]).into_owned();
        let start = local + 30 + number(local + 26, 2) + number(local + 28, 2);
        let content = archive.get(start..start + size).unwrap_or_default();
        if !name.starts_with("tfconfig/") {
            let mut inflated = Vec::new();
            if method == 8 {
                flate2::read::DeflateDecoder::new(content).read_to_end(&mut inflated).expect("deflated");
            } else {
                inflated.extend_from_slice(content);
            }
            entries.push((name, inflated));
        }
        at += 46 + name_length + number(at + 30, 2) + number(at + 32, 2);
    }
    entries
}

#[test]
fn a_secret_is_found_in_every_form_and_place() {
    let secrets = Secrets::default();
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, r#"{"users": [{"user": {"token": "token-of-somebody"}}]}"#).expect("written");
    secrets.read_configuration(&format!(
        "kubeconfig_path = \"{}\"\n  password_wo = \"geheim-wie-nie\"",
        kubeconfig.display()
    ));
    secrets.read_variable("TF_VAR_secret_access_key", "marker+of/the=secret~key");
    std::fs::remove_file(kubeconfig).expect("removed");
    let left = |name: &str, content: &[u8]| {
        std::fs::write(folder.path().join(name), content).expect("written");
        secrets.file_with_one(folder.path(), &BTreeSet::from(["main.tf".to_owned()]))
    };
    assert_eq!(left("main.tf", b"password_wo = \"geheim-wie-nie\""), None);
    assert_eq!(left("terraform.tfstate", b"nothing that is secret"), None);
    for secret in ["geheim-wie-nie", "token-of-somebody", "marker+of/the=secret~key"] {
        for before in ["", "a", "ab", "abc"] {
            for content in [format!("{before}{secret}."), STANDARD.encode(format!("{before}{secret}.."))] {
                let found = left("terraform.tfstate", content.as_bytes());
                assert!(found.as_ref().is_some_and(|text| text.contains(secret)), "{content}: {found:?}");
            }
        }
    }
    let printed = |output: &str| secrets.printed_one(output).is_some();
    assert!(printed("Error: geheim-wie-nie"));
    assert!(!printed("│   12:   password_wo = \"geheim-wie-nie\""), "a line of the configuration");
    assert!(printed(r#"{"format_version": "1.2", "planned_values": "geheim-wie-nie"}"#));
    assert!(!printed(r#"{"format_version": "1.2", "configuration": "geheim-wie-nie"}"#));
}
