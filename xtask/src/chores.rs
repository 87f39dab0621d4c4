//! One file per chore.

pub(crate) mod mutants;
pub(crate) mod openapi;
pub(crate) mod postgres;
pub(crate) mod test;
