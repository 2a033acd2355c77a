/** What a training starts from, apart from its device: weights, classes, and samples that have been looked at. */

import type { Sample } from '../../data/metadata.js';
import { printable } from '../../data/printable.js';
import { type ClassTokens, encodeClasses, promptedClass } from '../../detect/class_tokens.js';
import type { ClipTensors } from '../../io/clip_names.js';
import { openTokenizer } from '../../node/open_tokenizer.js';
import { openClip } from '../../node/open_weights.js';
import { checkLists } from '../look_options.js';
import { tellUnknownWords } from '../unknown_words.js';
import type { TrainCommandFlags } from './flags.js';
import { type DrawnList, openTrainingList } from './training_list.js';

export interface PreparedTraining {
  readonly clip: ClipTensors;
  readonly classes: readonly ClassTokens[];
  /** The folder that the samples' paths are relative to. */
  readonly root: string;
  readonly samples: readonly Sample[];
  /** Bytes of each sample's decoded picture. */
  readonly bytes: readonly number[];
  /** The samples as their list names them: checkpoints record a fingerprint of that. */
  readonly listed: readonly Sample[];
}

/** A training whose list was opened on this machine. */
export interface ListedTraining extends PreparedTraining {
  /** Undefined where the samples come from a list as it stands. */
  readonly drawn: DrawnList | undefined;
}

/**
 * Opens the list and the weights, and looks at every file.
 * @param note told what the user should know of the list
 * @throws one line when a file is missing or cannot be used
 */
export async function prepareTraining(flags: TrainCommandFlags, note: (text: string) => void): Promise<ListedTraining> {
  const { root, drawn, registry, notes, ...listed } = await openTrainingList(flags);
  for (const text of notes) note(printable(text));
  const clip = await openClip(flags.weights);
  const prompted = [...new Set(listed.samples.map((s) => s.className))]
    .sort()
    .map((className) => promptedClass(className, registry, { dataset: flags.dataset }));
  const encoded = await encodeClasses(
    await openTokenizer(),
    clip,
    prompted,
    'give the class other words in a --registry file',
  );
  tellUnknownWords(encoded, flags.json ?? false);
  const needs = { maskSize: flags.img_size, masks: true, threads: flags.threads, json: flags.json ?? false };
  const [checked] = await checkLists([{ root, list: listed.list, samples: listed.samples }], flags, needs);
  const { samples, bytes } = checked!;
  return { clip, classes: encoded.classes, root, samples, bytes, listed: samples, drawn };
}
