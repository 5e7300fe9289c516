//! Keys in, screens out, on an image that is read and judged as any other.

mod behaviour;
mod hostile;
mod sample;
mod screens;
mod terminal;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::draw::draw;
use super::keys::Key;
use super::state::{Flow, State};
use super::theme::Theme;

/// Presses keys: letters as they are, others by name as `<tab>`.
fn press(state: &mut State, keys: &str) -> Flow {
    let mut rest = keys;
    let mut flow = Flow::On;
    while let Some(letter) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let key = if let Some((name, after)) = named {
            rest = after;
            key(name)
        } else {
            rest = &rest[letter.len_utf8()..];
            Key::Char(letter)
        };
        flow = state.press(key);
    }
    flow
}

fn key(name: &str) -> Key {
    match name {
        "tab" => Key::Tab,
        "backtab" => Key::BackTab,
        "enter" => Key::Enter,
        "esc" => Key::Esc,
        "up" => Key::Up,
        "down" => Key::Down,
        "left" => Key::Left,
        "right" => Key::Right,
        "pgup" => Key::PageUp,
        "pgdn" => Key::PageDown,
        "home" => Key::Home,
        "end" => Key::End,
        "back" => Key::Backspace,
        "ctrl-c" => Key::Ctrl('c'),
        "ctrl-z" => Key::Ctrl('z'),
        other => panic!("no key is called {other}"),
    }
}

fn buffer(state: &mut State, width: u16, height: u16, has_colour: bool) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(state, frame, Theme { has_colour })).unwrap();
    terminal.backend().buffer().clone()
}

/// The screen as text, without what is at the end of lines.
fn screen(state: &mut State, width: u16, height: u16) -> String {
    let buffer = buffer(state, width, height, true);
    let line = |y: u16| {
        let cells: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        cells.trim_end().to_owned()
    };
    (0..height).map(line).collect::<Vec<_>>().join("\n")
}

/// Names of the packages that are shown.
fn packages(state: &State) -> Vec<&str> {
    let of = |at: &u32| state.contents.package(*at).map_or("", |(package, _)| &package.name);
    state.packages.rows.iter().map(of).collect()
}

/// Ids of the findings that are shown.
fn findings(state: &State) -> Vec<&str> {
    let of = |at: &u32| state.contents.finding(*at).map_or("", |finding| &finding.id);
    state.findings.rows.iter().map(of).collect()
}

/// Paths of the files that are shown.
fn files(state: &State) -> Vec<String> {
    state.files.rows.iter().map(|place| state.files.tree.path(place.node)).collect()
}
