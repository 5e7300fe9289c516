//! Which files are code that an interpreter or a virtual machine runs, by their names.

/// Modules: they stay in a process that has read them.
const MODULES: [&[u8]; 42] = [
    b"py", b"pyc", b"pyo", b"pyz", b"egg", b"whl", b"js", b"cjs", b"mjs", b"jsx", b"ts", b"cts",
    b"mts", b"tsx", b"wasm", b"jar", b"war", b"ear", b"hpi", b"jpi", b"par", b"sar", b"kar",
    b"nar", b"lpkg", b"rar", b"class", b"jmod", b"rb", b"pm", b"php", b"phtml", b"inc", b"phar",
    b"lua", b"luac", b"tcl", b"tm", b"beam", b"ez", b"elc", b"el",
];
/// Programs, which are read to be run.
const SCRIPTS: [&[u8]; 7] = [b"pl", b"sh", b"bash", b"dll", b"exe", b"r", b"awk"];

/// Whether a file is code of an interpreted language by the end of its name.
pub fn is_module(path: &[u8]) -> bool {
    let is = |end: &[u8]| MODULES.iter().chain(&SCRIPTS).any(|it| end.eq_ignore_ascii_case(it));
    end(name(path)).is_some_and(is)
}

/// Whether a file that is read may be code: a module, a script, or what lies where programs lie.
pub fn is_interpreted(path: &[u8]) -> bool {
    let name = name(path);
    let folder = path.get(..path.len().saturating_sub(name.len() + 1)).unwrap_or_default();
    is_module(path) || [&b"/bin"[..], b"/sbin"].iter().any(|programs| folder.ends_with(programs))
}

/// Whether a file is a shared library by its name: `libz.so.1`, `_ssl.cpython-312.so`, `x.node`.
pub fn is_library(path: &[u8]) -> bool {
    let name = name(path);
    name.ends_with(b".so") || name.ends_with(b".node") || name.windows(4).any(|it| it == b".so.")
}

fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

fn end(name: &[u8]) -> Option<&[u8]> {
    let dot = name.iter().rposition(|byte| *byte == b'.')?;
    name.get(dot + 1..)
}

#[cfg(test)]
mod tests {
    use super::{is_interpreted, is_library, is_module};

    #[test]
    fn code_is_told_by_the_end_of_its_name_and_by_its_folder() {
        for path in ["/a/b.py", "/a/__pycache__/b.cpython-312.pyc", "/x.jar", "a.mjs"] {
            assert!(is_interpreted(path.as_bytes()) && is_module(path.as_bytes()), "{path}");
        }
        for path in ["CA.pl", "run.sh", "a.R", "x.beam", "p.hpi", "a.JAR", "b.tcl", "c.inc"] {
            assert!(is_interpreted(path.as_bytes()) && is_module(path.as_bytes()), "{path}");
        }
        for path in ["/a/libz.so.1", "/a/b.so", "/a/b.node"] {
            assert!(is_library(path.as_bytes()) && !is_module(path.as_bytes()), "{path}");
        }
        for path in ["/usr/bin/c_rehash", "/bin/x", "/sbin/y"] {
            assert!(is_interpreted(path.as_bytes()) && !is_module(path.as_bytes()), "{path}");
        }
        for path in ["/etc/passwd", "/a/py", "/a/b.pyx", "/lib/libc.so.6", "/", "", "/bin"] {
            assert!(!is_interpreted(path.as_bytes()), "{path}");
        }
    }
}
