//! PAX records: `LENGTH KEY=VALUE\n`, of which the ones that change how to read a member count.

use super::sparse::SparseMap;

/// What PAX or GNU extension headers say in place of the header.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    pub(super) path: Option<String>,
    pub(super) link: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) sparse: Option<SparseMap>,
    pub(super) mtime: Option<String>,
    pub(super) uid: Option<String>,
    pub(super) gid: Option<String>,
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
    /// Extended attributes without the prefix that the records have.
    pub(super) attributes: Vec<(String, Vec<u8>)>,
    /// The name of a sparse file, which counts over `path`.
    sparse_name: Option<String>,
    /// Of a piece that is stated in two records.
    piece_offset: Option<u64>,
}

impl Overrides {
    /// Takes in records; what is malformed ends the reading of them, as GNU tar does.
    pub(super) fn read(&mut self, mut records: &[u8]) {
        // Those of the last header count, so that many headers are no more than one in memory.
        self.attributes.clear();
        while let Some((key, value, rest)) = record(records) {
            records = rest;
            let text = || String::from_utf8_lossy(value).into_owned();
            match key {
                b"path" => self.path = Some(text()),
                b"linkpath" => self.link = Some(text()),
                b"size" => self.size = text().parse().ok(),
                b"mtime" => self.mtime = Some(text()),
                b"uid" => self.uid = Some(text()),
                b"gid" => self.gid = Some(text()),
                b"uname" => self.user = Some(text()),
                b"gname" => self.group = Some(text()),
                b"GNU.sparse.name" => {
                    self.sparse_name = Some(text());
                    self.sparse.get_or_insert_default();
                }
                _ => {
                    if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                        let name = String::from_utf8_lossy(name).into_owned();
                        self.attributes.push((name, value.to_vec()));
                    } else if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                        let is_sound = self.sparse(key, &text()).is_some();
                        self.sparse.get_or_insert_default().is_damaged |= !is_sound;
                    }
                }
            }
        }
    }

    fn sparse(&mut self, key: &[u8], value: &str) -> Option<()> {
        let map = self.sparse.get_or_insert_default();
        let number = |text: &str| text.parse::<u64>().ok();
        match key {
            b"size" | b"realsize" => map.size = number(value)?,
            b"major" => map.is_in_content = number(value)? >= 1,
            b"offset" => self.piece_offset = Some(number(value)?),
            b"numbytes" => {
                map.push(self.piece_offset.take()?, number(value)?);
            }
            b"map" => {
                let mut numbers = value.split(',').map(number);
                while let Some(offset) = numbers.next() {
                    map.push(offset?, numbers.next()??);
                }
            }
            _ => {}
        }
        Some(())
    }

    /// The path that the records state.
    pub(super) fn take_path(&mut self) -> Option<String> {
        self.sparse_name.take().or_else(|| self.path.take())
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

    #[test]
    fn both_forms_of_a_sparse_map_in_records_give_its_pieces() {
        let one = b"22 GNU.sparse.size=99\n23 GNU.sparse.offset=1\n25 GNU.sparse.numbytes=2\n24 GNU.sparse.offset=10\n25 GNU.sparse.numbytes=3\n";
        let all = b"26 GNU.sparse.name=a/real\n22 GNU.sparse.size=99\n27 GNU.sparse.map=1,2,10,3\n";
        for records in [&one[..], &all[..]] {
            let mut overrides = Overrides::default();
            overrides.read(records);
            let map = overrides.sparse.unwrap();
            assert_eq!((map.size, map.pieces), (99, vec![(1, 2), (10, 3)]));
        }
        let mut overrides = Overrides::default();
        overrides.read(b"24 GNU.sparse.map=1,2,3\n");
        assert!(overrides.sparse.unwrap().is_damaged);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            Overrides::default().read(&bytes);
        }
    }
}
