//! `plimsoll kube netpol`: which pods may reach which.

mod check;
mod diff;
mod isolated;
mod lateral;
mod load;
mod matrix;
mod query;
mod suggest;
mod test;
mod who;

use crate::exit::Outcome;

/// Tell which pods may reach which, by their network policies
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Examples:
  plimsoll kube netpol query --from shop/web --to shop/db --port 5432 --protocol TCP deploy/
  plimsoll kube netpol query --from shop/web --to 169.254.169.254 --port 80 deploy/
  plimsoll kube netpol matrix deploy/
  plimsoll kube netpol matrix -o graph=reach.svg deploy/
  plimsoll kube netpol who-can-reach shop/db deploy/
  plimsoll kube netpol isolated --require ingress deploy/
  plimsoll kube netpol check deploy/
  plimsoll kube netpol diff old/ new/
  plimsoll kube netpol lateral --from shop/web deploy/
  plimsoll kube netpol test --expect expect.yaml deploy/
  plimsoll kube netpol suggest deploy/ > policies.yaml
  kubectl get ns,pods,netpol -A -o json | plimsoll kube netpol matrix -

Deployments and whatever else makes pods stand for one pod of their name.")]
pub(crate) enum Netpol {
    Query(query::Query),
    Matrix(matrix::MatrixCommand),
    Check(check::Check),
    WhoCanReach(who::WhoCanReach),
    Isolated(isolated::Isolated),
    Diff(diff::Diff),
    Lateral(lateral::LateralCommand),
    Test(test::Test),
    Suggest(suggest::Suggest),
}

impl Netpol {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::Query(command) => command.run(),
            Self::Matrix(command) => command.run(),
            Self::Check(command) => command.run(),
            Self::WhoCanReach(command) => command.run(),
            Self::Isolated(command) => command.run(),
            Self::Diff(command) => command.run(),
            Self::Lateral(command) => command.run(),
            Self::Test(command) => command.run(),
            Self::Suggest(command) => command.run(),
        }
    }
}
