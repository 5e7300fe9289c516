//! What a header says of a member beside its path, kind, mode and content.
//!
//! An inventory needs none of it, so it is read only where somebody asked for it.

use super::header::Header;
use super::pax::Overrides;

/// Owner, time, device and extended attributes of a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// The owner's number.
    pub uid: u64,
    /// The group's number.
    pub gid: u64,
    /// The owner's name; often empty in layers.
    pub user: String,
    /// The group's name.
    pub group: String,
    /// Seconds since 1970, whole.
    pub mtime: i64,
    /// What PAX states beyond whole seconds, as it is written there.
    pub fraction: String,
    /// Major and minor number of a device node.
    pub device: (u64, u64),
    /// Extended attributes and access lists, sorted by name.
    pub attributes: Vec<(String, Vec<u8>)>,
}

impl Details {
    pub(super) fn of(header: &Header, local: &mut Overrides, global: &Overrides) -> Self {
        let pax = |text: Option<&String>| text.and_then(|text| text.parse().ok());
        let number = |of: fn(&Overrides) -> Option<&String>| pax(of(local).or(of(global)));
        let uid = number(|it| it.uid.as_ref()).or_else(|| header.uid()).unwrap_or(0);
        let gid = number(|it| it.gid.as_ref()).or_else(|| header.gid()).unwrap_or(0);
        let stated = local.mtime.as_ref().or(global.mtime.as_ref());
        let (mtime, fraction) = match stated.and_then(|text| time(text)) {
            Some((seconds, fraction)) => (seconds, fraction.to_owned()),
            None => (header.mtime().unwrap_or(0), String::new()),
        };
        let mut attributes = std::mem::take(&mut local.attributes);
        attributes.sort();
        Self {
            uid,
            gid,
            user: local.user.take().unwrap_or_else(|| header.user()),
            group: local.group.take().unwrap_or_else(|| header.group()),
            mtime,
            fraction,
            device: header.device(),
            attributes,
        }
    }
}

/// Seconds and what stands behind their point.
fn time(text: &str) -> Option<(i64, &str)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    Some((whole.parse().ok()?, fraction.trim_end_matches('0')))
}

#[cfg(test)]
mod tests {
    use super::super::{Archive, Stream};

    #[test]
    fn owner_time_and_attributes_come_from_the_header_and_the_records_before_it() {
        let mut tar = ::tar::Builder::new(Vec::new());
        tar.append_pax_extensions([
            ("mtime", "1700000000.250".as_bytes()),
            ("uid", "3000000".as_bytes()),
            ("SCHILY.xattr.user.a", b"1".as_slice()),
            ("SCHILY.xattr.security.capability", b"\x01\x00\n\x02".as_slice()),
        ])
        .unwrap();
        let mut header = ::tar::Header::new_ustar();
        header.set_size(0);
        header.set_mode(0o755);
        header.set_uid(7);
        header.set_gid(8);
        header.set_mtime(12);
        header.set_username("bin").unwrap();
        tar.append_data(&mut header, "a", &b""[..]).unwrap();
        let mut header = header.clone();
        tar.append_data(&mut header, "b", &b""[..]).unwrap();
        let bytes = tar.into_inner().unwrap();
        let mut archive = Archive::new(Stream::new(bytes.as_slice()), 10).with_details();
        assert!(archive.advance().unwrap());
        let first = archive.entry().details.clone().unwrap();
        assert_eq!((first.uid, first.gid, first.user.as_str()), (3_000_000, 8, "bin"));
        assert_eq!((first.mtime, first.fraction.as_str()), (1_700_000_000, "25"));
        let names: Vec<&str> = first.attributes.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["security.capability", "user.a"]);
        assert_eq!(first.attributes[0].1, b"\x01\x00\n\x02");
        assert!(archive.advance().unwrap());
        let second = archive.entry().details.clone().unwrap();
        assert_eq!((second.uid, second.mtime, second.attributes.len()), (7, 12, 0));
    }
}
