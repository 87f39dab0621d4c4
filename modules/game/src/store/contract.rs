//! What every implementation of the store does.
