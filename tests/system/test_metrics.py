"""What Prometheus reads, and the files beside it that read its metrics."""

import json
import re
import subprocess
from pathlib import Path

from support import raw_http
from support.programs import tool
from support.waiting import wait_for

PACKAGING = Path(__file__).resolve().parents[2] / "packaging"
LABEL = r'\w+="((?:[^"\\]|\\.)*)"'
SAMPLE = re.compile(rf"(\w+)(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")


def scrape(server):
    """All samples, by name or by name and labels' values."""
    answer = server.api("/metrics")
    assert answer.status == 200
    assert answer.get("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    samples = {}
    for line in answer.body.decode().splitlines():
        if line.startswith("#"):
            continue
        sample = SAMPLE.fullmatch(line)
        name, labels, number = sample[1], sample[2], sample[sample.lastindex]
        key = (name, *re.findall(LABEL, labels)) if labels else name
        assert key not in samples, f"{key} stands there twice"
        samples[key] = float(number)
    return samples


def promtool(*arguments, text=None):
    done = subprocess.run([tool("promtool"), *map(str, arguments)], input=text, capture_output=True,
                          timeout=60, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout.decode() + done.stderr.decode()


def test_requests_are_counted_by_status_and_client(lab):
    server, _, _ = lab.house("a", "b")
    before = scrape(server)
    assert before["frpx_sessions"] == 2 and before["frpx_database_up"] == 1
    assert "frpx_cache_up" not in before, "none is configured"
    for _ in range(5):
        assert server.fetch(headers={"client_id": "a"}).status == 200
    assert server.fetch(key="wrong").status == 401
    sent = b"x" * 1000
    assert server.fetch("POST", "/echo", body=sent, headers={"client_id": "b"}).status == 200
    counted_last = "frpx_response_body_bytes_total"
    after = wait_for(lambda: (now := scrape(server))[counted_last]
                     >= before[counted_last] + len(sent) and now, 5, "they are counted")

    def grown(*key):
        name = key if len(key) > 1 else key[0]
        return after[name] - before[name]

    assert grown("frpx_requests_total", "2xx") == 6
    assert grown("frpx_requests_total", "4xx") == 1
    assert grown("frpx_requests_total", "5xx") == grown("frpx_requests_total", "none") == 0
    assert grown("frpx_client_requests_total", "a") == 5
    assert grown("frpx_client_requests_total", "b") == 1
    assert grown("frpx_request_body_bytes_total") == len(sent)
    assert grown("frpx_visitors_total") == 7
    assert sum(grown(*key) for key in after if key[0] == "frpx_key_checks_total") >= 7
    assert 0 <= after["frpx_worker_loop_lag_seconds", "0"] <= 1


def test_an_answer_that_is_cut_counts_as_none(lab):
    server, services, clients = lab.house("a")
    before = scrape(server)
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/sse?count=2&gate=1"))
        services["a"].first("/sse")
        services["a"].release()
        next(visitor.pieces(visitor.head()))
        assert scrape(server)["frpx_connected_visitors"] == 1
        assert scrape(server)["frpx_client_in_flight", "a"] == 1
        clients["a"].kill()
        assert visitor.end() == "rst"
    after = wait_for(lambda: (now := scrape(server))["frpx_sessions"] == 0 and now, 20, "it left")
    assert after["frpx_requests_total", "none"] == before["frpx_requests_total", "none"] + 1
    assert after["frpx_requests_total", "2xx"] == before["frpx_requests_total", "2xx"]
    assert ("frpx_client_requests_total", "a") not in after, "its series went with it"


def test_durations_models_and_tokens(lab):
    server, services, _ = lab.house("a")
    for _ in range(3):
        assert server.fetch("POST", "/api/generate",
                            body=b'{"model":"tiny","prompt":"hi","stream":false}').status == 200
    assert server.fetch(key="wrong").status == 401
    with server.visitor() as visitor:
        visitor.send(raw_http.request("GET", "/sse?count=2&gate=1"))
        services["a"].first("/sse")
        services["a"].release()
        answer = visitor.pieces(visitor.head())
        next(answer)
        first = scrape(server)
        assert first["frpx_request_duration_seconds_count"] == 3, "this one has not ended"
        services["a"].release()
        assert list(answer)
    after = wait_for(lambda: (now := scrape(server))["frpx_request_duration_seconds_count"] == 4
                     and ("frpx_model_requests_total", "a", "tiny", "ok") in now and now, 20,
                     "they are counted")
    assert after["frpx_time_to_first_byte_seconds_count"] == 4, "not who was refused here"
    assert after["frpx_request_duration_seconds_bucket", "+Inf"] == 4
    assert 0 < after["frpx_time_to_first_byte_seconds_sum"]
    assert after["frpx_time_to_first_byte_seconds_sum"] <= \
        after["frpx_request_duration_seconds_sum"] < 60
    assert after["frpx_model_requests_total", "a", "tiny", "ok"] == 3
    assert after["frpx_store_errors_total"] == 0


def test_the_process_is_told(lab):
    server = lab.frps()
    now = scrape(server)
    assert abs(now["process_open_fds"] - server.fds()) <= 3  # connections of the API come and go
    assert now["process_resident_memory_bytes"] > 1 << 20
    assert now["process_cpu_seconds_total"] > 0
    again = scrape(server)
    assert again["process_start_time_seconds"] == now["process_start_time_seconds"]


def test_metrics_are_guarded_as_the_rest(lab):
    server = lab.frps("--api-token", "a-token-for-operators")
    assert server.api("/metrics").status == 401
    assert server.api("/metrics", headers={"Authorization": "Bearer a-token-for-operators"}
                      ).status == 200
    open_server = lab.frps(name="open")
    assert open_server.api("/metrics", host="evil.example.com").status == 403


def test_promtool_finds_nothing_to_say_of_the_metrics(lab):
    server, _, _ = lab.house("a", "b")
    server.fetch()
    assert promtool("check", "metrics", text=server.api("/metrics").body) == ""


def test_promtool_accepts_the_configuration_and_the_alerts():
    promtool("check", "config", PACKAGING / "prometheus/prometheus.yml")
    said = promtool("check", "rules", PACKAGING / "prometheus/frpx-alerts.yml")
    assert re.search(r"SUCCESS: [1-9]\d* rules found", said), said


def dashboard_expressions():
    dashboard = json.loads((PACKAGING / "grafana/frpx.json").read_text())
    return [each["expr"] for panel in dashboard["panels"] for each in panel["targets"]]


def test_dashboard_and_alerts_read_what_there_is(lab):
    """And the dashboard shows everything."""
    server = lab.house("a")[0]
    server.fetch()
    samples = wait_for(lambda: (now := scrape(server)) and [k for k in now if "model" in k[0]]
                       and now, 20, "models are told")
    known = {key[0] if isinstance(key, tuple) else key for key in samples}
    known.add("frpx_cache_up")
    name = re.compile(r"\b(?:frpx|process)_\w+")
    alerts = set(name.findall((PACKAGING / "prometheus/frpx-alerts.yml").read_text()))
    shown = set(name.findall("\n".join(dashboard_expressions())))
    assert alerts and alerts <= known, alerts - known
    assert shown <= known, shown - known
    unshown = {"frpx_worker_visitors", "frpx_worker_posts_total", "process_virtual_memory_bytes",
               "process_start_time_seconds", "frpx_event_listeners", "frpx_worker_relays",
               "frpx_worker_pipes", "frpx_request_duration_seconds_sum",
               "frpx_request_duration_seconds_count", "frpx_time_to_first_byte_seconds_sum",
               "frpx_time_to_first_byte_seconds_count"}
    assert known - shown == unshown


def test_the_dashboards_expressions_are_valid(lab):
    rules = [{"record": f"panel:{i}", "expr": expr.replace("$__rate_interval", "5m")}
             for i, expr in enumerate(dashboard_expressions())]
    assert rules
    file = lab.folder / "panels.yml"
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))  # JSON is YAML
    promtool("check", "rules", file)
