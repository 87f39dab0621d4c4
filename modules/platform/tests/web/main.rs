//! The web floor as a context sees it: a table of routes, real requests through the edge, and what comes back.

mod access;
mod bodies;
mod headers;
mod limits;
mod methods;
mod openapi;
mod problems;
mod requests;
mod world;
