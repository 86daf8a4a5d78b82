#!/usr/bin/env python3
"""What the conformance kit asks of a peer (docs/implementing.md): a service, a client that takes
orders, and a command line for both.
"""

import argparse
import asyncio
import hashlib
import json
import re
import signal
import sys
import urllib.parse
from collections import Counter, defaultdict

from tp import Options, Server, connect
from wire import BODY_MAX, DATA_MAX, TpError, usual_phrase

def counting(start, size):
    """Bytes of the kit's bodies: byte i is i mod 251."""
    start %= 251
    return (bytes(range(251)) * (size // 251 + 2))[start : start + size]


async def pieces(size, chunk, make=counting):
    for start in range(0, size, chunk):
        yield make(start, min(chunk, size - start))


class Service:
    """What the kit asks of a server."""

    def __init__(self):
        self._holding, self._hits = defaultdict(set), Counter()
        self._routes = [  # method, None for any; path; the answer
            (None, "/target.*", self.target),
            ("GET", "/", self.root),
            (None, "/echo", self.echo),
            (None, "/method", self.method),
            ("GET", "/bytes/([0-9]{1,12})", self.bytes),
            ("GET", "/repeat/([0-9]{1,12})", self.repeat),
            ("POST", "/sink", self.sink),
            ("POST", "/early", self.early),
            ("GET", "/status/([2-5][0-9][0-9])", self.status),
            ("GET", "/fields/([0-9]{1,4})", self.fields),
            ("GET", "/info", self.info),
            ("GET", "/trailers", self.trailers),
            (None, "/hold/(.+)", self.hold),
            ("GET", "/release/(.+)", self.release),
            ("GET", "/held/(.+)", self.held),
            (None, "/hit/(.+)", self.hit),
            ("GET", "/hits/(.+)", self.hits),
            ("GET", "/fail", self.fail),
            ("GET", "/fail-body", self.fail_body),
            ("GET", "/remaining", self.remaining),
            ("GET", "/leave", self.leave),
            (None, "/switch", self.switch),
        ]

    async def __call__(self, exchange):
        path = exchange.path.partition("?")[0]
        for method, pattern, answer in self._routes:
            found = re.fullmatch(pattern, path)
            if found and method in (None, exchange.method):
                return await answer(exchange, *found.groups())
        await exchange.respond(404)

    async def target(self, exchange):
        await exchange.respond(200, body=exchange.path.encode("latin-1"))

    async def root(self, exchange):
        await exchange.respond(200, body=b"ok")

    async def echo(self, exchange):
        body = await exchange.read()
        fields = [
            ("set-cookie" if name.lower() == "x-set-cookie" else name, value)
            for name, value in exchange.fields
            if name.lower().startswith("x-echo-") or name.lower() == "x-set-cookie"
        ]
        trailers = [pair for pair in exchange.trailers if pair[0].lower().startswith("x-echo-")]
        await exchange.respond(200, fields, body, trailers)

    async def method(self, exchange):
        await exchange.respond(200, body=exchange.method.encode())

    async def bytes(self, exchange, size):
        fields, size = [("content-length", size)], int(size)
        body = counting(0, size) if size <= BODY_MAX else pieces(size, DATA_MAX)
        await exchange.respond(200, fields, body)

    async def repeat(self, exchange, size):
        size = int(size)
        body = pieces(size, DATA_MAX, lambda _start, size: b"a" * size)
        await exchange.respond(200, body=b"a" * size if size <= BODY_MAX else body)

    async def sink(self, exchange):
        size = 0
        while data := await exchange.piece():
            size += len(data)
        await exchange.respond(200, body=b"%d" % size)

    async def early(self, exchange):
        await exchange.respond(200, body=b"early")

    async def status(self, exchange, status):
        query = urllib.parse.parse_qs(exchange.path.partition("?")[2], encoding="latin-1")
        await exchange.respond(int(status), reason=query.get("reason", [""])[0])

    async def fields(self, exchange, count):
        await exchange.respond(200, [(f"x-field-{i}", str(i)) for i in range(int(count))])

    async def info(self, exchange):
        exchange.inform(103, [("link", "</a>; rel=preload")])
        await exchange.respond(200, body=b"ok")

    async def trailers(self, exchange):
        await exchange.respond(200, body=b"abc", trailers=[("x-sum", "3"), ("x-end", "yes")])

    async def hold(self, exchange, name):
        released = asyncio.get_running_loop().create_future()
        self._holding[name].add(released)
        try:
            await released
        finally:
            self._holding[name].discard(released)
        await exchange.respond(200, body=b"held")

    async def release(self, exchange, name):
        holding = self._holding.pop(name, set())
        for released in holding:
            released.set_result(None)
        await exchange.respond(200, body=b"%d" % len(holding))

    async def held(self, exchange, name):
        await exchange.respond(200, body=b"%d" % len(self._holding[name]))

    async def hit(self, exchange, name):
        self._hits[name] += 1
        await exchange.respond(200, body=b"ok")

    async def hits(self, exchange, name):
        await exchange.respond(200, body=b"%d" % self._hits[name])

    async def fail(self, _exchange):
        raise RuntimeError("as asked")

    async def fail_body(self, exchange):
        async def body():
            yield counting(0, 10)
            raise RuntimeError("as asked")

        await exchange.respond(200, body=body())

    async def remaining(self, exchange):
        left = exchange.remaining_ms()
        await exchange.respond(200, body=b"none" if left is None else b"%d" % left)

    async def leave(self, exchange):
        await exchange.respond(200, body=b"leaving")
        exchange.link.spawn(exchange.link.leave())

    async def switch(self, exchange):
        async def back():
            while data := await exchange.piece():
                yield data

        fields = [("connection", "upgrade"), ("upgrade", "kit")]
        await exchange.respond(101, fields, body=back())


class ClientUnderTest:
    """Takes orders on a control link, and carries out each on a link of its own."""

    def __init__(self, port, options):
        self._port, self._options = port, options

    async def run(self):
        control = await connect("127.0.0.1", self._port, self._options)
        while True:
            answer = await control.call("GET", "/next?one-way").head()
            order = json.loads(await answer.read())
            if order.get("done"):
                return await control.leave()
            result = {"case": order["case"], "results": await self._carry_out(order)}
            report = control.call("POST", "/result", body=json.dumps(result).encode())
            await (await report.head()).read()

    async def _carry_out(self, order):
        requests = order["requests"]
        try:
            link = await connect("127.0.0.1", self._port, self._options)
        except OSError:
            return [{"error": "CLOSED", "processed": "no"} for _ in requests]
        except TpError as error:
            return [{"error": error.code, "processed": "no"} for _ in requests]
        ended = [asyncio.Event() for _ in requests]

        async def make(i, request):
            if request.get("after") is not None:
                await ended[request["after"]].wait()
            try:
                return await self._make(link, request)
            finally:
                ended[i].set()

        results = await asyncio.gather(*(make(i, request) for i, request in enumerate(requests)))
        if not order.get("close"):
            link.stop()
        await link.leave()
        return results

    @staticmethod
    async def _make(link, request):
        informed, cancel_on = [], request.get("cancelOn")
        size, chunk = request.get("body", 0), request.get("chunk")

        def on_info(call, status, _fields):
            informed.append(status)
            if cancel_on == "info":
                call.cancel()

        call = link.call(
            request["method"],
            request["path"],
            [tuple(pair) for pair in request.get("fields") or ()],
            pieces(size, chunk) if chunk else counting(0, size),
            [tuple(pair) for pair in request.get("trailers") or ()],
            request.get("timeoutMs", 0),
            on_info,
            request.get("oneWay", False),
        )
        try:
            await call.head()
            if call.one_way:
                return {"sent": True}
            if cancel_on == "head":
                call.cancel()
                return {"cancelled": True}
            digest, length = hashlib.sha256(), 0
            while data := await call.piece():
                digest.update(data)
                length += len(data)
        except TpError as error:
            if cancel_on == "info" and informed:
                return {"cancelled": True}
            result = {"error": error.code, "processed": error.processed}
            return {**result, "status": call.status} if call.status else result
        return {
            "status": call.status,
            "reason": call.reason,
            "fields": call.fields,
            "info": informed,
            "body": length,
            "sha256": digest.hexdigest(),
            "trailers": call.trailers,
        }


async def serve(port, options):
    server, told = Server(Service(), options), asyncio.Event()
    port = await server.listen(port)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await told.wait()
    await server.leave()


async def get(address, path, options):
    host, _, port = address.rpartition(":")
    link = await connect(host, int(port), options)
    answer = await link.call("GET", path).head()
    body = await answer.read()
    print(answer.status, answer.reason or usual_phrase(answer.status))
    for name, value in [*answer.fields, *answer.trailers]:
        print(f"{name}: {value}")
    print("\n" + body.decode("utf-8", "replace"))
    await link.leave()


def main():
    parser = argparse.ArgumentParser(description="a peer of the tp protocol")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in (
        ("serve", "the service that the conformance kit talks to"),
        ("client", "a client that takes the conformance kit's orders"),
        ("get", "one request"),
    ):
        command = commands.add_parser(name, help=about)
        command.add_argument("--codec", choices=["deflate", "none"], default="deflate")
        if name == "get":
            command.add_argument("address", metavar="HOST:PORT")
            command.add_argument("path", metavar="PATH")
        else:
            command.add_argument("--port", type=int, required=True)
    args = parser.parse_args()
    options = Options(codec=args.codec)
    try:
        if args.command == "serve":
            asyncio.run(serve(args.port, options))
        elif args.command == "client":
            asyncio.run(ClientUnderTest(args.port, options).run())
        else:
            asyncio.run(get(args.address, args.path, options))
    except (OSError, TpError) as error:
        sys.exit(f"tp: {error}")


if __name__ == "__main__":
    main()
