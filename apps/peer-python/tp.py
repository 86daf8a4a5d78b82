"""tp, version 1: a client and a server, over the bytes of wire.py.

Written from docs/protocol.md with nothing but the standard library, to be read and to test other
peers with. Numbers such as W-031 name the document's rules. From the top: options, streams, link,
the two roles. kit.py has what the conformance kit asks of them.
"""

import asyncio
import dataclasses
import hmac
import math
import time
import zlib
from collections import deque

from wire import (
    BODY_MAX, CODES, DATA_MAX, DEFLATE, HELLO_MAX, PREFACE, PROCESSED, HeadDecoder, Limits,
    LinkError, Packer, StreamError, TpError, Unpacker, blob, check_head, code_name,
    declared_length, decode, decode_record, encode, encode_head, has_no_body, head_size, record,
    split_head, tagged, usual_phrase, varint,
)

clock = time.monotonic  # seconds
ID_MAX, ID_ENOUGH, CREDIT_MAX = 2**30, 2**29, 2**31 - 1  # W-030, W-108, W-043
BATCH_SIZE, HEAD_MAX = 120_000, 100_000  # bytes that this sender writes at most, W-013
HANDSHAKE_TIMEOUT, MOMENT, PATIENCE = 5, 1, 30  # seconds, W-011, W-107
PING_INTERVAL, PING_STRIKES = 10, 2  # W-094
CONTROL_MAX = 1_000  # control records that a peer may leave unread, W-096
BODIES_MAX = 64 * 2**20  # bytes of whole bodies that a link's handlers hold, W-036
SECRETS = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization", "x-api-key"})


@dataclasses.dataclass(frozen=True)
class Options:
    """`codec` is "deflate" or "none". `token` is what this side shows; an acceptor takes only
    links that show `expect`, where that is set (W-024)."""

    codec: str = "deflate"
    limits: Limits = Limits()
    token: bytes = b""
    expect: bytes = b""
    secrets: frozenset = SECRETS  # names in small letters whose values stay out of the window

    @property
    def offers(self):
        """The windows that this side unpacks: codec to base-2 logarithm."""
        return {} if self.codec == "none" else {DEFLATE: 15}


class Budget:
    """What a peer may do `burst` times at once and `rate` times a second (W-095)."""

    def __init__(self, burst, rate):
        self._burst, self._rate, self._level, self._at = burst, rate, 0.0, clock()

    def spend(self, what, earned=0.0):
        """Counts one; `earned` is given back where time has given back less."""
        given, self._at = max(self._rate * (clock() - self._at), earned), clock()
        self._level = max(0.0, self._level - given) + 1
        if self._level > self._burst:
            raise LinkError("ENHANCE_YOUR_CALM", f"too many {what}")


# -------------------------------------------------------------------------------------- streams


class Stream:
    """A request and its response, for both ends: a body that goes and one that comes. `method`,
    `path`, `status`, `reason` ("" for the usual one), `fields` and, behind the body, `trailers`
    are those of what comes."""

    id = status = came = owed = 0
    reason, declared, error, timer, task, on_info = "", None, None, None, None, None
    in_done = out_done = ended = one_way = answered = as_blobs = False

    def __init__(self, link, timeout_ms=0):
        self.link, self._changed, self._inbox = link, asyncio.Event(), deque()
        self.deadline = clock() + timeout_ms / 1000 if timeout_ms else None
        self.send_credit = link.peer.stream_window
        self.receive_credit = link.options.limits.stream_window
        self.fields, self.trailers, self.held = [], [], 0  # held: bytes of its whole body

    @property
    def processed(self):
        """W-092, and for the dialer whether it was written."""
        if self.link.head_kind == "request":
            return "maybe" if self.id else "no"
        return "no" if self.task is None else "yes" if self.answered else "maybe"

    def remaining_ms(self):
        """What is left of the deadline, in ms, or None."""
        return None if self.deadline is None else max(0.0, (self.deadline - clock()) * 1000)

    # ---- what a caller does

    async def head(self):
        """Waits for the response's head; of a one-way request, until it is written."""
        await self.until(lambda: self.out_done if self.one_way else self.status)
        return self

    def cancel(self, code="CANCEL", message="given up by the caller"):
        """Gives the call up."""
        if not self.ended:
            self.link.cancel(self, TpError(code, message, self.processed))

    # ---- what a handler does

    def inform(self, status, fields=()):
        """Says an informational response (W-033)."""
        head = [(":status", str(status)), *fields]
        self.link.check("response", head)
        if not self.ended:
            self.link.put_head("response", self.id, head)

    async def respond(self, status, fields=(), body=b"", trailers=(), reason=""):
        """Answers; returns when all of it is written. `body` is bytes or an async iterator."""
        self.answered = True
        head = [(":status", str(status)), *fields]
        if reason and reason != usual_phrase(status):
            head.insert(1, (":reason", reason))
        if has_no_body(self.method, status):
            body, trailers = b"", ()
        if status == 101 and self.timer:
            self.timer.cancel()  # W-130
        await self.say(head, body, trailers)

    # ---- both

    async def say(self, head, body, trailers, **values):
        """Says a head and a body, which is bytes or an async iterator of bytes, as credit allows.
        Raises TpError for what must not be sent."""
        link, trailers = self.link, list(trailers)
        link.check(link.head_kind, head)
        link.check("trailers", trailers)
        if self.error:
            raise self.error
        whole = isinstance(body, bytes) and not trailers and len(body) <= BODY_MAX
        whole = whole and head_size(head) + len(body) <= BATCH_SIZE
        if link.head_kind == "response" and self.one_way:
            return  # nobody is told (W-124)
        self.as_blobs = any(name.lower() == "content-encoding" for name, _ in head)  # W-076
        link.put_head(
            link.head_kind, self.id, head, body if whole else b"", self.as_blobs,
            more=not whole, **values,
        )
        if not whole:
            async for piece, last in cut(body):
                last = last and not trailers
                if not await self._say_data(memoryview(piece), last):
                    return
            if trailers:
                link.put_head("trailers", self.id, trailers)
        self.stop_sending()
        link.end_if_complete(self)

    async def _say_data(self, rest, last):
        """Says a piece of the body; False when no more is wanted."""
        link = self.link
        while len(rest) or last:
            await self.until(
                lambda: not len(rest) or min(self.send_credit, link.send_credit) or self.out_done
            )
            if self.out_done:
                return False
            size = min(len(rest), DATA_MAX, self.send_credit, link.send_credit)
            data, rest = bytes(rest[:size]), rest[size:]
            self.send_credit, link.send_credit = self.send_credit - size, link.send_credit - size
            link.put_data(self, data, last and not len(rest))
            last = last and len(rest) > 0
            await link.turn(self)
        return True

    async def piece(self):
        """The next piece of the body that comes; empty at its end."""
        await self.until(lambda: self._inbox or self.in_done)
        return self._take() if self._inbox else b""

    async def read(self):
        """All of the body that comes."""
        pieces = []
        while piece := await self.piece():
            pieces.append(piece)
        return b"".join(pieces)

    def _take(self):
        data, credited = self._inbox.popleft()
        self.link.consumed(self, len(data) if credited else 0)
        return data

    async def until(self, ready):
        while not self.error and not ready():
            self._changed.clear()
            await self._changed.wait()
        if self.error:
            raise self.error

    def wake(self):
        self._changed.set()

    def arrive(self, data, credited, end, trailers=()):
        """Takes what came; `credited` says that it took credit."""
        self.came += len(data)
        wrong = self.declared is not None and self.came != self.declared
        if wrong and (end or self.came > self.declared):
            raise StreamError("BODY_LENGTH", "the body is not as long as its head says")  # W-115
        if data:
            self._inbox.append((data, credited))
        if end:
            self.in_done, self.trailers = True, list(trailers)
            if self.timer and self.link.head_kind == "request":
                self.timer.cancel()  # W-097
        self.wake()

    def stop_sending(self):
        self.out_done = True
        if self.timer and self.link.head_kind == "response":
            self.timer.cancel()  # W-097
        self.wake()

    def fail(self, error):
        """Ends what is under way here; the peer is not told."""
        self.stop_sending()
        if self.link.head_kind == "request" and self.in_done and self.id:
            return  # the response stands (W-035)
        self.error = self.error or error
        self.discard()

    def discard(self):
        """Drops what came and was not read, and gives the link's credit back (W-044)."""
        while self._inbox:
            self._take()


async def cut(body):
    """Pieces of a body, with whether it is the last; an empty one where that is not known."""
    if isinstance(body, bytes):
        yield body, True
        return
    async for piece in body:
        yield piece, False
    yield b"", True


# ----------------------------------------------------------------------------------------- link


class Link:
    """One connection and all that is said on it: the part that both roles share. Out: `_put` fills
    a batch, `flush` makes an envelope of it. Back: `_read_envelope`, `_open`, and then
    `on_request`, `on_data` and so on."""

    last_taken = 0  # for our goaway: the highest request id that was or will be handled

    def __init__(self, reader, writer, options):
        self.options, self.peer = options, None  # our options, the peer's limits
        self.streams, self.last_id = {}, 0  # open streams by id, the last request's id
        self.ready, self.closed, self.free = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.error = None  # what ended the link, found here or said by the peer
        self.leaving, self.peer_leaves, self.peer_last_id = False, False, None
        self.send_credit, self._receive_credit = 0, options.limits.link_window
        self._owed = 0  # credit of the link that is not yet given back
        self._reader, self._writer, self._tasks = reader, writer, set()
        self._over = asyncio.get_running_loop().create_future()
        self._decoder, self._unpacker = HeadDecoder(options.limits), Unpacker(options.offers)
        self._blobs, self._glitches, self._last_response = deque(), Budget(10_000, 330), 0
        self._packer, self._plain, self._main, self._due = None, bytearray(), bytearray(), False
        self._unread = 0  # control records said while the peer does not read
        self._pings, self._ping_at, self._strikes = {}, -math.inf, 0  # ours by token; the peer's

    # ---- life

    async def run(self):
        """Opens the link and serves it until it ends."""
        try:
            self.spawn(self._live())
            self.error = await self._over or self.error
        finally:
            await self._close()

    def spawn(self, work):
        """Runs a task that ends with the link, and the link with it where it fails."""

        async def guarded():
            try:
                await work
            except LinkError as error:
                self.stop(error)
            except (OSError, EOFError):
                self.stop()
            except Exception as bug:  # nothing that comes in may end more than its link
                self.stop(LinkError("INTERNAL", repr(bug)))

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self, error=None):
        """Ends the link, with an error, which the peer is told, or without a further word."""
        if not self._over.done():
            self._over.set_result(error)

    async def _live(self):
        async with asyncio.timeout(HANDSHAKE_TIMEOUT):
            await self.greet()
        self.ready.set()
        while True:
            self._open(await self._read_envelope())
            if self._unread > CONTROL_MAX:
                try:
                    await asyncio.wait_for(self.turn(), MOMENT)
                except TimeoutError:  # W-096
                    raise LinkError("ENHANCE_YOUR_CALM", "control is not read") from None

    async def _close(self):
        own = self._over.done() and self._over.result()
        if own and self.ready.is_set():  # not while opening (W-027)
            values = {"code": CODES.index(own.code), "message": own.message[:256], "final": True}
            self._plain, self._main = bytearray(), bytearray()
            self.say("goaway", last_id=self.last_taken, **values)
            self.flush()
            self.ready.clear()  # nothing is said any more
        why = self.error or TpError("CLOSED", "the connection ended")
        for stream in list(self.streams.values()):
            self.end(stream, TpError(why.code, why.message, stream.processed))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.flush()
        try:  # what is not read here would make the close a reset, which overtakes what was said
            async with asyncio.timeout(MOMENT):
                await self._writer.drain()
                self._writer.write_eof()
                while await self._reader.read(65_536):
                    pass
        except OSError:
            pass
        self._writer.transport.abort()
        self.closed.set()

    async def wait_closed(self):
        """Waits for the end of a link that one side leaves (W-107)."""
        self.stop_if_useless()
        try:
            await asyncio.wait_for(self.closed.wait(), PATIENCE)
        except TimeoutError:
            self.stop(LinkError("CANCEL", "waited long enough"))
            await self.closed.wait()

    # ---- opening

    def say_hello(self):
        offers = self.options.offers.items()
        offers = [encode("CodecOffer", codec=codec, window_log=log) for codec, log in offers]
        limits = encode("Limits", **dataclasses.asdict(self.options.limits))
        # Without TLS and unix sockets, this peer always asks for checksums (W-017).
        values = {"checksum": True, "agent": "tp.py/1", "token": self.options.token}
        self._writer.write(PREFACE)
        self._write(record("hello", version=1, codecs=offers, limits=limits, **values))

    async def read_hello(self):
        for byte in PREFACE:
            if (await self._exactly(1))[0] != byte:
                raise ConnectionError("this is not tp")  # closed without a word (W-011)
        envelope = await self._read_envelope(HELLO_MAX)
        self._check_crc(envelope, b"")
        records = decode("Batch", envelope.plain, self._glitch).records
        kind, body = decode_record(records[0], self._glitch) if records else (None, b"")
        beside = envelope.packed or envelope.window or envelope.window_id
        if kind != "hello" or envelope.plain != tagged(1, tagged(10, body)) or beside:
            raise LinkError("PROTOCOL", "the first envelope is one hello in plain")  # W-009
        hello = decode("Hello", body, self._glitch)
        said = vars(hello.limits) if hello.limits else {}
        peer = self.peer = Limits(**{n: said[n] for n in vars(Limits()) if said.get(n)})
        if hello.version < 1 or min(peer.batch_packed, peer.batch_unpacked) < 131_072:
            raise LinkError("PROTOCOL", "no such version, or batches that are too small")
        if max(peer.stream_window, peer.link_window) > CREDIT_MAX:
            raise LinkError("PROTOCOL", "more credit than there may be")  # W-028
        self._heads = dataclasses.replace(peer, head_bytes=min(peer.head_bytes, HEAD_MAX))
        self.send_credit, self.peer_token = peer.link_window, hello.token
        logs = [offer.window_log or 15 for offer in hello.codecs if offer.codec == DEFLATE]
        if self.options.offers and logs and 9 <= logs[0] <= 15:
            self._packer = Packer(logs[0])  # W-071

    # ---- back: connection, envelope, records

    async def _exactly(self, size):
        data = bytearray()
        while len(data) < size:  # memory for what has come, not for what a length promises
            piece = await self._reader.read(min(size - len(data), 65_536))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    async def _read_envelope(self, most=0):
        limits, length = self.options.limits, 0
        most = most or limits.batch_packed + limits.batch_unpacked + 64  # W-120
        for shift in (0, 7, 14, 21):
            byte = (await self._exactly(1))[0]
            length |= (byte & 127) << shift
            if byte < 128:
                break
        if byte > 127 or length == 0:
            raise LinkError("PROTOCOL", "an envelope's length is 0 or too long")  # W-010
        if length > most:
            raise LinkError("DECOMPRESSION_LIMIT", "an envelope larger than agreed")
        return decode("Envelope", await self._exactly(length), self._glitch)

    def _check_crc(self, envelope, unpacked):
        """W-017: one is always needed, as our hello asks for it."""
        if envelope.crc != zlib.crc32(unpacked, zlib.crc32(envelope.plain)):
            raise LinkError("CHECKSUM", "the crc is wrong or missing")

    def _open(self, envelope):
        limits, unpacked, size = self.options.limits, b"", envelope.unpacked_size
        large = len(envelope.plain) + size > limits.batch_unpacked
        if large or len(envelope.packed) > limits.batch_packed:
            raise LinkError("DECOMPRESSION_LIMIT", "a batch larger than agreed")  # W-018
        if envelope.window_id:
            raise LinkError("COMPRESSION", "there are no isolated windows")  # W-075
        if envelope.window and self._unpacker.start(envelope.window):
            self._glitch()  # W-081
        if envelope.packed:
            unpacked = self._unpacker.unpack(envelope.packed, size)
        elif size:
            raise LinkError("COMPRESSION", "unpacked_size without packed")  # W-016
        self._check_crc(envelope, unpacked)
        if not (envelope.plain or envelope.packed or envelope.window):
            self._glitch()  # W-020
        for lane in (envelope.plain, unpacked):
            for data in decode("Batch", lane, self._glitch).records:
                self._take(*decode_record(data, self._glitch), lane is unpacked)
        if self._blobs:
            raise LinkError("PROTOCOL", "a blob that nobody asked for")  # W-064

    def _take(self, kind, data, packed):
        if kind == "hello" or (kind == "blob" and packed):
            raise LinkError("PROTOCOL", f"a {kind} where none may be")  # W-013, W-064
        if kind == "blob":
            self._blobs.append(data)
        elif kind:
            message = decode(kind.capitalize(), data, self._glitch)
            try:
                getattr(self, f"on_{kind}")(message)
            except StreamError as error:
                self.refuse(message.id, error)

    def _blob(self):
        if not self._blobs:
            raise LinkError("PROTOCOL", "a blob is wanted and not there")
        return self._blobs.popleft()

    def _glitch(self):
        self._glitches.spend("useless records")

    def read_head(self, message):
        """Fields and body: the blobs of the head come before the body's (W-069)."""
        fields = self._decoder.run(message, self._blob)
        return fields, self._blob() if message.body_blob else message.body

    @staticmethod
    def check_body(message, body):
        if message.more and body:
            raise StreamError("PROTOCOL", "a body and more of it")  # W-032
        if len(body) > BODY_MAX:
            raise StreamError("BODY_LIMIT", "a body too large for its record")

    def stream_of(self, id_):
        """The open stream of a record, None where it has ended (W-031, W-038)."""
        if not 0 < id_ <= self.last_id:
            raise LinkError("PROTOCOL", f"stream {id_} was never opened")
        return self.streams.get(id_)

    def refuse(self, id_, error):
        """Ends the stream of a record that broke a rule of the stream (W-037)."""
        if stream := self.streams.get(id_):
            self.cancel(stream, StreamError(error.code, error.message, stream.processed))

    def on_data(self, message):
        data = self._blob() if message.blob else message.bytes
        size, stream = len(data), self.stream_of(message.id)
        if size > DATA_MAX:
            raise LinkError("PROTOCOL", "a data larger than 16 KiB")  # W-041
        if not size and not message.end:
            self._glitch()
        self._receive_credit -= size
        if self._receive_credit < 0:
            raise LinkError("FLOW_CONTROL", "the link's credit is overdrawn")  # W-043
        try:
            if stream:
                self._check_begun(stream)
                stream.receive_credit -= size
                if stream.receive_credit < 0:
                    raise StreamError("FLOW_CONTROL", "the stream's credit is overdrawn")
                stream.arrive(data, True, message.end)
                return self.end_if_complete(stream)
        except StreamError:
            self.consumed(None, size)
            raise
        self.consumed(None, size)

    def on_trailers(self, message):
        fields = self._decoder.run(message, self._blob)
        if stream := self.stream_of(message.id):
            self._check_begun(stream)
            check_head("trailers", fields, self.options.limits)
            stream.arrive(b"", False, True, fields)
            self.end_if_complete(stream)

    def _check_begun(self, stream):
        if stream.in_done or (self.head_kind == "request" and not stream.status):
            raise StreamError("PROTOCOL", "a body goes on that has ended or not begun")  # W-039

    def on_credit(self, message):
        if message.bytes == 0:
            self._glitch()
        if message.id == 0:
            self.send_credit += message.bytes
            if self.send_credit > CREDIT_MAX:
                raise LinkError("FLOW_CONTROL", "too much credit for the link")
            for stream in self.streams.values():
                stream.wake()
        elif stream := self.stream_of(message.id):
            stream.send_credit += message.bytes
            if stream.send_credit > CREDIT_MAX:
                raise StreamError("FLOW_CONTROL", "too much credit for the stream")
            stream.wake()

    def on_cancel(self, message):
        if stream := self.stream_of(message.id):
            code = "PROTOCOL" if message.code == 0 else code_name(message.code)  # W-035
            processed = PROCESSED[message.processed] if message.processed < 3 else "maybe"
            self.end(stream, StreamError(code, message.message, processed))

    def on_ping(self, message):
        self._strikes += clock() - self._ping_at < PING_INTERVAL
        self._ping_at = clock()
        if self._strikes > PING_STRIKES:
            raise LinkError("ENHANCE_YOUR_CALM", "too many pings")  # W-094
        self.say("pong", token=message.token)

    def on_pong(self, message):
        if answered := self._pings.pop(message.token, None):
            answered.set_result(None)
        else:
            self._glitch()

    def on_goaway(self, message):
        self.peer_leaves = True
        if message.final:
            if self.peer_last_id is not None and message.last_id > self.peer_last_id:
                raise LinkError("PROTOCOL", "a goaway that takes back another")  # W-101
            self.peer_last_id = message.last_id

    # ---- streams and credit

    def end(self, stream, error=None):
        """Forgets a stream, with an error where it did not end well. The peer is not told."""
        stream.ended = True
        self.streams.pop(stream.id, None)
        if stream.timer:
            stream.timer.cancel()
        if error:
            stream.fail(error)
        self.free.set()
        self.stop_if_useless()

    def end_if_complete(self, stream):
        if stream.in_done and stream.out_done and not stream.ended:
            self.end(stream)

    def cancel(self, stream, error):
        """Ends a stream, and tells a peer that knows of it."""
        if stream.id:
            self.say_cancel(stream.id, error)
        self.end(stream, error)

    def say_cancel(self, id_, error):
        values = {"code": CODES.index(error.code), "processed": PROCESSED.index(error.processed)}
        self.say("cancel", id=id_, message=error.message[:256], **values)

    def consumed(self, stream, size):
        """Gives credit back, half a window at a time (W-044)."""
        limits = self.options.limits
        self._owed += size
        if size and self._owed * 2 >= limits.link_window:
            self._receive_credit += self._owed
            self.say("credit", bytes=self._owed)
            self._owed = 0
        if size and stream and not stream.in_done and not stream.ended:
            stream.owed += size
            if stream.owed * 2 >= limits.stream_window:
                stream.receive_credit += stream.owed
                self.say("credit", id=stream.id, bytes=stream.owed)
                stream.owed = 0

    # ---- out: records, batch, envelope

    def check(self, kind, fields):
        """Raises TpError for a head that must not be sent (W-060, W-062, W-063)."""
        try:
            check_head(kind, fields, self._heads)
        except StreamError as error:
            raise TpError(error.code, error.message, "no") from None
        for name, _ in fields:
            room = self.peer.table_bytes  # for slot 4, and the name in it
            if name.lower() in self._secrets() and max(4 * 32, len(name) + 31) >= room:
                raise TpError("HEAD_LIMIT", "no room for the name of a secret", "no")

    def _secrets(self):
        return self.options.secrets if self._packer else ()

    def say(self, kind, **values):
        """Says a record of control."""
        self._unread += self._writer.transport.get_write_buffer_size() > 0
        self._put(record(kind, **values))

    def put_head(self, kind, id_, fields, body=b"", as_blobs=False, **values):
        program, blobs = encode_head(fields, self._secrets())
        if body and self._packer and as_blobs:
            blobs, body, values["body_blob"] = [*blobs, body], b"", True
        if kind == "response":  # 0 where it is one more than that before (W-031)
            before, self._last_response = self._last_response, id_
            id_ = 0 if id_ == before + 1 else id_
        self._put(record(kind, id=id_, **program, body=body, **values), blobs)

    def put_data(self, stream, data, end):
        apart = bool(data and stream.as_blobs and self._packer)
        said = record("data", id=stream.id, bytes=b"" if apart else data, end=end, blob=apart)
        self._put(said, [data] if apart else [])

    def _put(self, said, blobs=()):
        """Puts a record into the batch, behind its blobs, which stand in plain."""
        before = b"".join(map(blob, blobs))
        if len(self._plain) + len(self._main) + len(before) + len(said) > BATCH_SIZE:
            self.flush()
        self._plain += before
        lane = self._main if self._packer else self._plain
        lane += said
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self):
        """Packs the batch and writes its envelope."""
        self._due = False
        if not self.ready.is_set() or not (self._plain or self._main):
            return
        plain, main, values = bytes(self._plain), bytes(self._main), {}
        self._plain, self._main = bytearray(), bytearray()
        if main:
            values = {"packed": self._packer.pack(main), "window": self._packer.window}
            self._packer.window = None
        self._write(plain, main, **values)

    def _write(self, plain, unpacked=b"", **values):
        crc, size = zlib.crc32(unpacked, zlib.crc32(plain)), len(unpacked)
        data = encode("Envelope", plain=plain, unpacked_size=size, crc=crc, **values)
        self._writer.write(varint(len(data)) + data)

    async def turn(self, stream=None):
        """Lets others have their turn, and the peer read what was said (W-022)."""
        if stream and stream.id in self.streams:
            self.streams[stream.id] = self.streams.pop(stream.id)  # to the end of the line
        self.flush()
        await asyncio.sleep(0)
        await self._writer.drain()
        self._unread = 0

    def stop_if_useless(self):
        """Ends a link that is left, with its last stream."""
        if self.has_no_use() and not self.streams and not self._over.done():
            self.flush()
            self.stop()

    def has_no_use(self):
        return self.leaving


# ------------------------------------------------------------------------------------ two roles


class ClientLink(Link):
    """The dialer's side."""

    head_kind = "request"
    _waiting = 0  # calls that are not yet written

    async def greet(self):
        self.say_hello()
        await self.read_hello()

    async def opened(self):
        """Waits until calls can be made; raises TpError where the link ended before."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self.ready, self.closed)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if not self.peer or self.closed.is_set():
            why = self.error or TpError("CLOSED", "the connection ended while opening")
            raise TpError(why.code, why.message, "no")
        return self

    def call(
        self, method, path, fields=(), body=b"", trailers=(),
        timeout_ms=0, on_info=None, one_way=False,
    ):
        """Makes a request. `body` is bytes or an async iterator of bytes; `timeout_ms` is for the
        whole exchange, 0 for ever; `on_info(call, status, fields)` is told of informational
        responses. What fails is raised by `head`, `piece` and `read` of the call."""
        call = Stream(self, timeout_ms)
        call.method, call.on_info = method, on_info
        call.one_way = call.in_done = one_way  # nothing comes back (W-124)
        if self._over.done() or self.leaving or self.peer_leaves or self.last_id >= ID_ENOUGH:
            code = getattr(self.error, "code", "CLOSED") if self._over.done() else "REFUSED"
            call.fail(TpError(code, "the link takes no further requests", "no"))
            return call
        if timeout_ms:
            loop, late = asyncio.get_running_loop(), "the deadline passed"
            call.timer = loop.call_later(timeout_ms / 1000, call.cancel, "DEADLINE", late)
        self._waiting += 1
        head = [(":method", method), (":path", path), *fields]
        self.spawn(self._ask(call, head, body, trailers))
        return call

    async def _ask(self, call, head, body, trailers):
        try:
            try:
                while not call.ended and not self.peer_leaves and not self._may_open(call):
                    self.free.clear()
                    await self.free.wait()
                values = self._open_stream(call, head, body, trailers)
            finally:
                self._waiting -= 1
            await call.say(head, body, trailers, **values)
        except asyncio.CancelledError:
            why = self.error or TpError("CLOSED", "the connection ended")
            self.end(call, TpError(why.code, why.message, call.processed))
            raise
        except TpError as error:
            self.end(call, error)
        except Exception as error:  # the source of its body
            call.cancel("CANCEL", repr(error))

    def _may_open(self, call):
        return len(self.streams) < self.peer.streams or call.one_way

    def _open_stream(self, call, head, body, trailers):
        """Opens the stream of a call that is written now, and gives what its record says of it."""
        self.check("request", head)
        self.check("trailers", list(trailers))
        whole = isinstance(body, bytes) and len(body) <= BODY_MAX and not trailers
        if call.one_way and not whole:
            raise TpError("BODY_LIMIT", "a one-way request is one record", "no")  # W-124
        if call.error:
            raise call.error
        if self.peer_leaves:
            raise TpError("REFUSED", "the peer leaves", "no")  # W-100
        left = call.remaining_ms()
        if left is not None and left <= 0:
            raise TpError("DEADLINE", "the deadline passed", "no")  # W-090
        self.last_id = call.id = self.last_id + 1
        self.streams[call.id] = call
        return {"timeout_ms": min(math.ceil(left or 0), 2**32 - 1), "one_way": call.one_way}

    async def leave(self):
        """Makes no further calls; closes when those under way have ended (W-102)."""
        if not self.leaving and not self._over.done():
            self.leaving = True
            self.say("goaway")
        await self.wait_closed()

    def has_no_use(self):
        return (self.leaving or self.peer_last_id is not None) and not self._waiting

    def on_request(self, _message):
        raise LinkError("PROTOCOL", "a request from an acceptor")  # W-023

    def on_response(self, message):
        fields, body = self.read_head(message)
        message.id = self._last_response = message.id or self._last_response + 1
        call = self.stream_of(message.id)
        if call is None:
            return
        if call.status:
            raise StreamError("PROTOCOL", "a second response")  # W-039
        check_head("response", fields, self.options.limits)
        self.check_body(message, body)
        pseudo, fields = split_head(fields)
        status = int(pseudo[":status"])
        if status < 200 and status != 101:
            if body or message.more:
                raise StreamError("PROTOCOL", "a body in an informational response")  # W-033
            return call.on_info and call.on_info(call, status, fields)
        bare = has_no_body(call.method, status)
        call.declared = None if bare else declared_length(fields)
        call.arrive(b"" if bare else body, False, bare or not message.more)
        call.status, call.reason, call.fields = status, pseudo.get(":reason", ""), fields
        if bare and message.more:
            self.cancel(call, TpError("CANCEL", "a body where none may be"))
        self.end_if_complete(call)

    def on_goaway(self, message):
        super().on_goaway(message)
        self.free.set()  # those that wait are not sent (W-100)
        code, why = code_name(message.code), message.message or "the peer leaves"
        for id_, call in list(self.streams.items()):
            if message.final and id_ > message.last_id:  # W-101
                self.end(call, TpError("REFUSED" if code == "NO_ERROR" else code, why, "no"))
        if message.final and code != "NO_ERROR":
            self.error = TpError(code, why)  # W-117
            self.stop()
        self.stop_if_useless()


ONE_WAY = set()  # handlers of one-way requests, which outlive their links (W-126)


class ServerLink(Link):
    """The acceptor's side. `handler(exchange)` answers a request; it is cancelled where nobody
    waits for the answer any more."""

    head_kind = "response"

    def __init__(self, reader, writer, options, handler):
        super().__init__(reader, writer, options)
        self._handler, self._announced, self._final_id = handler, False, None
        self._held, self._completed, self._cancels = 0, 0, Budget(1_000, 33)

    async def greet(self):
        await self.read_hello()
        self.say_hello()
        if self.options.expect and not hmac.compare_digest(self.options.expect, self.peer_token):
            self.ready.set()  # so that the Goaway is said
            raise LinkError("REFUSED", "the token is wrong")  # W-024

    async def leave(self):
        """Leaves in two steps; what was taken is answered (W-102)."""
        if not self.ready.is_set():
            self.stop()
        elif not self._announced and not self._over.done():
            self._announced = True
            self._pings[1] = answered = asyncio.get_running_loop().create_future()
            self.say("goaway")
            self.say("ping", token=1)
            either = asyncio.FIRST_COMPLETED
            await asyncio.wait([answered, self._over], timeout=MOMENT, return_when=either)
            self._final_id = self.last_taken
            self.say("goaway", last_id=self.last_taken, final=True)
            self.leaving = True
        await self.wait_closed()

    def on_response(self, _message):
        raise LinkError("PROTOCOL", "a response from a dialer")  # W-023

    def on_request(self, message):
        fields, body = self.read_head(message)
        message.id = id_ = message.id or self.last_id + 1
        if not self.last_id < id_ <= ID_MAX:
            raise LinkError("PROTOCOL", f"stream {id_} cannot be opened")  # W-030
        self.last_id = id_
        if self._final_id is not None:
            return  # the dialer knows that it is not handled (W-105)
        one_way = message.one_way and not message.more
        try:
            exchange = self._admit(message, fields, body, one_way)
        except StreamError:
            if one_way:
                return  # dropped without a word (W-125)
            raise
        self._held, self.last_taken = self._held + exchange.held, id_
        loop, seconds = asyncio.get_running_loop(), message.timeout_ms / 1000
        exchange.task = loop.create_task(self._handle(exchange))
        if one_way:
            exchange.one_way = exchange.ended = True  # for the link; its handler runs on
            ONE_WAY.add(exchange.task)
            exchange.task.add_done_callback(ONE_WAY.discard)
        else:
            self.streams[id_] = exchange
        if seconds:
            late = StreamError("DEADLINE", "the deadline passed")
            give_up = (exchange.task.cancel,) if one_way else (self.refuse, id_, late)
            exchange.timer = loop.call_later(seconds, *give_up)

    def _admit(self, message, fields, body, one_way):
        if message.one_way and message.more:
            raise StreamError("PROTOCOL", "a one-way request with more")  # W-124
        check_head("request", fields, self.options.limits)
        self.check_body(message, body)
        full = len(self.streams) >= self.options.limits.streams and not one_way
        if full or self._held > BODIES_MAX:
            raise StreamError("REFUSED", "too many streams or bodies")  # W-036, W-126
        exchange = Stream(self, message.timeout_ms)
        pseudo, exchange.fields = split_head(fields)
        exchange.id, exchange.held = message.id, len(body)
        exchange.method, exchange.path = pseudo[":method"], pseudo[":path"]
        exchange.declared = declared_length(exchange.fields)
        exchange.arrive(body, False, not message.more)
        return exchange

    def refuse(self, id_, error):
        if id_ in self.streams:
            super().refuse(id_, error)
        else:
            self.say_cancel(id_, StreamError(error.code, error.message, "no"))

    async def _handle(self, exchange):
        failure = StreamError("INTERNAL", "the handler did not answer")
        try:
            await self._handler(exchange)
            if exchange.out_done:
                failure = StreamError("NO_ERROR")  # the rest of the request is not wanted (W-035)
        except Exception as error:
            failure = StreamError("INTERNAL", f"the handler failed: {error!r}")
        finally:
            exchange.discard()
            if exchange.one_way:
                self._held -= exchange.held
                exchange.stop_sending()
        if not exchange.ended:
            self.refuse(exchange.id, failure)

    def end(self, stream, error=None):
        if not stream.ended:
            self._held -= stream.held
            self._completed += error is None
        if error and stream.task is not asyncio.current_task():
            stream.task.cancel()
        super().end(stream, error)

    def on_cancel(self, message):
        self._cancels.spend("cancels", self._completed / 10)
        self._completed = 0
        super().on_cancel(message)


async def connect(host, port, options=Options()):
    """An open link to an acceptor. Raises TpError, or OSError where nobody listens."""
    link = ClientLink(*await asyncio.open_connection(host, port), options)
    link.running = asyncio.get_running_loop().create_task(link.run())
    return await link.opened()


class Server:
    """Takes links, and answers what comes on them with `handler(exchange)`."""

    def __init__(self, handler, options=Options()):
        self._handler, self._options, self._links = handler, options, set()

    async def listen(self, port=0, host="127.0.0.1"):
        """Starts, and gives the port."""
        self._listener = await asyncio.start_server(self._accept, host, port)
        return self._listener.sockets[0].getsockname()[1]

    async def _accept(self, reader, writer):
        link = ServerLink(reader, writer, self._options, self._handler)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)

    async def leave(self):
        """Takes no further links, and leaves each in an orderly way."""
        self._listener.close()
        await asyncio.gather(*(link.leave() for link in list(self._links)))
