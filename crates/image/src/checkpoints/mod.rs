//! What a ready image should be, by its configuration, its history and its files: the checkpoints
//! that dockle asks, most of which the CIS Docker Benchmark has.
//!
//! A checkpoint is one file, which says what it looks at and why. To add one: write its file, name
//! its module here, and add it to [`ALL`].
//!
//! Source: <https://www.cisecurity.org/benchmark/docker>, section 4, and
//! <https://github.com/goodwithtech/dockle/blob/master/CHECKPOINT.md> for the numbers.

mod apk_cache;
mod apt_cache;
mod apt_update;
mod content_trust;
mod credentials;
mod dist_upgrade;
mod facts;
mod healthcheck;
mod latest;
mod passwords;
mod sensitive_volume;
mod setuid;
mod sudo;
mod unique_ids;
mod unneeded;
mod use_copy;
mod user;
mod words;

pub use facts::{Facts, Settings};

/// The registry.
pub const ALL: &[Checkpoint] = &[
    user::CHECKPOINT,
    content_trust::CHECKPOINT,
    healthcheck::CHECKPOINT,
    apt_update::CHECKPOINT,
    setuid::CHECKPOINT,
    use_copy::CHECKPOINT,
    credentials::CHECKPOINT,
    sudo::CHECKPOINT,
    sensitive_volume::CHECKPOINT,
    dist_upgrade::CHECKPOINT,
    apk_cache::CHECKPOINT,
    apt_cache::CHECKPOINT,
    latest::CHECKPOINT,
    passwords::CHECKPOINT,
    unique_ids::CHECKPOINT,
    unneeded::CHECKPOINT,
];

/// Something that is asked of an image.
#[derive(Clone, Copy)]
pub struct Checkpoint {
    /// `CIS-DI-0001`.
    pub code: &'static str,
    /// What is asked for, in one line.
    pub title: &'static str,
    /// How much it weighs where it is not so.
    pub level: Level,
    /// Looks.
    pub check: fn(&Facts, &Settings) -> Answer,
}

/// How much something weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Seldom right.
    Warn,
    /// Never right.
    Fatal,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What is not as it should be; nothing is well.
    Found(Vec<Alert>),
    /// What is looked at is not in the image.
    Skipped(String),
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// A path in the image, or `metadata` for its configuration and history.
    pub place: String,
    /// What is so.
    pub text: String,
}

/// The place that stands for configuration and history.
const METADATA: &str = "metadata";

impl Alert {
    fn new(place: &str, text: impl Into<String>) -> Self {
        Self { place: place.to_owned(), text: text.into() }
    }

    fn of_image(text: impl Into<String>) -> Self {
        Self::new(METADATA, text)
    }
}

/// An alert for each step of the history that is wrong.
fn of_steps(facts: &Facts, text: &str, is_wrong: impl Fn(&[Vec<&str>]) -> bool) -> Answer {
    let steps = facts.history.iter().filter(|step| is_wrong(&words::commands(step)));
    Answer::Found(steps.map(|step| Alert::of_image(format!("{text}: {step}"))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(history: &[&str]) -> Facts {
        Facts {
            history: history.iter().map(|step| (*step).to_owned()).collect(),
            ..Facts::default()
        }
    }

    fn alerts(code: &str, facts: &Facts, settings: &Settings) -> usize {
        let one = ALL.iter().find(|it| it.code == code).unwrap();
        match (one.check)(facts, settings) {
            Answer::Found(all) => all.len(),
            Answer::Skipped(_) => 99,
        }
    }

    #[test]
    fn codes_stand_once() {
        let mut codes: Vec<&str> = ALL.iter().map(|it| it.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ALL.len());
    }

    #[test]
    fn steps_of_the_history_are_judged_by_their_commands() {
        let shell = "/bin/sh -c ";
        for (code, step, count) in [
            ("DKL-DI-0004", "apk add git", 1),
            ("DKL-DI-0004", "apk add --no-cache git", 0),
            ("DKL-DI-0004", "apk update && apk add git", 1),
            ("CIS-DI-0007", "apt-get update && apt-get purge x", 1),
            ("CIS-DI-0007", "apt-get update && apt-get install -y git", 0),
            ("CIS-DI-0007", "apt-get install -y git && apt-get update", 1),
            ("CIS-DI-0007", "apt-get install -y git", 0),
            ("DKL-DI-0005", "apt-get install -y git", 1),
            ("DKL-DI-0005", "apt-get install -y git && rm -rf /var/lib/apt/lists/*", 0),
            ("DKL-DI-0005", "apt-get install -y git && apt-get dist-clean", 0),
            ("DKL-DI-0005", "apt-get purge git", 0),
            ("DKL-DI-0003", "apt-get dist-upgrade -y", 1),
            ("DKL-DI-0003", "apt-get upgrade -y", 0),
            ("DKL-DI-0003", "echo dist-upgrade", 0),
            ("DKL-DI-0001", "sudo ls", 1),
            ("DKL-DI-0001", "echo pseudo", 0),
            ("CIS-DI-0010", "#(nop)  ENV PASS=ADMIN", 1),
            ("CIS-DI-0010", "#(nop)  ENV PasS=ADMIN", 1),
            ("CIS-DI-0010", "#(nop)  ENV PASS=", 0),
            ("CIS-DI-0010", "#(nop)  ENV abc=hello password=data", 1),
            ("CIS-DI-0010", "SECRET_API_KEY=63AF echo x", 1),
            ("CIS-DI-0010", r#"HELLO="PASS=\"not\"" echo x"#, 0),
            ("CIS-DI-0010", "echo 'secret = foo;' > test.conf", 0),
            ("CIS-DI-0010", "#(nop)  ENV GPG_KEY=abc", 0),
        ] {
            let step = format!("{shell}{step}");
            assert_eq!(
                alerts(code, &facts(&[&step]), &Settings::default()),
                count,
                "{code} {step}"
            );
        }
    }

    #[test]
    fn the_first_add_is_that_of_the_base_image() {
        let add = "/bin/sh -c #(nop) ADD file:00 in / ";
        let of = |history: &[&str]| alerts("CIS-DI-0009", &facts(history), &Settings::default());
        assert_eq!(of(&[add]), 0);
        assert_eq!(of(&[add, "COPY a b", "ADD a /b # buildkit"]), 1);
    }

    #[test]
    fn secrets_are_not_told_with_the_step_that_sets_them() {
        let one = ALL.iter().find(|it| it.code == "CIS-DI-0010").unwrap();
        let step = "ENV DB_PASSWORD=hunter2";
        let Answer::Found(all) = (one.check)(&facts(&[step]), &Settings::default()) else {
            panic!()
        };
        assert!(all[0].text.contains("DB_PASSWORD") && !all[0].text.contains("hunter2"));
        let mut settings = Settings::default();
        settings.accepted_keys.push("DB_PASSWORD".to_owned());
        assert_eq!(alerts("CIS-DI-0010", &facts(&[step]), &settings), 0);
        settings.sensitive_words.push("colour".to_owned());
        assert_eq!(alerts("CIS-DI-0010", &facts(&["ENV MY_COLOUR=red"]), &settings), 1);
    }

    #[test]
    fn accounts_without_passwords_and_with_shared_numbers_are_told() {
        let mut it = facts(&[]);
        assert_eq!(alerts("DKL-LI-0001", &it, &Settings::default()), 99);
        it.texts.insert("etc/shadow".into(), b"root:*:1::\neve::1::\n# a:\nodd\n".to_vec());
        it.texts.insert("etc/passwd".into(), b"root:x:0:0\ntoor:x:0:0\nodd\n".to_vec());
        it.texts.insert("etc/group".into(), b"root:x:0:\nwheel:x:10:\n".to_vec());
        assert_eq!(alerts("DKL-LI-0001", &it, &Settings::default()), 1);
        assert_eq!(alerts("DKL-LI-0002", &it, &Settings::default()), 1);
    }

    proptest::proptest! {
        #[test]
        fn no_history_panics(step in "\\PC*", text: Vec<u8>) {
            let mut it = facts(&[&step, "ADD x in /", &step]);
            it.name = Some(step.clone());
            for file in ["etc/passwd", "etc/shadow", "etc/group"] {
                it.texts.insert(file.into(), text.clone());
            }
            for one in ALL {
                let _ = (one.check)(&it, &Settings::default());
            }
        }
    }
}
