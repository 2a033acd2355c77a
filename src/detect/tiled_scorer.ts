/**
 * Scores large pictures tile by tile: each tile is a picture to the model, and the tiles' maps are blended into one. What is in
 * memory at a time depends on the tiles of a batch and on the pictures' maps, not on the number of tiles.
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
  #score = Number.NEGATIVE_INFINITY;

  constructor(picture: Picture, className: string, grid: TileGrid) {
    this.picture = picture;
    this.className = className;
    this.grid = grid;
  }

  /** The blended map of the tiles so far. */
  get map(): ScoreMap {
    const { width, height } = this.grid.map;
    this.#map ??= { width, height, data: new Float32Array(width * height) };
    return this.#map;
  }

  /** The largest score of the tiles so far; NaN where one is. */
  get score(): number {
    return this.#score;
  }

  /** Adds a tile's map, weighted, and its score. */
  add({ column, row }: Tile, { width, height, data }: ScoreMap, score: number): void {
    const map = this.map;
    for (let y = 0; y < height; y++) {
      const weight = row.weights[y]!;
      const to = (row.mapStart + y) * map.width + column.mapStart;
      for (let x = 0; x < width; x++) map.data[to + x]! += weight * column.weights[x]! * data[y * width + x]!;
    }
    this.#score = Math.max(this.#score, score);
  }
}

interface TileOf {
  readonly of: OpenPicture;
  readonly tile: Tile;
}

/** The tiles of all pictures, row by row. */
function* tilesOf(pictures: readonly OpenPicture[]): Generator<TileOf> {
  for (const of of pictures) {
    for (const row of of.grid.rows) for (const column of of.grid.columns) yield { of, tile: { column, row } };
  }
}

/** Tiles that go through the towers together. */
function* batches(tiles: Iterable<TileOf>, most: number): Generator<TileOf[]> {
  let run: TileOf[] = [];
  let bytes = 0;
  for (const one of tiles) {
    const size = 3 * one.tile.column.length * one.tile.row.length;
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

  checkFits({ name, width, height }: Picture): void {
    const { size } = this.#tiling;
    const tile = { name, width: Math.min(width, size), height: Math.min(height, size) };
    checkFits(this.#model.gpu, tile, this.#model.imageSize);
    mapSides({ name, width, height }, this.#model.imageSize, size);
  }

  async score(pictures: readonly Picture[], classes: readonly string[]): Promise<BatchScores> {
    const size = this.#model.imageSize;
    const opened = pictures.map((p, i) => new OpenPicture(p, classes[i]!, tileGrid(p, this.#tiling, size)));
    let running: (() => Promise<void>) | undefined;
    for (const tiles of batches(tilesOf(opened), this.#batch)) {
      // The device works on these tiles while the maps before them are blended.
      const next = this.#launch(tiles);
      await running?.();
      if (this.#ended) throw new Error('tiles: ended before all were scored');
      running = next;
    }
    await running?.();
    return { sums: opened.map(({ map }) => map), scores: Float32Array.from(opened, ({ score }) => score) };
  }

  /** Gives tiles to the device. @returns waits for their maps and blends them in */
  #launch(tiles: readonly TileOf[]): () => Promise<void> {
    const scored = scorePictures(
      this.#model,
      tiles.map(({ of, tile }) => cutTile(of.picture, tile)),
      tiles.map(({ of }) => of.className),
    );
    // Awaited when the next tiles are launched; this avoids an unhandled rejection until then.
    scored.catch(() => undefined);
    return async () => {
      const { sums, scores } = await scored;
      for (const [i, { of, tile }] of tiles.entries()) of.add(tile, sums[i]!, scores[i]!);
    };
  }

  [Symbol.dispose](): void {
    this.#ended = true;
  }
}
