/** `aaclip watch`: scores pictures as they arrive in a folder. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import { printable } from '../../data/printable.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { makeFolder } from '../../node/make_folder.js';
import { fitName, MOST_BYTES } from '../../node/output_names.js';
import { pictureAt } from '../../node/own_pictures.js';
import { RunLock } from '../../node/run_lock.js';
import { finishAtSignal } from '../endings.js';
import { rulesOf } from '../look_options.js';
import { openJudge } from '../open_judge.js';
import { Arrivals } from './arrivals.js';
import { FaultNotices } from './fault_notices.js';
import { type WatchFlags, watchOptions } from './flags.js';
import { statsText, textLine } from './output.js';
import { PictureLog } from './picture_log.js';
import { isUrl, toCommand, toUrl } from './send_notice.js';
import { BINS, SortedFolder } from './sorted_folder.js';
import { Watcher } from './watcher.js';

/** Milliseconds between the figures that are printed. */
const STATS_MS = 10_000;
/** Seconds that notices may take at the end: of a run with --once, and of one that was stopped. */
const NOTICES_ONCE = 60;
const NOTICES_STOPPED = 5;

export function watchCommand(program: Command): void {
  watchOptions(program.command('watch').description('Score pictures as they arrive in a folder, until stopped.'))
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip watch incoming/ --class "metal nut" --weights tiny --adapters tiny --img_size 256
  $ aaclip watch incoming/ --class screw --weights W --adapters DIR --calibration line3 --sort sorted/
  $ aaclip watch incoming/ --class screw --weights W --adapters DIR --threshold 0.6 --on-fault 'logger -t faults'
  $ aaclip watch incoming/ --class screw --weights W --adapters DIR --threshold 0.6 --on-fault http://line3:8080/stop

A picture is scored when its size and time have not changed between two looks and it ends as its format ends. One that stays
incomplete for --patience seconds gets a line with the error, and goes to review. Each picture has one line in the log, also
when the program is killed and started again; its "latency_ms" is the time from its first sight to the line. A file that is
written again is a new picture. Moves never replace a file. Ctrl-C or SIGTERM finishes the pictures on the device.

A command of --on-fault finds the picture's path in the variable AACLIP_IMAGE. Notices that cannot be sent wait in the log, also
for the next start; a command that fails three times for a picture, or a URL that refuses one (4xx), is reported and passed over.`,
    )
    .action(runWatch);
}

/** @throws one line where flags do not fit together */
function checkFlags(folder: string, flags: WatchFlags): void {
  const { sort } = flags;
  if (sort === undefined) return;
  for (const bin of BINS) {
    const place = resolve(sort, bin);
    if (`${folder}${sep}`.startsWith(place + sep)) {
      throw new Error(`--sort ${sort}: the watched folder ${folder} lies in it; name another folder`);
    }
  }
}

/** The folder as links lead to it; as given where it is not there yet. */
function placeOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return resolve(folder);
  }
}

/** Writes heatmaps; a name holds the time of the picture's last change, since cameras use names again. */
function heatmapsIn(folder: string): (image: string, modified: string, png: Uint8Array) => Promise<readonly string[]> {
  return async (image, modified, png) => {
    const ending = `.${modified}.heatmap.png`;
    const path = join(folder, dirname(image), fitName(basename(image), MOST_BYTES - ending.length, image) + ending);
    if (pictureAt(path) === 'foreign') throw new Error(`${path}: not one of our heatmaps; it is left as it is`);
    makeFolder(dirname(path));
    await writeAtomically(path, png);
    return [path];
  };
}

async function runWatch(given: string, flags: WatchFlags): Promise<void> {
  const folder = placeOf(given);
  checkFlags(folder, flags);
  const json = flags.json ?? false;
  const note = (text: string): void => void process.stderr.write(`${printable(text)}\n`);
  const path = flags.log ?? `${folder}.jsonl`;
  using _lock = new RunLock(dirname(resolve(path)), `watch-${basename(path)}`, 'name another log with --log');
  using log = new PictureLog(path);
  if (log.damaged > 0) note(`${path}: ${log.damaged} lines cannot be read; their pictures are scored again`);
  const sort = flags.sort === undefined ? undefined : new SortedFolder(flags.sort);
  if (flags.heatmaps !== undefined) makeFolder(flags.heatmaps);
  using judge = await openJudge([flags.class], flags);
  const stopping = new AbortController();
  finishAtSignal((signal) => {
    note(`${signal}: finishing the pictures on the device; again to stop at once`);
    stopping.abort();
  });
  const { onFault, once = false } = flags;
  const notices =
    onFault === undefined
      ? undefined
      : await FaultNotices.start({
          log,
          send: isUrl(onFault) ? toUrl(onFault) : toCommand(onFault),
          receiver: '--on-fault',
          onNote: note,
        });
  const watcher = new Watcher(
    {
      folder,
      className: flags.class,
      judge,
      arrivals: new Arrivals({
        folder,
        leaveOut: [flags.sort, flags.heatmaps].filter((dir) => dir !== undefined).map((dir) => resolve(dir)),
        include: flags.include,
        exclude: flags.exclude,
        patience: flags.patience,
        pictures: rulesOf(flags),
      }),
      log,
      sort,
      saveHeatmap: flags.heatmaps === undefined ? undefined : heatmapsIn(flags.heatmaps),
      poll: flags.poll,
      once,
      onLine: (line) => {
        process.stdout.write(`${json ? JSON.stringify(line) : textLine(line)}\n`);
        if (line.anomalous) notices?.wake();
      },
      onNote: note,
    },
    stopping.signal,
  );
  const known = log.count > 0 ? `; ${log.count} pictures are in the log already` : '';
  if (!json) note(`watching ${folder}; log: ${path}${known}`);
  const tell = (): void => {
    const line = watcher.stats.line(watcher.waiting);
    if (json) process.stdout.write(`${JSON.stringify({ watch: line })}\n`);
    else note(statsText(line));
  };
  let told = 0;
  const timer = setInterval(() => {
    if (watcher.stats.done === told) return;
    told = watcher.stats.done;
    tell();
  }, STATS_MS);
  try {
    await watcher.run();
  } finally {
    clearInterval(timer);
    tell();
    const all = await notices?.close(once ? NOTICES_ONCE : NOTICES_STOPPED);
    if (all === false) note('--on-fault: not all notices were sent; the next start with this log sends the others');
  }
  if (once && watcher.stats.failed > 0) {
    note(`aaclip: ${watcher.stats.failed} pictures have no score`);
    process.exitCode = 1;
  }
}
