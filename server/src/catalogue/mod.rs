//! Catalogues from the workbooks that city offices keep: the sheet of filing and closing conditions
//! (立结案标准), one line for each kind of problem.

mod grid;
mod header;
mod limit;
mod rows;
mod sheet;
#[cfg(test)]
mod tests;

pub use sheet::read_sheet;
