import { Fields } from './fields.ts';

/** The head of a request: what stands before its body. */
export class RequestHead {
  readonly method: string;
  /** The request target as in the request line. */
  readonly path: string;
  readonly fields: Fields;

  constructor(method: string, path: string, fields: Fields = Fields.empty) {
    this.method = method;
    this.path = path;
    this.fields = fields;
  }
}

/** The head of a response. */
export class ResponseHead {
  /** 100 to 599. */
  readonly status: number;
  readonly fields: Fields;
  /** The reason phrase where it differs from the usual one, else empty. */
  readonly reason: string;

  constructor(status: number, fields: Fields = Fields.empty, reason = '') {
    this.status = status;
    this.fields = fields;
    this.reason = reason;
  }
}
