import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeEnvelope, portableBytes, sealPlain } from './index.ts';
import { batches, uint32 } from './test/arbitrary.ts';
import { again, oracle } from './test/oracle.ts';
import { bytesOf, newEncoder, Pipe, say } from './test/records.ts';

const TABLES = [0, 64, 192, 512, 4096, 65_536];

describe('protobufjs as the oracle', () => {
  test.each([false, true])(
    'what is encoded is what protobufjs encodes, and decodes as it went in (inline %s)',
    (inline) => {
      fc.assert(
        fc.property(batches, fc.constantFrom(...TABLES), (all, tableBytes) => {
          const secretsFit = inline || tableBytes > 192;
          const pipe = new Pipe({ tableBytes }, inline);
          for (const batch of all) {
            const sent = batch.filter((said) => secretsFit || !('fields' in said));
            for (const [index, said] of sent.entries()) say(pipe.encoder, said, index % 3 === 0);
            const { said, records, blobs } = pipe.flush();
            expect(said).toEqual(sent);
            expect(again(oracle.batch, records)).toEqual(records);
            expect(again(oracle.batch, blobs)).toEqual(blobs);
            if (inline) expect(blobs).toHaveLength(0);
          }
          expect(pipe.sink.flaws).toEqual([]);
        }),
        { numRuns: 250 },
      );
    },
  );

  test('envelopes are what protobufjs encodes', () => {
    const lane = fc.option(fc.uint8Array({ minLength: 1, maxLength: 300 }), { nil: undefined });
    const window = fc.record({
      codec: fc.constantFrom('none' as const, 'deflate' as const, 'zstd' as const),
      windowLog: fc.nat(30),
    });
    fc.assert(
      fc.property(
        fc.record({
          plain: lane,
          packed: lane,
          unpackedSize: uint32,
          crc: fc.option(uint32, { nil: undefined }),
          window: fc.option(window, { nil: undefined }),
          windowId: uint32,
        }),
        (envelope) => {
          const bytes = encodeEnvelope(envelope, portableBytes);
          const reader = oracle.envelope.decodeDelimited(bytes);
          expect(Uint8Array.from(oracle.envelope.encodeDelimited(reader).finish())).toEqual(bytes);
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([0, 1, 126, 127, 128, 16_382, 16_383, 16_384, 70_000])(
    'a sealed batch with a body of %i bytes is what protobufjs encodes',
    (length) => {
      for (const checksum of [false, true]) {
        const encoder = newEncoder({ inline: true });
        encoder.data(1, bytesOf('x'.repeat(length)), true);
        const sealed = sealPlain(encoder.records, portableBytes, checksum);
        const read = oracle.envelope.decodeDelimited(sealed);
        expect(Uint8Array.from(oracle.envelope.encodeDelimited(read).finish())).toEqual(
          Uint8Array.from(sealed),
        );
        encoder.reset();
      }
    },
  );
});
