//! The front end of CEL: what is read, what is refused and how, and who agrees.

pub(crate) mod corpus;
mod differential;
mod limits;
mod properties;
mod tables;
