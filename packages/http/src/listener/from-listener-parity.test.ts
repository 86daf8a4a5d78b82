import { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import {
  type Asked,
  endToEnd,
  type LoggedListener,
  type Observed,
  overAgent,
  overHttp,
  overTp,
} from '../test/observe.ts';

/** One behaviour of a listener: the same over each, and what it is at least, so that nothing passes empty. */
interface Behaviour {
  readonly name: string;
  readonly asked?: Asked;
  readonly listener: LoggedListener;
  readonly expected: Partial<Observed>;
}

const big = Buffer.alloc(5 * 1024 * 1024, 'abcdefgh');
const megabyte = Buffer.alloc(1024 * 1024, '0123456789');

const behaviours: Behaviour[] = [
  {
    name: 'ends at once with text and an implicit head',
    listener: (_req, res) => void res.end('grüße'),
    expected: { status: 200, reason: 'OK', body: Buffer.from('grüße').toString('latin1') },
  },
  {
    name: 'keeps the case and order of fields, and sends arrays as repeated fields',
    listener: (_req, res) => {
      res.setHeader('X-B', '1');
      res.setHeader('sEt-CooKie', ['a=1', 'b=2']);
      res.setHeader('x-A', ['2', '3']);
      res.end();
    },
    expected: {
      headers: [
        'X-B',
        '1',
        'sEt-CooKie',
        'a=1',
        'sEt-CooKie',
        'b=2',
        'x-A',
        '2',
        'x-A',
        '3',
        'Content-Length',
        '0',
      ],
    },
  },
  {
    name: 'takes the fields of writeHead as a flat list with repetitions',
    listener: (_req, res) => {
      res.writeHead(201, ['Z', '1', 'a', '2', 'Z', '3']);
      res.end('x');
    },
    expected: { status: 201, headers: ['Z', '1', 'a', '2', 'Z', '3'] },
  },
  {
    name: 'joins set fields with those of writeHead',
    listener: (_req, res) => {
      res.setHeader('x-one', '1');
      res.writeHead(200, { 'x-two': '2', 'Content-Length': 2 });
      res.end('ok');
    },
    expected: { headers: ['x-one', '1', 'x-two', '2', 'Content-Length', '2'], body: 'ok' },
  },
  {
    name: 'keeps a reason of its own',
    listener: (_req, res) => void res.writeHead(200, 'Quite Fine').end(),
    expected: { reason: 'Quite Fine' },
  },
  {
    name: 'takes statusCode and statusMessage as properties',
    listener: (_req, res) => {
      res.statusCode = 404;
      res.statusMessage = 'Gone Fishing';
      res.end('no');
    },
    expected: { status: 404, reason: 'Gone Fishing', body: 'no' },
  },
  {
    name: 'names an unknown status as Node does',
    listener: (_req, res) => void res.writeHead(299).end(),
    expected: { status: 299, reason: 'unknown' },
  },
  {
    name: 'trims blanks around the value of a field',
    listener: (_req, res) => {
      res.setHeader('x-blank', ' \ta b\t ');
      res.end();
    },
    expected: { headers: ['x-blank', 'a b', 'Content-Length', '0'] },
  },
  {
    name: 'carries values of ISO 8859-1',
    listener: (_req, res) => {
      res.setHeader('x-latin', 'caf\u00e9\u00a0');
      res.end(Buffer.from('b'));
    },
    expected: { headers: ['x-latin', 'caf\u00e9\u00a0', 'Content-Length', '1'] },
  },
  {
    name: 'writes several times in one turn',
    listener: (_req, res) => {
      res.write('one,');
      res.write(Buffer.from('two,'));
      res.write('3,', 'latin1');
      res.end('four');
    },
    expected: { body: 'one,two,3,four' },
  },
  {
    name: 'writes over several turns',
    listener: (_req, res) => {
      res.write('one,');
      setImmediate(() => {
        res.write('two,');
        setImmediate(() => res.end('three'));
      });
    },
    expected: { body: 'one,two,three', headers: [] },
  },
  {
    name: 'writes while corked',
    listener: (_req, res) => {
      res.cork();
      res.write('a');
      res.write('b');
      setImmediate(() => {
        res.uncork();
        res.end('c');
      });
    },
    expected: { body: 'abc' },
  },
  {
    name: 'writes text in other encodings',
    listener: (_req, res) => {
      res.write('00ff', 'hex');
      res.write('aGk=', 'base64');
      res.end('\u00e9', 'latin1');
    },
    expected: { body: '\x00\xffhi\xe9' },
  },
  {
    name: 'sends the head when it is flushed, and the body later',
    listener: (_req, res, log) => {
      res.setHeader('x-early', '1');
      res.flushHeaders();
      log('sent', res.headersSent);
      setImmediate(() => setImmediate(() => res.end('late')));
    },
    expected: { body: 'late', headers: ['x-early', '1'], log: ['sent true'] },
  },
  {
    name: 'has no body for HEAD, whatever is written, and keeps its content-length',
    asked: { method: 'HEAD' },
    listener: (_req, res, log) => {
      res.writeHead(200, { 'content-length': '1000' });
      log(res.write('ignored'));
      res.end('ignored');
      res.on('finish', () => log('finish'));
    },
    expected: { body: '', headers: ['content-length', '1000'], log: ['true', 'finish'] },
  },
  {
    name: 'has no body for HEAD with an implicit head over several turns',
    asked: { method: 'HEAD' },
    listener: (_req, res) => {
      res.flushHeaders();
      setImmediate(() => res.end('ignored'));
    },
    expected: { status: 200, body: '' },
  },
  {
    name: 'has no body with 204',
    listener: (_req, res) => void res.writeHead(204, { 'x-a': '1' }).end('ignored'),
    expected: { status: 204, body: '', headers: ['x-a', '1'] },
  },
  {
    name: 'has no body with 304, and keeps its etag',
    listener: (_req, res) => void res.writeHead(304, { etag: '"1"' }).end('ignored'),
    expected: { status: 304, body: '', headers: ['etag', '"1"'] },
  },
  {
    name: 'sends trailers that were announced, behind a whole body',
    listener: (_req, res) => {
      res.setHeader('Trailer', 'X-Sum');
      res.write('data');
      res.addTrailers({ 'X-Sum': '42' });
      res.end();
    },
    expected: { body: 'data', headers: ['Trailer', 'X-Sum'], trailers: ['X-Sum', '42'] },
  },
  {
    name: 'sends trailers that were not announced, behind a streamed body',
    listener: (_req, res) => {
      res.write('data');
      setImmediate(() => {
        res.addTrailers([
          ['X-Sum', '42'],
          ['x-other', 'a b'],
        ]);
        res.end();
      });
    },
    expected: { body: 'data', trailers: ['X-Sum', '42', 'x-other', 'a b'] },
  },
  {
    name: 'drops trailers where the length was declared',
    listener: (_req, res) => {
      res.setHeader('Content-Length', '4');
      res.write('data');
      res.addTrailers({ 'X-Sum': '42' });
      res.end();
    },
    expected: { body: 'data', trailers: [] },
  },
  {
    name: 'throws where Trailer is announced with a declared length',
    listener: (_req, res, log) => {
      try {
        res.writeHead(200, { Trailer: 'x', 'Content-Length': '2' });
      } catch (error) {
        log(codeOf(error));
      }
      res.removeHeader('Trailer');
      res.end('ok');
    },
    expected: { body: 'ok', log: ['ERR_HTTP_TRAILER_INVALID'] },
  },
  {
    name: 'tells a client that expects 100-continue to go on',
    asked: { method: 'POST', headers: ['Expect', '100-continue'], body: [Buffer.from('b')] },
    listener: (req, res) => void req.resume().on('end', () => res.end('done')),
    expected: { information: [[100, []]], body: 'done' },
  },
  {
    name: 'answers another expectation with 417, without the listener',
    asked: { headers: ['Expect', 'the-unexpected'] },
    listener: (_req, res, log) => {
      log('called');
      res.end();
    },
    expected: { status: 417, body: '' },
  },
  {
    name: 'sends early hints',
    listener: (_req, res, log) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload', 'X-Hint': '1' }, () => log('hinted'));
      res.end('page');
    },
    expected: {
      information: [[103, ['Link', '</a.css>; rel=preload', 'X-Hint', '1']]],
      body: 'page',
      log: ['hinted'],
    },
  },
  {
    name: 'says that it is processing, twice',
    listener: (_req, res) => {
      res.writeProcessing();
      setImmediate(() => {
        res.writeProcessing();
        res.end('done');
      });
    },
    expected: {
      information: [
        [102, []],
        [102, []],
      ],
      body: 'done',
    },
  },
  {
    name: 'is held back by a client that reads slower than it writes, and told to go on',
    listener: (_req, res, log) => {
      const accepted = res.write(big);
      log('accepted', accepted, res.writableNeedDrain);
      res.once('drain', () => {
        log('drain', res.writableNeedDrain, res.writableLength);
        res.end('!');
      });
    },
    expected: { body: `${big.toString('latin1')}!`, log: ['accepted false true', 'drain false 0'] },
  },
  {
    name: 'calls the callbacks of writes in order, and the one of end last',
    listener: (_req, res, log) => {
      res.write('1', () => log('first'));
      res.write('2', () => log('second'));
      res.end('3', () => log('end'));
    },
    expected: { log: ['first', 'second', 'end'] },
  },
  {
    name: 'can be the end of a pipeline',
    listener: (_req, res, log) => {
      pipeline(Readable.from([megabyte, megabyte]), res).then(
        () => log('piped'),
        () => log('failed'),
      );
    },
    expected: { body: Buffer.concat([megabyte, megabyte]).toString('latin1'), log: ['piped'] },
  },
  {
    name: 'can be piped into after it was held back once',
    listener: (_req, res) => {
      res.write(megabyte);
      res.once('drain', () => Readable.from([Buffer.from('rest')]).pipe(res));
    },
    expected: { body: `${megabyte.toString('latin1')}rest` },
  },
  {
    name: 'echoes a request by piping it',
    asked: { method: 'POST', body: [megabyte, Buffer.from('end')] },
    listener: (req, res) => void req.pipe(res),
    expected: { body: `${megabyte.toString('latin1')}end` },
  },
  {
    name: 'reads a request by events, with a text encoding',
    asked: { method: 'PUT', path: '/a?b=c', body: [Buffer.from('grü'), Buffer.from('ße')] },
    listener: (req, res, log) => {
      let text = '';
      req.setEncoding('utf8');
      req.on('data', (piece: string) => {
        text += piece;
      });
      req.on('end', () => {
        log(req.method, req.url, text, 'complete', req.complete);
        res.end();
      });
    },
    expected: { log: ['PUT /a?b=c grüße complete true'] },
  },
  {
    name: 'reads a request as an async iterable, and its trailers after it',
    asked: {
      method: 'POST',
      headers: ['Trailer', 'X-Sum'],
      body: [Buffer.from('ab'), Buffer.from('cd')],
      trailers: { 'X-Sum': '42' },
    },
    listener: async (req, res, log) => {
      let text = '';
      for await (const piece of req) text += String(piece);
      log(text, req.rawTrailers, req.trailers, req.trailersDistinct);
      res.end();
    },
    expected: { log: ['abcd ["X-Sum","42"] {"x-sum":"42"} {"x-sum":["42"]}'] },
  },
  {
    name: 'sees the end of a request without a body',
    listener: (req, res, log) => {
      req.on('data', () => log('data'));
      req.on('end', () => {
        log('end', req.complete);
        res.end();
      });
    },
    expected: { log: ['end true'] },
  },
  {
    name: 'sees the fields of a request exactly, and joined as Node joins them',
    asked: {
      headers: [
        ...['HOST', 'a.example', 'X-Many', '1', 'x-many', '2', 'Cookie', 'a=1', 'cookie', 'b=2'],
        ...['Set-Cookie', 's=1', 'Set-Cookie', 's=2', 'Accept', 'a/b', 'accept', 'c/d'],
        ...['User-Agent', 'first', 'User-Agent', 'second', 'Referer', 'r1', 'referer', 'r2'],
        ...['__proto__', 'p', 'constructor', 'c', 'constructor', 'd', 'hasOwnProperty', 'h'],
      ],
    },
    listener: (req, res, log) => {
      log(endToEnd(req.rawHeaders));
      const { connection: _, ...headers } = req.headers;
      log(headers, Object.getPrototypeOf(req.headers) === Object.prototype);
      const { connection: __, ...distinct } = req.headersDistinct;
      log(distinct);
      res.end();
    },
    expected: {},
  },
  {
    name: 'sees by its fields that a request has a body of unknown length',
    asked: { method: 'POST', headers: ['X-A', '1'], body: [Buffer.from('b')] },
    listener: (req, res, log) => {
      log(req.rawHeaders.slice(0, 4), req.headers['transfer-encoding']);
      req.resume().on('end', () => res.end());
    },
    expected: { log: ['["X-A","1","Transfer-Encoding","chunked"] chunked'] },
  },
  {
    name: 'sees by its fields that a request has a body of known length',
    asked: { method: 'POST', headers: ['Content-Length', '1'], body: [Buffer.from('b')] },
    listener: (req, res, log) => {
      log(req.headers['content-length'], 'transfer-encoding' in req.headers);
      req.resume().on('end', () => res.end());
    },
    expected: { log: ['1 false'] },
  },
  {
    name: 'sees by its fields that a request has no body',
    asked: { headers: ['X-A', '1'] },
    listener: (req, res, log) => {
      log('content-length' in req.headers, 'transfer-encoding' in req.headers);
      res.end();
    },
    expected: { log: ['false false'] },
  },
  {
    name: 'sees what HTTP/1.1 requests have',
    listener: (req, res, log) => {
      log(req.httpVersion, req.httpVersionMajor, req.httpVersionMinor, res.req === req);
      log(req.socket === res.socket, req.socket === req.connection);
      log(req.socket.remoteAddress, req.socket.remoteFamily, typeof req.socket.remotePort);
      log(req.destroyed, req.readableEnded, req.aborted, res.headersSent, res.writableEnded);
      res.end();
    },
    expected: {},
  },
  {
    name: 'finishes and closes in that order',
    asked: { method: 'POST', body: [Buffer.from('x')] },
    listener: (req, res, log) => {
      req.on('end', () => log('request end'));
      req.on('close', () => log('request close'));
      res.on('finish', () => log('finish', res.writableFinished));
      res.on('close', () => log('close', res.writableFinished, res.destroyed));
      req.resume();
      req.on('close', () => res.end('done'));
    },
    expected: { log: ['request end', 'request close', 'finish true', 'close true true'] },
  },
  {
    name: 'closes a request that nobody has read',
    listener: (req, res, log) => {
      req.on('aborted', () => log('aborted'));
      req.on('close', () => log('request close', req.complete));
      res.end('done');
    },
    expected: { log: ['request close true'] },
  },
  {
    name: 'fails the client when it destroys the response in mid-body',
    listener: (_req, res, log) => {
      res.on('close', () => log('close', res.writableFinished));
      res.write('partial', () => setImmediate(() => setImmediate(() => res.destroy())));
    },
    expected: { failed: true, status: 200, log: ['close false'] },
  },
  {
    name: 'fails the client when it destroys the response before the head',
    listener: (req, res, log) => {
      res.on('close', () => log('close', req.socket.destroyed));
      res.destroy();
    },
    expected: { failed: true, status: 0, log: ['close true'] },
  },
  {
    name: 'fails the client when it destroys the request',
    asked: { method: 'POST', body: [megabyte] },
    listener: (req, res, log) => {
      req.on('aborted', () => log('aborted'));
      res.on('close', () => log('close'));
      req.destroy();
    },
    expected: { failed: true, log: ['aborted', 'close'] },
  },
  {
    name: 'hears of a client that leaves in mid-response',
    asked: { leave: 'at body' },
    listener: (req, res, log) => {
      req.on('aborted', () => log('aborted', req.aborted));
      req.on('error', (error) => log('error', error.message, codeOf(error)));
      res.on('close', () => {
        log('close', res.writableFinished, res.destroyed, req.destroyed, req.socket.destroyed);
      });
      res.write('partial');
    },
    expected: {
      failed: true,
      body: 'partial',
      log: ['aborted true', 'close false true true true', 'error aborted ECONNRESET'],
    },
  },
  {
    name: 'sees every write fail once the client has left',
    asked: { leave: 'at head' },
    listener: (_req, res, log) => {
      res.flushHeaders();
      res.on('close', () => log('written', res.write('more')));
    },
    expected: { failed: true, log: ['written false'] },
  },
  {
    name: 'refuses to write after the end',
    listener: (_req, res, log) => {
      res.on('error', (error) => log(codeOf(error)));
      res.end('done');
      res.write('more');
    },
    expected: { body: 'done', log: ['ERR_STREAM_WRITE_AFTER_END'] },
  },
  {
    name: 'refuses a field once the head was sent, and what may not stand in one',
    listener: (_req, res, log) => {
      const attempts = [
        () => res.setHeader('x', 'a\r\nb: c'),
        () => res.setHeader('not a token', '1'),
        () => {
          res.flushHeaders();
          res.setHeader('x', '1');
        },
      ];
      for (const attempt of attempts) {
        try {
          attempt();
        } catch (error) {
          log(codeOf(error));
        }
      }
      res.end();
    },
    expected: { log: ['ERR_INVALID_CHAR', 'ERR_INVALID_HTTP_TOKEN', 'ERR_HTTP_HEADERS_SENT'] },
  },
  {
    name: 'holds a response to its declared length when it is asked to',
    listener: (_req, res, log) => {
      res.strictContentLength = true;
      res.setHeader('Content-Length', '2');
      try {
        res.end('too long');
      } catch (error) {
        log(codeOf(error));
        res.destroy();
      }
    },
    expected: { failed: true, log: ['ERR_HTTP_CONTENT_LENGTH_MISMATCH'] },
  },
  {
    name: 'bears every setting of a socket',
    listener: (req, res, log) => {
      req.setTimeout(60_000);
      res.setTimeout(60_000);
      req.socket.setNoDelay(true).setKeepAlive(true).unref().ref();
      req.socket.setTimeout(0);
      req.socket.pause();
      req.socket.resume();
      res.end('fine');
      log('alive');
    },
    expected: { body: 'fine', log: ['alive'] },
  },
  {
    name: 'is told when its time is up',
    listener: (_req, res, log) => {
      res.setTimeout(5, () => {
        log('timeout');
        res.end('late');
      });
    },
    expected: { body: 'late', log: ['timeout'] },
  },
  {
    name: 'is closed when its time is up and it does not care',
    listener: (req, res, log) => {
      res.on('close', () => log('close'));
      req.socket.setTimeout(5);
    },
    expected: { failed: true, log: ['close'] },
  },
];

test.each(behaviours)('a listener $name', async ({ listener, asked = {}, expected }) => {
  const [http, tp, agent] = await Promise.all([
    overHttp(listener, asked),
    overTp(listener, asked),
    overAgent(listener, asked),
  ]);
  expect(http).toMatchObject(expected);
  expect(tp).toEqual(http);
  expect(agent, 'through the agent').toEqual(http);
});

test.each(behaviours)(
  'a listener behind a framework that gives request and response prototypes of its own $name',
  async ({ listener, asked = {}, expected }) => {
    const [http, tp] = await Promise.all([
      overHttp(withOwnPrototypes(listener), asked),
      overTp(withOwnPrototypes(listener), asked),
    ]);
    expect(http).toMatchObject(expected);
    expect(tp).toEqual(http);
  },
);

/** As Express does it. */
function withOwnPrototypes(listener: LoggedListener): LoggedListener {
  return (req, res, log) => {
    Object.setPrototypeOf(req, Object.create(IncomingMessage.prototype));
    Object.setPrototypeOf(res, Object.create(ServerResponse.prototype));
    return listener(req, res, log);
  };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
