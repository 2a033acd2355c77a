import { type Arr, zerosLike } from './arr.js';

/** Elements before, along and after an axis. */
export function split(shape: readonly number[], axis: number): [number, number, number] {
  const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
  return [product(shape.slice(0, axis)), shape[axis]!, product(shape.slice(axis + 1))];
}

export function reshape(x: Arr, shape: readonly number[]): Arr {
  return { shape, data: x.data };
}

export function slice(x: Arr, axis: number, start: number, count: number): Arr {
  const [outer, length, inner] = split(x.shape, axis);
  const y = zerosLike(x.shape.with(axis, count));
  for (let o = 0; o < outer; o++)
    for (let l = 0; l < count; l++)
      for (let i = 0; i < inner; i++)
        y.data[(o * count + l) * inner + i] = x.data[(o * length + start + l) * inner + i]!;
  return y;
}

export function concat(list: readonly Arr[], axis: number): Arr {
  const total = list.reduce((n, x) => n + x.shape[axis]!, 0);
  const y = zerosLike(list[0]!.shape.with(axis, total));
  let at = 0;
  for (const x of list) {
    const [outer, length, inner] = split(x.shape, axis);
    for (let o = 0; o < outer; o++)
      for (let l = 0; l < length; l++)
        for (let i = 0; i < inner; i++)
          y.data[(o * total + at + l) * inner + i] = x.data[(o * length + l) * inner + i]!;
    at += length;
  }
  return y;
}

export function stack(list: readonly Arr[], axis: number): Arr {
  return concat(
    list.map((x) => reshape(x, x.shape.toSpliced(axis, 0, 1))),
    axis,
  );
}
