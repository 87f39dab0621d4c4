//! What clients do: connect, follow, fold events into their views, play what they are offered, send a command again under
//! its id until it is answered, and notice when a line is dead.

use kernel::id::{GameId, Uuid};
use platform::live::transport::Incoming;
use serde_json::{Value, json};

use super::client::{Open, Why};
use super::judge::{Case, Verdict, ensure};
use super::plan::{self, Ms};
use super::process::VirtualClock;
use super::view::View;
use super::world::{ConnId, Due, World};
use crate::domain::command::Act;
use crate::live::command::Do;

/// How often a client pings; what the server tells it to.
const PING: Ms = 10_000;
/// After so long whoever followed knows what there was, unless something failed.
const CATCH_UP: Ms = 3_000;
/// After so long without an answer a sound connection has failed.
const PATIENCE: Ms = 30_000;

/// The first member of a frame that names a game, if it is that one.
fn is_about(frame: &Value, game: GameId) -> bool {
    frame["topic"]["game"].as_str().is_some_and(|id| id == game.to_string())
}

impl World {
    pub(super) fn dials(&mut self, c: usize) {
        let now = self.now();
        if self.clients[c].conn.is_some() {
            return;
        }
        if now < self.clients[c].away_until {
            return self.at(self.clients[c].away_until, Due::Dial(c));
        }
        let Some(id) = self.dial(c) else {
            let pause = self.clients[c].dice.between(100, 900);
            return self.after(pause, Due::Dial(c));
        };
        self.trace(c, &format!("dials {id}"));
        (self.clients[c].conn, self.clients[c].welcomed) = (Some(id), false);
        let number = self.clients[c].number;
        self.clients[c].head_when_dialled = self.judge.case(number).map_or(0, Case::head);
        let hello = self.clients[c].hello();
        self.says(id, &hello);
        self.after(9_000, Due::NoWelcome(c, id));
    }

    fn says(&mut self, id: ConnId, frame: &Value) {
        self.send_up(id, Incoming::Text(frame.to_string().into()), None);
    }

    /// The client's end of a connection is gone.
    pub(super) fn lost(&mut self, id: ConnId) {
        let Some(c) = self.clients.iter().position(|client| client.conn == Some(id)) else { return };
        self.trace(c, "lost its connection");
        self.after(0, Due::Hangup(id));
        let client = &mut self.clients[c];
        (client.conn, client.welcomed, client.pinged) = (None, false, None);
        client.open.iter_mut().for_each(|open| open.conn = None);
        let pause = client.dice.between(20, 900);
        self.after(pause, Due::Dial(c));
    }

    /// The client gives a connection up; the server may not notice for a while.
    fn gives_up(&mut self, c: usize, server_ms: Ms) {
        if let Some(id) = self.clients[c].conn {
            self.break_off(id, server_ms);
            self.lost_quietly(c);
        }
    }

    fn lost_quietly(&mut self, c: usize) {
        self.trace(c, "gives its connection up");
        let client = &mut self.clients[c];
        (client.conn, client.welcomed, client.pinged) = (None, false, None);
        client.open.iter_mut().for_each(|open| open.conn = None);
        let pause = client.dice.between(0, 500);
        self.after(pause, Due::Dial(c));
    }

    pub(super) fn no_welcome(&mut self, c: usize, id: ConnId) {
        if self.clients[c].conn == Some(id) && !self.clients[c].welcomed {
            self.gives_up(c, 200_000);
        }
    }

    /// A slow line needs its own time besides.
    fn time_to_catch_up(&self, c: usize) -> Ms {
        CATCH_UP + self.clients[c].lagging.0
    }

    /// Nobody waits for a ping to hear of what it missed.
    pub(super) fn must_know(&mut self, c: usize, id: ConnId, head: u64) -> Result<(), String> {
        let client = &self.clients[c];
        let sound = self.conns.get(&id).is_some_and(|conn| !conn.troubled)
            && self.now() > self.stormy_until + self.time_to_catch_up(c);
        let knows = client.view.as_ref().is_some_and(|view| view.seq >= head);
        let here = client.conn == Some(id) && client.following && sound;
        ensure!(!here || knows, "client {c} followed again and was not told of what there was up to {head}");
        Ok(())
    }

    pub(super) fn pings(&mut self, c: usize, id: ConnId) {
        if self.clients[c].conn != Some(id) {
            return;
        }
        if self.now() < self.clients[c].stalled_until {
            // It does nothing at all.
            return self.at(self.clients[c].stalled_until + 1, Due::Ping(c, id));
        }
        if self.clients[c].pinged.is_some() {
            // Half a connection: the server finds out when its successor comes, or by itself.
            return self.gives_up(c, 200_000);
        }
        let n = self.clients[c].dice.below(1_000);
        self.clients[c].pinged = Some(n);
        self.says(id, &json!({ "t": "ping", "n": n }));
        self.after(PING, Due::Ping(c, id));
    }

    pub(super) fn reads(&mut self, c: usize, id: ConnId, text: &str) -> Result<(), String> {
        let frame: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if frame["topic"]["inbox"] == true {
            return self.reads_inbox(c, &frame);
        }
        let kind = frame["t"].as_str().unwrap_or_default();
        self.note(kind.to_owned());
        let read = if kind == "pong" { "pong" } else { text };
        self.trace(c, &format!("reads {read}"));
        match kind {
            "welcome" => {
                (self.clients[c].welcomed, self.clients[c].following) = (true, true);
                self.after(PING, Due::Ping(c, id));
                let time = self.time_to_catch_up(c);
                self.after(time, Due::CaughtUp(c, id, self.clients[c].head_when_dialled));
                self.sends_again(c);
                Ok(())
            }
            "ev" => self.reads_event(c, &frame, &frame),
            "evs" => {
                let events = frame["events"].as_array().ok_or("no events")?;
                events.iter().try_for_each(|event| self.reads_event(c, &frame, event))
            }
            "snap" => {
                ensure!(is_about(&frame, self.clients[c].game), "a foreign topic");
                let (number, seat) = (self.clients[c].number, self.clients[c].seat);
                let view = self.judge.check_snapshot(number, seat, &frame["data"])?;
                ensure!(frame["seq"] == view.seq, "a snapshot of another event than it says");
                let known = self.clients[c].view.as_ref().map_or(0, |view| view.seq);
                ensure!(view.seq >= known, "a snapshot of {}, after {known} was known", view.seq);
                self.clients[c].view = Some(view);
                self.after_reading(c)
            }
            "ok" | "err" => {
                frame["code"].as_str().into_iter().for_each(|code| self.note(code.to_owned()));
                self.reads_answer(c, id, &frame)
            }
            "gone" => {
                let code = frame["code"].as_str().unwrap_or_default();
                ensure!(code == "unavailable", "the topic is gone");
                if is_about(&frame, self.clients[c].game) {
                    self.clients[c].following = false;
                    self.follows_later(c, false);
                }
                Ok(())
            }
            "pong" => {
                ensure!(self.clients[c].pinged.take() == frame["n"].as_u64(), "nobody pinged that");
                self.reads_pong(c, id, &frame)
            }
            _ => Err("a frame of an unknown type".to_owned()),
        }
    }

    /// A pong tells where every topic stands: not beyond the journal. What another process added without a word follows.
    fn reads_pong(&mut self, c: usize, id: ConnId, frame: &Value) -> Result<(), String> {
        let (number, account) = (self.clients[c].number, self.clients[c].principal.account);
        let head = self.judge.case(number)?.head();
        let client = &mut self.clients[c];
        if let Some(told) = frame["seqs"][client.game.to_string()].as_u64() {
            let known = client.view.as_ref().map_or(0, |view| view.seq);
            ensure!(told <= head, "a pong tells of {told}, and the journal ends with {head}");
            if known < told {
                self.note("a pong told of what was missed".to_owned());
                let time = self.time_to_catch_up(c);
                self.after(time, Due::CaughtUp(c, id, told));
            }
        }
        let client = &mut self.clients[c];
        if let (None, Some(cursor)) = (&client.inbox, frame["inbox"].as_str()) {
            // Whatever comes from here on must reach this client.
            client.inbox_since = Some((self.judge.notices(account), cursor.to_owned()));
        }
        Ok(())
    }

    fn reads_inbox(&mut self, c: usize, frame: &Value) -> Result<(), String> {
        if frame["t"] == "gone" {
            self.follows_later(c, true);
            return Ok(());
        }
        let one = std::slice::from_ref(frame);
        let events = if frame["t"] == "evs" { frame["events"].as_array().ok_or("no events")? } else { one };
        for event in events {
            let seq = event["seq"].as_u64().ok_or("a notice without a number")?;
            let known = self.clients[c].inbox.as_ref().map_or(seq - 1, |(seq, _)| *seq);
            ensure!(seq <= known + 1, "notice {seq} follows {known}");
            if seq <= known {
                continue;
            }
            let cursor = frame["cursor"].as_str().ok_or("a notice without a cursor")?;
            self.clients[c].inbox = Some((seq, cursor.to_owned()));
            let kind = event["data"]["kind"].as_str().ok_or("a notice of no kind")?;
            self.trace(c, &format!("is told {seq} {kind}"));
            self.note(format!("notice {kind}"));
        }
        Ok(())
    }

    fn reads_event(&mut self, c: usize, frame: &Value, event: &Value) -> Result<(), String> {
        let client = &self.clients[c];
        let (number, seat) = (client.number, client.seat);
        ensure!(is_about(frame, client.game), "a foreign topic");
        let seq = event["seq"].as_u64().filter(|seq| *seq > 0).ok_or("an event without a number")?;
        self.judge.check_event(number, seat, seq, &event["data"])?;
        let client = &mut self.clients[c];
        let rules = self.plan.games[number].rule_set().unwrap();
        let view = client.view.get_or_insert_with(|| View::empty(&rules));
        if seq <= view.seq {
            ensure!(client.rewound, "event {seq} came again");
            return Ok(());
        }
        ensure!(seq == view.seq + 1, "event {seq} follows {}", view.seq);
        view.fold(seat, seq, &event["data"])?;
        self.after_reading(c)
    }

    fn after_reading(&mut self, c: usize) -> Result<(), String> {
        let now = self.now();
        let client = &mut self.clients[c];
        let Some(view) = &client.view else { return Ok(()) };
        self.judge.check_view(client.number, client.seat, view)?;
        if let (Some((early, late, twice)), Some(turn)) = (client.edge, view.clock.turn)
            && turn.seat == client.seat
        {
            let at = (VirtualClock::ms(turn.due) + late).saturating_sub(early).max(now);
            client.edge = None;
            client.asleep_until = at + 400;
            self.at(at, Due::Fire(c, twice));
            return Ok(());
        }
        if client.may_think(now) && !client.thinking {
            client.thinking = true;
            let pause = client.dice.between(client.think_ms / 2, client.think_ms * 3 / 2);
            self.after(pause, Due::Think(c));
        }
        Ok(())
    }

    pub(super) fn thinks(&mut self, c: usize) {
        let now = self.now();
        let client = &mut self.clients[c];
        client.thinking = false;
        if !client.may_think(now) {
            if now < client.asleep_until {
                client.thinking = true;
                self.at(self.clients[c].asleep_until, Due::Think(c));
            }
            return;
        }
        let open = self.chooses(c);
        self.sends(c, open);
        if std::mem::take(&mut self.clients[c].resend) {
            self.sends_from_elsewhere(c, open);
        }
    }

    fn chooses(&mut self, c: usize) -> Open {
        let client = &mut self.clients[c];
        let view = client.view.as_ref().unwrap();
        let (base, act) = (view.seq, client.dice.pick(&view.legal));
        Open { cid: client.fresh_cid(), base, act, why: Why::Offered, conn: None, sent: 0 }
    }

    fn sends(&mut self, c: usize, open: Open) {
        self.clients[c].open.push(open);
        self.sends_again(c);
    }

    /// Sends whatever waits to be sent.
    pub(super) fn sends_again(&mut self, c: usize) {
        let client = &self.clients[c];
        let Some(id) = client.conn.filter(|_| client.welcomed) else { return };
        // What is sent last stands last: answers to one id are told apart by the order of its commands.
        let (sent, waiting): (Vec<Open>, Vec<Open>) =
            client.open.iter().copied().partition(|open| open.conn.is_some());
        self.clients[c].open = sent;
        for open in waiting {
            let open = Open { conn: Some(id), sent: self.now(), ..open };
            self.clients[c].open.push(open);
            self.sends_one(c, id, open, None);
        }
    }

    fn sends_one(&mut self, c: usize, id: ConnId, open: Open, exactly: Option<Ms>) {
        let client = &self.clients[c];
        let command = Do::of(&open.act.command()).unwrap();
        let frame =
            json!({ "t": "cmd", "cid": open.cid, "topic": client.topic(), "base": open.base, "do": command });
        let key = (client.number, client.seat, open.cid);
        self.judge.sent.entry(key).or_default().push(open.act.canonical());
        if open.why == Why::Offered && self.judge.is_committed(key) {
            self.note("a commit was asked for again".to_owned());
        }
        self.trace(c, &format!("sends {frame}"));
        self.send_up(id, Incoming::Text(frame.to_string().into()), exactly);
        self.after(PATIENCE, Due::NoAnswer(c, id, open.cid));
    }

    /// The same command, from the player's other device, or on another connection.
    fn sends_from_elsewhere(&mut self, c: usize, open: Open) {
        match self.sibling(c) {
            Some(other) => self.sends(other, Open { conn: None, ..open }),
            None => self.gives_up(c, 100),
        }
    }

    pub(super) fn no_answer(&mut self, c: usize, id: ConnId, cid: Uuid) -> Result<(), String> {
        let waits = self.clients[c].conn == Some(id)
            && self.clients[c].open.iter().any(|open| {
                // A later sending of the same has a patience of its own.
                open.cid == cid && open.conn == Some(id) && self.now() >= open.sent + PATIENCE
            });
        if waits && self.now() < self.clients[c].stalled_until {
            self.at(self.clients[c].stalled_until + 1, Due::NoAnswer(c, id, cid));
            return Ok(());
        }
        let sound = self.conns.get(&id).is_some_and(|conn| !conn.troubled);
        ensure!(!(waits && sound), "client {c} got no answer to {cid} on a sound connection");
        if waits {
            self.gives_up(c, 100);
        }
        Ok(())
    }

    fn reads_answer(&mut self, c: usize, id: ConnId, frame: &Value) -> Result<(), String> {
        let client = &mut self.clients[c];
        let cid: Uuid =
            frame["cid"].as_str().and_then(|cid| cid.parse().ok()).ok_or("an answer to nothing")?;
        let place = client.open.iter().position(|open| open.cid == cid && open.conn == Some(id));
        let Some(place) = place else {
            // Follows are named by ids that no command has.
            let follow = cid.as_u128() & 0xffff == 0xffff;
            ensure!(follow, "an answer that nobody waits for");
            let inbox = cid.as_u128() & 0x1_0000 != 0;
            client.following |= frame["t"] == "ok" && !inbox;
            if frame["t"] == "err" {
                ensure!(frame["retryable"] == true, "a follow was refused");
                self.follows_later(c, inbox);
            }
            return Ok(());
        };
        let open = client.open[place];
        let key = (client.number, client.seat, cid);
        let known = client.view.as_ref().map(|view| view.seq);
        if frame["t"] == "ok" {
            let seq = frame["seq"].as_u64().ok_or("ok without a number")?;
            client.open.remove(place);
            client.done.push((open, seq));
            ensure!(
                !client.following || known.is_some_and(|known| known >= seq),
                "ok with {seq} came before that event"
            );
            ensure!(!matches!(open.why, Why::Conflict), "a used id was taken for another command");
            ensure!(!matches!(open.why, Why::Again(was) if was != seq), "another answer than {:?}", open.why);
            self.judge.check_done(key, seq)?;
            let verdicts = self.judge.verdicts.entry(key).or_default();
            verdicts.push(Verdict::Done(seq));
            if verdicts.len() > 1 {
                self.note("a command was answered twice alike".to_owned());
            }
            return self.after_reading(c);
        }
        let code = frame["code"].as_str().ok_or("err without a code")?;
        if ["unavailable", "deadline_exceeded", "too_many_in_flight"].contains(&code) {
            client.open[place].conn = None;
            let pause = client.dice.between(150, 900);
            self.after(pause, Due::Retry(c));
            return Ok(());
        }
        client.open.remove(place);
        let fits = match open.why {
            Why::Offered => code == "stale_base",
            Why::Again(_) => false,
            Why::Conflict => code == "id_conflict",
            Why::Junk => true,
        };
        ensure!(fits, "a command sent because {:?} was refused", open.why);
        self.judge.verdicts.entry(key).or_default().push(Verdict::Refused(code.to_owned()));
        if code == "stale_base" {
            let (number, seat) = (self.clients[c].number, self.clients[c].seat);
            let view = self.judge.check_snapshot(number, seat, &frame["snapshot"])?;
            let client = &mut self.clients[c];
            if known.is_none_or(|known| known < view.seq) {
                ensure!(!client.following, "stale at {} without the events up to it", view.seq);
                client.view = Some(view);
            }
        }
        self.after_reading(c)
    }

    fn follows_later(&mut self, c: usize, inbox: bool) {
        let pause = self.clients[c].dice.between(100, 900);
        if let Some(id) = self.clients[c].conn {
            self.after(pause, Due::Follow(c, id, inbox));
        }
    }

    pub(super) fn follows_inbox_again(&mut self, c: usize) {
        let cid = self.clients[c].follow_cid(true);
        let client = &self.clients[c];
        let Some(id) = client.conn.filter(|_| client.welcomed && !client.single) else { return };
        let mut frame = json!({ "t": "follow", "cid": cid, "topic": { "inbox": true } });
        if let Some(cursor) = client.inbox_cursor() {
            frame["after"] = cursor.into();
        }
        self.says(id, &frame);
    }

    pub(super) fn follows_again(&mut self, c: usize, after: Option<u64>) {
        let cid = self.clients[c].follow_cid(false);
        let client = &mut self.clients[c];
        let Some(id) = client.conn.filter(|_| client.welcomed) else { return };
        let mut frame = json!({ "t": "follow", "cid": cid, "topic": client.topic() });
        let after = after.or(client.view.as_ref().map(|view| view.seq));
        client.rewound |= after.is_some();
        if let Some(after) = after {
            frame["after"] = after.into();
        }
        self.says(id, &frame);
    }

    /// A move that arrives at this very moment, whatever the view says by now.
    pub(super) fn fires(&mut self, c: usize, twice: bool) {
        let now = self.now();
        let mine = self.clients[c].view.as_ref().is_some_and(|view| !view.legal.is_empty());
        let busy = self.clients[c].open.iter().any(|open| open.why == Why::Offered);
        let Some(id) = self.clients[c].conn.filter(|_| self.clients[c].welcomed && mine && !busy) else {
            return;
        };
        let open = Open { conn: Some(id), sent: now, ..self.chooses(c) };
        self.clients[c].open.push(open);
        self.sends_one(c, id, open, Some(now));
        let Some(other) = self.sibling(c).filter(|_| twice) else { return };
        if let Some(id) = self.clients[other].conn.filter(|_| self.clients[other].welcomed) {
            // The same command on one run in two, a rival one on the other.
            let same = self.clients[c].dice.percent(50);
            let cid = if same { open.cid } else { self.clients[other].fresh_cid() };
            let open = Open { cid, conn: Some(id), sent: now, ..open };
            self.clients[other].open.push(open);
            self.sends_one(other, id, open, Some(now));
        }
    }

    /// Sends some commands again that were answered before.
    pub(super) fn asks_again(&mut self, c: usize, count: usize) {
        for _ in 0..count.min(self.clients[c].done.len()) {
            let client = &mut self.clients[c];
            let choice = client.dice.below(client.done.len() as u64);
            let (open, seq) = client.done[usize::try_from(choice).unwrap()];
            if client.open.iter().all(|other| other.cid != open.cid) {
                self.sends(c, Open { why: Why::Again(seq), conn: None, ..open });
            }
        }
    }

    pub(super) fn client_acts(&mut self, act: plan::Act) {
        let now = self.now();
        match act {
            plan::Act::Cut { client, client_ms, server_ms } => {
                let c = index(client);
                if let Some(id) = self.clients[c].conn {
                    self.break_off(id, server_ms.max(client_ms));
                    self.after(client_ms, Due::Notice(id));
                }
            }
            plan::Act::Resend { client } => self.clients[index(client)].resend = true,
            plan::Act::Sleep { client, for_ms } => self.clients[index(client)].asleep_until = now + for_ms,
            plan::Act::Edge { client, early_ms, late_ms, twice } => {
                let c = index(client);
                self.clients[c].edge = Some((early_ms, late_ms, twice == 1));
                if let Some(other) = self.sibling(c) {
                    self.clients[other].asleep_until = now + 90_000;
                }
            }
            plan::Act::Again { client } => self.asks_again(index(client), 1),
            plan::Act::Conflict { client } => {
                let c = index(client);
                if let Some((open, _)) = self.clients[c].done.last().copied() {
                    let act = if open.act == Act::Draw { Act::Pass } else { Act::Draw };
                    self.sends(c, Open { act, why: Why::Conflict, conn: None, ..open });
                }
            }
            plan::Act::Junk { client } => self.sends_out_of_turn(index(client), Act::Draw),
            plan::Act::Resign { client } => self.sends_out_of_turn(index(client), Act::Resign),
            plan::Act::Refollow { client, back } => {
                let c = index(client);
                let seq = self.clients[c].view.as_ref().map_or(0, |view| view.seq);
                self.follows_again(c, Some(seq.saturating_sub(back)));
            }
            plan::Act::Leave { client, for_ms } => {
                let c = index(client);
                self.clients[c].away_until = now + for_ms;
                if let Some(id) = self.clients[c].conn {
                    self.send_up(id, Incoming::Close, None);
                    self.break_off(id, 100);
                    self.lost_quietly(c);
                }
            }
            _ => {}
        }
    }

    /// A command that nobody offered.
    fn sends_out_of_turn(&mut self, c: usize, act: Act) {
        let base = self.clients[c].view.as_ref().map_or(0, |view| view.seq);
        let cid = self.clients[c].fresh_cid();
        self.sends(c, Open { cid, base, act, why: Why::Junk, conn: None, sent: 0 });
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap()
}
