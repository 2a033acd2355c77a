/** Prints the adapter and the kernels that run on it, as one line of JSON. Run as a child by run.ts, under each driver. */
import process from 'node:process';
import { kernelLists } from '#src/kernels/kernel_lists';
import { openGpu } from '#src/node/device';
import type { Adapter } from './adapters.js';

const { description, traits } = await openGpu();
const rows = kernelLists.flatMap((list) =>
  list.rows.filter((row) => row.runsOn(traits)).map((row) => `${list.op}/${row.name}`),
);
const adapter: Adapter = {
  name: description.description || description.device,
  matrixUnits: traits.matrixShapes.length > 0,
  rows,
};
process.stdout.write(`\n${JSON.stringify(adapter)}\n`);
// The device would keep the process alive.
process.exit(0);
