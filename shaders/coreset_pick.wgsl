// chosen[step + 1] = the row r whose near[r], its largest cosine with a row chosen so far, is least: the farthest row, the
// first of equal ones. Grid: one workgroup.
const WG: u32 = 64u;

struct Params {
  rows: u32,
  step: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> near: array<f32>;
@group(0) @binding(2) var<storage, read_write> chosen: array<u32>;

var<workgroup> least: array<f32, WG>;
var<workgroup> places: array<u32, WG>;

// Whether row i with cosine x is farther than row j with cosine y.
fn farther(x: f32, i: u32, y: f32, j: u32) -> bool { return x < y || (x == y && i < j); }

@compute @workgroup_size(WG)
fn main(@builtin(local_invocation_index) lid: u32) {
  var best = near[0];
  var at = 0u;
  for (var r = lid; r < p.rows; r += WG) {
    let x = near[r];
    if (farther(x, r, best, at)) {
      best = x;
      at = r;
    }
  }
  least[lid] = best;
  places[lid] = at;
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half /= 2u) {
    if (lid < half) {
      let x = least[lid + half];
      let r = places[lid + half];
      let other = farther(x, r, least[lid], places[lid]);
      least[lid] = select(least[lid], x, other);
      places[lid] = select(places[lid], r, other);
    }
    workgroupBarrier();
  }
  if (lid == 0u) { chosen[p.step + 1u] = places[0]; }
}
