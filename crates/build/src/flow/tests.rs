//! Stages followed on short texts.
use super::{Effect, Event, Flow, Until, Writer};
use crate::bases::known;
use crate::lint::with_context;
use crate::syntax::Dockerfile;
use crate::{Config, Environment, Source};

fn follow<R>(text: &str, look: impl FnOnce(&Flow) -> R) -> R {
    let file = Dockerfile::parse(Source::new(text));
    let (config, environment) = (Config::default(), Environment::default());
    with_context(&file, &config, &environment, |context| look(context.flow()))
}

fn shown(event: &Event) -> Option<String> {
    let sure = if event.certain { "" } else { "perhaps " };
    let what = match &event.effect {
        Effect::Install { manager, package, group } => {
            format!("{manager} + {package} {}", group.as_deref().unwrap_or_default())
        }
        Effect::Uninstall { manager, package, forgiven } => {
            let whole = package.as_deref().unwrap_or("*");
            format!("{manager} - {whole}{}", if *forgiven { " or not" } else { "" })
        }
        Effect::Write { path, by: Writer::Folder } => format!("folder {path}"),
        Effect::Write { path, by } => format!("write {path} {by:?}"),
        Effect::UninstallOthers => "uninstall others".into(),
        Effect::WriteElsewhere => "write elsewhere".into(),
        Effect::Delete { path, program } => format!("{program} {path}"),
        Effect::Reown { path, program, to } => format!("{program} {to} {path}"),
        Effect::Account(new) => format!("{} {} {:?}", new.program, new.name, new.id),
        Effect::OtherAccounts => "accounts".into(),
        Effect::BecomeUser { user } => format!("as {user}"),
        Effect::Call { .. } => return None,
        Effect::Opaque(what) => format!("opaque {what:?}"),
    };
    Some(format!("{} {sure}{}", event.line, what.trim_end()))
}

fn events(text: &str) -> Vec<String> {
    follow(text, |flow| {
        let last = flow.stages.len().saturating_sub(1);
        flow.events(last).filter_map(shown).collect()
    })
}

#[test]
fn packages_come_and_go() {
    let text = "FROM alpine:3.20\nARG V=9\n\
                RUN apk add --no-cache -t .deps gcc=1.2 musl-dev@edge && apk del .deps || true\n\
                RUN if x; then apt-get install -y 'a=1' b:arm64 c/stable; fi\n\
                RUN dnf install -y p$V $NONE && yum clean all\n";
    insta::assert_snapshot!(events(text).join("\n"), @r#"
    3 apk + gcc .deps
    3 apk + musl-dev .deps
    3 apk - .deps or not
    4 perhaps opaque All
    4 perhaps apt + a
    4 perhaps apt + b
    4 perhaps apt + c
    5 write /var/cache/dnf Program("dnf")
    5 dnf + p9
    5 opaque All
    5 yum clean /var/cache/yum
    "#);
}

#[test]
fn files_are_followed_from_folder_to_folder() {
    let text = "FROM debian:12 AS a\nWORKDIR /src\nCOPY . .\nFROM a\nCOPY a.txt b.txt lib/\n\
                RUN cd /tmp && curl -fsSLo x.tgz https://e.org/x.tgz && tar xf x.tgz -C /opt/x \
                && rm -rf x.tgz /opt/*/doc $HOME/y\n\
                RUN --mount=type=cache,target=/cache rm -rf /cache/x && git clone https://e.org/r.git\n\
                RUN wget -q https://e.org/a.jar -P /x; chown -R 1:1 lib\nADD a.tar.gz /\nUSER app\n";
    insta::assert_snapshot!(events(text).join("\n"), @r#"
    2 folder /src
    3 write /src CopyTree
    5 write /src/lib/a.txt CopyFile
    5 write /src/lib/b.txt CopyFile
    6 write /tmp/x.tgz Program("curl")
    6 write /opt/x Program("tar")
    6 rm /tmp/x.tgz
    6 rm /opt/*/doc
    7 write /src/r Program("git clone")
    8 write elsewhere
    8 chown 1:1 /src/lib
    9 accounts
    9 opaque Commands
    9 write / CopyTree
    10 as app
    "#);
}

#[test]
fn a_base_is_that_of_the_stage_at_the_bottom() {
    let text =
        "ARG V=20\nFROM node:${V}-alpine AS a\nFROM a AS b\nFROM ours/app\nFROM node:$NONE\n";
    follow(text, |flow| {
        assert_eq!(flow.base(1).map(|base| base.name.as_str()), Some("node:20-alpine"));
        assert!(flow.base(2).is_none() && flow.base(3).is_none() && flow.base(4).is_none());
        assert_eq!(flow.chain(1), [1, 0]);
    });
}

#[test]
fn a_measured_base_stands_before_the_facts() {
    let file = Dockerfile::parse(Source::new("FROM node:20\n"));
    let mut environment = Environment::default();
    environment.bases.insert("node:20".into(), known("alpine:3.20").unwrap());
    with_context(&file, &Config::default(), &environment, |context| {
        let flow = context.flow();
        assert_eq!(flow.base(0).map(|base| base.name.as_str()), Some("alpine:3.20"));
    });
}

#[test]
fn a_command_is_lacking_only_where_nothing_may_have_brought_it() {
    for (text, lacks) in [
        ("FROM alpine:3.20\n", true),
        ("FROM alpine:3.20\nRUN apk add tzdata && npm ci && mkdir x\n", true),
        ("FROM alpine:3.20\nRUN apk add curl\n", false),
        ("FROM alpine:3.20\nRUN if x; then apk add curl; fi\n", false),
        ("FROM alpine:3.20\nRUN apk add something\n", false),
        ("FROM alpine:3.20\nRUN ./install.sh\n", false),
        ("FROM alpine:3.20\nCOPY tools/ /usr/local/bin/\n", false),
        ("FROM alpine:3.20\nCOPY --from=x /usr/bin/curl /usr/bin/\n", false),
        ("FROM alpine:3.20\nCOPY . /app\n", true),
        ("FROM debian:12\nRUN apt-get install $PACKAGES\n", false),
        ("FROM ours/app\n", false),
    ] {
        assert_eq!(follow(text, |flow| flow.lacks_command(0, Until::End, "curl")), lacks, "{text}");
    }
}

#[test]
fn a_user_is_lacking_only_where_all_are_known() {
    for (text, lacks) in [
        ("FROM alpine:3.20\n", true),
        ("FROM alpine:3.20\nRUN adduser -D app\n", false),
        ("FROM alpine:3.20\nRUN adduser -D $X\n", false),
        ("FROM alpine:3.20\nRUN apk add nginx\n", false),
        ("FROM alpine:3.20\nCOPY passwd /etc/passwd\n", false),
        ("FROM ours/app\n", false),
        ("FROM scratch\nCOPY x /x\n", true),
    ] {
        assert_eq!(follow(text, |flow| flow.lacks_user(0, Until::End, "app")), lacks, "{text}");
    }
}

#[test]
fn a_file_without_bounds_says_nothing() {
    let text = format!("FROM alpine:3.20\n{}", "RUN apk add a b c\n".repeat(3_000));
    follow(&text, |flow| assert!(flow.base(0).is_none() && flow.own_events(0).is_empty()));
}

#[test]
fn a_hostile_file_takes_no_time_to_speak_of() {
    let lines = [
        "RUN curl -o /a https://e.org/a\nRUN rm -rf /a /*\n",
        "RUN apk add a b c d\nRUN apk del a b c d\n",
        "COPY . /a\nRUN chown -R a /a\n",
        "FROM golang AS b\nRUN go build -o /app\nFROM scratch\nCOPY --from=b /app /app\n",
    ];
    let begun = std::time::Instant::now();
    for line in lines {
        for times in [400, 5_000] {
            let file =
                Dockerfile::parse(Source::new(format!("FROM alpine:3.20\n{}", line.repeat(times))));
            let config = Config {
                levels: crate::rules::all()
                    .map(|rule| {
                        let ours = rule.id.starts_with("PL11");
                        (rule.id.to_owned(), if ours { rule.level } else { crate::Level::Ignore })
                    })
                    .collect(),
                ..Config::default()
            };
            crate::lint(&file, &config, &Environment::default());
        }
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
