//! Jars made by hand, read as packages.

use std::fmt::Write as _;
use std::io::{Cursor, Write};

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::cataloguer::listing;

fn packed(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn jar(members: &[(&str, &[u8])]) -> Vec<u8> {
    packed(members, CompressionMethod::Deflated)
}

/// Each package with its place and notes.
fn shown(path: &str, bytes: &[u8]) -> String {
    let mut found = Found::default();
    let content = bytes.to_vec();
    let outcome = JavaArchive.catalogue(&File::new(path, &content, false), &mut found);
    let mut out = String::new();
    for package in &found.packages {
        let place = &package.locations[0].path;
        writeln!(out, "{} {} @ {place}", package.name, package.version).unwrap();
        out.extend(package.notes.iter().map(|note| format!("  {note}\n")));
    }
    out.extend(found.problems.iter().map(|p| format!("{:?}: {}\n", p.kind, p.message)));
    out.extend(outcome.err().map(|error| format!("error: {error}\n")));
    out
}

const LOG4J: (&str, &[u8]) = (
    "META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties",
    b"groupId=org.apache.logging.log4j\nartifactId=log4j-core\nversion=2.14.1\n",
);
const CONTEXT: (&str, &[u8]) = ("org/apache/logging/log4j/core/LoggerContext.class", b"");
const LOOKUP: (&str, &[u8]) = (JNDI, b"");
const JNDI: &str = known::JNDI_LOOKUP;

#[test]
fn the_metadata_that_bears_the_name_of_the_archive_is_its_own() {
    let other = b"groupId=org.b\nartifactId=b\nversion=3\n";
    let bytes = jar(&[LOG4J, CONTEXT, LOOKUP, ("META-INF/maven/org.b/b/pom.properties", other)]);
    insta::assert_snapshot!(shown("lib/log4j-core-2.14.1.jar", &bytes), @r"
    org.apache.logging.log4j:log4j-core 2.14.1 @ lib/log4j-core-2.14.1.jar
    org.b:b 3 @ lib/log4j-core-2.14.1.jar!/META-INF/maven/org.b/b/pom.properties
      copied into the archive together with its Maven metadata
    ");
}

#[test]
fn a_renamed_archive_keeps_what_its_only_metadata_says() {
    insta::assert_snapshot!(shown("x.jar", &jar(&[LOG4J, CONTEXT, LOOKUP])), @"org.apache.logging.log4j:log4j-core 2.14.1 @ x.jar");
    insta::assert_snapshot!(shown("agent-9.1.jar", &jar(&[LOG4J, CONTEXT, LOOKUP])), @r"
    agent 9.1 @ agent-9.1.jar
      its Maven group is not stated
    org.apache.logging.log4j:log4j-core 2.14.1 @ agent-9.1.jar!/META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties
      copied into the archive together with its Maven metadata
    ");
}

#[test]
fn a_library_copied_in_alone_is_not_taken_for_the_archive() {
    let cglib = (
        "META-INF/maven/cglib/cglib/pom.properties",
        &b"groupId=cglib\nartifactId=cglib\nversion=3.2\n"[..],
    );
    let manifest = (
        "META-INF/MANIFEST.MF",
        &b"Bundle-SymbolicName: com.acme.inject\nBundle-Version: 4.2.3\n"[..],
    );
    insta::assert_snapshot!(shown("inject.jar", &jar(&[cglib, manifest])), @r"
    com.acme.inject 4.2.3 @ inject.jar
      its Maven group is not stated
    cglib:cglib 3.2 @ inject.jar!/META-INF/maven/cglib/cglib/pom.properties
      copied into the archive together with its Maven metadata
    ");
}

#[test]
fn a_deleted_lookup_class_is_noted() {
    insta::assert_snapshot!(shown("log4j-core-2.14.1.jar", &jar(&[LOG4J, CONTEXT])), @r"
    org.apache.logging.log4j:log4j-core 2.14.1 @ log4j-core-2.14.1.jar
      `org/apache/logging/log4j/core/lookup/JndiLookup.class` was deleted from the archive
    ");
}

#[test]
fn a_library_without_metadata_is_recognised_by_its_class() {
    let moved = format!("com/acme/shaded/{JNDI}");
    let manifest = b"Implementation-Title: Acme Server\nImplementation-Version: 7.1\n";
    let bytes = jar(&[("META-INF/MANIFEST.MF", manifest), (&moved, b"")]);
    insta::assert_snapshot!(shown("acme-server.jar", &bytes), @r"
    acme-server 7.1 @ acme-server.jar
      its Maven group is not stated
    org.apache.logging.log4j:log4j-core  @ acme-server.jar!/com/acme/shaded/org/apache/logging/log4j/core/lookup/JndiLookup.class
      recognised by its class; nothing states the version
    ");
    let own = jar(&[
        ("META-INF/MANIFEST.MF", b"Bundle-Version: 1.4.200\n"),
        ("org/h2/Driver.class", b""),
    ]);
    insta::assert_snapshot!(shown("h2.jar", &own), @"com.h2database:h2 1.4.200 @ h2.jar");
}

#[test]
fn the_manifest_of_something_else_does_not_outdo_the_file_name() {
    let of = |manifest: &[u8], file| {
        let bytes = jar(&[("META-INF/MANIFEST.MF", manifest), ("A.class", b"")]);
        shown(file, &bytes).lines().next().map(str::to_owned).unwrap()
    };
    let other = b"Bundle-SymbolicName: org.slf4j\nImplementation-Version: 1.1.1\n";
    assert_eq!(of(other, "commons-io-2.4.jar"), "commons-io:commons-io 2.4 @ commons-io-2.4.jar");
    let own = b"Implementation-Title: commons-io\nImplementation-Version: 2.5\n";
    assert_eq!(of(own, "commons-io-2.4.jar"), "commons-io:commons-io 2.5 @ commons-io-2.4.jar");
    let bundle = b"Bundle-SymbolicName: derby\nBundle-Version: 10.14.2000000.1828579\n";
    assert_eq!(
        of(bundle, "derby-10.14.2.0.jar"),
        "org.apache.derby:derby 10.14.2.0 @ derby-10.14.2.0.jar"
    );
}

#[test]
fn a_parent_is_no_package_and_a_project_file_alone_is_enough() {
    let parent = b"<project><groupId>com.fasterxml</groupId><artifactId>base</artifactId>\
        <version>2.11</version><packaging>pom</packaging></project>";
    let own = b"<project><parent><groupId>com.fasterxml</groupId><artifactId>base</artifactId>\
        <version>2.11</version></parent><artifactId>databind</artifactId><dependencies><dependency>\
        <groupId>com.fasterxml</groupId><artifactId>core</artifactId></dependency><dependency>\
        <groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency>\
        </dependencies></project>";
    let bytes = jar(&[
        ("META-INF/maven/com.fasterxml/base/pom.xml", parent),
        ("META-INF/maven/com.fasterxml/databind/pom.xml", own),
    ]);
    insta::assert_snapshot!(shown("databind-2.11.jar", &bytes), @"com.fasterxml:databind 2.11 @ databind-2.11.jar");
    let mut found = Found::default();
    JavaArchive.catalogue(&File::new("databind-2.11.jar", &bytes, false), &mut found).unwrap();
    assert_eq!(found.packages[0].depends_on, ["com.fasterxml:core"]);
}

#[test]
fn nested_archives_are_read_stored_or_deflated() {
    let inner = jar(&[LOG4J, CONTEXT, LOOKUP]);
    let members: [(&str, &[u8]); 2] =
        [("WEB-INF/lib/log4j-core-2.14.1.jar", &inner), ("WEB-INF/web.xml", b"<a/>")];
    let expected = "app  @ app.war\n  its Maven group is not stated\n"
        .replace("  its", "  no version is stated\n  its")
        + "org.apache.logging.log4j:log4j-core 2.14.1 @ app.war!/WEB-INF/lib/log4j-core-2.14.1.jar\n";
    assert_eq!(shown("app.war", &jar(&members)), expected);
    assert_eq!(shown("app.war", &packed(&members, CompressionMethod::Stored)), expected);
    let ear = jar(&[("app.war", &jar(&members))]);
    assert!(shown("a.ear", &ear).contains("@ a.ear!/app.war!/WEB-INF/lib/log4j-core-2.14.1.jar"));
}

#[test]
fn an_archive_without_any_version_is_still_a_package() {
    insta::assert_snapshot!(shown("acme.jar", &jar(&[("A.class", b"")])), @r"
    acme  @ acme.jar
      no version is stated
      its Maven group is not stated
    ");
    assert_eq!(shown("empty.jar", b""), "");
    assert_eq!(shown("pictures.rar", b"Rar!\x1a\x07\0"), "");
    insta::assert_snapshot!(shown("cut.jar", b"PK\x03\x04"), @"error: not a valid Java archive: no end of a ZIP directory");
}

#[test]
fn nesting_ends_where_the_bound_is() {
    let mut bytes = jar(&[LOG4J]);
    for _ in 0..20 {
        bytes = jar(&[("a.jar", &bytes)]);
    }
    let shown = shown("a.jar", &bytes);
    assert_eq!(shown.matches("no version is stated").count(), MAX_DEPTH + 1, "{shown}");
    assert!(
        shown.ends_with("Partial: archives are nested deeper or in larger number than is read\n")
    );
}

#[test]
fn a_stored_archive_that_contains_itself_ends() {
    // A directory whose only member is stored and spans the whole file, itself included.
    let mut bytes = packed(&[("a.jar", b"")], CompressionMethod::Stored);
    let size = u32::try_from(bytes.len()).unwrap() - 35;
    let entry = bytes.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    bytes[entry + 20..entry + 24].copy_from_slice(&size.to_le_bytes());
    bytes[entry + 24..entry + 28].copy_from_slice(&size.to_le_bytes());
    let shown = shown("a.jar", &bytes);
    assert!(shown.lines().count() < 100, "{shown}");
}

#[test]
fn a_bomb_is_refused_and_the_rest_is_kept() {
    let zeros = vec![0; 3 << 20];
    let shown = shown("a.war", &jar(&[("bomb.jar", &zeros), ("b/c-1.0.jar", &jar(&[LOG4J]))]));
    assert!(
        shown.contains("Partial: a.war!/bomb.jar: the member inflates more than 200:1"),
        "{shown}"
    );
    assert!(shown.contains("log4j-core 2.14.1"), "{shown}");
}

proptest::proptest! {
    #[test]
    fn no_changed_byte_panics(at in 0..900_usize, value in proptest::num::u8::ANY) {
        let inner = jar(&[LOG4J, CONTEXT]);
        let mut bytes = packed(&[("x/log4j-core-2.jar", &inner), LOG4J], CompressionMethod::Stored);
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        listing(&JavaArchive, "a.jar", &bytes);
    }
}
