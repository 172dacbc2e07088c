//! What is printed on a notice: its lines, word for word, and the hashes of the photos beside them.
//!
//! Written into the facts when the notice is issued, so that the paper is a pure function of the ledger.

use std::sync::Arc;

use serde_json::{Value, json};

use super::View;
use super::calendar::Office;
use super::items::{catalogue_of, item_limit};
use crate::model::{Entity, EntityId, LedgerId, Notice, Time};

/// What the paper would say if the draft `notice` were issued at `now` as its findings are; under a number that says
/// that it is a draft, and by nobody.
pub fn draft_face(view: &dyn View, ledger: LedgerId, notice: &Notice, now: Time) -> Value {
    let office = Office::of(view, ledger);
    let findings: Vec<Arc<Entity>> = notice.findings.iter().filter_map(|id| view.entity(*id)).collect();
    let deadline = |finding: &Arc<Entity>| {
        let limit = notice.limits.get(&finding.id).copied().or_else(|| item_limit(view, finding))?;
        office.deadline(now, limit, &[]).ok()
    };
    let deadlines: Vec<Option<Time>> = findings.iter().map(deadline).collect();
    of(view, ledger, None, notice, "（草稿，未签发）", now, &findings, &deadlines)
}

/// The face of `notice`: `lines`, and `photos`, the originals by their hashes, in the order in which they are shown.
#[expect(clippy::too_many_arguments, reason = "all that a paper says")]
pub(super) fn of(
    view: &dyn View,
    ledger: LedgerId,
    issuer: Option<EntityId>,
    notice: &Notice,
    number: &str,
    issued: Time,
    findings: &[Arc<Entity>],
    deadlines: &[Option<Time>],
) -> Value {
    let office = Office::of(view, ledger);
    let name = |id: Option<EntityId>| {
        let entity = id.and_then(|id| view.entity(id));
        entity.and_then(|entity| entity.text("name").map(str::to_owned)).unwrap_or_default()
    };
    let mut lines = vec![
        format!("{}督办单", name(Some(EntityId(ledger.0)))),
        format!("编号：{number}"),
        format!("责任单位：{}", name(notice.unit)),
        format!("来源：{}　督办级别：{}", source(&notice.source), notice.level),
        format!("签发时间：{}　签发人：{}", office.shown(issued), name(issuer)),
    ];
    let mut line = |label: &str, text: &Option<String>| {
        if let Some(text) = text {
            lines.push(format!("{label}：{text}"));
        }
    };
    line("责任领导", &notice.leader);
    line("责任人", &notice.person);
    line("联系电话", &notice.phone);
    line("依据", &notice.basis);
    line("整改要求", &notice.demand);
    let mut photos = Vec::new();
    for (at, (finding, deadline)) in findings.iter().zip(deadlines).enumerate() {
        lines.extend(lines_of(view, &office, at + 1, finding, *deadline, notice.points.get(&finding.id)));
        photos.extend(finding.members("photos").filter_map(|(_, photo)| photo.get("original").cloned()));
    }
    json!({ "lines": lines, "photos": photos })
}

fn lines_of(
    view: &dyn View,
    office: &Office<'_>,
    number: usize,
    finding: &Entity,
    deadline: Option<Time>,
    points: Option<&u64>,
) -> Vec<String> {
    let catalogue = finding.reference("catalogue").and_then(|id| catalogue_of(view, id));
    let id = finding.text("item").unwrap_or_default();
    let item = catalogue.as_deref().and_then(|catalogue| catalogue.item(id));
    let codes = item.into_iter().flat_map(|item| &item.codes);
    let codes: Vec<_> = codes.map(|code| format!("{} {}", code.standard, code.code)).collect();
    let what = item.map_or(id, |item| item.name.zh.as_str());
    let codes = if codes.is_empty() { String::new() } else { format!("（{}）", codes.join("、")) };
    let mut lines = vec![format!("{number}. {what}{codes}")];
    if let Some(note) = finding.text("note") {
        lines.push(format!("问题描述：{note}"));
    }
    lines.push(format!("位置：{}", whereabouts(view, finding)));
    let points = points.filter(|points| **points > 0);
    let points = points.map(|points| format!("　扣分：{}.{:02}", points / 100, points % 100)).unwrap_or_default();
    let deadline = deadline.map_or_else(|| "—".to_owned(), |deadline| office.shown(deadline));
    lines.push(format!("发现时间：{}　整改时限：{deadline}{points}", office.shown(finding.at)));
    lines
}

/// The name of the known place, what was said of it, and the point to a tenth of a metre.
fn whereabouts(view: &dyn View, finding: &Entity) -> String {
    let place = finding.field("place");
    let text = |name: &str| place.and_then(|place| place.get(name)?.as_str());
    let degrees = |name: &str| place.and_then(|place| place.get(name)?.as_f64());
    let known = text("id").and_then(|id| view.entity(id.parse().ok()?));
    let named = known.as_deref().and_then(|known| known.text("name"));
    let words: Vec<&str> = named.into_iter().chain(text("words")).collect();
    let point = degrees("lat").zip(degrees("lon")).map(|(lat, lon)| format!("{lat:.6}, {lon:.6}"));
    match (words.join("，"), point) {
        (words, Some(point)) if !words.is_empty() => format!("{words}（{point}）"),
        (words, None) if !words.is_empty() => words,
        (_, point) => point.unwrap_or_else(|| "—".to_owned()),
    }
}

fn source(name: &str) -> &str {
    match name {
        "on_site" => "现场考核",
        "special_inspection" => "专项督查",
        "complaint" => "投诉",
        "media" => "媒体",
        "superior" => "上级交办",
        other => other,
    }
}
