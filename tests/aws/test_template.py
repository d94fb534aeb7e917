"""The templates of deploy/aws: what public linters say, and that they agree with the code beside them."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from adapter import load

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/aws"
FILES = ["data.yaml", "slipway.yaml"]
TEMPLATES = {name: load((FOLDER / name).read_text()) for name in FILES}
DATA, MAIN = TEMPLATES["data.yaml"], TEMPLATES["slipway.yaml"]


def statements():
    """Every statement of every role's policy: (file, role, statement)."""
    for file, template in TEMPLATES.items():
        for name, resource in template["Resources"].items():
            for policy in resource.get("Properties", {}).get("Policies", []):
                policy = policy["Fn::If"][1] if "Fn::If" in policy else policy
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield file, name, statement


def listed(value):
    return value if isinstance(value, list) else [value]


def test_cfn_lint_has_nothing_to_say():
    done = subprocess.run([ROOT / "build/venv/bin/cfn-lint", *(FOLDER / f for f in FILES)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_checkov_finds_nothing_that_is_not_answered_in_its_place():
    program = ROOT / "build/venv-checkov/bin/checkov"
    if not program.exists():
        pytest.skip("checkov is not installed: PyPI could not be reached")
    done = subprocess.run([program, "-d", FOLDER, "--framework", "cloudformation", "--skip-download", "-o", "json"],
                          capture_output=True, text=True, timeout=300, env={**os.environ, "LOG_LEVEL": "CRITICAL"})
    report = json.loads(done.stdout)
    failed = [f"{c['check_id']} {c['resource']}: {c['check_name']}" for c in report["results"]["failed_checks"]]
    assert not failed, failed
    assert report["summary"]["passed"] > 50
    used = {(c["file_path"].strip("/"), c["resource"].split(".")[1], c["check_id"])
            for c in report["results"]["skipped_checks"]}
    written = {(file, name, skip["id"]) for file, template in TEMPLATES.items()
               for name, resource in template["Resources"].items()
               for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])}
    assert written == used, f"answers to nothing: {written - used}"


@pytest.mark.parametrize("file", FILES)
def test_cloudformation_takes_it_in_a_call(file):
    assert len((FOLDER / file).read_bytes()) <= 51_200  # TemplateBody
    assert len(TEMPLATES[file]["Resources"]) <= 500


def test_the_table_is_the_drivers_own():
    own = json.loads((ROOT / "src/drivers/store/dynamodb/table.json").read_text())
    table = DATA["Resources"]["Table"]["Properties"]
    for key, value in own["CreateTable"].items():
        assert table[key] == value, key
    for key in ("TimeToLiveSpecification", "PointInTimeRecoverySpecification"):
        assert table[key] == own[key]


def test_what_outlives_a_deployment_is_kept():
    for name, policy in {"Table": "RetainExceptOnCreate", "Code": "RetainExceptOnCreate", "DatabaseVolume": "Snapshot"}.items():
        assert DATA["Resources"][name]["DeletionPolicy"] == policy
        assert DATA["Resources"][name]["UpdateReplacePolicy"] in ("Retain", "Snapshot")
    kept = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::EC2::Volume"}
    assert not kept & {r["Type"] for r in MAIN["Resources"].values()}


def test_outputs_of_the_first_are_parameters_of_the_second():
    assert set(DATA["Outputs"]) <= set(MAIN["Parameters"])


def test_every_parameter_is_one_that_slipway_sets():
    """In src/deploy/aws, as a text: a parameter that nobody sets would keep its default whatever slipway.yaml says."""
    code = "".join(p.read_text() for p in (ROOT / "src/deploy/aws").glob("*.cpp"))
    for template in TEMPLATES.values():
        for name in template["Parameters"]:
            assert f'"{name}"' in code, name


def test_parameters_begin_as_the_configuration_does():
    keys = dict(re.findall(r'\{"aws\.([a-z_.]+)", [^{}]*?\bis\("([^"]*)"\)', (ROOT / "src/config/keys.cpp").read_text()))
    pairs = {"InstanceType": "instance_type", "ExtraMachines": "extra_machines", "DatabaseImage": "database.image",
             "DatabasePort": "database.port", "RequestsPerSecond": "requests_per_second", "LogDays": "log_days",
             "BudgetUsd": "budget_usd", "ShellAccess": "shell_access"}
    for parameter, key in pairs.items():
        assert str(MAIN["Parameters"][parameter]["Default"]) == keys[key], parameter
    assert DATA["Parameters"]["VolumeGiB"]["Default"] == int(keys["database.volume"].removesuffix("GiB"))


def test_only_customers_ports_are_open():
    rules = MAIN["Resources"]["MachineGroup"]["Properties"]["SecurityGroupIngress"]
    assert [(r["FromPort"], r["ToPort"], r["CidrIp"]) for r in rules] == [({"Ref": "FirstPort"}, {"Ref": "LastPort"}, "0.0.0.0/0")]
    user_data = json.dumps(MAIN["Resources"]["Machine"]["Properties"]["LaunchTemplateData"]["UserData"])
    first, last = (MAIN["Parameters"][p]["Default"] for p in ("FirstPort", "LastPort"))
    assert f"ECS_DYNAMIC_HOST_PORT_RANGE={first}-{last}" in user_data
    settings = (ROOT / "src/deploy/aws/settings.cpp").read_text()
    assert f"first_dynamic_port = {first}, last_dynamic_port = {last}" in settings
    assert last < 51678  # the agent's own ports


def test_containers_cannot_take_the_machines_role():
    options = MAIN["Resources"]["Machine"]["Properties"]["LaunchTemplateData"]["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1)


# Actions that take no resource. Source: the Service Authorization Reference.
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint", "ecs:ListTasks", "ecs:RegisterTaskDefinition",
    "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions", "ecs:ListTaskDefinitionFamilies",
    "ec2:DescribeInstances", "ssm:DescribeParameters",
    "ec2:DescribeVolumes", "ec2:DescribeSnapshots", "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
}


def test_containers_cannot_ask_the_agent_who_else_is_there():
    script = MAIN["Resources"]["Machine"]["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"][0]
    [rule] = re.findall(r"^closed='(.*)'$", script, re.MULTILINE)
    assert rule == "INPUT -i docker0 -p tcp --dport 51678 -j DROP"
    assert "ExecStartPre=-/bin/sh -c 'iptables -C $closed || iptables -I $closed'" in script
    assert script.index("closed.conf") < script.index("/etc/ecs/ecs.config"), "before the agent starts"


def test_star_stands_only_where_aws_knows_no_resource():
    seen = 0
    for file, role, statement in statements():
        actions = set(listed(statement["Action"]))
        assert not any("*" in action for action in actions), (file, role, statement)
        if "*" in listed(statement["Resource"]):
            seen += 1
            assert actions <= WITHOUT_RESOURCE, (file, role, actions - WITHOUT_RESOURCE)
    assert seen > 3


def test_every_statement_has_a_name_of_its_own():
    for role in {role for _, role, _ in statements()}:
        names = [s["Sid"] for _, r, s in statements() if r == role]
        assert len(names) == len(set(names))


def test_the_machines_script_is_one():
    """As far as a shell and shellcheck can tell without the machine."""
    text = MAIN["Resources"]["Machine"]["Properties"]["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"][0]
    script = re.sub(r"\$\{[A-Za-z:.]+\}", "value", text)
    done = subprocess.run([shutil.which("shellcheck") or "shellcheck", "-s", "bash", "-e", "SC2050,SC2194", "-"], input=script,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert text.index("mount -o") < text.index("/etc/ecs/ecs.config"), "a machine without its volume would take the database"


def test_a_failed_provisioning_is_counted_by_the_words_that_the_engine_logs():
    pattern = MAIN["Resources"]["ProvisioningFailures"]["Properties"]["FilterPattern"]
    assert pattern == '{ $.message = "tenant is failed" }'
    assert 'log_.info("tenant is " + std::string(to_string(after.status))' in (ROOT / "src/engine/reconciler.cpp").read_text()


def test_alarms_tell_somebody():
    alarms = [r for r in MAIN["Resources"].values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    assert len(alarms) >= 4
    assert all(a["Properties"]["AlarmActions"] == [{"Ref": "Alarms"}] for a in alarms)


def test_logs_do_not_stay_for_ever():
    groups = [r for r in MAIN["Resources"].values() if r["Type"] == "AWS::Logs::LogGroup"]
    assert groups and all(g["Properties"]["RetentionInDays"] == {"Ref": "LogDays"} for g in groups)
