//! A phone made by hand: a key, a chain, and full control over every byte that it sends.

use std::collections::BTreeMap;
use std::sync::Once;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use xuncha_core::host::Host;
use xuncha_core::model::{DeviceId, EntityId, Hash, LedgerId, LineId, OpId};
use xuncha_core::op::{At, Chain, DeviceKey, Op, OpDraft, Push, enrol_message};
use xuncha_core::protocol::{
    EnrolReply, EnrolRequest, Problem, PullReply, PullRequest, PushReply, Token, Verdict, paths,
};
use zeroize::Zeroizing;

use super::TestServer;

/// An HTTP client as phones use it, made here because rustls wants its provider named once.
pub fn http_client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, when it was there.
    pub retry_after: Option<String>,
    /// `Content-Type`.
    pub content_type: String,
    /// Every header line, by its name in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as `T`, of a request that succeeded.
    pub fn read<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The problem document of a request that was turned away.
    pub fn problem(&self) -> Problem {
        assert_eq!(self.content_type, "application/problem+json", "{}", String::from_utf8_lossy(&self.body));
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem.status, self.status);
        problem
    }

    /// Its stable code.
    pub fn code(&self) -> String {
        self.problem().code.to_string()
    }
}

/// A device that says what a test tells it to.
#[derive(Clone)]
pub struct RawPhone {
    /// Its key.
    pub key: DeviceKey,
    /// Its id.
    pub device: DeviceId,
    /// Its notebook.
    pub line: LineId,
    /// The notebook's counter: of the last op said.
    pub n: u64,
    /// The device's counter: of the last op said.
    pub seq: u64,
    /// Hash of the last op said.
    pub prev: Option<Hash>,
    /// The ledger it speaks to.
    pub ledger: LedgerId,
    /// Who holds it.
    pub user: EntityId,
    /// The login.
    pub session: EntityId,
    /// Its secret.
    pub token: Token,
    /// Where the server is.
    pub url: String,
    /// Its clock and chance.
    pub host: Host,
    http: reqwest::Client,
}

impl RawPhone {
    /// A phone of a new user with these roles, enrolled.
    pub async fn new(server: &TestServer, name: &str, roles: &[&str]) -> RawPhone {
        let user = server.office.user(name, roles, &[]);
        RawPhone::of(server, user).await
    }

    /// A phone of `user`, enrolled.
    pub async fn of(server: &TestServer, user: EntityId) -> RawPhone {
        let code = server.office.invite(user);
        let mut phone = RawPhone::blank(&server.url(), server.office.ledger, server.host());
        let reply = phone.enrol(&code).await;
        phone.signed_in(reply.read());
        phone
    }

    /// A phone that nobody knows yet.
    pub fn blank(url: &str, ledger: LedgerId, host: Host) -> RawPhone {
        let key = DeviceKey::from_seed(&Zeroizing::new(host.bytes::<32>()));
        let device = key.public().device();
        let (line, nobody) = (LineId(host.uuid()), EntityId(uuid::Uuid::nil()));
        let (token, http) = (Token::new(String::new()), http_client());
        let url = url.to_owned();
        RawPhone {
            key,
            device,
            line,
            n: 0,
            seq: 0,
            prev: None,
            ledger,
            user: nobody,
            session: nobody,
            token,
            url,
            host,
            http,
        }
    }

    /// From now on it reaches the server by this client.
    pub fn go_by(&mut self, http: reqwest::Client) {
        self.http = http;
    }

    /// Takes on a new device key, as a restored notebook does: the chain begins again, the line goes on.
    pub fn take_new_key(&mut self) {
        self.key = DeviceKey::from_seed(&Zeroizing::new(self.host.bytes::<32>()));
        self.device = self.key.public().device();
        (self.seq, self.prev) = (0, None);
    }

    /// Asks to be enrolled with `code`.
    pub async fn enrol(&self, code: &str) -> Answer {
        let key = self.key.public();
        let sig = self.key.sign(&enrol_message(self.ledger, code, &key));
        let request = EnrolRequest { code: code.to_owned(), key, line: self.line, lines_before: Vec::new(), sig };
        self.post(paths::ENROL, serde_json::to_vec(&request).unwrap(), &[]).await
    }

    /// Remembers who it is.
    pub fn signed_in(&mut self, reply: EnrolReply) {
        assert_eq!(reply.device, self.device);
        (self.ledger, self.user, self.session, self.token) =
            (reply.ledger.ledger, reply.user, reply.session, reply.token);
    }

    /// The next op, unsaid: change it at will, then [`RawPhone::say`] it.
    pub fn draft(&self, kind: &str, entity: Option<EntityId>, body: &Value) -> OpDraft {
        let id = OpId(self.host.uuid());
        let chain = Chain { device: self.device, seq: self.seq + 1, prev: self.prev, line: self.line, n: self.n + 1 };
        OpDraft {
            id,
            ledger: self.ledger,
            chain: Some(chain),
            user: Some(self.user),
            session: Some(self.session),
            origin: None,
            kind: kind.to_owned(),
            v: 1,
            entity: entity.unwrap_or(EntityId::from(id)),
            body: RawValue::from_string(body.to_string()).unwrap(),
            base: None,
            from: None,
            at: At { wall: self.host.clock.wall(), zone: self.host.clock.zone(), mono: None, offset: None },
            seen: None,
            blobs: Vec::new(),
            salt: self.host.salt(),
            supersedes: None,
        }
    }

    /// Writes the op down as the device's next one.
    pub fn say(&mut self, draft: &OpDraft) -> String {
        self.say_text(draft.to_text())
    }

    /// Takes any text for the device's next op.
    pub fn say_text(&mut self, text: String) -> String {
        (self.seq, self.n, self.prev) = (self.seq + 1, self.n + 1, Some(Hash::of(text.as_bytes())));
        text
    }

    /// A finding, written down.
    pub fn record(&mut self, note: &str) -> (EntityId, String) {
        let draft = self.draft("finding.record", None, &json!({ "item": "SR-1", "note": note }));
        (draft.entity, self.say(&draft))
    }

    /// Anything about `entity`, written down, with the version of it that the author saw.
    pub fn about(&mut self, kind: &str, entity: EntityId, base: Option<u64>, body: &Value) -> String {
        let mut draft = self.draft(kind, Some(entity), body);
        draft.base = base.map(|index| xuncha_core::model::Version { epoch: 1, index });
        self.say(&draft)
    }

    /// Sends texts as one push; one verdict each.
    pub async fn push(&self, texts: &[String]) -> Vec<Verdict> {
        let verdicts = self.try_push(texts).await.read::<PushReply>().verdicts;
        assert_eq!(verdicts.len(), texts.len());
        verdicts
    }

    /// Sends one text; its verdict.
    pub async fn push_one(&self, text: &str) -> Verdict {
        self.push(&[text.to_owned()]).await.remove(0)
    }

    /// Sends one text that must be accepted; its index.
    pub async fn settle(&self, text: &str) -> u64 {
        match self.push_one(text).await {
            Verdict::Accepted { index } => index,
            other => panic!("{other:?}\n{text}"),
        }
    }

    /// Sends texts as one push; whatever comes back.
    pub async fn try_push(&self, texts: &[String]) -> Answer {
        self.post(paths::PUSH, self.sign(self.ledger, texts), &[]).await
    }

    /// The body of a push of these texts, signed for `ledger`. The texts need not be JSON.
    pub fn sign(&self, ledger: LedgerId, texts: &[String]) -> Vec<u8> {
        let hashes: Vec<Hash> = texts.iter().map(|text| Hash::of(text.as_bytes())).collect();
        let sig = self.key.sign(&xuncha_core::op::push_message(ledger, &self.device, &hashes));
        format!(r#"{{"device":"{}","ops":[{}],"sig":"{sig}"}}"#, self.device, texts.join(",")).into_bytes()
    }

    /// Sends any push.
    pub async fn send(&self, push: &Push) -> Answer {
        self.post(paths::PUSH, serde_json::to_vec(push).unwrap(), &[]).await
    }

    /// Asks for a page.
    pub async fn pull(&self, request: &PullRequest) -> PullReply {
        self.try_pull(request).await.read()
    }

    /// Asks for a page; whatever comes back.
    pub async fn try_pull(&self, request: &PullRequest) -> Answer {
        self.post(paths::PULL, serde_json::to_vec(request).unwrap(), &[]).await
    }

    /// Sends any bytes to any address with the phone's token.
    pub async fn post(&self, path: &str, body: Vec<u8>, headers: &[(&str, &str)]) -> Answer {
        self.ask("POST", path, body, headers).await.unwrap()
    }

    /// Sends any request.
    ///
    /// # Errors
    /// When no whole reply came.
    pub async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Answer> {
        let method = method.parse().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.url)).body(body);
        if !self.token.secret().is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token.secret()));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = request.send().await?;
        let header = |name: &str| Some(reply.headers().get(name)?.to_str().unwrap().to_owned());
        let (status, retry_after) = (reply.status().as_u16(), header("retry-after"));
        let content_type = header("content-type").unwrap_or_default();
        let line = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap_or_default().to_owned())
        };
        let headers = reply.headers().iter().map(line).collect();
        Ok(Answer { status, retry_after, content_type, headers, body: reply.bytes().await?.to_vec() })
    }
}

impl RawPhone {
    /// Id of the op in `text`.
    pub fn id_of(text: &str) -> OpId {
        Op::parse(text).unwrap().id
    }
}
