//! The one place where errors of running helm become text for the practitioner: the cause in the words of helm, the
//! chart or the API server, and what to do.

use tfplugin::diagnostic::Diagnostic;

use super::Error;
use crate::helm::{access, executable, process};
use crate::kubernetes;
use crate::text::capitalized;

/// The error as a diagnostic. `summary` says what could not be done, such as `cannot install KubeBlocks`.
pub fn diagnostic(summary: impl Into<String>, error: &Error) -> Diagnostic {
    Diagnostic::error(summary, detail(error))
}

/// Cause and remedy of not finding a helm that can be used.
pub fn executable_detail(error: &executable::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{}{cause}.\n\n{}", capitalized(&error.to_string()), error.remedy())
}

/// Cause and remedy of having no way to the Kubernetes cluster for helm.
pub fn access_detail(error: &access::Error) -> String {
    match error {
        access::Error::Credential { source } => kubernetes::diagnostic::detail(source),
        access::Error::Folder { source } => folder_detail(source),
        access::Error::ProxyWithUser => "The `proxy-url` of the kubeconfig holds a user name. The provider does not write \
             a password into a file for helm.\n\nTake the proxy out of the kubeconfig and set the environment variable \
             HTTPS_PROXY to the same URL, which helm reads by itself."
            .to_owned(),
        access::Error::ProxyScheme { .. } => format!(
            "{}.\n\nUse an http://, https:// or socks5:// proxy for the Kubernetes API server.",
            capitalized(&error.to_string())
        ),
        access::Error::NotSupported => not_supported(),
    }
}

/// Cause and remedy.
pub fn detail(error: &Error) -> String {
    match error {
        Error::Setup { source, .. } => folder_detail(source),
        Error::Process { source, .. } => process_detail(source),
        Error::Values { .. } | Error::ChartRefused { .. } | Error::Template { .. } | Error::Chart { .. } => {
            of_chart(error)
        }
        Error::KubernetesVersion { message } => format!(
            "{}.\n\nUse a version of the chart that is for this Kubernetes, or upgrade the Kubernetes cluster.",
            capitalized(message)
        ),
        Error::NotOwned { .. }
        | Error::Busy { .. }
        | Error::NameInUse { .. }
        | Error::ReleaseMissing { .. }
        | Error::NamespaceMissing { .. }
        | Error::TooLarge { .. } => of_release(error),
        Error::KindMissing { .. }
        | Error::Forbidden { .. }
        | Error::Unauthenticated { .. }
        | Error::Unreachable { .. } => of_server(error),
        Error::Failed { operation, code, message } => format!(
            "Helm failed to {operation} (exit code {code}): {}",
            if message.is_empty() { "it gives no reason" } else { message }
        ),
        Error::TooMuchOutput { .. } => {
            format!("{}. Charts of KubeBlocks render to 2 MiB.", capitalized(&error.to_string()))
        }
        Error::Killed { operation, signal } => format!(
            "Helm was killed (signal {signal}) before it could {operation}. Something outside of Terraform ended it: the \
             system, for want of memory, or a person.\n\nRun the command again; what helm left half done is repaired first."
        ),
        Error::TimedOut { operation, waited, message } => {
            let last = if message.is_empty() { String::new() } else { format!(" Its last words: {message}") };
            format!(
                "Helm could not {operation} within {} seconds.{last}\n\nRaise `timeouts`, check that the API server \
                 answers well, and run the command again; what helm left half done is repaired first.",
                waited.as_secs()
            )
        }
        Error::Interrupted { operation } => format!(
            "Interrupted before helm could {operation}. Run the command again to go on; what helm left half done is \
             repaired first."
        ),
    }
}

fn of_chart(error: &Error) -> String {
    match error {
        Error::Values { message } => format!(
            "The chart's schema (values.schema.json) refuses the values:\n{message}\n\nCorrect `values` at the paths above."
        ),
        Error::ChartRefused { message, location } => format!(
            "The chart refuses to be installed like this: {message}\n(at {location})\n\nChange `values`, or the attribute \
             that sets the value which the chart names."
        ),
        Error::Template { message } => format!(
            "A template of the chart cannot be rendered with these values: {message}\n\nCheck the values that the template \
             reads. If they are as the chart's documentation says, this is a mistake in the chart."
        ),
        other => format!(
            "{}.\n\nCheck `chart`: it must be a chart that can be installed, with its dependencies inside.",
            capitalized(&other.to_string())
        ),
    }
}

fn of_release(error: &Error) -> String {
    match error {
        Error::NotOwned { message } => format!(
            "{message}\n\nAnother release or another tool made that object. Remove it there, or remove the object, or import \
             the release that it belongs to."
        ),
        Error::Busy { message } => format!(
            "{}. Somebody else installs, upgrades or rolls back this release at the same time, or was killed while doing \
             so.\n\nWait for it and run the command again. `helm history` shows who it is.",
            capitalized(message)
        ),
        Error::NameInUse { message } => format!(
            "{}.\n\nA release of this name exists. Import it to manage it here, or uninstall it.",
            capitalized(message)
        ),
        Error::NamespaceMissing { namespace } => format!(
            "The namespace {namespace:?} does not exist. Create it first, or let the resource do so where it has \
             `create_namespace`."
        ),
        Error::TooLarge { message } => format!(
            "{message}\n\nHelm stores the release, with its chart and values, in one Secret of at most 1 MiB. Make `values` \
             smaller: refer to ConfigMaps instead of writing files into them."
        ),
        other => format!(
            "{}. Run the command again: what is there will be read anew.",
            capitalized(&other.to_string())
        ),
    }
}

fn of_server(error: &Error) -> String {
    match error {
        Error::KindMissing { message } => format!(
            "{message}\n\nThe chart has objects of kinds whose CustomResourceDefinitions are not installed in this \
             Kubernetes cluster. Install what brings them first, or switch off the values that need them."
        ),
        Error::Forbidden { message } => format!(
            "{message}\n\nInstalling a chart needs the rights to everything that it creates. To create and bind roles takes all \
             rights that they give, or the verbs `escalate` and `bind` on roles and clusterroles. Use credentials that have \
             them, or ask who runs the Kubernetes cluster; the guide \"Permissions\" has a role that is enough."
        ),
        Error::Unauthenticated { message } => format!(
            "{message}\n\nThe API server does not accept the credentials that the provider hands to helm. Log in again, or \
             check `auth` of the `kubernetes` attribute."
        ),
        other => format!(
            "{}\n\nThe provider itself could reach the API server, or was not asked to. Check the proxy variables \
             HTTPS_PROXY and NO_PROXY, and that the Kubernetes cluster is running.",
            capitalized(&other.to_string())
        ),
    }
}

fn process_detail(error: &process::Error) -> String {
    match error {
        process::Error::NotSupported => not_supported(),
        process::Error::Start { message } => format!(
            "{message}\n\nCheck that the helm executable is for this system and may be executed; `helm_path` in the provider \
             block or the environment variable KUBEBLOCKS_HELM names another one."
        ),
        process::Error::Socket { source, .. }
        | process::Error::Guard { source, .. }
        | process::Error::Wait { source } => {
            format!("{}: {source}\n\nRun the command again.", capitalized(&error.to_string()))
        }
    }
}

fn folder_detail(source: &std::io::Error) -> String {
    format!(
        "A private folder for helm cannot be made in {}: {source}\n\nMake room there, or set the environment variable TMPDIR \
         to a folder that can be written to.",
        std::env::temp_dir().display()
    )
}

fn not_supported() -> String {
    format!(
        "The provider cannot run helm on {}, as it needs process groups and unix sockets. Run Terraform on Linux or macOS, or \
         in the Windows Subsystem for Linux.",
        std::env::consts::OS
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::helm::engine::Operation;

    #[test]
    fn every_text_has_the_cause_and_something_to_do() {
        let message = || "THE CAUSE".to_owned();
        let operation = Operation::Upgrade;
        let cases = [
            (Error::Values { message: message() }, "Correct `values`"),
            (Error::ChartRefused { message: message(), location: "x.yaml:1".to_owned() }, "Change `values`"),
            (Error::Template { message: message() }, "Check the values"),
            (Error::Chart { message: message() }, "Check `chart`"),
            (Error::KubernetesVersion { message: message() }, "Use a version"),
            (Error::NotOwned { message: message() }, "import"),
            (Error::Busy { message: message() }, "Wait"),
            (Error::NameInUse { message: message() }, "Import"),
            (Error::ReleaseMissing { message: message() }, "again"),
            (Error::NamespaceMissing { namespace: message() }, "Create it first"),
            (Error::KindMissing { message: message() }, "Install what brings them"),
            (Error::TooLarge { message: message() }, "smaller"),
            (Error::Forbidden { message: message() }, "Use credentials"),
            (Error::Unauthenticated { message: message() }, "Log in again"),
            (Error::Unreachable { message: message() }, "HTTPS_PROXY"),
            (
                Error::TimedOut { operation, waited: Duration::from_mins(5), message: message() },
                "Raise `timeouts`",
            ),
        ];
        for (error, remedy) in cases {
            let text = detail(&error);
            assert!(text.contains("THE CAUSE") && text.contains(remedy), "{error:?}: {text}");
        }
        assert!(detail(&Error::Killed { operation, signal: 9 }).contains("signal 9"));
        assert!(detail(&Error::Interrupted { operation }).contains("again"));
    }
}
