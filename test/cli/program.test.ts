/** What holds for all commands: their table, the spelling of flags, and one definition for a flag that several have. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AddCommand, createProgram, normaliseFlags } from '../../src/cli/program.js';

const CLI = fileURLToPath(new URL('../../src/cli/', import.meta.url));
// A folder without a command is what several commands share.
const folders = readdirSync(CLI).filter((name) => existsSync(join(CLI, name, 'command.ts')));
let program: Command;

beforeAll(async () => {
  const added: AddCommand[] = [];
  for (const folder of folders) {
    const exported = (await import(`../../src/cli/${folder}/command.ts`)) as Record<string, unknown>;
    const adders = Object.entries(exported).filter(([name]) => name.endsWith('Command'));
    expect(adders, folder).toHaveLength(1);
    added.push(adders[0]![1] as AddCommand);
  }
  program = createProgram(added);
});

describe('commands', () => {
  it('each have a row in the table', () => {
    const table = readFileSync(join(CLI, 'commands.ts'), 'utf8');
    for (const folder of folders) expect(table).toContain(`'./${folder}/command.js'`);
    expect(folders.length).toBeGreaterThanOrEqual(9);
  });

  it('describe themselves and every flag', () => {
    for (const command of program.commands) {
      expect(command.description(), command.name()).toMatch(/\.$/);
      for (const option of command.options)
        expect(option.description, `${command.name()} ${option.flags}`).not.toBe('');
    }
  });
});

describe('flags', () => {
  const normalised = (...argv: string[]): string[] => normaliseFlags(argv, program);

  it('may be written with _ and -, with and without =', () => {
    expect(normalised('--img-size', '56', '--img_size=56', '--image-adapt-weight=0.2', '--dry-run')).toEqual([
      ...['--img_size', '56', '--img_size=56', '--image_adapt_weight=0.2', '--dry_run'],
    ]);
    expect(normalised('--default_toggles', '--no_heatmap')).toEqual(['--default-toggles', '--no-heatmap']);
  });

  it('with two spellings keep both', () => {
    expect(normalised('--max-workers', '2', '--threads', '2')).toEqual(['--max_workers', '2', '--threads', '2']);
    const optionsOf = (name: string) => program.commands.find((c) => c.name() === name)!.options;
    for (const name of ['train', 'test']) {
      const threads = optionsOf(name).find((o) => o.long === '--threads')!;
      expect([threads.short, threads.attributeName()]).toEqual(['--max_workers', 'threads']);
    }
    const recompute = optionsOf('train').find((o) => o.short === '--recompute')!;
    expect(recompute.attributeName()).toBe('checkpointing');
  });

  it.each([
    ['train.py', 'train'],
    ['test.py', 'test'],
    ['test_all_datasets.py', 'test-all'],
    ['test_all', 'test-all'],
    ['tests', 'tests'],
  ])('follow a command that may be called %s', (published, name) => {
    expect(normaliseFlags(['node', 'aaclip', published, '--img-size', 'test.py'], program)).toEqual([
      ...['node', 'aaclip', name, '--img_size', 'test.py'],
    ]);
  });

  it('of the published programs are all known', () => {
    const both = ['model_name', 'img_size', 'relu', 'dataset', 'shot', 'seed', 'save_path', 'text_norm_weight'];
    const adapters = ['text', 'image'].flatMap((part) => [`${part}_adapt_weight`, `${part}_adapt_until`]);
    const training = ['text', 'image'].flatMap((part) => ['batch_size', 'epoch', 'lr'].map((end) => `${part}_${end}`));
    const own = {
      train: ['training_mode', 'surgery_until_layer', ...training],
      test: ['batch_size', 'visualize'],
      'test-all': ['results_dir', 'max_workers'],
    };
    for (const [name, flags] of Object.entries(own)) {
      const options = program.commands.find((c) => c.name() === name)!.options.flatMap((o) => [o.short, o.long]);
      expect(options).toEqual(expect.arrayContaining([...both, ...adapters, ...flags].map((flag) => `--${flag}`)));
    }
  });

  it('leave unknown flags and values as they are', () => {
    expect(normalised('--imgsizes', '-h', 'img-size', '--', '--class', 'a--b')).toEqual([
      ...['--imgsizes', '-h', 'img-size', '--', '--class', 'a--b'],
    ]);
  });

  it.each(['--weights', '--json', '--debug', '--adapter', '--precision', '--registry', '--config', '--data', '--relu'])(
    '%s has one spelling of its argument in all commands',
    (flag) => {
      const all = program.commands.flatMap((c) =>
        c.options.filter((o) => o.long === flag).map((o) => o.flags.replace('...', '')),
      );
      expect(all.length).toBeGreaterThan(1);
      expect(new Set(all).size).toBe(1);
    },
  );
});
