import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  HttpException,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Redirect,
  Req,
  Res,
  UploadedFiles,
  UseInterceptors,
} from '@nestjs/common';
import { AnyFilesInterceptor } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import {
  bareError,
  COOKIE_EXPIRES,
  LARGE_LIST,
  LAST_MODIFIED,
  PROSE,
  type UploadedFile,
  uploaded,
} from '../content.ts';
import { decorate } from './decorate.ts';

/** What is answered whole. */
export class Resources {
  hello() {
    return 'hello';
  }

  post(user: string, post: string) {
    return { user, post };
  }

  tree(parameters: unknown) {
    return parameters;
  }

  query(query: unknown) {
    return query;
  }

  url({ originalUrl }: Request) {
    return { url: originalUrl };
  }

  about({ protocol, secure, hostname, host, ip, ips, httpVersion }: Request) {
    return { protocol, secure, hostname, host, ip, ips, httpVersion };
  }

  content(res: Response) {
    res.format({ html: () => res.send('<p>hello</p>'), json: () => res.json({ hello: true }) });
  }

  json(body: unknown) {
    return { received: body };
  }

  form(body: unknown) {
    return { received: body };
  }

  upload(body: object, files: readonly UploadedFile[]) {
    return uploaded(body, files);
  }

  early() {
    throw new HttpException({ error: 'too much' }, 413);
  }

  put(body: unknown) {
    return { put: body };
  }

  patch(body: unknown) {
    return { patched: body };
  }

  empty() {
    return '';
  }

  gone() {}

  setCookies(res: Response) {
    res.cookie('plain', 'a b', { path: '/' });
    res.cookie('strict', '1', { expires: COOKIE_EXPIRES, httpOnly: true, sameSite: 'strict' });
    res.cookie('user', 'ann', { signed: true, path: '/' });
    res.clearCookie('old');
    return { set: 4 };
  }

  cookies({ cookies, signedCookies }: Request) {
    return { plain: { ...cookies }, signed: { ...signedCookies } };
  }

  redirect() {}

  moved() {}

  attachment(res: Response) {
    res.attachment('prices €.txt');
    return '1 €';
  }

  tagged() {
    return { tagged: true };
  }

  dated() {
    return 'dated';
  }

  prose() {
    return PROSE;
  }

  large() {
    return LARGE_LIST;
  }

  reason(res: Response) {
    res.statusMessage = 'Quite Fine';
    return 'reasoned';
  }

  fields(res: Response) {
    res.append('X-Many', '1').append('X-Other', 'between').append('X-Many', '2');
    res.vary('Accept').vary('Origin');
    return {};
  }

  fail() {
    throw bareError('thrown');
  }

  async reject() {
    await Promise.resolve();
    throw bareError('rejected');
  }

  refuse() {
    throw new HttpException('short and stout', 418);
  }
}

const { prototype } = Resources;
const text = Header('Content-Type', 'text/plain; charset=utf-8');
const passing = Res({ passthrough: true });

Controller()(Resources);
decorate(prototype, 'hello', [Get('hello'), text]);
decorate(prototype, 'post', [Get('users/:user/posts/:post')], [Param('user'), Param('post')]);
decorate(prototype, 'tree', [Get('tree/*path')], [Param()]);
decorate(prototype, 'query', [Get('query')], [Query()]);
decorate(prototype, 'url', [Get('raw/*path')], [Req()]);
decorate(prototype, 'about', [Get('about')], [Req()]);
decorate(prototype, 'content', [Get('content')], [Res()]);
decorate(prototype, 'json', [Post('json')], [Body()]);
decorate(prototype, 'form', [Post('form'), HttpCode(200)], [Body()]);
decorate(
  prototype,
  'upload',
  [Post('upload'), HttpCode(200), UseInterceptors(AnyFilesInterceptor())],
  [Body(), UploadedFiles()],
);
decorate(prototype, 'early', [Post('early')]);
decorate(prototype, 'put', [Put('item')], [Body()]);
decorate(prototype, 'patch', [Patch('item')], [Body()]);
decorate(prototype, 'empty', [Get('empty')]);
decorate(prototype, 'gone', [Delete('item'), HttpCode(204)]);
decorate(prototype, 'setCookies', [Get('cookies/set')], [passing]);
decorate(prototype, 'cookies', [Get('cookies')], [Req()]);
decorate(prototype, 'redirect', [Get('redirect'), Redirect('/hello')]);
decorate(prototype, 'moved', [Get('moved'), Redirect('https://other.example/a?b=ü', 301)]);
decorate(prototype, 'attachment', [Get('attachment')], [passing]);
decorate(prototype, 'tagged', [Get('tagged')]);
decorate(prototype, 'dated', [
  Get('dated'),
  text,
  Header('Last-Modified', LAST_MODIFIED.toUTCString()),
]);
decorate(prototype, 'prose', [Get('compressed'), text]);
decorate(prototype, 'large', [Get('large')]);
decorate(prototype, 'reason', [Get('reason')], [passing]);
decorate(prototype, 'fields', [Get('fields'), Header('x-MiXeD', 'CaSe')], [passing]);
decorate(prototype, 'fail', [Get('throw')]);
decorate(prototype, 'reject', [Get('reject')]);
decorate(prototype, 'refuse', [Get('refuse')]);
