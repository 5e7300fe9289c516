//! Who somebody is here whom a provider vouches for: a user of their own, whose role and teams follow
//! their groups at each sign-in.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::{Refusal, Settings};
use crate::api::Problem;
use crate::app::App;
use crate::auth::Role;
use crate::error::Error;
use crate::store::access::{sessions, teams, users};
use crate::store::audit;

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// Issuer and subject: the only thing that stays.
    subject: String,
    /// What they are called here.
    pub(super) name: String,
    role: Role,
    /// Names of teams; `None` sees everything.
    teams: Option<Vec<String>>,
}

impl Person {
    /// From the claims of a token that counts.
    pub(super) fn of(settings: &Settings, claims: &Map<String, Value>) -> Result<Self, String> {
        let text =
            |name: &str| claims.get(name).and_then(Value::as_str).filter(|it| !it.is_empty());
        let subject = text("sub").ok_or("the ID token names nobody")?;
        // An address that nobody has verified may be anybody's.
        let is_verified = claims.get("email_verified").and_then(Value::as_bool) == Some(true);
        let usable = |name: &&str| *name != "email" || is_verified;
        let name = Some(settings.name_claim.as_str()).filter(usable).and_then(text);
        let groups: Vec<&str> = match claims.get(&settings.groups_claim) {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one],
            _ => Vec::new(),
        };
        let fitting: Vec<_> = settings
            .groups
            .iter()
            .filter(|group| group.name == "*" || groups.contains(&group.name.as_str()))
            .collect();
        let role = fitting.iter().map(|group| group.role).max();
        let role = role.ok_or("you are in none of the groups that may sign in here")?;
        let sees_all = fitting.iter().any(|group| group.team.is_none());
        let teams = fitting.iter().filter_map(|group| group.team.clone()).collect();
        Ok(Self {
            subject: format!("{} {subject}", settings.issuer),
            name: plain(name.unwrap_or(subject)),
            role,
            teams: (!sees_all).then_some(teams),
        })
    }
}

/// A name as users have it.
fn plain(text: &str) -> String {
    let keep = |it: char| if it.is_ascii_alphanumeric() || "._@-".contains(it) { it } else { '-' };
    let name: String = text.chars().take(60).map(keep).collect();
    let name = name.trim_start_matches(|it: char| !it.is_ascii_alphanumeric());
    if name.is_empty() { "somebody".into() } else { name.to_owned() }
}

/// The number of their user, who is made where there is none.
pub(super) async fn known(app: &App, person: &Person) -> Result<i64, Refusal> {
    let refused = |why: &str| Refusal::Problem(Problem::new(StatusCode::FORBIDDEN, why));
    let mut write = app.store.write().await?;
    let mut ids = Vec::new();
    for name in person.teams.iter().flatten() {
        match teams::by_name(&mut write, name).await? {
            Some(team) => ids.push(team.id),
            None => app.tell(&format!("oidc: there is no team `{}`", crate::auth::shown(name))),
        }
    }
    ids.sort_unstable();
    ids.dedup();
    if person.teams.is_some() && ids.is_empty() {
        // Who is in no team would see everything.
        return Err(refused("none of your teams is known here"));
    }
    let id = match users::by_subject(&mut write, &person.subject).await? {
        Some(user) if user.disabled => return Err(refused("you may not sign in here")),
        Some(mut user) => {
            if user.role > person.role {
                // What was begun with more ends.
                sessions::end_all(&mut write, user.id).await?;
            }
            if user.role != person.role {
                let told = format!("role {} to {}", user.role, person.role);
                audit::note(&mut write, "oidc", "change user", &user.name, &told).await?;
                user.role = person.role;
                users::put(&mut write, &user).await?;
            }
            user.id
        }
        None => {
            let name = &person.name;
            let made = users::add(&mut write, name, "", person.role, &person.subject).await?;
            // Somebody else's name is not taken over.
            let id = made.ok_or_else(|| {
                refused("there is another user of your name here: ask an admin to rename one")
            })?;
            let told = format!("role {}, {}", person.role, person.subject);
            audit::note(&mut write, "oidc", "add user", name, &told).await?;
            id
        }
    };
    teams::join(&mut write, id, &ids).await?;
    write.commit().await.map_err(Error::from)?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(groups: &[&str]) -> Settings {
        Settings {
            issuer: "https://id.example".into(),
            client_id: "plimsoll".into(),
            client_secret: None,
            public_address: "https://plimsoll.example".into(),
            scopes: Vec::new(),
            groups_claim: "groups".into(),
            name_claim: "email".into(),
            groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
        }
    }

    fn person(groups: &[&str], claims: &Value) -> Result<Person, String> {
        Person::of(&settings(groups), claims.as_object().unwrap())
    }

    #[test]
    fn groups_decide_role_and_teams() {
        let claims = json!({"sub": "7", "email": "a@b.example", "email_verified": true,
            "groups": ["shop", "ops"]});
        let found =
            person(&["shop=viewer:shop", "ops=scanner:ops", "boss=admin"], &claims).unwrap();
        assert_eq!((found.role, found.name.as_str()), (Role::Scanner, "a@b.example"));
        assert_eq!(found.teams, Some(vec!["shop".to_owned(), "ops".to_owned()]));
        let found = person(&["shop=viewer:shop", "ops=triager"], &claims).unwrap();
        assert_eq!((found.role, found.teams), (Role::Triager, None));
        assert!(person(&["boss=admin"], &claims).is_err());
    }

    #[test]
    fn an_address_that_nobody_verified_is_no_name() {
        for claims in [
            json!({"sub": "7", "email": "boss@b.example", "groups": "shop"}),
            json!({"sub": "7", "email": "boss@b.example", "email_verified": "true", "groups": "shop"}),
        ] {
            assert_eq!(person(&["shop=viewer"], &claims).unwrap().name, "7");
        }
        assert_eq!(plain("<b>Bob\n</b>"), "b-Bob---b-");
    }
}
