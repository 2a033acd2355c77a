/** What `weights` prints. */
import { RELEASED_FILES } from '../../data/released_weights.js';
import { tableLines } from '../../eval/text_table.js';
import { fetchedBytes, fetchedFile } from '../../node/weights_folder.js';
import type { OutputFlags } from '../options.js';

export interface Fetched {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  /** False where it was there already. */
  readonly fetched: boolean;
}

const size = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

export function printFetched(result: Fetched, json: boolean): void {
  const { name, file, bytes, fetched } = result;
  const what = fetched ? 'fetched' : 'there already (--again fetches it again)';
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${name}: ${what}: ${file}, ${size(bytes)}\n`);
}

export function printList({ json }: OutputFlags): void {
  const rows = RELEASED_FILES.map((row) => ({ ...row, file: fetchedFile(row), bytes: fetchedBytes(row) ?? null }));
  if (json) {
    process.stdout.write(`${JSON.stringify(rows)}\n`);
    return;
  }
  const cells = rows.map((r) => [
    r.name,
    `${r.mebibytes} MiB`,
    r.licence,
    r.bytes === null ? `not fetched: aaclip weights fetch ${r.name}` : `${r.file}, ${size(r.bytes)}`,
    r.about,
  ]);
  process.stdout.write(
    `${tableLines(['name', 'download', 'licence', 'file', 'what it is'], cells, ['left']).join('\n')}\n`,
  );
}
