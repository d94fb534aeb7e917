#!/usr/bin/env python3
"""Writes bench/recordings/lambda.json: what AWS (moto) answers to the function's first invocation, which begins a tenant's
work. To be run again, with the dev build, when the function asks something else:

    build/venv/bin/python bench/record_lambda.py
"""

import json
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/aws"))
import moto_server as moto  # noqa: E402
import test_lambda  # noqa: E402
from model_proxy import ModelProxy  # noqa: E402
from runtime_api import Sandbox  # noqa: E402


class Recorder(ModelProxy):
    answers = None

    def _answer(self, method, path, headers, body):
        answer = super()._answer(method, path, headers, body)
        if self.answers is not None:
            self.answers.append({"operation": self.calls[-1].operation, "status": answer[0],
                                 "type": "application/x-amz-json-1.0", "answer": answer[2].decode()})
        return answer


def main():
    place = pathlib.Path(tempfile.mkdtemp(prefix="slipway-record-", dir="/tmp"))
    (place / "slipway.yaml").write_text(test_lambda.CONFIG)
    with moto.running(place / "moto.log") as url, Recorder(url) as proxy:
        account = test_lambda.Account(url)
        account.join_machine()
        environment = test_lambda.function_environment(proxy.url, account.queue, place)
        with Sandbox(test_lambda.BOOTSTRAP, environment, place / "log") as sandbox:
            key = test_lambda.signup_key(account)
            answer = sandbox.invoke(test_lambda.http("POST", "/provision", test_lambda.order("cold"), **key))[1]
        tenant = json.loads(answer["body"])["tenantId"]
        event = test_lambda.work_on(tenant)
        proxy.answers, began = [], int(time.time() * 1000)
        with Sandbox(test_lambda.BOOTSTRAP, environment, place / "log") as sandbox:
            assert sandbox.invoke(event) == ("response", {"batchItemFailures": []})
        asked = [call["operation"] for call in proxy.answers]
        assert "RunTask" in asked and "DescribeTasks" in asked, asked
    calls = proxy.answers + [{"operation": "PutItem", "status": 200, "type": "application/x-amz-json-1.0", "answer": "{}"}]
    out = ROOT / "bench/recordings/lambda.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps({"recorded_at": began, "asked": asked, "event": event, "calls": calls}, indent=1) + "\n")
    print(f"{out.relative_to(ROOT)}: {len(asked)} requests")


if __name__ == "__main__":
    main()
