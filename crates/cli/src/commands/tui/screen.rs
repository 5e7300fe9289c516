//! The terminal: put into raw mode and onto its other screen, and given back as it was, however the
//! program ends: by itself, by an error, by a panic or by a signal.
//!
//! One thread reads keys and looks for signals: a read gives up after a tenth of a second, which
//! also tells a lone escape from the beginning of a sequence.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use ratatui::Terminal;
use ratatui::backend::TermionBackend;
use rustix::termios::{OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};

use super::keys::{Decoder, Key};
use crate::exit::Usage;

/// How the terminal was, while it is not so.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Other screen, no cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[2J";

/// Plain letters, cursor, first screen.
const LEAVE: &str = "\x1b[0m\x1b[?25h\x1b[?1049l";

/// Reads that end at once, one after the other, before the terminal counts as gone.
const EMPTY_READS: u32 = 50;

/// What happened at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happening {
    /// A key.
    Key(Key),
    /// The screen has another size, or what was on it is gone.
    Redraw,
    /// A signal that ends programs.
    Signal(i32),
    /// There is no terminal any more.
    Gone,
}

/// The terminal as long as it is ours.
pub(super) struct Screen {
    pub(super) terminal: Terminal<TermionBackend<BufWriter<Stdout>>>,
    keys: Decoder,
    signal: Arc<AtomicUsize>,
    redraw: Arc<AtomicBool>,
    empty_reads: u32,
}

/// That there is somebody who sees and types.
pub(super) fn check() -> Result<(), Usage> {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() || is_dumb {
        let why = "`plimsoll tui` needs a terminal to draw on and to read keys from; \
                   `plimsoll scan REF` says the same without one";
        return Err(Usage(why.into()));
    }
    Ok(())
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn enter() -> anyhow::Result<Self> {
        let signal = Arc::new(AtomicUsize::new(0));
        let redraw = Arc::new(AtomicBool::new(false));
        for number in [SIGTERM, SIGINT, SIGHUP, SIGQUIT] {
            let value = usize::try_from(number).unwrap_or(0);
            signal_hook::flag::register_usize(number, Arc::clone(&signal), value)
                .context("cannot listen for signals")?;
        }
        for number in [SIGWINCH, SIGCONT] {
            signal_hook::flag::register(number, Arc::clone(&redraw))
                .context("cannot listen for signals")?;
        }
        // Asked for first, so that the terminal is given back where drawing cannot begin.
        restore_on_panic();
        take().context("cannot take the terminal")?;
        let terminal = Terminal::new(TermionBackend::new(BufWriter::new(io::stdout())));
        let terminal = terminal.inspect_err(|_| leave()).context("cannot draw")?;
        Ok(Self { terminal, keys: Decoder::default(), signal, redraw, empty_reads: 0 })
    }

    /// Waits for the next thing that happens.
    pub(super) fn next(&mut self) -> Happening {
        loop {
            if let Some(key) = self.keys.next(false) {
                return Happening::Key(key);
            }
            let signal = self.signal.swap(0, Ordering::Relaxed);
            if let Some(signal) = i32::try_from(signal).ok().filter(|signal| *signal != 0) {
                return Happening::Signal(signal);
            }
            if self.redraw.swap(false, Ordering::Relaxed) {
                // Whoever was in the foreground meanwhile may have changed the terminal.
                if raw().is_err() {
                    return Happening::Gone;
                }
                return Happening::Redraw;
            }
            let began = Instant::now();
            let mut bytes = [0; 1024];
            match rustix::io::read(io::stdin(), &mut bytes) {
                Ok(0) => {
                    let is_early = began.elapsed() < Duration::from_millis(20);
                    self.empty_reads =
                        if is_early { self.empty_reads.saturating_add(1) } else { 0 };
                    if self.empty_reads > EMPTY_READS {
                        return Happening::Gone;
                    }
                    if let Some(key) = self.keys.next(true) {
                        return Happening::Key(key);
                    }
                }
                Ok(count) => {
                    self.empty_reads = 0;
                    self.keys.feed(bytes.get(..count).unwrap_or_default());
                }
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(_) => return Happening::Gone,
            }
        }
    }

    /// The next key, if one is there already.
    pub(super) fn more(&mut self) -> Option<Key> {
        self.keys.next(false)
    }

    /// Gives the terminal back and stops, as other programs do at Ctrl-Z, until somebody goes on.
    pub(super) fn suspend(&mut self) -> anyhow::Result<()> {
        leave();
        signal_hook::low_level::emulate_default_handler(SIGTSTP).context("cannot stop")?;
        take().context("cannot take the terminal")?;
        self.redraw_all()
    }

    /// Draws all of it anew, whatever is on the screen.
    pub(super) fn redraw_all(&mut self) -> anyhow::Result<()> {
        let size = self.terminal.size().context("cannot draw")?;
        self.terminal.resize(size.into()).context("cannot draw")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// Ends the program as the signal would have, so that whoever waits for it is told.
pub(super) fn die(signal: i32) {
    // Where that cannot be done, the program ends with its own code.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

fn take() -> io::Result<()> {
    let before = tcgetattr(io::stdin())?;
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
    raw().inspect_err(|_| leave())?;
    say(ENTER).inspect_err(|_| leave())
}

/// Keys come one by one and are not shown; a read waits for a tenth of a second at most.
fn raw() -> io::Result<()> {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(mut settings) = before else { return Ok(()) };
    settings.make_raw();
    settings.special_codes[SpecialCodeIndex::VMIN] = 0;
    settings.special_codes[SpecialCodeIndex::VTIME] = 1;
    Ok(tcsetattr(io::stdin(), OptionalActions::Now, &settings)?)
}

/// Gives the terminal back as it was; nothing where that was done.
fn leave() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        // There is nobody left to tell where it fails.
        let _ = say(LEAVE);
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &before);
    }
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// The message of a panic is for the first screen.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            leave();
            before(info);
        }));
    });
}
