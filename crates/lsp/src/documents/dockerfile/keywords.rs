//! A sentence on each instruction and each of its flags.
//!
//! <https://docs.docker.com/reference/dockerfile/>

use plimsoll_build::syntax::Keyword;

/// What an instruction does.
pub(super) fn about(keyword: Keyword) -> &'static str {
    match keyword {
        Keyword::Add => "Copies files, unpacks local archives, fetches addresses and repositories.",
        Keyword::Arg => "Declares a variable of the build, which `--build-arg` can set.",
        Keyword::Cmd => {
            "What a container runs unless told otherwise; or arguments of `ENTRYPOINT`."
        }
        Keyword::Copy => "Copies files from the build context, a stage or an image.",
        Keyword::Entrypoint => "The program that a container runs; the arguments come from `CMD`.",
        Keyword::Env => "Sets variables, for the rest of the stage and in the image.",
        Keyword::Expose => "Says on which ports a container listens; it publishes none.",
        Keyword::From => "Begins a stage, on an image, an earlier stage or `scratch`.",
        Keyword::Healthcheck => "The command that tells whether a container still works.",
        Keyword::Label => "Adds metadata to the image.",
        Keyword::Maintainer => {
            "Deprecated: `LABEL org.opencontainers.image.authors=` names authors."
        }
        Keyword::Onbuild => "An instruction for builds that are based on this image.",
        Keyword::Run => "Runs a command in the image so far; what it changes is a new layer.",
        Keyword::Shell => "The shell that reads the commands that follow.",
        Keyword::Stopsignal => "The signal that asks a container to end.",
        Keyword::User => "The user and group of the commands that follow and of the container.",
        Keyword::Volume => "Paths whose content is kept outside of the container.",
        Keyword::Workdir => "The folder of the instructions that follow; it is made where missing.",
        Keyword::Unknown => "",
    }
}

/// The page of an instruction in the reference.
pub(super) fn reference(keyword: Keyword) -> String {
    let name = keyword.name().to_ascii_lowercase();
    let anchor = if keyword == Keyword::Maintainer { "maintainer-deprecated" } else { &name };
    format!("https://docs.docker.com/reference/dockerfile/#{anchor}")
}

/// What a flag does.
pub(super) fn about_flag(keyword: Keyword, flag: &str) -> &'static str {
    match (keyword, flag) {
        (_, "chown") => "owner of what is copied: USER:GROUP",
        (_, "chmod") => "permissions of what is copied",
        (_, "link") => "a layer that does not depend on those before it",
        (_, "exclude") => "a pattern of files that are left out",
        (Keyword::Add, "keep-git-dir") => "keep `.git` of a repository",
        (Keyword::Add, "checksum") => "the digest that what is fetched must have",
        (Keyword::Add, "unpack") => "whether archives are unpacked",
        (Keyword::Copy, "from") => "a stage, a named context or an image to copy from",
        (Keyword::Copy, "parents") => "keep the folders of the sources",
        (Keyword::From, "platform") => "platform of the image, such as linux/arm64",
        (Keyword::Healthcheck, "interval") => "time between two checks",
        (Keyword::Healthcheck, "timeout") => "time that a check may take",
        (Keyword::Healthcheck, "start-period") => "time in which failures do not count",
        (Keyword::Healthcheck, "start-interval") => "time between checks in the start period",
        (Keyword::Healthcheck, "retries") => "failures in a row that make it unhealthy",
        (Keyword::Run, "mount") => "a cache, secret, bind or tmpfs for this command alone",
        (Keyword::Run, "network") => "network of the command: default, none or host",
        (Keyword::Run, "security") => "sandbox or insecure",
        (Keyword::Run, "device") => "a device for this command alone",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_and_flag_is_explained() {
        for (keyword, name) in Keyword::ALL {
            assert!(about(keyword).ends_with('.'), "{name}");
            for flag in keyword.flags() {
                assert!(!about_flag(keyword, flag).is_empty(), "{name} --{flag}");
            }
        }
    }
}
