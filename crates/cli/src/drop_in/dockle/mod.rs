//! `dockle`: what a ready image should be.
//!
//! Source: <https://github.com/goodwithtech/dockle>.

mod report;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use plimsoll_image::checkpoints::{Facts, Settings};
use plimsoll_image::opened;
use plimsoll_model::{Reference, Transport};

use self::report::{Judged, Layout};
use super::{NEAR, Other, Tool, scanned};
use crate::exit::{Codes, Outcome, Usage, tell};
use crate::{files, output};

pub(super) const TOOL: Tool = Tool {
    name: "dockle",
    release: "0.4.15",
    own: "`plimsoll lint --help`, which judges the Dockerfile",
    variables: None,
    has_go_switches: true,
    has_single_dashes: true,
    codes: Codes { usage: 1, failed: 1, partial: 1 },
    command: Dockle::command,
    others: OTHERS,
    ours: &[],
    absent: &[],
    settings: None,
    run: |matches: &ArgMatches| Dockle::from_arg_matches(matches)?.run(),
};

const OTHERS: &[Other] = &[
    Other::silent("timeout", true).short('t'),
    Other::silent("version-check", false),
    Other::told("nonssl", false, "without TLS only registries of this machine are spoken to"),
    Other::silent("quiet", false).short('q'),
    Other::silent("cache-dir", true),
    Other::told("authurl", true, "the registry itself says where it is asked for tokens"),
];

/// The ignore file, in the working folder.
const IGNORED: &str = ".dockleignore";

/// The largest such file: 1 MiB.
const MAX_IGNORED: u64 = 1 << 20;

#[derive(Debug, clap::Parser)]
#[command(about = "dockle's command line, answered by Plimsoll")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct Dockle {
    /// The image
    #[arg(value_name = "IMAGE")]
    image: Option<String>,

    /// An archive instead of a name
    #[arg(long, value_name = "FILE")]
    input: Option<String>,

    /// Checkpoints that are not asked; those of .dockleignore beside them
    #[arg(short, long, value_name = "CODE", value_delimiter = ',', env = "DOCKLE_IGNORES")]
    ignore: Vec<String>,

    /// Variables that may be set
    #[arg(
        long,
        alias = "ak",
        value_name = "NAME",
        value_delimiter = ',',
        env = "DOCKLE_ACCEPT_KEYS"
    )]
    accept_key: Vec<String>,

    /// Words that no variable may have in its name
    #[arg(
        long,
        alias = "sw",
        value_name = "WORD",
        value_delimiter = ',',
        env = "DOCKLE_REJECT_KEYS"
    )]
    sensitive_word: Vec<String>,

    /// Names or paths of files that are not looked at
    #[arg(
        long,
        alias = "af",
        value_name = "FILE",
        value_delimiter = ',',
        env = "DOCKLE_ACCEPT_FILES"
    )]
    accept_file: Vec<String>,

    /// Names of files that should not be there
    #[arg(
        long,
        alias = "sf",
        value_name = "NAME",
        value_delimiter = ',',
        env = "DOCKLE_REJECT_FILES"
    )]
    sensitive_file: Vec<String>,

    /// Ends of names, without the dot, that are not looked at
    #[arg(
        long,
        alias = "ae",
        value_name = "END",
        value_delimiter = ',',
        env = "DOCKLE_ACCEPT_FILE_EXTENSIONS"
    )]
    accept_file_extension: Vec<String>,

    /// Ends of names that should not be there
    #[arg(
        long,
        alias = "se",
        value_name = "END",
        value_delimiter = ',',
        env = "DOCKLE_REJECT_FILE_EXTENSIONS"
    )]
    sensitive_file_extension: Vec<String>,

    /// list, json, sarif; codes, titles, levels and counts are dockle's, the words of alerts our own
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "list",
        env = "DOCKLE_OUTPUT_FORMAT",
        help_heading = NEAR
    )]
    format: String,

    /// Where it goes
    #[arg(short, long, value_name = "FILE", env = "DOCKLE_OUTPUT_FILE")]
    output: Option<String>,

    /// The exit code where something weighs as much as the level
    #[arg(short = 'c', long, value_name = "CODE", default_value_t = 0, env = "DOCKLE_EXIT_CODE")]
    exit_code: u8,

    /// info, warn, fatal
    #[arg(
        short = 'l',
        long,
        value_name = "LEVEL",
        default_value = "WARN",
        env = "DOCKLE_EXIT_LEVEL"
    )]
    exit_level: String,

    /// Tell of checkpoints that are ignored, too
    #[arg(short, long, env = "DOCKLE_DEBUG")]
    debug: bool,

    /// No colours; without it there are some on a terminal
    #[arg(long, help_heading = NEAR)]
    no_color: bool,

    /// Where the Docker daemon listens; else as Docker's own client has it
    #[arg(long, value_name = "ADDR", env = "DOCKLE_HOST", help_heading = NEAR)]
    host: Option<String>,

    /// The daemon of this user
    #[arg(short = 'x', long, env = "USE_XDG")]
    use_xdg: bool,

    /// Certificates for the daemon
    #[arg(long, value_name = "DIR", env = "DOCKLE_CERT_PATH")]
    cert_path: Option<std::path::PathBuf>,

    /// User of the registry; else as `docker login` has it
    #[arg(long, value_name = "NAME", env = "DOCKLE_USERNAME")]
    username: Option<String>,

    /// Password of this user
    #[arg(long, value_name = "PASSWORD", env = "DOCKLE_PASSWORD", hide_env_values = true)]
    password: Option<String>,

    /// Speak to the registry without TLS or with a certificate nobody vouches for
    #[arg(long, env = "DOCKLE_INSECURE")]
    insecure: bool,
}

impl Dockle {
    fn run(self) -> anyhow::Result<Outcome> {
        let reference = match (&self.input, &self.image) {
            (Some(file), _) => scanned::stored(file),
            (None, Some(name)) => scanned::image(name, Transport::Auto)?,
            (None, None) => {
                return Err(
                    Usage("dockle: name an image, or a file by `--input`".to_owned()).into()
                );
            }
        };
        let layout = Layout::named(&self.format);
        let mut options = scanned::options(None)?;
        options.registry.username = self.username.clone().or(options.registry.username);
        options.registry.password = self.password.clone().or(options.registry.password);
        if let (true, Reference::Image { name, .. }) = (self.insecure, &reference) {
            options.registry.insecure.push(name.registry().to_owned());
        }
        if let Some(host) = &self.host {
            options.daemons.docker.clone_from(host);
        } else if let (true, Some(folder)) = (self.use_xdg, std::env::var_os("XDG_RUNTIME_DIR")) {
            options.daemons.docker = format!("unix://{}/docker.sock", folder.to_string_lossy());
        }
        options.daemons.certificates = self.cert_path.clone().or(options.daemons.certificates);
        scanned::reach(&reference, &mut options);
        let settings = self.settings();
        let image = opened::open(&reference, &options)?;
        let mut facts = Facts::of(&image, &settings)?;
        facts.name = self.image.clone().filter(|_| self.input.is_none());
        facts.has_content_trust = std::env::var("DOCKER_CONTENT_TRUST").is_ok_and(|it| it == "1");
        if facts.is_cut {
            tell("note: dockle: the image has too many such files to tell of each");
        }
        let judged = Judged::of(&facts, &settings, &self.ignored()?, self.debug);
        let colour = !self.no_color && self.output.is_none() && crate::style::stdout_style().colour;
        let name = facts.name.as_deref().unwrap_or_default();
        output::write(self.output.as_deref(), |out| judged.write(layout, name, colour, out))?;
        let is_over = judged.is_over(&self.exit_level);
        Ok(Outcome::of_code(if is_over { self.exit_code } else { 0 }))
    }

    fn settings(&self) -> Settings {
        Settings {
            accepted_keys: self.accept_key.clone(),
            sensitive_words: self.sensitive_word.clone(),
            accepted_files: self.accept_file.clone(),
            sensitive_files: self.sensitive_file.clone(),
            accepted_extensions: self.accept_file_extension.clone(),
            sensitive_extensions: self.sensitive_file_extension.clone(),
        }
    }

    /// The codes of flags and of the ignore file.
    fn ignored(&self) -> anyhow::Result<Vec<String>> {
        let mut all = self.ignore.clone();
        match files::read(std::path::Path::new(IGNORED), MAX_IGNORED) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let lines = text.lines().map(str::trim);
                all.extend(
                    lines.filter(|it| !it.is_empty() && !it.starts_with('#')).map(str::to_owned),
                );
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(anyhow::anyhow!("cannot read `{IGNORED}`: {error}")),
        }
        Ok(all)
    }
}
