//! Two versions of any text in every scheme: the order is the reverse of the reversed one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_advisory::versions::Scheme;

fuzz_target!(|data: (&str, &str)| {
    let (a, b) = data;
    for scheme in Scheme::ALL {
        if let (Ok(there), Ok(back)) = (scheme.compare(a, b), scheme.compare(b, a)) {
            assert_eq!(there, back.reverse(), "{scheme:?}: {a:?} {b:?}");
        }
        let _ = scheme.satisfies(a, b);
    }
});
