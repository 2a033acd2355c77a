/** The published figures of AA-CLIP, and the protocol they come from. Figures that nobody published are not here. */

/** A training set of the protocol, and the data sets that are tested after it. */
export interface ProtocolPart {
  readonly train: string;
  readonly test: readonly string[];
}

/** Trained on VisA for all others; VisA itself after a training on MVTec AD. */
export const PROTOCOL: readonly ProtocolPart[] = [
  {
    train: 'VisA',
    test: [
      ...['MVTec', 'BTAD', 'MPDD', 'Brain', 'Liver', 'Retina'],
      ...['Colon_clinicDB', 'Colon_colonDB', 'Colon_cvc300', 'Colon_Kvasir'],
    ],
  },
  { train: 'MVTec', test: ['VisA'] },
];

/** The model and the size of pictures that the figures belong to. */
export const PUBLISHED_MODEL = 'CLIP ViT-L/14@336 at 518 px';

/** The epoch of stage two that the authors report after a full-shot training (their answer to issue 13 of the repository). */
export const PUBLISHED_EPOCH = 15;

/** Pictures in the published list of each data set. */
export const PUBLISHED_PICTURES: Readonly<Record<string, number>> = {
  ...{ MVTec: 1725, VisA: 2162, BTAD: 741, MPDD: 458, Brain: 3715, Liver: 1493, Retina: 1805 },
  ...{ Colon_clinicDB: 612, Colon_colonDB: 380, Colon_cvc300: 60, Colon_Kvasir: 1000 },
};

export const SOURCES = {
  log: "results/test.log in the authors' repository Mwxinnn/AA-CLIP, commit 6335e71 (11 April 2025): epoch 15, seed 111",
  paper:
    'Ma et al., AA-CLIP, CVPR 2025 (arXiv 2503.06661), tables 1 and 2, as public reports of reproductions quote them',
} as const;

/** How many samples of each class were trained on: 2, 16 and 64, half of them normal, or all. */
export type PublishedShot = 2 | 16 | 64 | 'full';

/** Figures in per cent; those that were not published are left out. */
export interface PublishedFigures {
  readonly pixelAuc?: number;
  readonly pixelAp?: number;
  readonly imageAuc?: number;
  readonly imageAp?: number;
}

export interface PublishedRow {
  readonly dataset: string;
  readonly shot: PublishedShot;
  readonly source: keyof typeof SOURCES;
  readonly figures: PublishedFigures;
}

type Four = readonly [pixelAuc: number, pixelAp: number, imageAuc?: number, imageAp?: number];

/** Full-shot training on VisA. The data sets of polyps have no normal pictures, so no figures of pictures. */
const LOG: Readonly<Record<string, Four>> = {
  MVTec: [91.88, 45.27, 90.47, 95.39],
  BTAD: [97.01, 52.8, 94.32, 96.74],
  MPDD: [96.62, 26.81, 77.46, 80.58],
  Brain: [95.72, 44.91, 79.26, 94.41],
  Liver: [97.92, 12.87, 68.78, 57.72],
  Retina: [95.31, 56.84, 81.82, 81.8],
  Colon_clinicDB: [89.55, 52.63],
  Colon_colonDB: [83.59, 33.21],
  Colon_cvc300: [96.84, 53.73],
  Colon_Kvasir: [87.14, 55.77],
};

const SHOTS = [2, 16, 64, 'full'] as const;

/** Pixel and image AUROC for 2, 16 and 64 samples of each class and for all. The log has more of MVTec's last pair. */
const PAPER: Readonly<Record<string, readonly (readonly [pixelAuc: number, imageAuc: number])[]>> = {
  MVTec: [
    [91.0, 85.9],
    [91.2, 89.7],
    [91.6, 92.0],
  ],
  VisA: [
    [93.4, 78.4],
    [93.8, 84.0],
    [94.0, 84.1],
    [95.5, 84.6],
  ],
};

/** All published rows; a data set has at most one for each number of shots. */
export const PUBLISHED_ROWS: readonly PublishedRow[] = [
  ...Object.entries(LOG).map(([dataset, [pixelAuc, pixelAp, imageAuc, imageAp]]): PublishedRow => {
    const images = imageAuc === undefined || imageAp === undefined ? {} : { imageAuc, imageAp };
    return { dataset, shot: 'full', source: 'log', figures: { pixelAuc, pixelAp, ...images } };
  }),
  ...Object.entries(PAPER).flatMap(([dataset, rows]) =>
    rows.map(([pixelAuc, imageAuc], i): PublishedRow => {
      return { dataset, shot: SHOTS[i]!, source: 'paper', figures: { pixelAuc, imageAuc } };
    }),
  ),
];

/** A row of the paper over data sets: pixel AUROC over all eleven, image AUROC over the seven with normal pictures. */
export const PUBLISHED_AVERAGES: Readonly<Partial<Record<PublishedShot, PublishedFigures>>> = {
  2: { pixelAuc: 92.0, imageAuc: 78.1 },
  64: { pixelAuc: 92.8, imageAuc: 83.1 },
  full: { pixelAuc: 93.4, imageAuc: 82.5 },
};
