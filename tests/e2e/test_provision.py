"""A sign-up becomes a customer's own running instance, once."""

import concurrent.futures
import json
import pathlib
import re
import shutil
import subprocess

from world import binary, free_port, wait_until


def test_a_sign_up_gets_container_database_url_and_mail(slipway, docker):
    answer = slipway.sign_up("acme", plan="default", metadata={"source": "test"})
    assert answer.status == 202
    accepted = answer.json
    assert set(accepted) == {"tenantId", "userId", "status", "plan", "admin_email", "statusUrl", "accessUrl", "port"}
    assert accepted["accessUrl"] == f"http://acme.localhost:{accepted['port']}"
    tenant = slipway.wait_status(accepted["tenantId"], "active")

    [container] = docker.containers(tenant=tenant["tenantId"])
    facts = docker.inspect(container)
    assert facts["State"]["Running"]
    host = facts["HostConfig"]
    assert host["Memory"] == 256 << 20 and host["PidsLimit"] == 256 and host["NanoCpus"] == 500_000_000
    assert host["CapDrop"] == ["ALL"] and "no-new-privileges" in host["SecurityOpt"]
    assert not host["Privileged"] and host["RestartPolicy"]["Name"] in ("", "no")
    assert "/tmp" in host["Tmpfs"] and host["LogConfig"]["Config"]

    # The app really uses the database that was made for it.
    url = docker.environment(container)["DATABASE_URL"].replace(facts_host(url_of(docker, container)), "127.0.0.1")
    assert slipway.psql(url, "SELECT count(*) > 0 FROM information_schema.tables WHERE table_schema = 'public'").stdout == "t\n"
    owner = slipway.psql(url, "SELECT pg_get_userbyid(datdba) = current_user FROM pg_database WHERE datname = current_database()")
    assert owner.stdout == "t\n"

    page = slipway.app(tenant)
    assert page.status == 200 and "Acme Inc" in page.text

    wait_until(slipway.mails, "a mail in the outbox")
    [mail] = slipway.mails()
    assert mail["To"] == "admin@acme.example"
    assert tenant["accessUrl"] in mail.get_body(("plain",)).get_content()
    assert tenant["accessUrl"] in mail.get_body(("html",)).get_content()
    assert slipway.tenant(tenant["tenantId"])["emailSent"] is True


def url_of(docker, container):
    return docker.environment(container)["DATABASE_URL"]


def facts_host(url):
    return url.rsplit("@", 1)[1].split(":")[0]


def test_wait_holds_the_answer_until_the_mail_is_sent(slipway):
    answer = slipway.sign_up("acme", wait=60)
    assert answer.status == 200
    assert set(answer.json) == {"message", "tenantId", "userId", "status", "accessUrl", "port", "emailSent"}
    assert answer.json["status"] == "active" and answer.json["emailSent"] is True
    assert len(slipway.mails()) == 1


def test_the_command_line_shows_it_all(slipway):
    done = slipway.cli("provision", "--email", "ann@acme.example", "--subdomain", "acme", "--company", "Acme Inc")
    assert "http://acme.localhost:" in done.stdout
    tenant = json.loads(slipway.cli("show", "acme", "--json").stdout)
    assert tenant["status"] == "active"
    assert "acme" in slipway.cli("ls").stdout
    assert "database ready" in slipway.cli("events", "acme").stdout
    assert "ann@acme.example" in slipway.cli("mail").stdout
    assert slipway.cli("logs", "acme", "--tail", "5").returncode == 0
    slipway.cli("suspend", "acme")
    slipway.wait_status(tenant["tenantId"], "suspended")
    slipway.cli("resume", "acme")
    slipway.wait_status(tenant["tenantId"], "active")
    slipway.cli("rm", "acme", "--yes")
    slipway.wait_status(tenant["tenantId"], "deleted")
    assert slipway.cli("show", "nobody", check=False).returncode == 4


def test_the_same_sign_up_again_is_the_same_tenant(slipway, docker):
    first = slipway.sign_up("acme", key="k1").json
    assert slipway.sign_up("acme", key="k1").json["tenantId"] == first["tenantId"]   # while the first still runs
    slipway.wait_status(first["tenantId"], "active")
    assert slipway.sign_up("acme", key="k1").json["tenantId"] == first["tenantId"]
    assert slipway.sign_up("acme").json["tenantId"] == first["tenantId"]             # the same user without a key
    assert slipway.sign_up("acme", key="k2").json["tenantId"] == first["tenantId"]
    other_body = slipway.sign_up("acme", key="k1", company_name="Another")
    assert other_body.status == 409 and "Idempotency-Key" in other_body.text
    assert len(docker.containers(installation=slipway.installation())) == 1
    assert len(slipway.mails()) == 1


def test_a_repeat_with_other_content_is_refused_with_the_fields(slipway):
    first = slipway.provision("acme")
    for key in ({}, {"key": "k1"}):
        other = slipway.sign_up("acme", admin_email="b@example.com", metadata={"a": "b"}, **key)
        assert other.status == 409
        assert [e["field"] for e in other.json["errors"]] == ["userId", "admin_email", "metadata"]
    assert slipway.tenant(first["tenantId"])["admin_email"] == "admin@acme.example"


def test_racing_sign_ups_make_one_tenant(slipway, docker):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: slipway.sign_up("acme", wait=60), range(16)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["tenantId"] for answer in answers}) == 1
    assert len(docker.containers(installation=slipway.installation())) == 1
    assert len(slipway.mails()) == 1


def test_a_taken_subdomain_names_the_field(slipway):
    slipway.provision("acme")
    answer = slipway.sign_up("acme", userId="somebody-else")
    assert answer.status == 409
    assert [e["field"] for e in answer.json["errors"]] == ["subdomain"]
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_hyphen_makes_another_tenant(slipway):
    one, two = slipway.provision("a-b"), slipway.provision("ab")
    assert one["tenantId"] != two["tenantId"] and one["accessUrl"] != two["accessUrl"]


def test_bad_requests_name_every_field_and_change_nothing(slipway):
    answer = slipway.post("/provision", {"admin_email": "x", "subdomain": "-a-", "subdomian": "a", "company_name": 5})
    assert answer.status == 400
    assert {e["field"] for e in answer.json["errors"]} == {"admin_email", "subdomain", "subdomian", "company_name"}
    assert slipway.sign_up("www").status == 400
    assert slipway.sign_up("gold", plan="gold").status == 400
    assert slipway.post("/provision", b"{", headers={"Content-Type": "application/json"}).status == 400
    assert slipway.post("/provision", b"{}", headers={"Content-Type": "text/plain"}).status == 415
    assert slipway.get("/v1/tenants").json["tenants"] == []


NASTY = "'; DROP TABLE x; -- \"$(touch /tmp/slipway-pwned)`id` <script>alert(1)</script> {{ db.password }} %s {} \\ Ünïcødé 🚢"


def test_a_company_name_injects_nothing_anywhere(slipway, docker):
    tenant = slipway.provision("acme", company_name=NASTY)
    [container] = docker.containers(tenant=tenant["tenantId"])
    assert docker.environment(container)["COMPANY_NAME"] == NASTY
    page = slipway.app(tenant).text
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page
    [mail] = slipway.mails()
    assert "<script>" not in mail.get_body(("html",)).get_content()
    assert set(mail.keys()) <= {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
                                "Auto-Submitted", "X-Auto-Response-Suppress"}
    assert slipway.tenant(tenant["tenantId"])["company_name"] == NASTY
    import os

    assert not os.path.exists("/tmp/slipway-pwned")
    for line in slipway.log.read_text().splitlines():
        json.loads(line)  # one object a line, whatever a value holds
    for bad in ("a\nb", "a\r\nBcc: x@y.zz", "", "x" * 121):
        assert slipway.sign_up("other", userId="o", company_name=bad).status == 400


def test_init_makes_a_configuration_that_works_for_any_image(place, docker, busybox_image):
    target = place / "slipway.yaml"
    subprocess.run([binary(), "init", busybox_image, "--name", "Shop", "--port", "8080", "--output", target], check=True)
    again = subprocess.run([binary(), "init", busybox_image, "--output", target], capture_output=True, text=True)
    assert again.returncode != 0 and "--force" in again.stderr
    done = subprocess.run([binary(), "doctor", "--config", target, "--json"], capture_output=True, text=True)
    assert {finding["subject"] for finding in json.loads(done.stdout)} >= {"docker", "postgres", "ports", "dns", "disk", "mail"}


def test_doctor_warns_of_databases_of_your_own_that_tenants_may_connect_to(place):
    programs = pathlib.Path("/usr/lib/postgresql/15/bin")
    as_postgres = ["runuser", "-u", "postgres", "--"]
    data, port = place / "own", free_port()
    data.mkdir()
    shutil.chown(data, "postgres")
    subprocess.run([*as_postgres, programs / "initdb", "-D", data, "-U", "admin", "-A", "trust", "--no-sync"], cwd="/", check=True,
                   capture_output=True)
    subprocess.run([*as_postgres, programs / "pg_ctl", "-D", data, "-w", "-l", data / "log", "-o",
                    f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data} -c fsync=off", "start"],
                   cwd="/", check=True, capture_output=True)
    try:
        url = f"postgresql://admin@127.0.0.1:{port}"
        target = place / "slipway.yaml"
        target.write_text(f"app: {{ image: shop }}\naccess: {{ domain: localhost }}\ndatabase: {{ url: {url} }}\ndata_dir: {place / 'data'}\n")

        def finding():
            done = subprocess.run([binary(), "doctor", "--config", target, "--json"], capture_output=True, text=True)
            return next(finding for finding in json.loads(done.stdout) if finding["subject"] == "postgres")

        found = finding()
        assert found["verdict"] == "warning" and found["found"].startswith("PostgreSQL 15."), found
        statements = re.search(r"\((REVOKE .*)\)$", found["fix"])[1]
        assert '"postgres"' in statements and '"template1"' in statements, found
        subprocess.run(["psql", "-X", "-c", statements, url + "/postgres"], check=True, capture_output=True)
        assert finding()["verdict"] == "ok"
    finally:
        subprocess.run([*as_postgres, programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"], cwd="/", check=True,
                       capture_output=True)
