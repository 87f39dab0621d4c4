//! The storage floor on both databases. The PostgreSQL half needs a server: see `platform::testing`.
#![cfg(test)]

mod catalogue;
mod events;
mod floor;
mod jobs;
mod keeping;
mod migrations;
mod notes;
mod parking;
mod transactions;
