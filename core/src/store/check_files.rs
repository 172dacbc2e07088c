//! Whether the files are what the table says, and nothing in it is without a reason.

use std::collections::BTreeSet;

use super::{Store, Tried, entity_id, unreadable};
use crate::Result;
use crate::model::EntityId;
use crate::op::Op;
use crate::photo::verify_file;

/// Finding, photo, role and hash, as an op promises them.
type Promise = (EntityId, String, String, String);

impl Store {
    /// Reads every file that is here; what is promised is what ops of ours said.
    pub(super) fn check_files(&self, wrong: &mut Vec<String>) -> Result<()> {
        for (hash, len, role, here) in self.all_files()? {
            let path = self.path_of(&hash, &role);
            if here && path.metadata().map_or(true, |found| found.len() != len) {
                wrong.push(format!("file {hash}: is not in its folder with {len} bytes"));
            } else if here && !verify_file(&path, &hash).unwrap_or(false) {
                wrong.push(format!("file {hash}: its bytes are not those that were sealed"));
            }
        }
        let said = self.promised_by_ops()?;
        let read = "SELECT finding, photo, role, hash FROM promise";
        for (finding, photo, role, hash) in self.promises(read)? {
            if !said.contains(&(finding, photo.clone(), role.clone(), hash)) {
                wrong.push(format!("finding {finding}: no op promises the {role} of photo {photo}"));
            }
        }
        let checks = [
            (
                "SELECT hash FROM file WHERE NOT EXISTS (SELECT 1 FROM promise WHERE promise.hash = file.hash)",
                "a file that no photo names",
            ),
            (
                "SELECT id FROM photo WHERE NOT EXISTS (SELECT 1 FROM promise WHERE promise.finding = photo.finding \
                 AND promise.photo = photo.id AND promise.role = 'original')",
                "a photo without an original",
            ),
            (
                "SELECT photo FROM promise WHERE NOT EXISTS (SELECT 1 FROM photo WHERE photo.finding = \
                 promise.finding AND photo.id = promise.photo)",
                "a promise about a photo that was not taken in",
            ),
            (
                "SELECT id FROM photo WHERE preview = 'made' AND detail IS NULL AND 2 <> (SELECT count(*) FROM \
                 promise WHERE promise.finding = photo.finding AND promise.photo = photo.id AND promise.role <> \
                 'original')",
                "a photo with previews that no file is",
            ),
        ];
        for (query, what) in checks {
            let mut query = self.db.prepare(query)?;
            let names = query.query_map([], |row| row.get::<_, String>(0))?;
            for name in names {
                wrong.push(format!("{}: {what}", name.tried("check")?));
            }
        }
        Ok(())
    }

    fn promises(&self, query: &str) -> Result<Vec<Promise>> {
        let mut query = self.db.prepare(query)?;
        let rows =
            query.query_map([], |row| Ok((row.get(0).map(entity_id)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        rows.collect::<rusqlite::Result<_>>().tried("check")
    }

    fn promised_by_ops(&self) -> Result<BTreeSet<Promise>> {
        let mut said = BTreeSet::new();
        let query = "SELECT text FROM op WHERE kind IN ('finding.record', 'finding.amend', 'finding.fix', 'finding.reply', 'finding.close', 'finding.return', 'photo.preview')";
        let mut query = self.db.prepare(query)?;
        for text in query.query_map([], |row| row.get::<_, String>(0))? {
            let op = Op::parse(&text?).map_err(|error| unreadable("op", error))?;
            for (set, roles) in [("photos", &["original"][..]), ("previews", &["display", "thumbnail"])] {
                let members = op.body.get(set).and_then(|members| members.as_object()).into_iter().flatten();
                for (photo, value) in members {
                    let hash = |role: &str| value.get(role)?.as_str().map(str::to_owned);
                    let named = roles.iter().filter_map(|role| Some(((*role).to_owned(), hash(role)?)));
                    said.extend(named.map(|(role, hash)| (op.entity, photo.clone(), role, hash)));
                }
            }
        }
        Ok(said)
    }
}
