//! Identity over HTTP: the route table, one file per endpoint, and the mapping of errors to problems.

mod accounts;
mod activate;
mod distributors;
mod jwks;
mod live_tickets;
mod login;
mod me;
mod parse;
mod problem;
mod refresh;
mod register;
mod registrations;
mod routes;
mod sessions;
mod signed_in;
mod staff;
#[cfg(test)]
mod tests;

pub(crate) use live_tickets::SocketTickets;
pub(crate) use routes::routes;
