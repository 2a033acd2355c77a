/** What a Redis server answers or does not answer, as one line with the remedy. */

/** Beginnings of error replies, or codes of the system and of TLS, and what they mean. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/NOAUTH|without any password|unauthenticated/i, 'it wants a password; set AACLIP_QUEUE_PASSWORD'],
  [/WRONGPASS|invalid (?:username-)?password/i, 'wrong user or password; correct AACLIP_QUEUE_PASSWORD or the URL'],
  [/NOPERM/, 'this user may not run the commands that jobs need; give it "+@all" on keys "aaclip:*"'],
  [/^OOM|used memory/, 'its memory is full; raise maxmemory, or remove jobs with "aaclip jobs cancel"'],
  [/MISCONF/, 'it cannot save to its disk and takes no more jobs; free space there'],
  [/READONLY/, 'it is a read-only replica; name the primary server'],
  [/MOVED|CROSSSLOT/, 'it is a cluster; name a single server'],
  [/invalid DB index|DB index is out of range/i, 'it has no database of that number; correct the end of the URL'],
  [/Protocol error|Unknown RESP|Command timed out/i, 'what answers there is no Redis server; check host and port'],
  [/ALTNAME/, 'its certificate is for another host; name the host as in the certificate'],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, 'its certificate is not valid at this time; renew it or set the clock'],
  [
    /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)|CERT_UNTRUSTED/,
    'its certificate is signed by an unknown authority; give that one with --queue_ca FILE, or set NODE_EXTRA_CA_CERTS',
  ],
  [/WRONG_VERSION_NUMBER|EPROTO|ERR_SSL/, 'it does not speak TLS; use redis:// or turn TLS on there'],
  [/ECONNREFUSED/, 'no server answers; start Redis there, or check --queue'],
  [/ENOTFOUND|EAI_AGAIN/, 'no host of that name; check --queue'],
  [
    /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    'it does not answer; check --queue, firewalls between here and there, and whether it speaks TLS',
  ],
  [
    /ECONNRESET|EPIPE|Connection is closed/,
    'it closed the connection; where it expects TLS, use rediss://, else check that it is a Redis server',
  ],
];

const textOf = (error: unknown): string => {
  const { code, message } = error as { code?: string; message?: string };
  return `${message ?? String(error)} ${code ?? ''}`;
};

/** Whether an error only says that the server is not there now. */
export function isConnectionError(error: unknown): boolean {
  return /ECONN|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_AGAIN|EPIPE|Connection is closed|LOADING|MASTERDOWN|socket/i.test(
    textOf(error),
  );
}

/** Whether an error comes from the server, not from the code that talks to it. */
const isServerError = (error: unknown): boolean => MEANINGS.some(([pattern]) => pattern.test(textOf(error)));

/** An error of the server as one line; an error that is one line already is returned unchanged. */
export function serverError(label: string, error: unknown): Error {
  if (error instanceof Error && error.message.startsWith('queue ')) return error;
  const text = textOf(error);
  const meaning = MEANINGS.find(([pattern]) => pattern.test(text))?.[1];
  if (meaning === undefined && error instanceof Error && !isServerError(error)) {
    return new Error(`queue ${label}: ${error.message.split('\n')[0]}; check the server`, { cause: error });
  }
  return new Error(`queue ${label}: ${meaning}`, { cause: error });
}
