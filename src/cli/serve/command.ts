/** `aaclip serve`: scores pictures over HTTP. */
import { isIP } from 'node:net';
import process from 'node:process';
import type { Command } from 'commander';
import { printable } from '../../data/printable.js';
import { chooseBatch } from '../../detect/batch_size.js';
import { finishAtSignal } from '../endings.js';
import { rulesOf } from '../look_options.js';
import { openJudge } from '../open_judge.js';
import { programVersion } from '../program.js';
import { decidedBy } from '../verdict.js';
import { type ServeFlags, serveOptions, TOKEN_VARIABLE } from './flags.js';
import { listenError } from './output.js';
import { readPageFiles } from './page_files.js';
import { RequestQueue } from './request_queue.js';
import { ServiceMetrics } from './service_metrics.js';

export function serveCommand(program: Command): void {
  serveOptions(program.command('serve').description('Score pictures over HTTP, until stopped.'))
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip serve --class "metal nut" --weights tiny --adapters tiny --img_size 256
  $ curl --data-binary @photo.jpg -H 'content-type: image/jpeg' http://127.0.0.1:8080/v1/predict
  $ curl -F picture=@photo.jpg 'http://127.0.0.1:8080/v1/predict?class=metal%20nut&include=heatmap'
  $ ${TOKEN_VARIABLE}=... aaclip serve --class screw --class nut --weights W --adapters DIR --threshold 0.6 --host 0.0.0.0

POST /v1/predict scores a picture, GET /v1/classes lists the classes, /healthz says whether the service is ready, /metrics has
counters for Prometheus, and /openapi.json describes all of it. A browser finds the page at /, which computes in the browser itself
(others than this machine need https in front of it: browsers give pages without it no device). Pictures that arrive together are scored together. An answer of
200 is a picture's result; a request that was not answered may be sent again. Ctrl-C or SIGTERM takes no more requests and
answers those that are there.`,
    )
    .action(runServe);
}

/** Whether an address reaches this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || (isIP(host) === 4 ? host.startsWith('127.') : host === '::1');
}

async function runServe(flags: ServeFlags): Promise<void> {
  const { host, port, json = false } = flags;
  const token = flags.token ?? (process.env[TOKEN_VARIABLE] || undefined);
  if (token === undefined && !isLoopback(host)) {
    throw new Error(`--host ${host}: others could use the service; give --token or set ${TOKEN_VARIABLE}`);
  }
  if (token !== undefined && token.trim().length < 8)
    throw new Error('--token: too easy to guess; give at least 8 characters');
  const note = (text: string): void => void process.stderr.write(`${printable(text)}\n`);
  const classes = [...new Set(flags.class)];
  const judge = await openJudge(classes, flags);
  const detector = await judge.detector();
  const metrics = new ServiceMetrics();
  const queue = new RequestQueue({
    judge,
    batch: chooseBatch(detector.model, flags.batch_size, '--batch_size'),
    gather: flags.gather,
    most: flags.queue,
    onBatch: (pictures) => metrics.batch(pictures),
    onNote: note,
  });
  const page = flags.page ? readPageFiles() : [];
  // Loaded only here: it is the largest of the packages.
  const { createService } = await import('./http_service.js');
  const app = await createService({
    queue,
    metrics,
    classes: detector.classes,
    ruleFor: (name) => decidedBy(detector.ruleFor(name), flags.threshold),
    rules: rulesOf(flags),
    token: token?.trim(),
    maxBytes: flags.max_bytes,
    seconds: flags.timeout,
    page,
    version: programVersion(),
  });
  const stopped = new Promise<void>((stop) =>
    finishAtSignal((signal) => {
      note(`${signal}: answering the requests that are there; again to stop at once`);
      stop();
    }),
  );
  const url = await app.listen({ host, port }).catch((error: unknown) => {
    throw listenError(error, host, port);
  });
  if (json) process.stdout.write(`${JSON.stringify({ serving: { url, classes } })}\n`);
  else note(`serving ${classes.join(', ')} at ${url}; POST pictures to ${url}/v1/predict`);
  if (!json && page.length > 0)
    note(`the page for browsers: ${url}/ (it computes in the browser; nothing is sent here)`);
  if (flags.page && page.length === 0) note('the page for browsers: not built: run npm run build, or give --no-page');
  await stopped;
  await app.close();
  queue.close();
  await judge.close();
}
