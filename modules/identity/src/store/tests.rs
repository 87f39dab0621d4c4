//! What every implementation of the store does, run on each database.
