//! Tekton: a task that pipelines refer to.
//!
//! <https://tekton.dev/docs/pipelines/tasks/>

use super::super::detect::Detected;
use super::super::plan::{Plan, Step};
use super::Ci;

pub(super) const CI: Ci = Ci { name: "tekton", is_there, plan };

fn is_there(detected: &Detected) -> bool {
    detected.marks.iter().any(|path| path.starts_with(".tekton/"))
}

const TASK: &str = "\
apiVersion: tekton.dev/v1
kind: Task
metadata:
  name: plimsoll-gate
spec:
  description: One verdict over an image and the sources beside it.
  params:
    - name: image
      description: The image that was built, with its digest.
      type: string
    - name: plimsoll-image
      description: An image that has plimsoll in it.
      type: string
  workspaces:
    - name: source
  steps:
    - name: gate
      image: $(params.plimsoll-image)
      workingDir: $(workspaces.source.path)
      securityContext:
        allowPrivilegeEscalation: false
        runAsNonRoot: true
        runAsUser: 65532
        capabilities:
          drop: [ALL]
        seccompProfile:
          type: RuntimeDefault
      env:
        - name: PLIMSOLL_CACHE_DIR
          value: /tmp/plimsoll
        - name: IMAGE
          value: $(params.image)
      script: |
        #!/bin/sh
        set -eu
        plimsoll db update
        plimsoll gate -o table \"$IMAGE\" .
";

fn plan(_: &Detected, plan: &mut Plan<'_>) {
    plan.add(Step::File { path: ".tekton/plimsoll-gate.yaml".into(), text: TASK.into() });
}
