//! No secret where another user, a log or a person could read it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use acceptance_tests::api_faults::{Fault, Matching};
use http::Method;
use kubeblocks_provider::helm::engine::{Error, Values, diagnostic};
use rustix::process::Signal;
use serde_json::json;

use crate::processes::working_on;
use crate::world::{Helm, LIMIT, World, chart, limits, small_chart};

with_both_helms!(
    neither_arguments_nor_environment_nor_files_of_a_running_helm_hold_a_secret,
    what_helm_says_comes_without_secrets,
);

const SECRET: &str = "hunter2-s3cret";

fn with_secret() -> Values {
    Values { values: json!({ "key": SECRET }), secrets: vec![SECRET.to_owned()] }
}

async fn neither_arguments_nor_environment_nor_files_of_a_running_helm_hold_a_secret(helm: Helm) {
    let world = World::new(helm).await;
    let (faults, client) = world.faults().await;
    let write = Matching::path(&format!("/namespaces/{}/configmaps", world.namespace)).unwrap();
    let write = write.method(Method::POST);
    faults.inject(write.clone(), Fault::Stall(Duration::from_mins(10)), 1);
    let access = world.engine.access(&client).await.unwrap();
    let token = world.plane.admin_token();

    let look = async {
        tokio::time::timeout(LIMIT, faults.wait_for(&write, 1)).await.expect("helm writes");
        let (of_helm, guard) = working_on(&helm.path(), &world.namespace);
        for process in [&of_helm, &guard] {
            for text in [&process.arguments, &process.environment] {
                assert!(!text.contains(SECRET) && !text.contains(token), "{text}");
            }
        }
        let kubeconfig = Path::new(of_helm.variable("KUBECONFIG").unwrap());
        assert_eq!(kubeconfig, access.kubeconfig());
        let home = Path::new(of_helm.variable("HOME").unwrap());
        for folder in [kubeconfig.parent().unwrap(), home.parent().unwrap()] {
            assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
            let files = files(folder);
            assert!(!files.is_empty(), "{}", folder.display());
            for (path, content) in files {
                for secret in [SECRET, token] {
                    assert!(!contains(&content, secret.as_bytes()), "{}", path.display());
                }
            }
        }
        assert_eq!(of_helm.variable("HELM_PLUGINS").map(Path::new), Some(&*home.with_file_name("plugins")));
        of_helm.kill(Signal::KILL);
    };
    let chart = small_chart().await;
    let values = with_secret();
    let limits = limits();
    let (ended, ()) = tokio::join!(world.upgrade_by(&access, &chart, &values, &limits), look);
    assert!(matches!(ended, Err(Error::Killed { .. })), "{ended:?}");

    let folder = access.folder().to_owned();
    assert!(folder.exists());
    drop(access);
    assert!(!folder.exists());
}

/// Every file below a folder with its content; sockets have none.
fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files(&path));
        } else if kind.is_file() {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found
}

fn contains(content: &[u8], part: &[u8]) -> bool {
    content.windows(part.len()).any(|window| window == part)
}

async fn what_helm_says_comes_without_secrets(helm: Helm) {
    let world = World::new(helm).await;
    let schema = r#"{"properties":{"key":{"type":"string","pattern":"^[0-9]+$"}}}"#;
    let charts: [&[(&str, &str)]; 4] = [
        &[("templates/x.yaml", "{{ fail (printf \"%s is not a good key\" .Values.key) }}")],
        &[("templates/x.yaml", "{{ fail (printf \"%s is not a good key\" (b64enc .Values.key)) }}")],
        &[("templates/x.yaml", "apiVersion: v1\nkind: {{ .Values.key }}\nmetadata: { name: x }\n")],
        &[("values.schema.json", schema)],
    ];
    let access = world.access().await;
    for files in charts {
        let error =
            world.upgrade_by(&access, &chart(files).await, &with_secret(), &limits()).await.unwrap_err();
        let texts = [error.to_string(), format!("{error:?}"), diagnostic::detail(&error)];
        for text in &texts {
            assert!(!text.contains(SECRET) && !text.contains("aHVudGVy"), "{text}");
        }
        // The schema of helm 3 does not quote what it refuses.
        assert!(texts[0].contains("(sensitive)") || matches!(error, Error::Values { .. }), "{error:?}");
    }
}
