//! Images in the place of those of a registry: Debian by `debootstrap`, and on it packages of
//! Debian or the toolchain of this machine. A stand-in has the programs, the users and the
//! variables that a Dockerfile finds in the real one; its versions are those of Debian 12 and of
//! this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::builder::Builder;

/// The Dockerfile of a stand-in; `FROM` names another one.
fn recipe(name: &str) -> Option<&'static str> {
    Some(match name {
        "debian:12" => {
            "FROM debootstrap:12\nCOPY machine /\nENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin @variables@\nCMD [\"bash\"]\n"
        }
        "buildpack-deps:12" => {
            "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends gcc \
             libc6-dev make curl wget && rm -rf /var/lib/apt/lists/*\n"
        }
        "python:3.11-slim" => {
            "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends \
             python3 python3-venv python3-pip && rm -rf /var/lib/apt/lists/* \
             /usr/lib/python3*/EXTERNALLY-MANAGED && ln -s /usr/bin/python3 \
             /usr/local/bin/python\nCMD [\"python3\"]\n"
        }
        "python:3.11" => {
            "FROM python:3.11-slim\nRUN apt-get update && apt-get install -y \
             --no-install-recommends gcc libc6-dev python3-dev make curl && rm -rf \
             /var/lib/apt/lists/*\n"
        }
        "node:20-slim" => {
            "FROM debian:12\nRUN groupadd --gid 1000 node && useradd --uid 1000 --gid node \
             --shell /bin/bash --create-home node\nCOPY node /usr/local\nRUN ln -s \
             ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s \
             ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx\nCMD [\"node\"]\n"
        }
        "node:20" => {
            "FROM node:20-slim\nRUN apt-get update && apt-get install -y --no-install-recommends \
             gcc g++ make python3 curl && rm -rf /var/lib/apt/lists/*\n"
        }
        // Of Alpine it has what the guide's files use but `apk`: `addgroup` and `adduser` of
        // BusyBox, built from Debian's source.
        "node:20-alpine" => {
            "FROM buildpack-deps:12 AS busybox\nRUN echo 'deb-src http://deb.debian.org/debian \
             bookworm main' >> /etc/apt/sources.list && apt-get update && apt-get install -y \
             --no-install-recommends dpkg-dev bzip2\nWORKDIR /src\nRUN apt-get source busybox && \
             mv busybox-*/ busybox && cd busybox && make defconfig > /dev/null && sed -i \
             's/.*CONFIG_STATIC is not set/CONFIG_STATIC=y/' .config && make -j2 > /log 2>&1\n\
             FROM node:20-slim\nCOPY --from=busybox /src/busybox/busybox /bin/busybox\nRUN rm -f \
             /usr/sbin/adduser /usr/sbin/addgroup && ln -s /bin/busybox /usr/sbin/adduser && ln \
             -s /bin/busybox /usr/sbin/addgroup && touch /etc/shadow\nCMD [\"node\"]\n"
        }
        "golang:1.22" => {
            "FROM buildpack-deps:12\nCOPY go /usr/local/go\nENV GOTOOLCHAIN=local GOPATH=/go \
             PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n\
             WORKDIR /go\n"
        }
        "rust:1.95" => "FROM buildpack-deps:12\nCOPY rust /usr/local\nRUN ldconfig\n",
        "maven:3.9-eclipse-temurin-17" => {
            "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends \
             maven default-jdk-headless && rm -rf /var/lib/apt/lists/*\nCOPY java /\n"
        }
        "eclipse-temurin:17-jre" => {
            "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends \
             default-jre-headless && rm -rf /var/lib/apt/lists/*\n"
        }
        "gcr.io/distroless/static-debian13:nonroot" => {
            "FROM debian:12 AS debian\nRUN mkdir -p /root/etc/ssl/certs /root/tmp && cp \
             /etc/ssl/certs/ca-certificates.crt /root/etc/ssl/certs && echo \
             'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' > /root/etc/passwd\nFROM \
             scratch\nCOPY --from=debian /root /\nUSER 65532\n"
        }
        "gcr.io/distroless/cc-debian13:nonroot" => {
            "FROM debian:12 AS debian\nRUN mkdir -p /root/image/etc && cd /lib && cp -L --parents \
             /lib64/ld-linux-*.so.2 */libc.so.6 */libm.so.6 */libgcc_s.so.1 /root/image/ ; cp -L \
             --parents /lib/*-linux-gnu/libc.so.6 /lib/*-linux-gnu/libm.so.6 \
             /lib/*-linux-gnu/libgcc_s.so.1 /root/image && echo \
             'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' > \
             /root/image/etc/passwd\nFROM scratch\nCOPY --from=debian /root/image /\nUSER 65532\n"
        }
        _ => return None,
    })
}

impl Builder {
    /// Makes the stand-ins that a Dockerfile is built on; `false`, with a word, where one cannot
    /// be made here.
    pub(crate) fn has_bases(&self, dockerfile: &str) -> bool {
        let mut stages: Vec<&str> = vec!["scratch"];
        for line in dockerfile.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let ["FROM", image, rest @ ..] = words.as_slice() {
                if !stages.contains(image)
                    && let Err(why) = self.stand_in(image)
                {
                    println!("skipped: no stand-in for {image}: {why}");
                    return false;
                }
                stages.extend(rest.last());
            }
        }
        true
    }

    fn stand_in(&self, name: &str) -> Result<(), String> {
        let known = self.made.lock().unwrap().get(name).cloned();
        if let Some(known) = known {
            return known;
        }
        let made = self.make(name);
        self.made.lock().unwrap().insert(name.to_owned(), made.clone());
        made
    }

    fn make(&self, name: &str) -> Result<(), String> {
        if name == "debootstrap:12" {
            return self.import(name, &debian()?);
        }
        let text = recipe(name).ok_or("it has no recipe")?;
        for line in text.lines() {
            let mut words = line.split_whitespace();
            if let (Some("FROM"), Some(image)) = (words.next(), words.next())
                && image != "scratch"
            {
                self.stand_in(image)?;
            }
        }
        let context = tempfile::tempdir().map_err(|error| error.to_string())?;
        lay(name, context.path())?;
        let text = text.replace("@variables@", &variables());
        self.build(name, &text, context.path()).into_result()
    }
}

/// The root file system of Debian 12, kept for the next run.
fn debian() -> Result<PathBuf, String> {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("debian-12.tar");
    if kept.is_file() {
        return Ok(kept);
    }
    let root = tempfile::tempdir().map_err(|error| error.to_string())?;
    // What another user may not enter is no root file system.
    run(Command::new("chmod").arg("755").arg(root.path()))?;
    run(Command::new("debootstrap")
        .args(["--variant=minbase", "--include=ca-certificates", "bookworm"])
        .arg(root.path())
        .arg("http://deb.debian.org/debian"))?;
    let partial = kept.with_extension("partial");
    run(Command::new("tar").arg("-C").arg(root.path()).arg("-cf").arg(&partial).arg("."))?;
    fs::rename(&partial, &kept).map_err(|error| error.to_string())?;
    Ok(kept)
}

/// What of this machine a build needs to reach the package registries: its variables.
fn variables() -> String {
    let wanted = |name: &str| {
        let upper = name.to_ascii_uppercase();
        ["_PROXY", "_CERT", "_CERTS", "CERT_FILE", "_CA_BUNDLE", "GOPROXY", "GOSUMDB"]
            .iter()
            .any(|end| upper.ends_with(end))
            || upper.starts_with("NPM_CONFIG_")
    };
    let set = env::vars().filter(|(name, value)| {
        wanted(name) && !value.is_empty() && !value.contains(char::is_whitespace)
    });
    let all: Vec<String> = set.map(|(name, value)| format!("{name}={value}")).collect();
    all.join(" ")
}

/// The files of this machine that a stand-in is made of.
fn lay(name: &str, context: &Path) -> Result<(), String> {
    let copy = |from: &Path, to: &str| {
        let to = context.join(to);
        let parent = to.parent().unwrap_or(context);
        fs::create_dir_all(parent).map_err(|error| error.to_string())?;
        run(Command::new("cp").arg("-aL").arg(from).arg(&to))
    };
    let home = env::home_dir().unwrap_or_default();
    match name {
        "debian:12" => {
            let files = [
                (
                    PathBuf::from("/etc/ssl/certs/ca-certificates.crt"),
                    "etc/ssl/certs/ca-certificates.crt",
                ),
                (home.join(".npmrc"), "root/.npmrc"),
                (home.join(".config/pip/pip.conf"), "root/.config/pip/pip.conf"),
                (home.join(".m2/settings.xml"), "root/.m2/settings.xml"),
            ];
            fs::create_dir_all(context.join("machine")).map_err(|error| error.to_string())?;
            for (from, to) in files {
                if from.is_file() {
                    copy(&from, &format!("machine/{to}"))?;
                }
            }
            Ok(())
        }
        "node:20-slim" => {
            copy(&found("node")?, "node/bin/node")?;
            let npm = fs::canonicalize(found("npm")?).map_err(|error| error.to_string())?;
            let npm = npm.ancestors().nth(2).ok_or("npm is not in a folder of its own")?;
            copy(npm, "node/lib/node_modules/npm")
        }
        "golang:1.22" => copy(Path::new(&said("go", &["env", "GOROOT"])?), "go"),
        "rust:1.95" => {
            let root = PathBuf::from(said("rustc", &["--print", "sysroot"])?);
            copy(&root.join("bin"), "rust/bin")?;
            copy(&root.join("lib"), "rust/lib")
        }
        "maven:3.9-eclipse-temurin-17" => {
            let store = Path::new("/etc/ssl/certs/java/cacerts");
            fs::create_dir_all(context.join("java")).map_err(|error| error.to_string())?;
            if store.is_file() { copy(store, "java/etc/ssl/certs/java/cacerts") } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

fn found(program: &str) -> Result<PathBuf, String> {
    let paths = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&paths)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("this machine has no `{program}`"))
}

fn said(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !text.is_empty() { Ok(text) } else { Err(program.to_owned()) }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    output.status.success().then_some(()).ok_or(said)
}
