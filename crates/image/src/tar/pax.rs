//! PAX records: `LENGTH KEY=VALUE\n`, of which the ones that change how to read a member count.

/// What PAX or GNU extension headers say in place of the header.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    pub(super) path: Option<String>,
    pub(super) link: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) sparse: bool,
}

impl Overrides {
    /// Takes in records; what is malformed ends the reading of them, as GNU tar does.
    pub(super) fn read(&mut self, mut records: &[u8]) {
        while let Some((key, value, rest)) = record(records) {
            records = rest;
            let text = || String::from_utf8_lossy(value).into_owned();
            match key {
                b"path" => self.path = Some(text()),
                b"linkpath" => self.link = Some(text()),
                b"size" => self.size = text().parse().ok(),
                b"GNU.sparse.name" => {
                    self.path = Some(text());
                    self.sparse = true;
                }
                _ if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
        }
    }
}

fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|&byte| byte == b' ')?;
    let length: usize = std::str::from_utf8(bytes.get(..space)?).ok()?.parse().ok()?;
    let body = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|&byte| byte == b'=')?;
    Some((body.get(..equals)?, body.get(equals + 1..)?, bytes.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::Overrides;

    #[test]
    fn records_are_read_up_to_the_first_malformed_one() {
        let mut overrides = Overrides::default();
        overrides.read(b"12 path=a/b\n11 size=42\n99 linkpath=x\n");
        assert_eq!(overrides.path.as_deref(), Some("a/b"));
        assert_eq!(overrides.size, Some(42));
        assert_eq!(overrides.link, None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            Overrides::default().read(&bytes);
        }
    }
}
