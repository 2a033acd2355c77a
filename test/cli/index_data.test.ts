import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

  test('refuses in one line what it cannot list', async () => {
    await expect(run(join(root, 'none'), '--out', out)).rejects.toThrow(
      /none: no such file or folder; check the path$/,
    );
    await expect(run(pictures, '--out', out, '--layout', 'mvtec')).rejects.toThrow(
      /^index: no picture fits the layout mvtec: expected CLASS\/test\/good\/NAME\.png[^\n]*$/,
    );
    await expect(run(pictures, '--out', out, '--shots', '3')).rejects.toThrow(/^shots: expected an even number/);
    await expect(run(pictures, '--out', join(pictures, 'notes.txt'))).rejects.toThrow(/notes\.txt: cannot write/);
  });
});
