//! The checks that Trivy makes of Dockerfiles, each by its id: one that fails it, one that passes.
//!
//! A check is found here by the ids of Trivy, as ignore comments and the configuration name it.

use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Config, Environment, Level, Source, lint, rules};

/// A check, what fails it, what passes it.
type Check = (&'static str, &'static [&'static str], &'static [&'static str]);

const CHECKS: &[Check] = &[
    ("DS-0001", &["FROM debian:latest\n"], &["FROM debian:12\n", "FROM scratch\n"]),
    (
        "DS-0002",
        &[
            "FROM debian:12\nRUN make\n",
            "FROM debian:12\nEXPOSE 80\n",
            "FROM debian:12\nUSER root\n",
            "FROM debian:12\nUSER 0\n",
            "FROM debian:12\nUSER root:root\n",
            "FROM debian:12\nUSER 0:0\n",
            "FROM debian:12\nUSER app\nRUN make\nUSER root\n",
        ],
        &[
            "FROM debian:12\nUSER app\n",
            "FROM debian:12\nUSER root\nRUN make\nUSER 1000\n",
            "FROM gcr.io/distroless/static-debian12:nonroot\nCMD [\"/app\"]\n",
        ],
    ),
    (
        "DS-0004",
        &["FROM debian:12\nEXPOSE 22\n", "FROM debian:12\nEXPOSE 80 22/tcp\n"],
        &["FROM debian:12\nEXPOSE 2222\n", "FROM debian:12\nEXPOSE 220/tcp\n"],
    ),
    (
        "DS-0005",
        &["FROM debian:12\nADD app.jar /srv/\n"],
        &[
            "FROM debian:12\nCOPY app.jar /srv/\n",
            "FROM debian:12\nADD app.tar.gz /srv/\n",
            "FROM debian:12\nADD https://example.com/app.jar /srv/\n",
        ],
    ),
    (
        "DS-0006",
        &["FROM golang:1.25 AS build\nCOPY --from=build /bin/app /\n"],
        &["FROM golang:1.25 AS build\nFROM debian:12\nCOPY --from=build /bin/app /\n"],
    ),
    (
        "DS-0007",
        &["FROM debian:12\nENTRYPOINT [\"a\"]\nENTRYPOINT [\"b\"]\n"],
        &["FROM debian:12 AS a\nENTRYPOINT [\"a\"]\nFROM debian:12\nENTRYPOINT [\"b\"]\n"],
    ),
    (
        "DS-0008",
        &["FROM debian:12\nEXPOSE 65536\n", "FROM debian:12\nEXPOSE 80 70000/tcp\n"],
        &["FROM debian:12\nEXPOSE 65535/udp\n"],
    ),
    (
        "DS-0009",
        &["FROM debian:12\nWORKDIR app/src\n"],
        &[
            "FROM debian:12\nWORKDIR /app\n",
            "FROM debian:12\nWORKDIR \"/app\"\n",
            "FROM debian:12\nARG D=/x\nWORKDIR $D\n",
        ],
    ),
    (
        "DS-0010",
        &[
            "FROM debian:12\nRUN sudo make install\n",
            "FROM debian:12\nRUN make && sudo make install\n",
        ],
        &["FROM debian:12\nRUN apt-get install -y sudo\n"],
    ),
    (
        "DS-0011",
        &[
            "FROM debian:12\nCOPY a.txt b.txt /srv/app\n",
            "FROM debian:12\nCOPY [\"a\", \"b\", \"app\"]\n",
        ],
        &["FROM debian:12\nCOPY a.txt b.txt /srv/app/\n", "FROM debian:12\nCOPY a.txt /srv/app\n"],
    ),
    (
        "DS-0012",
        &["FROM debian:12 AS a\nFROM debian:12 AS a\n"],
        &["FROM debian:12 AS a\nFROM debian:12 AS b\n"],
    ),
    (
        "DS-0013",
        &["FROM debian:12\nRUN cd /srv && make\n", "FROM debian:12\nRUN make && cd /srv && ls\n"],
        &["FROM debian:12\nWORKDIR /srv\nRUN make\n", "FROM debian:12\nCMD cd /srv && ./run\n"],
    ),
    (
        "DS-0014",
        &["FROM debian:12\nRUN wget https://example.com/a\nRUN curl https://example.com/b\n"],
        &["FROM debian:12\nRUN curl https://example.com/a\nRUN curl https://example.com/b\n"],
    ),
    (
        "DS-0015",
        &[
            "FROM centos:7\nRUN yum install -y vim\n",
            "FROM centos:7\nRUN yum clean all && yum install -y vim\n",
        ],
        &["FROM centos:7\nRUN yum install -y vim && yum clean all\n"],
    ),
    (
        "DS-0016",
        &["FROM debian:12\nCMD [\"a\"]\nCMD [\"b\"]\n"],
        &["FROM debian:12 AS a\nCMD [\"a\"]\nFROM debian:12\nCMD [\"b\"]\n"],
    ),
    (
        "DS-0017",
        &[
            "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y vim\n",
            "FROM debian:12\nRUN [\"apt-get\", \"update\"]\n",
            "FROM debian:12\nRUN apt-get update && adduser app\n",
            "FROM alpine:3.22\nRUN apk update\n",
            "FROM centos:7\nRUN yum -y update\n",
            "FROM debian:12\nRUN apt-get install -y vim && apt-get update\n",
        ],
        &[
            "FROM debian:12\nRUN apt-get update && apt-get install -y vim\n",
            "FROM debian:12\nRUN apt-get update -y ; apt-get install -y vim\n",
            "FROM debian:12\nRUN apt-get update && apt-get upgrade -y && apt-get install -y vim\n",
            "FROM debian:12\nRUN <<EOF\nset -e\napt-get update\napt-get install -y vim\nEOF\n",
            "FROM alpine:3.22\nRUN apk --update add vim\n",
            "FROM debian:12\nRUN sh /srv/setup.sh update\n",
        ],
    ),
    (
        "DS-0019",
        &["FROM fedora:42\nRUN dnf install -y vim\n"],
        &["FROM fedora:42\nRUN dnf install -y vim && dnf clean all\n"],
    ),
    (
        "DS-0020",
        &["FROM opensuse/leap:15.6\nRUN zypper install -y vim\n"],
        &["FROM opensuse/leap:15.6\nRUN zypper install -y vim && zypper clean\n"],
    ),
    (
        "DS-0021",
        &["FROM debian:12\nRUN apt-get update && apt-get install vim\n"],
        &[
            "FROM debian:12\nRUN apt-get update && apt-get -fmy install vim\n",
            "FROM debian:12\nRUN apt-get update && apt-get install vim --yes\n",
            "FROM debian:12\nRUN apt-get update && apt-get install --assume-yes vim\n",
        ],
    ),
    (
        "DS-0022",
        &["FROM debian:12\nMAINTAINER someone\n"],
        &["FROM debian:12\nLABEL maintainer=someone\n"],
    ),
    (
        "DS-0023",
        &["FROM debian:12\nHEALTHCHECK CMD a\nHEALTHCHECK CMD b\n"],
        &["FROM debian:12 AS a\nHEALTHCHECK CMD a\nFROM debian:12\nHEALTHCHECK CMD b\n"],
    ),
    (
        "DS-0024",
        &[
            "FROM debian:12\nRUN apt-get update && apt-get -y dist-upgrade && apt-get install -y vim\n",
        ],
        &["FROM debian:12\nRUN apt-get update && apt-get upgrade -y && apt-get install -y vim\n"],
    ),
    (
        "DS-0025",
        &["FROM alpine:3.22\nRUN apk add vim\n", "FROM alpine:3.22\nRUN apk add -U vim\n"],
        &[
            "FROM alpine:3.22\nRUN apk add --no-cache vim\n",
            "FROM alpine:3.22\nRUN apk --no-cache add vim\n",
        ],
    ),
    (
        "DS-0026",
        &["FROM debian:12\nEXPOSE 80\nCMD [\"server\"]\n"],
        &[
            "FROM debian:12\nEXPOSE 80\nHEALTHCHECK CMD [\"check\"]\nCMD [\"server\"]\n",
            "FROM debian:12 AS base\nHEALTHCHECK CMD [\"check\"]\nFROM base\nEXPOSE 80\n",
        ],
    ),
    (
        "DS-0027",
        &["FROM rockylinux:9-minimal\nRUN microdnf install -y vim\n"],
        &["FROM rockylinux:9-minimal\nRUN microdnf install -y vim && microdnf clean all\n"],
    ),
    (
        "DS-0029",
        &["FROM debian:12\nRUN apt-get update && apt-get install -y vim\n"],
        &["FROM debian:12\nRUN apt-get update && apt-get install -y vim --no-install-recommends\n"],
    ),
    (
        "DS-0030",
        &[
            "FROM debian:12\nWORKDIR /proc/self\n",
            "FROM debian:12\nWORKDIR /dev/x\n",
            "FROM debian:12\nWORKDIR \"/boot/x\"\n",
        ],
        &["FROM debian:12\nWORKDIR /develop\n", "FROM debian:12\nWORKDIR /srv/proc\n"],
    ),
    (
        "DS-0031",
        &[
            "FROM debian:12\nENV GITHUB_TOKEN=value\n",
            "FROM debian:12\nARG GITHUB_TOKEN=value\n",
            "FROM debian:12\nARG DB_PASSWORD\n",
            "FROM debian:12\nENV FOO=a GITHUB_TOKEN=b\n",
            "FROM debian:12\nCOPY ./config $AWS_CONFIG_FILE\n",
            "FROM debian:12\nCOPY src /app/\nENV GOOGLE_APPLICATION_CREDENTIALS=./app/storage.json\n",
            "FROM debian:12\nRUN aws configure set aws_secret_access_key $KEY\n",
            "FROM debian:12\nRUN gcloud auth activate-service-account --key-file=/k.json\n",
            "FROM debian:12\nRUN az login --service-principal -u x -p $P\n",
            "FROM debian:12\nRUN doctl auth init --access-token $T\n",
        ],
        &[
            "FROM debian:12\nENV AUTH_MODE=basic KEY_ALIAS=main\n",
            "FROM debian:12\nENV PUBLIC_KEY=abc\n",
            "FROM debian:12\nENV GOOGLE_APPLICATION_CREDENTIALS=/run/secrets/storage.json\n",
            "FROM debian:12\nCOPY src /src\nENV GOOGLE_APPLICATION_CREDENTIALS=./app/storage.json\n",
            "FROM debian:12\nRUN --mount=type=secret,id=k aws configure set aws_secret_access_key $(cat /run/secrets/k)\n",
            "FROM debian:12\nCOPY ca.pem /usr/local/share/ca-certificates/\n",
        ],
    ),
];

/// Whether a rule that is called so finds something; rules that are off are on.
fn fails(text: &str, name: &str) -> bool {
    let file = Dockerfile::parse(Source::new(text));
    let found = lint(&file, &Config::default(), &Environment::default()).findings;
    found.iter().any(|finding| finding.rule.is_called(name))
}

#[test]
fn what_fails_a_check_of_trivy_is_found_under_its_id_and_what_passes_is_not() {
    let mut wrong = Vec::new();
    for (id, bad, good) in CHECKS {
        for text in *bad {
            if !fails(text, id) {
                wrong.push(format!("{id} is not found in\n{text}"));
            }
        }
        for text in *good {
            if fails(text, id) {
                wrong.push(format!("{id} is found in\n{text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_check_has_its_three_names() {
    for (id, ..) in CHECKS {
        let number = id.trim_start_matches("DS-0");
        for name in [(*id).to_owned(), format!("AVD-{id}"), format!("DS{number}")] {
            let rule = rules::named(&name);
            assert!(rule.is_some_and(|rule| rule.is_called(id)), "{name}");
        }
    }
}

#[test]
fn a_comment_and_the_configuration_may_name_a_check_by_any_benchmark() {
    let text = "FROM debian:12\nRUN apt-get update\n";
    for name in ["DS-0017", "AVD-DS-0017", "DS017", "CIS-4.7", "CIS-DI-0007", "PL1233"] {
        assert!(fails(text, name), "{name}");
        let comment = text.replace("RUN", &format!("# plimsoll ignore={name} reason=shown\nRUN"));
        assert!(!fails(&comment, "PL1233"), "{name}");
        let file = Dockerfile::parse(Source::new(text));
        let off = Config { ignored: vec![name.to_owned()], ..Config::default() };
        let raised =
            Config { levels: [(name.to_owned(), Level::Error)].into(), ..Config::default() };
        let found = |config: &Config| {
            let found = lint(&file, config, &Environment::default()).findings;
            found.into_iter().find(|one| one.rule.id == "PL1233").map(|one| one.level)
        };
        assert_eq!((found(&off), found(&raised)), (None, Some(Level::Error)), "{name}");
    }
}
