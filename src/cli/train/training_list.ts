/** The list that is trained on: the full one, or a few samples of each class, drawn where no list of them is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Registry } from '../../data/datasets.js';
import { metadataText } from '../../data/index_rows.js';
import type { Sample } from '../../data/metadata.js';
import { drawShots } from '../../data/shots.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { type DataSource, dataPlaces, FULL, hasList, openData } from '../../node/sample_lists.js';
import type { TrainCommandFlags } from './flags.js';

/** A list of few-shot samples that was drawn for a run. */
export interface DrawnList {
  /** Its name, `2-shot.jsonl`. */
  readonly name: string;
  readonly text: string;
}

export interface TrainingList extends DataSource {
  readonly registry: Registry;
  /** What they were drawn from; the samples themselves where nothing was drawn. */
  readonly pool: readonly Sample[];
  /** Undefined where the samples come from a list as it stands. */
  readonly drawn: DrawnList | undefined;
}

type ListFlags = Pick<
  TrainCommandFlags,
  'dataset' | 'data' | 'metadata' | 'allowOutside' | 'registry' | 'config' | 'training_mode' | 'shot' | 'seed'
>;

/**
 * Opens the list of a training. For `few_shot` this is N-shot.jsonl where there is one; otherwise half of the N samples of each
 * class are drawn from its normal and half from its abnormal samples in the full list, by the seed.
 * @throws one line when the data set or its list is missing, or N is odd
 */
export async function openTrainingList(flags: ListFlags): Promise<TrainingList> {
  const places = await dataPlaces(flags, false);
  const { registry } = places;
  const { dataset, shot, seed } = flags;
  const name = `${shot}-shot.jsonl`;
  if (flags.training_mode === 'full_shot' || hasList(dataset, name, flags, places)) {
    const list = flags.training_mode === 'full_shot' ? FULL : name;
    const source = await openData(dataset, list, flags, places);
    return { ...source, registry, pool: source.samples, drawn: undefined };
  }
  if (shot % 2 !== 0) {
    throw new Error(
      `--shot ${shot}: no ${name} is there, and one to be drawn has half normal and half abnormal samples of each class: give an even number`,
    );
  }
  const full = await openData(dataset, FULL, flags, places);
  const few = drawShots(full.samples, shot, seed);
  const chosen = new Set(few.rows);
  const samples = full.samples.filter((s) => chosen.has(s));
  const note = `${dataset}: no ${name}: ${samples.length} samples drawn from the full list (--seed ${seed})`;
  const notes = [...full.notes, note, ...few.notes];
  return { ...full, samples, notes, registry, pool: full.samples, drawn: { name, text: metadataText(samples) } };
}

/**
 * Keeps a drawn list in the folder of its run; `--metadata` can name it later.
 * @throws one line when the folder holds another draw, which its checkpoints were trained on
 */
export async function keepDrawnList(folder: string, { name, text }: DrawnList): Promise<void> {
  const path = join(folder, name);
  if (existsSync(path)) {
    if (readFileSync(path, 'utf8') === text) return;
    throw new Error(
      `${path}: holds other samples than --seed draws from the full list now: use the same seed and data, or another folder (--save_path)`,
    );
  }
  await writeAtomically(path, new TextEncoder().encode(text));
}
