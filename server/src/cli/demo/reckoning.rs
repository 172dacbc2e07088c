//! The end of the story: every number that was told, the ledger, the files and the phones are checked.

use std::time::Duration;

use serde_json::json;
use xuncha_core::notebook::Notebook;

use super::city;
use super::phone::Phone;
use super::story::{PATIENCE, Story};
use super::told::Told;
use crate::blobs::{self, check};
use crate::cli::Failure;
use crate::ledger::verify;

impl Story<'_> {
    /// A phone that begins with nothing asks the server; then ledger, files and phones are checked.
    pub(super) async fn reckoning(&mut self) -> Result<(), Failure> {
        self.say(
            "对账：讲述的每个数与服务器一致，账本、照片、手机逐一核验",
            "The reckoning: every number told is what the server says; ledger, photos and phones are checked",
        );
        for phone in [&self.zhang, &self.wang, &self.li].into_iter().chain(&self.sun) {
            phone.sync().await?;
        }
        self.told.sealed = self.told.photos;
        let auditor = Phone::new(&self.root, "审计", "phone-auditor", self.line.url())?;
        auditor.enrol(&city::invite(&self.folder, self.city.chen)?).await?;
        let mut said = Told::by(&auditor.notebook)?;
        for _ in 0..PATIENCE {
            if said == self.told {
                break;
            }
            // The entry that keeps the last photo follows its upload.
            tokio::time::sleep(Duration::from_millis(50)).await;
            auditor.sync().await?;
            said = Told::by(&auditor.notebook)?;
        }
        let mut wrong = Vec::new();
        for (name, told, said) in self.told.beside(&said) {
            let mark = if told == said { "=" } else { "≠" };
            self.printer.say(
                &json!({ "count": name, "told": told, "server": said }),
                format!("     {name:<18} told {told:>5} {mark} server {said}"),
            );
            if told != said {
                wrong.push(format!("{name}: told {told}, the server says {said}"));
            }
        }
        self.check_everything(&auditor, &mut wrong)?;
        if wrong.is_empty() { Ok(()) } else { Err(Failure::new("demo", wrong.join("; "))) }
    }

    fn check_everything(&self, auditor: &Phone, wrong: &mut Vec<String>) -> Result<(), Failure> {
        let report = self.folder.store.look(|snapshot| verify(snapshot, None, &mut |_| {}))?;
        wrong.extend(report.problems.iter().map(|problem| problem.what.clone()));
        let files = check(&*self.folder.store, &blobs::Folder::of(&self.data).into(), &mut |_| {})?;
        wrong.extend(files.problems.iter().map(|problem| problem.what.clone()));
        let phones: Vec<&Phone> = [&self.zhang, &self.wang, &self.li, auditor].into_iter().chain(&self.sun).collect();
        for phone in &phones {
            wrong.extend(phone.notebook.check()?.into_iter().map(|what| format!("{}: {what}", phone.name)));
            wrong.extend(leftover(&phone.notebook)?.map(|what| format!("{}: {what}", phone.name)));
        }
        self.printer.say(
            &json!({ "entries": report.entries, "entities": report.entities, "files": files.files, "ok": wrong.is_empty() }),
            format!("     ledger of {} entries, {} files, {} phones: checked", report.entries, files.files, phones.len()),
        );
        Ok(())
    }
}

/// What a phone still has to do, if anything.
fn leftover(phone: &Notebook) -> Result<Option<String>, Failure> {
    let status = phone.status()?;
    let waits = status.pending + status.refused + status.files_waiting + status.files_lost;
    Ok((waits > 0).then(|| {
        let (ops, refused) = (status.pending, status.refused);
        format!("{ops} ops and {} files wait, {refused} were refused", status.files_waiting)
    }))
}
