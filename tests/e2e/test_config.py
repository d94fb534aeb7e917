"""`slipway config`: the schema says what the parser says, as far as a schema can."""

import ast
import json
import re
import subprocess

import pytest
import yaml

from world import ROOT, binary

jsonschema = pytest.importorskip("jsonschema", reason="python3-jsonschema is not installed: no schema was checked")

IMAGE = "app: { image: 'shop:1' }\n"


def slipway(*arguments):
    return subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=30)


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(slipway("config", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def complaints(validator, text):
    return [error.message for error in validator.iter_errors(yaml.safe_load(text) or {})]


def accepted_by_both(validator, place, text):
    file = place / "slipway.yaml"
    file.write_text(text)
    parsed = slipway("config", "check", "--config", file)
    assert parsed.returncode == 0, parsed.stderr
    assert complaints(validator, text) == []


@pytest.mark.parametrize("file", ["examples/automation-app/slipway.yaml", "examples/crownmercado-automation-dev/slipway.yaml"])
def test_every_example_is_valid(validator, place, file):
    accepted_by_both(validator, place, (ROOT / file).read_text())


def test_what_init_and_the_reference_write_is_valid(validator, place):
    assert slipway("init", "shop:1.4", "--output", place / "slipway.yaml").returncode == 0
    accepted_by_both(validator, place, (place / "slipway.yaml").read_text())
    reference = (ROOT / "docs/reference/configuration.md").read_text()
    (place / "resend-key").write_text("k\n")
    example = re.search(r"```yaml\n(app:.*?)```", reference, re.S)[1]
    accepted_by_both(validator, place, example.replace("/etc/slipway/resend-key", str(place / "resend-key")))


SAMPLES = {
    "text": "x", "list of text": ["x"], "port": 5999, "duration": "5m", "size": "64MiB", "number": 0.5, "whole number": 7,
    "true or false": True, "template": "{{ db.url }}", "port range": "30000-30009", "name": "data", "path": "",
    "subnet": "172.30.0.0/16", "mail address": "a@b.example", "mail address with a name": "A <a@b.example>",
    "IPv4 address": "203.0.113.9", "IPv4 address or auto": "203.0.113.9", "IP address and port": "127.0.0.1:8081"}
# Where a value of the type alone will not do. A new key whose parser is stricter than its type gets a line here.
VALUES = {"app.image": "shop:1", "app.health.path": "/h", "app.volumes[].path": "/data", "app.capabilities": ["CHOWN"],
          "runtime.docker.host": "unix:///run/docker.sock", "database.url": "postgresql://a:b@c/d",
          "mail.resend.endpoint": "https://api.example", "runtime.driver": "docker", "mail.driver": "outbox",
          "mail.smtp.password": "p", "api.cors_origins": ["https://shop.example"],
          "aws.database.volume": "20GiB", "api.trusted_proxies": ["127.0.0.1"], "mail.resend.api_key": "k", "data_dir": "data", "api.socket": "s.sock"}
NOT_TOGETHER = {"mail.smtp.user": {"mail.smtp.password": "p"}, "mail.smtp.password": {"mail.smtp.user": "u"},
                "aws.database.host": {"aws.database.password": "p"}, "aws.database.password": {"aws.database.host": "h"}}


def set_at(document, path, value):
    first, _, rest = path.partition(".")
    first = {"*": "one"}.get(first, first)
    if first.endswith("[]"):
        document = document.setdefault(first[:-2], [{"name": "data", "path": "/data"}])[0]
        document[rest] = value
    elif rest:
        set_at(document.setdefault(first, {}), rest, value)
    else:
        document[first] = value


def test_every_documented_key_is_accepted_and_its_neighbour_is_not(validator, place):
    reference = (ROOT / "docs/reference/configuration.md").read_text()
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+?) \|", reference, re.M)
    assert len(rows) > 50
    for path, kind in rows:
        value = VALUES.get(path, SAMPLES.get(kind, re.split(r", | or ", kind)[0]))
        document = {"app": {"image": "shop:1"}}
        for key, sample in {path: value, **NOT_TOGETHER.get(path, {})}.items():
            set_at(document, key, sample)
        accepted_by_both(validator, place, json.dumps(document))
        if "*" in path.rsplit(".", 1)[-1]:
            continue
        set_at(document, path + "x", value)
        assert complaints(validator, json.dumps(document)) != [], f"{path}x"


def refused_by_the_parser():
    """The table of src/config/errors_test.cpp: (file, complaint)."""
    source = (ROOT / "src/config/errors_test.cpp").read_text()
    text = r'"(?:[^"\\]|\\.)*"'
    for entry in re.findall(rf"\{{({text}),\s*((?:{text}\s*)+)\}}", source):
        bad, complaint = ("".join(ast.literal_eval(part) for part in re.findall(text, half)) for half in entry)
        yield (bad[1:] if bad.startswith("!") else IMAGE + bad), complaint


def test_the_schema_refuses_what_the_parser_refuses_by_type_or_key(validator):
    table = list(refused_by_the_parser())
    assert len(table) > 70
    told = [(text, why) for text, why in table
            if re.search(r"unknown key|must be a (map|list|single)|is missing: (the image|each)", why)]
    assert len(told) > 12
    assert [text for text, _ in told if complaints(validator, text) == []] == []
    # And most values that are none of their type.
    shaped = [(text, why) for text, why in table if re.search(r"' (is not a (port|duration|size)|needs a unit|must be (?!absolute)\w+"
                                                              r"( or|,)|is not an IPv4|must begin with http)", why)]
    assert len(shaped) > 15
    # YAML 1.1 readers take yes for true, and see no text to refuse; a port inside a listening address is not looked at.
    blind = ("read_only: yes", "0.0.0.0:80800", "${", "\\x1b", "a?[31m")
    assert [text for text, _ in shaped if complaints(validator, text) == [] and not any(b in text for b in blind)] == []


def test_show_masks_and_tells_the_origin(place):
    (place / "slipway.yaml").write_text(IMAGE + "database: { url: 'postgresql://a:hunter2@c/d' }\n")
    shown = slipway("--config", place / "slipway.yaml", "config", "show")
    assert shown.returncode == 0 and "hunter2" not in shown.stdout
    assert re.search(r"^database\.url +line 2 +\*\*\*$", shown.stdout, re.M), shown.stdout
    listed = json.loads(slipway("--config", place / "slipway.yaml", "--json", "config", "show").stdout)
    assert {"key": "app.image", "value": "shop:1", "from": "line 1"} in listed
