/** The two halves of the classes: adapters are trained on one and tested on the other. */

/** Classes that could be anything. Nobody inspects a "surface" or a "scene": they are there to be learnt from. */
export const GENERAL = ['surface', 'part', 'scene'];

/**
 * Every other class of textures and of objects, so that both halves hold both kinds; the general ones are for adaptation.
 * @param {readonly { name: string, kind: string }[]} classes
 * @returns {{ adaptation: string[], heldOut: string[] }}
 */
export function halves(classes) {
  /** @type {{ adaptation: string[], heldOut: string[] }} */
  const parts = { adaptation: [], heldOut: [] };
  for (const kind of ['texture', 'object']) {
    classes
      .filter((c) => c.kind === kind && !GENERAL.includes(c.name))
      .forEach(({ name }, i) => {
        (i % 2 === 0 ? parts.adaptation : parts.heldOut).push(name);
      });
  }
  parts.adaptation.push(...classes.map((c) => c.name).filter((name) => GENERAL.includes(name)));
  return parts;
}
