//! Boards as Grafana's JSON.
//!
//! Source: <https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/>.

use serde_json::{Value, json};

/// How a panel shows its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One number each.
    Stat,
    /// Lines over time.
    Series,
    /// Lines over time on top of each other.
    Stacked,
    /// Bars, the longest first.
    Bars,
    /// Buckets of a histogram.
    Histogram,
}

/// A panel.
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) kind: Kind,
    pub(crate) unit: &'static str,
    /// `PromQL` and the legend.
    pub(crate) queries: Vec<(&'static str, &'static str)>,
    /// Of the 24 columns.
    pub(crate) width: u64,
    /// Path and query of the page behind a number, where `{label}` is the label of its series.
    pub(crate) page: &'static str,
    /// What it means.
    pub(crate) about: &'static str,
}

/// A board.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) panels: Vec<Panel>,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Stat => "stat",
            Self::Series | Self::Stacked => "timeseries",
            Self::Bars | Self::Histogram => "bargauge",
        }
    }

    fn height(self) -> u64 {
        if self == Self::Stat { 4 } else { 8 }
    }

    /// Whether only what is now is asked for.
    pub(crate) fn is_instant(self) -> bool {
        matches!(self, Self::Stat | Self::Bars | Self::Histogram)
    }

    fn options(self) -> Value {
        let last = json!({"calcs": ["lastNotNull"], "fields": "", "values": false});
        match self {
            Self::Stat => json!({
                "reduceOptions": last, "colorMode": "value", "graphMode": "none",
                "orientation": "auto", "justifyMode": "auto", "textMode": "auto", "wideLayout": true,
                "showPercentChange": false, "percentChangeColorMode": "standard",
            }),
            Self::Bars | Self::Histogram => json!({
                "reduceOptions": last, "orientation": "horizontal", "displayMode": "basic",
                "valueMode": "color", "namePlacement": "auto", "showUnfilled": true,
                "sizing": "auto", "minVizWidth": 8, "minVizHeight": 16, "maxVizHeight": 300,
                "legend": {
                    "showLegend": false, "displayMode": "list", "placement": "bottom", "calcs": [],
                },
            }),
            Self::Series | Self::Stacked => json!({
                "legend": {
                    "showLegend": true, "displayMode": "table", "placement": "bottom",
                    "calcs": ["lastNotNull", "max"],
                },
                "tooltip": {"mode": "multi", "sort": "desc"},
            }),
        }
    }
}

/// Colours of severities and states, the same on all boards; readable by the colour-blind too.
const COLOURS: [(&str, &str); 10] = [
    ("critical", "#a50026"),
    ("high", "#f46d43"),
    ("medium", "#fdae61"),
    ("low", "#74add1"),
    ("negligible", "#abd9e9"),
    ("unknown", "#969696"),
    ("pass", "#1a9850"),
    ("fail", "#a50026"),
    ("opened", "#f46d43"),
    ("resolved", "#1a9850"),
];

impl Board {
    pub(crate) fn json(&self) -> String {
        let (mut x, mut y, mut row) = (0, 0, 0);
        let mut panels = Vec::new();
        for (panel, id) in self.panels.iter().zip(1_u64..) {
            if x + panel.width > 24 {
                (x, y, row) = (0, y + row, 0);
            }
            let height = panel.kind.height();
            panels.push(panel.json(id, &json!({"x": x, "y": y, "w": panel.width, "h": height})));
            x += panel.width;
            row = row.max(height);
        }
        let board = json!({
            "uid": format!("plimsoll-{}", self.file),
            "title": format!("Plimsoll / {}", self.title),
            "description": self.about,
            "tags": ["plimsoll"],
            "editable": true,
            "schemaVersion": 39,
            "version": 1,
            "refresh": "1m",
            "time": {"from": "now-7d", "to": "now"},
            "timezone": "browser",
            "links": [{
                "type": "dashboards", "tags": ["plimsoll"], "asDropdown": true, "icon": "external link",
                "title": "Plimsoll", "tooltip": "The other boards", "targetBlank": false, "includeVars": true, "keepTime": true,
            }],
            "templating": {"list": [
                {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
                {"name": "ui", "label": "Address of Plimsoll", "type": "textbox",
                 "query": "http://localhost:6060",
                 "current": {"text": "http://localhost:6060", "value": "http://localhost:6060"}},
            ]},
            "annotations": {"list": []},
            "panels": panels,
        });
        serde_json::to_string_pretty(&board).unwrap() + "\n"
    }
}

impl Panel {
    fn json(&self, id: u64, place: &Value) -> Value {
        let source = json!({"type": "prometheus", "uid": "${source}"});
        let target = |(at, (expr, legend)): (usize, &(&str, &str))| {
            json!({
                "refId": char::from(b'A' + u8::try_from(at).unwrap()).to_string(),
                "datasource": source,
                "expr": expr,
                "legendFormat": legend,
                "instant": self.kind.is_instant(),
                "range": !self.kind.is_instant(),
            })
        };
        let colour = |(name, colour): &(&str, &str)| {
            json!({
                "matcher": {"id": "byName", "options": name},
                "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
            })
        };
        let mut defaults = json!({"unit": self.unit, "min": 0, "custom": {}});
        if self.kind == Kind::Stacked {
            defaults["custom"] = json!({"stacking": {"mode": "normal"}, "fillOpacity": 40});
        }
        if self.unit == "percentunit" {
            defaults["max"] = json!(1);
        }
        if !self.page.is_empty() {
            let page = self.page.replace('{', "${__field.labels.").replace('}', ":percentencode}");
            defaults["links"] = json!([{
                "title": "Open in Plimsoll", "targetBlank": true, "url": format!("${{ui}}{page}"),
            }]);
        }
        json!({
            "id": id,
            "title": self.title,
            "description": self.about,
            "type": self.kind.name(),
            "datasource": source,
            "gridPos": place,
            "options": self.kind.options(),
            "fieldConfig": {
                "defaults": defaults,
                "overrides": COLOURS.iter().map(colour).collect::<Vec<_>>(),
            },
            "targets": self.queries.iter().enumerate().map(target).collect::<Vec<_>>(),
        })
    }
}
