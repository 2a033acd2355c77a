/**
 * The published constants: prompt states and templates, and for each data set its domain, its folder, and the names its
 * classes have in prompts. Texts are verbatim, since the anchors depend on every character.
 */

import type { Layout } from './index_layouts.js';

export type Domain = 'Industrial' | 'Medical';

/** The parts of prompts: in a state `{}` stands for the name, in a template for the state. */
export interface PromptTexts {
  readonly normalStates: readonly string[];
  readonly abnormalStates: readonly string[];
  readonly templates: readonly string[];
}

/** Prompt texts of a data set replace the registry's. */
export interface DatasetInfo extends Partial<PromptTexts> {
  readonly domain: Domain;
  /** Path of the data set below the data root. */
  readonly folder: string;
  /** How its folder is laid out, so that it can be listed; unknown where it is left out. */
  readonly layout?: Layout;
  /** False-positive rate up to which per-region overlap is counted; 0.3 where it is left out. */
  readonly overlapLimit?: number;
  /** Class names, and the names they have in prompts. */
  readonly classes: Readonly<Record<string, string>>;
}

export interface Registry extends PromptTexts {
  readonly datasets: Readonly<Record<string, DatasetInfo>>;
}

export const REGISTRY: Registry = {
  normalStates: ['{}', 'a {}', 'the {}'],
  abnormalStates: ['a damaged {}', 'a broken {}', 'a {} with flaw', 'a {} with defect', 'a {} with damage'],
  templates: ['{}.', 'a photo of {}.'],
  datasets: {
    Brain: {
      domain: 'Medical',
      folder: 'MedAD/Brain_AD',
      layout: 'bmad',
      classes: {
        Brain: 'scan',
      },
    },
    Liver: {
      domain: 'Medical',
      folder: 'MedAD/Liver_AD',
      layout: 'bmad',
      classes: {
        Liver: 'scan',
      },
    },
    Retina: {
      domain: 'Medical',
      folder: 'MedAD/Retina_RESC_AD',
      layout: 'bmad',
      classes: {
        Retina: 'scan',
      },
    },
    Colon_clinicDB: {
      domain: 'Medical',
      folder: 'Colon/CVC-ClinicDB',
      layout: 'polyp',
      classes: {
        Colon_clinicDB: 'colon endoscopy image',
      },
    },
    Colon_colonDB: {
      domain: 'Medical',
      folder: 'Colon/CVC-ColonDB',
      layout: 'polyp',
      classes: {
        Colon_colonDB: 'colon endoscopy image',
      },
    },
    Colon_Kvasir: {
      domain: 'Medical',
      folder: 'Colon/Kvasir',
      layout: 'polyp',
      classes: {
        Kvasir: 'colon endoscopy image',
      },
    },
    Colon_cvc300: {
      domain: 'Medical',
      folder: 'Colon/CVC-300',
      layout: 'polyp',
      classes: {
        'CVC-300': 'colon endoscopy image',
      },
    },
    MVTec: {
      domain: 'Industrial',
      folder: 'mvtec_ad',
      layout: 'mvtec',
      classes: {
        bottle: 'dark bottle',
        cable: 'top view of three cables',
        capsule: 'black and orange capsule',
        carpet: 'gray carpet',
        grid: 'metal or plastic mesh',
        hazelnut: 'single brown hazelnut',
        leather: 'brown leather',
        metal_nut: 'metal nut which has four notched edges',
        pill: "oval white pill with small red speckles and the letters 'FF' engraved",
        screw: 'screw',
        tile: 'speckled tile surface',
        transistor: 'a three-legged transistor placed vertically',
        toothbrush: 'toothbrush head',
        wood: 'wood surface',
        zipper: 'a black zipper',
      },
    },
    VisA: {
      domain: 'Industrial',
      folder: 'VisA_20220922',
      layout: 'visa',
      classes: {
        candle: 'candle',
        pcb3: 'infrared sensor pcb module',
        capsules: 'capsules',
        pipe_fryum: 'pipe-shaped fryum',
        pcb4: 'battery charging pcb module',
        macaroni2: 'scattered yellow macaroni',
        pcb2: 'integrated circuits board',
        chewinggum: 'chewing gum',
        macaroni1: 'orange macaroni',
        cashew: 'cashew nut',
        fryum: 'wheel-shaped fryum snack',
        pcb1: 'dual ultrasonic distance sensor pcb module',
      },
    },
    MPDD: {
      domain: 'Industrial',
      folder: 'MPDD',
      layout: 'mvtec',
      classes: {
        connector: 'metal clamps with black adjustment knobs',
        tubes: 'scattered metal objects',
        metal_plate: 'blue rectangular metal plate with a notch on one side',
        bracket_white: 'white, elongated triangular metal bracket with a smooth, matte finish',
        bracket_brown:
          'brown L-shaped metal bracket with smooth, glossy finish and multiple mounting holes along its arms',
        bracket_black: 'black ornamental metal bracket with spiral design attached to a rectangular frame',
      },
    },
    BTAD: {
      domain: 'Industrial',
      folder: 'BTech_Dataset_transformed',
      layout: 'btad',
      classes: {
        '01': 'Bright concentric rings in neon yellow and blue tones against a dark blue background, resembling a stylized wave or energy field radiating outward.',
        '02': 'vertical fabric lines in warm, dusty pink and beige tones',
        '03': 'oval concentric circular rings in gradient shades of blue and white',
      },
    },
    // The published constants end here. The classes of MVTec AD 2 have their own names, spelled as words.
    MVTec2: {
      domain: 'Industrial',
      folder: 'mvtec_ad_2',
      layout: 'mvtec2',
      overlapLimit: 0.05,
      classes: {
        can: 'can',
        fabric: 'fabric',
        fruit_jelly: 'fruit jelly',
        rice: 'rice',
        sheet_metal: 'sheet metal',
        vial: 'vial',
        wallplugs: 'wallplugs',
        walnuts: 'walnuts',
      },
    },
  },
};
