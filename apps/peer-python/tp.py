#!/usr/bin/env python3
"""tp, version 1, in one file: a client, a server, and what the conformance kit wants of each.

Written from docs/protocol.md with nothing but the standard library, to be read and to test other
peers with. Numbers such as W-031 name the document's rules. From the top: words, messages, table
and heads, packing, streams, link, the two roles, the kit's service, the kit's client.
"""

import argparse
import asyncio
import dataclasses
import hashlib
import hmac
import http
import json
import math
import re
import signal
import sys
import time
import urllib.parse
import zlib
from collections import Counter, defaultdict, deque, namedtuple
from types import SimpleNamespace

# ---------------------------------------------------------------------------------------- words

clock = time.monotonic  # seconds
PREFACE = b"\xf4tp/1\r\n\0"  # W-007
HELLO_MAX = 16_384  # bytes of a hello's envelope, W-009
BODY_MAX = 65_536  # bytes of a body in a Request or Response, W-040
DATA_MAX = 16_384  # bytes of a Data, W-041
ID_MAX, ID_ENOUGH = 2**30, 2**29  # W-030, W-108
CREDIT_MAX = 2**31 - 1  # W-043
BATCH_SIZE = 120_000  # bytes that this sender puts in a batch; every peer takes 131,072 (W-013)
HEAD_MAX, SLACK = 100_000, 8_192  # bytes of a head, and beside it, that this sender writes
HANDSHAKE_TIMEOUT, MOMENT, PATIENCE = 5, 1, 30  # seconds, W-011, W-107
PING_INTERVAL, PING_STRIKES, PINGS_WAITING = 10, 2, 10  # W-094
CONTROL_MAX = 1_000  # control records that a peer may leave unread, W-096
BODIES_MAX = 64 * 2**20  # bytes of whole bodies that a link's handlers hold, W-036
SECRETS = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization", "x-api-key"})
DEFLATE = 1  # of Codec; this peer has no other
PROCESSED = ("maybe", "no", "yes")
CODES = (
    "NO_ERROR PROTOCOL INTERNAL FLOW_CONTROL COMPRESSION DECOMPRESSION_LIMIT CHECKSUM REFUSED"
    " CANCEL DEADLINE TIMEOUT OVERLOADED ENHANCE_YOUR_CALM HEAD_LIMIT BODY_LIMIT BODY_LENGTH"
    " UPSTREAM UNREACHABLE"
).split()


class TpError(Exception):
    """`code` is a name of section 11, or CLOSED for a connection that ended without a word.
    `processed` says whether the request may have taken effect: "no", "maybe" or "yes"."""

    def __init__(self, code, message="", processed="maybe"):
        super().__init__(f"{code}: {message}" if message else code)
        self.code, self.message, self.processed = code, message, processed


class StreamError(TpError):
    """Ends one stream (W-037)."""


class LinkError(TpError):
    """Ends the link and all its streams (W-103)."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a side accepts (W-013)."""

    batch_packed: int = 262_144
    batch_unpacked: int = 1_048_576
    table_bytes: int = 65_536
    streams: int = 10_000
    stream_window: int = 262_144
    link_window: int = 1_048_576
    head_bytes: int = 32_768
    fields: int = 100
    windows: int = 0  # isolated ones; this peer has none


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


# ------------------------------------------------------------------------------------- messages

# Of each message its fields: number, name, type. A type with a capital is a message, one with a
# star is repeated. Fields inside a Record are its kinds.
SCHEMA = {}
for line in """
    Envelope 1:plain:bytes 2:packed:bytes 3:unpacked_size:uint 4:crc:fixed32 5:window:WindowStart -
        6:window_id:uint
    WindowStart 1:codec:uint 2:window_log:uint
    Batch 1:records:bytes*
    Record 1:request:bytes 2:response:bytes 3:data:bytes 4:trailers:bytes 5:credit:bytes -
        6:cancel:bytes 7:ping:bytes 8:pong:bytes 9:goaway:bytes 10:hello:bytes 11:blob:bytes
    Request 1:id:uint 2:block:uint 3:ops:uint* 4:text:bytes* 5:keep:uint 6:body:bytes -
        7:more:bool 8:body_blob:bool 9:timeout_ms:uint 10:one_way:bool
    Response 1:id:uint 2:block:uint 3:ops:uint* 4:text:bytes* 5:keep:uint 6:body:bytes -
        7:more:bool 8:body_blob:bool
    Data 1:id:uint 2:bytes:bytes 3:end:bool 4:blob:bool
    Trailers 1:id:uint 2:block:uint 3:ops:uint* 4:text:bytes* 5:keep:uint
    Credit 1:id:uint 2:bytes:uint
    Cancel 1:id:uint 2:code:uint 3:processed:uint 4:message:string
    Ping 1:token:uint
    Pong 1:token:uint
    Goaway 1:last_id:uint 2:code:uint 3:message:string 4:final:bool
    Hello 1:version:uint 2:codecs:CodecOffer* 3:limits:Limits 4:features:uint* 5:checksum:bool -
        6:agent:string 7:token:bytes
    CodecOffer 1:codec:uint 2:window_log:uint
    Limits 1:batch_packed:uint 2:batch_unpacked:uint 3:table_bytes:uint 4:streams:uint -
        5:stream_window:uint 6:link_window:uint 7:head_bytes:uint 8:fields:uint -
        9:windows:uint
""".replace("-\n", "").strip().splitlines():
    message_name, *entries = line.split()
    SCHEMA[message_name] = {int(n): (name, t) for n, name, t in (e.split(":") for e in entries)}

KIND_NUMBERS = {name: number for number, (name, _) in SCHEMA["Record"].items()}
VARINT, LENGTH, FIXED32 = 0, 2, 5
WIRE_TYPES = {"uint": VARINT, "uint*": VARINT, "bool": VARINT, "fixed32": FIXED32}
NOTHING = {"uint": 0, "bool": False, "bytes": b"", "string": ""}


def read_varint(data, at, longest=5):
    """The integer at `at`, and where it ends (W-001)."""
    value = 0
    for i in range(longest):
        if at + i >= len(data):
            raise LinkError("PROTOCOL", "a message ends inside an integer")
        value |= (data[at + i] & 127) << 7 * i
        if data[at + i] < 128:
            if longest == 5 and value >= 2**32:
                break
            return value, at + i + 1
    raise LinkError("PROTOCOL", "an integer is too large or too long")


def scan(kind, data, glitch):
    """Yields name, type, wire type and value of each known field; skips the others and calls
    `glitch` for each (W-002 to W-004)."""
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        name, type_ = SCHEMA[kind].get(number, (None, None))
        if wire == VARINT:
            value, at = read_varint(data, at, 5 if name else 10)
        elif wire == LENGTH:
            size, at = read_varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            size = {1: 8, FIXED32: 4}.get(wire, 0)
            value, at = data[at : at + size], at + size
        if number == 0 or wire not in (VARINT, 1, LENGTH, FIXED32) or at > len(data):
            raise LinkError("PROTOCOL", f"a broken field in {kind}")
        if name is None:
            glitch()
        elif wire == WIRE_TYPES.get(type_, LENGTH) or (type_ == "uint*" and wire == LENGTH):
            yield name, type_, wire, value
        else:
            raise LinkError("PROTOCOL", f"{name} has a wrong wire type")


def decode(kind, data, glitch):
    """A message with all its fields. Of a field that stands twice the last counts (W-005)."""
    message = SimpleNamespace()
    for name, type_ in SCHEMA[kind].values():
        setattr(message, name, [] if type_[-1] == "*" else NOTHING.get(type_))
    for name, type_, wire, value in scan(kind, data, glitch):
        if type_ == "uint*" and wire == LENGTH:
            at = 0
            while at < len(value):
                number, at = read_varint(value, at)
                getattr(message, name).append(number)
            continue
        if type_ == "bool":
            value = value != 0
        elif type_ == "string":
            value = value.decode("utf-8", "replace")[:1024]  # W-006
        elif type_ == "fixed32":
            value = int.from_bytes(value, "little")
        elif type_[0].isupper():
            value = decode(type_.rstrip("*"), value, glitch)
        if type_[-1] == "*":
            getattr(message, name).append(value)
        else:
            setattr(message, name, value)
    return message


def decode_record(data, glitch):
    """The kind of a record and its bytes; None and nothing for an unknown one."""
    kinds = [(name, value) for name, _, _, value in scan("Record", data, glitch)]
    if len(kinds) > 1:
        raise LinkError("PROTOCOL", "a record with two kinds")
    if not data:
        glitch()
    return kinds[0] if kinds else (None, b"")


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def tagged(number, data):
    return varint(number << 3 | LENGTH) + varint(len(data)) + data


def encode(kind, **values):
    """The bytes of a message. Messages inside it are given as bytes."""
    out = []
    for number, (name, type_) in SCHEMA[kind].items():
        value = values.get(name)
        if value is None or (type_ != "fixed32" and not value):
            continue
        if type_ == "fixed32":
            out.append(varint(number << 3 | FIXED32) + value.to_bytes(4, "little"))
        elif type_ in ("uint", "bool"):
            out.append(varint(number << 3 | VARINT) + varint(int(value)))
        elif type_ == "uint*":
            out.append(tagged(number, b"".join(map(varint, value))))
        elif type_[-1] == "*":
            out += (tagged(number, piece) for piece in value)
        else:
            out.append(tagged(number, value.encode() if type_ == "string" else value))
    return b"".join(out)


def record(kind, **values):
    """A record as it stands in a batch."""
    return tagged(1, tagged(KIND_NUMBERS[kind], encode(kind.capitalize(), **values)))


def blob(data):
    return tagged(1, tagged(KIND_NUMBERS["blob"], data))


# ------------------------------------------------------------------------------ table and heads

Name = namedtuple("Name", "name")
Field = namedtuple("Field", "name value")
Part = namedtuple("Part", "name value kept secret")  # of a head; kept: fixed, where it is a block
Block = namedtuple("Block", "parts")
PSEUDO = (":method", ":path", ":status", ":reason")


class Table:
    """Numbered slots of names, fields and blocks (W-050 to W-054, W-065)."""

    def __init__(self, limit):
        self.limit, self.size = limit, 0
        self.slots = {slot: Name(name) for slot, name in enumerate(PSEUDO)}

    @staticmethod
    def cost(entry):
        if isinstance(entry, Block):
            return 32 + sum(32 + len(p.name) + len(p.value) for p in entry.parts)
        return 32 + sum(map(len, entry))

    def get(self, slot, *kinds):
        entry = self.slots.get(slot)
        if not isinstance(entry, kinds):
            raise LinkError("COMPRESSION", f"slot {slot} does not hold what is asked for")
        return entry

    def put(self, slot, entry):
        if slot <= 3 or slot * 32 >= self.limit:
            raise LinkError("COMPRESSION", f"nothing can be stored in slot {slot}")
        if slot in self.slots:
            self.drop(slot)
        self.slots[slot] = entry
        self.size += self.cost(entry)
        if self.size > self.limit:
            raise LinkError("COMPRESSION", "the table is larger than agreed")

    def drop(self, slot):
        if slot <= 3 or slot not in self.slots:
            raise LinkError("COMPRESSION", f"slot {slot} cannot be emptied")
        self.size -= self.cost(self.slots.pop(slot))


# Operations of programs and fills: the lowest two bits, or the whole integer (section 6).
FIELD, VALUE, STORE = 0, 1, 2
LITERAL, NAME, SECRET, SECRET_STORE, DROP = 3, 7, 11, 15, 19
TEXT, BLOB, BLOB_STORE = 1, 3, 7
END = -1  # where there is no further fill


class HeadDecoder:
    """Runs head programs over the table of the direction that comes."""

    def __init__(self, limits):
        self.table, self._most = Table(limits.table_bytes), 4 * limits.head_bytes

    def run(self, message, take_blob):
        """The fields of a head, pseudo fields too, as pairs of name and value; each byte of them
        is a character (W-006). Runs to the end whatever the head is (W-059)."""
        self._ops, self._texts = iter(message.ops), iter(message.text)
        self._blob = lambda: take_blob().decode("latin-1")
        self._parts, self._size = [], 0
        if not message.block:
            self._program()
        elif message.keep:
            raise LinkError("PROTOCOL", "keep with block")  # W-058
        else:
            self._fill(self.table.get(message.block, Block).parts, bool(message.ops))
        if next(self._texts, None) is not None:
            raise LinkError("PROTOCOL", "a head leaves texts over")  # W-055
        if message.keep:  # a hole's value is not kept
            parts = (part if part.kept else part._replace(value="") for part in self._parts)
            self.table.put(message.keep, Block(tuple(parts)))
        return [(part.name, part.value) for part in self._parts]

    @staticmethod
    def _next(source):
        for value in source:
            return value
        raise LinkError("PROTOCOL", "a head wants more than there is")

    def _number(self):
        return self._next(self._ops)

    def _text(self):
        return self._next(self._texts).decode("latin-1")

    def _name(self, slot):
        return self.table.get(slot, Name, Field).name

    def _add(self, name, value, kept=False, secret=False):
        self._size += len(name) + len(value) + 32
        if self._size > self._most:
            raise LinkError("HEAD_LIMIT", "a head four times as large as agreed")  # W-063
        self._parts.append(Part(name, value, kept, secret))

    def _store(self, slot, name, value):
        self._add(name, value, kept=True)
        self.table.put(slot, Field(name, value))

    def _program(self):
        for op in self._ops:
            if op & 3 == FIELD:
                self._add(*self.table.get(op >> 2, Field), kept=True)
            elif op & 3 == VALUE:
                self._add(self._name(op >> 2), self._text())
            elif op & 3 == STORE:
                self._store(self._number(), self._name(op >> 2), self._text())
            elif op == LITERAL:
                self._add(self._text(), self._text())
            elif op == NAME:
                self.table.put(self._number(), Name(self._text()))
            elif op == SECRET:
                self._add(self._name(self._number()), self._blob(), secret=True)
            elif op == SECRET_STORE:
                name = self._name(self._number())
                self._store(self._number(), name, self._blob())
            elif op == DROP:
                self.table.drop(self._number())
            else:
                raise LinkError("PROTOCOL", f"unknown operation {op}")  # W-055

    def _fill(self, parts, written):
        """W-057. A part that is not kept is a hole."""
        for part in parts:
            if part.kept:
                self._add(part.name, part.value, kept=True)
                continue
            fill = self._next_fill() if written else BLOB if part.secret else TEXT
            if fill & 3 == FIELD:
                field = self.table.get(fill >> 2, Field)
                if field.name != part.name:
                    raise LinkError("COMPRESSION", "a fill with another name")  # W-058
                self._add(*field)
            elif fill == TEXT:
                self._add(part.name, self._text())
            elif fill & 3 == STORE:
                self._store(fill >> 2, part.name, self._text())
            elif fill == BLOB:
                self._add(part.name, self._blob())
            elif fill == BLOB_STORE:
                self._store(self._number(), part.name, self._blob())
            else:
                raise LinkError("PROTOCOL", f"unknown or missing fill {fill}")
        if self._next_fill() != END:
            raise LinkError("PROTOCOL", "too many fills")

    def _next_fill(self):
        """The next fill that is not a DROP (W-067)."""
        for fill in self._ops:
            if fill != DROP:
                return fill
            self.table.drop(self._number())
        return END


class HeadEncoder:
    """Writes heads. Names and fields that are said again are stored while there is room, for
    good; it makes no blocks. Slot 4 is kept for the name of a secret at a time."""

    def __init__(self, table_bytes, options):
        self.table, self._options = Table(min(table_bytes, 65_536)), options
        self._slots = {name: slot for slot, name in enumerate(PSEUDO)}  # of names and fields
        self._said, self._next_slot, self._stored = set(), 5, 0

    def can_hide(self, name):
        """Whether the table has room for the name of a secret (W-060)."""
        return self.table.limit > 4 * 32 and len(name) + 32 <= self.table.limit

    def encode(self, fields):
        """The program of a head, and the blobs that stand before its record."""
        ops, texts, blobs = [], [], []
        for name, value in fields:
            text, name_text = value.encode("latin-1"), name.encode("latin-1")
            field = Field(name, value)
            if field in self._slots:
                ops.append(self._slots[field] << 2)
            elif name.lower() in self._options.secrets and self.can_hide(name):
                ops += [NAME, 4, SECRET, 4]
                texts.append(name_text)
                blobs.append(text)
                self.table.put(4, Name(name))
            else:
                if name not in self._slots and self._make_slot(name, Name(name)):
                    ops += [NAME, self._slots[name]]
                    texts.append(name_text)
                if name not in self._slots:
                    ops.append(LITERAL)
                    texts += [name_text, text]
                    continue
                if self._make_slot(field, field):
                    ops += [self._slots[name] << 2 | STORE, self._slots[field]]
                else:
                    ops.append(self._slots[name] << 2 | VALUE)
                texts.append(text)
        return {"ops": ops, "text": texts}, blobs

    def _make_slot(self, key, entry):
        """Stores what was said before, where there is room beside the name of a secret."""
        again, cost = key in self._said, Table.cost(entry)
        if cost <= 1024 and len(self._said) < 10_000:
            self._said.add(key)
        room = self.table.limit - self._stored - (32 + 256)
        if not again or cost > room or self._next_slot * 32 >= self.table.limit:
            return False
        self.table.put(self._next_slot, entry)
        self._slots[key], self._stored = self._next_slot, self._stored + cost
        self._next_slot += 1
        return True


IS_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
IS_VALUE = re.compile(r"(?![\t ])[\t\x20-\x7e\x80-\xff]*(?<![\t ])").fullmatch
LEGAL_PSEUDO = {
    ":method": IS_TOKEN,
    ":path": re.compile(r"[\x21-\x7e\x80-\xff]+").fullmatch,
    ":status": re.compile(r"[1-5][0-9][0-9]").fullmatch,
    ":reason": IS_VALUE,
}
STARTS = {
    "request": ([":method", ":path"],),
    "response": ([":status"], [":status", ":reason"]),
    "trailers": ([],),
}


def head_size(fields):
    return sum(len(name) + len(value) + 32 for name, value in fields)


def check_head(kind, fields, limits):
    """Raises StreamError for a head that is too large or not legal (W-061 to W-063)."""
    pseudo = [name for name, _ in fields if name in PSEUDO]
    rest = fields[len(pseudo) :]
    if kind == "trailers" and len(fields) > 32:
        raise StreamError("PROTOCOL", "more than 32 trailers")
    if head_size(fields) > limits.head_bytes or len(fields) - len(pseudo) > limits.fields:
        raise StreamError("HEAD_LIMIT", "the head is too large")
    for name, value in fields:
        if len(name) > 256 or len(value) > (8_192 if name == ":path" else 16_384):
            raise StreamError("HEAD_LIMIT", "a name or value is too long")
    if pseudo not in STARTS[kind] or any(name in PSEUDO for name, _ in rest):
        raise StreamError("PROTOCOL", f"this is not how a head of {kind} starts")
    if not all(LEGAL_PSEUDO[name](value) for name, value in fields[: len(pseudo)]) or not all(
        IS_TOKEN(name) and IS_VALUE(value) for name, value in rest
    ):
        raise StreamError("PROTOCOL", "a name or value has bytes that it must not have")


def split_head(fields):
    """The pseudo fields of a legal head as a dictionary, and the others."""
    pseudo = {name: value for name, value in fields if name in PSEUDO}
    return pseudo, fields[len(pseudo) :]


def declared_length(fields):
    """What the fields say of the body's length, or None."""
    lengths = {value for name, value in fields if name.lower() == "content-length"}
    length = lengths.pop() if len(lengths) == 1 else ""
    return int(length) if re.fullmatch("[0-9]{1,18}", length) else None


def has_no_body(method, status):
    """Whether a response never has a body, whatever its head declares."""
    return method == "HEAD" or status in (204, 304)


def usual_phrase(status):
    return http.HTTPStatus(status).phrase if status in set(http.HTTPStatus) else ""


# -------------------------------------------------------------------------------------- packing


class Packer:
    """The window of the direction that goes (W-070, W-073)."""

    def __init__(self, window_log):
        self.window = encode("WindowStart", codec=DEFLATE, window_log=window_log)
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -window_log)

    def pack(self, data):
        return self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)

    @staticmethod
    def choose(offers):
        """A packer for what the peer unpacks, or None (W-071)."""
        for offer in offers:
            if offer.codec == DEFLATE and 9 <= (offer.window_log or 15) <= 15:
                return Packer(offer.window_log or 15)
        return None


class Unpacker:
    """The window of the direction that comes."""

    def __init__(self, offers):
        self._offers, self._inflate = offers, None

    def start(self, window):
        """Forgets the old window and starts another, as large as declared (W-071, W-072). Says
        whether there was an old one."""
        if not 9 <= window.window_log <= self._offers.get(window.codec, 0):
            raise LinkError("COMPRESSION", "a window that was not offered")
        again, self._inflate = self._inflate, zlib.decompressobj(-window.window_log)
        return again is not None

    def unpack(self, packed, size):
        """What comes out, never more than was declared (W-016)."""
        if self._inflate is None:
            raise LinkError("COMPRESSION", "packed bytes without a window")  # W-019
        try:
            data = self._inflate.decompress(packed, size + 1)
        except zlib.error as error:
            raise LinkError("COMPRESSION", str(error)) from None
        if len(data) != size or self._inflate.unconsumed_tail:
            raise LinkError("COMPRESSION", "packed is not as large as declared")
        if self._inflate.eof or not packed.endswith(b"\0\0\xff\xff"):
            raise LinkError("COMPRESSION", "packed does not end in a sync flush")  # W-073
        return data


class Batch:
    """Records on their way out. Control and blobs go in plain; all do when nothing packs."""

    def __init__(self, packing):
        self.plain = bytearray()
        self.main = bytearray() if packing else self.plain

    def size(self):
        return len(self.plain) + (len(self.main) if self.main is not self.plain else 0)

    def fits(self, size):
        return not self.size() or self.size() + size <= BATCH_SIZE


class Budget:
    """What a peer may do `burst` times at once and `rate` times a second (W-095)."""

    def __init__(self, burst, rate):
        self._burst, self._rate, self._level, self._at = burst, rate, 0.0, clock()

    def spend(self, what, earned=0.0):
        """Counts one; `earned` is given back where time has given back less."""
        now = clock()
        given = max(self._rate * (now - self._at), earned)
        self._level, self._at = max(0.0, self._level - given) + 1, now
        if self._level > self._burst:
            raise LinkError("ENHANCE_YOUR_CALM", f"too many {what}")


# -------------------------------------------------------------------------------------- streams


class Stream:
    """What both ends of a request have in common: a body that goes and one that comes."""

    def __init__(self, link):
        self.link, self.id, self.error, self.ended, self.timer = link, 0, None, False, None
        self._changed = asyncio.Event()
        # what goes
        self.out, self.out_last, self.out_trailers, self.out_done = b"", False, [], False
        self.send_credit, self.as_blobs = link.peer.stream_window, False
        # what comes
        self._inbox, self.in_done, self.trailers = deque(), False, []
        self.receive_credit, self.owed = link.options.limits.stream_window, 0
        self.declared, self._came = None, 0

    def begin(self, kind, fields, body, trailers):
        """Sends a head, with its body where that fits; says whether the body is still to come.
        Raises TpError for what must not be sent."""
        self.link.check(kind, fields)
        self.link.check("trailers", trailers)
        whole = isinstance(body, bytes) and not trailers and len(body) <= BODY_MAX
        whole = whole and head_size(fields) + len(body) + SLACK <= BATCH_SIZE
        self.link.queue(self, fields, body if whole else b"", more=not whole)
        return not whole

    async def send_body(self, body, trailers):
        """Sends a body, which is bytes or an async iterator of bytes, as credit allows."""
        if isinstance(body, bytes):
            self.out = memoryview(body)
        else:
            async for piece in body:
                self.out = memoryview(piece)
                self.link.wake()
                await self._until(lambda: not self.out or self.out_done)
                if self.out_done:
                    return
        self.out_last, self.out_trailers = True, trailers
        self.link.wake()

    async def piece(self):
        """The next piece of the body that comes; empty at its end."""
        await self._until(lambda: self._inbox or self.in_done)
        return self._take() if self._inbox else b""

    async def read(self):
        """All of the body that comes."""
        pieces = []
        while data := await self.piece():
            pieces.append(data)
        return b"".join(pieces)

    def _take(self):
        data, credited = self._inbox.popleft()
        self.link.consumed(self, len(data) if credited else 0)
        return data

    async def _until(self, ready):
        while not self.error and not ready():
            self._changed.clear()
            await self._changed.wait()
        if self.error:
            raise self.error

    def wake(self):
        self._changed.set()

    def arrive(self, data, credited, end, trailers=()):
        """Takes what came; `credited` says that it took credit."""
        self._came += len(data)
        if self.declared is not None and (
            self._came > self.declared or (end and self._came < self.declared)
        ):
            raise StreamError("BODY_LENGTH", "the body is not as long as its head says")
        if data:
            self._inbox.append((data, credited))
        if end:
            self.in_done, self.trailers = True, list(trailers)
        self.wake()

    def fail(self, error):
        """Ends what is under way here; the peer is not told."""
        self.error = self.error or error
        self.stop_sending()
        self.discard()

    def stop_sending(self):
        self.out, self.out_done = b"", True
        self.wake()

    def discard(self):
        """Drops what came and was not read, and gives the link's credit back (W-044)."""
        while self._inbox:
            self._take()


class Call(Stream):
    """A request and its response, for the dialer. `status`, `reason` ("" for the usual one),
    `fields` and, behind the body, `trailers` are the response's."""

    def __init__(self, link, method, deadline, on_info):
        super().__init__(link)
        self.method, self.deadline, self.on_info = method, deadline, on_info
        self.status, self.reason, self.fields = 0, "", []

    async def sent(self):
        """Waits until a one-way request is written."""
        await self._until(lambda: self.out_done)

    async def head(self):
        """Waits for the response's head."""
        await self._until(lambda: self.status)
        return self

    def cancel(self, code="CANCEL", message="given up by the caller"):
        """Gives the call up."""
        if not self.ended:
            self.link.cancel(self, TpError(code, message, self.processed))

    @property
    def processed(self):
        return "maybe" if self.id else "no"

    def arrive(self, data, credited, end, trailers=()):
        super().arrive(data, credited, end, trailers)
        if end and self.timer:
            self.timer.cancel()  # W-097

    def fail(self, error):
        if self.in_done and self.id:
            self.stop_sending()  # the response stands (W-035)
        else:
            super().fail(error)


class Exchange(Stream):
    """A request and its response, for a handler of the acceptor."""

    def __init__(self, link, id_, fields, timeout_ms):
        super().__init__(link)
        pseudo, self.fields = split_head(fields)
        self.id, self.method, self.path = id_, pseudo[":method"], pseudo[":path"]
        self.deadline = clock() + timeout_ms / 1000 if timeout_ms else None
        self.task, self.answered, self.declared = None, False, declared_length(self.fields)
        self.held = 0  # bytes of its whole body
        self.one_way = False  # nothing may be said back (W-124)

    @property
    def processed(self):
        """W-092."""
        return "no" if self.task is None else "yes" if self.answered else "maybe"

    def remaining_ms(self):
        """What is left of the deadline, in ms, or None."""
        if self.deadline is None:
            return None
        return max(0, math.floor((self.deadline - clock()) * 1000))

    def inform(self, status, fields=()):
        """Says an informational response (W-033)."""
        if self.one_way:
            return
        head = [(":status", str(status)), *fields]
        self.link.check("response", head)
        self.link.queue(self, head, b"", final=False)

    async def respond(self, status, fields=(), body=b"", trailers=(), reason=""):
        """Answers; returns when all of it is written. `body` is bytes or an async iterator."""
        self.answered, trailers = True, list(trailers)
        if self.one_way:
            return
        head = [(":status", str(status)), *fields]
        if reason and reason != usual_phrase(status):
            head.insert(1, (":reason", reason))
        if has_no_body(self.method, status):
            body, trailers = b"", []
        if self.begin("response", head, body, trailers):
            await self.send_body(body, trailers)
        await self._until(lambda: self.out_done)

    def stop_sending(self):
        super().stop_sending()
        if self.timer:
            self.timer.cancel()  # a deadline is for no longer than the response (W-097)


# ----------------------------------------------------------------------------------------- link


class Link:
    """One connection and all that is said on it: the part that both roles share.

    Out: records wait in `_pongs`, `_control`, `_due` (credit), `_heads` and `_sending` (bodies);
    `_gather` makes a batch of them, `_seal` an envelope. Back: `_read_envelope`, `_open`, and then
    `_take`, which calls `on_request`, `on_data` and so on.
    """

    last_taken = 0  # for our goaway: the highest request id that was or will be handled

    def __init__(self, reader, writer, options):
        self.options, self.peer = options, None  # our options, the peer's limits
        self.streams, self.last_id = {}, 0  # open streams by id, the last request's id
        self.ready, self.closed = asyncio.Event(), asyncio.Event()
        self.error = None  # what ended the link, found here or said by the peer
        self.leaving, self.peer_leaves, self.peer_last_id = False, False, None
        self._reader, self._writer, self._tasks = reader, writer, set()
        self._over = asyncio.get_running_loop().create_future()
        self._decoder, self._unpacker = HeadDecoder(options.limits), Unpacker(options.offers)
        self._encoder = self._packer = None
        self._blobs, self._glitches = deque(), Budget(10_000, 330)
        self._wake, self._relief = asyncio.Event(), asyncio.Event()
        self._pongs, self._control, self._heads = deque(), deque(), deque()
        self._due, self._sending = Counter(), {}  # bytes of credit by id; streams with a body
        self._send_credit, self._receive_credit = 0, options.limits.link_window
        self._owed = 0  # credit of the link that is not yet given back
        self._pings, self._ping_token = {}, 0  # our pings by token
        self._ping_at, self._strikes = -math.inf, 0  # the peer's

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
        self.admit()
        self.spawn(self._write_loop())
        while True:
            self._open(await self._read_envelope())
            if len(self._control) > CONTROL_MAX:
                await self._be_read()

    async def _be_read(self):
        """Waits a moment for a peer that makes us say much and reads none of it (W-096)."""
        try:
            while len(self._control) > CONTROL_MAX:
                self._relief.clear()
                await asyncio.wait_for(self._relief.wait(), MOMENT)
        except TimeoutError:
            raise LinkError("ENHANCE_YOUR_CALM", "control records are not read") from None

    async def _close(self):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        own = self._over.done() and self._over.result()
        if own and self.ready.is_set():  # not while opening (W-027)
            values = {"code": CODES.index(own.code), "message": own.message[:256], "final": True}
            self._write_envelope(record("goaway", last_id=self.last_taken, **values))
        why = self.error or TpError("CLOSED", "the connection ended")
        for stream in list(self.streams.values()) + [stream for stream, *_ in self._heads]:
            self.end(stream, TpError(why.code, why.message, stream.processed))
        while not own and self.peer and (batch := self._gather()).size():
            self._seal(batch)  # Cancels that still wait to be said
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

    async def wait_closed(self, patience=PATIENCE):
        """Waits for the end of a link that one side leaves (W-107)."""
        try:
            await asyncio.wait_for(self.closed.wait(), patience)
        except TimeoutError:
            self.stop(LinkError("CANCEL", "waited long enough"))
            await self.closed.wait()

    # ---- opening

    def say_hello(self):
        options = self.options
        offers = [encode("CodecOffer", codec=c, window_log=w) for c, w in options.offers.items()]
        limits = encode("Limits", **dataclasses.asdict(options.limits))
        # Without TLS and unix sockets, this peer always asks for checksums (W-017).
        values = {"checksum": True, "agent": "tp.py/1", "token": options.token}
        self._writer.write(PREFACE)
        self._write_envelope(record("hello", version=1, codecs=offers, limits=limits, **values))

    async def read_hello(self):
        for byte in PREFACE:
            if (await self._exactly(1))[0] != byte:
                raise ConnectionError("this is not tp")  # closed without a word (W-011)
        envelope = await self._read_envelope(HELLO_MAX)
        self._check_crc(envelope, b"")
        records = list(scan("Batch", envelope.plain, self._glitch))
        kind, body = decode_record(records[0][3], self._glitch) if records else (None, b"")
        if kind != "hello" or envelope.plain != tagged(1, tagged(10, body)) or (
            envelope.packed or envelope.window or envelope.window_id
        ):
            raise LinkError("PROTOCOL", "the first envelope is one hello in plain")  # W-009
        hello = decode("Hello", body, self._glitch)
        limits = vars(hello.limits or SimpleNamespace())
        self.peer = Limits(**{name: value for name, value in limits.items() if value})
        if hello.version < 1 or min(self.peer.batch_packed, self.peer.batch_unpacked) < 131_072:
            raise LinkError("PROTOCOL", "no such version, or batches that are too small")
        if max(self.peer.stream_window, self.peer.link_window) > CREDIT_MAX:
            raise LinkError("PROTOCOL", "more credit than there may be")  # W-028
        most = min(self.peer.head_bytes, HEAD_MAX)
        self._head_limits = dataclasses.replace(self.peer, head_bytes=most)
        self._send_credit = self.peer.link_window
        self._encoder = HeadEncoder(self.peer.table_bytes, self.options)
        self._packer = Packer.choose(hello.codecs) if self.options.offers else None
        self.peer_token = hello.token

    def admit(self):
        """Refuses a peer that must not be here."""

    # ---- back: connection, envelope, records

    async def _exactly(self, size):
        data = bytearray()
        while len(data) < size:
            piece = await self._reader.read(min(size - len(data), 65_536))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    async def _read_envelope(self, most=0):
        limits = self.options.limits
        most = most or limits.batch_packed + limits.batch_unpacked + 64  # W-120
        length = 0
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
        if not envelope.plain and not envelope.packed and not envelope.window:
            self._glitch()  # W-020
        for lane, plain in ((envelope.plain, True), (unpacked, False)):
            for _, _, _, data in scan("Batch", lane, self._glitch):
                self._take(*decode_record(data, self._glitch), plain)
        if self._blobs:
            raise LinkError("PROTOCOL", "a blob that nobody asked for")  # W-064

    def _take(self, kind, data, plain):
        if kind == "hello" or (kind == "blob" and not plain):
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

    @staticmethod
    def _check_begun(stream):
        if stream.in_done or (isinstance(stream, Call) and not stream.status):
            raise StreamError("PROTOCOL", "a body goes on that has ended or not begun")  # W-039

    def on_credit(self, message):
        if message.bytes == 0:
            self._glitch()
        if message.id == 0:
            self._send_credit += message.bytes
            if self._send_credit > CREDIT_MAX:
                raise LinkError("FLOW_CONTROL", "too much credit for the link")
        elif stream := self.stream_of(message.id):
            stream.send_credit += message.bytes
            if stream.send_credit > CREDIT_MAX:
                raise StreamError("FLOW_CONTROL", "too much credit for the stream")
        self.wake()

    def on_cancel(self, message):
        if stream := self.stream_of(message.id):
            code = "PROTOCOL" if message.code == 0 else code_name(message.code)  # W-035
            processed = PROCESSED[message.processed] if message.processed < 3 else "maybe"
            self.end(stream, StreamError(code, message.message, processed))

    def on_ping(self, message):
        now = clock()
        self._strikes += now - self._ping_at < PING_INTERVAL
        self._ping_at = now
        self._pongs.append(message.token)
        if self._strikes > PING_STRIKES or len(self._pongs) > PINGS_WAITING:
            raise LinkError("ENHANCE_YOUR_CALM", "too many pings")  # W-094
        self.wake()

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
        if stream.id:
            self.streams.pop(stream.id, None)
            self._due.pop(stream.id, None)
        self._sending.pop(stream, None)
        if stream.timer:
            stream.timer.cancel()
        if error:
            stream.fail(error)
        self.wake()

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
        self._say(record("cancel", id=id_, message=error.message[:256], **values))

    def consumed(self, stream, size):
        """Gives credit back, half a window at a time (W-044)."""
        limits = self.options.limits
        self._owed += size
        if size and self._owed * 2 >= limits.link_window:
            self._due[0], self._owed = self._due[0] + self._owed, 0
        if size and stream and not stream.in_done and not stream.ended:
            stream.owed += size
            if stream.owed * 2 >= limits.stream_window:
                self._due[stream.id], stream.owed = self._due[stream.id] + stream.owed, 0
        self.wake()

    # ---- out: records, batch, envelope

    def _say(self, data):
        self._control.append(data)
        self.wake()

    def say_goaway(self, **values):
        self._say(record("goaway", **values))

    def ping(self):
        """Sends a ping, and gives the future of its answer."""
        self._ping_token += 1
        self._pings[self._ping_token] = answered = asyncio.get_running_loop().create_future()
        self._say(record("ping", token=self._ping_token))
        return answered

    def wake(self):
        self._wake.set()

    def check(self, kind, fields):
        """Raises TpError for a head that must not be sent (W-060, W-062, W-063)."""
        try:
            check_head(kind, fields, self._head_limits)
        except StreamError as error:
            raise TpError(error.code, error.message, "no") from None
        for name, _ in fields:
            if self._packer and name.lower() in self.options.secrets:
                if not self._encoder.can_hide(name):
                    raise TpError("HEAD_LIMIT", "no room for the name of a secret", "no")

    def queue(self, stream, fields, body, more=False, final=True):
        """Lines a head up that was checked. What is packed already goes as blobs."""
        stream.as_blobs = any(name.lower() == "content-encoding" for name, _ in fields)  # W-076
        self._heads.append((stream, fields, body, more, final))
        self.wake()

    async def _write_loop(self):
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (batch := self._gather()).size():
                self._seal(batch)
                await self._writer.drain()
                self._relief.set()
            if self.has_no_use() and not (self.streams or self._heads):
                return self.stop()

    def has_no_use(self):
        """Whether the link ends with its last stream."""
        return self.leaving

    def _gather(self):
        """The next batch: control, heads, then a slice of each body in turn (W-022)."""
        batch = Batch(self._packer)
        while self._pongs:
            batch.plain += record("pong", token=self._pongs.popleft())
        while self._control and batch.fits(1024):
            batch.plain += self._control.popleft()
        while self._due and batch.fits(1024):
            id_, size = self._due.popitem()
            if id_ == 0:
                self._receive_credit += size
            else:
                self.streams[id_].receive_credit += size
            batch.plain += record("credit", id=id_, bytes=size)
        while self._heads and self.may_say():
            stream, fields, body, more, final = self._heads[0]
            if not batch.fits(head_size(fields) + len(body) + SLACK):
                break
            self._heads.popleft()
            values = None if stream.ended else self.number(stream)
            if values is not None:
                self._write_head(batch, self.head_kind, stream, fields, body, more=more, **values)
                if more:
                    self._sending[stream] = True
                elif final:
                    self._all_is_said(stream)
        while any([self._send_slice(batch, stream) for stream in list(self._sending)]):
            pass
        return batch

    def _write_head(self, batch, kind, stream, fields, body=b"", **values):
        program, blobs = self._encoder.encode(fields)
        if body and self._packer and stream.as_blobs:
            blobs, body, values["body_blob"] = [*blobs, body], b"", True
        for data in blobs:
            batch.plain += blob(data)
        batch.main += record(kind, **program, body=body, **values)

    def _send_slice(self, batch, stream):
        """Sends a piece of a body, as much as credit allows; says whether there was one."""
        size = min(len(stream.out), DATA_MAX, stream.send_credit, self._send_credit)
        end, trailers = stream.out_last and size == len(stream.out), stream.out_trailers
        more_room = head_size(trailers) + SLACK if end and trailers else 64
        if not (size or end) or not batch.fits(size + more_room):
            return False
        del self._sending[stream]
        data, stream.out = bytes(stream.out[:size]), stream.out[size:]
        stream.send_credit -= size
        self._send_credit -= size
        last = end and not trailers
        if size and stream.as_blobs and self._packer:
            batch.plain += blob(data)
            batch.main += record("data", id=stream.id, blob=True, end=last)
        elif size or last:
            batch.main += record("data", id=stream.id, bytes=data, end=last)
        if end:
            if trailers:
                self._write_head(batch, "trailers", stream, trailers, id=stream.id)
            self._all_is_said(stream)
        else:
            self._sending[stream] = True  # at the end of the line
        stream.wake()
        return True

    def _all_is_said(self, stream):
        stream.stop_sending()
        self.end_if_complete(stream)

    def _seal(self, batch):
        """Packs a batch and writes its envelope."""
        if not self._packer or not batch.main:
            return self._write_envelope(bytes(batch.plain))
        window, self._packer.window = self._packer.window, None
        packed = self._packer.pack(batch.main)
        self._write_envelope(bytes(batch.plain), bytes(batch.main), packed=packed, window=window)

    def _write_envelope(self, plain, unpacked=b"", **values):
        crc, size = zlib.crc32(unpacked, zlib.crc32(plain)), len(unpacked)
        data = encode("Envelope", plain=plain, unpacked_size=size, crc=crc, **values)
        self._writer.write(varint(len(data)) + data)


def code_name(number):
    return CODES[number] if number < len(CODES) else "INTERNAL"


# ------------------------------------------------------------------------------------ two roles


class ClientLink(Link):
    """The dialer's side."""

    head_kind = "request"
    _last_response = 0

    async def greet(self):
        self.say_hello()
        await self.read_hello()

    async def opened(self):
        """Waits until calls can be made; raises TpError where the link ended before."""
        waits = [asyncio.ensure_future(event.wait()) for event in (self.ready, self.closed)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if not self.ready.is_set():
            why = self.error or TpError("CLOSED", "the connection ended while opening")
            raise TpError(why.code, why.message, "no")
        return self

    def call(self, method, path, fields=(), body=b"", trailers=(), timeout_ms=0, on_info=None,
             one_way=False):
        """Makes a request. `body` is bytes or an async iterator of bytes; `timeout_ms` is for the
        whole exchange, 0 for ever; `on_info(call, status, fields)` is told of informational
        responses. What fails is raised by `head`, `piece` and `read` of the call. Of a `one_way`
        request nothing comes back: wait for its `sent` (W-124)."""
        deadline = clock() + timeout_ms / 1000 if timeout_ms else None
        call = Call(self, method, deadline, on_info)
        call.one_way = call.in_done = one_way
        if self._over.done() or self.leaving or self.peer_leaves or self.last_id >= ID_ENOUGH:
            code = "CLOSED" if self._over.done() else "REFUSED"
            call.fail(TpError(code, "the link takes no further requests", "no"))
            return call
        if timeout_ms:
            loop, late = asyncio.get_running_loop(), "the deadline passed"
            call.timer = loop.call_later(timeout_ms / 1000, call.cancel, "DEADLINE", late)
        try:
            head, trailers = [(":method", method), (":path", path), *fields], list(trailers)
            if one_way and (trailers or not isinstance(body, bytes) or len(body) > BODY_MAX):
                raise TpError("BODY_LIMIT", "a one-way request is one record", "no")
            if call.begin("request", head, body, trailers):
                self.spawn(self._upload(call, body, trailers))
        except TpError as error:
            self.end(call, error)
        return call

    @staticmethod
    async def _upload(call, body, trailers):
        try:
            await call.send_body(body, trailers)
        except Exception as error:  # the call has failed, or the source of its body
            call.cancel("CANCEL", repr(error))

    async def leave(self):
        """Makes no further calls; closes when those under way have ended (W-102)."""
        if not self.leaving and not self._over.done():
            self.leaving = True
            self.say_goaway()
        await self.wait_closed()

    def has_no_use(self):
        return self.leaving or self.peer_last_id is not None

    def may_say(self):
        return len(self.streams) < self.peer.streams or self._heads[0][0].ended

    def number(self, call):
        """Opens the stream of a call that is written now, and gives what its record says of it;
        None where the deadline has passed (W-090)."""
        left = 0
        if call.deadline is not None:
            left = min(math.ceil((call.deadline - clock()) * 1000), 2**32 - 1)
            if left < 1:
                return call.cancel("DEADLINE", "the deadline passed")
        self.last_id += 1
        call.id = self.last_id
        self.streams[call.id] = call
        return {"timeout_ms": left, "one_way": call.one_way}

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
        code, why = code_name(message.code), message.message or "the peer leaves"
        lost = [call for call, *_ in self._heads]
        if message.final:
            lost += [call for id_, call in self.streams.items() if id_ > message.last_id]
        for call in lost:  # W-100, W-101
            self.end(call, TpError("REFUSED" if code == "NO_ERROR" else code, why, "no"))
        if message.final and code != "NO_ERROR":
            self.error = TpError(code, why)
            self.stop()


ONE_WAY = set()  # handlers of one-way requests, which outlive their links (W-126)


class ServerLink(Link):
    """The acceptor's side. `handler(exchange)` answers a request; it is cancelled where nobody
    waits for the answer any more."""

    head_kind = "response"
    _last_response = 0

    def __init__(self, reader, writer, options, handler):
        super().__init__(reader, writer, options)
        self._handler, self._announced, self._final_id = handler, False, None
        self._held, self._completed, self._cancels = 0, 0, Budget(1_000, 33)

    async def greet(self):
        await self.read_hello()
        self.say_hello()

    def admit(self):
        if self.options.expect and not hmac.compare_digest(self.options.expect, self.peer_token):
            raise LinkError("REFUSED", "the token is wrong")  # W-024

    async def leave(self):
        """Leaves in two steps; what was taken is answered (W-102)."""
        if not self.ready.is_set():
            self.stop()
        elif not self._announced and not self._over.done():
            self._announced = True
            self.say_goaway()
            either = asyncio.FIRST_COMPLETED
            await asyncio.wait([self.ping(), self._over], timeout=MOMENT, return_when=either)
            self._final_id = self.last_taken
            self.say_goaway(last_id=self.last_taken, final=True)
            self.leaving = True
        await self.wait_closed()

    def may_say(self):
        return True

    def number(self, exchange):
        """The response's id: 0 where it is one more than that before (W-031)."""
        before, self._last_response = self._last_response, exchange.id
        return {"id": 0 if exchange.id == before + 1 else exchange.id}

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
            if message.one_way and message.more:
                raise StreamError("PROTOCOL", "a one-way request with more")  # W-124
            check_head("request", fields, self.options.limits)
            self.check_body(message, body)
            full = len(self.streams) >= self.options.limits.streams and not one_way
            if full or self._held > BODIES_MAX:
                raise StreamError("REFUSED", "too many streams or bodies")  # W-036
        except StreamError:
            if one_way:
                return  # dropped without a word (W-125)
            raise
        exchange = Exchange(self, id_, fields, message.timeout_ms)
        exchange.arrive(body, False, not message.more)
        exchange.held = len(body)
        self._held += exchange.held
        self.last_taken, loop = id_, asyncio.get_running_loop()
        if one_way:
            exchange.one_way = exchange.ended = True  # for the link (W-124); its handler runs on
            exchange.task = loop.create_task(self._handle(exchange))
            ONE_WAY.add(exchange.task)
            exchange.task.add_done_callback(ONE_WAY.discard)
            if message.timeout_ms:
                exchange.timer = loop.call_later(message.timeout_ms / 1000, exchange.task.cancel)
            return
        self.streams[id_] = exchange
        if message.timeout_ms:
            late = StreamError("DEADLINE", "the deadline passed")
            exchange.timer = loop.call_later(message.timeout_ms / 1000, self.refuse, id_, late)
        exchange.task = loop.create_task(self._handle(exchange))

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
    reader, writer = await asyncio.open_connection(host, port)
    link = ClientLink(reader, writer, options)
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


# ----------------------------------------------------------- the service of docs/implementing.md


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


# ------------------------------------------------------ the client under test, and command line


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
            if call.one_way:
                await call.sent()
                return {"sent": True}
            await call.head()
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
