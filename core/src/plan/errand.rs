//! A visit that carries out a task goes where the task says, through the checklist that it says.

use super::View;
use super::answers::Misfit;
use crate::model::{Entity, Inspection, Place, Task};

/// Checks that a visit to `place`, through the checklist of `kind`, is what `task` asks for.
///
/// # Errors
/// What is another's: the place or the type.
pub fn carries_out(view: &dyn View, task: &Task, place: Option<&Place>, kind: &str) -> Result<(), Misfit> {
    let wanted = task.place.as_ref().and_then(|place| place.id);
    let known = wanted.and_then(|id| view.entity(id)).filter(|known| known.kind == "place");
    if wanted.is_some() && place.and_then(|place| place.id) != wanted {
        let name = known.as_ref().and_then(|known| known.text("name")).unwrap_or("another place").to_owned();
        return Err(misfit("place", format!("the task is at {name}")));
    }
    let asked = task.place_type.as_deref().or_else(|| known.as_ref().and_then(|known| known.text("type")));
    match asked {
        Some(asked) if asked != kind => Err(misfit("type", format!("is {kind}, and the task asks for {asked}"))),
        _ => Ok(()),
    }
}

/// The place of a visit that carries out a task: what the visitor says of it, laid over what the task says. A fix
/// replaces a fix, and neither takes the known place away.
pub fn place_of_errand(said: Option<Place>, task: Option<Place>) -> Option<Place> {
    let (said, task) = match (said, task) {
        (Some(said), Some(task)) => (said, task),
        (said, task) => return said.or(task),
    };
    let fix = if said.lat.is_some() { &said } else { &task };
    Some(Place {
        lat: fix.lat,
        lon: fix.lon,
        accuracy: fix.accuracy,
        provider: fix.provider.clone(),
        words: said.words.or(task.words),
        id: said.id.or(task.id),
    })
}

/// [`carries_out`] for a visit and a task as they stand in the ledger.
pub(super) fn check(view: &dyn View, task: &Entity, visit: &Entity) -> Result<(), Misfit> {
    let visit = Inspection::from_entity(visit);
    carries_out(view, &Task::from_entity(task), visit.place.as_ref(), &visit.place_type)
}

fn misfit(field: &str, detail: String) -> Misfit {
    Misfit { ask: Some(field.to_owned()), detail }
}
