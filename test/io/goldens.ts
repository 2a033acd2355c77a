/** Files of the goldens folder, for tests. */
import { readFileSync } from 'node:fs';
import { type ByteSource, bytesSource } from '../../src/io/source.js';

export function goldenBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../goldens/${name}`, import.meta.url)));
}

export function golden(name: string): ByteSource {
  return bytesSource(name, goldenBytes(name));
}

export function goldenJson(name: string): unknown {
  return JSON.parse(new TextDecoder().decode(goldenBytes(name)));
}

/** All chunks one after another. */
export async function joined(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}
