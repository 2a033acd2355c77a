import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { indexCommand } from '../../src/cli/index_data/command.js';

const root = mkdtempSync(join(tmpdir(), 'aaclip-index-'));
const out = join(root, 'lists', 'nut');
const pictures = join(root, 'nut');

beforeAll(() => {
  for (const file of ['good/2.png', 'good/10.png', 'bent/1.png', 'masks/bent/1.png', 'notes.txt']) {
    mkdirSync(dirname(join(pictures, file)), { recursive: true });
    writeFileSync(join(pictures, file), '');
  }
});
afterAll(() => rmSync(root, { recursive: true }));

/** What the command prints. */
async function run(...args: string[]): Promise<string> {
  const program = new Command().exitOverride();
  indexCommand(program);
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  try {
    await program.parseAsync(['node', 'aaclip', 'index', ...args]);
  } finally {
    write.mockRestore();
  }
  return text;
}

describe('aaclip index', () => {
  const list = [
    '{"image_path":"bent/1.png","label":1,"class_name":"nut","mask_path":"masks/bent/1.png"}',
    '{"image_path":"good/2.png","label":0,"class_name":"nut"}',
    '{"image_path":"good/10.png","label":0,"class_name":"nut"}',
    '',
  ].join('\n');

  test('writes the list and says what is in it', async () => {
    const text = await run(pictures, '--out', out);
    expect(readFileSync(join(out, 'full-shot.jsonl'), 'utf8')).toBe(list);
    expect(text.split('\n')).toEqual([
      'class  normal  abnormal  masks',
      'nut         2         1      1',
      '',
      'folder  taken as  because of              files',
      'bent    abnormal  beside a normal folder      1',
      'good    normal    its name                    2',
      'masks   masks     folder                      1',
      '',
      `${join(out, 'full-shot.jsonl')}: 3 samples`,
      '',
    ]);
  });

  test('draws few-shot lists, and prints JSON for programs', async () => {
    const json = JSON.parse(await run(pictures, '--out', out, '--shots', '2', '--class', 'metal nut', '--json'));
    expect(json).toEqual({
      root: pictures,
      files: [
        { file: join(out, 'full-shot.jsonl'), samples: 3 },
        { file: join(out, '2-shot.jsonl'), samples: 2 },
      ],
      classes: [{ className: 'metal nut', normal: 2, abnormal: 1, masks: 1 }],
      folders: [
        { name: 'bent', taken: 'abnormal', reason: 'beside a normal folder', files: 1 },
        { name: 'good', taken: 'normal', reason: 'its name', files: 2 },
        { name: 'masks', taken: 'masks', reason: 'folder', files: 1 },
      ],
      notes: [],
      warnings: [],
    });
    expect(readFileSync(join(out, '2-shot.jsonl'), 'utf8')).toMatch(/bent\/1\.png.*\n.*"label":0.*\n$/);
  });

  test('of a known data set takes its layout, and names the classes it does not know', async () => {
    const mvtec = join(root, 'mvtec');
    for (const file of ['screw/test/good/0.png', 'gear/test/bent/0.png', 'gear/ground_truth/bent/0_mask.png']) {
      mkdirSync(dirname(join(mvtec, file)), { recursive: true });
      writeFileSync(join(mvtec, file), '');
    }
    const json = JSON.parse(await run(mvtec, '--dataset', 'MVTec', '--out', out, '--json'));
    expect(json.classes).toEqual([
      { className: 'gear', normal: 0, abnormal: 1, masks: 1 },
      { className: 'screw', normal: 1, abnormal: 0, masks: 0 },
    ]);
    expect(json.notes).toEqual(['MVTec does not know gear: prompts use these names as they are']);
    await expect(run(mvtec, '--dataset', 'Nuts', '--out', out)).rejects.toThrow(
      /^data set: unknown name: expected one/,
    );
  });

  test('shows what it would list, and writes nothing', async () => {
    const dry = join(root, 'dry');
    const text = await run(pictures, '--dry_run', '--out', dry);
    expect(text).toMatch(/^class .*nothing was written \(--dry_run\)\n$/s);
    expect(existsSync(dry)).toBe(false);
  });

  test('takes what is said outright, and warnings for errors', async () => {
    const json = JSON.parse(await run(pictures, '--abnormal', 'good', '--masks', 'masks', '--dry_run', '--json'));
    expect(json.classes).toEqual([{ className: 'nut', normal: 1, abnormal: 2, masks: 0 }]);
    const bare = join(root, 'bare');
    mkdirSync(join(bare, 'nut', 'defect'), { recursive: true });
    writeFileSync(join(bare, 'nut', 'defect', '1.png'), '');
    expect(await run(bare, '--dry_run')).toMatch(/\nwarning: class nut has no normal pictures/);
    await expect(run(bare, '--out', join(root, 'strict'), '--strict')).rejects.toThrow(
      /bare: class nut has no normal pictures: .*--normal$/,
    );
    expect(existsSync(join(root, 'strict'))).toBe(false);
  });

  test('converts the list of another program', async () => {
    const meta = join(pictures, 'meta.json');
    const entry = (img_path: string, anomaly: number) => ({
      img_path,
      anomaly,
      mask_path: anomaly ? 'masks/bent/1.png' : '',
    });
    writeFileSync(meta, JSON.stringify({ test: { nut: [entry('good/2.png', 0), entry('bent/1.png', 1)] } }));
    await run('--from', meta, '--out', out);
    expect(readFileSync(join(out, 'full-shot.jsonl'), 'utf8').split('\n').slice(0, 2)).toEqual([
      '{"image_path":"good/2.png","label":0,"class_name":"nut"}',
      '{"image_path":"bent/1.png","label":1,"class_name":"nut","mask_path":"masks/bent/1.png"}',
    ]);
    await expect(run(root, '--from', meta, '--out', out)).rejects.toThrow(
      /meta\.json: 3 of 3 files are not below .* \(good\/2\.png, .*name the folder that the paths start from/,
    );
    const table = join(root, 'far.csv');
    writeFileSync(table, `image,label\n${join(pictures, 'good', '2.png')},0\n../nut/bent/1.png,1\n`);
    await expect(run(out, '--from', table, '--out', out)).rejects.toThrow(/leads out of .*--allow-outside$/);
    await expect(run(out, '--from', table, '--out', out, '--allow-outside')).rejects.toThrow(/far\.csv: 1 of 2 files/);
    writeFileSync(table, `image,label\n${join(pictures, 'good', '2.png')},0\n`);
    await run(out, '--from', table, '--out', out);
    expect(JSON.parse(readFileSync(join(out, 'full-shot.jsonl'), 'utf8')).image_path).toBe(
      join(pictures, 'good', '2.png'),
    );
    await expect(run(pictures, '--split', 'test', '--out', out)).rejects.toThrow(/^--split: .*--from$/);
  });

  test('refuses in one line what it cannot list', async () => {
    await expect(run(join(root, 'none'), '--out', out)).rejects.toThrow(
      /none: no such file or folder; check the path$/,
    );
    await expect(run(pictures, '--out', out, '--layout', 'mvtec')).rejects.toThrow(
      /^index: no picture fits the layout mvtec: expected CLASS\/test\/good\/NAME\.png[^\n]*$/,
    );
    await expect(run(pictures, '--out', out, '--layout', 'mvtec', '--normal', 'x')).rejects.toThrow(
      /^--normal: the layout mvtec says it already/,
    );
    await expect(run(pictures)).rejects.toThrow(/^index: no folder for the lists: give --out/);
    await expect(run('--out', out)).rejects.toThrow(/^index: no folder: name/);
    await expect(run(pictures, '--out', out, '--shots', '3')).rejects.toThrow(/^shots: expected an even number/);
    await expect(run(pictures, '--out', join(pictures, 'notes.txt'))).rejects.toThrow(/notes\.txt: cannot write/);
  });
});
