/** Folders as people have them, for the page on data: a few files of each. */
import type { IndexOptions } from '#src/data/index_folder';

export interface Tree {
  readonly title: string;
  /** Shell-like names: `{a,b}` stands for each of them. */
  readonly files: readonly string[];
  readonly flags?: Partial<Pick<IndexOptions, 'layout' | 'normal' | 'abnormal' | 'masks'>>;
}

export const TREES: readonly Tree[] = [
  {
    title: 'Your own, several classes',
    files: ['{nut,pill}/good/{1,2}.png', 'nut/bent/1.png', 'nut/masks/bent/1.png', 'pill/torn/1.png'],
  },
  { title: 'Your own, one class', files: ['good/{1,2}.png', 'bad/{1,2}.png', 'masks/1.png'] },
  {
    title: 'Defects in a folder of their own',
    files: ['nut/good/1.png', 'nut/defects/{bent,cut}/1.png', 'nut/masks/{bent,cut}/1.png'],
  },
  { title: 'Masks beside the pictures', files: ['nut/good/0.png', 'nut/bad/{0,1}.png', 'nut/bad/{0,1}_mask.png'] },
  { title: 'Masks as PNG beside JPG', files: ['nut/OK/0.jpg', 'nut/NG/{0,1}.{jpg,png}'] },
  {
    title: 'Masks in a tree of the same form',
    files: ['test/class1/{normal,anomalous}/0.png', 'test_maps/class1/anomalous/0.png'],
  },
  {
    title: 'Names of folders that end alike',
    files: ['normal_dir/image{1,2}.png', 'abnormal_dir/image{3,4}.png', 'mask_dir/mask{3,4}.png'],
  },
  { title: 'Cameras below the state', files: ['bolt/good/{cam1,cam2}/0.png', 'bolt/scratch/{cam1,cam2}/0.png'] },
  { title: 'Lots above the state', files: ['bolt/{lot1,lot2}/{ok,nok}/0.png'] },
  { title: 'State above the product', files: ['good/{nut,pill}/0.png', 'bad/{nut,pill}/0.png'] },
  { title: 'Negated names', files: ['no_defect/{0,1}.png', 'defect/{2,3}.png'] },
  { title: 'Numbered names', files: ['0_normal/{0,1}.png', '1_abnormal/{2,3}.png'] },
  { title: 'Names of several words', files: ['Normal Images/{0,1}.png', 'Anomaly Images/{2,3}.png'] },
  {
    title: 'Product and state in one name',
    files: ['bolt_good/0.png', 'bolt_bad/1.png', 'nut_good/0.png', 'nut_bad/1.png'],
  },
  { title: 'Pass and fail', files: ['pcb/pass/0.png', 'pcb/fail/1.png'] },
  { title: 'Negative and positive', files: ['negative/0.png', 'positive/1.png'] },
  { title: 'Chinese', files: ['螺母/正常/0.png', '螺母/不良品/1.png', '螺母/掩码/不良品/1.png'] },
  { title: 'Japanese', files: ['ナット/良品/0.png', 'ナット/不良品/1.png'] },
  { title: 'Korean', files: ['너트/정상/0.png', '너트/불량/1.png'] },
  { title: 'German', files: ['Mutter/i.O/0.png', 'Mutter/n.i.O/1.png'] },
  { title: 'Spanish', files: ['tuerca/sin_defectos/0.png', 'tuerca/defectuosas/1.png'] },
  { title: 'French', files: ['écrou/sans défaut/0.png', 'écrou/défauts/1.png'] },
  { title: 'The files say it, no folder does', files: ['pcb/OK_{1,2}.png', 'pcb/NG_{1,2}.png'] },
  {
    title: 'A product called "label"',
    files: ['{label,cup}/good/0.png', '{label,cup}/torn/1.png', 'label/ground_truth/torn/1_mask.png'],
  },
  {
    title: 'Names of your own',
    files: ['nut/golden/0.png', 'nut/claims/1.png', 'nut/red/claims/1.png'],
    flags: { normal: 'golden', masks: 'red' },
  },
  {
    title: 'MVTec AD and MPDD',
    files: [
      'bottle/train/good/000.png',
      'bottle/test/good/001.png',
      'bottle/test/cut/000.png',
      'bottle/ground_truth/cut/000_mask.png',
    ],
  },
  {
    title: 'The same, as published',
    files: [
      'bottle/train/good/000.png',
      'bottle/test/good/001.png',
      'bottle/test/cut/000.png',
      'bottle/ground_truth/cut/000_mask.png',
    ],
    flags: { layout: 'mvtec' },
  },
  {
    title: 'MVTec LOCO',
    files: [
      'juice/test/good/000.png',
      'juice/test/logical_anomalies/000.png',
      'juice/ground_truth/logical_anomalies/000/{000,001}.png',
    ],
  },
  {
    title: 'MVTec 3D',
    files: ['bagel/test/good/{rgb,gt}/000.png', 'bagel/test/crack/{rgb,gt}/000.png', 'bagel/test/crack/xyz/000.tiff'],
  },
  {
    title: 'MVTec AD 2',
    files: [
      'can/train/good/000_regular.png',
      'can/test_public/{good,bad}/000_shift.png',
      'can/test_public/ground_truth/bad/000_shift_mask.png',
      'can/test_private/000.png',
    ],
    flags: { layout: 'mvtec2' },
  },
  {
    title: 'VisA',
    files: [
      'candle/Data/Images/Normal/0000.JPG',
      'candle/Data/Images/Anomaly/000.JPG',
      'candle/Data/Masks/Anomaly/000.png',
    ],
  },
  {
    title: 'VisA after its own prepare_data',
    files: [
      'candle/train/good/0001.JPG',
      'candle/test/good/0000.JPG',
      'candle/test/bad/000.JPG',
      'candle/ground_truth/bad/000.png',
    ],
    flags: { layout: 'mvtec' },
  },
  {
    title: 'BTAD',
    files: ['01/train/ok/0000.bmp', '01/test/{ok,ko}/0001.bmp', '01/ground_truth/ko/0001.png'],
    flags: { layout: 'btad' },
  },
  { title: 'Real-IAD', files: ['audiojack/OK/S0001/a_OK_C1.jpg', 'audiojack/NG/AK/S0002/a_NG_C1.{jpg,png}'] },
  { title: 'BMAD', files: ['test/good/img/1.png', 'test/Ungood/img/7.png', 'test/Ungood/label/7.png'] },
  { title: 'Endoscopy', files: ['images/{a,b}.jpg', 'masks/{a,b}.png'] },
  { title: 'KolektorSDD2', files: ['train/{10000,10001}.png', 'train/{10000,10001}_GT.png'] },
  { title: 'DAGM', files: ['Class1/Train/{0001,0002}.PNG', 'Class1/Train/Label/0002_label.PNG'] },
  { title: 'Magnetic tiles', files: ['MT_Free/Imgs/exp1.{jpg,png}', 'MT_Crack/Imgs/exp2.{jpg,png}'] },
];

/** Every name that braces stand for. */
export function expand(name: string): string[] {
  const braces = /\{([^{}]*)\}/.exec(name);
  if (!braces) return [name];
  const [before, after] = [name.slice(0, braces.index), name.slice(braces.index + braces[0].length)];
  return braces[1]!.split(',').flatMap((choice) => expand(before + choice + after));
}
