//! Registers that a city kept before: their rows, read as cases to be taken over.
//!
//! [`Map`] says which column is what. [`each_row`] reads CSV (UTF-8 or GB18030) and XLSX row by row, [`read_case`] makes a case
//! of a row or says everything that is wrong with it, and [`Intake`] compares with the ledger and takes in.

mod case;
mod encoding;
mod intake;
mod layout;
mod map;
mod row;
mod sheet;
mod table;
mod text;
mod time;

pub use case::{ImportedCase, read_case};
pub use intake::{Intake, Known, Taken};
pub use layout::Layout;
pub use map::{Map, MapError};
pub use row::{Cell, Row, RowFault};
pub use table::{TableError, each_row};
