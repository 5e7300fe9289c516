//! `plimsoll gate`, `plimsoll init` and `plimsoll update` as a project meets them: what is let through,
//! what is not and why, which files are written, and what is never touched.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

mod attested;
mod documents;
#[allow(dead_code, reason = "the feeds are more than is needed here")]
#[path = "../program/feeds.rs"]
mod feeds;
mod hostile;
mod images;
mod init;
#[allow(dead_code, reason = "the machine has more than is needed here")]
#[path = "../program/machine.rs"]
mod machine;
mod policies;
mod sources;
mod update;

/// A Dockerfile that nothing is to be said against.
pub(crate) const GOOD: &str = "\
FROM node:24-alpine3.22
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force
COPY server.js ./
USER node
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=3s CMD node healthcheck.js
CMD [\"node\", \"server.js\"]
";

/// A pod, its policy and its namespace, as they should be.
pub(crate) const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels:
    app: web
spec:
  automountServiceAccountToken: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: web
      image: registry.example.com/web:1.2
      resources:
        requests: {cpu: 100m, memory: 64Mi}
        limits: {memory: 64Mi}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: web
  policyTypes: [Ingress, Egress]
";
