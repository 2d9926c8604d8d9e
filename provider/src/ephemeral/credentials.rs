//! The ephemeral resource `kubeblocks_credentials`: user, password and addresses of a database, read from the Secret that
//! KubeBlocks made, and stored nowhere. Must not log or show what it reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kubeblocks_schemas::v1alpha1::Cluster;
use tfplugin::prelude::*;

use crate::functions::connection_uri::{Parts, connection_uri};
use crate::kubeblocks::naming;
use crate::kubernetes::Client;
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;
use crate::resources::cluster::schema::Map;

const CANNOT_OPEN: &str = "Cannot read the credentials of the KubeBlocks cluster";

/// User, password and addresses of a database. Nothing of it is stored in state or plans.
///
/// Terraform opens an ephemeral resource as soon as its configuration is known, which may be before the database is
/// there. So take `secret` from the database, as in the example: it is known when the database runs.
#[derive(Clone, Default, PartialEq, TerraformSchema)]
pub struct CredentialsState {
    /// The Kubernetes cluster of the database. Left out, the one of the provider block.
    #[tf(optional)]
    pub kubernetes: Value<KubernetesConnection>,
    /// The Secret to read: `credentials_secret` of a `kubeblocks_cluster`. Either this, or `namespace` and `cluster`.
    #[tf(optional)]
    pub secret: Value<SecretName>,
    /// Kubernetes namespace of the database.
    #[tf(optional)]
    pub namespace: Value<String>,
    /// Name of the database.
    #[tf(optional)]
    pub cluster: Value<String>,
    /// With `account`: the component whose account it is. Left out, the only component of the database.
    #[tf(optional)]
    pub component: Value<String>,
    /// A system account of the component, such as `kbadmin`, in place of the database's first user. Only some engines
    /// have them.
    #[tf(optional)]
    pub account: Value<String>,
    /// User. Null where the engine has none.
    #[tf(computed, sensitive)]
    pub username: Value<String>,
    /// Password. Null where the engine has none.
    #[tf(computed, sensitive)]
    pub password: Value<String>,
    /// Name of the Service inside the Kubernetes cluster.
    #[tf(computed)]
    pub host: Value<String>,
    /// Its port.
    #[tf(computed)]
    pub port: Value<i64>,
    /// `host:port`.
    #[tf(computed)]
    pub endpoint: Value<String>,
    /// The URI for a client inside the Kubernetes cluster, with user and password. Null for engines whose clients take
    /// none. For other addresses use the function `connection_uri`.
    #[tf(computed, sensitive)]
    pub uri: Value<String>,
    /// Everything that is in the Secret, by its keys, which differ between engines.
    #[tf(computed, sensitive)]
    pub data: Value<Map<String>>,
}

/// Where a Secret is.
#[derive(Clone, Debug, Default, PartialEq, TerraformSchema)]
pub struct SecretName {
    /// Namespace of the Secret.
    #[tf(required)]
    pub namespace: Value<String>,
    /// Name of the Secret.
    #[tf(required)]
    pub name: Value<String>,
}

/// Shows which database, and no more.
impl std::fmt::Debug for CredentialsState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("CredentialsState")
            .field("secret", &self.secret)
            .field("namespace", &self.namespace)
            .field("cluster", &self.cluster)
            .field("component", &self.component)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// The ephemeral resource.
#[derive(Clone, Debug)]
pub struct Credentials {
    shared: Arc<Shared>,
}

impl Credentials {
    /// The ephemeral resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl EphemeralResource for Credentials {
    type State = CredentialsState;

    const TYPE_NAME: &'static str = "kubeblocks_credentials";

    fn validate(&self, config: &CredentialsState, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
        validate_source(config, diagnostics);
    }

    async fn open(
        &self,
        context: &Context,
        config: CredentialsState,
    ) -> Result<Opened<CredentialsState>, Diagnostics> {
        let client = self.shared.client_for(&config.kubernetes, CANNOT_OPEN).await?.obeying(context.stop());
        let source = Source::of(&client, &config).await?;
        let failed = |error| Diagnostics::from(diagnostic(CANNOT_OPEN, &error));
        let secret =
            client.get_opt::<Secret>(Some(&source.namespace), &source.secret).await.map_err(failed)?;
        let Some(secret) = secret else { return Err(source.missing().into()) };
        let engine = source.engine(&client).await;
        Ok(Opened {
            result: show(config, read_data(secret), engine.as_deref()),
            renew_at: None,
            private: Private::new(),
        })
    }
}

fn validate_source(config: &CredentialsState, diagnostics: &mut Diagnostics) {
    let by_name = [
        ("namespace", &config.namespace),
        ("cluster", &config.cluster),
        ("component", &config.component),
        ("account", &config.account),
    ];
    if !config.secret.is_null() {
        for (name, _) in by_name.iter().filter(|(_, value)| !value.is_null()) {
            diagnostics.push(
                Diagnostic::error(
                    "Credentials are named twice",
                    format!(
                        "`secret` says already which Secret to read. Remove `{name}`, or remove `secret`."
                    ),
                )
                .at(Path::attribute(*name)),
            );
        }
        return;
    }
    for (name, _) in by_name[..2].iter().filter(|(_, value)| value.is_null()) {
        diagnostics.push(Diagnostic::error(
            format!("Missing {name}"),
            format!("Give `secret` (the `credentials_secret` of a `kubeblocks_cluster`), or `namespace` and `cluster`; `{name}` is missing."),
        ));
    }
    if config.account.is_null() && !config.component.is_null() {
        diagnostics.push(
            Diagnostic::error(
                "Missing account",
                "`component` chooses whose account is read, so it needs `account`, such as \"kbadmin\".",
            )
            .at(Path::attribute("component")),
        );
    }
}

/// Which Secret is read, and of which database.
struct Source {
    namespace: String,
    secret: String,
    cluster: Option<String>,
    is_account: bool,
}

impl Source {
    async fn of(client: &Client, config: &CredentialsState) -> Result<Self, Diagnostics> {
        let text = |value: &Value<String>| value.known().cloned().unwrap_or_default();
        if let Some(secret) = config.secret.known() {
            let name = text(&secret.name);
            let cluster = name.strip_suffix(&naming::connection_secret("")).map(str::to_owned);
            return Ok(Self { namespace: text(&secret.namespace), secret: name, cluster, is_account: false });
        }
        let (namespace, cluster) = (text(&config.namespace), text(&config.cluster));
        let Some(account) = config.account.known() else {
            let secret = naming::connection_secret(&cluster);
            return Ok(Self { namespace, secret, cluster: Some(cluster), is_account: false });
        };
        let component = match config.component.known() {
            Some(component) => component.clone(),
            None => only_component(client, &namespace, &cluster).await?,
        };
        let secret = naming::account_secret(&cluster, &component, account);
        Ok(Self { namespace, secret, cluster: Some(cluster), is_account: true })
    }

    /// The engine, for the form of the URI. Who may not read the Cluster gets no URI.
    async fn engine(&self, client: &Client) -> Option<String> {
        let cluster = self.cluster.as_ref()?;
        let object = client.get_opt::<Cluster>(Some(&self.namespace), cluster).await.ok()??;
        Some(object.spec.cluster_definition_ref)
    }

    fn missing(&self) -> Diagnostic {
        let Self { namespace, secret, is_account, .. } = self;
        let why = if *is_account {
            "KubeBlocks makes the Secrets of system accounts some time after the database runs, and only for engines that have them (`kubectl get secrets -l account.kubeblocks.io/name`)."
        } else {
            "KubeBlocks makes it when it makes the database. When this configuration makes the database too, write `secret = kubeblocks_cluster.<name>.credentials_secret`, so that Terraform waits for it."
        };
        Diagnostic::error(CANNOT_OPEN, format!("The Secret {namespace}/{secret} does not exist. {why}"))
    }
}

async fn only_component(client: &Client, namespace: &str, cluster: &str) -> Result<String, Diagnostics> {
    let failed = |error| Diagnostics::from(diagnostic(CANNOT_OPEN, &error));
    let object = client.get::<Cluster>(Some(namespace), cluster).await.map_err(failed)?;
    let names: Vec<&str> =
        object.spec.component_specs.iter().map(|component| component.name.as_str()).collect();
    match names[..] {
        [only] => Ok(only.to_owned()),
        _ => Err(Diagnostic::error(
            "Missing component",
            format!(
                "The database has several components: {}. Say with `component` whose account is meant.",
                names.join(", ")
            ),
        )
        .at(Path::attribute("account"))
        .into()),
    }
}

/// The Secret as texts; what is no text is left out.
fn read_data(secret: Secret) -> BTreeMap<String, String> {
    secret
        .data
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key, String::from_utf8(value.0).ok()?)))
        .collect()
}

/// Engines name their keys differently; the usual ones are looked for first, then what their names say.
fn show(config: CredentialsState, data: BTreeMap<String, String>, engine: Option<&str>) -> CredentialsState {
    let exact = |key: &str| data.get(key).filter(|value| !value.is_empty()).cloned();
    let like = |part: &str| {
        data.iter()
            .find(|(key, value)| key.to_lowercase().contains(part) && !value.is_empty())
            .map(|(_, value)| value.clone())
    };
    let username = exact("username").or_else(|| like("user"));
    let password = exact("password").or_else(|| like("password"));
    let endpoint = exact("endpoint");
    let split = endpoint.as_deref().and_then(|endpoint| endpoint.rsplit_once(':'));
    let host = exact("host").or_else(|| split.map(|(host, _)| host.to_owned()));
    let port =
        exact("port").as_deref().or(split.map(|(_, port)| port)).and_then(|port| port.parse::<u16>().ok());
    let endpoint = endpoint.clone().or_else(|| Some(format!("{}:{}", host.as_ref()?, port?)));
    let uri = engine.zip(host.as_deref()).and_then(|(engine, host)| {
        let parts = Parts {
            username: username.as_deref(),
            password: password.as_deref(),
            host,
            port,
            ..Parts::default()
        };
        connection_uri(engine, parts)
    });
    CredentialsState {
        username: username.into(),
        password: password.into(),
        host: host.into(),
        port: port.map(i64::from).into(),
        endpoint: endpoint.into(),
        uri: uri.into(),
        data: Value::Known(data.into_iter().map(|(key, value)| (key, Value::Known(value))).collect()),
        ..config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn known(text: &str) -> Value<String> {
        Value::Known(text.to_owned())
    }

    #[test]
    fn the_keys_of_each_engine_lead_to_the_same_attributes() {
        let usual = data(&[
            ("username", "postgres"),
            ("password", "p@ss"),
            ("host", "h"),
            ("port", "5432"),
            ("endpoint", "h:5432"),
        ]);
        let shown = show(CredentialsState::default(), usual, Some("postgresql"));
        assert_eq!(
            (&shown.username, &shown.password, &shown.host),
            (&known("postgres"), &known("p@ss"), &known("h"))
        );
        assert_eq!(shown.port, Value::Known(5432));
        assert_eq!(shown.uri, known("postgresql://postgres:p%40ss@h:5432"));

        let kafka = data(&[("clientUser", "u"), ("clientPassword", "p"), ("endpoint", "k.shop.svc:9092")]);
        let shown = show(CredentialsState::default(), kafka, Some("kafka"));
        assert_eq!(
            (&shown.username, &shown.password, &shown.host),
            (&known("u"), &known("p"), &known("k.shop.svc"))
        );
        assert_eq!((&shown.port, &shown.uri), (&Value::Known(9092), &Value::Null));

        let account = data(&[("username", "kbadmin"), ("password", "x")]);
        let shown = show(CredentialsState::default(), account, Some("redis"));
        assert_eq!((&shown.host, &shown.endpoint, &shown.uri), (&Value::Null, &Value::Null, &Value::Null));

        let empty = data(&[("password", ""), ("host", "h"), ("port", "9030")]);
        let shown = show(CredentialsState::default(), empty, None);
        assert_eq!((&shown.password, &shown.endpoint), (&Value::Null, &known("h:9030")));
    }

    #[test]
    fn either_the_secret_or_the_database_is_named() {
        let secret = Value::Known(SecretName { namespace: known("shop"), name: known("s") });
        let named = CredentialsState {
            namespace: known("shop"),
            cluster: known("orders"),
            ..CredentialsState::default()
        };
        let table = [
            ("by secret", CredentialsState { secret: secret.clone(), ..CredentialsState::default() }, 0),
            ("by name", named.clone(), 0),
            ("account", CredentialsState { account: known("kbadmin"), ..named.clone() }, 0),
            ("unknown", CredentialsState { secret: Value::Unknown, ..CredentialsState::default() }, 0),
            ("nothing", CredentialsState::default(), 2),
            ("half", CredentialsState { cluster: Value::Null, ..named.clone() }, 1),
            ("both", CredentialsState { secret, ..named.clone() }, 2),
            ("component alone", CredentialsState { component: known("c"), ..named }, 1),
        ];
        for (case, config, expected) in table {
            let mut diagnostics = Diagnostics::new();
            validate_source(&config, &mut diagnostics);
            assert_eq!(diagnostics.iter().count(), expected, "{case}");
        }
    }

    #[test]
    fn what_is_printed_for_debugging_holds_no_secret() {
        let shown = show(
            CredentialsState::default(),
            data(&[("username", "u"), ("password", "marker-7f3a"), ("host", "h")]),
            Some("redis"),
        );
        assert!(!format!("{shown:?}").contains("marker-7f3a"));
    }
}
