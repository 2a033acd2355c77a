/** The HTTP side of `serve`: routes, limits, who may ask. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import multipart from '@fastify/multipart';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { similarName } from '../../data/names.js';
import { printable } from '../../data/printable.js';
import type { LoadedClass } from '../../detect/detector.js';
import { AaclipError } from '../../detect/errors.js';
import type { PictureRules } from '../../picture/picture.js';
import { CLASSES, HEALTH, INCLUDES, METRICS, PICTURE_BODY, PREDICT } from './api_schemas.js';
import { addPage, type PageFile } from './page_files.js';
import { checkPicture, requestPicture } from './request_picture.js';
import type { RequestQueue } from './request_queue.js';
import { ServiceError, serviceError } from './service_error.js';
import type { ServiceMetrics } from './service_metrics.js';
import { UploadBudget } from './upload_budget.js';

export interface ServiceOptions {
  readonly queue: RequestQueue;
  readonly metrics: ServiceMetrics;
  readonly classes: readonly LoadedClass[];
  /** What decides on pictures of a class. */
  readonly ruleFor: (className: string) => { readonly source: string; readonly rule: string };
  readonly rules: PictureRules;
  /** What a client must send as `Authorization: Bearer`; undefined asks for nothing. */
  readonly token?: string | undefined;
  /** Most bytes of a body. */
  readonly maxBytes: number;
  /** Seconds that a body may take to come, and an answer after that. */
  readonly seconds: number;
  /** The page that is answered at `/`; none for no page. */
  readonly page: readonly PageFile[];
  /** Of the program, for the document. */
  readonly version: string;
}

interface Query {
  readonly class?: string;
  readonly include?: string;
}

/** Routes for which no token is asked, beside the page: whoever watches the service, or wants to know how to use it. */
const OPEN = ['/healthz', '/openapi.json'];
/** Connections at a time; more than that wait in the system. */
const CONNECTIONS = 1000;
/** Bytes of a form around its file. */
const FORM_BYTES = 1 << 16;

/** Milliseconds that a client has to read why its request is not taken. */
const LINGER_MS = 1000;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether a request brings the token; takes as long for any wrong one. */
function isAllowed(request: FastifyRequest, token: string): boolean {
  const [, given = ''] = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  return timingSafeEqual(digest(given), digest(token));
}

/**
 * A signal for the time limit and the client's leaving. Not one of `AbortSignal.any`: what that makes is kept for ever while somebody
 * listens to it.
 */
function deadline(reply: FastifyReply, seconds: number): AbortSignal {
  const over = new AbortController();
  const message = `server: no verdict within ${seconds} s; send fewer pictures at a time, or raise --timeout`;
  const timer = setTimeout(() => over.abort(new ServiceError(503, 'timeout', message, 5)), 1000 * seconds);
  reply.raw.once('close', () => {
    clearTimeout(timer);
    if (!reply.raw.writableFinished) over.abort(new ServiceError(499, 'aborted', 'request: the client has left'));
  });
  return over.signal;
}

/** Makes the service; `listen` starts it, `close` ends it when all requests are answered. */
export async function createService(options: ServiceOptions): Promise<FastifyInstance> {
  const { queue, metrics, classes, rules, token, maxBytes, seconds, version } = options;
  const limit = Math.ceil(1000 * seconds);
  const app = fastify({
    bodyLimit: maxBytes,
    requestTimeout: limit,
    forceCloseConnections: 'idle',
    // Node takes the longer of the two for the whole request.
    http: { headersTimeout: limit, requestTimeout: limit, connectionsCheckingInterval: Math.min(1000, limit / 2) },
    clientErrorHandler: answerBroken,
  });
  let stopping = false;
  app.addHook('preClose', async () => {
    stopping = true;
  });
  // Else a client would keep its connection, and the service would wait for it.
  app.addHook('onSend', async (_request, reply) => {
    if (stopping) reply.header('connection', 'close');
  });
  app.server.maxConnections = CONNECTIONS;
  const budget = new UploadBudget(maxBytes);
  const open = new Set([...OPEN, ...options.page.map(({ url }) => url)]);

  app.addHook('onRequest', async (request, reply) => {
    const route = request.routeOptions.url;
    reply.raw.once('finish', () => metrics.request(route ?? 'unknown', reply.statusCode));
    if (token !== undefined && !open.has(route ?? '') && !isAllowed(request, token)) {
      reply.header('www-authenticate', 'Bearer');
      throw new ServiceError(401, 'unauthorized', 'authorization: expected "Bearer TOKEN" with the token of --token');
    }
    if (request.method === 'POST') budget.take(request, reply, maxBytes + FORM_BYTES);
  });
  app.setErrorHandler((error, _request, reply) => answer(reply, serviceError(error)));
  app.setNotFoundHandler((request, reply) => {
    const message = `${request.method} ${printable(request.url.slice(0, 200))}: no such address; see /openapi.json`;
    return answer(reply, new ServiceError(404, 'not_found', message));
  });

  await app.register(multipart, { limits: { fileSize: maxBytes, files: 2, fields: 8, fieldSize: 1024, parts: 10 } });
  app.addContentTypeParser(/^(?:image\/|application\/octet-stream)/, { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.removeContentTypeParser(['application/json', 'text/plain']);
  await app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: { title: 'aaclip', description: 'Scores pictures: how anomalous is what they show?', version },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      ...(token === undefined ? {} : { security: [{ token: [] }] }),
    },
    // Bodies are read by our own code: fastify would check them against a schema.
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      const { openapiObject } = document;
      Object.assign(openapiObject.paths!['/v1/predict']!.post!, { requestBody: PICTURE_BODY });
      return openapiObject;
    },
  });

  app.after(() => {
    addPage(app, options.page);
    app.post<{ Querystring: Query }>('/v1/predict', { schema: PREDICT }, async (request, reply) => {
      const began = performance.now();
      const found = await requestPicture(request);
      const query: Query = { ...found.fields, ...request.query };
      if (query.include !== undefined && !INCLUDES.includes(query.include)) {
        throw new ServiceError(
          400,
          'options',
          `include: expected ${INCLUDES.join(' or ')}, got ${printable(query.include)}`,
        );
      }
      const className = chosenClass(query.class, classes);
      checkPicture(found, rules);
      const asked = { picture: found.bytes, className };
      const verdict = await queue.submit(asked, deadline(reply, seconds)).catch((error: unknown) => {
        throw withName(error, found.name);
      });
      metrics.verdict((performance.now() - began) / 1000, verdict.anomalous);
      const { score, anomalous, about } = verdict;
      return {
        image: found.name,
        score,
        anomalous,
        ...about,
        ...(query.include?.includes('heatmap') ? { heatmap: base64(verdict.heatmap()) } : {}),
        ...(query.include?.includes('mask') ? { mask: base64(verdict.mask()) } : {}),
      };
    });
    app.get('/v1/classes', { schema: CLASSES }, async () => ({
      classes: classes.map(({ name, domain, words, unknownWords }) => {
        return {
          name,
          domain,
          prompt_name: words,
          decided_by: options.ruleFor(name),
          ...(unknownWords.length === 0 ? {} : { unknown_words: unknownWords }),
        };
      }),
    }));
    app.get('/healthz', { schema: HEALTH }, async () => {
      if (queue.down !== undefined) throw new ServiceError(503, 'device', queue.down, 5);
      return { status: 'ok' };
    });
    app.get('/metrics', { schema: METRICS }, async (_request, reply) => {
      reply.type('text/plain; version=0.0.4');
      return metrics.text({ waiting: queue.length, ready: queue.down === undefined, restarts: queue.restarts });
    });
    app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  });
  await app.ready();
  return app;
}

/** Answers what is no request, or does not come to its end. */
function answerBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.writableEnded) {
    socket.destroy();
    return;
  }
  const late = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const [status, code, message] = late
    ? ['408 Request Timeout', 'timeout', 'request: it did not come to its end within --timeout; send it again']
    : ['400 Bad Request', 'options', `request: not HTTP as expected (${printable(error.message)}); correct it`];
  const body = JSON.stringify({ code, error: message });
  const length = Buffer.byteLength(body);
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`,
  );
  // A connection that is ended while its client still sends loses the answer.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function answer(reply: FastifyReply, { status, code, message, retryAfter }: ServiceError): FastifyReply {
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  // What is left of a body that is not wanted is not read.
  if (status === 401 || status === 413 || status === 415 || status === 429) reply.header('connection', 'close');
  return reply.code(status).type('application/json').send({ code, error: message });
}

/** An error about a picture, which the detector only knows by a number, with the name that the client gave it. */
function withName(error: unknown, name: string): unknown {
  if (!(error instanceof AaclipError) || error.file === undefined || !error.message.startsWith(error.file))
    return error;
  return new AaclipError(error.code, name + error.message.slice(error.file.length), { cause: error });
}

/** The class of a request. @throws ServiceError when it is not served */
function chosenClass(wanted: string | undefined, classes: readonly LoadedClass[]): string {
  const names = classes.map(({ name }) => name);
  if (wanted === undefined && names.length === 1) return names[0]!;
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  const similar = wanted === undefined ? undefined : similarName(names, wanted);
  const got = wanted === undefined ? 'none' : `"${printable(wanted.slice(0, 100))}"`;
  const hint = similar === undefined ? `one of ${names.slice(0, 10).join(', ')}` : similar;
  throw new ServiceError(400, 'class', `class: expected ${hint}, got ${got}; /v1/classes lists all`);
}
