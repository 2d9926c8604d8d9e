//! The checks of a cluster that need no server: what would be refused, would hang or would be ignored in silence
//! is said before anything is written. Knows no one who asks; paths name attributes as users write them.

mod backup;
mod change;
mod cluster;
mod component;
mod functions;
mod input;
mod placement;
mod resources;
mod services;

use std::fmt;

pub use change::{VolumeChange, check_change, check_volume_change};
pub use cluster::check_cluster;
pub use functions::{check_changed_functions, unsupported_function};
pub use input::{
    AffinityInput, BackupInput, ClusterInput, ComponentInput, Field, ResourcesInput, ServiceInput, TlsInput,
    TolerationInput, VolumeInput,
};

/// One step from a cluster to the value that a problem is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathStep {
    /// An attribute of an object.
    Attribute(&'static str),
    /// A key of a map.
    Key(String),
    /// A place in a list, from 0.
    Index(usize),
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It will not work.
    Error,
    /// It works, but probably not as meant.
    Warning,
}

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A name or label breaks the rules of names.
    Name,
    /// No add-on brings this definition.
    UnknownDefinition,
    /// The definition has no such version.
    UnknownVersion,
    /// The version belongs to another definition.
    VersionOfOtherDefinition,
    /// The definition has no such component.
    UnknownComponentDefinition,
    /// There are no components.
    NoComponents,
    /// The number of replicas is out of range.
    Replicas,
    /// An even number of voters.
    EvenReplicas,
    /// A resource that cannot be set.
    ResourceName,
    /// A quantity is malformed or negative.
    Quantity,
    /// A quantity is right but hardly meant.
    SuspiciousQuantity,
    /// More is requested than is allowed.
    RequestAboveLimit,
    /// Two ways to say the same contradict each other.
    Conflict,
    /// The component mounts no such volume.
    UnknownVolume,
    /// A value is none of those there are.
    UnknownValue,
    /// A value that is needed is missing.
    Missing,
    /// A value has no effect.
    Ignored,
    /// Two Services would have one name.
    DuplicateServiceName,
    /// The component has no such log.
    UnknownLog,
    /// The component has no such config spec.
    UnknownConfigSpec,
    /// The definition has no such backup method.
    UnknownBackupMethod,
    /// A duration or a schedule is malformed.
    Time,
    /// The add-on does not support the function.
    Unsupported,
    /// A volume would shrink.
    VolumeShrinks,
    /// Something of a volume would change that cannot.
    VolumeChanges,
    /// A component would be removed or replaced, which leaves its workload behind.
    ComponentChanges,
}

/// Something that is wrong, or probably wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The value it is about.
    pub path: Vec<PathStep>,
    /// How bad it is.
    pub severity: Severity,
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// What is wrong: one clause, lower case, no full stop.
    pub message: String,
    /// What to do: one clause, lower case, no full stop.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}; {}", Path(self.path.clone()), self.message, self.remedy)
    }
}

/// A path that grows; written like `components["redis"].replicas`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path(Vec<PathStep>);

impl Path {
    pub(crate) fn attribute(&self, name: &'static str) -> Self {
        self.with(PathStep::Attribute(name))
    }

    pub(crate) fn key(&self, key: &str) -> Self {
        self.with(PathStep::Key(key.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.with(PathStep::Index(index))
    }

    fn with(&self, step: PathStep) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Attribute(name) if place == 0 => formatter.write_str(name)?,
                PathStep::Attribute(name) => write!(formatter, ".{name}")?,
                PathStep::Key(key) => write!(formatter, "[{key:?}]")?,
                PathStep::Index(index) => write!(formatter, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Problems as they are found.
#[derive(Debug, Default)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    pub(crate) fn error(
        &mut self,
        path: &Path,
        kind: ProblemKind,
        message: impl fmt::Display,
        remedy: impl fmt::Display,
    ) {
        self.add(path, Severity::Error, kind, &message, &remedy);
    }

    pub(crate) fn warning(
        &mut self,
        path: &Path,
        kind: ProblemKind,
        message: impl fmt::Display,
        remedy: impl fmt::Display,
    ) {
        self.add(path, Severity::Warning, kind, &message, &remedy);
    }

    fn add(
        &mut self,
        path: &Path,
        severity: Severity,
        kind: ProblemKind,
        message: &dyn fmt::Display,
        remedy: &dyn fmt::Display,
    ) {
        let (message, remedy) = (message.to_string(), remedy.to_string());
        self.0.push(Problem { path: path.0.clone(), severity, kind, message, remedy });
    }

    /// Checks that a value is one of those there are.
    pub(crate) fn check_value(&mut self, path: &Path, what: &str, value: &Field<String>, known: &[&str]) {
        let Some(value) = value.known() else { return };
        if !known.contains(&value.as_str()) {
            let message = format!("{what} {value:?} does not exist");
            self.error(path, ProblemKind::UnknownValue, message, one_of(value, known));
        }
    }

    /// Checks a name.
    pub(crate) fn check_name(&mut self, path: &Path, kind: crate::names::NameKind, name: &str) {
        if let Err(error) = crate::names::check_name(kind, name) {
            let remedy = match error.suggestion() {
                Some(name) => format!("use for example {name:?}"),
                None => format!("use at most {} characters", kind.max_length()),
            };
            self.error(path, ProblemKind::Name, error, remedy);
        }
    }
}

/// "did you mean", where something is close, and else the choices.
pub(crate) fn one_of(written: &str, known: &[&str]) -> String {
    match crate::catalogue::suggest(written, known.iter().copied()) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None if known.is_empty() => "leave it out".to_owned(),
        None => format!("use one of {}", known.join(", ")),
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    //! A cluster without problems, to be changed by each test, and a short form of what is found.

    use std::collections::BTreeMap;

    use super::{ClusterInput, ComponentInput, Field, Path, Problem, VolumeInput, check_cluster};
    use crate::catalogue::Catalogue;

    /// What a test does to the cluster.
    pub(crate) type Change = fn(&mut ClusterInput);

    pub(crate) fn component(definition: &str, volume: &str) -> ComponentInput {
        let size = VolumeInput { size: "20Gi".into(), ..VolumeInput::default() };
        ComponentInput {
            definition: definition.into(),
            replicas: Field::Known(1),
            volumes: BTreeMap::from([(volume.to_owned(), size)]),
            ..ComponentInput::default()
        }
    }

    pub(crate) fn cluster(definition: &str, version: &str, component_definition: &str) -> ClusterInput {
        let main = component(component_definition, "data");
        ClusterInput {
            name: "orders".into(),
            namespace: "shop".into(),
            definition: definition.into(),
            version: version.into(),
            termination_policy: "Delete".into(),
            components: Field::Known(BTreeMap::from([("main".to_owned(), main)])),
            ..ClusterInput::default()
        }
    }

    pub(crate) fn redis() -> ClusterInput {
        cluster("redis", "redis-7.0.6", "redis")
    }

    /// The component of the fixture.
    pub(crate) fn main(cluster: &mut ClusterInput) -> &mut ComponentInput {
        match &mut cluster.components {
            Field::Known(components) => components.entry("main".to_owned()).or_default(),
            other => panic!("the fixture has components, not {other:?}"),
        }
    }

    pub(crate) fn check(cluster: &ClusterInput) -> Vec<Problem> {
        check_cluster(cluster, Catalogue::v0_7())
    }

    /// `Error Kind path`, one line each.
    pub(crate) fn short(problems: &[Problem]) -> Vec<String> {
        let line = |p: &Problem| format!("{:?} {:?} {}", p.severity, p.kind, Path(p.path.clone()));
        problems.iter().map(line).collect()
    }

    /// Checks a changed fixture: what is found, and that each message and remedy has its form.
    pub(crate) fn assert_found(
        mut cluster: ClusterInput,
        change: impl Fn(&mut ClusterInput),
        found: &[&str],
    ) {
        change(&mut cluster);
        let problems = check(&cluster);
        assert_eq!(short(&problems), found, "{problems:#?}");
        for problem in &problems {
            for text in [&problem.message, &problem.remedy] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{text}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::{check, main, redis};
    use super::{Path, one_of};

    #[test]
    fn paths_are_written_as_users_write_attributes() {
        let path = Path::default().attribute("components").key("a").attribute("logs").index(2);
        assert_eq!(path.to_string(), "components[\"a\"].logs[2]");
    }

    #[test]
    fn a_remedy_names_what_is_close_or_every_choice() {
        assert_eq!(one_of("runing", &["running"]), "did you mean \"running\"?");
        assert_eq!(one_of("x", &["running", "slow"]), "use one of running, slow");
        assert_eq!(one_of("x", &[]), "leave it out");
    }

    #[test]
    fn a_problem_reads_as_one_line() {
        let mut cluster = redis();
        main(&mut cluster).logs = vec!["runing".into()];
        let problems = check(&cluster);
        assert_eq!(
            problems[0].to_string(),
            "components[\"main\"].logs[0]: \"redis\" has no log \"runing\", and the cluster would never start; \
             did you mean \"running\"?"
        );
    }
}
