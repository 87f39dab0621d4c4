//! Whole games: recorded as the server records them, verified, tampered with, written down and replayed.

mod golden;
mod notation;
mod random;
mod tampering;
mod vectors;
mod verifying;
