import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRecorder, type Origin, sendJson } from './recorder.ts';

const WORDS = ['Ein ', 'Satz, ', 'Wort ', 'für ', 'Wort.'];

/** An origin that answers as OpenAI's API does, as far as the program goes. */
export function createFakeOpenai(): Origin {
  let attempts = 0;

  const answer = (req: IncomingMessage, res: ServerResponse, body: Buffer): void => {
    const path = new URL(req.url ?? '', 'http://fake').pathname;
    const ids = { 'x-request-id': 'req_1', 'openai-processing-ms': '5' };
    const reply = (status: number, value: unknown, headers = {}) =>
      sendJson(res, status, value, { ...ids, ...headers });
    if (req.headers.authorization !== 'Bearer the-key') {
      reply(401, {
        error: { message: 'no such key', type: 'invalid_request_error', code: 'invalid_api_key' },
      });
      return;
    }
    const asked: unknown = /json/.test(req.headers['content-type'] ?? '')
      ? JSON.parse(String(body))
      : {};
    const model = hasText(asked, 'model');
    if (model === 'busy') {
      attempts = (attempts + 1) % 3;
      if (attempts > 0) {
        reply(429, { error: { message: 'slow down' } }, { 'retry-after-ms': '1' });
        return;
      }
    }
    if (model === 'broken') reply(500, { error: { message: 'broken' } });
    else if (path === '/v1/chat/completions' && isStreamed(asked)) stream(res, model === 'stalls');
    else if (path === '/v1/chat/completions') reply(200, completion(WORDS.join('')));
    else if (path === '/v1/embeddings') reply(200, embeddings());
    else if (path === '/v1/models')
      reply(200, { object: 'list', data: [{ id: 'm', object: 'model' }] });
    else if (path.startsWith('/v1/models/')) reply(404, { error: { message: 'no such model' } });
    else if (path === '/v1/files') reply(200, { id: 'file_1', object: 'file', bytes: body.length });
    else if (path === '/v1/audio/speech') {
      res.writeHead(200, { ...ids, 'content-type': 'audio/mpeg' });
      for (let i = 0; i < 20; i++) res.write(Buffer.alloc(10_000, i));
      res.end();
    } else if (path === '/v1/fine_tuning/jobs') reply(200, page(req));
    else reply(404, { error: { message: 'no such path' } });
  };

  return createRecorder(answer, (req) =>
    req.headers['x-answer'] === 'never' ? () => {} : undefined,
  );
}

/** Server-sent events, each written by itself. */
function stream(res: ServerResponse, stalls: boolean): void {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const word of WORDS) {
    const choices = [{ index: 0, delta: { content: word }, finish_reason: null }];
    res.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', choices })}\n\n`);
  }
  if (!stalls) res.end('data: [DONE]\n\n');
}

function completion(content: string): object {
  const message = { role: 'assistant', content };
  return {
    id: 'c',
    object: 'chat.completion',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
  };
}

function embeddings(): object {
  const floats = Buffer.from(new Float32Array([0.5, -0.25, 1]).buffer).toString('base64');
  return { object: 'list', data: [{ object: 'embedding', index: 0, embedding: floats }] };
}

/** One of three pages. */
function page(req: IncomingMessage): object {
  const after = new URL(req.url ?? '', 'http://fake').searchParams.get('after');
  const at = after === null ? 0 : Number(after.slice(1)) + 1;
  return { object: 'list', data: [{ id: `j${at}`, object: 'fine_tuning.job' }], has_more: at < 2 };
}

function isStreamed(asked: unknown): boolean {
  return typeof asked === 'object' && asked !== null && 'stream' in asked && asked.stream === true;
}

function hasText(asked: unknown, name: string): string {
  if (typeof asked !== 'object' || asked === null) return '';
  const value: unknown = Reflect.get(asked, name);
  return typeof value === 'string' ? value : '';
}
