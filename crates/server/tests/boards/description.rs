//! The five boards.
//!
//! Each server of an estate tells the same of it: `max` takes one of them, and only then is summed.

use crate::grafana::{Board, Kind, Panel};

fn panel(
    kind: Kind,
    title: &'static str,
    width: u64,
    unit: &'static str,
    queries: &[(&'static str, &'static str)],
    page: &'static str,
    about: &'static str,
) -> Panel {
    Panel { title, kind, unit, queries: queries.to_vec(), width, page, about }
}

/// The registry.
pub(crate) fn all() -> Vec<Board> {
    vec![trends(), runtime(), compliance(), scores(), remediation()]
}

#[allow(clippy::too_many_lines, reason = "a list of panels, one after the other")]
fn trends() -> Board {
    Board {
        file: "vulnerability-trends",
        title: "Vulnerability trends",
        about: "How many findings are open, how old they are, and how that changes.",
        panels: vec![
            panel(
                Kind::Stat,
                "Open findings",
                18,
                "short",
                &[("plimsoll:findings:sum", "{{severity}}")],
                "/findings?severity={severity}",
                "Each once, however many images have it.",
            ),
            panel(
                Kind::Stat,
                "Open for longer than agreed",
                6,
                "short",
                &[("sum(max by (severity) (plimsoll_sla_breaches))", "findings")],
                "/findings?state=overdue",
                "Findings whose agreed time is over and about which nobody decided.",
            ),
            panel(
                Kind::Stacked,
                "Open findings by severity",
                12,
                "short",
                &[("plimsoll:findings:sum", "{{severity}}")],
                "/findings?severity={severity}",
                "A step up is a new advisory or a new image.",
            ),
            panel(
                Kind::Series,
                "Opened, resolved and reopened",
                12,
                "short",
                &[
                    ("max(increase(plimsoll_findings_opened_total[$__rate_interval]))", "opened"),
                    (
                        "max(increase(plimsoll_findings_resolved_total[$__rate_interval]))",
                        "resolved",
                    ),
                    (
                        "max(increase(plimsoll_findings_reopened_total[$__rate_interval]))",
                        "reopened",
                    ),
                ],
                "/findings",
                "How many findings came and went.",
            ),
            panel(
                Kind::Series,
                "Age of open findings, nine of ten are younger",
                12,
                "s",
                &[("plimsoll:finding_age_seconds:p90", "{{severity}}")],
                "/findings?severity={severity}",
                "Since when findings have been open.",
            ),
            panel(
                Kind::Bars,
                "Whether there is a fix",
                12,
                "short",
                &[(
                    "sum by (fix_state) (max by (severity, fix_state, kind) (plimsoll_findings))",
                    "{{fix_state}}",
                )],
                "/findings?fix={fix_state}",
                "What waits for a vendor, and what for us.",
            ),
            panel(
                Kind::Series,
                "Age of the advisories by feed",
                12,
                "s",
                &[("max by (feed) (plimsoll_db_feed_age_seconds)", "{{feed}}")],
                "",
                "A feed whose newest record is old says nothing about what is new.",
            ),
            panel(
                Kind::Series,
                "Findings that new advisories changed",
                12,
                "short",
                &[("sum(increase(plimsoll_rematch_changes_total[$__rate_interval]))", "findings")],
                "/findings",
                "Without any image being read again.",
            ),
        ],
    }
}

fn runtime() -> Board {
    Board {
        file: "runtime-alerts",
        title: "Runtime alerts",
        about: "What sensors saw, what they lost, and what was let into clusters.",
        panels: vec![
            panel(
                Kind::Stat,
                "Alerts in the last day by priority",
                18,
                "short",
                &[("plimsoll:runtime_alerts_by_priority:increase1d", "{{priority}}")],
                "/runtime?priority={priority}",
                "By the priority of their rule.",
            ),
            panel(
                Kind::Stat,
                "Events lost in the last day",
                6,
                "short",
                &[("plimsoll:runtime_events_dropped:increase1d", "events")],
                "",
                "What was lost may have been an attack.",
            ),
            panel(
                Kind::Stacked,
                "Alerts by priority",
                12,
                "short",
                &[("plimsoll:runtime_alerts_by_priority:increase5m", "{{priority}}")],
                "/runtime?priority={priority}",
                "By the priority of their rule.",
            ),
            panel(
                Kind::Bars,
                "Rules that spoke most in the last day",
                12,
                "short",
                &[("topk(10, plimsoll:runtime_alerts_by_rule:top20_increase1d)", "{{rule}}")],
                "/runtime?rule={rule}",
                "A rule that speaks all the time is heard by nobody.",
            ),
            panel(
                Kind::Series,
                "Alerts by source",
                8,
                "short",
                &[("plimsoll:runtime_alerts_by_source:increase5m", "{{source}}")],
                "/runtime?source={source}",
                "System calls, audit logs and others.",
            ),
            panel(
                Kind::Series,
                "Events a second, seen and lost",
                8,
                "ops",
                &[
                    ("sum(rate(plimsoll_runtime_events_total[$__rate_interval]))", "seen"),
                    ("sum(rate(plimsoll_runtime_events_dropped_total[$__rate_interval]))", "lost"),
                ],
                "",
                "What sensors saw, and what they could not keep up with.",
            ),
            panel(
                Kind::Stacked,
                "Decisions about workloads",
                8,
                "short",
                &[(
                    "sum by (decision) (increase(plimsoll_admission_decisions_total[$__rate_interval]))",
                    "{{decision}}",
                )],
                "",
                "What was let in, and what was not.",
            ),
        ],
    }
}

fn compliance() -> Board {
    Board {
        file: "compliance-status",
        title: "Compliance status",
        about: "Which share of the images is as every image should be.",
        panels: vec![
            panel(
                Kind::Stat,
                "Policies that all images pass",
                6,
                "short",
                &[(
                    "count(max by (policy) (plimsoll_compliance_score_ratio) == 1) or vector(0)",
                    "policies",
                )],
                "/compliance",
                "Of those that are listed below.",
            ),
            panel(
                Kind::Stat,
                "Checks that passed",
                6,
                "percentunit",
                &[(
                    "sum(max by (policy) (plimsoll_compliance_checks{status=\"pass\"})) / \
                 sum(max by (policy, status) (plimsoll_compliance_checks{status=~\"pass|fail\"}))",
                    "checks",
                )],
                "/compliance",
                "Of all of which it can be said.",
            ),
            panel(
                Kind::Stat,
                "Images whose distribution has ended",
                6,
                "short",
                &[("max(plimsoll_images_eol_base)", "images")],
                "/images?policy=supported-distribution",
                "They get no fixes any more.",
            ),
            panel(
                Kind::Stat,
                "Images with evidence",
                6,
                "short",
                &[
                    ("max(plimsoll_images_signed)", "signed"),
                    ("max(plimsoll_images_with_sbom)", "with a bill of materials"),
                    ("max(plimsoll_images_with_provenance)", "with an attestation"),
                ],
                "/images",
                "What hangs on them in watched registries.",
            ),
            panel(
                Kind::Bars,
                "Share of images that pass",
                12,
                "percentunit",
                &[("sort(max by (policy) (plimsoll_compliance_score_ratio))", "{{policy}}")],
                "/images?policy={policy}",
                "Of those of which it can be said.",
            ),
            panel(
                Kind::Bars,
                "Images that fail",
                12,
                "short",
                &[(
                    "sort_desc(max by (policy) (plimsoll_compliance_checks{status=\"fail\"}))",
                    "{{policy}}",
                )],
                "/images?policy={policy}",
                "Where to begin.",
            ),
            panel(
                Kind::Series,
                "Share of images that pass, over time",
                12,
                "percentunit",
                &[("max by (policy) (plimsoll_compliance_score_ratio)", "{{policy}}")],
                "/images?policy={policy}",
                "Of those of which it can be said.",
            ),
            panel(
                Kind::Stacked,
                "Checks by what came of them",
                12,
                "short",
                &[(
                    "sum by (status) (max by (policy, status) (plimsoll_compliance_checks))",
                    "{{status}}",
                )],
                "/compliance",
                "`unknown` is what nobody can say.",
            ),
        ],
    }
}

#[allow(clippy::too_many_lines, reason = "a list of panels, one after the other")]
fn scores() -> Board {
    Board {
        file: "image-scores",
        title: "Image security scores",
        about: "How good images are, how old they are, and which of them were read at all.",
        panels: vec![
            panel(
                Kind::Stat,
                "Images",
                8,
                "short",
                &[("max(plimsoll_images)", "known"), ("max(plimsoll_images_scanned)", "read")],
                "/images",
                "Known is what is tagged, runs, or was read.",
            ),
            panel(
                Kind::Stat,
                "Median score",
                8,
                "short",
                &[("histogram_quantile(0.5, plimsoll:image_score_bucket:sum)", "of 100")],
                "/images",
                "The higher the better.",
            ),
            panel(
                Kind::Stat,
                "Images that were read",
                8,
                "percentunit",
                &[("max(plimsoll_scan_coverage_ratio{scope=\"all\"})", "of all")],
                "/coverage",
                "What was not read is not judged.",
            ),
            panel(
                Kind::Histogram,
                "Images by score",
                12,
                "short",
                &[("plimsoll:image_score_bucket:sum", "at most {{le}}")],
                "/images",
                "How many images have at most this score.",
            ),
            panel(
                Kind::Bars,
                "Median score by registry",
                12,
                "short",
                &[("sort(plimsoll:image_score:median)", "{{registry}}")],
                "/images?q={registry}",
                "The lowest first.",
            ),
            panel(
                Kind::Series,
                "Mean score by registry, over time",
                12,
                "short",
                &[("plimsoll:image_score:mean", "{{registry}}")],
                "/images?q={registry}",
                "Whether it gets better.",
            ),
            panel(
                Kind::Bars,
                "Share of images that were read, by place, the worst 20",
                12,
                "percentunit",
                &[(
                    "sort(bottomk(20, max by (scope) (plimsoll_scan_coverage_ratio)))",
                    "{{scope}}",
                )],
                "/coverage",
                "Registries, clusters and hosts.",
            ),
            panel(
                Kind::Series,
                "Age of images",
                12,
                "s",
                &[
                    (
                        "histogram_quantile(0.5, max by (le) (plimsoll_image_age_seconds_bucket))",
                        "half are younger",
                    ),
                    (
                        "histogram_quantile(0.9, max by (le) (plimsoll_image_age_seconds_bucket))",
                        "nine of ten are younger",
                    ),
                ],
                "/images",
                "Since when they have not been built anew.",
            ),
            panel(
                Kind::Series,
                "Scans",
                12,
                "short",
                &[(
                    "sum by (result) (increase(plimsoll_scans_total[$__rate_interval]))",
                    "{{result}}",
                )],
                "/scans",
                "Images and documents that were read.",
            ),
        ],
    }
}

fn remediation() -> Board {
    Board {
        file: "remediation-progress",
        title: "Remediation progress",
        about: "What can be mended now, and whether more is mended than comes.",
        panels: vec![
            panel(
                Kind::Stat,
                "Open findings for which there is a fix",
                18,
                "short",
                &[("plimsoll:findings_fixable:sum", "{{severity}}")],
                "/findings?fix=fixed&severity={severity}",
                "What can be mended now.",
            ),
            panel(
                Kind::Stat,
                "Resolved in the last week",
                6,
                "short",
                &[("plimsoll:findings_resolved:increase7d", "findings")],
                "/findings?state=resolved",
                "By an update, or by what advisories say since.",
            ),
            panel(
                Kind::Stacked,
                "Open findings for which there is a fix",
                12,
                "short",
                &[("plimsoll:findings_fixable:sum", "{{severity}}")],
                "/findings?fix=fixed&severity={severity}",
                "It should fall.",
            ),
            panel(
                Kind::Series,
                "More came than went",
                12,
                "short",
                &[(
                    "max(plimsoll_findings_opened_total) + max(plimsoll_findings_reopened_total) \
                 - max(plimsoll_findings_resolved_total)",
                    "open in all",
                )],
                "/findings",
                "Everything that was ever opened, less what was resolved.",
            ),
            panel(
                Kind::Series,
                "Open for longer than agreed",
                12,
                "short",
                &[("max by (severity) (plimsoll_sla_breaches)", "{{severity}}")],
                "/findings?state=overdue&severity={severity}",
                "Findings about which nobody decided.",
            ),
            panel(
                Kind::Series,
                "Age of open findings, half are younger",
                12,
                "s",
                &[("plimsoll:finding_age_seconds:median", "{{severity}}")],
                "/findings?severity={severity}",
                "It falls when old ones are mended.",
            ),
            panel(
                Kind::Series,
                "Messages",
                12,
                "short",
                &[(
                    "sum by (kind, result) (increase(plimsoll_notices_total[$__rate_interval]))",
                    "{{kind}} {{result}}",
                )],
                "/policies",
                "Whether those who should know were told.",
            ),
            panel(
                Kind::Series,
                "Work that waits",
                12,
                "short",
                &[("max by (kind) (plimsoll_queue_depth)", "{{kind}}")],
                "/scans",
                "Jobs that wait or run.",
            ),
        ],
    }
}
