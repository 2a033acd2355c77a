/** Whether this machine has a WebGPU adapter, found out in a child process that may crash. */
import { lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { run } from './progress.mjs';

const PROBE = fileURLToPath(new URL('probe.mjs', import.meta.url));

/**
 * @typedef {{ ok: true, name: string }} Found
 * @typedef {{ ok: false, stage: 'binding' | 'adapter' | 'device' | 'crash', why: string }} Missing
 */

/** Vulkan drivers want a private folder named by XDG_RUNTIME_DIR; a bare machine or a container has none. */
export function ensureRuntimeDir() {
  if (process.platform !== 'linux' || process.env.XDG_RUNTIME_DIR) return;
  const uid = process.getuid?.() ?? 0;
  const own = join(tmpdir(), `aaclip-runtime-${uid}`);
  try {
    mkdirSync(own, { recursive: true, mode: 0o700 });
  } catch {
    // Something else has that name: found out below.
  }
  const stat = lstatSync(own, { throwIfNoEntry: false });
  const ours = stat?.isDirectory() && stat.uid === uid && (stat.mode & 0o077) === 0;
  process.env.XDG_RUNTIME_DIR = ours ? own : mkdtempSync(join(tmpdir(), 'aaclip-runtime-'));
}

/**
 * Opens a device in a child process.
 * @returns {Found | Missing}
 */
export function probeAdapter() {
  ensureRuntimeDir();
  const { code, out } = run(process.execPath, [PROBE], { timeout: 120_000, killSignal: 'SIGKILL' });
  const lines = out.split('\n').filter((line) => line.trim() !== '');
  const json = lines.find((line) => line.startsWith('{"ok":'));
  // A driver may fall over while the process ends, after it has answered: the answer counts.
  const said = json ? JSON.parse(json) : undefined;
  if (said?.ok) return said;
  const hint = lines.find((line) => /error|warn|fail|incompatible/i.test(line) && line !== json)?.trim();
  if (said) return { ...said, why: said.stage === 'adapter' && hint ? `${said.why} (${hint})` : said.why };
  return { ok: false, stage: 'crash', why: hint ?? `the driver ended the process that tried it (exit code ${code})` };
}
