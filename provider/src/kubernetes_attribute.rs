//! The `kubernetes` attribute: which Kubernetes cluster something lives in, as the practitioner writes it. The provider
//! block, every resource, data source and ephemeral resource share it. Checks it and turns it into a [`Connection`];
//! opens nothing and reads no file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tfplugin::TerraformSchema;
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::path::Path;
use tfplugin::typed::Value;

use crate::kubernetes::connection::{Auth, CloudLogin, CloudMethod, Connection};

/// The methods of `auth`, as written in configuration.
const METHODS: [&str; 8] = ["kubeconfig", "in_cluster", "exec", "token_file", "eks", "gke", "aks", "ack"];

/// A Kubernetes cluster and the way into it. It holds no secret, so it may stand in state and in plans: tokens are made
/// when they are needed.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct KubernetesConnection {
    /// URL of the Kubernetes API server, such as `https://10.0.0.1:6443`. Left out, it comes from the kubeconfig or
    /// from the pod that runs Terraform. Must be given with all other methods.
    #[tf(optional, validate = https_url)]
    pub endpoint: Value<String>,
    /// Certificate authority of the API server, in PEM (not base64 around it). Left out, it comes from the kubeconfig,
    /// else the authorities of the operating system are trusted.
    #[tf(optional, validate = pem_certificate, effect = "in_place")]
    pub ca_certificate: Value<String>,
    /// How to authenticate. Left out, it is done as `kubectl` does it: `KUBECONFIG`, then `~/.kube/config`, then the
    /// service account of the pod.
    #[tf(optional, effect = "in_place")]
    pub auth: Value<KubernetesAuth>,
}

/// How to authenticate to a Kubernetes API server. It says where tokens come from and holds none.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct KubernetesAuth {
    /// `kubeconfig` (a context of a kubeconfig file), `in_cluster` (the service account of the pod that runs
    /// Terraform), `exec` (a command that prints a token, as in a kubeconfig's `exec`), `token_file` (a file that
    /// holds a bearer token and may be renewed beside), or `eks`, `gke`, `aks`, `ack` (what the cloud gives for its managed
    /// Kubernetes cluster, with the credentials of the provider block; made in the provider when it is needed, and
    /// renewed).
    #[tf(required, validate = known_method)]
    pub method: Value<String>,
    /// With `kubeconfig`: path of the file. Left out, `KUBE_CONFIG_PATH`, then `KUBECONFIG`, then `~/.kube/config`.
    #[tf(optional)]
    pub kubeconfig_path: Value<String>,
    /// With `kubeconfig`: name of the context. Left out, `KUBE_CTX`, then the file's current context.
    #[tf(optional)]
    pub kubeconfig_context: Value<String>,
    /// With `exec`: the command, such as `aws`. It must print an `ExecCredential` of
    /// `client.authentication.k8s.io/v1`.
    #[tf(optional)]
    pub command: Value<String>,
    /// With `exec`: arguments of the command, such as `["eks", "get-token", "--cluster-name", "prod"]`.
    #[tf(optional)]
    pub arguments: Value<Vec<Value<String>>>,
    /// With `exec`: variables added to the environment of the command. They are stored in state, so put no secret
    /// here.
    #[tf(optional)]
    pub environment: Value<BTreeMap<String, Value<String>>>,
    /// With `token_file`: path of the file.
    #[tf(optional)]
    pub token_file: Value<String>,
    /// With `eks`: name of the cluster. With `gke`: `projects/PROJECT/locations/LOCATION/clusters/NAME`. With `aks`: the
    /// cluster's id, `/subscriptions/.../managedClusters/NAME`. With `ack`: the cluster's id.
    #[tf(optional)]
    pub cluster: Value<String>,
    /// With `eks` and `ack`: region of the cluster. Left out, the one of the provider block.
    #[tf(optional)]
    pub region: Value<String>,
}

/// Environment variables that stand in for attributes that are left out.
pub trait Environment {
    /// The variable, when it is set and not empty.
    fn variable(&self, name: &str) -> Option<String>;
}

/// The environment of this process.
#[derive(Clone, Copy, Debug)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }
}

impl KubernetesConnection {
    /// A file and a context of it as the flags of a command name them; nothing when neither is named, which means the usual
    /// way.
    pub fn of_kubeconfig(path: Option<&String>, context: Option<&String>) -> Option<Self> {
        if path.is_none() && context.is_none() {
            return None;
        }
        let auth = KubernetesAuth {
            method: Value::Known("kubeconfig".to_owned()),
            kubeconfig_path: path.cloned().into(),
            kubeconfig_context: context.cloned().into(),
            ..KubernetesAuth::default()
        };
        Some(Self { auth: Value::Known(auth), ..Self::default() })
    }

    /// Checks what one attribute alone cannot tell; unknowns are passed over. Findings stand below `path`.
    pub fn validate(&self, path: &Path, diagnostics: &mut Diagnostics) {
        let Some(auth) = self.auth.known() else { return };
        let Some(method) = auth.method.known() else { return };
        auth.validate(method, &path.then_attribute("auth"), diagnostics);
        if !matches!(method.as_str(), "kubeconfig" | "in_cluster") && self.endpoint.is_null() {
            diagnostics.push(
                Diagnostic::error(
                    "Missing endpoint",
                    format!("`auth.method` \"{method}\" does not say where the API server is. Add `endpoint`, such as \"https://10.0.0.1:6443\"."),
                )
                .at(path.then_attribute("endpoint")),
            );
        }
    }

    /// Whether any part is known only at apply.
    pub fn has_unknown(&self) -> bool {
        let Self { endpoint, ca_certificate, auth } = self;
        endpoint.is_unknown()
            || ca_certificate.is_unknown()
            || auth.is_unknown()
            || auth.known().is_some_and(KubernetesAuth::has_unknown)
    }

    /// What the attribute means, with the environment in place of what is left out. `None` while a part is unknown.
    pub fn resolve(&self, environment: &impl Environment) -> Option<Connection> {
        if self.has_unknown() {
            return None;
        }
        let auth =
            self.auth.known().map_or_else(|| default_auth(environment), |auth| auth.resolve(environment));
        Some(Connection {
            endpoint: self.endpoint.known().cloned(),
            ca_certificate: self.ca_certificate.known().cloned(),
            auth,
        })
    }
}

impl KubernetesAuth {
    fn validate(&self, method: &str, path: &Path, diagnostics: &mut Diagnostics) {
        let given = [
            ("kubeconfig_path", "kubeconfig", !self.kubeconfig_path.is_null()),
            ("kubeconfig_context", "kubeconfig", !self.kubeconfig_context.is_null()),
            ("command", "exec", !self.command.is_null()),
            ("arguments", "exec", !self.arguments.is_null()),
            ("environment", "exec", !self.environment.is_null()),
            ("token_file", "token_file", !self.token_file.is_null()),
            ("cluster", "eks, gke, aks, ack", !self.cluster.is_null()),
            ("region", "eks, ack", !self.region.is_null()),
        ];
        for (name, of_method, is_given) in given {
            if is_given && !of_method.split(", ").any(|of_method| of_method == method) {
                let of_method = of_method.replace(", ", "\", \"");
                diagnostics.push(
                    Diagnostic::error(
                        "Attribute of another authentication method",
                        format!("`{name}` belongs to the method \"{of_method}\", but `method` is \"{method}\". Remove `{name}` or change `method`."),
                    )
                    .at(path.then_attribute(name)),
                );
            }
        }
        let needed = [
            ("command", "exec", self.command.is_null()),
            ("token_file", "token_file", self.token_file.is_null()),
            ("cluster", "eks, gke, aks, ack", self.cluster.is_null()),
        ];
        for (name, of_method, is_missing) in needed {
            if is_missing && of_method.split(", ").any(|of_method| of_method == method) {
                diagnostics.push(
                    Diagnostic::error(
                        format!("Missing {name}"),
                        format!("The method \"{method}\" needs `{name}`."),
                    )
                    .at(path.then_attribute(name)),
                );
            }
        }
    }

    fn has_unknown(&self) -> bool {
        let Self {
            method,
            kubeconfig_path,
            kubeconfig_context,
            command,
            arguments,
            environment,
            token_file,
            cluster,
            region,
        } = self;
        let texts = [method, kubeconfig_path, kubeconfig_context, command, token_file, cluster, region];
        texts.into_iter().any(Value::is_unknown)
            || arguments.is_unknown()
            || arguments.known().is_some_and(|arguments| arguments.iter().any(Value::is_unknown))
            || environment.is_unknown()
            || environment.known().is_some_and(|variables| variables.values().any(Value::is_unknown))
    }

    fn resolve(&self, environment: &impl Environment) -> Auth {
        let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
        let method = self.method.known().map(String::as_str);
        if let Some(method) = method.and_then(CloudMethod::of) {
            let region = self.region.known().cloned();
            return Auth::Cloud(CloudLogin { method, cluster: text(&self.cluster), region });
        }
        match method {
            Some("in_cluster") => Auth::InCluster,
            Some("exec") => Auth::Exec {
                command: text(&self.command),
                arguments: self.arguments.known().into_iter().flatten().map(text).collect(),
                environment: self
                    .environment
                    .known()
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| (name.clone(), text(value)))
                    .collect(),
            },
            Some("token_file") => Auth::TokenFile { path: PathBuf::from(text(&self.token_file)) },
            // Validation let only `kubeconfig` through besides.
            _ => Auth::Kubeconfig {
                path: self
                    .kubeconfig_path
                    .known()
                    .cloned()
                    .or_else(|| environment.variable("KUBE_CONFIG_PATH"))
                    .map(|path| expand_home(&path, environment)),
                context: self
                    .kubeconfig_context
                    .known()
                    .cloned()
                    .or_else(|| environment.variable("KUBE_CTX")),
            },
        }
    }
}

/// The way in without an `auth`: as `kubectl`, except that `KUBE_CONFIG_PATH` and `KUBE_CTX` go before, as in other
/// providers.
fn default_auth(environment: &impl Environment) -> Auth {
    let path = environment.variable("KUBE_CONFIG_PATH").map(|path| expand_home(&path, environment));
    let context = environment.variable("KUBE_CTX");
    if path.is_none() && context.is_none() { Auth::Default } else { Auth::Kubeconfig { path, context } }
}

/// `~/` is written in configurations although only shells know it.
fn expand_home(path: &str, environment: &impl Environment) -> PathBuf {
    match (path.strip_prefix("~/"), environment.variable("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(path),
    }
}

fn https_url(text: &str) -> Result<(), String> {
    let uri: Result<http::Uri, _> = text.parse();
    let is_right = uri.is_ok_and(|uri| {
        uri.scheme_str() == Some("https") && uri.host().is_some_and(|host| !host.is_empty())
    });
    if is_right {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not the URL of a Kubernetes API server. Write it with https, such as \"https://10.0.0.1:6443\"."
    ))
}

fn pem_certificate(text: &str) -> Result<(), String> {
    if text.contains("-----BEGIN CERTIFICATE-----") {
        return Ok(());
    }
    Err("this is not a certificate in PEM, which begins with -----BEGIN CERTIFICATE-----. Clouds and kubeconfigs give it in base64: wrap it in base64decode(...).".to_owned())
}

fn known_method(text: &str) -> Result<(), String> {
    if METHODS.contains(&text) {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not a method. Use one of {}.",
        METHODS.map(|method| format!("{method:?}")).join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Variables(&'static [(&'static str, &'static str)]);

    impl Environment for Variables {
        fn variable(&self, name: &str) -> Option<String> {
            self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        }
    }

    fn auth(method: &str) -> KubernetesAuth {
        KubernetesAuth { method: Value::Known(method.into()), ..KubernetesAuth::default() }
    }

    fn with(auth: KubernetesAuth) -> KubernetesConnection {
        KubernetesConnection { auth: Value::Known(auth), ..KubernetesConnection::default() }
    }

    #[test]
    fn each_method_takes_its_own_attributes_and_needs_what_it_cannot_do_without() {
        let text = |text: &str| Value::Known(text.to_owned());
        let endpoint = text("https://10.0.0.1:6443");
        let table: Vec<(&str, KubernetesConnection, &[&str])> = vec![
            ("nothing", KubernetesConnection::default(), &[]),
            (
                "kubeconfig",
                with(KubernetesAuth { kubeconfig_context: text("kind"), ..auth("kubeconfig") }),
                &[],
            ),
            ("in cluster", with(auth("in_cluster")), &[]),
            (
                "exec",
                KubernetesConnection {
                    endpoint: endpoint.clone(),
                    ..with(KubernetesAuth { command: text("aws"), ..auth("exec") })
                },
                &[],
            ),
            ("exec without all", with(auth("exec")), &["kubernetes.auth.command", "kubernetes.endpoint"]),
            (
                "token file without endpoint",
                with(KubernetesAuth { token_file: text("/t"), ..auth("token_file") }),
                &["kubernetes.endpoint"],
            ),
            (
                "token file without file",
                KubernetesConnection { endpoint: endpoint.clone(), ..with(auth("token_file")) },
                &["kubernetes.auth.token_file"],
            ),
            (
                "mixed",
                with(KubernetesAuth {
                    command: text("aws"),
                    kubeconfig_path: text("x"),
                    ..auth("in_cluster")
                }),
                &["kubernetes.auth.kubeconfig_path", "kubernetes.auth.command"],
            ),
            (
                "unknown endpoint",
                KubernetesConnection {
                    endpoint: Value::Unknown,
                    ..with(KubernetesAuth { command: Value::Unknown, ..auth("exec") })
                },
                &[],
            ),
            (
                "unknown method",
                with(KubernetesAuth {
                    method: Value::Unknown,
                    command: text("aws"),
                    ..KubernetesAuth::default()
                }),
                &[],
            ),
        ];
        for (case, connection, expected) in table {
            let mut diagnostics = Diagnostics::new();
            connection.validate(&Path::attribute("kubernetes"), &mut diagnostics);
            let paths: Vec<String> =
                diagnostics.iter().map(|found| found.path.as_ref().unwrap().to_string()).collect();
            assert_eq!(paths, expected, "{case}");
        }
    }

    #[test]
    fn the_environment_stands_in_for_what_is_left_out_and_only_for_that() {
        let all = Variables(&[("KUBE_CONFIG_PATH", "~/k"), ("KUBE_CTX", "env"), ("HOME", "/home/me")]);
        let none = Variables(&[]);
        let kubeconfig = |path: Option<&str>, context: Option<&str>| Auth::Kubeconfig {
            path: path.map(PathBuf::from),
            context: context.map(str::to_owned),
        };
        let written = KubernetesAuth {
            kubeconfig_path: Value::Known("/written".into()),
            kubeconfig_context: Value::Known("written".into()),
            ..auth("kubeconfig")
        };
        let table = [
            ("nothing at all", KubernetesConnection::default(), &none, Auth::Default),
            (
                "only the environment",
                KubernetesConnection::default(),
                &all,
                kubeconfig(Some("/home/me/k"), Some("env")),
            ),
            ("written goes before", with(written), &all, kubeconfig(Some("/written"), Some("written"))),
            ("method alone", with(auth("kubeconfig")), &none, kubeconfig(None, None)),
            ("in cluster", with(auth("in_cluster")), &all, Auth::InCluster),
        ];
        for (case, connection, environment, expected) in table {
            assert_eq!(connection.resolve(environment).unwrap().auth, expected, "{case}");
        }
    }

    #[test]
    fn a_connection_with_an_unknown_part_does_not_resolve() {
        let unknown_argument = KubernetesAuth {
            arguments: Value::Known(vec![Value::Known("a".into()), Value::Unknown]),
            ..auth("exec")
        };
        let unknown_variable = KubernetesAuth {
            environment: Value::Known(BTreeMap::from([("A".to_owned(), Value::Unknown)])),
            ..auth("exec")
        };
        let table = [
            KubernetesConnection { endpoint: Value::Unknown, ..KubernetesConnection::default() },
            KubernetesConnection { ca_certificate: Value::Unknown, ..KubernetesConnection::default() },
            KubernetesConnection { auth: Value::Unknown, ..KubernetesConnection::default() },
            with(unknown_argument),
            with(unknown_variable),
        ];
        for connection in table {
            assert_eq!(connection.resolve(&Variables(&[])), None, "{connection:?}");
        }
    }

    #[test]
    fn endpoints_and_certificates_are_checked_for_their_form() {
        for (text, is_right) in [
            ("https://10.0.0.1:6443", true),
            ("https://api.example.com/k8s/clusters/c-1", true),
            ("http://10.0.0.1", false),
            ("10.0.0.1:6443", false),
            ("https://", false),
            ("", false),
        ] {
            assert_eq!(https_url(text).is_ok(), is_right, "{text}");
        }
        assert!(pem_certificate("-----BEGIN CERTIFICATE-----\n").is_ok());
        assert!(
            pem_certificate("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t").unwrap_err().contains("base64decode")
        );
    }
}
