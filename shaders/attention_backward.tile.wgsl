// Gradients of attention for GPUs without matrix units; w = exp(scale x y - lse) is recomputed from the log-sum-exp.
//
//   own rows are queries (KEYS false): x q, mate dy, y k, other v:  dq = scale ds y             ds = w (mate other - delta)
//   own rows are keys (KEYS true):     x k, mate v, y q, other dy:  dk = scale ds y, dv = w other
//
// Two threads share a row x of qkv, its mate in the second product and its gradients, half of the columns each, so that all
// stay in registers; y and other, their counterparts in the stream, pass through workgroup memory BK rows at a time. The
// threads add up their halves of the products through workgroup memory too. BK is a multiple of four, DH of eight.
// Grid: x = blocks of WG/2 own rows, y = heads, z = sequences.
const WG: u32 = 128u;
const DH: u32 = 64u;
const BK: u32 = 8u;
const KEYS: bool = false;

struct Params {
  length: u32,
  heads: u32,
  row: u32,
  batch: u32,
  // Columns of a row of qkv, of mate and of other.
  stride: u32,
  mate_stride: u32,
  other_stride: u32,
  // Columns where x, mate, y, other and the gradients of x and, where keys are own, of values begin.
  x: u32,
  y: u32,
  mate: u32,
  other: u32,
  to: u32,
  to_values: u32,
  causal: u32,
  // Add to what dqkv holds.
  add: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(2) var<storage, read> mate: array<vec4f>;
@group(0) @binding(3) var<storage, read> other: array<vec4f>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> dqkv: array<vec4f>;

const D4 = DH / 4u;
const H4 = D4 / 2u;
const ROWS = WG / 2u;
const QUADS = BK / 4u;
const FOUR = vec4u(0u, 1u, 2u, 3u);
var<workgroup> ys: array<vec4f, BK * D4>;
var<workgroup> others: array<vec4f, BK * D4>;
// log-sum-exp and delta of the stream's rows.
var<workgroup> column: array<vec2f, BK>;
// Every thread's halves of the products with y, then with other, four rows of the stream a vector.
var<workgroup> halves: array<vec4f, 2u * QUADS * WG>;

fn across(v: vec4f) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let row0 = wid.x * ROWS;
  let row = row0 + lid % ROWS;
  let partner = (lid + ROWS) % WG;
  let end = p.length - 1u;
  let mine = min(row, end);
  let head = wid.y * D4;
  let left = lid / ROWS * H4;
  let line = (wid.z * p.heads + wid.y) * p.length;
  let causal = p.causal == 1u;
  let first = select(0u, mine, KEYS && causal);
  let last = select(end, mine, !KEYS && causal);
  let own = wid.z * p.batch + mine * p.row;
  let own_lse = lse[line + mine];
  let own_delta = delta[line + mine];
  var x: array<vec4f, H4>;
  var m: array<vec4f, H4>;
  var g: array<vec4f, H4>;
  var h: array<vec4f, H4>;
  for (var e = 0u; e < H4; e++) {
    x[e] = p.scale * qkv[(own * p.stride + p.x) / 4u + head + left + e];
    m[e] = mate[(own * p.mate_stride + p.mate) / 4u + head + left + e];
  }
  let start = select(0u, row0, KEYS && causal);
  let stop = select(p.length, min(row0 + ROWS, p.length), !KEYS && causal);
  for (var j0 = start; j0 < stop; j0 += BK) {
    for (var i = lid; i < BK * D4; i += WG) {
      let at = wid.z * p.batch + min(j0 + i / D4, end) * p.row;
      ys[i] = qkv[(at * p.stride + p.y) / 4u + head + i % D4];
      others[i] = other[(at * p.other_stride + p.other) / 4u + head + i % D4];
    }
    for (var i = lid; i < BK; i += WG) {
      column[i] = vec2f(lse[line + min(j0 + i, end)], delta[line + min(j0 + i, end)]);
    }
    workgroupBarrier();
    var s = array<vec4f, QUADS>();
    var d = array<vec4f, QUADS>();
    for (var c = 0u; c < QUADS; c++) {
      var s0 = vec4f();
      var s1 = vec4f();
      var s2 = vec4f();
      var s3 = vec4f();
      var d0 = vec4f();
      var d1 = vec4f();
      var d2 = vec4f();
      var d3 = vec4f();
      for (var e = 0u; e < H4; e++) {
        let at = c * 4u * D4 + left + e;
        s0 += x[e] * ys[at];
        s1 += x[e] * ys[at + D4];
        s2 += x[e] * ys[at + 2u * D4];
        s3 += x[e] * ys[at + 3u * D4];
        d0 += m[e] * others[at];
        d1 += m[e] * others[at + D4];
        d2 += m[e] * others[at + 2u * D4];
        d3 += m[e] * others[at + 3u * D4];
      }
      s[c] = vec4f(across(s0), across(s1), across(s2), across(s3));
      d[c] = vec4f(across(d0), across(d1), across(d2), across(d3));
      halves[2u * c * WG + lid] = s[c];
      halves[(2u * c + 1u) * WG + lid] = d[c];
    }
    workgroupBarrier();
    for (var c = 0u; c < QUADS; c++) {
      var l = vec4f(own_lse);
      var dl = vec4f(own_delta);
      if (KEYS) {
        let of_row = array<vec2f, 4>(column[c * 4u], column[c * 4u + 1u], column[c * 4u + 2u], column[c * 4u + 3u]);
        l = vec4f(of_row[0].x, of_row[1].x, of_row[2].x, of_row[3].x);
        dl = vec4f(of_row[0].y, of_row[1].y, of_row[2].y, of_row[3].y);
      }
      let j = j0 + c * 4u + FOUR;
      let seen = (j >= vec4u(first)) & (j <= vec4u(last));
      let w = select(vec4f(), exp(s[c] + halves[2u * c * WG + partner] - l), seen);
      let ds = w * (d[c] + halves[(2u * c + 1u) * WG + partner] - dl);
      for (var e = 0u; e < H4; e++) {
        let at = c * 4u * D4 + left + e;
        let near = ds.x * ys[at] + ds.y * ys[at + D4];
        g[e] += near + ds.z * ys[at + 2u * D4] + ds.w * ys[at + 3u * D4];
        if (KEYS) {
          let near_v = w.x * others[at] + w.y * others[at + D4];
          h[e] += near_v + w.z * others[at + 2u * D4] + w.w * others[at + 3u * D4];
        }
      }
    }
    workgroupBarrier();
  }
  if (row >= p.length) { return; }
  let to = (wid.z * p.batch + row * p.row) * p.stride / 4u + head + left;
  for (var e = 0u; e < H4; e++) {
    let at = to + p.to / 4u + e;
    dqkv[at] = p.scale * g[e] + select(vec4f(), dqkv[at], p.add == 1u);
    if (KEYS) {
      let at_v = to + p.to_values / 4u + e;
      dqkv[at_v] = h[e] + select(vec4f(), dqkv[at_v], p.add == 1u);
    }
  }
}
