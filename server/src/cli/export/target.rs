//! Where an export goes: standard output, or a file that is there whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::super::Failure;

/// A file, or standard output where none is named or it is called `-`.
pub(super) struct Target(Option<PathBuf>);

/// Bytes gathered before they are written.
const BUFFER: usize = 256 * 1024;

impl Target {
    pub(super) fn new(file: Option<PathBuf>) -> Target {
        Target(file.filter(|file| file != Path::new("-")))
    }

    /// The file, unless it is standard output.
    pub(super) fn file(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    /// Has `work` write it. A file gets its name when all of it is on the disk; when `work` fails, whatever had that
    /// name before is as it was. A kill leaves a file with a name that begins with `.xuncha-export-`.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&mut (dyn Write + Send)) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(path) = &self.0 else {
            let mut out = BufWriter::with_capacity(BUFFER, io::stdout());
            let done = work(&mut out)?;
            out.flush().map_err(|error| Failure::io("write the export", &error))?;
            return Ok(done);
        };
        let failed = |error: io::Error| Failure::io(format!("file: {}", path.display()), &error);
        if path.is_dir() {
            return Err(Failure::new("bad_field", format!("file: {} is a folder", path.display())));
        }
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let half = tempfile::Builder::new().prefix(".xuncha-export-").tempfile_in(folder).map_err(failed)?;
        let mut out = BufWriter::with_capacity(BUFFER, half);
        let done = work(&mut out)?;
        let half = out.into_inner().map_err(|error| failed(error.into_error()))?;
        keep(half, path, folder).map_err(failed)?;
        Ok(done)
    }
}

fn keep(half: NamedTempFile, path: &Path, folder: &Path) -> io::Result<()> {
    half.as_file().sync_all()?;
    half.persist(path).map_err(|error| error.error)?;
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// What went wrong while writing.
pub(super) fn unwritten(error: io::Error) -> Failure {
    Failure::io("write the export", &error)
}
