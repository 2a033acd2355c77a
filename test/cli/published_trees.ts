/** Small pictures under the file names of the published data sets, two or three for each data set. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodePng } from '../../src/node/encode_png.js';
import { drawSample, SIZE } from '../train/pictures.js';

/** Folder and files of each data set, in the published order: a normal picture, an abnormal one, its mask. */
const TREES: Readonly<Record<string, readonly [folder: string, good: string | undefined, bad: string, mask: string]>> =
  {
    Brain: ['MedAD/Brain_AD', 'test/good/img/0.png', 'test/Ungood/img/1.png', 'test/Ungood/label/1.png'],
    Liver: ['MedAD/Liver_AD', 'test/good/img/0.png', 'test/Ungood/img/1.png', 'test/Ungood/label/1.png'],
    Retina: ['MedAD/Retina_RESC_AD', 'test/good/img/0.png', 'test/Ungood/img/1.png', 'test/Ungood/label/1.png'],
    Colon_clinicDB: ['Colon/CVC-ClinicDB', undefined, 'images/1.png', 'masks/1.png'],
    Colon_colonDB: ['Colon/CVC-ColonDB', undefined, 'images/1.png', 'masks/1.png'],
    Colon_cvc300: ['Colon/CVC-300', undefined, 'images/1.png', 'masks/1.png'],
    Colon_Kvasir: ['Colon/Kvasir', undefined, 'images/1.png', 'masks/1.png'],
    BTAD: ['BTech_Dataset_transformed', '01/test/ok/0.png', '01/test/ko/1.png', '01/ground_truth/ko/1.png'],
    MPDD: ['MPDD', 'tubes/test/good/0.png', 'tubes/test/bent/1.png', 'tubes/ground_truth/bent/1_mask.png'],
    MVTec: ['mvtec_ad', 'wood/test/good/0.png', 'wood/test/hole/1.png', 'wood/ground_truth/hole/1_mask.png'],
    VisA: [
      'VisA_20220922',
      'pcb1/Data/Images/Normal/0.JPG',
      'pcb1/Data/Images/Anomaly/1.JPG',
      'pcb1/Data/Masks/Anomaly/1.png',
    ],
    MVTec2: [
      'mvtec_ad_2',
      'can/test_public/good/0.png',
      'can/test_public/bad/1.png',
      'can/test_public/ground_truth/bad/1_mask.png',
    ],
  };

export const PUBLISHED = Object.keys(TREES);

/** Draws the data sets below a folder. */
export function drawTrees(root: string, names: readonly string[] = PUBLISHED): void {
  const write = (path: string, bytes: Uint8Array): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  };
  for (const name of names) {
    const [folder, good, bad, mask] = TREES[name]!;
    const n = 2 * PUBLISHED.indexOf(name);
    const shown = drawSample(n + 1);
    if (good !== undefined) write(join(root, folder, good), encodePng(SIZE, SIZE, drawSample(n).picture.data));
    write(join(root, folder, bad), encodePng(SIZE, SIZE, shown.picture.data));
    const marked = shown.mask.map((v) => 255 * v);
    write(join(root, folder, mask), encodePng(SIZE, SIZE, marked));
  }
}
