//! Who said what: every push is signed by its device, and every device hangs together.

use super::*;

impl Check {
    pub(super) fn pushes(&mut self, snapshot: &dyn Snapshot) -> Result<()> {
        let mut after = 0;
        loop {
            let page = snapshot.pushes(after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for push in &page {
                self.push(push);
            }
        }
        for (push, entries) in std::mem::take(&mut self.pushed) {
            for (index, ..) in entries {
                self.problem(Some(index), format!("push {push}, which brought it, is missing"));
            }
        }
        self.chains();
        Ok(())
    }

    fn push(&mut self, push: &PushRow) {
        let entries = self.pushed.remove(&push.id).unwrap_or_default();
        let first = entries.first().map(|(index, ..)| *index);
        let device = self.state.entity(EntityId::of_device(self.moment.ledger, &push.device));
        let key: Option<PublicKey> = device.as_ref().and_then(|device| device.text("key")?.parse().ok());
        let signed = key.is_some_and(|key| {
            key.device() == push.device
                && key.verifies(&push_message(self.moment.ledger, &push.device, &push.hashes), &push.sig)
        });
        if !signed {
            self.problem(first, format!("push {} is not signed by its device", push.id));
        }
        let hashes: BTreeSet<_> = push.hashes.iter().collect();
        for (index, device, hash) in entries {
            if device != push.device || !hashes.contains(&hash) {
                self.problem(Some(index), format!("push {} does not cover it", push.id));
            }
        }
    }

    /// What a device said must hang together where two neighbours are both here.
    fn chains(&mut self) {
        for chain in std::mem::take(&mut self.chains).into_values() {
            let pairs = chain.iter().zip(chain.iter().skip(1));
            for ((seq, (_, hash, _)), (next, (index, _, prev))) in pairs {
                if seq + 1 == *next && *prev != Some(*hash) {
                    self.problem(Some(*index), format!("it does not follow number {seq} of its device"));
                }
            }
        }
    }
}
