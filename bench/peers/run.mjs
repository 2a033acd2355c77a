/**
 * Times aaclip and other WebGPU libraries on the same adapter, the same inputs, one process after the other, all of them in
 * every round. Prints a line of JSON a result; `aaclip bench peers` shows them as a table.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { expectedRows, problem, SIZES } from './problem.mjs';

const PEERS = ['aaclip', 'jax_js', 'tfjs', 'onnxruntime_web'];

const { values } = parseArgs({
  options: {
    samples: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    peers: { type: 'string', default: PEERS.join() },
    only: { type: 'string' },
    adapter: { type: 'string' },
  },
});
const size = values.quick ? 'quick' : 'full';

/** Runs one library to its end. */
function runPeer(job) {
  const script = fileURLToPath(new URL('peer.mjs', import.meta.url));
  // V8's optimising compiler takes minutes over onnxruntime's WebAssembly.
  const flags = job.peer === 'onnxruntime_web' ? ['--liftoff-only'] : [];
  const child = spawn(process.execPath, [...flags, script, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let spoke = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    // Libraries print remarks of their own.
    if (!line.startsWith(`{"peer":"${job.peer}"`)) return;
    spoke = true;
    process.stdout.write(`${line}\n`);
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      const failed = `its process ended with ${signal ?? `code ${code}`}${spoke ? '' : ' before its first result'}`;
      if (code !== 0) process.stdout.write(`${JSON.stringify({ peer: job.peer, failed })}\n`);
      resolve();
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), 'aaclip-peers-'));
try {
  const expected = join(folder, 'expected.json');
  const rows = expectedRows(problem(SIZES[size]));
  writeFileSync(
    expected,
    JSON.stringify(rows, (_, x) => (x instanceof Float64Array ? [...x] : x)),
  );
  const peers = values.peers.split(',');
  for (const peer of Array.from({ length: Number(values.rounds) }, () => peers).flat()) {
    await runPeer({
      peer,
      size,
      adapter: values.adapter,
      samples: Number(values.samples),
      expected,
      only: values.only?.split(','),
    });
  }
} finally {
  rmSync(folder, { recursive: true });
}
