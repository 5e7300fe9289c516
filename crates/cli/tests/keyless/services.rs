//! All that signing without a key asks: who somebody is, a certificate, a log of tiles, and the time.

use std::path::Path;

use plimsoll_testkit::free_port;

use super::programs::{Running, fulcio, missing, provider, run, start};

/// The programs, and what they are started for.
const PROGRAMS: [&str; 4] = ["fulcio", "rekor-posix", "timestamp-server", "cosign"];

/// Services on this machine, whose word `root.json` in their folder vouches for.
pub(crate) struct Services {
    pub(crate) issuer: String,
    pub(crate) fulcio: String,
    pub(crate) log: String,
    pub(crate) stamps: String,
    _running: [Running; 4],
}

impl Services {
    pub(crate) fn start(folder: &Path) -> Result<Self, String> {
        if let Some(missing) = missing(&PROGRAMS) {
            return Err(format!("`{missing}` is not there"));
        }
        let [log, stamps, log_grpc, log_metrics]: [u16; 4] = std::array::from_fn(|_| free_port());
        let (provider, issuer) = provider(folder)?;
        run(folder, "openssl", "genpkey -algorithm ED25519 -out log.pem");
        run(folder, "openssl", "pkey -in log.pem -pubout -out log.pub");
        let (authority, fulcio) = fulcio(folder, &issuer);
        let keeper = start(
            folder,
            log,
            "rekor-posix",
            &format!(
                "serve --http-port {log} --grpc-port {log_grpc} --http-metrics-port {log_metrics} \
                 --hostname log.test --signer-filepath log.pem --storage-dir tiles \
                 --checkpoint-interval 1s --batch-max-age 100ms"
            ),
        );
        let clock = start(
            folder,
            stamps,
            "timestamp-server",
            &format!(
                "serve --host 127.0.0.1 --port {stamps} --timestamp-signer memory \
                 --disable-ntp-monitoring"
            ),
        );
        let stamps = format!("http://127.0.0.1:{stamps}/api/v1/timestamp");
        for (url, file) in [
            (format!("{fulcio}/api/v1/rootCert"), "ca.pem"),
            (format!("{stamps}/certchain"), "tsa.pem"),
        ] {
            run(folder, "curl", &format!("--silent --fail --output {file} {url}"));
        }
        run(
            folder,
            "cosign",
            &format!(
                "trusted-root create --out root.json --fulcio url={fulcio},certificate-chain=ca.pem \
                 --rekor url=https://log.test,public-key=log.pub,start-time=2024-01-01T00:00:00Z,\
                 origin=log.test --tsa url={stamps},certificate-chain=tsa.pem"
            ),
        );
        let log = format!("http://127.0.0.1:{log}");
        Ok(Self { issuer, fulcio, log, stamps, _running: [provider, authority, keeper, clock] })
    }
}
