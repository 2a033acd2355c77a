/** A command that queues tasks: URL, folder of the store, number of tasks, milliseconds each. Prints their results in order. */
import process from 'node:process';
import { openQueue } from '../../dist/cli/queue/queue_flags.js';
import { runTasks } from '../../dist/cli/queue/run_tasks.js';
import { makeTask } from '../../dist/cli/queue/task.js';

const [url, folder, count, ms] = process.argv.slice(2);
const { queue, store } = await openQueue({ queue: url, store: folder });
const tasks = Array.from({ length: Number(count) }, (_, i) => makeTask('sleep', { number: i, ms: Number(ms) }, 1));
for await (const { result } of runTasks(tasks, { queue, store, lookMs: 500 })) process.stdout.write(result);
await queue[Symbol.asyncDispose]();
