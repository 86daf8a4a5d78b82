"""Tests of tp.py: its client against its server, and scripted peers against each.
Run: python3 -m unittest discover apps/peer-python"""

import asyncio
import contextlib
import pathlib
import re
import subprocess
import sys
import unittest
import unittest.mock
import zlib

import kit
import tp
import wire

CODECS = ("none", "deflate")


def no_glitch():
    raise AssertionError("a glitch")


def soon(case):
    """A test that fails where it hangs."""

    async def limited(self):
        asyncio.get_running_loop().set_debug(False)  # ten times as slow
        async with asyncio.timeout(60):
            await case(self)

    limited.__name__, limited.__doc__ = case.__name__, case.__doc__
    return limited


def stop_clock(case):
    """No time passes for what peers may do how often, until the case has ended."""
    patch = unittest.mock.patch.object(tp, "clock", lambda: 1000.0)
    patch.start()
    case.addCleanup(patch.stop)


@contextlib.contextmanager
def fails(case, code, processed):
    """What is done within fails so."""
    with case.assertRaises(wire.TpError) as caught:
        yield
    case.assertEqual((caught.exception.code, caught.exception.processed), (code, processed))


@contextlib.asynccontextmanager
async def pair(handler=None, codec="deflate", limits=wire.Limits(), server_options=None):
    """A client's link to a server of the kit's service, or of another handler."""
    options = tp.Options(codec, limits)
    server = tp.Server(handler or kit.Service(), server_options or options)
    link = await tp.connect("127.0.0.1", await server.listen(), options)
    try:
        yield link
    finally:
        await link.leave()
        await server.leave()


async def fetch(link, method, path, *args, **more):
    call = await link.call(method, path, *args, **more).head()
    return call, await call.read()


class Raw:
    """A scripted peer: says the records it is told to, each in plain, and hears records."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.heard = reader, writer, []

    def hello(self, **values):
        values = {"version": 1, "checksum": True, **values}
        self.writer.write(wire.PREFACE + self.envelope(wire.record("hello", **values)))

    @staticmethod
    def envelope(plain=b"", unpacked=b"", **values):
        values = {"crc": zlib.crc32(unpacked, zlib.crc32(plain)), **values}
        data = wire.encode("Envelope", plain=plain, **values)
        return wire.varint(len(data)) + data

    def say(self, *records):
        self.writer.write(self.envelope(b"".join(records)))

    async def opened(self):
        await self.reader.readexactly(8)
        await self.envelope_heard()
        self.heard.clear()

    async def envelope_heard(self):
        length, shift, byte = 0, 0, 128
        while byte > 127:
            byte = (await self.reader.readexactly(1))[0]
            length, shift = length | (byte & 127) << shift, shift + 7
        envelope = wire.decode("Envelope", await self.reader.readexactly(length), no_glitch)
        for data in wire.decode("Batch", envelope.plain, no_glitch).records:
            kind, body = wire.decode_record(data, no_glitch)
            message = body if kind == "blob" else wire.decode(kind.capitalize(), body, no_glitch)
            self.heard.append((kind, message))

    async def hears(self, kind):
        """The next record of a kind; what stands before it is skipped."""
        while True:
            while self.heard:
                found, message = self.heard.pop(0)
                if found == kind:
                    return message
            await self.envelope_heard()


@contextlib.asynccontextmanager
async def raw_dialer(handler=None, limits=wire.Limits(), open_link=True, limits_said=b""):
    server = tp.Server(handler or kit.Service(), tp.Options("deflate", limits))
    raw = Raw(*await asyncio.open_connection("127.0.0.1", await server.listen()))
    try:
        if open_link:
            raw.hello(limits=limits_said)
            await raw.opened()
        yield raw
    finally:
        raw.writer.transport.abort()
        await server.leave()


@contextlib.asynccontextmanager
async def raw_acceptor(own_limits=wire.Limits(), **hello):
    """A scripted acceptor and a link of ours to it."""
    accepted = asyncio.get_running_loop().create_future()

    async def accept(reader, writer):
        raw = Raw(reader, writer)
        await raw.opened()
        raw.hello(**hello)
        accepted.set_result(raw)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    link = await tp.connect("127.0.0.1", port, tp.Options("deflate", own_limits))
    try:
        yield await accepted, link
    finally:
        (await accepted).writer.transport.abort()
        await link.closed.wait()
        listener.close()


def head(*fields):
    """The program of a head, all of it written out."""
    texts = [text.encode("latin-1") for field in fields for text in field]
    return {"ops": [wire.LITERAL] * len(fields), "text": texts}


def get(path="/", *fields, **values):
    return wire.record("request", **head((":method", "GET"), (":path", path), *fields), **values)


def ok(**values):
    return wire.record("response", **head((":status", "200")), **values)


class OneWithTheOther(unittest.IsolatedAsyncioTestCase):
    """Client and server of tp.py over a real socket."""

    async def each_codec(self, case, **more):
        for codec in CODECS:
            with self.subTest(codec):
                async with pair(codec=codec, **more) as link:
                    await case(link)

    @soon
    async def test_answers_a_get_and_many_at_once(self):
        async def case(link):
            paths = [f"/target/{i}?q" for i in range(500)]
            fetches = (fetch(link, "GET", path, [("Accept", "*/*")]) for path in paths)
            answers = await asyncio.gather(*fetches)
            self.assertEqual([body.decode() for _, body in answers], paths)

        await self.each_codec(case)

    @soon
    async def test_keeps_order_case_and_duplicates_and_secrets(self):
        fields = [("X-Echo-A", "1"), ("x-echo-a", "2"), ("X-Echo-A", "1"), ("X-ECHO-empty", "")]

        async def case(link):
            for _ in range(3):
                sent = [*fields, ("authorization", "Basic YTpi"), ("x-set-cookie", "a=b")]
                call, body = await fetch(link, "PUT", "/echo", sent, b"body")
                self.assertEqual(call.fields, [*fields, ("set-cookie", "a=b")])
                self.assertEqual(body, b"body")

        await self.each_codec(case)

    @soon
    async def test_streams_10_mib_both_ways_on_little_credit(self):
        size = 10 * 2**20

        async def case(link):
            _, body = await fetch(link, "POST", "/sink", body=kit.pieces(size, 100_000))
            self.assertEqual(body, b"%d" % size)
            call = await link.call("GET", f"/bytes/{size}").head()
            at = 0
            while data := await call.piece():
                self.assertEqual(data, kit.counting(at, len(data)))
                at += len(data)
            self.assertEqual(at, size)
            _, body = await fetch(link, "POST", "/echo", body=kit.counting(0, 300_000))
            self.assertEqual(body, kit.counting(0, 300_000))

        await self.each_codec(case, limits=wire.Limits(stream_window=10_001, link_window=30_000))

    @soon
    async def test_lives_on_one_byte_of_credit(self):
        async def case(link):
            _, body = await fetch(link, "POST", "/echo", body=kit.pieces(50, 7))
            self.assertEqual(body, kit.counting(0, 50))
            call = await link.call("GET", "/trailers").head()
            self.assertEqual((await call.read(), len(call.trailers)), (b"abc", 2))

        await self.each_codec(case, limits=wire.Limits(stream_window=1, link_window=1))

    @soon
    async def test_brings_trailers_and_informational_responses(self):
        informed = []

        def on_info(_call, status, fields):
            informed.append((status, fields))

        async def case(link):
            call, body = await fetch(link, "GET", "/trailers")
            self.assertEqual((body, call.trailers), (b"abc", [("x-sum", "3"), ("x-end", "yes")]))
            sent = [("x-echo-t", "1"), ("other", "2")]
            call, _ = await fetch(link, "POST", "/echo", [], kit.pieces(10, 3), sent)
            self.assertEqual(call.trailers, sent[:1])
            call, body = await fetch(link, "GET", "/info", on_info=on_info)
            self.assertEqual((call.status, body), (200, b"ok"))
            self.assertEqual(informed.pop(), (103, [("link", "</a>; rel=preload")]))

        await self.each_codec(case)

    @soon
    async def test_stops_a_handler_whose_caller_cancels_or_whose_deadline_passes(self):
        async with pair() as link:

            async def until_held(count):
                while (await fetch(link, "GET", "/held/a"))[1] != b"%d" % count:
                    pass

            call = link.call("GET", "/hold/a")
            await until_held(1)
            call.cancel()
            with fails(self, "CANCEL", "maybe"):
                await call.head()
            await until_held(0)
            call = link.call("GET", "/hold/a", timeout_ms=50)
            with fails(self, "DEADLINE", "maybe"):
                await call.head()
            await until_held(0)
            _, left = await fetch(link, "GET", "/remaining", timeout_ms=60_000)
            self.assertTrue(50_000 < int(left) <= 60_000)
            self.assertEqual((await fetch(link, "GET", "/remaining"))[1], b"none")

    @soon
    async def test_says_whether_a_failed_request_was_processed(self):
        async with pair() as link:
            for path, processed in (("/fail", "maybe"), ("/fail-body", "yes")):
                with fails(self, "INTERNAL", processed):
                    await fetch(link, "GET", path)
            self.assertEqual((await fetch(link, "GET", "/nowhere"))[0].status, 404)

    @soon
    async def test_tells_one_way_and_waits_for_nothing(self):
        async with pair() as link:
            call = await link.call("POST", "/hit/told", body=b"event", one_way=True).head()
            self.assertTrue(call.ended)
            with fails(self, "BODY_LIMIT", "no"):
                await link.call("POST", "/hit/told", body=bytes(65_537), one_way=True).head()
            while (await fetch(link, "GET", "/hits/told"))[1] != b"1":
                pass

    @soon
    async def test_answers_early_and_stops_the_upload(self):
        async def endless():
            while True:
                yield b"x" * 1000

        async with pair() as link:
            call, body = await fetch(link, "POST", "/early", body=endless())
            self.assertEqual(body, b"early")
            while not call.ended:
                await asyncio.sleep(0.01)
            self.assertIsNone(call.error)

    @soon
    async def test_leaves_in_two_steps_and_answers_what_it_took(self):
        service = kit.Service()
        async with pair(service) as link:
            held = link.call("GET", "/hold/x")
            _, body = await fetch(link, "GET", "/leave")
            self.assertEqual(body, b"leaving")
            while link.peer_last_id is None:
                await asyncio.sleep(0.01)
            self.assertEqual(link.peer_last_id, 2)
            with fails(self, "REFUSED", "no"):
                await link.call("GET", "/").head()
            for future in service._holding["x"]:
                future.set_result(None)
            self.assertEqual(await (await held.head()).read(), b"held")
            await link.closed.wait()
            self.assertIsNone(link.error)

    @soon
    async def test_refuses_streams_beyond_the_limit_and_waits_as_a_client(self):
        async with pair(limits=wire.Limits(streams=2)) as link:
            held = [link.call("GET", "/hold/a") for _ in range(2)]
            third = link.call("GET", "/")
            while len(link.streams) < 2:
                await asyncio.sleep(0.01)
            held[0].cancel()
            self.assertEqual(await (await third.head()).read(), b"ok")
            held[1].cancel()

    @soon
    async def test_refuses_a_wrong_token(self):
        options = tp.Options(expect=b"right")
        with fails(self, "REFUSED", "no"):
            async with pair(server_options=options) as link:
                await fetch(link, "GET", "/")

    @soon
    async def test_refuses_to_send_what_is_not_legal(self):
        async with pair(limits=wire.Limits(table_bytes=96)) as link:
            for fields, code in (
                ([("a b", "1")], "PROTOCOL"),
                ([("a", "1 ")], "PROTOCOL"),
                ([("a", "b\nc")], "PROTOCOL"),
                ([("a", "x" * 16_385)], "HEAD_LIMIT"),
                ([(f"a{i}", "") for i in range(101)], "HEAD_LIMIT"),
                ([("Cookie", "a=b")], "HEAD_LIMIT"),
            ):
                with fails(self, code, "no"):
                    await link.call("GET", "/", fields).head()
            call, _ = await fetch(link, "GET", "/echo", [("x-echo-a", "1"), ("x-echo-a", "1")])
            self.assertEqual(len(call.fields), 2)

    @soon
    async def test_keeps_secrets_out_of_the_window(self):
        packed = []

        class Spy(wire.Packer):
            def pack(self, data):
                packed.append(bytes(data))
                return super().pack(data)

        async def case(link):
            link._packer = Spy(15)
            for _ in range(3):
                await fetch(link, "GET", "/", [("Cookie", "secret"), ("x-plain", "public")])
            self.assertNotIn(b"secret", b"".join(packed))
            self.assertIn(b"public", b"".join(packed))

        async with pair() as link:
            await case(link)


def request_of(data):
    """A record of a request whose content is these bytes."""
    return wire.tagged(1, wire.tagged(1, data))


class TheReadme(unittest.TestCase):
    def test_its_example_prints_what_it_says(self):
        folder = pathlib.Path(__file__).parent
        text = (folder / "README.md").read_text(encoding="utf-8")
        code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
        expected = re.search(r"print\(.*\)  # (.*)", code)[1]
        command = [sys.executable, "-c", code]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        self.assertEqual((run.stdout, run.stderr), (expected + "\n", ""))

    def test_the_server_leaves_when_it_is_told_to(self):
        command = [sys.executable, kit.__file__, "serve", "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            port = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", server.stdout.readline())[1]
            got = subprocess.check_output(
                [sys.executable, kit.__file__, "get", f"127.0.0.1:{port}", "/trailers"], text=True
            )
            self.assertEqual(got, "200 OK\nx-sum: 3\nx-end: yes\n\nabc\n")
            server.terminate()
        self.assertEqual(server.returncode, 0)


class FaultsOfADialer(unittest.IsolatedAsyncioTestCase):
    """What a server says to a dialer that breaks a rule."""

    def setUp(self):
        stop_clock(self)

    LINK = {
        "W-001 long varint": (request_of(b"\x08\x80\x80\x80\x80\x80\x01"), "PROTOCOL"),
        "W-001 large varint": (request_of(b"\x08\x80\x80\x80\x80\x10"), "PROTOCOL"),
        "W-002 group": (request_of(b"\x0b"), "PROTOCOL"),
        "W-002 field 0": (request_of(b"\x00\x00"), "PROTOCOL"),
        "W-003 wire type": (request_of(b"\x0a\x00"), "PROTOCOL"),
        "W-004 short": (request_of(b"\x22\x05abc"), "PROTOCOL"),
        "W-005 two kinds": (wire.tagged(1, wire.tagged(7, b"") + wire.tagged(8, b"")), "PROTOCOL"),
        "W-013 second hello": (wire.record("hello", version=1), "PROTOCOL"),
        "W-023 response": (ok(), "PROTOCOL"),
        "W-030 id": (get(id=5) + get(id=5), "PROTOCOL"),
        "W-030 largest id": (get(id=2**30 + 1), "PROTOCOL"),
        "W-031 data": (wire.record("data", id=1, end=True), "PROTOCOL"),
        "W-031 cancel": (get() + wire.record("cancel", id=2), "PROTOCOL"),
        "W-041 data": (get(more=True) + wire.record("data", id=1, bytes=bytes(16_385)), "PROTOCOL"),
        "W-043 credit": (wire.record("credit", bytes=2**31 - 1), "FLOW_CONTROL"),
        "W-051 table": (
            wire.record("request", ops=[7, 4, 7, 5], text=[bytes(40_000), bytes(30_000)]),
            "COMPRESSION",
        ),
        "W-052 slot 3": (wire.record("request", ops=[7, 3], text=[b"a"]), "COMPRESSION"),
        "W-052 slot": (wire.record("request", ops=[7, 2048], text=[b"a"]), "COMPRESSION"),
        "W-054 empty": (wire.record("request", ops=[16]), "COMPRESSION"),
        "W-054 kind": (wire.record("request", ops=[0]), "COMPRESSION"),
        "W-054 block": (wire.record("request", block=9), "COMPRESSION"),
        "W-055 operation": (wire.record("request", ops=[23]), "PROTOCOL"),
        "W-055 wants text": (wire.record("request", ops=[1]), "PROTOCOL"),
        "W-055 wants slot": (wire.record("request", ops=[19]), "PROTOCOL"),
        "W-055 text over": (wire.record("request", text=[b""]), "PROTOCOL"),
        "W-058 keep": (
            wire.record("request", keep=4) + wire.record("request", block=4, keep=5),
            "PROTOCOL",
        ),
        "W-058 fill": (
            wire.record("request", ops=[1], text=[b"a"], keep=4)
            + wire.record("request", block=4, ops=[5], text=[b"a"]),
            "PROTOCOL",
        ),
        "W-058 too many": (
            wire.record("request", ops=[2, 4], text=[b"a"], keep=5)
            + wire.record("request", block=5, ops=[16]),
            "PROTOCOL",
        ),
        "W-058 too few": (
            wire.record("request", ops=[1], text=[b"a"], keep=4)
            + wire.record("request", block=4, ops=[19, 4]),
            "PROTOCOL",
        ),
        "W-058 name": (
            wire.record("request", ops=[1, 6, 5], text=[b"GET", b"/"], keep=4)
            + wire.record("request", block=4, ops=[20]),
            "COMPRESSION",
        ),
        "W-063 4 times": (
            wire.record("request", ops=[2, 4] + [16] * 10, text=[b"x" * 15_000]),
            "HEAD_LIMIT",
        ),
        "W-064 wanted": (wire.record("request", ops=[11, 0]), "PROTOCOL"),
        "W-064 over": (wire.blob(b"a"), "PROTOCOL"),
        "W-065 drop": (wire.record("request", ops=[19, 9]), "COMPRESSION"),
        "W-069 behind": (get(body_blob=True) + wire.blob(b"a"), "PROTOCOL"),
        "W-094 pings": (wire.record("ping") * 4, "ENHANCE_YOUR_CALM"),
        "W-095 glitches": (wire.record("credit") * 10_001, "ENHANCE_YOUR_CALM"),
        "W-095 cancels": (get() + wire.record("cancel", id=1) * 1_001, "ENHANCE_YOUR_CALM"),
        "W-101 goaway": (
            wire.record("goaway", last_id=1, final=True)
            + wire.record("goaway", last_id=2, final=True),
            "PROTOCOL",
        ),
    }
    STREAM = {
        "W-032 body and more": (get(body=b"a", more=True), "PROTOCOL", "no"),
        "W-036 fourth stream": (get("/hold/a") * 3 + get(id=9), "REFUSED", "no"),
        "W-040 body": (get(body=bytes(65_537)), "BODY_LIMIT", "no"),
        "W-032 data": (get("/hold/a") + wire.record("data", id=1, end=True), "PROTOCOL", "maybe"),
        "W-043 stream's credit": (
            get("/hold/a", more=True) + wire.record("data", id=1, bytes=bytes(16_384)) * 17,
            "FLOW_CONTROL",
            "maybe",
        ),
        "W-043 credit": (
            get("/hold/a") + wire.record("credit", id=1, bytes=2**31 - 1),
            "FLOW_CONTROL",
            "maybe",
        ),
        "W-061 no path": (wire.record("request", **head((":method", "GET"))), "PROTOCOL", "no"),
        "W-061 order": (
            wire.record("request", **head((":path", "/"), (":method", "GET"))),
            "PROTOCOL",
            "no",
        ),
        "W-061 late": (get("/", ("a", "b"), (":path", "/")), "PROTOCOL", "no"),
        "W-061 status": (get("/", (":status", "200")), "PROTOCOL", "no"),
        "W-062 path": (get("/a b"), "PROTOCOL", "no"),
        "W-062 no path": (get(""), "PROTOCOL", "no"),
        "W-062 name": (get("/", ("a:", "b")), "PROTOCOL", "no"),
        "W-062 value": (get("/", ("a", "b\x7f")), "PROTOCOL", "no"),
        "W-062 space": (get("/", ("a", " b")), "PROTOCOL", "no"),
        "W-063 name": (get("/", ("a" * 257, "")), "HEAD_LIMIT", "no"),
        "W-063 value": (get("/", ("a", "b" * 16_385)), "HEAD_LIMIT", "no"),
        "W-063 path": (get("/" * 8_193), "HEAD_LIMIT", "no"),
        "W-063 fields": (get("/", *[("a", "")] * 101), "HEAD_LIMIT", "no"),
        "W-063 head": (get("/", *[("a", "b" * 16_000)] * 3), "HEAD_LIMIT", "no"),
        "W-063 trailers": (
            get("/hold/a", more=True) + wire.record("trailers", id=1, **head(*[("a", "b")] * 33)),
            "PROTOCOL",
            "maybe",
        ),
        "content-length": (get("/", ("content-length", "2"), body=b"abc"), "BODY_LENGTH", "no"),
        "W-090": (get("/hold/a", timeout_ms=20), "DEADLINE", "maybe"),
    }

    @soon
    async def test_an_error_of_the_link_ends_it_with_its_code(self):
        for name, (records, code) in self.LINK.items():
            with self.subTest(name):
                async with raw_dialer() as raw:
                    raw.say(records)
                    goaway = await raw.hears("goaway")
                    self.assertEqual((wire.CODES[goaway.code], goaway.final), (code, True))
                    raw.writer.write_eof()
                    self.assertEqual(await raw.reader.read(), b"")

    @soon
    async def test_an_error_of_a_stream_leaves_the_link(self):
        limits = wire.Limits(streams=3, link_window=2**21)
        for name, (records, code, processed) in self.STREAM.items():
            with self.subTest(name):
                async with raw_dialer(limits=limits) as raw:
                    raw.say(records)
                    cancel = await raw.hears("cancel")
                    found = wire.CODES[cancel.code], wire.PROCESSED[cancel.processed]
                    self.assertEqual(found, (code, processed))
                    if code != "REFUSED":
                        raw.say(get("/method", id=99))
                        self.assertEqual((await raw.hears("response")).body, b"GET")

    @soon
    async def test_an_envelope_that_breaks_a_rule(self):
        inflatable = zlib.compressobj(9, zlib.DEFLATED, -15)
        bomb = inflatable.compress(bytes(2**20)) + inflatable.flush(zlib.Z_SYNC_FLUSH)
        window = wire.encode("WindowStart", codec=wire.DEFLATE, window_log=15)
        zstd = wire.encode("WindowStart", codec=2, window_log=20)
        small = wire.encode("WindowStart", codec=wire.DEFLATE, window_log=8)
        parts = {"packed": bomb, "unpacked_size": 10, "window": window}
        for name, data, code in (
            ("W-010 length", b"\x80\x80\x80\x80\x01", "PROTOCOL"),
            ("W-010 nothing", b"\0", "PROTOCOL"),
            ("W-016 size alone", Raw.envelope(unpacked_size=1), "COMPRESSION"),
            ("W-016 bomb", Raw.envelope(**parts), "COMPRESSION"),
            ("W-017 no crc", Raw.envelope(get(), crc=None), "CHECKSUM"),
            ("W-017 wrong crc", Raw.envelope(get(), crc=7), "CHECKSUM"),
            ("W-018 plain", Raw.envelope(bytes(2**20), unpacked_size=1), "DECOMPRESSION_LIMIT"),
            ("W-018 packed", Raw.envelope(packed=bytes(262_145)), "DECOMPRESSION_LIMIT"),
            ("W-018 size", Raw.envelope(packed=b"a", unpacked_size=2**21), "DECOMPRESSION_LIMIT"),
            ("W-019", Raw.envelope(packed=bomb, unpacked_size=2**20), "COMPRESSION"),
            ("W-071", Raw.envelope(window=zstd), "COMPRESSION"),
            ("W-071 log", Raw.envelope(window=small), "COMPRESSION"),
            ("W-095 empty envelopes", Raw.envelope() * 10_001, "ENHANCE_YOUR_CALM"),
            ("W-120", wire.varint(262_144 + 1_048_576 + 65), "DECOMPRESSION_LIMIT"),
        ):
            with self.subTest(name):
                async with raw_dialer() as raw:
                    raw.writer.write(data)
                    goaway = await raw.hears("goaway")
                    self.assertEqual(wire.CODES[goaway.code], code)

    @soon
    async def test_a_fault_while_opening_closes_without_a_word(self):
        hello = wire.record("hello", version=1, checksum=True)
        small = wire.encode("Limits", batch_packed=131_071)
        for name, data in (
            ("W-011", b"GET / HTTP/1.1\r\n"),
            ("W-009 two records", wire.PREFACE + Raw.envelope(hello + get())),
            ("W-009 long", wire.PREFACE + wire.varint(16_385)),
            ("W-009 packed", wire.PREFACE + Raw.envelope(hello, packed=b"a")),
            ("W-009 no hello", wire.PREFACE + Raw.envelope(get())),
            ("W-017", wire.PREFACE + Raw.envelope(hello, crc=None)),
            ("W-012", wire.PREFACE + Raw.envelope(wire.record("hello", checksum=True))),
            ("W-013", wire.PREFACE + Raw.envelope(wire.record("hello", version=1, limits=small))),
        ):
            with self.subTest(name):
                async with raw_dialer(open_link=False) as raw:
                    raw.writer.write(data)
                    self.assertEqual(await raw.reader.read(), b"")

    @soon
    async def test_what_is_unknown_is_skipped(self):
        async with raw_dialer() as raw:
            fixed64, varint = b"\xf9\x07" + bytes(8), b"\xf8\x07" + b"\xff" * 9 + b"\x01"
            unknown = wire.tagged(15, b"x") + fixed64 + varint
            request = wire.encode("Request", **head((":method", "GET"), (":path", "/")))
            raw.say(wire.tagged(1, unknown), wire.tagged(9, b""), request_of(request + unknown))
            self.assertEqual((await raw.hears("response")).body, b"ok")

    @soon
    async def test_runs_the_heads_of_what_it_refuses(self):
        async with raw_dialer() as raw:
            raw.say(wire.record("request", ops=[2, 4, 6, 5], text=[b"bad method", b"/method"]))
            self.assertEqual(wire.CODES[(await raw.hears("cancel")).code], "PROTOCOL")
            raw.say(wire.record("request", ops=[1, 20], text=[b"PUT"]))
            self.assertEqual((await raw.hears("response")).body, b"PUT")

    @soon
    async def test_gives_the_credit_of_what_it_drops_back(self):
        async with raw_dialer(limits=wire.Limits(link_window=20_000)) as raw:
            raw.say(get("/a b", more=True))
            await raw.hears("cancel")
            for _ in range(10):
                raw.say(wire.record("data", id=1, bytes=bytes(16_000)))
                credit = await raw.hears("credit")
                self.assertEqual((credit.id, credit.bytes), (0, 16_000))

    @soon
    async def test_bodies_take_turns_at_the_credit_of_the_link(self):
        limits = wire.encode("Limits", link_window=16_384)
        async with raw_dialer(limits_said=limits) as raw:
            raw.say(get("/bytes/200000"), get("/bytes/200000"))
            turns = []
            for _ in range(6):
                turns.append((await raw.hears("data")).id)
                raw.say(wire.record("credit", bytes=16_384))
            self.assertEqual(turns, [1, 2] * 3)

    @soon
    async def test_answers_a_ping_and_leaves_an_unread_body(self):
        async with raw_dialer() as raw:
            raw.say(wire.record("ping", token=77))
            self.assertEqual((await raw.hears("pong")).token, 77)
            early = head((":method", "POST"), (":path", "/early"))
            raw.say(wire.record("request", **early, more=True))
            self.assertEqual((await raw.hears("response")).body, b"early")
            cancel = await raw.hears("cancel")
            self.assertEqual((cancel.code, wire.PROCESSED[cancel.processed]), (0, "yes"))

    @soon
    async def test_drops_requests_behind_step_two(self):
        async with raw_dialer() as raw:
            raw.say(get("/hold/a"), get("/leave"))
            self.assertFalse((await raw.hears("goaway")).final)
            raw.say(wire.record("pong", token=(await raw.hears("ping")).token))
            goaway = await raw.hears("goaway")
            self.assertEqual((goaway.final, goaway.last_id), (True, 2))
            raw.say(get("/hit/a", more=True), wire.record("data", id=3, bytes=b"a"), get("/"))
            raw.say(wire.record("cancel", id=1))
            with self.assertRaises(EOFError):
                await raw.hears("response")


class FaultsOfAnAcceptor(unittest.IsolatedAsyncioTestCase):
    """What a client makes of an acceptor that breaks a rule."""

    @soon
    async def test_an_error_of_the_link_ends_it(self):
        limits = wire.Limits(stream_window=2**21, link_window=2**18)
        for name, records, code in (
            ("W-023", get(), "PROTOCOL"),
            ("W-031", ok(id=2), "PROTOCOL"),
            ("W-041", ok(more=True) + wire.record("data", id=1, bytes=bytes(16_385)), "PROTOCOL"),
            (
                "W-043",
                ok(more=True) + wire.record("data", id=1, bytes=bytes(16_384)) * 17,
                "FLOW_CONTROL",
            ),
        ):
            with self.subTest(name):
                async with raw_acceptor(limits) as (raw, link):
                    call = link.call("GET", "/")
                    await raw.hears("request")
                    raw.say(records)
                    self.assertEqual(wire.CODES[(await raw.hears("goaway")).code], code)
                    with fails(self, code, "maybe"):
                        await (await call.head()).read()

    @soon
    async def test_an_error_of_a_stream_fails_the_call_alone(self):
        bad = wire.record("response", **head((":status", "600")))
        many = wire.record("data", id=1, bytes=bytes(16_384)) * 17
        short = wire.record("response", **head((":status", "200"), ("content-length", "1")))
        inform = wire.record("response", **head((":status", "103")), body=b"a")
        for name, records, code in (
            ("W-062", bad, "PROTOCOL"),
            ("W-033", inform, "PROTOCOL"),
            ("W-039 data", wire.record("data", id=1, end=True), "PROTOCOL"),
            ("W-039 second", ok(more=True) + ok(id=1), "PROTOCOL"),
            ("W-043", ok(more=True) + many, "FLOW_CONTROL"),
            ("content-length", short, "BODY_LENGTH"),
        ):
            with self.subTest(name):
                async with raw_acceptor() as (raw, link):
                    call = link.call("GET", "/")
                    await raw.hears("request")
                    raw.say(records)
                    self.assertEqual(wire.CODES[(await raw.hears("cancel")).code], code)
                    with fails(self, code, "maybe"):
                        await (await call.head()).read()
                    other = link.call("GET", "/")
                    await raw.hears("request")
                    raw.say(ok(id=2, body=b"fine"))
                    self.assertEqual(await (await other.head()).read(), b"fine")

    @soon
    async def test_a_cancel_or_goaway_says_what_was_processed(self):
        for name, records, codes in (
            (
                "cancels",
                wire.record("cancel", id=1, code=11, processed=1)
                + wire.record("cancel", id=2, code=99, processed=2),
                [("OVERLOADED", "no"), ("INTERNAL", "yes")],
            ),
            (
                "W-035",
                wire.record("cancel", id=1, processed=2) + wire.record("cancel", id=2, processed=7),
                [("PROTOCOL", "yes"), ("PROTOCOL", "maybe")],
            ),
            (
                "goaway",
                wire.record("goaway", last_id=1, final=True, code=2),
                [("INTERNAL", "maybe"), ("INTERNAL", "no")],
            ),
        ):
            with self.subTest(name):
                async with raw_acceptor() as (raw, link):
                    calls = [link.call("GET", "/") for _ in codes]
                    for _ in calls:
                        await raw.hears("request")
                    raw.say(records)
                    for call, expected in zip(calls, codes):
                        with fails(self, *expected):
                            await call.head()

    @soon
    async def test_a_connection_that_ends_leaves_a_complete_response(self):
        async with raw_acceptor() as (raw, link):
            done, lost = link.call("POST", "/", body=kit.pieces(10**7, 1000)), link.call("GET", "/")
            await raw.hears("request")
            await raw.hears("request")
            raw.say(ok(id=1, body=b"done"))
            self.assertEqual(await (await done.head()).read(), b"done")
            raw.writer.transport.abort()
            with fails(self, "CLOSED", "maybe"):
                await lost.head()

    @soon
    async def test_a_dialer_stays_within_what_the_acceptor_says(self):
        offers = [wire.encode("CodecOffer", codec=wire.DEFLATE, window_log=20)]
        limits = wire.encode("Limits", streams=1, stream_window=10, link_window=16)
        async with raw_acceptor(codecs=offers, limits=limits) as (raw, link):
            link.call("POST", "/", body=b"x" * 100_000)
            link.call("GET", "/second")
            self.assertEqual((await raw.hears("request")).more, True)
            self.assertEqual(len((await raw.hears("data")).bytes), 10)
            raw.say(wire.record("credit", id=1, bytes=100))
            self.assertEqual(len((await raw.hears("data")).bytes), 6)
            raw.say(ok(id=1), wire.record("cancel", id=1, processed=2))
            self.assertEqual((await raw.hears("request")).more, False)


if __name__ == "__main__":
    unittest.main()
