//! What is shown of an error, in Chinese and English, by its code.

/// The words for `code`, Chinese and English. A code that is not listed, such as one of a newer server, is named.
pub(crate) fn words(code: &str) -> (String, String) {
    match WORDS.iter().find(|(known, ..)| *known == code) {
        Some((_, zh, en)) => ((*zh).to_owned(), (*en).to_owned()),
        None => (format!("服务器没有接受（{code}）"), format!("The server said no ({code}).")),
    }
}

const WORDS: &[(&str, &str, &str)] = &[
    // The phone's own.
    ("bad_field", "有一项填写不正确", "Something is not filled in correctly."),
    ("not_found", "没有找到", "It is not here."),
    ("not_enrolled", "本机还没有登记入网", "This phone is not enrolled yet."),
    ("locked", "记录本已锁定，请先输入密码", "The notebook is locked: enter a PIN first."),
    ("wrong_pin", "密码不对", "That is not the PIN."),
    ("pin_locked", "输错次数太多，请稍后再试", "Too many wrong PINs: wait a while."),
    ("sign_in_needed", "请联网登录", "Sign in online."),
    ("in_use", "记录本正在别处使用", "The notebook is in use elsewhere."),
    ("suspended", "记录本已暂停", "The notebook is suspended."),
    ("shut", "记录本已关闭", "The notebook was shut."),
    ("key_missing", "本机的密钥不见了，请重新登记", "This phone's key is gone: enrol again."),
    (
        "key_unavailable",
        "现在读不到本机的密钥，请解锁手机后再试",
        "The key cannot be read now: unlock the phone and try again.",
    ),
    ("key_wrong", "本机的密钥不是这个记录本的，请重新登记", "The key is not this notebook's: enrol again."),
    (
        "database_key_missing",
        "记录本已加密，本机找不到它的密钥，请保留数据并联系技术支持",
        "The notebook is encrypted and its key is gone: keep the data and ask for help.",
    ),
    (
        "database_key_wrong",
        "记录本已加密，本机的密钥打不开它，请保留数据并联系技术支持",
        "The notebook is encrypted with another key: keep the data and ask for help.",
    ),
    (
        "encrypted",
        "记录本已加密，这个版本的应用打不开，请升级应用",
        "The notebook is encrypted, and this version of the app cannot read it: update the app.",
    ),
    ("damaged", "记录本损坏了，请保留数据并联系技术支持", "The notebook is damaged: keep the data and ask for help."),
    ("outdated", "请升级应用", "Update the app."),
    ("storage_full", "存储空间已满，请清理后再试", "The storage is full: free some space and try again."),
    ("storage", "存储出错，已保存的不受影响", "The storage failed. What was saved is safe."),
    ("threads", "系统资源不足，请稍后再试", "The system is short of resources: try again later."),
    ("internal", "内部错误，已保存的不受影响", "Something went wrong inside. What was saved is safe."),
    ("busy", "正在同步，请稍候", "Busy: try again in a moment."),
    ("cancelled", "已取消", "Cancelled."),
    ("offline", "没有网络，已保存，稍后再同步", "No network. Everything is saved; sync later."),
    (
        "untrusted",
        "服务器的账本对不上，请联系管理员",
        "The server's ledger does not fit what was seen: ask the administrator.",
    ),
    // An op that was turned down.
    ("wrong_ledger", "这是另一个城市的服务器", "That is another city's server."),
    ("id_reused", "编号重复", "The id was used before."),
    ("wrong_kind", "对象的类别不对", "It is of another kind."),
    ("exists", "已经存在", "It exists already."),
    ("not_allowed", "没有权限", "You are not allowed to do this."),
    ("no_session", "没有登录", "Nobody was signed in."),
    ("wrong_session", "登录信息不符", "The login is somebody else's."),
    ("state_changed", "状态已经变了，请刷新后再试", "It has changed meanwhile: look again."),
    ("no_conflict", "没有争议需要裁决", "There is no conflict to decide."),
    ("disputed", "有字段存在争议，请先裁决", "People disagree about a field: decide that first."),
    ("no_calendar", "这一年的工作日历还没有设置", "Nobody has set the calendar of that year."),
    ("evidence_missing", "照片还没有传齐", "Photos that this needs are not here yet."),
    ("own_case", "不能处理自己或本单位的事项", "Nobody decides about their own case."),
    ("unit_empty", "该单位没有可以签收的人", "The unit has nobody who could sign."),
    ("deadline_passed", "期限不能早于现在或原定期限", "The deadline would lie in the past."),
    ("appealed_before", "已经申诉过一次", "The unit has appealed before."),
    ("on_notice", "该问题在督办单上，请先撤回督办单", "It stands on a notice: withdraw that first."),
    ("ledger_only", "只有服务器可以这样做", "Only the server may do this."),
    // A request that was turned away.
    ("malformed", "服务器看不懂这个请求，请升级应用", "The server cannot read this: update the app."),
    ("too_large", "内容太大", "It is too large."),
    ("bad_signature", "签名不对，请联系管理员", "The signature is wrong: ask the administrator."),
    ("unknown_device", "服务器不认识本机，请重新登记", "The server does not know this phone: enrol again."),
    ("wrong_password", "用户名或密码不正确", "The name or the password is not right."),
    ("cross_site", "请求来自其他网站，已拒绝", "The request came from another site and was turned away."),
    ("bad_token", "登录已失效，请重新登录", "The login is no longer valid: sign in again."),
    ("device_revoked", "本机已被停用，请重新登记", "This phone was revoked: enrol again."),
    ("user_retired", "该用户已离职", "This user has left."),
    ("bad_code", "邀请码无效或已使用", "The invitation is not valid or was used."),
    ("not_built", "服务器不含此功能", "The server was built without it."),
    ("no_font", "服务器没有设置可用的中文字体", "The server has no font with Chinese."),
    ("too_many", "请求太频繁，请稍后再试", "Too many requests: wait a while."),
    ("unavailable", "服务器暂时不可用，请稍后再试", "The server is not available: try again later."),
    ("bad_method", "服务器不支持这个操作，请升级应用", "The server does not take this: update the app."),
    (
        "ledger_rolled_back",
        "服务器刚恢复过备份，请联系管理员",
        "The server was restored from a backup: ask the administrator.",
    ),
    ("timeout", "服务器没有及时答复，请稍后再试", "The server took too long: try again later."),
    ("new_epoch", "服务器恢复过备份，请再同步一次", "The server was restored from a backup: sync again."),
    // A file that was turned away.
    ("hash_mismatch", "照片在途中损坏，将重新发送", "The photo was damaged on its way and is sent again."),
    ("offset_mismatch", "上传位置不符，将继续发送", "The upload goes on where the server stands."),
    ("upload_gone", "上传已失效，将重新发送", "The upload is gone and begins again."),
    ("quota_full", "本机上传太多，请先同步记录", "This phone has uploaded too much: sync the records first."),
    ("blob_damaged", "服务器上的照片损坏了", "The photo at the server is damaged."),
    ("bad_version", "上传协议版本不符，请升级应用", "The server speaks another version: update the app."),
    ("bad_range", "请求的范围不对", "That is outside the file."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use xuncha_core::model::Code;

    use super::*;

    #[test]
    fn every_code_of_this_version_has_words_of_its_own() {
        for code in Code::ALL {
            let (zh, _) = words(code.as_str());
            assert!(!zh.contains(code.as_str()), "{code} has no words");
        }
        let codes: BTreeSet<_> = WORDS.iter().map(|(code, ..)| code).collect();
        assert_eq!(codes.len(), WORDS.len(), "a code is there twice");
    }

    #[test]
    fn the_words_are_in_their_languages() {
        let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for (code, zh, en) in WORDS {
            assert!(is_chinese(zh) && !is_chinese(en) && en.ends_with('.'), "{code}");
        }
        assert_eq!(words("brand_new").1, "The server said no (brand_new).");
    }
}
