import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toWrite, writeSafetensors } from '../../src/io/safetensors_writer.js';
import { openClip, openTensors, PACKAGED_FOLDER } from '../../src/node/open_weights.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-weights-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

describe('a folder given for a file of weights', () => {
  test.each([
    ['of Hugging Face', ['config.json', 'model.safetensors', 'pytorch_model.bin'], 'model.safetensors'],
    [
      'with several files',
      ['model-00001-of-00002.safetensors', 'model.safetensors.index.json'],
      'model.safetensors.index.json',
    ],
    ['of checkpoints', ['epoch_1.pt', 'log.txt'], 'epoch_1.pt'],
  ])('%s: the message names the file to use', async (what, files, named) => {
    const folder = join(dir, what);
    mkdirSync(folder);
    for (const file of files) writeFileSync(join(folder, file), '');
    await expect(openTensors(folder)).rejects.toThrow(
      `${folder}: a folder: name a file of weights, such as ${join(folder, named)}`,
    );
  });

  test('that holds none, an unpacked archive, or a SavedModel', async () => {
    const [empty, unpacked, saved] = ['empty', 'unpacked', 'saved'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(empty);
    mkdirSync(join(unpacked, 'archive'), { recursive: true });
    mkdirSync(saved);
    writeFileSync(join(unpacked, 'archive/data.pkl'), '');
    writeFileSync(join(saved, 'saved_model.pb'), '');
    await expect(openTensors(empty)).rejects.toThrow(/^\S+empty: a folder: name a file of weights$/);
    await expect(openTensors(unpacked)).rejects.toThrow(
      /an unpacked archive of torch: .*\(zip -0 -r model.pt archive\)/,
    );
    await expect(openTensors(saved)).rejects.toThrow(/a SavedModel of TensorFlow/);
  });
});

test('weights in several files are the same CLIP, whose fingerprint changes with each of the files', async () => {
  const whole = await openTensors(join(PACKAGED_FOLDER, 'clip.safetensors'));
  const names = [...whole.tensors.keys()];
  const half = names.length >> 1;
  const map: Record<string, string> = {};
  for (const [file, part] of [
    ['model-00001-of-00002.safetensors', names.slice(0, half)],
    ['model-00002-of-00002.safetensors', names.slice(half)],
  ] as const) {
    const chunks: Uint8Array[] = [];
    const tensors = await Promise.all(part.map(async (name) => toWrite(name, await whole.read(name))));
    for await (const chunk of writeSafetensors(tensors, {})) chunks.push(chunk);
    writeFileSync(join(dir, file), Buffer.concat(chunks));
    for (const name of part) map[name] = file;
  }
  const index = join(dir, 'model.safetensors.index.json');
  writeFileSync(index, JSON.stringify({ metadata: { total_size: 1 }, weight_map: map }));
  const clip = await openClip(index);
  expect([...clip.names].sort()).toEqual([...names].sort());
  for (const name of names) {
    const same = Buffer.compare((await clip.read(name)).bytes, (await whole.read(name)).bytes) === 0;
    expect({ name, same }).toEqual({ name, same: true });
  }
  const before = await clip.fingerprint!();
  expect(await (await openClip(index)).fingerprint!()).toBe(before);
  const shard = join(dir, 'model-00002-of-00002.safetensors');
  const bytes = readFileSync(shard);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(shard, bytes);
  expect(await (await openClip(index)).fingerprint!()).not.toBe(before);
  rmSync(shard);
  await expect(openClip(index)).rejects.toThrow(
    /00002-of-00002.safetensors: cannot read: no such file .*\(.*index.json names it: download all/,
  );
  writeFileSync(index, readFileSync(index).subarray(0, 3000));
  await expect(openClip(index)).rejects.toThrow(
    /index.json: the index of weights in several files is broken: .*; download it again, with the files that it names$/,
  );
});
