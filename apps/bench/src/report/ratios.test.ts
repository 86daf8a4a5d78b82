import { describe, expect, it } from 'vitest';
import { bytesRatios } from '../suites/bytes-ratios.ts';
import { e2eRatios } from '../suites/e2e-ratios.ts';
import type { Result } from './report.ts';

const time = (system: string, name: string, codec: Result['codec'], nsPerOp: number): Result => ({
  system,
  case: name,
  ...(codec === undefined ? {} : { codec }),
  nsPerOp,
});

describe('e2eRatios', () => {
  it('takes httpteleport at its fastest and tp with its default codec', () => {
    const name = 'rtb/compressed/1000';
    const ratios = e2eRatios([
      time('tp', name, 'zstd', 1000),
      time('tp', name, 'deflate', 500),
      time('httpteleport', name, 'flate', 9000),
      time('httpteleport', `${name}/delay-1ms`, 'flate', 8000),
      time('httpteleport', `${name}/delay-1ms`, 'snappy', 4000),
      time('httpteleport', `${name}/tls`, 'snappy', 1),
    ]);
    expect(ratios).toEqual([
      { name: 'rtb/compressed/1000 vs httpteleport', value: 4, higherIsBetter: true },
      { name: 'rtb/compressed/1000 vs httpteleport-flate', value: 8, higherIsBetter: true },
      { name: 'rtb/compressed/1000 vs httpteleport-snappy', value: 4, higherIsBetter: true },
    ]);
  });

  it('states the distance to the floor as our time over its time', () => {
    const ratios = e2eRatios([
      time('tp', 'get/none/1000', 'none', 900),
      time('tp-floor', 'get/none/1000', 'none', 600),
    ]);
    expect(ratios).toEqual([
      { name: 'get/none/1000 vs tp-floor', value: 1.5, higherIsBetter: false },
    ]);
  });

  it('leaves out what was not measured', () => {
    expect(e2eRatios([time('tp', 'get/none/1000', 'none', 900)])).toEqual([]);
  });
});

describe('bytesRatios', () => {
  it('divides HTTP/1.1 by ours, and ours by httpteleport-flate, in batches of 64', () => {
    const wire = (system: string, name: string, wireBytesPerOp: number): Result => ({
      system,
      case: name,
      ...(system === 'tp'
        ? { codec: 'zstd' }
        : system === 'httpteleport'
          ? { codec: 'flate' }
          : {}),
      wireBytesPerOp,
    });
    expect(
      bytesRatios([
        wire('http1', 'rtb', 2400),
        wire('httpteleport', 'rtb/batch-64', 500),
        wire('tp', 'rtb/batch-64', 400),
        wire('tp', 'rtb/batch-8', 1),
      ]),
    ).toEqual([
      { name: 'rtb bytes vs http1', value: 6, higherIsBetter: true },
      { name: 'rtb bytes vs httpteleport-flate', value: 0.8, higherIsBetter: false },
    ]);
  });
});
