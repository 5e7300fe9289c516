//! Syslog, with the message in CEF, as collectors of security events take it.
//!
//! Source: RFC 5424, RFC 6587 (a length in front of each message on TCP), and `ArcSight`'s Common Event
//! Format, version 0.

use async_trait::async_trait;
use plimsoll_model::Severity;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};

use super::{Channel, Message, Setting, Web, text};
use crate::error::{Error, Result};
use crate::moment::{self, now};

/// A datagram that every path takes.
const LARGEST: usize = 1_400;

/// `local0`, as others that report security events.
const FACILITY: u8 = 16;

/// The channel.
#[derive(Debug)]
pub(super) struct Syslog;

#[async_trait]
impl Channel for Syslog {
    fn kind(&self) -> &'static str {
        "syslog"
    }

    fn settings(&self) -> &'static [Setting] {
        const { &[Setting::needed("address"), Setting::optional("transport")] }
    }

    async fn send(&self, web: &Web, settings: &Value, message: &Message) -> Result<()> {
        let address = text(settings, "address");
        let refuse = || Error::Refused(format!("`address` is `{address}`: expected HOST:PORT"));
        let (host, port) = address.rsplit_once(':').ok_or_else(refuse)?;
        let port: u16 = port.parse().map_err(|_| refuse())?;
        let addresses = web.addresses(host, port).await?;
        let failed = |error: std::io::Error| Error::Notice(format!("`{address}`: {error}"));
        let line = line(message);
        if text(settings, "transport") == "tcp" {
            let mut stream = TcpStream::connect(addresses.as_slice()).await.map_err(failed)?;
            let framed = format!("{} {line}", line.len());
            stream.write_all(framed.as_bytes()).await.map_err(failed)?;
            return stream.shutdown().await.map_err(failed);
        }
        let target = addresses.first().ok_or_else(refuse)?;
        let local = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(local).await.map_err(failed)?;
        let mut end = line.len().min(LARGEST);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        let datagram = line.as_bytes().get(..end).unwrap_or_default();
        socket.send_to(datagram, target).await.map_err(failed).map(drop)
    }
}

fn line(message: &Message) -> String {
    // Of syslog's severities: critical, error, warning, notice.
    let level = match message.severity {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium | Severity::Unknown => 4,
        Severity::Low | Severity::Negligible => 5,
    };
    let time = moment::timestamp(now());
    format!("<{}>1 {time} - plimsoll - - - {}", FACILITY * 8 + level, cef(message))
}

fn cef(message: &Message) -> String {
    let severity = match message.severity {
        Severity::Critical => 10,
        Severity::High => 8,
        Severity::Medium | Severity::Unknown => 5,
        Severity::Low => 3,
        Severity::Negligible => 1,
    };
    let head =
        |text: &str| text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ");
    let field = |text: &str| {
        text.replace('\\', "\\\\").replace('=', "\\=").replace('\n', "\\n").replace('\r', "")
    };
    let class = message.cause.as_ref().map_or("notice", |it| it.weakness.as_str());
    let mut fields = vec![
        format!("msg={}", field(&message.summary)),
        format!("outcome={}", if message.is_open { "open" } else { "resolved" }),
        format!("cnt={}", message.images),
    ];
    if let Some(cause) = &message.cause {
        fields.push(format!("cs1Label=package cs1={}", field(&cause.package)));
        fields.push(format!("cs2Label=base cs2={}", field(&cause.base)));
        fields.push(format!("cs3Label=fixedIn cs3={}", field(&message.fixed_in)));
    }
    if !message.link.is_empty() {
        fields.push(format!("request={}", field(&message.link)));
    }
    format!(
        "CEF:0|Plimsoll|Plimsoll|{}|{}|{}|{severity}|{}",
        env!("CARGO_PKG_VERSION"),
        head(class),
        head(&message.title),
        fields.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_cef_are_told_from_text() {
        let mut message = Message::test("");
        message.title = "a|b\\c\nd".into();
        message.summary = "x=y\nz".into();
        let line = line(&message);
        assert!(line.starts_with("<133>1 "), "{line}");
        assert!(line.contains("|notice|a\\|b\\\\c d|3|msg=x\\=y\\nz outcome=open cnt=0"), "{line}");
        assert!(!line.contains('\n'));
    }
}
