/**
 * `watch` with a judge that needs no device, so that it can be killed often: `watch_stand_in.js FOLDER LOG SORTED`. What it says of a
 * picture depends on the bytes alone. The first SIGTERM ends it in order.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Judge } from '#src/cli/judge';
import { Arrivals } from '#src/cli/watch/arrivals';
import { PictureLog } from '#src/cli/watch/picture_log';
import { SortedFolder } from '#src/cli/watch/sorted_folder';
import { Watcher } from '#src/cli/watch/watcher';
import { AaclipError } from '#src/detect/errors';
import { runCommand } from '../command.js';

const BATCH = 8;

const judge: Judge = {
  ready: async () => undefined,
  async *judge(pictures) {
    let index = 0;
    for (const { picture } of pictures) {
      if (index % BATCH === 0) await pause(4);
      try {
        const bytes = readFileSync(String(picture));
        const score = createHash('sha256').update(bytes).digest()[0]! / 255;
        const verdict = {
          score,
          anomalous: score >= 0.9,
          about: {},
          heatmap: () => new Uint8Array(),
          mask: () => new Uint8Array(),
        };
        yield { index: index++, verdict };
      } catch (error) {
        yield { index: index++, error: new AaclipError('picture', String(error)) };
      }
    }
  },
};

await runCommand(async () => {
  const [folder = '', log = '', sorted = ''] = process.argv.slice(2);
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const leaveOut = [sorted];
  const watcher = new Watcher(
    {
      folder,
      className: 'part',
      judge,
      arrivals: new Arrivals({ folder, leaveOut, patience: 5, pictures: {} }),
      log: new PictureLog(log),
      sort: new SortedFolder(sorted),
      poll: 0.05,
      once: false,
      onLine: () => undefined,
      onNote: (note) => void process.stderr.write(`${note}\n`),
    },
    stop.signal,
  );
  await watcher.run();
});
