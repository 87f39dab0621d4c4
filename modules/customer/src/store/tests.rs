//! Store contract.
