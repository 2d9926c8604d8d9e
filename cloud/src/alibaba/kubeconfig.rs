//! The kubeconfig of ACK, whose certificate is what proves who asks. Pure.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::{Credentials, Error, Proof};

/// The answer of `DescribeClusterUserKubeconfig`. It has no `Debug`, as it is a secret.
#[derive(Deserialize)]
pub(super) struct Answer {
    config: String,
    expiration: String,
}

#[derive(Deserialize)]
struct Kubeconfig {
    clusters: Vec<NamedCluster>,
    users: Vec<NamedUser>,
}

#[derive(Deserialize)]
struct NamedCluster {
    cluster: Cluster,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    certificate_authority_data: String,
}

#[derive(Deserialize)]
struct NamedUser {
    user: User,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct User {
    client_certificate_data: String,
    client_key_data: String,
}

/// What a kubeconfig holds.
pub(super) struct Read {
    pub(super) ca_certificate: String,
    pub(super) credentials: Credentials,
}

/// Reads the answer. Its errors say what is missing, and never show what is there.
pub(super) fn read(answer: &Answer) -> Result<Read, Error> {
    let bad = |what: &str| Error::Unexpected { message: format!("the kubeconfig of ACK has no {what}") };
    let config: Kubeconfig =
        serde_saphyr::from_str(&answer.config).map_err(|_| bad("cluster and user with certificates"))?;
    let decode = |text: &str, what: &str| {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| bad(what))?;
        String::from_utf8(bytes).map_err(|_| bad(what))
    };
    let cluster = &config.clusters.first().ok_or_else(|| bad("cluster"))?.cluster;
    let user = &config.users.first().ok_or_else(|| bad("user"))?.user;
    let proof = Proof::Certificate {
        certificate: decode(&user.client_certificate_data, "client certificate")?,
        key: decode(&user.client_key_data, "client key")?,
    };
    let ends: jiff::Timestamp = answer.expiration.parse().map_err(|_| bad("end"))?;
    let expires_at: SystemTime = ends.into();
    Ok(Read {
        ca_certificate: decode(&cluster.certificate_authority_data, "authority's certificate")?,
        credentials: Credentials { proof, expires_at },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(config: &str) -> Answer {
        Answer { config: config.to_owned(), expiration: "2026-11-23T09:18:32Z".to_owned() }
    }

    #[test]
    fn certificates_are_read() {
        let encode = |text: &str| STANDARD.encode(text);
        let config = format!(
            "apiVersion: v1\nclusters:\n- cluster:\n    server: https://a\n    certificate-authority-data: {}\n  \
             name: kubernetes\nusers:\n- name: \"1\"\n  user:\n    client-certificate-data: {}\n    \
             client-key-data: {}\n",
            encode("ca"),
            encode("certificate"),
            encode("key"),
        );
        let read = read(&answer(&config)).unwrap();
        assert_eq!(read.ca_certificate, "ca");
        let wanted = Proof::Certificate { certificate: "certificate".to_owned(), key: "key".to_owned() };
        assert!(read.credentials.proof == wanted);
        let ends: SystemTime = "2026-11-23T09:18:32Z".parse::<jiff::Timestamp>().unwrap().into();
        assert_eq!(read.credentials.expires_at, ends);
    }

    #[test]
    fn errors_do_not_show_what_was_read() {
        for config in ["marker: 1", "clusters: []\nusers: []", ": marker :"] {
            let Err(error) = read(&answer(config)) else { panic!("{config}") };
            assert!(!error.to_string().contains("marker"), "{error}");
        }
    }
}
