//! SQLite without a pool: one writer thread that commits in groups, and a few reader threads.
//!
//! The writer takes whatever jobs wait, runs each under a savepoint inside one `BEGIN IMMEDIATE`, commits once, and
//! only then answers all of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, QueryResult};
use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};

use super::lite_conn::LiteConn;
use super::statements::{Begin, Commit, Release, Rollback, RollbackTo, Savepoint, run};
use super::{DatabaseSettings, StoreError, Work};
use crate::bus::Bell;

/// Jobs that share one commit at most: enough to make the sync cheap, few enough to keep the first one waiting
/// for milliseconds only.
const GROUP: usize = 128;
/// Jobs that may wait; whoever comes then waits for a place.
const QUEUE: usize = 4_096;
/// How long to wait for a place in the queue before giving up.
const PATIENCE: Duration = Duration::from_secs(5);

const PRAGMAS: &str = "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; \
     PRAGMA temp_store=MEMORY; PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=67108864;";
/// The log is copied back when it has 32 MiB: pages that are written again and again are then copied once, and
/// recovery still reads it in well under a second.
const WRITER_PRAGMAS: &str = "PRAGMA cache_size=-8192; PRAGMA wal_autocheckpoint=8192;";
const READER_PRAGMAS: &str = "PRAGMA cache_size=-2048; PRAGMA query_only=ON;";

/// A write that waits for its turn, and after it for the commit.
trait WriteJob: Send {
    /// Runs the body; whether it wants to be committed.
    fn run(&mut self, c: &mut LiteConn) -> bool;
    /// Answers the caller, once it is known what became of the group.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

type ReadJob = Box<dyn FnOnce(&mut LiteConn) + Send>;

enum Message<J> {
    Job(J),
    Stop,
}

/// A context's SQLite file.
#[derive(Clone)]
pub struct Lite {
    context: &'static str,
    writes: mpsc::Sender<Message<Box<dyn WriteJob>>>,
    reads: mpsc::Sender<Message<ReadJob>>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
    readers: usize,
    bell: Bell,
}

impl Lite {
    /// Opens the file of `context` and starts its threads.
    pub(super) fn open(settings: &DatabaseSettings, context: &'static str) -> Result<Self, StoreError> {
        let path = super::lite_path(settings, context);
        let (writes, write_queue) = mpsc::channel(QUEUE);
        let (reads, read_queue) = mpsc::channel(QUEUE);
        let bell = Bell::new();
        let worker = Writer {
            conn: connect(&path, &[WRITER_PRAGMAS, settings.synchronous.pragma()])?,
            queue: write_queue,
            bell: bell.clone(),
            commits: metrics::counter!("storage_commits_total", "context" => context),
            jobs: metrics::counter!("storage_writes_total", "context" => context),
        };
        let mut threads = vec![start(format!("{context}-writer"), move || worker.work())?];
        let read_queue = Arc::new(Mutex::new(read_queue));
        let readers = settings.readers.clamp(1, 16);
        for number in 0..readers {
            let conn = connect(&path, &[READER_PRAGMAS])?;
            let queue = read_queue.clone();
            threads.push(start(format!("{context}-reader-{number}"), move || read(conn, &queue))?);
        }
        Ok(Self { context, writes, reads, threads: Arc::new(Mutex::new(threads)), readers, bell })
    }

    /// Runs a body that only reads. Use [`crate::read!`].
    pub async fn read<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'r> Work<&'r mut LiteConn, Result<T, E>, Fut: Send> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: ReadJob = Box::new(move |c| {
            if !reply.is_closed() {
                let _ = reply.send(drive(body, c));
            }
        });
        submit(&self.reads, job).await?;
        answer.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    /// Runs a body as one transaction and returns once it is committed. Use [`crate::write!`].
    pub async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'r> Work<&'r mut LiteConn, Result<T, E>, Fut: Send> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        submit(&self.writes, Box::new(Write { body: Some(body), outcome: None, reply })).await?;
        answer.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    pub(super) const fn context(&self) -> &'static str {
        self.context
    }

    pub(super) fn bell(&self) -> &Bell {
        &self.bell
    }

    /// Finishes what waits, then ends the threads. What comes later is refused.
    pub(super) async fn close(&self) {
        let _ = self.writes.send(Message::Stop).await;
        for _ in 0..self.readers {
            let _ = self.reads.send(Message::Stop).await;
        }
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let _ =
            tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())))
                .await;
    }
}

struct Write<F, T, E> {
    body: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> WriteJob for Write<F, T, E>
where
    F: for<'r> Work<&'r mut LiteConn, Result<T, E>, Fut: Send> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, c: &mut LiteConn) -> bool {
        let Some(body) = self.body.take() else { return false };
        let outcome = drive(body, c);
        let wanted = outcome.is_ok();
        self.outcome = Some(outcome);
        wanted
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) | (Err(_), Some(outcome @ Err(_))) => outcome,
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(stopped().into()),
        };
        // A caller that went away does not undo its write.
        let _ = self.reply.send(answer);
    }
}

/// Runs a body to its end. It awaits only its own connection, so it is ready at the first poll.
fn drive<T, E, F>(body: F, c: &mut LiteConn) -> Result<T, E>
where
    F: for<'r> Work<&'r mut LiteConn, Result<T, E>, Fut: Send>,
    E: From<StoreError>,
{
    match catch_unwind(AssertUnwindSafe(|| body(c).now_or_never())) {
        Ok(Some(outcome)) => outcome,
        Ok(None) => {
            Err(StoreError::Failed("a body awaited something else than its connection".into()).into())
        }
        Err(_) => Err(StoreError::Failed("a body panicked".into()).into()),
    }
}

async fn submit<J>(queue: &mpsc::Sender<Message<J>>, job: J) -> Result<(), StoreError> {
    match queue.try_send(Message::Job(job)) {
        Ok(()) => Ok(()),
        Err(mpsc::error::TrySendError::Closed(_)) => Err(stopped()),
        Err(mpsc::error::TrySendError::Full(job)) => match queue.send_timeout(job, PATIENCE).await {
            Ok(()) => Ok(()),
            Err(_) => Err(StoreError::Unavailable("the queue of the database is full".into())),
        },
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the database is closed".into())
}

fn start(name: String, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name)
        .spawn(work)
        .map_err(|error| StoreError::Unavailable(format!("no thread for the database: {error}")))
}

fn connect(path: &Path, pragmas: &[&str]) -> Result<LiteConn, StoreError> {
    open_file(path, pragmas).map(LiteConn::new)
}

/// Opens a SQLite file with the settings every connection to it shares.
pub(super) fn open_file(path: &Path, pragmas: &[&str]) -> Result<SqliteConnection, StoreError> {
    let mut c = SqliteConnection::establish(&path.to_string_lossy())
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    c.batch_execute(PRAGMAS)?;
    for pragma in pragmas {
        c.batch_execute(pragma)?;
    }
    Ok(c)
}

fn read(mut conn: LiteConn, queue: &Mutex<mpsc::Receiver<Message<ReadJob>>>) {
    loop {
        let message = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        match message {
            Some(Message::Job(job)) => job(&mut conn),
            Some(Message::Stop) | None => return,
        }
    }
}

struct Writer {
    conn: LiteConn,
    queue: mpsc::Receiver<Message<Box<dyn WriteJob>>>,
    bell: Bell,
    commits: metrics::Counter,
    jobs: metrics::Counter,
}

impl Writer {
    fn work(mut self) {
        let mut group = Vec::with_capacity(GROUP);
        let mut open = true;
        while open {
            open = self.gather(&mut group);
            if !group.is_empty() {
                self.commit_group(&mut group);
            }
        }
    }

    /// Waits for one job and takes those that wait with it. False when no more will come.
    fn gather(&mut self, group: &mut Vec<Box<dyn WriteJob>>) -> bool {
        match self.queue.blocking_recv() {
            Some(Message::Job(job)) => group.push(job),
            Some(Message::Stop) | None => return false,
        }
        while group.len() < GROUP {
            match self.queue.try_recv() {
                Ok(Message::Job(job)) => group.push(job),
                Ok(Message::Stop) => return false,
                Err(_) => break,
            }
        }
        true
    }

    fn commit_group(&mut self, group: &mut Vec<Box<dyn WriteJob>>) {
        self.jobs.increment(u64::try_from(group.len()).unwrap_or(0));
        let (appended, done) = match self.run_group(group) {
            Ok(appended) => (appended, self.statement(Commit)),
            Err(error) => (false, Err(error)),
        };
        if done.is_err() {
            // Whatever is still open goes: nothing of this group may join the next one.
            let _ = self.statement(Rollback);
        }
        let done = done.map_err(StoreError::from).map_err(|error| match error {
            // A constraint that fires at the commit is not the caller's: it cannot be told whose row it was.
            StoreError::Conflict(_) | StoreError::Inconsistent(_) => {
                StoreError::Failed("the commit of a group was refused".into())
            }
            other => other,
        });
        if done.is_ok() {
            self.commits.increment(1);
        }
        for job in group.drain(..) {
            job.answer(done.clone());
        }
        if appended && done.is_ok() {
            self.bell.ring();
        }
    }

    /// Runs each job under a savepoint of its own. Whether one that stays appended to the outbox.
    fn run_group(&mut self, group: &mut [Box<dyn WriteJob>]) -> QueryResult<bool> {
        self.statement(Begin)?;
        let mut appended = false;
        for job in group {
            self.statement(Savepoint)?;
            let wanted = job.run(&mut self.conn);
            let announced = self.conn.take_appended();
            if wanted {
                appended |= announced;
            } else {
                self.statement(RollbackTo)?;
            }
            self.statement(Release)?;
        }
        Ok(appended)
    }

    fn statement<S: super::statements::Statement>(&mut self, statement: S) -> QueryResult<()> {
        run(self.conn.sync(), statement)
    }
}
