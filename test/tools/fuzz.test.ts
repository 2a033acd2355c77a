import { describe, expect, test } from 'vitest';
import { type Failure, fuzzTarget, inputOf, tryInput } from '../../tools/fuzz/fuzz_target.js';
import { type FuzzTarget, faultOf } from '../../tools/fuzz/target.js';
import { TARGETS } from '../../tools/fuzz/targets.js';

/** A target of which every input ends like this. */
const ending = (run: () => Promise<void>): FuzzTarget => ({
  name: 'made up',
  file: 'a.bin',
  seeds: async () => [Uint8Array.from([1, 2, 3])],
  run,
});

async function failuresOf(target: FuzzTarget, count: number): Promise<Failure[]> {
  const failures: Failure[] = [];
  for await (const failure of fuzzTarget(target, 1, 0, count)) failures.push(failure);
  return failures;
}

describe('the readers', () => {
  test.each(TARGETS)('take or refuse damaged files as they should: $name', async (target) => {
    expect(await failuresOf(target, 500)).toEqual([]);
  });
});

describe('the judge', () => {
  test.each<[string, unknown, RegExp | undefined]>([
    ['a good message', new Error('a.bin: broken: expected b, got c'), undefined],
    ['two good messages', new AggregateError([new Error('a.bin: x'), new Error('a.bin: y')]), undefined],
    ['one of two without the name', new AggregateError([new Error('a.bin: x'), new Error('y')]), /the file's name: y/],
    ['a message without the name', new Error('broken'), /does not begin/],
    ['the name alone', new Error('a.bin'), /does not begin/],
    ['two lines', new Error('a.bin: one\ntwo'), /is not one line/],
    ['a code of the terminal', new Error('a.bin: \u001b[2J'), /is not one line/],
    ['a line separator', new Error('a.bin: one\u2028two'), /is not one line/],
    ['a long message', new Error(`a.bin: ${'x'.repeat(5000)}`), /is 5007 characters long/],
    ['a mistake', new RangeError('a.bin: offset is out of bounds'), /an error of JavaScript itself: RangeError: a.bin/],
    ['a mistake in other words', new Error('a.bin: broken', { cause: new TypeError('x') }), /itself: TypeError: x at/],
    ['a text', 'a.bin: text', /threw string/],
  ])('of %s', (_, error, expected) => {
    const fault = faultOf(error, 'a.bin');
    if (expected === undefined) expect(fault).toBe(undefined);
    else expect(fault).toMatch(expected);
  });

  test('of the time and the memory of an input', async () => {
    const limits = { cpu: 0.05, buffers: 2 ** 20 };
    const none = new Uint8Array(0);
    const kept: Uint8Array[] = [];
    const large = ending(async () => void kept.push(new Uint8Array(2 ** 22)));
    expect(await tryInput(large, none, limits)).toMatch(/takes \d MiB of buffers/);
    const slow = ending(async () => {
      const started = performance.now();
      let sum = 0;
      while (performance.now() - started < 400) for (let i = 0; i < 1e5; i++) sum += i;
      expect(sum).toBeGreaterThan(0);
    });
    expect(await tryInput(slow, none, limits)).toMatch(/takes 0\.\d s of a processor: expected at most 0.05/);
    expect(
      await tryInput(
        ending(async () => undefined),
        none,
      ),
    ).toBe(undefined);
  });

  test('of an input that can be made again from its number', async () => {
    const inputs: Uint8Array[] = [];
    const target: FuzzTarget = {
      ...ending(async () => undefined),
      run: async (input) => {
        inputs.push(input);
        if (inputs.length === 3) throw new Error('broken');
      },
    };
    expect(await failuresOf(target, 5)).toEqual([
      { target: 'made up', seed: 1, index: 2, fault: "does not begin with the file's name: broken" },
    ]);
    expect(inputOf(target, await target.seeds(), 1, 2)).toEqual(inputs[2]);
    expect(new Set(inputs.map(String)).size).toBe(5);
    expect(inputOf(target, await target.seeds(), 2, 2)).not.toEqual(inputs[2]);
  });
});

test('has a name for every target', () => {
  expect(new Set(TARGETS.map(({ name }) => name)).size).toBe(TARGETS.length);
});
