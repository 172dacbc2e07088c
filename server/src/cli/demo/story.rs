//! The story, chapter by chapter. Every number it tells is counted, and compared in the end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use xuncha_core::model::{EntityId, FindingDraft, Hash, Severity};
use xuncha_core::notebook::Shows;

use super::Welcome;
use super::chance::Chance;
use super::city::{self, City, flags};
use super::line::Line;
use super::phone::{Phone, nearby};
use super::told::Told;
use crate::cli::Failure;
use crate::cli::folder::{Folder, Place};
use crate::cli::print::Printer;
use crate::ledger::OwnOp;
use crate::store::UploadRow;

pub(super) struct Story<'a> {
    pub(super) folder: Folder,
    pub(super) data: PathBuf,
    pub(super) root: PathBuf,
    pub(super) city: City,
    pub(super) line: Line,
    pub(super) chance: Chance,
    pub(super) printer: &'a Printer,
    pub(super) told: Told,
    pub(super) chapter: usize,
    pub(super) zhang: Phone,
    pub(super) wang: Phone,
    pub(super) li: Phone,
    /// The unit's, from the chapter of casework on.
    pub(super) sun: Option<Phone>,
}

/// How long the ledger may take to hear of the last file.
pub(super) const PATIENCE: u32 = 200;

impl<'a> Story<'a> {
    pub(super) async fn begin(
        data: &Path,
        root: &Path,
        server: SocketAddr,
        seed: u64,
        printer: &'a Printer,
    ) -> Result<Story<'a>, Failure> {
        let folder = Folder::open(&Place { data: data.to_owned(), ..Place::default() })?;
        let city = city::make(&folder)?;
        let line = Line::to(server).await?;
        let phone = |name, file| Phone::new(root, name, file, line.url());
        let (zhang, wang, li) = (phone("张伟", "phone-1")?, phone("王芳", "phone-2")?, phone("李静", "phone-3")?);
        let told = Told { tasks_open: city.tasks, ..Told::default() };
        let (data, root) = (data.to_owned(), root.to_owned());
        let (chance, chapter) = (Chance::new(seed), 0);
        Ok(Story { folder, data, root, city, line, chance, printer, told, chapter, zhang, wang, li, sun: None })
    }

    /// Tells all of it; says how to get in, for whoever wants to look.
    pub(super) async fn tell(mut self) -> Result<Welcome, Failure> {
        self.enrolments().await?;
        let found = self.morning()?;
        self.bad_line().await?;
        self.cut_photo().await?;
        self.quarrel(&found).await?;
        self.refusal().await?;
        self.casework().await?;
        self.reckoning().await?;
        let invite = |user, name: &str| city::invite(&self.folder, user).map(|code| (name.to_owned(), code));
        let phones = vec![invite(self.city.li, "李静, who reviews")?, invite(self.city.chen, "陈刚, who supervises")?];
        let (password, desks) = city::let_in(&self.folder, &self.city)?;
        Ok(Welcome { phones, password, desks })
    }

    pub(super) fn say(&mut self, zh: &str, en: &str) {
        self.chapter += 1;
        let value = json!({ "chapter": self.chapter, "zh": zh, "en": en });
        self.printer.say(&value, format!("\n{}. {zh}\n   {en}", self.chapter));
    }

    pub(super) fn detail(&self, text: String) {
        self.printer.hint(format!("   - {text}"));
    }

    async fn enrolments(&mut self) -> Result<(), Failure> {
        self.say(
            "三部手机登记入网，取得检查目录、点位和任务",
            "Three phones are enrolled and fetch the checklists, the places and their tasks",
        );
        for (phone, user) in [(&self.zhang, self.city.zhang), (&self.wang, self.city.wang), (&self.li, self.city.li)] {
            phone.enrol(&city::invite(&self.folder, user)?).await?;
            let in_force = phone.notebook.catalogue()?.ok_or_else(|| Failure::new("demo", "no catalogue came"))?;
            let (items, places) = (in_force.catalogue.items().count(), phone.notebook.places()?.len());
            let tasks = phone.notebook.tasks(true)?.iter().filter(|task| task.to.contains(&user)).count();
            self.detail(format!("{}: {items} items, {places} places, {tasks} tasks", phone.name));
        }
        Ok(())
    }

    /// With no network at all.
    fn morning(&mut self) -> Result<Vec<EntityId>, Failure> {
        self.say(
            "上午断网：两名督查员逐项检查、拍照、记录问题",
            "A morning without a network: two inspectors go through their checklists and record what is wrong",
        );
        let mut seen_by_both = Vec::new();
        for (phone, user, visits) in [
            (&self.zhang, self.city.zhang, &[(0, true), (2, true), (1, false)][..]),
            (&self.wang, self.city.wang, &[(4, true), (3, false), (7, false)][..]),
        ] {
            let tasks = phone.notebook.tasks(true)?;
            for (spot, with_task) in visits {
                let spot = &self.city.spots[*spot];
                let at = |place: &Option<xuncha_core::model::Place>| place.as_ref().and_then(|place| place.id);
                let mine =
                    |task: &&xuncha_core::model::Task| task.to.contains(&user) && at(&task.place) == Some(spot.id);
                let task = tasks.iter().find(mine).filter(|_| *with_task).map(|task| task.id);
                let found = phone.inspect(&mut self.chance, spot, task, &mut self.told)?;
                self.printer.hint(format!("   - {} at {}: {} findings", phone.name, spot.name, found.len()));
                if phone.name == "张伟" {
                    seen_by_both.extend(found);
                }
            }
        }
        self.told.tasks_open = self.city.tasks - self.told.tasks_done;
        self.on_the_spot()?;
        seen_by_both.extend(self.by_the_way()?);
        let waiting = self.zhang.notebook.status()?.pending + self.wang.notebook.status()?.pending;
        self.detail(format!(
            "{} findings, {} photos, {waiting} ops wait on two phones",
            self.told.findings, self.told.photos
        ));
        Ok(seen_by_both)
    }

    /// 即查即改.
    fn on_the_spot(&mut self) -> Result<(), Failure> {
        for _ in 0..1 + self.chance.below(2) {
            let spot = self.chance.one_of(&self.city.spots[4..]).clone();
            let place = nearby(&mut self.chance, &spot);
            let before = self.wang.take_photo(&mut self.chance, (960, 720), Shows::Wide, Some(place.clone()))?;
            let note = Some("非机动车占道停放，已当场规范".to_owned());
            let draft = FindingDraft {
                item: Some("SR-10".into()),
                note,
                place: Some(place.clone()),
                ..FindingDraft::default()
            };
            let id = self.wang.notebook.record_with_photos(draft, vec![before])?;
            let after = self.wang.take_photo(&mut self.chance, (960, 720), Shows::After, Some(place))?;
            self.wang.notebook.fix_on_the_spot(id, vec![after])?;
            self.told.findings += 1;
            self.told.fixed_on_the_spot += 1;
            self.told.photos += 2;
        }
        self.detail(format!("{} fixed on the spot, before and after in one visit", self.told.fixed_on_the_spot));
        Ok(())
    }

    /// What one sees on the way, in no visit: two of the west, which the quarrel will be about.
    fn by_the_way(&mut self) -> Result<Vec<EntityId>, Failure> {
        let mut found = Vec::new();
        for (item, note) in [("SR-1", "人行道堆放沙石"), ("AD-1", "墙体违法广告")] {
            let spot = self.city.spots[self.chance.below(4)].clone();
            let place = nearby(&mut self.chance, &spot);
            let mut photos = Vec::new();
            for shows in [Shows::Wide, Shows::Close] {
                photos.push(self.zhang.take_photo(&mut self.chance, (960, 720), shows, Some(place.clone()))?);
            }
            self.told.photos += photos.len();
            self.told.findings += 1;
            let (item, note) = (Some(item.to_owned()), Some(note.to_owned()));
            let draft = FindingDraft { item, note, place: Some(place), ..FindingDraft::default() };
            found.push(self.zhang.notebook.record_with_photos(draft, photos)?);
        }
        Ok(found)
    }

    async fn bad_line(&mut self) -> Result<(), Failure> {
        self.say(
            "信号很差：连接时断时续，照片照样传完",
            "A bad line: connections break off, and everything arrives all the same",
        );
        self.line.turn_bad(self.chance.clone());
        for phone in [&self.zhang, &self.wang] {
            let synced = phone.sync().await?;
            self.detail(format!(
                "{}: nothing waits any more after {} requests of the last sync",
                phone.name, synced.requests
            ));
        }
        self.detail(format!("{} connections broke off", self.line.broken()));
        self.line.clear_up();
        Ok(())
    }

    async fn cut_photo(&mut self) -> Result<(), Failure> {
        self.say(
            "一张大照片传到一半断线，从断点续传",
            "A large photo is cut off half-way and goes on where it stopped",
        );
        let spot = self.city.spots[1].clone();
        let place = nearby(&mut self.chance, &spot);
        let photo = self.zhang.take_photo(&mut self.chance, (2_880, 2_160), Shows::Wide, Some(place.clone()))?;
        let (hash, len) = (photo.blob.hash, photo.blob.len);
        let draft = FindingDraft { item: Some("HW-2".into()), place: Some(place), ..FindingDraft::default() };
        let draft = FindingDraft {
            note: Some("积存建筑垃圾".into()), why: Some("只有一个角度可拍".into()), ..draft
        };
        self.zhang.notebook.record_with_photos(draft, vec![photo])?;
        self.told.findings += 1;
        self.told.photos += 1;
        let half = usize::try_from(len / 2).unwrap_or(0) + self.chance.below(200_000);
        self.line.cut_next_after(half);
        let cut = self.zhang.try_sync().await;
        let upload = self.half_an_upload(&hash, len).await?;
        let upload = upload.ok_or_else(|| Failure::new("demo", format!("the photo was not cut off: {cut:?}")))?;
        let store = &self.folder.store;
        let before = self.line.sent();
        self.zhang.sync().await?;
        let again = self.line.sent() - before;
        self.detail(format!("cut at {} of {len} bytes; {again} bytes later it is whole", upload.offset));
        let row = store.look(|snapshot| snapshot.blob(&hash))?;
        if !row.is_some_and(|row| row.whole) || again > len - upload.offset + 200_000 {
            return Err(Failure::new("demo", "the photo did not go on where it was cut off"));
        }
        Ok(())
    }

    /// The upload of a file, once the server has noticed that the line broke and has made durable
    /// what came.
    async fn half_an_upload(&self, hash: &Hash, len: u64) -> Result<Option<UploadRow>, Failure> {
        for _ in 0..PATIENCE {
            let uploads = self.folder.store.look(|snapshot| snapshot.uploads("", 1_000))?;
            let mut half = uploads.into_iter().filter(|upload| upload.hash == *hash && upload.offset < len);
            if let Some(upload) = half.next().filter(|upload| upload.offset > 0) {
                return Ok(Some(upload));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(None)
    }

    async fn quarrel(&mut self, found: &[EntityId]) -> Result<(), Failure> {
        self.say(
            "两人离线改了同一字段：两个值都留着，由人裁定",
            "Two people change the same field offline: both values are kept and a person decides",
        );
        self.wang.sync().await?;
        let disputed = &found[found.len() - 2..];
        for finding in disputed {
            let say = |severity| FindingDraft { severity: Some(severity), ..FindingDraft::default() };
            self.zhang.notebook.amend(*finding, say(Severity::Medium), vec![])?;
            self.wang.notebook.amend(*finding, say(Severity::Urgent), vec![])?;
        }
        self.zhang.sync().await?;
        self.wang.sync().await?;
        self.li.sync().await?;
        let conflicts = self.li.notebook.conflicts()?;
        if conflicts.len() != disputed.len() {
            return Err(Failure::new("demo", format!("{} conflicts instead of {}", conflicts.len(), disputed.len())));
        }
        let first = &conflicts[0];
        let rival = first.rivals.first().ok_or_else(|| Failure::new("demo", "a conflict with one value"))?;
        self.detail(format!(
            "{}: {} or {}; 李静 decides for the latter",
            first.field, first.current.value, rival.value
        ));
        self.li.notebook.resolve(first.entity, &first.field, rival.op)?;
        self.li.sync().await?;
        self.told.conflicts = conflicts.len() - 1;
        self.detail(format!("{} is left open for you to look at", self.told.conflicts));
        Ok(())
    }

    async fn refusal(&mut self) -> Result<(), Failure> {
        self.say(
            "新同事赵敏还没有督查员角色：记录被退回，补角色后更正通过；两人共用一部手机",
            "A new colleague on a shared phone has no inspector's role yet: the record comes back, is corrected and counts",
        );
        self.wang.notebook.set_pin("2580")?;
        let invitation = city::invite(&self.folder, self.city.zhao)?;
        self.wang.notebook.sign_in(&self.wang.service()?, &invitation).await?;
        let spot = self.city.spots[6].clone();
        let place = nearby(&mut self.chance, &spot);
        let mut photos = Vec::new();
        for shows in [Shows::Wide, Shows::Close] {
            photos.push(self.wang.take_photo(&mut self.chance, (960, 720), shows, Some(place.clone()))?);
        }
        self.told.photos += photos.len();
        let draft = FindingDraft { item: Some("SR-4".into()), place: Some(place), ..FindingDraft::default() };
        let draft = FindingDraft { note: Some("店外经营".into()), ..draft };
        self.wang.notebook.record_with_photos(draft, photos)?;
        let options = xuncha_core::sync::SyncOptions::default();
        self.wang.notebook.sync_with(&self.wang.service()?, &(), &options).await?;
        let refused = self.wang.notebook.refused()?;
        let one = refused.first().ok_or_else(|| Failure::new("demo", "the record was not refused"))?;
        self.detail(format!("赵敏's record comes back: {} ({})", one.code, one.detail));
        let roles = json!({ "roles": flags(&["inspector"]) });
        self.folder.append(&[OwnOp::about(&self.folder.host, "demo", "user.amend", self.city.zhao, roles)])?;
        let invitation = city::invite(&self.folder, self.city.zhao)?;
        self.wang.notebook.sign_in(&self.wang.service()?, &invitation).await?;
        self.wang.notebook.correct(one.op, FindingDraft::default())?;
        self.told.findings += 1;
        self.wang.notebook.switch_to(self.city.wang, "2580")?;
        self.wang.sync().await?;
        self.detail("given the role and said again, it counts; 王芳 takes the phone back with her PIN".to_owned());
        Ok(())
    }
}
