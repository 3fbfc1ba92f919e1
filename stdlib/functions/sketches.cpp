// Sketches of lists, and what those can be asked that the aggregates `hll`, `quantile_sketch`, `count_min` and
// `top_k_sketch` make.
#include "runtime/data/count_min.h"
#include "runtime/data/hyperloglog.h"
#include "runtime/data/quantile_sketch.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/top_k_sketch.h"
#include "runtime/data/varint.h"
#include "stdlib/functions/layout_key.h"
#include "stdlib/functions/made_text.h"

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

static Fallible<int64_t> count_min_count(CallContext& context, Binary sketch, AnyValue value) {
  CountMin read;
  if (!read.read(sketch.view)) return fails(context, "these bytes are not from `count_min`");
  std::string key;
  append_key_bytes(value.layout, value.slots, key);
  return read.count(key_hash(key));
}
BRAID_FUNCTION(
    sketches, count_min_count,
    {.summary = "About how often a sketch of `count_min` or `merge_count_min` has seen a value, which has the "
                "type of those that it was made of. Fails if the bytes are none.",
     .parameters = {{"sketch", "Bytes that `count_min` made."}, {"value", "What to look for."}},
     .examples = {{R"(count_min_count(bytes("\u{1}\u{B}\u{4}"), "a"))", "0"},
                  {R"(count_min_count(count_min(["a", "b", "a"]), "a"))", "2"},
                  {R"(count_min_count(bytes("what"), "a"))", "fails"}}})

static Fallible<AnyList> sketch_top_k(CallContext& context, Binary sketch, int64_t k) {
  if (k < 1) return fails(context, "it gives at least one value");
  TopKSketch read;
  if (!read.read(sketch.view)) return fails(context, "these bytes are not from `top_k_sketch`");
  const auto values = read.top(static_cast<size_t>(k));
  Slot* const items = allocate_slots(context, values.size() * 2);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!is_utf8(values[i].first)) return fails(context, "these bytes are not from `top_k_sketch`");
    const std::string_view text = made_text(context, values[i].first);
    items[2 * i] = slot_bytes(text);
    items[2 * i + 1] = slot_i64(values[i].second);
  }
  return AnyList{items, values.size(), {}};
}
BRAID_FUNCTION(
    sketches, sketch_top_k,
    {.summary = "About the texts that a sketch of `top_k_sketch` or `merge_top_k_sketch` has seen most often, "
                "each with how often, the most frequent first, of several the least. Fails if the bytes are "
                "none, and unless it gives at least one.",
     .parameters = {{"sketch", "Bytes that `top_k_sketch` made."}, {"k", "How many values."}},
     .result =
         [](const CallShape&) { return list_type(struct_type({{"value", string_type()}, {"count", int_type()}})); },
     .examples = {{R"(sketch_top_k(top_k_sketch(["b", "a", "b"]), 1))", R"([{ value: "b", count: 2 }])"},
                  {R"(sketch_top_k(bytes("\u{1}\u{0}\u{0}"), 0))", "fails"},
                  {R"(sketch_top_k(bytes("what"), 1))", "fails"}}})

// ---- of lists ------------------------------------------------------------------------------------------------------

static QuantileSketch sketch_of(const ListOf<double>& list) {
  QuantileSketch sketch;
  for (uint64_t i = 0; i < list.count; ++i) sketch.add(list.items[i].f64, 1);
  return sketch;
}

static Fallible<std::optional<double>> list_approx_quantile(CallContext& context, ListOf<double> list, double share) {
  if (!(share >= 0 && share <= 1)) return fails(context, "a share is 0 to 1");
  if (list.count == 0) return std::optional<double>();
  return std::optional<double>(sketch_of(list).at(static_cast<uint64_t>(share * 1e9 + 0.5)));
}
BRAID_FUNCTION(sketches, list_approx_quantile,
               {.name = "approx_quantile",
                .summary = "About the number below which a share of a list of floats lies, as the aggregate gives it "
                           "for rows; null if it is empty. Fails unless the share is 0 to 1.",
                .parameters = {{"list", "Numbers."}, {"share", "0.95e0 for the 95th percentile."}},
                .examples = {{"approx_quantile([64e0, 128e0], 0.9e0)", "64.49612403100775e0"},
                             {"approx_quantile([1e0].skip(1), 0.5e0)", "null"},
                             {"approx_quantile([1e0], 2e0)", "fails"}}})

static Binary list_quantile_sketch(CallContext& context, ListOf<double> list) {
  return Binary{make_text(context, [&](std::string& out) { sketch_of(list).write(out); })};
}
BRAID_FUNCTION(sketches, list_quantile_sketch,
               {.name = "quantile_sketch",
                .summary = "A sketch of a list of floats, as the aggregate makes it of rows.",
                .parameters = {{"list", "Numbers."}},
                .examples = {{"quantile_sketch([0e0, 0e0]).sketch_quantile(0.5e0)", "0e0"},
                             {"quantile_sketch([1e0].skip(1)).sketch_quantile(0.5e0)", "null"}}})

static Fallible<Binary> list_merge_quantile_sketch(CallContext& context, ListOf<Binary> list) {
  QuantileSketch all;
  for (uint64_t i = 0; i < list.count; ++i) {
    QuantileSketch one;
    if (!one.read(list.items[i].bytes.view())) return fails(context, "these bytes are not from `quantile_sketch`");
    all.merge(one);
  }
  return Binary{make_text(context, [&](std::string& out) { all.write(out); })};
}
BRAID_FUNCTION(sketches, list_merge_quantile_sketch,
               {.name = "merge_quantile_sketch",
                .summary = "What the sketches of a list come to. Fails if one is not from `quantile_sketch`.",
                .parameters = {{"list", "Bytes that `quantile_sketch` made."}},
                .examples = {{R"(merge_quantile_sketch([bytes("\u{1}\u{6}")]).sketch_quantile(0.5e0))", "null"},
                             {R"(merge_quantile_sketch([bytes("what")]).sketch_quantile(0.5e0))", "fails"}}})

static Binary list_hll(CallContext& context, AnyList list) {
  HyperLogLog sketch;
  std::string key;
  for (uint64_t i = 0; i < list.count; ++i) {
    key.clear();
    append_key_bytes(list.layout, list.at(i), key);
    sketch.add(key_hash(key));
  }
  return Binary{make_text(context, [&](std::string& out) { sketch.write(out); })};
}
BRAID_FUNCTION(sketches, list_hll,
               {.name = "hll",
                .summary = "A sketch of the different elements of a list, as the aggregate makes it of rows.",
                .parameters = {{"list", "What to tell apart."}},
                .examples = {{"hll([7, 8, 7]).hll_count()", "2"}, {"hll([7].skip(1)).hll_count()", "0"}}})

static Binary list_count_min(CallContext& context, AnyList list) {
  CountMin sketch;
  std::string key;
  for (uint64_t i = 0; i < list.count; ++i) {
    key.clear();
    append_key_bytes(list.layout, list.at(i), key);
    sketch.add(key_hash(key), 1);
  }
  return Binary{make_text(context, [&](std::string& out) { sketch.write(out); })};
}
BRAID_FUNCTION(sketches, list_count_min,
               {.name = "count_min",
                .summary = "A count-min sketch of the elements of a list, as the aggregate makes it of rows.",
                .parameters = {{"list", "What to count."}},
                .examples = {{"count_min([7, 8, 7]).count_min_count(7)", "2"},
                             {"count_min([7].skip(1)).count_min_count(7)", "0"}}})

static Fallible<Binary> list_merge_count_min(CallContext& context, ListOf<Binary> list) {
  CountMin all;
  for (uint64_t i = 0; i < list.count; ++i) {
    CountMin one;
    if (!one.read(list.items[i].bytes.view())) return fails(context, "these bytes are not from `count_min`");
    all.merge(one);
  }
  return Binary{make_text(context, [&](std::string& out) { all.write(out); })};
}
BRAID_FUNCTION(sketches, list_merge_count_min,
               {.name = "merge_count_min",
                .summary = "What the sketches of a list come to. Fails if one is not from `count_min`.",
                .parameters = {{"list", "Bytes that `count_min` made."}},
                .examples = {{R"(merge_count_min([count_min([7]), count_min([7])]).count_min_count(7))", "2"},
                             {R"(merge_count_min([bytes("what")]).count_min_count(7))", "fails"}}})

static Fallible<Binary> list_top_k_sketch(CallContext& context, ListOf<std::string_view> list) {
  TopKSketch sketch;
  std::string place;
  for (uint64_t i = 0; i < list.count; ++i) {
    place.clear();
    append_varint(i, place);
    const std::string_view value = list.items[i].bytes.view();
    sketch.add(value, draw_of(value, place));
  }
  std::string bytes;
  sketch.write(bytes);
  if (bytes.size() > kLongestText) return too_long();
  return Binary{made_text(context, bytes)};
}
BRAID_FUNCTION(sketches, list_top_k_sketch,
               {.name = "top_k_sketch",
                .summary = "A sketch of the most frequent texts of a list, as the aggregate makes it of rows; elements "
                           "are told apart by where they stand. Fails beyond 16 MiB.",
                .parameters = {{"list", "Texts."}},
                .examples = {{R"(top_k_sketch(["b", "a", "b"]).sketch_top_k(1))", R"([{ value: "b", count: 2 }])"},
                             {R"(top_k_sketch(["b"].skip(1)).sketch_top_k(1))", "[]"}}})

static Fallible<Binary> list_merge_top_k_sketch(CallContext& context, ListOf<Binary> list) {
  TopKSketch all;
  for (uint64_t i = 0; i < list.count; ++i) {
    TopKSketch one;
    if (!one.read(list.items[i].bytes.view())) return fails(context, "these bytes are not from `top_k_sketch`");
    all.merge(one);
  }
  std::string bytes;
  all.write(bytes);
  if (bytes.size() > kLongestText) return too_long();
  return Binary{made_text(context, bytes)};
}
BRAID_FUNCTION(
    sketches, list_merge_top_k_sketch,
    {.name = "merge_top_k_sketch",
     .summary = "What the sketches of a list come to. Fails if one is not from `top_k_sketch`, and beyond 16 MiB.",
     .parameters = {{"list", "Bytes that `top_k_sketch` made."}},
     .examples = {{R"(merge_top_k_sketch([top_k_sketch(["b"]), top_k_sketch(["b"])]).sketch_top_k(1))",
                   R"([{ value: "b", count: 2 }])"},
                  {R"(merge_top_k_sketch([bytes("what")]).sketch_top_k(1))", "fails"}}})

static Fallible<Binary> list_merge_hll(CallContext& context, ListOf<Binary> list) {
  HyperLogLog all;
  for (uint64_t i = 0; i < list.count; ++i) {
    HyperLogLog one;
    if (!one.read(list.items[i].bytes.view())) return fails(context, "these bytes are not from `hll`");
    all.merge(one);
  }
  return Binary{make_text(context, [&](std::string& out) { all.write(out); })};
}
BRAID_FUNCTION(sketches, list_merge_hll,
               {.name = "merge_hll",
                .summary = "What the sketches of a list come to. Fails if one is not from `hll`.",
                .parameters = {{"list", "Bytes that `hll` made."}},
                .examples = {{R"(merge_hll([bytes("\u{1}\u{E}\u{0}")]).hll_count())", "0"},
                             {R"(merge_hll([bytes("what")]).hll_count())", "fails"}}})

BRAID_GROUP(sketches)

}  // namespace braid
