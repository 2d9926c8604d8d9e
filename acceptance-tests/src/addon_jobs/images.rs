//! What the images hold that the Jobs of add-ons use. Pure but for the folder of charts.

use std::path::{Path, PathBuf};

use crate::operator::Faults;

/// An image that can be pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Image {
    /// The charts of add-ons, in the folder `/charts`: these files.
    Charts(Vec<PathBuf>),
    /// helm and kubectl.
    Tools,
}

/// Pulls an image, or says why that is not possible.
pub(super) fn pull(image: &str, charts: &Path, faults: &Faults) -> Result<Image, String> {
    let (repository, tag) = split(image);
    let registry = repository.split('/').next().unwrap_or_default();
    if faults.is_registry_away(registry) {
        return Err(format!("failed to pull image {image:?}: registry {registry} cannot be reached"));
    }
    let not_found = || format!("failed to pull image {image:?}: not found");
    match repository.rsplit('/').next() {
        Some("kubeblocks-tools") => Ok(Image::Tools),
        Some("kubeblocks-charts") => {
            let files = archives(charts, tag);
            if files.is_empty() {
                return Err(not_found());
            }
            let is_there = |file: &PathBuf| {
                let name = file.file_name().and_then(|name| chart_and_version(name.to_str()?));
                name.is_some_and(|(chart, _)| !faults.is_chart_missing(&chart))
            };
            Ok(Image::Charts(files.into_iter().filter(is_there).collect()))
        }
        _ => Err(not_found()),
    }
}

/// Repository and tag.
fn split(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (image, "latest"),
    }
}

/// The charts that an image of this tag holds: those of its version, and of others that have none of it whatever there
/// is, for charts from elsewhere have versions of their own. Nothing if no chart has the version.
fn archives(folder: &Path, tag: &str) -> Vec<PathBuf> {
    let mut all: Vec<(String, String, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if let Some((chart, version)) = entry.file_name().to_str().and_then(chart_and_version) {
            all.push((chart, version, entry.path()));
        }
    }
    let of_version: Vec<String> =
        all.iter().filter(|(_, version, _)| version == tag).map(|(chart, ..)| chart.clone()).collect();
    if of_version.is_empty() {
        return Vec::new();
    }
    let mut files: Vec<PathBuf> = all
        .into_iter()
        .filter(|(chart, version, _)| version == tag || !of_version.contains(chart))
        .map(|(_, _, path)| path)
        .collect();
    files.sort();
    files
}

/// The parts of the name of an archive. A version begins with a digit after the first dash for which that holds and
/// that is followed by dots.
fn chart_and_version(file: &str) -> Option<(String, String)> {
    let name = file.strip_suffix(".tgz")?;
    let (index, _) = name.match_indices('-').find(|(index, _)| {
        let rest = &name[index + 1..];
        rest.starts_with(|first: char| first.is_ascii_digit()) && rest.matches('.').count() >= 2
    })?;
    Some((name[..index].to_owned(), name[index + 1..].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        folder
    }

    #[test]
    fn an_image_holds_the_charts_of_its_version() {
        let folder = folder(&["redis-0.7.4.tgz", "redis-0.7.5.tgz", "prometheus-15.16.1.tgz", "readme.md"]);
        let faults = Faults::default();
        faults.registry_away("registry.example.com", true);
        let table: [(&str, Result<&[&str], &str>); 6] = [
            (
                "docker.io/apecloud/kubeblocks-charts:0.7.5",
                Ok(&["prometheus-15.16.1.tgz", "redis-0.7.5.tgz"]),
            ),
            ("host:5000/kubeblocks-charts:0.7.4", Ok(&["prometheus-15.16.1.tgz", "redis-0.7.4.tgz"])),
            ("docker.io/apecloud/kubeblocks-charts:0.6.0", Err("not found")),
            ("host:5000/kubeblocks-charts", Err("not found")),
            ("docker.io/library/nginx:1", Err("not found")),
            ("registry.example.com/apecloud/kubeblocks-charts:0.7.5", Err("cannot be reached")),
        ];
        for (image, expected) in table {
            match (pull(image, folder.path(), &faults), expected) {
                (Ok(Image::Charts(files)), Ok(names)) => {
                    let found: Vec<&str> =
                        files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
                    assert_eq!(found, names, "{image}");
                }
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{image}: {reason}"),
                (found, _) => panic!("{image}: {found:?}"),
            }
        }
        assert_eq!(
            pull("docker.io/apecloud/kubeblocks-tools:0.7.5", folder.path(), &faults),
            Ok(Image::Tools)
        );
    }

    #[test]
    fn a_chart_can_be_missing_in_an_image() {
        let folder = folder(&["redis-0.7.5.tgz", "kafka-0.7.5.tgz"]);
        let faults = Faults::default();
        faults.addon_missing_chart("redis", true);
        let Ok(Image::Charts(files)) = pull("a/kubeblocks-charts:0.7.5", folder.path(), &faults) else {
            panic!("the image is there")
        };
        assert_eq!(files, [folder.path().join("kafka-0.7.5.tgz")]);
    }

    #[test]
    fn names_of_archives_are_told_from_their_versions() {
        for (file, expected) in [
            ("redis-0.7.5.tgz", Some(("redis", "0.7.5"))),
            ("apecloud-mysql-0.8.0-beta.1.tgz", Some(("apecloud-mysql", "0.8.0-beta.1"))),
            ("csi-s3-0.31.3.tgz", Some(("csi-s3", "0.31.3"))),
            ("redis.tgz", None),
            ("redis-0.7.5.zip", None),
        ] {
            let found = chart_and_version(file);
            let found = found.as_ref().map(|(chart, version)| (chart.as_str(), version.as_str()));
            assert_eq!(found, expected, "{file}");
        }
    }
}
