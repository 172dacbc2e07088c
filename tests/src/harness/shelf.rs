//! The files of a ledger as they lie behind its server's back: in a folder, or in a bucket where `XUNCHA_S3` names one
//! that is there for the tests alone (`tests/all` starts the program that keeps it).

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use xuncha_core::host::Host;
use xuncha_core::model::Hash;
use xuncha_server::blobs::{Depot, Folder};
use xuncha_server::settings::find_files;

use super::{http_client, put_bytes};

/// The bucket, such as `s3://tests`. The variables `AWS_*` say where it is.
pub fn bucket() -> Option<String> {
    std::env::var("XUNCHA_S3").ok()
}

/// A place in the bucket that nobody has used yet.
pub fn new_place(bucket: &str) -> String {
    format!("{bucket}/{}", Host::system().uuid().simple())
}

/// The place of the files of the ledger in `data`, as its server finds it.
pub fn depot_of(data: &Path) -> Depot {
    find_files(data, None).unwrap()
}

/// Every file of one ledger, and what is on its way.
pub struct Shelf {
    place: Place,
}

enum Place {
    Folder(Folder),
    /// Address of the prefix, over HTTP, and the prefix.
    Bucket(String, String),
}

impl Shelf {
    /// Of the ledger in `data`.
    pub fn of(data: &Path) -> Shelf {
        match xuncha_server::settings::Settings::of(data).unwrap().blobs {
            Some(place) if place.starts_with("s3://") => Shelf::at(&place),
            Some(folder) => Shelf { place: Place::Folder(Folder::shared(Path::new(&folder))) },
            None => Shelf { place: Place::Folder(Folder::of(data)) },
        }
    }

    /// Of a place in the bucket.
    pub fn at(place: &str) -> Shelf {
        let (bucket, prefix) = place.strip_prefix("s3://").unwrap().split_once('/').unwrap();
        let endpoint = std::env::var("AWS_ENDPOINT_URL").unwrap();
        Shelf { place: Place::Bucket(format!("{endpoint}/{bucket}"), prefix.to_owned()) }
    }

    fn name(hash: &Hash) -> String {
        let name = hash.to_hex();
        format!("{}/{name}", &name[..2])
    }

    /// The bytes under the name of `hash`.
    pub fn read(&self, hash: &Hash) -> Option<Vec<u8>> {
        match &self.place {
            Place::Folder(folder) => fs::read(folder.path(hash)).ok(),
            Place::Bucket(..) => self.object("GET", &Shelf::name(hash), Vec::new()),
        }
    }

    /// Puts bytes there, whatever they are.
    pub fn put(&self, hash: &Hash, bytes: &[u8]) {
        match &self.place {
            Place::Folder(folder) => {
                let path = folder.path(hash);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                put_bytes(path, bytes);
            }
            Place::Bucket(..) => assert!(self.object("PUT", &Shelf::name(hash), bytes.to_vec()).is_some()),
        }
    }

    /// Removes the file.
    pub fn remove(&self, hash: &Hash) {
        match &self.place {
            Place::Folder(folder) => fs::remove_file(folder.path(hash)).unwrap(),
            Place::Bucket(..) => assert!(self.object("DELETE", &Shelf::name(hash), Vec::new()).is_some()),
        }
    }

    /// Names of what is on its way.
    pub fn on_their_way(&self) -> Vec<String> {
        match &self.place {
            Place::Folder(folder) => {
                let listed = [folder.uploads(), folder.root().join("taken")].map(|path| fs::read_dir(path).unwrap());
                let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
                listed.into_iter().flatten().map(name).collect()
            }
            Place::Bucket(..) => {
                let all = self.names();
                all.into_iter().filter(|name| name.starts_with("staged/") || name.starts_with("taken/")).collect()
            }
        }
    }

    /// Removes what the upload at `address` has gathered; none of it is left.
    pub fn lose(&self, address: &str) {
        let id = address.rsplit('/').next().unwrap();
        match &self.place {
            Place::Folder(folder) => fs::remove_file(folder.upload(id)).unwrap(),
            Place::Bucket(..) => {
                let mut names = self.names();
                names.retain(|name| name.starts_with(&format!("staged/{id}/")));
                assert!(!names.is_empty(), "nothing is staged");
                names.iter().for_each(|name| drop(self.object("DELETE", name, Vec::new())));
            }
        }
    }

    /// Names of all objects below the prefix.
    pub fn names(&self) -> Vec<String> {
        let Place::Bucket(bucket, prefix) = &self.place else { panic!("no bucket") };
        let found = ask("GET", &format!("{bucket}?list-type=2&prefix={prefix}/"), Vec::new()).unwrap();
        let text = String::from_utf8(found).unwrap();
        let keys = text.split("<Key>").skip(1).map(|rest| rest.split("</Key>").next().unwrap());
        keys.map(|key| key.strip_prefix(&format!("{prefix}/")).unwrap().to_owned()).collect()
    }

    /// Asks the program that keeps the bucket about one object; none when there is no such object.
    pub fn object(&self, method: &str, name: &str, body: Vec<u8>) -> Option<Vec<u8>> {
        let Place::Bucket(bucket, prefix) = &self.place else { panic!("no bucket") };
        ask(method, &format!("{bucket}/{prefix}/{name}"), body)
    }
}

impl Shelf {
    /// What the bucket says of an object besides its bytes: its tag, and when it was written.
    pub fn tag_and_date(&self, name: &str) -> [String; 2] {
        let Place::Bucket(bucket, prefix) = &self.place else { panic!("no bucket") };
        let found = ask("GET", &format!("{bucket}?list-type=2&prefix={prefix}/{name}"), Vec::new()).unwrap();
        let text = String::from_utf8(found).unwrap();
        let member = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>")).unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        };
        [member("ETag"), member("LastModified")]
    }
}

/// A program of its own that speaks S3 and asks for keys, of which it knows none. Ended when dropped.
pub struct StrictStore {
    child: Child,
    port: u16,
}

impl StrictStore {
    /// Starts it; none where there is no such program.
    pub fn start() -> Option<StrictStore> {
        let mut command = super::python("moto")?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        command.args(["-m", "moto.server", "-p", &port.to_string()]).env("INITIAL_NO_AUTH_ACTION_COUNT", "0");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "it does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(StrictStore { child, port })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for StrictStore {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Names a key and is no signature: the program of the tests does not look at that.
const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=tests/20261126/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x";

/// One request.
fn ask(method: &str, url: &str, body: Vec<u8>) -> Option<Vec<u8>> {
    let (method, url) = (method.parse().unwrap(), url.to_owned());
    // A thread of its own: the test may be within a runtime.
    let asked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let request = http_client().request(method, url).body(body).header("authorization", SIGNED);
            let reply = request.header("content-type", "application/octet-stream").send().await.unwrap();
            let found = reply.status().is_success();
            let body = reply.bytes().await.unwrap().to_vec();
            found.then_some(body)
        })
    });
    asked.join().unwrap()
}
