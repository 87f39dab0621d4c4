//! The routes of game: one row each, and nothing else.

mod accept_invite;
mod answer_pairing;
mod cancel_invite;
mod create_invite;
mod create_practice;
mod decline_invite;
mod get_events;
mod get_game;
mod get_invite;
mod get_ratings;
mod head_to_head;
mod invite_view;
mod leaderboard;
mod list_games;
mod list_invites;
mod list_people;
mod own_ratings;
mod play;
mod preferences;
mod problem;
mod proof;
mod put_entropy;
mod queue;
mod queue_view;
mod rating_history;
mod rating_view;
mod reconnect_token;
mod rematch;
mod replay;
mod resign;
mod rounds;
mod rule_set;
mod rule_sets;
mod scoreboard;
mod socket;
mod spectators;
mod summary_view;

use kernel::Permission;
use platform::web::{Access, Idempotent, List, Rate, Route, Routes};

use crate::live::wire::Snapshot;
use invite_view::{EntropyForm, InviteView};
use queue_view::QueueView;
use summary_view::GameSummary;

const INVITE: Access = Access::Permission(Permission::GameInvite);
const PLAY: Access = Access::Permission(Permission::GamePlay);
const READ: Access = Access::Permission(Permission::GameRead);
const SOCKET: Access = Access::Upgrade(Permission::GamePlay);

/// The table, without the state its handlers take.
pub(crate) fn routes() -> Routes {
    Routes::of("game")
        .merge(finding())
        .merge(ratings())
        .merge(invites())
        .merge(practice())
        .merge(spectators())
        .merge(records())
        .merge(games())
        .merge(lists())
}

fn invites() -> Routes {
    Routes::of("game")
        .add(
            Route::post("/api/v1/games/invites", INVITE, create_invite::handle)
                .summary("Invite somebody to a game")
                .describe("Allocates the game and promises its shuffle: the commitment binds the seed, the game, the rules and the players. Entropy is taken only afterwards.")
                .body::<create_invite::NewInvite>()
                .answers::<InviteView>(201)
                .idempotent(Idempotent::Required)
                .problem(403, "play_restricted")
                .problem(404, "not_available")
                .problem(409, "too_many_open_invites")
                .problem(409, "rematch_offered")
                .problem(422, "invalid_rule_set")
                .problem(422, "no_such_rematch")
                .rate(Rate::Create)
                .body_limit(8 * 1024),
        )
        .add(
            Route::get("/api/v1/games/invites", READ, list_invites::handle)
                .summary("Own invites, incoming or outgoing, newest first")
                .query::<list_invites::ListQuery>()
                .answers::<List<InviteView>>(200)
                .problem(400, "invalid_cursor"),
        )
        .add(
            Route::get("/api/v1/games/invites/{invite_id}", READ, get_invite::handle)
                .summary("One invite")
                .answers::<InviteView>(200),
        )
        .add(
            Route::put("/api/v1/games/invites/{invite_id}/entropy", INVITE, put_entropy::handle)
                .summary("Give one's own entropy to the shuffle, until the invite is accepted")
                .describe("32 bytes, base64url without padding. A second one replaces the first; none counts as zero bytes.")
                .body::<EntropyForm>()
                .answers_nothing()
                .problem(403, "forbidden")
                .problem(409, "invite_accepted")
                .problem(409, "invite_declined")
                .problem(409, "invite_cancelled")
                .problem(409, "invite_expired")
                .body_limit(1024),
        )
        .add(
            Route::post("/api/v1/games/invites/{invite_id}/accept", INVITE, accept_invite::handle)
                .summary("Accept an invite: the game begins")
                .describe("However often it is repeated, there is one game. The entropy of the first acceptance counts.")
                .body::<accept_invite::Acceptance>()
                .answers::<accept_invite::Begun>(200)
                .problem(403, "play_restricted")
                .problem(404, "not_available")
                .problem(409, "invite_declined")
                .problem(409, "invite_cancelled")
                .problem(409, "invite_expired")
                .problem(409, "too_many_practice_games")
                .body_limit(1024),
        )
        .add(
            Route::post("/api/v1/games/invites/{invite_id}/decline", INVITE, decline_invite::handle)
                .summary("Decline an invite")
                .body::<decline_invite::Refusal>()
                .answers::<InviteView>(200)
                .problem(409, "invite_accepted")
                .problem(409, "invite_cancelled")
                .problem(409, "invite_expired")
                .body_limit(1024),
        )
        .add(
            Route::post("/api/v1/games/invites/{invite_id}/cancel", INVITE, cancel_invite::handle)
                .summary("Take one's own invite back")
                .answers::<InviteView>(200)
                .problem(409, "invite_accepted")
                .problem(409, "invite_declined")
                .problem(409, "invite_expired"),
        )
}

fn practice() -> Routes {
    Routes::of("game").add(
        Route::post("/api/v1/games/practice", PLAY, create_practice::handle)
            .summary("Ask for a game against a practice opponent")
            .describe("The opponent invites the caller at once, with its entropy given; accept the invite as any other. Practice is never rated and counts in no scoreboard. The server plays the opponent: the shuffle proves nothing against it.")
            .body::<create_practice::NewPractice>()
            .answers::<InviteView>(201)
            .idempotent(Idempotent::Required)
            .problem(403, "play_restricted")
            .problem(409, "too_many_open_invites")
            .problem(409, "too_many_practice_games")
            .problem(422, "invalid_rule_set")
            .rate(Rate::Create)
            .body_limit(8 * 1024),
    )
}

/// Before the routes of one game: none of these words is a game's id.
fn finding() -> Routes {
    Routes::of("game")
        .add(
            Route::post("/api/v1/games/queue", INVITE, queue::join)
                .summary("Wait for somebody to play")
                .describe("One place for each account: asking again for the same is 200 and changes nothing. Paired are those who wait for the same rules, rated alike, of near rating, who may play each other. The width is 100 points at first, grows by 50 every 10 s, and has no bound after 2 minutes; both must be near enough for the other. Whoever neither has a socket open nor looks at the queue at least once a minute leaves it.")
                .body::<queue::Joining>()
                .answers::<QueueView>(201)
                .answers::<QueueView>(200)
                .idempotent(Idempotent::Required)
                .problem(403, "play_restricted")
                .problem(409, "already_queued")
                .problem(422, "invalid_rule_set")
                .rate(Rate::Create)
                .body_limit(8 * 1024),
        )
        .add(
            Route::get("/api/v1/games/queue", READ, queue::look)
                .summary("Where one stands in the queue, and what is on offer")
                .answers::<QueueView>(200),
        )
        .add(
            Route::delete("/api/v1/games/queue", INVITE, queue::leave)
                .summary("Leave the queue, and decline what is on offer")
                .answers_nothing(),
        )
        .add(
            Route::post("/api/v1/games/pairings/{pairing_id}/accept", INVITE, answer_pairing::accept)
                .summary("Accept what the queue has offered; once both have, the game begins")
                .describe("However often it is repeated, there is one game. The entropy of one's first acceptance counts; neither sees the other's before the game.")
                .body::<accept_invite::Acceptance>()
                .answers::<answer_pairing::Accepted>(200)
                .problem(403, "play_restricted")
                .problem(404, "not_available")
                .problem(409, "pairing_declined")
                .problem(409, "pairing_expired")
                .problem(409, "pairing_cancelled")
                .body_limit(1024),
        )
        .add(
            Route::post("/api/v1/games/pairings/{pairing_id}/decline", INVITE, answer_pairing::decline)
                .summary("Decline what the queue has offered, and leave the queue by it")
                .answers_nothing()
                .problem(409, "pairing_begun")
                .problem(409, "pairing_expired")
                .problem(409, "pairing_cancelled"),
        )
        .add(
            Route::get("/api/v1/games/people", READ, list_people::handle)
                .summary("The people of one's network, and who of them is online")
                .query::<list_people::PeopleQuery>()
                .answers::<List<list_people::AcquaintanceView>>(200)
                .problem(400, "invalid_cursor"),
        )
        .add(
            Route::get("/api/v1/games/preferences", READ, preferences::get)
                .summary("What one has chosen about being found")
                .answers::<preferences::PreferencesView>(200)
                .versioned(),
        )
        .add(
            Route::put("/api/v1/games/preferences", INVITE, preferences::put)
                .summary("Choose who sees one online, and when invites are not to disturb")
                .body::<preferences::Choice>()
                .answers::<preferences::PreferencesView>(200)
                .versioned()
                .problem(422, "invalid_quiet_hours")
                .body_limit(1024),
        )
}

fn spectators() -> Routes {
    Routes::of("game")
        .add(
            Route::post("/api/v1/games/{game_id}/spectators", PLAY, spectators::propose)
                .summary("Want somebody to watch a game that one plays")
                .describe("Whoever watches may play with both, sees no hand, and everything a minute late. The other player has to agree. Asking again for the same person changes nothing.")
                .body::<spectators::NewSpectator>()
                .answers::<spectators::SpectatorView>(200)
                .problem(404, "not_available")
                .problem(409, "game_over")
                .problem(409, "too_many_spectators")
                .rate(Rate::Create)
                .body_limit(1024),
        )
        .add(
            Route::get("/api/v1/games/{game_id}/spectators", PLAY, spectators::list)
                .summary("Who watches a game that one plays, or is proposed to")
                .answers::<spectators::SpectatorsView>(200),
        )
        .add(
            Route::post("/api/v1/games/{game_id}/spectators/{account_id}/agree", PLAY, spectators::agree)
                .summary("Agree to what the other player has proposed")
                .answers::<spectators::SpectatorView>(200)
                .problem(403, "forbidden")
                .problem(404, "not_available")
                .problem(409, "spectator_declined")
                .problem(409, "spectator_ended"),
        )
        .add(
            Route::post("/api/v1/games/{game_id}/spectators/{account_id}/decline", PLAY, spectators::decline)
                .summary("Decline what the other player has proposed")
                .answers::<spectators::SpectatorView>(200)
                .problem(403, "forbidden")
                .problem(409, "spectator_agreed")
                .problem(409, "spectator_ended"),
        )
        .add(
            Route::delete("/api/v1/games/{game_id}/spectators/{account_id}", PLAY, spectators::end)
                .summary("End somebody's watching: either player, at any time, or whoever watches")
                .answers_nothing(),
        )
}

fn games() -> Routes {
    Routes::of("game")
        .add(
            Route::post("/api/v1/games/{game_id}/play", PLAY, play::handle)
                .summary("Play: the same command, with the same id rules, as over the socket")
                .describe("Answered only after the commit. A repeated `cid` gets its first answer; a stale base gets a snapshot.")
                .body::<play::Play>()
                .answers::<play::Played>(200)
                .problem(409, "stale_base")
                .problem(409, "id_conflict")
                .problem(409, "game_over")
                .problem(409, "not_your_turn")
                .problem(409, "not_in_hand")
                .problem(409, "no_match")
                .problem(409, "debt_owed")
                .problem(409, "shape_missing")
                .problem(409, "shape_not_allowed")
                .problem(409, "drawn_card_waiting")
                .problem(409, "bad_group")
                .problem(409, "special_finish")
                .problem(409, "must_play")
                .problem(409, "nothing_to_pass")
                .problem(409, "nothing_to_announce")
                .problem(422, "malformed")
                .rate(Rate::Play)
                .body_limit(4 * 1024),
        )
        .add(
            Route::post("/api/v1/games/{game_id}/resign", PLAY, resign::handle)
                .summary("Give the match to the opponent")
                .body::<resign::Resignation>()
                .answers::<play::Played>(200)
                .problem(409, "game_over")
                .problem(409, "id_conflict")
                .problem(409, "stale_base")
                .rate(Rate::Play)
                .body_limit(1024),
        )
        .add(
            Route::post("/api/v1/games/{game_id}/rematch", INVITE, rematch::handle)
                .summary("Ask for the same game again, once it is over")
                .body::<rematch::Empty>()
                .answers::<InviteView>(201)
                .idempotent(Idempotent::Required)
                .problem(403, "play_restricted")
                .problem(404, "not_available")
                .problem(409, "too_many_open_invites")
                .problem(409, "rematch_offered")
                .problem(409, "too_many_practice_games")
                .problem(422, "no_such_rematch")
                .rate(Rate::Create)
                .body_limit(1024),
        )
        .add(
            Route::get("/api/v1/games/{game_id}/scoreboard", READ, scoreboard::handle)
                .summary("How the match stands, and all finished games of the two")
                .answers::<scoreboard::Scoreboard>(200),
        )
        .add(
            Route::get("/api/v1/games/{game_id}/rounds", READ, rounds::handle)
                .summary("The score sheet: the finished rounds of a match in order, also while it runs")
                .describe("Of each round how it ended, who started, both hands as they were left and what they counted. `scoreboard` has the sums.")
                .query::<rounds::RoundsQuery>()
                .answers::<List<rounds::RoundRow>>(200)
                .problem(400, "invalid_cursor"),
        )
        .add(
            Route::get("/api/v1/games/{game_id}/events", READ, get_events::handle)
                .summary("The journal as one may see it, from any event on")
                .query::<get_events::EventsQuery>()
                .answers::<get_events::Events>(200),
        )
        .add(
            Route::get("/api/v1/games/{game_id}/reconnect-token", PLAY, reconnect_token::handle)
                .summary("A token that opens this game's socket once, within 15 minutes")
                .describe("Offer it as the protocol `whot.ticket.<token>` beside `whot.v1`. It dies with the session.")
                .answers::<reconnect_token::ReconnectToken>(200)
                .rate(Rate::Write),
        )
        .add(
            Route::get("/api/v1/games/{game_id}/ws", SOCKET, socket::handle)
                .summary("Live events of one game (WebSocket, protocol whot.v1)")
                .describe("Speaks the same frames as /api/v1/live, with this topic followed from the start.")
                .answers_as(101, "")
                .rate(Rate::Live),
        )
        .add(
            Route::get("/api/v1/games/{game_id}", READ, get_game::handle)
                .summary("The whole game as one may see it")
                .answers::<Snapshot>(200),
        )
}

fn records() -> Routes {
    Routes::of("game")
        .add(
            Route::get("/api/v1/games/{game_id}/proof", READ, proof::handle)
                .summary("The whole record of a game that is over, to verify offline")
                .describe("`whot verify game` checks it without the server: the commitment, every deal, every move, the clocks and the outcome. A voided game has one too. It carries a weak `ETag` and answers 304 to `If-None-Match`: a record never changes, but for display names.")
                .answers::<proof::GameRecord>(200)
                .answers_as(304, "")
                .problem(409, "game_not_over"),
        )
        .add(
            Route::get("/api/v1/games/{game_id}/notation", READ, proof::notation)
                .summary("The same game as compact text, to keep, read and replay")
                .describe("`whot replay` shows it. Grammar: docs/notation.md.")
                .answers_as(200, "text/plain")
                .answers_as(304, "")
                .problem(409, "game_not_over"),
        )
        .add(
            Route::get("/api/v1/games/{game_id}/replay", READ, replay::handle)
                .summary("A game that is over, step by step, both hands visible")
                .describe("Deals and moves in order, each with the table after it; all of the match, or one round.")
                .query::<replay::ReplayQuery>()
                .answers::<List<replay::ReplayStep>>(200)
                .problem(400, "invalid_cursor")
                .problem(409, "game_not_over"),
        )
}

/// Before the routes of one game: none of these words is a game's id.
fn ratings() -> Routes {
    Routes::of("game")
        .add(
            Route::get("/api/v1/games/ratings", READ, own_ratings::handle)
                .summary("Own ratings, one for each family of rule sets")
                .describe("Glicko-2; rated games between people alone count, once each, soon after they end. Practice, unrated and voided games never do.")
                .answers::<rating_view::Ratings>(200),
        )
        .add(
            Route::get("/api/v1/games/ratings/history", READ, rating_history::handle)
                .summary("How one's own rating came about, newest first: the points of a graph")
                .query::<rating_history::HistoryQuery>()
                .answers::<List<rating_history::RatingEntry>>(200)
                .problem(400, "invalid_cursor")
                .problem(422, "unknown_family"),
        )
        .add(
            Route::get("/api/v1/games/ratings/{account_id}", READ, get_ratings::handle)
                .summary("The ratings of somebody whom one may play")
                .answers::<rating_view::Ratings>(200),
        )
        .add(
            Route::get("/api/v1/games/leaderboards/{family}", READ, leaderboard::handle)
                .summary("Who is strongest in one's network, or of all where anybody may play anybody")
                .describe("Established ratings come first and have ranks; provisional ones follow. Each page is of its own moment: ranks are right as of then, and whoever rose or fell past where the page before ended is missed or met twice. Whom one may not play is not shown, and keeps the rank.")
                .query::<leaderboard::BoardQuery>()
                .answers::<List<leaderboard::LeaderboardPlace>>(200)
                .problem(400, "invalid_cursor")
                .problem(403, "play_not_open"),
        )
        .add(
            Route::get("/api/v1/games/head-to-head/{account_id}", READ, head_to_head::handle)
                .summary("How one stands against somebody: all finished games, by family, and the last ones")
                .answers::<head_to_head::HeadToHeadView>(200),
        )
}

fn lists() -> Routes {
    Routes::of("game")
        .add(
            Route::get("/api/v1/games", READ, list_games::handle)
                .summary("Own games, newest first")
                .query::<list_games::ListQuery>()
                .answers::<List<GameSummary>>(200)
                .problem(400, "invalid_cursor"),
        )
        .add(
            Route::get("/api/v1/rule-sets", READ, rule_sets::handle)
                .summary("The rule sets known by name")
                .answers::<rule_sets::RuleSets>(200),
        )
}
