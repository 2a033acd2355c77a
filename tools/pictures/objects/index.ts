/** All objects. */
import { ANYTHING } from './any.js';
import { CLOTHING } from './clothing.js';
import { EDIBLE } from './edible.js';
import { ELECTRONICS } from './electronics.js';
import { FASTENERS } from './fasteners.js';
import { HARDWARE } from './hardware.js';
import { HOUSEHOLD } from './household.js';
import { MACHINE } from './machine.js';
import type { ObjectClass } from './object.js';
import { PHARMACY } from './pharmacy.js';
import { PRINTED } from './printed.js';
import { SCREWS } from './screws.js';
import { VESSELS } from './vessels.js';
import { WIRING } from './wiring.js';

export const OBJECTS: readonly ObjectClass[] = [
  ...FASTENERS,
  ...SCREWS,
  ...MACHINE,
  ...HARDWARE,
  ...WIRING,
  ...ELECTRONICS,
  ...PHARMACY,
  ...EDIBLE,
  ...VESSELS,
  ...CLOTHING,
  ...HOUSEHOLD,
  ...PRINTED,
  ...ANYTHING,
];
