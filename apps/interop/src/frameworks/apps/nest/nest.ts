import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { fromListener, type RequestListener } from '@tp/http';
import compression from 'compression';
import cookieParser from 'cookie-parser';
import express, { type NextFunction, type Request, type Response } from 'express';
import { Journal } from '../../journal.ts';
import type { CreateApp } from '../app.ts';
import { COOKIE_SECRET } from '../content.ts';
import { portOf } from '../node-server.ts';
import { Resources } from './resources.ts';
import { Streams } from './streams.ts';

/** Nest 12 on Express, with the usual middleware of that. */
export const createNestApp: CreateApp = async ({ journal, files }) => {
  class Shop {}
  Module({
    controllers: [Resources, Streams],
    providers: [{ provide: Journal, useValue: journal }],
  })(Shop);
  const app = await NestFactory.create<NestExpressApplication>(Shop, {
    logger: false,
    forceCloseConnections: true,
  });
  app.use((req: Request, _res: Response, next: NextFunction) => {
    journal.request(req.method, req.originalUrl, req.rawHeaders);
    next();
  });
  app.use('/cookies', cookieParser(COOKIE_SECRET));
  app.use('/compressed', compression());
  app.use('/item', express.text());
  app.useStaticAssets(files, { prefix: '/static' });
  return {
    async listen() {
      await app.listen(0, '127.0.0.1');
      return portOf(app.getHttpServer());
    },
    async overTp() {
      await app.init();
      const listener: RequestListener = app.getHttpAdapter().getInstance();
      return fromListener(listener);
    },
    close: () => app.close(),
  };
};
