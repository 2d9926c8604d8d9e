//! A folder that only this user can enter, for one call or for one access. It goes when its value goes, and its guard
//! removes it when this process is killed.

use std::io;
use std::path::{Path, PathBuf};

/// Sockets lie in the folder, and the path of one has at most 104 bytes on macOS and 108 on Linux.
const LONGEST_PARENT: usize = 72;

/// Start of the folder's name.
const PREFIX: &str = "kbh-";

/// A private folder.
#[derive(Debug)]
pub(crate) struct PrivateFolder(tempfile::TempDir);

impl PrivateFolder {
    /// A new, empty folder, with mode 0700 where there are modes.
    pub(crate) fn new() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        let parent = if parent.as_os_str().len() > LONGEST_PARENT && cfg!(unix) {
            PathBuf::from("/tmp")
        } else {
            parent
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        builder.tempdir_in(parent).map(Self)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file that only this user can read.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> io::Result<PathBuf> {
        let path = self.path().join(name);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        io::Write::write_all(&mut options.open(&path)?, content)?;
        Ok(path)
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_folder_and_its_files_are_private_and_go_with_the_value() {
        let folder = PrivateFolder::new().unwrap();
        let file = folder.write("file", b"content").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(folder.path()), mode(&file)), (0o700, 0o600));
        assert!(folder.write("file", b"again").is_err());
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
    }
}
