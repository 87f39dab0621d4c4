//! What runs beside the requests: deadlines, signs of life, leases, other contexts' events, jobs.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use kernel::Timestamp;
use platform::jobs::{Job, JobError, Progress};
use platform::lifecycle::Tasks;

use crate::app::finding::{online, pair_up};
use crate::app::{App, alive, count_games, deadlines, practice, presence, spectate};
use crate::store::StoreError;

/// How often every node says that it is alive, and looks for what it was not woken for.
const BEAT: Duration = Duration::from_secs(1);
/// Changes of who is there that come together are written together.
const GATHER: Duration = Duration::from_millis(50);
/// The least between two looks at who waits.
const TOGETHER: Duration = Duration::from_millis(200);
/// A game that nobody asks for leaves memory after one to two of these.
const REAP: u64 = 30;
/// How often games are looked for that ended elsewhere or could not be counted.
const RECOUNT: Duration = Duration::from_secs(5);
/// How long an invite that is over can still be asked about.
const INVITES_KEPT: Duration = Duration::from_hours(30 * 24);
/// How long a pairing that is over can still be asked about.
const PAIRINGS_KEPT: Duration = Duration::from_hours(24);
const FORGOTTEN_AT_ONCE: i64 = 1_000;
/// How long to wait before trying again to take over from whoever was alive before.
const AGAIN: Duration = Duration::from_millis(500);

/// Starts everything.
pub(crate) fn start(app: &Arc<App>, tasks: &Tasks) {
    tasks.spawn("game.beat", beat(Arc::clone(app), tasks.clone()));
    tasks.spawn("game.sweep", sweep(Arc::clone(app), tasks.clone()));
    tasks.spawn("game.deadlines", punctual(Arc::clone(app), tasks.clone()));
    tasks.spawn("game.practice", practice::run(Arc::clone(app), tasks.clone()));
    tasks.spawn("game.finding", find(Arc::clone(app), tasks.clone()));
    tasks.spawn("game.online", vouch(Arc::clone(app), tasks.clone()));
    tasks.spawn("game.watch", watch(Arc::clone(app), tasks.clone()));
    tasks.spawn("game.presence", gather(Arc::clone(app), tasks.clone()));
    tasks.spawn("game.ratings", rate(Arc::clone(app), tasks.clone()));
}

/// Takes over from whoever was alive before, then says every second that this node is, and that its players are there.
/// Once it has taken over it waits for no game: one that is busy makes no node look dead.
async fn beat(app: Arc<App>, tasks: Tasks) {
    loop {
        alive_or_in_doubt(&app).await;
        let wait = if app.aliveness.is_settled() { BEAT } else { AGAIN };
        if pause(&app, &tasks, wait).await {
            return;
        }
    }
}

/// One sign of life. While storage takes long over it nobody knows what its answer will be.
async fn alive_or_in_doubt(app: &App) {
    let mut saying = pin!(async {
        report("beat", alive::go_on(app)).await;
        report("leases", presence::renew(app)).await;
    });
    tokio::select! {
        biased;
        () = &mut saying => return,
        () = app.clock.sleep(alive::DOUBT) => app.aliveness.doubt(),
    }
    saying.await;
}

/// Does what is due by the clock alone, every second in which it is known what time has to be made good.
async fn sweep(app: Arc<App>, tasks: Tasks) {
    let mut beats: u64 = 0;
    while !pause(&app, &tasks, BEAT).await {
        beats = beats.wrapping_add(1);
        if app.aliveness.is_settled() {
            report("lapses", presence::notice_lapses(&app)).await;
            report("deadlines", deadlines::sweep(&app)).await;
            report("practice", practice::sweep(&app)).await;
        }
        if beats.is_multiple_of(REAP) {
            #[expect(clippy::cast_precision_loss, reason = "a gauge; no process holds 2^52 games")]
            metrics::gauge!("game_hot_games").set(app.tables.reap() as f64);
        }
    }
    app.tables.close();
}

/// Wakes hot games the moment their deadline has passed.
async fn punctual(app: Arc<App>, tasks: Tasks) {
    let mut earlier = app.deadlines.bell();
    while !tasks.is_stopping() {
        deadlines::wake(&app).await;
        tokio::select! {
            () = app.clock.sleep(app.deadlines.pause(app.clock.now())) => {}
            () = earlier.wait() => {}
            () = tasks.stopping() => {}
        }
    }
}

/// Tells spectators what has become old enough, and sends away whoever may not watch any more.
async fn watch(app: Arc<App>, tasks: Tasks) {
    let mut changed = app.watching.bell();
    while !tasks.is_stopping() {
        report("watch", spectate::step(&app)).await;
        tokio::select! {
            () = changed.wait() => {}
            () = app.clock.sleep(BEAT) => {}
            () = tasks.stopping() => {}
        }
    }
}

async fn gather(app: Arc<App>, tasks: Tasks) {
    let mut changed = app.presences.bell();
    while !tasks.is_stopping() {
        report("presence", presence::flush(&app)).await;
        tokio::select! {
            () = changed.wait() => {}
            // What could not be written, or told, rings no bell.
            () = app.clock.sleep(BEAT) => {}
            () = tasks.stopping() => {}
        }
        pause(&app, &tasks, GATHER).await;
    }
}

/// Counts games as they end, those that a crash or another node left, too.
async fn rate(app: Arc<App>, tasks: Tasks) {
    let mut over = app.over.clone();
    while !tasks.is_stopping() {
        report("ratings", count_games::sweep(&app)).await;
        tokio::select! {
            () = over.wait() => {}
            () = app.clock.sleep(RECOUNT) => {}
            () = tasks.stopping() => {}
        }
    }
}

/// Brings together who waits.
async fn find(app: Arc<App>, tasks: Tasks) {
    let mut waiting = app.finding.waiting.clone();
    while !tasks.is_stopping() {
        report("pairing", pair_up::step(&app)).await;
        tokio::select! {
            () = waiting.wait() => {}
            () = app.clock.sleep(BEAT) => {}
            () = tasks.stopping() => {}
        }
        // Those who come together are looked at together, however many come.
        pause(&app, &tasks, TOGETHER).await;
    }
}

/// Says who is online, however long pairing takes.
async fn vouch(app: Arc<App>, tasks: Tasks) {
    while !tasks.is_stopping() {
        report("online", online::step(&app)).await;
        pause(&app, &tasks, BEAT).await;
    }
}

/// Waits, and says whether it is time to stop.
async fn pause(app: &App, tasks: &Tasks, duration: Duration) -> bool {
    tokio::select! {
        () = app.clock.sleep(duration) => tasks.is_stopping(),
        () = tasks.stopping() => true,
    }
}

async fn report(what: &'static str, work: impl Future<Output = Result<(), StoreError>>) {
    if let Err(error) = work.await {
        metrics::counter!("game_background_failures_total", "work" => what).increment(1);
        tracing::warn!(what, %error, "background work of games failed; it will be tried again");
    }
}

/// The jobs, as rows with leases.
pub(crate) fn jobs(app: &Arc<App>) -> Vec<Job> {
    let expiring = Arc::clone(app);
    let expire = move |now| {
        let app = Arc::clone(&expiring);
        async move {
            let told = app.store.record_expired(now).await?;
            app.broadcast.notices(&told);
            Ok::<_, JobError>(if told.is_empty() { Progress::Done } else { Progress::More })
        }
    };
    vec![
        Job::every("game.invites.expire", Duration::from_mins(1), expire),
        forgetting(app, "game.invites.forget", INVITES_KEPT, |app, before| async move {
            app.store.forget_invites(before, FORGOTTEN_AT_ONCE).await
        }),
        forgetting(app, "game.pairings.forget", PAIRINGS_KEPT, |app, before| async move {
            app.store.forget_pairings(before, FORGOTTEN_AT_ONCE).await
        }),
    ]
}

/// The hourly job that removes what has been over for so long, some at a time; `forget` says whether there is more.
fn forgetting<F, Fut>(app: &Arc<App>, name: &'static str, kept: Duration, forget: F) -> Job
where
    F: Fn(Arc<App>, Timestamp) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<bool, StoreError>> + Send + 'static,
{
    let app = Arc::clone(app);
    Job::every(name, Duration::from_hours(1), move |now: Timestamp| {
        let forgotten = forget(Arc::clone(&app), now.minus(kept));
        async move { Ok::<_, JobError>(if forgotten.await? { Progress::More } else { Progress::Done }) }
    })
}
