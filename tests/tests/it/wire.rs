//! Golden files of everything that crosses the wire or is hashed: read and written as they stand,
//! for ever. A file is never edited; a new form is a new file. `XUNCHA_WRITE_GOLDEN=1` writes the
//! files that are missing, and no others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;
use xuncha_core::model::{
    BlobRef, Code, Cursor, DeviceId, Entity, EntityId, Hash, LedgerId, LineId, OpId, Rival, Stamp, Stamps, Time,
    Version,
};
use xuncha_core::op::{At, Chain, DeviceKey, Op, OpDraft, Push, Salt, Seen, enrol_message, push_message};
use xuncha_core::plan::{Accepted, Facts, Outcome, Scope, law_table};
use xuncha_core::proof::leaf_hash;
use xuncha_core::protocol::{
    EnrolReply, EnrolRequest, Final, LedgerInfo, OpVerdict, Problem, PullReply, PullRequest, PushReply, Row, Token,
    Verdict,
};
use zeroize::Zeroizing;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wire")
}

/// The golden text called `name`; written from `fresh` when it is missing and that was asked for.
fn golden(name: &str, fresh: &str) -> String {
    let file = folder().join(name);
    if !file.exists() && std::env::var_os("XUNCHA_WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::File::create(&file)
            .and_then(|mut file| std::io::Write::write_all(&mut file, format!("{fresh}\n").as_bytes()))
            .unwrap();
    }
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.trim_end_matches('\n').to_owned()
}

/// Reads and writes the golden form of `value` both ways, and reads it with a member it has never heard of.
fn both_ways<T: Serialize + DeserializeOwned>(name: &str, value: &T) {
    let text = golden(name, &serde_json::to_string(value).unwrap());
    assert_eq!(serde_json::to_string(value).unwrap(), text, "{name}: written otherwise than before");
    let back: T = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), text, "{name}: read and written is not the same");
    let mut newer: Value = serde_json::from_str(&text).unwrap();
    newer.as_object_mut().unwrap().insert("from_a_newer_version".into(), json!({ "x": [1, 2] }));
    let read: T = serde_json::from_str(&newer.to_string()).unwrap_or_else(|error| panic!("{name}: {error}"));
    drop(read);
}

const LEDGER: LedgerId = LedgerId(Uuid::from_u128(0x0197_6b2e_7c00_7000_8000_0000_0000_0001));

fn id(n: u128) -> EntityId {
    EntityId(Uuid::from_u128(0x0197_6b2e_7c00_7000_8000_0000_0000_1000 + n))
}

fn key() -> DeviceKey {
    DeviceKey::from_seed(&Zeroizing::new([7; 32]))
}

fn time() -> Time {
    Time::from_millis(1_795_492_665_123)
}

fn info() -> LedgerInfo {
    let (name, zone) = ("临江市".to_owned(), "Asia/Shanghai".to_owned());
    LedgerInfo {
        ledger: LEDGER,
        name,
        zone,
        key: key().public(),
        epoch: 1,
        floors: BTreeMap::new(),
        law: 1,
        time: time(),
    }
}

/// An op of a device with every member there can be.
fn draft() -> OpDraft {
    let body = json!({
        "item": "SR-1", "note": "占道堆物 😀", "severity": "high", "tags": { "夜间": true },
        "place": { "lat": 31.2304, "lon": 121.4737, "accuracy": 8.5, "provider": "gps", "words": "人民路12号" },
        "photos": { "p1": { "original": Hash::of(b"photo"), "taken": time(), "source": "camera" } },
    });
    OpDraft {
        id: OpId(id(1).0),
        ledger: LEDGER,
        chain: Some(Chain {
            device: key().public().device(),
            seq: 2,
            prev: Some(Hash::of(b"before")),
            line: LineId(id(2).0),
            n: 9,
        }),
        user: Some(id(3)),
        session: Some(id(4)),
        origin: None,
        kind: "finding.record".into(),
        v: 1,
        entity: id(1),
        body: RawValue::from_string(body.to_string()).unwrap(),
        base: Some(Version { epoch: 1, index: 41 }),
        from: Some("reported".into()),
        at: At { wall: time(), zone: "Asia/Shanghai".into(), mono: Some(123_456), offset: Some(-250) },
        seen: Some(Seen { epoch: 1, size: 42, root: Hash::of(b"root") }),
        blobs: vec![BlobRef {
            hash: Hash::of(b"photo"),
            len: 5,
            media_type: "image/jpeg".into(),
            role: "original".into(),
        }],
        salt: Salt([9; 16]),
        supersedes: Some(OpId(id(5).0)),
    }
}

fn verdicts() -> Vec<Verdict> {
    vec![
        Verdict::Accepted { index: 1 },
        Verdict::Conflict { index: 2, task: id(6) },
        Verdict::Refused { index: 3, code: Code::BadField, detail: "note: must be text".into() },
        Verdict::Duplicate { original: Final::Accepted { index: 1 } },
        Verdict::Held { missing: vec![format!("entity:{}", id(7)), "kind:finding.praise/1".into()] },
        Verdict::Fork,
        Verdict::Unreadable { code: "nul".into(), detail: "NUL at byte 7".into() },
    ]
}

fn entity() -> Entity {
    let stamp =
        |op: u128, index, n| Stamp { op: OpId(id(op).0), index, line: Some(LineId(id(2).0)), n, by: Some(id(3)) };
    Entity {
        id: id(1),
        kind: "finding".into(),
        index: 44,
        by: Some(id(3)),
        at: time(),
        fields: [
            ("item".to_owned(), json!("SR-1")),
            ("photos/p1".to_owned(), json!({ "original": Hash::of(b"photo") })),
        ]
        .into(),
        stamps: Stamps { first: stamp(1, 42, 9), later: [("note".to_owned(), stamp(8, 43, 10))].into() },
        rivals: [("note".to_owned(), vec![Rival { stamp: stamp(9, 44, 3), value: json!("另一种说法") }])].into(),
    }
}

/// Facts as the first law wrote them.
fn of_law_1(facts: Facts) -> Facts {
    Facts { law: 1, ..facts }
}

fn plain_facts() -> Facts {
    of_law_1(Facts::accepted(1, Accepted::default(), time(), Salt([3; 16])))
}

#[test]
fn requests_and_replies_are_what_they_were() {
    let (public, line) = (key().public(), LineId(id(2).0));
    let sig = key().sign(&enrol_message(LEDGER, "code", &public));
    both_ways("ledger-info.json", &info());
    both_ways("ledger-info-2.json", &LedgerInfo { epoch: 3, floors: [(1, 40), (2, 60)].into(), law: 2, ..info() });
    both_ways(
        "enrol-request.json",
        &EnrolRequest { code: "code".into(), key: public, line, lines_before: vec![], sig },
    );
    let token = Token::new("secret".into());
    let (device, user, session) = (public.device(), id(3), id(4));
    both_ways("enrol-reply.json", &EnrolReply { ledger: info(), device, user, name: "王敏".into(), session, token });
    both_ways("push.json", &Push::sign(LEDGER, &key(), vec![draft().to_text()]).unwrap());
    both_ways("push-reply.json", &PushReply { verdicts: verdicts(), epoch: None, time: time() });
    let request = PullRequest {
        cursor: Some(Cursor { epoch: 1, size: 40 }),
        joined: vec![Scope::org(), Scope::user(id(3))],
        catching: [(Scope::area(id(8)), 17)].into(),
        seen: Some(Seen { epoch: 1, size: 40, root: Hash::of(b"root") }),
        open: vec![OpId(id(1).0)],
        limit: Some(500),
        also: BTreeMap::new(),
    };
    both_ways("pull-request.json", &request);
    let also = [(id(11), Token::new("another secret".into()))].into();
    both_ways("pull-request-shared.json", &PullRequest { also, ..request });
    both_ways("pull-request-first.json", &PullRequest::default());
    let row = RawValue::from_string(entity().to_text()).unwrap();
    let reply = PullReply {
        scopes: vec![Scope::org(), Scope::whole_city()],
        rows: vec![
            Row { id: id(1), index: 44, scopes: vec![1], row: Some(row) },
            Row { id: id(9), index: 45, scopes: vec![0, 1], row: None },
        ],
        cursor: Cursor { epoch: 1, size: 46 },
        more: false,
        joined: vec![Scope::org(), Scope::whole_city()],
        catching: [(Scope::unit(id(10)), 3)].into(),
        dropped: vec![Scope::staff()],
        checkpoint: Some("a signed note\n".into()),
        consistency: vec![Hash::of(b"node")],
        durable_size: 12,
        verdicts: vec![OpVerdict { op: OpId(id(1).0), verdict: Final::Conflict { index: 44, task: id(6) } }],
        missing: vec![Hash::of(b"photo")],
        signed_out: BTreeMap::new(),
        sums: [(Scope::org(), Row::sum(id(1), 44, "{}").to_text())].into(),
        time: time(),
    };
    both_ways("pull-reply.json", &reply);
    let signed_out = [(id(3), Code::BadToken), (id(11), Code::UserRetired)].into();
    both_ways("pull-reply-shared.json", &PullReply { signed_out, ..reply });
    let problem = Problem {
        status: 429,
        code: Code::TooMany,
        title: "too many requests".into(),
        detail: Some("ops: 501".into()),
        retry_after: Some(3),
    };
    both_ways("problem.json", &problem);
}

#[test]
fn rows_and_facts_are_what_they_were() {
    let text = golden("entity.json", &entity().to_text());
    assert_eq!(entity().to_text(), text);
    assert_eq!(serde_json::from_str::<Entity>(&text).unwrap(), entity());
    let outcomes = [("note", Outcome::Rival), ("item", Outcome::Same), ("place", Outcome::Overtaken)];
    let accepted = Accepted {
        fields: outcomes.map(|(name, outcome)| (name.to_owned(), outcome)).into(),
        adds: [("areas".to_owned(), json!([id(8)]))].into(),
        task: Some(id(6)),
        clock: Some("ahead".into()),
        also: Vec::new(),
    };
    let refused = Facts::refused(2, Code::StateChanged, "void".into(), time(), Salt([4; 16]));
    both_ways("facts-accepted.json", &plain_facts());
    both_ways("facts-conflict.json", &of_law_1(Facts::accepted(1, accepted, time(), Salt([3; 16]))));
    both_ways("facts-refused.json", &of_law_1(refused));
    let evidence = [("evidence/p1".to_owned(), json!({ "original": 40 }))].into();
    let kept = Accepted { adds: evidence, also: vec![id(8), id(9)], ..Accepted::default() };
    let kept = Facts { law: 2, ..Facts::accepted(1, kept, time(), Salt([5; 16])) };
    both_ways("facts-kept.json", &kept);
}

#[test]
fn an_op_and_everything_that_is_hashed_or_signed_is_what_it_was() {
    let own = OpDraft {
        chain: None,
        session: None,
        origin: Some("admin".into()),
        base: None,
        from: None,
        seen: None,
        ..draft()
    };
    let blobs = json!({ "blobs": { Hash::of(b"photo").to_string(): { "len": 5, "type": "image/jpeg" } } });
    let kept = OpDraft {
        origin: Some("blobs".into()),
        user: None,
        kind: "blobs.kept".into(),
        body: RawValue::from_string(blobs.to_string()).unwrap(),
        blobs: Vec::new(),
        supersedes: None,
        ..own.clone()
    };
    assert_eq!(golden("op-kept.json", &kept.to_text()), kept.to_text());
    let texts = [golden("op-device.json", &draft().to_text()), golden("op-own.json", &own.to_text())];
    assert_eq!(texts, [draft().to_text(), own.to_text()]);
    let op = Op::parse(&texts[0]).unwrap();
    let facts = plain_facts().to_text();
    let device: DeviceId = key().public().device();
    let hashes: BTreeMap<&str, String> = [
        ("op", op.hash.to_string()),
        ("same", op.same.to_string()),
        ("device", device.to_string()),
        ("device entity", EntityId::of_device(LEDGER, &device).to_string()),
        ("role entity", EntityId::of_role(LEDGER, "inspector").to_string()),
        ("task", id(1).of_task(op.id).to_string()),
        ("leaf", leaf_hash(&op.hash, &Hash::of(facts.as_bytes())).to_string()),
        ("push message", Hash::of(&push_message(LEDGER, &device, &[op.hash])).to_string()),
        ("enrol message", Hash::of(&enrol_message(LEDGER, "code", &key().public())).to_string()),
        ("row sum", Row::sum(id(1), 44, &entity().to_text()).to_text()),
    ]
    .into();
    let text = serde_json::to_string(&hashes).unwrap();
    assert_eq!(golden("hashes.json", &text), text);
}

#[test]
fn the_kinds_of_ops_are_what_they_were() {
    let table: BTreeMap<&str, Vec<&str>> =
        law_table().iter().map(|law| (law.kind, law.fields.iter().map(|field| field.name).collect())).collect();
    let table_text = serde_json::to_string(&table).unwrap();
    let known = |name| -> BTreeMap<String, Vec<String>> { serde_json::from_str(&golden(name, &table_text)).unwrap() };
    let known = known("kinds.json").into_iter().chain(known("kinds-2.json"));
    for (kind, fields) in known {
        let law = table.get(kind.as_str()).unwrap_or_else(|| panic!("{kind} was known once and must be for ever"));
        assert!(fields.iter().all(|field| law.contains(&field.as_str())), "{kind}");
    }
}
