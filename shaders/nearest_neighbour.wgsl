// cosine[r] and index[r] = the largest of maxima[r, parts] and its column, counted from `first`. With AGAIN what was found
// before, in other rows of the memory, is among them. Grid: one invocation a row.
const WG: u32 = 64u;
const AGAIN: bool = false;

struct Params {
  rows: u32,
  parts: u32,
  first: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> maxima: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> cosine: array<f32>;
@group(0) @binding(3) var<storage, read_write> index: array<u32>;

// The larger of two values, each with its column; of equal ones that of the lower column. A row of NaN stays one.
fn larger(a: vec2f, b: vec2f) -> vec2f {
  return select(b, a, b.x < a.x || (b.x == a.x && b.y >= a.y));
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let r = gid.y * groups.x * WG + gid.x;
  if (r >= p.rows) { return; }
  var best = maxima[r * p.parts];
  for (var i = 1u; i < p.parts; i++) { best = larger(best, maxima[r * p.parts + i]); }
  // Of equal ones the row found before has the lower index.
  if (AGAIN && best.x <= cosine[r]) { return; }
  cosine[r] = best.x;
  index[r] = p.first + u32(best.y);
}
