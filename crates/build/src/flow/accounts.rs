//! Users and groups: `useradd` and `groupadd` of shadow, `adduser` and `addgroup` of Debian and of
//! `BusyBox`, which share names and not flags.
//!
//! See <https://manpages.debian.org/adduser>, <https://manpages.debian.org/useradd> and
//! `BusyBox`'s `loginutils/adduser.c`.

use crate::shell::Invocation;

use super::event::NewAccount;

/// What a call does to the accounts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// One is made.
    New(NewAccount),
    /// A user is put into a group.
    Member,
    /// Accounts are changed or removed, or it cannot be read which one is made.
    Other,
}

/// Reads a call; `None` where the program has nothing to do with accounts. `busybox` is whether
/// `adduser` is `BusyBox`'s; where it is not known, only what both understand alike is read.
pub(super) fn call(program: &Invocation<'_>, busybox: Option<bool>) -> Option<Call> {
    match program.program() {
        "useradd" => Some(shadow(program, false)),
        "groupadd" => Some(shadow(program, true)),
        "adduser" => Some(adduser(program, busybox)),
        "addgroup" => Some(addgroup(program, busybox)),
        "usermod" | "groupmod" | "userdel" | "groupdel" | "deluser" | "delgroup" | "newusers"
        | "vipw" | "vigr" => Some(Call::Other),
        _ => None,
    }
}

/// The number of a flag: `Ok(None)` without the flag, `Err` where it is no number.
fn number(program: &Invocation<'_>, names: &[&str]) -> Result<Option<u32>, ()> {
    match program.value_of(names) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| ()),
    }
}

/// A name as it may be in passwd.
fn account_name(text: &str) -> Option<String> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (!text.is_empty() && text.len() <= 64 && text.bytes().all(known)).then(|| text.to_owned())
}

fn shadow(program: &Invocation<'_>, group: bool) -> Call {
    const USER: &[&str] = &[
        "b",
        "base-dir",
        "c",
        "comment",
        "d",
        "home-dir",
        "home",
        "e",
        "expiredate",
        "f",
        "inactive",
        "g",
        "gid",
        "G",
        "groups",
        "k",
        "skel",
        "K",
        "key",
        "p",
        "password",
        "R",
        "root",
        "P",
        "prefix",
        "s",
        "shell",
        "u",
        "uid",
        "Z",
        "selinux-user",
    ];
    const GROUP: &[&str] =
        &["g", "gid", "K", "key", "p", "password", "R", "root", "P", "prefix", "U", "users"];
    if program.has_flag(&["D", "defaults", "R", "root", "P", "prefix"]) {
        return Call::Other;
    }
    let (values, id): (&[&str], &[&str]) =
        if group { (GROUP, &["g", "gid"]) } else { (USER, &["u", "uid"]) };
    let operands = program.operands_after(values);
    let name = match operands.as_slice() {
        [one] => account_name(&one.text),
        _ => None,
    };
    let (Some(name), Ok(id)) = (name, number(program, id)) else { return Call::Other };
    let is_forced = group && program.has_flag(&["f", "force"]);
    Call::New(NewAccount {
        group,
        name,
        id,
        program: if group { "groupadd" } else { "useradd" },
        name_may_exist: is_forced,
        id_may_exist: is_forced || program.has_flag(&["o", "non-unique"]),
        own_group: !group && !program.has_flag(&["g", "gid", "N", "no-user-group"]),
    })
}

fn adduser(program: &Invocation<'_>, busybox: Option<bool>) -> Call {
    const BUSYBOX: &[&str] =
        &["h", "home", "g", "gecos", "s", "shell", "G", "ingroup", "u", "uid", "k", "skel"];
    const DEBIAN: &[&str] = &[
        "home",
        "shell",
        "gecos",
        "comment",
        "uid",
        "gid",
        "ingroup",
        "firstuid",
        "lastuid",
        "firstgid",
        "lastgid",
        "conf",
        "add_extra_groups",
    ];
    // Long flags alone are Debian's, short ones BusyBox's; on Red Hat's it is `useradd`.
    let looks_busybox = program.flags().all(|flag| !flag.text.starts_with("--"));
    let is_busybox = match busybox {
        Some(known) => known,
        None if program.flags().next().is_none() => false,
        None => looks_busybox,
    };
    let values = if is_busybox { BUSYBOX } else { DEBIAN };
    let operands = program.operands_after(values);
    let name = match operands.as_slice() {
        [_, _] => return Call::Member,
        [one] => account_name(&one.text),
        _ => None,
    };
    let (Some(name), Ok(id)) = (name, number(program, &["u", "uid"])) else { return Call::Other };
    let system = program.has_flag(&["system"]) && !is_busybox;
    Call::New(NewAccount {
        group: false,
        name,
        id,
        program: "adduser",
        // Debian's is content with a system user that is there already.
        name_may_exist: system,
        id_may_exist: false,
        own_group: if is_busybox {
            !program.has_flag(&["G", "ingroup"])
        } else {
            !program.has_flag(&["gid", "ingroup"]) && (!system || program.has_flag(&["group"]))
        },
    })
}

fn addgroup(program: &Invocation<'_>, busybox: Option<bool>) -> Call {
    let looks_busybox = program.flags().all(|flag| !flag.text.starts_with("--"));
    let is_busybox = busybox.unwrap_or(looks_busybox);
    let values: &[&str] =
        if is_busybox { &["g", "gid"] } else { &["gid", "conf", "firstgid", "lastgid"] };
    let operands = program.operands_after(values);
    let name = match operands.as_slice() {
        [_, _] => return Call::Member,
        [one] => account_name(&one.text),
        _ => None,
    };
    let (Some(name), Ok(id)) = (name, number(program, &["g", "gid"])) else { return Call::Other };
    Call::New(NewAccount {
        group: true,
        name,
        id,
        program: "addgroup",
        name_may_exist: !is_busybox && program.has_flag(&["system"]),
        id_may_exist: false,
        own_group: false,
    })
}

#[cfg(test)]
mod tests {
    use super::{Call, call};
    use crate::shell::{Dialect, Invocation, parse};

    fn read(text: &str, busybox: Option<bool>) -> Option<Call> {
        let script = parse(text, Dialect::Posix);
        let commands = script.simple_commands();
        let first = commands.first().and_then(|found| Invocation::new(found.command, text));
        first.and_then(|invocation| call(&invocation, busybox))
    }

    fn made(text: &str, busybox: Option<bool>) -> (bool, String, Option<u32>, bool) {
        match read(text, busybox) {
            Some(Call::New(new)) => (new.group, new.name, new.id, new.own_group),
            other => unreachable!("{text}: {other:?}"),
        }
    }

    #[test]
    fn each_family_of_programs_is_read_by_its_own_flags() {
        let user = |name: &str, id, own| (false, name.to_owned(), id, own);
        let group = |name: &str, id| (true, name.to_owned(), id, false);
        let busybox = Some(true);
        assert_eq!(made("adduser -D -u 1000 -G app app", busybox), user("app", Some(1000), false));
        assert_eq!(made("adduser -S -g 'A B' app", busybox), user("app", None, true));
        assert_eq!(made("addgroup -S -g 1000 app", busybox), group("app", Some(1000)));
        let debian = Some(false);
        let text = "adduser --system --uid 999 --group --home /h --disabled-password app";
        assert_eq!(made(text, debian), user("app", Some(999), true));
        let text = "adduser --disabled-password --gecos '' --uid 5 app";
        assert_eq!(made(text, None), user("app", Some(5), true));
        assert_eq!(made("addgroup --gid 1000 app", None), group("app", Some(1000)));
        assert_eq!(made("useradd -rm -u 1001 -g root app", None), user("app", Some(1001), false));
        assert_eq!(made("useradd --uid=7 app", None), user("app", Some(7), true));
        assert_eq!(made("groupadd -rg 7 app", None), group("app", Some(7)));
    }

    #[test]
    fn what_names_no_account_to_make_is_other() {
        for text in
            ["useradd -u $UID app", "usermod -aG a b", "deluser node", "adduser", "useradd -D"]
        {
            assert_eq!(read(text, None), Some(Call::Other), "{text}");
        }
        assert_eq!(read("adduser a b", None), Some(Call::Member));
        assert_eq!(read("addgroup a b", Some(true)), Some(Call::Member));
        assert_eq!(read("echo a", None), None);
    }
}
