/** The methods that aaclip runs, as their authors published them: what `aaclip methods` prints. */
import { RELEASED_CHECKPOINTS } from './released_weights.js';

/** Figures in per cent, zero-shot, at 518 px. What was not published is left out. */
export interface MethodFigures {
  readonly testedOn: 'MVTec AD' | 'VisA';
  readonly trainedOn: string;
  readonly pixelAuroc?: number;
  readonly pixelAupro?: number;
  readonly imageAuroc?: number;
  readonly imageAp?: number;
  readonly source: string;
}

export interface PublishedMethod {
  /** What flags and results call it. */
  readonly name: string;
  readonly title: string;
  readonly paper: string;
  /** Of its program and of the files it released. */
  readonly licence: string;
  readonly repository: string;
  /** What it takes to run it. */
  readonly needs: string;
  /** Released files, as `aaclip weights fetch` calls them; none where every user trains. */
  readonly checkpoints: readonly string[];
  readonly figures: readonly MethodFigures[];
  /** What to know before its figures are compared. */
  readonly notes: readonly string[];
}

type Figure = number | null;
type Four = readonly [pixelAuroc: Figure, pixelAupro: Figure, imageAuroc: Figure, imageAp: Figure];

function figures(
  testedOn: MethodFigures['testedOn'],
  [pixelAuroc, pixelAupro, imageAuroc, imageAp]: Four,
  source: string,
): MethodFigures {
  const known = Object.entries({ pixelAuroc, pixelAupro, imageAuroc, imageAp }).filter(([, v]) => v !== null);
  return { testedOn, trainedOn: testedOn === 'VisA' ? 'MVTec AD' : 'VisA', ...Object.fromEntries(known), source };
}

const checkpointsOf = (name: string): string[] =>
  RELEASED_CHECKPOINTS.filter(({ method }) => method === name).map((file) => file.name);

const paper = (id: string, table: string): string => `paper (arXiv ${id}), as ${table}`;
const QUOTED = 'tables in later repositories quote it';
const LOG = 'results/*/zero_shot/log.txt in its repository';

const CLIP = 'CLIP ViT-L/14@336';

export const PUBLISHED_METHODS: readonly PublishedMethod[] = [
  {
    ...{ name: 'aa-clip', title: 'AA-CLIP', paper: 'arXiv 2503.06661, CVPR 2025', licence: 'Apache-2.0' },
    repository: 'Mwxinnn/AA-CLIP',
    needs: `${CLIP}, and adapters that you train: pictures with masks of other classes`,
    checkpoints: checkpointsOf('aa-clip'),
    figures: [
      figures(
        'MVTec AD',
        [91.9, null, 90.5, 95.4],
        "results/test.log in its repository, trained on all of VisA's test set",
      ),
      figures('VisA', [95.5, null, 84.6, null], paper('2503.06661', 'reports of reproductions quote it')),
    ],
    notes: ['No adapters were released.'],
  },
  {
    ...{ name: 'april-gan', title: 'APRIL-GAN', paper: 'arXiv 2305.17382, VAND 2023', licence: 'MIT' },
    repository: 'ByChelsea/VAND-APRIL-GAN',
    needs: `${CLIP} and a released checkpoint`,
    checkpoints: checkpointsOf('april-gan'),
    figures: [
      figures('MVTec AD', [87.6, 44.0, 86.1, 93.5], paper('2305.17382', QUOTED)),
      figures('VisA', [94.2, 86.8, 78.0, 81.4], paper('2305.17382', QUOTED)),
    ],
    notes: ['Its figures come from f16 (CUDA autocast), which rounds logits; here they are computed in f32.'],
  },
  {
    ...{ name: 'anomalyclip', title: 'AnomalyCLIP', paper: 'arXiv 2310.18961, ICLR 2024', licence: 'MIT' },
    repository: 'zqhang/AnomalyCLIP',
    needs: `${CLIP} and a released checkpoint`,
    checkpoints: checkpointsOf('anomalyclip'),
    figures: [
      figures('MVTec AD', [91.1, 81.4, 91.5, 96.2], paper('2310.18961', QUOTED)),
      figures('VisA', [95.5, 87.0, 82.1, 85.4], paper('2310.18961', QUOTED)),
      figures('MVTec AD', [91.1, 81.4, 91.6, 96.4], LOG),
      figures('VisA', [95.5, 86.7, 82.0, 85.3], LOG),
    ],
    notes: [
      'Its checkpoints were trained when a slip made every level that of block 24; its script tests with block 24 alone.',
      'In its repository the folder 9_12_4_multiscale was trained on VisA, and 9_12_4_multiscale_visa on MVTec AD.',
    ],
  },
  {
    ...{ name: 'clip', title: 'plain CLIP', paper: 'arXiv 2103.00020, ICML 2021', licence: 'MIT' },
    repository: 'openai/CLIP',
    needs: 'CLIP alone',
    checkpoints: checkpointsOf('clip'),
    figures: [],
    notes: ["AA-CLIP's prompts and scores without adapters: a baseline, not a published detector."],
  },
];
