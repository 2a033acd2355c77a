/** The script of a decoding thread: opens the samples it is sent, or looks at them, and transfers what it found. */
import { parentPort } from 'node:worker_threads';
import { type LookedFiles, type LookedSample, lookAtSample } from './look_at_sample.js';
import { type OpenedSample, openSample, type SampleFiles } from './open_sample.js';

/** What a thread can be asked to do. */
export type DecodeTask =
  | { readonly kind: 'open'; readonly files: SampleFiles }
  | { readonly kind: 'look'; readonly files: LookedFiles };

export type DecodeRequest = DecodeTask & { readonly id: number };

export type DecodeReply =
  | { readonly id: number; readonly done: OpenedSample | LookedSample }
  | { readonly id: number; readonly error: string };

parentPort?.on('message', async ({ id, ...task }: DecodeRequest) => {
  try {
    const work = task as DecodeTask;
    const done = work.kind === 'open' ? await openSample(work.files) : await lookAtSample(work.files);
    const buffers = 'rgb' in done ? [done.rgb.buffer, ...(done.mask ? [done.mask.buffer] : [])] : [];
    parentPort?.postMessage({ id, done } satisfies DecodeReply, buffers);
  } catch (error) {
    parentPort?.postMessage({
      id,
      error: error instanceof Error ? error.message : String(error),
    } satisfies DecodeReply);
  }
});
