"""What the emulator leaves out of ECS, for model_proxy: tasks with the life that AWS gives them.

The emulator still keeps clusters and task definitions, reads parameters and starts the containers, one by one under
families of this file's own (`proxy-…`). Here are: dependsOn, networkBindings, clientToken with ConflictException,
failures[], stop codes and reasons, container instances, eventual consistency, and Task State Change events. Where AWS's
documentation does not give the words of a reason, they are marked as guessed.
"""
import copy
import json
import os
import subprocess
import threading
import time
import uuid

from model_proxy import Refusal

MACHINE, CONTAINER_INSTANCE = "i-0123456789abcdef0", "machine-1"
ACCOUNT = "000000000000"
POLL_SECONDS = 0.1
EVENT_TIMES = ("createdAt", "startedAt", "stoppingAt", "stoppedAt", "executionStoppedAt", "connectivityAt")


class EcsGaps:
    def __init__(self, proxy, address="127.0.0.1", memory_mib=952, machines=1):
        self.proxy, self.address, self.memory_mib, self.machines = proxy, address, memory_mib, machines
        self.visible_after = 0.0  # seconds until List- and DescribeTasks show a new task
        self.failures = []        # [(reason, detail)]: what the next RunTasks answer
        self.stops = []           # [(stopCode, stoppedReason)]: how the next accepted tasks end without having run
        self.on_event = lambda event: None
        self.events = []
        self.tasks, self.tokens, self.definitions = {}, {}, {}
        self._lock = threading.RLock()
        for operation in ("RunTask", "DescribeTasks", "ListTasks", "StopTask", "RegisterTaskDefinition",
                          "DescribeContainerInstances", "ListContainerInstances", "DescribeClusters",
                          "ListTaskDefinitionFamilies"):
            name = "".join("_" + c.lower() if c.isupper() else c for c in operation)
            proxy.on("ecs", operation, getattr(self, name))
        proxy.on("ec2", "DescribeInstances", self._describe_instances)
        proxy.on("ssm", "PutParameter", self._put_parameter)

    # --- for tests ---------------------------------------------------------------------------------------------------

    def wait_until_stopped(self, arn, seconds=60):
        deadline = time.monotonic() + seconds
        while self.tasks[arn]["lastStatus"] != "STOPPED":
            assert time.monotonic() < deadline, f"{arn} does not stop"
            time.sleep(POLL_SECONDS)

    def stop_everything(self):
        for arn, task in list(self.tasks.items()):
            if task["lastStatus"] != "STOPPED":
                self._stop_task({"task": arn})
                self.wait_until_stopped(arn)

    # --- definitions and parameters ----------------------------------------------------------------------------------

    def _register_task_definition(self, value):
        answer = self.proxy.ask_upstream("ecs", "RegisterTaskDefinition", value)
        definition = {**copy.deepcopy(value), "taskDefinitionArn": answer["taskDefinition"]["taskDefinitionArn"]}
        with self._lock:
            self.definitions[definition["taskDefinitionArn"]] = definition
        return {"taskDefinition": {"taskDefinitionArn": definition["taskDefinitionArn"], "family": value["family"],
                                   "revision": answer["taskDefinition"]["revision"], "status": "ACTIVE",
                                   "containerDefinitions": value["containerDefinitions"]},
                "tags": value.get("tags", [])}

    def _list_task_definition_families(self, value):
        answer = self.proxy.ask_upstream("ecs", "ListTaskDefinitionFamilies", value)
        return {**answer, "families": [f for f in answer["families"] if not f.startswith("proxy-")]}

    def _put_parameter(self, value):
        # The emulator would hand containers a SecureString's cipher text.
        return self.proxy.ask_upstream("ssm", "PutParameter", {**value, "Type": "String"})

    def _definition(self, reference):
        found = self.proxy.ask_upstream("ecs", "DescribeTaskDefinition", {"taskDefinition": reference})["taskDefinition"]
        if found["status"] != "ACTIVE":
            raise Refusal("ClientException", "TaskDefinition is inactive")
        return self.definitions.get(found["taskDefinitionArn"], found)

    # --- machines ----------------------------------------------------------------------------------------------------

    def _instance_arns(self):
        return [f"arn:aws:ecs:{self.proxy.region}:{ACCOUNT}:container-instance/{CONTAINER_INSTANCE}"] * self.machines

    def _list_container_instances(self, _):
        return {"containerInstanceArns": self._instance_arns()}

    def _describe_container_instances(self, value):
        known = set(self._instance_arns())
        return {"containerInstances": [{"containerInstanceArn": arn, "ec2InstanceId": MACHINE, "status": "ACTIVE",
                                        "agentConnected": True} for arn in value["containerInstances"] if arn in known],
                "failures": [{"arn": arn, "reason": "MISSING"} for arn in value["containerInstances"]
                             if arn not in known]}

    def _describe_clusters(self, value):
        answer = self.proxy.ask_upstream("ecs", "DescribeClusters", value)
        for cluster in answer["clusters"]:
            cluster["registeredContainerInstancesCount"] = self.machines
        return answer

    def _describe_instances(self, value):
        if MACHINE not in value.values():
            return None
        return ('<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item>'
                f"<instancesSet><item><instanceId>{MACHINE}</instanceId><ipAddress>{self.address}</ipAddress></item>"
                "</instancesSet></item></reservationSet></DescribeInstancesResponse>")

    # --- tasks -------------------------------------------------------------------------------------------------------

    def _run_task(self, value):
        with self._lock:
            token = value.get("clientToken")
            key = (value.get("cluster"), token)
            asked = json.dumps(value, sort_keys=True)
            if token and key in self.tokens:
                before, arns = self.tokens[key]
                if before != asked:
                    raise Refusal("ConflictException", "The RunTask request could not be processed due to conflicts. "
                                  "The provided clientToken is already in use with a different RunTask request.",
                                  resourceIds=arns)
                return {"tasks": [self._shown(self.tasks[arn]) for arn in arns], "failures": []}
            definition = self._definition(value["taskDefinition"])
            reason = self._refuses(definition)
            if reason:
                return {"tasks": [], "failures": [{"arn": (self._instance_arns() or [""])[0], "reason": reason[0],
                                                   **({"detail": reason[1]} if reason[1] else {})}]}
            task = self._new_task(value, definition)
            self.tasks[task["taskArn"]] = task
            if token:
                self.tokens[key] = (asked, [task["taskArn"]])
            shown = self._shown(task)
        self._emit(task)
        threading.Thread(target=self._live, args=(task, definition), daemon=True).start()
        return {"tasks": [shown], "failures": []}

    def _refuses(self, definition):
        if self.failures:
            return self.failures.pop(0)
        if not self.machines:
            return ("EMPTY CAPACITY PROVIDER", "")
        alive = [t for t in self.tasks.values() if t["lastStatus"] != "STOPPED"]
        if sum(t["_reserved"] for t in alive) + reserved(definition) > self.memory_mib:
            return ("RESOURCE:MEMORY", "")
        taken = {port for t in alive for port in t["_ports"]}
        if taken & set(host_ports(definition)):
            return ("RESOURCE:PORTS", "")
        return None

    def _new_task(self, value, definition):
        arn = f"arn:aws:ecs:{self.proxy.region}:{ACCOUNT}:task/{value['cluster'].rpartition('/')[2]}/{uuid.uuid4().hex}"
        return {"taskArn": arn, "clusterArn": f"arn:aws:ecs:{self.proxy.region}:{ACCOUNT}:cluster/{value['cluster']}",
                "taskDefinitionArn": definition["taskDefinitionArn"], "containerInstanceArn": self._instance_arns()[0],
                "lastStatus": "PENDING", "desiredStatus": "RUNNING", "launchType": value.get("launchType", "EC2"),
                "startedBy": value.get("startedBy", ""), "group": "family:" + definition["family"], "version": 1,
                "createdAt": time.time(), "tags": value.get("tags", []), "overrides": value.get("overrides", {}),
                "containers": [{"name": c["name"], "image": c["image"], "lastStatus": "PENDING", "networkBindings": [],
                                "containerArn": f"{arn.replace(':task/', ':container/')}/{uuid.uuid4()}",
                                "taskArn": arn} for c in definition["containerDefinitions"]],
                "_reserved": reserved(definition), "_ports": host_ports(definition), "_upstream": []}

    @staticmethod
    def _shown(task, tags=True):
        return copy.deepcopy({k: v for k, v in task.items() if not k.startswith("_") and (tags or k != "tags")})

    def _visible(self, task):
        return time.time() - task["createdAt"] >= self.visible_after

    def _describe_tasks(self, value):
        with self._lock:
            found = [self._find(name) for name in value["tasks"]]
            tags = "TAGS" in value.get("include", [])
            return {"tasks": [self._shown(t, tags) for t in found if t and self._visible(t)],
                    "failures": [{"arn": name, "reason": "MISSING"} for name, t in zip(value["tasks"], found)
                                 if not t or not self._visible(t)]}

    def _find(self, name):
        return next((t for arn, t in self.tasks.items() if arn == name or arn.endswith("/" + name)), None)

    def _list_tasks(self, value):
        with self._lock:
            found = [arn for arn, t in self.tasks.items()
                     if t["desiredStatus"] == value.get("desiredStatus", "RUNNING") and self._visible(t)
                     and ("family" not in value or t["group"] == "family:" + value["family"])
                     and value.get("startedBy", t["startedBy"]) == t["startedBy"]]
        start, size = int(value.get("nextToken", 0)), value.get("maxResults", 100)
        more = {"nextToken": str(start + size)} if start + size < len(found) else {}
        return {"taskArns": found[start:start + size], **more}

    def _stop_task(self, value):
        with self._lock:
            task = self._find(value["task"])
            if task is None:
                raise Refusal("InvalidParameterException", "The referenced task was not found.")
            if task["desiredStatus"] != "STOPPED":
                task.update(desiredStatus="STOPPED", stoppingAt=time.time(), stopCode="UserInitiated",
                            stoppedReason=value.get("reason", "Task stopped by user"))
        self._emit(task)
        return {"task": self._shown(task)}

    # --- a task's life -----------------------------------------------------------------------------------------------

    def _live(self, task, definition):
        try:
            if self.stops:
                self._end(task, *self.stops.pop(0))
                return
            waiting = list(definition["containerDefinitions"])
            ended = {}
            while waiting:
                container = next(c for c in waiting
                                 if all(d["containerName"] in ended for d in c.get("dependsOn", [])))
                waiting.remove(container)
                before = any(c["name"] == container["name"] for d in waiting for c in
                             [{"name": x["containerName"]} for x in d.get("dependsOn", [])])
                self._start(task, definition, container)
                if before:
                    ended[container["name"]] = self._wait(task, container["name"])
                    if ended[container["name"]] != 0:  # the words are guessed
                        self._end(task, "TaskFailedToStart",
                                  f"Container {container['name']} did not exit with code 0, which others depend on")
                        return
                if task["desiredStatus"] == "STOPPED":
                    break
            if task["desiredStatus"] != "STOPPED":
                self._change(task, lastStatus="RUNNING", startedAt=time.time())
            essential = [c["name"] for c in definition["containerDefinitions"] if c.get("essential", True)]
            self._wait(task, essential[0])
            self._end(task, "EssentialContainerExited", "Essential container in task exited")
        except Refusal as refusal:
            self._end(task, "TaskFailedToStart", refusal.message)
        except Exception as error:  # the emulator is gone: so is the task
            self._end(task, "TaskFailedToStart", f"model_proxy: {error}")

    def _start(self, task, definition, container):
        alone = {k: v for k, v in container.items() if k not in ("dependsOn", "startTimeout")}
        alone["essential"] = True
        family = f"proxy-{uuid.uuid4().hex}"
        made = self.proxy.ask_upstream("ecs", "RegisterTaskDefinition", {
            "family": family, "networkMode": definition.get("networkMode", "bridge"), "containerDefinitions": [alone]})
        arn = made["taskDefinition"]["taskDefinitionArn"]
        cluster = task["clusterArn"].rpartition("/")[2]
        answer = self.proxy.ask_upstream("ecs", "RunTask", {"cluster": cluster, "taskDefinition": arn})
        task["_upstream"].append((container["name"], cluster, answer["tasks"][0]["taskArn"]))
        self.proxy.ask_upstream("ecs", "DeregisterTaskDefinition", {"taskDefinition": arn})
        state = self._upstream(task, container["name"])
        while state["lastStatus"] not in ("RUNNING", "STOPPED"):
            time.sleep(POLL_SECONDS)
            state = self._upstream(task, container["name"])
        if state["lastStatus"] == "STOPPED" and state.get("stopCode") == "TaskFailedToStart":
            raise Refusal("", pull_error(state.get("stoppedReason", ""), container["image"]))
        with self._lock:
            mine = next(c for c in task["containers"] if c["name"] == container["name"])
            mine["lastStatus"], mine["runtimeId"] = "RUNNING", state["containers"][0].get("runtimeId") or ""
            mine["networkBindings"] = bindings(mine["runtimeId"]) if container.get("portMappings") else []

    def _upstream(self, task, name):
        cluster, arn = next((c, a) for n, c, a in task["_upstream"] if n == name)
        return self.proxy.ask_upstream("ecs", "DescribeTasks", {"cluster": cluster, "tasks": [arn]})["tasks"][0]

    def _wait(self, task, name):
        """Until the container has ended by itself, or its task is told to end."""
        state = self._upstream(task, name)
        while state["lastStatus"] != "STOPPED":
            time.sleep(POLL_SECONDS)
            if task["desiredStatus"] == "STOPPED":
                for _, cluster, arn in task["_upstream"]:
                    self.proxy.ask_upstream("ecs", "StopTask", {"cluster": cluster, "task": arn})
            state = self._upstream(task, name)
        code = state["containers"][0].get("exitCode")
        with self._lock:
            mine = next(c for c in task["containers"] if c["name"] == name)
            mine["lastStatus"] = "STOPPED"
            if code is not None:
                mine["exitCode"] = code
        return code

    def _end(self, task, code, reason):
        for _, cluster, arn in task["_upstream"]:
            try:
                self.proxy.ask_upstream("ecs", "StopTask", {"cluster": cluster, "task": arn})
            except (Refusal, OSError):
                pass  # it has ended already
        with self._lock:
            now = time.time()
            told = task["desiredStatus"] == "STOPPED"
            for container in task["containers"]:
                container["lastStatus"] = "STOPPED"
            self._change(task, lastStatus="STOPPED", desiredStatus="STOPPED", stoppedAt=now, executionStoppedAt=now,
                         stopCode=task.get("stopCode", code) if told else code,
                         stoppedReason=task.get("stoppedReason", reason) if told else reason)

    def _change(self, task, **what):
        with self._lock:
            task.update(what)
        self._emit(task)

    def _emit(self, task):
        with self._lock:
            task["version"] += 1
            detail = self._shown(task)
        for name in EVENT_TIMES:
            if name in detail:
                detail[name] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(detail[name]))
        detail["updatedAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        event = {"version": "0", "id": str(uuid.uuid4()), "detail-type": "ECS Task State Change", "source": "aws.ecs",
                 "account": ACCOUNT, "time": detail["updatedAt"], "region": self.proxy.region,
                 "resources": [task["taskArn"]], "detail": detail}
        self.events.append(event)
        self.on_event(event)


def reserved(definition):
    return sum(c.get("memoryReservation", c.get("memory", 0)) for c in definition["containerDefinitions"])


def host_ports(definition):
    return [m["hostPort"] for c in definition["containerDefinitions"] for m in c.get("portMappings", [])
            if m.get("hostPort")]


def pull_error(reason, image):
    lowered = reason.lower()
    if "no such image" in lowered or "not found" in lowered or "pull access denied" in lowered:
        return f"CannotPullContainerError: Error response from daemon: {image}: not found ({reason})"
    return reason


def bindings(container):
    found = subprocess.run(["docker", "inspect", "--format", "{{json .NetworkSettings.Ports}}", container],
                           capture_output=True, text=True, timeout=20, env=os.environ)
    ports = json.loads(found.stdout or "{}") or {}
    return [{"bindIP": "0.0.0.0", "containerPort": int(inside.partition("/")[0]), "hostPort": int(outside["HostPort"]),
             "protocol": "tcp"} for inside, published in ports.items() for outside in (published or [])[:1]]
