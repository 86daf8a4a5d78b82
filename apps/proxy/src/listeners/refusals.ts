import type { Refusal } from './front-head.ts';

/** What is refused alike over HTTP/1.1 and over HTTP/2. */
export const NO_CONNECT: Refusal = {
  status: 501,
  code: 'PROTOCOL',
  why: 'this is no forward proxy: there is no CONNECT',
};

/** RFC 9110 section 10.1.1. */
export const NO_EXPECTATION: Refusal = {
  status: 417,
  code: 'PROTOCOL',
  why: '100-continue is the only expectation known here',
};
