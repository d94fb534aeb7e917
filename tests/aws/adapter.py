"""Stands between Slipway and ministack, and changes only what ministack cannot do (docs/guide/aws.md lists it):

- resources that its CloudFormation lacks are taken out of a template, and what refers to them gets a made-up value;
- ECR has no registry there: Debian's docker-registry takes its place, and answers name it;
- this machine is the EC2 instance: the database's volume and port are ones of the test's own.
"""

import http.server
import json
import threading
import urllib.parse

import yaml

import relay

LACKING = {"AWS::EC2::EIP", "AWS::EC2::Volume", "AWS::DLM::LifecyclePolicy", "AWS::Budgets::Budget"}


class Loader(yaml.SafeLoader):
    pass


def long_form(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag in ("Ref", "Condition"):
        return {tag: value}
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{tag}": value}


Loader.add_multi_constructor("!", long_form)


def load(text):
    """A template with its functions in their long form."""
    return yaml.load(text, Loader)


def replaced(value, made_up):
    """The template without references to what was taken out."""
    if isinstance(value, dict):
        if set(value) == {"Ref"} and value["Ref"] in made_up:
            return made_up[value["Ref"]]["Ref"]
        if set(value) == {"Fn::GetAtt"} and value["Fn::GetAtt"][0] in made_up:
            return made_up[value["Fn::GetAtt"][0]][value["Fn::GetAtt"][1]]
        return {k: replaced(v, made_up) for k, v in value.items()}
    if isinstance(value, list):
        return [replaced(v, made_up) for v in value]
    if isinstance(value, str):
        for name, attributes in made_up.items():
            for attribute, text in attributes.items():
                value = value.replace("${%s}" % (name if attribute == "Ref" else f"{name}.{attribute}"), text)
    return value


class Adapter:
    """An HTTP server on loopback in front of `upstream` ("127.0.0.1:4566")."""

    def __init__(self, upstream, registry, database_port, database_folder):
        self.upstream, self.registry = upstream, registry
        self.database_port, self.database_folder = database_port, database_folder
        self.taken_out = []
        self.break_next = None  # a resource that is put into the next change set, once
        adapter = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                adapter.relay(self, body)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def relay(self, handler, body):
        if b"Action=CreateChangeSet" in body:
            body = self.adapted_change_set(body)
        status, headers, content = relay.ask(self.upstream, handler, body)
        if "ContainerRegistry" in handler.headers.get("X-Amz-Target", ""):
            content = self.with_registry(content)
        relay.answer(handler, status, headers, content)

    def with_registry(self, content):
        answer = json.loads(content or b"{}")
        for data in answer.get("authorizationData", []):
            data["proxyEndpoint"] = f"http://{self.registry}"
        for repository in answer.get("repositories", []):
            repository["repositoryUri"] = f"{self.registry}/{repository['repositoryName']}"
        return json.dumps(answer).encode()

    def adapted_change_set(self, body):
        form = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)
        return urllib.parse.urlencode(
            [(k, json.dumps(self.adapted(v)) if k == "TemplateBody" else v) for k, v in form]).encode()

    def adapted(self, text):
        template = load(text)
        made_up = {}
        for name, resource in list(template["Resources"].items()):
            if resource["Type"] not in LACKING:
                continue
            self.taken_out.append(resource["Type"])
            made_up[name] = {"Ref": "127.0.0.1" if resource["Type"] == "AWS::EC2::EIP" else f"{name.lower()}-0",
                             "AllocationId": "eipalloc-0"}
            del template["Resources"][name]
        for resource in template["Resources"].values():
            if isinstance(resource.get("DependsOn"), list):
                resource["DependsOn"] = [n for n in resource["DependsOn"] if n not in made_up]
            if resource["Type"] == "AWS::ECS::TaskDefinition":
                properties = resource["Properties"]
                properties["Volumes"] = [{"Name": "data", "Host": {"SourcePath": str(self.database_folder)}}]
                properties["ContainerDefinitions"][0]["PortMappings"][0]["HostPort"] = self.database_port
            if resource["Type"] == "AWS::Lambda::Function":
                own = resource["Properties"]["Environment"]["Variables"]["SLIPWAY_DB_PORT"]
                assert own["Fn::If"][:2] == ["OwnDatabase", "5432"], own
                own["Fn::If"][1] = str(self.database_port)
        if self.break_next and "Function" in template["Resources"]:
            template["Resources"]["Broken"], self.break_next = self.break_next, None
        return replaced(template, made_up)
