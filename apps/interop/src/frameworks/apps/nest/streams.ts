import { Readable } from 'node:stream';
import {
  Controller,
  Get,
  Header,
  HttpCode,
  Inject,
  type MessageEvent,
  Post,
  Req,
  Res,
  Sse,
  StreamableFile,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { finalize, from, type Observable } from 'rxjs';
import { Journal } from '../../journal.ts';
import {
  bareError,
  breakingDownload,
  forever,
  largeDownload,
  measure,
  partial,
  receive,
} from '../content.ts';
import { noteLeaving } from '../node-server.ts';
import { decorate } from './decorate.ts';

/** What is read and answered piece by piece. */
export class Streams {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  echo(req: Request, res: Response) {
    res.type(req.get('content-type') ?? 'bin');
    return new StreamableFile(req);
  }

  measure(req: Request) {
    return measure(req);
  }

  async later(req: Request) {
    await this.#journal.until('the client is held back');
    return measure(req);
  }

  async trailersOf(req: Request) {
    await measure(req);
    return { raw: req.rawTrailers, joined: req.trailers };
  }

  download() {
    return new StreamableFile(largeDownload(this.#journal));
  }

  break() {
    return new StreamableFile(breakingDownload(this.#journal));
  }

  async throwLate(res: Response) {
    res.write('begun');
    await this.#journal.until('the client has the head');
    throw bareError('thrown late');
  }

  events(): Observable<MessageEvent> {
    const gone = finalize<MessageEvent>(() => this.#journal.note('the client is gone'));
    return from(this.#messages()).pipe(gone);
  }

  next() {
    this.#journal.note('the next event is asked for');
  }

  async wait(res: Response) {
    noteLeaving(res, this.#journal);
    this.#journal.note('the handler waits');
    await forever();
  }

  partial(res: Response) {
    noteLeaving(res, this.#journal);
    return new StreamableFile(Readable.from(partial()));
  }

  receive(req: Request) {
    return receive(req, this.#journal);
  }

  trailers(res: Response) {
    res.set('Trailer', 'X-Sum').type('text');
    res.write('summed');
    res.addTrailers({ 'X-Sum': '42', 'x-Case': 'kept' });
    res.end();
  }

  hints(res: Response) {
    res.writeEarlyHints({ link: ['</a.css>; rel=preload', '</b.js>; rel=preload'] });
    return 'hinted';
  }

  async *#messages(): AsyncGenerator<MessageEvent> {
    yield { type: 'greeting', data: 'first' };
    await this.#journal.until('the next event is asked for');
    yield { data: 'second', id: '2' };
    await forever();
  }
}

const { prototype } = Streams;
const text = Header('Content-Type', 'text/plain; charset=utf-8');
const passing = Res({ passthrough: true });

Controller()(Streams);
Inject(Journal)(Streams, undefined, 0);
decorate(prototype, 'echo', [Post('echo'), HttpCode(200)], [Req(), passing]);
decorate(prototype, 'measure', [Post('measure'), HttpCode(200)], [Req()]);
decorate(prototype, 'later', [Post('later'), HttpCode(200)], [Req()]);
decorate(prototype, 'trailersOf', [Post('trailers'), HttpCode(200)], [Req()]);
decorate(prototype, 'download', [Get('download')]);
decorate(prototype, 'break', [Get('break')]);
decorate(prototype, 'throwLate', [Get('throw/late'), text], [passing]);
decorate(prototype, 'events', [Sse('events')]);
decorate(prototype, 'next', [Post('events/next'), HttpCode(204)]);
decorate(prototype, 'wait', [Get('wait')], [passing]);
decorate(prototype, 'partial', [Get('partial'), text], [passing]);
decorate(prototype, 'receive', [Post('receive')], [Req()]);
decorate(prototype, 'trailers', [Get('trailers')], [Res()]);
decorate(prototype, 'hints', [Get('hints'), text], [passing]);
