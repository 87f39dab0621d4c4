//! The bots as a whole: legal under every rule set, within their budget, better the stronger they are; and what they
//! remember and believe of a game.

mod every_rule;
mod knowing;
mod ladder;
