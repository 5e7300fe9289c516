//! Makes a picture of a terminal: ANSI text on stdin, SVG on stdout, title as the only argument.
//!
//! ```console
//! $ plimsoll scan oci-dir:app --colour always --width 120 | \
//!     cargo run -p plimsoll-report --example terminal_svg -- 'plimsoll scan app' > scan.svg
//! ```

use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    let title = std::env::args().nth(1).unwrap_or_default();
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let svg = plimsoll_report::picture::svg(&title, &String::from_utf8_lossy(&bytes));
    io::stdout().lock().write_all(svg.as_bytes())
}
