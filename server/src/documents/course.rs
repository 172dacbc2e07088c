//! How a notice (督办单) went on, as its paper says it: what became of each finding while it stood on it, and the appeal.

use serde_json::Value;
use xuncha_core::model::{Entity, EntityId, Notice, Photo, Time, Vote};

use super::City;
use super::columns::standing_of;
use super::notice::Paper;
use super::sheet::{Part, Table, numbered, say};
use super::{status_of, words};

/// Photos of how it is now, of all findings that are still on the notice, that were not on the face.
pub(super) fn taken_after(notice: &Notice, paper: &Paper<'_>) -> Vec<String> {
    let on = paper.findings.iter().filter(|finding| !notice.struck.contains(&finding.id));
    let photos = on.flat_map(|finding| finding.members("photos"));
    let photos = photos.filter_map(|(_, photo)| serde_json::from_value::<Photo>(photo.clone()).ok());
    let after = photos.filter(|photo| photo.shows.as_deref() == Some("after"));
    after.map(|photo| photo.original.to_string()).filter(|hash| !paper.face.photos.contains(&hash.as_str())).collect()
}

/// What has become of each finding, and of the notice as a whole.
pub(super) fn course<'a>(notice: &Notice, paper: &Paper<'_>, city: &City) -> Option<Part<'a>> {
    let on = numbered(notice, paper.findings).filter(|(_, finding)| !notice.struck.contains(&finding.id));
    let mut tables: Vec<(usize, Table)> =
        on.map(|(number, finding)| (number, became(number, finding, notice, paper, city))).collect();
    let off = (1..).zip(&notice.findings).filter(|(_, id)| notice.struck.contains(id));
    tables.extend(off.map(|(number, id)| (number, left(number, *id, notice, paper.notice, city))));
    tables.sort_by_key(|(number, _)| *number);
    let mut tables: Vec<Table> = tables.into_iter().map(|(_, table)| table).collect();
    if notice.appeal.is_some() || notice.reason.is_some() {
        tables.push(appeal(notice, city));
    }
    let title = format!("办理情况（截至 {}）", city.shown(city.now()));
    (!tables.is_empty()).then_some(Part::Tables { title, tables })
}

/// A finding that stands on the notice no more: why, and until when it had been to be rectified. What happened to it
/// since is not this notice's.
fn left(number: usize, finding: EntityId, notice: &Notice, entity: &Entity, city: &City) -> Table {
    let struck = &entity.stamps.of(&format!("struck/{finding}")).op;
    let with = |field: &str| entity.field(field).is_some() && entity.stamps.of(field).op == *struck;
    let next = || entity.reference("next").and_then(|next| city.number_of(next)).unwrap_or_default();
    let why = match notice.status.as_str() {
        _ if with("next") => Some(format!("再次督办 {}", next()).trim_end().to_owned()),
        _ if with("appeal_result") => Some("申诉成立".to_owned()),
        "withdrawn" if with("reason") => Some("督办单撤销".to_owned()),
        // Where two notices repeat this one, it names the later alone.
        _ if entity.field("next").is_some() => None,
        // Until law 6 a unit could give back what stood on a notice.
        _ => Some("责任单位退回".to_owned()),
    };
    let mut table = Table::new();
    say(&mut table, format!("第 {number} 项"), Some("已移出本督办单"));
    say(&mut table, "移出原因", why);
    say(&mut table, "原定截止时间", notice.deadlines.get(&finding).map(|time| city.shown(*time)));
    table
}

/// What has become of one finding.
fn became(number: usize, finding: &Entity, notice: &Notice, paper: &Paper<'_>, city: &City) -> Table {
    let time = |name: &str| finding.text(name).and_then(|text| text.parse().ok());
    let shown = |time: Option<Time>| time.map(|time| city.shown(time));
    let mut table = Table::new();
    say(&mut table, format!("第 {number} 项"), Some(words::status(status_of(finding))));
    let (deadline, first) = (time("deadline"), notice.deadlines.get(&finding.id).copied());
    say(&mut table, "原定截止时间", shown(first.filter(|first| deadline.is_some_and(|now| now != *first))));
    say(&mut table, "截止时间", shown(deadline));
    say(&mut table, "时限情况", Some(standing_of(finding, city)).filter(|standing| !standing.is_empty()));
    say(&mut table, "申请延期至", shown(time("wanted")));
    say(&mut table, "延期理由", finding.text("wanted_because"));
    say(&mut table, "延期未准", shown(time("refused_at")));
    say(&mut table, "未准理由", finding.text("refused_because"));
    say(&mut table, "挂账理由", finding.text("suspended"));
    say(&mut table, "豁免理由", finding.text("exempt"));
    if let Some(reply) = finding.text("reply") {
        let stamp = finding.stamps.of("reply");
        say(&mut table, "整改情况", Some(reply));
        say(&mut table, "反馈人", stamp.by.and_then(|by| city.person(by)));
        say(&mut table, "反馈时间", shown(time("replied").or_else(|| city.moment(stamp.index))));
    }
    say(&mut table, "返工次数", finding.field("rework").and_then(Value::as_u64).map(|times| times.to_string()));
    checked(&mut table, finding, paper.notice, city);
    say(&mut table, "结案时间", shown(time("closed")));
    table
}

/// Who found what at the last check, and when: it was closed, or returned for rework at some time.
fn checked(table: &mut Table, finding: &Entity, notice: &Entity, city: &City) {
    let closed = status_of(finding) == "closed" && finding.field("closed").is_some();
    let (field, verdict) = if closed { ("closed", "通过") } else { ("rework", "不通过，返工") };
    if finding.field(field).is_none() {
        return;
    }
    let stamp = finding.stamps.of(field);
    // What was found before it came onto this notice is not about it.
    if notice.field("issued").is_some() && stamp.index <= notice.stamps.of("issued").index {
        return;
    }
    // What a check says in words is of the same op as what it decides; what an older one said is not its own.
    let own = |name: &str| finding.text(name).filter(|_| finding.stamps.of(name).op == stamp.op);
    say(table, "核查结论", Some(verdict));
    say(table, "核查人", stamp.by.and_then(|by| city.person(by)));
    say(table, "核查时间", city.moment(stamp.index).map(|time| city.shown(time)));
    say(table, "核查意见", own("check").or_else(|| own("reason")));
    say(table, "原件不全的说明", own("override"));
}

/// The appeal, what was said about it, and why the notice ended otherwise.
fn appeal(notice: &Notice, city: &City) -> Table {
    let mut table = Table::new();
    let time = |time: Option<Time>| time.map(|time| city.shown(time));
    if let Some(appeal) = &notice.appeal {
        let numbers = (1..).zip(&notice.findings).filter(|(_, id)| notice.appeal_of.contains(id));
        let numbers: Vec<_> = numbers.map(|(number, _): (usize, _)| format!("第 {number} 项")).collect();
        say(&mut table, "申诉", Some(appeal));
        say(&mut table, "申诉范围", Some(if numbers.is_empty() { "全部".to_owned() } else { numbers.join("、") }));
        say(&mut table, "申诉时间", time(notice.appealed));
        for Vote { by, says, because, at } in &notice.votes {
            let who = by.and_then(|by| city.person(by)).unwrap_or("—");
            let because = because.as_deref().map(|because| format!("：{because}")).unwrap_or_default();
            let at = at.map(|at| city.shown(at)).unwrap_or_default();
            say(&mut table, "审议意见", Some(format!("{who} {at} {}{because}", words::vote(says))));
        }
        say(&mut table, "申诉结果", notice.appeal_result.as_deref().map(words::appeal));
        say(&mut table, "审结时间", time(notice.heard));
    }
    say(&mut table, "撤销理由", notice.reason.as_deref());
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use xuncha_core::model::Stamp;

    use super::super::tests::{case_with_reply, city, entity, id, notice, page_in};
    use super::*;

    fn stamp(entity: &mut Entity, field: &str, op: u64, index: u64) {
        let stamp: Stamp = serde_json::from_value(json!([id(op), index, null, 0, null])).unwrap();
        entity.stamps.later.insert(field.to_owned(), stamp);
    }

    fn set(entity: &mut Entity, field: &str, value: Value, (op, index): (u64, u64)) {
        entity.fields.insert(field.to_owned(), value);
        stamp(entity, field, op, index);
    }

    /// The notice with findings 1 to 4 on it, issued by op 8.
    fn issued() -> Entity {
        let mut notice = notice();
        notice.fields.remove("appeal_result");
        for number in 1..=4 {
            set(&mut notice, &format!("findings/{}", id(number)), json!(true), (7, 7));
            set(&mut notice, &format!("deadlines/{}", id(number)), json!("2026-11-27T09:00:00.000Z"), (8, 8));
        }
        set(&mut notice, "issued", json!("2026-11-26T02:00:00.000Z"), (8, 8));
        notice
    }

    #[test]
    fn what_left_a_notice_is_shown_as_gone_and_not_with_its_later_life() {
        let mut notice = issued();
        set(&mut notice, "next", json!(id(0xD2)), (20, 20));
        set(&mut notice, &format!("struck/{}", id(2)), json!(true), (20, 20));
        set(&mut notice, "appeal_result", json!("granted"), (21, 21));
        set(&mut notice, &format!("struck/{}", id(3)), json!(true), (21, 21));
        let (mut elsewhere, mut city) = (case_with_reply(), city());
        elsewhere.id = id(2).parse().unwrap();
        city.add_notice(&entity("notice", &id(0xD2), json!({ "number": "督〔2026〕第0002号" })));
        // A unit that has it no more is not even told of it by the feed: what the notice says itself is enough.
        for findings in [vec![elsewhere], Vec::new()] {
            let page = page_in(&notice, &findings, &city);
            for said in ["再次督办 督〔2026〕第0002号", "申诉成立", "已移出本督办单", "2026-11-27 17:00:00"]
            {
                assert!(page.contains(said), "{said}: {page}");
            }
            for later in ["已清理", "没清完", "返工次数", "整改后照片", "督办单撤销"] {
                assert!(!page.contains(later), "{later}: {page}");
            }
        }
        notice.fields.remove("next");
        set(&mut notice, &format!("struck/{}", id(4)), json!(true), (22, 22));
        assert!(page_in(&notice, &[], &city).contains("责任单位退回"));
        set(&mut notice, "status", json!("withdrawn"), (23, 23));
        set(&mut notice, "reason", json!("发错单位"), (23, 23));
        set(&mut notice, &format!("struck/{}", id(1)), json!(true), (23, 23));
        let page = page_in(&notice, &[], &city);
        assert!(page.contains("<td>督办单撤销</td>") && page.contains("发错单位"), "{page}");
    }

    #[test]
    fn the_limit_and_the_checks_on_paper_are_those_of_the_notice() {
        let (mut notice, mut case, city) = (issued(), case_with_reply(), city());
        // Written by the issue, and still there.
        set(&mut case, "limit", json!({ "amount": 3, "clock": "working_day" }), (8, 8));
        assert!(page_in(&notice, &[case.clone()], &city).contains("<td>3 个工作日</td>"));
        // Sent again with another limit: what the item says is what the notice took.
        set(&mut case, "limit", json!({ "amount": 9, "clock": "calendar_day" }), (9, 9));
        let page = page_in(&notice, &[case.clone()], &city);
        assert!(!page.contains("9 个自然日") && page.contains("时限类型"), "{page}");
        assert!(page.contains("不通过，返工"), "{page}");
        set(&mut notice, &format!("limits/{}", id(1)), json!({ "amount": 5, "clock": "urgent_hour" }), (7, 7));
        assert!(page_in(&notice, &[case.clone()], &city).contains("<td>5 个紧急工作时</td>"));
        // It had come back before it was put on this notice.
        stamp(&mut case, "rework", 5, 5);
        assert!(!page_in(&notice, &[case], &city).contains("不通过，返工"));
    }

    #[test]
    fn a_notice_says_in_whose_name_it_was_issued_and_who_signed_for_it() {
        let (notice, mut city) = (issued(), city());
        let page = page_in(&notice, &[], &city);
        assert!(page.contains("<th>签发单位</th><td>某市</td>"), "{page}");
        city.add_signer(notice.id, &entity("user", &id(0xB1), json!({ "name": "孙丽" })));
        assert!(page_in(&notice, &[], &city).contains("签收人：孙丽"));
    }
}
