"""Cold starts of a function against what AWS once answered (recordings/lambda.json), by slipway_bench_lambda_cold."""

import json
import re
import socket
import subprocess
import time

EPOCH_MILLIS = re.compile(r"(?<!\d)1[6-9]\d{11}(?!\d)")


def moved(text, by):
    """The text with its times moved, as if it had been recorded just now."""
    return EPOCH_MILLIS.sub(lambda match: str(int(match.group()) + by), text)


def http(status, headers, body):
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items()), f"Content-Length: {len(body.encode())}"]
    return "\r\n".join([*lines, "", body])


class Replay:
    def __init__(self, program, recording, log, environment):
        """`environment(address)`: that of what is started; `address` is Lambda's interface and AWS at once."""
        self.recording = recording
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
            self.address = f"127.0.0.1:{listener.getsockname()[1]}"
            self.process = subprocess.Popen([program, str(listener.fileno()), log], pass_fds=[listener.fileno()], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(self.address))

    def start(self, command):
        """{"ms", "kib", "asked", "unknown", "path", "body"} of one cold start: see bench/cpp/lambda_cold.cpp."""
        by = int(time.time() * 1000) - self.recording["recorded_at"]
        answers = {}
        for call in self.recording["calls"]:
            headers = {"Content-Type": call["type"], "x-amzn-RequestId": "replayed"}
            answers.setdefault(call["operation"], []).append(http(call["status"], headers, moved(call["answer"], by)))
        event = http(200, {"Lambda-Runtime-Aws-Request-Id": "cold", "Content-Type": "application/json",
                           "Lambda-Runtime-Deadline-Ms": int((time.time() + 60) * 1000)}, json.dumps(self.recording["event"]))
        print(json.dumps({"command": [str(word) for word in command], "event": event, "answers": answers}),
              file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{command[0]} gave no answer")  # why, has been printed
        seen = json.loads(line)
        if not seen["path"].endswith("/response") or json.loads(seen["body"]) != {"batchItemFailures": []} or seen["unknown"]:
            raise RuntimeError(f"{command[0]}: {seen['path']} {seen['body'][:300]}, unknown {seen['unknown']}; record anew?")
        return seen

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
