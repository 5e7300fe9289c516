//! Users and teams, for admins.

use utoipa_axum::routes;

use super::{teams, users};
use crate::api::{Module, Routes};

/// The part.
pub const MODULE: Module = Module { name: "access", routes };

fn routes() -> Routes {
    Routes::new()
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::one, users::change, users::remove))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::change, teams::remove))
}
