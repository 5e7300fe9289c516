//! By which text each well-known program gives its version away.
//!
//! A rule goes by the name of the file and looks for texts that the program itself prints; the
//! version stands between `before` and `after`. What distributions append to a version
//! (`-1+deb12u4`) may stand there too and is no part of it.

/// How one program is recognised.
#[derive(Debug)]
pub(super) struct Rule {
    /// Name in the package URL.
    pub(super) program: &'static str,
    /// Names of the files that are it.
    pub(super) files: &'static [Name],
    /// Where the version stands; the first that is found counts.
    pub(super) marks: &'static [Mark],
}

/// A name of a file.
#[derive(Debug)]
pub(super) enum Name {
    /// This one.
    Is(&'static str),
    /// This one, or with a number behind it: `python3.11`, `php8.2`.
    Numbered(&'static str),
    /// A shared library with numbers behind it: `libcrypto.so.1.1`, `libpython3.11.so.1.0`.
    Library(&'static str),
}

/// Where the version stands.
#[derive(Debug)]
pub(super) enum Mark {
    /// Between two texts. An empty one is not looked for, but never are both empty.
    Between(&'static str, &'static str),
    /// A text of its own that begins with the number in the file's name.
    OfName,
    /// A text of its own that also begins a longer one, which ends in digits of the build.
    BuildId,
}

use Mark::{Between, BuildId, OfName};
use Name::{Is, Library, Numbered};

/// All of them. A file may be several programs by its name: what it says decides.
pub(super) const RULES: &[Rule] = &[
    rule("aws-lc", &[Is("openssl")], &[Between("; AWS-LC ", ")")]),
    rule("bash", &[Is("bash")], &[Between("Bash version ", "(")]),
    rule("bun", &[Is("bun")], &[Between("\0bun/", ""), Between("Bun v", "")]),
    rule("busybox", &[Is("busybox")], &[Between("BusyBox v", "")]),
    rule("curl", &[Is("curl")], &[Between("curl/", "")]),
    rule("deno", &[Is("deno")], &[Between("Deno/", "")]),
    rule(
        "erlang",
        &[Is("beam.smp"), Is("erlexec")],
        &[Between("/otp_src_", "/"), Between("/src/otp-", "/")],
    ),
    rule("gzip", &[Is("gzip")], &[Between("\0", "\0")]),
    rule(
        "haproxy",
        &[Is("haproxy")],
        &[Between("version ", ", released 20"), Between("HA-Proxy version ", "")],
    ),
    rule("httpd", &[Is("httpd"), Is("apache2")], &[Between("Apache/", "")]),
    rule("jq", &[Is("jq")], &[Between("\0jq-", "\0"), Between("\0", "\0")]),
    rule("lighttpd", &[Is("lighttpd")], &[Between("lighttpd/", "")]),
    rule("mariadb", MYSQL_FILES, &[Between("", "-MariaDB"), Between("MariaDB ", "\0")]),
    rule("memcached", &[Is("memcached")], &[Between("memcached ", "")]),
    rule(
        "mongodb",
        &[Is("mongod"), Is("mongos")],
        &[Between("", "\0cppdefines"), Between("", "\0heap_size"), Between("", "\0tcmalloc")],
    ),
    rule("mysql", MYSQL_FILES, &[Between("/mysql-", "/"), Between("/mysqlcom-pro-", "/")]),
    rule("nginx", &[Is("nginx")], &[Between("nginx version: nginx/", "")]),
    rule(
        "node",
        &[Is("node"), Is("nodejs")],
        &[Between("node.js/v", ""), Between("\0node v", "\0"), Between("/node-v", "")],
    ),
    rule("openresty", &[Is("nginx"), Is("openresty")], &[Between("version: openresty/", "")]),
    rule("openssl", &[Is("openssl"), Library("libcrypto")], &[Between("\0OpenSSL ", " ")]),
    rule(
        "perl",
        &[Numbered("perl")],
        &[Between("\0v", "\0"), Between("/perl5/", "\0"), Between("/perl5/", "/")],
    ),
    rule(
        "php",
        &[Numbered("php"), Numbered("php-cgi"), Numbered("php-fpm"), Library("libphp")],
        &[Between("X-Powered-By: PHP/", "")],
    ),
    rule(
        "postgresql",
        &[Is("postgres"), Is("postmaster")],
        &[Between("PostgreSQL ", " ("), Between("PostgreSQL ", " on ")],
    ),
    rule("proftpd", &[Is("proftpd")], &[Between("ProFTPD Version ", "")]),
    rule("python", &[Numbered("python"), Library("libpython")], &[OfName]),
    rule("redis", REDIS_FILES, &[BuildId, Between("Redis version ", "")]),
    rule("ruby", &[Numbered("ruby"), Library("libruby")], &[Between("ruby ", " (")]),
    rule("rust", &[Is("rustc")], &[Between("rustc version ", " (")]),
    rule("traefik", &[Is("traefik")], &[Between("\0", "\0\0")]),
    rule("valkey", &[Is("valkey-server"), Is("valkey-check-rdb")], &[BuildId]),
    rule("xz", &[Is("xz")], &[Between("(XZ Utils) ", "")]),
    rule("zstd", &[Is("zstd")], &[Between("\0v", "\0")]),
];

const MYSQL_FILES: &[Name] = &[Is("mariadb"), Is("mariadbd"), Is("mysql"), Is("mysqld")];
const REDIS_FILES: &[Name] = &[Is("redis-server"), Is("redis-check-rdb"), Is("redis-sentinel")];

const fn rule(program: &'static str, files: &'static [Name], marks: &'static [Mark]) -> Rule {
    Rule { program, files, marks }
}

impl Name {
    /// Whether it is the name of a file, and the number in that.
    pub(super) fn of<'f>(&self, file: &'f str) -> Option<&'f str> {
        let number = match self {
            Self::Is(name) => return (file == *name).then_some(""),
            Self::Numbered(name) => file.strip_prefix(name)?,
            Self::Library(name) => {
                let (stem, end) = file.strip_prefix(name)?.split_once(".so")?;
                let stem = stem.trim_start_matches('-');
                // The letters of builds for debugging and with other allocators.
                let number = stem.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
                let stem = if number.is_empty() { stem } else { number };
                is_number(end.trim_start_matches('.')).then_some(stem)?
            }
        };
        is_number(number).then_some(number)
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_numbers_where_programs_have_them() {
        assert_eq!(Numbered("python").of("python3.11"), Some("3.11"));
        assert_eq!(Numbered("python").of("python"), Some(""));
        assert_eq!(Numbered("python").of("python3-config"), None);
        assert_eq!(Library("libpython").of("libpython3.11.so.1.0"), Some("3.11"));
        assert_eq!(Library("libpython").of("libpython3.7m.so.1.0"), Some("3.7"));
        assert_eq!(Library("libcrypto").of("libcrypto.so.3"), Some(""));
        assert_eq!(Library("libruby").of("libruby-3.1.so.3.1.2"), Some("3.1"));
        assert_eq!(Library("libcrypto").of("libcryptopp.so.8"), None);
        assert_eq!(Is("node").of("nodes"), None);
    }

    #[test]
    fn no_rule_looks_for_nothing_and_all_are_in_order() {
        let empty = |mark: &Mark| matches!(mark, Between("", ""));
        assert!(!RULES.iter().flat_map(|rule| rule.marks).any(empty));
        assert!(RULES.is_sorted_by_key(|rule| rule.program));
    }
}
