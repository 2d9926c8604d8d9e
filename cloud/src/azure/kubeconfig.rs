//! The kubeconfig that AKS hands out: where the API is, and how one gets in. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::certificate;
use super::model::Kubeconfigs;
use crate::{Credentials, Error, Proof};

/// What matters of a kubeconfig.
pub(super) struct Access {
    pub(super) endpoint: String,
    /// PEM.
    pub(super) ca_certificate: String,
    /// A local account's certificate; without one the cluster wants a token of Entra.
    pub(super) certificate: Option<Credentials>,
}

#[derive(Deserialize)]
struct Document {
    clusters: Vec<Cluster>,
    #[serde(default)]
    users: Vec<User>,
}

#[derive(Deserialize)]
struct Cluster {
    cluster: Server,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Server {
    server: String,
    #[serde(default)]
    certificate_authority_data: String,
}

#[derive(Deserialize)]
struct User {
    user: Keys,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Keys {
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// Reads the first kubeconfig of an answer. Errors never hold any of it.
pub(super) fn read(answer: &Kubeconfigs) -> Result<Access, Error> {
    let strange = |what: &str| Error::Unexpected { message: format!("the cluster's kubeconfig {what}") };
    let first = answer.kubeconfigs.first().ok_or_else(|| strange("is not there"))?;
    let text = decode(&first.value).ok_or_else(|| strange("is no text in base64"))?;
    let document: Document = serde_saphyr::from_str(&text).map_err(|_| strange("cannot be read"))?;
    let server = document.clusters.into_iter().next().ok_or_else(|| strange("names no cluster"))?.cluster;
    let ca_certificate = decode(&server.certificate_authority_data)
        .ok_or_else(|| strange("has a certificate authority that cannot be read"))?;
    let keys = document.users.into_iter().next().map(|user| user.user).unwrap_or_default();
    let certificate = match (keys.client_certificate_data, keys.client_key_data) {
        (Some(certificate), Some(key)) => {
            let (Some(certificate), Some(key)) = (decode(&certificate), decode(&key)) else {
                return Err(strange("has a certificate that cannot be read"));
            };
            let expires_at = certificate::not_after(&certificate)
                .ok_or_else(|| strange("has a certificate whose end cannot be read"))?;
            Some(Credentials { proof: Proof::Certificate { certificate, key }, expires_at })
        }
        _ => None,
    };
    Ok(Access { endpoint: server.server, ca_certificate, certificate })
}

fn decode(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::model::Kubeconfig;
    use super::*;

    fn answer(user: &str) -> Kubeconfigs {
        let ca = STANDARD.encode("CA");
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster:\n    server: https://a.test:443\n    \
             certificate-authority-data: {ca}\nusers:\n- name: u\n  user:\n{user}"
        );
        Kubeconfigs { kubeconfigs: vec![Kubeconfig { value: STANDARD.encode(text) }] }
    }

    #[test]
    fn a_local_account_has_a_certificate_that_ends() {
        let (certificate, key) = (STANDARD.encode(certificate::ENDS_2028), STANDARD.encode("KEY"));
        let user =
            format!("    client-certificate-data: {certificate}\n    client-key-data: {key}\n    token: t\n");
        let access = read(&answer(&user)).unwrap();
        assert_eq!((access.endpoint.as_str(), access.ca_certificate.as_str()), ("https://a.test:443", "CA"));
        let credentials = access.certificate.unwrap();
        let ends: jiff::Timestamp = "2028-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(credentials.expires_at, std::time::SystemTime::from(ends));
        match credentials.proof {
            Proof::Certificate { certificate, key } => {
                assert_eq!((certificate.as_str(), key.as_str()), (certificate::ENDS_2028, "KEY"));
            }
            Proof::Token(_) => panic!("no token was given"),
        }
    }

    #[test]
    fn a_program_that_asks_entra_is_no_certificate() {
        let user = "    exec:\n      command: kubelogin\n      args: [get-token]\n      env: null\n";
        assert!(read(&answer(user)).unwrap().certificate.is_none());
    }

    #[test]
    fn what_cannot_be_read_is_told_without_being_shown() {
        let marked = STANDARD.encode("marker: [");
        let certificate = STANDARD.encode("marker");
        let user =
            format!("    client-certificate-data: {certificate}\n    client-key-data: {certificate}\n");
        for broken in [
            Kubeconfigs::default(),
            Kubeconfigs { kubeconfigs: vec![Kubeconfig { value: "%%".to_owned() }] },
            Kubeconfigs { kubeconfigs: vec![Kubeconfig { value: marked }] },
            answer(&user),
        ] {
            let error = read(&broken).err().unwrap().to_string();
            assert!(error.contains("kubeconfig") && !error.contains("marker"), "{error}");
        }
    }
}
