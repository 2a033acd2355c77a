/** The shapes that CLIP's tensors have to one another. */
import type { TensorView } from './tensor_view.js';

/** A dimension that is given, or one that any size fits. */
type Expected = readonly (number | string)[];

/**
 * Checks the shape of every tensor of a CLIP under its canonical name against the widths of the two towers.
 * @throws one line that names the file and the tensor
 */
export function checkClipShapes(clip: TensorView): void {
  const check = (name: string, ...choices: readonly Expected[]): readonly number[] => {
    const shape = clip.shape(name);
    const fits = choices.some(
      (e) => e.length === shape.length && e.every((d, i) => (typeof d === 'number' ? d === shape[i] : shape[i]! > 0)),
    );
    if (fits) return shape;
    const expected = choices.map((e) => `[${e.join(', ')}]`).join(' or ');
    throw new Error(
      `${clip.name}: tensor ${name}: wrong shape: expected ${expected}, got [${shape.slice(0, 8).join(', ')}]; use the weights of a CLIP as they were saved`,
    );
  };
  const [width] = check('visual.conv1.weight', ['width', 3, 'patch', 'patch']) as [number];
  const [vocabulary, textWidth] = check('token_embedding.weight', ['words', 'width']) as [number, number];
  check('visual.class_embedding', [width]);
  check('visual.positional_embedding', ['1 + patches', width]);
  const [, embed] = check('visual.proj', [width, 'embedding']) as [number, number];
  check('positional_embedding', ['tokens', textWidth]);
  check('text_projection', [textWidth, embed]);
  if (clip.has('logit_scale')) check('logit_scale', [], [1]);
  if (clip.has('token_ids')) check('token_ids', [vocabulary]);
  for (const end of ['weight', 'bias']) {
    for (const norm of ['visual.ln_pre', 'visual.ln_post']) check(`${norm}.${end}`, [width]);
    check(`ln_final.${end}`, [textWidth]);
  }
  for (const name of clip.names) {
    const [, visual, block] = /^(visual\.)?(transformer\.resblocks\.\d+)\.mlp\.c_fc\.weight$/.exec(name) ?? [];
    if (block !== undefined) checkBlock(check, `${visual ?? ''}${block}`, visual === undefined ? textWidth : width);
  }
}

function checkBlock(
  check: (name: string, ...choices: readonly Expected[]) => readonly number[],
  block: string,
  width: number,
): void {
  for (const norm of ['ln_1', 'ln_2']) for (const end of ['weight', 'bias']) check(`${block}.${norm}.${end}`, [width]);
  check(`${block}.attn.in_proj_weight`, [3 * width, width]);
  check(`${block}.attn.in_proj_bias`, [3 * width]);
  check(`${block}.attn.out_proj.weight`, [width, width]);
  check(`${block}.attn.out_proj.bias`, [width]);
  const [hidden] = check(`${block}.mlp.c_fc.weight`, ['hidden', width]) as [number];
  check(`${block}.mlp.c_fc.bias`, [hidden]);
  check(`${block}.mlp.c_proj.weight`, [width, hidden]);
  check(`${block}.mlp.c_proj.bias`, [width]);
}
