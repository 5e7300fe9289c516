//! Jenkins: a declarative pipeline, or the stage for one that is there.
//!
//! <https://www.jenkins.io/doc/book/pipeline/syntax/>

use super::super::detect::Detected;
use super::super::plan::{Plan, Step};
use super::{Ci, build};

pub(super) const CI: Ci = Ci { name: "jenkins", is_there, plan };

fn is_there(detected: &Detected) -> bool {
    detected.marks.iter().any(|path| path == "Jenkinsfile")
}

fn plan(detected: &Detected, plan: &mut Plan<'_>) {
    let stage = stage(detected);
    let text = format!(
        "pipeline {{\n  agent any\n  triggers {{\n    // New weaknesses become known without a change of \
         the sources.\n    cron('H 5 * * *')\n  }}\n  stages {{\n{stage}  }}\n}}\n"
    );
    plan.add(Step::Part { path: "Jenkinsfile".into(), text, hint: stage });
}

/// The agent has plimsoll, in the way by which the machines get it.
fn stage(detected: &Detected) -> String {
    let (build, targets) = build(detected);
    let build = build.map_or_else(String::new, |command| format!("        sh '{command}'\n"));
    format!(
        "    stage('Gate') {{\n      steps {{\n{build}        sh 'plimsoll db update'\n        sh 'plimsoll \
         gate -o table -o junit=gate.xml {targets}'\n      }}\n      post {{\n        always {{\n          \
         junit 'gate.xml'\n        }}\n      }}\n    }}\n"
    )
}
