import { bodyMutants } from './bodies.ts';
import { byteMutants } from './bytes.ts';
import { clientMutants } from './client.ts';
import { compressionMutants } from './compression.ts';
import { envelopeMutants } from './envelope.ts';
import { headMutants } from './heads.ts';
import { leavingMutants } from './leaving.ts';
import { lifeMutants } from './life.ts';
import { limitMutants } from './limits.ts';
import type { Mutant } from './mutant.ts';
import { openingMutants } from './opening.ts';
import { secretMutants } from './secrets.ts';
import { streamMutants } from './streams.ts';
import { tableMutants } from './table.ts';

/** Every mutant, those of servers first, in the order of docs/protocol.md. */
export const mutants: readonly Mutant[] = [
  ...byteMutants,
  ...openingMutants,
  ...limitMutants,
  ...envelopeMutants,
  ...tableMutants,
  ...headMutants,
  ...secretMutants,
  ...streamMutants,
  ...bodyMutants,
  ...compressionMutants,
  ...lifeMutants,
  ...leavingMutants,
  ...clientMutants,
];
