//! The rules as a whole: settled cases told as scenes, and properties over random rule sets and games.

mod announcing;
mod debts;
mod documented;
mod double_decking;
mod drawing;
mod effects;
mod figures;
mod finishing;
mod hidden;
mod imagining;
mod market;
mod matches;
mod matching;
mod opening;
mod properties;
mod random;
mod refusals;
mod scene;
mod scoring;
pub(crate) mod vectors;
