"""A small HTTP server that answers as CloudFormation and SQS do, and throttles at AWS's rates.

It knows stacks by number only: `tests.support.crowd.stack_id_of`. All of them are in progress until
`/control` lets them end at a rate. Its own process, so that its CPU time is not the worker's.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import uuid4

PAGE: Final = 100
RATES: Final = {"ListStacks": (5, 10), "DescribeStacks": (5, 10), "ListStackResources": (5, 10), "CreateStack": (1, 5)}
"""Calls per second and burst for each account: what is reported of AWS (provisioning/aws/rates.py)."""
OTHER_RATE: Final = (5.0, 10.0)
RESOURCES: Final = 20
_CREDENTIAL: Final = re.compile(r"Credential=(\d{12})/\d+/([a-z0-9-]+)/")
_NAMESPACE: Final = 'xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"'
_CREATED: Final = "2026-11-27T00:00:00Z"


@dataclass
class Bucket:
    rate: float
    burst: float
    tokens: float
    at: float = field(default_factory=time.monotonic)

    def take(self) -> bool:
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class Aws:
    accounts: list[str]
    count: int
    has_queue: bool
    idle: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    queues: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    ends_from: float = float("inf")
    ends_per_second: float = 0.0
    ended: int = 0
    others: dict[str, float] = field(default_factory=dict)
    original: str = ""
    """The id of the environment whose copies own the stacks: their tokens follow from it."""

    def allows(self, account: str, action: str) -> bool:
        with self.lock:
            rate, burst = RATES.get(action, OTHER_RATE)
            bucket = self.buckets.setdefault((account, action), Bucket(rate, burst, burst))
            allowed = bucket.take()
            (self.calls if allowed else self.throttled)[action] += 1
            return allowed

    def has_ended(self, number: int) -> bool:
        return number < self.ended

    def move(self) -> None:
        """Let stacks end, each with its event."""
        while True:
            time.sleep(0.2)
            with self.lock:
                until = int(max(0.0, time.monotonic() - self.ends_from) * self.ends_per_second)
                for number in range(self.ended, min(until, self.count)):
                    self.put(number, "CREATE_COMPLETE")
                self.ended = max(self.ended, min(until, self.count))

    def put(self, number: int, status: str, **more: str) -> None:
        if not self.has_queue:
            return
        account = self.accounts[number % len(self.accounts)]
        kind = "Resource" if more else "Stack"
        body = {
            "version": "0",
            "id": str(uuid4()),
            "detail-type": f"CloudFormation {kind} Status Change",
            "source": "aws.cloudformation",
            "account": account,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "region": REGION,
            "detail": {
                "stack-id": self.stack_id(number),
                "status-details": {"status": status, "status-reason": ""},
                "client-request-token": f"op-{self.operation_of(number)}-main-create",
                **more,
            },
        }
        self.queues[account].append(json.dumps(body))

    def operation_of(self, number: int) -> str:
        """The id of a stack's operation, as `tests.support.crowd` makes it."""
        return md5(f"{self.original}operation{number}".encode(), usedforsecurity=False).hexdigest()

    def open_queues(self) -> None:
        """Send one event to each account, as a stack that begins does, so that the queue is relied on."""
        with self.lock:
            for number in range(len(self.accounts)):
                self.put(number, "CREATE_IN_PROGRESS")

    def chatter(self, events_per_second: float) -> None:
        """Resource events of all stacks in progress, as accounts that were onboarded earlier get them."""
        number = 0
        while True:
            time.sleep(0.1)
            with self.lock:
                for _ in range(int(events_per_second / 10)):
                    number = (number + 1) % self.count
                    more = {"logical-resource-id": "Topic", "physical-resource-id": "topic-1"}
                    self.put(number, "CREATE_IN_PROGRESS", **more, **{"resource-type": "AWS::SNS::Topic"})

    def stack_id(self, number: int) -> str:
        account = self.accounts[number % len(self.accounts)]
        return f"arn:aws:cloudformation:{REGION}:{account}:stack/crowd-{number}/{number:032x}"


REGION: Final = "eu-north-1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    aws: Aws

    def log_message(self, *_: object) -> None:
        """Nothing: the figures are enough."""

    def do_GET(self) -> None:
        aws = self.aws
        with aws.lock:
            answer = {"calls": aws.calls, "throttled": aws.throttled, "ended": aws.ended}
            answer["waiting"] = sum(map(len, aws.queues.values()))
        self._send(200, json.dumps(answer), "application/json")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/control":
            self._control(json.loads(body))
            return
        match = _CREDENTIAL.search(self.headers.get("Authorization", ""))
        account = match[1] if match else ""
        target = self.headers.get("X-Amz-Target", "")
        if target.startswith("AmazonSQS."):
            self._sqs(account, target.partition(".")[2], json.loads(body))
            return
        asked = {key: values[0] for key, values in parse_qs(body).items()}
        action = asked.get("Action", "")
        if not self.aws.allows(account, action):
            self._error("Throttling", "Rate exceeded")
            return
        self._cloudformation(account, action, asked)

    def _control(self, order: dict[str, Any]) -> None:
        with self.aws.lock:
            if "ends_per_second" in order:
                self.aws.ends_per_second, self.aws.ends_from = order["ends_per_second"], time.monotonic()
            self.aws.original = order.get("original", self.aws.original)
            if "reset" in order:
                self.aws.calls.clear()
                self.aws.throttled.clear()
        if "open_queues" in order:
            self.aws.open_queues()
        if rate := order.get("events_per_second"):
            threading.Thread(target=self.aws.chatter, args=(rate,), daemon=True).start()
        self._send(200, "{}", "application/json")

    def _sqs(self, account: str, action: str, asked: dict[str, Any]) -> None:
        with self.aws.lock:
            self.aws.calls[f"sqs:{action}"] += 1
            queue = self.aws.queues[account]
            messages = []
            if action == "ReceiveMessage":
                if not self.aws.has_queue:
                    text = '{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}'
                    self._send(400, text, "application/x-amz-json-1.0")
                    return
                messages = [queue.popleft() for _ in range(min(10, len(queue)))]
        if action == "ReceiveMessage" and not messages:
            time.sleep(float(asked.get("WaitTimeSeconds", 0)))
        found = [{"MessageId": str(uuid4()), "ReceiptHandle": str(uuid4()), "Body": body} for body in messages]
        answer = {"Messages": found} if action == "ReceiveMessage" else {"Successful": [], "Failed": []}
        self._send(200, json.dumps(answer), "application/x-amz-json-1.0")

    def _cloudformation(self, account: str, action: str, asked: dict[str, str]) -> None:
        aws = self.aws
        if action == "GetCallerIdentity":
            self._answer(action, f"<Account>{account}</Account><Arn>arn</Arn><UserId>u</UserId>")
        elif action == "ListStacks":
            self._list_stacks(account, asked)
        elif action == "DescribeStacks" and "StackName" not in asked:
            self._describe_all(account, asked)
        elif action == "DescribeStacks":
            stack_id = asked["StackName"]
            number = _number(stack_id)
            status = "CREATE_COMPLETE" if number is not None and aws.has_ended(number) else "CREATE_IN_PROGRESS"
            if number is None and time.monotonic() - aws.others.get(stack_id, 0) > 3600:
                self._error("ValidationError", f"Stack with id {stack_id} does not exist")
                return
            self._answer(action, f"<Stacks>{_stack(stack_id, status)}</Stacks>")
        elif action == "ListStackResources":
            rows = "".join(
                _resource(name) for name in ("BucketFiles", "SecretKey", *map("R{}".format, range(RESOURCES)))
            )
            self._answer(action, f"<StackResourceSummaries>{rows}</StackResourceSummaries>")
        elif action == "CreateStack":
            stack_id = f"arn:aws:cloudformation:{REGION}:{account}:stack/{asked['StackName']}/{uuid4()}"
            aws.others[stack_id] = time.monotonic()
            self._answer(action, f"<StackId>{stack_id}</StackId>")
        else:
            self._error("ValidationError", f"{action} is not simulated by the benchmark")

    def _list_stacks(self, account: str, asked: dict[str, str]) -> None:
        aws = self.aws
        first = aws.accounts.index(account)
        begin = int(asked.get("NextToken", 0))
        living = [n for n in range(first, aws.count, len(aws.accounts)) if not aws.has_ended(n)]
        rows = [_stack(aws.stack_id(number), "CREATE_IN_PROGRESS") for number in living]
        if not any(key.startswith("StackStatusFilter") and asked[key] == "CREATE_IN_PROGRESS" for key in asked):
            rows = []
        page = "".join(rows[begin : begin + PAGE])
        following = f"<NextToken>{begin + PAGE}</NextToken>" if begin + PAGE < len(rows) else ""
        self._answer("ListStacks", f"<StackSummaries>{page}</StackSummaries>{following}")

    def _describe_all(self, account: str, asked: dict[str, str]) -> None:
        """What the nightly scan reads, page by page."""
        aws, begin = self.aws, int(asked.get("NextToken", 0))
        numbers = range(aws.accounts.index(account), aws.count, len(aws.accounts))
        statuses = {number: "CREATE_COMPLETE" if aws.has_ended(number) else "CREATE_IN_PROGRESS" for number in numbers}
        rows = [_stack(aws.stack_id(number), status) for number, status in statuses.items()]
        rows += [_stack(_idle_id(account, number), "CREATE_COMPLETE") for number in range(aws.idle)]
        page = "".join(rows[begin : begin + PAGE])
        following = f"<NextToken>{begin + PAGE}</NextToken>" if begin + PAGE < len(rows) else ""
        self._answer("DescribeStacks", f"<Stacks>{page}</Stacks>{following}")

    def _answer(self, action: str, result: str) -> None:
        text = (
            f"<{action}Response {_NAMESPACE}><{action}Result>{result}</{action}Result>"
            f"<ResponseMetadata><RequestId>{uuid4()}</RequestId></ResponseMetadata></{action}Response>"
        )
        self._send(200, text, "text/xml")

    def _error(self, code: str, message: str) -> None:
        text = f"<ErrorResponse {_NAMESPACE}><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        self._send(400, text, "text/xml")

    def _send(self, status: int, text: str, kind: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _number(stack_id: str) -> int | None:
    """The number of one of the crowd's stacks; None for another one."""
    match = re.search(r":stack/crowd-(\d+)/", stack_id)
    return int(match[1]) if match else None


def _idle_id(account: str, number: int) -> str:
    return f"arn:aws:cloudformation:{REGION}:{account}:stack/idle-{number}/{number:032x}"


def _stack(stack_id: str, status: str) -> str:
    return (
        f"<member><StackId>{stack_id}</StackId><StackName>{stack_id.split('/')[-2]}</StackName>"
        f"<CreationTime>{_CREATED}</CreationTime><StackStatus>{status}</StackStatus></member>"
    )


def _resource(name: str) -> str:
    return (
        f"<member><LogicalResourceId>{name}</LogicalResourceId><PhysicalResourceId>{name.lower()}-1</PhysicalResourceId>"
        "<ResourceType>AWS::SNS::Topic</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus>"
        f"<LastUpdatedTimestamp>{_CREATED}</LastUpdatedTimestamp></member>"
    )


def main() -> None:
    """Arguments: the number of accounts and of stacks, whether there are queues, and idle stacks."""
    accounts, count, has_queue, idle = (int(argument) for argument in sys.argv[1:])
    names = [f"{400000000000 + number}" for number in range(accounts)]
    Handler.aws = Aws(names, count, bool(has_queue), idle)
    threading.Thread(target=Handler.aws.move, daemon=True).start()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
