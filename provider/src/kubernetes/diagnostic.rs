//! The one place where errors of `kubernetes` become text for the practitioner: what failed, the cause in the
//! server's words, what to do. Everything else passes [`Error`] on.

use std::time::Duration;

use tfplugin::diagnostic::Diagnostic;

use super::Client;
use super::configuration::Error as ConfigurationError;
use super::error::{Action, Error, FieldConflict, InvalidField, Unreachability};
use crate::text::capitalized;

/// The error as a diagnostic. `summary` says what could not be done, such as `cannot create KubeBlocks cluster`.
pub fn diagnostic(summary: impl Into<String>, error: &Error) -> Diagnostic {
    Diagnostic::error(summary, detail(error))
}

/// What is said of a server that took longer than it was given.
pub fn silent(client: &Client, limit: Duration) -> String {
    format!(
        "The Kubernetes API server {} did not answer within {} seconds.",
        client.endpoint(),
        limit.as_secs()
    )
}

/// A refresh or an import that took longer than `timeouts.read`.
pub fn read_timed_out(summary: &str, client: &Client, limit: Duration) -> Diagnostic {
    let text = format!("{} Raise `timeouts.read` if it is that slow.", silent(client, limit));
    Diagnostic::error(summary, text)
}

/// A diagnostic for each field of a conflict, with the field, so that the caller can say where it stands in the
/// configuration. Empty for other errors.
pub fn conflict_diagnostics(summary: &str, error: &Error) -> Vec<(String, Diagnostic)> {
    let Error::FieldConflict { object, conflicts } = error else { return Vec::new() };
    conflicts
        .iter()
        .map(|conflict| {
            let text = format!("{object}: {}\n\n{}", conflict_line(conflict), CONFLICT_REMEDY);
            (conflict.field.clone(), Diagnostic::error(summary, text))
        })
        .collect()
}

/// Cause and remedy.
pub fn detail(error: &Error) -> String {
    match error {
        Error::Configuration { source } => configuration_detail(source),
        Error::Unreachable { endpoint, kind, cause, waited } => {
            let tried = match waited.as_secs() {
                0 => String::new(),
                seconds => format!(" (tried for {seconds} seconds)"),
            };
            format!(
                "The Kubernetes API server {endpoint} cannot be reached{tried}: {cause}\n\n{}",
                unreachable_remedy(*kind)
            )
        }
        Error::Unauthenticated { endpoint, message } => format!(
            "The Kubernetes API server {endpoint} does not accept the credentials (401): {message}\n\n\
             The token or client certificate is wrong, expired, or belongs to another cluster. Log in again, or \
             check `auth` of the `kubernetes` attribute (the kubeconfig's context and user)."
        ),
        Error::Forbidden { action, user, message } => forbidden_detail(action, user.as_deref(), message),
        Error::KindNotServed { endpoint, action } => not_served_detail(endpoint, action),
        Error::NamespaceMissing { namespace } => format!(
            "The namespace {namespace:?} does not exist. Create it first, for example with a `kubernetes_namespace` \
             resource or `kubectl create namespace {namespace}`, or set `namespace` to one that exists."
        ),
        Error::NotFound { object } => format!("{object} does not exist."),
        Error::AlreadyExists { object } => {
            format!("{object} exists already. Import it to manage it here, or choose another name.")
        }
        Error::FieldConflict { object, conflicts } => {
            let lines: Vec<String> = conflicts.iter().map(conflict_line).collect();
            format!("{object}:\n{}\n\n{CONFLICT_REMEDY}", lines.join("\n"))
        }
        Error::Changed { object, message, replaced: _ } => {
            format!("{object} was changed or replaced at the same time: {message}\n\nRun the command again.")
        }
        Error::Invalid { object, causes, message } => invalid_detail(&object.to_string(), causes, message),
        Error::Refused { verb, object, code, message } => format!(
            "The Kubernetes API server refused to {verb} {object} ({code}): {message}\n\nThis is the answer of an \
             admission policy, a webhook, a quota or a limit of the Kubernetes cluster. Change the configuration \
             accordingly, or ask who runs the Kubernetes cluster."
        ),
        Error::Server { endpoint, code, message, waited } => format!(
            "The Kubernetes API server {endpoint} did not answer well for {} seconds ({code}): {message}\n\n{}",
            waited.as_secs(),
            if *code == 429 {
                "It is overloaded or limits this user's requests. Run the command again later, or with a lower \
                 `-parallelism`."
            } else {
                "Nothing that was already done is lost. Check the health of the control plane, and run the command \
                 again."
            }
        ),
        Error::Decode { object, source } => format!(
            "The API server's answer about {object} does not have the form that KubeBlocks v0.7 gives it: {source}\n\n\
             Is another line of KubeBlocks installed?"
        ),
        Error::Encode { object, source } => format!("{object}: {source}\n\n{BUG}"),
        Error::Request { object, message } => format!("{object}: {message}\n\n{BUG}"),
        Error::Interrupted => {
            "Interrupted before the Kubernetes API server had answered. Run the command again to go on."
                .to_owned()
        }
    }
}

const BUG: &str = "This is a bug in the provider; please report it.";

const CONFLICT_REMEDY: &str = "Somebody else manages the field with another value: a person with kubectl, another tool, \
     an autoscaler, or an OpsRequest. Take the field out of this configuration and leave it to them, or set it here to \
     the value that it has now (then both own it), or take it over with `force_conflicts = true`.";

fn conflict_line(conflict: &FieldConflict) -> String {
    let manager = if conflict.manager.is_empty() { "another field manager" } else { &conflict.manager };
    format!("{} is managed by {manager:?}.", conflict.field)
}

fn unreachable_remedy(kind: Unreachability) -> &'static str {
    match kind {
        Unreachability::Name => {
            "The host name does not resolve. Check `endpoint`, or the `server` of the kubeconfig's cluster, and \
             whether this machine must be in a private network to resolve it."
        }
        Unreachability::Refused => {
            "Nothing listens at that address. Check that the Kubernetes cluster is running and that `endpoint`, or \
             the `server` of the kubeconfig's cluster, has the right port."
        }
        Unreachability::Silent => {
            "Check that the Kubernetes cluster is running, and that this machine may reach it: firewalls, allowed \
             networks of the API server, VPN, and the proxy variables HTTPS_PROXY and NO_PROXY."
        }
        Unreachability::Certificate => {
            "The TLS connection could not be trusted. Check `ca_certificate` (PEM), or the certificate authority of \
             the kubeconfig's cluster: it must be the one of this Kubernetes cluster."
        }
        Unreachability::TlsVersion => {
            "The provider speaks TLS 1.2 and 1.3, as every supported Kubernetes does. Check that the address is the one of \
             the API server, and which versions a proxy on the way lets through."
        }
        Unreachability::Broken => {
            "The connection broke. Check that the address is the one of a Kubernetes API server and that the cluster \
             is running."
        }
    }
}

fn forbidden_detail(action: &Action, user: Option<&str>, message: &str) -> String {
    let user = user.map(|user| format!(" for user {user:?}")).unwrap_or_default();
    let place = action
        .namespace
        .as_ref()
        .map_or_else(|| "cluster-wide".to_owned(), |namespace| format!("in namespace {namespace:?}"));
    format!(
        "Missing permission{user}: verb `{}` on resource `{}` {place}.\n\nThe server said: {message}\n\n\
         Grant it with a Role or ClusterRole: apiGroups [{:?}], resources [{:?}], verbs [{:?}]. \
         `kubectl auth can-i {} {}{}` tells when it is there.",
        action.verb,
        action.qualified_resource(),
        action.group,
        action.resource,
        action.verb,
        action.verb,
        action.qualified_resource(),
        action.namespace.as_ref().map(|namespace| format!(" -n {namespace}")).unwrap_or_default(),
    )
}

fn not_served_detail(endpoint: &str, action: &Action) -> String {
    let group = &action.group;
    let what = format!(
        "The Kubernetes API server {endpoint} does not know the kind {} ({group}/{})",
        action.kind, action.version
    );
    if group == "kubeblocks.io" || group.ends_with(".kubeblocks.io") {
        format!(
            "{what}: KubeBlocks v0.7 is not installed there.\n\nInstall the operator, with a `kubeblocks_operator` \
             resource whose `kubernetes` this one refers to, so that it comes first. If it is installed, check that \
             `kubernetes` names the right cluster."
        )
    } else {
        format!("{what}. Check that `kubernetes` names the right cluster and that it is not too old.")
    }
}

fn invalid_detail(object: &str, causes: &[InvalidField], message: &str) -> String {
    let causes: Vec<String> = causes
        .iter()
        .map(|cause| match cause.field.as_str() {
            "" => format!("- {}", cause.message),
            field => format!("- {field}: {}", cause.message),
        })
        .collect();
    let causes = if causes.is_empty() { message.to_owned() } else { causes.join("\n") };
    format!("The Kubernetes API server does not accept {object}:\n{causes}")
}

fn configuration_detail(error: &ConfigurationError) -> String {
    let what = capitalized(&error.to_string());
    match error {
        ConfigurationError::NothingFound { .. } => format!(
            "{what}.\n\nSay which Kubernetes cluster is meant: set KUBECONFIG, or the `kubernetes` attribute of the \
             resource or of the provider block."
        ),
        ConfigurationError::KubeconfigUnreadable { source, .. } => format!(
            "{what}: {source}.\n\nCheck `kubeconfig_path`, or the variables KUBECONFIG and KUBE_CONFIG_PATH."
        ),
        ConfigurationError::KubeconfigMalformed { .. } => {
            format!("{what}.\n\n`kubectl config view` shows what kubectl thinks of it.")
        }
        ConfigurationError::ContextNotChosen { known, .. } => {
            format!("{what}.\n\nSet `kubeconfig_context`. {}", known_contexts(known))
        }
        ConfigurationError::ContextMissing { known, suggestion, .. } => {
            let suggestion =
                suggestion.as_ref().map(|name| format!(" Did you mean {name:?}?")).unwrap_or_default();
            format!("{what}.{suggestion}\n\n{}", known_contexts(known))
        }
        ConfigurationError::ContextIncomplete { .. } => format!(
            "{what}.\n\nThe cluster that it names is missing there, or has no `server`. `kubectl config \
             set-cluster` adds it."
        ),
        ConfigurationError::KubeconfigData { .. }
        | ConfigurationError::Tls { .. }
        | ConfigurationError::Credentials { .. } => format!("{what}."),
        ConfigurationError::EndpointMissing => {
            "The method of `auth` does not say where the API server is. Set `endpoint`, such as \
             \"https://10.0.0.1:6443\"."
                .to_owned()
        }
        ConfigurationError::EndpointInvalid { .. } => {
            format!("{what}. Write it such as \"https://10.0.0.1:6443\", without a user name in it.")
        }
        ConfigurationError::CaInvalid => {
            format!("{what}.\n\nClouds and kubeconfigs give it in base64: wrap it in base64decode(...).")
        }
        ConfigurationError::NotInCluster { source } => format!(
            "{what}: {source}.\n\nThe method `in_cluster` works only where Terraform itself runs in a pod."
        ),
        ConfigurationError::TokenFile { source, .. } => format!("{what}: {source}.\n\nCheck `token_file`."),
        ConfigurationError::TokenFileContent { .. } => format!("{what}.\n\nCheck `token_file`."),
        ConfigurationError::Exec { .. } => format!(
            "{what}.\n\nRun the command by hand to see what it needs: it must be installed on this machine, be logged \
             in, and print an ExecCredential."
        ),
        ConfigurationError::Minting { .. } => format!(
            "{what}.\n\nThe identity that the provider uses for this cloud must exist and be allowed to use the cluster."
        ),
        ConfigurationError::Proxy { .. } => {
            format!("{what}.\n\nCheck `proxy-url` of the kubeconfig, HTTPS_PROXY and NO_PROXY.")
        }
    }
}

fn known_contexts(known: &[String]) -> String {
    if known.is_empty() {
        return "The kubeconfig has no contexts.".to_owned();
    }
    let names: Vec<String> = known.iter().map(|name| format!("{name:?}")).collect();
    format!("The kubeconfig has the contexts {}.", names.join(", "))
}
