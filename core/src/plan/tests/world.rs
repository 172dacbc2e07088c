//! The city that the cases are told in.

use super::*;

/// A city with roles, a unit, and two inspectors' notebooks; every op accepted goes in at once.
pub(super) struct World {
    pub(super) entities: BTreeMap<EntityId, Arc<Entity>>,
    pub(super) kept: BTreeMap<Hash, u64>,
    pub(super) documents: BTreeMap<Hash, Arc<Catalogue>>,
    pub(super) next: u64,
    pub(super) moment: Moment,
    /// What the authors' clocks show.
    pub(super) wall: Time,
}

impl View for World {
    fn entity(&self, id: EntityId) -> Option<Arc<Entity>> {
        self.entities.get(&id).cloned()
    }

    fn areas_at(&self, lat: f64, lon: f64) -> Vec<EntityId> {
        let holds = |area: &Entity| {
            area.field("shape").and_then(Shape::from_geojson).is_some_and(|shape| contains(&shape, lat, lon))
        };
        let areas = self.entities.values().filter(|entity| entity.kind == "area");
        areas.filter(|area| holds(area)).map(|area| area.id).collect()
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

    fn catalogue(&self, file: &Hash) -> Option<Arc<Catalogue>> {
        self.documents.get(file).cloned()
    }
}

#[derive(Clone, Copy)]
pub(super) struct Pen {
    pub(super) who: u128,
    pub(super) user: EntityId,
    pub(super) session: EntityId,
}

pub(super) const LEDGER: LedgerId = LedgerId(Uuid::from_u128(0x1ed6e4));

impl World {
    pub(super) fn new() -> World {
        let wall = Time::from_millis(1_800_000_000_000);
        let received = Some(wall);
        let moment = Moment { ledger: LEDGER, epoch: 1, floors: BTreeMap::new(), size: None, received };
        let mut world = World {
            entities: BTreeMap::new(),
            kept: BTreeMap::new(),
            documents: BTreeMap::new(),
            next: 0,
            moment,
            wall,
        };
        for role in role_seeds() {
            let may: serde_json::Map<_, _> = role.may.iter().map(|right| ((*right).into(), true.into())).collect();
            let body = json!({ "name": role.name, "sees": role.sees, "may": may });
            world.own("role.add", Some(EntityId::of_role(LEDGER, role.name)), body);
        }
        world
    }

    /// An op of the ledger itself, which must be accepted.
    pub(super) fn own(&mut self, kind: &str, entity: Option<EntityId>, body: Value) -> EntityId {
        let id = self.id();
        let draft = self.draft(id, kind, entity.unwrap_or(EntityId::from(id)), body);
        let op = Op::parse(&draft.to_text()).unwrap();
        assert!(matches!(self.say(&op), Judgement::Accept(_)), "{op:?}");
        op.entity
    }

    pub(super) fn pen(&mut self, who: u128, role: &str) -> Pen {
        let user = self.own("user.add", None, json!({ "name": format!("user {who}"), "roles": { role: true } }));
        let key = crate::op::DeviceKey::from_seed(&zeroize::Zeroizing::new([who as u8; 32])).public();
        let device = EntityId::of_device(LEDGER, &key.device());
        let line = LineId(Uuid::from_u128(who));
        self.own("device.add", Some(device), json!({ "key": key, "user": user, "line": line }));
        let session = self.own("session.open", None, json!({ "user": user, "line": line, "roles": { role: true } }));
        Pen { who, user, session }
    }

    pub(super) fn id(&mut self) -> OpId {
        self.next += 1;
        OpId(Uuid::from_u128(0xF00D_0000 + u128::from(self.next)))
    }

    pub(super) fn draft(&self, id: OpId, kind: &str, entity: EntityId, body: Value) -> OpDraft {
        let wall = self.wall;
        OpDraft {
            id,
            ledger: LEDGER,
            chain: None,
            user: None,
            session: None,
            origin: None,
            kind: kind.into(),
            v: 1,
            entity,
            body: RawValue::from_string(body.to_string()).unwrap(),
            base: None,
            from: None,
            at: At { wall, zone: "Asia/Shanghai".into(), mono: None, offset: None },
            seen: None,
            blobs: Vec::new(),
            salt: Salt([0; 16]),
            supersedes: None,
        }
    }

    /// What `pen` says as its `n`th op, having seen `base`.
    pub(super) fn op(
        &mut self,
        pen: Pen,
        n: u64,
        kind: &str,
        entity: Option<EntityId>,
        base: Option<u64>,
        body: Value,
    ) -> Op {
        let mut draft = self.said(pen, n, kind, entity, body);
        draft.base = base.map(|index| Version { epoch: 1, index });
        draft.from = (kind == "finding.void").then(|| "reported".into());
        Op::parse(&draft.to_text()).unwrap()
    }

    /// What `pen` says as its `n`th op, having seen nothing.
    pub(super) fn said(&mut self, pen: Pen, n: u64, kind: &str, entity: Option<EntityId>, body: Value) -> OpDraft {
        let id = self.id();
        let key = crate::op::DeviceKey::from_seed(&zeroize::Zeroizing::new([pen.who as u8; 32])).public();
        let prev = (n > 1).then_some(Hash([0; 32]));
        let chain = Chain { device: key.device(), seq: n, prev, line: LineId(Uuid::from_u128(pen.who)), n };
        let mut draft = self.draft(id, kind, entity.unwrap_or(EntityId::from(id)), body);
        (draft.chain, draft.user, draft.session) = (Some(chain), Some(pen.user), Some(pen.session));
        draft
    }

    /// Judges, and carries out what counts.
    pub(super) fn say(&mut self, op: &Op) -> Judgement {
        let judgement = plan(self, &self.moment.clone(), op);
        if let Judgement::Accept(accepted) = &judgement {
            let received = Time::from_millis(1_800_000_000_000);
            let facts = Facts::accepted(1, accepted.clone(), received, Salt([0; 16]));
            let after = changed(self, op, self.next, &facts).unwrap();
            self.entities.extend(after.into_iter().map(|after| (after.id, Arc::new(after))));
            for hash in files_kept(op).into_keys() {
                self.kept.entry(hash).or_insert(self.next);
            }
        }
        judgement
    }

    pub(super) fn note(&self, finding: EntityId) -> String {
        self.entity(finding).unwrap().text("note").unwrap_or("-").to_owned()
    }

    pub(super) fn rivals(&self, finding: EntityId) -> Vec<String> {
        let entity = self.entity(finding).unwrap();
        let rivals = entity.rivals.get("note").into_iter().flatten();
        rivals.map(|rival| rival.value.as_str().unwrap_or("-").to_owned()).collect()
    }
}

pub(super) fn outcome(judgement: &Judgement, field: &str) -> Outcome {
    match judgement {
        Judgement::Accept(accepted) => accepted.fields.get(field).copied().unwrap_or(Outcome::Set),
        other => panic!("{other:?}"),
    }
}

pub(super) fn code(judgement: &Judgement) -> String {
    match judgement {
        Judgement::Refuse { code, .. } => code.to_string(),
        Judgement::Hold(missing) => format!("hold {}", missing.join(",")),
        Judgement::Accept(_) => "accept".into(),
    }
}

pub(super) fn two_pens() -> (World, Pen, Pen, EntityId, u64) {
    let mut world = World::new();
    let (a, b) = (world.pen(1, "inspector"), world.pen(2, "inspector"));
    let record = world.op(a, 1, "finding.record", None, None, json!({ "item": "SR-1", "note": "first" }));
    assert_eq!(code(&world.say(&record)), "accept");
    let index = world.next;
    (world, a, b, record.entity, index)
}
