//! What identity gives to sockets: its share of every inbox. What opens a socket stands in `http`.

mod inbox;
#[cfg(test)]
mod tests;

pub(crate) use inbox::{Inbox, push};
