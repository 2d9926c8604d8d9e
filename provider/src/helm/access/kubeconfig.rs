//! The kubeconfig for helm: where the server is, and whom to ask for a credential. Pure.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, json};

use super::Error;
use crate::kubernetes::credential::{Address, Proxy};

/// Subcommand of this program that prints a credential.
pub(super) const EXEC_CREDENTIAL: &str = "exec-credential";
/// The variable that tells it where to ask. A path is no secret.
pub(super) const SOCKET_VARIABLE: &str = "KUBEBLOCKS_CREDENTIAL_SOCKET";
/// Name of the only context, its cluster and its user.
const NAME: &str = "kubeblocks";

/// Whom helm asks for credentials.
pub(super) struct Plugin<'a> {
    pub(super) program: &'a Path,
    pub(super) socket: &'a Path,
}

/// The kubeconfig as JSON, which is YAML. Without a plugin its user is anonymous.
pub(super) fn kubeconfig(address: &Address, plugin: Option<&Plugin<'_>>) -> Result<String, Error> {
    let mut cluster = Map::new();
    cluster.insert("server".to_owned(), address.server.clone().into());
    if address.insecure {
        // Together with certificate authorities helm would refuse it.
        cluster.insert("insecure-skip-tls-verify".to_owned(), true.into());
    } else if let Some(pem) = &address.certificate_authorities {
        cluster.insert("certificate-authority-data".to_owned(), BASE64.encode(pem).into());
    }
    if let Some(name) = &address.tls_server_name {
        cluster.insert("tls-server-name".to_owned(), name.clone().into());
    }
    if let Some(proxy) = address.proxy.as_ref().map(proxy_url).transpose()?.flatten() {
        cluster.insert("proxy-url".to_owned(), proxy.into());
    }
    let mut user = address.impersonation.clone();
    if let Some(Plugin { program, socket }) = plugin {
        user.insert(
            "exec".to_owned(),
            json!({
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": program,
                "args": [EXEC_CREDENTIAL],
                "env": [{ "name": SOCKET_VARIABLE, "value": socket }],
                "interactiveMode": "Never",
                "provideClusterInfo": false,
            }),
        );
    }
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": NAME, "cluster": cluster }],
        "users": [{ "name": NAME, "user": user }],
        "contexts": [{ "name": NAME, "context": { "cluster": NAME, "user": NAME } }],
        "current-context": NAME,
    });
    Ok(format!("{kubeconfig:#}\n"))
}

/// The proxy as helm takes it; nothing when helm finds it in its environment by itself.
fn proxy_url(proxy: &Proxy) -> Result<Option<String>, Error> {
    if proxy.has_user {
        return if proxy.of_environment { Ok(None) } else { Err(Error::ProxyWithUser) };
    }
    match proxy.url.split_once("://") {
        Some(("http" | "https" | "socks5", _)) => Ok(Some(proxy.url.clone())),
        // Go's socks5 always leaves names to the proxy, which others call socks5h.
        Some(("socks5h", rest)) => Ok(Some(format!("socks5://{rest}"))),
        other => Err(Error::ProxyScheme { scheme: other.unwrap_or_default().0.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn address() -> Address {
        Address {
            server: "https://10.0.0.1:6443".to_owned(),
            certificate_authorities: Some("PEM".to_owned()),
            tls_server_name: Some("api".to_owned()),
            insecure: false,
            proxy: None,
            impersonation: Map::from_iter([("as".to_owned(), Value::from("root"))]),
        }
    }

    fn written(address: &Address) -> Value {
        let plugin = Plugin { program: Path::new("/bin/provider"), socket: Path::new("/p/socket") };
        serde_json::from_str(&kubeconfig(address, Some(&plugin)).unwrap()).unwrap()
    }

    #[test]
    fn it_says_where_the_server_is_and_whom_to_ask() {
        let written = written(&address());
        let cluster = json!({
            "server": "https://10.0.0.1:6443", "certificate-authority-data": "UEVN", "tls-server-name": "api",
        });
        assert_eq!(written["clusters"][0]["cluster"], cluster);
        let user = &written["users"][0]["user"];
        assert_eq!(user["as"], "root");
        assert_eq!(user["exec"]["command"], "/bin/provider");
        assert_eq!(user["exec"]["args"], json!(["exec-credential"]));
        assert_eq!(user["exec"]["env"], json!([{ "name": SOCKET_VARIABLE, "value": "/p/socket" }]));
        assert_eq!(user["exec"]["interactiveMode"], "Never");
    }

    #[test]
    fn without_a_plugin_nobody_is_asked() {
        let text = kubeconfig(&Address { impersonation: Map::new(), ..address() }, None).unwrap();
        let written: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(written["users"][0]["user"], json!({}));
    }

    #[test]
    fn a_server_that_is_not_checked_has_no_authorities() {
        let cluster = written(&Address { insecure: true, ..address() })["clusters"][0]["cluster"].clone();
        assert_eq!(cluster["insecure-skip-tls-verify"], true);
        assert_eq!(cluster.get("certificate-authority-data"), None);
    }

    #[test]
    fn a_proxy_is_written_unless_it_holds_a_password() {
        let cases = [
            ("http://proxy:3128/", false, false, Ok(Some("http://proxy:3128/"))),
            ("socks5h://proxy:1080", false, false, Ok(Some("socks5://proxy:1080"))),
            ("http://a:b@proxy:3128", true, true, Ok(None)),
            ("http://a:b@proxy:3128", true, false, Err("the proxy-url of the kubeconfig holds a user name")),
            ("ftp://proxy", false, false, Err("helm knows no proxy of the scheme \"ftp\"")),
        ];
        for (url, has_user, of_environment, expected) in cases {
            let found = proxy_url(&Proxy { url: url.to_owned(), has_user, of_environment });
            let found = found.as_ref().map(Option::as_deref).map_err(ToString::to_string);
            assert_eq!(found, expected.map_err(str::to_owned), "{url}");
        }
    }
}
