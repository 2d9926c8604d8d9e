//! Archives of charts: `.tgz` to files and back. Pure; trusts nothing in an archive.

use std::collections::BTreeMap;
use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, EntryType, Header};

use super::error::Error;

/// The files of a chart by their path in it, with slashes.
pub(super) type Files = BTreeMap<String, Bytes>;

/// The most that the files of a chart may have together, in bytes. helm itself stops at 100 MiB, and is handed less.
pub(super) const LARGEST_CONTENT: u64 = 256 * 1024 * 1024;
/// The most files that a chart may have.
pub(super) const MOST_FILES: usize = 20_000;

/// The files of an archive; `what` names it in errors. Their common folder is taken off.
pub(super) fn unpack(what: &str, archive: &[u8]) -> Result<Files, Error> {
    let broken = |reason: String| Error::BrokenArchive { what: what.to_owned(), reason };
    let unreadable = |error: std::io::Error| broken(error.to_string());
    let mut files = Files::new();
    let mut rest = LARGEST_CONTENT;
    // What is between the files is limited, too: headers can repeat without end.
    let content = MultiGzDecoder::new(archive).take(2 * LARGEST_CONTENT);
    let mut archive = Archive::new(content);
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let name = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| broken("a name in it is not UTF-8".to_owned()))?;
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Directory | EntryType::XGlobalHeader | EntryType::XHeader => continue,
            EntryType::Symlink | EntryType::Link => return Err(broken(format!("{name:?} is a link"))),
            _ => return Err(broken(format!("{name:?} is no regular file"))),
        }
        let path = inside(&name).map_err(|reason| broken(format!("{name:?} {reason}")))?;
        rest = rest.checked_sub(entry.size()).ok_or_else(|| too_large(what))?;
        if files.len() == MOST_FILES {
            return Err(too_many(what));
        }
        let mut data = Vec::new();
        entry.read_to_end(&mut data).map_err(unreadable)?;
        files.insert(path, data.into());
    }
    if files.is_empty() { Err(broken("it has no files".to_owned())) } else { Ok(files) }
}

/// The error of content over [`LARGEST_CONTENT`].
pub(super) fn too_large(what: &str) -> Error {
    Error::TooLarge { what: what.to_owned(), limit: LARGEST_CONTENT / 1024 / 1024, unit: "MiB of files" }
}

/// The error of more than [`MOST_FILES`].
pub(super) fn too_many(what: &str) -> Error {
    Error::TooLarge { what: what.to_owned(), limit: MOST_FILES as u64, unit: "files" }
}

/// The path in the chart of a file of an archive, whose first part is the chart's folder.
fn inside(name: &str) -> Result<String, &'static str> {
    // Archives that were made on Windows.
    let name = name.replace('\\', "/");
    let (folder, path) = name.split_once('/').ok_or("is not in the folder of the chart")?;
    if folder.is_empty() || path.starts_with('/') {
        return Err("is an absolute path");
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err("leaves the folder of the chart"),
            part => parts.push(part),
        }
    }
    match (folder, parts.as_slice()) {
        ("..", _) => Err("leaves the folder of the chart"),
        (_, []) => Err("has no name"),
        (_, [drive, _, ..]) if drive.len() == 2 && drive.ends_with(':') => Err("is an absolute path"),
        (_, parts) => Ok(parts.join("/")),
    }
}

/// An archive of the files in the folder `name`. The same files give the same bytes.
pub(super) fn pack(name: &str, files: &Files) -> Result<Bytes, Error> {
    let write = || -> std::io::Result<Vec<u8>> {
        let gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
        let mut builder = Builder::new(gzip);
        for (path, data) in files {
            let mut header = Header::new_gnu();
            header.set_size(data.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            builder.append_data(&mut header, format!("{name}/{path}"), data.as_ref())?;
        }
        builder.into_inner()?.finish()
    };
    write()
        .map(Bytes::from)
        .map_err(|error| Error::BrokenArchive { what: name.to_owned(), reason: error.to_string() })
}

/// `sha256:<hex>` of bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    shown(Sha256::new_with_prefix(bytes))
}

/// `sha256:<hex>` of names and contents of files, and of nothing else.
pub(super) fn digest_of_files(files: &Files) -> String {
    let mut hash = Sha256::new();
    for (path, data) in files {
        for bytes in [path.as_bytes(), data.as_ref()] {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
    }
    shown(hash)
}

fn shown(hash: Sha256) -> String {
    use std::fmt::Write;
    hash.finalize().iter().fold("sha256:".to_owned(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
