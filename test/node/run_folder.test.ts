import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { RunFolder } from '../../src/node/run_folder.js';
import { device } from '../devices.js';

const goldenPath = (name: string): string => fileURLToPath(new URL(`../goldens/${name}`, import.meta.url));

it("trains AA-CLIP's adapters alone: checkpoints of other methods are named for what they are", async () => {
  const dir = mkdtempSync(join(tmpdir(), 'aaclip-run-'));
  try {
    const path = join(dir, 'epoch_15.pth');
    copyFileSync(goldenPath('method.anomalyclip.tiny.pth'), path);
    expect(() => new RunFolder(path, 'safetensors')).toThrow(
      /epoch_15\.pth: a file: only AA-CLIP's adapters are trained/,
    );
    using folder = new RunFolder(dir, 'safetensors');
    await expect(folder.restore(await device(), 'text')).rejects.toThrow(
      /epoch_15\.pth: a checkpoint of AnomalyCLIP: only AA-CLIP's adapters are trained here: name another folder/,
    );
    rmSync(path);
    expect(await folder.restore(await device(), 'text')).toBeUndefined();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
