//! A file of one stage and its proposal build, say the same when they run, and what runs is
//! smaller and not root.

use plimsoll_build::propose::propose;
use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Config, Source};

use crate::builder::{Builder, folder, tool};

/// Builds and runs both; `said` is what they print.
fn both(builder: &Builder, name: &str, dockerfile: &str, context: &std::path::Path, said: &str) {
    let proposal = propose(&Dockerfile::parse(Source::new(dockerfile)), &Config::default());
    let proposal = proposal.unwrap_or_else(|why| panic!("{name}: {why}"));
    if !builder.has_bases(dockerfile) || !builder.has_bases(&proposal.text) {
        return;
    }
    let (before, after) = (format!("{name}:before"), format!("{name}:after"));
    for (tag, text) in [(&before, dockerfile), (&after, proposal.text.as_str())] {
        let built = builder.build(tag, text, context);
        assert!(built.ok, "{tag} is not built:\n{text}\n{}", built.talk);
        let run = builder.run(tag);
        assert!(run.ok && run.out.trim() == said, "{tag}:\n{text}\n{run:?}");
    }
    let user = builder.inspect(&after, "Config.User");
    assert!(!matches!(user.as_str(), "\"\"" | "\"root\"" | "\"0\""), "{user}");
    for field in ["Config.ExposedPorts", "Config.Labels", "Config.WorkingDir"] {
        assert_eq!(builder.inspect(&before, field), builder.inspect(&after, field), "{field}");
    }
    let (was, is) = (builder.size(&before), builder.size(&after));
    println!("{name}: {} MB became {} MB", was / 1_000_000, is / 1_000_000);
    assert!(is < was, "{name}: {was} bytes became {is}");
}

pub(crate) fn a_go_program(builder: &Builder) {
    let context = folder(&[
        (
            "go.mod",
            "module example.org/hello\n\ngo 1.21\n\nrequire github.com/google/uuid v1.6.0\n",
        ),
        (
            "cmd/hello/main.go",
            "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\n\t\"github.com/google/uuid\"\n)\n\nfunc \
             main() {\n\ttext, err := os.ReadFile(\"config.yaml\")\n\tfmt.Print(uuid.Nil, \" \", \
             string(text), err)\n}\n",
        ),
        ("config.yaml", "a: b"),
    ]);
    if !tool(context.path(), "go", &["mod", "tidy"]) {
        return;
    }
    let dockerfile = "# the api\nFROM golang:1.22\nLABEL a=b\nWORKDIR /app\nCOPY go.mod go.sum ./\n\
                      RUN go mod download\nCOPY . .\nRUN go build -o hello ./cmd/hello\n\
                      EXPOSE 8080\nCMD [\"./hello\", \"--config=./config.yaml\"]\n";
    let said = "00000000-0000-0000-0000-000000000000 a: b<nil>";
    both(builder, "go", dockerfile, context.path(), said);
}

pub(crate) fn a_rust_program(builder: &Builder) {
    let context = folder(&[
        (
            "Cargo.toml",
            "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n\
             [dependencies]\nitoa = \"1\"\n",
        ),
        ("src/main.rs", "fn main() { println!(\"{}\", itoa::Buffer::new().format(7)); }\n"),
    ]);
    let dockerfile = "FROM rust:1.95\nWORKDIR /src\nCOPY . .\nRUN cargo build --release\n\
                      CMD [\"./target/release/hello\"]\n";
    both(builder, "rust", dockerfile, context.path(), "7");
}

pub(crate) fn a_java_archive(builder: &Builder) {
    let context = folder(&[
        (
            "pom.xml",
            "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
             <groupId>a</groupId><artifactId>app</artifactId><version>1</version><properties>\
             <maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17\
             </maven.compiler.target></properties><build><finalName>app</finalName><plugins>\
             <plugin><artifactId>maven-jar-plugin</artifactId><configuration><archive><manifest>\
             <mainClass>Main</mainClass></manifest></archive></configuration></plugin></plugins>\
             </build></project>",
        ),
        (
            "src/main/java/Main.java",
            "class Main { public static void main(String[] a) { System.out.println(a[0]); } }",
        ),
    ]);
    let dockerfile = "FROM maven:3.9-eclipse-temurin-17\nWORKDIR /app\nCOPY pom.xml .\nCOPY src \
                      ./src\nRUN mvn -B -q package -DskipTests\nENTRYPOINT [\"java\", \
                      \"-Xmx64m\", \"-jar\", \"target/app.jar\"]\nCMD [\"seven\"]\n";
    both(builder, "java", dockerfile, context.path(), "seven");
}

/// A program of Node.js with one package that runs and one that builds.
pub(crate) fn node_program() -> Option<tempfile::TempDir> {
    let context = folder(&[
        (
            "package.json",
            "{\"name\": \"app\", \"version\": \"1.0.0\", \"scripts\": {\"build\": \"mkdirp dist && \
             cp index.js server.js dist\"}, \"dependencies\": {\"ms\": \"2.1.3\"}, \
             \"devDependencies\": {\"mkdirp\": \"3.0.1\"}}",
        ),
        ("index.js", "console.log(require('ms')(7000))\n"),
        ("server.js", "console.log(require('ms')(7000))\n"),
        ("healthcheck.js", "process.exit(0)\n"),
        (".dockerignore", "node_modules\n"),
    ]);
    let lock = ["install", "--package-lock-only", "--no-audit", "--no-fund"];
    tool(context.path(), "npm", &lock).then_some(context)
}

pub(crate) fn a_program_of_node_that_is_built(builder: &Builder) {
    let Some(context) = node_program() else { return };
    let dockerfile = "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN \
                      npm run build\nEXPOSE 3000\nCMD [\"node\", \"dist/index.js\"]\n";
    both(builder, "node-built", dockerfile, context.path(), "7s");
    let listed = builder.shell("node-built:after", "ls /app /app/node_modules");
    assert!(!listed.out.contains("mkdirp") && !listed.out.contains("healthcheck"), "{listed:?}");
}

pub(crate) fn a_program_of_node_that_is_only_installed(builder: &Builder) {
    let Some(context) = node_program() else { return };
    let dockerfile = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"node\", \
                      \"index.js\"]\n";
    both(builder, "node-installed", dockerfile, context.path(), "7s");
}

pub(crate) fn a_program_of_python(builder: &Builder) {
    // The package is compiled, because its wheel is refused.
    let context = folder(&[
        ("requirements.txt", "--no-binary markupsafe\nmarkupsafe==2.1.5\n"),
        (
            "app.py",
            "import os, markupsafe._speedups\nprint(markupsafe.escape('<'), os.getuid() < 1)\n",
        ),
    ]);
    let dockerfile = "FROM python:3.11\nRUN apt-get update && apt-get install -y gcc curl && rm -rf \
                      /var/lib/apt/lists/*\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip \
                      install --no-cache-dir -r requirements.txt\nCOPY . .\nRUN useradd -m \
                      app\nUSER app\nHEALTHCHECK CMD curl -f http://localhost/ || exit 1\nCMD \
                      [\"python\", \"app.py\"]\n";
    both(builder, "python", dockerfile, context.path(), "&lt; False");
}
