/** Token ids of prompts in the form that the text tower takes. */

/** Token ids of a class's prompts, [prompts, context] each. */
export interface PromptIds {
  readonly normal: Uint32Array;
  readonly abnormal: Uint32Array;
}

/** Token ids of several classes' prompts in one table, a class's normal prompts before its abnormal ones. */
export interface PromptRows {
  /** [prompts of all classes, context] */
  readonly ids: Uint32Array;
  /** [normal, abnormal] prompts of each class. */
  readonly counts: readonly (readonly [number, number])[];
}

/** The prompts of classes as `encodeText` and `textAnchors` take them. */
export function promptRows(classes: readonly PromptIds[], context: number): PromptRows {
  const parts = classes.flatMap((c) => [c.normal, c.abnormal]);
  const ids = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    ids.set(part, at);
    at += part.length;
  }
  return { ids, counts: classes.map((c) => [c.normal.length / context, c.abnormal.length / context] as const) };
}
