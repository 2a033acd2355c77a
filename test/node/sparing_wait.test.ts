/** Waiting for the device: the event loop goes on, and sleeps once a turn however much is awaited. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { waitSparingly } from '../../src/node/sparing_wait.js';

afterEach(() => {
  vi.restoreAllMocks();
});

it('gives what its promise gives, and sleeps meanwhile, 2 ms at most', async () => {
  const sleeps = vi.spyOn(Atomics, 'wait');
  expect(await waitSparingly(pause(100, 'done'))).toBe('done');
  await expect(waitSparingly(pause(5).then(() => Promise.reject(new Error('lost'))))).rejects.toThrow('lost');
  const lengths = sleeps.mock.calls.map(([, , , ms]) => ms!);
  expect(lengths.length).toBeGreaterThan(3);
  expect(Math.max(...lengths)).toBe(2);
  await pause(20);
  expect(sleeps.mock.calls.length - lengths.length).toBeLessThanOrEqual(1);
});

it('sleeps once a turn for all that is awaited', async () => {
  let [turns, open] = [0, true];
  const count = (): void => {
    turns++;
    if (open) setImmediate(count);
  };
  const sleeps = vi.spyOn(Atomics, 'wait');
  setImmediate(count);
  await Promise.all(Array.from({ length: 8 }, (_, i) => waitSparingly(pause(60 + i))));
  open = false;
  expect(sleeps.mock.calls.length).toBeGreaterThan(3);
  expect(sleeps.mock.calls.length).toBeLessThanOrEqual(turns + 1);
});
