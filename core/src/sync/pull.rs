//! Fetches what changed, page by page, until the head.

use futures_util::future::join;

use super::login::beside;
use super::{Errand, Offset, Step, Synced, let_others_begin, trust};
use crate::op::Seen;
use crate::protocol::{PullReply, PullRequest, SyncService};
use crate::{Error, Result};

impl<S: SyncService> Errand<'_, S> {
    /// Pulls until there is no more, for everybody who is signed in. A scope whose checksum differs is fetched anew, once.
    /// While a page is stored, the next one is on its way.
    pub(super) async fn pull(&self, synced: &mut Synced) -> Result<()> {
        let mut asked: Option<(PullRequest, Result<(PullReply, i64)>)> = None;
        loop {
            let (account, membership, _) = self.account()?;
            let (request, answer) = match asked.take() {
                Some(asked) => asked,
                None => {
                    let request = self.door.with(|store| store.pull_request(&account, self.options.page_rows))?;
                    let answer = self.ask_page(&request, &mut synced.requests).await;
                    (request, answer)
                }
            };
            let (reply, offset) = answer?;
            synced.offset_ms = offset;
            let seen = trust::check_page(&request, &reply, &membership)?;
            if reply.more && reply.rows.is_empty() && stands_still(&request, &reply) {
                let what = "pull: more was promised and nothing came".into();
                return Err(Error::Offline { what, retry_after: None });
            }
            let again = synced.refetched.is_empty();
            let next = behind(&request, &reply, seen.as_ref());
            let ahead = async {
                let next = next?;
                let answer = self.ask_page(&next, &mut synced.requests).await;
                Some((next, answer))
            };
            let take = async {
                let_others_begin().await;
                self.door.with(|store| store.take_page(&reply, seen.as_ref(), offset, again))
            };
            let (ahead, page) = join(ahead, take).await;
            let page = page?;
            asked = ahead;
            synced.add(&page.tally);
            synced.pulled_rows += reply.rows.len() as u64;
            synced.dropped += page.dropped;
            self.progress.step(Step::Pulling { rows: synced.pulled_rows });
            let refetch = again && !page.wrong.is_empty();
            if refetch {
                synced.refetched = page.wrong;
            }
            if !reply.more && !refetch {
                return Ok(());
            }
        }
    }

    /// Asks for one page; with it the server's clock minus ours.
    async fn ask_page(&self, request: &PullRequest, requests: &mut u64) -> Result<(PullReply, i64)> {
        let (.., logins) = self.account()?;
        let host = self.door.host();
        let mut clock = Offset::start(host);
        let reply = self.as_somebody(&logins, requests, |login| {
            clock = Offset::start(host);
            self.service.pull(&login.token, PullRequest { also: beside(&logins, login), ..request.clone() })
        });
        let reply = reply.await??;
        let offset = clock.of(reply.time);
        Ok((reply, offset))
    }
}

/// The request behind a page that is still to be stored; none where storing it decides what is asked next.
fn behind(request: &PullRequest, reply: &PullReply, seen: Option<&Seen>) -> Option<PullRequest> {
    // Who asks for verdicts asks again with each page, for those that did not fit.
    let plain =
        request.open.is_empty() && reply.catching.is_empty() && reply.dropped.is_empty() && reply.signed_out.is_empty();
    let same = request.cursor.is_none() || (request.catching.is_empty() && request.joined == reply.joined);
    (reply.more && plain && same).then(|| PullRequest {
        cursor: Some(reply.cursor),
        joined: reply.joined.clone(),
        seen: seen.or(request.seen.as_ref()).cloned(),
        limit: request.limit,
        ..PullRequest::default()
    })
}

/// A page that leaves the phone where it was would be asked for without end.
fn stands_still(request: &PullRequest, reply: &PullReply) -> bool {
    request.cursor == Some(reply.cursor) && request.joined == reply.joined && request.catching == reply.catching
}
