import type { ServerCase } from '../case.ts';
import { bodies } from './bodies.ts';
import { byteCases } from './bytes.ts';
import { compression } from './compression.ts';
import { edges } from './edges.ts';
import { envelope } from './envelope.ts';
import { floods } from './floods.ts';
import { leavingCases } from './goaway.ts';
import { growth } from './growth.ts';
import { isolated } from './isolated.ts';
import { legalHeads } from './legal-heads.ts';
import { life } from './life.ts';
import { oneWay } from './one-way.ts';
import { opening } from './opening.ts';
import { order } from './order.ts';
import { programs } from './programs.ts';
import { secrets } from './secrets.ts';
import { streams } from './streams.ts';
import { switching } from './switching.ts';
import { table } from './table.ts';
import { token } from './token.ts';

/** Every case for servers, in the order of docs/protocol.md. */
export const serverCases: readonly ServerCase[] = [
  ...byteCases,
  ...opening,
  ...token,
  ...envelope,
  ...order,
  ...table,
  ...programs,
  ...secrets,
  ...legalHeads,
  ...streams,
  ...oneWay,
  ...switching,
  ...bodies,
  ...compression,
  ...isolated,
  ...life,
  ...floods,
  ...leavingCases,
  ...growth,
  ...edges,
];
