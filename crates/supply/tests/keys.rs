//! Private keys as OpenSSL writes them, and our signatures as OpenSSL reads them.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::Command;

use plimsoll_supply::key::PrivateKey;

/// Runs openssl in `folder`; `None` where there is none.
fn openssl(folder: &Path, arguments: &str) -> Option<bool> {
    let mut command = Command::new("openssl");
    let output = command.args(arguments.split(' ')).current_dir(folder).output().ok()?;
    Some(output.status.success())
}

/// What makes a key in `key.pem`, with every form that openssl writes it in.
const KEYS: [(&str, &[&str]); 5] = [
    ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", &["pkey", "ec"]),
    ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384", &["pkey", "ec"]),
    ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521", &["pkey", "ec"]),
    ("genpkey -algorithm ED25519", &["pkey"]),
    ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", &["pkey", "rsa -traditional"]),
];

#[test]
#[allow(clippy::print_stdout, reason = "a test says what it skips")]
fn openssl_keys_are_read_in_every_form_and_openssl_verifies_what_they_sign() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if openssl(folder, "version").is_none() {
        println!("skipped: openssl is not there");
        return;
    }
    fs::write(folder.join("message"), b"message").unwrap();
    for (make, forms) in KEYS {
        assert_eq!(openssl(folder, &format!("{make} -out key.pem")), Some(true), "{make}");
        assert_eq!(openssl(folder, "pkey -in key.pem -pubout -out public.pem"), Some(true));
        for form in forms {
            assert_eq!(openssl(folder, &format!("{form} -in key.pem -out form.pem")), Some(true));
            let text = fs::read_to_string(folder.join("form.pem")).unwrap();
            let key = PrivateKey::from_pem(&text, || None).unwrap();
            let public = fs::read_to_string(folder.join("public.pem")).unwrap();
            assert_eq!(key.public().to_pem(), public, "{make} {form}");
            let scheme = key.public().default_scheme();
            fs::write(folder.join("signature"), key.sign(scheme, b"message").unwrap()).unwrap();
            let hash = scheme.hash().map_or("", |hash| hash.name());
            let check = match hash {
                "" => {
                    "pkeyutl -verify -pubin -inkey public.pem -rawin -in message -sigfile signature"
                        .to_owned()
                }
                hash => format!("dgst -{hash} -verify public.pem -signature signature message"),
            };
            assert_eq!(openssl(folder, &check), Some(true), "{make} {form}");
        }
    }
}
