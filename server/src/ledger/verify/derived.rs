//! What follows from the ledger: newest states, the feed and its checksums, ops kept outside.

use super::*;

impl Check {
    pub(super) fn entities(&mut self, snapshot: &dyn Snapshot) -> Result<()> {
        let mut after = None;
        let mut found = 0_usize;
        loop {
            let page = snapshot.all_entities(after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for row in &page {
                found += 1;
                let Some(entity) = self.state.entity(row.id) else {
                    self.problem(Some(row.index), format!("entity {} follows from no entry", row.id));
                    continue;
                };
                let fits = row.row == entity.to_text() && row.index == entity.index && row.kind == entity.kind;
                if !fits {
                    self.problem(Some(entity.index), format!("{} {} is not what its entries made", row.kind, row.id));
                } else if entity_of(row).is_err() {
                    self.problem(Some(entity.index), format!("{} {} cannot be read", row.kind, row.id));
                }
            }
        }
        if found != self.state.entities.len() {
            self.problem(None, format!("{found} entities are stored, {} follow", self.state.entities.len()));
        }
        Ok(())
    }

    /// Documents are what their hashes say; the law reads catalogues from them while it judges.
    pub(super) fn documents(&mut self, snapshot: &dyn Snapshot) -> Result<()> {
        for hash in snapshot.documents()? {
            let text = snapshot.document(&hash)?.unwrap_or_default();
            if Hash::of(text.as_bytes()) != hash {
                self.problem(None, format!("document {hash} was changed"));
            } else if let Ok(catalogue) = Catalogue::read(&text) {
                self.state.documents.insert(hash, Arc::new(catalogue));
            }
        }
        Ok(())
    }

    /// Every catalogue has its document.
    pub(super) fn catalogues(&mut self, snapshot: &dyn Snapshot) -> Result<()> {
        let catalogues = self.state.entities.values().filter(|entity| entity.kind == "catalogue");
        let named: Vec<_> = catalogues.filter_map(|entity| Some((entity.index, file_of(entity)?))).collect();
        for (index, file) in named {
            if snapshot.document(&file)?.is_none() {
                self.problem(Some(index), format!("document {file} is missing"));
            }
        }
        Ok(())
    }

    /// Ops kept outside the ledger are still what was said.
    pub(super) fn outside(&mut self, snapshot: &dyn Snapshot) -> Result<()> {
        let mut after = None;
        loop {
            let page = snapshot.outside(after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.hash);
            for kept in page.iter().filter(|kept| Hash::of(kept.text.as_bytes()) != kept.hash) {
                self.problem(None, format!("the text of op {}, which waits outside, was changed", kept.op));
            }
        }
    }

    /// Which files are called kept, and who refers to which, follows from the entries.
    pub(super) fn files(&mut self, snapshot: &dyn Snapshot) -> Result<()> {
        let mut expected = std::mem::take(&mut self.state.kept);
        let mut after = None;
        loop {
            let page = snapshot.blobs(after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.hash);
            for blob in &page {
                let kept = expected.remove(&blob.hash);
                if blob.kept != kept.map(|(index, _)| index) || kept.is_some_and(|(_, len)| len != blob.len) {
                    self.problem(blob.kept, format!("what is recorded of file {} does not follow", blob.hash));
                }
            }
        }
        for (hash, (index, _)) in expected {
            self.problem(Some(index), format!("file {hash} is called kept and nothing is recorded of it"));
        }
        self.refs(snapshot)
    }

    fn refs(&mut self, snapshot: &dyn Snapshot) -> Result<()> {
        let mut expected: BTreeSet<(EntityId, Hash)> = BTreeSet::new();
        for entity in self.state.entities.values() {
            expected.extend(entity.files().iter().map(|file| (entity.id, file.hash)));
        }
        let mut after = None;
        loop {
            let page = snapshot.refs(after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.entity);
            for row in &page {
                if !expected.remove(&(row.entity, row.hash)) {
                    self.problem(None, format!("{} does not refer to file {}", row.entity, row.hash));
                }
            }
        }
        for (entity, hash) in expected {
            self.problem(None, format!("{entity} refers to file {hash}, and that is not recorded"));
        }
        Ok(())
    }

    pub(super) fn feeds(&mut self, snapshot: &dyn Snapshot) -> Result<()> {
        let mut expected: BTreeMap<Scope, BTreeMap<EntityId, u64>> = BTreeMap::new();
        let mut sums: BTreeMap<Scope, RowPart> = BTreeMap::new();
        for entity in self.state.entities.values() {
            for scope in scopes_of(entity) {
                let part = Row::sum(entity.id, entity.index, &project(entity, &scope).to_text());
                let sum = sums.entry(scope.clone()).or_default();
                *sum = sum.plus(part);
                expected.entry(scope).or_default().insert(entity.id, entity.index);
            }
        }
        for (scope, sum) in snapshot.scopes()? {
            let rows = expected.remove(&scope).unwrap_or_default();
            self.feed(snapshot, &scope, rows)?;
            if sums.get(&scope).copied().unwrap_or_default() != sum {
                self.problem(None, format!("the checksum of {scope} is not that of its rows"));
            }
        }
        for scope in expected.into_keys() {
            self.problem(None, format!("the feed of {scope} is missing"));
        }
        Ok(())
    }

    fn feed(&mut self, snapshot: &dyn Snapshot, scope: &Scope, mut expected: BTreeMap<EntityId, u64>) -> Result<()> {
        let mut from = 0;
        loop {
            // One entry moves several rows of a scope, and a page ends where it ends: never between two of them.
            let found = collect(snapshot, std::slice::from_ref(scope), from, u64::MAX, PAGE)?;
            for (row, _) in found.rows.iter().filter(|(row, _)| !row.gone) {
                if expected.remove(&row.entity) != Some(row.index) {
                    self.problem(Some(row.index), format!("the feed of {scope} shows {} wrongly", row.entity));
                }
            }
            match found.end {
                Some(end) => from = end,
                None => break,
            }
        }
        for (entity, index) in expected {
            self.problem(Some(index), format!("the feed of {scope} does not show {entity}"));
        }
        Ok(())
    }
}
