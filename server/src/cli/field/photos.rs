//! Photos of the phone: sealing, previews, what a crash left, freeing space, looking.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use xuncha_core::model::{EntityId, Hash};
use xuncha_core::notebook::{Notebook, PreviewOptions, PreviewsMade, Which};
use xuncha_core::photo::{Font, PhotoError};

use super::network::{runtime, service};
use super::{Failure, Printer};

/// Previews of everything that has none.
pub(super) fn make(phone: &Notebook, font: Option<&Path>) -> Result<PreviewsMade, Failure> {
    let font = font.map(|path| Font::load(path, None)).transpose().map_err(|error| bad_font(&error))?;
    let options = PreviewOptions { font: font.map(Arc::new), ..PreviewOptions::default() };
    let mut all = PreviewsMade::default();
    loop {
        let made = phone.make_previews(&options)?;
        all.add(&made);
        if !made.more {
            return Ok(all);
        }
    }
}

fn bad_font(error: &PhotoError) -> Failure {
    Failure::new("bad_field", format!("font: {error}"))
}

pub(super) fn previews(phone: &Notebook, font: Option<&Path>, printer: &Printer) -> Result<(), Failure> {
    let made = make(phone, font)?;
    let text = format!("previews of {} photos, {} not yet, {} failed", made.made, made.no_preview_yet, made.failed);
    printer.say(&json!(made), text);
    warn_unstamped(&made, printer);
    Ok(())
}

/// Says why display copies have no stamp though a font was given.
pub(super) fn warn_unstamped(made: &PreviewsMade, printer: &Printer) {
    match (made.unstamped, &*made.unknown) {
        (0, _) => {}
        (count, "") => printer.hint(format!("{count} of them without a stamp: there is no room for it")),
        (count, unknown) => printer.hint(format!("{count} of them without a stamp: the font does not know {unknown}")),
    }
}

pub(super) fn export(phone: &Notebook, file: &Path, printer: &Printer) -> Result<(), Failure> {
    let made = phone.export_bundle(file).map_err(|error| of_path(file, error))?;
    let text = match made.ops + made.files {
        0 => "nothing is unsent".to_owned(),
        _ => format!("wrote {} ops and {} files to {}", made.ops, made.files, file.display()),
    };
    printer.say(&json!(made), text);
    if made.left_out > 0 {
        printer.hint(format!(
            "{} files of photos are damaged or gone and are not in it; see `field status`",
            made.left_out
        ));
    }
    Ok(())
}

/// A path that cannot be written is the path's fault, with the code that it has everywhere.
pub(super) fn of_path(path: &Path, error: xuncha_core::Error) -> Failure {
    match error {
        xuncha_core::Error::Storage { what, source } if source.is::<std::io::Error>() => {
            Failure::new("io", format!("{}: {what}", path.display()))
        }
        other => other.into(),
    }
}

pub(super) fn recovered(phone: &Notebook, discard: Option<Hash>, printer: &Printer) -> Result<(), Failure> {
    if let Some(hash) = discard {
        phone.discard_recovered(&hash)?;
        printer.say(&json!({ "discarded": hash }), format!("discarded {hash}"));
        return Ok(());
    }
    for photo in phone.recovered_photos()? {
        printer.say(&json!(photo), format!("{}  {} bytes  {}", photo.hash, photo.len, photo.modified));
    }
    Ok(())
}

pub(super) fn free(phone: &Notebook, printer: &Printer) -> Result<(), Failure> {
    let freed = phone.free_space()?;
    let text = match &freed.not_yet {
        Some(why) => format!("freed nothing: {why}"),
        None => format!("freed {} files, {} bytes", freed.files, freed.bytes),
    };
    printer.say(&json!(freed), text);
    Ok(())
}

pub(super) fn which(display: bool, original: bool) -> Which {
    match (display, original) {
        (_, true) => Which::Original,
        (true, _) => Which::Display,
        _ => Which::Thumbnail,
    }
}

pub(super) fn write_out(
    phone: &Notebook,
    finding: EntityId,
    photo: &str,
    which: Which,
    out: &Path,
    printer: &Printer,
) -> Result<(), Failure> {
    let here = match which {
        Which::Thumbnail => phone.thumbnail(finding, photo)?,
        Which::Display => phone.display(finding, photo)?,
        Which::Original => phone.original(finding, photo)?,
    };
    let path = match here {
        Some(path) => path,
        None => runtime()?.block_on(phone.fetch_preview(&service(phone)?, finding, photo, which))?,
    };
    let bytes = std::fs::copy(&path, out).map_err(|error| Failure::io(out.display().to_string(), &error))?;
    printer.say(&json!({ "out": out, "bytes": bytes }), format!("wrote {bytes} bytes to {}", out.display()));
    Ok(())
}
