//! What the tests of this binary share: the charts, both helms, and renderings as objects.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use acceptance_tests::charts::Charts;
use acceptance_tests::tools;
use serde_json::Value;

/// Namespace of the releases.
pub(crate) const NAMESPACE: &str = "kb-system";

/// Charts whose engines are those that the stand-in operator has built in.
pub(crate) const BUILT_IN: [&str; 4] = ["apecloud-mysql", "kafka", "postgresql", "redis"];

pub(crate) fn charts() -> &'static Charts {
    Charts::packaged().unwrap()
}

pub(crate) fn helm3() -> PathBuf {
    tools::helm().unwrap()
}

/// Both helms.
pub(crate) fn helms() -> [(&'static str, PathBuf); 2] {
    [("helm 3", helm3()), ("helm 4", tools::helm4().unwrap())]
}

/// A helm with folders of its own.
pub(crate) fn command(helm: &Path, home: &Path) -> Command {
    let mut command = Command::new(helm);
    for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_PLUGINS", "DOCKER_CONFIG"]
    {
        command.env(variable, home);
    }
    command.env("HELM_REGISTRY_CONFIG", home.join("registry.json"));
    command.env_remove("KUBECONFIG");
    command
}

/// The objects that a chart consists of, hooks included and lists taken apart; or what helm says instead.
pub(crate) fn render(helm: &Path, chart: &Path, arguments: &[&str]) -> Result<Vec<Value>, String> {
    let home = tempfile::tempdir().unwrap();
    let release = chart.file_name().unwrap().to_str().unwrap();
    let mut command = command(helm, home.path());
    command.arg("template").arg(release).arg(chart).args(["--namespace", NAMESPACE]);
    if !arguments.contains(&"--kube-version") {
        command.args(["--kube-version", "v1.34.0"]);
    }
    let output = command.args(arguments).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    Ok(documents.into_iter().filter(|document| !document.is_null()).flat_map(flat).collect())
}

/// The objects of an add-on.
pub(crate) fn addon(chart: &str) -> Vec<Value> {
    render(&helm3(), &charts().addon_folder(chart), &[]).unwrap_or_else(|error| panic!("{chart}: {error}"))
}

/// The objects of the current operator.
pub(crate) fn operator(arguments: &[&str]) -> Result<Vec<Value>, String> {
    render(&helm3(), &charts().operator_folder("0.7.5"), arguments)
}

fn flat(document: Value) -> Vec<Value> {
    let is_list = document["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    match document["items"].as_array() {
        Some(items) if is_list => items.clone(),
        _ => vec![document],
    }
}

pub(crate) fn kind(object: &Value) -> &str {
    object["kind"].as_str().unwrap()
}

pub(crate) fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_else(|| panic!("no name: {object:#}"))
}

/// Kind and name.
pub(crate) fn title(object: &Value) -> String {
    format!("{} {}", kind(object), name(object))
}

/// The objects of a kind.
pub(crate) fn of_kind<'a>(objects: &'a [Value], wanted: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| kind(object) == wanted).collect()
}

/// The only object of that kind and name.
pub(crate) fn one<'a>(objects: &'a [Value], wanted: &str, named: &str) -> &'a Value {
    let mut found = of_kind(objects, wanted);
    found.retain(|object| name(object) == named);
    assert_eq!(found.len(), 1, "{wanted} {named}");
    found[0]
}

/// The variables of a Deployment's container that have a value.
pub(crate) fn environment(objects: &[Value], deployment: &str) -> BTreeMap<String, String> {
    let pod = &one(objects, "Deployment", deployment)["spec"]["template"]["spec"];
    let list = pod["containers"][0]["env"].as_array().unwrap();
    list.iter()
        .filter_map(|entry| Some((entry["name"].as_str()?.to_owned(), entry["value"].as_str()?.to_owned())))
        .collect()
}

/// The strings of a list.
pub(crate) fn strings(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}

/// The names of a list's items.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|item| item["name"].as_str().unwrap()).collect()
}

/// All charts of add-ons.
pub(crate) fn addon_charts() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/addons");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    found
}

/// A file or folder of the reference data; says so where it is not at hand.
pub(crate) fn reference(path: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference").join(path);
    if found.exists() {
        return Some(found);
    }
    // Past the harness, which would keep it until the test fails.
    let mut output = std::io::stderr();
    writeln!(output, "skipped: the comparison with the reference {path}, which is not here").unwrap();
    None
}
