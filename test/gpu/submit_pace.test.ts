/** Submits sized by measured time, on a queue whose speed the test sets. */
import { describe, expect, it } from 'vitest';
import { FIRST_WORK, nextWork, SubmitPace } from '../../src/gpu/submit_pace.js';

describe('nextWork', () => {
  it('aims at the wanted time, grows by little at a time, shrinks at once, and keeps its bounds', () => {
    expect(nextWork(50e9, 200e9, 1000, 100, 4e12)).toBe(20e9);
    expect(nextWork(5e9, 5e9, 1, 100, 4e12)).toBe(20e9);
    expect(nextWork(5e9, 5e9, 0, 100, 4e12)).toBe(20e9);
    expect(nextWork(2e12, 2e12, 1, 100, 4e12)).toBe(4e12);
    expect(nextWork(5e9, 5e9, 60_000, 100, 4e12)).toBe(1e9);
  });
});

/** A device of one speed, in operations a millisecond. */
class FakeQueue {
  now = 0;
  readonly #rate: number;
  #free = 0;
  readonly #ends: { at: number; tell: () => void }[] = [];

  constructor(rate: number) {
    this.#rate = rate;
  }

  submit(pace: SubmitPace, work: number): void {
    this.#free = Math.max(this.#free, this.now) + work / this.#rate;
    pace.submitted(work, this);
  }

  onSubmittedWorkDone(): Promise<undefined> {
    const at = this.#free;
    return new Promise((resolve) => this.#ends.push({ at, tell: () => resolve(undefined) }));
  }

  /** Goes on to the end of all work; its news come as they happen, or all at the end while the host is busy. */
  async drain(late: boolean): Promise<void> {
    if (late) this.now = this.#free;
    for (const { at, tell } of this.#ends.splice(0)) {
      this.now = Math.max(this.now, at);
      tell();
      await Promise.resolve();
      await Promise.resolve();
    }
  }
}

/** The work of a submit after pictures of 800e9 operations each, and the longest submit in milliseconds. */
async function settle(rate: number, late: boolean): Promise<{ work: number; longest: number }> {
  const queue = new FakeQueue(rate);
  const pace = new SubmitPace(100, 4e12, () => queue.now);
  let longest = 0;
  for (let picture = 0; picture < 10; picture++) {
    for (let left = 800e9; left > 0; ) {
      const work = Math.min(left, pace.workPerSubmit);
      longest = Math.max(longest, work / rate);
      queue.submit(pace, work);
      left -= work;
    }
    await queue.drain(late);
    queue.now += 500;
    // A copy between pictures takes the device long, and tells nothing of its speed.
    queue.submit(pace, 0);
    queue.now += 300;
    await queue.drain(late);
  }
  return { work: pace.workPerSubmit, longest };
}

describe('SubmitPace', () => {
  it.each([false, true])('comes to 100 ms on a slow and a fast device (news late: %s)', async (late) => {
    const slow = await settle(0.05e9, late);
    expect(slow.work).toBeCloseTo(5e9, -6);
    expect(slow.longest).toBeLessThan(110);
    expect((await settle(0.2e9, late)).work).toBeCloseTo(20e9, -6);
    const fast = await settle(10e9, late);
    expect(fast.work).toBeCloseTo(1e12, -9);
  });

  it('begins small, and takes a failed queue for an idle one', async () => {
    const pace = new SubmitPace(100, 4e12, () => 0);
    expect(pace.workPerSubmit).toBe(FIRST_WORK);
    pace.submitted(FIRST_WORK, { onSubmittedWorkDone: () => Promise.reject(new Error('lost')) });
    await new Promise((resolve) => setTimeout(resolve));
    expect(pace.workPerSubmit).toBe(4 * FIRST_WORK);
    expect(new SubmitPace(100, 1e9).workPerSubmit).toBe(1e9);
  });
});
