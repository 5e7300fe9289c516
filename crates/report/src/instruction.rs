//! The instruction that made a layer, as its Dockerfile had it.
//!
//! The build history keeps it in the words of the builder: the classic one writes
//! `/bin/sh -c #(nop)  COPY …`, BuildKit `RUN |1 ARG=value /bin/sh -c … # buildkit`.

use crate::text;

/// The instruction in one line; empty where the history says nothing.
pub fn of(created_by: &str) -> String {
    const SHELL: &str = "/bin/sh -c ";
    let line = text::one_line(created_by);
    let line = line.strip_suffix("# buildkit").unwrap_or(&line).trim_end();
    if let Some(rest) = line.strip_prefix(SHELL) {
        return match rest.strip_prefix("#(nop) ") {
            Some(instruction) => short_hashes(instruction.trim_start()),
            None => format!("RUN {rest}"),
        };
    }
    let command = line.strip_prefix("RUN ").and_then(|rest| {
        if rest.starts_with('|') {
            rest.split_once(SHELL).map(|(_, command)| command)
        } else {
            rest.strip_prefix(SHELL)
        }
    });
    command.map_or_else(|| line.to_owned(), |command| format!("RUN {command}"))
}

/// The classic builder writes the hash of what it added where the Dockerfile had its name.
fn short_hashes(instruction: &str) -> String {
    let word = |word: &str| match word.split_once(':') {
        Some((kind @ ("file" | "dir" | "multi"), hash)) if hash.len() > 16 && hash.is_ascii() => {
            format!("{kind}:{}…", hash.get(..8).unwrap_or(hash))
        }
        _ => word.to_owned(),
    };
    instruction.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn every_builder_s_wrapping_comes_off() {
        assert_eq!(of("/bin/sh -c #(nop)  CMD [\"bash\"]"), "CMD [\"bash\"]");
        assert_eq!(of("/bin/sh -c apt-get update"), "RUN apt-get update");
        assert_eq!(
            of("RUN /bin/sh -c apt-get update \t && true # buildkit"),
            "RUN apt-get update && true"
        );
        assert_eq!(of("RUN |1 V=2 /bin/sh -c make # buildkit"), "RUN make");
        assert_eq!(
            of("/bin/sh -c #(nop) ADD file:4b1be1de1a1e5aa60 in / "),
            "ADD file:4b1be1de… in /"
        );
        assert_eq!(of("COPY . /app # buildkit"), "COPY . /app");
        assert_eq!(of(""), "");
    }
}
