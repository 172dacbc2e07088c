//! Somebody who says very much: a device made by hand, so that a ledger is full in seconds.

use serde_json::to_value;
use xuncha_core::host::Host;
use xuncha_core::op::OpDraft;
use xuncha_core::protocol::{EnrolReply, Verdict};
use xuncha_tests::harness::RawPhone;

use crate::city::City;
use crate::findings::Findings;

/// Findings in one push.
const TOGETHER: usize = 400;

/// A device that writes findings with photos, without a notebook of its own.
pub(crate) struct Author {
    phone: RawPhone,
    findings: Findings,
}

impl Author {
    pub(crate) async fn of(city: &City, seed: u64) -> Author {
        let user = city.office.user("李强", &["inspector"], &[]);
        let mut phone = RawPhone::blank(city.url(), city.office.ledger, Host::system());
        let reply: EnrolReply = phone.enrol(&city.office.invite(user)).await.read();
        phone.signed_in(reply);
        Author { phone, findings: Findings::seeded(seed) }
    }

    /// Says `count` findings, all of which must be accepted; somewhere, or at a point.
    pub(crate) async fn say(&mut self, count: usize, at: Option<(f64, f64)>) {
        let mut left = count;
        while left > 0 {
            let together = left.min(TOGETHER);
            let texts: Vec<_> = (0..together).map(|_| self.text(at)).collect();
            let verdicts = self.phone.push(&texts).await;
            let taken = |verdict: &Verdict| matches!(verdict, Verdict::Accepted { .. });
            assert!(verdicts.iter().all(taken), "{:?}", verdicts.iter().find(|verdict| !taken(verdict)));
            left -= together;
        }
    }

    fn text(&mut self, at: Option<(f64, f64)>) -> String {
        let finding = at.map_or_else(|| self.findings.plain(), |(lat, lon)| self.findings.plain_at(lat, lon));
        let (finding, blobs) = self.findings.with_photos(finding);
        let draft = self.phone.draft("finding.record", None, &to_value(finding).unwrap());
        self.phone.say(&OpDraft { blobs, ..draft })
    }
}
