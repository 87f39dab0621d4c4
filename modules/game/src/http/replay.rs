//! GET /`api/v1/games/{game_id}/replay`

use game_engine::{Card, Command, DrawCause, Event, Play, Seat, Shape};
use game_record::Step;
use kernel::id::GameId;
use kernel::{Limit, Timestamp};
use platform::web::{Answer, Caller, Cursor, List, PathId, Problem, Query, State, Web, schema};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem;
use crate::app::App;
use crate::app::replay::{self, Numbered, Wanted};
use crate::live::wire::{CardWord, CauseWord, OutcomeView, SeatWord, ShapeWord};
use crate::text::Text;

/// Which steps.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayQuery {
    /// Of one round only.
    round: Option<u32>,
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<Limit>,
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// One step of a game that is over: a move, or a deal, and the whole table after it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct ReplayStep {
    /// From 1, through the whole match.
    number: u64,
    round: u32,
    #[schema(value_type = Option<schema::Time>)]
    at: Option<Timestamp>,
    #[serde(rename = "move")]
    kind: MoveKind,
    /// Whose move it was; nobody's when the server deals or voids.
    #[schema(value_type = Option<SeatWord>)]
    seat: Option<Text<Seat>>,
    /// The cards laid, the last in force.
    #[schema(value_type = Vec<CardWord>)]
    cards: Vec<Text<Card>>,
    #[schema(value_type = Option<ShapeWord>)]
    call: Option<Text<Shape>>,
    /// The cards that were drawn on the way.
    drawn: Vec<Drawn>,
    /// Both hands after it.
    #[schema(value_type = Vec<Vec<CardWord>>, min_items = 2, max_items = 2)]
    hands: [Vec<Text<Card>>; 2],
    #[schema(value_type = Option<CardWord>)]
    in_force: Option<Text<Card>>,
    #[schema(value_type = Option<ShapeWord>)]
    called: Option<Text<Shape>>,
    debt: u8,
    market: u8,
    pile: u8,
    #[schema(value_type = Option<SeatWord>)]
    turn: Option<Text<Seat>>,
    #[schema(value_type = Vec<u32>, min_items = 2, max_items = 2)]
    scores: [u32; 2],
    #[schema(value_type = Vec<u16>, min_items = 2, max_items = 2)]
    wins: [u16; 2],
    outcome: Option<OutcomeView>,
}

/// What was done.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReplayMove)]
pub(super) enum MoveKind {
    Deal,
    Play,
    Draw,
    Pass,
    Announce,
    Resign,
    /// The turn ran out.
    RunOut,
    /// An announcement was not made in time.
    AnnouncementExpired,
    Forfeit,
    Void,
}

/// Cards that somebody drew.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ReplayDrawn)]
pub(super) struct Drawn {
    #[schema(value_type = SeatWord)]
    seat: Text<Seat>,
    #[schema(value_type = Vec<CardWord>)]
    cards: Vec<Text<Card>>,
    #[schema(value_type = CauseWord)]
    cause: Text<DrawCause>,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    web: State<Web>,
    id: PathId<GameId>,
    query: Query<ReplayQuery>,
) -> Result<Answer<List<ReplayStep>>, Problem> {
    let (game, Query(query)) = (id.0, query);
    let filter = match query.round {
        Some(round) => format!("replay {game} {round}"),
        None => format!("replay {game}"),
    };
    let after = query.cursor.map(|cursor| cursor.open(&web, &caller.principal, &filter)).transpose()?;
    let wanted =
        Wanted { round: query.round, after: after.unwrap_or(0), limit: query.limit.unwrap_or_default() };
    let account = caller.principal.account;
    let page = replay::steps(&app, &caller.call, account, game, wanted).await.map_err(problem::of_proof)?;
    let page = page.map(|numbered| ReplayStep::of(&numbered));
    Ok(Answer::ok(List::from_page(page, |last| Cursor::seal(&web, &caller.principal, &filter, last))))
}

impl ReplayStep {
    fn of(Numbered { number, step, outcome }: &Numbered) -> Self {
        let table = &step.after;
        let hand = |seat| table.hand(seat).iter().map(Text).collect();
        let (kind, seat) = kind(step);
        let laid = match step.command {
            Command::Play(play) => Some(play),
            _ => None,
        };
        Self {
            number: *number,
            round: table.round(),
            at: step.at,
            kind,
            seat: seat.map(Text),
            cards: laid.iter().flat_map(|Play { cards, .. }| cards.iter()).map(Text).collect(),
            call: laid.and_then(|play| play.call).map(Text),
            drawn: step.events.iter().filter_map(Drawn::of).collect(),
            hands: [hand(Seat::First), hand(Seat::Second)],
            in_force: table.in_force().map(Text),
            called: table.called().map(Text),
            debt: table.debt(),
            market: table.market_len(),
            pile: table.pile_len(),
            turn: table.turn().map(Text),
            scores: [table.scores().first, table.scores().second],
            wins: [table.wins().first, table.wins().second],
            outcome: outcome.map(OutcomeView::of),
        }
    }
}

fn kind(step: &Step) -> (MoveKind, Option<Seat>) {
    let kind = match step.command {
        Command::Deal(_) => return (MoveKind::Deal, None),
        Command::Void => return (MoveKind::Void, None),
        Command::Play(_) => MoveKind::Play,
        Command::Draw => MoveKind::Draw,
        Command::Pass => MoveKind::Pass,
        Command::Announce => MoveKind::Announce,
        Command::Resign => MoveKind::Resign,
        Command::RunOut => MoveKind::RunOut,
        Command::AnnouncementExpired => MoveKind::AnnouncementExpired,
        Command::Forfeit(_) => MoveKind::Forfeit,
    };
    (kind, Some(step.seat))
}

impl Drawn {
    fn of(event: &Event) -> Option<Self> {
        match *event {
            Event::Drew { seat, cards, cause, .. } => {
                Some(Self { seat: Text(seat), cards: cards.iter().map(Text).collect(), cause: Text(cause) })
            }
            _ => None,
        }
    }
}
