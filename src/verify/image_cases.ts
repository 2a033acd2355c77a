/** Cases `image.*`: decoding, resizing, normalisation and masks. */
import { prepareMask } from '../picture/mask.js';
import { preparePicture, resizePicture, unpackPicture } from '../picture/resize_picture.js';
import { read, readWords } from '../tensor/tensor.js';
import { type CaseContext, type Comparison, metadata } from './case.js';

/** Float32 normalisation may differ by its last bit. */
const PREPARED = 1e-6;

export async function* imageCase({ gpu, folder, file }: CaseContext): AsyncIterable<Comparison> {
  const picture = metadata(file, 'file');
  const names = [...file.tensors.keys()];
  const sizes = (prefix: string): number[] =>
    names.filter((n) => n.startsWith(prefix)).map((n) => Number(n.slice(prefix.length)));
  if (sizes('mask.').length > 0) {
    const mask = await folder.decodeMask(picture);
    for (const s of sizes('mask.')) {
      yield { tensor: `mask.${s}`, got: prepareMask(mask, s, s), want: await file.readF32(`mask.${s}`), bound: 0 };
    }
    return;
  }
  const decoded = await folder.decode(picture);
  const bytes = async (name: string): Promise<Uint8Array> => (await file.read(name)).bytes;
  yield { tensor: 'rgb', got: decoded.data, want: await bytes('rgb'), bound: 0 };
  for (const s of sizes('u8.')) {
    const words = resizePicture(gpu, decoded, s);
    const resized = unpackPicture(await readWords(words));
    words.release();
    yield { tensor: `u8.${s}`, got: resized, want: await bytes(`u8.${s}`), bound: 0 };
    const x = preparePicture(gpu, decoded, s);
    yield { tensor: `x.${s}`, got: await read(x), want: await file.readF32(`x.${s}`), bound: PREPARED };
    x.release();
  }
}
