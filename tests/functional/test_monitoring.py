"""The dashboard and the alert rules in docs/deployment ask for what we export, and for nothing else."""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from moderation import workers
from tests.fakes import IDENTITY
from tests.sentences import CALM, insult, sentence
from tests.world import ARTICLE, World

FOLDER = Path(__file__).parents[2] / "docs" / "deployment"
TOKEN = "langes-Wort-fuer-Prometheus"
Exported = dict[str, dict[str, set[str]]]
"""By sample, its labels with the values that they have."""

_METRIC = re.compile(r"\b(vorab_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|=|!=|!~)\s*"([^"]*)"')
_GROUPING = re.compile(r"\bby \(([^)]*)\)")


@pytest.fixture
def exported(make_world: Callable[..., World]) -> Exported:
    """What a process exports that has seen a little of everything."""
    world = make_world(metrics_token=TOKEN)
    world.site(policy=CALM)
    reader = world.person()
    for body in (sentence(0), insult(1)):
        world.comment(reader, body)
    etag = ""
    for _ in range(3):
        headers = {"If-None-Match": etag} if etag else {}
        etag = world.call("GET", f"/sites/demo/articles/{ARTICLE}/comments", headers=headers).headers.get("ETag", "")
    world.call("GET", f"/sites/demo/articles/{ARTICLE}/comments")
    with world.database.write() as session:
        workers.beat(session, uuid.uuid4(), IDENTITY, now=world.clock())
    answer = world.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    found: Exported = defaultdict(lambda: defaultdict(set))
    for family in text_string_to_metric_families(answer.get_data(as_text=True)):
        for sample in family.samples:
            found[sample.name]  # Those without labels are there too.
            for label, value in sample.labels.items():
                found[sample.name][label].add(value)
    return found


def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))
    return read


def queries_of_the_dashboard() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def rules() -> list[dict[str, Any]]:
    read = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in read["groups"] for rule in group["rules"]]


def objections(query: str, exported: Exported) -> list[str]:
    """What in a query is not exported: a metric, a label, or a value that a label never has."""
    named = _METRIC.findall(query)
    found = [] if named else [f"no metric in {query}"]
    for metric, matchers in named:
        if metric not in exported:
            found.append(f"{metric} is not exported")
            continue
        labels = exported[metric]
        for label, operator, value in _MATCHER.findall(matchers):
            # Server errors are the one thing that a healthy process has none of.
            pattern = value if operator.endswith("~") else re.escape(value)
            known = labels.get(label, set()) | ({"500", "503"} if label == "status" else set())
            if not any(re.fullmatch(pattern, one) for one in known):
                found.append(f"{metric} has no {label}{operator}{value}")
        for grouping in _GROUPING.findall(query):
            found += [f"{metric} has no label {one}" for one in re.split(r",\s*", grouping) if one not in labels]
    return found


def test_every_query_of_the_dashboard_asks_for_what_is_exported(exported: Exported) -> None:
    asked = list(queries_of_the_dashboard())

    assert len(asked) >= 14
    assert [one for query in asked for one in objections(query, exported)] == []


def test_every_alert_asks_for_what_is_exported_and_says_what_it_means(exported: Exported) -> None:
    found = rules()

    assert len(found) >= 8
    assert [one for rule in found for one in objections(rule["expr"], exported)] == []
    assert all(len(rule["annotations"]["summary"]) > 20 for rule in found)


def test_whatever_is_exported_is_on_the_dashboard(exported: Exported) -> None:
    shown = {
        re.sub(r"_(bucket|count|sum)$", "", metric)
        for query in queries_of_the_dashboard()
        for metric, _ in _METRIC.findall(query)
    }
    ours = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in exported if name.startswith("vorab_")}

    assert {name for name in ours if f"{name}_total" not in ours} - shown == set()


@pytest.mark.parametrize(
    "query",
    [
        "rate(vorab_requests_seconds_count[5m])",
        'vorab_waiting{what="letters"}',
        "sum by (site) (vorab_waiting)",
        'vorab_workers{mood="ready"}',
        "up",
    ],
)
def test_a_query_for_something_else_is_noticed(exported: Exported, query: str) -> None:
    assert objections(query, exported)


def test_panels_do_not_lie_on_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells


def test_the_documentation_names_whatever_is_exported(exported: Exported) -> None:
    told = (FOLDER.parent / "deployment.md").read_text(encoding="utf-8")

    for name in {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in exported if name.startswith("vorab_")}:
        assert f"`{name}`" in told or f"`{name}_total`" in told, name
