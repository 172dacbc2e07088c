//! The city behind an export, as the ledger knows it.

use xuncha_core::model::EntityId;
use xuncha_core::model::catalogue::Catalogue;
use xuncha_core::plan::file_of;

use super::super::Failure;
use super::super::folder::Folder;
use crate::documents::City;

/// Zone and time, and the names and points that documents speak of.
pub(super) fn city_of(folder: &Folder) -> Result<City, Failure> {
    let ledger = folder.entity(EntityId(folder.ledger.0))?;
    let mut city = City::new(ledger.as_ref().and_then(|ledger| ledger.text("zone")), folder.host.clock.wall());
    folder.each("unit", |unit| city.add_unit(unit))?;
    folder.each("notice", |notice| city.add_notice(notice))?;
    folder.each("deduction", |row| city.add_deduction(row))?;
    let mut catalogues = Vec::new();
    folder.each("catalogue", |catalogue| catalogues.extend(file_of(catalogue).map(|file| (catalogue.id, file))))?;
    for (id, file) in catalogues {
        let text = folder.store.look(|snapshot| snapshot.document(&file))?;
        // One that was not carried here yet leaves its items without names.
        if let Some(catalogue) = text.and_then(|text| Catalogue::read(&text).ok()) {
            city.add_catalogue(id, &catalogue);
        }
    }
    Ok(city)
}

/// The one unit that is called so, also one that is in use no more.
pub(super) fn unit_called(city: &City, name: &str) -> Result<EntityId, Failure> {
    match city.units_called(name)[..] {
        [unit] => Ok(unit),
        [] => Err(Failure::new("not_found", format!("unit: there is no unit {name}"))),
        ref many => Err(Failure::new("ambiguous", format!("unit: {} are called {name}; give an id", many.len()))),
    }
}
