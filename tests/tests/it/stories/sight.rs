//! Who sees what, as areas are given and taken away.

use serde_json::json;
use xuncha_core::model::EntityId;
use xuncha_tests::harness::{Phone, TestServer, square};

use super::check;

async fn two_areas() -> (TestServer, EntityId, EntityId, Phone) {
    let server = TestServer::start().await;
    let north = server.office.area("城北", &square(0.0, 10.0));
    let south = server.office.area("城南", &square(20.0, 30.0));
    let all = Phone::of(&server, "全城", "inspector").await;
    (server, north, south, all)
}

fn notes(phone: &Phone) -> Vec<String> {
    let mut notes: Vec<_> = phone.findings().into_iter().map(|finding| finding.note.unwrap()).collect();
    notes.sort();
    notes
}

#[tokio::test]
async fn an_inspector_of_one_area_sees_that_area_and_what_they_said_themselves() {
    let (server, north, _, all) = two_areas().await;
    let user = server.office.user("城北巡查", &["inspector"], &[north]);
    let phone = Phone::of_user(&server, user).await;
    all.record_at("北", 5.0, 5.0);
    all.record_at("南", 25.0, 25.0);
    all.record("无处");
    all.sync().await;
    phone.record_at("自己在南", 25.0, 25.0);
    phone.sync().await;
    assert_eq!(notes(&phone), ["北", "自己在南"]);
    all.sync().await;
    assert_eq!(all.findings().len(), 4);
    check(&server, &[&all, &phone]);
}

#[tokio::test]
async fn an_area_granted_later_is_caught_up_and_one_taken_away_leaves() {
    let (server, north, south, all) = two_areas().await;
    let user = server.office.user("调动", &["inspector"], &[north]);
    let phone = Phone::of_user(&server, user).await;
    let theirs = all.record_at("北", 5.0, 5.0);
    for number in 0..40 {
        all.record_at(&format!("南{number:02}"), 25.0, 25.0);
    }
    all.sync().await;
    phone.sync().await;
    assert_eq!(notes(&phone), ["北"]);

    server.office.change("user.amend", user, json!({ "areas": { south.to_string(): true } }));
    phone.sync().await;
    assert_eq!(phone.findings().len(), 41);
    phone.check();

    phone.amend(theirs, "离开前还没送出的一句");
    server.office.change("user.amend", user, json!({ "areas": { north.to_string(): null } }));
    let synced = phone.sync().await;
    assert_eq!((synced.accepted, synced.dropped), (1, 1));
    assert_eq!(phone.findings().len(), 40);
    assert_eq!(server.office.entity(theirs).text("note"), Some("离开前还没送出的一句"));
    check(&server, &[&all, &phone]);
}

#[tokio::test]
async fn a_finding_that_moves_to_another_area_leaves_one_phone_and_reaches_another() {
    let (server, north, south, all) = two_areas().await;
    let mut phones = Vec::new();
    for (name, area) in [("北巡", north), ("南巡", south)] {
        let user = server.office.user(name, &["inspector"], &[area]);
        phones.push(Phone::of_user(&server, user).await);
    }
    let finding = all.record_at("移动摊贩", 5.0, 5.0);
    all.sync().await;
    for phone in &phones {
        phone.sync().await;
    }
    assert_eq!((phones[0].findings().len(), phones[1].findings().len()), (1, 0));
    let place = xuncha_core::model::Place {
        lat: Some(25.0),
        lon: Some(25.0),
        accuracy: None,
        provider: Some("pin".into()),
        words: None,
        id: None,
    };
    let draft = xuncha_core::model::FindingDraft { place: Some(place), ..Default::default() };
    all.notebook.amend(finding, draft, Vec::new()).unwrap();
    all.sync().await;
    for phone in &phones {
        phone.sync().await;
    }
    assert_eq!((phones[0].findings().len(), phones[1].findings().len()), (0, 1));
    check(&server, &[&all, &phones[0], &phones[1]]);
}

#[tokio::test]
async fn people_of_a_unit_see_no_findings_and_no_colleagues_of_the_city() {
    let (server, _, _, all) = two_areas().await;
    all.record_at("北", 5.0, 5.0);
    all.sync().await;
    let unit = server.office.add("unit.add", json!({ "name": "城北环卫所" }));
    let user =
        server.office.add("user.add", json!({ "name": "联络员", "roles": { "coordinator": true }, "unit": unit }));
    let phone = Phone::of_user(&server, user).await;
    phone.sync().await;
    assert!(phone.findings().is_empty());
    let people: Vec<_> = phone.notebook.users().unwrap().into_iter().map(|person| person.name).collect();
    assert_eq!(people, ["联络员"]);
    check(&server, &[&all, &phone]);
}
