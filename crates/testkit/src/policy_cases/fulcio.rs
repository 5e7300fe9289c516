//! Certificates of Fulcio's kind, which count when the log took the signature.

use rcgen::{ExtendedKeyUsagePurpose, SanType, date_time_ymd};
use serde_json::json;

use super::draft::{
    CERTIFICATE, EMAIL, NOON, PROMISE, Party, TOKENS, data, email, hex, leaf, public_pem,
};
use super::{Bend, Table};

impl<R: Fn(usize) -> String> Table<'_, R> {
    /// Certificates of Fulcio's kind.
    #[allow(clippy::too_many_lines, reason = "one table, a case a row")]
    pub(super) fn fulcio(&mut self) {
        let cases: &[(&str, bool, Bend)] = &[
            ("as demanded", true, |_, _, _| {}),
            ("another issuer of the token", false, |_, it, _| {
                it["fulcio"]["oidcIssuer"] = json!("https://other.example");
            }),
            ("another address", false, |_, it, _| {
                it["fulcio"]["subjectEmail"] = json!("other@example.com");
            }),
            ("an address in other letters", false, |_, it, _| {
                it["fulcio"]["subjectEmail"] = json!("Release@example.com");
            }),
            ("one of two addresses", true, |_, _, draft| {
                draft.names(vec![email("other@example.com"), email(EMAIL)]);
            }),
            ("a URI instead of an address", false, |_, _, draft| {
                draft.names(vec![SanType::URI(EMAIL.try_into().unwrap())]);
            }),
            ("the issuer in the older extension", true, |_, _, draft| {
                draft.issuers(Some(TOKENS), None);
            }),
            ("the issuer in both extensions", true, |_, _, draft| {
                draft.issuers(Some(TOKENS), Some(TOKENS));
            }),
            ("another issuer in the older extension", false, |_, _, draft| {
                draft.issuers(Some("https://other.example"), Some(TOKENS));
            }),
            ("no issuer", false, |_, _, draft| draft.issuers(None, None)),
            ("another authority", false, |world, _, draft| draft.by = &world.stranger),
            ("one of two authorities", true, |world, it, _| {
                it["fulcio"]["caData"] = data(&format!("{}{}", world.stranger.pem, world.root.pem));
            }),
            ("an authority beside what is no certificate", true, |world, it, _| {
                let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
                it["fulcio"]["caData"] = data(&format!("{other}{}", world.root.pem));
            }),
            ("no authority that can be read", false, |_, it, _| {
                it["fulcio"]["caData"] = data("nothing");
            }),
            ("logged after the certificate expired", false, |world, _, draft| {
                draft.log = Some((&world.log, NOON + 86_400));
            }),
            ("logged before the certificate counts", false, |world, _, draft| {
                draft.log = Some((&world.log, NOON - 86_400));
            }),
            ("logged in the certificate's last second", true, |world, _, draft| {
                draft.log = Some((&world.log, NOON + 43_200));
            }),
            ("logged a second later", false, |world, _, draft| {
                draft.log = Some((&world.log, NOON + 43_201));
            }),
            ("another log", false, |world, _, draft| draft.log = Some((&world.other_log, NOON))),
            ("one of two logs", true, |world, it, _| {
                it.as_object_mut().unwrap().remove("rekorPublicKeyData");
                it["rekorPublicKeyDatas"] =
                    json!([data(&public_pem(&world.other_log)), data(&public_pem(&world.log)),]);
            }),
            ("a log with a key of Ed25519", false, |world, it, draft| {
                it["rekorPublicKeyData"] = data(&public_pem(&world.ed25519_log));
                draft.log = Some((&world.ed25519_log, NOON));
            }),
            ("no promise of a log", false, |_, _, draft| draft.log = None),
            ("a promise about another payload", false, |_, _, draft| {
                draft.entry = |it| it["spec"]["data"]["hash"]["value"] = json!(hex(b"other"));
            }),
            ("a promise about another signature", false, |_, _, draft| {
                draft.entry = |it| it["spec"]["signature"]["content"] = json!("AAAA");
            }),
            ("a promise about another certificate", false, |_, _, draft| {
                draft.entry = |it| {
                    let other = Party::root("other", |_| {}).pem;
                    it["spec"]["signature"]["publicKey"]["content"] = data(&other);
                };
            }),
            ("an entry of another kind", false, |_, _, draft| {
                draft.entry = |it| it["kind"] = json!("rekord");
            }),
            ("an entry of another version", false, |_, _, draft| {
                draft.entry = |it| it["apiVersion"] = json!("0.0.2");
            }),
            ("an entry by another hash function", false, |_, _, draft| {
                draft.entry = |it| it["spec"]["data"]["hash"]["algorithm"] = json!("sha512");
            }),
            ("an entry with a field that is not known", true, |_, _, draft| {
                draft.entry = |it| it["spec"]["more"] = json!(1);
            }),
            ("a promise whose time was changed", false, |_, _, draft| {
                draft.annotations = |it| {
                    let promise = it.get_mut(PROMISE).unwrap();
                    *promise = promise.replace(&NOON.to_string(), &(NOON + 1).to_string());
                };
            }),
            ("a promise with another order and spaces", true, |_, _, draft| {
                draft.annotations = |it| {
                    let promise = it.get_mut(PROMISE).unwrap();
                    *promise = promise
                        .replace(&NOON.to_string(), "1.7041104e9")
                        .replace("\"logIndex\":", " \"logIndex\" : ");
                };
            }),
            ("a promise with a field that is not known", false, |_, _, draft| {
                draft.annotations = |it| {
                    let promise = it.get_mut(PROMISE).unwrap();
                    *promise = promise.replacen('{', "{\"more\":1,", 1);
                };
            }),
            ("a promise with a field that is there twice", false, |_, _, draft| {
                draft.annotations = |it| {
                    let promise = it.get_mut(PROMISE).unwrap();
                    *promise = promise.replace("\"logIndex\":7", "\"logIndex\":7,\"logIndex\":7");
                };
            }),
            ("no certificate", false, |_, _, draft| {
                draft.annotations = |it| drop(it.remove(CERTIFICATE));
            }),
            ("two certificates", false, |_, _, draft| {
                draft.annotations = |it| {
                    let pem = it.get_mut(CERTIFICATE).unwrap();
                    *pem = format!("{pem}{pem}");
                };
            }),
            ("an empty line behind the certificate", false, |_, _, draft| {
                draft.annotations = |it| it.get_mut(CERTIFICATE).unwrap().push('\n');
            }),
            ("a certificate that is not for signing code", false, |_, _, draft| {
                draft.leaf().extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
            }),
            ("an authority in between that is offered, and the root", true, |world, _, draft| {
                draft.by = &world.between;
                draft.chain = vec![world.between.pem.clone(), world.root.pem.clone()];
            }),
            ("an authority in between that is offered alone", false, |world, _, draft| {
                draft.by = &world.between;
                draft.chain = vec![world.between.pem.clone()];
            }),
            ("an authority in between that is trusted", true, |world, it, draft| {
                draft.by = &world.between;
                it["fulcio"]["caData"] = data(&world.between.pem);
            }),
            ("an offer of authorities that is none", false, |_, _, draft| {
                draft.chain = vec!["nothing".into()];
            }),
            ("an offer of what is no certificate", false, |_, _, draft| {
                draft.chain =
                    vec!["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into()];
            }),
            ("signed by another key", false, |world, _, draft| draft.key = &world.other_signer),
            ("about another image", false, |_, _, draft| {
                draft.digest = format!("sha256:{}", hex(b"other"));
            }),
            ("about another name", false, |_, _, draft| draft.reference.push('2')),
            ("a policy without a log", false, |_, it, _| {
                it.as_object_mut().unwrap().remove("rekorPublicKeyData");
            }),
            ("a policy with a key as well", false, |world, it, _| {
                it["keyData"] = data(&public_pem(&world.signer));
            }),
        ];
        for (name, allowed, bend) in cases {
            let requirement = json!({"fulcio": {"oidcIssuer": TOKENS, "subjectEmail": EMAIL}});
            self.add(
                format!("fulcio: {name}"),
                *allowed,
                requirement,
                |world, it, draft| {
                    it["fulcio"]["caData"] = data(&world.root.pem);
                    it["rekorPublicKeyData"] = data(&public_pem(&world.log));
                    let mut leaf = leaf();
                    // The day is to the second: from midnight to midnight.
                    leaf.not_before = date_time_ymd(2024, 1, 1);
                    leaf.not_after = date_time_ymd(2024, 1, 2);
                    leaf.subject_alt_names = vec![email(EMAIL)];
                    draft.leaf = Some(leaf);
                    draft.issuers(None, Some(TOKENS));
                    draft.log = Some((&world.log, NOON));
                },
                *bend,
            );
        }
    }
}
