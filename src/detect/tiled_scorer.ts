/**
 * Scores large pictures tile by tile: each tile is a picture to the model, and the tiles' maps are blended into one. The whole
 * picture is scored too, for its detection token: some faults show only there. What is in memory at a time depends on the
 * tiles of a batch and on the pictures and their maps, not on the number of tiles.
 */
import type { Picture } from '../picture/picture.js';
import { checkFits } from '../picture/resize_picture.js';
import { cutTile, mapSides, type Tile, type TileGrid, type Tiling, tileGrid } from '../picture/tile_grid.js';
import type { AnomalyModel } from './anomaly_model.js';
import { type BatchScores, scorePictures } from './picture_batch.js';
import type { ScoreMap } from './share_map.js';

/** Bytes of the tiles that are cut at a time: more of them only where one is larger by itself. */
const TILE_BYTES = 2 ** 26;

/** A picture whose tiles are scored. */
class OpenPicture {
  readonly picture: Picture;
  readonly className: string;
  readonly grid: TileGrid;
  #map: ScoreMap | undefined;
  #distances: ScoreMap | undefined;
  /** The largest score of the tiles so far; NaN where one is. */
  #worst = Number.NEGATIVE_INFINITY;
  #whole: number | undefined;

  constructor(picture: Picture, className: string, grid: TileGrid) {
    this.picture = picture;
    this.className = className;
    this.grid = grid;
  }

  /** The blended map of the tiles so far. */
  get map(): ScoreMap {
    this.#map ??= this.#blank();
    return this.#map;
  }

  /** The blended distances of the tiles so far; undefined where there are no references. */
  get distances(): ScoreMap | undefined {
    return this.#distances;
  }

  #blank(): ScoreMap {
    const { width, height } = this.grid.map;
    return { width, height, data: new Float32Array(width * height) };
  }

  /** The mean of the score of the whole picture and of its most anomalous tile; of a single tile, its score. */
  get score(): number {
    return this.#whole === undefined ? this.#worst : 0.5 * this.#whole + 0.5 * this.#worst;
  }

  /** Takes a tile's maps, weighted, and its score; of the whole picture, the score alone. */
  add(tile: Tile | undefined, sum: ScoreMap, score: number, distances: ScoreMap | undefined): void {
    if (!tile) {
      this.#whole = score;
      return;
    }
    blend(this.map, tile, sum);
    if (distances) {
      this.#distances ??= this.#blank();
      blend(this.#distances, tile, distances);
    }
    this.#worst = Math.max(this.#worst, score);
  }
}

/** Adds a tile's map, weighted, to that of its picture. */
function blend(map: ScoreMap, { column, row }: Tile, { width, height, data }: ScoreMap): void {
  for (let y = 0; y < height; y++) {
    const weight = row.weights[y]!;
    const to = (row.mapStart + y) * map.width + column.mapStart;
    for (let x = 0; x < width; x++) map.data[to + x]! += weight * column.weights[x]! * data[y * width + x]!;
  }
}

interface View {
  readonly of: OpenPicture;
  /** Undefined for the whole picture. */
  readonly tile: Tile | undefined;
}

/** All that the model sees: of each picture, the whole where it is cut, and the tiles row by row. */
function* viewsOf(pictures: readonly OpenPicture[]): Generator<View> {
  for (const of of pictures) {
    const { rows, columns } = of.grid;
    if (rows.length * columns.length > 1) yield { of, tile: undefined };
    for (const row of rows) for (const column of columns) yield { of, tile: { column, row } };
  }
}

/** Views that go through the tower together. */
function* batches(views: Iterable<View>, most: number): Generator<View[]> {
  let run: View[] = [];
  let bytes = 0;
  for (const one of views) {
    const { of, tile } = one;
    const size = tile ? 3 * tile.column.length * tile.row.length : of.picture.data.length;
    if (run.length === most || (run.length > 0 && bytes + size > TILE_BYTES)) {
      yield run;
      run = [];
      bytes = 0;
    }
    run.push(one);
    bytes += size;
  }
  if (run.length > 0) yield run;
}

export class TiledScorer implements Disposable {
  /** The pictures of a batch fill the towers once, or are one picture: more would only take memory. */
  readonly batchBytes: number;
  readonly #model: AnomalyModel;
  readonly #batch: number;
  readonly #tiling: Tiling;
  #ended = false;

  constructor(model: AnomalyModel, batch: number, tiling: Tiling) {
    this.#model = model;
    this.#batch = batch;
    this.#tiling = tiling;
    this.batchBytes = 3 * batch * tiling.size ** 2;
  }

  checkFits(picture: Picture): void {
    checkFits(this.#model.gpu, picture, this.#model.imageSize);
    mapSides(picture, this.#model.imageSize, this.#tiling.size);
  }

  async score(pictures: readonly Picture[], classes: readonly string[]): Promise<BatchScores> {
    const size = this.#model.imageSize;
    const opened = pictures.map((p, i) => new OpenPicture(p, classes[i]!, tileGrid(p, this.#tiling, size)));
    let running: (() => Promise<void>) | undefined;
    for (const views of batches(viewsOf(opened), this.#batch)) {
      // The device works on these while the maps before them are blended.
      const next = this.#launch(views);
      await running?.();
      if (this.#ended) throw new Error('tiles: ended before all were scored');
      running = next;
    }
    await running?.();
    return {
      sums: opened.map(({ map }) => map),
      scores: Float32Array.from(opened, ({ score }) => score),
      distances: opened.map((picture) => picture.distances),
    };
  }

  /** Gives views to the device. @returns waits for their maps and blends them in */
  #launch(views: readonly View[]): () => Promise<void> {
    const scored = scorePictures(
      this.#model,
      views.map(({ of, tile }) => (tile ? cutTile(of.picture, tile) : of.picture)),
      views.map(({ of }) => of.className),
    );
    // Awaited when the next ones are launched; this avoids an unhandled rejection until then.
    scored.catch(() => undefined);
    return async () => {
      const { sums, scores, distances } = await scored;
      for (const [i, { of, tile }] of views.entries()) of.add(tile, sums[i]!, scores[i]!, distances[i]);
    };
  }

  [Symbol.dispose](): void {
    this.#ended = true;
  }
}
