import { type BatchEncoder, RequestHead, type ResponseHead } from '@tp/wire';

/** What one record carries: a head, and the whole body if there is one. */
export interface Message {
  readonly head: RequestHead | ResponseHead;
  readonly body: Uint8Array | undefined;
}

/** Writes a message into the batch at hand, without a deadline. */
export function writeMessage(encoder: BatchEncoder, id: number, { head, body }: Message): void {
  if (head instanceof RequestHead) encoder.request(id, head, body, false, 0);
  else encoder.response(id, head, body, false);
}
