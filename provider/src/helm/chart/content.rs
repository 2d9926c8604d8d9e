//! What is in the files of a chart: its metadata, its definitions, and the archive that helm gets. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Chart;
use super::archive::{self, Files};
use super::error::Error;
use crate::helm::yaml;

/// Charts in charts in charts; deeper ones are an attack.
const DEEPEST: usize = 10;

/// The parts of `Chart.yaml` that count here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    api_version: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    app_version: Option<String>,
    #[serde(default)]
    kube_version: Option<String>,
    #[serde(default, rename = "type")]
    chart_type: Option<String>,
}

/// The chart of `files`; `what` names it in errors, `digest` is of what it was made from.
pub(super) fn read(what: &str, digest: String, files: Files) -> Result<Chart, Error> {
    let metadata = metadata(what, &files)?;
    let mut crds = Vec::new();
    let (files, _) = strip(what, files, &mut crds, 0)?;
    Ok(Chart {
        archive: archive::pack(&metadata.name, &files)?,
        name: metadata.name,
        version: metadata.version,
        app_version: metadata.app_version.filter(|version| !version.is_empty()),
        kube_version: metadata.kube_version.filter(|constraint| !constraint.is_empty()),
        digest,
        crds,
    })
}

fn metadata(what: &str, files: &Files) -> Result<Metadata, Error> {
    let refuse = |reason: &str| Err(Error::NotAChart { what: what.to_owned(), reason: reason.to_owned() });
    let Some(data) = files.get("Chart.yaml") else { return refuse("it has no Chart.yaml") };
    let metadata: Metadata = yaml::document(&text(what, "Chart.yaml", data)?)
        .map_err(|source| Error::Yaml { what: what.to_owned(), file: "Chart.yaml".to_owned(), source })?;
    if !matches!(metadata.api_version.as_deref(), None | Some("" | "v1" | "v2")) {
        return refuse("the apiVersion of its Chart.yaml is neither v1 nor v2");
    }
    if metadata.name.is_empty()
        || matches!(metadata.name.as_str(), "." | "..")
        || metadata.name.contains(['/', '\\'])
    {
        return refuse("its Chart.yaml has no usable name");
    }
    if metadata.version.is_empty() {
        return refuse("its Chart.yaml has no version");
    }
    if metadata.chart_type.as_deref() == Some("library") {
        return refuse("it is a library chart, which cannot be installed");
    }
    Ok(metadata)
}

/// Takes the definitions out of a chart and of its subcharts: the chart's own first, as helm orders them. Says
/// whether anything was taken.
fn strip(what: &str, files: Files, crds: &mut Vec<Value>, depth: usize) -> Result<(Files, bool), Error> {
    if depth > DEEPEST {
        return Err(Error::BrokenArchive {
            what: what.to_owned(),
            reason: "its subcharts lie too deep".to_owned(),
        });
    }
    let mut kept = Files::new();
    let mut subcharts: BTreeMap<String, Subchart> = BTreeMap::new();
    let mut stripped = false;
    for (path, data) in files {
        if path.starts_with("crds/") {
            stripped = true;
            if is_manifest(&path) {
                definitions(what, &path, &data, crds)?;
            }
            continue;
        }
        match subchart_of(&path) {
            None => _ = kept.insert(path, data),
            Some((name, None)) => _ = subcharts.insert(name.to_owned(), Subchart::Packed(data)),
            Some((name, Some(inner))) => {
                let entry =
                    subcharts.entry(name.to_owned()).or_insert_with(|| Subchart::Folder(Files::new()));
                if let Subchart::Folder(files) = entry {
                    files.insert(inner.to_owned(), data);
                }
            }
        }
    }
    for (name, subchart) in subcharts {
        match subchart {
            Subchart::Packed(data) => {
                let path = format!("charts/{name}");
                let inner = format!("{what}:{path}");
                let (files, inner_stripped) =
                    strip(&inner, archive::unpack(&inner, &data)?, crds, depth + 1)?;
                let data =
                    if inner_stripped { archive::pack(&folder_of(&inner, &files)?, &files)? } else { data };
                kept.insert(path, data);
                stripped |= inner_stripped;
            }
            Subchart::Folder(files) => {
                let (files, inner_stripped) =
                    strip(&format!("{what}:charts/{name}"), files, crds, depth + 1)?;
                kept.extend(files.into_iter().map(|(path, data)| (format!("charts/{name}/{path}"), data)));
                stripped |= inner_stripped;
            }
        }
    }
    Ok((kept, stripped))
}

enum Subchart {
    Packed(bytes::Bytes),
    Folder(Files),
}

/// The subchart that a file belongs to, and its path there; without a path it is a packed subchart.
fn subchart_of(path: &str) -> Option<(&str, Option<&str>)> {
    let rest = path.strip_prefix("charts/")?;
    // helm passes over these.
    if rest.starts_with(['_', '.']) {
        return None;
    }
    match rest.split_once('/') {
        Some((name, inner)) => Some((name, Some(inner))),
        None if has_extension(rest, &["tgz"]) => Some((rest, None)),
        None => None,
    }
}

/// The folder to pack a subchart in, by its name.
fn folder_of(what: &str, files: &Files) -> Result<String, Error> {
    metadata_name(what, files).map(|name| if name.is_empty() { "chart".to_owned() } else { name })
}

fn metadata_name(what: &str, files: &Files) -> Result<String, Error> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        name: String,
    }
    let Some(data) = files.get("Chart.yaml") else { return Ok(String::new()) };
    let named: Named = yaml::document(&text(what, "Chart.yaml", data)?).map_err(|source| Error::Yaml {
        what: what.to_owned(),
        file: "Chart.yaml".to_owned(),
        source,
    })?;
    Ok(named.name.replace(['/', '\\'], "-"))
}

fn definitions(what: &str, file: &str, data: &[u8], crds: &mut Vec<Value>) -> Result<(), Error> {
    let documents = yaml::documents(&text(what, file, data)?).map_err(|source| Error::Yaml {
        what: what.to_owned(),
        file: file.to_owned(),
        source,
    })?;
    for document in documents {
        if document.get("kind").and_then(Value::as_str) == Some("CustomResourceDefinition") {
            crds.push(document);
        } else {
            tracing::debug!(chart = what, file, "a document under crds/ defines no kind and is left out");
        }
    }
    Ok(())
}

fn text(what: &str, file: &str, data: &[u8]) -> Result<String, Error> {
    let text = std::str::from_utf8(data)
        .map_err(|_| Error::NotAChart { what: what.to_owned(), reason: format!("{file} is not UTF-8") })?;
    Ok(yaml::without_mark(text).to_owned())
}

fn is_manifest(path: &str) -> bool {
    has_extension(path, &["yaml", "yml", "json"])
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    let extension =
        path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension);
    extension.is_some_and(|extension| extensions.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}
