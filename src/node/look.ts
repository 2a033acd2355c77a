/** One look at all files of a list before the device starts: what cannot be used, and what the published rules cost. */
import { availableParallelism } from 'node:os';
import type { PictureRules } from '../picture/picture.js';
import { DecodePool } from './decode_pool.js';
import type { LookedSample } from './look_at_sample.js';

export interface FilesToLookAt {
  readonly image: string;
  readonly mask?: string | undefined;
}

export interface LookOptions {
  readonly rules: PictureRules;
  /** Side of the masks that the model works with, in pixels. */
  readonly maskSize: number;
  /** Side of the tiles in pixels of the picture; undefined where pictures are scored as a whole. */
  readonly tileSize?: number | undefined;
  /** Decode the pictures too; else only their header and end are read. Masks are always decoded. */
  readonly whole: boolean;
  /** Decoding threads, as the loader's; without masks and whole pictures, none are started. */
  readonly threads?: number | undefined;
  /** Called as files are done. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** Samples looked at together. */
const AT_ONCE = 16;

/** Looks at files; the results are in their order. */
export async function lookAtFiles(files: readonly FilesToLookAt[], options: LookOptions): Promise<LookedSample[]> {
  const { rules, maskSize, tileSize, whole, threads = Math.min(4, Math.max(1, availableParallelism() - 1)) } = options;
  const decodes = whole || files.some(({ mask }) => mask !== undefined);
  const pool = new DecodePool(decodes ? Math.min(threads, files.length) : 0);
  const looked: LookedSample[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < files.length; i = next++) {
      const { image, mask } = files[i]!;
      looked[i] = await pool.look({ image, mask, maskSize, tileSize, rules, whole });
      options.onProgress?.(++done);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, files.length) }, work));
  } finally {
    await pool.close();
  }
  return looked;
}

/** Bytes that a looked-at picture takes when it is decoded; 0 where its size is unknown. */
export function decodedBytes({ picture }: LookedSample): number {
  return picture ? 3 * picture.width * picture.height : 0;
}

/** How many of all, with the first one's name. */
function some(of: number, names: readonly string[], what: string): string {
  const first = names.length === 1 ? names[0]! : `the first: ${names[0]}`;
  return `${names.length} of ${of} ${what} (${first})`;
}

/**
 * Where reading the files by the rules costs something: a line for each kind, with how many files it concerns. Empty where
 * there is nothing to say.
 * @param files as given to `lookAtFiles`
 */
export function lookNotes(
  files: readonly FilesToLookAt[],
  looked: readonly LookedSample[],
  rules: PictureRules,
): string[] {
  const notes: string[] = [];
  const note = (of: number, names: readonly string[], what: string, why: string): void => {
    if (names.length > 0) notes.push(`${some(of, names, what)}: ${why}`);
  };
  const pictures = (test: (s: LookedSample) => boolean): string[] =>
    files.flatMap(({ image }, i) => (test(looked[i]!) ? [image] : []));
  const masks = (test: (mask: NonNullable<LookedSample['mask']>, s: LookedSample) => boolean): string[] =>
    files.flatMap(({ mask }, i) => {
      const found = looked[i]!.mask;
      return mask !== undefined && found && test(found, looked[i]!) ? [mask] : [];
    });
  const all = files.length;
  if ((rules.depth ?? 'clip') === 'clip') {
    for (const kind of ['16-bit', '32-bit', 'float'] as const) {
      note(
        all,
        pictures(({ picture }) => picture?.deep === kind),
        `pictures have ${kind} grey`,
        'values over 255 become white, and fractions are cut off, as in the published program; --depth scale keeps their range',
      );
    }
  }
  if (!rules.orient) {
    note(
      all,
      pictures(({ picture }) => (picture?.orientation ?? 1) > 1),
      'pictures are marked by EXIF as turned or mirrored',
      'they are used as stored, as in the published program; --orient turns them upright',
    );
  }
  note(
    all,
    pictures(({ picture }) => picture?.several === true),
    'pictures hold several pages or frames',
    'only the first one is read, as in the published program',
  );
  const threshold = rules.maskThreshold ?? 1;
  const rule = threshold === 1 ? 'every level that is not 0 counts' : `levels from ${threshold} on count`;
  const allMasks = masks(() => true).length;
  const maskNote = (test: Parameters<typeof masks>[0], what: string, why: string): void =>
    note(allMasks, masks(test), what, why);
  maskNote((m) => m.share === 0, 'masks of anomalous pictures are empty', `nothing is marked in them (${rule})`);
  maskNote((m) => m.share === 1 && !m.mixed, 'masks mark the whole picture', `${rule}; are they white or inverted?`);
  maskNote(
    (m) => m.share === 1 && m.mixed,
    'masks mark the whole picture, since their background is not 0',
    `${rule}; --mask_threshold 128 counts the brighter half only`,
  );
  maskNote((m) => m.share > 0.5 && m.share < 1, 'masks mark more than half of the picture', 'are they inverted?');
  maskNote(
    (m) => m.share > 0 && !m.survives,
    'masks are empty once they are resized',
    'the marks are too small for this --img_size',
  );
  if (threshold === 1) {
    maskNote(
      (m) => m.mixed && m.levels > 2,
      'masks have more than two grey levels (JPEG or soft edges?)',
      'every level that is not 0 counts, as in the published program; --mask_threshold 128 counts the brighter half only',
    );
    maskNote(
      (m) => !m.mixed && m.levels > 2,
      'masks have more than two grey levels',
      'every level that is not 0 counts, as in the published program',
    );
  }
  maskNote(
    (m, { picture: p }) => {
      if (!p) return false;
      const turned = rules.orient === true && p.orientation >= 5;
      const [width, height] = turned ? [p.height, p.width] : [p.width, p.height];
      return Math.abs(m.width * height - m.height * width) > Math.max(width, height);
    },
    'masks have another shape than their picture',
    'they are stretched over it',
  );
  return notes;
}
