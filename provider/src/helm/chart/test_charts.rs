//! Charts for unit tests, as folders and as archives.

use std::fs;
use std::path::Path;

use bytes::Bytes;

use super::archive::{self, Files};

/// Files by path and text.
pub(crate) fn files(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(path, text)| ((*path).to_owned(), Bytes::from(text.as_bytes().to_vec()))).collect()
}

/// A definition of a kind, as a chart has it in `crds/`.
pub(crate) fn definition(plural: &str) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: {plural}.example.com\n"
    )
}

/// A small chart with definitions of its own, in a subchart's folder, and in a packed subchart.
pub(crate) fn operator(version: &str) -> Files {
    let packed = files(&[
        ("Chart.yaml", "apiVersion: v2\nname: packed\nversion: 1.0.0\n"),
        ("crds/packed.yaml", &definition("packed")),
        ("templates/a.yaml", "a: b\n"),
    ]);
    let mut chart = files(&[
        (
            "Chart.yaml",
            &format!(
                "apiVersion: v2\nname: kubeblocks\nversion: {version}\nappVersion: 0.7\nkubeVersion: '>=1.22.0-0'\n"
            ),
        ),
        ("values.yaml", "replicas: 1\n"),
        ("crds/b.yaml", &format!("{}---\n{}", definition("b1"), definition("b2"))),
        (
            "crds/a.json",
            &serde_json::to_string(&crate::helm::yaml::documents(&definition("a")).unwrap()[0]).unwrap(),
        ),
        ("crds/README.md", "not a manifest"),
        ("crds/other.yml", "apiVersion: v1\nkind: ConfigMap\n"),
        ("templates/deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\n"),
        ("charts/folder/Chart.yaml", "apiVersion: v1\nname: folder\nversion: 1.0.0\ntype: library\n"),
        ("charts/folder/crds/folder.yaml", &definition("folder")),
        ("charts/folder/templates/a.yaml", "a: b\n"),
        ("charts/README.md", "text"),
        ("charts/_draft/crds/a.yaml", "not read by helm: ["),
    ]);
    chart.insert("charts/packed-1.0.0.tgz".to_owned(), archive::pack("packed", &packed).unwrap());
    chart
}

pub(crate) fn archive_of(version: &str) -> Bytes {
    archive::pack("kubeblocks", &operator(version)).unwrap()
}

pub(crate) fn write(folder: &Path, files: &Files) {
    for (path, data) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, data).unwrap();
    }
}
