/** Bad input at the command line: one clear line that names the thing, a non-zero exit, no stack trace. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';
import { type Run, runCli } from './run_cli.js';

let dir = '';
const at = (name: string): string => join(dir, name);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-errors-'));
  writeFileSync(at('good.png'), encodePng(20, 20, new Uint8Array(1200).fill(90)));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function expectOneLine(run: Run, ...parts: (string | RegExp)[]): void {
  expect(run.code).not.toBe(0);
  const lines = run.stderr.trim().split('\n');
  expect(lines, run.stderr).toHaveLength(1);
  for (const part of parts) expect(lines[0]).toMatch(part);
  expect(run.stderr).not.toMatch(/\n\s+at /);
}

/** A safetensors file with any header and some data. */
function safetensors(name: string, header: string | Uint8Array, data: number, length?: bigint): string {
  const bytes = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + bytes.length + data);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(bytes.length), true);
  file.set(bytes, 8);
  writeFileSync(at(name), file);
  return at(name);
}

const entry = (from: number, to: number): string =>
  `{"dtype":"F32","shape":[${(to - from) / 4}],"data_offsets":[${from},${to}]}`;

describe('weights files', () => {
  const predict = (weights: string, ...more: string[]): Promise<Run> =>
    runCli('predict', at('good.png'), '--class', 'object', '--weights', weights, '--out', at('out'), ...more);

  it('truncated: the data end before the header says', async () => {
    expectOneLine(await predict(safetensors('cut.safetensors', `{"a":${entry(0, 64)}}`, 40)), 'cut.safetensors');
  });
  it('truncated: shorter than its header', async () => {
    expectOneLine(
      await predict(safetensors('short.safetensors', `{"a":${entry(0, 4)}}`, 4, 4000n)),
      'short.safetensors',
    );
  });
  it('oversized header', async () => {
    expectOneLine(await predict(safetensors('huge.safetensors', '{}', 0, 2n ** 40n)), 'huge.safetensors');
  });
  it('overlapping tensors', async () => {
    const header = `{"a":${entry(0, 8)},"b":${entry(4, 12)}}`;
    expectOneLine(await predict(safetensors('overlap.safetensors', header, 12)), 'overlap.safetensors', /overlap/);
  });
  it('a header that is not UTF-8', async () => {
    const header = Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d);
    expectOneLine(await predict(safetensors('utf8.safetensors', header, 0)), 'utf8.safetensors', /UTF-8/);
  });
  it('missing', async () => {
    expectOneLine(await predict(at('nowhere.safetensors')), 'nowhere.safetensors');
  });
  it('with a stack trace only for --debug', async () => {
    const run = await predict(at('nowhere.safetensors'), '--debug');
    expect(run.code).not.toBe(0);
    expect(run.stderr).toMatch(/\n\s+at /);
    // The library passes the error on as one of its own: where it began has to be seen, too.
    expect(run.stderr).toMatch(/\n {4}at .*file_source\.js/);
  });
  it('of another model: names the missing tensors', async () => {
    expectOneLine(await predict(safetensors('other.safetensors', `{"a":${entry(0, 8)}}`, 8)), 'other.safetensors');
  });
  it('adapters: a missing folder, and a folder without adapters', async () => {
    expectOneLine(await predict('synthetic:tiny', '--adapters', at('no-folder')), 'no-folder');
    mkdirSync(at('empty'));
    expectOneLine(await predict('synthetic:tiny', '--adapters', at('empty')), 'empty', /text_adapter/);
  });
});

it('convert never calls what a pickle names, says so, and writes nothing', async () => {
  // A stored zip whose data.pkl is `os.system("true")`: GLOBAL, a string, TUPLE1, REDUCE, STOP.
  const pickle = Buffer.from('cos\nsystem\nX\x04\0\0\0true\x85R.', 'latin1');
  writeFileSync(
    at('evil.pth'),
    storedZip({
      'archive/data.pkl': Uint8Array.from([0x80, 2, ...pickle]),
      'archive/version': new TextEncoder().encode('3\n'),
    }),
  );
  expectOneLine(
    await runCli('convert', at('evil.pth'), at('evil.safetensors')),
    'evil.pth',
    /the result of os.system, which is never called/,
  );
  expect(readdirSync(dir).filter((f) => f.includes('evil.safetensors'))).toEqual([]);
});

describe('pictures and classes', () => {
  const predict = (picture: string, ...more: string[]): Promise<Run> =>
    runCli(
      'predict',
      picture,
      '--class',
      'object',
      '--weights',
      'synthetic:tiny',
      '--img_size',
      '56',
      '--out',
      at('out'),
      '--json',
      ...more,
    );

  it('a missing folder', async () => {
    expectOneLine(await predict(at('no-pictures')), 'no-pictures');
  });
  it('an unknown class of a data set lists the known ones', async () => {
    const run = await runCli(
      'predict',
      at('good.png'),
      '--dataset',
      'MPDD',
      '--class',
      'banana',
      '--weights',
      'synthetic:tiny',
    );
    expectOneLine(run, 'banana', /tubes/);
  });
  it('an empty class name', async () => {
    expectOneLine(await runCli('predict', at('good.png'), '--class', ' ', '--weights', 'synthetic:tiny'), /class name/);
  });
  it('broken pictures among good ones: each is named, the rest goes on, the exit code tells', async () => {
    mkdirSync(at('mixed'));
    writeFileSync(at('mixed/empty.jpg'), new Uint8Array(0));
    writeFileSync(at('mixed/text.png'), 'this is not a picture');
    writeFileSync(at('mixed/one.png'), encodePng(1, 1, Uint8Array.of(1, 2, 3)));
    writeFileSync(at('mixed/long.png'), encodePng(20000, 20, new Uint8Array(20000 * 20 * 3)));
    const run = await predict(at('mixed'));
    expect(run.code).toBe(1);
    const lines = run.stdout
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as { image: string; error?: string; score?: number });
    expect(lines.find((l) => l.image.endsWith('empty.jpg'))?.error).toMatch(/empty/);
    expect(lines.find((l) => l.image.endsWith('text.png'))?.error).toMatch(/text/);
    for (const name of ['one.png', 'long.png']) {
      expect(lines.find((l) => l.image.endsWith(name))?.score).toBeTypeOf('number');
    }
    expect(run.stderr).toMatch(/2 of 4 pictures have no result/);
    expect(run.stderr).not.toMatch(/\n\s+at /);
  });
  it('--dry_run names the broken ones without a device; --skip-broken takes them as settled', async () => {
    const run = await predict(at('mixed'), '--dry_run');
    expect(run.code).toBe(1);
    const [, , looked] = run.stdout.trim().split('\n');
    expect(JSON.parse(looked!)).toEqual({ looked: { pictures: 4, broken: 2 } });
    expect(run.stderr.match(/^skipped: .*(?:empty\.jpg|text\.png): /gm)).toHaveLength(2);
    expect((await predict(at('mixed'), '--dry_run', '--skip-broken')).code).toBe(0);
  });
  it('everything wrong with a list of samples is named before a device is opened', async () => {
    const rows = [
      { image_path: 'good.png', label: 1, class_name: 'a' },
      ...Array.from({ length: 12 }, (_, i) => ({ image_path: `none${i}.png`, label: 0, class_name: 'a' })),
    ];
    writeFileSync(at('list.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    const flags = ['--dataset', 'mine', '--data', dir, '--metadata', at('list.jsonl'), '--training_mode', 'full_shot'];
    const run = await runCli(
      'train',
      ...flags,
      '--weights',
      'synthetic:tiny',
      '--dry_run',
      '--adapter',
      'no such adapter',
    );
    expect(run.code).toBe(1);
    const lines = run.stderr.trim().split('\n');
    expect(lines).toHaveLength(12);
    expect(lines[0]).toMatch(/list\.jsonl:1: an anomalous picture without mask/);
    expect(lines[1]).toMatch(/none0\.png: cannot read: no such file/);
    expect(lines[10]).toBe('... and 3 more');
    expect(lines[11]).toMatch(/^aaclip: .*list\.jsonl: 13 of 13 samples cannot be used; correct them$/);
  });
  it('a 16-bit PNG is read', async () => {
    const { default: pngjs } = await import('pngjs');
    const png = new pngjs.PNG({
      width: 4,
      height: 4,
      bitDepth: 16,
      colorType: 2,
      inputColorType: 2,
      inputHasAlpha: false,
    });
    png.data = Buffer.alloc(4 * 4 * 3 * 2, 0x7f);
    const bytes = pngjs.PNG.sync.write(png, { bitDepth: 16, colorType: 2, inputColorType: 2, inputHasAlpha: false });
    writeFileSync(at('deep.png'), bytes);
    expect((await predict(at('deep.png'))).code).toBe(0);
  });
  it('a batch too large for the adapter names the largest that fits', async () => {
    expectOneLine(await predict(at('good.png'), '--batch_size', '100000'), /at most \d+ pictures/);
  });
});

/** A zip archive of stored entries. */
function storedZip(entries: Record<string, Uint8Array>): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const [name, data] of Object.entries(entries)) {
    const label = new TextEncoder().encode(name);
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    local.setUint32(14, crc32(data), true);
    local.setUint32(18, data.length, true);
    local.setUint32(22, data.length, true);
    local.setUint16(26, label.length, true);
    const record = new DataView(new ArrayBuffer(46));
    record.setUint32(0, 0x02014b50, true);
    record.setUint32(16, crc32(data), true);
    record.setUint32(20, data.length, true);
    record.setUint32(24, data.length, true);
    record.setUint16(28, label.length, true);
    record.setUint32(42, offset, true);
    parts.push(new Uint8Array(local.buffer), label, data);
    central.push(new Uint8Array(record.buffer), label);
    offset += 30 + label.length + data.length;
  }
  const size = central.reduce((n, c) => n + c.length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, central.length / 2, true);
  end.setUint16(10, central.length / 2, true);
  end.setUint32(12, size, true);
  end.setUint32(16, offset, true);
  return Buffer.concat([...parts, ...central, new Uint8Array(end.buffer)]);
}

function crc32(data: Uint8Array): number {
  let c = ~0;
  for (const byte of data) {
    c ^= byte;
    for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (0xedb88320 & -(c & 1));
  }
  return ~c >>> 0;
}
