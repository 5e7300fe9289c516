//! Mail, by SMTP.

use async_trait::async_trait;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message as Mail, Tokio1Executor};
use serde_json::Value;

use super::{Channel, Message, Setting, Web, text};
use crate::error::{Error, Result};

/// The channel.
#[derive(Debug)]
pub(super) struct Email;

#[async_trait]
impl Channel for Email {
    fn kind(&self) -> &'static str {
        "email"
    }

    fn settings(&self) -> &'static [Setting] {
        const {
            &[
                Setting::needed("host"),
                Setting::needed("from"),
                Setting::needed("to"),
                Setting::optional("port"),
                Setting::optional("tls"),
                Setting::optional("username"),
                Setting::optional_secret("password"),
            ]
        }
    }

    async fn send(&self, web: &Web, settings: &Value, message: &Message) -> Result<()> {
        // Somebody else in this process may have chosen one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let host = text(settings, "host");
        let mode = text(settings, "tls");
        let usual = match mode {
            "tls" => 465,
            "none" => 25,
            _ => 587,
        };
        let port = settings.get("port").and_then(Value::as_u64).unwrap_or(usual);
        let port = u16::try_from(port)
            .map_err(|_| Error::Refused(format!("`port` is {port}: expected 1 to 65535")))?;
        // Only what may be told is connected to; its certificate is for the name.
        let addresses = web.addresses(host, port).await?;
        let address = addresses.first().map(|it| it.ip().to_string()).unwrap_or_default();
        let failed = |error: &dyn std::fmt::Display| Error::Notice(format!("`{host}`: {error}"));
        let parameters = || TlsParameters::new(host.to_owned()).map_err(|error| failed(&error));
        let tls = match mode {
            "" | "starttls" => Tls::Required(parameters()?),
            "tls" => Tls::Wrapper(parameters()?),
            "none" => Tls::None,
            other => {
                return Err(Error::Refused(format!(
                    "`tls` is `{other}`: expected `starttls`, `tls` or `none`"
                )));
            }
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address)
            .port(port)
            .tls(tls)
            .timeout(Some(std::time::Duration::from_secs(30)));
        let user = text(settings, "username");
        if !user.is_empty() {
            let password = text(settings, "password").to_owned();
            transport = transport.credentials(Credentials::new(user.to_owned(), password));
        }
        let mail = mail(settings, message)?;
        transport.build().send(mail).await.map_err(|error| {
            if error.is_permanent() {
                Error::Refused(format!("`{host}`: {error}"))
            } else {
                failed(&error)
            }
        })?;
        Ok(())
    }
}

fn mail(settings: &Value, message: &Message) -> Result<Mail> {
    let mailbox = |address: &str| {
        address
            .trim()
            .parse::<Mailbox>()
            .map_err(|error| Error::Refused(format!("`{address}` is no address: {error}")))
    };
    let mut mail = Mail::builder()
        .from(mailbox(text(settings, "from"))?)
        .subject(message.title.replace(['\r', '\n'], " "))
        .header(ContentType::TEXT_PLAIN);
    for address in text(settings, "to").split(',').filter(|it| !it.trim().is_empty()) {
        mail = mail.to(mailbox(address)?);
    }
    mail.body(message.text()).map_err(|error| Error::Refused(format!("no mail: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_title_cannot_add_lines_to_the_head() {
        let mut message = Message::test("");
        message.title = "a\r\nBcc: me@example.org".into();
        let settings = json!({"from": "P <p@example.org>", "to": "a@example.org, b@example.org"});
        let mail = String::from_utf8(mail(&settings, &message).unwrap().formatted()).unwrap();
        let (head, _) = mail.split_once("\r\n\r\n").unwrap();
        assert!(!head.contains("\r\nBcc:"), "{mail}");
        assert!(mail.contains("To: a@example.org, b@example.org"), "{mail}");
    }
}
