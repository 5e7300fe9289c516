//! A record: a line with its stamp and its fields.

/// What stands between a record of the kernel and what `auditd` adds to it.
const ENRICHED: u8 = 0x1d;

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) kind: String,
    pub(super) node: Option<String>,
    /// Nanoseconds since 1970.
    pub(super) time: u64,
    pub(super) serial: u64,
    pub(super) fields: Vec<(String, String)>,
}

impl Record {
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut node = None;
        let mut rest = line;
        if let Some(named) = rest.strip_prefix("node=") {
            let (name, behind) = named.split_once(' ')?;
            node = Some(name.to_owned());
            rest = behind;
        }
        let (kind, rest) = rest.strip_prefix("type=")?.split_once(' ')?;
        let (stamp, rest) = rest.trim_start().strip_prefix("msg=audit(")?.split_once(')')?;
        let (time, serial) = stamp.rsplit_once(':')?;
        let (seconds, part) = time.split_once('.')?;
        let nanoseconds = format!("{part:0<9}").get(..9)?.parse::<u64>().ok()?;
        let time = seconds.parse::<u64>().ok()?.checked_mul(1_000_000_000)?;
        Some(Self {
            kind: kind.to_owned(),
            node,
            time: time.checked_add(nanoseconds)?,
            serial: serial.parse().ok()?,
            fields: fields(rest.strip_prefix(':').unwrap_or(rest)),
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A text: in quotes as it is, without them in hexadecimal.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        if let Some(quoted) = value.strip_prefix('"') {
            return Some(quoted.strip_suffix('"').unwrap_or(quoted).to_owned());
        }
        if matches!(value, "(null)" | "(none)" | "?") {
            return None;
        }
        let decoded = unhex(value).filter(|bytes| !bytes.is_empty());
        Some(
            decoded.map_or_else(
                || value.to_owned(),
                |bytes| String::from_utf8_lossy(&bytes).into_owned(),
            ),
        )
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    pub(super) fn id(&self, name: &str) -> Option<u32> {
        self.get(name)?.parse().ok()
    }
}

/// `key=value` one behind the other; values in quotes may have blanks.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', char::from(ENRICHED)]);
        let Some((key, behind)) = rest.split_once('=') else { return all };
        let key = key.rsplit(' ').next().unwrap_or(key);
        let quote = behind.chars().next().filter(|first| matches!(first, '"' | '\''));
        let end = match quote {
            Some(quote) => {
                behind.get(1..).and_then(|it| it.find(quote)).map_or(behind.len(), |at| at + 2)
            }
            None if behind.starts_with('{') => behind.find('}').map_or(behind.len(), |at| at + 1),
            None => behind.find([' ', char::from(ENRICHED)]).unwrap_or(behind.len()),
        };
        let (value, behind) = behind.split_at(end);
        all.push((key.to_owned(), value.to_owned()));
        rest = behind;
    }
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
            _ => None,
        })
        .collect()
}
