/**
 * Pictures of any size to the towers' input as nodes of an ONNX graph: Pillow's bicubic resize, and CLIP's normalisation.
 *
 * ONNX's own Resize has no antialiased form before opset 18, and few runtimes have it. Here an axis is resized by a product with
 * a matrix that the graph computes from the picture's size, so that any runtime can do it. Pillow's weights are whole numbers of 2^-22
 * and its sums exact; here both are floats, so that a value close to the middle between two levels may come out as the other.
 */
import { CLIP_PIXELS } from '../picture/pixels.js';
import type { OnnxGraph } from './onnx_graph.js';

/**
 * @param pictures u8 [B, H, W, 3]
 * @returns [B, 3, S, S], normalised
 */
export function preparePictures(graph: OnnxGraph, pictures: string, size: number): string {
  return graph.within('prepare', () => {
    const shape = graph.add('Shape', [pictures]);
    const side = (axis: number): string => graph.add('Gather', [shape, graph.int(axis)]);
    const bytes = graph.add('Transpose', [pictures], { perm: { ints: [0, 3, 1, 2] } });
    const source = graph.add('Cast', [bytes], { to: { i: 1 } }); // [B, 3, H, W]
    const columns = graph.add('Transpose', [weights(graph, side(2), size)], { perm: { ints: [1, 0] } });
    const narrow = rounded(graph, graph.add('MatMul', [source, columns])); // [B, 3, H, S]
    const levels = rounded(graph, graph.add('MatMul', [weights(graph, side(1), size), narrow])); // [B, 3, S, S]
    const { mean, std } = CLIP_PIXELS;
    const channels = (name: string, of: (c: number) => number): string =>
      graph.floats(name, [3, 1, 1], Float32Array.from([0, 1, 2], of));
    const scaled = graph.add('Mul', [levels, channels('pixel scale', (c) => 1 / (255 * std[c]!))]);
    return graph.add('Sub', [scaled, channels('pixel offset', (c) => mean[c]! / std[c]!)]);
  });
}

/** To whole levels from 0 to 255, a half upwards. */
function rounded(graph: OnnxGraph, x: string): string {
  const whole = graph.add('Floor', [graph.add('Add', [x, graph.scalar(0.5)])]);
  return graph.add('Clip', [whole, graph.scalar(0), graph.scalar(255)]);
}

/**
 * The weights [S, N] that resize an axis of N samples to S, see picture/resize_table.ts. Distances are quotients of whole numbers, so
 * that large pictures lose nothing.
 */
function weights(graph: OnnxGraph, n: string, size: number): string {
  const add = (op: string, ...inputs: string[]): string => graph.add(op, inputs);
  const inner = add('Range', graph.int(0), n, graph.int(1)); // [N]
  const outer = add('Unsqueeze', add('Range', graph.int(0), graph.int(size), graph.int(1)), graph.ints(1)); // [S, 1]
  const odd = (x: string): string => add('Add', add('Mul', x, graph.int(2)), graph.int(1));
  const apart = add('Sub', add('Mul', odd(inner), graph.int(size)), add('Mul', odd(outer), n)); // [S, N]
  const unit = add('Mul', add('Max', n, graph.int(size)), graph.int(2));
  const floats = (x: string): string => graph.add('Cast', [x], { to: { i: 1 } });
  const x = add('Min', add('Div', floats(add('Abs', apart)), floats(unit)), graph.scalar(2));
  /** ((a x + b) x + c) x + d */
  const polynomial = (...factors: readonly number[]): string =>
    factors.map((f) => graph.scalar(f)).reduce((sum, f) => add('Add', add('Mul', sum, x), f));
  const kernel = add(
    'Where',
    add('Less', x, graph.scalar(1)),
    polynomial(1.5, -2.5, 0, 1),
    polynomial(-0.5, 2.5, -4, 2),
  );
  const sums = graph.add('ReduceSum', [kernel, graph.ints(1)], { keepdims: { i: 1 } });
  const one = 2 ** 22;
  const whole = add('Floor', add('Add', add('Mul', add('Div', kernel, sums), graph.scalar(one)), graph.scalar(0.5)));
  return add('Mul', whole, graph.scalar(1 / one));
}
