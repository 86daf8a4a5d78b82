/** What a client sends to make two readers see different requests in the same bytes. */
export interface SmugglingShape {
  readonly name: string;
  /** `###` stands for the number of the shape; what it may be taken for is `GET /smuggled###`. */
  readonly bytes: string;
  /** The body of the one request that it is; undefined for what must be refused. */
  readonly passes: string | undefined;
  /** Whether what stands behind it on its connection is no request. */
  readonly isLast?: boolean;
}

const SMUGGLED = 'GET /smuggled### HTTP/1.1\r\nHost: a\r\n\r\n';
/** A body that hides a request from whoever takes it for chunked. */
const HIDING = `0\r\n\r\n${SMUGGLED}`;
/** A chunked body that hides one from whoever counts. */
const CHUNKED = `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`;
const LENGTH = `Content-Length: ${HIDING.length}`;

/** Every shape, at least 200 of them. */
export const SMUGGLING_SHAPES: readonly SmugglingShape[] = [
  ...transferCodings(),
  ...lengths(),
  ...chunks(),
  ...lineEnds(),
  ...names(),
  ...values(),
  ...hosts(),
  ...requestLines(),
  ...connectionOptions(),
];

function refused(group: string, bytes: string): SmugglingShape {
  return { name: `${group}: ${JSON.stringify(bytes)}`, bytes, passes: undefined };
}

function passed(group: string, bytes: string, body: string): SmugglingShape {
  return { name: `${group}: ${JSON.stringify(bytes)}`, bytes, passes: body };
}

/** A request behind which the connection ends, whatever follows. */
function last(group: string, bytes: string, body: string): SmugglingShape {
  return { ...passed(group, bytes, body), isLast: true };
}

function post(fields: string, body: string): string {
  return `POST /shape### HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`;
}

function get(fields: string): string {
  return `GET /shape### HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`;
}

function transferCodings(): SmugglingShape[] {
  const group = 'transfer coding';
  const wrong = [
    'Transfer-Encoding : chunked',
    'Transfer-Encoding\t: chunked',
    ' Transfer-Encoding: chunked',
    '\tTransfer-Encoding: chunked',
    'Transfer-Encoding: \x0bchunked',
    'Transfer-Encoding: \x0cchunked',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunkedx',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding: identity, chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: gzip',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: chunked, chunked',
    'Transfer-Encoding: chunked,',
    'Transfer-Encoding: , chunked',
    'Transfer-Encoding: "chunked"',
    "Transfer-Encoding: 'chunked'",
    'Transfer-Encoding: chunked;q=1',
    'Transfer-Encoding: chunked\0',
    'Transfer-Encoding: chunked\x7f',
    'Transfer-Encoding: chunk',
    'Transfer-Encoding: chunked chunked',
    'Transfer-Encoding:',
    'Transfer-Encoding\0: chunked',
    'Transfer\0-Encoding: chunked',
    'Transfer-Encoding: chu\r\n nked',
    'Transfer-Encoding:\r\n chunked',
    'Transfer-Encoding:\n chunked',
    'X: y\rTransfer-Encoding: chunked',
    'X: y\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\rX: y',
    'Transfer-Encoding: chunked\r\r',
    'Transfer-Encoding: chunked \t',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'Transfer-Encoding: chunked\r\ntransfer-encoding: x',
  ];
  const right = [
    'Transfer-Encoding: chunked',
    'Transfer-Encoding:chunked',
    'Transfer-Encoding:\tchunked',
    'TRANSFER-ENCODING: CHUNKED',
    'transfer-encoding: cHuNkEd',
  ];
  return [
    ...wrong.map((field) => refused(group, post(field, CHUNKED))),
    ...[...wrong, ...right].flatMap((field) => [
      refused(`${group} and length`, post(`${field}\r\n${LENGTH}`, HIDING)),
      refused(`length and ${group}`, post(`${LENGTH}\r\n${field}`, HIDING)),
    ]),
    ...right.map((field) => passed(group, post(field, CHUNKED), SMUGGLED)),
    // Other names, which mean nothing.
    ...['Transfer_Encoding', 'TransferEncoding', 'X-Transfer-Encoding'].map((name) =>
      passed(group, post(`${name}: chunked\r\n${LENGTH}`, HIDING), HIDING),
    ),
    refused(group, `POST /shape### HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKED}`),
    refused(
      group,
      `POST /shape### HTTP/1.0\r\nTransfer-Encoding: chunked\r\n${LENGTH}\r\n\r\n${HIDING}`,
    ),
  ];
}

function lengths(): SmugglingShape[] {
  const group = 'length';
  const n = HIDING.length;
  const wrong = [
    `+${n}`,
    `-${n}`,
    `${n} ${n}`,
    `${n},${n}`,
    `${n}, ${n}`,
    `0x${n.toString(16)}`,
    `${n}.0`,
    `${n}e0`,
    '',
    `${n};`,
    `${n}\0`,
    `${n}_`,
    `0 ${n}`,
    `${n}x`,
    `\x0b${n}`,
    `${n}\x0c`,
    `"${n}"`,
    '99999999999999999999',
    '18446744073709551621',
    '9007199254740993',
    `${n}\r\n 0`,
    `\r\n ${n}`,
    `${n}\rX: y`,
    `${n}\nX: y`,
    `0, ${n}`,
    '\xb2',
    `0${'0'.repeat(400)}x`,
  ];
  const fields = [
    `Content-Length : ${n}`,
    `Content-Length\t: ${n}`,
    ` Content-Length: ${n}`,
    `\tContent-Length: ${n}`,
    `Content-Length: ${n}\r\nContent-Length: ${n}`,
    `Content-Length: ${n}\r\nContent-Length: 0`,
    `Content-Length: 0\r\nContent-Length: ${n}`,
    `Content-Length: ${n}\r\ncontent-length: 5`,
    `Content-Length\0: ${n}`,
    `X: y\rContent-Length: ${n}`,
    `X: y\nContent-Length: ${n}`,
  ];
  return [
    ...wrong.map((value) => refused(group, post(`Content-Length: ${value}`, HIDING))),
    ...fields.map((field) => refused(group, post(field, HIDING))),
    passed(group, post(`Content-Length: ${n}`, HIDING), HIDING),
    passed(group, post(`Content-Length:${n}`, HIDING), HIDING),
    passed(group, post(`Content-Length: \t${n}\t `, HIDING), HIDING),
    passed(group, post(`Content-Length: 00${n}`, HIDING), HIDING),
    passed(group, post('Content-Length: 0', ''), ''),
    passed(`${group} of GET`, get(LENGTH) + HIDING, HIDING),
    passed(`${group} of OPTIONS`, post(LENGTH, HIDING).replace('POST', 'OPTIONS'), HIDING),
    passed(`${group} of DELETE`, post(LENGTH, HIDING).replace('POST', 'DELETE'), HIDING),
    passed(group, post(`Content_Length: 5\r\n${LENGTH}`, HIDING), HIDING),
  ];
}

function chunks(): SmugglingShape[] {
  const group = 'chunk';
  const chunked = (body: string): string => post('Transfer-Encoding: chunked', body);
  const size = SMUGGLED.length.toString(16);
  const wrong = [
    ` ${size}`,
    `\t${size}`,
    `+${size}`,
    `-${size}`,
    `0x${size}`,
    `${size}h`,
    'g',
    '',
    `${size} x`,
    `${size}\0`,
    `${size},`,
    `;a`,
    `"${size}"`,
    `${size}\x0b`,
    'fffffffffffffffff',
    `1${'0'.repeat(15)}${size}`,
    `${size};a\nb`,
    `${size};a\rb`,
    `${size};a\0b`,
    `${size}\ra`,
    `${size}\r`,
    `${size};"a\n"`,
  ].map((line) => `${line}\r\n${SMUGGLED}\r\n0\r\n\r\n`);
  const ends = [
    `5\nabcde\r\n0\r\n\r\n`,
    '5\r\nabcde0\r\n\r\n',
    '5\r\nabcdef\r\n0\r\n\r\n',
    '5\r\nabcd\r\n0\r\n\r\n',
    '5\r\nabcde\n0\r\n\r\n',
    '5\r\nabcde\r0\r\n\r\n',
    '5\r\nabcde\r\n0\n\r\n',
    '5\r\nabcde\r\n0\n\n',
    '5\r\nabcde\r\n0\r\n\n',
    '5\r\nabcde\r\n0\r\r\n\r\n',
    '5\r\nabcde\n\r0\r\n\r\n',
    '5\r\nabcde\r\n\r\n0\r\n\r\n',
    '\r\n5\r\nabcde\r\n0\r\n\r\n',
    '5;\n\r\nabcde\r\n0\r\n\r\n',
    '0\r\n X: y\r\n\r\n',
    '5\r\nabcde\r\n0\r\nContent-Length: 50\r\n\r\n',
    '5\r\nabcde\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n',
    '0\r\nX : y\r\n\r\n',
    '0\r\nX: y\n\r\n',
    '0\r\nX: y\r\n z\r\n\r\n',
    '0\r\nX: \0\r\n\r\n',
    '0\r\n: y\r\n\r\n',
    '0\r\nnonsense\r\n\r\n',
    '0\r\n\rX: y\r\n\r\n',
  ];
  const right: readonly (readonly [string, string])[] = [
    [`00${CHUNKED}`, SMUGGLED],
    [CHUNKED.toUpperCase().replace(/.*?\r\n/, `${size.toUpperCase()}\r\n`), SMUGGLED.toUpperCase()],
    ['5;a\r\nabcde\r\n0\r\n\r\n', 'abcde'],
    ['5;a=b\r\nabcde\r\n0;c="d"\r\n\r\n', 'abcde'],
    ['1\r\na\r\n1\r\nb\r\n000\r\n\r\n', 'ab'],
    ['0\r\n\r\n', ''],
    ['5\r\nabcde\r\n0\r\nX: y\r\n\r\n', 'abcde'],
    ['5\r\nabcde\r\n0\r\nHost: b\r\n\r\n', 'abcde'],
  ];
  return [
    ...[...wrong, ...ends].map((body) => refused(group, chunked(body))),
    ...right.map(([body, decoded]) => passed(group, chunked(body), decoded)),
  ];
}

function lineEnds(): SmugglingShape[] {
  const group = 'line end';
  return [
    'GET /shape### HTTP/1.1\nHost: a\n\n',
    'GET /shape### HTTP/1.1\nHost: a\r\n\r\n',
    'GET /shape### HTTP/1.1\rHost: a\r\r',
    'GET /shape### HTTP/1.1\r\nHost: a\nX: y\r\n\r\n',
    'GET /shape### HTTP/1.1\r\nHost: a\rX: y\r\n\r\n',
    'GET /shape### HTTP/1.1\r\nHost: a\n\n',
    'GET /shape### HTTP/1.1\r\nHost: a\n\r\n',
    'GET /shape### HTTP/1.1\r\nHost: a\r\n\n',
    'GET /shape### HTTP/1.1\r\nHost: a\r\r\n\r\n',
    'GET /shape### HTTP/1.1\r\nHost: a\r\n\r\r\n',
    'GET /shape### HTTP/1.1\r\r\nHost: a\r\n\r\n',
    'GET /shape### HTTP/1.1\r\n Host: a\r\n\r\n',
    'GET /shape### HTTP/1.1\r\n\tX: y\r\nHost: a\r\n\r\n',
    'GET /shape### HTTP/1.1\r\nHost: a\r\n b\r\n\r\n',
    'GET /shape### HTTP/1.1\r\nHost:\r\n a\r\n\r\n',
    'GET /shape### HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n',
    'GET /shape### HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n',
    'GET /shape### HTTP/1.1\r\nHost: a\r\nX: y\r\n \r\n\r\n',
    `GET /shape### HTTP/1.1\r\nHost: a\r\nX: y\n\n${SMUGGLED}`,
    `GET /shape### HTTP/1.1\r\nHost: a\r\nX: y\r\r${SMUGGLED}`,
    `GET /shape### HTTP/1.1\r\nHost: a\r\nX: y\n\r${SMUGGLED}`,
  ].map((bytes) => refused(group, bytes));
}

function names(): SmugglingShape[] {
  const group = 'name';
  const odd = '"(),/;<=>?@[\\]{} \t\0\x01\x0b\x1f\x7f\x80\xff';
  return [
    ...Array.from(odd, (byte) => refused(group, get(`X${byte}Y: 1`))),
    ...Array.from(odd, (byte) => refused(group, get(`Host${byte}: b`))),
    ...[': 1', 'nonsense', ' : 1', 'X Y', '\xe9: 1', 'X-\u00b5: 1'].map((line) =>
      refused(group, get(line)),
    ),
    passed(group, get('X:Y: 1'), ''),
    passed(group, get("!#$%&'*+-.^_`|~09az: 1"), ''),
    passed(group, get('__proto__: 1\r\nconstructor: 2'), ''),
  ];
}

function values(): SmugglingShape[] {
  const group = 'value';
  const odd = '\0\x01\x02\x07\x08\x0b\x0c\x0e\x1b\x1f\x7f';
  return [
    ...Array.from(odd, (byte) => refused(group, get(`X: a${byte}b`))),
    refused(group, get(`X: a\r${SMUGGLED}`)),
    passed(group, get('X: a\tb \xe9\xff'), ''),
    passed(group, get('X:'), ''),
    passed(group, get('X: GET /smuggled### HTTP/1.1'), ''),
  ];
}

function hosts(): SmugglingShape[] {
  const group = 'host';
  const request = (lines: string): string => `GET /shape### HTTP/1.1\r\n${lines}\r\n`;
  const wrong = [
    'a b',

    'a/b',
    'a?b',
    'a#b',
    'u@a',
    'a:x',
    'a:999999',
    '[::1',
    '::1',
    'a\tb',
    'http://a',
    'a\\b',
    'a"b',
    'a<b',
    'a\x80',
    '[a]',
    'a:80:80',
    '[::1]a',
    'a;b|c',
    'a^b',
    'a`b',
    'a{b}',
  ];
  return [
    ...wrong.map((host) => refused(group, request(`Host: ${host}\r\n`))),
    ...[
      '',
      'X: y\r\n',
      'Host: a\r\nHost: a\r\n',
      'Host: a\r\nHost: b\r\n',
      'Host: a\r\nHOST: b\r\n',
    ].map((lines) => refused(group, request(lines))),
    ...['a', 'a:80', 'a,b', 'a:', '[::1]', '[::1]:80', 'a_b', '127.0.0.1', 'a%20b'].map((host) =>
      passed(group, request(`Host: ${host}\r\n`), ''),
    ),
  ];
}

function requestLines(): SmugglingShape[] {
  const group = 'request line';
  const wrong = [
    'GET\t/shape### HTTP/1.1',
    'GET /shape###\tHTTP/1.1',
    'GET /sh ape### HTTP/1.1',
    'GET /shape### HTTP/1.1 ',
    ' GET /shape### HTTP/1.1',
    'GET /shape###',
    'GET /shape### HTTP/0.9',
    'GET /shape### HTTP/1.2',
    'GET /shape### HTTP/2.0',
    'GET /shape### HTTP/1.10',
    'GET /shape### HTTP/01.1',
    'GET /shape### http/1.1',
    'GET /shape### HTTPS/1.1',
    'GET /shape### HTTP/1,1',
    'GET /shape### HTTP /1.1',
    'get /shape### HTTP/1.1',
    'G@T /shape### HTTP/1.1',
    'GET/shape### HTTP/1.1',
    'GET /shape###\0 HTTP/1.1',
    'GET /shape###\x7f HTTP/1.1',
    'GET shape### HTTP/1.1',
    'GET * HTTP/1.1',
    'GET http:///shape### HTTP/1.1',
    'GET http://a:b/shape### HTTP/1.1',
    'GET http://u@a/shape### HTTP/1.1',
    'GET http:/shape### HTTP/1.1',
    'GET ftp://a/shape### HTTP/1.1',
    'GET http://a b/shape### HTTP/1.1',
    'GET http://a\\b/shape### HTTP/1.1',
    'GET //shape###\rHTTP/1.1',
    'GET /shape###\x0bHTTP/1.1',
    'CONNECT a:80 HTTP/1.1',
    'CONNECT /shape### HTTP/1.1',
    'PRI * HTTP/2.0',
    'HTTP/1.1 200 OK',
    '\0',
    'GET',
    `GET /shape### HTTP/1.1\r\nX: y${'\r\n'.repeat(2)}GET /smuggled###`,
  ];
  return [
    ...wrong.map((line) => refused(group, `${line}\r\nHost: a\r\n\r\n`)),
    passed(group, 'GET  /shape###  HTTP/1.1\r\nHost: a\r\n\r\n', ''),
    passed(group, `\r\n${get('X: y')}`, ''),
    passed(group, `\r\n\r\n${get('X: y')}`, ''),
    passed(group, get('X: y').replace('/shape', 'http://b/shape'), ''),
    passed(group, get('X: y').replace('/shape', 'HTTP://b:81/shape'), ''),
    passed(group, get('X: y').replace('/shape', 'http://[::1]/shape'), ''),
  ];
}

function connectionOptions(): SmugglingShape[] {
  const group = 'connection';
  const counted = (fields: string): string => post(`${fields}\r\n${LENGTH}`, HIDING);
  const chunked = (fields: string): string =>
    post(`${fields}\r\nTransfer-Encoding: chunked`, CHUNKED);
  const options = [
    'Connection: content-length',
    'Connection: host',
    'Connection: transfer-encoding, content-length',
    'Connection: te\r\nTE: trailers, deflate',
    'Keep-Alive: timeout=1',
    'Trailer: Content-Length',
    'X-HTTP-Method-Override: GET',
    'Connection: x\r\nX: Transfer-Encoding',
  ];
  return [
    ...options.map((fields) => passed(group, counted(fields), HIDING)),
    ...options.map((fields) => passed(group, chunked(fields), SMUGGLED)),
    refused(group, counted('Expect: 200-ok')),
    ...['Connection: close', 'Connection: x, close', 'Proxy-Connection: close'].flatMap(
      (fields) => [last(group, counted(fields), HIDING), last(group, chunked(fields), SMUGGLED)],
    ),
    last(group, `POST /shape### HTTP/1.0\r\n${LENGTH}\r\nHost: a\r\n\r\n${HIDING}`, HIDING),
  ];
}
