/** Layouts of data sets on disk: which files are pictures, of which class and state, and which masks belong to them. */

/** What a file is. A mask and its picture have the same key; of masks that are parts a picture may have several. */
export type FileRole =
  | { readonly kind: 'picture'; readonly className: string | undefined; readonly label: 0 | 1; readonly key: string }
  | { readonly kind: 'mask'; readonly key: string; readonly part: boolean };

export interface LayoutRule {
  /** The expected paths, for messages and help. */
  readonly expects: string;
  /** The role of a file by its path (with `/`, from the root); undefined for a file without a role. */
  role(path: string): FileRole | undefined;
}

const STEM = '(?<stem>[^/]+)\\.[^./]+';

/**
 * A layout with one pattern for pictures and another one for masks. Named groups: `class` (may be missing), `state`, `stem`,
 * `part` (of a mask that is one of several); a state that `normal` matches gives label 0.
 */
function byPatterns(expects: string, picture: string, mask: string, normal: RegExp): LayoutRule {
  const [pictures, masks] = [new RegExp(`^${picture}$`), new RegExp(`^${mask}$`)];
  const keyOf = ({ class: name = '', state = '', stem = '' }: Record<string, string | undefined>): string =>
    [name, state.toLowerCase(), stem].join('/');
  return {
    expects,
    role(path) {
      const marks = masks.exec(path)?.groups;
      if (marks) return { kind: 'mask', key: keyOf(marks), part: marks.part !== undefined };
      const shows = pictures.exec(path)?.groups;
      if (!shows) return undefined;
      const label = normal.test(shows.state ?? '') ? 0 : 1;
      return { kind: 'picture', className: shows.class, label, key: keyOf(shows) };
    },
  };
}

const CLASS = '(?:(?<class>[^/]+)/)?';

/** Layouts of published data sets. */
export const PUBLISHED = {
  // MVTec AD and MPDD; also BTAD, whose states are ok and ko and whose masks have the picture's name, and MVTec LOCO, which
  // has a folder of masks for each picture.
  mvtec: byPatterns(
    'CLASS/test/good/NAME.png, CLASS/test/DEFECT/NAME.png and CLASS/ground_truth/DEFECT/NAME_mask.png',
    `${CLASS}test/(?<state>[^/]+)/${STEM}`,
    `${CLASS}ground_truth/(?<state>[^/]+)/(?<stem>[^/]+?)(?:/(?<part>[^/]+)|(?:_mask)?\\.[^./]+)`,
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

export type PublishedLayout = keyof typeof PUBLISHED;
export type Layout = 'folder' | PublishedLayout;

/** The expected paths of each layout, for messages and help. */
export const LAYOUTS: Readonly<Record<Layout, string>> = {
  folder:
    'CLASS/good/NAME.png, CLASS/DEFECT/NAME.png and, where there are masks, CLASS/masks/DEFECT/NAME.png (without CLASS for a single class), and what else docs/data.md lists',
  ...(Object.fromEntries(Object.entries(PUBLISHED).map(([name, { expects }]) => [name, expects])) as Record<
    PublishedLayout,
    string
  >),
};

/** The published layout that most files fit; undefined where no picture fits any. */
export function fittingLayout(paths: readonly string[]): PublishedLayout | undefined {
  const counts = Object.entries(PUBLISHED).map(([name, rule]) => {
    const kinds = paths.map((path) => rule.role(path)?.kind);
    return { name, pictures: kinds.filter((k) => k === 'picture').length, all: kinds.filter((k) => k).length };
  });
  const [best] = counts.filter((c) => c.pictures > 0).sort((a, b) => b.all - a.all);
  return best?.name as PublishedLayout | undefined;
}
