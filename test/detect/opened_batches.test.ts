import { expect, test } from 'vitest';
import type { Opened } from '../../src/detect/launched_batch.js';
import { OpenedBatches, type Reading } from '../../src/detect/opened_batches.js';
import { PIXEL_BUDGET } from '../../src/picture/pixel_budget.js';

/** Pictures of so many bytes; a negative number stands for a file that cannot be read. */
async function* readings(sizes: readonly number[], decoded: number[]): AsyncGenerator<Reading, void, undefined> {
  for (const [index, bytes] of sizes.entries()) {
    const decode = async () => {
      decoded.push(index);
      return { name: String(index), width: 1, height: 1, channels: 3, data: new Uint8Array(3) } as const;
    };
    const file = bytes < 0 ? Promise.reject(new Error(`${index}: gone`)) : Promise.resolve({ bytes, decode });
    yield { index, className: 'a', file };
  }
}

const numbers = (batch: readonly Opened[]): number[] => batch.map(({ index }) => index);

test('a batch ends at its number of pictures, or where they would take more than half of the budget', async () => {
  const half = PIXEL_BUDGET / 2;
  const decoded: number[] = [];
  const batches = new OpenedBatches(readings([1, 1, 1, half - 1, 1, half, 2 * half, 1, -1, 1], decoded), 3);
  const got: number[][] = [];
  while (batches.more) {
    const batch = await batches.next();
    got.push(numbers(batch));
    // Nothing of a later batch is decoded early.
    expect(decoded).toHaveLength(got.flat().filter((i) => i !== 8).length);
    for (const opened of batch) expect('error' in opened).toBe(opened.index === 8);
  }
  expect(got).toEqual([[0, 1, 2], [3, 4], [5], [6], [7, 8, 9], []]);
});

test('an error of the source is passed on', async () => {
  const source = { next: () => Promise.reject<IteratorResult<Reading, void>>(new Error('no more classes')) };
  await expect(new OpenedBatches(source, 2).next()).rejects.toThrow('no more classes');
});
