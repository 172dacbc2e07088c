//! A whole city in memory: a ledger that judges by the real law, and a feed by scopes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use xuncha_core::host::Host;
use xuncha_core::model::{BlobRef, Code, Cursor, DeviceId, Entity, EntityId, Hash, LedgerId, LineId, OpId, Time};
use xuncha_core::op::{At, DeviceKey, Op, OpDraft, PublicKey, Push, enrol_message};
use xuncha_core::plan::{
    Facts, Judgement, Moment, Scope, Shape, View, changed, contains, files_kept, plan, role_seeds, roles_at_login,
    scopes_of, scopes_of_user,
};
use xuncha_core::proof::{Checkpoint, Frontier, Nodes, Origin, consistency_proof, leaf_hash};
use xuncha_core::protocol::{
    Content, EnrolReply, EnrolRequest, Final, LedgerInfo, OpVerdict, Problem, PullReply, PullRequest, PushReply, Row,
    RowPart, ServiceError, SyncService, Token, Upload, UploadId, Verdict,
};
use zeroize::Zeroizing;

use super::files::Files;
use super::machine::host;

type Served<T> = Result<T, ServiceError>;

/// Cheap to clone; clones are the same city.
#[derive(Clone)]
pub(crate) struct City(Arc<Mutex<Ledger>>);

/// Changes a reply on its way to the phone.
pub(crate) type Tamper = Box<dyn FnMut(&mut PullReply) + Send>;

pub(crate) struct Ledger {
    host: Host,
    id: LedgerId,
    key: DeviceKey,
    pub(super) entities: BTreeMap<EntityId, Arc<Entity>>,
    ops: HashMap<OpId, (Hash, Final)>,
    /// Newest index per scope and entity; false once it has left.
    feed: BTreeMap<(Scope, EntityId), (u64, bool)>,
    tree: Frontier,
    nodes: HashMap<(u8, u64), Hash>,
    roots: Vec<Hash>,
    said: HashMap<(DeviceId, u64), Hash>,
    codes: HashMap<String, EntityId>,
    pub(crate) tokens: HashMap<String, (EntityId, PublicKey)>,
    /// What the network does to the next pushes: true loses the reply after the server acted.
    pub(crate) lose_push_replies: u32,
    /// Cuts off that many requests before they reach the server.
    pub(crate) offline: u32,
    /// Takes one verdict away from the next reply.
    pub(crate) drop_a_verdict: bool,
    /// Ops of these kinds are held, as if the server were older.
    pub(crate) unknown_kinds: BTreeSet<String>,
    /// Ops with this id are not readable.
    pub(crate) unreadable: BTreeSet<OpId>,
    /// Pushes with more ops than this get no reply in time.
    pub(crate) carries: usize,
    /// How many ops each push brought.
    pub(crate) pushes: Vec<usize>,
    /// Pushes with more ops than this are too large.
    pub(crate) most_ops: usize,
    pub(crate) tamper: Option<Tamper>,
    pub(crate) requests: u32,
    pub(crate) durable_size: u64,
    kept: BTreeMap<Hash, u64>,
    pub(crate) files: Files,
}

struct Tree<'a>(&'a HashMap<(u8, u64), Hash>);

impl Nodes for Tree<'_> {
    type Error = Infallible;

    fn node(&self, level: u8, position: u64) -> Result<Hash, Infallible> {
        Ok(self.0[&(level, position)])
    }
}

impl View for Ledger {
    fn entity(&self, id: EntityId) -> Option<Arc<Entity>> {
        self.entities.get(&id).cloned()
    }

    fn areas_at(&self, lat: f64, lon: f64) -> Vec<EntityId> {
        let areas = self.entities.values().filter(|entity| entity.kind == "area");
        let shape = |area: &Arc<Entity>| area.field("shape").and_then(Shape::from_geojson);
        areas.filter(|area| shape(area).is_some_and(|shape| contains(&shape, lat, lon))).map(|area| area.id).collect()
    }

    fn kept(&self, hash: &Hash) -> Option<u64> {
        self.kept.get(hash).copied()
    }

    fn referring(&self, hash: &Hash) -> Vec<EntityId> {
        let refers = |entity: &&Arc<Entity>| entity.files().iter().any(|file| file.hash == *hash);
        self.entities.values().filter(refers).map(|entity| entity.id).collect()
    }

    fn has_members(&self, unit: EntityId) -> bool {
        self.entities.values().any(|user| user.kind == "user" && user.reference("unit") == Some(unit))
    }

    fn catalogue(&self, _: &Hash) -> Option<Arc<xuncha_core::model::catalogue::Catalogue>> {
        None
    }
}

impl City {
    pub(crate) fn new(seed: u64) -> City {
        let host = host(seed);
        let mut ledger = Ledger {
            id: LedgerId(host.uuid()),
            key: DeviceKey::from_seed(&Zeroizing::new(host.bytes())),
            host,
            entities: BTreeMap::new(),
            ops: HashMap::new(),
            feed: BTreeMap::new(),
            tree: Frontier::new(),
            nodes: HashMap::new(),
            roots: vec![xuncha_core::proof::empty_root()],
            said: HashMap::new(),
            codes: HashMap::new(),
            tokens: HashMap::new(),
            lose_push_replies: 0,
            offline: 0,
            drop_a_verdict: false,
            unknown_kinds: BTreeSet::new(),
            unreadable: BTreeSet::new(),
            carries: 500,
            pushes: Vec::new(),
            most_ops: 500,
            tamper: None,
            requests: 0,
            durable_size: 0,
            kept: BTreeMap::new(),
            files: Files::default(),
        };
        let id = EntityId(ledger.id.0);
        let key = ledger.key.public().to_string();
        ledger.say("ledger.open", id, json!({"name": "巡查市", "zone": "Asia/Shanghai", "key": key}));
        for role in role_seeds() {
            let may: BTreeMap<_, _> = role.may.iter().map(|right| (*right, true)).collect();
            let id = EntityId::of_role(ledger.id, role.name);
            ledger.say("role.add", id, json!({"name": role.name, "may": may, "sees": role.sees}));
        }
        City(Arc::new(Mutex::new(ledger)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap()
    }

    /// Adds a user and gives an enrolment code.
    pub(crate) fn invite(&self, name: &str, roles: &[&str]) -> String {
        let roles: BTreeMap<_, _> = roles.iter().map(|role| (*role, true)).collect();
        let user = self.lock().make("user.add", json!({"name": name, "roles": roles}));
        self.invite_again(user)
    }

    pub(crate) fn invite_again(&self, user: EntityId) -> String {
        let mut ledger = self.lock();
        let code = format!("code-{}", ledger.codes.len());
        ledger.codes.insert(code.clone(), user);
        code
    }

    pub(crate) fn user(&self, name: &str) -> EntityId {
        let ledger = self.lock();
        let user = ledger.entities.values().find(|entity| entity.kind == "user" && entity.text("name") == Some(name));
        user.unwrap().id
    }
}

impl Ledger {
    /// Says an op of the ledger's own that makes something.
    pub(crate) fn make(&mut self, kind: &str, body: Value) -> EntityId {
        let id = EntityId(self.host.uuid());
        self.say(kind, id, body);
        id
    }

    /// Says an op of the ledger's own.
    pub(crate) fn say(&mut self, kind: &str, entity: EntityId, body: Value) {
        self.say_by(None, kind, entity, body);
    }

    pub(crate) fn say_by(&mut self, user: Option<EntityId>, kind: &str, entity: EntityId, body: Value) {
        let made = kind.ends_with(".add") || matches!(kind, "finding.record" | "blobs.kept");
        let id = if made && !kind.starts_with("role") { OpId(entity.0) } else { OpId(self.host.uuid()) };
        let draft = OpDraft {
            id,
            ledger: self.id,
            chain: None,
            user,
            session: None,
            origin: Some("admin".into()),
            kind: kind.into(),
            v: 1,
            entity,
            body: to_raw_value(&body).unwrap(),
            base: None,
            from: None,
            at: At { wall: self.host.clock.wall(), zone: "UTC".into(), mono: None, offset: None },
            seen: None,
            blobs: vec![],
            salt: self.host.salt(),
            supersedes: None,
        };
        let op = Op::parse(&draft.to_text()).unwrap();
        let verdict = self.judge(&op);
        assert!(matches!(verdict, Verdict::Accepted { .. }), "{kind}: {verdict:?}");
    }

    pub(super) fn random_id(&mut self) -> EntityId {
        EntityId(self.host.uuid())
    }

    pub(crate) fn head(&self) -> u64 {
        self.tree.size()
    }

    fn judge(&mut self, op: &Op) -> Verdict {
        if self.unreadable.contains(&op.id) {
            return Verdict::Unreadable { code: "bad_member".into(), detail: "a test says so".into() };
        }
        if let Some((same, original)) = self.ops.get(&op.id) {
            assert_eq!(*same, op.same, "the same op again is the same op");
            return Verdict::Duplicate { original: original.clone() };
        }
        if self.unknown_kinds.contains(&op.kind) {
            return Verdict::Held { missing: vec![format!("kind:{}/{}", op.kind, op.v)] };
        }
        let received = self.host.clock.wall();
        let moment =
            Moment { ledger: self.id, epoch: 1, floors: BTreeMap::new(), size: None, received: Some(received) };
        let facts = match plan(self, &moment, op) {
            Judgement::Hold(missing) => return Verdict::Held { missing },
            Judgement::Refuse { code, detail } => Facts::refused(1, code, detail, received, self.host.salt()),
            Judgement::Accept(accepted) => Facts::accepted(1, accepted, received, self.host.salt()),
        };
        let index = self.append(op, &facts);
        let verdict = Final::of(index, facts.judged);
        self.ops.insert(op.id, (op.same, verdict.clone()));
        verdict.into()
    }

    fn append(&mut self, op: &Op, facts: &Facts) -> u64 {
        let index = self.tree.size();
        let leaf = leaf_hash(&op.hash, &Hash::of(facts.to_text().as_bytes()));
        self.nodes.insert((0, index), leaf);
        let nodes = &mut self.nodes;
        self.tree.push(leaf, |level, position, hash| {
            nodes.insert((level, position), hash);
        });
        self.roots.push(self.tree.root());
        if facts.counts() {
            let after = changed(self, op, index, facts).unwrap();
            for new in after {
                for scope in self.entities.get(&new.id).iter().flat_map(|old| scopes_of(old)) {
                    self.feed.insert((scope, new.id), (index, false));
                }
                for scope in scopes_of(&new) {
                    self.feed.insert((scope, new.id), (index, true));
                }
                self.entities.insert(new.id, Arc::new(new));
            }
            for hash in files_kept(op).into_keys() {
                self.kept.entry(hash).or_insert(index);
            }
        }
        index
    }

    fn info(&self) -> LedgerInfo {
        let (name, zone) = ("巡查市".into(), "Asia/Shanghai".into());
        LedgerInfo {
            ledger: self.id,
            name,
            zone,
            key: self.key.public(),
            epoch: 1,
            floors: BTreeMap::new(),
            law: 1,
            time: self.now(),
        }
    }

    fn now(&self) -> Time {
        self.host.clock.wall().plus_millis(60_000)
    }

    fn arrive(&mut self) -> Served<()> {
        self.requests += 1;
        if self.offline > 0 {
            self.offline -= 1;
            return Err(lost());
        }
        Ok(())
    }

    pub(super) fn enter(&mut self, token: &Token) -> Served<(EntityId, PublicKey)> {
        self.arrive()?;
        self.tokens.get(token.secret()).copied().ok_or_else(|| problem(401, Code::BadToken))
    }

    fn admit(&mut self, request: EnrolRequest) -> Served<EnrolReply> {
        self.arrive()?;
        let user = *self.codes.get(&request.code).ok_or_else(|| problem(403, Code::BadCode))?;
        assert!(request.key.verifies(&enrol_message(self.id, &request.code, &request.key), &request.sig));
        let device = request.key.device();
        let id = EntityId::of_device(self.id, &device);
        match self.entities.get(&id).map(|device| device.text("status") == Some("active")) {
            Some(false) => return Err(problem(403, Code::DeviceRevoked)),
            Some(true) => {}
            None => {
                let before = request.lines_before.iter().map(|line| (line.to_string(), true.into()));
                let before: serde_json::Map<_, _> = before.collect();
                let body = json!({"key": request.key, "user": user, "line": request.line, "lines_before": before});
                self.say("device.add", id, body);
            }
        }
        let session = self.open_session(user, request.line);
        let token = format!("token-{}", self.tokens.len());
        self.tokens.insert(token.clone(), (user, request.key));
        let name = self.entities[&user].text("name").unwrap().to_owned();
        Ok(EnrolReply { ledger: self.info(), device, user, name, session, token: Token::new(token) })
    }

    fn open_session(&mut self, user: EntityId, line: LineId) -> EntityId {
        let roles = roles_at_login(&self.entities[&user]);
        let id = self.host.uuid();
        let draft = OpDraft {
            id: OpId(id),
            ledger: self.id,
            chain: None,
            user: None,
            session: None,
            origin: Some("enrolment".into()),
            kind: "session.open".into(),
            v: 1,
            entity: EntityId(id),
            body: to_raw_value(&json!({"user": user, "line": line, "roles": roles})).unwrap(),
            base: None,
            from: None,
            at: At { wall: self.host.clock.wall(), zone: "UTC".into(), mono: None, offset: None },
            seen: None,
            blobs: vec![],
            salt: self.host.salt(),
            supersedes: None,
        };
        assert!(matches!(self.judge(&Op::parse(&draft.to_text()).unwrap()), Verdict::Accepted { .. }));
        EntityId(id)
    }

    fn take(&mut self, token: &Token, push: &Push) -> Served<PushReply> {
        let (_, key) = self.enter(token)?;
        if push.ops.len() > self.carries {
            return Err(lost());
        }
        self.pushes.push(push.ops.len());
        assert!(push.is_signed_by(&key, self.id), "every push is signed");
        if push.ops.len() > self.most_ops {
            return Err(problem(413, Code::TooLarge));
        }
        let mut verdicts: Vec<_> = push.ops.iter().map(|text| self.hear(&Op::parse(text.get()).unwrap())).collect();
        if std::mem::take(&mut self.drop_a_verdict) {
            verdicts.pop();
        }
        if self.lose_push_replies > 0 {
            self.lose_push_replies -= 1;
            return Err(lost());
        }
        Ok(PushReply { verdicts, epoch: Some(1), time: self.now() })
    }

    fn hear(&mut self, op: &Op) -> Verdict {
        let chain = op.chain.as_ref().unwrap();
        if *self.said.entry((chain.device, chain.seq)).or_insert(op.hash) != op.hash {
            return Verdict::Fork;
        }
        self.judge(op)
    }

    fn page(&mut self, token: &Token, request: PullRequest) -> Served<PullReply> {
        let (user, key) = self.enter(token)?;
        let head = self.head();
        let (users, mut signed_out) = self.askers(user, &key, &request);
        let wanted = self.wanted(&users, &mut signed_out)?;
        let joined: Vec<_> = request.joined.iter().filter(|scope| wanted.contains(scope)).cloned().collect();
        let from = if joined.is_empty() { head } else { request.cursor.map_or(head, |cursor| cursor.size) };
        let start = |scope: &Scope| match joined.contains(scope) {
            true => from,
            false => request.catching.get(scope).copied().unwrap_or(0),
        };
        let found = self.changed(&wanted, start);
        let limit = request.limit.map_or(usize::MAX, |limit| limit as usize);
        let upto = found.keys().nth(limit).map(|(index, ..)| *index);
        let row = |((index, id, here), scopes): ((u64, EntityId, bool), Vec<u16>)| Row {
            id,
            index,
            scopes,
            row: here.then(|| RawValue::from_string(self.entities[&id].to_text()).unwrap()),
        };
        let rows =
            found.into_iter().filter(|((index, ..), _)| upto.is_none_or(|upto| *index < upto)).map(row).collect();
        let (joined, catching) = match upto {
            None => (wanted.clone(), BTreeMap::new()),
            Some(upto) => {
                let catching = wanted.iter().filter(|scope| !joined.contains(scope));
                let catching = catching.map(|scope| (scope.clone(), upto.max(start(scope)))).collect();
                (joined, catching)
            }
        };
        let known = request.joined.iter().chain(request.catching.keys());
        let dropped = known.filter(|scope| !wanted.contains(scope)).cloned().collect();
        let seen = request.seen.as_ref().map_or(0, |seen| seen.size);
        let origin = Origin { ledger: self.id.0, epoch: 1 };
        let checkpoint = Checkpoint { origin, size: head, root: self.tree.root() };
        let ours =
            request.open.iter().filter_map(|op| Some(OpVerdict { op: *op, verdict: self.ops.get(op)?.1.clone() }));
        let mut reply = PullReply {
            rows,
            cursor: Cursor { epoch: 1, size: upto.map_or(head, |upto| upto.max(from).min(head)) },
            more: upto.is_some(),
            sums: if upto.is_none() { self.sums(&wanted) } else { BTreeMap::new() },
            scopes: wanted,
            joined,
            catching,
            dropped,
            checkpoint: (head > seen).then(|| checkpoint.sign(self.key.signing_key())),
            consistency: if seen > 0 { consistency_proof(&Tree(&self.nodes), seen, head).unwrap() } else { vec![] },
            durable_size: self.durable_size,
            verdicts: ours.collect(),
            missing: users.iter().flat_map(|user| self.missing(*user)).collect(),
            signed_out,
            time: self.now(),
        };
        if let Some(tamper) = &mut self.tamper {
            tamper(&mut reply);
        }
        Ok(reply)
    }

    /// Whom a page is for, and who was named and is not among them.
    fn askers(
        &self,
        user: EntityId,
        key: &PublicKey,
        request: &PullRequest,
    ) -> (Vec<EntityId>, BTreeMap<EntityId, Code>) {
        let (mut users, mut signed_out) = (vec![user], BTreeMap::new());
        for (user, token) in &request.also {
            match self.tokens.get(token.secret()) {
                Some((known, of)) if (known, of) == (user, key) => users.push(*user),
                _ => drop(signed_out.insert(*user, Code::BadToken)),
            }
        }
        (users, signed_out)
    }

    /// What these users may follow together.
    fn wanted(&self, users: &[EntityId], signed_out: &mut BTreeMap<EntityId, Code>) -> Served<Vec<Scope>> {
        let mut wanted = BTreeSet::new();
        for user in users {
            let scopes = scopes_of_user(self, self.id, &self.entities[user].clone());
            if scopes.is_empty() {
                signed_out.insert(*user, Code::UserRetired);
            }
            wanted.extend(scopes);
        }
        if wanted.is_empty() { Err(problem(403, Code::UserRetired)) } else { Ok(wanted.into_iter().collect()) }
    }

    /// Newest rows of these scopes from the index that each starts at: (index, entity, whether it
    /// is still there) and the scopes by position.
    fn changed(&self, wanted: &[Scope], start: impl Fn(&Scope) -> u64) -> BTreeMap<(u64, EntityId, bool), Vec<u16>> {
        let mut found: BTreeMap<_, Vec<u16>> = BTreeMap::new();
        for ((scope, id), (index, here)) in &self.feed {
            if let Some(at) = wanted.iter().position(|wanted| wanted == scope)
                && *index >= start(scope)
            {
                found.entry((*index, *id, *here)).or_default().push(u16::try_from(at).unwrap());
            }
        }
        found
    }

    fn sums(&self, scopes: &[Scope]) -> BTreeMap<Scope, String> {
        let mut sums: BTreeMap<_, _> = scopes.iter().map(|scope| (scope.clone(), RowPart::default())).collect();
        for ((scope, id), (index, here)) in &self.feed {
            if let Some(sum) = sums.get_mut(scope).filter(|_| *here) {
                *sum = sum.plus(Row::sum(*id, *index, &self.entities[id].to_text()));
            }
        }
        sums.into_iter().map(|(scope, sum)| (scope, sum.to_text())).collect()
    }
}

pub(super) fn lost() -> ServiceError {
    ServiceError::Offline { what: "a test cut the line".into(), retry_after: None }
}

pub(super) fn problem(status: u16, code: Code) -> ServiceError {
    ServiceError::Problem(Problem { status, title: code.to_string(), code, detail: None, retry_after: None })
}

impl SyncService for City {
    async fn ledger(&self) -> Served<LedgerInfo> {
        let mut ledger = self.lock();
        ledger.arrive()?;
        Ok(ledger.info())
    }

    async fn enrol(&self, request: EnrolRequest) -> Served<EnrolReply> {
        self.lock().admit(request)
    }

    async fn push(&self, token: &Token, push: Push) -> Served<PushReply> {
        self.lock().take(token, &push)
    }

    async fn pull(&self, token: &Token, request: PullRequest) -> Served<PullReply> {
        self.lock().page(token, request)
    }

    async fn begin_upload(&self, token: &Token, blob: &BlobRef, content: Option<Arc<dyn Content>>) -> Served<Upload> {
        self.lock().begin(token, blob, content.as_deref())
    }

    async fn continue_upload(&self, token: &Token, id: &UploadId, from: u64, content: Arc<dyn Content>) -> Served<u64> {
        self.lock().go_on(token, id, from, content.as_ref())
    }

    async fn fetch_blob(&self, token: &Token, hash: &Hash, most: u64) -> Served<Vec<u8>> {
        self.lock().fetch(token, hash, most)
    }
}
