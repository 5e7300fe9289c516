//! Jobs by how they stand, and those that failed for good put back.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::{Connection, jobs};
use crate::error::Result;
use crate::queue::{NewJob, State, Status};

/// What a payload is after its secrets were forgotten.
const FORGOTTEN: &str = "{}";

/// Which jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this kind; all where it is empty.
    pub kind: String,
    /// In this state; all where it is `None`.
    pub state: Option<State>,
    /// Those with smaller numbers; all where it is `None`.
    pub before: Option<i64>,
}

/// Jobs, newest first.
pub async fn page(connection: &mut Connection, wanted: &Wanted, limit: i64) -> Result<Vec<Status>> {
    let rows = sqlx::query(
        "SELECT id FROM jobs WHERE ($1 = '' OR kind = $1) AND ($2 < 0 OR state = $2) AND id < $3 \
         ORDER BY id DESC LIMIT $4",
    )
    .bind(&wanted.kind)
    .bind(wanted.state.map_or(-1, State::number))
    .bind(wanted.before.unwrap_or(i64::MAX))
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    let number = |row: &AnyRow| row.try_get::<i64, _>(0);
    let mut found = Vec::with_capacity(rows.len());
    for id in rows.iter().map(number) {
        // One that was forgotten in between is left out.
        found.extend(jobs::by_id(connection, id?).await?);
    }
    Ok(found)
}

/// Whether a job has what it takes to be done again: those with secrets lose them when they fail.
pub fn can_be_put_back(status: &Status) -> bool {
    status.state == State::Dead && status.job.payload != FORGOTTEN
}

/// A job that does the same.
pub fn again(status: &Status) -> NewJob {
    let job = &status.job;
    NewJob { host: job.host.clone(), ..NewJob::new(&job.kind, &job.key, &job.payload) }
}

/// Notes that a job that failed was put back as another; `false` where it has not failed.
pub async fn replaced(connection: &mut Connection, id: i64, by: i64) -> Result<bool> {
    let done = sqlx::query("UPDATE jobs SET state = $1, error = $2 WHERE id = $3 AND state = $4")
        .bind(State::Cancelled.number())
        .bind(format!("put back as {by}"))
        .bind(id)
        .bind(State::Dead.number())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}
