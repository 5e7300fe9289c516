//! Which files are code that an interpreter or a virtual machine runs, by their names.

/// Modules: they stay in a process that has read them.
const MODULES: [&[u8]; 19] = [
    b"py", b"pyc", b"pyo", b"pyz", b"egg", b"whl", b"js", b"cjs", b"mjs", b"jar", b"war", b"ear",
    b"class", b"jmod", b"rb", b"pm", b"php", b"phar", b"lua",
];
/// Programs, which are read to be run.
const SCRIPTS: [&[u8]; 4] = [b"pl", b"sh", b"dll", b"R"];

/// Whether a file is a module of an interpreted language.
pub fn is_module(path: &[u8]) -> bool {
    end(name(path)).is_some_and(|end| MODULES.contains(&end))
}

/// Whether a file that is read may be code: a module, a script, or what lies where programs lie.
pub fn is_interpreted(path: &[u8]) -> bool {
    let name = name(path);
    let folder = path.get(..path.len().saturating_sub(name.len() + 1)).unwrap_or_default();
    end(name).is_some_and(|end| MODULES.contains(&end) || SCRIPTS.contains(&end))
        || [&b"/bin"[..], b"/sbin"].iter().any(|programs| folder.ends_with(programs))
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
    use super::{is_interpreted, is_module};

    #[test]
    fn code_is_told_by_the_end_of_its_name_and_by_its_folder() {
        for path in ["/a/b.py", "/a/__pycache__/b.cpython-312.pyc", "/x.jar", "a.mjs"] {
            assert!(is_interpreted(path.as_bytes()) && is_module(path.as_bytes()), "{path}");
        }
        for path in ["/usr/bin/c_rehash", "/bin/x", "/usr/lib/ssl/misc/CA.pl", "/opt/run.sh"] {
            assert!(is_interpreted(path.as_bytes()) && !is_module(path.as_bytes()), "{path}");
        }
        for path in ["/etc/passwd", "/a/py", "/a/b.pyx", "/lib/libc.so.6", "/", "", "/bin"] {
            assert!(!is_interpreted(path.as_bytes()), "{path}");
        }
    }
}
