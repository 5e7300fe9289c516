//! The builder's own checks, against what the builder of BuildKit 0.34.2 says of the same texts.
#![allow(clippy::print_stdout, reason = "a test says what it compared")]

use std::collections::BTreeSet;

use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Config, Environment, Level, Source, lint};

/// All checks of `ruleset.go` but `InvalidBaseImagePlatform`, which asks for the image, and
/// `CopyIgnoredFile`, which asks for the build context.
const CHECKS: [&str; 20] = [
    "ConsistentInstructionCasing",
    "DuplicateStageName",
    "ExposeInvalidFormat",
    "ExposeProtoCasing",
    "FromAsCasing",
    "FromPlatformFlagConstDisallowed",
    "InvalidDefaultArgInFrom",
    "InvalidDefinitionDescription",
    "JSONArgsRecommended",
    "LegacyKeyValueFormat",
    "MaintainerDeprecated",
    "MultipleInstructionsDisallowed",
    "NoEmptyContinuation",
    "RedundantTargetPlatform",
    "ReservedStageName",
    "SecretsUsedInArgOrEnv",
    "StageNameCasing",
    "UndefinedArgInFrom",
    "UndefinedVar",
    "WorkdirRelativePath",
];

type Lines = &'static [(u32, &'static str)];

/// Texts with the lines and checks that the builder reports.
const AGREED: &[(&str, Lines)] = &[
    ("FROM scratch AS BadName\nFROM scratch AS goodname\n", &[(1, "StageNameCasing")]),
    (
        "FROM scratch as a\nfrom scratch AS b\nFrom scratch as c\nFROM scratch AS d\n",
        &[
            (1, "FromAsCasing"),
            (2, "ConsistentInstructionCasing"),
            (2, "FromAsCasing"),
            (3, "ConsistentInstructionCasing"),
        ],
    ),
    (
        "FROM alpine:3 AS One\nFROM alpine:3 AS one\n",
        &[(1, "StageNameCasing"), (2, "DuplicateStageName")],
    ),
    (
        "FROM alpine:3 AS scratch\nFROM alpine:3 AS Context\n",
        &[(1, "ReservedStageName"), (2, "ReservedStageName"), (2, "StageNameCasing")],
    ),
    ("FROM alpine:3\ncopy a /b\nRUN true\nRUN true\n", &[(2, "ConsistentInstructionCasing")]),
    ("arg A=1\nFROM alpine:3\nRUN true\n", &[]),
    ("from alpine:3\nrun true\nCOPY a /b\n", &[(3, "ConsistentInstructionCasing")]),
    ("FROM alpine:3\nRun true\n", &[(2, "ConsistentInstructionCasing")]),
    ("FROM alpine:3\nMAINTAINER me\n", &[(2, "MaintainerDeprecated")]),
    ("FROM busybox:${A}\n", &[(1, "InvalidDefaultArgInFrom"), (1, "UndefinedArgInFrom")]),
    (
        "ARG A=1\nARG VARIANT=x\nFROM busybox:${A}${VARIANT}\nFROM busybox:${VARIANTS:-1}\n",
        &[(4, "UndefinedArgInFrom")],
    ),
    ("FROM alpine:$TARGETARCH\nFROM alpine:$BUILDOSVERSION-x\n", &[(2, "InvalidDefaultArgInFrom")]),
    (
        "FROM alpine:3\nARG DIR=app\nWORKDIR $DIR/x\nWORKDIR ${DIR:+/y}\n",
        &[(3, "WorkdirRelativePath")],
    ),
    (
        "FROM alpine:3\nARG foo\nCOPY Dockerfile${foo} .\nCOPY Dockerfile${foi} .\n",
        &[(4, "UndefinedVar")],
    ),
    (
        "FROM alpine:3\nARG version=1\nRUN echo $versoin\nLABEL v=$versoin w=$versoin\n",
        &[(4, "UndefinedVar")],
    ),
    ("ARG TAG=1\nFROM alpine:$TAG\nLABEL tag=$TAG\n", &[(3, "UndefinedVar")]),
    ("ARG TAG=1\nFROM alpine:$TAG\nARG TAG\nLABEL tag=$TAG\n", &[]),
    ("FROM alpine:3 AS base\nARG A=1\nENV B=2\nFROM base\nLABEL a=$A b=$B\n", &[]),
    ("FROM alpine:3\nENV PATH=$PATH:/x\nENV A=$B C=$A\n", &[(3, "UndefinedVar")]),
    (
        "FROM alpine:3\nENV A=1 B=$A\nUSER $B\nVOLUME $BB\nSTOPSIGNAL SIGTERM\n",
        &[(2, "UndefinedVar"), (4, "UndefinedVar")],
    ),
    (
        "FROM alpine:3\nCOPY <<EOF /x\n'$undefined' $PATH\nEOF\nCOPY <<\"EOF\" /x\n$undefined\nEOF\n",
        &[(2, "UndefinedVar")],
    ),
    (
        "FROM alpine:3\nRUN --mount=type=cache,target=/a$cache true\nCOPY --chown=$user a /b\n",
        &[(2, "UndefinedVar"), (3, "UndefinedVar")],
    ),
    ("FROM alpine:3\nEXPOSE $port\nCMD [\"x\", \"$y\"]\n", &[]),
    ("FROM alpine:3\nARG A=${B:-x}\n", &[(2, "UndefinedVar")]),
    ("FROM alpine:3 AS a\nCMD [\"a\"]\nFROM a\nCMD [\"b\"]\n", &[]),
    (
        "FROM alpine:3\nENV a b\nLABEL c d\nENV e=f\n",
        &[(2, "LegacyKeyValueFormat"), (3, "LegacyKeyValueFormat")],
    ),
    (
        "FROM --platform=$TARGETPLATFORM alpine:3\nFROM --platform=${TARGETPLATFORM} alpine:3\nFROM --platform=$BUILDPLATFORM alpine:3\n",
        &[(1, "RedundantTargetPlatform"), (2, "RedundantTargetPlatform")],
    ),
    (
        "FROM alpine:3\nARG SECRET_PASSPHRASE\nENV SUPER_Secret=foo\nENV password=bar secret=baz\nARG super_duper_secret_token=foo auth=bar\nENV apikey=bar sunflower=foo\nENV git_key=\nENV PUBLIC_KEY= KEY_FILE=x MONKEY=2 AUTHOR=x\n",
        &[
            (2, "SecretsUsedInArgOrEnv"),
            (3, "SecretsUsedInArgOrEnv"),
            (4, "SecretsUsedInArgOrEnv"),
            (5, "SecretsUsedInArgOrEnv"),
            (6, "SecretsUsedInArgOrEnv"),
            (7, "SecretsUsedInArgOrEnv"),
        ],
    ),
    ("ARG VERSION\nFROM busybox:$VERSION\n", &[(2, "InvalidDefaultArgInFrom")]),
    ("ARG IMAGE\nFROM $IMAGE\n", &[(2, "InvalidDefaultArgInFrom")]),
    ("ARG VERSION=1\nFROM busybox:$VERSION\nFROM busybox\n", &[]),
    ("ARG VERSION\nFROM busybox:stable${VERSION}\n", &[]),
    ("ARG A=b\nARG NAME=$A\nFROM $NAME:${V:-1}\n", &[(3, "UndefinedArgInFrom")]),
    ("FROM alpine:3\nEXPOSE 80/TcP 81/tcp 82/UDP 83\n", &[(2, "ExposeProtoCasing")]),
    (
        "FROM alpine:3\nEXPOSE 127.0.0.1:80:80 1234:1234/udp [::1]:8080:8080 5000-5005\n",
        &[(2, "ExposeInvalidFormat")],
    ),
    ("FROM alpine:3\nARG P=80/TCP\nEXPOSE $P\n", &[(3, "ExposeProtoCasing")]),
    (
        "# check=experimental=InvalidDefinitionDescription\n# bar is wrong\nARG foo=bar\n# foo is right\nARG foo=x\n\n# base it is\nFROM alpine:3 AS base\n# not a description\n#\nARG y\n# z\n\nARG q=1\n",
        &[(3, "InvalidDefinitionDescription"), (14, "InvalidDefinitionDescription")],
    ),
    (
        "# bar is wrong\nARG foo=bar\nFROM alpine:3\n# check=experimental=InvalidDefinitionDescription\nARG x=1\n# wrong\nARG y=1\n",
        &[(5, "InvalidDefinitionDescription")],
    ),
    ("# check=skip=StageNameCasing,FromAsCasing\nFROM alpine:3 as Base\n", &[]),
    (
        "# check=skip=all;experimental=all\n# wrong\nFROM alpine:3 as Base\n",
        &[(3, "InvalidDefinitionDescription")],
    ),
    ("FROM alpine:3\n# check=skip=MaintainerDeprecated\nMAINTAINER a\n", &[]),
    ("FROM alpine:3\nCMD [\"a\"]\n# check=skip=MultipleInstructionsDisallowed\nCMD [\"b\"]\n", &[]),
    ("FROM alpine:3\n# check=skip=JSONArgsRecommended\nCMD a\n", &[]),
    ("FROM alpine:3\nLABEL a=\"$b\" 'c'=$d\nLABEL \"e=f\"='$g' h=\\$i\n", &[(2, "UndefinedVar")]),
    ("# escape=`\nFROM alpine:3\nLABEL a=`$b c=\\$d\n", &[(3, "UndefinedVar")]),
    ("FROM alpine:3\nCOPY ${a:-x} ${b:+y} ${c-z} /d/\n", &[(2, "UndefinedVar")]),
];

/// Texts of which more, or another line, is reported than by the builder: its answer, ours, why.
const ON_PURPOSE: &[(&str, Lines, Lines, &str)] = &[
    (
        "ARG TOKEN\nFROM alpine:3\n",
        &[],
        &[(1, "SecretsUsedInArgOrEnv")],
        "an argument before the first FROM is in the history of no image, but in that of the build",
    ),
    (
        "FROM --platform=$BUILDPLATFROM busybox:1\n",
        &[(1, "UndefinedArgInFrom")],
        &[(1, "FromPlatformFlagConstDisallowed"), (1, "UndefinedArgInFrom")],
        "a platform of another variable than the builder's is fixed too",
    ),
    (
        "FROM alpine:3\nCOPY a \\\n\n  /b\nRUN true\n",
        &[(4, "NoEmptyContinuation")],
        &[(2, "NoEmptyContinuation")],
        "a finding stands at the instruction's first line",
    ),
    (
        "FROM alpine:3\nCMD echo hi\nENTRYPOINT echo\nHEALTHCHECK CMD curl x\n",
        &[(2, "JSONArgsRecommended"), (3, "JSONArgsRecommended")],
        &[(2, "JSONArgsRecommended"), (3, "JSONArgsRecommended"), (4, "JSONArgsRecommended")],
        "a health check has a shell in between too",
    ),
    (
        "FROM alpine:3\nSHELL [\"/bin/bash\", \"-c\"]\nCMD echo hi\n",
        &[],
        &[(3, "JSONArgsRecommended")],
        "a shell that was chosen is still no process 1",
    ),
    (
        "FROM alpine:3\nWORKDIR app\nWORKDIR other\n",
        &[(2, "WorkdirRelativePath")],
        &[(2, "WorkdirRelativePath"), (3, "WorkdirRelativePath")],
        "each relative folder is told",
    ),
    (
        "FROM alpine:3 AS a\nWORKDIR /x\nFROM a\nWORKDIR app\n",
        &[],
        &[(4, "WorkdirRelativePath")],
        "each relative folder is told",
    ),
    (
        "FROM alpine:3\nCMD [\"a\"]\nCMD [\"b\"]\nENTRYPOINT [\"a\"]\nENTRYPOINT [\"b\"]\nHEALTHCHECK NONE\nHEALTHCHECK CMD [\"a\"]\n",
        &[
            (2, "MultipleInstructionsDisallowed"),
            (4, "MultipleInstructionsDisallowed"),
            (6, "MultipleInstructionsDisallowed"),
        ],
        &[
            (3, "MultipleInstructionsDisallowed"),
            (5, "MultipleInstructionsDisallowed"),
            (7, "MultipleInstructionsDisallowed"),
        ],
        "the later one is named, with the one before it as the related place",
    ),
    (
        "FROM --platform=linux/amd64 alpine:3\nFROM --platform=linux/arm64 alpine:3 AS build_arm64\nFROM --platform=linux/arm64 alpine:3 AS linux-build\n",
        &[(1, "FromPlatformFlagConstDisallowed")],
        &[
            (1, "FromPlatformFlagConstDisallowed"),
            (2, "FromPlatformFlagConstDisallowed"),
            (3, "FromPlatformFlagConstDisallowed"),
        ],
        "the name of a stage does not say why its platform is fixed",
    ),
];

/// What is found under a name of the builder; another rule's finding counts for its alias.
fn found(text: &str) -> BTreeSet<(u32, &'static str)> {
    let file = Dockerfile::parse(Source::new(text));
    let found = lint(&file, &Config::default(), &Environment::default()).findings;
    found
        .iter()
        .filter_map(|finding| {
            let check = CHECKS.iter().find(|check| finding.rule.is_called(check))?;
            Some((finding.line, *check))
        })
        .collect()
}

#[test]
fn each_text_has_the_findings_that_the_builder_has() {
    let mut different = Vec::new();
    for (text, expected) in AGREED {
        let (ours, theirs) = (found(text), expected.iter().copied().collect());
        if ours != theirs {
            different.push(format!("{text}ours {ours:?}\nbuilder {theirs:?}\n"));
        }
    }
    println!("{} texts", AGREED.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn what_differs_on_purpose_is_known_with_its_reason() {
    for (text, theirs, expected, why) in ON_PURPOSE {
        assert_eq!(found(text), expected.iter().copied().collect(), "{why}: {text}");
        assert_ne!(theirs, expected, "{text}");
    }
}

#[test]
fn every_check_is_seen_in_a_text() {
    let seen: BTreeSet<&str> = AGREED
        .iter()
        .map(|(_, lines)| lines)
        .chain(ON_PURPOSE.iter().map(|(_, _, lines, _)| lines))
        .flat_map(|lines| lines.iter().map(|(_, check)| *check))
        .collect();
    assert_eq!(seen, CHECKS.into_iter().collect());
}

#[test]
fn the_directive_raises_the_builder_s_checks_to_errors_whatever_rule_makes_them() {
    let text = "# check=error=true\nFROM alpine:3.20 AS Base\nCMD a\nRUN apk add curl\n";
    let file = Dockerfile::parse(Source::new(text));
    let found = lint(&file, &Config::default(), &Environment::default()).findings;
    let level = |name: &str| {
        found.iter().find(|finding| finding.rule.is_called(name)).map(|finding| finding.level)
    };
    assert_eq!(level("StageNameCasing"), Some(Level::Error));
    assert_eq!(level("DL3025"), Some(Level::Error), "JSONArgsRecommended");
    assert_eq!(level("DL3018"), Some(Level::Warning), "no check of the builder");
}

#[test]
fn a_secret_is_found_once_though_two_rules_know_it() {
    let text = "FROM alpine:3.20\nENV DB_PASSWORD=x\nARG DEPLOY_AUTH\n";
    let file = Dockerfile::parse(Source::new(text));
    let ids = |config: &Config| -> Vec<&str> {
        let found = lint(&file, config, &Environment::default()).findings;
        let secrets = found.iter().filter(|one| one.rule.is_called("SecretsUsedInArgOrEnv"));
        secrets.map(|one| one.rule.id).collect()
    };
    assert_eq!(ids(&Config::default()), ["DL3064", "SecretsUsedInArgOrEnv"]);
    let off = Config { ignored: vec!["DL3064".to_owned()], ..Config::default() };
    assert_eq!(ids(&off), ["SecretsUsedInArgOrEnv", "SecretsUsedInArgOrEnv"]);
}
