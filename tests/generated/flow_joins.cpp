// Joins of streams with streams, and what all joins have.
#include <fmt/format.h>

#include <algorithm>

#include "tests/generated/flow_maker.h"

namespace braid::generated {
namespace {

bool comparable(const Type& a, const Type& b) {
  return same(without_optional(a), without_optional(b));
}

}  // namespace

/// This side's fields, and the other's behind its alias.
std::vector<Readable> FlowMaker::scope_with(const Relation& right, const std::string& alias) const {
  std::vector<Readable> both = scope();
  for (Readable& each : readables(right.row, alias + ".")) both.push_back(std::move(each));
  return both;
}

void FlowMaker::add_side(const Relation& right, const std::string& alias, bool optional) {
  const Type side = struct_type(right.row);
  now_.row.push_back({alias, optional ? optional_type(side) : side});
}

/// Some fields of the two sides that are to be equal, those of few values first.
FlowMaker::Equality FlowMaker::equal_fields(const Relation& right, const std::string& alias, size_t most) {
  struct Pair {
    std::string left, right;
  };
  std::vector<Pair> good, others;
  for (const Readable& left : scope())
    for (const Field& field : right.row) {
      if (!is_key(left.type) || !comparable(left.type, field.type)) continue;
      const TypeKind kind = without_optional(field.type)->kind;
      const bool few = kind == TypeKind::integer || kind == TypeKind::string || kind == TypeKind::enumeration;
      (few ? good : others).push_back({left.text, field.name});
    }
  Equality made;
  for (size_t i = 0; i < most; ++i) {
    std::vector<Pair>& from = good.empty() || rng_.chance(6) ? others : good;
    if (from.empty()) break;
    const Pair pair = from[rng_.below(from.size())];
    if (!made.of_right.insert(pair.right).second) continue;
    made.of_left.insert(pair.left);
    made.parts.push_back(rng_.chance(2) ? whole({alias + "." + pair.right + " == " + pair.left})
                                        : whole({pair.left + " == " + alias + "." + pair.right}));
  }
  return made;
}

void FlowMaker::join_stream() {
  const Relation* right = some_relation({Kind::stream}, true);
  const double copies = window_ ? window_->copies : 1;
  if (right == nullptr || !now_.has_time || now_.rows * right->rows * copies > 6'000) return window_ ? keep() : let();
  const std::string alias = around_.new_name("j");
  const bool in_open_window = window_.has_value();
  const bool of_windows = !in_open_window && now_.windows && right->windows && rng_.chance(2);
  const bool in_window = in_open_window || of_windows;
  static const char* const kKinds[] = {"", "", "left ", "left ", "right ", "full ", "semi ", "anti "};
  std::string kind = kKinds[rng_.below(std::size(kKinds))];
  const bool keeps_right = kind == "right " || kind == "full ";
  const bool adds = kind != "semi " && kind != "anti ";
  const bool nearest = !in_window && !right->pairs && (!right->met || around_.ordered_groups) &&
                       (kind.empty() || kind == "left ") && rng_.chance(4);
  // The range.
  enum class Range { fixed, computed, any, window } range = Range::fixed;
  if (in_window)
    range = Range::window;
  else if (!keeps_right && rng_.chance(5))
    range = Range::any;
  else if (!nearest && rng_.chance(6))
    range = Range::computed;
  std::string within;
  Part end;
  bool upper_behind = true;  // the other row may be the later
  switch (range) {
    case Range::window:
      within = "window";
      break;
    case Range::any:
      within = rng_.chance(3) ? fmt::format("{}s..any", rng_.between(-4, 1)) : "any";
      end = rng_.chance(2) ? Part(" retain forever") : Part(fmt::format(" retain {}s", rng_.between(1, 30)));
      break;
    case Range::computed: {
      const int64_t low = rng_.between(-6, 1);
      within = fmt::format("{}s..", low);
      end = expressions().make(duration_type(), 2);
      if (low > 0 && render(end) == "0s") end = fmt::format("{}s", low);  // a range does not end before it begins
      break;
    }
    case Range::fixed: {
      const int64_t low = rng_.between(-8, 2);
      const int64_t high = rng_.between(std::max<int64_t>(low, -4), 9);
      within = rng_.chance(5) && high > 0 ? fmt::format("1us..{}s", high) : fmt::format("{}s..{}s", low, high);
      upper_behind = high > 0;
    }
  }
  std::vector<Part> parts{kind + "join " + (nearest ? "nearest " : "") + right->name + " as " + alias};
  // By name.
  std::vector<std::string> common;
  for (const Field& field : now_.row)
    if (const Field* theirs = right->find(field.name);
        theirs != nullptr && same(theirs->type, field.type) && is_key(field.type) && field.name != "window")
      common.push_back(field.name);
  const bool by_name = !common.empty() && rng_.chance(4);
  std::string used;
  if (by_name) {
    used = common[rng_.below(common.size())];
    parts.emplace_back(" using " + used);
  } else {
    Equality equality = equal_fields(*right, alias, rng_.chance(4) ? 2 : 1);
    if (equality.parts.empty()) return window_ ? keep() : let();
    if (rng_.chance(3)) {
      ExpressionMaker maker = over(scope_with(*right, alias)).with_time(true);
      if (range == Range::computed && !adds) maker.never_failing();
      equality.parts.push_back(maker.condition(2));
    }
    parts.emplace_back(" on ");
    parts.push_back(list(" and ", std::move(equality.parts)));
  }
  parts.emplace_back(" within " + within);
  parts.push_back(std::move(end));
  bool splits = false;
  if (kind != "full ") {
    Relation rows = now_;
    // Rows that stand in windows have theirs at the port, too.
    if (in_open_window && (window_->copies > 1 || window_->late))
      rows.row.push_back({"window", struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}})});
    Part port = kind == "left " || kind == "right " ? else_port(4) : else_port(4, rows);
    splits = kind == "left " && port.kind == Part::Kind::list;
    parts.push_back(std::move(port));
  }
  add(std::move(parts));
  now_.rows *= copies;
  if (adds) {
    if (keeps_right)
      for (Field& field : now_.row)
        if (!is_optional(field.type) && field.name != used && !(of_windows && field.name == "window"))
          field.type = optional_type(field.type);
    add_side(*right, alias, (kind == "left " && !splits) || kind == "full ");
    if (upper_behind || keeps_right || range != Range::fixed) now_.time.clear();
    now_.key.clear();
    now_.ranked_in_windows = false;
    // A record may go on alone from either side.
    const bool twice = keeps_right && std::ranges::any_of(right->sources, [&](const std::string& source) {
                         return now_.sources.contains(source);
                       });
    const bool ordered = around_.ordered_pairs && !right->pairs && (!right->met || around_.ordered_groups) && !twice;
    (ordered ? now_.met : now_.pairs) |= right->pairs || right->met || !nearest;
    now_.windows = of_windows || (now_.windows && range == Range::fixed && !upper_behind && !keeps_right);
    now_.rows = std::max(now_.rows, now_.rows * right->rows / 4) + (keeps_right ? right->rows : 0);
  } else if (copies > 1) {
    now_.key.clear();
    now_.pairs = true;
  }
  now_.arrives = false;
  now_.sources.insert(right->sources.begin(), right->sources.end());
  now_.of_tables |= right->of_tables;
  now_.joined_in_time = true;
  if (in_open_window) {
    window_.reset();
    now_.row.push_back({"window", struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}})});
    now_.windows = false;
  }
}

}  // namespace braid::generated
