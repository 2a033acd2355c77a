/** Tests whether this machine has a WebGPU adapter, in a child process that may crash. */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ensureRuntimeFolder } from '#src/node/runtime_folder';
import { run } from '../bootstrap.mjs';

/** The compiled script; its path is the same from the sources and from dist-tools, which lie side by side. */
const PROBE = fileURLToPath(new URL('../../dist-tools/setup/probe.js', import.meta.url));

export type Probe =
  | { readonly ok: true; readonly name: string; readonly matrixUnits: boolean }
  | { readonly ok: false; readonly stage: 'binding' | 'adapter' | 'device' | 'crash'; readonly why: string };

/**
 * Opens a device in a child process.
 * @param node the program that runs it
 */
export function probeAdapter(node = process.execPath): Probe {
  ensureRuntimeFolder();
  const { code, out } = run(node, [PROBE], { timeout: 120_000, killSignal: 'SIGKILL' });
  const lines = out.split('\n').filter((line) => line.trim() !== '');
  const json = lines.find((line) => line.startsWith('{"ok":'));
  // A driver may crash while the process ends, after it has answered: the answer counts.
  const answer = json ? (JSON.parse(json) as Probe) : undefined;
  if (answer?.ok) return answer;
  const hint = lines.find((line) => /error|warn|fail|incompatible/i.test(line) && line !== json)?.trim();
  if (answer) return { ...answer, why: answer.stage === 'adapter' && hint ? `${answer.why} (${hint})` : answer.why };
  return { ok: false, stage: 'crash', why: hint ?? `the driver ended the process that tried it (exit code ${code})` };
}
