//! Keys whose signatures a log must know, and certificates of own authorities, which count now.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints, SanType, date_time_ymd,
};
use serde_json::{Value, json};

use super::draft::{
    CERTIFICATE, EMAIL, NOON, PROMISE, Party, SIGNATURE, certificate_pem, data, email, host, leaf,
    public_pem,
};
use super::{Bend, Table};

impl<R: Fn(usize) -> String> Table<'_, R> {
    /// Keys, of whose signatures a log must know.
    pub(super) fn logged_keys(&mut self) {
        let cases: &[(&str, bool, Bend)] = &[
            ("as demanded", true, |_, _, _| {}),
            ("no promise of a log", false, |_, _, draft| draft.log = None),
            ("another log", false, |world, _, draft| draft.log = Some((&world.other_log, NOON))),
            ("another key", false, |world, _, draft| draft.key = &world.other_signer),
            ("one of two keys", true, |world, it, _| {
                it.as_object_mut().unwrap().remove("keyData");
                it["keyDatas"] = json!([
                    data(&public_pem(&world.other_signer)),
                    data(&public_pem(&world.signer)),
                ]);
            }),
            ("another signature beside the promise", false, |world, it, draft| {
                it.as_object_mut().unwrap().remove("keyData");
                it["keyDatas"] = json!([
                    data(&public_pem(&world.other_signer)),
                    data(&public_pem(&world.signer)),
                ]);
                draft.annotations = |it| drop(it.insert(SIGNATURE.into(), "AAAA".into()));
            }),
            ("logged under a certificate of the key", false, |_, _, draft| {
                draft.leaf = Some(leaf());
            }),
            ("a key without a log", true, |_, it, draft| {
                it.as_object_mut().unwrap().remove("rekorPublicKeyData");
                draft.log = None;
            }),
            ("a key without a log, beside a broken promise", true, |_, it, draft| {
                it.as_object_mut().unwrap().remove("rekorPublicKeyData");
                draft.annotations = |it| {
                    it.insert(PROMISE.into(), "nothing".into());
                };
            }),
            ("two kinds of logs", false, |world, it, _| {
                it["rekorPublicKeyDatas"] = json!([data(&public_pem(&world.log))]);
            }),
        ];
        for (name, allowed, bend) in cases {
            self.add(
                format!("keys and log: {name}"),
                *allowed,
                json!({}),
                |world, it, draft| {
                    it["keyData"] = data(&public_pem(&world.signer));
                    it["rekorPublicKeyData"] = data(&public_pem(&world.log));
                    draft.log = Some((&world.log, NOON));
                },
                *bend,
            );
        }
    }

    /// Certificates of an own authority.
    pub(super) fn own_authority(&mut self) {
        let cases: &[(&str, bool, Bend)] = &[
            ("an address", true, |_, _, _| {}),
            ("another address", false, |_, it, _| {
                it["pki"]["subjectEmail"] = json!("other@example.com");
            }),
            ("a host", true, |_, it, _| it["pki"] = hosts(it, "build.example.com")),
            ("a host in other letters", true, |_, it, _| {
                it["pki"] = hosts(it, "Build.example.com.");
            }),
            ("another host", false, |_, it, _| it["pki"] = hosts(it, "other.example.com")),
            ("any host of a domain", true, |_, it, draft| {
                draft.names(vec![host("*.example.com")]);
                it["pki"] = hosts(it, "build.example.com");
            }),
            ("a host of a domain below", false, |_, it, draft| {
                draft.names(vec![host("*.example.com")]);
                it["pki"] = hosts(it, "a.build.example.com");
            }),
            ("an IP address", true, |_, it, draft| {
                draft.names(vec![SanType::IpAddress([192, 0, 2, 1].into())]);
                it["pki"] = hosts(it, "192.0.2.1");
            }),
            ("an IP address as a name", false, |_, it, draft| {
                draft.names(vec![host("192.0.2.1")]);
                it["pki"] = hosts(it, "192.0.2.1");
            }),
            ("an address and a host", true, |_, it, _| {
                it["pki"]["subjectHostname"] = json!("build.example.com");
            }),
            ("an address and another host", false, |_, it, _| {
                it["pki"]["subjectHostname"] = json!("other.example.com");
            }),
            ("no certificate", false, |_, _, draft| draft.leaf = None),
            ("another authority", false, |world, _, draft| draft.by = &world.stranger),
            ("expired", false, |_, _, draft| {
                draft.leaf().not_after = date_time_ymd(2021, 1, 1);
            }),
            ("not for signing code", false, |_, _, draft| {
                draft.leaf().extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }),
            ("for any purpose", true, |_, _, draft| {
                draft.leaf().extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
            }),
            ("without a purpose", true, |_, _, draft| draft.leaf().extended_key_usages.clear()),
            ("a key for encryption", true, |_, _, draft| {
                draft.leaf().key_usages = vec![KeyUsagePurpose::KeyEncipherment];
            }),
            ("an authority in between of the policy", true, |world, it, draft| {
                draft.by = &world.between;
                it["pki"]["caIntermediatesData"] = data(&world.between.pem);
            }),
            ("an authority in between that is offered", true, |world, _, draft| {
                draft.by = &world.between;
                draft.chain = vec![world.between.pem.clone(), world.root.pem.clone()];
            }),
            ("an authority in between that is missing", false, |world, _, draft| {
                draft.by = &world.between;
            }),
            ("an authority in between of the policy that cannot be read", false, |_, it, _| {
                it["pki"]["caIntermediatesData"] =
                    data("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
            }),
            ("the certificate itself is trusted", true, |world, it, draft| {
                let mut params = leaf();
                params.not_after = date_time_ymd(2044, 1, 1);
                params.subject_alt_names = vec![email(EMAIL)];
                it["pki"]["caRootsData"] = data(&certificate_pem(
                    &params.signed_by(&world.signer, &world.stranger.issuer).unwrap(),
                ));
                // Signed anew it would be another one: the text is put there as it is.
                draft.leaf = None;
                draft.chain = Vec::new();
            }),
            ("with the key of a log", false, |world, it, _| {
                it["rekorPublicKeyData"] = data(&public_pem(&world.log));
            }),
            ("for nobody", false, |_, it, _| it["pki"]["subjectEmail"] = json!("")),
        ];
        for (name, allowed, bend) in cases {
            self.own(name, *allowed, *bend);
        }
        self.odd_authorities();
    }

    fn own(&mut self, name: &str, allowed: bool, bend: Bend) {
        let requirement = json!({"pki": {"subjectEmail": EMAIL}});
        self.add(
            format!("pki: {name}"),
            allowed,
            requirement,
            |world, it, draft| {
                it["pki"]["caRootsData"] = data(&world.root.pem);
                let mut leaf = leaf();
                leaf.not_after = date_time_ymd(2044, 1, 1);
                leaf.subject_alt_names = vec![email(EMAIL), host("build.example.com")];
                draft.leaf = Some(leaf);
            },
            bend,
        );
        if name == "the certificate itself is trusted" {
            let case = self.cases.last_mut().unwrap();
            let trusted = case.requirement["pki"]["caRootsData"].as_str().unwrap();
            let pem = String::from_utf8(STANDARD.decode(trusted).unwrap()).unwrap();
            case.annotations.insert(CERTIFICATE.into(), pem);
        }
    }

    /// Authorities that may not issue what they did.
    fn odd_authorities(&mut self) {
        type Odd = fn(&mut CertificateParams);
        let cases: &[(&str, bool, Odd)] = &[
            ("an authority in between that is none", false, |it| it.is_ca = IsCa::ExplicitNoCa),
            ("an authority that expired", false, |it| it.not_after = date_time_ymd(2021, 1, 1)),
            ("an authority that may not issue", false, |it| {
                it.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            }),
            ("an authority for another purpose", false, |it| {
                it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }),
            ("an authority that allows none below it", true, |it| {
                it.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            }),
            ("an authority for names that are these", true, |it| {
                it.name_constraints = Some(constraints(
                    vec![GeneralSubtree::DnsName("example.com".into())],
                    Vec::new(),
                ));
            }),
            ("an authority for names that are others", false, |it| {
                it.name_constraints = Some(constraints(
                    vec![GeneralSubtree::DnsName("example.org".into())],
                    Vec::new(),
                ));
            }),
            ("an authority for names below these", false, |it| {
                it.name_constraints = Some(constraints(
                    vec![GeneralSubtree::DnsName(".build.example.com".into())],
                    Vec::new(),
                ));
            }),
            ("an authority for addresses of this host", true, |it| {
                it.name_constraints = Some(constraints(
                    vec![GeneralSubtree::Rfc822Name("example.com".into())],
                    Vec::new(),
                ));
            }),
            ("an authority for another address", false, |it| {
                it.name_constraints = Some(constraints(
                    vec![GeneralSubtree::Rfc822Name("other@example.com".into())],
                    Vec::new(),
                ));
            }),
            ("an authority that excludes this domain", false, |it| {
                it.name_constraints = Some(constraints(
                    Vec::new(),
                    vec![GeneralSubtree::DnsName("example.com".into())],
                ));
            }),
            ("an authority that excludes another domain", true, |it| {
                it.name_constraints = Some(constraints(
                    Vec::new(),
                    vec![GeneralSubtree::DnsName("example.org".into())],
                ));
            }),
            ("an authority for directories alone", false, |it| {
                let mut name = rcgen::DistinguishedName::new();
                name.push(rcgen::DnType::CommonName, "a");
                it.name_constraints =
                    Some(constraints(vec![GeneralSubtree::DirectoryName(name)], Vec::new()));
            }),
        ];
        for (name, allowed, odd) in cases {
            let between = self.world.root.below("between", odd);
            self.world.between = between;
            self.own(name, *allowed, |world, it, draft| {
                draft.by = &world.between;
                it["pki"]["caIntermediatesData"] = data(&world.between.pem);
            });
        }
        let narrow =
            Party::root("narrow", |it| it.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
        self.world.between = narrow.below("between", |_| {});
        self.world.root = narrow;
        self.own("a root that allows no authority below it", false, |world, it, draft| {
            draft.by = &world.between;
            it["pki"]["caIntermediatesData"] = data(&world.between.pem);
        });
    }
}

fn hosts(requirement: &Value, host: &str) -> Value {
    json!({"caRootsData": requirement["pki"]["caRootsData"], "subjectHostname": host})
}

fn constraints(
    permitted_subtrees: Vec<GeneralSubtree>,
    excluded_subtrees: Vec<GeneralSubtree>,
) -> NameConstraints {
    NameConstraints { permitted_subtrees, excluded_subtrees }
}
