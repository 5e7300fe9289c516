//! Users and groups of the machine, from its files.

use std::fs;

use plimsoll_runtime::scap::Account;

/// The most that are taken.
const MOST: usize = 65_536;

/// All accounts in `/etc/passwd` and `/etc/group`.
pub(super) fn all() -> Vec<Account> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let (users, groups) = (read("/etc/passwd"), read("/etc/group"));
    users.lines().filter_map(user).chain(groups.lines().filter_map(group)).take(MOST).collect()
}

fn user(line: &str) -> Option<Account> {
    let mut cells = line.split(':');
    let name = cells.next()?.as_bytes().to_vec();
    let (_, uid, gid) = (cells.next()?, cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
    let (_, home, shell) = (cells.next()?, cells.next()?, cells.next()?);
    Some(Account::User { uid, gid, name, home: home.into(), shell: shell.into() })
}

fn group(line: &str) -> Option<Account> {
    let mut cells = line.split(':');
    let name = cells.next()?.as_bytes().to_vec();
    Some(Account::Group { gid: cells.nth(1)?.parse().ok()?, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_files_are_accounts_and_others_are_none() {
        let Some(Account::User { uid: 33, gid: 34, name, home, shell }) =
            user("www-data:x:33:34:www-data:/var/www:/usr/sbin/nologin")
        else {
            panic!("no user")
        };
        assert_eq!(
            (name, home, shell),
            (b"www-data".to_vec(), b"/var/www".to_vec(), b"/usr/sbin/nologin".to_vec())
        );
        assert_eq!(
            group("docker:x:998:me"),
            Some(Account::Group { gid: 998, name: b"docker".to_vec() })
        );
        assert_eq!(user("broken:x"), None);
        assert_eq!(group("broken"), None);
        assert_eq!(group("broken:x:y:"), None);
    }
}
