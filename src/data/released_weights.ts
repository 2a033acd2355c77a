/** CLIP's weights as they were released: what `aaclip weights fetch` knows. A new file or mirror is a row here. */

export interface ReleasedWeights {
  /** What `--weights` calls it. */
  readonly name: string;
  readonly about: string;
  readonly licence: string;
  /** Size of the download in MiB. */
  readonly mebibytes: number;
  /** SHA-256 of the download, which every mirror must match. */
  readonly sha256: string;
  /** Tried in this order. */
  readonly urls: readonly string[];
}

const OPENAI = 'https://openaipublic.azureedge.net/clip/models';

function openai(name: string, about: string, mebibytes: number, sha256: string, file: string): ReleasedWeights {
  return { name, about, licence: 'MIT', mebibytes, sha256, urls: [`${OPENAI}/${sha256}/${file}`] };
}

export const RELEASED_WEIGHTS: readonly ReleasedWeights[] = [
  openai(
    'ViT-L-14-336',
    "OpenAI's CLIP ViT-L/14 at 336 px: what AA-CLIP is built on",
    891,
    '3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02',
    'ViT-L-14-336px.pt',
  ),
  openai(
    'ViT-L-14',
    "OpenAI's CLIP ViT-L/14 at 224 px",
    890,
    'b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836',
    'ViT-L-14.pt',
  ),
];

/** A row by its name. @throws one line with the names there are */
export function releasedWeights(name: string): ReleasedWeights {
  const found = RELEASED_WEIGHTS.find((row) => row.name.toLowerCase() === name.toLowerCase());
  if (found) return found;
  throw new Error(`weights: unknown name ${name}: expected one of ${RELEASED_WEIGHTS.map((r) => r.name).join(', ')}`);
}
