import { printable } from '../data/printable.js';

/** A progress bar on the error stream where that is a terminal, else a line now and then. */
export interface Progress {
  update(done: number, note?: string): void;
  /** Prints a line above the bar. */
  say(line: string): void;
  finish(): void;
}

const BAR = 24;
/** Milliseconds between lines in a log file. */
const LOG_EVERY = 10_000;

const silent: Progress = {
  update: () => undefined,
  say: (line) => process.stderr.write(`${printable(line)}\n`),
  finish: () => undefined,
};

/** Seconds as `8 s`, `3 min 05 s` or `2 h 10 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.round(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Starts a bar for `total` units of work; `quiet` shows none, and only `say` prints. */
export function progress(title: string, total: number, quiet: boolean): Progress {
  if (quiet) return silent;
  const started = performance.now();
  const terminal = process.stderr.isTTY;
  let last = started;
  let line = '';
  const clear = (): void => {
    if (terminal && line) process.stderr.write(`\r${' '.repeat(line.length)}\r`);
  };
  return {
    update(done, text = '') {
      const note = printable(text);
      const now = performance.now();
      const share = total > 0 ? Math.min(1, done / total) : 0;
      const left = share > 0.02 ? `, ${duration(((now - started) / 1000) * (1 / share - 1))} left` : '';
      const percent = `${Math.floor(100 * share)} %`;
      if (terminal) {
        clear();
        const full = Math.round(BAR * share);
        line = `${title} [${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${percent}${left} ${note}`;
        line = line.slice(0, Math.max(20, (process.stderr.columns ?? 100) - 1));
        process.stderr.write(line);
      } else if (now - last > LOG_EVERY) {
        last = now;
        process.stderr.write(`${title}: ${percent}${left} ${note}\n`);
      }
    },
    say(text) {
      clear();
      process.stderr.write(`${printable(text)}\n`);
    },
    finish() {
      clear();
      line = '';
    },
  };
}
