//! A simulated phone: the real notebook, in a folder.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use xuncha_core::host::Host;
use xuncha_core::model::catalogue::{AskKind, Item, Required};
use xuncha_core::model::{Answer, EntityId, FindingDraft, Is, Place};
use xuncha_core::notebook::{FileKeyStore, Notebook, PreviewOptions, SealedPhoto, Shot, Shows, Visit};
use xuncha_core::sync::{HttpService, SyncOptions, Synced};

use super::chance::Chance;
use super::city::Spot;
use super::pictures::draw;
use super::told::Told;
use crate::cli::Failure;

/// A phone and who carries it.
pub(super) struct Phone {
    pub(super) name: &'static str,
    pub(super) notebook: Notebook,
    url: String,
}

impl Phone {
    pub(super) fn new(folder: &Path, name: &'static str, file: &str, url: String) -> Result<Phone, Failure> {
        let home = folder.join(file);
        let keys = Arc::new(FileKeyStore::new(home.join("device.key")));
        Ok(Phone { name, notebook: Notebook::open(&home, keys, Host::system())?, url })
    }

    /// A new connection each time: what broke off before is gone.
    pub(super) fn service(&self) -> Result<HttpService, Failure> {
        Ok(HttpService::new(&self.url)?)
    }

    pub(super) async fn enrol(&self, code: &str) -> Result<(), Failure> {
        self.notebook.enrol(&self.service()?, code).await?;
        self.sync().await.map(drop)
    }

    /// Makes previews and syncs until nothing waits; however often the line breaks.
    pub(super) async fn sync(&self) -> Result<Synced, Failure> {
        while self.notebook.make_previews(&PreviewOptions::default())?.more {}
        let options = SyncOptions { attempts: 4, base: Duration::from_millis(10), ..SyncOptions::default() };
        let mut last = None;
        for _ in 0..100 {
            match self.notebook.sync_with(&self.service()?, &(), &options).await {
                Ok(synced) if synced.files_waiting == 0 => return Ok(synced),
                Ok(synced) if synced.must_enrol_again.is_some() => {
                    return Err(Failure::new("demo", format!("{} must enrol again", self.name)));
                }
                Ok(synced) => last = Some(Failure::new("demo", format!("{} files wait", synced.files_waiting))),
                Err(error) if error.is_retryable() => last = Some(error.into()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(last.unwrap_or_else(|| Failure::new("demo", "the sync did not end")))
    }

    /// One try with one file at a time; a line that breaks off is what it is for.
    pub(super) async fn try_sync(&self) -> Result<Synced, Failure> {
        while self.notebook.make_previews(&PreviewOptions::default())?.more {}
        let options = SyncOptions { attempts: 1, in_flight: 1, ahead: false, ..SyncOptions::default() };
        Ok(self.notebook.sync_with(&self.service()?, &(), &options).await?)
    }

    pub(super) fn take_photo(
        &self,
        chance: &mut Chance,
        size: (u16, u16),
        shows: Shows,
        place: Option<Place>,
    ) -> Result<SealedPhoto, Failure> {
        let jpeg = draw(chance, size.0, size.1)?;
        let shot = Shot { shows: Some(shows), place, ..Shot::default() };
        Ok(self.notebook.seal_photo(&mut jpeg.as_slice(), shot)?)
    }

    /// Goes through the whole checklist of a place, with no network.
    pub(super) fn inspect(
        &self,
        chance: &mut Chance,
        spot: &Spot,
        task: Option<EntityId>,
        told: &mut Told,
    ) -> Result<Vec<EntityId>, Failure> {
        let place = nearby(chance, spot);
        let visit = self.notebook.start_inspection(Visit { place: Some(place), task, ..Visit::default() })?;
        let mut found = Vec::new();
        for line in self.notebook.checklist(visit)? {
            if chance.below(6) == 0 {
                found.push(self.find(chance, visit, &line.item, spot, told)?);
            } else {
                let answer = sound(&line.item);
                self.notebook.answer(visit, &line.item.id, answer)?;
            }
        }
        // Put aside for a phone call, and gone on with.
        self.notebook.pause_inspection(visit)?;
        self.notebook.resume_inspection(visit)?;
        self.notebook.finish_inspection(visit)?;
        told.inspections += 1;
        told.tasks_done += usize::from(task.is_some());
        told.points += self.notebook.inspection(visit)?.points.unwrap_or(0);
        Ok(found)
    }

    fn find(
        &self,
        chance: &mut Chance,
        visit: EntityId,
        item: &Item,
        spot: &Spot,
        told: &mut Told,
    ) -> Result<EntityId, Failure> {
        let place = nearby(chance, spot);
        let mut photos = Vec::new();
        for number in 0..item.photos.before().max(1) {
            let shows = [Shows::Wide, Shows::Close, Shows::Reference][usize::try_from(number).unwrap_or(2).min(2)];
            photos.push(self.take_photo(chance, (960, 720), shows, Some(place.clone()))?);
        }
        told.photos += photos.len();
        told.findings += 1;
        let note = format!("{}：{}", spot.name, item.name.zh);
        let answer = wrong(chance, item);
        let draft = FindingDraft { note: Some(note), place: Some(place), ..FindingDraft::default() };
        Ok(self.notebook.answer_with_finding(visit, &item.id, answer, draft, photos)?)
    }
}

/// A fix a few metres off, as phones give it.
pub(super) fn nearby(chance: &mut Chance, spot: &Spot) -> Place {
    let off = |chance: &mut Chance| (chance.part() - 0.5) / 2_000.0;
    Place {
        lat: Some(spot.at.0 + off(chance)),
        lon: Some(spot.at.1 + off(chance)),
        accuracy: Some(3.0 + 12.0 * chance.part()),
        provider: Some("gps".into()),
        id: Some(spot.id),
        ..Place::default()
    }
}

/// Everything is as it should be.
fn sound(item: &Item) -> Answer {
    let mut answer = Answer { is: Some(Is::Yes), ..Answer::default() };
    match (item.told, &item.target) {
        (xuncha_core::model::catalogue::Told::Count, _) => {
            answer.values.insert("count".into(), 0.into());
            answer.is = None;
        }
        (xuncha_core::model::catalogue::Told::Target, Some(_)) => answer.is = Some(Is::Na),
        _ => fill(item, Required::Always, &mut answer),
    }
    answer
}

/// Something is wrong.
fn wrong(chance: &mut Chance, item: &Item) -> Answer {
    let mut answer = Answer { is: Some(Is::No), ..Answer::default() };
    fill(item, Required::Always, &mut answer);
    fill(item, Required::No, &mut answer);
    if let Some(ask) = item.asks.iter().find(|ask| ask.name == "count" && ask.kind == AskKind::Count) {
        let most = ask.most.unwrap_or(4.0).min(4.0);
        answer.values.insert("count".into(), (1 + chance.below(4)).min(most as usize).into());
    }
    if let Some(target) = &item.target {
        answer.values.insert(target.part.clone(), 0.into());
        answer.values.insert(target.whole.clone(), 100.into());
    }
    answer
}

fn fill(item: &Item, required: Required, answer: &mut Answer) {
    for ask in item.asks.iter().filter(|ask| ask.required == required) {
        let value = match ask.kind {
            AskKind::Count | AskKind::Length => ask.least.unwrap_or(0.0).max(1.0).into(),
            AskKind::Plate => "浙D12345".into(),
            AskKind::Permit => "望许〔2026〕0012号".into(),
        };
        answer.values.insert(ask.name.clone(), value);
    }
}
