/** Layouts of data sets on disk: which files are pictures, of which class and state, and which masks belong to them. */

/** What a file is. A mask and its picture have the same key. */
export type FileRole =
  | { readonly kind: 'picture'; readonly className: string | undefined; readonly label: 0 | 1; readonly key: string }
  | { readonly kind: 'mask'; readonly key: string };

export interface LayoutRule {
  /** The expected paths, for messages and help. */
  readonly expects: string;
  /** The role of a file by its path (with `/`, from the root); undefined for a file without a role. */
  role(path: string): FileRole | undefined;
}

const STEM = '(?<stem>[^/]+)\\.[^./]+';

/**
 * A layout with one pattern for pictures and another one for masks. Named groups: `class` (may be missing), `state`, `stem`;
 * a state that `normal` matches gives label 0.
 */
function byPatterns(expects: string, picture: string, mask: string, normal: RegExp): LayoutRule {
  const [pictures, masks] = [new RegExp(`^${picture}$`), new RegExp(`^${mask}$`)];
  const keyOf = ({ class: name = '', state = '', stem = '' }: Record<string, string | undefined>): string =>
    [name, state.toLowerCase(), stem].join('/');
  return {
    expects,
    role(path) {
      const marks = masks.exec(path)?.groups;
      if (marks) return { kind: 'mask', key: keyOf(marks) };
      const shows = pictures.exec(path)?.groups;
      if (!shows) return undefined;
      const label = normal.test(shows.state ?? '') ? 0 : 1;
      return { kind: 'picture', className: shows.class, label, key: keyOf(shows) };
    },
  };
}

/** Folder names that say what is inside, in upper or lower case. */
const NORMAL = new Set(['good', 'normal', 'normals', 'ok', 'non_defective', 'defect_free']);
const ABNORMAL = new Set([
  'bad',
  'ungood',
  'ng',
  'ko',
  'anomaly',
  'anomalies',
  'abnormal',
  'defect',
  'defects',
  'defective',
]);
const MASKS = new Set(['mask', 'masks', 'ground_truth', 'groundtruth', 'gt', 'label', 'labels', 'anomaly_mask']);
const NEUTRAL = new Set(['images', 'image', 'imgs', 'img', 'data', 'train', 'test', 'val', 'validation']);

/**
 * The user's own pictures: the innermost folder with a telling name says good or what is wrong, the folders above it
 * are the class; masks are in a separate folder anywhere in the class.
 */
const folder: LayoutRule = {
  expects:
    'CLASS/good/NAME.png, CLASS/DEFECT/NAME.png and, where there are masks, CLASS/masks/DEFECT/NAME.png (without CLASS for a single class)',
  role(path) {
    const parts = path.split('/');
    const file = parts.pop()!;
    const names = parts.map((p) => p.toLowerCase());
    const telling = parts.filter((_, i) => !NEUTRAL.has(names[i]!) && !MASKS.has(names[i]!));
    const stem = file.replace(/\.[^.]+$/, '');
    if (names.some((n) => MASKS.has(n))) {
      return { kind: 'mask', key: [...telling, stem.replace(/[_-](?:mask|gt)$/i, '')].join('/') };
    }
    const state = telling.at(-1);
    if (state === undefined) return undefined;
    const className = telling.slice(0, -1).join('/');
    return {
      kind: 'picture',
      className: className === '' ? undefined : className,
      label: NORMAL.has(state.toLowerCase()) ? 0 : 1,
      key: [...telling, stem].join('/'),
    };
  },
};

/**
 * Whether a folder's name says good or bad outright, which distinguishes a tree with states from a tree of classes
 * only.
 */
export function namesAState(path: string): boolean {
  return path.split('/').some((p) => NORMAL.has(p.toLowerCase()) || ABNORMAL.has(p.toLowerCase()));
}

const CLASS = '(?:(?<class>[^/]+)/)?';

export const LAYOUTS = {
  folder,
  // MVTec AD and MPDD; also BTAD, whose states are ok and ko and whose masks have the picture's name.
  mvtec: byPatterns(
    'CLASS/test/good/NAME.png, CLASS/test/DEFECT/NAME.png and CLASS/ground_truth/DEFECT/NAME_mask.png',
    `${CLASS}test/(?<state>[^/]+)/${STEM}`,
    `${CLASS}ground_truth/(?<state>[^/]+)/(?<stem>[^/]+?)(?:_mask)?\\.[^./]+`,
    /^(?:good|ok)$/i,
  ),
  mvtec2: byPatterns(
    'CLASS/test_public/good/NAME.png, CLASS/test_public/bad/NAME.png and CLASS/test_public/ground_truth/bad/NAME_mask.png',
    `${CLASS}test_public/(?<state>good|bad)/${STEM}`,
    `${CLASS}test_public/ground_truth/(?<state>bad)/(?<stem>[^/]+?)(?:_mask)?\\.[^./]+`,
    /^good$/,
  ),
  visa: byPatterns(
    'CLASS/Data/Images/Normal/NAME.JPG, CLASS/Data/Images/Anomaly/NAME.JPG and CLASS/Data/Masks/Anomaly/NAME.png',
    `${CLASS}Data/Images/(?<state>Normal|Anomaly)/${STEM}`,
    `${CLASS}Data/Masks/(?<state>Anomaly)/${STEM}`,
    /^Normal$/,
  ),
  btad: byPatterns(
    'CLASS/test/ok/NAME.png, CLASS/test/ko/NAME.png and CLASS/ground_truth/ko/NAME.png',
    `${CLASS}test/(?<state>ok|ko)/${STEM}`,
    `${CLASS}ground_truth/(?<state>ko)/${STEM}`,
    /^ok$/,
  ),
  // Brain, liver and retina; repackings call the masks' folder anomaly_mask.
  bmad: byPatterns(
    'test/good/img/NAME.png, test/Ungood/img/NAME.png and test/Ungood/label/NAME.png',
    `${CLASS}test/(?<state>good|Ungood)/img/${STEM}`,
    `${CLASS}test/(?<state>Ungood)/(?:label|anomaly_mask)/${STEM}`,
    /^good$/,
  ),
  // Endoscopy: every picture shows a polyp.
  polyp: byPatterns('images/NAME.png and masks/NAME.png', `${CLASS}images/${STEM}`, `${CLASS}masks/${STEM}`, /(?!)/),
} as const satisfies Record<string, LayoutRule>;

export type Layout = keyof typeof LAYOUTS;
