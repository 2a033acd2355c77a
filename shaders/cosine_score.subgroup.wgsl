// y[b, l] = normal cos(f, n) + abnormal cos(f, a) + offset (+ before[b, l] with ADD), for rows f of d values and the two
// unit texts n, a of picture b: normalisation, both products and their combination in one pass over the rows.
// Row r begins at word r * stride + first. text_batch: texts (of two values) between those of two pictures, 0 for one.
//
// A subgroup owns a row and a lane every SG-th column: no workgroup memory, no barrier. Grid: WG/SG rows a workgroup.
enable subgroups;
diagnostic(off, subgroup_uniformity); // lid / SG is the same in all lanes of a subgroup, which the analysis cannot see
const WG: u32 = 64u;
const SG: u32 = 8u;
const ADD: bool = false;

struct Params {
  rows: u32,
  length: u32,
  d: u32,
  stride: u32,
  first: u32,
  text_batch: u32,
  normal: f32,
  abnormal: f32,
  offset: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> feats: array<f32>;
@group(0) @binding(2) var<storage, read> text: array<vec2f>;
@group(0) @binding(3) var<storage, read> before: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let row = (wid.y * groups.x + wid.x) * (WG / SG) + lid / SG;
  if (row >= p.rows) { return; }
  let at = row * p.stride + p.first;
  let texts = row / p.length * p.text_batch;
  var product = 0.0;
  var squares = 0.0;
  for (var i = lane; i < p.d; i += SG) {
    let f = feats[at + i];
    // The texts are close to each other: combined first, they lose fewer digits than their cosines would.
    let t = text[texts + i];
    product += f * (p.normal * t.x + p.abnormal * t.y);
    squares += f * f;
  }
  product = subgroupAdd(product);
  squares = subgroupAdd(squares);
  if (lane == 0u) {
    var v = product / max(sqrt(squares), 1e-12) + p.offset;
    if (ADD) { v += before[row]; }
    y[row] = v;
  }
}
