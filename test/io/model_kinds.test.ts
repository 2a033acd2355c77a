import { expect, test } from 'vitest';
import { modelKind } from '../../src/io/model_kinds.js';

test.each([
  [/^adapters/, ['text_adapter.0.fc.0.weight']],
  [
    /^a SigLIP/,
    ['logit_scale', 'logit_bias', 'text_model.embeddings.token_embedding.weight', 'vision_model.post_layernorm.bias'],
  ],
  [/^a SigLIP/, ['vision_model.head.probe', 'vision_model.embeddings.patch_embedding.bias']],
  [/ResNet \(RN50/, ['visual.layer1.0.conv1.weight', 'visual.attnpool.positional_embedding', 'token_embedding.weight']],
  [/^a CoCa/, ['text_decoder.resblocks.0.ln_1.weight', 'visual.conv1.weight', 'text.token_embedding.weight']],
  [/image tower of EVA/, ['visual.blocks.0.attn.q_proj.weight', 'text.token_embedding.weight']],
  [/image tower of timm/, ['visual.trunk.stages.0.blocks.0.gamma', 'token_embedding.weight']],
  [
    /^a ViT as timm saves it: .*without CLIP's text tower/,
    ['cls_token', 'patch_embed.proj.weight', 'blocks.0.attn.qkv.weight'],
  ],
  [/^a DINO/, ['cls_token', 'register_tokens', 'patch_embed.proj.weight', 'blocks.0.attn.qkv.weight']],
  [/^a ResNet/, ['conv1.weight', 'layer1.0.conv1.weight', 'fc.weight']],
  [/^an image tower alone/, ['vision_model.embeddings.class_embedding', 'visual_projection.weight']],
  [/^an image tower alone/, ['visual.conv1.weight', 'visual.proj']],
  [/^CLIP's text tower alone/, ['text_model.embeddings.token_embedding.weight', 'text_projection.weight']],
  [/^a language model/, ['model.embed_tokens.weight']],
  [
    /^a diffusion model/,
    ['model.diffusion_model.input_blocks.0.0.weight', 'cond_stage_model.transformer.text_model.final_layer_norm.bias'],
  ],
])('knows %s', (what, names) => {
  expect(modelKind(names)).toMatch(what);
});

test('has no name for a CLIP and for a few tensors of any kind', () => {
  expect(modelKind(['visual.conv1.weight', 'token_embedding.weight', 'logit_scale'])).toBe(undefined);
  expect(modelKind(['weight', 'bias'])).toBe(undefined);
});
