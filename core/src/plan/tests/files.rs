//! The law about photos: evidence follows from what the ledger keeps, and from nothing a person says.

use super::*;

fn hash(name: &str) -> Hash {
    Hash::of(name.as_bytes())
}

fn photo(original: &str) -> Value {
    json!({ "original": hash(original), "source": "camera" })
}

fn preview(original: &str) -> Value {
    let (display, thumbnail) = (hash(&format!("{original} display")), hash(&format!("{original} thumbnail")));
    let hashes = json!({ "original": hash(original), "display": display, "thumbnail": thumbnail });
    let mut preview = json!({ "width": 2048, "height": 1536, "stamped": false });
    preview.as_object_mut().unwrap().extend(hashes.as_object().unwrap().clone());
    preview
}

impl World {
    fn photographed(&mut self, pen: Pen, n: u64, photos: Value) -> EntityId {
        let op = self.op(pen, n, "finding.record", None, None, json!({ "item": "SR-1", "photos": photos }));
        assert_eq!(code(&self.say(&op)), "accept");
        op.entity
    }

    /// The ledger says that these files have arrived; gives the facts' `also` and the index.
    fn keep(&mut self, names: &[&str]) -> (Vec<EntityId>, u64) {
        let file = |name: &&str| (hash(name).to_string(), json!({ "len": 7, "type": "image/jpeg" }));
        let blobs: serde_json::Map<_, _> = names.iter().map(file).collect();
        let id = self.id();
        let draft = self.draft(id, "blobs.kept", EntityId::from(id), json!({ "blobs": blobs }));
        match self.say(&Op::parse(&draft.to_text()).unwrap()) {
            Judgement::Accept(accepted) => (accepted.also, self.next),
            other => panic!("{other:?}"),
        }
    }

    fn evidence(&self, finding: EntityId, photo: &str) -> Value {
        self.entity(finding).unwrap().field(&format!("evidence/{photo}")).cloned().unwrap_or(Value::Null)
    }

    fn preview(&mut self, pen: Pen, n: u64, finding: EntityId, previews: Value) -> Judgement {
        let op = self.op(pen, n, "photo.preview", Some(finding), None, json!({ "previews": previews }));
        self.say(&op)
    }
}

#[test]
fn what_arrives_shows_on_every_finding_that_refers_to_it() {
    let (mut world, a, b, other, _) = two_pens();
    let first = world.photographed(a, 2, json!({ "p1": photo("x"), "p2": photo("y") }));
    let second = world.photographed(b, 5, json!({ "p1": photo("x") }));
    let (also, index) = world.keep(&["x", "nobody's"]);
    let mut both = vec![first, second];
    both.sort();
    assert_eq!(also, both);
    assert_eq!((world.evidence(first, "p1"), world.evidence(first, "p2")), (json!({ "original": index }), Value::Null));
    assert_eq!(world.evidence(second, "p1"), json!({ "original": index }));
    assert_eq!(world.entity(first).unwrap().index, index);
    assert!(world.entity(other).unwrap().index < index, "a finding without it does not move");
    assert_eq!(world.keep(&["x"]).0, [], "it arrives once");
    assert_eq!(world.evidence(first, "p1"), json!({ "original": index }));
}

#[test]
fn a_file_that_is_here_already_counts_at_once() {
    let (mut world, a, ..) = two_pens();
    let (_, index) = world.keep(&["x", "x thumbnail"]);
    let finding = world.photographed(a, 2, json!({ "p1": photo("x"), "p2": photo("y") }));
    assert_eq!(world.evidence(finding, "p1"), json!({ "original": index }));
    assert_eq!(world.evidence(finding, "p2"), Value::Null);
    assert_eq!(code(&world.preview(a, 3, finding, json!({ "p1": preview("x") }))), "accept");
    assert_eq!(world.evidence(finding, "p1"), json!({ "original": index, "thumbnail": index }));
    let (_, later) = world.keep(&["x display"]);
    assert_eq!(world.evidence(finding, "p1"), json!({ "original": index, "thumbnail": index, "display": later }));
}

#[test]
fn evidence_goes_with_its_photo() {
    let (mut world, a, ..) = two_pens();
    let finding = world.photographed(a, 2, json!({ "p1": photo("x") }));
    world.keep(&["x"]);
    let base = Some(world.next);
    let swap = world.op(a, 3, "finding.amend", Some(finding), base, json!({ "photos": { "p1": photo("y") } }));
    world.say(&swap);
    assert_eq!(world.evidence(finding, "p1"), Value::Null, "another original has not arrived");
    let gone = world.op(a, 4, "finding.amend", Some(finding), base, json!({ "photos": { "p1": null } }));
    world.say(&gone);
    assert_eq!(world.evidence(finding, "p1"), Value::Null);
    assert_eq!(world.keep(&["y"]).0, [], "nobody refers to it any more");
}

#[test]
fn a_preview_is_never_disputed_and_the_first_word_stands() {
    let (mut world, a, b, ..) = two_pens();
    let finding = world.photographed(a, 2, json!({ "p1": photo("x") }));
    assert_eq!(code(&world.preview(b, 5, finding, json!({ "p1": preview("x") }))), "not_allowed", "not b's photo");
    let first = world.preview(a, 4, finding, json!({ "p1": preview("x"), "p9": preview("x") }));
    assert_eq!((outcome(&first, "previews/p1"), outcome(&first, "previews/p9")), (Outcome::Set, Outcome::Overtaken));
    let older = world.preview(a, 3, finding, json!({ "p1": preview("x") }));
    assert_eq!(outcome(&older, "previews/p1"), Outcome::Overtaken);
    let mut stamped = preview("x");
    stamped["stamped"] = json!(true);
    let newer = world.preview(a, 5, finding, json!({ "p1": stamped }));
    assert_eq!(outcome(&newer, "previews/p1"), Outcome::Set, "its own notebook may say it better");
    let id = world.id();
    let late = world.draft(id, "photo.preview", finding, json!({ "previews": { "p1": preview("x") } }));
    let late = world.say(&Op::parse(&late.to_text()).unwrap());
    assert_eq!(outcome(&late, "previews/p1"), Outcome::Overtaken, "the server comes second");
    let foreign = world.preview(a, 6, finding, json!({ "p1": preview("z") }));
    assert_eq!(outcome(&foreign, "previews/p1"), Outcome::Overtaken, "of an original that is not there");
    assert_eq!(world.entity(finding).unwrap().rivals, BTreeMap::new());
}

#[test]
fn a_photo_that_got_another_original_takes_a_new_preview() {
    let (mut world, a, ..) = two_pens();
    let finding = world.photographed(a, 2, json!({ "p1": photo("x") }));
    world.preview(a, 3, finding, json!({ "p1": preview("x") }));
    let base = Some(world.next);
    let swap = world.op(a, 4, "finding.amend", Some(finding), base, json!({ "photos": { "p1": photo("y") } }));
    world.say(&swap);
    assert!(world.entity(finding).unwrap().preview("p1").is_none(), "the old one shows another picture");
    let id = world.id();
    let new = world.draft(id, "photo.preview", finding, json!({ "previews": { "p1": preview("y") } }));
    assert_eq!(outcome(&world.say(&Op::parse(&new.to_text()).unwrap()), "previews/p1"), Outcome::Set);
    assert!(world.entity(finding).unwrap().preview("p1").is_some());
}

#[test]
fn nobody_can_claim_that_a_photo_has_arrived() {
    let (mut world, a, _, finding, _) = two_pens();
    let blobs = json!({ "blobs": { hash("x").to_string(): { "len": 7, "type": "image/jpeg" } } });
    let claim = world.op(a, 2, "blobs.kept", None, None, blobs);
    assert_eq!(code(&world.say(&claim)), "ledger_only");
    for (field, value) in [("evidence", json!({ "p1": { "original": 1 } })), ("previews", json!({}))] {
        let claim = world.op(a, 3, "finding.amend", Some(finding), None, json!({ field: value }));
        assert_eq!(code(&world.say(&claim)), "bad_field", "{field}");
    }
}

#[test]
fn a_preview_or_a_list_of_files_that_is_not_one_is_named() {
    let (mut world, a, ..) = two_pens();
    let finding = world.photographed(a, 2, json!({ "p1": photo("x") }));
    let mut no_size = preview("x");
    no_size["width"] = json!(0);
    for body in [json!({ "p1": photo("x") }), json!({ "p1": no_size }), json!("p1"), json!(null)] {
        assert_eq!(code(&world.preview(a, 3, finding, body.clone())), "bad_field", "{body}");
    }
    let many: serde_json::Map<_, _> =
        (0..=MAX_KEPT).map(|n| (hash(&n.to_string()).to_string(), json!({ "len": 7, "type": "a" }))).collect();
    let odd = format!("{}=", hash("x"));
    for blobs in [json!({}), json!(many), json!({ "x": { "len": 7, "type": "a" } }), json!({ odd: { "len": 7 } })] {
        let id = world.id();
        let draft = world.draft(id, "blobs.kept", EntityId::from(id), json!({ "blobs": blobs }));
        assert_eq!(code(&world.say(&Op::parse(&draft.to_text()).unwrap())), "bad_field");
    }
}

#[test]
fn a_pending_word_about_a_photo_keeps_what_the_row_says_of_it() {
    let (mut world, a, ..) = two_pens();
    let finding = world.photographed(a, 2, json!({ "p1": photo("x") }));
    let (_, index) = world.keep(&["x"]);
    let row = world.entity(finding).unwrap();
    // A phone knows no entry but what its rows name.
    world.kept.clear();
    world.moment.received = None;
    let body = json!({ "previews": { "p1": preview("x") } });
    let op = world.op(a, 3, "photo.preview", Some(finding), None, body);
    let Judgement::Accept(accepted) = plan(&world, &world.moment, &op) else { panic!() };
    let shown = apply(Some(&row), &op, PENDING, &accepted.fields, &accepted.adds).unwrap();
    assert_eq!(shown.kept("p1", "original"), Some(index));
    assert_eq!(shown.kept("p1", "display"), None);
}
