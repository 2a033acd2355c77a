/** The script of a decoding thread: opens the samples it is sent and transfers their bytes. */
import { parentPort } from 'node:worker_threads';
import { type OpenedSample, openSample, type SampleFiles } from './open_sample.js';

export interface DecodeRequest {
  readonly id: number;
  readonly files: SampleFiles;
}

export type DecodeReply =
  | { readonly id: number; readonly opened: OpenedSample }
  | { readonly id: number; readonly error: string };

parentPort?.on('message', async ({ id, files }: DecodeRequest) => {
  try {
    const opened = await openSample(files);
    const buffers = [opened.rgb.buffer, ...(opened.mask ? [opened.mask.buffer] : [])];
    parentPort?.postMessage({ id, opened } satisfies DecodeReply, buffers);
  } catch (error) {
    parentPort?.postMessage({
      id,
      error: error instanceof Error ? error.message : String(error),
    } satisfies DecodeReply);
  }
});
