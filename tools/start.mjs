/** `npm start`: the demonstration, with whatever words follow `npm start --`. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const demo = fileURLToPath(new URL('./tiny/demo.mjs', import.meta.url));
const child = spawn(process.execPath, [demo, ...process.argv.slice(2)], { stdio: 'inherit' });
child.on('error', (error) => {
  process.stderr.write(`start: ${error.message}\n`);
  process.exitCode = 1;
});
child.on('exit', (code, signal) => {
  // A signal that ended the child ends us the same way, so that a shell sees what happened.
  if (signal) process.kill(process.pid, signal);
  else process.exitCode = code ?? 1;
});
