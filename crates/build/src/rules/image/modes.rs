//! Modes of files, as chmod and `--chmod` write them.

/// What a mode grants that rules ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four bits of a mode")]
pub(super) struct Mode {
    /// Runs as the file's owner.
    pub(super) setuid: bool,
    /// Runs as the file's group; on a folder, new files get its group.
    pub(super) setgid: bool,
    /// In a folder, only owners delete.
    pub(super) sticky: bool,
    /// Everybody may write.
    pub(super) world_writable: bool,
}

impl Mode {
    /// Reads `4755`, `u+s,o-w`, `a=rwx`; what cannot be read grants nothing.
    pub(super) fn parse(text: &str) -> Self {
        if !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit()) {
            let bits = u32::from_str_radix(text, 8).unwrap_or_default();
            return Self {
                setuid: bits & 0o4000 != 0,
                setgid: bits & 0o2000 != 0,
                sticky: bits & 0o1000 != 0,
                world_writable: bits & 0o002 != 0,
            };
        }
        let mut mode = Self::default();
        for clause in text.split(',') {
            mode.add(clause);
        }
        mode
    }

    fn add(&mut self, clause: &str) {
        let Some(at) = clause.find(['+', '=', '-']) else { return };
        let (who, granted) = clause.split_at(at);
        if granted.starts_with('-') || !who.bytes().all(|one| b"ugoa".contains(&one)) {
            return;
        }
        let all = who.contains('a');
        let special = granted.contains('s');
        self.setuid |= special && (who.is_empty() || all || who.contains('u'));
        self.setgid |= special && (who.is_empty() || all || who.contains('g'));
        self.sticky |= granted.contains('t');
        // Without a letter the umask decides, which keeps writing from others.
        self.world_writable |= granted.contains('w') && (all || who.contains('o'));
    }
}

#[cfg(test)]
mod tests {
    use super::Mode;

    #[test]
    fn modes_are_read_in_both_forms() {
        for (text, [setuid, setgid, sticky, world_writable]) in [
            ("4755", [true, false, false, false]),
            ("0755", [false; 4]),
            ("1777", [false, false, true, true]),
            ("u+s", [true, false, false, false]),
            ("+s", [true, true, false, false]),
            ("g=rxs,o+w", [false, true, false, true]),
            ("a-s", [false; 4]),
            ("+w", [false; 4]),
            ("ugo+rwX", [false, false, false, true]),
            ("$MODE", [false; 4]),
            ("", [false; 4]),
        ] {
            let wanted = Mode { setuid, setgid, sticky, world_writable };
            assert_eq!(Mode::parse(text), wanted, "{text}");
        }
    }
}
