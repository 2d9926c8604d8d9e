//! `kubeblocks_account`: made, changed, drifted, imported, refused, cut off, gone. The engine behind it is the playground's,
//! which reads the statements that lorry makes as the real one would.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cluster_interrupted::kill_provider_of;
use crate::playground::{Namespace, Playground};
use crate::terraform::{Cli, Workspace};

const ADDRESS: &str = "kubeblocks_account.app";

/// Engines with accounts: definition, version, component.
const ENGINES: [(&str, &str, &str); 3] = [
    ("postgresql", "postgresql-14.8.0", "postgresql"),
    ("apecloud-mysql", "ac-mysql-8.0.30", "mysql"),
    ("redis", "redis-7.0.6", "redis"),
];

/// Every printable character of ASCII, the worst ones first, and others.
fn every_character() -> String {
    r#"'"\ $(id)`%{}"#.chars().chain(' '..='~').chain("éß火".chars()).collect()
}

fn digest(password: &str) -> String {
    Sha256::digest(password).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A database of one component.
fn database(
    namespace: &Namespace,
    (definition, version, component): (&str, &str, &str),
    lines: &str,
) -> String {
    format!(
        r#"
resource "kubeblocks_cluster" "db" {{
  namespace          = "{}"
  name               = "db"
  definition         = "{definition}"
  version            = "{version}"
  termination_policy = "WipeOut"
  components         = {{ {component} = {{ replicas = 2, volumes = {{ data = {{ size = "1Gi" }} }} }} }}
  {lines}
}}
"#,
        namespace.name
    )
}

/// An account in it, whose password comes from a variable that Terraform does not store.
fn account(role: &str, lines: &str) -> String {
    format!(
        r#"
variable "password" {{
  type      = string
  ephemeral = true
  default   = null
}}

resource "kubeblocks_account" "app" {{
  namespace = kubeblocks_cluster.db.namespace
  cluster   = kubeblocks_cluster.db.name
  name      = "app"
  role      = "{role}"
  password  = var.password
  {lines}
}}
"#
    )
}

fn with_password(workspace: &mut Workspace, password: &str) {
    // As HCL would write it, since a variable from the environment is taken as it is.
    workspace.set("TF_VAR_password", password);
}

async fn stored(namespace: &Namespace, component: &str) -> Option<Value> {
    namespace.accounts("db", component).await.remove("app")
}

async fn updates(workspace: &Workspace) {
    assert_eq!(workspace.planned_actions().await, [(ADDRESS.to_owned(), vec!["update".to_owned()])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_lives_its_whole_life_and_its_password_is_nowhere() {
    lives_its_whole_life(Cli::Terraform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_lives_its_whole_life_with_opentofu() {
    lives_its_whole_life(Cli::OpenTofu).await;
}

async fn lives_its_whole_life(cli: Cli) {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("account").await;
    let mut workspace = playground.workspace(cli);
    let password = every_character();
    with_password(&mut workspace, &password);
    let log = workspace.path("trace.log");
    workspace.set("TF_LOG", "TRACE").set("TF_LOG_PATH", log.display());
    let database = database(&namespace, ENGINES[0], "");
    workspace.write("main.tf", format!("{database}{}", account("readwrite", "password_revision = 1")));
    let mut said = workspace.run(["plan", "-no-color", "-out=plan.bin"]).await.succeeded().text();
    said += &workspace.run(["apply", "-no-color", "plan.bin"]).await.succeeded().text();
    said += &workspace.run(["show", "-json", "plan.bin"]).await.succeeded().text();
    workspace.plan_is_empty().await;
    let attributes = workspace.attributes(ADDRESS).await;
    assert_eq!((&attributes["component"], &attributes["role"]), (&"postgresql".into(), &"readwrite".into()));
    let made = stored(&namespace, "postgresql").await.expect("it is there");
    assert_eq!(made["password_sha256"], digest(&password), "the password came whole");
    assert_eq!(made["grants"], json!(["pg_read_all_data", "pg_write_all_data"]));
    let cluster = namespace.cluster("db").await.expect("it is there");
    assert!(
        !cluster.to_string().contains("terraform.kubeblocks.io/account."),
        "the mark is off: {cluster:#}"
    );

    // In place: the role, and the password, which the revision tells.
    with_password(&mut workspace, "it's another");
    workspace.plan_is_empty().await;
    workspace.write("main.tf", format!("{database}{}", account("readonly", "password_revision = 2")));
    updates(&workspace).await;
    said += &workspace.apply().await.succeeded().text();
    workspace.plan_is_empty().await;
    let changed = stored(&namespace, "postgresql").await.expect("it is there");
    assert_eq!(changed["password_sha256"], digest("it's another"));
    assert_eq!(changed["grants"], json!(["pg_read_all_data"]));

    // From outside: another role is set back, an account that is dropped is made again.
    let theirs = json!({"grants": ["superuser"], "password_sha256": digest("it's another")});
    namespace.change_account("db", "postgresql", "app", Some(theirs)).await;
    workspace.plan().await.succeeded().says(&["superuser", "readonly"]);
    updates(&workspace).await;
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(
        stored(&namespace, "postgresql").await.expect("it is there")["grants"],
        json!(["pg_read_all_data"])
    );
    namespace.change_account("db", "postgresql", "app", None).await;
    assert_eq!(workspace.planned_actions().await, [(ADDRESS.to_owned(), vec!["create".to_owned()])]);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    assert_eq!(
        stored(&namespace, "postgresql").await.expect("it is there")["password_sha256"],
        digest("it's another")
    );

    // Imported, with and without a password. One that is not in the state is not taken.
    workspace.run(["state", "rm", ADDRESS]).await.succeeded();
    let id = format!("{}/db/postgresql/app", namespace.name);
    workspace.apply().await.failed().says(&["exists already", "terraform import", &id]);
    workspace.run(["import", "-no-color", "-input=false", ADDRESS, &id]).await.succeeded();
    workspace.write("main.tf", format!("{database}{}", account("readonly", "")));
    workspace.plan_is_empty().await;
    workspace.write("main.tf", format!("{database}{}", account("readonly", "password_revision = 3")));
    with_password(&mut workspace, "after the import");
    said += &workspace.apply().await.succeeded().text();
    workspace.plan_is_empty().await;
    let imported = stored(&namespace, "postgresql").await.expect("it is there");
    assert_eq!(imported["password_sha256"], digest("after the import"));

    // What belongs to it keeps it from being dropped; the reason and the way out are said.
    let owner =
        json!({"grants": ["pg_read_all_data"], "password_sha256": imported["password_sha256"], "owns": true});
    namespace.change_account("db", "postgresql", "app", Some(owner)).await;
    workspace.write("main.tf", &database);
    workspace.apply().await.failed().says(&["2BP01", "REASSIGN OWNED BY app"]);
    let free = json!({"grants": ["pg_read_all_data"], "password_sha256": imported["password_sha256"]});
    namespace.change_account("db", "postgresql", "app", Some(free)).await;

    // No password is anywhere: only its digest is in the engine.
    said += &std::fs::read_to_string(workspace.path("terraform.tfstate")).expect("there is a state");
    said += &String::from_utf8_lossy(&std::fs::read(workspace.path("plan.bin")).expect("there is a plan"));
    let trace = std::fs::read_to_string(log).expect("there is a log");
    assert!(trace.contains("asking lorry"), "the provider's own log is in the trace");
    let commands = namespace.account_commands("db", "postgresql").await;
    assert!(commands.contains("--data-binary") && !commands.contains("\"sh\""), "{commands}");
    for password in [password.as_str(), "it's another", "after the import"] {
        let quoted = Value::from(password).to_string();
        let forms = [password.to_owned(), password.replace('\'', "''"), quoted.trim_matches('"').to_owned()];
        for (place, text) in [("output, state and plan", &said), ("trace", &trace), ("argv", &commands)] {
            for form in &forms {
                assert!(!text.contains(form), "the password is in {place}");
            }
        }
    }

    workspace.apply().await.succeeded();
    assert!(stored(&namespace, "postgresql").await.is_none(), "it is dropped");
    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_engine_gets_its_password_and_its_roles() {
    let playground = Playground::shared().await;
    let password = every_character();
    for engine in &ENGINES[1..] {
        let namespace = playground.namespace("engines").await;
        let mut workspace = playground.workspace(Cli::Terraform);
        let component = engine.2;
        let database = database(&namespace, *engine, "");
        with_password(&mut workspace, "first");
        for (revision, role) in [(1, "readonly"), (2, "superuser"), (3, "readwrite")] {
            workspace.write(
                "main.tf",
                format!("{database}{}", account(role, &format!("password_revision = {revision}"))),
            );
            workspace.apply().await.succeeded();
            workspace.plan_is_empty().await;
            with_password(&mut workspace, &password);
        }
        let made = stored(&namespace, component).await.expect("it is there");
        assert_eq!(made["password_sha256"], digest(&password), "{component}: only this password, and whole");
        assert!(made["disabled"].is_null(), "{component}: it can log in");
        let id = format!("{}/db/{component}/app", namespace.name);
        workspace.run(["state", "rm", ADDRESS]).await.succeeded();
        workspace.run(["import", "-no-color", "-input=false", ADDRESS, &id]).await.succeeded();
        workspace.write("main.tf", format!("{database}{}", account("readwrite", "")));
        workspace.plan_is_empty().await;
        workspace.write("main.tf", &database);
        workspace.apply().await.succeeded();
        assert!(stored(&namespace, component).await.is_none(), "{component}: it is dropped");
        workspace.destroy().await.succeeded();
        namespace.is_empty().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_is_killed_is_gone_on_with() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("killaccount").await;
    let mut workspace = playground.workspace(Cli::Terraform);
    with_password(&mut workspace, "before");
    let database = database(&namespace, ENGINES[0], "");
    workspace.write("main.tf", &database);
    workspace.apply().await.succeeded();
    // The account is made, and waits for its role.
    namespace.hold_account_operation(Some("grantUserRole")).await;
    workspace.write("main.tf", format!("{database}{}", account("readonly", "")));
    let child = workspace.spawn(["apply", "-auto-approve", "-no-color"]);
    namespace.account_exists("db", "postgresql", "app").await;
    kill_provider_of(child, &workspace).await;
    namespace.hold_account_operation(None).await;
    assert!(!workspace.managed().await.contains(&ADDRESS.to_owned()));

    with_password(&mut workspace, "after");
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    let made = stored(&namespace, "postgresql").await.expect("it is there");
    assert_eq!(
        (&made["password_sha256"], &made["grants"]),
        (&digest("after").into(), &json!(["pg_read_all_data"]))
    );

    // With its database the account is gone; destroying it asks nobody.
    namespace.delete_cluster("db").await;
    workspace.destroy().await.succeeded();
    assert!(workspace.managed().await.is_empty());
    namespace.is_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_while_planning_and_nothing_changes() {
    let playground = Playground::shared().await;
    let namespace = playground.namespace("noaccount").await;
    let mut workspace = playground.workspace(Cli::Terraform);
    with_password(&mut workspace, "secret");
    let good = format!("{}{}", database(&namespace, ENGINES[2], ""), account("readonly", ""));
    // Of a database that the same plan would make.
    let kafka = database(&namespace, ("kafka", "kafka-3.3.2", "kafka-server"), "");
    workspace.write("main.tf", format!("{kafka}{}", account("readonly", "")));
    workspace.plan().await.failed().says(&[
        "The engine kafka",
        "has no accounts",
        "apecloud-mysql, postgresql, redis",
    ]);
    assert!(namespace.cluster("db").await.is_none());

    workspace.write("main.tf", database(&namespace, ENGINES[2], ""));
    workspace.apply().await.succeeded();
    for (right, slip, expected) in [
        ("\"app\"\n  role", "\"kbadmin\"\n  role", &["account of the system", "kubeblocks_credentials"][..]),
        ("\"app\"\n  role", "\"default\"\n  role", &["account of the system"]),
        ("\"app\"\n  role", "\"my app\"\n  role", &["is no name for an account"]),
        ("\"readonly\"", "\"admin\"", &["is not one of readonly, readwrite, superuser"]),
        ("  password  = var.password", "", &["Password is missing"]),
        ("  password  = var.password", "  password = \"a\\nb\"", &["control character"]),
        ("  role ", "  component = \"redi\"\n  role ", &["no component", "Did you mean \"redis\"?"]),
    ] {
        let bad = good.replace(right, slip);
        assert_ne!(bad, good, "{right}");
        workspace.write("main.tf", bad);
        workspace.plan().await.failed().says(expected);
        assert!(namespace.accounts("db", "redis").await.is_empty());
    }

    // A database that is stopped has no accounts that could be looked at: they are taken to be there, and stay.
    workspace.write("main.tf", &good);
    workspace.apply().await.succeeded();
    workspace.write("main.tf", good.replace("  components ", "  running = false\n  components "));
    workspace.apply().await.succeeded();
    workspace.plan().await.succeeded().says(&["The account was not looked at", "it is stopped"]);
    let later =
        good.replace("  components ", "  running = false\n  components ").replace("readonly", "readwrite");
    workspace.write("main.tf", later);
    workspace.apply().await.failed().says(&["cannot be asked: it is stopped", "running = true"]);
    workspace.write("main.tf", &good);
    workspace.apply().await.succeeded();
    workspace.plan_is_empty().await;
    workspace.destroy().await.succeeded();
    namespace.is_empty().await;
}
