//! The reasons for which two builds differ, one line each: what they are called, whether what the
//! image does is still the same, and what to change.

use serde::Serialize;

/// A reason for a difference.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// What `--accept` calls it.
    pub id: &'static str,
    /// What it is, in words.
    pub title: &'static str,
    /// Whether the image does the same all the same. A file that is known by its path alone may hold
    /// anything, so only logs and identities that are drawn anew count as harmless there.
    #[serde(rename = "benign")]
    pub is_benign: bool,
    /// What to change so that the next builds agree.
    pub remedy: &'static str,
}

macro_rules! causes {
    ($($name:ident $id:literal $benign:literal $title:literal $remedy:expr;)*) => {
        $(#[doc = $title] pub static $name: Cause =
            Cause { id: $id, title: $title, is_benign: $benign, remedy: $remedy };)*

        impl Cause {
            /// Every cause, in the order in which they are told.
            pub const ALL: &'static [&'static Self] = &[$(&$name),*];
        }
    };
}

const EPOCH: &str = "build with BuildKit and a fixed `SOURCE_DATE_EPOCH`, such as \
    `SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)`";
const REWRITE: &str = "export with `--output type=image,rewrite-timestamp=true` and a fixed \
    `SOURCE_DATE_EPOCH` (BuildKit 0.13 or later), or `find … -exec touch -d @$SOURCE_DATE_EPOCH` at \
    the end of the same RUN";

causes! {
    CONTENT "content" false "other content" "see what wrote the file: pin what is downloaded, and \
        give the tool a fixed time, locale, path and order";
    ONLY_ORIGINAL "only-in-original" false "only in the original" "see why the step no longer makes \
        the file";
    ONLY_REBUILT "only-in-rebuilt" false "only in the rebuilt image" "see why the step makes the \
        file now: caches and logs are removed in the RUN that makes them";
    LAYER "layer" false "a layer that the other image has not" "build both from the same Dockerfile \
        with the same builder";
    KIND "kind" false "another kind of entry" "see what made the entry";
    LINK "link" false "another target of a link" "see what made the link";
    MODE "mode" false "other permissions" "set the mode: `COPY --chmod=`, or `umask 022` in the RUN; \
        a checkout keeps the umask of its user";
    OWNER "owner" false "another owner" "set the owner: `COPY --chown=`, and fixed numbers for \
        accounts (`useradd --uid`)";
    OWNER_NAME "owner-name" true "another name of the owner in the archive" "use one builder: some \
        write names of accounts into the archive and some do not";
    ATTRIBUTES "attributes" false "other extended attributes" "build on a file system that keeps \
        extended attributes";
    CONFIG "config" false "another setting of the image" "build from the same Dockerfile with the \
        same arguments";
    LABEL "label" false "another label" "give labels values that depend on the source alone";
    HISTORY "history" false "another instruction in the history" "build from the same Dockerfile \
        with the same arguments";
    MISSING "absent" false "a layer that could not be read" "push the layer to the registry: a \
        foreign layer is not compared";
    MTIME "mtime" true "another time of change" REWRITE;
    CREATED "created" true "another time of creation" EPOCH;
    CREATED_LABEL "created-label" true "a label with the time of the build" "make it from \
        `SOURCE_DATE_EPOCH` or from the commit's time, or leave it out";
    BUILDER_STATE "builder-state" true "what the old builder keeps of its containers" "build with \
        BuildKit (`DOCKER_BUILDKIT=1`, `docker buildx build`)";
    ORDER "order" true "another order of entries" "use one builder and version: it must sort what it \
        archives";
    TAR_FORM "tar-form" true "headers of another form" "use one builder and version: some write PAX \
        records and some do not";
    COMPRESSION "compression" true "other compression of the same layer" "use one builder and \
        version with the same `compression=` and `compression-level=`; the diff id is the same";
    ANNOTATION "annotation" true "another annotation of the manifest" "give annotations values that \
        depend on the source alone";
    FORM "form" true "a document of another form" "use one builder and version";
    PACKAGE_LOG "package-log" true "a log of a package manager" "end the RUN with `rm -rf \
        /var/log/dpkg.log /var/log/alternatives.log /var/log/apt /var/log/dnf* /var/log/yum*`";
    LOADER_CACHE "loader-cache" false "the dynamic loader's cache" "end the RUN with `rm -f \
        /var/cache/ldconfig/aux-cache`; `/etc/ld.so.cache` is the same again where libraries come \
        in the same order";
    PACKAGE_CACHE "package-cache" false "a cache of a package manager" "end the RUN with `apt-get \
        clean && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/dnf /var/cache/apk/*`, or \
        keep it in a `--mount=type=cache`";
    DEBCONF "debconf" false "answers of debconf" "end the RUN with `rm -rf /var/cache/debconf/*-old`, \
        and give answers by `DEBIAN_FRONTEND=noninteractive`";
    MACHINE_ID "machine-id" true "a number that is drawn for each machine" "end the RUN with \
        `truncate -s 0 /etc/machine-id && rm -f /var/lib/dbus/machine-id`";
    HOST_KEY "host-key" false "a secret key that was made at build time" "make keys when the \
        container starts: everybody who has the image has this one";
    SHADOW "shadow" false "the day of an account's last change" "add accounts with a fixed \
        `SOURCE_DATE_EPOCH` (shadow 4.11 or later), or set the third field with `chage -d`";
    PACKAGE_DATABASE "package-database" false "times of installation in a package database" "set \
        `SOURCE_DATE_EPOCH` (rpm 4.18: `%_use_source_date_epoch_as_buildtime`), and install the same \
        packages by version or from a snapshot";
    RUNTIME_FILE "runtime-file" false "a file that the container runtime writes" "leave it out of the \
        image: it is mounted over when a container starts";
    HOME_CACHE "home-cache" false "a cache of a tool" "end the RUN with the tool's own `cache clean`, \
        or keep it in a `--mount=type=cache`";
    TEMPORARY "temporary" false "a temporary file" "remove it in the RUN that makes it";
    PYC "pyc" true "the time in compiled Python" "set `PYTHONDONTWRITEBYTECODE=1`, or compile with \
        `python -m compileall --invalidation-mode unchecked-hash`; `SOURCE_DATE_EPOCH` chooses \
        hashes too";
    GZIP "gzip" true "a gzip file of the same content" "pack with `gzip -n`, which writes neither \
        name nor time";
    AR "ar" true "times and owners in a static library" "use `ar D` and `ranlib -D`, the default of \
        binutils that are built deterministic";
    ZIP "zip" true "times in a zip or jar" "set `project.build.outputTimestamp` (Maven), \
        `preserveFileTimestamps = false` (Gradle), `zip -X` after `touch -d @$SOURCE_DATE_EPOCH`, or \
        run `strip-nondeterminism`";
    BUILD_ID "build-id" true "the build id of a program" "compile in the same folder with \
        `-ffile-prefix-map=` (Go: `-trimpath -ldflags=-buildid=`), or link with \
        `-Wl,--build-id=none`";
    TEXT_TIME "text-time" true "a time in a text" "let the tool take the time from \
        `SOURCE_DATE_EPOCH`";
    BINARY_TIME "binary-time" true "the time of the build in a binary file" "let the tool take the \
        time from `SOURCE_DATE_EPOCH`; C and C++: avoid `__DATE__` and `__TIME__`";
    LINE_ORDER "line-order" true "the same lines in another order" "sort what is written: `LC_ALL=C \
        sort`, and no listing of a folder in the order of the disk";
}

impl Cause {
    /// The cause that is called `id`.
    pub fn named(id: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|cause| cause.id == id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::Cause;

    #[test]
    fn names_are_unique_and_every_cause_says_what_to_change() {
        for cause in Cause::ALL {
            assert_eq!(Cause::named(cause.id), Some(*cause));
            assert!(!cause.remedy.is_empty() && !cause.remedy.contains("  "), "{}", cause.id);
        }
    }
}
