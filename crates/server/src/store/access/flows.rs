//! Sign-ins that another service is asked about, between the browser's going there and coming back.

use sqlx::Row;

use crate::error::Result;
use crate::moment::Millis;
use crate::store::Connection;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// What the service gives back.
    pub state: String,
    /// Hash of what the browser has to bring.
    pub browser: String,
    /// What has to stand in the token.
    pub nonce: String,
    /// The secret of PKCE.
    pub verifier: String,
    /// Where the browser goes then.
    pub next: String,
    /// Until when it counts.
    pub expires: Millis,
}

/// Stores one.
pub async fn add(connection: &mut Connection, flow: &Flow) -> Result<()> {
    sqlx::query(
        "INSERT INTO oidc_flows (state, browser, nonce, verifier, next, expires) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&flow.state)
    .bind(&flow.browser)
    .bind(&flow.nonce)
    .bind(&flow.verifier)
    .bind(&flow.next)
    .bind(flow.expires)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes one out: it counts once.
pub async fn take(connection: &mut Connection, state: &str, at: Millis) -> Result<Option<Flow>> {
    let row = sqlx::query(
        "DELETE FROM oidc_flows WHERE state = $1 \
         RETURNING state, browser, nonce, verifier, next, expires",
    )
    .bind(state)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let flow = Flow {
        state: row.try_get(0)?,
        browser: row.try_get(1)?,
        nonce: row.try_get(2)?,
        verifier: row.try_get(3)?,
        next: row.try_get(4)?,
        expires: row.try_get(5)?,
    };
    Ok(Some(flow).filter(|flow| flow.expires > at))
}

/// Forgets those that nobody came back from, and gives how many are left.
pub async fn forget(connection: &mut Connection, at: Millis) -> Result<i64> {
    sqlx::query("DELETE FROM oidc_flows WHERE expires <= $1")
        .bind(at)
        .execute(&mut *connection)
        .await?;
    let row = sqlx::query("SELECT COUNT(*) FROM oidc_flows").fetch_one(connection).await?;
    Ok(row.try_get(0)?)
}
