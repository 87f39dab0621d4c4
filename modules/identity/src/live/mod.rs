//! What identity gives to sockets: its share of every inbox. What opens a socket stands in `http`.

mod inbox;

pub(crate) use inbox::Inbox;
