//! Tests of folders, archives, and what is in them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tar::{EntryType, Header};

use super::archive::{self, Files};
use super::test_charts::{archive_of, files, operator, write};
use super::{Chart, Charts, Error, Source, content, folder};

async fn resolve(path: &Path) -> Result<Chart, Error> {
    let source = Source::Path(path.to_owned());
    Charts::new().resolve(&source, None, None).await.map(|chart| (*chart).clone())
}

fn names(chart: &Chart) -> Vec<&str> {
    chart.crds.iter().map(|crd| crd["metadata"]["name"].as_str().unwrap()).collect()
}

/// Names in an archive, also in packed subcharts.
fn all_names(archive: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for (name, data) in archive::unpack("test", archive).unwrap() {
        if Path::new(&name).extension().is_some_and(|extension| extension == "tgz") {
            names.extend(all_names(&data).into_iter().map(|inner| format!("{name}:{inner}")));
        }
        names.push(name);
    }
    names
}

#[tokio::test]
async fn a_folder_and_its_archive_are_the_same_chart() {
    let place = tempfile::tempdir().unwrap();
    let (folder, packed) = (place.path().join("any-name"), place.path().join("kubeblocks-0.7.5.tgz"));
    write(&folder, &operator("0.7.5"));
    fs::write(&packed, archive_of("0.7.5")).unwrap();

    let (from_folder, from_archive) = (resolve(&folder).await.unwrap(), resolve(&packed).await.unwrap());
    for chart in [&from_folder, &from_archive] {
        assert_eq!((chart.name.as_str(), chart.version.as_str()), ("kubeblocks", "0.7.5"));
        assert_eq!(chart.app_version.as_deref(), Some("0.7"));
        assert_eq!(chart.kube_version.as_deref(), Some(">=1.22.0-0"));
        let expected = ["a", "b1", "b2", "folder", "packed"].map(|name| format!("{name}.example.com"));
        assert_eq!(names(chart), expected);
    }
    assert_eq!(from_folder.archive, from_archive.archive);
    // Of the archive it is what `sha256sum` prints; of a folder it depends on no compression.
    assert_eq!(from_archive.digest, archive::digest(&fs::read(&packed).unwrap()));
    assert_eq!(from_folder.digest, archive::digest_of_files(&operator("0.7.5")));
}

#[tokio::test]
async fn the_archive_for_helm_has_all_but_the_definitions() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), &operator("0.7.5"));
    let chart = resolve(place.path()).await.unwrap();
    let mut names = all_names(&chart.archive);
    names.sort();
    assert_eq!(
        names,
        [
            "Chart.yaml",
            "charts/README.md",
            "charts/_draft/crds/a.yaml",
            "charts/folder/Chart.yaml",
            "charts/folder/templates/a.yaml",
            "charts/packed-1.0.0.tgz",
            "charts/packed-1.0.0.tgz:Chart.yaml",
            "charts/packed-1.0.0.tgz:templates/a.yaml",
            "templates/deployment.yaml",
            "values.yaml",
        ]
    );
}

#[test]
fn a_subchart_without_definitions_stays_as_it_is() {
    let subchart = files(&[("Chart.yaml", "name: plain\nversion: 1.0.0\n"), ("values.yaml", "a: 1\n")]);
    // Packed by somebody else: with a time of its own.
    let gzip = flate2::GzBuilder::new().mtime(7).write(Vec::new(), Compression::fast());
    let mut gzip = gzip;
    let tar = {
        let mut unzipped = Vec::new();
        let packed = archive::pack("plain", &subchart).unwrap();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed.as_ref()), &mut unzipped)
            .unwrap();
        unzipped
    };
    gzip.write_all(&tar).unwrap();
    let packed = bytes::Bytes::from(gzip.finish().unwrap());
    let mut chart = files(&[("Chart.yaml", "name: a\nversion: 1.0.0\n")]);
    chart.insert("charts/plain.tgz".to_owned(), packed.clone());
    let chart = content::read("test", "sha256:0".to_owned(), chart).unwrap();
    assert_eq!(archive::unpack("test", &chart.archive).unwrap()["charts/plain.tgz"], packed);
}

#[tokio::test]
async fn the_digest_of_a_folder_tells_content_and_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    write(folder, &operator("0.7.5"));
    fs::write(folder.join(".helmignore"), "*.tmp\nignored/\n").unwrap();
    let charts = Charts::new();
    let source = Source::Path(folder.to_owned());
    let digest = async || charts.resolve(&source, None, None).await.unwrap().digest.clone();
    let first = digest().await;

    let values = fs::File::options().write(true).open(folder.join("values.yaml")).unwrap();
    values.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    fs::write(folder.join("a.tmp"), "left out").unwrap();
    fs::create_dir_all(folder.join("ignored/deep")).unwrap();
    fs::write(folder.join("ignored/deep/file"), "left out").unwrap();
    fs::create_dir(folder.join("empty")).unwrap();
    fs::write(folder.join("templates/.swp"), "left out").unwrap();
    assert_eq!(digest().await, first);

    let changes: [(&str, &dyn Fn()); 4] = [
        ("content", &|| fs::write(folder.join("values.yaml"), "replicas: 2\n").unwrap()),
        ("a definition", &|| fs::write(folder.join("crds/c.yaml"), "kind: X\n").unwrap()),
        ("a name", &|| fs::rename(folder.join("values.yaml"), folder.join("others.yaml")).unwrap()),
        ("the rules", &|| fs::write(folder.join(".helmignore"), "*.tmp\nignored/\n#\n").unwrap()),
    ];
    let mut seen = vec![first];
    for (name, change) in changes {
        change();
        let digest = digest().await;
        assert!(!seen.contains(&digest), "{name}");
        seen.push(digest);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_in_a_folder_are_followed_but_not_in_circles() {
    let place = tempfile::tempdir().unwrap();
    let (chart, shared) = (place.path().join("chart"), place.path().join("shared"));
    write(&chart, &files(&[("Chart.yaml", "name: a\nversion: 1.0.0\n"), ("charts/README.md", "")]));
    write(&shared, &files(&[("Chart.yaml", "name: shared\nversion: 1.0.0\n")]));
    std::os::unix::fs::symlink(&shared, chart.join("charts/shared")).unwrap();
    assert!(folder::read(&chart).unwrap().contains_key("charts/shared/Chart.yaml"));

    std::os::unix::fs::symlink(&chart, chart.join("circle")).unwrap();
    let error = folder::read(&chart).unwrap_err();
    assert!(
        matches!(&error, Error::File { source, .. } if source.to_string().contains("circle") || source.raw_os_error().is_some()),
        "{error:?}"
    );
}

fn archive_with(name: &[u8], kind: EntryType) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_cksum();
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    builder.append(&header, std::io::empty()).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

#[test]
fn archives_that_are_none_or_leave_their_folder_are_refused() {
    let file = |name: &str| archive_with(name.as_bytes(), EntryType::Regular);
    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("no gzip", b"apiVersion: v2\n".to_vec(), ""),
        ("nothing", Vec::new(), ""),
        ("cut off", archive_of("1.0.0")[..200].to_vec(), ""),
        ("an absolute path", file("/etc/passwd"), "is an absolute path"),
        ("a hidden absolute path", file("a//etc/passwd"), "is an absolute path"),
        ("a way out", file("a/../../b"), "leaves the folder"),
        ("a folder above", file("../b"), "leaves the folder"),
        ("a drive", file("a\\c:\\b"), "is an absolute path"),
        ("no folder", file("Chart.yaml"), "is not in the folder of the chart"),
        ("a link", archive_with(b"a/b", EntryType::Symlink), "is a link"),
        ("a pipe", archive_with(b"a/b", EntryType::Fifo), "is no regular file"),
    ];
    for (name, archive, expected) in cases {
        let error = archive::unpack("test.tgz", &archive).unwrap_err().to_string();
        assert!(
            error.starts_with("test.tgz is no archive of a chart: ") && error.contains(expected),
            "{name}: {error}"
        );
    }
    assert!(archive::unpack("test.tgz", &file("a\\templates\\b")).unwrap().contains_key("templates/b"));
}

#[test]
fn an_archive_that_grows_without_end_is_refused() {
    // A megabyte that unpacks to a gigabyte.
    let mut header = Header::new_gnu();
    header.set_path("a/b").unwrap();
    header.set_size(1 << 30);
    header.set_cksum();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(header.as_bytes()).unwrap();
    gzip.write_all(&vec![0; 1 << 20]).unwrap();
    let error = archive::unpack("test.tgz", &gzip.finish().unwrap()).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 256, .. }), "{error}");
}

#[test]
fn files_that_are_no_chart_say_why() {
    let cases = [
        (vec![("values.yaml", "")], "it has no Chart.yaml"),
        (vec![("Chart.yaml", "name: a\n")], "its Chart.yaml has no version"),
        (vec![("Chart.yaml", "version: 1.0.0\n")], "its Chart.yaml has no usable name"),
        (vec![("Chart.yaml", "name: ../a\nversion: 1.0.0\n")], "its Chart.yaml has no usable name"),
        (vec![("Chart.yaml", "apiVersion: v3\nname: a\nversion: 1.0.0\n")], "is neither v1 nor v2"),
        (vec![("Chart.yaml", "name: a\nversion: 1.0.0\ntype: library\n")], "it is a library chart"),
        (vec![("Chart.yaml", "name: [\n")], "failed to read Chart.yaml of test"),
        (
            vec![("Chart.yaml", "name: a\nversion: 1.0.0\n"), ("crds/a.yaml", "a: [")],
            "failed to read crds/a.yaml of test",
        ),
    ];
    for (chart, expected) in cases {
        let error = content::read("test", String::new(), files(&chart)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_path_has_one_version_and_must_have_the_expected_digest() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), &operator("0.7.5"));
    let charts = Charts::new();
    let source = Source::Path(place.path().to_owned());
    let digest = charts.resolve(&source, Some("v0.7.5"), None).await.unwrap().digest.clone();
    charts.resolve(&source, None, Some(&digest.to_uppercase().replace("SHA256", "sha256"))).await.unwrap();

    let error = charts.resolve(&source, Some("0.8.0"), None).await.unwrap_err();
    assert!(matches!(&error, Error::NoSuchVersion { versions, .. } if versions == &["0.7.5"]), "{error:?}");
    let error = charts.resolve(&source, None, Some("sha256:00ff")).await.unwrap_err().to_string();
    assert!(error.contains("sha256:00ff") && error.contains(&digest), "{error}");

    let missing = Source::Path(PathBuf::from("/no/such/chart"));
    let error = charts.resolve(&missing, None, None).await.unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error:?}");
}

#[tokio::test]
async fn the_real_definitions_are_all_read_and_leave_a_small_archive() {
    let reference =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/kubeblocks-0.7.5/crds");
    if !reference.is_dir() {
        let _ = writeln!(std::io::stderr(), "skipped: there are no definitions at {}", reference.display());
        return;
    }
    let place = tempfile::tempdir().unwrap();
    write(place.path(), &files(&[("Chart.yaml", "apiVersion: v2\nname: kubeblocks\nversion: 0.7.5\n")]));
    fs::create_dir(place.path().join("crds")).unwrap();
    let mut expected = Vec::new();
    for entry in fs::read_dir(&reference).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, place.path().join("crds").join(path.file_name().unwrap())).unwrap();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (group, plural) = stem.split_once('_').unwrap();
        expected.push((stem.clone(), format!("{plural}.{group}")));
    }
    expected.sort();
    let chart = resolve(place.path()).await.unwrap();
    assert_eq!(names(&chart), expected.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>());
    assert!(chart.archive.len() < 1000, "{}", chart.archive.len());
}

fn any_files() -> impl Strategy<Value = Files> {
    let name = proptest::string::string_regex("[a-zA-Z0-9_][a-zA-Z0-9_. -]{0,40}[a-z]").unwrap();
    let path = proptest::collection::vec(name, 1..6).prop_map(|parts| parts.join("/"));
    let data = proptest::collection::vec(any::<u8>(), 0..300).prop_map(bytes::Bytes::from);
    proptest::collection::btree_map(path, data, 1..12).prop_filter("a file is no folder", |files: &Files| {
        files.keys().all(|path| !files.keys().any(|other| other.starts_with(&format!("{path}/"))))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_folder_is_the_same_after_packing_and_unpacking(files in any_files()) {
        let place = tempfile::tempdir().unwrap();
        write(place.path(), &files);
        let read = folder::read(place.path()).unwrap();
        prop_assert_eq!(&read, &files);
        let packed = archive::pack("chart", &read).unwrap();
        prop_assert_eq!(&archive::unpack("test", &packed).unwrap(), &files);
        prop_assert_eq!(archive::pack("chart", &files).unwrap(), packed);
    }

    #[test]
    fn no_bytes_make_unpacking_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&bytes).unwrap();
        let _ = archive::unpack("test", &gzip.finish().unwrap());
        let _ = archive::unpack("test", &bytes);
    }
}
