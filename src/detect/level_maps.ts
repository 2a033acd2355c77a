/** The map of each level on its own: at which depth of the image tower a fault shows. */
import { checkFits, type PixelSource, preparePictures } from '../picture/resize_picture.js';
import { read, tidy } from '../tensor/tensor.js';
import type { Detector } from './detector.js';
import { type ScoreMap, shareMap } from './share_map.js';

export interface LevelMap {
  /** The block whose tokens the map is made from, counted from 1. */
  readonly block: number;
  /** The summand of the published sum, [S, S]: those of all levels add up to `Detection.sum`. */
  readonly summand: ScoreMap;
  /** What `Decision.map` would be if all levels were like this one: 0 like good pictures, 0.5 the threshold, 1 like faulty ones. */
  readonly scaled: ScoreMap;
}

/**
 * The maps of a picture, from the lowest level to the highest. The picture is scored as a whole, also where a detector cuts it into
 * tiles. Levels show the comparison with the text: references of a calibration play no part.
 * @throws when the class was not loaded; `PictureError` when the device cannot take the picture; device errors
 */
export async function levelMaps(
  { model, decisions }: Pick<Detector, 'model' | 'decisions'>,
  picture: PixelSource,
  className: string,
): Promise<LevelMap[]> {
  const size = model.imageSize;
  checkFits(model.gpu, picture, size);
  const maps = tidy(() => model.run(preparePictures(model.gpu, [picture], size), className, true).levels!); // [1, S, S] each
  const values = Promise.all(maps.map(read));
  for (const map of maps) map.release();
  return (await values).map((data, i) => {
    const summand = { width: size, height: size, data };
    const scaled = decisions.scaledMap(model.domainOf(className), shareMap(summand, 1, model.scoring));
    return { block: model.config.levels[i]!, summand, scaled };
  });
}
