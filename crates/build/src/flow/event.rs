//! What an instruction does to the image, as far as its text says so.

use crate::Span;

use super::packages::Manager;

/// Something that an instruction does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The index of the instruction; two events of one layer have the same.
    pub instruction: usize,
    /// The first line of the instruction.
    pub line: u32,
    /// The words that say it.
    pub span: Span,
    /// Whether it happens in every build that goes on: it stands in no branch, loop or function.
    pub certain: bool,
    /// What happens.
    pub effect: Effect,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// A package is installed.
    Install {
        /// By what.
        manager: Manager,
        /// Its name, without version, release and architecture.
        package: String,
        /// The name of `apk add --virtual` that stands for it as well.
        group: Option<String>,
    },
    /// A package, or those of a group, is removed.
    Uninstall {
        /// By what.
        manager: Manager,
        /// The name; `None` for whatever nothing needs any more.
        package: Option<String>,
        /// Whether a failure is passed over: `|| true`.
        forgiven: bool,
    },
    /// Packages are removed whose names the text does not say.
    UninstallOthers,
    /// A file, or a folder with what is in it, is there now.
    Write {
        /// Its absolute path, without `.`, `..` and a slash at the end.
        path: String,
        /// By what.
        by: Writer,
    },
    /// A file is written, and the text does not say where.
    WriteElsewhere,
    /// Files are removed.
    Delete {
        /// The absolute path, in which `*` and `?` may stand for names.
        path: String,
        /// The program: `rm`, `mv`, `yum clean`.
        program: &'static str,
    },
    /// A tree gets other owners or modes.
    Reown {
        /// The absolute path.
        path: String,
        /// The program: `chown`, `chgrp` or `chmod`.
        program: &'static str,
        /// Its first operand: `node:node`, `755`.
        to: String,
    },
    /// A user or a group is made.
    Account(NewAccount),
    /// Users or groups are changed or removed; which are there then is not followed.
    OtherAccounts,
    /// The user of the following instructions.
    BecomeUser {
        /// As it stands behind `USER`, variables expanded.
        user: String,
    },
    /// A program is called, directly or by a shell.
    Call {
        /// As written, variables expanded: `npm`, `/usr/bin/env`.
        program: String,
        /// Whether something happens when it is not there: `curl … || true`, `if curl …`.
        guarded: bool,
    },
    /// Something runs or is copied of which the text does not say what it does.
    Opaque(Opaque),
}

/// What made a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// `COPY` or `ADD` of what is not known to be a file: at the path is its content.
    CopyTree,
    /// `COPY` or `ADD` of what is likely a file.
    CopyFile,
    /// A program of `RUN`: `curl -o`, `git clone`, `tar -C`.
    Program(&'static str),
    /// `mkdir` or `WORKDIR`: an empty folder.
    Folder,
}

/// How much may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opaque {
    /// Anything.
    All,
    /// Files came into folders that hold commands.
    Commands,
    /// Programs of a language's own came: `npm install -g`, `pip install`.
    Tools,
}

/// A user or a group that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, asked for by name")]
pub struct NewAccount {
    /// Whether it is a group.
    pub group: bool,
    /// The name.
    pub name: String,
    /// The number, if one is asked for.
    pub id: Option<u32>,
    /// The program that makes it: `adduser`, `addgroup`, `useradd`, `groupadd`.
    pub program: &'static str,
    /// Whether it is no failure that the name is taken: `groupadd -f`, `|| true`.
    pub name_may_exist: bool,
    /// Whether it is no failure that the number is taken: `useradd -o`.
    pub id_may_exist: bool,
    /// Whether a user gets a group of its own name.
    pub own_group: bool,
}
