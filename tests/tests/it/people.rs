//! Who may say what, from which phone, and until when.

use serde_json::{Value, json};
use xuncha_core::model::{Code, EntityId, Time};
use xuncha_core::op::OpDraft;
use xuncha_core::protocol::{EnrolReply, PullRequest, Token, Verdict};
use xuncha_tests::harness::{RawPhone, TestServer};

fn refused(verdict: &Verdict) -> (Code, &str) {
    match verdict {
        Verdict::Refused { code, detail, .. } => (code.clone(), detail),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_does_not_allow_it_is_told_which_right_is_missing() {
    let server = TestServer::start().await;
    let mut leader = RawPhone::new(&server, "周局", &["leader"]).await;
    let (_, record) = leader.record("无权");
    let user = leader.draft("user.add", None, &json!({ "name": "某", "roles": { "admin": true } }));
    let user = leader.say(&user);
    let login = leader.draft("session.open", None, &json!({ "user": leader.user, "line": leader.line, "roles": {} }));
    let login = leader.say(&login);
    let verdicts = leader.push(&[record, user, login]).await;
    assert_eq!(refused(&verdicts[0]), (Code::NotAllowed, "finding.record"));
    assert_eq!(refused(&verdicts[1]), (Code::NotAllowed, "user.manage"));
    assert_eq!(refused(&verdicts[2]), (Code::LedgerOnly, "session.open"));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_op_without_its_user_or_under_anothers_login_is_refused() {
    let server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let other = RawPhone::new(&server, "李强", &["inspector"]).await;
    let body = json!({ "item": "SR-1" });
    type Spoil<'a> = &'a dyn Fn(&mut OpDraft);
    let spoils: [(Spoil<'_>, Code); 4] = [
        (&|draft| draft.user = None, Code::NoSession),
        (&|draft| draft.session = None, Code::NoSession),
        (&|draft| draft.session = Some(other.session), Code::WrongSession),
        (&|draft| draft.user = Some(other.user), Code::WrongSession),
    ];
    for (spoil, code) in spoils {
        let mut draft = phone.draft("finding.record", None, &body);
        spoil(&mut draft);
        let text = phone.say(&draft);
        assert_eq!(refused(&phone.push_one(&text).await).0, code);
    }
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_while_still_an_inspector_counts_and_what_is_decided_after_does_not() {
    let server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "赵敏", &["acceptor"]).await;
    let (finding, record) = phone.record("撤职之前看到");
    server.office.change("user.amend", phone.user, json!({ "roles": { "acceptor": null, "leader": true } }));
    phone.settle(&record).await;
    let mut void = phone.draft("finding.void", Some(finding), &json!({ "reason": "不算" }));
    void.from = Some("reported".into());
    let void = phone.say(&void);
    assert_eq!(refused(&phone.push_one(&void).await), (Code::NotAllowed, "finding.void"));
    server.office.change("user.retire", phone.user, json!({}));
    let (_, late) = phone.record("离职之后才传到");
    phone.settle(&late).await;
    let void = phone.draft("finding.void", Some(finding), &json!({ "reason": "不算" }));
    let void = phone.say(&void);
    assert_eq!(refused(&phone.push_one(&void).await), (Code::NotAllowed, "the user has left"));
    assert_eq!(phone.try_pull(&PullRequest::default()).await.code(), "user_retired");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_older_than_thirty_days_no_longer_carries_the_rights_it_had() {
    let server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    server.office.change("user.amend", phone.user, json!({ "roles": { "inspector": null, "leader": true } }));
    server.clock.pass_days(30);
    let (_, last) = phone.record("第三十天");
    phone.settle(&last).await;
    server.clock.pass(1);
    let (_, late) = phone.record("第三十一天");
    assert_eq!(refused(&phone.push_one(&late).await), (Code::NotAllowed, "finding.record"));
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_phone_says_everything_again_under_a_new_key_and_it_counts_once() {
    let server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let (_, before) = phone.record("撤销之前");
    let index = phone.settle(&before).await;
    server.office.revoke(&phone.device);
    let (finding, text) = phone.record("撤销之后");
    assert_eq!(phone.push_one(&text).await, Verdict::Held { missing: vec!["device:revoked".into()] });
    assert_eq!(server.office.outside(), std::slice::from_ref(&text));
    assert_eq!(phone.try_pull(&PullRequest::default()).await.code(), "device_revoked");
    let code = server.office.invite(phone.user);
    assert_eq!(phone.enrol(&code).await.code(), "device_revoked", "the old key stays out");

    phone.take_new_key();
    phone.signed_in(phone.enrol(&server.office.invite(phone.user)).await.read());
    let mut verdicts = Vec::new();
    for text in [&before, &text] {
        let chain = xuncha_core::op::Chain {
            n: xuncha_core::op::Op::parse(text).unwrap().chain.unwrap().n,
            ..phone.draft("finding.record", None, &json!({})).chain.unwrap()
        };
        let again = OpDraft::resay(text, chain, None).unwrap();
        let again = phone.say(&again);
        verdicts.push(phone.push_one(&again).await);
    }
    assert_eq!(verdicts[0].clone().into_final().unwrap().index(), index);
    assert!(matches!(verdicts[0], Verdict::Duplicate { .. }), "{verdicts:?}");
    assert!(matches!(verdicts[1], Verdict::Accepted { .. }), "{verdicts:?}");
    assert_eq!(server.office.entity(finding).text("note"), Some("撤销之后"));
    assert!(server.office.outside().is_empty());
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_enrolment_reply_costs_nothing_and_the_code_serves_no_other_key() {
    let server = TestServer::start().await;
    let user = server.office.user("王芳", &["inspector"], &[]);
    let code = server.office.invite(user);
    let mut phone = RawPhone::blank(&server.url(), server.office.ledger, server.host());
    let lost: EnrolReply = phone.enrol(&code).await.read();
    let size = server.office.size();
    let again: EnrolReply = phone.enrol(&code).await.read();
    assert_eq!((again.device, again.user, again.session), (lost.device, lost.user, lost.session));
    assert_ne!(again.token, lost.token);
    assert_eq!(server.office.size(), size, "asked twice, enrolled once");
    let stranger = RawPhone::blank(&server.url(), server.office.ledger, server.host());
    assert_eq!(stranger.enrol(&code).await.code(), "bad_code");
    phone.signed_in(again);
    let (_, text) = phone.record("登记之后");
    phone.settle(&text).await;
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_or_expired_code_or_a_false_signature_enrols_nobody() {
    let server = TestServer::start().await;
    let user = server.office.user("王芳", &["inspector"], &[]);
    let code = server.office.invite(user);
    let mut phone = RawPhone::blank(&server.url(), server.office.ledger, server.host());
    assert_eq!(phone.enrol("not-a-code").await.code(), "bad_code");
    let right = phone.ledger;
    phone.ledger = xuncha_core::model::LedgerId(uuid::Uuid::from_u128(9));
    assert_eq!(phone.enrol(&code).await.code(), "bad_signature");
    phone.ledger = right;
    server.clock.pass_days(3);
    assert_eq!(phone.enrol(&code).await.code(), "bad_code");
    let retired = server.office.user("离职", &["inspector"], &[]);
    let code = server.office.invite(retired);
    server.office.change("user.retire", retired, json!({}));
    assert_eq!(phone.enrol(&code).await.code(), "user_retired");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_ten_years_off_is_noted_and_nothing_is_refused_for_it() {
    let server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let now = server.clock.now();
    let decade = 3652 * 24 * 60 * 60 * 1000_i64;
    let cases: [(Time, Option<i64>, Value); 5] = [
        (now.plus_millis(decade), None, json!("ahead")),
        (now.plus_millis(-decade), None, json!("behind")),
        (now.plus_millis(decade), Some(-decade), Value::Null),
        (Time::from_millis(i64::MAX), Some(i64::MAX), json!("ahead")),
        (Time::from_millis(i64::MIN), Some(i64::MIN), json!("behind")),
    ];
    for (wall, offset, doubt) in cases {
        let mut draft = phone.draft("finding.record", None, &json!({ "item": "SR-1" }));
        (draft.at.wall, draft.at.offset) = (wall, offset);
        let text = phone.say(&draft);
        let index = phone.settle(&text).await;
        assert_eq!(server.office.entry(index).1["clock"], doubt, "{wall} {offset:?}");
    }
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_enrols_with_another_users_notebook() {
    let server = TestServer::start().await;
    let victim = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let user = server.office.user("李强", &["inspector"], &[]);
    let code = server.office.invite(user);
    let mut thief = RawPhone::blank(&server.url(), server.office.ledger, server.host());
    thief.line = victim.line;
    let problem = thief.enrol(&code).await.problem();
    assert!(problem.detail.is_some_and(|detail| detail.starts_with("line:")));
    let mut again = victim.clone();
    again.take_new_key();
    let code = server.office.invite(victim.user);
    assert_eq!(again.enrol(&code).await.status, 200, "the same user goes on with a new key");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_known_signs_further_users_in_for_its_own_notebook_only() {
    let server = TestServer::start().await;
    let mut phone = RawPhone::new(&server, "王芳", &["inspector"]).await;
    let (first, line) = (phone.user, phone.line);
    let (_, by_first) = phone.record("王芳说的");
    let second = server.office.user("李强", &["inspector"], &[]);
    let size = server.office.size();
    phone.signed_in(phone.enrol(&server.office.invite(second)).await.read());
    assert_eq!(server.office.size(), size + 1, "a login, no second device");
    let login = server.office.entity(phone.session);
    assert_eq!((login.reference("user"), login.text("line")), (Some(second), Some(line.to_string().as_str())));
    let (_, by_second) = phone.record("李强说的");
    let verdicts = phone.push(&[by_first.clone(), by_second.clone()]).await;
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Accepted { .. })), "{verdicts:?}");

    // Verdicts are the notebook's, whoever asks; another notebook's are not given.
    let open = [&by_first, &by_second].map(|text| RawPhone::id_of(text)).to_vec();
    let asked = PullRequest { open, ..PullRequest::default() };
    assert_eq!(phone.pull(&asked).await.verdicts.len(), 2);
    let other = RawPhone::new(&server, "赵敏", &["inspector"]).await;
    assert!(other.pull(&asked).await.verdicts.is_empty());

    // Neither the key for another notebook nor another key for this one.
    phone.line = xuncha_core::model::LineId(server.host().uuid());
    let problem = phone.enrol(&server.office.invite(first)).await.problem();
    assert_eq!((problem.code, problem.detail.is_some_and(|detail| detail.starts_with("line:"))), (Code::BadCode, true));
    phone.line = line;
    let third = server.office.user("第三人", &["inspector"], &[]);
    phone.take_new_key();
    assert_eq!(phone.enrol(&server.office.invite(third)).await.code(), "bad_code");
    assert_eq!(phone.enrol(&server.office.invite(second)).await.status, 200, "who was signed in there goes on");
    assert_eq!(phone.enrol(&server.office.invite(third)).await.status, 200, "and lets others in");
    server.check_all();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_for_everybody_whose_token_is_good_on_that_device_and_for_nobody_else() {
    let server = TestServer::start().await;
    let [north, south] = [("北", 0.0), ("南", 20.0)]
        .map(|(name, from)| server.office.area(name, &xuncha_tests::harness::square(from, from + 10.0)));
    let [a, b] = [north, south].map(|area| server.office.user("巡查", &["inspector"], &[area]));
    let mut phone = RawPhone::of(&server, a).await;
    let tokens = [phone.token.clone(), {
        phone.signed_in(phone.enrol(&server.office.invite(b)).await.read());
        phone.token.clone()
    }];
    let elsewhere = RawPhone::of(&server, b).await;
    let area = |id| xuncha_core::plan::Scope::area(id);
    let with =
        |also: Vec<(EntityId, Token)>| PullRequest { also: also.into_iter().collect(), ..PullRequest::default() };

    let alone = phone.pull(&with(vec![])).await;
    assert!(alone.joined.contains(&area(south)) && !alone.joined.contains(&area(north)));
    let both = phone.pull(&with(vec![(a, tokens[0].clone())])).await;
    assert!(both.joined.contains(&area(south)) && both.joined.contains(&area(north)) && both.signed_out.is_empty());

    // Not known, another device's, another user's: named, and nothing is shown for them.
    phone.token = tokens[0].clone();
    let nobody = Token::new("nobody".into());
    for token in [nobody, elsewhere.token.clone(), tokens[0].clone()] {
        let page = phone.pull(&with(vec![(b, token)])).await;
        assert_eq!(page.signed_out, [(b, Code::BadToken)].into());
        assert!(!page.joined.contains(&area(south)));
    }
    let many = (0..21).map(|_| (EntityId(server.host().uuid()), tokens[1].clone())).collect();
    let problem = phone.try_pull(&with(many)).await.problem();
    assert!(problem.code == Code::Malformed && problem.detail.is_some_and(|detail| detail.starts_with("also:")));

    // Who has left is named, whosever token the request came with; nobody is left: turned away.
    server.office.change("user.retire", a, json!({}));
    let page = phone.pull(&with(vec![(b, tokens[1].clone())])).await;
    assert_eq!(page.signed_out, [(a, Code::UserRetired)].into());
    assert!(page.joined.contains(&area(south)) && !page.joined.contains(&area(north)));
    assert_eq!(phone.try_pull(&with(vec![])).await.code(), "user_retired");
    server.check_all();
}
