/** Which adapters data sets are shared out to, and how; what becomes of a share whose process fails. */
import { describe, expect, it } from 'vitest';
import type { TestFlags } from '../../src/cli/test_adapters/flags.js';
import { chosenAdapters, wantedAdapters } from '../../src/cli/test_all/adapter_choice.js';
import { sharesOf, spreadSets } from '../../src/cli/test_all/spread_sets.js';
import { adapterNames, namesInRefusal } from '../../src/node/adapter_list.js';

describe('the adapters', () => {
  it('are those the binding lists when it is asked for a name that none has', async () => {
    const said = [
      'no suitable backends found',
      'Available adapters:',
      " * backend: 'vulkan', name: 'NVIDIA H100 PCIe'",
      " * backend: 'd3d12', name: 'NVIDIA H100 PCIe'",
      " * backend: 'vulkan', name: 'llvmpipe (LLVM 15.0.6, 256 bits)'",
    ].join('\n');
    expect(namesInRefusal(said)).toEqual(['NVIDIA H100 PCIe', 'llvmpipe (LLVM 15.0.6, 256 bits)']);
    expect(namesInRefusal('no suitable backends found')).toEqual([]);
    const there = await adapterNames();
    expect(there.length).toBeGreaterThan(0);
  });

  it('are named by parts of their names, or all of them without software', async () => {
    const there = ['NVIDIA A', 'AMD B', 'llvmpipe (LLVM 15)'];
    expect(chosenAdapters('all', there)).toEqual(['NVIDIA A', 'AMD B']);
    expect(chosenAdapters('AMD, llvm,AMD', there)).toEqual(['AMD', 'llvm', 'AMD']);
    for (const [text, names, line] of [
      ['Intel', there, /^--gpus: no adapter here has "Intel" in its name: expected parts of NVIDIA A; AMD B; /],
      ['AMD,', there, /^--gpus: no adapter here has "" in its name/],
      ['all', ['llvmpipe'], /^--gpus all: no adapter but software drivers here \(llvmpipe\): leave it out$/],
      ['all', [], /software drivers here \(none\)/],
    ] as const) {
      expect(() => chosenAdapters(text, names)).toThrow(line);
    }
    await expect(wantedAdapters('all', 'AMD')).rejects.toThrow(/^--gpus: names the adapters: leave out --adapter$/);
  });
});

describe('shares', () => {
  const sets = [10, 40, 20, 30].map((pictures, i) => ({ name: 'abcd'[i]!, pictures }));

  it('have nearly equal numbers of pictures, in the order of the data sets', () => {
    expect(sharesOf(sets, 2)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(sharesOf(sets, 9)).toEqual([['b'], ['d'], ['c'], ['a']]);
    expect(sharesOf([], 2)).toEqual([]);
  });

  it('fail as a whole, in one line, where their process ends early', async () => {
    const failed: string[] = [];
    const flags = { data: 'none', weights: 'no-such-weights.pt', dataset: 'all' } as TestFlags;
    await spreadSets(flags, ['first', 'second'], sets.slice(0, 3), {
      onShare: () => undefined,
      onRun: () => expect.unreachable(),
      onNote: () => undefined,
      onFailed: (dataset, why) => failed.push(`${dataset}: ${why}`),
    });
    expect(failed.sort()).toEqual([
      expect.stringMatching(/^a: the test on second failed: exit code 1: data set [abc]: no folder/),
      expect.stringMatching(/^b: the test on first failed: exit code 1: data set [abc]: no folder/),
      expect.stringMatching(/^c: the test on second failed: exit code 1: data set [abc]: no folder/),
    ]);
  });
});
