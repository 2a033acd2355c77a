/** `aaclip verify` as a user runs it. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runCli } from './run_cli.js';

const GOLDENS = fileURLToPath(new URL('../goldens/', import.meta.url));

describe('verify', () => {
  it('prints a table, exits 0 when all cases pass and 1 when one does not', async () => {
    const good = await runCli('verify', GOLDENS, '--only', 'op.gelu,op.linear');
    expect(good.code, good.stderr).toBe(0);
    expect(good.stdout).toMatch(/case +tensor +max abs +rel L2 +bound/);
    expect(good.stdout).toMatch(/op\.linear +grad\.w .* pass/);
    expect(good.stdout).toMatch(/6 tensors, 0 missed/);
    const folder = mkdtempSync(join(tmpdir(), 'aaclip-verify-'));
    try {
      copyFileSync(join(GOLDENS, 'op.gelu.safetensors'), join(folder, 'op.quick_gelu.safetensors'));
      const bad = await runCli('verify', folder, '--json');
      expect(bad.code).toBe(1);
      expect((JSON.parse(bad.stdout) as { pass: boolean }).pass).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('names a folder that is missing', async () => {
    const run = await runCli('verify', 'nowhere');
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/^aaclip: .*nowhere.*\n$/);
  });
});
