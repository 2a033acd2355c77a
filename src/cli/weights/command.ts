/** `aaclip weights`: fetches the weights of CLIP that were released, and says which are there. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { isCheckpoint, type ReleasedFile, releasedFile } from '../../data/released_weights.js';
import { convertTensors } from '../../io/convert_tensors.js';
import { writeSafetensors } from '../../io/safetensors_writer.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { download } from '../../node/download.js';
import { openTensors } from '../../node/open_weights.js';
import { fetchedBytes, fetchedFile } from '../../node/weights_folder.js';
import { outputOptions } from '../options.js';
import { progress } from '../progress.js';
import { type FetchFlags, fetchOptions } from './flags.js';
import { printFetched, printList } from './output.js';

export function weightsCommand(program: Command): void {
  const weights = program
    .command('weights')
    .description(
      "Fetch CLIP's released weights and the checkpoints of methods, and list those that are there. Nothing is fetched without being asked.",
    )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip weights fetch ViT-L-14-336
  $ aaclip weights fetch anomalyclip-visa
  $ aaclip weights list
  $ aaclip predict part.jpg --class "metal nut" --weights ViT-L-14-336 --adapters adapters
  $ aaclip test --dataset MVTec --data mvtec_ad --weights ViT-L-14-336 --save_path anomalyclip-visa

A checkpoint is named by the data set it was trained on: test it on others. "aaclip methods" says what each is for.`,
    );
  outputOptions(weights.command('list').description('Show which files are known, and which are there.')).action(
    printList,
  );
  fetchOptions(
    weights
      .command('fetch')
      .description(
        'Download a file into the user\'s cache folder, and check it; "--weights NAME", or for a checkpoint "--adapters NAME" and "--save_path NAME", then means that file. A download that breaks off goes on in the next run. HTTPS_PROXY, HTTP_PROXY and NO_PROXY apply.',
      ),
  ).action(runFetch);
}

const MEBIBYTE = 2 ** 20;

async function runFetch(name: string, flags: FetchFlags): Promise<void> {
  const row = releasedFile(name);
  const file = fetchedFile(row);
  const quiet = flags.json ?? false;
  const there = fetchedBytes(row);
  if (there !== undefined && !flags.again) {
    printFetched({ name: row.name, file, bytes: there, fetched: false }, quiet);
    return;
  }
  await (isCheckpoint(row) ? fetchFile(row, file, flags) : fetchWeights(row, file, flags));
  printFetched({ name: row.name, file, bytes: fetchedBytes(row)!, fetched: true }, quiet);
}

/** Downloads a file as it was released. */
async function fetchFile(row: ReleasedFile, file: string, flags: FetchFlags): Promise<void> {
  const fetching = progress(`fetch ${row.name}`, row.mebibytes * MEBIBYTE, flags.json ?? false);
  await download({
    urls: flags.url ?? row.urls,
    file,
    digest: isCheckpoint(row) ? { kind: 'Git blob', value: row.gitBlob } : { kind: 'SHA-256', value: row.sha256 },
    onProgress: (done, _, note) =>
      note ? fetching.say(note) : fetching.update(done, `${Math.round(done / MEBIBYTE)} of ${row.mebibytes} MiB`),
  }).finally(() => fetching.finish());
}

/** Downloads weights of CLIP, and keeps them as safetensors. */
async function fetchWeights(row: ReleasedFile, file: string, flags: FetchFlags): Promise<void> {
  const downloaded = `${file}.download`;
  // There where it was fetched, and checked, by a run that did not get to its conversion.
  if (!existsSync(downloaded)) await fetchFile(row, downloaded, flags);
  const source = await openTensors(downloaded);
  const total = [...source.tensors.values()].reduce((sum, t) => sum + t.byteLength, 0);
  const bar = progress('convert', total, flags.json ?? false);
  let done = 0;
  const tensors = convertTensors(source, 'keep', ({ name: tensor, byteLength }) => {
    done += byteLength;
    bar.update(done, tensor);
  });
  await writeAtomically(file, writeSafetensors(tensors, Object.fromEntries(source.metadata))).finally(() =>
    bar.finish(),
  );
  await rm(downloaded, { force: true });
}
