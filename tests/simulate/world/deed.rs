//! What people do with a phone. Whatever the phone shows as saved is remembered.

use xuncha_core::model::{EntityId, FindingDraft, Hash, Place, Severity};
use xuncha_core::notebook::{ListPage, PreviewOptions, Shot};
use xuncha_core::{Error, Result};
use xuncha_tests::harness::{photo, words};

use super::World;

impl World {
    pub(super) fn record(&mut self, number: usize) -> Result<String> {
        let phone = &self.phones[number];
        let note = format!("{} {}", phone.name, self.random.below(1_000_000));
        let mut photos = Vec::new();
        let mut hashes: Vec<Hash> = Vec::new();
        for _ in 0..self.random.below(3) {
            let bytes = photo(&self.random, 200 + self.random.below(2_000));
            hashes.push(Hash::of(&bytes));
            photos.push(phone.notebook().seal_photo(&mut bytes.as_slice(), Shot::default())?);
        }
        let at = *self.random.pick(&[5.0, 25.0, 50.0]);
        let place = Place {
            lat: Some(at),
            lon: Some(at),
            accuracy: Some(8.0),
            provider: Some("gps".into()),
            ..Place::default()
        };
        let draft = FindingDraft { place: Some(place), ..words(&note) };
        let id = phone.notebook().record_with_photos(draft, photos)?;
        self.truth.saw_finding(&phone.name, id, hashes);
        Ok(format!("recorded {id}"))
    }

    /// Photos of which no preview can be made need not stay for one.
    pub(super) fn free(&self, number: usize) -> Result<String> {
        let notebook = self.phones[number].notebook();
        notebook.make_previews(&PreviewOptions::default())?;
        Ok(format!("freed {}", notebook.free_space()?.files))
    }

    fn any_finding(&self, number: usize) -> Result<EntityId> {
        let page = ListPage { after: None, limit: 50 };
        let listed = self.phones[number].notebook().list(page)?;
        if listed.is_empty() {
            return Err(Error::NotFound { what: "a finding".into() });
        }
        Ok(self.random.pick(&listed).finding.id)
    }

    pub(super) fn amend(&mut self, number: usize) -> Result<String> {
        let finding = self.any_finding(number)?;
        let draft = match self.random.below(3) {
            0 => FindingDraft { severity: Some(Severity::High), ..FindingDraft::default() },
            1 => {
                let put = self.random.once_in(2).then_some(true);
                FindingDraft {
                    tags: [(format!("标签{}", self.random.below(4)), put)].into(),
                    ..FindingDraft::default()
                }
            }
            _ => {
                FindingDraft { note: Some(format!("改 {}", self.random.below(1_000_000))), ..FindingDraft::default() }
            }
        };
        let phone = &self.phones[number];
        let op = phone.notebook().amend(finding, draft, Vec::new())?;
        self.truth.saw_op(&phone.name, op);
        Ok(format!("amended {finding} by {op}"))
    }

    pub(super) fn void(&mut self, number: usize) -> Result<String> {
        let finding = self.any_finding(number)?;
        let phone = &self.phones[number];
        let op = phone.notebook().void(finding, "重复")?;
        self.truth.saw_op(&phone.name, op);
        Ok(format!("voided {finding} by {op}"))
    }

    pub(super) fn resolve(&mut self, number: usize) -> Result<String> {
        let phone = &self.phones[number];
        let Some(conflict) = phone.notebook().conflicts()?.into_iter().next() else { return Ok("no conflict".into()) };
        let op = phone.notebook().resolve(conflict.entity, &conflict.field, conflict.rivals[0].op)?;
        self.truth.saw_op(&phone.name, op);
        Ok(format!("resolved {} of {} by {op}", conflict.field, conflict.entity))
    }

    pub(super) fn fix(&mut self, number: usize) -> Result<String> {
        let finding = self.any_finding(number)?;
        let phone = &self.phones[number];
        let bytes = photo(&self.random, 300);
        let after = phone.notebook().seal_photo(&mut bytes.as_slice(), Shot::default())?;
        let op = phone.notebook().fix_on_the_spot(finding, vec![after])?;
        self.truth.saw_op(&phone.name, op);
        Ok(format!("fixed {finding} by {op}"))
    }
}
