/** How long the tasks of a page's main thread take of the processor, from a trace of Chromium. */
import type { CDPSession, Page } from 'playwright-core';
import type { ShownPage } from './shown_page.js';

/** A task of the main thread. */
export interface Task {
  /** What the page was doing. */
  readonly step: string;
  /** Milliseconds of the processor: waiting for other programs does not count. */
  readonly ms: number;
  /** The longest functions, events and layouts in it. */
  readonly what: string;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds: start and length by the clock, and length in time of the thread. */
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string; readonly data?: Readonly<Record<string, unknown>> };
}

const CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'blink.user_timing'];
const TASK = 'RunTask';
const MARK = 'step: ';
/** Parts of a task that a message names. */
const NAMED = 3;

/** A part of a task, with its place in the code or the kind of its event. */
function partWords({ name, tdur = 0, args: { data = {} } }: TraceEvent): string {
  const { functionName, url, lineNumber, columnNumber, type } = data;
  const file = typeof url === 'string' ? url.replace(/^.*\//, '') : '';
  const place = file ? `${file}:${lineNumber}:${columnNumber}` : '';
  return [name, type, functionName, place, `${(tdur / 1000).toFixed(1)} ms`].filter(Boolean).join(' ');
}

export class TaskMeter {
  readonly #page: Page;
  readonly #session: CDPSession;
  readonly #events: TraceEvent[] = [];

  private constructor(page: Page, session: CDPSession) {
    this.#page = page;
    this.#session = session;
    session.on('Tracing.dataCollected', ({ value }) => {
      for (const event of value as unknown as TraceEvent[]) {
        if (event.tdur !== undefined || event.name === 'thread_name' || event.name.startsWith(MARK)) {
          this.#events.push(event);
        }
      }
    });
  }

  /** Traces all that a page does from now on. */
  static async start({ context, page }: ShownPage): Promise<TaskMeter> {
    const session = await context.newCDPSession(page);
    const meter = new TaskMeter(page, session);
    const traceConfig = { includedCategories: CATEGORIES };
    await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
    return meter;
  }

  /** Does what a step says, and waits until the page has shown what came of it. */
  async step(name: string, act: () => Promise<unknown>): Promise<void> {
    await this.#page.evaluate((mark) => performance.mark(mark), MARK + name);
    await act();
    await this.#page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))');
  }

  /** Ends the trace. @returns all tasks of the main thread, the longest first */
  async stop(): Promise<Task[]> {
    const complete = new Promise((done) => this.#session.once('Tracing.tracingComplete', done));
    await this.#session.send('Tracing.end');
    await complete;
    const marks = this.#events.filter(({ name }) => name.startsWith(MARK)).sort((a, b) => a.ts - b.ts);
    const main = this.#events.find(
      ({ name, args, pid }) => name === 'thread_name' && args.name === 'CrRendererMain' && pid === marks[0]?.pid,
    );
    const ours = this.#events.filter(({ pid, tid }) => pid === main?.pid && tid === main?.tid);
    const parts = ours.filter(({ name }) => name !== TASK && !name.startsWith(MARK));
    return ours
      .filter(({ name }) => name === TASK)
      .sort((a, b) => b.tdur! - a.tdur!)
      .map(({ ts, tdur, dur = 0 }) => {
        const mark = marks.findLast((mark) => mark.ts <= ts);
        return {
          step: mark?.name.slice(MARK.length) ?? 'before the first step',
          ms: tdur! / 1000,
          // Only where it is read: there are some ten thousand tasks.
          get what(): string {
            const within = parts.filter((part) => part.ts >= ts && part.ts < ts + dur);
            const longest = within.sort((a, b) => b.tdur! - a.tdur!).slice(0, NAMED);
            // A trace has no entry for what comes after an await.
            const known = (longest[0]?.tdur ?? 0) > tdur! / 2;
            return [...(known ? [] : ['code after an await']), ...longest.map(partWords)].join(', ');
          },
        };
      });
  }
}

/** A line on a task for people. */
export const taskWords = ({ step, ms, what }: Task): string => `${step}: a task of ${ms.toFixed(0)} ms: ${what}`;
