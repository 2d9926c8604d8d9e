//! The ephemeral resource `kubeblocks_kubeconfig`: a kubeconfig, and its parts, for tools that need one for a moment.
//! Made now, stored nowhere. Must not log or show what it makes.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use tfplugin::prelude::*;

use crate::kubernetes::credential::{Address, Credential};
use crate::kubernetes::diagnostic::diagnostic;
use crate::kubernetes_attribute::KubernetesConnection;
use crate::provider::Shared;

const CANNOT_OPEN: &str = "Cannot make a kubeconfig";

/// A kubeconfig for a Kubernetes cluster, with a token or client certificate made now. Nothing of it is stored in state or
/// plans.
///
/// The credentials last as long as the cloud gives them: 15 minutes on EKS, about an hour elsewhere. Everything in this
/// provider makes its own, so this is for other tools only.
#[derive(Clone, Default, PartialEq, TerraformSchema)]
pub struct KubeconfigState {
    /// The Kubernetes cluster. Left out, the one of the provider block.
    #[tf(optional)]
    pub kubernetes: Value<KubernetesConnection>,
    /// The kubeconfig, in YAML.
    #[tf(computed, sensitive)]
    pub kubeconfig: Value<String>,
    /// URL of the Kubernetes API server.
    #[tf(computed)]
    pub endpoint: Value<String>,
    /// Certificate authority of the API server, in PEM. Null where the operating system's are trusted.
    #[tf(computed)]
    pub ca_certificate: Value<String>,
    /// Bearer token. Null where a certificate proves who asks.
    #[tf(computed, sensitive)]
    pub token: Value<String>,
    /// Client certificate, in PEM. Null where a token proves who asks.
    #[tf(computed, sensitive)]
    pub client_certificate: Value<String>,
    /// Key of the client certificate, in PEM.
    #[tf(computed, sensitive)]
    pub client_key: Value<String>,
}

/// Shows which Kubernetes cluster, and no more.
impl std::fmt::Debug for KubeconfigState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KubeconfigState").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The ephemeral resource.
#[derive(Clone, Debug)]
pub struct Kubeconfig {
    shared: Arc<Shared>,
}

impl Kubeconfig {
    /// The ephemeral resource of a provider.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl EphemeralResource for Kubeconfig {
    type State = KubeconfigState;

    const TYPE_NAME: &'static str = "kubeblocks_kubeconfig";

    fn validate(&self, config: &KubeconfigState, diagnostics: &mut Diagnostics) {
        if let Some(kubernetes) = config.kubernetes.known() {
            kubernetes.validate(&Path::attribute("kubernetes"), diagnostics);
        }
    }

    async fn open(
        &self,
        context: &Context,
        config: KubeconfigState,
    ) -> Result<Opened<KubeconfigState>, Diagnostics> {
        let client = self.shared.client_for(&config.kubernetes, CANNOT_OPEN).await?.obeying(context.stop());
        let failed = |error| Diagnostics::from(diagnostic(CANNOT_OPEN, &error));
        let address = client.address().await.map_err(failed)?;
        let credential = client.credential().await.map_err(failed)?;
        let kubeconfig = write(&address, &credential)?;
        let certificate = credential.certificate;
        Ok(Opened {
            result: KubeconfigState {
                kubeconfig: Value::Known(kubeconfig),
                endpoint: Value::Known(address.server),
                ca_certificate: address.certificate_authorities.into(),
                token: credential.token.into(),
                client_certificate: certificate.as_ref().map(|pair| pair.certificate.clone()).into(),
                client_key: certificate.map(|pair| pair.key).into(),
                ..config
            },
            renew_at: None,
            private: Private::new(),
        })
    }
}

/// The file's text.
fn write(address: &Address, credential: &Credential) -> Result<String, Diagnostics> {
    let mut cluster = json!({"server": address.server});
    if let Some(authorities) = &address.certificate_authorities {
        cluster["certificate-authority-data"] = BASE64.encode(authorities).into();
    }
    if let Some(name) = &address.tls_server_name {
        cluster["tls-server-name"] = name.clone().into();
    }
    if address.insecure {
        cluster["insecure-skip-tls-verify"] = true.into();
    }
    let mut user = serde_json::Value::Object(address.impersonation.clone());
    if let Some(token) = &credential.token {
        user["token"] = token.clone().into();
    }
    if let Some(pair) = &credential.certificate {
        user["client-certificate-data"] = BASE64.encode(&pair.certificate).into();
        user["client-key-data"] = BASE64.encode(&pair.key).into();
    }
    let file = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "kubeblocks",
        "clusters": [{"name": "kubeblocks", "cluster": cluster}],
        "contexts": [{"name": "kubeblocks", "context": {"cluster": "kubeblocks", "user": "kubeblocks"}}],
        "users": [{"name": "kubeblocks", "user": user}],
    });
    serde_saphyr::to_string(&file)
        .map_err(|error| Diagnostic::provider_bug(CANNOT_OPEN, error.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::credential::ClientCertificate;

    #[test]
    fn kubectl_can_read_it_and_debug_shows_nothing() {
        let address = Address {
            server: "https://api".to_owned(),
            certificate_authorities: Some("PEM".to_owned()),
            tls_server_name: None,
            insecure: false,
            proxy: None,
            impersonation: serde_json::Map::new(),
        };
        let pair = ClientCertificate { certificate: "marker-1".to_owned(), key: "marker-2".to_owned() };
        let credential = Credential { token: None, certificate: Some(pair) };
        let text = write(&address, &credential).unwrap();
        let read: kube::config::Kubeconfig = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read.current_context.as_deref(), Some("kubeblocks"));
        let user = read.auth_infos[0].auth_info.as_ref().unwrap();
        assert_eq!(user.client_certificate_data.as_deref(), Some(BASE64.encode("marker-1").as_str()));
        let state = KubeconfigState { kubeconfig: Value::Known(text), ..KubeconfigState::default() };
        assert!(!format!("{state:?}").contains(&BASE64.encode("marker-1")));
    }
}
