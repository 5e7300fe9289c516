//! What images are built on: whether it still gets fixes, how old it is, and whether less would do.

use std::path::Path;

use plimsoll_build::advice::{Candidate, Scope, advise, offers};
use plimsoll_build::bases::{Base, known, lifecycles};
use plimsoll_build::syntax::{Dockerfile, Expander};
use plimsoll_build::{Scopes, Source, Stage, stages};
use plimsoll_model::gate::{Effect, Place, Practice, Rule, Violation};
use plimsoll_model::{Distro, Timestamp};
use plimsoll_policy::gate::{Answers, Key, Kind as Value, Page, Preset};

use super::super::target::Kind;
use super::{Ask, Judge};
use crate::base_image::image_name;
use crate::commands::lint::files;
use crate::commands::verify::{BaseAge, base_age};
use crate::exit::chain;

pub(super) const JUDGE: Judge =
    Judge { page: &PAGE, kinds: &[Kind::Image, Kind::Folder, Kind::Dockerfile], ask: judge };

const SUPPORTED: &str = "base.supported";
const AGE: &str = "base.age";
const MINIMAL: &str = "base.minimal";

static PAGE: Page = Page {
    name: "base",
    title: "What images are built on",
    rules: &[
        Rule {
            id: SUPPORTED,
            title: "Build on a release that still gets fixes",
            why: "Of a release that has ended nobody mends, and soon nobody reports, weaknesses.",
            fix: "Go to a release that is supported: `plimsoll base IMAGE` names it.",
            practice: Practice::Updates,
            effect: Effect::Deny,
            exit_code: Rule::DENIED,
        },
        Rule {
            id: AGE,
            title: "Build on a base that is no older than `max-age`",
            why: "Bases are built anew for the fixes in them; an old one lacks those since.",
            fix: "`plimsoll update` proposes the newest; builds annotate what they are built on: \
                  org.opencontainers.image.base.name and .digest.",
            practice: Practice::Updates,
            effect: Effect::Warn,
            exit_code: Rule::DENIED,
        },
        Rule {
            id: MINIMAL,
            title: "Build the last stage on a minimal base",
            why: "Alpine has about 5 MB, distroless 10 to 20, full distributions 70 to 120 and the \
                  weaknesses that come with them.",
            fix: "`plimsoll base --dockerfile Dockerfile` compares the candidates and their traps.",
            practice: Practice::MinimalBases,
            effect: Effect::Warn,
            exit_code: Rule::DENIED,
        },
    ],
    keys: &[Key {
        name: "max-age",
        kind: Value::Length,
        preset: Some(Preset::days(90)),
        about: "How old the base of an image may be",
    }],
};

fn judge(ask: &Ask<'_>, answers: &mut Answers) -> Result<(), String> {
    match ask.target.kind {
        Kind::Image => image(ask, answers),
        _ => dockerfiles(ask, answers),
    }
}

fn image(ask: &Ask<'_>, answers: &mut Answers) -> Result<(), String> {
    let name = ask.name();
    answers.not_asked(MINIMAL, name, "it is asked of Dockerfiles");
    age(ask, answers);
    let scan = ask.target.scan()?;
    let Some(distro) = &scan.inventory.distro else {
        answers.not_asked(SUPPORTED, name, "it has no distribution");
        return Ok(());
    };
    let called = if distro.name.is_empty() { &distro.id } else { &distro.name };
    match distro.end_of_life.or_else(|| end(distro)) {
        None => answers.unknown(
            SUPPORTED,
            name,
            format!("when {called} ends is not known: `plimsoll db update` knows more"),
        ),
        Some(end) => {
            let over = ended(end, ask.means.now)
                .then(|| Violation::new(format!("{called} has had no fixes since {}", end.date())));
            let seen = format!("{called} until {}", end.date());
            answers.judged(SUPPORTED, name, over.into_iter().collect(), seen);
        }
    }
    Ok(())
}

/// When a distribution ends by what is shipped.
fn end(distro: &Distro) -> Option<Timestamp> {
    let product = lifecycles().products.get(&distro.id)?;
    let (_, release) = product.release(&distro.version)?;
    release.extended.or(release.end)
}

/// The day itself is still one of support.
fn ended(end: Timestamp, now: Timestamp) -> bool {
    end.days_until(now) > 0
}

fn age(ask: &Ask<'_>, answers: &mut Answers) {
    let name = ask.name();
    let attached = match ask.target.attached() {
        None => return answers.not_asked(AGE, name, "its registry would say what it is built on"),
        Some(Err(why)) => return answers.unknown(AGE, name, why),
        Some(Ok(attached)) => attached,
    };
    let found = base_age(&attached.image, &ask.means.registries, &ask.means.options);
    match found.map_err(|error| chain(&error)) {
        Err(why) => answers.unknown(AGE, name, format!("its base cannot be read: {why}")),
        Ok(BaseAge::Unsaid) => answers.unknown(AGE, name, "it does not say what it is built on"),
        Ok(BaseAge::Odd(why)) => answers.unknown(AGE, name, format!("it {why}")),
        Ok(BaseAge::Of(base, created)) => {
            let limit = ask.settings().seconds("max-age").unwrap_or(u64::MAX);
            let age = ask.means.now.as_unix().saturating_sub(created.as_unix());
            let over = (age > i64::try_from(limit).unwrap_or(i64::MAX)).then(|| {
                let old = age / 86_400;
                let of = created.date();
                let days = limit / 86_400;
                Violation::new(format!(
                    "it is built on `{base}` of {of}, {old} days old; at most {days} are allowed"
                ))
            });
            let seen = format!("`{base}` of {}", created.date());
            answers.judged(AGE, name, over.into_iter().collect(), seen);
        }
    }
}

fn dockerfiles(ask: &Ask<'_>, answers: &mut Answers) -> Result<(), String> {
    answers.not_asked(AGE, ask.name(), "it is asked of images");
    let files = ask.dockerfiles();
    if files.is_empty() {
        answers.not_asked(SUPPORTED, ask.name(), "there is no Dockerfile");
        answers.not_asked(MINIMAL, ask.name(), "there is no Dockerfile");
        return Ok(());
    }
    let mut judged = 0_usize;
    for path in &files {
        judged = judged.saturating_add(dockerfile(path, ask, answers)?);
    }
    if judged == 0 {
        let why = "nothing is known of the bases by the facts that are shipped";
        answers.settle_not_asked(SUPPORTED, ask.name(), why);
        answers.settle_not_asked(MINIMAL, ask.name(), why);
    } else {
        let seen = if judged == 1 { "1 base".to_owned() } else { format!("{judged} bases") };
        answers.settle(SUPPORTED, ask.name(), &seen);
        answers.settle(MINIMAL, ask.name(), &seen);
    }
    Ok(())
}

/// Judges the bases of a file; how many of them are known.
fn dockerfile(path: &Path, ask: &Ask<'_>, answers: &mut Answers) -> Result<usize, String> {
    let shown = path.display().to_string();
    let bytes = files::read(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    let file = Dockerfile::parse(Source::from_bytes(bytes));
    let stages = stages(&file);
    let scopes = Scopes::new(&file, &stages);
    let place = |stage: &Stage| {
        let at = file.source.position(stage.image.span.start);
        let name = shown.strip_prefix("./").unwrap_or(&shown);
        Place { file: name.to_owned(), line: at.line, column: at.column }
    };
    let shipped = stages.last().and_then(|stage| stages.get(stage.root)).map(|stage| stage.index);
    let mut judged = 0_usize;
    for stage in stages.iter().filter(|stage| stage.parent.is_none() && !stage.is_scratch()) {
        let scope = scopes.at(None, stage.from);
        let expanded = Expander::new(file.escape).expand(&stage.image.text, &scope);
        let image = expanded.map_or_else(|_| stage.image.text.clone(), |done| done.text);
        let Some(base) = known(&image_name(&image)) else { continue };
        judged = judged.saturating_add(1);
        let now = ask.means.now;
        if base.has_ended(now) == Some(true) {
            let last = base.lifetimes.iter().min_by_key(|one| one.last_day());
            let what = last.map_or_else(String::new, |one| {
                format!(": {} ended on {}", one.of, one.last_day().date())
            });
            let message = format!("`{image}` gets no fixes any more{what}");
            let violation = Violation::new(message).at(place(stage));
            answers.add(SUPPORTED, ask.name(), vec![violation]);
        }
        if shipped == Some(stage.index)
            && let Some((other, why)) = slimmer(&image, &base, now)
        {
            let violation = Violation::new(format!("`{image}` is more than is needed: {why}"))
                .at(place(stage))
                .mended_by(format!("build the last stage on `{other}`"));
            answers.add(MINIMAL, ask.name(), vec![violation]);
        }
    }
    Ok(judged)
}

/// A base that would do instead, by the facts that are shipped, and what it saves.
fn slimmer(image: &str, base: &Base, now: Timestamp) -> Option<(String, String)> {
    let current = Candidate::new(Base { name: image.to_owned(), ..base.clone() });
    let candidates: Vec<Candidate> = offers(&image_name(image), now)
        .into_iter()
        .filter_map(|offer| {
            let facts = known(&image_name(&offer.reference))?;
            let base = Base { name: offer.reference, ..facts };
            Some(Candidate { scope: offer.scope, ..Candidate::new(base) })
        })
        .collect();
    let best = advise(&current, &candidates, now).recommended?;
    let other = candidates.get(best.to)?;
    if best.removed <= 0 {
        return None;
    }
    let scope = if other.scope == Scope::FinalStage { " as the last stage" } else { "" };
    let by = best.basis.name();
    let why = format!("`{}`{scope} has {} % less, by {by}", other.base.name, best.removed);
    Some((other.base.name.clone(), why))
}
