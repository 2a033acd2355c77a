import { expect, test } from 'vitest';
import { inThreads } from '../../tools/threads.js';

const list = (...names: string[]) => ({ specs: names.map((className, seed) => ({ className, seed, size: 16 })) });

test('threads share a list', async () => {
  const drawn: number[] = [];
  await inThreads<{ index: number }>('tiny/sample_worker', list('washer', 'knit', 'cup'), ({ index }) => {
    drawn.push(index);
  });
  expect(drawn.sort()).toEqual([0, 1, 2]);
});

test('a thread that fails ends the work with its reason', async () => {
  await expect(inThreads('tiny/sample_worker', list('unicorn'), () => undefined)).rejects.toThrow(/unicorn/);
});

test('so does a message that cannot be dealt with', async () => {
  const full = (): never => {
    throw new Error('no space left');
  };
  await expect(inThreads('tiny/sample_worker', list('washer', 'knit'), full, 1)).rejects.toThrow('no space left');
});
