//! Java, by Maven or Gradle: one archive on an image with the runtime and no compiler.

use crate::shell::Invocation;
use crate::syntax::Keyword;

use super::compiled::{self, run_program, stage_name};
use super::paths::absolute;
use super::plan::{Place, Plan};
use super::recipe::Recipe;
use super::{Declined, Language};

pub(super) const LANGUAGE: Language = Language { name: "Java", is, plan };

const MAVEN: &[&str] = &["mvn", "mvnw", "mvnd"];
const GRADLE: &[&str] = &["gradle", "gradlew"];
/// What starts the program by the build tool.
const STARTS: &[&str] = &["spring-boot:run", "quarkus:dev", "exec:java", "bootRun", "run"];

fn is(recipe: &Recipe<'_>) -> bool {
    matches!(recipe.name.repository.as_str(), "maven" | "gradle")
        || recipe.find(is_tool).is_some()
        || recipe.find(|program| program.program() == "javac").is_some()
}

fn is_tool(program: &Invocation<'_>) -> bool {
    MAVEN.contains(&program.program()) || GRADLE.contains(&program.program())
}

/// Whether it makes an archive, and does not only load dependencies.
fn packs(program: &Invocation<'_>) -> bool {
    let goals =
        ["package", "install", "verify", "build", "assemble", "bootJar", "shadowJar", "jar"];
    is_tool(program)
        && program.args().iter().any(|arg| {
            let goal = arg.text.rsplit(':').next().unwrap_or_default();
            goals.contains(&goal)
        })
}

fn plan(recipe: &Recipe<'_>) -> Result<Plan, Declined> {
    let Some(words) = command(recipe) else {
        return compiled::command(recipe).and(Err(no_archive()));
    };
    let texts: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
    let mut plan = Plan::new(recipe, false);
    plan.packages.retain(|name| name != "ca-certificates" && !name.contains("jdk"));
    let build = recipe.programs().filter(|(_, program)| packs(program)).last();
    let folder = recipe.last_folder().to_owned();
    let at = texts.iter().position(|word| *word == "-jar");
    let (archive, replaced, options) = match (at, build.as_ref()) {
        (Some(at), Some(_)) => {
            let Some(name) = texts.get(at.saturating_add(1)) else { return Err(no_archive()) };
            let options = texts.get(1..at).unwrap_or_default();
            (absolute(&folder, name), at.saturating_add(2), options.to_vec())
        }
        (None, _) if texts.iter().skip(1).any(|word| STARTS.contains(word)) => {
            let tool = texts.first().copied().unwrap_or_default();
            let gradle = GRADLE.iter().any(|one| tool.ends_with(one));
            let (goal, archive) = if gradle {
                ("build -x test", "build/libs/*.jar")
            } else {
                ("package -DskipTests", "target/*.jar")
            };
            if build.is_none() {
                plan.build_end.push(format!("RUN {tool} {goal}"));
            }
            plan.changed(format!(
                "`{}` compiled at every start; the first stage now makes an archive once",
                texts.join(" ")
            ));
            (absolute(&folder, archive), texts.len(), Vec::new())
        }
        _ => return Err(no_archive()),
    };
    let step = build.map_or(recipe.steps.len(), |(step, _)| step);
    let stage = stage_name(recipe, &plan);
    let app = absolute(&folder, "app.jar");
    plan.copies.push(format!("COPY --from={stage} {archive} {app}"));
    if archive.contains('*') {
        plan.check(format!(
            "`{archive}` is one file: with a second archive, such as one of sources, the copy \
             fails and the name has to be written out"
        ));
    }
    plan.copies_at = step;
    let mut program = vec!["java".to_owned()];
    program.extend(options.iter().map(|one| (*one).to_owned()));
    program.extend(["-jar".to_owned(), app]);
    run_program(&mut plan, recipe, &words, replaced, &program);
    keep_agents(&mut plan, recipe);
    plan.bases = bases(recipe)?;
    plan.stage(format!(
        "`{stage}` compiles and packs `{archive}`; of it only that archive goes on"
    ));
    plan.stage("the last stage holds the Java runtime and the archive");
    plan.left_out("the compiler, the build tool, its repository of dependencies and the source");
    plan.check(
        "the archive holds its dependencies (Spring Boot's and shaded ones do): a plain \
                one has to be copied with its lib folder",
    );
    Ok(plan)
}

fn no_archive() -> Declined {
    Declined::CannotPart(
        "the file does not say which archive is built and run: a `java -jar` in CMD or ENTRYPOINT \
         and a RUN that packs it are needed"
            .to_owned(),
    )
}

/// The words that are run; those of a shell with a pattern for the archive too.
fn command(recipe: &Recipe<'_>) -> Option<Vec<(usize, String)>> {
    if let Some(words) = recipe.command() {
        return Some(words);
    }
    // `java -jar target/*.jar` is plain but for the pattern, which COPY understands as well.
    let (index, step) = [Keyword::Entrypoint, Keyword::Cmd]
        .into_iter()
        .find_map(|keyword| recipe.of(keyword).last())?;
    let [program] = step.programs.as_slice() else { return None };
    let inner = program.through_wrappers();
    let plain = |text: &str| !text.contains(['$', '`', ';', '&', '|', '<', '>']);
    if inner.program() != "java" || !inner.args().iter().all(|arg| plain(&arg.text)) {
        return None;
    }
    let words = std::iter::once(inner.name().to_owned())
        .chain(inner.args().iter().map(|arg| arg.text.clone().into_owned()));
    Some(words.map(|word| (index, word)).collect())
}

/// Archives that the file copies from elsewhere, such as agents, are not built.
fn keep_agents(plan: &mut Plan, recipe: &Recipe<'_>) {
    for (index, step) in recipe.of(Keyword::Copy) {
        let words = step.instruction.arguments.words();
        let agent = words.first().is_some_and(|word| word.text.ends_with(".jar"));
        if agent && words.len() == 2 {
            plan.put(index, Place::Final);
        }
    }
}

/// The runtime of the version that compiles.
fn bases(recipe: &Recipe<'_>) -> Result<Vec<String>, Declined> {
    let digits = |word: &str| -> Option<u32> {
        let number: String = word
            .chars()
            .skip_while(|one| !one.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        number.parse().ok()
    };
    let words = recipe.tag_words();
    let version = match recipe.name.repository.as_str() {
        // `3.9-eclipse-temurin-21`, `8-jdk17`: the first number is that of the tool.
        "maven" | "gradle" => {
            words.iter().skip(1).filter_map(|word| digits(word)).find(|v| *v >= 8)
        }
        _ => words.first().and_then(|word| digits(word)),
    };
    let Some(version) = version.filter(|version| (8..100).contains(version)) else {
        return Err(Declined::CannotPart(format!(
            "`{}` does not say which version of Java it has: name it in the tag, such as \
             `maven:3.9-eclipse-temurin-21`",
            recipe.image
        )));
    };
    let end = if recipe.is_alpine() { "-alpine" } else { "" };
    Ok(vec![format!("eclipse-temurin:{version}-jre{end}")])
}
