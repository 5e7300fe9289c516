//! `plimsoll kube admit`: the webhook by which an API server asks what may run.

mod certificate;
mod labels;
mod offline;
mod run;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use plimsoll_admission::settings::Settings;
use plimsoll_admission::webhook::{self, Authority, Target};
use plimsoll_admission::{Cluster, ImageJudge, vap};

use self::certificate::{Kind, Own};
use self::labels::Labels;
use crate::cluster::{Access, Client, Namespaces};
use crate::commands::verify::Judge;
use crate::exit::{Outcome, Usage};
use crate::output;
use crate::target::Reading;

/// Decide what may run in a cluster, as its webhook
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll kube admit --config admit.yaml --tls-cert tls.crt --tls-key tls.key
  plimsoll kube admit --config admit.yaml --own-tls secret:plimsoll/plimsoll-admission \\
    --service plimsoll/plimsoll-admission --patch-webhooks plimsoll-admission
  plimsoll kube admit --config admit.yaml --print-config --service plimsoll/plimsoll-admission \\
    --own-tls ./tls | kubectl apply -f -
  plimsoll kube admit --config admit.yaml --review review.json --namespaces namespaces.yaml
  plimsoll kube admit --config admit.yaml --export vap | kubectl apply -f -

Certificates in files are read again when they change. `docs/kube-admit.md` has every setting.

Exit codes: 0 ended as it was told, or with --review allowed; 2 wrong usage or settings, 3 something
does not work, 5 with --review refused.")]
pub(crate) struct Admit {
    /// The settings: what is asked, and what happens where it is not met
    #[arg(long, short = 'c', value_name = "FILE")]
    config: PathBuf,

    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8443")]
    listen: SocketAddr,

    /// The server's certificate in PEM, with those between it and its authority
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "own_tls")]
    tls_cert: Option<PathBuf>,

    /// Its key
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Certificates and an authority of one's own, made and renewed, in a folder or in
    /// `secret:NAMESPACE/NAME`
    #[arg(long, value_name = "DIR|secret:NAMESPACE/NAME")]
    own_tls: Option<String>,

    /// The service that the API server asks
    #[arg(long, value_name = "NAMESPACE/NAME")]
    service: Option<String>,

    /// The URL that it asks instead, without a path
    #[arg(long, value_name = "URL", conflicts_with = "service")]
    url: Option<String>,

    /// Keep the authority in the webhook configurations of this name what it is
    #[arg(long, value_name = "NAME", requires = "own_tls")]
    patch_webhooks: Option<String>,

    /// Print the webhook configurations, and do not listen
    #[arg(long)]
    print_config: bool,

    /// With --print-config: the certificates of whom the server's is; instead of --own-tls
    #[arg(long, value_name = "FILE", requires = "print_config")]
    ca_bundle: Option<PathBuf>,

    /// With --print-config: the Certificate of cert-manager that the server's is, whose authority
    /// cert-manager then keeps in the configurations
    #[arg(
        long,
        value_name = "NAMESPACE/NAME",
        requires = "print_config",
        conflicts_with_all = ["ca_bundle", "own_tls"]
    )]
    ca_from: Option<String>,

    /// Print what CEL can say of the settings as `ValidatingAdmissionPolicy`, and do not listen: vap
    #[arg(long, value_name = "FORM", conflicts_with = "print_config")]
    export: Option<String>,

    /// Judge one `AdmissionReview`, print the answer, and do not listen; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["print_config", "export"])]
    review: Option<PathBuf>,

    /// Where the API server is and who we are to it; a pod knows by itself
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// Manifests with the namespaces and their labels, instead of a cluster
    #[arg(long, value_name = "FILE", conflicts_with = "kubeconfig")]
    namespaces: Vec<PathBuf>,

    /// The authorities, logs and timestamp services to trust, instead of those that are built in
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

    #[command(flatten)]
    reading: Reading,
}

/// Where the API server is.
enum Known {
    /// It can be asked.
    Cluster(Arc<Client>),
    /// Files say what namespaces there are.
    Files(Labels),
}

impl Admit {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let settings = self.settings()?;
        if let Some(form) = &self.export {
            return export(form, &settings);
        }
        if self.print_config {
            return self.print(&settings);
        }
        if let Some(file) = &self.review {
            return self.judge_one(file, settings);
        }
        self.listen(settings)
    }

    fn settings(&self) -> anyhow::Result<Settings> {
        let shown = self.config.display();
        let text = std::fs::read_to_string(&self.config)
            .with_context(|| format!("cannot read `{shown}`"))?;
        Ok(Settings::parse(&text).map_err(|error| Usage(format!("{shown}: {error}")))?)
    }

    fn target(&self) -> Result<Option<Target>, Usage> {
        let target = match (&self.service, &self.url) {
            (Some(service), _) => {
                let (namespace, name) = namespaced(service)?;
                Some(Target::Service { namespace, name })
            }
            (None, Some(url)) => Some(Target::Url(url.clone())),
            (None, None) => None,
        };
        Ok(target)
    }

    /// The names that the server is called by.
    fn hosts(&self) -> Result<Vec<String>, Usage> {
        match self.target()? {
            Some(Target::Service { namespace, name }) => {
                let short = format!("{name}.{namespace}.svc");
                Ok(vec![format!("{short}.cluster.local"), short])
            }
            Some(Target::Url(url)) => {
                let rest = url.strip_prefix("https://").unwrap_or(&url);
                let authority = rest.split('/').next().unwrap_or_default();
                let host = match authority.rsplit_once(':') {
                    Some((host, port)) if port.bytes().all(|one| one.is_ascii_digit()) => host,
                    _ => authority,
                };
                Ok(vec![host.trim_matches(['[', ']']).to_owned()])
            }
            None => Ok(vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()]),
        }
    }

    fn client(&self) -> anyhow::Result<Option<Arc<Client>>> {
        let access = Access::find(self.kubeconfig.as_deref())?;
        access.map(|access| Client::new(access).map(Arc::new)).transpose()
    }

    fn known(&self) -> anyhow::Result<Known> {
        if !self.namespaces.is_empty() {
            return Ok(Known::Files(Labels::read(&self.namespaces)?));
        }
        let client = self.client()?.ok_or_else(|| {
            let why = "this is no pod of a cluster: name it with --kubeconfig FILE, or its namespaces \
                       with --namespaces FILE";
            Usage(why.into())
        })?;
        Ok(Known::Cluster(client))
    }

    fn own(&self, client: Option<Arc<Client>>, settings: &Settings) -> anyhow::Result<Option<Own>> {
        let Some(place) = &self.own_tls else { return Ok(None) };
        let kind = match (place.strip_prefix("secret:"), client) {
            (Some(name), Some(client)) => {
                let (namespace, name) = namespaced(name)?;
                Kind::Secret { client, namespace, name }
            }
            (Some(_), None) => {
                let why = format!("`{place}` is in a cluster: name it with --kubeconfig FILE");
                return Err(Usage(why).into());
            }
            (None, _) => Kind::Folder(PathBuf::from(place)),
        };
        Ok(Some(Own {
            kind,
            hosts: self.hosts()?,
            webhooks: self.patch_webhooks.clone(),
            mutates: settings.pins(),
        }))
    }

    /// Whoever judges images, where registries have to be asked.
    fn judge(&self, settings: &Settings) -> anyhow::Result<Option<Arc<dyn ImageJudge>>> {
        let Some(images) = settings.images.as_ref().filter(|_| settings.asks_registries()) else {
            return Ok(None);
        };
        let folder = self.config.parent().unwrap_or(Path::new(""));
        let judge =
            Judge::new(images, folder, self.trusted_root.as_deref(), self.reading.options()?)?;
        Ok(Some(Arc::new(judge)))
    }

    fn print(&self, settings: &Settings) -> anyhow::Result<Outcome> {
        let why = "say what the API server asks: --service NAMESPACE/NAME, or --url URL";
        let target = self.target()?.ok_or_else(|| Usage(why.into()))?;
        let is_secret = self.own_tls.as_ref().is_some_and(|place| place.starts_with("secret:"));
        let client = if is_secret { self.client()? } else { None };
        let authority = match (&self.ca_from, &self.ca_bundle, self.own(client, settings)?) {
            (Some(certificate), ..) => {
                let (namespace, name) = namespaced(certificate)?;
                Authority::Certificate(format!("{namespace}/{name}"))
            }
            (None, Some(file), _) => {
                let shown = file.display();
                let bundle =
                    std::fs::read(file).with_context(|| format!("cannot read `{shown}`"))?;
                Authority::Bundle(bundle)
            }
            (None, None, Some(own)) => Authority::Bundle(own.bundle()?),
            (None, None, None) => {
                let why = "say of whom the server's certificate is: --ca-bundle FILE, --ca-from \
                           NAMESPACE/CERTIFICATE, or --own-tls";
                return Err(Usage(why.into()).into());
            }
        };
        let documents = webhook::configurations(settings, webhook::NAME, &target, &authority);
        output::write(None, |out| out.write_all(webhook::yaml(&documents).as_bytes()))?;
        Ok(Outcome::Clean)
    }

    fn judge_one(&self, file: &Path, settings: Settings) -> anyhow::Result<Outcome> {
        let judge = self.judge(&settings)?;
        let cluster: Option<Arc<dyn Cluster>> = match self.known() {
            Ok(Known::Files(labels)) => Some(Arc::new(labels)),
            Ok(Known::Cluster(client)) => Some(Namespaces::follow(client)),
            // What the settings have for all is all that is asked then.
            Err(error) if error.is::<Usage>() => None,
            Err(error) => return Err(error),
        };
        offline::run(file, settings, cluster, judge)
    }
}

/// `NAMESPACE/NAME`.
fn namespaced(text: &str) -> Result<(String, String), Usage> {
    let wrong = || Usage(format!("`{text}` is not of the form NAMESPACE/NAME"));
    let (namespace, name) = text.split_once('/').ok_or_else(wrong)?;
    let fits = |part: &str| {
        let is_part = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
        };
        !part.is_empty() && part.len() <= 253 && part.bytes().all(is_part)
    };
    if fits(namespace) && fits(name) {
        Ok((namespace.to_owned(), name.to_owned()))
    } else {
        Err(wrong())
    }
}

fn export(form: &str, settings: &Settings) -> anyhow::Result<Outcome> {
    if form != "vap" {
        return Err(Usage(format!("`{form}` is no form to export: it is vap")).into());
    }
    let exported = vap::export(settings);
    output::write(None, |out| out.write_all(webhook::yaml(&exported.documents).as_bytes()))?;
    for line in &exported.left_out {
        crate::exit::tell(&format!("note: not in CEL: {line}"));
    }
    Ok(Outcome::Clean)
}
