/** What a file of weights holds when it is not a CLIP that is read here, from the names of its tensors. */

interface ModelKind {
  readonly what: string;
  /** Every one of these matches some name. */
  readonly has: readonly RegExp[];
  /** None of these matches any name. */
  readonly lacks?: readonly RegExp[];
}

const TEXT = /(?:^|\.)(?:token_embedding\.weight|text_model\.|text_encoder\.)/;
const IMAGE = /(?:^|\.)(?:visual|vision_model|image_encoder)\./;
const NO_TEXT = "an image tower alone, without CLIP's text tower";

/** The first that fits counts. */
const MODEL_KINDS: readonly ModelKind[] = [
  { what: 'adapters (--adapters takes them), not the weights of a CLIP', has: [/(?:text|image)_adapter\./] },
  {
    what: "a detector's checkpoint (--adapters takes it), not the weights of a CLIP",
    has: [/^(?:.*\.)?(?:trainable_linearlayer\.fc\.\d+|prompt_learner\.ctx_(?:pos|neg)$)/],
  },
  { what: 'the weights of a LoRA, which are additions to a model', has: [/\.lora_(?:A|B|up|down)\./] },
  { what: 'a diffusion model', has: [/(?:^|\.)(?:diffusion_model|unet|down_blocks)\./] },
  { what: "a SigLIP, whose towers are not CLIP's", has: [/(?:^|\.)logit_bias$/] },
  { what: "a SigLIP, whose towers are not CLIP's", has: [/vision_model\.head\.(?:attention|probe)/] },
  {
    what: 'a CLIP with a ResNet (RN50, RN101...) as image tower',
    has: [/visual\.(?:attnpool\.|layer1\.\d)/],
  },
  { what: 'a BLIP', has: [/(?:^|\.)(?:visual_encoder|Qformer|qformer)\./] },
  { what: 'a CoCa, whose text goes through a decoder', has: [/(?:^|\.)text_decoder\./] },
  { what: 'a Chinese CLIP, whose text tower is a BERT', has: [/(?:^|\.)bert\./] },
  { what: 'a CLIP with the image tower of EVA', has: [/visual\.blocks\.\d+\.attn\.(?:q_proj|q_bias|qkv)/] },
  { what: 'a CLIP with an image tower of timm', has: [/visual\.trunk\./] },
  {
    what: "a CLIP whose text tower is a language model, not CLIP's",
    has: [/(?:^|\.)text\.transformer\.(?:embeddings|encoder)\./],
  },
  { what: `a DINO: ${NO_TEXT}`, has: [/(?:^|\.)(?:register_tokens|mask_token|dino_head|student\.|teacher\.)/] },
  { what: `a ViT as timm saves it: ${NO_TEXT}`, has: [/(?:^|\.)patch_embed\.proj\.weight$/, /(?:^|\.)blocks\.\d+\./] },
  { what: `a ViT of torchvision: ${NO_TEXT}`, has: [/(?:^|\.)encoder\.layers\.encoder_layer_\d/] },
  { what: `a ViT of Hugging Face: ${NO_TEXT}`, has: [/(?:^|\.)embeddings\.patch_embeddings\./] },
  { what: `a ResNet: ${NO_TEXT}`, has: [/(?:^|\.)layer1\.0\.conv1\.weight$/], lacks: [TEXT] },
  { what: NO_TEXT, has: [IMAGE], lacks: [TEXT] },
  { what: "CLIP's text tower alone, without an image tower", has: [TEXT], lacks: [IMAGE] },
  { what: 'a language model', has: [/(?:^|\.)(?:embed_tokens|wte|word_embeddings)\.weight$/] },
];

/** What a model with these tensors is; undefined for one that is not known, and for a CLIP that lacks a few tensors. */
export function modelKind(names: Iterable<string>): string | undefined {
  const all = [...names];
  const some = (patterns: readonly RegExp[]): boolean[] => patterns.map((p) => all.some((name) => p.test(name)));
  return MODEL_KINDS.find(({ has, lacks = [] }) => some(has).every(Boolean) && !some(lacks).some(Boolean))?.what;
}
