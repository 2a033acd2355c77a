/** What workers say and draw of pictures, as bytes. */
import { z } from 'zod';
import { openBundle, packBundle } from '../queue/bundle.js';
import type { DrawnFile, PictureRecord } from './drawn.js';

/** A picture's record and its files, or why it cannot be used. */
export type DrawnPicture =
  | { readonly record: PictureRecord; readonly files: readonly (DrawnFile & { readonly bytes: Uint8Array })[] }
  | { readonly broken: string };

const SUFFIX = z.string().regex(/^(?:\.[a-z]+){1,2}$/);
const HEADER = z.array(
  z.union([
    z.strictObject({
      record: z.looseObject({
        image: z.string(),
        score: z.number(),
        normalized_score: z.number(),
        anomalous: z.boolean(),
        peak: z.strictObject({ value: z.number(), x: z.number(), y: z.number() }),
      }),
      files: z.array(z.strictObject({ suffix: SUFFIX, length: z.int().min(0) })),
    }),
    z.strictObject({ broken: z.string() }),
  ]),
);

export async function encodeDrawn(pictures: readonly DrawnPicture[]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const rows = pictures.map((one) => {
    if ('broken' in one) return one;
    parts.push(...one.files.map(({ bytes }) => bytes));
    return { record: one.record, files: one.files.map(({ suffix, bytes }) => ({ suffix, length: bytes.length })) };
  });
  return packBundle(rows, parts);
}

/** @param bytes of `encodeDrawn` @throws where they are damaged */
export async function decodeDrawn(bytes: Uint8Array): Promise<DrawnPicture[]> {
  const { header, take, end } = await openBundle(bytes);
  const given = header as readonly { readonly record: PictureRecord }[];
  const pictures = HEADER.parse(header).map((row, i): DrawnPicture => {
    if ('broken' in row) return row;
    const files = row.files.map(({ suffix, length }) => ({ suffix, bytes: take(length) }));
    // As it was given: what the check returns has its keys in another order.
    return { record: given[i]!.record, files };
  });
  end();
  return pictures;
}
