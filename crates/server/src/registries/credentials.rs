//! By whom watched registries are asked.

use plimsoll_image::RegistryOptions;
use plimsoll_model::ImageName;

use super::patterns::Patterns;
use crate::app::App;
use crate::auth::seal::Seal;
use crate::error::{Error, Result};
use crate::notify::HIDDEN;
use crate::store::registries::{self as stored, Registry};

/// What the password of a registry is sealed for: it is sent to no other host.
pub(crate) fn purpose(host: &str) -> String {
    format!("registry {host}")
}

/// The password as it is stored. One that was shown hidden, and came back so, is as it was.
///
/// # Errors
/// Where it would go to another host than before.
pub fn sealed(seal: &Seal, host: &str, password: &str, known: Option<&Registry>) -> Result<String> {
    if password.is_empty() {
        return Ok(String::new());
    }
    if password != HIDDEN {
        return seal.seal(&purpose(host), password);
    }
    let before = known.filter(|it| it.host == host && !it.password.is_empty());
    before.map(|it| it.password.clone()).ok_or_else(|| {
        Error::Refused(
            "enter `password` again: it is kept for another host only, or not at all".into(),
        )
    })
}

/// Options with the credentials of a registry, where it has any.
pub(super) fn with(
    app: &App,
    registry: &Registry,
    options: RegistryOptions,
) -> Result<RegistryOptions> {
    if registry.username.is_empty() {
        return Ok(options);
    }
    let password = if registry.password.is_empty() {
        String::new()
    } else {
        app.auth.seal.unseal(&purpose(&registry.host), &registry.password)?
    };
    Ok(RegistryOptions {
        username: Some(registry.username.clone()),
        password: Some(password),
        // Those of the server are for what nobody gave credentials for.
        auth_files: Vec::new(),
        ..options
    })
}

/// Options for an image, with the credentials of the first watched registry that it is in and that has
/// any.
pub async fn for_image(
    app: &App,
    name: &ImageName,
    options: RegistryOptions,
) -> Result<RegistryOptions> {
    let all = stored::all(&mut *app.store.read().await?).await?;
    let fits = |it: &&Registry| {
        !it.username.is_empty()
            && it.host == name.registry()
            && Patterns::parse("repositories", &it.repositories)
                .is_ok_and(|patterns| patterns.fit(name.repository()))
    };
    match all.iter().find(fits) {
        Some(registry) => with(app, registry, options),
        None => Ok(options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_comes_back_hidden_stays_and_goes_to_no_other_host() {
        let folder = tempfile::tempdir().unwrap();
        let seal = Seal::open(&folder.path().join("secret.key")).unwrap();
        let password = sealed(&seal, "r.example", "hunter2", None).unwrap();
        assert!(!password.contains("hunter2"));
        let known = Registry { host: "r.example".into(), password, ..Registry::default() };
        assert_eq!(sealed(&seal, "r.example", HIDDEN, Some(&known)).unwrap(), known.password);
        assert!(sealed(&seal, "q.example", HIDDEN, Some(&known)).is_err());
        assert!(sealed(&seal, "r.example", HIDDEN, None).is_err());
        assert_eq!(sealed(&seal, "r.example", "", Some(&known)).unwrap(), "");
    }
}
