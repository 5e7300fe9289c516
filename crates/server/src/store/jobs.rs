//! The table of jobs: what [`crate::queue::Table`] does in SQL.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::{Connection, Dialect, hosts, in_list};
use crate::error::{Error, Result};
use crate::moment::{Millis, now};
use crate::queue::{Job, NewJob, State, Status};

/// No lease is as long, and nothing is put off as far: where one says so, a clock was set back, and it is
/// not believed.
pub(super) const BELIEVED: Millis = 3_600_000;

const COLUMNS: &str = "id, kind, key, payload, priority, state, attempt, attempts, created, \
     finished, error, result, host";

fn job(row: &AnyRow) -> Result<Job> {
    Ok(Job {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        key: row.try_get(2)?,
        payload: row.try_get(3)?,
        attempt: row.try_get(6)?,
        attempts: row.try_get(7)?,
        created: row.try_get(8)?,
        host: row.try_get(12)?,
    })
}

fn status(row: &AnyRow) -> Result<Status> {
    Ok(Status {
        state: State::of(row.try_get(5)?),
        finished: row.try_get(9)?,
        error: row.try_get(10)?,
        result: row.try_get(11)?,
        job: job(row)?,
    })
}

/// Adds a job, and gives its number; where one of the same kind and key waits or runs, that one's, and
/// `false`.
pub async fn push(connection: &mut Connection, new: &NewJob) -> Result<(i64, bool)> {
    let row = sqlx::query(
        "INSERT INTO jobs (kind, key, payload, priority, state, attempts, due, created, host) \
         VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8) \
         ON CONFLICT (kind, key) WHERE state < 2 DO NOTHING RETURNING id",
    )
    .bind(&new.kind)
    .bind(&new.key)
    .bind(&new.payload)
    .bind(new.priority)
    .bind(new.attempts)
    .bind(new.due)
    .bind(now())
    .bind(&new.host)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(row) = row {
        return Ok((row.try_get(0)?, true));
    }
    // Those that have not ended have an index; all others are many, and it is among them only where it
    // has ended in between.
    for among in [" AND state < 2", ""] {
        let text = format!("SELECT MAX(id) FROM jobs WHERE kind = $1 AND key = $2{among}");
        let row = sqlx::query(AssertSqlSafe(text))
            .bind(&new.kind)
            .bind(&new.key)
            .fetch_one(&mut *connection)
            .await?;
        if let Some(id) = row.try_get(0)? {
            return Ok((id, false));
        }
    }
    Err(Error::Damaged("a job"))
}

/// Takes the most urgent job of these kinds that is due, or whose worker gave no sign of life; none of
/// the hosts that are busy.
pub async fn claim(
    connection: &mut Connection,
    dialect: Dialect,
    kinds: &[&str],
    worker: &str,
    until: Millis,
    busy: &[String],
) -> Result<Option<Job>> {
    let but = match busy.len() {
        0 => String::new(),
        many => format!(" AND host NOT IN ({})", in_list(5 + kinds.len(), many)),
    };
    let text = format!(
        "UPDATE jobs SET state = 1, attempt = attempt + 1, worker = $1, lease_until = $2 \
         WHERE id = (SELECT id FROM jobs WHERE state < 2 AND attempt < attempts \
         AND (due <= $3 OR due > $4) \
         AND (state = 0 OR lease_until < $3 OR lease_until > $4) AND kind IN ({}){but} \
         ORDER BY priority DESC, due, id LIMIT 1{}) RETURNING {COLUMNS}",
        in_list(5, kinds.len()),
        dialect.skip_locked(),
    );
    let at = now();
    let mut query = sqlx::query(AssertSqlSafe(text))
        .bind(worker)
        .bind(until)
        .bind(at)
        .bind(at.saturating_add(BELIEVED));
    for kind in kinds {
        query = query.bind(*kind);
    }
    for host in busy {
        query = query.bind(host);
    }
    let row = query.fetch_optional(connection).await?;
    row.as_ref().map(job).transpose()
}

/// Takes a job that waits; `None` where it does not.
pub async fn take(connection: &mut Connection, id: i64, worker: &str) -> Result<Option<Job>> {
    let text = format!(
        "UPDATE jobs SET state = 1, attempt = attempt + 1, worker = $1, lease_until = $2 \
         WHERE id = $3 AND state = 0 RETURNING {COLUMNS}"
    );
    let row = sqlx::query(AssertSqlSafe(text))
        .bind(worker)
        .bind(now())
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(job).transpose()
}

/// How many jobs workers could take now.
pub async fn ready(connection: &mut Connection) -> Result<i64> {
    let at = now();
    let rows = sqlx::query(
        "SELECT host, COUNT(*) FROM jobs WHERE state < 2 AND attempt < attempts \
         AND (due <= $1 OR due > $2) AND (state = 0 OR lease_until < $1 OR lease_until > $2) \
         GROUP BY host",
    )
    .bind(at)
    .bind(at.saturating_add(BELIEVED))
    .fetch_all(&mut *connection)
    .await?;
    let limits = hosts::limits(connection).await?;
    let running = hosts::running(connection).await?;
    let mut sum = 0_i64;
    for row in &rows {
        let (host, waiting): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        let free = match host.as_str() {
            "" => waiting,
            host => {
                let taken = running.get(host).copied().unwrap_or(0);
                hosts::limit(&limits, host).saturating_sub(taken).max(0)
            }
        };
        sum = sum.saturating_add(waiting.min(free));
    }
    Ok(sum)
}

/// Buries jobs whose last worker gave no sign of life.
pub async fn bury(connection: &mut Connection) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE jobs SET state = 3, finished = $1, \
         error = CASE WHEN error = '' THEN 'its worker gave no sign of life' ELSE error END \
         WHERE state = 1 AND attempt >= attempts AND (lease_until < $1 OR lease_until > $2)",
    )
    .bind(now())
    .bind(now().saturating_add(BELIEVED))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Gives a sign of life; `false` where the job is somebody else's by now.
pub async fn extend(connection: &mut Connection, job: &Job, until: Millis) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE jobs SET lease_until = $1 WHERE id = $2 AND attempt = $3 AND state = 1",
    )
    .bind(until)
    .bind(job.id)
    .bind(job.attempt)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a job; `false` where it is somebody else's by now.
pub async fn finish(
    connection: &mut Connection,
    job: &Job,
    state: State,
    error: &str,
    result: &str,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE jobs SET state = $1, finished = $2, error = $3, result = $4 \
         WHERE id = $5 AND attempt = $6 AND state = 1",
    )
    .bind(state.number())
    .bind(now())
    .bind(error)
    .bind(result)
    .bind(job.id)
    .bind(job.attempt)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Puts a job back until `due`; as if it had not been tried where it was not its fault.
pub async fn put_back(
    connection: &mut Connection,
    job: &Job,
    due: Millis,
    error: &str,
    is_its_fault: bool,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE jobs SET state = 0, attempt = attempt - $1, due = $2, error = $3, worker = '', \
         lease_until = 0 WHERE id = $4 AND attempt = $5 AND state = 1",
    )
    .bind(i64::from(!is_its_fault))
    .bind(due)
    .bind(error)
    .bind(job.id)
    .bind(job.attempt)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a job back as if it had never been taken: its worker is told to end.
pub async fn release(connection: &mut Connection, job: &Job) -> Result<()> {
    sqlx::query(
        "UPDATE jobs SET state = 0, attempt = attempt - 1, worker = '', lease_until = 0 \
         WHERE id = $1 AND attempt = $2 AND state = 1",
    )
    .bind(job.id)
    .bind(job.attempt)
    .execute(connection)
    .await?;
    Ok(())
}

/// Cancels a job that has not ended; `false` where it has, or there is none.
pub async fn cancel(connection: &mut Connection, id: i64) -> Result<bool> {
    let done = sqlx::query("UPDATE jobs SET state = 4, finished = $1 WHERE id = $2 AND state < 2")
        .bind(now())
        .bind(id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// How a job stands.
pub async fn by_id(connection: &mut Connection, id: i64) -> Result<Option<Status>> {
    let text = format!("SELECT {COLUMNS} FROM jobs WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(text)).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(status).transpose()
}

/// Jobs of a kind with a number below `before`, newest first.
pub async fn page(
    connection: &mut Connection,
    kind: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<Status>> {
    let text =
        format!("SELECT {COLUMNS} FROM jobs WHERE kind = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    let rows = sqlx::query(AssertSqlSafe(text))
        .bind(kind)
        .bind(before)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(status).collect()
}

/// How many jobs of each kind have not ended, and since when the oldest of them waits.
pub async fn depth(connection: &mut Connection) -> Result<Vec<(String, i64, Millis)>> {
    let rows =
        sqlx::query("SELECT kind, COUNT(*), MIN(created) FROM jobs WHERE state < 2 GROUP BY kind")
            .fetch_all(connection)
            .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// Forgets jobs that ended before `before`.
pub async fn forget(connection: &mut Connection, before: Millis) -> Result<u64> {
    let done = sqlx::query("DELETE FROM jobs WHERE state >= 2 AND finished < $1")
        .bind(before)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Lets the jobs of workers whose names begin so be taken again: whoever had them is gone.
pub async fn orphaned(connection: &mut Connection, workers: &str) -> Result<u64> {
    let done = sqlx::query(
        "UPDATE jobs SET lease_until = 0 WHERE state = 1 AND SUBSTR(worker, 1, LENGTH($1)) = $1",
    )
    .bind(workers)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
