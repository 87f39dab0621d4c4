//! Jobs: one winner per turn, leases that end, failures that wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use kernel::id::NodeId;
use platform::jobs::{self, Job, JobError, Progress, Ran, Runner};
use platform::lifecycle::Tasks;
use platform::testing::TestDb;

use crate::notes::{MIGRATIONS, Store};

const NAME: &str = "notes.sweep";
const HOUR: Duration = Duration::from_hours(1);

fn runner(store: &Store, job: Job) -> Runner {
    Runner::new(store.db.clone(), Arc::new(store.clock.clone()), store.ids.next::<NodeId>(), vec![job])
}

fn counting(calls: &Arc<AtomicU64>, outcome: fn(u64) -> Result<Progress, JobError>) -> Job {
    let calls = calls.clone();
    Job::every(NAME, HOUR, move |_| {
        let call = calls.fetch_add(1, Ordering::SeqCst);
        async move { outcome(call) }
    })
}

platform::for_each_database! { MIGRATIONS;
    async fn of_twenty_nodes_one_runs_the_job(test: TestDb) {
        let store = Store::new(&test.db);
        let calls = Arc::new(AtomicU64::new(0));
        let nodes = (0..20).map(|_| {
            let runner = runner(&store, counting(&calls, |_| Ok(Progress::Done)));
            tokio::spawn(async move { runner.run_once(NAME).await.unwrap() })
        });
        let outcomes: Vec<Ran> = join_all(nodes).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(outcomes.iter().filter(|ran| **ran == Ran::Finished).count(), 1);
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        store.clock.advance(HOUR);
        let again = runner(&store, counting(&calls, |_| Ok(Progress::Done)));
        assert_eq!(again.run_once(NAME).await, Ok(Ran::Finished));
        assert_eq!(again.run_once(NAME).await, Ok(Ran::NotClaimed), "not due for another hour");
    }

    async fn a_dead_nodes_lease_ends(test: TestDb) {
        let store = Store::new(&test.db);
        let stuck = runner(&store, Job::every(NAME, HOUR, |_| std::future::pending()));
        let dying = tokio::spawn(async move { stuck.run_once(NAME).await });
        while jobs::list(&store.db).await.unwrap().first().is_none_or(|job| job.lease.is_none()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        dying.abort();
        let calls = Arc::new(AtomicU64::new(0));
        let heir = runner(&store, counting(&calls, |_| Ok(Progress::Done)));
        assert_eq!(heir.run_once(NAME).await, Ok(Ran::NotClaimed), "the lease still runs");
        store.clock.advance(Duration::from_secs(61));
        assert_eq!(heir.run_once(NAME).await, Ok(Ran::Finished));
    }

    async fn a_node_that_took_too_long_does_not_go_on_beside_its_heir(test: TestDb) {
        let store = Store::new(&test.db);
        let calls = Arc::new(AtomicU64::new(0));
        let heir = Arc::new(runner(&store, counting(&calls, |_| Ok(Progress::Done))));
        let clock = store.clock.clone();
        let slow = runner(&store, Job::every(NAME, HOUR, move |_| {
            let (heir, clock) = (heir.clone(), clock.clone());
            async move {
                clock.advance(Duration::from_secs(61));
                assert_eq!(heir.run_once(NAME).await, Ok(Ran::Finished));
                Ok(Progress::More)
            }
        }));
        let lost = JobError("the lease ran out during a batch".to_owned());
        assert_eq!(slow.run_once(NAME).await, Ok(Ran::Failed(lost)));
        let status = jobs::list(&store.db).await.unwrap().remove(0);
        assert_eq!((status.runs, status.failures, status.lease), (1, 0, None), "the heir's word stands");
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }

    async fn a_failure_waits_and_an_operator_need_not(test: TestDb) {
        let store = Store::new(&test.db);
        let calls = Arc::new(AtomicU64::new(0));
        let runner = runner(&store, counting(&calls, |call| {
            assert!(call != 1, "the second time it panics");
            if call == 0 { Err(JobError("no luck".to_owned())) } else { Ok(Progress::Done) }
        }));
        assert_eq!(runner.run_once(NAME).await, Ok(Ran::Failed(JobError("no luck".to_owned()))));
        assert_eq!(runner.run_once(NAME).await, Ok(Ran::NotClaimed));
        let status = jobs::list(&store.db).await.unwrap().remove(0);
        assert_eq!((status.failures, status.last_error.as_deref()), (1, Some("no luck")));
        assert_eq!(jobs::retry(&store.db, NAME, store.now()).await, Ok(true));
        assert_eq!(runner.run_once(NAME).await, Ok(Ran::Failed(JobError("the job panicked".to_owned()))));
        assert_eq!(jobs::run_now(&store.db, NAME, store.now()).await, Ok(true));
        assert_eq!(runner.run_once(NAME).await, Ok(Ran::Finished));
        let status = jobs::list(&store.db).await.unwrap().remove(0);
        assert_eq!((status.runs, status.failures, status.last_error, status.lease), (1, 0, None, None));
        assert_eq!(jobs::retry(&store.db, NAME, store.now()).await, Ok(false), "it did not fail");
        assert_eq!(jobs::run_now(&store.db, "no.such", store.now()).await, Ok(false));
    }

    async fn a_job_with_more_to_do_goes_on_at_once(test: TestDb) {
        let store = Store::new(&test.db);
        let calls = Arc::new(AtomicU64::new(0));
        let more = |call| Ok(if call < 9 { Progress::More } else { Progress::Done });
        assert_eq!(runner(&store, counting(&calls, more)).run_once(NAME).await, Ok(Ran::Finished));
        assert_eq!(calls.load(Ordering::SeqCst), 10);
    }

    async fn a_started_job_runs_when_nudged_and_stops_when_told(test: TestDb) {
        let store = Store::new(&test.db);
        let calls = Arc::new(AtomicU64::new(0));
        let clock = Arc::new(platform::clock::SystemClock::new());
        let job = counting(&calls, |_| Ok(Progress::Done));
        let runner = Runner::new(store.db.clone(), clock.clone(), store.ids.next(), vec![job]);
        let tasks = Tasks::new();
        runner.start(&tasks);
        for round in 1..=2u64 {
            while jobs::list(&store.db).await.unwrap().first().is_none_or(|job| job.runs < i64::try_from(round).unwrap()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            jobs::run_now(&store.db, NAME, kernel::Clock::now(&*clock)).await.unwrap();
            runner.nudge().ring();
        }
        assert!(tasks.stop(Duration::from_secs(30)).await);
        assert!(calls.load(Ordering::SeqCst) >= 2);
    }
}
