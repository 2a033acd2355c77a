/** The model of the package by its name, and words a model with a shortened token table lacks. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { promptsFor } from '../../src/data/class_prompts.js';
import { encodeClasses, type PromptedClass } from '../../src/detect/class_tokens.js';
import { toWrite, writeSafetensors } from '../../src/io/safetensors_writer.js';
import { createTokenizer } from '../../src/io/tokenizer.js';
import { syntheticAdapters, syntheticClip, TINY } from '../../src/model/synthetic.js';
import { writeAtomically } from '../../src/node/atomic_write.js';
import { encodePng } from '../../src/node/encode_png.js';
import { MERGES } from '../../src/node/open_tokenizer.js';
import { openAdapters, openClip, PACKAGED_FOLDER } from '../../src/node/open_weights.js';
import { type Run, runCli } from '../cli/run_cli.js';

const tokenizer = createTokenizer(readFileSync(MERGES, 'utf8'));
let dir = '';
const at = (...parts: string[]): string => join(dir, ...parts);

/** A model that keeps the tokens of these texts only. */
async function writeClip(path: string, texts: readonly string[], seed = 1): Promise<void> {
  const kept = [...new Set(texts.flatMap((t) => tokenizer.tokenize(t)))].sort((a, b) => a - b);
  const made = syntheticClip({ ...TINY, vocab: kept.length }, seed, true);
  const tensors = await Promise.all(made.names.map(async (name) => toWrite(name, await made.read(name))));
  const ids = { dtype: 'I32' as const, shape: [kept.length], bytes: new Uint8Array(Int32Array.from(kept).buffer) };
  await writeAtomically(path, writeSafetensors([...tensors, toWrite('token_ids', ids)]));
}

async function writeAdapters(folder: string): Promise<void> {
  const made = syntheticAdapters(TINY, 2);
  for (const part of ['text', 'image']) {
    const names = made.names.filter((n) => n.startsWith(`${part}_adapter.`));
    const tensors = await Promise.all(names.map(async (n) => toWrite(n, await made.read(n))));
    await writeAtomically(join(folder, `${part}_adapter.safetensors`), writeSafetensors(tensors));
  }
}

const textsOf = (...names: string[]): string[] =>
  names.flatMap((name) => {
    const { normal, abnormal } = promptsFor(name);
    return [...normal, ...abnormal];
  });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-vocabulary-'));
  await writeClip(at('few.safetensors'), textsOf('screw', 'object'));
  writeFileSync(at('a.png'), encodePng(20, 20, new Uint8Array(1200).fill(90)));
  mkdirSync(at('parts'));
  for (const name of ['a', 'b']) writeFileSync(at('parts', `${name}.png`), encodePng(20, 20, new Uint8Array(1200)));
  const rows = ['screw', 'banana peel', 'rusty screw'].map((class_name) =>
    JSON.stringify({ image_path: 'a.png', label: 1, class_name, mask_path: 'b.png' }),
  );
  writeFileSync(at('parts', 'full-shot.jsonl'), rows.join('\n'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('a word the model does not know is named, before anything is made or loaded,', () => {
  const data = (): string[] => ['--dataset', 'mine', '--data', at('parts')];
  const few = (): string[] => ['--weights', at('few.safetensors'), '--img_size', '56'];

  function expectRefused(run: Run, out: string, ...parts: RegExp[]): void {
    expect(run.code).toBe(1);
    const lines = run.stderr.trim().split('\n');
    expect(lines, run.stderr).toHaveLength(1);
    for (const part of [/^aaclip: .*few\.safetensors: words this model does not know: /, ...parts])
      expect(lines[0]).toMatch(part);
    expect(run.stdout).toBe('');
    expect(existsSync(out)).toBe(false);
  }

  it('by predict, which works for a class it does know', async () => {
    const predict = (name: string, out: string): Promise<Run> =>
      runCli('predict', at('a.png'), '--class', name, ...few(), '--out', out);
    const refused = await predict('Rusty banana', at('no'));
    expectRefused(refused, at('no'), /know: "rusty" of class "Rusty banana", "banana" of class "Rusty banana": /);
    expect(refused.stderr).toMatch(/--class object, .*--registry.*--weights that are a whole CLIP$/m);
    const good = await predict('screw', at('yes'));
    expect(good.code, good.stderr).toBe(0);
    expect(existsSync(at('yes', 'a.heatmap.png'))).toBe(true);
  });

  it('by predict with other words from a registry file', async () => {
    const registry = at('registry.json');
    const classes = { banana: 'object' };
    writeFileSync(
      registry,
      JSON.stringify({ datasets: { Fruit: { domain: 'Industrial', layout: 'folder', classes } } }),
    );
    const run = await runCli(
      'predict',
      at('a.png'),
      '--class',
      'banana',
      '--registry',
      registry,
      ...few(),
      '--out',
      at('fruit'),
    );
    expect(run.code, run.stderr).toBe(0);
  });

  it('by train', async () => {
    const run = await runCli('train', ...data(), '--training_mode', 'full_shot', ...few(), '--save_path', at('run'));
    const words = /: "banana" of class "banana peel", "peel" of class "banana peel", "rusty" of class "rusty screw": /;
    expectRefused(run, at('run'), words, /"object" in the list, .*--registry/);
  });

  it('by test', async () => {
    const args = [...data(), ...few(), '--plain', '--save_path', at('none'), '--results_dir', at('results')];
    const refused = await runCli('test', ...args);
    expectRefused(refused, at('results'), /"peel" of class "banana peel", "rusty" of class "rusty screw": leave/);
    const good = await runCli('test', ...args, '--class', 'screw');
    expect(good.code, good.stderr).toBe(0);
    expect(existsSync(at('results', 'test.log'))).toBe(true);
    expect(existsSync(at('none'))).toBe(false);
  });
});

describe('encodeClasses', () => {
  const classOf = (className: string): PromptedClass => ({
    className,
    domain: 'Medical',
    prompts: promptsFor(className),
  });

  it('gives the ids of all prompts under the name or the key', async () => {
    const clip = await openClip(at('few.safetensors'));
    const [screw, object] = await encodeClasses(
      tokenizer,
      clip,
      [{ ...classOf('screw'), key: 'a/screw' }, classOf('object')],
      '',
    );
    expect([screw!.name, object!.name]).toEqual(['a/screw', 'object']);
    expect(screw!.domain).toBe('Medical');
    expect(screw!.normal).toEqual(tokenizer.encode(promptsFor('screw').normal));
    expect(screw!.abnormal).toEqual(tokenizer.encode(promptsFor('screw').abnormal));
  });

  it('groups words over classes, tells those of the prompts, and cuts a long list', async () => {
    const clip = await openClip(at('few.safetensors'));
    const nuts = ['a', 'b', 'c', 'd', 'e'].map((n) => classOf(`walnut ${n}`));
    await expect(encodeClasses(tokenizer, clip, nuts, 'do this')).rejects.toThrow(
      /: "walnut" of class "walnut a", class "walnut b", class "walnut c", class "walnut d" and 1 more, "b" of .*: do this, or give/,
    );
    const long = classOf('one two three four five six seven eight nine ten');
    await expect(encodeClasses(tokenizer, clip, [long], '')).rejects.toThrow(
      /"eight" of class "one [a-z ]*" and 2 more: /,
    );
    await writeClip(at('bare.safetensors'), ['screw.', 'a photo of']);
    const bare = await openClip(at('bare.safetensors'));
    await expect(encodeClasses(tokenizer, bare, [classOf('screw')], '')).rejects.toThrow(
      /know: "the" of the prompts, "damaged" of the prompts, .*"flaw" of the prompts/,
    );
  });

  it('takes a whole table by the number of its rows', async () => {
    const [tokens] = await encodeClasses(tokenizer, syntheticClip(TINY, 1), [classOf('yellow banana')], '');
    expect(tokens!.normal.length % 77).toBe(0);
    const cut = syntheticClip({ ...TINY, vocab: 300 }, 1);
    await expect(encodeClasses(tokenizer, cut, [classOf('yellow banana')], '')).rejects.toThrow(
      /"banana" of class "yellow/,
    );
  });
});

describe('the name "tiny"', () => {
  it('is the model beside the merge table', () => {
    expect(PACKAGED_FOLDER).toBe(join(dirname(MERGES), 'tiny'));
  });

  it('goes before a file or folder of that name, which "./tiny" names', async () => {
    const here = process.cwd();
    mkdirSync(at('package'));
    await writeClip(at('package', 'clip.safetensors'), ['screw']);
    await writeAdapters(at('package'));
    mkdirSync(at('files'));
    mkdirSync(at('folders', 'tiny'), { recursive: true });
    await writeClip(at('files', 'tiny'), ['screw', 'nut'], 2);
    await writeAdapters(at('folders', 'tiny'));
    try {
      process.chdir(at('files'));
      const clip = await openClip('tiny', at('package'));
      expect(clip.name).toBe(at('package', 'clip.safetensors'));
      expect((await openClip('./tiny', at('package'))).shape('token_ids')[0]).toBe(clip.shape('token_ids')[0]! + 1);
      process.chdir(at('folders'));
      const packaged = await openAdapters('tiny', clip, undefined, at('package'));
      expect(packaged.text.name).toBe(at('package', 'text_adapter.safetensors'));
      expect(packaged.image.name).toBe(at('package', 'image_adapter.safetensors'));
      expect((await openAdapters('./tiny', clip, undefined, at('package'))).text.name).not.toContain('package');
    } finally {
      process.chdir(here);
    }
  });

  it('says what is missing of the package', async () => {
    const lost = join(at('lost'), 'clip.safetensors');
    await expect(openClip('tiny', at('lost'))).rejects.toThrow(`${lost}: missing, and with it the model "tiny" of the`);
    mkdirSync(at('lost'));
    await writeClip(lost, ['screw']);
    const clip = await openClip('tiny', at('lost'));
    await expect(openAdapters('tiny', clip, undefined, at('lost'))).rejects.toThrow(
      /text_adapter\.safetensors: missing, .*install aaclip again, or write \.\/tiny/,
    );
  });
});
