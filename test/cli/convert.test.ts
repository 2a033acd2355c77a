/** `aaclip convert` as a user runs it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSafetensors } from '../../src/io/safetensors.js';
import { bytesSource } from '../../src/io/source.js';
import { runCli } from './run_cli.js';

const GOLDENS = fileURLToPath(new URL('../goldens/', import.meta.url));
let dir = '';
const at = (name: string): string => join(dir, name);
const tensors = (path: string) => openSafetensors(bytesSource(path, new Uint8Array(readFileSync(path))));

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-convert-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('convert', () => {
  it('turns a torch archive into safetensors, as stored and as f16', async () => {
    const archive = join(GOLDENS, 'archives/torchscript.pt');
    expect((await runCli('convert', archive, at('same.safetensors'))).code).toBe(0);
    expect((await runCli('convert', archive, at('half.safetensors'), '--dtype', 'f16')).code).toBe(0);
    const [same, half] = [await tensors(at('same.safetensors')), await tensors(at('half.safetensors'))];
    const want = await tensors(join(GOLDENS, 'archives/torchscript.safetensors'));
    expect([...same.tensors.keys()]).toEqual(expect.arrayContaining([...want.tensors.keys()]));
    for (const name of want.tensors.keys()) {
      expect(await same.readF32(name), name).toEqual(await want.readF32(name));
      expect(half.tensors.get(name)!.dtype).toBe('F16');
    }
  });
});
