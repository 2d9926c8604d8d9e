//! A folder as the source of a chart: the files that `helm package` would take, links followed, rules of
//! `.helmignore` obeyed. Blocks; call it off the runtime's threads.

use std::fs;
use std::io;
use std::path::Path;

use super::archive::{self, Files};
use super::error::Error;
use super::ignore::Rules;

const IGNORE_FILE: &str = ".helmignore";
/// Folders in folders; deeper ones are a link that leads in a circle.
const DEEPEST: usize = 40;

/// The files of the chart in the folder `root`.
pub(super) fn read(root: &Path) -> Result<Files, Error> {
    let ignore_file = root.join(IGNORE_FILE);
    let text = match fs::read_to_string(&ignore_file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(Error::File { path: ignore_file, source }),
    };
    let rules = Rules::parse(text.strip_prefix('\u{feff}').unwrap_or(&text))
        .map_err(|source| Error::Ignore { path: ignore_file, source })?;
    let mut walk = Walk { root, rules, files: Files::new(), rest: archive::LARGEST_CONTENT };
    walk.folder(root, "", 0)?;
    Ok(walk.files)
}

struct Walk<'a> {
    root: &'a Path,
    rules: Rules,
    files: Files,
    rest: u64,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), Error> {
        let failed = |source| Error::File { path: folder.to_owned(), source };
        if depth > DEEPEST {
            return Err(failed(io::Error::other("its folders lie too deep, or a link leads in a circle")));
        }
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| Error::File {
                path: path.clone(),
                source: io::Error::other("its name is not UTF-8"),
            })?;
            let name = format!("{prefix}{name}");
            // Of a link: what it leads to, as helm does.
            let metadata = match fs::metadata(&path) {
                Ok(metadata) => metadata,
                Err(_) if self.rules.ignore(&name, false) => continue,
                Err(source) => return Err(Error::File { path, source }),
            };
            if self.rules.ignore(&name, metadata.is_dir()) {
                continue;
            }
            if metadata.is_dir() {
                self.folder(&path, &format!("{name}/"), depth + 1)?;
            } else if metadata.is_file() {
                self.file(&path, name)?;
            } else {
                return Err(Error::File { path, source: io::Error::other("it is no regular file") });
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, name: String) -> Result<(), Error> {
        let what = || self.root.display().to_string();
        if self.files.len() == archive::MOST_FILES {
            return Err(archive::too_many(&what()));
        }
        let data = fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        self.rest = self.rest.checked_sub(data.len() as u64).ok_or_else(|| archive::too_large(&what()))?;
        self.files.insert(name, data.into());
        Ok(())
    }
}
