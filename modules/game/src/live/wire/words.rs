//! The closed sets of words in what players see, for the API document.

use game_bots::Strength;
use game_engine::{Announcement, By, DrawCause, PassKind, Phase, RoundEnd, Seat, Shape};
use platform::web::schema;
use utoipa::{PartialSchema, ToSchema};

use crate::domain::ending::Status;

/// Declares schemas of closed sets of engine words.
macro_rules! engine_words {
    ($($(#[$doc:meta])* $name:ident as $component:literal: $words:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) enum $name {}
        impl PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                schema::word_schema($words)
            }
        }
        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> { $component.into() }
        }
    )+};
}

engine_words! {
    /// A seat at the table.
    SeatWord as "Seat": Seat::ALL.iter().map(|word| word.name());
    /// A shape.
    ShapeWord as "Shape": Shape::ALL.iter().map(|word| word.name());
    /// A card by name.
    CardWord as "Card": card_names().into_iter();
    /// Why cards were drawn.
    CauseWord as "DrawCause": DrawCause::ALL.iter().map(|word| word.name());
    /// Who made a move.
    ByWord as "By": By::ALL.iter().map(|word| word.name());
    /// Why a turn ended without a card.
    PassWord as "PassKind": PassKind::ALL.iter().map(|word| word.name());
    /// An announcement.
    AnnouncementWord as "Announcement": Announcement::ALL.iter().map(|word| word.name());
    /// Why a round ended.
    RoundEndWord as "RoundEnd": RoundEnd::ALL.iter().map(|word| word.name());
    /// How strong a practice opponent is, from the weakest to the strongest.
    StrengthWord as "PracticeStrength": Strength::ALL.into_iter().map(Strength::name);
    /// Where a match stands.
    PhaseWord as "Phase": Phase::ALL.iter().map(|word| word.name());
}
platform::word_schema! { GameStatusWord: Status }

/// The names of all cards, for the schema alone.
fn card_names() -> Vec<&'static str> {
    #[rustfmt::skip]
    let names = vec![
        "circle-1", "circle-2", "circle-3", "circle-4", "circle-5", "circle-7", "circle-8", "circle-10",
        "circle-11", "circle-12", "circle-13", "circle-14", "triangle-1", "triangle-2", "triangle-3", "triangle-4",
        "triangle-5", "triangle-7", "triangle-8", "triangle-10", "triangle-11", "triangle-12", "triangle-13", "triangle-14",
        "cross-1", "cross-2", "cross-3", "cross-5", "cross-7", "cross-10", "cross-11", "cross-13",
        "cross-14", "square-1", "square-2", "square-3", "square-5", "square-7", "square-10", "square-11",
        "square-13", "square-14", "star-1", "star-2", "star-3", "star-4", "star-5", "star-7",
        "star-8", "whot-20",
    ];
    names
}
