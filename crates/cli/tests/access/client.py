"""Uses a client that openapi-python-client made of the description that a server gives of its API.

    client.py FOLDER ADDRESS KEY REFERENCE

FOLDER has the package `client`; REFERENCE is an image, or a folder, with a critical finding.
"""

import sys
import time

folder, address, key, reference = sys.argv[1:]
sys.path.insert(0, folder)

from client import AuthenticatedClient  # noqa: E402
from client.api.findings import get_findings, get_findings_by_id, get_findings_by_id_images  # noqa: E402
from client.api.images import get_images, get_images_by_digest  # noqa: E402
from client.api.jobs import get_jobs  # noqa: E402
from client.api.me import get_me  # noqa: E402
from client.api.registries import delete_registries_by_id, post_registries  # noqa: E402
from client.api.scans import get_scans, get_scans_by_id, post_scans, post_scans_by_id_retry  # noqa: E402
from client.api.triage import (  # noqa: E402
    delete_triage_by_id,
    get_findings_by_id_triage,
    get_triage,
    post_triage,
)
from client.models import (  # noqa: E402
    Decision,
    FindingDetail,
    ImageDetail,
    NewDecision,
    NewRegistry,
    NewScan,
    PageFinding,
    PageSummary,
    Problem,
    Registry,
    Scan,
    Standing,
)

api = AuthenticatedClient(base_url=address, token=key, raise_on_unexpected_status=True)


def good(answer, status, kind):
    """What an answer says, which is of the type that the description promises."""
    assert answer.status_code == status, (answer.status_code, answer.content)
    assert isinstance(answer.parsed, kind), answer.parsed
    return answer.parsed


# Read something, once.
new = NewScan(reference=reference, priority=3)
scan = good(post_scans.sync_detailed(client=api, body=new, idempotency_key="once"), 202, Scan)
again = post_scans.sync_detailed(client=api, body=new, idempotency_key="once")
assert good(again, 202, Scan).id == scan.id
for _ in range(600):
    if scan.state not in ("waiting", "running"):
        break
    time.sleep(0.1)
    scan = good(get_scans_by_id.sync_detailed(scan.id, client=api), 200, Scan)
assert scan.state == "done" and scan.components > 0 and scan.finished >= scan.created, scan
listed = get_scans.sync(client=api, state="done")
assert [it.id for it in listed.items] == [scan.id], listed
assert get_jobs.sync(client=api, state="failed").items == []
refused = good(post_scans_by_id_retry.sync_detailed(scan.id, client=api), 409, Problem)
assert refused.status == 409 and refused.detail, refused

# List what came of it, page by page.
images = good(get_images.sync_detailed(client=api), 200, PageSummary)
assert [it.digest for it in images.items] == [scan.digest], images
image = good(get_images_by_digest.sync_detailed(scan.digest, client=api), 200, ImageDetail)
assert image.digest == scan.digest
ids, after = [], None
while True:
    more = {"after": after} if after else {}
    page = good(get_findings.sync_detailed(client=api, limit=1, **more), 200, PageFinding)
    ids.extend(it.id for it in page.items)
    after = page.next_
    if not after:
        break
assert len(ids) == len(set(ids)) > 1, ids
worst = get_findings.sync(client=api, severity="critical").items[0]
detail = good(get_findings_by_id.sync_detailed(worst.id, client=api), 200, FindingDetail)
assert detail.events[0].event == "opened" and detail.component.name == worst.component.name
# Which images have a component is written down a moment later, for several images together.
for _ in range(300):
    having = get_findings_by_id_images.sync(worst.id, client=api)
    if having.items:
        break
    time.sleep(0.1)
assert [it.digest for it in having.items] == [scan.digest], having

# Decide, and take it back.
choice = NewDecision(weakness=worst.weakness, state="accepted", statement="by a client")
decision = good(post_triage.sync_detailed(client=api, body=choice), 200, Decision)
standing = good(get_findings_by_id_triage.sync_detailed(worst.id, client=api), 200, Standing)
assert standing.decision.id == decision.id and not standing.overdue, standing
assert delete_triage_by_id.sync_detailed(decision.id, client=api).status_code == 204
assert get_triage.sync(client=api).items == []

# What is refused is told in the form that is promised.
missing = get_images_by_digest.sync_detailed("sha256:" + "0" * 64, client=api)
assert good(missing, 404, Problem).title, missing
wrong = post_triage.sync_detailed(client=api, body=NewDecision(weakness="CVE-1", state="fine"))
assert "`state`" in good(wrong, 422, Problem).detail, wrong
stranger = AuthenticatedClient(base_url=address, token="plimsoll_none")
assert good(get_images.sync_detailed(client=stranger), 401, Problem).status == 401

# Administer.
registry = NewRegistry(name="by-client", host="registry.example", enabled=False)
made = good(post_registries.sync_detailed(client=api, body=registry), 201, Registry)
assert delete_registries_by_id.sync_detailed(made.id, client=api).status_code == 204
assert get_me.sync(client=api).role == "admin"
print("all of it")
