/** Files that their authors released: what `aaclip weights fetch` knows. A new file or mirror is a row here. */

interface Released {
  /** What `weights fetch`, `--weights` and `--adapters` call it. */
  readonly name: string;
  readonly about: string;
  readonly licence: string;
  /** Size of the download in MiB. */
  readonly mebibytes: number;
  /** Tried in this order. */
  readonly urls: readonly string[];
}

/** CLIP's weights. */
export interface ReleasedWeights extends Released {
  /** SHA-256 of the download, which every mirror must match. */
  readonly sha256: string;
}

/** What a method trained on top of CLIP. */
export interface ReleasedCheckpoint extends Released {
  /** The method, as `aaclip methods` calls it. */
  readonly method: string;
  /** The data set it was trained on, and those its authors test it on. */
  readonly trainedOn: string;
  readonly testOn: string;
  /** Where it is: a repository on GitHub, a commit, and a path. */
  readonly repository: string;
  readonly commit: string;
  readonly path: string;
  /** Git's name of the content, which every mirror must match: SHA-1 of "blob ", the size, a zero byte and the content. */
  readonly gitBlob: string;
}

export type ReleasedFile = ReleasedWeights | ReleasedCheckpoint;

const OPENAI = 'https://openaipublic.azureedge.net/clip/models';

function openai(name: string, about: string, mebibytes: number, sha256: string, file: string): ReleasedWeights {
  return { name, about, licence: 'MIT', mebibytes, sha256, urls: [`${OPENAI}/${sha256}/${file}`] };
}

export const RELEASED_WEIGHTS: readonly ReleasedWeights[] = [
  openai(
    'ViT-L-14-336',
    "OpenAI's CLIP ViT-L/14 at 336 px: what all methods here are built on",
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

/** The files of a repository at a commit, all under one licence. */
function onGitHub(repository: string, commit: string) {
  return (
    name: string,
    path: string,
    gitBlob: string,
    about: Pick<ReleasedCheckpoint, 'method' | 'trainedOn' | 'testOn' | 'mebibytes'> & { readonly title: string },
  ): ReleasedCheckpoint => {
    const { title, ...rest } = about;
    return {
      ...{ name, licence: 'MIT', repository, commit, path, gitBlob, ...rest },
      about: `${title}, trained on ${about.trainedOn}, to test on ${about.testOn}`,
      urls: [
        `https://raw.githubusercontent.com/${repository}/${commit}/${path}`,
        `https://github.com/${repository}/raw/${commit}/${path}`,
      ],
    };
  };
}

const APRIL_GAN = onGitHub('ByChelsea/VAND-APRIL-GAN', 'f13b8a634e04f9fde8fa03db125b25af5695d8e1');
const ANOMALY_CLIP = onGitHub('zqhang/AnomalyCLIP', '45ed4dd35c05797d854294b5e8d585c545920089');

const ON_VISA = { trainedOn: 'VisA', testOn: 'MVTec AD' };
const ON_MVTEC = { trainedOn: 'MVTec AD', testOn: 'VisA and all other data sets' };

/** Named by the data set of the training. AnomalyCLIP's own folders are named by what is tested: the other way round. */
export const RELEASED_CHECKPOINTS: readonly ReleasedCheckpoint[] = [
  APRIL_GAN('april-gan-visa', 'exps/pretrained/visa_pretrained.pth', '86d6848c543f8393663d35c0333498ffb5ce9b68', {
    ...{ method: 'april-gan', title: 'APRIL-GAN', mebibytes: 12, ...ON_VISA },
  }),
  APRIL_GAN('april-gan-mvtec', 'exps/pretrained/mvtec_pretrained.pth', 'a057cec6c2ba5996baa0160a51e155908156813f', {
    ...{ method: 'april-gan', title: 'APRIL-GAN', mebibytes: 12, ...ON_MVTEC },
  }),
  ANOMALY_CLIP(
    'anomalyclip-visa',
    'checkpoints/9_12_4_multiscale/epoch_15.pth',
    'c90f1d9d92d158b436a8fc193f984d4cec8b1fc8',
    { method: 'anomalyclip', title: 'AnomalyCLIP', mebibytes: 22, ...ON_VISA },
  ),
  ANOMALY_CLIP(
    'anomalyclip-mvtec',
    'checkpoints/9_12_4_multiscale_visa/epoch_15.pth',
    '72adc786e031b49ea288ba5f815f0d38cf158708',
    { method: 'anomalyclip', title: 'AnomalyCLIP', mebibytes: 22, ...ON_MVTEC },
  ),
];

export const RELEASED_FILES: readonly ReleasedFile[] = [...RELEASED_WEIGHTS, ...RELEASED_CHECKPOINTS];

/** Whether a file is a method's checkpoint, and not CLIP itself. */
export const isCheckpoint = (file: ReleasedFile): file is ReleasedCheckpoint => 'method' in file;

/** A row by its name. @throws one line with the names there are */
export function releasedFile(name: string): ReleasedFile {
  const found = RELEASED_FILES.find((row) => row.name.toLowerCase() === name.toLowerCase());
  if (found) return found;
  throw new Error(`weights: unknown name ${name}: expected one of ${RELEASED_FILES.map((r) => r.name).join(', ')}`);
}
