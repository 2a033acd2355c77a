/** Where coordinator and workers leave files for each other: a folder that all of them reach, or a bucket. */
import { FolderStore } from './folder_store.js';

/** Files by name (`results/ab/abcd`), each written whole or not at all. */
export interface Store {
  /** How `--store` was given, without secrets; for messages. */
  readonly where: string;
  /** Names this store among all others; made by whoever asks first. Two processes that see the same id see the same files. */
  identity(): Promise<string>;
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Stores a copy of a local file. */
  putFile(name: string, path: string): Promise<void>;
  /** The bytes of a file, undefined where there is none. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** Copies a file to a local path. @throws one line where there is none of that name */
  getFile(name: string, toPath: string): Promise<void>;
  has(name: string): Promise<boolean>;
  /** The names that begin with a prefix, in any order. The prefix ends at a `/`. */
  list(prefix: string): AsyncIterable<string>;
  /** Removes a file; it is no error where there is none. */
  remove(name: string): Promise<void>;
  /** The local path of a file that can be read in place; undefined where it has to be fetched. */
  pathOf(name: string): string | undefined;
}

/**
 * Checks the name of a file in a store: parts with `/` between them, none of which leads upwards.
 * @throws one line that shows the name
 */
export function checkName(name: string): string {
  const parts = name.split('/');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  const bad = parts.some((part) => part === '' || /^\.{1,2}$|[\\\u0000-\u001f]/.test(part));
  if (bad)
    throw new Error(`store: ${JSON.stringify(name)}: not the name of a file in a store; use one like files/ab/weights`);
  return name;
}

/**
 * Opens a store.
 * @param where a folder, which is made where it is missing, or `s3://bucket/prefix`
 * @throws one line when it cannot be read and written
 */
export async function openStore(where: string): Promise<Store> {
  if (!/^s3:\/\//i.test(where)) return new FolderStore(where);
  const { openBucketStore } = await import('./bucket_store.js');
  return openBucketStore(where);
}
