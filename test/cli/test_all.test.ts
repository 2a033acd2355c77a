/** `aaclip test-all`: the published tree, starts after a kill, and what is wrong with data sets and folders. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { testAllCommand } from '../../src/cli/test_all/command.js';
import { TEST_ORDER } from '../../src/cli/test_all/found_sets.js';
import { REGISTRY } from '../../src/data/datasets.js';
import { S, writeAdapters } from './drawn_set.js';
import { drawTrees, PUBLISHED } from './published_trees.js';
import { type Run, runCli } from './run_cli.js';

let dir: string;
/** A run that nothing disturbs, in the published program's words. */
let whole: Run;
const at = (...parts: string[]): string => join(dir, ...parts);
const flags = (results: string, data = 'data', weights = 'synthetic:tiny'): string[] => [
  ...['--data', at(data), '--weights', weights, '--img_size', String(S), '--save_path', at('ckpt')],
  ...['--results_dir', at(results), '--max_workers', '0', '--json'],
];

beforeAll(async () => {
  delete process.env.AACLIP_DATA;
  dir = mkdtempSync(join(tmpdir(), 'aaclip-all-'));
  drawTrees(at('data'));
  mkdirSync(at('ckpt'));
  await writeAdapters(at('ckpt', 'text_adapter.safetensors'), 'text', 2);
  for (const epoch of [1, 2]) await writeAdapters(at('ckpt', `image_adapter_${epoch}.safetensors`), 'image', 2 + epoch);
  whole = await runCli('test_all_datasets.py', ...flags('whole'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Files below a folder with their contents, apart from the one that holds times. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(at(folder), { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  const paths = files.map((e) => join(e.parentPath, e.name)).filter((path) => !path.endsWith('times.jsonl'));
  return Object.fromEntries(
    paths.sort().map((path) => [path.slice(at(folder).length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8')]),
  );
}

interface Line {
  readonly dataset?: string;
  readonly epoch: number;
}
/** The data sets and epochs that a run has tested. */
const testedBy = (stdout: string): string[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
    .flatMap(({ dataset, epoch }) => (dataset === undefined ? [] : [`${dataset} ${epoch}`]));

/** The same as they stand in the files of a folder. */
const keptIn = (folder: string): string[] =>
  PUBLISHED.filter((name) => existsSync(at(folder, name, 'results.json'))).flatMap((name) => {
    const { runs } = JSON.parse(readFileSync(at(folder, name, 'results.json'), 'utf8')) as { runs: Line[] };
    return runs.map(({ epoch }) => `${name} ${epoch}`);
  });

/** Starts a run, and kills it as soon as a file is there. */
async function killedAt(file: string, args: readonly string[]): Promise<void> {
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, ...args], { stdio: 'ignore' });
  const ended = new Promise((done) => child.on('close', (_, signal) => done(signal)));
  const watch = setInterval(() => existsSync(file) && child.kill('SIGKILL'), 2);
  expect(await ended).toBe('SIGKILL');
  clearInterval(watch);
}

describe('all data sets', () => {
  it('leave the published tree, and the same bytes after a kill in the middle', async () => {
    expect(TEST_ORDER).toEqual(PUBLISHED);
    expect([...TEST_ORDER].sort()).toEqual(Object.keys(REGISTRY.datasets).sort());
    expect(whole.code, whole.stderr).toBe(0);
    const pairs = PUBLISHED.flatMap((name) => [`${name} 1`, `${name} 2`]);
    expect(testedBy(whole.stdout)).toEqual(pairs);
    const files = contents('whole');
    const sets = PUBLISHED.flatMap((name) => [`${name}/results.json`, `${name}/test.log`]);
    const summaries = ['json', 'txt', 'csv', 'md'].map((end) => `summary.${end}`);
    expect(Object.keys(files).sort()).toEqual([...sets, ...summaries].sort());
    expect(files['summary.txt']).toMatch(
      /^TEST SUMMARY\n=+\nTotal datasets: 12\nSuccessful tests: 12\nFailed tests: 0\n/,
    );
    expect(files['summary.txt']).toContain(PUBLISHED.map((name) => `${name}: SUCCESS\n`).join(''));
    const log =
      /^INFO:args: .*\n(?:INFO:test MPDD, epoch \d: 2 pictures\nINFO:final results:\n *class name[^I]*){2}INFO:all epochs:\n/;
    expect(files['MPDD/test.log']).toMatch(log);

    await killedAt(at('killed', 'Colon_cvc300', 'results.json'), ['test', '--dataset', 'all', ...flags('killed')]);
    const kept = keptIn('killed');
    expect(kept).toContain('Colon_colonDB 2');
    expect(kept).not.toContain('MVTec2 2');
    const again = await runCli('test-all', ...flags('killed'));
    expect(again.code, again.stderr).toBe(0);
    expect([...kept, ...testedBy(again.stdout)]).toEqual(pairs);
    expect(contents('killed')).toEqual(files);
  });

  it('are tested as far as they are good; the others once they are repaired', async () => {
    drawTrees(at('some'), ['Brain', 'MPDD', 'MVTec', 'BTAD']);
    writeFileSync(at('some', 'MPDD', 'full-shot.jsonl'), '\n');
    const half = at('some', 'mvtec_ad', 'full-shot.jsonl');
    writeFileSync(half, '{"image_path": "wood/test/good/9.png", "label": 0, "class_name": "wood"}');
    const bare = at('some', 'BTech_Dataset_transformed', '01', 'test');
    rmSync(bare, { recursive: true });
    const first = await runCli('test-all', ...flags('repaired', 'some'), '--epoch', '2');
    expect(first.code).toBe(1);
    const lines = first.stderr.split('\n').filter((line) => /^(?:failed|aaclip)/.test(line));
    expect(lines).toEqual([
      expect.stringMatching(/^failed: BTAD: the files in \S+BTech_Dataset_transformed are not laid out as published /),
      expect.stringMatching(/^failed: MPDD: \S+full-shot\.jsonl: empty list: /),
      expect.stringMatching(/^failed: MVTec: \S+9\.png: cannot read: no such file/),
      expect.stringMatching(
        /^aaclip: data sets: 3 of 12 failed \(BTAD, MPDD, MVTec\): the figures of the others are kept: /,
      ),
    ]);
    expect(testedBy(first.stdout)).toEqual(['Brain 2']);
    const text = contents('repaired')['summary.txt']!;
    expect(text).toContain('Successful tests: 1\nFailed tests: 3\nNot found: 8\n');
    expect(text).toMatch(/\nVisA: NOT FOUND: needs the folder VisA_20220922, with CLASS\/Data\/Images\/Normal/);
    expect(contents('repaired')['MPDD/test.log']).toMatch(/\nERROR:\S+full-shot\.jsonl: empty list/);

    rmSync(half);
    rmSync(at('some', 'MPDD', 'full-shot.jsonl'));
    drawTrees(at('some'), ['BTAD']);
    const second = await runCli('test-all', ...flags('repaired', 'some'), '--epoch', '2');
    expect(second.code, second.stderr).toBe(0);
    expect(testedBy(second.stdout)).toEqual(['BTAD 2', 'MPDD 2', 'MVTec 2']);
    expect(contents('repaired')['summary.txt']).toContain('Successful tests: 4\nFailed tests: 0\n');
  });
});

describe('one line is said, and nothing is written, where', () => {
  /** Runs in this process: nothing gets as far as a device. */
  async function refused(...args: string[]): Promise<string> {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const program = new Command().exitOverride();
    testAllCommand(program);
    try {
      const error = await program.parseAsync(['node', 'aaclip', 'test-all', ...args]).catch((e: unknown) => e);
      expect(written.mock.calls).toEqual([]);
      return (error as Error).message;
    } finally {
      written.mockRestore();
    }
  }

  it('no data set is found, or an epoch is missing', async () => {
    expect(await refused(...flags('none', 'ckpt'))).toMatch(
      /^data sets: none of Brain, .*, MVTec2 was found: give --data/,
    );
    expect(await refused(...flags('none'), '--epoch', '7')).toMatch(/no image_adapter_7: expected one of 1, 2$/);
    expect(await refused(...flags('none'), '--dataset', 'mvtec,VisA')).toMatch(
      /unknown name: expected MVTec, got "mvtec"/,
    );
    expect(existsSync(at('none'))).toBe(false);
  });

  it('the folder holds results of another run', async () => {
    const before = contents('whole');
    const other = / name another folder with --results_dir$/;
    for (const [args, words] of [
      [[...flags('whole', 'data', 'synthetic:tiny:3')], '(other weights)'],
      [[...flags('whole'), '--image_adapt_weight', '0.2'], '(imageMix 0.1, now 0.2)'],
      [[...flags('whole'), '--class', 'wood'], '(classes null, now "wood")'],
      [[...flags('whole'), '--defects'], '(defects not given, now true)'],
    ] as const) {
      const line = await refused(...args);
      expect(line).toContain(`whole: holds the figures of another run ${words}:`);
      expect(line).toMatch(other);
    }
    await writeAdapters(at('ckpt', 'image_adapter_2.safetensors'), 'image', 9);
    expect(await refused(...flags('whole'))).toMatch(
      /whole: holds the figures of other image adapters \(epoch 2\): name/,
    );
    expect(contents('whole')).toEqual(before);
    mkdirSync(at('theirs', 'Brain'), { recursive: true });
    writeFileSync(at('theirs', 'Brain', 'test.log'), 'Test command: python test.py\n');
    expect(await refused(...flags('theirs'))).toMatch(/theirs: holds the results of another program \(Brain\): name/);
    writeFileSync(at('theirs', 'summary.json'), '{"run": ');
    expect(await refused(...flags('theirs'))).toMatch(/summary\.json: not as test-all writes it: delete it, or name/);
  });
});
