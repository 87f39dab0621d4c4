//! A client of the documented protocol: one device of one player, and what it remembers. What it does is in `conduct.rs`.

use game_engine::Seat;
use kernel::Principal;
use kernel::id::{GameId, Uuid};
use serde_json::{Value, json};

use super::dice::Dice;
use super::plan::Ms;
use super::view::View;
use super::world::ConnId;
use crate::domain::command::Act;

/// Why a command was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The view offered it.
    Offered,
    /// It was answered before, with this.
    Again(u64),
    /// Its id was answered before, for something else.
    Conflict,
    /// It is not allowed, or nobody knows.
    Junk,
}

/// A command that waits for its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) cid: Uuid,
    pub(super) base: u64,
    pub(super) act: Act,
    pub(super) why: Why,
    /// On which connection; none while it waits to be sent again.
    pub(super) conn: Option<ConnId>,
    /// When it was last sent.
    pub(super) sent: Ms,
}

/// One device of one player.
#[allow(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub(super) struct Client {
    pub(super) id: usize,
    pub(super) number: usize,
    pub(super) seat: Seat,
    pub(super) principal: Principal,
    pub(super) dice: Dice,
    pub(super) conn: Option<ConnId>,
    pub(super) welcomed: bool,
    /// The server said nothing else: events come before the answers they belong to.
    pub(super) following: bool,
    pub(super) view: Option<View>,
    pub(super) open: Vec<Open>,
    pub(super) stalled_until: Ms,
    /// How much slower its connection is, and until when.
    pub(super) lagging: (Ms, Ms),
    pub(super) game: GameId,
    pub(super) device: u64,
    /// It comes by the route of its game alone.
    pub(super) single: bool,
    pub(super) think_ms: Ms,
    pub(super) dialled: u64,
    /// The head of its game at that moment.
    pub(super) head_when_dialled: u64,
    pub(super) named: u64,
    pub(super) done: Vec<(Open, u64)>,
    pub(super) pinged: Option<u64>,
    pub(super) asleep_until: Ms,
    pub(super) away_until: Ms,
    pub(super) thinking: bool,
    pub(super) resend: bool,
    pub(super) edge: Option<(Ms, Ms, bool)>,
    /// Asked for events it may have already.
    pub(super) rewound: bool,
    /// The last notice it read, and its cursor.
    pub(super) inbox: Option<(u64, String)>,
    /// How many notices there were when it learned, before reading any, where its inbox stands.
    pub(super) inbox_since: Option<(u64, String)>,
}

impl Client {
    pub(super) fn new(
        id: usize,
        (number, game, seat): (usize, GameId, Seat),
        principal: Principal,
        device: u64,
        (mut dice, think_ms): (Dice, Ms),
    ) -> Self {
        let single = dice.percent(25);
        Self {
            id,
            number,
            seat,
            principal,
            dice,
            conn: None,
            welcomed: false,
            following: false,
            view: None,
            open: Vec::new(),
            stalled_until: 0,
            lagging: (0, 0),
            game,
            device,
            single,
            think_ms,
            dialled: 0,
            head_when_dialled: 0,
            named: 0,
            done: Vec::new(),
            pinged: None,
            asleep_until: 0,
            away_until: 0,
            thinking: false,
            resend: false,
            edge: None,
            rewound: false,
            inbox: None,
            inbox_since: None,
        }
    }

    /// Who comes, by which route, for the how manieth time.
    pub(super) fn arrival(&mut self) -> (Principal, Option<GameId>, u64) {
        self.dialled += 1;
        (self.principal.clone(), self.single.then_some(self.game), self.dialled)
    }

    pub(super) fn lag(&self, now: Ms) -> Ms {
        if now < self.lagging.1 { self.lagging.0 } else { 0 }
    }

    pub(super) fn heal(&mut self) {
        (self.stalled_until, self.lagging, self.asleep_until, self.away_until) = (0, (0, 0), 0, 0);
        (self.edge, self.resend) = (None, false);
        self.think_ms = self.think_ms.min(200);
    }

    /// Where it goes on reading its inbox.
    pub(super) fn inbox_cursor(&self) -> Option<&str> {
        self.inbox.as_ref().or(self.inbox_since.as_ref()).map(|(_, cursor)| cursor.as_str())
    }

    /// The last notice that it read, or that there was when it began to read.
    pub(super) fn notices(&self) -> Option<u64> {
        self.inbox.as_ref().or(self.inbox_since.as_ref()).map(|(seq, _)| *seq)
    }

    pub(super) fn describe(&self) -> String {
        let seq = self.view.as_ref().map(|view| view.seq);
        let Self { id, conn, welcomed, open, .. } = self;
        let notices = self.notices();
        format!(
            "client {id} is at {seq:?} and {notices:?}, on {conn:?}, welcomed: {welcomed}, waits for {open:?}"
        )
    }

    pub(super) fn fresh_cid(&mut self) -> Uuid {
        self.named += 1;
        let mut dice = Dice::of(self.dice.next(), &format!("{} {}", self.id, self.named));
        let bytes = (u128::from(dice.next()) << 64) | u128::from(dice.next());
        let version = (bytes & !(0xf << 76) & !(0x3 << 62)) | (0x7 << 76) | (0x2 << 62);
        Uuid::from_u128(version)
    }

    /// An id that no command has; it says what is followed.
    pub(super) fn follow_cid(&mut self, inbox: bool) -> Uuid {
        let cid = (self.fresh_cid().as_u128() | 0xffff) & !0x1_0000;
        Uuid::from_u128(cid | (u128::from(inbox) << 16))
    }

    pub(super) fn topic(&self) -> Value {
        json!({ "game": self.game })
    }

    pub(super) fn hello(&self) -> Value {
        let mut game = self.topic();
        if let Some(view) = &self.view {
            game["after"] = view.seq.into();
        } else if self.device > 0 {
            game["after"] = 0.into();
        }
        let mut topics = vec![game];
        if !self.single {
            let mut inbox = json!({ "inbox": true });
            if let Some(cursor) = self.inbox_cursor() {
                inbox["after"] = cursor.into();
            }
            topics.push(inbox);
        }
        json!({ "t": "hello", "v": [1], "device": format!("device {}", self.device), "topics": topics })
    }

    /// Whether it may think of a command now.
    pub(super) fn may_think(&self, now: Ms) -> bool {
        let offered = self.view.as_ref().is_some_and(|view| !view.legal.is_empty());
        offered
            && self.welcomed
            && self.edge.is_none()
            && now >= self.asleep_until
            && !self.open.iter().any(|open| open.why == Why::Offered)
    }
}
