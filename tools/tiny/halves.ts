/** The two halves of the classes: adapters are trained on one and tested on the other. */

/** Classes that could be anything. A "surface" or a "scene" is never inspected: they serve for learning only. */
export const GENERAL: readonly string[] = ['surface', 'part', 'scene'];

export interface Halves {
  readonly adaptation: readonly string[];
  readonly heldOut: readonly string[];
}

/**
 * Every other class of textures and of objects, so that both halves hold both kinds; the general classes are for
 * adaptation.
 */
export function halves(classes: readonly { readonly name: string; readonly kind: string }[]): Halves {
  const adaptation: string[] = [];
  const heldOut: string[] = [];
  for (const kind of ['texture', 'object']) {
    classes
      .filter((c) => c.kind === kind && !GENERAL.includes(c.name))
      .forEach(({ name }, i) => {
        (i % 2 === 0 ? adaptation : heldOut).push(name);
      });
  }
  adaptation.push(...classes.map((c) => c.name).filter((name) => GENERAL.includes(name)));
  return { adaptation, heldOut };
}
