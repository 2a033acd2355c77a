/** The model of the package by its name, and words a model with a shortened token table lacks. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { promptsFor } from '../../src/data/class_prompts.js';
import { REGISTRY, type Registry } from '../../src/data/datasets.js';
import { extendRegistry } from '../../src/data/registry_file.js';
import { encodeClasses, type PromptedClass, promptedClass } from '../../src/detect/class_tokens.js';
import { toWrite, writeSafetensors } from '../../src/io/safetensors_writer.js';
import { createTokenizer } from '../../src/io/tokenizer.js';
import { promptRows } from '../../src/model/prompt_rows.js';
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

describe('a word the model does not know is reported, and its class uses the prompts of "object",', () => {
  const data = (): string[] => ['--dataset', 'mine', '--data', at('parts')];
  const few = (): string[] => ['--weights', at('few.safetensors'), '--img_size', '56'];

  /** The only note on words of a run that succeeded. */
  function noteOf(run: Run): string {
    expect(run.code, run.stderr).toBe(0);
    const notes = run.stderr.split('\n').filter((line) => /^note: .*: words/.test(line));
    expect(notes, run.stderr).toHaveLength(1);
    expect(notes[0]).toMatch(/^note: .*few\.safetensors: words this model does not know: /);
    return notes[0]!;
  }
  const jsonLines = (run: Run): Record<string, unknown>[] =>
    run.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('by predict, with the scores of "object"', async () => {
    const predict = (name: string, ...more: string[]): Promise<Run> =>
      runCli('predict', at('a.png'), '--class', name, ...few(), '--out', at('out'), ...more);
    expect(noteOf(await predict('Rusty banana'))).toMatch(
      /know: "rusty" of class "Rusty banana", "banana" of class "Rusty banana": its class uses the prompts of "object": .*whole CLIP$/,
    );
    const told = await predict('Rusty banana', '--json');
    expect(told.stderr).not.toContain('note: ');
    const [general] = jsonLines(await predict('object', '--json'));
    const [line] = jsonLines(told);
    expect(line).toMatchObject({ class: 'Rusty banana', prompt_name: 'object', unknown_words: ['rusty', 'banana'] });
    expect(line!.score).toBe(general!.score);
    const [screw] = jsonLines(await predict('screw', '--json'));
    expect(screw).not.toHaveProperty('unknown_words');
    expect(screw!.score).not.toBe(general!.score);
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
    const args = [...data(), '--training_mode', 'full_shot', ...few(), '--dry_run'];
    const run = await runCli('train', ...args);
    const words = /: "banana" of class "banana peel", "peel" of class "banana peel", "rusty" of class "rusty screw": /;
    expect(noteOf(run)).toMatch(words);
    const lines = jsonLines(await runCli('train', ...args, '--json'));
    expect(lines.slice(0, 2)).toEqual([
      { class: 'banana peel', prompt_name: 'object', unknown_words: ['banana', 'peel'] },
      { class: 'rusty screw', prompt_name: 'object', unknown_words: ['rusty'] },
    ]);
  });

  it('by test', async () => {
    const args = [...data(), ...few(), '--plain', '--save_path', at('none'), '--results_dir', at('results')];
    const run = await runCli('test', ...args);
    expect(noteOf(run)).toMatch(/"peel" of class "banana peel", "rusty" of class "rusty screw": their classes use/);
    expect(existsSync(at('results', 'test.log'))).toBe(true);
    const good = await runCli('test', ...args, '--class', 'screw');
    expect(good.code, good.stderr).toBe(0);
    expect(good.stderr).not.toContain(': words');
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
    const named = [{ ...classOf('screw'), key: 'a/screw' }, classOf('object')];
    const { classes, note } = await encodeClasses(tokenizer, clip, named, '');
    const [screw, object] = classes;
    expect(note).toBeUndefined();
    expect(screw).toMatchObject({ className: 'screw', realName: 'screw', unknownWords: [] });
    expect([screw!.name, object!.name]).toEqual(['a/screw', 'object']);
    expect(screw!.domain).toBe('Medical');
    expect(screw!.normal).toEqual(tokenizer.encode(promptsFor('screw').normal));
    expect(screw!.abnormal).toEqual(tokenizer.encode(promptsFor('screw').abnormal));
  });

  it('takes "object" for a class with unknown words, groups them over classes, and cuts a long list', async () => {
    const clip = await openClip(at('few.safetensors'));
    const nuts = ['a', 'b', 'c', 'd', 'e'].map((n) => classOf(`walnut ${n}`));
    const { classes, note } = await encodeClasses(tokenizer, clip, nuts, 'do this');
    expect(note).toMatch(
      /: "walnut" of class "walnut a", class "walnut b", class "walnut c", class "walnut d" and 1 more, "b" of .*: their classes use the prompts of "object": do this, or use/,
    );
    const object = promptsFor('object');
    for (const c of classes) {
      expect(c).toMatchObject({ domain: 'Medical', realName: 'object' });
      expect(c.normal).toEqual(tokenizer.encode(object.normal));
      expect(c.abnormal).toEqual(tokenizer.encode(object.abnormal));
    }
    expect(classes.map((c) => c.name)).toEqual(nuts.map((c) => c.className));
    expect(classes[1]!.unknownWords).toEqual(['walnut', 'b']);
    const long = classOf('one two three four five six seven eight nine ten');
    expect((await encodeClasses(tokenizer, clip, [long], '')).note).toMatch(
      /"eight" of class "one [a-z ]*" and 2 more: /,
    );
  });

  it('keeps the texts of a data set around "object", and takes the published ones where those have unknown words', async () => {
    const clip = await openClip(at('few.safetensors'));
    const registryWith = (state: string): Registry =>
      extendRegistry(
        'r.json',
        JSON.stringify({
          datasets: { Mine: { domain: 'Medical', classes: { x: 'walnut' }, abnormalStates: [state] } },
        }),
        REGISTRY,
      );
    const abnormal = async (state: string): Promise<Uint32Array> => {
      const one = promptedClass('x', registryWith(state), { dataset: 'Mine' });
      const { classes, note } = await encodeClasses(tokenizer, clip, [one], '');
      expect(note).toMatch(/"walnut" of class "x"/);
      return classes[0]!.abnormal;
    };
    const templates = ['a broken object.', 'a photo of a broken object.'];
    expect(await abnormal('a broken {}')).toEqual(tokenizer.encode(templates));
    expect(await abnormal('a shattered {}')).toEqual(tokenizer.encode(promptsFor('object').abnormal));
  });

  it('uses the words a caller gives as they are, in the domain of the class', async () => {
    expect(promptedClass('Brain', REGISTRY, { words: 'capsule' })).toMatchObject({
      className: 'Brain',
      domain: 'Medical',
      prompts: { realName: 'capsule', normal: expect.arrayContaining(['a photo of the capsule.']) },
    });
    expect(promptedClass('capsule', REGISTRY).prompts.realName).toBe('black and orange capsule');
    expect(promptedClass('a', REGISTRY, { domain: 'Medical', words: 'b' }).domain).toBe('Medical');
    expect(() => promptedClass('a', REGISTRY, { words: ' ' })).toThrow(/class name: empty/);
  });

  it('refuses a model that lacks words of "object" too', async () => {
    await writeClip(at('bare.safetensors'), ['screw.', 'a photo of']);
    const bare = await openClip(at('bare.safetensors'));
    await expect(encodeClasses(tokenizer, bare, [classOf('screw')], '')).rejects.toThrow(
      /know: "the" of the prompts, "damaged" of the prompts, .*"flaw" of the prompts.*: use weights that are a whole CLIP/,
    );
  });

  it('takes a whole table by the number of its rows', async () => {
    const whole = await encodeClasses(tokenizer, syntheticClip(TINY, 1), [classOf('yellow banana')], '');
    expect(whole.note).toBeUndefined();
    expect(whole.classes[0]!.normal.length % 77).toBe(0);
    const cut = syntheticClip({ ...TINY, vocab: 300 }, 1);
    await expect(encodeClasses(tokenizer, cut, [classOf('yellow banana')], '')).rejects.toThrow(
      /"banana" of class "yellow/,
    );
  });
});

describe('promptRows', () => {
  it('joins the prompts of classes, normal before abnormal, and counts them', () => {
    const a = { normal: Uint32Array.of(1, 2, 3, 4), abnormal: Uint32Array.of(5, 6) };
    const b = { normal: Uint32Array.of(7, 8), abnormal: Uint32Array.of(9, 10) };
    expect(promptRows([a, b], 2)).toEqual({
      ids: Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
      counts: [
        [2, 1],
        [1, 1],
      ],
    });
  });
});

describe('the name "tiny"', () => {
  it('is the model beside the merge table', () => {
    expect(PACKAGED_FOLDER).toBe(join(dirname(MERGES), 'tiny'));
  });

  it('takes precedence over a file or folder of that name, which "./tiny" names', async () => {
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
      expect(packaged.text?.name).toBe(at('package', 'text_adapter.safetensors'));
      expect(packaged.image?.name).toBe(at('package', 'image_adapter.safetensors'));
      expect((await openAdapters('./tiny', clip, undefined, at('package'))).text?.name).not.toContain('package');
    } finally {
      process.chdir(here);
    }
  });

  it('says which file of the package is missing', async () => {
    const lost = join(at('lost'), 'clip.safetensors');
    await expect(openClip('tiny', at('lost'))).rejects.toThrow(
      `${lost}: missing, but the packaged model "tiny" needs it`,
    );
    mkdirSync(at('lost'));
    await writeClip(lost, ['screw']);
    const clip = await openClip('tiny', at('lost'));
    await expect(openAdapters('tiny', clip, undefined, at('lost'))).rejects.toThrow(
      /text_adapter\.safetensors: missing, .*install aaclip again, or write \.\/tiny/,
    );
  });
});
