//! The password of a private key: from the environment, standard input or a person.

use std::env;
use std::io::{self, BufRead, IsTerminal};

use anyhow::Context;
use zeroize::Zeroizing;

use crate::exit::Usage;

/// Where a password is looked for, the first that is set. Cosign's name serves too, so that a
/// pipeline need not be changed.
const VARIABLES: [&str; 2] = ["PLIMSOLL_KEY_PASSWORD", "COSIGN_PASSWORD"];

/// A password; an empty one is a password.
pub(crate) type Password = Zeroizing<Vec<u8>>;

/// Where the password comes from where no variable has it.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct PasswordSource {
    /// Read the key's password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    /// The password of a key that exists.
    pub(crate) fn read(self, of: &str) -> anyhow::Result<Password> {
        match self.unasked()? {
            Some(password) => Ok(password),
            None => ask(&format!("Password of {of}: ")),
        }
    }

    /// The password for a new key, which a person types twice.
    pub(crate) fn choose(self, of: &str) -> anyhow::Result<Password> {
        if let Some(password) = self.unasked()? {
            return Ok(password);
        }
        let password = ask(&format!("Password for {of} (empty for none): "))?;
        if *ask("The same once more: ")? != *password {
            return Err(Usage("the two passwords differ: nothing was written".into()).into());
        }
        Ok(password)
    }

    fn unasked(self) -> anyhow::Result<Option<Password>> {
        if self.password_stdin {
            let mut line = Zeroizing::new(Vec::with_capacity(256));
            io::stdin().lock().read_until(b'\n', &mut line).context("cannot read the password")?;
            while line.last().is_some_and(|byte| b"\r\n".contains(byte)) {
                line.pop();
            }
            return Ok(Some(line));
        }
        let set = VARIABLES.iter().find_map(env::var_os);
        Ok(set.map(|text| Zeroizing::new(std::os::unix::ffi::OsStringExt::into_vec(text))))
    }
}

fn ask(prompt: &str) -> anyhow::Result<Password> {
    if !io::stdin().is_terminal() {
        let [ours, cosigns] = VARIABLES;
        let why = format!(
            "a password is needed and nobody is here to type it: set {ours} (or {cosigns}), or \
             give `--password-stdin`"
        );
        return Err(Usage(why).into());
    }
    let password = rpassword::prompt_password(prompt).context("cannot read the password")?;
    Ok(Zeroizing::new(password.into_bytes()))
}
