//! Previews: what they show, what they leave out, and what hostile pictures cannot do.

mod hostile;
pub(crate) mod made;
mod real;
mod shown;
mod stamped;
