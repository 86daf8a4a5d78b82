"""The vectors of packages/wire/vectors, read with the parts of tp.py and played to its server and
its client over a socket; and the examples of docs/protocol.md.
Run: python3 -m unittest discover apps/peer-python"""

import asyncio
import dataclasses
import json
import pathlib
import re
import unittest

import tp
import wire
from test_tp import Raw, soon, stop_clock

ROOT = pathlib.Path(__file__).parents[2]
VECTORS, DOCUMENT = ROOT / "packages" / "wire" / "vectors", ROOT / "docs" / "protocol.md"


def vectors():
    for path in sorted(VECTORS.glob("*.json")):
        for vector in json.loads(path.read_text())["vectors"]:
            yield f"{path.stem}: {vector['name']}", vector


def long(value):
    """What is written in pieces, as one."""
    if isinstance(value, list):
        return "".join(map(long, value))
    return value["repeat"] * value["times"] if isinstance(value, dict) else value


def long_head(head):
    fields = []
    for field in head:
        repeated = isinstance(field, dict)
        pair = [long(text) for text in (field["repeat"] if repeated else field)]
        fields += [pair] * (field["times"] if repeated else 1)
    return fields


def is_ours(vector):
    """Whether this peer can be held to a vector: it has no ZSTD, no isolated windows, and no links
    without checksums."""
    zstd = vector["name"].startswith("ZSTD") or "ZSTD" in json.dumps(vector.get("offers", ""))
    windows = vector.get("receiver", {}).get("windows")
    return not zstd and not windows and vector.get("checksum", True)


def limits_of(vector):
    return wire.Limits(**vector.get("receiver", {}))


@dataclasses.dataclass(frozen=True)
class Offering(tp.Options):
    """Options with the offers of a vector."""

    vector_offers: tuple = ((wire.DEFLATE, 15),)

    @property
    def offers(self):
        return dict(self.vector_offers)


def options_of(vector):
    offers = [(wire.DEFLATE, o.get("window_log", 15)) for o in vector.get("offers", [{}])]
    return Offering("deflate", limits_of(vector), vector_offers=tuple(offers))


def ignore():
    """A glitch, which nobody counts here."""


class Reader:
    """What comes of the bytes of one direction, in the notation of the vectors."""

    def __init__(self, limits=wire.Limits()):
        self.limits, self.heads, self.last, self.blobs = limits, wire.HeadDecoder(limits), {}, []
        self.unpacker = wire.Unpacker({wire.DEFLATE: 15})

    def read(self, data, unpacked=None):
        """The records of some envelopes. `unpacked`: what the packed of a single one unpacks to."""
        found, at = [], 0
        while at < len(data):
            size, at = wire.read_varint(data, at, 4)
            envelope, at = wire.decode("Envelope", data[at : at + size], ignore), at + size
            if envelope.packed and unpacked is None:
                if envelope.window:
                    self.unpacker.start(envelope.window)
                unpacked = self.unpacker.unpack(envelope.packed, envelope.unpacked_size)
            for lane in (envelope.plain, unpacked or b""):
                for body in wire.decode("Batch", lane, ignore).records:
                    kind, body = wire.decode_record(body, ignore)
                    if kind == "blob":
                        self.blobs.append(body)
                    elif kind:
                        found.append(self.one(kind, wire.decode(kind.capitalize(), body, ignore)))
            unpacked = None
        return [f for f in found if (f["kind"], f.get("bytes")) != ("credit", 0)]  # a glitch

    def blob(self):
        return self.blobs.pop(0)

    def one(self, kind, message):
        found, fields, body = {"kind": kind}, [], b""
        if kind in ("request", "response", "trailers"):
            fields = self.heads.run(message, self.blob)
            found["head"] = [list(field) for field in fields if field != (":reason", "")]
        if kind in ("request", "response"):
            message.id = self.last[kind] = message.id or self.last.get(kind, 0) + 1
            body = self.blob() if message.body_blob else message.body
            found |= {"body": body.hex()} if body else {}
            keep_nonzero(found, message, "more", "timeout_ms", "one_way")
        if kind == "data":
            found["bytes"] = (self.blob() if message.blob else message.bytes).hex()
            keep_nonzero(found, message, "end")
        if kind == "hello":
            return self.hello(message)
        for name in ("id", "last_id"):
            if hasattr(message, name):
                found[name] = getattr(message, name)
        if kind == "credit":
            found["bytes"] = message.bytes
        if kind in ("ping", "pong"):
            found["token"] = message.token
        if hasattr(message, "code"):
            found["code"] = wire.code_name(message.code)
        if kind == "cancel":
            processed = message.processed if message.processed < 3 else 0
            found["processed"] = wire.PROCESSED[processed].upper()
        keep_nonzero(found, message, "message", "final")
        try:
            self.check(kind, message, fields, body)
        except wire.StreamError as error:
            silent = getattr(message, "one_way", False) and not message.more
            found = {"kind": "error", "scope": "stream", "id": message.id, "code": error.code}
            return {**found, "one_way": True} if silent else found
        return found

    def check(self, kind, message, fields, body):
        if "head" in SCOPES.get(kind, ()):
            wire.check_head(kind, fields, self.limits)
        if getattr(message, "one_way", False) and message.more:
            raise wire.StreamError("PROTOCOL")
        if "body" in SCOPES.get(kind, ()):
            tp.Link.check_body(message, body)
        if kind == "response" and fields[0][1] < "200" and fields[0][1] != "101":
            if body or message.more:
                raise wire.StreamError("PROTOCOL")

    @staticmethod
    def hello(message):
        said = vars(message.limits) if message.limits else {}
        limits = {name: said[name] for name in vars(wire.Limits()) if said.get(name)}
        as_they_are = ("version", "features", "checksum", "agent")
        codecs = [
            {
                "codec": ("NONE", "DEFLATE", "ZSTD")[offer.codec],
                "window_log": offer.window_log or (0, 15, 20)[offer.codec],
            }
            for offer in message.codecs
        ]
        return {
            **{name: getattr(message, name) for name in as_they_are},
            "kind": "hello",
            "token": message.token.hex(),
            "codecs": codecs,
            "limits": dataclasses.asdict(wire.Limits(**limits)),
        }


def is_said(record):
    """Whether it is an error that the peer is told of."""
    return record["kind"] == "error" and not record.get("one_way")


SCOPES = {"request": ("head", "body"), "response": ("head", "body"), "trailers": ("head",)}


def keep_nonzero(found, message, *names):
    for name in names:
        if value := getattr(message, name, None):
            found[name] = value


def expected(record):
    record = dict(record)
    if "head" in record:
        record["head"] = [f for f in long_head(record["head"]) if f != [":reason", ""]]
    for key in ("body", "bytes", "message"):
        if key in record and not isinstance(record[key], int):
            record[key] = long(record[key])
    return record


class Vectors(unittest.IsolatedAsyncioTestCase):
    maxDiff = 2000

    def test_reading(self):
        count = 0
        for name, vector in vectors():
            errors = any("error" in step for step in vector["steps"])
            if vector.get("level") or vector.get("opening") or errors:
                continue  # those are played, below
            count += 1
            readers = {}
            for step in vector["steps"]:
                reader = readers.setdefault(step["from"], Reader(limits_of(vector)))
                with self.subTest(name):
                    unpacked = bytes.fromhex(long(step.get("unpacked", "")))
                    read = reader.read(bytes.fromhex(long(step["bytes"])), unpacked)
                    self.assertEqual(read, [expected(record) for record in step["records"]])
        self.assertGreater(count, 100)

    def setUp(self):
        stop_clock(self)

    def test_the_examples_of_the_document(self):
        text = DOCUMENT.read_text(encoding="utf-8")
        example = re.compile(r"```hex (dialer|acceptor)\n(.*?)```\s*```json\n(.*?)```", re.DOTALL)
        readers, count = {}, 0
        for side, dump, outcome in example.findall(text):
            count += 1
            code = re.findall(r"^ *((?:[0-9a-f]{2}(?: |$))+)", dump, re.MULTILINE)
            data, outcome = bytes.fromhex("".join(code)), json.loads(outcome)
            with self.subTest(dump):
                if data.startswith(wire.PREFACE):
                    data, readers[side] = data[len(wire.PREFACE) :], Reader()
                elif "acceptor" not in readers:
                    readers[side] = Reader()  # before the whole link, each stands for itself
                self.assertEqual(readers[side].read(data), outcome)
        self.assertGreater(count, 5)

    @soon
    async def test_playing_to_a_server(self):
        count = 0
        for name, vector in vectors():
            if is_ours(vector) and all(step["from"] == "dialer" for step in vector["steps"]):
                count += 1
                with self.subTest(name):
                    async with asyncio.timeout(10):
                        await self.play_to_server(vector)
        self.assertGreater(count, 100)

    async def play_to_server(self, vector):
        async def deaf(_exchange):
            await asyncio.get_running_loop().create_future()

        server = tp.Server(deaf, options_of(vector))
        raw = Raw(*await asyncio.open_connection("127.0.0.1", await server.listen()))
        try:
            if not vector.get("opening"):
                raw.hello()
                await raw.opened()
            await self.play(raw, vector, [s for s in vector["steps"]])
        finally:
            raw.writer.transport.abort()
            await server.leave()

    async def play(self, raw, vector, steps):
        for step in steps:
            raw.writer.write(bytes.fromhex(long(step["bytes"])))
        error = steps[-1].get("error")
        if error and vector.get("opening"):
            await raw.reader.read()  # closed, maybe behind a hello
            return
        if vector.get("opening") and steps[0]["from"] == "dialer":
            await raw.opened()
        if error:
            goaway = await raw.hears("goaway")
            self.assertIn(wire.CODES[goaway.code], (error["code"], error.get("or")))
            return
        refused = [r for step in steps for r in step["records"] if is_said(r)]
        raw.say(wire.record("ping", token=4711))
        cancels = []
        while len(cancels) < len(refused):
            cancel = await raw.hears("cancel")
            cancels.append((cancel.id, wire.CODES[cancel.code]))
        self.assertEqual(cancels, [(error["id"], error["code"]) for error in refused])

    @soon
    async def test_playing_to_a_client(self):
        count = 0
        for name, vector in vectors():
            if is_ours(vector) and any(step["from"] == "acceptor" for step in vector["steps"]):
                count += 1
                with self.subTest(name):
                    async with asyncio.timeout(10):
                        await self.play_to_client(vector)
        self.assertGreater(count, 20)

    async def play_to_client(self, vector):
        accepted = asyncio.get_running_loop().create_future()

        async def accept(reader, writer):
            raw = Raw(reader, writer)
            await raw.opened()
            if not vector.get("opening"):
                raw.hello()
            accepted.set_result(raw)

        listener = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        link, raw = None, None
        connecting = asyncio.create_task(tp.connect("127.0.0.1", port, options_of(vector)))
        try:
            raw = await accepted
            if not vector.get("opening"):
                link = await connecting
                for step in vector["steps"]:
                    if step["from"] == "dialer":
                        await self.ask(link, raw, step["records"])
                if vector["steps"][0]["from"] == "acceptor":  # answers to what was never asked
                    records = [r for step in vector["steps"] for r in step.get("records", ())]
                    for _ in range(max((r.get("id", 0) for r in records), default=0)):
                        link.call("GET", "/")
                        await raw.hears("request")
            await self.play(raw, vector, [s for s in vector["steps"] if s["from"] == "acceptor"])
        finally:
            if raw:
                raw.writer.transport.abort()
            await asyncio.gather(connecting, return_exceptions=True)
            if link:
                await link.closed.wait()
            listener.close()

    async def ask(self, link, raw, records):
        """Asks what a dialer of a vector has asked."""

        async def pieces(id_):
            for record in records:
                if record["kind"] == "data" and record["id"] == id_:
                    yield bytes.fromhex(long(record["bytes"]))
            ends = [r for r in records if r.get("end") or r["kind"] == "trailers"]
            if id_ not in [end["id"] for end in ends]:
                await link.closed.wait()

        for record in records:
            if record["kind"] == "request":
                (_, method), (_, path), *fields = long_head(record["head"])
                more, body = record.get("more"), bytes.fromhex(long(record.get("body", "")))
                body = pieces(record["id"]) if more else body
                call = link.call(method, path, [tuple(f) for f in fields], body)
                await raw.hears("request")
                self.assertEqual(call.id, record["id"])
            elif record["kind"] == "cancel":
                link.streams[record["id"]].cancel(record["code"])
                await raw.hears("cancel")
            elif record["kind"] not in ("data", "trailers", "credit"):
                self.fail(f"cannot ask {record}")


if __name__ == "__main__":
    unittest.main()
