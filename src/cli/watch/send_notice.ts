/** How a notice of a faulty picture is sent: to a command, or to a URL. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { lineOf } from '../endings.js';
import type { Send, SendResult } from './fault_notices.js';

/** Seconds that a command may run. */
const COMMAND_SECONDS = 60;
/** Times that a command which fails is run for one picture. */
const COMMAND_TRIES = 3;
/** Seconds that a server may take to answer. */
const ANSWER_SECONDS = 15;

/** Whether a receiver is a URL; anything else is a command. */
export const isUrl = (receiver: string): boolean => /^https?:\/\//i.test(receiver);

/**
 * Runs a command of the user's, as written, in the system's shell. The picture's line, with `path`, is its standard input; the
 * path is also the environment variable AACLIP_IMAGE. Nothing of the picture becomes part of the command: a file's name may hold
 * anything. What the command prints goes to the error stream.
 */
export function toCommand(command: string): Send {
  const tries = new Map<string, number>();
  return async (line, path) => {
    const end = await runCommand(command, `${JSON.stringify({ ...line, path })}\n`, path);
    if (end === undefined) {
      tries.clear();
      return 'sent';
    }
    const tried = (tries.get(path) ?? 0) + 1;
    tries.set(path, tried);
    if (tried < COMMAND_TRIES) return { later: `the command ${end}` };
    tries.clear();
    return { refused: `the command ${end}, ${COMMAND_TRIES} times` };
  };
}

/** @returns how it ended; undefined for success */
function runCommand(command: string, input: string, path: string): Promise<string | undefined> {
  return new Promise((done) => {
    const child = spawn(command, {
      shell: true,
      stdio: ['pipe', process.stderr, process.stderr],
      env: { ...process.env, AACLIP_IMAGE: path },
      // A group of its own, which can be ended with all that the shell has started.
      detached: process.platform !== 'win32',
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      try {
        process.kill(process.platform === 'win32' ? child.pid! : -child.pid!, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }, 1000 * COMMAND_SECONDS);
    // A command need not read its input.
    child.stdin!.on('error', () => undefined);
    child.stdin!.end(input);
    const finish = (end: string | undefined): void => {
      clearTimeout(timer);
      done(end);
    };
    child.on('error', (error) => finish(`cannot be started: ${error.message}`));
    child.on('close', (code, signal) => {
      if (late) finish(`was still running after ${COMMAND_SECONDS} s`);
      else finish(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

/** Posts the picture's line, with `path`, as JSON. Proxies are those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
export function toUrl(url: string, seconds = ANSWER_SECONDS): Send {
  let agent: import('undici').Dispatcher | undefined;
  return async (line, path): Promise<SendResult> => {
    const { EnvHttpProxyAgent, fetch } = await import('undici');
    agent ??= new EnvHttpProxyAgent();
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...line, path }),
        dispatcher: agent,
        signal: AbortSignal.timeout(1000 * seconds),
      });
      await answer.body?.cancel();
      if (answer.ok) return 'sent';
      const said = `the server answers ${answer.status}`;
      return answer.status >= 500 || [408, 425, 429].includes(answer.status) ? { later: said } : { refused: said };
    } catch (error) {
      const { cause } = error as Error;
      return { later: `no answer (${lineOf(cause instanceof Error && cause.message !== '' ? cause : error)})` };
    }
  };
}
