// What the sketches that the aggregates `hll` and `quantile_sketch` make can be asked.
#include "runtime/data/hyperloglog.h"
#include "runtime/data/quantile_sketch.h"
#include "runtime/declare/native.h"

namespace braid {

static Fallible<int64_t> hll_count(CallContext& context, Binary sketch) {
  HyperLogLog read;
  if (!read.read(sketch.view)) return fails(context, "these bytes are not from `hll`");
  return read.estimate();
}
BRAID_FUNCTION(sketches, hll_count,
               {.summary = "About how many different values a sketch of `hll` or `merge_hll` has seen. Fails if the "
                           "bytes are none.",
                .parameters = {{"sketch", "Bytes that `hll` made."}},
                .examples = {{R"(hll_count(bytes("\u{1}\u{E}\u{0}")))", "0"},
                             {R"(hll_count(bytes("what")))", "fails"}}})

static Fallible<std::optional<double>> sketch_quantile(CallContext& context, Binary sketch, double share) {
  if (!(share >= 0 && share <= 1)) return fails(context, "a share is 0 to 1");
  QuantileSketch read;
  if (!read.read(sketch.view)) return fails(context, "these bytes are not from `quantile_sketch`");
  if (read.count() == 0) return std::optional<double>();
  return std::optional<double>(read.at(static_cast<uint64_t>(share * 1e9 + 0.5)));
}
BRAID_FUNCTION(sketches, sketch_quantile,
               {.summary = "About the value below which a share of the values lies that a sketch of `quantile_sketch` "
                           "has seen; null if it has seen none. Fails if the bytes are none, and unless the share is 0 "
                           "to 1.",
                .parameters = {{"sketch", "Bytes that `quantile_sketch` made."},
                               {"share", "0.95e0 for the 95th percentile."}},
                .examples = {{R"(sketch_quantile(bytes("\u{1}\u{6}"), 0.5e0))", "null"},
                             {R"(sketch_quantile(bytes("what"), 0.5e0))", "fails"}}})

BRAID_GROUP(sketches)

}  // namespace braid
