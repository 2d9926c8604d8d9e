//! The one place where what goes wrong with the operator becomes text for the practitioner.

use tfplugin::prelude::*;

use super::crds::CrdError;
use super::deployments::NotReady;
use crate::helm::{access, chart, engine, executable, manifest, release};
use crate::kubernetes::Error;
use crate::kubernetes::diagnostic::{detail, diagnostic};
use crate::text::capitalized;

/// Why a step of an apply did not come to its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// The practitioner interrupted while this was done.
    Interrupted(&'static str),
    /// Something is wrong.
    Wrong(Diagnostics),
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Wrong(diagnostics)
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Wrong(diagnostic.into())
    }
}

impl Failure {
    /// As errors, also the interrupt.
    pub(super) fn into_diagnostics(self, summary: &str) -> Diagnostics {
        match self {
            Self::Wrong(diagnostics) => diagnostics,
            Self::Interrupted(doing) => Diagnostic::error(
                summary,
                format!("Interrupted while {doing}. Run the command again to go on."),
            )
            .into(),
        }
    }
}

/// What the API server said.
pub(super) fn of_api(summary: &str, doing: &'static str, error: &Error) -> Failure {
    match error {
        Error::Interrupted => Failure::Interrupted(doing),
        error => diagnostic(summary, error).into(),
    }
}

/// What helm said.
pub(super) fn of_engine(summary: &str, doing: &'static str, error: &engine::Error) -> Failure {
    let place = match error {
        engine::Error::Interrupted { .. } => return Failure::Interrupted(doing),
        engine::Error::Values { .. }
        | engine::Error::ChartRefused { .. }
        | engine::Error::TooLarge { .. } => Some("values"),
        engine::Error::KubernetesVersion { .. } => Some("version"),
        engine::Error::NamespaceMissing { .. } => Some("namespace"),
        _ => None,
    };
    let said = engine::diagnostic::diagnostic(summary, error);
    match place {
        Some(place) => said.at(Path::attribute(place)).into(),
        None => said.into(),
    }
}

/// No way for helm.
pub(super) fn of_access(summary: &str, error: &access::Error) -> Diagnostic {
    Diagnostic::error(summary, engine::diagnostic::access_detail(error))
}

/// No helm.
pub(super) fn of_executable(error: &executable::Error) -> Diagnostic {
    Diagnostic::error("Helm cannot be used", engine::diagnostic::executable_detail(error))
}

/// Releases that cannot be read or annotated.
pub(super) fn of_release(summary: &str, doing: &'static str, error: &release::Error) -> Failure {
    match error {
        release::Error::Read { source, .. } | release::Error::Annotate { source, .. } => {
            of_api(summary, doing, source)
        }
        release::Error::NotARelease { .. } => Diagnostic::error(
            summary,
            format!("{error}.\n\nHelm itself cannot read it either. `helm history` shows the revisions; delete the Secret of a broken one."),
        )
        .into(),
    }
}

/// A rendering that is no list of objects.
pub(super) fn of_manifest(summary: &str, error: &manifest::Error) -> Diagnostic {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Diagnostic::error(summary, format!("What the chart renders to cannot be read: {error}{cause}.\n\nThis is a mistake in the chart, or a value that it writes out without quotes."))
        .at(Path::attribute("values"))
}

/// Definitions of kinds that are not in place.
pub(super) fn of_crds(summary: &str, error: &CrdError) -> Failure {
    match error {
        CrdError::Interrupted => Failure::Interrupted("the custom resource definitions were applied"),
        CrdError::Api { source } => of_api(summary, "the custom resource definitions were applied", source),
        CrdError::NotEstablished { names } => Diagnostic::error(
            summary,
            format!("The Kubernetes API server has accepted these custom resource definitions, but does not serve them: {}.\n\n`kubectl describe crd` tells why; names that another definition uses are the usual cause.", names.join(", ")),
        )
        .into(),
    }
}

/// Deployments that are not ready.
pub(super) fn of_deployments(summary: &str, timeout: &str, error: NotReady) -> Failure {
    match error {
        NotReady::Interrupted => Failure::Interrupted("the operator was starting"),
        NotReady::Api(error) => of_api(summary, "the operator was starting", &error),
        NotReady::Failed(text) => Diagnostic::error(
            summary,
            format!("The release is installed, but the operator does not run, and will not by waiting:\n{text}\nImages come from `image_registry`, which by default is a registry in China; tolerations and resources are in `tolerations` and `values`."),
        )
        .into(),
        NotReady::TimedOut(text) => Diagnostic::error(
            summary,
            format!("The release is installed, but the operator was not ready in time:\n{}\nIf it only needs longer, raise `timeouts.{timeout}`. Images come from `image_registry`, which by default is a registry in China.", if text.is_empty() { "- its Deployments could not be seen\n" } else { &text }),
        )
        .into(),
    }
}

/// A chart that cannot be had.
pub(super) fn of_chart(error: &chart::Error) -> Diagnostic {
    use chart::Error as E;
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let what = format!("{}{cause}.", capitalized(&error.to_string()));
    let (place, remedy) = match error {
        E::InvalidSource { .. } => ("chart", "Correct `chart`.".to_owned()),
        E::Away { .. } => (
            "chart",
            "Check the URL, and whether this machine must use a proxy (HTTPS_PROXY, NO_PROXY). Without a way to the repository, download the chart elsewhere and name the archive with `chart = { path = ... }`.".to_owned(),
        ),
        E::Refused { .. } => (
            "chart",
            "Log in with `helm registry login` or `docker login`; the provider uses the same credentials.".to_owned(),
        ),
        E::Missing { .. } | E::BrokenIndex { .. } => ("chart", "Check the URL of the repository.".to_owned()),
        E::NoSuchChart { near, .. } => (
            "chart",
            match near.as_slice() {
                [] => "Check `name` and `repository` of the chart.".to_owned(),
                near => format!("Did you mean {}?", near.join(" or ")),
            },
        ),
        E::NoSuchVersion { versions, .. } => {
            let known: Vec<&str> = versions.iter().take(10).map(String::as_str).collect();
            let more = if versions.len() > known.len() { ", ..." } else { "" };
            ("version", format!("There are: {}{more}.", known.join(", ")))
        }
        E::DigestDiffers { actual, .. } => (
            "chart_digest",
            format!("Somebody published another chart under the same version, or the digest was meant for another one. If the chart is the right one, write `chart_digest = {actual:?}`."),
        ),
        E::File { .. } => ("chart", "Check `path` of the chart: a relative one starts where Terraform runs.".to_owned()),
        E::TooLarge { .. } | E::BrokenArchive { .. } | E::NotAChart { .. } | E::Yaml { .. } | E::Ignore { .. } => {
            ("chart", "A chart is a folder with a `Chart.yaml`, or what `helm package` makes of it.".to_owned())
        }
    };
    Diagnostic::error("Chart cannot be used", format!("{what}\n\n{remedy}")).at(Path::attribute(place))
}

/// The text of an error of the API, for warnings.
pub(super) fn text_of(error: &Error) -> String {
    detail(error)
}
