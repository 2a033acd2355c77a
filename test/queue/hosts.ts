/** Hosts with addresses of their own in one machine: network namespaces, where the system allows them. */
import { execFileSync } from 'node:child_process';

/** A place to start programs in. */
export interface Host {
  /** Put before a program and its arguments. */
  readonly enter: readonly string[];
  readonly address: string;
}

const BRIDGE = 'aaclipbr';

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'ignore' });
}

export class Hosts implements Disposable {
  /** Where a server listens so that every host reaches it. */
  readonly address: string;
  readonly hosts: readonly Host[];
  readonly #names: readonly string[];

  private constructor(address: string, hosts: readonly Host[], names: readonly string[]) {
    this.address = address;
    this.hosts = hosts;
    this.#names = names;
  }

  /** Hosts with addresses of their own; on a system that does not allow that, all are this machine's loopback. */
  static open(count: number): Hosts {
    const tag = String(process.pid % 10_000);
    const names = Array.from({ length: count }, (_, i) => `aaclip-${tag}-${i}`);
    const subnet = `10.${200 + (process.pid % 50)}.${process.pid % 250}`;
    try {
      ip('link', 'add', `${BRIDGE}${tag}`, 'type', 'bridge');
      ip('addr', 'add', `${subnet}.1/24`, 'dev', `${BRIDGE}${tag}`);
      ip('link', 'set', `${BRIDGE}${tag}`, 'up');
      const hosts = names.map((name, i): Host => {
        const [outside, inside] = [`av${tag}o${i}`, `av${tag}i${i}`];
        ip('netns', 'add', name);
        ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside);
        ip('link', 'set', outside, 'master', `${BRIDGE}${tag}`, 'up');
        ip('link', 'set', inside, 'netns', name);
        const address = `${subnet}.${10 + i}`;
        ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', inside);
        ip('-n', name, 'link', 'set', inside, 'up');
        ip('-n', name, 'link', 'set', 'lo', 'up');
        return { enter: ['ip', 'netns', 'exec', name], address };
      });
      return new Hosts(`${subnet}.1`, hosts, names);
    } catch {
      remove(tag, names);
      const here: Host = { enter: [], address: '127.0.0.1' };
      return new Hosts(
        '127.0.0.1',
        names.map(() => here),
        [],
      );
    }
  }

  /** Whether the hosts have addresses of their own. */
  get apart(): boolean {
    return this.#names.length > 0;
  }

  [Symbol.dispose](): void {
    if (this.apart) remove(String(process.pid % 10_000), this.#names);
  }
}

function remove(tag: string, names: readonly string[]): void {
  for (const args of [...names.map((name) => ['netns', 'del', name]), ['link', 'del', `${BRIDGE}${tag}`]]) {
    try {
      ip(...args);
    } catch {
      // Never made.
    }
  }
}
