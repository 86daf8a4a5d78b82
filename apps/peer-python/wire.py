"""What stands on the wire of tp, version 1: messages, heads and windows. Bytes in, records out.

Written from docs/protocol.md with nothing but the standard library. Numbers such as W-031 name the
document's rules.
"""

import dataclasses
import http
import re
import zlib
from collections import namedtuple
from types import SimpleNamespace

# ---------------------------------------------------------------------------------------- words

PREFACE = b"\xf4tp/1\r\n\0"  # W-007
HELLO_MAX, BODY_MAX, DATA_MAX = 16_384, 65_536, 16_384  # bytes, W-009, W-040, W-041
DEFLATE = 1  # of Codec; this peer has no other
PROCESSED = ("maybe", "no", "yes")
CODES = (
    "NO_ERROR PROTOCOL INTERNAL FLOW_CONTROL COMPRESSION DECOMPRESSION_LIMIT CHECKSUM REFUSED"
    " CANCEL DEADLINE TIMEOUT OVERLOADED ENHANCE_YOUR_CALM HEAD_LIMIT BODY_LIMIT BODY_LENGTH"
    " UPSTREAM UNREACHABLE"
).split()


def code_name(number):
    return CODES[number] if number < len(CODES) else "INTERNAL"


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


# ------------------------------------------------------------------------------------- messages

# Of each message its fields: number, name, type. A type with a capital is a message, one with a
# star is repeated. Fields inside a Record are its kinds.
HEAD = "1:id:uint 2:block:uint 3:ops:uint* 4:text:bytes* 5:keep:uint"
SCHEMA = {}
for line in f"""
    Envelope 1:plain:bytes 2:packed:bytes 3:unpacked_size:uint 4:crc:fixed32 -
        5:window:WindowStart 6:window_id:uint
    WindowStart 1:codec:uint 2:window_log:uint
    Batch 1:records:bytes*
    Record 1:request:bytes 2:response:bytes 3:data:bytes 4:trailers:bytes 5:credit:bytes -
        6:cancel:bytes 7:ping:bytes 8:pong:bytes 9:goaway:bytes 10:hello:bytes 11:blob:bytes
    Request {HEAD} 6:body:bytes 7:more:bool 8:body_blob:bool 9:timeout_ms:uint 10:one_way:bool
    Response {HEAD} 6:body:bytes 7:more:bool 8:body_blob:bool
    Data 1:id:uint 2:bytes:bytes 3:end:bool 4:blob:bool
    Trailers {HEAD}
    Credit 1:id:uint 2:bytes:uint
    Cancel 1:id:uint 2:code:uint 3:processed:uint 4:message:string
    Ping 1:token:uint
    Pong 1:token:uint
    Goaway 1:last_id:uint 2:code:uint 3:message:string 4:final:bool
    Hello 1:version:uint 2:codecs:CodecOffer* 3:limits:Limits 4:features:uint* 5:checksum:bool -
        6:agent:string 7:token:bytes
    CodecOffer 1:codec:uint 2:window_log:uint
    Limits 1:batch_packed:uint 2:batch_unpacked:uint 3:table_bytes:uint 4:streams:uint -
        5:stream_window:uint 6:link_window:uint 7:head_bytes:uint 8:fields:uint 9:windows:uint
""".replace("-\n", "").strip().splitlines():
    message_name, *entries = line.split()
    SCHEMA[message_name] = {int(n): (name, t) for n, name, t in (e.split(":") for e in entries)}

KIND_NUMBERS = {name: number for number, (name, _) in SCHEMA["Record"].items()}
VARINT, LENGTH, FIXED32 = 0, 2, 5
WIRE_TYPES = {"uint": VARINT, "uint*": VARINT, "bool": VARINT, "fixed32": FIXED32}
NOTHING = {"uint": 0, "bool": False, "bytes": b"", "string": ""}
READ = {
    "bool": bool,
    "string": lambda value: value.decode("utf-8", "replace")[:1024],  # W-006
    "fixed32": lambda value: int.from_bytes(value, "little"),
}


def read_varint(data, at, longest=5):
    """The integer at `at`, and where it ends (W-001)."""
    value = 0
    for i in range(longest):
        if at + i >= len(data):
            raise LinkError("PROTOCOL", "a message ends inside an integer")
        value |= (data[at + i] & 127) << 7 * i
        if data[at + i] < 128 and (longest > 5 or value < 2**32):
            return value, at + i + 1
    raise LinkError("PROTOCOL", "an integer is too large or too long")


def decode(kind, data, glitch):
    """A message with all its fields, of which `said` names those that stand there. Of one that
    stands twice the last counts; `glitch` is called for each that is unknown (W-001 to W-005)."""
    message, at = SimpleNamespace(said=[]), 0
    for name, type_ in SCHEMA[kind].values():
        setattr(message, name, [] if type_[-1] == "*" else NOTHING.get(type_))
    while at < len(data):
        tag, at = read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        name, type_ = SCHEMA[kind].get(number, (None, ""))
        if wire == VARINT:
            value, at = read_varint(data, at, 5 if name else 10)
        else:
            size = {1: 8, FIXED32: 4}.get(wire, -1)
            if wire == LENGTH:
                size, at = read_varint(data, at)
            value, at = data[at : at + size], at + size
            if size < 0 or at > len(data):
                raise LinkError("PROTOCOL", f"a broken field in {kind}")
        many = type_ == "uint*" and wire == LENGTH  # packed, as protobuf calls it (W-003)
        if number == 0 or (name and wire != WIRE_TYPES.get(type_, LENGTH) and not many):
            raise LinkError("PROTOCOL", f"field {number} of {kind} cannot be so")
        if name is None:
            glitch()
            continue
        message.said.append(name)
        if type_[0].isupper():
            value = decode(type_.rstrip("*"), value, glitch)
        values, inner = [], 0
        while many and inner < len(value):
            number, inner = read_varint(value, inner)
            values.append(number)
        if type_[-1] == "*":
            getattr(message, name).extend(values if many else [value])
        else:
            setattr(message, name, READ.get(type_, lambda same: same)(value))
    return message


def decode_record(data, glitch):
    """The kind of a record and its bytes; None and nothing for an unknown one."""
    found = decode("Record", data, glitch)
    if len(found.said) > 1:
        raise LinkError("PROTOCOL", "a record with two kinds")
    if not data:
        glitch()
    return (found.said[0], getattr(found, found.said[0])) if found.said else (None, b"")


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


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


# ---------------------------------------------------------------------------------------- heads

Name = namedtuple("Name", "name")
Field = namedtuple("Field", "name value")
Part = namedtuple("Part", "name value kept secret")  # of a head; kept: fixed, where it is a block
Block = namedtuple("Block", "parts")
PSEUDO = (":method", ":path", ":status", ":reason")
# Operations of programs and fills: the lowest two bits, or the whole integer (section 6).
FIELD, VALUE, STORE = 0, 1, 2
LITERAL, NAME, SECRET, SECRET_STORE, DROP = 3, 7, 11, 15, 19
TEXT, BLOB, BLOB_STORE = 1, 3, 7


def cost(entry):
    """The size of what a slot holds (W-051)."""
    if isinstance(entry, Block):
        return 32 + sum(32 + len(part.name) + len(part.value) for part in entry.parts)
    return 32 + sum(map(len, entry))


class HeadDecoder:
    """The table of the direction that comes, and what runs head programs over it."""

    def __init__(self, limits):
        self._limit, self._most, self._size = limits.table_bytes, 4 * limits.head_bytes, 0
        self._slots = {slot: Name(name) for slot, name in enumerate(PSEUDO)}

    def _get(self, slot, *kinds):
        if not isinstance(self._slots.get(slot), kinds):
            raise LinkError("COMPRESSION", f"slot {slot} does not hold what is asked for")
        return self._slots[slot]

    def _put(self, slot, entry):
        if slot <= 3 or slot * 32 >= self._limit:
            raise LinkError("COMPRESSION", f"nothing can be stored in slot {slot}")  # W-052
        if slot in self._slots:
            self._drop(slot)
        self._slots[slot], self._size = entry, self._size + cost(entry)
        if self._size > self._limit:
            raise LinkError("COMPRESSION", "the table is larger than agreed")

    def _drop(self, slot):
        if slot <= 3 or slot not in self._slots:
            raise LinkError("COMPRESSION", f"slot {slot} cannot be emptied")  # W-065
        self._size -= cost(self._slots.pop(slot))

    def run(self, message, take_blob):
        """The fields of a head, pseudo fields too, as pairs of name and value; each byte of them
        is a character (W-006). Runs to the end whatever the head is (W-059)."""
        self._ops, texts = iter(message.ops), iter(message.text)
        self._text = lambda: self._next(texts).decode("latin-1")
        self._blob = lambda: take_blob().decode("latin-1")
        self._parts, self._head_size = [], 0
        if message.block and message.keep:
            raise LinkError("PROTOCOL", "keep with block")  # W-058
        if message.block:
            self._fill(self._get(message.block, Block).parts, bool(message.ops))
        else:
            self._program()
        if next(texts, None) is not None:
            raise LinkError("PROTOCOL", "a head leaves texts over")  # W-055
        if message.keep:  # a hole's value is not kept
            parts = (part if part.kept else part._replace(value="") for part in self._parts)
            self._put(message.keep, Block(tuple(parts)))
        return [(part.name, part.value) for part in self._parts]

    @staticmethod
    def _next(source):
        for value in source:
            return value
        raise LinkError("PROTOCOL", "a head wants more than there is")

    def _number(self):
        return self._next(self._ops)

    def _add(self, name, value, kept=False, secret=False):
        self._head_size += len(name) + len(value) + 32
        if self._head_size > self._most:
            raise LinkError("HEAD_LIMIT", "a head four times as large as agreed")  # W-063
        self._parts.append(Part(name, value, kept, secret))

    def _store(self, slot, name, value):
        self._add(name, value, kept=True)
        self._put(slot, Field(name, value))

    def _program(self):
        name = lambda slot: self._get(slot, Name, Field).name
        for op in self._ops:
            if op & 3 == FIELD:
                self._add(*self._get(op >> 2, Field), kept=True)
            elif op & 3 == VALUE:
                self._add(name(op >> 2), self._text())
            elif op & 3 == STORE:
                self._store(self._number(), name(op >> 2), self._text())
            elif op == LITERAL:
                self._add(self._text(), self._text())
            elif op == NAME:
                self._put(self._number(), Name(self._text()))
            elif op == SECRET:
                self._add(name(self._number()), self._blob(), secret=True)
            elif op == SECRET_STORE:
                secret = name(self._number())
                self._store(self._number(), secret, self._blob())
            elif op == DROP:
                self._drop(self._number())
            else:
                raise LinkError("PROTOCOL", f"unknown operation {op}")  # W-055

    def _fill(self, parts, written):
        """W-057. A part that is not kept is a hole."""
        for part in parts:
            if part.kept:
                self._add(part.name, part.value, kept=True)
                continue
            fill = self._next_fill() if written else BLOB if part.secret else TEXT
            if fill == TEXT:
                self._add(part.name, self._text())
            elif fill == BLOB:
                self._add(part.name, self._blob())
            elif fill == BLOB_STORE:
                self._store(self._number(), part.name, self._blob())
            elif fill is not None and fill & 3 == STORE:
                self._store(fill >> 2, part.name, self._text())
            elif fill is not None and fill & 3 == FIELD:
                field = self._get(fill >> 2, Field)
                if field.name != part.name:
                    raise LinkError("COMPRESSION", "a fill with another name")  # W-058
                self._add(*field)
            else:
                raise LinkError("PROTOCOL", f"unknown or missing fill {fill}")
        if self._next_fill() is not None:
            raise LinkError("PROTOCOL", "too many fills")

    def _next_fill(self):
        """The next fill that is not a DROP, None behind the last (W-067)."""
        for fill in self._ops:
            if fill != DROP:
                return fill
            self._drop(self._number())


def encode_head(fields, secrets):
    """The program of a head, all of it written out, and the blobs that stand before its record:
    the values of secrets, whose names go by slot 4, one after the other (W-060)."""
    ops, texts, blobs = [], [], []
    for name, value in fields:
        if name in PSEUDO:
            ops, texts = [*ops, PSEUDO.index(name) << 2 | VALUE], [*texts, value]
        elif name.lower() in secrets:
            ops, texts, blobs = [*ops, NAME, 4, SECRET, 4], [*texts, name], [*blobs, value]
        else:
            ops, texts = [*ops, LITERAL], [*texts, name, value]
    texts, blobs = ([text.encode("latin-1") for text in some] for some in (texts, blobs))
    return {"ops": ops, "text": texts}, blobs


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
    if head_size(fields) > limits.head_bytes or len(rest) > limits.fields:
        raise StreamError("HEAD_LIMIT", "the head is too large")
    for name, value in fields:
        if len(name) > 256 or len(value) > (8_192 if name == ":path" else 16_384):
            raise StreamError("HEAD_LIMIT", "a name or value is too long")
    if pseudo not in STARTS[kind] or any(name in PSEUDO for name, _ in rest):
        raise StreamError("PROTOCOL", f"this is not how a head of {kind} starts")
    legal = all(LEGAL_PSEUDO[name](value) for name, value in fields[: len(pseudo)])
    if not legal or not all(IS_TOKEN(name) and IS_VALUE(value) for name, value in rest):
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
    return method == "HEAD" or status in (204, 304)  # W-116


def usual_phrase(status):
    return http.HTTPStatus(status).phrase if status in set(http.HTTPStatus) else ""


# -------------------------------------------------------------------------------------- windows


class Packer:
    """The window of the direction that goes (W-070, W-073)."""

    def __init__(self, window_log):
        self.window = encode("WindowStart", codec=DEFLATE, window_log=window_log)
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -window_log)

    def pack(self, data):
        return self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


class Unpacker:
    """The window of the direction that comes."""

    def __init__(self, offers):
        self._offers, self._inflate = offers, None

    def start(self, window):
        """Starts a window, as large as declared (W-071, W-072); says whether there was another."""
        if not 9 <= window.window_log <= self._offers.get(window.codec, 0):
            raise LinkError("COMPRESSION", "a window that was not offered")
        before, self._inflate = self._inflate, zlib.decompressobj(-window.window_log)
        return before is not None

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
