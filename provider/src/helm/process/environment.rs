//! The whole environment of a helm process: nothing of the user's helm (plugins, repositories, caches, settings), no
//! secret, only what leads out of this machine. Pure but for reading this process's variables.

use std::ffi::OsString;
use std::path::Path;

/// Variables that are handed on as they are: how programs are found, how the network and its certificates are reached,
/// and what Windows programs cannot start without.
const HANDED_ON: [&str; 11] = [
    "PATH",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SystemRoot",
    "PATHEXT",
];

/// The variables of a helm process whose private folder is `folder`. Without a kubeconfig it knows no Kubernetes cluster.
pub(super) fn environment(folder: &Path, kubeconfig: Option<&Path>) -> Vec<(&'static str, OsString)> {
    environment_from(folder, kubeconfig, |name| std::env::var_os(name))
}

fn environment_from(
    folder: &Path,
    kubeconfig: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Vec<(&'static str, OsString)> {
    let within = |name: &str| folder.join(name).into_os_string();
    // Helm and its libraries look below HOME when a variable of their own is absent.
    let own = [
        ("HOME", within("home")),
        ("TMPDIR", folder.as_os_str().to_owned()),
        ("HELM_CACHE_HOME", within("cache")),
        ("HELM_CONFIG_HOME", within("config")),
        ("HELM_DATA_HOME", within("data")),
        ("HELM_PLUGINS", within("plugins")),
        ("HELM_DRIVER", "secret".into()),
        (
            "KUBECONFIG",
            kubeconfig.map_or_else(|| within("no-kubeconfig"), |path| path.as_os_str().to_owned()),
        ),
    ];
    let handed_on = HANDED_ON.into_iter().filter_map(|name| Some((name, variable(name)?)));
    own.into_iter().chain(handed_on).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_proxies_and_certificates_are_handed_on() {
        let known = |name: &str| match name {
            "HTTPS_PROXY" => Some("http://proxy:3128".into()),
            "PATH" => Some("/bin".into()),
            "HELM_KUBETOKEN" | "AWS_SECRET_ACCESS_KEY" | "HELM_PLUGINS" | "KUBECONFIG" | "HOME" => {
                Some("theirs".into())
            }
            _ => None,
        };
        let variables = environment_from(Path::new("/p"), None, known);
        let find = |wanted: &str| {
            let found: Vec<_> = variables.iter().filter(|(name, _)| *name == wanted).collect();
            assert!(found.len() <= 1, "{wanted}");
            found.first().map(|(_, value)| value.to_str().unwrap())
        };
        assert_eq!(find("PATH"), Some("/bin"));
        assert_eq!(find("HTTPS_PROXY"), Some("http://proxy:3128"));
        assert_eq!(find("HOME"), Some("/p/home"));
        assert_eq!(find("HELM_PLUGINS"), Some("/p/plugins"));
        assert_eq!(find("KUBECONFIG"), Some("/p/no-kubeconfig"));
        assert_eq!(find("HELM_KUBETOKEN"), None);
        assert_eq!(find("AWS_SECRET_ACCESS_KEY"), None);
        let with_access = environment_from(Path::new("/p"), Some(Path::new("/a/kubeconfig")), known);
        assert!(with_access.contains(&("KUBECONFIG", "/a/kubeconfig".into())));
    }
}
