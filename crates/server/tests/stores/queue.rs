//! Jobs: one result each, whoever is killed.

use std::collections::BTreeSet;
use std::sync::Arc;

use plimsoll_server::Error;
use plimsoll_server::queue::{Job, NewJob, State, Verdict};
use plimsoll_server::store::ended;
use plimsoll_server::store::registries::{self, Registry};

use crate::each;

const MINUTE: i64 = 60_000;

#[test]
fn a_job_of_the_same_key_is_one_until_it_ends() {
    each(|bench| async move {
        let queue = &bench.app.queue;
        let (first, is_new) = queue.push(NewJob::new("test", "a", "{}")).await.unwrap();
        assert!(is_new);
        assert_eq!(queue.push(NewJob::new("test", "a", "{}")).await.unwrap(), (first, false));
        let job = queue.claim(&["test"], "w", MINUTE).await.unwrap().unwrap();
        assert_eq!(queue.push(NewJob::new("test", "a", "{}")).await.unwrap(), (first, false));
        let mut write = bench.app.store.write().await.unwrap();
        queue.complete(&mut write, &job, "{\"n\":1}").await.unwrap();
        write.commit().await.unwrap();
        assert!(queue.push(NewJob::new("test", "a", "{}")).await.unwrap().1);
        let status = queue.status(first).await.unwrap().unwrap();
        assert_eq!((status.state, status.result.as_str()), (State::Done, "{\"n\":1}"));
    });
}

#[test]
fn urgent_jobs_go_first_and_those_that_are_not_due_not_at_all() {
    each(|bench| async move {
        let queue = &bench.app.queue;
        let job = |key: &str, priority| NewJob { priority, ..NewJob::new("test", key, "{}") };
        queue.push(job("low", -5)).await.unwrap();
        queue.push(job("high", 5)).await.unwrap();
        queue
            .push(NewJob { due: plimsoll_server::moment::now() + MINUTE, ..job("later", 9) })
            .await
            .unwrap();
        let mut taken = Vec::new();
        while let Some(job) = queue.claim(&["test"], "w", MINUTE).await.unwrap() {
            taken.push(job.key);
        }
        assert_eq!(taken, ["high", "low"]);
        assert_eq!(queue.claim(&["other"], "w", MINUTE).await.unwrap(), None);
    });
}

#[test]
fn a_silent_worker_loses_its_job_and_can_neither_extend_nor_end_it() {
    each(|bench| async move {
        let queue = &bench.app.queue;
        queue.push(NewJob::new("test", "a", "{}")).await.unwrap();
        let silent = queue.claim(&["test"], "silent", -1).await.unwrap().unwrap();
        let other = queue.claim(&["test"], "other", MINUTE).await.unwrap().unwrap();
        assert_eq!((silent.id, silent.attempt, other.attempt), (other.id, 1, 2));
        assert!(!queue.extend(&silent, MINUTE).await.unwrap());
        assert!(queue.extend(&other, MINUTE).await.unwrap());
        let mut write = bench.app.store.write().await.unwrap();
        let late = queue.complete(&mut write, &silent, "late").await;
        assert!(matches!(late, Err(Error::Taken(_))), "{late:?}");
        drop(write);
        let mut write = bench.app.store.write().await.unwrap();
        queue.complete(&mut write, &other, "right").await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(queue.status(other.id).await.unwrap().unwrap().result, "right");
    });
}

#[test]
fn failures_are_tried_again_later_and_buried_in_the_end() {
    each(|bench| async move {
        let queue = &bench.app.queue;
        let new = NewJob { attempts: 2, ..NewJob::new("test", "a", "{}") };
        let (id, _) = queue.push(new).await.unwrap();
        let job = queue.claim(&["test"], "w", MINUTE).await.unwrap().unwrap();
        assert_eq!(queue.fail(&job, "no route", false).await.unwrap(), Verdict::Again);
        assert_eq!(queue.claim(&["test"], "w", MINUTE).await.unwrap(), None, "not due yet");
        let status = queue.status(id).await.unwrap().unwrap();
        assert_eq!((status.state, status.error.as_str()), (State::Waiting, "no route"));
        let mut write = bench.app.store.write().await.unwrap();
        sqlx::query("UPDATE jobs SET due = 0").execute(&mut *write).await.unwrap();
        write.commit().await.unwrap();
        let job = queue.claim(&["test"], "w", MINUTE).await.unwrap().unwrap();
        assert_eq!(queue.fail(&job, "no route", false).await.unwrap(), Verdict::Buried);
        assert_eq!(queue.status(id).await.unwrap().unwrap().state, State::Dead);
        // One whose last worker was killed is buried as well.
        let (id, _) =
            queue.push(NewJob { attempts: 1, ..NewJob::new("test", "b", "{}") }).await.unwrap();
        queue.claim(&["test"], "w", -1).await.unwrap().unwrap();
        assert_eq!(queue.claim(&["test"], "w", MINUTE).await.unwrap(), None);
        queue.tidy(0).await.unwrap();
        assert_eq!(queue.status(id).await.unwrap().unwrap().state, State::Dead);
        queue.tidy(i64::MAX).await.unwrap();
        assert_eq!(queue.status(id).await.unwrap(), None, "forgotten");
    });
}

#[test]
fn a_cancelled_job_has_no_result() {
    each(|bench| async move {
        let queue = &bench.app.queue;
        let (id, _) = queue.push(NewJob::new("test", "a", "{}")).await.unwrap();
        let job = queue.claim(&["test"], "w", MINUTE).await.unwrap().unwrap();
        assert!(queue.cancel(id).await.unwrap());
        assert!(!queue.cancel(id).await.unwrap());
        let mut write = bench.app.store.write().await.unwrap();
        assert!(queue.complete(&mut write, &job, "").await.is_err());
        drop(write);
        assert_eq!(queue.status(id).await.unwrap().unwrap().state, State::Cancelled);
    });
}

#[test]
fn of_a_registry_no_more_jobs_are_done_at_a_time_than_it_wants() {
    each(|bench| async move {
        let queue = Arc::clone(&bench.app.queue);
        let watched =
            Registry { name: "a".into(), host: "a".into(), at_once: 3, ..Registry::default() };
        let mut write = bench.app.store.write().await.unwrap();
        registries::add(&mut write, &watched).await.unwrap().unwrap();
        write.commit().await.unwrap();
        let others = queue.ready().await.unwrap();
        let job = |key: String, host: &str| NewJob {
            host: host.into(),
            ..NewJob::new("test", format!("{host}{key}"), "{}")
        };
        for number in 0..20 {
            queue.push(job(number.to_string(), "a")).await.unwrap();
        }
        for number in 0..10 {
            queue.push(job(number.to_string(), "b")).await.unwrap();
            queue.push(job(number.to_string(), "")).await.unwrap();
        }
        assert_eq!(queue.ready().await.unwrap() - others, 3 + 8 + 10);
        let take = async || {
            let mut workers = tokio::task::JoinSet::new();
            for number in 0..6 {
                let queue = Arc::clone(&queue);
                workers.spawn(async move {
                    let mut taken = Vec::new();
                    let name = format!("w{number}");
                    while let Some(job) = queue.claim(&["test"], &name, MINUTE).await.unwrap() {
                        taken.push(job);
                    }
                    taken
                });
            }
            let taken: Vec<Job> = workers.join_all().await.into_iter().flatten().collect();
            let of = |host: &str| taken.iter().filter(|it| it.host == host).count();
            ((of("a"), of("b"), of("")), taken)
        };
        let (counts, taken) = take().await;
        assert_eq!(counts, (3, 8, 10));
        assert_eq!(queue.ready().await.unwrap(), others);
        // Where one ends, another may begin; one whose worker is silent does not count.
        let mut of_a = taken.iter().filter(|it| it.host == "a");
        let mut write = bench.app.store.write().await.unwrap();
        queue.complete(&mut write, of_a.next().unwrap(), "{}").await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(queue.ready().await.unwrap() - others, 1);
        assert!(queue.extend(of_a.next().unwrap(), -1).await.unwrap());
        assert_eq!(take().await.0, (2, 0, 0));
    });
}

#[test]
fn many_workers_take_every_job_once() {
    each(|bench| async move {
        let queue = Arc::clone(&bench.app.queue);
        for number in 0..60 {
            queue.push(NewJob::new("test", number.to_string(), "{}")).await.unwrap();
        }
        let mut workers = tokio::task::JoinSet::new();
        for number in 0..6 {
            let queue = Arc::clone(&queue);
            workers.spawn(async move {
                let mut taken = Vec::new();
                let name = format!("w{number}");
                while let Some(job) = queue.claim(&["test"], &name, MINUTE).await.unwrap() {
                    taken.push(job.id);
                }
                taken
            });
        }
        let taken: Vec<i64> = workers.join_all().await.into_iter().flatten().collect();
        assert_eq!(taken.len(), 60);
        assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 60);
    });
}

#[test]
fn what_was_not_the_fault_of_a_job_counts_for_no_attempt() {
    each(|bench| async move {
        let queue = &bench.app.queue;
        let new = NewJob { attempts: 1, ..NewJob::new("test", "a", "{}") };
        let others = queue.ready().await.unwrap();
        let (id, _) = queue.push(new).await.unwrap();
        assert_eq!(queue.ready().await.unwrap(), others + 1);
        for _ in 0..3 {
            let job = queue.claim(&["test"], "w", MINUTE).await.unwrap().unwrap();
            assert_eq!((job.attempt, queue.ready().await.unwrap()), (1, others));
            queue.postpone(&job, "no room").await.unwrap();
            assert_eq!(queue.claim(&["test"], "w", MINUTE).await.unwrap(), None, "not due yet");
            // Whoever has been put off has it no more.
            assert!(!queue.extend(&job, MINUTE).await.unwrap());
            let mut write = bench.app.store.write().await.unwrap();
            sqlx::query("UPDATE jobs SET due = 0").execute(&mut *write).await.unwrap();
            write.commit().await.unwrap();
        }
        let status = queue.status(id).await.unwrap().unwrap();
        assert_eq!((status.state, status.error.as_str()), (State::Waiting, "no room"));
    });
}

#[test]
fn times_of_a_clock_that_was_set_back_are_not_believed() {
    each(|bench| async move {
        let queue = &bench.app.queue;
        let hours = 60 * MINUTE * 3;
        let others = queue.ready().await.unwrap();
        let (id, _) = queue.push(NewJob::new("test", "a", "{}")).await.unwrap();
        queue.claim(&["test"], "killed", hours).await.unwrap().unwrap();
        let job = queue.claim(&["test"], "next", MINUTE).await.unwrap().unwrap();
        assert_eq!((job.id, job.attempt), (id, 2));
        assert_eq!(queue.claim(&["test"], "third", MINUTE).await.unwrap(), None);
        let late = NewJob {
            due: plimsoll_server::moment::now() + hours,
            ..NewJob::new("test", "b", "{}")
        };
        let (late, _) = queue.push(late).await.unwrap();
        assert_eq!(queue.ready().await.unwrap(), others + 1);
        assert_eq!(queue.claim(&["test"], "w", MINUTE).await.unwrap().unwrap().id, late);
    });
}

#[test]
fn a_worker_that_comes_back_lets_go_of_what_it_had_and_of_nothing_else() {
    each(|bench| async move {
        let queue = &bench.app.queue;
        for key in ["a", "b"] {
            queue.push(NewJob::new("test", key, "{}")).await.unwrap();
        }
        let own = queue.claim(&["test"], "this-0", MINUTE).await.unwrap().unwrap();
        queue.claim(&["test"], "other-0", MINUTE).await.unwrap().unwrap();
        let mut write = bench.app.store.write().await.unwrap();
        let free = plimsoll_server::store::jobs::orphaned(&mut write, "this-").await.unwrap();
        write.commit().await.unwrap();
        assert_eq!(free, 1);
        let again = queue.claim(&["test"], "this-0", MINUTE).await.unwrap().unwrap();
        assert_eq!((again.id, again.attempt), (own.id, 2));
        assert_eq!(queue.claim(&["test"], "this-1", MINUTE).await.unwrap(), None);
    });
}

#[test]
fn what_failed_for_good_is_listed_and_can_be_put_back_once() {
    each(|bench| async move {
        let queue = &bench.app.queue;
        let (id, _) = queue.push(NewJob::new("test", "a", "{\"n\":1}")).await.unwrap();
        queue.push(NewJob::new("test", "b", "{\"n\":2}")).await.unwrap();
        let job = queue.claim(&["test"], "w", MINUTE).await.unwrap().unwrap();
        assert_eq!(queue.fail(&job, "broken", true).await.unwrap(), Verdict::Buried);
        let list = async |state: Option<State>| {
            let wanted = ended::Wanted { kind: "test".into(), state, before: None };
            ended::page(&mut bench.app.store.read().await.unwrap(), &wanted, 10).await.unwrap()
        };
        let dead = list(Some(State::Dead)).await;
        assert_eq!(dead.iter().map(|it| it.job.id).collect::<Vec<_>>(), [id]);
        assert_eq!(dead[0].error, "broken");
        assert!(ended::can_be_put_back(&dead[0]));
        assert_eq!(list(None).await.len(), 2);

        let mut write = bench.app.store.write().await.unwrap();
        let (new, is_new) = queue.push_in(&mut write, &ended::again(&dead[0])).await.unwrap();
        assert!(is_new && new > id);
        assert!(ended::replaced(&mut write, id, new).await.unwrap());
        assert!(!ended::replaced(&mut write, id, new).await.unwrap(), "once");
        write.commit().await.unwrap();
        assert!(list(Some(State::Dead)).await.is_empty());
        let status = queue.status(new).await.unwrap().unwrap();
        assert_eq!((status.job.payload.as_str(), status.job.attempt), ("{\"n\":1}", 0));
        assert_eq!(queue.status(id).await.unwrap().unwrap().error, format!("put back as {new}"));
    });
}
