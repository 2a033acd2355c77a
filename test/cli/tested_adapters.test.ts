/** `aaclip test` on a small data set drawn here: what is refused before a device is opened. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testCommand } from '../../src/cli/test_adapters/command.js';
import { type DrawnSet, drawSet } from './drawn_set.js';

const goldenPath = (name: string): string => fileURLToPath(new URL(`../goldens/${name}`, import.meta.url));

let set: DrawnSet;
const at = (...parts: string[]): string => set.at(...parts);
const base = (): string[] => set.base();
const mine = (): string[] => set.mine();
beforeAll(async () => {
  set = await drawSet();
});
afterAll(() => set.remove());

describe('refused in one line, before a device is opened', () => {
  /** The message the command throws. */
  async function refusal(...args: string[]): Promise<string> {
    const program = new Command().exitOverride();
    testCommand(program);
    const failure = await program.parseAsync(['node', 'aaclip', 'test', ...args]).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(Error);
    const { message } = failure as Error;
    expect(message).not.toContain('\n');
    return message;
  }

  it('an unknown data set, or a known one in another spelling', async () => {
    const unknown = await refusal('--dataset', 'Nuts', ...base());
    expect(unknown).toMatch(
      /unknown name: expected one of Brain, .*MVTec, VisA.*, got "Nuts": name the folder .* --data/,
    );
    expect(await refusal('--dataset', 'mvtec', '--data', at('parts'), ...base())).toMatch(
      /expected MVTec, got "mvtec"/,
    );
  });

  it('a data set that is not found, with the three ways to give its folder', async () => {
    const message = await refusal('--dataset', 'VisA', ...base());
    expect(message).toMatch(
      /VisA: no folder: .*--data DIR.*AACLIP_DATA.*VisA_20220922.*\{"roots": \{"VisA": "DIR"\}\}/,
    );
    expect(await refusal('--dataset', 'VisA', '--data', at('gone'), ...base())).toMatch(/looked for .*gone \(--data\)/);
    expect(await refusal('--dataset', 'all', '--data', at('ckpt'), ...base())).toMatch(/none of Brain.* was found/);
  });

  it('a class that is not in the list', async () => {
    expect(await refusal(...mine(), '--class', 'felt,silk')).toMatch(/expected some of cloth, felt, got silk/);
  });

  it('a folder without adapters, without text adapter, or without the epoch', async () => {
    const data = ['--dataset', 'mine', '--data', at('parts'), '--weights', 'synthetic:tiny'];
    expect(await refusal(...data, '--save_path', at('nowhere'))).toMatch(/nowhere: cannot read.*--save_path.*--plain/);
    mkdirSync(at('half'));
    copyFileSync(at('ckpt', 'image_adapter_1.safetensors'), at('half', 'image_adapter_1.safetensors'));
    expect(await refusal(...data, '--save_path', at('half'))).toMatch(/half: no text_adapter: .*--plain text/);
    mkdirSync(at('quarter'));
    copyFileSync(at('ckpt', 'text_adapter.safetensors'), at('quarter', 'text_adapter.safetensors'));
    expect(await refusal(...data, '--save_path', at('quarter'))).toMatch(/quarter: no image_adapter: expected/);
    copyFileSync(at('ckpt', 'image_adapter_1.safetensors'), at('quarter', 'image_adapter.safetensors'));
    expect(await refusal(...data, '--save_path', at('quarter'), '--epoch', '7')).toMatch(
      /quarter: no image_adapter_7: the only checkpoint there has no number: leave out --epoch$/,
    );
    expect(await refusal(...mine(), '--epoch', '7')).toMatch(/no image_adapter_7: expected one of 1, 2, 10$/);
  });

  it('flags that the checkpoint contradicts', async () => {
    expect(await refusal(...mine(), '--text_adapt_until', '2')).toMatch(/--text_adapt_until 2: expected 3/);
    expect(await refusal(...mine(), '--image_adapt_until', '6')).toMatch(/--image_adapt_until 6: expected 2/);
    expect(await refusal(...mine(), '--relu')).toMatch(/--relu: this checkpoint was trained without/);
    expect(await refusal(...mine(), '--weights', 'synthetic')).toMatch(
      /adapters of another CLIP: expected text_adapter/,
    );
  });

  it('checkpoints of other methods that do not fit the flags or the weights', async () => {
    const data = ['--dataset', 'mine', '--data', at('parts'), '--weights', 'synthetic:tiny'];
    const april = (...args: string[]) =>
      refusal(...data, '--save_path', goldenPath('method.april_gan.tiny.pth'), ...args);
    expect(await april('--method', 'anomalyclip')).toMatch(
      /tiny\.pth: a checkpoint of APRIL-GAN, not of AnomalyCLIP: leave/,
    );
    expect(await april('--levels', '1,2')).toMatch(/tiny\.pth: APRIL-GAN with 4 linear layers.*expected 2.*--levels/);
    expect(await april('--levels', '4,3,2,1')).toMatch(/^levels: expected numbers of blocks in rising order, 1 to 4/);
    expect(await april('--weights', 'synthetic')).toMatch(
      /APRIL-GAN of another CLIP: expected fc\.0\.weight \[768, 1024\]/,
    );
    expect(await april('--epoch', '3')).toMatch(/no checkpoint of epoch 3: expected one of latest$/);
    expect(await refusal(...mine(), '--method', 'april-gan')).toMatch(/a checkpoint of AA-CLIP, not of APRIL-GAN/);
    expect(await refusal(...mine(), '--plain', '--method', 'april-gan')).toMatch(
      /method april-gan: needs its checkpoint/,
    );
    mkdirSync(at('several'));
    for (const name of ['a.pth', 'b.pth']) copyFileSync(goldenPath('method.april_gan.tiny.pth'), at('several', name));
    expect(await refusal(...data, '--save_path', at('several'))).toMatch(
      /several checkpoints: name the file: a\.pth, b\.pth/,
    );
  });

  it('one list for several data sets', async () => {
    const args = ['--dataset', 'MVTec,VisA', '--metadata', at('parts', 'full-shot.jsonl'), ...base()];
    expect(await refusal(...args)).toMatch(/--metadata: several data sets: expected a folder/);
  });
});
