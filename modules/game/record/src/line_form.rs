//! The journal's own published form, version 1: how the server stores each line, and how records show it.
//!
//! It names everything, hidden cards included; only a round's key is left out, since it follows from the seed. Lines
//! only ever gain optional fields: what was written once must be readable for ever.

use game_engine::{
    BySeat, Card, CardSet, Cards, Dealt, Event, Outcome, RoundKey, RoundResult, Seat, Shape, WonBy,
};
use kernel::Timestamp;
use kernel::id::AccountId;
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, Gap, Turn};
use crate::entry::{Entry, Started};
use crate::shuffle::{Commitment, Entropy, Seed};
use crate::text::{Bytes32, Text};

/// A text that no version wrote as a line, or an entry that has no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a line of a journal")]
pub struct NotALine;

/// A line as JSON.
pub fn encode(entry: &Entry, clock: Option<&Clock>) -> Result<String, NotALine> {
    serde_json::to_string(&LineForm::of(entry, clock)).map_err(|_| NotALine)
}

/// Reads what [`encode`] wrote. A dealt round has an empty key: whoever replays fills it in.
pub fn decode(text: &str) -> Result<(Entry, Option<Clock>), NotALine> {
    let line: LineForm = serde_json::from_str(text).map_err(|_| NotALine)?;
    line.read().ok_or(NotALine)
}

/// A line on its way to or from JSON.
#[derive(Serialize, Deserialize)]
pub(crate) struct LineForm {
    #[serde(flatten)]
    body: Body,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clock: Option<ClockForm>,
}

impl LineForm {
    pub(crate) fn of(entry: &Entry, clock: Option<&Clock>) -> Self {
        Self { body: Body::of(entry), clock: clock.map(ClockForm::of) }
    }

    /// `None` for a line that no version ever wrote.
    pub(crate) fn read(self) -> Option<(Entry, Option<Clock>)> {
        Some((self.body.entry()?, self.clock.map(ClockForm::clock)))
    }
}

type Seats<T> = (T, T);
type Hand = Vec<Text<Card>>;

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Body {
    Started {
        players: Seats<AccountId>,
        rule_set: String,
        commitment: Bytes32,
        /// `null` where a player gave none: it counts as 32 zero bytes.
        entropy: Seats<Option<Bytes32>>,
    },
    Dealt {
        round: u32,
        starter: Text<Seat>,
        hands: Seats<Hand>,
        opener: Option<Text<Card>>,
        market: u8,
        debt: u8,
        turn: Text<Seat>,
    },
    Played {
        seat: Text<Seat>,
        cards: Hand,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<Text<Shape>>,
        debt: u8,
        next: Text<Seat>,
    },
    Drew {
        seat: Text<Seat>,
        cards: Hand,
        cause: Text<game_engine::DrawCause>,
        by: Text<game_engine::By>,
        reshuffled: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting: Option<Text<Card>>,
        next: Text<Seat>,
    },
    Passed {
        seat: Text<Seat>,
        pass: Text<game_engine::PassKind>,
        by: Text<game_engine::By>,
        next: Text<Seat>,
    },
    Announced {
        seat: Text<Seat>,
        announcement: Text<game_engine::Announcement>,
    },
    AnnouncementDue {
        seat: Text<Seat>,
        announcement: Text<game_engine::Announcement>,
    },
    RoundEnded {
        round: u32,
        cause: Text<game_engine::RoundEnd>,
        winner: Option<Text<Seat>>,
        hands: Seats<Hand>,
        points: Seats<u16>,
    },
    MatchEnded {
        winner: Option<Text<Seat>>,
        by: Option<Text<WonBy>>,
    },
    Voided,
    Away {
        seat: Text<Seat>,
    },
    Back {
        seat: Text<Seat>,
    },
    ClockExtended {
        from: Timestamp,
        to: Timestamp,
    },
    Revealed {
        seed: Bytes32,
    },
}

fn pair<T, U>(both: BySeat<T>, change: impl FnMut(T) -> U) -> Seats<U> {
    let both = both.map(change);
    (both.first, both.second)
}

fn by_seat<T>((first, second): Seats<T>) -> BySeat<T> {
    BySeat::new(first, second)
}

fn hand(cards: CardSet) -> Hand {
    cards.iter().map(Text).collect()
}

fn set(hand: Hand) -> Option<CardSet> {
    CardSet::of(hand.into_iter().map(|card| card.0))
}

impl Body {
    fn of(entry: &Entry) -> Self {
        match entry {
            Entry::Started(started) => Self::Started {
                players: pair(started.players, |account| account),
                rule_set: started.rules.clone(),
                commitment: Bytes32(started.commitment.bytes()),
                entropy: pair(started.entropy, |entropy| entropy.map(|bytes| Bytes32(bytes.bytes()))),
            },
            Entry::Rules(event) => Self::of_event(event),
            Entry::Away { seat } => Self::Away { seat: Text(*seat) },
            Entry::Back { seat } => Self::Back { seat: Text(*seat) },
            Entry::ClockExtended(Gap { from, to }) => Self::ClockExtended { from: *from, to: *to },
            Entry::Revealed(seed) => Self::Revealed { seed: Bytes32(seed.reveal()) },
        }
    }

    fn of_event(event: &Event) -> Self {
        match *event {
            Event::Dealt(dealt) => Self::of_deal(dealt),
            Event::Played { seat, cards, call, debt, next } => Self::Played {
                seat: Text(seat),
                cards: cards.iter().map(Text).collect(),
                call: call.map(Text),
                debt,
                next: Text(next),
            },
            Event::Drew { seat, cards, cause, by, reshuffled, waiting, next } => Self::Drew {
                seat: Text(seat),
                cards: hand(cards),
                cause: Text(cause),
                by: Text(by),
                reshuffled,
                waiting: waiting.map(Text),
                next: Text(next),
            },
            Event::Passed { seat, kind, by, next } => {
                Self::Passed { seat: Text(seat), pass: Text(kind), by: Text(by), next: Text(next) }
            }
            Event::Announced { seat, announcement } => {
                Self::Announced { seat: Text(seat), announcement: Text(announcement) }
            }
            Event::AnnouncementDue { seat, announcement } => {
                Self::AnnouncementDue { seat: Text(seat), announcement: Text(announcement) }
            }
            Event::RoundEnded(result) => Self::of_result(result),
            Event::MatchEnded { outcome } => match outcome {
                Outcome::Won { winner, by } => {
                    Self::MatchEnded { winner: Some(Text(winner)), by: Some(Text(by)) }
                }
                Outcome::Drawn => Self::MatchEnded { winner: None, by: None },
                Outcome::Voided => Self::Voided,
            },
            Event::Voided => Self::Voided,
        }
    }

    fn of_deal(dealt: Dealt) -> Self {
        Self::Dealt {
            round: dealt.round,
            starter: Text(dealt.starter),
            hands: pair(dealt.hands, hand),
            opener: dealt.opener.map(Text),
            market: dealt.market,
            debt: dealt.debt,
            turn: Text(dealt.turn),
        }
    }

    fn of_result(result: RoundResult) -> Self {
        Self::RoundEnded {
            round: result.round,
            cause: Text(result.cause),
            winner: result.winner.map(Text),
            hands: pair(result.hands, hand),
            points: pair(result.points, |points| points),
        }
    }

    /// `None` for a line that no version ever wrote.
    fn entry(self) -> Option<Entry> {
        Some(match self {
            Self::Started { players, rule_set, commitment, entropy } => Entry::Started(Box::new(Started {
                players: by_seat(players),
                rules: rule_set,
                commitment: Commitment::from_bytes(commitment.0),
                entropy: by_seat(entropy).map(|entropy| entropy.map(|bytes| Entropy::new(bytes.0))),
            })),
            Self::Away { seat } => Entry::Away { seat: seat.0 },
            Self::Back { seat } => Entry::Back { seat: seat.0 },
            Self::ClockExtended { from, to } => Entry::ClockExtended(Gap { from, to }),
            Self::Revealed { seed } => Entry::Revealed(Seed::new(seed.0)),
            rules => Entry::Rules(rules.event()?),
        })
    }

    fn event(self) -> Option<Event> {
        Some(match self {
            Self::Dealt { round, starter, hands: (first, second), opener, market, debt, turn } => {
                Event::Dealt(Dealt {
                    round,
                    starter: starter.0,
                    key: RoundKey::new([0; 32]),
                    hands: BySeat::new(set(first)?, set(second)?),
                    opener: opener.map(|card| card.0),
                    market,
                    debt,
                    turn: turn.0,
                })
            }
            Self::Played { seat, cards, call, debt, next } => Event::Played {
                seat: seat.0,
                cards: Cards::of(cards.into_iter().map(|card| card.0))?,
                call: call.map(|shape| shape.0),
                debt,
                next: next.0,
            },
            Self::Drew { seat, cards, cause, by, reshuffled, waiting, next } => Event::Drew {
                seat: seat.0,
                cards: set(cards)?,
                cause: cause.0,
                by: by.0,
                reshuffled,
                waiting: waiting.map(|card| card.0),
                next: next.0,
            },
            Self::Passed { seat, pass, by, next } => {
                Event::Passed { seat: seat.0, kind: pass.0, by: by.0, next: next.0 }
            }
            Self::Announced { seat, announcement } => {
                Event::Announced { seat: seat.0, announcement: announcement.0 }
            }
            Self::AnnouncementDue { seat, announcement } => {
                Event::AnnouncementDue { seat: seat.0, announcement: announcement.0 }
            }
            Self::RoundEnded { round, cause, winner, hands: (first, second), points } => {
                Event::RoundEnded(RoundResult {
                    round,
                    cause: cause.0,
                    winner: winner.map(|seat| seat.0),
                    hands: BySeat::new(set(first)?, set(second)?),
                    points: by_seat(points),
                })
            }
            Self::MatchEnded { winner, by } => Event::MatchEnded { outcome: outcome(winner, by)? },
            Self::Voided => Event::Voided,
            _ => return None,
        })
    }
}

fn outcome(winner: Option<Text<Seat>>, by: Option<Text<WonBy>>) -> Option<Outcome> {
    match (winner, by) {
        (Some(winner), Some(by)) => Some(Outcome::Won { winner: winner.0, by: by.0 }),
        (None, None) => Some(Outcome::Drawn),
        _ => None,
    }
}

/// Instants as microseconds since 1970: a journal is read by programs.
#[derive(Serialize, Deserialize)]
struct ClockForm {
    /// Seat, began, due.
    turn: Option<(Text<Seat>, i64, i64)>,
    reserve_ms: Seats<u32>,
    #[serde(default, skip_serializing_if = "none")]
    away: Seats<Option<i64>>,
    #[serde(default, skip_serializing_if = "none")]
    announce: Seats<Option<i64>>,
}

fn none(both: &Seats<Option<i64>>) -> bool {
    *both == (None, None)
}

impl ClockForm {
    fn of(clock: &Clock) -> Self {
        let micros = |at: Option<Timestamp>| at.map(Timestamp::micros);
        Self {
            turn: clock.turn.map(|turn| (Text(turn.seat), turn.began.micros(), turn.due.micros())),
            reserve_ms: pair(clock.reserve_ms, |reserve| reserve),
            away: pair(clock.away, micros),
            announce: pair(clock.announce, micros),
        }
    }

    fn clock(self) -> Clock {
        let instant = |micros: Option<i64>| micros.map(Timestamp::from_micros);
        Clock {
            turn: self.turn.map(|(seat, began, due)| Turn {
                seat: seat.0,
                began: Timestamp::from_micros(began),
                due: Timestamp::from_micros(due),
            }),
            reserve_ms: by_seat(self.reserve_ms),
            away: by_seat(self.away).map(instant),
            announce: by_seat(self.announce).map(instant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as version 1 wrote them. They are never changed, only added to.
    const WRITTEN: &[&str] = &[
        r#"{"kind":"started","players":["acc_00000000000000000000000001","acc_00000000000000000000000002"],"rule_set":"r","commitment":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","entropy":[null,"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]}"#,
        r#"{"kind":"dealt","round":1,"starter":"first","hands":[["circle-1","whot-20"],["star-8","whot-20"]],"opener":"cross-3","market":40,"debt":0,"turn":"first","clock":{"turn":["first",5,80000005],"reserve_ms":[60000,60000]}}"#,
        r#"{"kind":"played","seat":"first","cards":["whot-20"],"call":"star","debt":0,"next":"second","clock":{"turn":["second",6,80000006],"reserve_ms":[60000,60000],"away":[null,7],"announce":[9,null]}}"#,
        r#"{"kind":"drew","seat":"second","cards":["square-2"],"cause":"choice","by":"clock","reshuffled":false,"waiting":"square-2","next":"second"}"#,
        r#"{"kind":"passed","seat":"second","pass":"kept","by":"player","next":"first"}"#,
        r#"{"kind":"announced","seat":"first","announcement":"semi_last"}"#,
        r#"{"kind":"announcement_due","seat":"first","announcement":"last_card"}"#,
        r#"{"kind":"round_ended","round":1,"cause":"market","winner":"second","hands":[["circle-1"],[]],"points":[1,0]}"#,
        r#"{"kind":"match_ended","winner":"second","by":"rounds"}"#,
        r#"{"kind":"match_ended","winner":null,"by":null}"#,
        r#"{"kind":"voided"}"#,
        r#"{"kind":"away","seat":"first","clock":{"turn":null,"reserve_ms":[60000,0],"away":[3,null],"announce":[null,null]}}"#,
        r#"{"kind":"back","seat":"first"}"#,
        r#"{"kind":"clock_extended","from":"2026-11-20T17:00:00Z","to":"2026-11-20T17:00:30Z"}"#,
        r#"{"kind":"revealed","seed":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
    ];

    #[test]
    fn what_was_written_once_is_read_for_ever() {
        for line in WRITTEN {
            let (entry, clock) = decode(line).unwrap_or_else(|_| panic!("{line}"));
            let again = encode(&entry, clock.as_ref()).unwrap();
            let (same, same_clock) = decode(&again).unwrap();
            assert!(same == entry && same_clock == clock, "{again}");
            let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            let (old, new) = (json(line), json(&again));
            for (key, value) in old.as_object().unwrap().iter().filter(|(key, _)| *key != "clock") {
                assert_eq!(new.get(key), Some(value), "{line}");
            }
        }
    }

    #[test]
    fn a_line_that_no_version_wrote_is_refused() {
        for line in ["", "{}", r#"{"kind":"danced"}"#, r#"{"kind":"match_ended","winner":"first","by":null}"#]
        {
            assert!(decode(line).is_err(), "{line}");
        }
        let twice = WRITTEN[3].replace(r#"["square-2"]"#, r#"["square-2","square-2"]"#);
        assert!(decode(&twice).is_err(), "no card is drawn twice");
    }

    #[test]
    fn the_key_of_a_round_is_not_written() {
        let (entry, _) = decode(WRITTEN[1]).unwrap();
        let Entry::Rules(Event::Dealt(dealt)) = entry else { panic!() };
        let keyed = Dealt { key: RoundKey::new([7; 32]), ..dealt };
        assert_eq!(
            encode(&Entry::Rules(Event::Dealt(keyed)), None),
            encode(&Entry::Rules(Event::Dealt(dealt)), None)
        );
    }
}
