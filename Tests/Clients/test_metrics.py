"""What /metrics tells, read with Prometheus' own parser, and what hangs on its names: the dashboard and the documentation."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from palco import ROOT, Palco, binary
from places import MEDIA_IS_LOCAL
from prometheus_client.parser import text_string_to_metric_families
from waiting import wait_until

HERE = Path(__file__).parent
UNIT = ROOT / "deploy/palco.service"
# Of what a dashboard's queries are made beside names of numbers.
WORDS = re.compile(r"\b((?:palco|process)_[a-z0-9_]+)\b")


def families(client):
    text = client.get("//metrics", token=False).expect(200).text
    return {family.name: family for family in text_string_to_metric_families(text)}


def served(found):
    """Every name that a query can ask for."""
    names = {sample.name for family in found.values() for sample in family.samples}
    # A name without a sample yet, as of videos where there are none.
    return names | {f"{family.name}_total" if family.type == "counter" else family.name for family in found.values()}


@pytest.fixture(scope="module")
def numbers(server, admin, foreign):
    """After a film was made and looked at."""
    admin.playback_url(foreign["id"])
    admin.get("/videos/nothing").expect(404)
    return families(server.client())


def test_the_parser_of_prometheus_reads_every_line(numbers):
    assert len(numbers) > 20
    for name, family in numbers.items():
        assert family.documentation.endswith("."), name
        assert family.type in ("counter", "gauge", "histogram"), name
        for sample in family.samples:
            assert sample.value >= 0, sample
            assert family.type != "counter" or sample.name == f"{name}_total", sample
        keys = [(sample.name, *sorted(sample.labels.items())) for sample in family.samples]
        assert len(keys) == len(set(keys)), name


def test_histograms_rise_to_their_count(numbers):
    found = [family for family in numbers.values() if family.type == "histogram"]
    counted = {family.name for family in found if family.samples}
    asked = {"palco_outgoing_request_duration_seconds"}
    # A server whose media is local asked no other one.
    assert counted == {"palco_http_request_duration_seconds", "palco_event_loop_lag_seconds"} | (set() if MEDIA_IS_LOCAL else asked)
    assert {family.name for family in found} == counted | asked
    for family in found:
        def series(sample):
            return sorted((key, value) for key, value in sample.labels.items() if key != "le")

        for labels, samples in itertools.groupby(family.samples, key=series):
            samples = list(samples)
            counts = [sample.value for sample in samples if sample.name.endswith("_bucket")]
            bounds = [float(sample.labels["le"]) for sample in samples if sample.name.endswith("_bucket")]
            total = next(sample.value for sample in samples if sample.name.endswith("_count"))
            assert bounds == sorted(bounds) and bounds[-1] == float("inf"), labels
            assert counts == sorted(counts) and counts[-1] == total > 0, labels


def test_numbers_are_what_happened(server, numbers):
    requests = {
        (sample.labels["route"], sample.labels["status"]): sample.value for sample in numbers["palco_http_requests"].samples
    }
    assert requests["/api/v1/videos/{id}/play", "200"] >= 1 and requests["/api/v1/videos/{id}", "404"] >= 1
    value = {name: family.samples[0].value for name, family in numbers.items() if family.samples}
    assert value["palco_network_received_bytes"] > 100_000 and value["palco_network_sent_bytes"] > 1000
    assert abs(value["process_resident_memory_bytes"] - server.resident_bytes()) < 64 << 20
    assert 0 < value["process_cpu_seconds"] <= server.cpu_seconds() + 0.1
    assert 5 < value["process_open_fds"] < value["process_max_fds"]
    assert value["palco_connections"] >= 1 and value["palco_connections_accepted"] >= value["palco_connections"]
    states = {sample.labels["state"]: sample.value for sample in numbers["palco_encoding_tasks"].samples}
    assert set(states) == {"failed", "running", "waiting"}


def test_those_who_follow_events_are_counted_by_what_they_follow(own_server, films):
    palco = own_server().start()
    client = palco.admin()
    video = client.have(films.bikes, title="Followed")

    def counted():
        found = families(client)["palco_event_listeners"]
        return {sample.labels["topic"]: sample.value for sample in found.samples}

    assert counted() == {"all": 0, "one": 0}
    with client.stream("/videos/events"):
        with client.stream(f"/videos/{video['id']}/events"), client.stream(f"/videos/{video['id']}/events"):
            assert counted() == {"all": 1, "one": 2}
        wait_until(lambda: counted() == {"all": 1, "one": 0}, "they have left")
    assert palco.stop() == 0


def test_strangers_make_no_new_numbers(server):
    client = server.client()
    client.get("//lost").expect(404)
    wait_until(lambda: "-" in routes(client), "it is counted")
    before = routes(client)
    for number in range(200):
        client.request("GET", f"//lost/{number}").expect(404)
    for method in ("COPY", "LOCK", "REPORT", "SUBSCRIBE"):
        client.request(method, "//healthz").expect(405)
    assert routes(client) == before


def routes(client):
    return {sample.labels["route"] for sample in families(client)["palco_http_requests"].samples}


def test_the_dashboard_asks_for_names_that_are_served(numbers):
    dashboard = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text())
    assert len(dashboard["panels"]) > 10
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            asked = set(WORDS.findall(target["expr"]))
            assert asked and asked <= served(numbers), f"{panel['title']}: {asked - served(numbers)}"
            for text, family in [(target["expr"], name) for name in asked]:
                check_labels(text, family, numbers)


def check_labels(query, name, numbers):
    """Labels that the query groups by or selects exist."""
    base = re.sub(r"_(total|bucket|sum|count)$", "", name)
    known = {key for sample in numbers[base if base in numbers else name].samples for key in sample.labels} | {"instance", "le"}
    for group in re.findall(r"by \(([^)]*)\)", query):
        assert {each.strip() for each in group.split(",")} <= known, query
    for selector in re.findall(r"\{([^}]*)\}", query):
        assert set(re.findall(r"(\w+)\s*[=!]", selector)) <= known, query


def test_the_documentation_lists_every_number(numbers):
    text = (ROOT / "docs/observability.md").read_text()
    listed = set(re.findall(r"^\| `((?:palco|process)_[a-z0-9_]+)`", text, re.M))
    assert listed == {f"{name}_total" if family.type == "counter" else name for name, family in numbers.items()}


def test_a_reader_elsewhere_needs_the_token(own_server):
    palco = own_server({"PALCO_METRICS_TOKEN": "a-token-of-this-test"}).start()
    client = palco.client()
    through = {"X-Forwarded-For": "127.0.0.1"}
    client.get("//metrics", headers=through).expect(404)
    client.get("//metrics", headers={**through, "Authorization": "Bearer a-token-of-this-tesT"}).expect(404)
    answer = client.get("//metrics", headers={**through, "Authorization": "Bearer a-token-of-this-test"}).expect(200)
    assert "palco_info" in answer.text
    assert palco.stop() == 0


def test_a_trace_that_came_is_in_the_log(server):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    server.client().get("//trace/of/this/test", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}).expect(404)
    line = json.loads(server.wait_for_line("/trace/of/this/test"))
    assert (line["trace_id"], line["parent_id"]) == (trace, "00f067aa0ba902b7")


def test_each_connection_has_a_line_at_debug_level(own_server):
    palco = own_server({"PALCO_LOG_LEVEL": "debug"}).start()
    palco.client().get("//healthz").expect(200)
    line = json.loads(palco.wait_for_line('"message":"connection"'))
    assert line["requests"] == 1 and line["received"] > 50 and line["sent"] > 100 and line["address"] == "127.0.0.1"
    assert palco.stop() == 0


def test_the_unit_of_systemd_is_right_and_narrow(tool):
    tool("systemd-analyze")
    checked = subprocess.run(["systemd-analyze", "verify", UNIT], capture_output=True, text=True)
    # Where the program is not installed, nothing else may be wrong.
    told = [line for line in checked.stderr.splitlines() if "is not executable" not in line]
    assert not told, told
    scored = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", UNIT], capture_output=True, text=True, check=True
    )  # fmt: skip
    level = re.search(r"exposure level for palco.service: ([\d.]+)", scored.stdout).group(1)
    assert float(level) <= 2.2, scored.stdout


def test_all_of_palco_works_with_the_system_calls_of_the_unit(tool, tmp_path, films):
    tool("systemd-analyze")
    wrapper = [sys.executable, HERE / "under_service.py", UNIT]
    doctors = [
        subprocess.run([*before, str(binary()), "doctor", "--data", tmp_path / "none"], capture_output=True, text=True)
        for before in ([], wrapper)
    ]
    # What is free on the disk changes under both: the machine does not stand still for the test.
    free, told = re.subn(r"\d+ MiB can be used", "MiB can be used", doctors[0].stdout)
    assert told == 1 and doctors[1].returncode == 0
    assert re.sub(r"\d+ MiB can be used", "MiB can be used", doctors[1].stdout) == free
    palco = Palco(tmp_path / "data", wrapper=[str(each) for each in wrapper]).start()
    client = palco.admin()
    video = client.upload(films.bikes).expect(201).json()
    client.wait(video["id"], whole=True)
    assert palco.stop() == 0
