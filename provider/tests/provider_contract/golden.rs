//! Golden files: compares what is made with what is checked in, or rewrites it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A place in the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

/// Asserts that a file of the repository has this content.
pub(crate) fn assert_file(path: &str, content: &str) {
    let file = repository(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, content).unwrap();
    }
    let checked_in = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == content,
        "{path} is stale: line {} differs. Run the test with UPDATE_GOLDEN=1 and look at the diff.",
        checked_in.lines().zip(content.lines()).take_while(|(left, right)| left == right).count() + 1
    );
}

/// Asserts that `folder` holds exactly `files` of these endings, each with its content.
pub(crate) fn assert_folder(folder: &str, ending: &str, files: &[(String, String)]) {
    let root = repository(folder);
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for (name, content) in files {
        let path = root.join(name);
        if update {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content).unwrap();
        }
        let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            &checked_in == content,
            "{folder}/{name} is stale: line {} differs. Run the test with UPDATE_GOLDEN=1 and look at the diff.",
            checked_in.lines().zip(content.lines()).take_while(|(left, right)| left == right).count() + 1
        );
    }
    let made: BTreeSet<PathBuf> = files.iter().map(|(name, _)| root.join(name)).collect();
    for found in files_below(&root, ending) {
        if made.contains(&found) {
            continue;
        }
        assert!(
            update,
            "{} belongs to nothing that is served. Run the test with UPDATE_GOLDEN=1.",
            found.display()
        );
        std::fs::remove_file(&found).unwrap();
    }
}

fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .flat_map(|path| if path.is_dir() { files_below(&path, ending) } else { vec![path] })
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect()
}
