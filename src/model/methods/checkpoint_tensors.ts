/** The tensors of a checkpoint under the names of its method, whatever stands before them in the file. */
import { listNames, type TensorFile } from '../../io/tensor_file.js';
import { expectFloats, type TensorView, viewTensors } from '../../io/tensor_view.js';

/** How a method names its tensors. */
export interface TensorNames {
  readonly title: string;
  /** What stands before the names: the key of the state dict. */
  readonly root: string;
  /** The method's own names. */
  readonly own: RegExp;
  /** Those that hold whole numbers. */
  readonly whole?: RegExp;
}

/** Whether one of these names is the method's. */
export const holdsNames = ({ root, own }: TensorNames, names: readonly string[]): boolean =>
  names.some((name) => own.test(nameBelow(root, name)));

/** A name without the root and what stands before it. */
function nameBelow(root: string, name: string): string {
  const at = `.${name}`.indexOf(`.${root}.`);
  return at < 0 ? name : name.slice(at + root.length + 1);
}

/**
 * The method's tensors.
 * @param expected the names it must have, told from those it has
 * @throws one line when one is missing, or there twice
 */
export function openTensorsOf(
  file: TensorFile,
  names: TensorNames,
  expected: (found: ReadonlySet<string>) => readonly string[],
): TensorView {
  const places = new Map<string, string>();
  for (const name of file.tensors.keys()) {
    const own = nameBelow(names.root, name);
    if (!names.own.test(own)) continue;
    const other = places.get(own);
    if (other !== undefined) {
      throw new Error(
        `${file.name}: ambiguous: expected one ${own}, got ${other} and ${name}; save the one that is meant by itself`,
      );
    }
    places.set(own, name);
  }
  const wanted = expected(new Set(places.keys()));
  const missing = wanted.filter((name) => !places.has(name));
  if (missing.length > 0) {
    const [unread] = [...(file.unread ?? [])].filter(([name]) => missing.includes(nameBelow(names.root, name)));
    if (unread) throw new Error(`${file.name}: tensor ${unread[0]} cannot be read: ${unread[1]}`);
    throw new Error(
      `${file.name}: an incomplete ${names.title} checkpoint: expected ${listNames(missing)}, got ${listNames([...places.keys()])}; download the file again, or save all of its state dict`,
    );
  }
  const view = viewTensors(file, new Map(wanted.map((name) => [name, { from: [places.get(name)!] }])));
  expectFloats(view, names.whole ? wanted.filter((name) => names.whole!.test(name)) : []);
  return view;
}

/** `start0`, `start1`... up to the highest number among names that begin so; at least `least` of them. */
export function numbered(names: ReadonlySet<string>, start: string, least: number): string[] {
  let count = least;
  for (const name of names) {
    if (name.startsWith(start)) count = Math.max(count, Number.parseInt(name.slice(start.length), 10) + 1);
  }
  // A number beyond any tower would list as many names as missing.
  return Array.from({ length: Math.min(count, 1000) }, (_, i) => `${start}${i}`);
}

/** @throws one line when a tensor has another shape than the weights need */
export function expectShape(view: TensorView, title: string, name: string, shape: readonly number[]): void {
  const got = view.shape(name);
  if (got.join() === shape.join()) return;
  throw new Error(
    `${view.name}: ${title} of another CLIP: expected ${name} [${shape.join(', ')}] as these weights need, got [${got.join(', ')}]: give the weights it was trained on`,
  );
}
