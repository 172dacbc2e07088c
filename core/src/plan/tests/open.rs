//! What is open in registers, and what rights somebody has.

use super::*;

fn actor(world: &World, pen: Pen) -> Actor {
    Actor::of(world, LEDGER, &world.entity(pen.user).unwrap())
}

#[test]
fn registers_are_open_to_who_manages_them_until_they_are_retired() {
    let mut world = World::new();
    let (admin, inspector) = (world.pen(1, "admin"), world.pen(2, "inspector"));
    let unit = world.own("unit.add", None, json!({ "name": "市容环卫处" }));
    let open = |world: &World, pen, id| actor(world, pen).open_in(&world.entity(id).unwrap());
    assert_eq!(open(&world, admin, unit), ["unit.amend", "unit.retire"]);
    assert_eq!(open(&world, inspector, unit), Vec::<&str>::new());
    world.own("unit.retire", Some(unit), json!({}));
    assert_eq!(open(&world, admin, unit), ["unit.amend"]);
    assert_eq!(open(&world, admin, inspector.user), ["user.amend", "user.retire"]);
    let device = world.entities.values().find(|entity| entity.kind == "device").unwrap().id;
    assert_eq!(open(&world, admin, device), ["device.revoke"]);
    let ledger = world.entities.values().find(|entity| entity.kind == "session").unwrap().id;
    assert_eq!(open(&world, admin, ledger), Vec::<&str>::new(), "a login is nothing to be changed");
}

#[test]
fn rights_are_those_of_all_roles_and_end_with_the_user() {
    let mut world = World::new();
    let pen = world.pen(1, "dispatcher");
    world.own("user.amend", Some(pen.user), json!({ "roles": { "leader": true } }));
    let rights: Vec<String> = actor(&world, pen).rights().map(str::to_owned).collect();
    assert_eq!(
        rights,
        [
            "finding.amend",
            "finding.check",
            "finding.dispatch",
            "finding.extend",
            "finding.note",
            "notice.hear",
            "task.manage"
        ]
    );
    assert!(actor(&world, pen).may("notice.hear") && !actor(&world, pen).may("user.manage"));
    world.own("user.retire", Some(pen.user), json!({}));
    assert_eq!(actor(&world, pen).rights().next(), None);
}
