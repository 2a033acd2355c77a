/** What `predict` leaves on disk and prints for every picture. */
import { dirname } from 'node:path';
import { printable } from '../../data/printable.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { makeFolder } from '../../node/make_folder.js';
import { outputNames } from '../../node/output_names.js';
import { pictureAt } from '../../node/own_pictures.js';
import type { DrawnFile, DrawOptions, PictureRecord } from './drawn.js';

export interface OutputOptions extends DrawOptions {
  readonly folder: string;
  /** Whether there may be a calibration, by which masks are made. */
  readonly calibrated?: boolean | undefined;
}

/** What was written for a picture, and what ended the writing where not all of it was. */
export interface Written {
  readonly files: readonly string[];
  readonly error?: Error;
}

export class Outputs {
  readonly #stems: ReadonlyMap<string, string>;

  /** Plans a name for every picture. */
  constructor(paths: readonly string[], options: OutputOptions) {
    const { folder, heatmap, grey, raw, pixelThreshold, calibrated = false } = options;
    const suffixes = [
      ...(heatmap ? ['.heatmap.png'] : []),
      ...(grey ? ['.map.png'] : []),
      ...(pixelThreshold === undefined && !calibrated ? [] : ['.mask.png']),
      ...(raw === undefined ? [] : [`.${raw}`]),
      ...(raw === 'npy' && calibrated ? ['.evidence.npy'] : []),
    ];
    const isForeign = (path: string): boolean => path.endsWith('.png') && pictureAt(path) === 'foreign';
    const names = outputNames(paths, { folder, suffixes, isForeign });
    this.#stems = new Map(paths.map((path, i) => [path, names[i]!]));
  }

  /**
   * Writes a picture's files.
   * @param name of the picture
   */
  async write(name: string, drawn: Iterable<DrawnFile> | AsyncIterable<DrawnFile>): Promise<Written> {
    const files: string[] = [];
    try {
      await this.#write(name, drawn, files);
      return { files };
    } catch (error) {
      return { files, error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  async #write(name: string, drawn: Iterable<DrawnFile> | AsyncIterable<DrawnFile>, files: string[]): Promise<void> {
    const stem = this.#stems.get(name)!;
    for await (const { suffix, bytes } of drawn) {
      if (files.length === 0) makeFolder(dirname(stem));
      await writeAtomically(stem + suffix, bytes);
      files.push(stem + suffix);
    }
  }
}

/** A picture's line on the screen; it begins with the score on the scale of the decision. */
export function textLine(record: PictureRecord, { files }: Written): string {
  const verdict = record.anomalous ? 'ANOMALOUS' : 'normal   ';
  const where = files[0] ? `  -> ${printable(files[0])}` : '';
  const { value, x, y } = record.peak;
  const scores = `score ${record.score.toFixed(4)}  peak ${value.toFixed(4)} at ${x},${y}`;
  return `${record.normalized_score.toFixed(2)}  ${verdict}  ${scores}  ${printable(record.image)}${where}`;
}

/** A picture's line of `--json`. */
export function jsonLine({ ms, ...record }: PictureRecord, { files, error }: Written): string {
  return JSON.stringify({ ...record, files, ...(error === undefined ? {} : { error: error.message }), ms });
}
