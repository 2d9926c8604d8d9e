//! The support matrix, shown working: every function of every engine is declared through terraform, and what it does is
//! looked for in the objects; what an engine does not have is asked for as well, and has to be warned of or refused.
//!
//! The table of all cells is `docs/guides/support-matrix.md`, and this run has to come to the same. All of it happens in one
//! Kubernetes cluster, where every add-on of the catalogue is installed and removed again. It takes longest of all tests,
//! and its name lets it begin early.

mod addons;
mod databases;
mod effects;
mod engine;
mod refusals;
mod table;

use kubeblocks_schemas::catalogue::Function;

use crate::platform::{Platform, VERSION};
use crate::terraform::{Cli, Workspace};
use databases::{Stage, configuration};
use effects::Look;
use engine::{Engine, engines};
use table::Table;

/// The namespace of all databases.
const NAMESPACE: &str = "matrix";

/// One line each: what is applied, and what is to be seen then.
struct Run {
    platform: Platform,
    workspace: Workspace,
    engines: Vec<Engine>,
    table: Table,
}

impl Run {
    async fn start() -> Self {
        let platform = Platform::bare().await;
        platform.install_by_helm(VERSION).await;
        platform.kubectl(&["create", "namespace", NAMESPACE]).await.succeeded();
        let workspace = platform.workspace(Cli::Terraform);
        let redis = platform.get("extensions.kubeblocks.io", "Addon", "addons", None, "redis").await;
        let image =
            redis.expect("an add-on")["spec"]["helm"]["chartsImage"].as_str().expect("an image").to_owned();
        workspace.write("addons.tf", databases::addons(&image));
        workspace.write("others.tf", databases::others());
        let engines = engines();
        assert_eq!(engines.len(), 31, "every engine that the matrix speaks of");
        Self { platform, workspace, engines, table: Table::default() }
    }

    async fn apply(&self, stage: &Stage) {
        self.workspace.write("main.tf", configuration(&self.engines, stage));
        self.workspace
            .run(["apply", "-auto-approve", "-no-color", "-input=false", "-parallelism=40"])
            .await
            .succeeded();
    }

    async fn look(&self) -> Look {
        Look::at(&self.platform).await
    }

    /// Notes for each engine that has the function what was seen, which `effect` makes sure of.
    fn shown(&mut self, function: Function, seen: &str, effect: impl Fn(&Engine)) {
        self.shown_of(|_| true, function, seen, effect);
    }

    /// The same for those engines only.
    fn shown_of(
        &mut self,
        of: impl Fn(&Engine) -> bool,
        function: Function,
        seen: &str,
        effect: impl Fn(&Engine),
    ) {
        for engine in self.engines.iter().filter(|engine| engine.has(function) && of(engine)) {
            effect(engine);
            self.table.shown(engine.name, function, seen);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_of_every_engine_is_shown_working_or_refused() {
    let mut run = Run::start().await;

    let mut stage = Stage::default();
    run.apply(&stage).await;
    run.workspace.plan_is_empty().await;
    addons::bring_all_definitions(&run).await;
    let first = run.look().await;
    run.shown(Function::Logs, "`logs`: they stand on the Cluster, and its instances run", |engine| {
        first.collects_logs(engine);
    });
    run.shown(
        Function::Monitoring,
        "`monitor = true`: it stands on the Cluster, and its instances run",
        |engine| first.is_monitored(engine),
    );

    // What is not there is asked for on what now runs.
    refusals::validated(&mut run).await;
    refusals::planned(&mut run, &stage).await;

    stage.larger = true;
    stage.more = true;
    stage.verbose = true;
    run.apply(&stage).await;
    run.workspace.plan_is_empty().await;
    let changed = run.look().await;
    run.shown(Function::VerticalScaling, "`resources`: every instance has them", |engine| {
        changed.has_cpu(engine, "200m");
    });
    run.shown(Function::HorizontalScaling, "`replicas`: so many instances run", |engine| {
        changed.has_instances(engine, engine.more());
    });
    let can_grow = |engine: &Engine| !engine.main().volumes.is_empty();
    for engine in run.engines.clone() {
        if engine.has(Function::VolumeExpansion) && !can_grow(&engine) {
            run.table.nothing(
                engine.name,
                Function::VolumeExpansion,
                "KubeBlocks has it, for volumes that no component claims",
            );
        }
    }
    run.shown_of(can_grow, Function::VolumeExpansion, "`volumes.size`: every volume has it", |engine| {
        changed.has_volumes(engine, "2Gi");
    });
    run.shown(Function::Configuration, "`parameters`: the file of the instances has the value", |engine| {
        changed.has_parameter(engine);
    });

    stage.trigger = 2;
    run.apply(&stage).await;
    let restarted = run.look().await;
    run.shown(Function::Restart, "`restart_trigger`: every instance is a new one", |engine| {
        restarted.are_new_since(&changed, engine);
    });

    failover_and_switchover(&mut run, &mut stage).await;

    stage.accounts = true;
    run.apply(&stage).await;
    run.workspace.plan_is_empty().await;
    let with_accounts = run.look().await;
    run.shown(Function::Accounts, "`kubeblocks_account`: the engine has it, with its role", |engine| {
        with_accounts.has_reader(engine);
    });
    stage.accounts = false;

    stop_and_start(&mut run, &mut stage, &restarted).await;

    stage.backups = true;
    run.apply(&stage).await;
    stage.copies = true;
    run.apply(&stage).await;
    let copied = run.look().await;
    run.shown(
        Function::BackupRestore,
        "`kubeblocks_backup` and `restore`: a copy runs with the password of its source",
        |engine| {
            copied.is_copied(engine);
        },
    );

    stage.upgraded = true;
    run.apply(&stage).await;
    let upgraded = run.look().await;
    run.shown(Function::Upgrade, "`version`: every instance has its image", |engine| {
        upgraded.has_images_of(engine, &copied);
    });
    run.workspace.plan_is_empty().await;

    run.table.is_as_documented(&run.engines);
    addons::do_not_wait_for_an_operator_that_does_not_run(&run).await;
    run.workspace.destroy().await.succeeded();
    addons::are_gone(&run).await;
    let left = run.platform.list("apps.kubeblocks.io", "Cluster", "clusters", Some(NAMESPACE)).await;
    assert!(left.is_empty(), "{left:?}");
}

/// All databases that can are stopped, and started again.
async fn stop_and_start(run: &mut Run, stage: &mut Stage, restarted: &Look) {
    stage.stopped = true;
    run.apply(stage).await;
    let stopped = run.look().await;
    for engine in run.engines.iter().filter(|engine| engine.has(Function::StopStart)) {
        stopped.has_instances(engine, 0);
        stopped.keeps_volumes_of(restarted, engine);
    }
    stage.stopped = false;
    run.apply(stage).await;
    let started = run.look().await;
    run.shown(
        Function::StopStart,
        "`running`: no instances, then all of them over the same volumes",
        |engine| {
            started.has_instances(engine, engine.instances(stage));
            started.keeps_volumes_of(restarted, engine);
        },
    );
}

/// A switchover on request; then the leader's instance is lost, and another one leads.
async fn failover_and_switchover(run: &mut Run, stage: &mut Stage) {
    let before = run.look().await;
    stage.operations = run
        .engines
        .iter()
        .filter(|engine| engine.has(Function::Switchover))
        .map(|engine| (engine.name, before.follower(engine)))
        .collect();
    let wanted = stage.operations.clone();
    run.apply(stage).await;
    let moved = run.look().await;
    run.shown(
        Function::Switchover,
        "`kubeblocks_switchover`: the instance that was asked for leads",
        |engine| {
            let (_, follower) =
                wanted.iter().find(|(name, _)| *name == engine.name).expect("it was asked for");
            assert_eq!(moved.leader(engine).as_ref(), Some(follower), "{}", engine.name);
        },
    );

    let with_failover: Vec<Engine> =
        run.engines.iter().filter(|engine| engine.has(Function::Failover)).copied().collect();
    for engine in &with_failover {
        let leader = moved.leader(engine).expect("somebody leads");
        run.platform.kubectl(&["-n", NAMESPACE, "delete", "pod", &leader, "--wait=false"]).await.succeeded();
    }
    for engine in &with_failover {
        let old = moved.uid_of_leader(engine);
        effects::until_another_leads(&run.platform, engine, &old).await;
    }
    let instances: Vec<_> = with_failover.iter().map(Engine::cluster).collect();
    run.workspace.write("instances.tf", databases::instances(&instances));
    run.apply(stage).await;
    run.workspace.plan_is_empty().await;
    let after = run.look().await;
    let outputs = run.workspace.state().await["values"]["outputs"].clone();
    run.shown(Function::Failover, "another instance leads; plan and addresses stay true", |engine| {
        let leader = after.leader(engine).expect("somebody leads");
        assert_eq!(
            outputs["leaders"]["value"][engine.cluster()],
            serde_json::json!([leader]),
            "{}",
            engine.name
        );
    });
    run.workspace.remove("instances.tf");
}
