//! The chapter of casework: two findings are filed and stand on a notice; the unit answers from its phone, offline; an
//! inspector checks, and one of them comes back for rework. It gets more time, a second notice and an appeal.

use std::time::Duration;

use serde_json::{Value, json};
use xuncha_core::model::{EntityId, Finding, Notice, Time};
use xuncha_core::notebook::{ListPage, Shows};

use super::city::{self, flags};
use super::phone::Phone;
use super::story::{PATIENCE, Story};
use crate::casework::DeskOp;
use crate::cli::Failure;

impl Story<'_> {
    pub(super) async fn casework(&mut self) -> Result<(), Failure> {
        self.say(
            "立案、发督办单：责任单位断网签收、整改反馈，督查员现场复核，一件返工后结案",
            "Filed and put on a notice: the unit signs and answers without a network, an inspector checks, one comes back once",
        );
        let unit = Phone::new(&self.root, "孙立", "phone-4", self.line.url())?;
        unit.enrol(&city::invite(&self.folder, self.city.sun)?).await?;
        let [first, second] = self.undisputed().await?;
        for finding in [first, second] {
            self.decide(self.city.li, "finding.file", finding, json!({ "condition": "现场属实" }))?;
        }
        let notice = self.notice(&[first, second], &json!({ "points": points(&[first, second], 50) }))?;
        unit.sync().await?;
        unit.notebook.sign_for(notice)?;
        for finding in [first, second] {
            self.answer(&unit, finding, "已安排人员清理")?;
        }
        let waiting = unit.notebook.status()?.pending;
        self.detail(format!("孙立 of the unit signs and answers offline: {waiting} ops wait on the phone"));
        unit.sync().await?;
        self.answered([first, second]).await?;
        self.wang.sync().await?;
        self.wang.notebook.close_finding(first, Some("现场复核合格"), Vec::new())?;
        self.wang.notebook.return_finding(second, "没有清理干净", Vec::new())?;
        self.wang.sync().await?;
        let again = self.told_again(&unit, notice, second).await?;
        self.answer(&unit, second, "已重新清理")?;
        unit.sync().await?;
        self.answered([second, second]).await?;
        self.decide(self.city.chen, "finding.close", second, json!({}))?;
        self.told.closed = 2;
        for (notice, how) in [(notice, "after one rework"), (again, "the appeal against it rejected")] {
            let closed = Notice::from_entity(&self.entity(notice)?);
            self.detail(format!("{}: {}, {how}", closed.number.unwrap_or_default(), closed.status));
            self.told.notices_closed += usize::from(closed.status == "closed");
        }
        unit.sync().await?;
        self.sun = Some(unit);
        Ok(())
    }

    /// What came back gets more time, and then a second notice, against which the unit appeals in vain; that notice.
    async fn told_again(&self, unit: &Phone, notice: EntityId, finding: EntityId) -> Result<EntityId, Failure> {
        unit.sync().await?;
        let due = self.entity(finding)?.text("deadline").and_then(|due| due.parse::<Time>().ok());
        let due = due.unwrap_or_else(|| self.folder.host.clock.wall());
        let until = due.plus_millis(2 * 24 * 60 * 60 * 1_000);
        unit.notebook.request_extension(finding, until, "吊车待修")?;
        unit.sync().await?;
        self.decide(self.city.chen, "finding.extend", finding, json!({ "deadline": until }))?;
        let more = json!({ "level": 2, "before": notice, "points": points(&[finding], 100) });
        let again = self.notice(&[finding], &more)?;
        unit.sync().await?;
        unit.notebook.appeal(again, "已申请延期，不应再次督办", &[finding])?;
        unit.sync().await?;
        for (user, because) in [(self.city.zhao, "延期不免除督办"), (self.city.fang, "同意驳回")] {
            self.decide(user, "notice.hear", again, json!({ "says": "reject", "because": because }))?;
        }
        unit.sync().await?;
        Ok(again)
    }

    /// Two findings with photos that nobody disputes, once everything of them is here.
    async fn undisputed(&self) -> Result<[EntityId; 2], Failure> {
        for _ in 0..PATIENCE {
            self.li.sync().await?;
            let listed = self.li.notebook.list(ListPage { after: None, limit: 500 })?;
            let sound = listed.iter().filter(|one| {
                let is_new = one.finding.status == "reported" && one.finding.conflicts.is_empty();
                is_new && one.evidence.expected > 0 && one.evidence.is_sealed() && one.evidence.is_reviewable()
            });
            if let [first, second, ..] = sound.map(|one| one.finding.id).collect::<Vec<_>>()[..] {
                return Ok([first, second]);
            }
            // The entry that keeps a photo follows its upload.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(Failure::new("demo", "no two findings can be filed"))
    }

    /// A notice about findings with what else `more` says, drafted and issued by the supervisor.
    fn notice(&self, findings: &[EntityId], more: &Value) -> Result<EntityId, Failure> {
        let mut body = json!({
            "unit": self.city.sanitation, "findings": flags(findings), "source": "special_inspection",
            "demand": "限期清理，举一反三",
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let draft = DeskOp::making(&self.folder.host, self.city.chen, "notice.draft", body);
        self.folder.append_items(&[draft.write(self.folder.ledger, &self.folder.host)])?;
        self.decide(self.city.chen, "notice.issue", draft.entity, json!({}))?;
        let issued = Notice::from_entity(&self.entity(draft.entity)?);
        let until = issued.deadlines.values().min().map(ToString::to_string).unwrap_or_default();
        self.detail(format!("陈刚 issues {}, due at {until}", issued.number.unwrap_or_default()));
        Ok(draft.entity)
    }

    fn decide(&self, user: EntityId, kind: &str, entity: EntityId, body: Value) -> Result<(), Failure> {
        let op = DeskOp::about(&self.folder.host, user, kind, entity, body);
        self.folder.append_items(&[op.write(self.folder.ledger, &self.folder.host)])
    }

    /// What the unit did, and a picture of how it is now.
    fn answer(&mut self, unit: &Phone, finding: EntityId, words: &str) -> Result<(), Failure> {
        let after = unit.take_photo(&mut self.chance, (960, 720), Shows::After, None)?;
        unit.notebook.reply(finding, words, vec![after])?;
        self.told.photos += 1;
        Ok(())
    }

    /// Waits until every photo of the answers is kept.
    async fn answered(&self, findings: [EntityId; 2]) -> Result<(), Failure> {
        for _ in 0..PATIENCE {
            let mut whole = true;
            for finding in findings {
                let finding = Finding::from_entity(&self.entity(finding)?);
                whole &= finding.status == "replied" && finding.evidence.is_sealed();
            }
            if whole {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(Failure::new("demo", "the unit's answers did not arrive whole"))
    }

    fn entity(&self, id: EntityId) -> Result<xuncha_core::model::Entity, Failure> {
        self.folder.entity(id)?.ok_or_else(|| Failure::new("demo", format!("{id} is not there")))
    }
}

/// What each of these findings costs, in hundredths.
fn points(findings: &[EntityId], hundredths: u64) -> Value {
    findings.iter().map(|finding| (finding.to_string(), json!(hundredths))).collect::<serde_json::Map<_, _>>().into()
}
