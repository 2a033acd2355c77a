/** Files by URL, in Node and in a browser. */
import { type ByteSource, bytesSource } from './source.js';

/**
 * Fetches a whole file.
 * @param place an absolute URL; in a browser also one relative to the page or worker
 * @throws one line that names the file when it cannot be fetched (as a rejection)
 */
export async function fetchSource(place: string | URL, signal: AbortSignal | undefined): Promise<ByteSource> {
  const name = String(place).startsWith('data:') ? 'data URL' : String(place);
  try {
    const response = await globalThis.fetch(place, signal ? { signal } : {});
    if (!response.ok) throw new Error(`the server says ${response.status} ${response.statusText}`.trimEnd());
    const source = bytesSource(name, new Uint8Array(await response.arrayBuffer()));
    return { ...source, beside: (other) => fetchSource(besideUrl(place, other), signal) };
  } catch (error) {
    // Node puts the actual error in the cause.
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0];
    throw new Error(`${name}: cannot fetch: ${why}; check the address and the connection`, { cause: error });
  }
}

/** The URL of a file in the same folder as another one. */
function besideUrl(place: string | URL, name: string): string {
  const [, path = '', query = ''] = /^([^?#]*)(.*)$/.exec(String(place)) ?? [];
  return `${path.slice(0, path.lastIndexOf('/') + 1)}${encodeURIComponent(name)}${query}`;
}

/** The URL of a file in a folder, whose own URL may or may not end in a slash. */
export function inFolder(folder: string | URL, name: string): string {
  const [, path = '', query = ''] = /^([^?#]*)(.*)$/.exec(String(folder)) ?? [];
  return `${path.replace(/\/$/, '')}/${name}${query}`;
}
