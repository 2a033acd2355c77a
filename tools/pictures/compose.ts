/** Puts a class into the picture: background, position, size and number. */
import { mix, TAU } from './arithmetic.js';
import { type ColorName, shade } from './colors.js';
import { type Frame, frame } from './frame.js';
import { fractalNoise, gradientNoise } from './noise.js';
import { type Fault, type ObjectClass, Stage } from './objects/object.js';
import type { Rng } from './rng.js';
import { layered, Scene } from './scene.js';
import { everywhere } from './shapes.js';
import { bumps, coat, mottle } from './surfaces.js';
import { TEXTURES } from './textures/index.js';
import type { Texture } from './textures/texture.js';

/**
 * How pictures are taken. `any`: anything in front of the camera, near or far, alone or not, on anything, with defects
 * down to a few pixels. `bench`: as on an inspection bench, one object that roughly fills the picture on a plain
 * ground, with defects that stand out; light, colours, position and direction vary as much.
 */
export type Setup = 'any' | 'bench';
export const SETUPS: readonly Setup[] = ['any', 'bench'];

/** The facts that captions may state about a picture. */
export interface Appearance {
  readonly color?: ColorName | undefined;
  readonly size?: 'small' | 'large' | undefined;
  /** What the object lies on: "a white background", "wood". */
  readonly background?: string | undefined;
  /** How many there are. */
  readonly count: number;
}

/** A texture over all of a scene. */
export function composeTexture(scene: Scene, texture: Texture, rng: Rng): Appearance {
  scene.beginTexture();
  const look = texture.make(rng.fork('look'));
  scene.fill(everywhere, anyView(texture, rng), look.surface);
  return { color: look.color, count: 1 };
}

/** Scale, place and direction a texture is seen at. */
export function anyView(texture: Texture, rng: Rng): Frame {
  const scale = rng.range(...texture.zoom);
  const straight = texture.straight ? rng.chance(0.75) : rng.chance(0.25);
  const angle = straight ? rng.range(-0.06, 0.06) + (rng.chance(0.3) ? TAU / 4 : 0) : rng.range(0, TAU);
  return frame(rng.range(-0.7, 0.7), rng.range(-0.7, 0.7), scale, angle, rng.range(0.9, 1.1));
}

/** What may lie under an object without being mistaken for it. */
const GROUNDS = TEXTURES.filter((t) => t.name !== 'surface' && t.name !== 'mesh');

function paintBackground(scene: Scene, rng: Rng, setup: Setup): string | undefined {
  if (rng.chance(0.75) || setup === 'bench') {
    const name: ColorName = rng.pick([
      'white',
      'white',
      'black',
      'gray',
      'gray',
      'dark',
      'blue',
      'green',
      'beige',
      'brown',
    ]);
    const cloud = fractalNoise(rng, 2);
    const fine = gradientNoise(rng);
    const even = rng.chance(0.6);
    const ground = layered(
      coat(shade(name, rng), 0, rng.range(0, 0.15)),
      mottle(cloud, rng.range(0.5, 3), even ? 0.03 : rng.range(0.05, 0.2)),
      mottle(fine, 60, even ? 0.01 : 0.05),
      bumps(fine, 48, rng.range(0, 0.0008)),
    );
    scene.fill(everywhere, frame(), ground);
    return `a ${name} background`;
  }
  const texture = rng.chance(0.85) ? rng.pick(GROUNDS) : (TEXTURES.at(-1) as Texture);
  const look = texture.make(rng);
  const view = anyView(texture, rng);
  const calm = rng.range(0.25, 0.8);
  const middle = shade(look.color ?? 'gray', rng.fork('middle'));
  // A background is not lit as the object is: it is flatter, and its colours are closer together.
  const faded = layered(look.surface, (p) => {
    for (let c = 0; c < 3; c++) p[c] = middle[c] + (p[c] - middle[c]) * calm;
    p[3] *= calm;
  });
  scene.fill(everywhere, view, faded);
  return texture.name === 'surface' ? undefined : texture.words;
}

/** Places for a few objects that do not lie on each other; fewer where there is no room. */
function anyPlaces(object: ObjectClass, rng: Rng, setup: Setup): Frame[] {
  const several = object.many && rng.chance(0.22) && setup === 'any' ? 2 + rng.int(4) : 1;
  const [smallest, largest] = object.zoom;
  // Called only where it is used: the random numbers after it depend on how many were drawn.
  const share = () => (setup === 'any' ? Math.sqrt(rng.next()) : rng.range(0.7, 1));
  const scale = several > 1 ? rng.range(0.22, 0.4) : mix(smallest, largest, share());
  const turned = object.upright ? rng.chance(0.25) : rng.chance(0.7);
  const angle = () => (turned ? rng.range(0, TAU) : rng.range(-0.08, 0.08) + (rng.chance(0.2) ? TAU / 4 : 0));
  const room = Math.max(0.06, 1 - scale);
  const places: Frame[] = [];
  for (let tries = 0; places.length < several && tries < 40; tries++) {
    const x = rng.range(-room, room) * (several > 1 ? 1 : 0.7);
    const y = rng.range(-room, room) * (several > 1 ? 1 : 0.7);
    if (places.some((p) => (p.x - x) * (p.x - x) + (p.y - y) * (p.y - y) < 3.6 * scale * scale)) continue;
    places.push(frame(x, y, scale, angle(), rng.range(0.93, 1.07)));
  }
  return places;
}

/** The same picture again, with a fault in one of the objects. */
export function composeFaulty(clean: Scene, object: ObjectClass, rng: Rng, fault: Fault, setup: Setup): Scene {
  const scene = new Scene(clean.size);
  clean.backdrop?.forEach((plane, i) => {
    (scene.planes[i] as Float32Array).set(plane);
  });
  scene.beginObject();
  placeObjects(scene, object, rng, setup, fault);
  return scene;
}

function placeObjects(
  scene: Scene,
  object: ObjectClass,
  rng: Rng,
  setup: Setup,
  fault?: Fault,
): { color: ColorName | undefined; places: readonly Frame[] } {
  const places = anyPlaces(object, rng.fork('places'), setup);
  const unlucky = fault?.rng.int(places.length);
  let color: ColorName | undefined;
  places.forEach((place, i) => {
    color = object.draw(new Stage(scene, place, rng.fork('object'), i === unlucky ? fault : undefined));
  });
  return { color, places };
}

/** An object, or a few of the same, on a background. */
export function composeObject(scene: Scene, object: ObjectClass, rng: Rng, setup: Setup = 'any'): Appearance {
  const background = paintBackground(scene, rng.fork('background'), setup);
  scene.beginObject();
  const { color, places } = placeObjects(scene, object, rng, setup);
  const scale = (places[0] as Frame).scale;
  return {
    color,
    size: scale < 0.42 ? 'small' : scale > 0.85 ? 'large' : undefined,
    background: object.name === 'scene' ? undefined : background,
    count: places.length,
  };
}
