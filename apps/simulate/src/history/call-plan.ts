import type { WindowChoice } from '@tp/transport';
import type { Random } from '../world/random.ts';

/** A body that is sent piece by piece. */
export interface BodyPlan {
  readonly how: 'whole' | 'stream';
  readonly bytes: number;
  readonly pieceBytes: number;
  /** Between two pieces, in ms. */
  readonly gapMs: number;
  /** The source throws before this byte; undefined when it does not. */
  readonly failsAt: number | undefined;
  readonly trailers: boolean;
  /** Whether the head says how long it is. */
  readonly declared: boolean;
}

/** What the handler does with a call. */
export interface AnswerPlan {
  /**
   * `plain` reads the request, then answers; `early` answers without reading; `echo` sends back what
   * comes; `throw` fails; `refuse` says that nothing was done; `hold` does nothing until it is told to stop.
   */
  readonly kind: 'plain' | 'early' | 'echo' | 'throw' | 'refuse' | 'hold';
  readonly status: number;
  /** How long the handler takes, in ms. */
  readonly delayMs: number;
  /** 1xx heads before the answer. */
  readonly informs: number;
  /** Between two reads of the request's body, in ms. */
  readonly readGapMs: number;
  readonly body: BodyPlan | undefined;
}

/** What the caller does with the answer's body. */
export interface ReaderPlan {
  /** `whole` takes it at once; `pieces` one by one; `leave` goes before the end; `forget` never looks. */
  readonly kind: 'whole' | 'pieces' | 'leave' | 'forget';
  readonly gapMs: number;
  /** For `leave`: the bytes after which it goes. */
  readonly leaveAfter: number;
}

/** A body that goes with its head has at most so many bytes (W-040). */
const MAX_INLINE = 65_536;

/** One call of a history: everything about it is known before it is made. */
export interface CallPlan {
  readonly id: number;
  /** When, in virtual ms from the start of the history. */
  readonly at: number;
  /** Which client makes it. */
  readonly client: number;
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE' | 'POST' | 'PATCH';
  readonly upload: BodyPlan | undefined;
  readonly answer: AnswerPlan;
  readonly reader: ReaderPlan;
  readonly deadlineMs: number | undefined;
  /** The caller loses interest after that, in ms. */
  readonly abortAfterMs: number | undefined;
  /** The request wants no answer. */
  readonly oneWay: boolean;
  /** What the caller says of it; undefined leaves that to the method. */
  readonly idempotent: boolean | undefined;
  /** A second attempt is sent after that, in ms; undefined leaves that to the client. */
  readonly hedgeAfterMs: number | undefined;
  /** The compression windows of the request and of the answer; undefined leaves them to the peers. */
  readonly windows: readonly [up: WindowChoice | undefined, down: WindowChoice | undefined];
  /** Fields beside those that every call has. */
  readonly fields: readonly string[];
}

/** What calls of a history may be. */
export interface CallStyle {
  readonly clients: number;
  /** Calls are made within this, in ms. */
  readonly spanMs: number;
  /** Only calls that must succeed. */
  readonly gentle: boolean;
  /** The longest body, in bytes. */
  readonly mostBytes: number;
}

/** Whether a call may be handled more than once (RFC 9110 section 9.2.2). */
export function mayRepeat({ method, idempotent, oneWay }: CallPlan): boolean {
  return !oneWay && (idempotent ?? (method !== 'POST' && method !== 'PATCH'));
}

/** Whether the answer's head is followed by a body. */
export function hasBody({ method, answer }: CallPlan): boolean {
  return method !== 'HEAD' && answer.status !== 204 && answer.status !== 304;
}

/** Draws a call. */
export function drawCall(id: number, random: Random, style: CallStyle): CallPlan {
  const plan = drawRequest(id, random, style);
  return random.chance(0.07) ? asOneWay(plan) : plan;
}

function drawRequest(id: number, random: Random, style: CallStyle): CallPlan {
  const { gentle, spanMs, clients } = style;
  const method = random.pick([
    'GET',
    'GET',
    'GET',
    'POST',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'HEAD',
  ]);
  const takesBody = method === 'POST' || method === 'PUT' || method === 'PATCH';
  const upload = takesBody && random.chance(0.9) ? drawBody(random, style) : undefined;
  const answer = drawAnswer(random, style, upload);
  const reader = drawReader(random, style);
  const needsTime = answer.kind === 'hold' || reader.kind === 'forget';
  const abortAfterMs =
    !gentle && random.chance(answer.kind === 'hold' ? 0.5 : 0.1)
      ? random.scale(0.2, 4_000)
      : undefined;
  const wantsDeadline = !gentle && random.chance(0.3);
  return {
    id,
    // Some come together, so that batches form.
    at: random.chance(0.5) ? random.unit() * spanMs : (random.whole(0, 8) / 9) * spanMs,
    client: random.whole(0, clients - 1),
    method,
    upload,
    answer,
    reader,
    deadlineMs:
      wantsDeadline || (needsTime && abortAfterMs === undefined)
        ? random.scale(1, 5_000)
        : undefined,
    abortAfterMs,
    oneWay: false,
    idempotent: random.chance(0.1) ? random.chance(0.5) : undefined,
    hedgeAfterMs: random.chance(0.2) ? random.scale(1, 1_000) : undefined,
    windows: [drawWindow(random), random.chance(0.8) ? undefined : drawWindow(random)],
    fields: drawFields(id, random),
  };
}

/** The same call as one that wants no answer. */
function asOneWay(plan: CallPlan): CallPlan {
  const { upload, answer } = plan;
  const whole = {
    how: 'whole',
    bytes: Math.min(upload?.bytes ?? 0, MAX_INLINE),
    failsAt: undefined,
    trailers: false,
  } as const;
  return {
    ...plan,
    oneWay: true,
    upload: upload === undefined ? undefined : { ...upload, ...whole },
    answer: { ...answer, kind: answer.kind === 'hold' ? 'plain' : answer.kind, informs: 0 },
  };
}

function drawBody(random: Random, { mostBytes, gentle }: CallStyle): BodyPlan {
  const bytes = random.chance(0.1) ? 0 : Math.round(random.scale(1, mostBytes));
  const how = random.chance(0.5) ? 'whole' : 'stream';
  const isLong = bytes > 20_000;
  return {
    how,
    bytes,
    pieceBytes: Math.max(isLong ? 2_000 : 50, Math.round(random.scale(100, 60_000))),
    gapMs: random.chance(0.5) ? 0 : random.scale(0.01, isLong ? 20 : 200),
    failsAt: !gentle && how === 'stream' && random.chance(0.1) ? random.whole(0, bytes) : undefined,
    trailers: how === 'stream' && random.chance(0.3),
    declared: random.chance(0.4),
  };
}

function drawAnswer(random: Random, style: CallStyle, upload: BodyPlan | undefined): AnswerPlan {
  const kind = style.gentle
    ? random.pick(['plain', 'plain', 'plain', 'early', 'echo'])
    : random.pick(['plain', 'plain', 'plain', 'plain', 'early', 'echo', 'throw', 'refuse', 'hold']);
  const isEcho = kind === 'echo' && upload !== undefined && upload.failsAt === undefined;
  return {
    kind: kind === 'echo' && !isEcho ? 'plain' : kind,
    status: isEcho ? 200 : random.pick([200, 200, 200, 201, 404, 503, 204, 304]),
    delayMs: random.chance(0.5) ? 0 : random.scale(0.05, 1_500),
    informs: random.chance(0.1) ? random.whole(1, 3) : 0,
    readGapMs: random.chance(0.8) ? 0 : random.scale(0.1, 30),
    body: isEcho ? undefined : random.chance(0.85) ? drawBody(random, style) : undefined,
  };
}

function drawReader(random: Random, { gentle }: CallStyle): ReaderPlan {
  return {
    kind: gentle
      ? random.pick(['whole', 'pieces'])
      : random.pick(['whole', 'whole', 'pieces', 'pieces', 'pieces', 'leave', 'forget']),
    gapMs: random.chance(0.6) ? 0 : random.scale(0.1, 60),
    leaveAfter: Math.round(random.scale(1, 40_000)),
  };
}

function drawWindow(random: Random): WindowChoice | undefined {
  if (random.chance(0.7)) return undefined;
  if (random.chance(0.2)) return random.pick(['shared', 'off']);
  return { isolated: `tenant ${random.whole(1, 5)}` };
}

function drawFields(id: number, random: Random): string[] {
  const fields = ['user-agent', 'simulate', 'X-Tenant', `t${id % 3}`];
  if (random.chance(0.3)) fields.push('authorization', `Bearer ${id % 4}-${'s'.repeat(id % 40)}`);
  if (random.chance(0.3)) fields.push('X-Trace', `${id}${random.whole(0, 2 ** 30)}`);
  if (random.chance(0.1)) fields.push('x-tenant', 'twice', 'empty', '');
  if (random.chance(0.05)) fields.push('x-long', 'l'.repeat(random.whole(1, 3_000)));
  return fields;
}
