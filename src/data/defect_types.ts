/** Which type of defect a picture shows: as its list says, or as its folders are called. */
import { readName } from './index_words.js';
import type { Sample } from './metadata.js';

type Typed = Pick<Sample, 'imagePath' | 'label' | 'className' | 'defectType'>;

const foldersOf = (path: string): string[] => path.split(/[\\/]+/).slice(0, -1);

/** Whether a name says no more than that something is wrong: `bad`, `NG`, `defects`. */
function isGeneral(name: string): boolean {
  const { state, rest } = readName(name);
  return state === 1 && rest === '';
}

/**
 * The type of defect of each sample of a class, such as `scratch` of `bolt/test/scratch/003.png`. It is what the list gives as
 * `defect_type`, or else the first folder that is neither part of the class's name nor one in which normal pictures lie (so
 * `test`, `images` and folders of cameras do not count); a folder that says no more than "bad" gives way to one below it.
 * @returns undefined for normal samples, and where no folder tells
 */
export function defectTypes(samples: readonly Typed[]): (string | undefined)[] {
  const shared = new Set(samples.flatMap(({ imagePath, label }) => (label === 0 ? foldersOf(imagePath) : [])));
  return samples.map(({ imagePath, label, className, defectType }) => {
    if (label === 0 || defectType !== undefined) return label === 0 ? undefined : defectType;
    const parts = className.split('/');
    const [first, second] = foldersOf(imagePath).filter(
      (name) => !shared.has(name) && !parts.includes(name) && readName(name).kind === 'name',
    );
    return first !== undefined && second !== undefined && isGeneral(first) ? second : first;
  });
}
