"""AWS's own service models, as botocore ships them: what a request or an answer may hold."""
import functools
import json
import re

import botocore.loaders
import botocore.model

# By the name in a signature's scope. `lambda` and `s3` speak REST: their requests are recorded, not validated.
SIGNED_AS = {"ecs": "ecs", "ec2": "ec2", "ssm": "ssm", "logs": "logs", "dynamodb": "dynamodb", "sqs": "sqs",
             "events": "events", "ecr": "ecr", "sts": "sts", "cloudformation": "cloudformation", "iam": "iam"}


@functools.lru_cache(maxsize=None)
def service(name):
    return botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model(name, "service-2"), name)


def problems(shape, value, path=""):
    """What is wrong with a JSON value, in words; empty where nothing is."""
    found = []
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{path}: not an object"]
        found += [f"{path}.{name}: missing" for name in shape.required_members if value.get(name) is None]
        for name, member in value.items():
            if name not in shape.members:
                found.append(f"{path}.{name}: unknown")
            elif member is not None:
                found += problems(shape.members[name], member, f"{path}.{name}")
        return found
    if kind == "list":
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        found += _within(shape, len(value), path, "items")
        for index, item in enumerate(value):
            found += problems(shape.member, item, f"{path}[{index}]")
        return found
    if kind == "map":
        if not isinstance(value, dict):
            return [f"{path}: not a map"]
        for key, item in value.items():
            found += problems(shape.key, key, f"{path} key {key}") + problems(shape.value, item, f"{path}.{key}")
        return found
    if kind in ("string", "blob"):
        if not isinstance(value, str):
            return [f"{path}: not a text"]
        if shape.enum and value not in shape.enum:
            found.append(f"{path}: {value!r} is none of {shape.enum}")
        found += _within(shape, len(value), path, "characters")
        pattern = shape.metadata.get("pattern")
        if pattern and not _matches(pattern, value):
            found.append(f"{path}: does not match {pattern}")
        return found
    if kind in ("integer", "long"):
        if not isinstance(value, int) or isinstance(value, bool):
            return [f"{path}: not an integer"]
        return _within(shape, value, path, "")
    if kind == "boolean":
        return [] if isinstance(value, bool) else [f"{path}: not a boolean"]
    if kind in ("float", "double", "timestamp"):
        return [] if isinstance(value, (int, float)) and not isinstance(value, bool) else [f"{path}: not a number"]
    return found


def _within(shape, size, path, unit):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        return [f"{path}: {size} {unit} are fewer than {least}"]
    if most is not None and size > most:
        return [f"{path}: {size} {unit} are more than {most}"]
    return []


def _matches(pattern, value):
    try:
        return re.search(pattern, value) is not None
    except re.error:  # Java's own classes (\p{…})
        return True


def problems_of_request(name, operation, value):
    model = service(name)
    if operation not in model.operation_names:
        return [f"{name} has no operation {operation}"]
    shape = model.operation_model(operation).input_shape
    found = problems(shape, value, operation) if shape is not None else []
    return found + RULES.get((name, operation), lambda value: [])(value)


def problems_of_answer(name, operation, value):
    shape = service(name).operation_model(operation).output_shape
    return problems(shape, value, operation + " answer") if shape is not None else []


def problems_of_form(name, operation, parameters):
    """Forms are checked by the first part of each name: "Filter.1.Name" is the member Filter."""
    model = service(name)
    if operation not in model.operation_names:
        return [f"{name} has no operation {operation}"]
    shape = model.operation_model(operation).input_shape
    known = {"Action", "Version"}
    for member, inner in (shape.members if shape is not None else {}).items():
        wire = inner.serialization.get("queryName") or inner.serialization.get("name") or member
        known |= {member, wire, wire[0].upper() + wire[1:]}
    return [f"{operation}.{key}: unknown" for key in parameters if key.split(".")[0] not in known]


# Rules that AWS's documentation states and its model does not.

def _run_task(value):
    found = []
    if "launchType" in value and "capacityProviderStrategy" in value:
        found.append("RunTask: launchType and capacityProviderStrategy exclude each other")
    if len(value.get("clientToken", "")) > 64:
        found.append("RunTask.clientToken: longer than 64")
    if not re.fullmatch(r"[A-Za-z0-9_/-]{0,128}", value.get("startedBy", "")):
        found.append("RunTask.startedBy: not 128 of [A-Za-z0-9_/-]")
    if not 1 <= value.get("count", 1) <= 10:
        found.append("RunTask.count: not 1 to 10")
    if len(json.dumps(value.get("overrides", {}))) > 8192:
        found.append("RunTask.overrides: longer than 8192")
    return found


def _register(value):
    found = []
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", value["family"]):
        found.append("RegisterTaskDefinition.family: not 255 of [A-Za-z0-9_-]")
    if not any(c.get("essential", True) for c in value["containerDefinitions"]):
        found.append("RegisterTaskDefinition: no container is essential")
    for container in value["containerDefinitions"]:
        if "memory" not in container and "memoryReservation" not in container and "memory" not in value:
            found.append(f"{container['name']}: neither memory nor memoryReservation")
        if container.get("memory", 6) < 6:
            found.append(f"{container['name']}: memory below 6 MiB")
        if container.get("memoryReservation", 0) > container.get("memory", 1 << 30):
            found.append(f"{container['name']}: memoryReservation above memory")
        if not 0 <= container.get("stopTimeout", 1) <= 120:
            found.append(f"{container['name']}: stopTimeout above 120")
        if container.get("secrets") and not value.get("executionRoleArn"):
            found.append(f"{container['name']}: secrets need an executionRoleArn")
    return found


def _describe_tasks(value):
    return ["DescribeTasks.tasks: more than 100"] if len(value.get("tasks", [])) > 100 else []


def _list_tasks(value):
    others = {"family", "desiredStatus", "serviceName", "containerInstance"} & set(value)
    return ["ListTasks: startedBy must be the only filter"] if "startedBy" in value and others else []


def _delete_definitions(value):
    return ["DeleteTaskDefinitions: more than 10"] if len(value["taskDefinitions"]) > 10 else []


def _put_parameter(value):
    return ["PutParameter.Value: empty"] if not value.get("Value") else []


RULES = {("ecs", "RunTask"): _run_task, ("ecs", "RegisterTaskDefinition"): _register,
         ("ecs", "DescribeTasks"): _describe_tasks, ("ecs", "ListTasks"): _list_tasks,
         ("ecs", "DeleteTaskDefinitions"): _delete_definitions, ("ssm", "PutParameter"): _put_parameter}
