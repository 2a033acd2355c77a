/** The two halves of the classes: adapters are trained on one and tested on the other. */

/**
 * Every other class of textures and of objects, so that both halves hold both kinds.
 * @param {readonly { name: string, kind: string }[]} classes
 * @returns {{ adaptation: string[], heldOut: string[] }}
 */
export function halves(classes) {
  /** @type {{ adaptation: string[], heldOut: string[] }} */
  const parts = { adaptation: [], heldOut: [] };
  for (const kind of ['texture', 'object']) {
    classes
      .filter((c) => c.kind === kind)
      .forEach(({ name }, i) => {
        (i % 2 === 0 ? parts.adaptation : parts.heldOut).push(name);
      });
  }
  return parts;
}
