// map[b, c, l] = scale * sum over e of feats[b, l, e] * text[b, e, c], and its backward pass. OUT chooses the result y:
//   0: map[b, c, l] of a = feats, b = text;
//   1: dfeats[b, l, e] = scale * sum over c of dmap[b, c, l] * text[b, e, c], of a = dmap, b = text;
//   2: dtext[b, part, e, c] = scale * sum over a part of l of dmap[b, c, l] * feats[b, l, e], of a = dmap, b = feats.
// text_batch: words between the texts of two pictures, 0 for one text. Grid: one invocation an output.
const WG: u32 = 64u;
const OUT: u32 = 0u;

struct Params {
  size: u32,
  length: u32,
  width: u32,
  channels: u32,
  text_batch: u32,
  parts: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn map_at(i: u32) -> f32 {
  let l = i % p.length;
  let c = i / p.length % p.channels;
  let z = i / (p.length * p.channels);
  let row = (z * p.length + l) * p.width;
  var at = z * p.text_batch + c;
  var sum = 0.0;
  for (var e = 0u; e < p.width; e++) {
    sum += a[row + e] * b[at];
    at += p.channels;
  }
  return sum;
}

fn dfeats_at(i: u32) -> f32 {
  let e = i % p.width;
  let l = i / p.width % p.length;
  let z = i / (p.width * p.length);
  var sum = 0.0;
  for (var c = 0u; c < p.channels; c++) {
    sum += a[(z * p.channels + c) * p.length + l] * b[z * p.text_batch + e * p.channels + c];
  }
  return sum;
}

fn dtext_at(i: u32) -> f32 {
  let c = i % p.channels;
  let e = i / p.channels % p.width;
  let part = i / (p.channels * p.width) % p.parts;
  let z = i / (p.channels * p.width * p.parts);
  let step = (p.length + p.parts - 1u) / p.parts;
  let end = min(p.length, (part + 1u) * step);
  var sum = 0.0;
  for (var l = part * step; l < end; l++) {
    sum += a[(z * p.channels + c) * p.length + l] * b[(z * p.length + l) * p.width + e];
  }
  return sum;
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  var v = 0.0;
  if (OUT == 0u) { v = map_at(i); }
  if (OUT == 1u) { v = dfeats_at(i); }
  if (OUT == 2u) { v = dtext_at(i); }
  y[i] = p.scale * v;
}
