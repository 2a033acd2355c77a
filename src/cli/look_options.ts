/** Flags on how pictures and masks are read, and the look at all files before a command starts its device. */
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Sample } from '../data/metadata.js';
import { decodedBytes, type FilesToLookAt, lookAtFiles, lookNotes } from '../node/look.js';
import type { LookedSample } from '../node/look_at_sample.js';
import type { DepthRule } from '../picture/depth.js';
import type { PictureRules } from '../picture/picture.js';
import { count } from './options.js';
import { duration, progress } from './progress.js';

export interface PictureFlags {
  readonly max_pixels?: number;
  readonly depth: DepthRule;
  readonly orient?: boolean;
  readonly mask_threshold?: number;
  readonly skipBroken?: boolean;
  readonly dry_run?: boolean;
}

/** Reads `--depth`. */
function depthRule(text: string): DepthRule {
  if (text === 'clip' || text === 'scale') return text;
  const bits = Number(text);
  if (!Number.isInteger(bits) || bits < 1 || bits > 16)
    throw new InvalidArgumentError('expected clip, scale or a number of bits from 1 to 16.');
  return bits;
}

function level(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1 || n > 255) throw new InvalidArgumentError('expected a level from 1 to 255.');
  return n;
}

/** Adds `--max_pixels --depth --orient`. */
export function readingOptions(command: Command): Command {
  return command
    .option('--max_pixels <n>', 'largest picture accepted, in pixels (default: 100000000)', count(1))
    .addOption(
      new Option(
        '--depth <rule>',
        'grey of 16 bits or fractions: clip at 255 as published; scale the range that a picture uses (10, 12, 14 or 16 bits, or 0 to 1) to 0 to 255; or a number of bits, the same for all pictures',
      )
        .argParser(depthRule)
        .default('clip'),
    )
    .option(
      '--orient',
      'turn pictures and masks upright by their EXIF orientation; by default it is ignored, as published',
    );
}

/** Adds `--max_pixels --depth --orient --skip-broken`. */
export function pictureOptions(command: Command): Command {
  return readingOptions(command).option(
    '--skip-broken',
    'decode every picture before the start, leave out those that cannot be used, and go on without them',
  );
}

/** Adds `--mask_threshold`. */
export function maskOption(command: Command): Command {
  return command.option(
    '--mask_threshold <level>',
    'grey level of a mask, 1 to 255, from which a pixel counts as faulty (default: 1, everything that is not 0, as published); 128 for masks with soft edges, such as JPEG',
    level,
  );
}

/** The rules that the flags choose. */
export function rulesOf(flags: PictureFlags): PictureRules {
  const { max_pixels: maxPixels, depth, orient, mask_threshold: maskThreshold } = flags;
  return { maxPixels, depth, orient, maskThreshold };
}

export interface LookedList {
  readonly root: string;
  /** The list's name in messages. */
  readonly list: string;
  readonly samples: readonly Sample[];
}

export interface CheckedList {
  /** Those that can be used. */
  readonly samples: readonly Sample[];
  /** Bytes of each one's decoded picture. */
  readonly bytes: readonly number[];
}

export interface LookNeeds {
  readonly maskSize: number;
  /** Side of the tiles in pixels of the picture; undefined where pictures are scored as a whole. */
  readonly tileSize?: number | undefined;
  /** Whether an anomalous picture without mask cannot be used. */
  readonly masks: boolean;
  readonly threads: number | undefined;
  readonly json: boolean;
  /** Whether notes name the list even where it is the only one. */
  readonly named?: boolean;
}

/** Problems that are printed; the rest is counted. */
const MOST_PRINTED = 10;

/** Prints notes: on the error stream, and for programs in a line of JSON. */
function tellNotes(notes: readonly string[], json: boolean): void {
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  if (json && notes.length > 0) process.stdout.write(`${JSON.stringify({ notes })}\n`);
}

/** Looks at files behind a progress bar. */
async function lookBehindBar(
  files: readonly FilesToLookAt[],
  flags: PictureFlags,
  { maskSize, tileSize, threads, json }: Omit<LookNeeds, 'masks'>,
): Promise<LookedSample[]> {
  const bar = progress('looking at the files', files.length, json);
  try {
    return await lookAtFiles(files, {
      rules: rulesOf(flags),
      maskSize,
      tileSize,
      whole: flags.skipBroken ?? false,
      threads,
      onProgress: (done) => bar.update(done),
    });
  } finally {
    bar.finish();
  }
}

/**
 * Looks at every file of some lists, and says what the rules cost. With `--skip-broken`, samples that cannot be used are
 * left out.
 * @returns the samples that can be used, list by list
 * @throws when some cannot be used, after printing the first of them, or when none are left
 */
export async function checkLists(
  lists: readonly LookedList[],
  flags: PictureFlags,
  needs: LookNeeds,
): Promise<CheckedList[]> {
  const started = performance.now();
  const sides = lists.map(({ root, samples }) => samples.map((s) => filesOf(root, s)));
  const looked = await lookBehindBar(sides.flat(), flags, needs);
  const problems: string[] = [];
  const notes: string[] = [];
  let broken = 0;
  let from = 0;
  const checked = lists.map(({ list, samples }, l): CheckedList => {
    const files = sides[l]!;
    const found = looked.slice(from, from + samples.length);
    from += samples.length;
    const bare = (s: Sample): boolean => needs.masks && s.label === 1 && s.maskPath === undefined;
    const good = samples.map((s, i) => {
      const own = [...found[i]!.problems];
      if (bare(s)) {
        own.push(
          `${list}:${s.line}: an anomalous picture without mask: training needs "mask_path" (${s.imagePath}); add it`,
        );
      }
      problems.push(...own);
      if (own.length > 0) broken++;
      return own.length === 0;
    });
    const title = lists.length > 1 || needs.named ? `${list}: ` : '';
    notes.push(...lookNotes(files, found, rulesOf(flags)).map((note) => title + note));
    return {
      samples: samples.filter((_, i) => good[i]),
      bytes: found.filter((_, i) => good[i]).map(decodedBytes),
    };
  });
  const total = looked.length;
  if (broken === 0) tellNotes(notes, needs.json);
  if (broken > 0)
    report({ problems, broken, total, notes, where: lists.map(({ list }) => list).join(', ') }, flags, needs);
  const masks = looked.filter(({ mask }) => mask).length;
  if (flags.dry_run) {
    const seconds = (performance.now() - started) / 1000;
    if (needs.json)
      process.stdout.write(`${JSON.stringify({ looked: { pictures: total, masks, broken, seconds } })}\n`);
    else process.stderr.write(`looked at ${total} pictures and ${masks} masks in ${duration(seconds)}\n`);
  }
  return checked;
}

/**
 * Looks at pictures, names those that cannot be read (at most ten of them, or in `--json` a line for each) and says what the
 * rules cost.
 * @param notes to tell with those of the look
 * @returns the pictures that can be read
 * @throws when there are none
 */
export async function checkPictures(
  paths: readonly string[],
  flags: PictureFlags,
  { json, notes }: { readonly json: boolean; readonly notes: readonly string[] },
): Promise<{ readonly paths: readonly string[]; readonly broken: number }> {
  const files = paths.map((image) => ({ image }));
  const looked = await lookBehindBar(files, flags, { maskSize: 1, threads: undefined, json });
  const broken = looked.flatMap(({ problems }, i) => (problems[0] === undefined ? [] : [[paths[i], problems[0]]]));
  if (json) for (const [image, error] of broken) process.stdout.write(`${JSON.stringify({ image, error })}\n`);
  if (paths.length === 1 && broken[0]) throw new Error(broken[0][1]);
  for (const [, error] of broken.slice(0, MOST_PRINTED)) process.stderr.write(`skipped: ${error}\n`);
  if (broken.length > MOST_PRINTED) process.stderr.write(`... and ${broken.length - MOST_PRINTED} more\n`);
  tellNotes([...notes, ...lookNotes(files, looked, rulesOf(flags))], json);
  if (broken.length === paths.length) throw new Error(`none of ${paths.length} pictures can be read; check the files`);
  if (flags.dry_run) {
    const looked = { pictures: paths.length, broken: broken.length };
    if (json) process.stdout.write(`${JSON.stringify({ looked })}\n`);
    else process.stderr.write(`looked at ${looked.pictures} pictures: ${looked.broken} cannot be read\n`);
  }
  return { paths: paths.filter((_, i) => looked[i]!.problems.length === 0), broken: broken.length };
}

/** A sample's files. A normal picture's mask is never read. */
function filesOf(root: string, { imagePath, label, maskPath }: Sample): FilesToLookAt {
  return {
    image: join(root, imagePath),
    mask: label === 1 && maskPath !== undefined ? join(root, maskPath) : undefined,
  };
}

interface Report {
  readonly problems: readonly string[];
  readonly broken: number;
  readonly total: number;
  readonly notes: readonly string[];
  readonly where: string;
}

/** Prints what cannot be used. @throws unless it is skipped and something is left */
function report({ problems, broken, total, notes, where }: Report, flags: PictureFlags, { json }: LookNeeds): void {
  const shown = problems.slice(0, MOST_PRINTED);
  const samples = `${broken} of ${total} samples`;
  const go = (flags.skipBroken ?? false) && broken < total;
  if (json)
    process.stdout.write(`${JSON.stringify({ broken, samples: total, skipped: go, problems: shown, notes })}\n`);
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  if (!go && problems.length === 1) throw new Error(`${problems[0]}, or leave it out with --skip-broken`);
  for (const problem of shown) process.stderr.write(`${go ? 'skipped: ' : ''}${problem}\n`);
  if (problems.length > shown.length) process.stderr.write(`... and ${problems.length - shown.length} more\n`);
  if (go) process.stderr.write(`note: ${where}: ${samples} are left out\n`);
  else {
    const remedy = broken === total ? 'correct them' : 'correct them, or leave them out with --skip-broken';
    throw new Error(`${where}: ${samples} cannot be used; ${remedy}`);
  }
}
