/** Pictures to begin with, drawn by `npm run pictures` (seed 12). */
import basketFaulty from '../samples/basket-faulty.jpg?url';
import cardboardFaulty from '../samples/cardboard-faulty.jpg?url';
import fabricFaulty from '../samples/fabric-faulty.jpg?url';
import fabricGood from '../samples/fabric-good.jpg?url';
import sheetFaulty from '../samples/sheet-faulty.jpg?url';
import tileFaulty from '../samples/tile-faulty.jpg?url';
import tileGood from '../samples/tile-good.jpg?url';
import tileMissed from '../samples/tile-missed.jpg?url';
import { byId, make } from './elements.js';
import { onLanguage, type TextKey, text } from './language.js';

export interface Sample {
  readonly address: string;
  readonly object: string;
  readonly kind: 'sampleGood' | 'sampleFaulty' | 'sampleMissed';
}

export const SAMPLES: readonly [Sample, ...Sample[]] = [
  { address: tileFaulty, object: 'tile', kind: 'sampleFaulty' },
  { address: tileGood, object: 'tile', kind: 'sampleGood' },
  { address: fabricFaulty, object: 'fabric', kind: 'sampleFaulty' },
  { address: fabricGood, object: 'fabric', kind: 'sampleGood' },
  { address: cardboardFaulty, object: 'cardboard', kind: 'sampleFaulty' },
  { address: basketFaulty, object: 'basket weave', kind: 'sampleFaulty' },
  { address: sheetFaulty, object: 'corrugated metal sheet', kind: 'sampleFaulty' },
  { address: tileMissed, object: 'tile', kind: 'sampleMissed' },
];

/** Shows the samples. @param take called with the one that is chosen */
export function startSamples(take: (sample: Sample) => void): void {
  const list = byId('samples', HTMLElement);
  const words = ({ kind, object }: Sample): string => text(kind satisfies TextKey, { object });
  const pictures = SAMPLES.map((sample) => {
    const picture = make('img', { src: sample.address, width: 96, height: 96 });
    const button = make('button', { type: 'button' }, picture);
    button.addEventListener('click', () => take(sample));
    list.append(button);
    return { picture, button, sample };
  });
  const objects = [...new Set(SAMPLES.map(({ object }) => object))];
  byId('objects', HTMLDataListElement).append(...objects.map((value) => make('option', { value })));
  const label = (): void => {
    for (const { picture, button, sample } of pictures) {
      picture.alt = words(sample);
      button.title = words(sample);
    }
  };
  onLanguage(label);
  label();
}

/** The file of a sample. */
export async function fileOf({ address }: Sample): Promise<{ file: Blob; name: string }> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: the server says ${response.status}: reload the page`);
  return { file: await response.blob(), name: address.replace(/^.*\//, '').replace(/-[\w-]{8}(?=\.jpg$)/, '') };
}
