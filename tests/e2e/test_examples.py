"""The first application that is to be sold this way: its Dockerfile and its settings, with a stand-in for its source."""

import json
import re
import subprocess

from test_lifecycle import host_url
from world import ROOT


def test_a_fastapi_app_with_alembic_is_sold_by_editing_one_file(make_server, docker):
    image = "crownmercado-automation-dev:e2e"
    made = subprocess.run([ROOT / "tests/e2e/images/make-crownmercado-image", image], capture_output=True, text=True)
    assert made.returncode == 0, (made.stdout + made.stderr)[-4000:]
    example = (ROOT / "examples/crownmercado-automation-dev/slipway.yaml").read_text()
    app = re.search(r"^app:\n(?:(?: .*|#.*)?\n)*", example, re.MULTILINE).group(0)
    app = re.sub(r"image: \S+", f"image: {image}", app)
    slipway = make_server(docker=docker)
    settings = re.sub(r"^app:\n(?:(?: .*|#.*)?\n)*", app, slipway.config.read_text().lstrip(), flags=re.MULTILINE)
    slipway.config.write_text(settings)
    slipway.start()
    tenant = slipway.provision("crown", company_name="Crown Mercado S.A.")
    [container] = docker.containers(tenant=tenant["tenantId"])
    environment = docker.environment(container)
    assert environment["USER_ID"] == "user-crown" and environment["COMPANY_NAME"] == "Crown Mercado S.A."
    assert environment["DATABASE_URL"].startswith("postgresql+asyncpg://")
    assert environment["DATABASE_URL"].endswith("/" + environment["DB_NAME"])
    url = host_url(slipway, docker, tenant).replace("+asyncpg", "")
    assert slipway.psql(url, "SELECT count(*) FROM alembic_version").stdout == "1\n"   # migrated at start
    assert slipway.app(tenant, "/health").status == 200
    assert json.dumps(slipway.app(tenant, "/openapi.json").json)
