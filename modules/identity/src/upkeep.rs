//! Identity's background work: what must happen without anybody asking.

use std::sync::Arc;
use std::time::Duration;

use kernel::id::NodeId;
use kernel::{Actor, CallContext, RequestId};
use platform::db::Db;
use platform::jobs::{Job, JobError, Progress, Runner};
use platform::lifecycle::Tasks;

use crate::app::App;
use crate::domain::signing_key::Occasion;

/// How often the revocation log is read.
const TAIL_EVERY: Duration = Duration::from_millis(500);
/// How many of those rounds pass between two looks at the key ring.
const ROUNDS_PER_RELOAD: u32 = 120;
/// How often the jobs look whether there is something to do.
const HOURLY: Duration = Duration::from_hours(1);
/// How long a rotation may take.
const ROTATION: Duration = Duration::from_secs(30);

/// Starts everything.
pub(crate) fn start(app: &Arc<App>, db: &Db, node: NodeId, tasks: &Tasks) {
    let (tailing, stop) = (app.clone(), tasks.clone());
    tasks.spawn("identity.tail", async move { tail(&tailing, &stop).await });
    Runner::new(db.clone(), app.clock.clone(), node, jobs(app)).start(tasks);
}

/// Follows what other nodes revoke and rotate, and writes down which tokens were used here.
async fn tail(app: &App, stop: &Tasks) {
    let mut round = 0_u32;
    while !stop.is_stopping() {
        tokio::select! {
            () = stop.stopping() => break,
            () = app.clock.sleep(TAIL_EVERY) => {}
        }
        if let Err(error) = app.revocations.catch_up(&*app.store).await {
            tracing::warn!(%error, "the revocation log cannot be read");
        }
        if let Err(error) = app.verifier.flush_uses().await {
            tracing::warn!(%error, "uses of tokens were not written down");
        }
        round = round.wrapping_add(1);
        if round.is_multiple_of(ROUNDS_PER_RELOAD)
            && let Err(error) = app.keys.reload().await
        {
            tracing::warn!(%error, "the key ring cannot be read");
        }
    }
    // Best effort: what is lost makes a refresh more lenient, never less.
    let _ = app.verifier.flush_uses().await;
}

fn jobs(app: &Arc<App>) -> Vec<Job> {
    let (rotating, pruning) = (app.clone(), app.clone());
    vec![
        Job::every("identity.rotate_keys", HOURLY, move |now| {
            let app = rotating.clone();
            async move {
                let request = RequestId::fresh(&*app.random);
                let call = CallContext::new(Actor::system("identity.rotate_keys"), request, now, ROTATION);
                let occasion = Occasion::Routine(app.config.rotation());
                let rotated =
                    app.keys.rotate(&call, occasion).await.map_err(|error| JobError(error.to_string()))?;
                if rotated.changed {
                    tracing::info!(kid = %rotated.active, "the ring of signing keys changed");
                }
                Ok(Progress::Done)
            }
        }),
        Job::every("identity.prune", HOURLY, move |now| {
            let app = pruning.clone();
            async move {
                let pruned = app.store.prune(now).await?;
                Ok(if pruned.rows > 0 { Progress::More } else { Progress::Done })
            }
        }),
    ]
}
