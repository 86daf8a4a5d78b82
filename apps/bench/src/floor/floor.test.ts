import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runSystem } from '../systems/run.ts';
import { openFloor } from './floor.ts';
import { FrameReader, FrameWriter } from './frames.ts';

it('reads the frames that were written, wherever the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 30 }),
      (payloads, cut) => {
        const writer = new FrameWriter();
        for (const [id, payload] of payloads.entries()) {
          expect(writer.add(id, payload)).toBe(id === 0);
        }
        const stream = Buffer.from(writer.take());
        const read: string[] = [];
        const reader = new FrameReader((id, bytes, start, end) => {
          read.push(`${id} ${bytes.toString('hex', start, end)}`);
        });
        for (let at = 0; at < stream.length; at += cut) reader.push(stream.subarray(at, at + cut));
        expect(read).toEqual(
          payloads.map((payload, id) => `${id} ${Buffer.from(payload).toString('hex')}`),
        );
      },
    ),
  );
});

it('answers every caller and counts the bytes of each call', async () => {
  const floor = await openFloor();
  const sample = await runSystem(floor, 20, 0.02);
  await floor.close();
  expect(sample.ops).toBeGreaterThanOrEqual(20);
  expect((sample.wireBytes ?? 0) / sample.ops).toBe(286);
});
