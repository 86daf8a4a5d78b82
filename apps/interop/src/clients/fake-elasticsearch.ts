import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createRecorder, type Origin, sendJson } from './recorder.ts';

/** By this the client knows that it talks to Elasticsearch. */
const PRODUCT = { 'x-elastic-product': 'Elasticsearch' };
const JSON_TYPE = 'application/vnd.elasticsearch+json; compatible-with=9';

/** An origin that answers as Elasticsearch does, as far as the program goes: documents of one index. */
export function createFakeElasticsearch(): Origin {
  const documents = new Map<string, unknown>();
  let attempts = 0;

  const answer = (req: IncomingMessage, res: ServerResponse, sent: Buffer): void => {
    const { pathname } = new URL(req.url ?? '', 'http://fake');
    const body = req.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    const [, index = '', endpoint = '', id = ''] = pathname.split('/');
    const reply = (status: number, value: unknown) => send(req, res, status, value);
    if (pathname === '/') {
      reply(200, {
        name: 'fake',
        version: { number: '9.5.1', build_flavor: 'default' },
        tagline: 'You Know, for Search',
      });
    } else if (index === 'broken') {
      reply(500, { error: { type: 'fake_exception', reason: 'broken' }, status: 500 });
    } else if (index === 'other') {
      sendJson(res, 200, {});
    } else if (index === 'busy') {
      attempts = (attempts + 1) % 3;
      reply(attempts === 0 ? 200 : 503, { count: attempts });
    } else if (index === '_bulk') {
      const lines = String(body).trimEnd().split('\n');
      const items = lines
        .filter((_, i) => i % 2 === 0)
        .map((_, i) => ({ index: { _id: String(i), status: 201 } }));
      reply(200, { took: 1, errors: false, items });
    } else if (endpoint === '_search') {
      const hits = Array.from({ length: 50 }, (_, i) => ({
        _id: String(i),
        _source: { text: `Treffer ${i}` },
      }));
      reply(200, {
        took: 1,
        timed_out: false,
        hits: { total: { value: 50, relation: 'eq' }, hits },
      });
    } else if (endpoint === '_count') {
      reply(200, { count: documents.size });
    } else if (endpoint === '_update') {
      reply(200, { _index: index, _id: id, result: 'updated' });
    } else if (endpoint !== '_doc') {
      reply(404, { error: { type: 'index_not_found_exception' }, status: 404 });
    } else if (req.method === 'PUT' || req.method === 'POST') {
      documents.set(id, JSON.parse(String(body)));
      reply(201, { _index: index, _id: id === '' ? 'made' : id, result: 'created' });
    } else if (req.method === 'DELETE') {
      reply(documents.delete(id) ? 200 : 404, { _index: index, _id: id, result: 'deleted' });
    } else {
      const found = documents.get(id);
      reply(found === undefined ? 404 : 200, {
        _index: index,
        _id: id,
        found: found !== undefined,
        _source: found,
      });
    }
  };

  return createRecorder(answer, (req) => (req.url?.startsWith('/never') ? () => {} : undefined));
}

function send(req: IncomingMessage, res: ServerResponse, status: number, value: unknown): void {
  if (req.method === 'HEAD') {
    res.writeHead(status, { ...PRODUCT, 'content-type': JSON_TYPE }).end();
  } else if (/\bgzip\b/.test(req.headers['accept-encoding'] ?? '')) {
    res.writeHead(status, { ...PRODUCT, 'content-type': JSON_TYPE, 'content-encoding': 'gzip' });
    res.end(gzipSync(JSON.stringify(value)));
  } else {
    sendJson(res, status, value, { ...PRODUCT, 'Content-Type': JSON_TYPE });
  }
}
