//! States and the like in the words of the field.

use xuncha_core::model::TimeLimit;
use xuncha_core::model::catalogue::Clock;
use xuncha_core::plan::Standing;

const STATUSES: [(&str, &str); 11] = [
    ("reported", "已上报"),
    ("filed", "已立案"),
    ("declined", "不予立案"),
    ("duplicate", "重复上报"),
    ("fixed_on_the_spot", "当场整改"),
    ("dispatched", "已派遣"),
    ("noticed", "已督办"),
    ("replied", "已反馈"),
    ("returned", "返工"),
    ("closed", "已结案"),
    ("void", "已作废"),
];

/// States of a finding, in the order of its way.
pub fn statuses() -> impl Iterator<Item = &'static str> {
    STATUSES.iter().map(|(code, _)| *code)
}

/// A finding's state in Chinese; one that this version does not know stays as it is.
pub fn status(code: &str) -> &str {
    said(&STATUSES, code)
}

pub(super) fn severity(code: &str) -> &str {
    said(&[("low", "低"), ("medium", "中"), ("high", "高"), ("urgent", "紧急")], code)
}

pub(super) fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::None => "",
        Standing::Running => "时限内",
        Standing::Suspended => "挂账",
        Standing::Overdue => "超期",
        Standing::OnTime => "按期完成",
        Standing::Late => "逾期完成",
    }
}

pub(super) fn notice_status(code: &str) -> &str {
    let words = [
        ("draft", "拟稿"),
        ("issued", "已签发"),
        ("signed_for", "已签收"),
        ("replied", "已反馈"),
        ("returned", "返工"),
        ("closed", "已结案"),
        ("withdrawn", "已撤销"),
        ("repeated", "已再次督办"),
        ("void", "已作废"),
    ];
    said(&words, code)
}

pub(super) fn appeal(result: &str) -> &str {
    said(&[("granted", "成立"), ("rejected", "不成立")], result)
}

pub(super) fn vote(says: &str) -> &str {
    said(&[("grant", "同意"), ("reject", "驳回")], says)
}

/// A time limit, such as `2 个工作日`.
pub(super) fn limit(limit: TimeLimit) -> String {
    let of = match limit.clock {
        Clock::UrgentHour => "个紧急工作时",
        Clock::WorkingHour => "个工作时",
        Clock::WorkingDay if limit.amount == 0 => return "当日（工作日）".into(),
        Clock::CalendarDay if limit.amount == 0 => return "当日".into(),
        Clock::WorkingDay => "个工作日",
        Clock::CalendarDay => "个自然日",
    };
    format!("{} {of}", limit.amount)
}

fn said<'a>(words: &[(&str, &'a str)], code: &'a str) -> &'a str {
    words.iter().find(|(known, _)| *known == code).map_or(code, |(_, word)| word)
}
