/** Fingerprints of what a run is trained on. */
import { expect, test } from 'vitest';
import type { Sample } from '../../src/data/metadata.js';
import { syntheticClip, TINY } from '../../src/model/synthetic.js';
import { runOrigin } from '../../src/train/run_origin.js';

const clip = syntheticClip(TINY, 3);
const sample: Sample = { imagePath: 'a.png', label: 1, className: 'nut', maskPath: 'm.png', line: 1 };
const other: Sample = { imagePath: 'b.png', label: 0, className: 'nut', line: 2 };

test('differ with every line of the list and their order, not with the place of the list', async () => {
  const prints = await Promise.all(
    [
      [sample, other],
      [other, sample],
      [sample],
      [{ ...sample, label: 0 as const }, other],
      [{ ...sample, className: 'bolt' }, other],
      [{ ...sample, maskPath: 'n.png' }, other],
      [{ ...sample, imagePath: 'c.png' }, other],
    ].map(async (samples) => (await runOrigin(clip, samples))!.list),
  );
  expect(new Set(prints).size).toBe(prints.length);
  expect((await runOrigin(clip, [{ ...sample, line: 9 }, other]))!.list).toBe(prints[0]);
  expect(await runOrigin(clip)).not.toHaveProperty('list');
});

test('differ with a single value of the weights', async () => {
  const { weights } = (await runOrigin(clip))!;
  expect((await runOrigin(syntheticClip(TINY, 3)))!.weights).toBe(weights);
  const name = clip.names.at(-1)!;
  const changed = {
    ...clip,
    read: async (wanted: string) => {
      const tensor = await clip.read(wanted);
      const bytes = tensor.bytes.slice();
      if (wanted === name) bytes[0]! ^= 1;
      return { ...tensor, bytes };
    },
  };
  expect((await runOrigin(changed))!.weights).not.toBe(weights);
});
