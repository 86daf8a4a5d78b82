import { mkdirSync, writeFileSync } from 'node:fs';
import { vectorFiles } from './files.ts';

/* Writes the files of vectors: `npm run vectors -w @tp/wire`. */
const folder = new URL('../../../vectors/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, text] of vectorFiles()) writeFileSync(new URL(name, folder), text);
