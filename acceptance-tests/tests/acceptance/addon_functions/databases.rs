//! What is written: a database of every engine, with all that a stage of the run asks for.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use kubeblocks_schemas::catalogue::{Catalogue, Function};

use super::NAMESPACE;
use super::engine::{Engine, engines};
use crate::platform::VERSION;

/// What the databases are to be like.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent switches, each set by its name")]
pub(super) struct Stage {
    /// More CPU and larger volumes.
    pub(super) larger: bool,
    /// More instances.
    pub(super) more: bool,
    /// Another value of a parameter.
    pub(super) verbose: bool,
    pub(super) trigger: u32,
    pub(super) stopped: bool,
    pub(super) backups: bool,
    pub(super) copies: bool,
    pub(super) upgraded: bool,
    /// An account.
    pub(super) accounts: bool,
    /// Switchovers: engine and the instance that is to lead.
    pub(super) operations: Vec<(&'static str, String)>,
    /// Also what the engine does not have, for plans that are not applied.
    pub(super) whatever: bool,
    /// Nothing but what a database cannot do without.
    pub(super) bare: bool,
}

/// The add-ons, and a repository for backups and for copies of data.
pub(super) fn addons(image: &str) -> String {
    let mut text = String::from(
        r#"
resource "kubeblocks_backup_repo" "matrix" {
  name             = "matrix"
  storage_provider = "pvc"
  access_method    = "Mount"
  is_default       = true
}
"#,
    );
    let mut seen = BTreeSet::new();
    for addon in Catalogue::v0_7().addons() {
        let name = addon.object.unwrap_or(addon.name);
        if seen.insert(name) {
            let chart = addon.chart.unwrap_or(name);
            let chart = match addon.object {
                Some(_) => String::new(),
                None => {
                    format!("  chart = {{ url = \"file://{chart}-{VERSION}.tgz\", image = \"{image}\" }}\n")
                }
            };
            let _ =
                write!(text, "resource \"kubeblocks_addon\" \"{name}\" {{\n  name = \"{name}\"\n{chart}}}\n");
        }
    }
    // One that no database needs.
    text.push_str("resource \"kubeblocks_addon\" \"nyancat\" {\n  name = \"nyancat\"\n}\n");
    text
}

/// A database of each definition that an engine has beside the first.
pub(super) fn others() -> String {
    let mut text = String::new();
    let (engines, stage) = (engines(), Stage { bare: true, ..Stage::default() });
    for engine in &engines {
        let usable = engine.addon.definitions.iter().filter(|definition| !definition.versions.is_empty());
        for definition in usable.filter(|definition| definition.name != engine.definition.name) {
            let name = definition.name[..definition.name.len().min(15)].trim_end_matches('-');
            text.push_str(&database(&Engine { definition, ..*engine }, &stage, name, ""));
        }
    }
    text
}

/// All that a stage asks for.
pub(super) fn configuration(engines: &[Engine], stage: &Stage) -> String {
    let mut text = String::new();
    for engine in engines {
        text.push_str(&database(engine, stage, &engine.cluster(), ""));
        if engine.has(Function::Accounts) && stage.accounts {
            text.push_str(&account(engine));
        }
        if engine.has(Function::BackupRestore) && stage.backups {
            text.push_str(&backup(engine));
        }
        if engine.has(Function::BackupRestore) && stage.copies {
            let restore = format!("restore = {{ backup = kubeblocks_backup.{}.name }}", engine.cluster());
            text.push_str(&database(engine, stage, &format!("{}-copy", engine.cluster()), &restore));
        }
    }
    for (name, instance) in &stage.operations {
        let engine = engines.iter().find(|engine| engine.name == *name).expect("it is one of them");
        text.push_str(&switchover(engine, instance));
    }
    text
}

/// A database. Functions that the engine does not have are only used where a stage says so.
fn database(engine: &Engine, stage: &Stage, name: &str, more: &str) -> String {
    let uses = |function: Function| stage.whatever || engine.has(function);
    let pick =
        |changed: bool, before: &'static str, after: &'static str| if changed { after } else { before };
    let cpu = pick(stage.larger && uses(Function::VerticalScaling), "100m", "200m");
    let size = pick(stage.larger && uses(Function::VolumeExpansion), "1Gi", "2Gi");
    let mut components = String::new();
    for component in engine.definition.components {
        let is_main = component.name == engine.main().name;
        let volumes: Vec<String> = component
            .volumes
            .iter()
            .map(|volume| format!("{volume} = {{ size = \"{}\" }}", if is_main { size } else { "1Gi" }))
            .collect();
        let _ =
            write!(components, "    {} = {{\n      volumes = {{ {} }}\n", component.name, volumes.join(", "));
        if is_main {
            let instances =
                if stage.whatever && stage.more { engine.fewer() + 2 } else { engine.instances(stage) };
            let _ = write!(
                components,
                "      replicas = {instances}\n      resources = {{ cpu = \"{cpu}\", memory = \"128Mi\" }}\n"
            );
            components.push_str(&functions(engine, stage));
        }
        if engine.definition.name == "orioledb" {
            components.push_str(
                "      service_references = { etcdService = { cluster = kubeblocks_cluster.etcd.name } }\n",
            );
        }
        components.push_str("    }\n");
    }
    let version = match engine.other_version() {
        Some(other) if stage.whatever && !engine.has(Function::Upgrade) => other,
        _ => engine.version(stage.upgraded),
    };
    let running = if stage.stopped && engine.has(Function::StopStart) { "running = false" } else { "" };
    format!(
        r#"
resource "kubeblocks_cluster" "{label}" {{
  namespace          = "{NAMESPACE}"
  name               = "{name}"
  definition         = "{definition}"
  version            = "{version}"
  termination_policy = "WipeOut"
  {running}
  {more}
  components = {{
{components}  }}
  depends_on = [kubeblocks_addon.{addon}, kubeblocks_backup_repo.matrix]
}}
"#,
        label = name.replace('-', "_"),
        definition = engine.definition.name,
        addon = engine.addon.object.unwrap_or(engine.addon.name),
    )
}

fn functions(engine: &Engine, stage: &Stage) -> String {
    let mut lines = String::new();
    if stage.bare {
        return lines;
    }
    if engine.has(Function::Logs) {
        let _ = writeln!(lines, "      logs = [\"{}\"]", engine.log());
    }
    if engine.has(Function::Monitoring) {
        lines.push_str("      monitor = true\n");
    }
    if engine.has(Function::Configuration) && stage.verbose {
        let (key, value) = engine.parameter();
        let _ = writeln!(
            lines,
            "      parameters = {{ \"{}\" = {{ \"{key}\" = \"{value}\" }} }}",
            engine.config()
        );
    }
    if engine.has(Function::Restart) && stage.trigger > 0 {
        let _ = writeln!(lines, "      restart_trigger = \"{}\"", stage.trigger);
    }
    lines
}

fn backup(engine: &Engine) -> String {
    format!(
        r#"
resource "kubeblocks_backup" "{name}" {{
  namespace = kubeblocks_cluster.{name}.namespace
  cluster   = kubeblocks_cluster.{name}.name
  name      = "{name}"
  method    = "{method}"
}}
"#,
        name = engine.cluster(),
        method = engine.method(),
    )
}

/// An account of an engine.
pub(super) fn account(engine: &Engine) -> String {
    format!(
        r#"
resource "kubeblocks_account" "{name}" {{
  namespace         = "{NAMESPACE}"
  cluster           = kubeblocks_cluster.{name}.name
  component         = "{component}"
  name              = "app"
  role              = "readonly"
  password          = "a-pass-phrase"
  password_revision = 1
}}
"#,
        name = engine.cluster(),
        component = engine.main().name,
    )
}

/// A switchover of an engine.
pub(super) fn switchover(engine: &Engine, instance: &str) -> String {
    format!(
        r#"
resource "kubeblocks_ops_request" "{name}" {{
  namespace  = "{NAMESPACE}"
  cluster    = kubeblocks_cluster.{name}.name
  switchover = {{ component = "{component}", instance = "{instance}" }}
}}
"#,
        name = engine.cluster(),
        component = engine.main().name,
    )
}

/// Who leads in each database, as a data source tells it.
pub(super) fn instances(clusters: &[String]) -> String {
    let set: Vec<String> = clusters.iter().map(|name| format!("\"{name}\"")).collect();
    format!(
        r#"
data "kubeblocks_cluster" "leaders" {{
  for_each  = toset([{}])
  namespace = "{NAMESPACE}"
  name      = each.value
}}
output "leaders" {{
  value = {{ for name, cluster in data.kubeblocks_cluster.leaders :
    name => sort([for name, instance in cluster.instances : name if instance.leader])
  }}
}}
"#,
        set.join(", ")
    )
}

/// A database of each engine that asks for all that needs no server to be refused.
pub(super) fn refused() -> String {
    let mut text = String::new();
    for engine in engines() {
        let mut lines = String::new();
        if !engine.has(Function::Logs) {
            lines.push_str("      logs = [\"running\"]\n");
        }
        if !engine.has(Function::Monitoring) {
            lines.push_str("      monitor = true\n");
        }
        if !engine.has(Function::Restart) {
            lines.push_str("      restart_trigger = \"1\"\n");
        }
        if !engine.has(Function::Configuration) {
            lines.push_str("      parameters = { \"any\" = { any = \"1\" } }\n");
        }
        let mut whole = String::new();
        if !engine.has(Function::StopStart) {
            whole.push_str("  running = false\n");
        }
        if !engine.has(Function::BackupRestore) {
            whole.push_str("  backup = { method = \"volume-snapshot\" }\n");
        }
        let _ = write!(
            text,
            r#"
resource "kubeblocks_cluster" "{name}" {{
  namespace          = "{NAMESPACE}"
  name               = "{name}"
  definition         = "{definition}"
  version            = "{version}"
  termination_policy = "WipeOut"
{whole}  components = {{
    {component} = {{
{lines}    }}
  }}
}}
"#,
            name = engine.cluster(),
            definition = engine.definition.name,
            version = engine.version(true),
            component = engine.main().name,
        );
    }
    text
}
