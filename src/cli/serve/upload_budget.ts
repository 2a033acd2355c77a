/** Keeps the bodies of all requests together within a budget of memory. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServiceError } from './service_error.js';

/** Bytes of all bodies at a time. */
const BUDGET = 1 << 29;

export class UploadBudget {
  readonly #largest: number;
  #held = 0;

  /** @param largest most bytes of a body: one that does not say its length may have as many */
  constructor(largest: number) {
    this.#largest = largest;
  }

  /**
   * Counts a request's body until it is answered.
   * @param limit bytes from which on a body is refused before any of it is read
   * @throws ServiceError 413 or 429
   */
  take(request: FastifyRequest, reply: FastifyReply, limit: number): void {
    const { 'content-length': length } = request.headers;
    const bytes = length === undefined ? this.#largest : Number(length);
    if (bytes > limit) {
      const message = `body: expected at most ${this.#largest} bytes (--max_bytes), got ${bytes}; send a smaller file`;
      throw new ServiceError(413, 'picture', message);
    }
    if (this.#held > 0 && this.#held + bytes > BUDGET) {
      throw new ServiceError(429, 'busy', 'server: too many bodies arrive at once; try again in 1 s', 1);
    }
    this.#held += bytes;
    reply.raw.once('close', () => {
      this.#held -= bytes;
    });
  }
}
