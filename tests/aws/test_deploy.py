"""`slipway aws`, from an empty account and back, on ministack with a registry that keeps what is pushed."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.request

import pytest

import cloud as clouds

BUSYBOX = shutil.which("busybox")  # stands for both programs where nothing runs them
PROGRAMS = ["--function", BUSYBOX, "--init", BUSYBOX]
CONFIG = """\
app: {{ name: Shop, image: {image}, port: 8080 }}
plans: {{ default: {{ memory: 64MiB }} }}
mail: {{ driver: resend, from: "Shop <shop@shop.example>", resend: {{ api_key: "{resend}" }} }}
aws: {{ region: eu-central-1, stack: shop, database: {{ image: {image} }} }}
runtime: {{ docker: {{ host: "{engine}" }} }}
"""


def docker(*words):
    done = subprocess.run(["docker", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"docker {words}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def image():
    if shutil.which("docker") is None or subprocess.run(["docker", "version"], capture_output=True).returncode != 0:
        pytest.skip("no container engine answers")
    name = "slipway-aws-test:1"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(BUSYBOX, folder)
        (pathlib.Path(folder) / "Dockerfile").write_text(
            'FROM scratch\nCOPY busybox /bin/sh\nENTRYPOINT ["/bin/sh", "-c", "trap exit TERM; while :; do sleep 1; done"]\n')
        docker("build", "-q", "-t", name, folder)
    yield name
    subprocess.run(["docker", "rmi", "-f", name], capture_output=True)


@pytest.fixture(scope="module")
def cloud(image):
    place = pathlib.Path(tempfile.mkdtemp(prefix="slipway-aws-", dir="/tmp"))
    (place / "slipway.yaml").write_text(CONFIG.format(image=image, engine=clouds.ENGINE, resend="re_first_key"))
    with clouds.cloud(place, place / "postgres") as running:
        yield running
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="module")
def deployed(cloud):
    # Of a stack that does not exist yet, the plan shows everything; and makes nothing.
    dry = cloud.slipway("aws", "deploy", "--dry-run", *PROGRAMS).stdout
    assert "+ Table (AWS::DynamoDB::Table)" in dry and "+ Function (AWS::Lambda::Function)" in dry
    assert cloud.client("dynamodb").list_tables()["TableNames"] == []
    assert cloud.client("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"] == []
    assert cloud.client("ssm").describe_parameters()["Parameters"] == []
    done = cloud.slipway("--json", "aws", "deploy", "--yes", *PROGRAMS)
    return json.loads(done.stdout)


def test_without_a_terminal_it_asks_for_yes_and_changes_nothing(cloud, image):
    other = (cloud.place / "slipway.yaml").read_text().replace("stack: shop", "stack: other")
    (cloud.place / "other.yaml").write_text(other)
    done = cloud.slipway("--config", "other.yaml", "aws", "deploy", *PROGRAMS, check=False)
    assert done.returncode == 2 and "--yes" in done.stderr
    names = [s["StackName"] for s in cloud.client("cloudformation").list_stacks()["StackSummaries"]
             if s["StackStatus"] != "DELETE_COMPLETE"]
    assert "other-data" not in names


def test_deploy_makes_what_the_template_says(cloud, deployed):
    assert deployed["ApiUrl"].startswith("http")
    stacks = {s["StackName"]: s["StackStatus"] for s in cloud.client("cloudformation").describe_stacks()["Stacks"]}
    assert stacks["shop"] == stacks["shop-data"] == "CREATE_COMPLETE"
    function = cloud.client("lambda").get_function_configuration(FunctionName=deployed["Function"])
    assert (function["Runtime"], function["Architectures"]) == ("provided.al2023", ["x86_64"])
    variables = function["Environment"]["Variables"]
    assert variables["SLIPWAY_PARAMETERS"] == "/slipway/shop" and variables["SLIPWAY_DB_HOST"] == "172.17.0.1"
    assert not any("re_first" in v for v in variables.values())


def test_secrets_are_made_encrypted_and_shown_nowhere(cloud, deployed):
    ssm = cloud.client("ssm")
    found = {p["Name"]: p["Type"] for p in ssm.describe_parameters()["Parameters"]}
    assert found == {f"/slipway/shop/{n}": "SecureString" for n in ("master-key", "database/admin_password", "resend-key")}
    values = [ssm.get_parameter(Name=n, WithDecryption=True)["Parameter"]["Value"] for n in found]
    assert "re_first_key" in values and len(set(values)) == 3
    shown = json.dumps(deployed)
    assert not any(v in shown for v in values)


def test_the_images_are_in_the_registry_and_named_by_digest(cloud, deployed, image):
    repository, digest = deployed["AppImage"].split("@")
    host, name = repository.split("/", 1)
    manifest = urllib.request.urlopen(urllib.request.Request(
        f"http://{host}/v2/{name}/manifests/{digest}",
        headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"})).read()
    assert json.loads(manifest)["schemaVersion"] == 2
    init = cloud.client("lambda").get_function_configuration(FunctionName=deployed["Function"])["Environment"]["Variables"]["SLIPWAY_INIT_IMAGE"]
    # Docker itself pulls what our own client has put there, and finds a program in it.
    docker("pull", "-q", init)
    try:
        shown = json.loads(docker("image", "inspect", init))[0]
        assert shown["Config"]["Entrypoint"] == ["/slipway-init"] and shown["Config"]["User"] == "65534:65534"
        # busybox, under a name that is no applet of its own, says so.
        ran = subprocess.run(["docker", "run", "--rm", "--network", "none", init], capture_output=True, text=True)
        assert "applet not found" in ran.stdout + ran.stderr
    finally:
        subprocess.run(["docker", "rmi", "-f", init], capture_output=True)


def test_the_code_is_a_zip_that_holds_both_files(cloud, deployed):
    objects = cloud.client("s3").list_objects_v2(Bucket=deployed["CodeBucket"])["Contents"]
    assert [bool(re.fullmatch(r"function/[0-9a-f]{64}\.zip", o["Key"])) for o in objects] == [True]
    import hashlib
    import io
    import zipfile
    body = cloud.client("s3").get_object(Bucket=deployed["CodeBucket"], Key=objects[0]["Key"])["Body"].read()
    assert hashlib.sha256(body).hexdigest() in objects[0]["Key"]
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert archive.testzip() is None
    assert archive.namelist() == ["bootstrap", "slipway.yaml"]
    assert archive.getinfo("bootstrap").external_attr >> 16 == 0o100755
    assert archive.read("bootstrap") == pathlib.Path(BUSYBOX).read_bytes()


def test_a_second_run_changes_nothing(cloud, deployed):
    secrets = {p["Name"]: p["Version"] for p in cloud.client("ssm").describe_parameters()["Parameters"]}
    again = cloud.slipway("aws", "deploy", "--yes", *PROGRAMS).stdout
    assert "stack shop-data: nothing to change" in again and "stack shop: nothing to change" in again
    assert secrets == {p["Name"]: p["Version"] for p in cloud.client("ssm").describe_parameters()["Parameters"]}


def test_a_changed_setting_changes_what_it_should_and_a_changed_secret_starts_its_readers_anew(cloud, deployed, image):
    text = (cloud.place / "slipway.yaml").read_text()
    try:
        (cloud.place / "slipway.yaml").write_text(
            CONFIG.format(image=image, engine=clouds.ENGINE, resend="re_second_key").replace("stack: shop,", "stack: shop, log_days: 30,"))
        cloud.slipway("aws", "deploy", "--yes", *PROGRAMS)
        function = cloud.client("lambda").get_function_configuration(FunctionName=deployed["Function"])
        assert function["Environment"]["Variables"]["SLIPWAY_SECRETS_VERSION"] == "2"
        value = cloud.client("ssm").get_parameter(Name="/slipway/shop/resend-key", WithDecryption=True)
        assert value["Parameter"]["Value"] == "re_second_key"
        groups = {g["logGroupName"]: g["retentionInDays"] for g in cloud.client("logs").describe_log_groups()["logGroups"]}
        assert groups["/slipway/shop/tenants"] == 30
    finally:
        (cloud.place / "slipway.yaml").write_text(text)


def built_for(place, machine):
    """busybox, with the machine of its ELF header changed."""
    program = place / f"built-for-{machine}"
    content = bytearray(pathlib.Path(BUSYBOX).read_bytes())
    content[18:20] = machine.to_bytes(2, "little")
    program.write_bytes(content)
    return program


def test_the_function_runs_on_the_machine_for_which_its_program_was_built(cloud, deployed):
    def architectures():
        return cloud.client("lambda").get_function_configuration(FunctionName=deployed["Function"])["Architectures"]

    arm, riscv = built_for(cloud.place, 183), built_for(cloud.place, 243)
    try:
        cloud.slipway("aws", "deploy", "--yes", "--function", arm, "--init", BUSYBOX)
        assert architectures() == ["arm64"]
        for function, init, why in ((riscv, BUSYBOX, "neither x86-64 nor arm64"), (arm, arm, "machines are x86-64")):
            refused = cloud.slipway("aws", "deploy", "--yes", "--function", function, "--init", init, check=False)
            assert refused.returncode == 2 and why in refused.stderr, refused.stderr
        assert architectures() == ["arm64"]
    finally:
        cloud.slipway("aws", "deploy", "--yes", *PROGRAMS)
    assert architectures() == ["x86_64"]


def test_status_tells_each_part(cloud, deployed):
    status = json.loads(cloud.slipway("--json", "aws", "status").stdout)
    assert status["status"].endswith("_COMPLETE") and status["queue"]["waiting"] == 0
    assert status["api"]["url"] == deployed["ApiUrl"] and set(status["cluster"]) == {"machines", "running", "starting"}


def test_logs_are_shown_in_order(cloud, deployed):
    logs = cloud.client("logs")
    logs.create_log_stream(logGroupName="/slipway/shop/tenants", logStreamName="one")
    import time
    now = int(time.time() * 1000)
    logs.put_log_events(logGroupName="/slipway/shop/tenants", logStreamName="one",
                        logEvents=[{"timestamp": now - 900, "message": "first \x1b[31mline"}, {"timestamp": now - 500, "message": "second"}])
    shown = cloud.slipway("aws", "logs", "tenants", "--since", "1h").stdout.splitlines()
    assert [line.split("  ", 1)[1] for line in shown] == ["first \\x1b[31mline", "second"]


def test_push_brings_another_image(cloud, deployed, image):
    name = "slipway-aws-test:2"
    docker("tag", image, name)
    try:
        pushed = cloud.slipway("aws", "push", name).stdout.splitlines()[-1]
        assert pushed.startswith(deployed["AppImage"].split("@")[0] + "@sha256:")
        missing = cloud.slipway("aws", "push", "slipway-aws-none:1", check=False)
        assert missing.returncode == 4 and "has no image slipway-aws-none:1" in missing.stderr
    finally:
        subprocess.run(["docker", "rmi", "-f", name], capture_output=True)


def test_a_change_that_fails_is_put_back_and_says_why(cloud, deployed):
    """The template is broken on its way, by a resource that can be planned and not made."""
    cloud.adapter.break_next = {"Type": "AWS::CloudFormation::WaitCondition",
                                "Properties": {"Handle": "nobody", "Timeout": "1", "Count": 0}}
    done = cloud.slipway("aws", "deploy", "--yes", "--new-machine", *PROGRAMS, check=False)
    stack = cloud.client("cloudformation").describe_stacks(StackName="shop")["Stacks"][0]
    assert done.returncode == 1 and "Broken" in done.stderr
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    cloud.slipway("aws", "deploy", "--yes", *PROGRAMS)


def test_destroy_keeps_the_data_and_destroy_data_leaves_nothing(cloud, deployed):
    told = cloud.slipway("aws", "destroy", "--dry-run").stdout
    kept = cloud.slipway("aws", "destroy", "--yes").stdout
    for words in (deployed["TableName"], deployed["VolumeId"], "destroy --data"):
        assert words in told and words in kept
    stacks = [s["StackName"] for s in cloud.client("cloudformation").describe_stacks()["Stacks"]]
    assert "shop" not in stacks and "shop-data" in stacks
    assert cloud.client("dynamodb").list_tables()["TableNames"] == [deployed["TableName"]]
    # What was kept is found again.
    again = json.loads(cloud.slipway("--json", "aws", "deploy", "--yes", *PROGRAMS).stdout)
    assert again["TableName"] == deployed["TableName"]

    cloud.slipway("aws", "destroy", "--yes", "--data")
    assert cloud.client("cloudformation").describe_stacks()["Stacks"] == []
    assert cloud.client("dynamodb").list_tables()["TableNames"] == []
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    assert cloud.client("ssm").describe_parameters()["Parameters"] == []
    assert cloud.client("ecr").describe_repositories()["repositories"] == []
    cloud.slipway("aws", "destroy", "--yes", "--data")  # once more is no mistake
