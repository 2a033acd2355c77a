/** What `serve` says where it cannot listen. */

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there; stop it or choose another --port',
  EACCES: 'permission denied; choose a --port above 1023',
  EADDRNOTAVAIL: 'this machine has no such address; choose another --host',
  ENOTFOUND: 'no such host; choose another --host',
};

/** A one-line error for a port that cannot be listened on. */
export function listenError(error: unknown, host: string, port: number): Error {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new Error(`${host}:${port}: cannot listen: ${REASONS[code] ?? message}`, { cause: error });
}
