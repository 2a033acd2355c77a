/** One library in a process of its own: checks each op against float64, then times it. Prints a line of JSON an op. */
import { readFileSync } from 'node:fs';
import { BOUND, errorOf, problem, SIZES } from './problem.mjs';
import { sparingly } from './webgpu.mjs';

const { peer, size, samples, expected: file, only, adapter } = JSON.parse(process.argv[2]);
const expected = JSON.parse(readFileSync(file, 'utf8'));
const ops = problem(SIZES[size]);
const say = (line) => process.stdout.write(`${JSON.stringify({ peer, ...line })}\n`);
/** Why something failed, in a line. */
function firstLine(error) {
  if (/^(ERR_)?MODULE_NOT_FOUND$|^ENOENT$/.test(error?.code)) return 'not installed: npm install --prefix bench/peers';
  return `${error?.message ?? error}`.split('\n')[0];
}

async function measure(library, name) {
  // Ours with weights in f16 is the same block.
  const op = name.split(',')[0];
  const run = await library[name](ops[op]);
  const result = await sparingly(run());
  const error = errorOf(result, expected[op], ops[op].t);
  const line = { op: name, size: ops[op].size, flops: ops[op].flops, error };
  if (!(error <= BOUND)) return { ...line, wrong: true };
  const times = [];
  // On a software adapter the processor's time says more than the clock's where other programs run too.
  const cpu = [];
  for (let i = 0; i < samples; i++) {
    const start = performance.now();
    const before = process.cpuUsage();
    await sparingly(run());
    times.push(performance.now() - start);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 1000);
  }
  return { ...line, times, cpu };
}

try {
  const library = await (await import(`./${peer}.mjs`)).open({ adapter });
  const { version, ...kernels } = library;
  say({ version });
  for (const name of Object.keys(kernels)) {
    if (only && !only.includes(name.split(',')[0])) continue;
    say(await measure(library, name).catch((error) => ({ op: name, failed: firstLine(error) })));
  }
} catch (error) {
  say({ failed: firstLine(error) });
}
// Dawn's objects keep the process alive.
process.exit(0);
