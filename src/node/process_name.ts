/** A name for a running process that no other process has, so that what it leaves behind can be told from work in progress. */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

function textOf(read: () => string): string {
  try {
    return read().trim();
  } catch {
    // Not Linux, or no /proc.
    return '';
  }
}

/** When a process started, in ticks since the machine did: numbers of processes are used again. Empty where unknown. */
function startOf(pid: number | 'self'): string {
  // The second field is the program's name, which may hold blanks and brackets.
  const fields = textOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, ''));
  return fields.split(' ')[19] ?? '';
}

interface Place {
  readonly host: string;
  /** Differs after every start of the machine. */
  readonly boot: string;
  /** The numbering that the process's number belongs to: each container has its own. */
  readonly numbering: string;
}

let place: Place | undefined;
function here(): Place {
  place ??= {
    host: digest(hostname()),
    boot: digest(textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))),
    numbering: digest(textOf(() => readlinkSync('/proc/self/ns/pid'))),
  };
  return place;
}

let ownName: string | undefined;
/** Name of this process, `pid-start-host-boot-numbering`: letters, digits and hyphens only. */
export function processName(): string {
  const { host, boot, numbering } = here();
  ownName ??= [process.pid, startOf('self') || 0, host, boot, numbering].join('-');
  return ownName;
}

/** Matches the names that `processName` gives. */
export const PROCESS_NAME = /\d+-\d+-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}/;

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process exists, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether the process of that name is running; `unknown` on another machine or in another container. */
export function processState(name: string): 'running' | 'gone' | 'unknown' {
  const [pid = '', start = '', host, boot, numbering] = name.split('-');
  const own = here();
  if (boot !== own.boot) return host === own.host ? 'gone' : 'unknown';
  if (numbering !== own.numbering) return 'unknown';
  // Where the machine's starts cannot be told apart, only its name says which one it is.
  if (own.boot === digest('') && host !== own.host) return 'unknown';
  if (!exists(Number(pid))) return 'gone';
  const now = startOf(Number(pid));
  return now !== '' && start !== '0' && now !== start ? 'gone' : 'running';
}
