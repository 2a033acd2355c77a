/** What the names of folders and files say: good or bad, a mask, a split, or nothing but "pictures". */

/** 0 normal, 1 abnormal. */
export type State = 0 | 1;

export interface NameReading {
  readonly state: State | undefined;
  /** False for words that often mean something else, such as "positive": they count only where nothing else tells. */
  readonly sure: boolean;
  /** The letters that are left without state words and general ones, lower case: "bolt" of `bolt_good`. */
  readonly rest: string;
  /** Whether a word of the name means masks; `maskOnly` says that no such word is likely to be a product ("label"). */
  readonly mask: boolean;
  readonly maskOnly: boolean;
  /** A part of the data (`train`), or a folder that only says that pictures are in it (`images`, `rgb`). */
  readonly kind: 'split' | 'container' | 'name';
}

const words = (text: string): Set<string> => new Set(text.split(/\s+/).filter((word) => word !== ''));

const NORMAL = words(`
  good normal normals ok okay pass passed passing healthy intact undamaged unbroken flawless faultless defectless
  nondefective nondefect defectfree nodefect nodefects accepted accept acceptable conforming conform compliant nonanomalous
  gut gute guter gutes gutteil gutteile fehlerfrei einwandfrei unbeschadigt
  bueno buena buenos buenas correcto correcta correctos sano sana bon bonne bons bonnes conforme conformes sain normaux normale
  normales buono buona buoni bom boa bons goed iyi saglam kusursuz dobre dobry aprobado aprobados aprobada
  норма нормальные нормальный хорошие хороший годные годный`);
const ABNORMAL = words(`
  bad bads ungood ng nok ko notok nogood anomaly anomalies anomalous abnormal abnormals abnormality defect defects defective
  defected faulty fault faults fail fails failed failure failures damage damaged damages broken reject rejects rejected scrap
  flaw flaws flawed nonconforming nonconform noncompliant unhealthy unacceptable
  schlecht schlechte defekt defekte fehler fehlerhaft fehlerhafte beschadigt ausschuss anomalie anomalien
  malo mala malos malas defecto defectos defectuoso defectuosa defectuosos rechazado rechazados anomalia anomalias
  mauvais mauvaise defaut defauts defectueux defectueuse rebut rebuts difetto difetti difettoso scarto
  defeito defeitos defeituoso ruim ruins slecht kotu hatalı kusurlu wadliwe wadliwy uszkodzone
  брак дефект дефекты дефектов дефектные дефектный плохие плохой аномалия аномалии`);
/** German writes such words as one: Gutteile, Fehlerteile. */
const COMPOUND_NORMAL = /^(?:gut(?:teil|stück|stuck)|fehler(?:frei|los)|defektfrei)/;
const COMPOUND_ABNORMAL = /^(?:fehler|schlecht|defekt|ausschuss)/;
const isAbnormal = (token: string): boolean => ABNORMAL.has(token) || COMPOUND_ABNORMAL.test(token);
const UNSURE_NORMAL = words('negative negatives neg clean perfect io uncracked unscratched');
const UNSURE_ABNORMAL = words('positive positives pos def nio');
/** Kinds of defects: they tell only where they are denied. */
const KINDS = words(
  'crack cracks cracking scratch scratches dent dents hole holes stain stains rust corrosion contamination',
);
const NEGATIONS = words('no non not none without un ohne kein keine nicht sin sans pas senza sem без не нет');
const MASKS = words('mask masks gt gts groundtruth segmask maske masken mascara mascaras masque masques');
const MASKS_OR_PRODUCTS = words(
  'label labels annotation annotations seg segs segmentation segmentations map maps etiqueta',
);
const SPLITS = words(
  'train test val valid validation training testing eval evaluation public private dev trainset testset',
);
const CONTAINERS = words('jpeg jpg png bmp image images img imgs picture pictures pics photo photos rgb data dataset');
const GENERAL = words(`
  image images img imgs picture pictures pic pics photo photos frame frames rgb data dataset set dir folder files part parts sample samples piece pieces item items product products unit units example examples
  teil teile bilder bild piezas imagenes pieces`);

// Words before and after turn the meaning round: 不 in 不良, なし in 欠陥なし.
const EAST_NORMAL = '正常|合格|良好|良品|完好|良|정상|양품|양호|합격';
const EAST_ABNORMAL =
  '异常|異常|缺陷|欠陥|瑕疵|故障|损坏|損壞|破损|破損|损伤|損傷|残次|次品|废品|廢品|이상|결함|불량|고장|파손|キズ|傷';
const EAST = new RegExp(
  `(没有|無い|无|無|非|不|未|비|불|무)?(?:(${EAST_NORMAL})|(${EAST_ABNORMAL}))(なし|無し|無|없음)?`,
  'gu',
);
const EAST_MASK = /掩码|掩膜|掩模|遮罩|标注|標註|マスク|마스크/u;
const EAST_WHOLE = new Map<string, State>([
  ['好', 0],
  ['坏', 1],
  ['壞', 1],
]);
const EAST_GENERAL =
  /图片|图像|圖片|圖像|照片|样本|樣本|样品|产品|產品|数据|零件|製品|画像|이미지|사진|제품|品|件|图|的/gu;

/** Latin and Cyrillic words of a name: `GoodParts_01` has "good" and "parts". Accents are left out. */
function wordsOf(name: string): string[] {
  const spelled = name
    .normalize('NFD')
    .replaceAll(/[\u0300-\u036f]/gu, '')
    .normalize('NFC')
    .replaceAll(/(?<!\p{L})n[ ._-]{0,2}i[ ._-]{0,2}o(?!\p{L})/giu, ' nio ')
    .replaceAll(/(?<!\p{L})i[ ._-]{0,2}o(?!\p{L})/giu, ' io ')
    .replaceAll(/(?<!\p{L})n[ ._-]?ok(?!\p{L})/giu, ' nok ')
    .replaceAll(/ground[ ._-]?truth/giu, ' groundtruth ')
    // "No. 3" is a number.
    .replaceAll(/(?<!\p{L})no[ ._-]{0,2}(?=\d)/giu, ' ')
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase();
  return spelled.match(/\p{Script=Latin}+|\p{Script=Cyrillic}+/gu) ?? [];
}

const flip = (state: State): State => (state === 0 ? 1 : 0);

interface Found {
  readonly states: readonly State[];
  readonly unsure: readonly State[];
  readonly rest: readonly string[];
}

/** States that Latin and Cyrillic words name, negations applied, and the words that are left. */
function statesOf(tokens: readonly string[]): Found {
  const [states, unsure, rest]: [State[], State[], string[]] = [[], [], []];
  let negated = false;
  tokens.forEach((token, i) => {
    const sure = NORMAL.has(token) || COMPOUND_NORMAL.test(token) ? 0 : isAbnormal(token) ? 1 : undefined;
    const may = UNSURE_NORMAL.has(token) ? 0 : UNSURE_ABNORMAL.has(token) ? 1 : undefined;
    if (NEGATIONS.has(token)) negated = true;
    else if (sure !== undefined) {
      states.push(negated ? flip(sure) : sure);
      negated = false;
    } else if (token === 'free' || token === 'less') {
      // "defect free"; "free" alone at the end of a name leaves open of what.
      const last = states.pop();
      if (last !== undefined) states.push(0);
      else if (KINDS.has(rest.at(-1) ?? '')) {
        rest.pop();
        unsure.push(0);
      } else if (i === tokens.length - 1) unsure.push(0);
    } else if (may !== undefined) unsure.push(may);
    else if (negated && KINDS.has(token)) {
      unsure.push(0);
      negated = false;
    } else if (!GENERAL.has(token)) rest.push(token);
  });
  return { states, unsure, rest };
}

const one = (states: readonly State[]): State | undefined => (new Set(states).size === 1 ? states[0] : undefined);

const general = (token: string): boolean => GENERAL.has(token);
const isMask = (token: string): boolean => MASKS.has(token) || MASKS_OR_PRODUCTS.has(token);

function read(name: string): NameReading {
  const tokens = wordsOf(name);
  const found = statesOf(tokens);
  const east: State[] = [];
  const other = name.replaceAll(EAST, (_, before, normal, __, after) => {
    const state: State = normal === undefined ? 1 : 0;
    east.push((before === undefined) === (after === undefined) ? state : flip(state));
    return '';
  });
  const whole = EAST_WHOLE.get(name.replaceAll(EAST_GENERAL, '').trim());
  const sure = whole ?? one([...found.states, ...east]);
  const both = new Set([...found.states, ...east]).size > 1;
  const left = other
    .replaceAll(EAST_GENERAL, '')
    .match(/[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}]+/gu);
  const maskOnly = tokens.some((t) => MASKS.has(t)) || EAST_MASK.test(name);
  const mask = maskOnly || tokens.some(isMask);
  const split =
    tokens.length > 0 && tokens.every((t) => SPLITS.has(t) || general(t)) && tokens.some((t) => SPLITS.has(t));
  const container =
    tokens.length > 0
      ? tokens.every((t) => CONTAINERS.has(t)) && !/\d/.test(name)
      : /^(?:图片|图像|圖片|圖像|照片|画像|이미지|사진)$/u.test(name);
  // An unsure word counts only if nothing but general words stands beside it ("free" ends any name).
  const unsure = found.rest.length === 0 || tokens.at(-1) === 'free' ? one(found.unsure) : undefined;
  return {
    state: sure ?? (both ? undefined : unsure),
    sure: sure !== undefined,
    rest: [...found.rest, ...(whole === undefined ? (left ?? []) : [])].join('_'),
    mask,
    maskOnly,
    kind: split ? 'split' : container ? 'container' : 'name',
  };
}

const readings = new Map<string, NameReading>();

/** Names of files are many: the memory of what was read stays small. */
function remembered<T>(memory: Map<string, T>, name: string, make: (name: string) => T): T {
  const known = memory.get(name);
  if (known !== undefined) return known;
  if (memory.size >= 10_000) memory.clear();
  const value = make(name);
  memory.set(name, value);
  return value;
}

/** Which number a name has says nothing, so that names such as `S0001` and `S0002` are read once. */
const shape = (name: string): string => name.replaceAll(/\d+/g, '0');

/** What the name of a folder (or of a file, without its ending) says. */
export function readName(name: string): NameReading {
  return remembered(readings, shape(name), read);
}

/** A folder's name without mask words and general ones, lower case: what a mask folder has in common with the pictures'. */
export function nameCore(name: string): string {
  const core = name
    .toLowerCase()
    .split(/[\s._-]+/u)
    .filter((t) => t !== '' && !general(t) && !isMask(t) && t !== 'ground' && t !== 'truth' && t !== 'groundtruth')
    .join('_')
    .replaceAll(new RegExp(EAST_MASK, 'gu'), '');
  const { mask, kind } = readName(name);
  return core === '' && !mask && kind !== 'container' ? name.toLowerCase() : core;
}

const MARK = 'masks?|gts?|ground[_-]?truth|labels?|seg(?:mentation)?|annotations?|maps?';
const BEHIND = new RegExp(
  `^(?<stem>.+?)(?:[ _.-]|(?<=\\d))(?:anomaly[_-]|defect[_-])?(?:${MARK})(?<part>[ _-]?\\d+)?$`,
  'iu',
);
const BEFORE = new RegExp(`^(?:${MARK})[ _.-](?<stem>.+)$`, 'iu');

/** The picture's name in a mask's name: "000" of `000_mask`; `part` is set where the masks of a picture are numbered. */
export function markedStem(stem: string): { readonly stem: string; readonly part: boolean } | undefined {
  const behind = BEHIND.exec(stem)?.groups;
  if (behind) return { stem: behind.stem!, part: behind.part !== undefined };
  const before = BEFORE.exec(stem)?.groups;
  return before && { stem: before.stem!, part: false };
}

const generalShapes = new Map<string, boolean>();

/** The number in a name that otherwise has only general or mask words: "3" of `image3` and `mask3`. */
export function numberOf(stem: string): string | undefined {
  const digits = /^\D*(\d+)\D*$/u.exec(stem)?.[1];
  if (digits === undefined) return undefined;
  const only = remembered(generalShapes, shape(stem), (s) => wordsOf(s).every((t) => general(t) || isMask(t)));
  return only ? digits : undefined;
}
