// Whether the state of a product fits `state <= 2GB`: an upper bound, in bytes, from the `rate` and `keys` of its
// sources, the lengths of windows and the lateness of rows.
//
// Where a step's rows have no stated rate (behind a window, a join that makes pairs, `unnest`) or a step has no bound
// here, nothing is said: the state is measured while the job runs. A rate holds through what keeps or drops rows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "compiler/check/context.h"
#include "runtime/data/value.h"
#include "runtime/report/promise_findings.h"

namespace braid::checking {
namespace {

/// Of an entry beside its fields: hash, place and time.
constexpr double kEntryBytes = 64;
/// Of a text, a list or a map beside its reference: nobody knows.
constexpr double kTextBytes = 32;

std::string length(int64_t us) {
  return to_literal(duration_type(), Value{us});
}

std::string bytes_text(double bytes) {
  static constexpr const char* kUnits[] = {"bytes", "KB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, kUnits[unit]);
}

/// What is wrong has a type without a width; it is reported elsewhere.
bool is_known(const Type& type) {
  if (type == nullptr || type->kind == TypeKind::error || type->kind == TypeKind::null) return false;
  if (type->element != nullptr && !is_known(type->element)) return false;
  return std::all_of(type->fields.begin(), type->fields.end(), [](const Field& field) { return is_known(field.type); });
}

double width(const Type& type) {
  if (!is_known(type)) return 0;
  double bytes = 0;
  for (const Leaf& leaf : flatten(type)) {
    bytes += static_cast<double>(leaf_width(leaf.kind));
    if (leaf.kind == LeafKind::bytes || leaf.kind == LeafKind::list) bytes += kTextBytes;
  }
  return bytes;
}

double width(const std::vector<Field>& row) {
  double bytes = 0;
  for (const Field& field : row) bytes += width(field.type);
  return bytes;
}

/// What is known of the rows that a step takes.
struct Rows {
  std::optional<double> per_us;     ///< at most so many
  std::map<size_t, double> values;  ///< by column: at most so many different ones
  int64_t disorder_us = 0;
};

/// Adds up what the steps of a product keep, as far as anything can be said of them.
class StateBound {
 public:
  explicit StateBound(const typed::Project& project) : project_(project) {}

  struct Part {
    double entries, bytes_each;
    std::string what;
    double bytes() const { return entries * bytes_each; }
  };
  const std::vector<Part>& parts() const { return parts_; }
  double total() const {
    double sum = 0;
    for (const Part& part : parts_) sum += part.bytes();
    return sum;
  }

  Rows walk(typed::RelationId id) {
    const typed::Relation& relation = project_.relations[static_cast<size_t>(id)];
    Rows rows;
    if (relation.source) return of_source(relation);
    std::vector<Field> before;
    for (const typed::Step& step : relation.steps) {
      take(step, before, rows);
      before = step.row;
    }
    for (const typed::Unique& unique : relation.uniques) {
      double key = 0, values = 1;
      bool known = true;
      for (size_t i = 0; i < unique.fields.size(); ++i) {
        const auto column = static_cast<size_t>(unique.fields[i]);
        key += width(before[column].type);
        const auto found = rows.values.find(column);
        known &= found != rows.values.end() && (unique.below.empty() || unique.below[i].empty());
        if (known) values *= found->second;
      }
      once(rows, unique.within_us, known ? std::optional(values) : std::nullopt, key, width(before), "unique");
    }
    if (relation.retimed) rows.disorder_us = relation.within_us;
    return rows;
  }

 private:
  static Rows of_source(const typed::Relation& relation) {
    Rows rows;
    rows.disorder_us = relation.within_us;
    if (const auto& rate = relation.source->rate)
      rows.per_us = static_cast<double>(rate->rows) / static_cast<double>(rate->period_us);
    for (const typed::KeyCount& keys : relation.source->keys) {
      const int field = keys.path.size() == 1 ? find_field(relation.row, keys.path[0]) : -1;
      if (field >= 0) rows.values[static_cast<size_t>(field)] = static_cast<double>(keys.count);
    }
    return rows;
  }

  void take(const typed::Step& step, const std::vector<Field>& before, Rows& rows) {
    if (const auto* from = std::get_if<typed::FromStep>(&step.content)) {
      rows = from->port.empty() ? walk(from->relation) : Rows();
    } else if (std::holds_alternative<typed::WhereStep>(step.content)) {
    } else if (const auto* project = std::get_if<typed::ProjectStep>(&step.content)) {
      std::map<size_t, double> values;
      for (size_t i = 0; i < project->columns.size(); ++i)
        if (const auto* read = std::get_if<typed::ColumnRead>(&project->columns[i]->node))
          if (const auto found = rows.values.find(static_cast<size_t>(read->index)); found != rows.values.end())
            values[i] = found->second;
      rows.values = std::move(values);
    } else if (const auto* distinct = std::get_if<typed::DistinctStep>(&step.content)) {
      once(rows, distinct->within_us, values_of(rows, distinct->keys), width(distinct->keys), width(before),
           "distinct");
    } else if (const auto* group = std::get_if<typed::GroupStep>(&step.content)) {
      take(*group, rows);
      rows = {};
    } else if (const auto* running = std::get_if<typed::RunningStep>(&step.content)) {
      take(*running, before, rows);
    } else if (const auto* latest = std::get_if<typed::LatestStep>(&step.content)) {
      keyed(rows, latest->retain_us, values_of(rows, latest->keys), width(before), "last");
      rows = {};
    } else {
      // Joins, patterns, tables: nothing is said of what they keep.
      rows = {};
    }
  }

  /// The first row of each key of a time, and the rows that wait for their order.
  void once(const Rows& rows, int64_t within_us, std::optional<double> values, double key, double row,
            const char* what) {
    if (within_us == typed::kForever) return;
    keyed(rows, within_us, values, key, what);
    waiting(rows, row, what);
  }

  void waiting(const Rows& rows, double row, const char* what) {
    if (!rows.per_us) return;
    add(*rows.per_us * static_cast<double>(rows.disorder_us), row,
        fmt::format("rows of {} that wait for `{}`", length(rows.disorder_us), what));
  }

  /// One entry of each key of the last `retain_us`.
  void keyed(const Rows& rows, int64_t retain_us, std::optional<double> values, double bytes, const char* what) {
    std::optional<double> by_rate;
    if (rows.per_us && retain_us != typed::kForever)
      by_rate = *rows.per_us * (static_cast<double>(retain_us) + static_cast<double>(rows.disorder_us));
    if (!by_rate && !values) return;
    const bool keys_say = values && (!by_rate || *values <= *by_rate);
    add(keys_say ? *values : *by_rate, bytes,
        keys_say ? fmt::format("keys of `{}`", what)
                 : fmt::format("rows of {} of `{}`", length(retain_us + rows.disorder_us), what));
  }

  void take(const typed::GroupStep& group, const Rows& rows) {
    const std::optional<double> values = values_of(rows, group.keys);
    double bytes = width(group.keys);
    for (const typed::Aggregate& aggregate : group.aggregates) bytes += 2 * width(aggregate.type);
    if (!group.windowed) return keyed(rows, group.retain_us, values, bytes, "group");
    const typed::Window& window = group.window;
    const bool fixed = window.unit == typed::CalendarUnit::none &&
                       (window.kind == typed::WindowKind::tumbling || window.kind == typed::WindowKind::hopping);
    if (!fixed) return;
    const int64_t open = rows.disorder_us + window.late_us;
    const double at_once =
        std::floor(static_cast<double>(window.size_us + open) / static_cast<double>(window.slide_us)) + 1;
    std::optional<double> of_window = values;
    if (rows.per_us) {
      const double by_rate = *rows.per_us * static_cast<double>(window.size_us);
      of_window = of_window ? std::min(*of_window, by_rate) : by_rate;
    }
    if (!of_window) return;
    add(*of_window * at_once, bytes,
        fmt::format("keys of {:.0f} open {} of {}", at_once, at_once == 1 ? "window" : "windows",
                    length(window.size_us)));
  }

  void take(const typed::RunningStep& running, const std::vector<Field>& before, const Rows& rows) {
    const std::optional<double> values = values_of(rows, running.keys);
    const double row = width(before);
    if (running.within_us > 0) {
      keyed({rows.per_us, {}, rows.disorder_us}, running.within_us, std::nullopt, row, "running");
    } else {
      double bytes = width(running.keys);
      for (const typed::Aggregate& aggregate : running.aggregates) bytes += 2 * width(aggregate.type);
      if (running.rows > 0) bytes += static_cast<double>(running.rows) * row;
      keyed(rows, running.retain_us, values, bytes, "running");
    }
    waiting(rows, row, "running");
  }

  static double width(const std::vector<typed::ExpressionRef>& keys) {
    double bytes = 0;
    for (const typed::ExpressionRef& key : keys) bytes += checking::width(key->type);
    return bytes;
  }
  static double width(const Type& type) { return checking::width(type); }
  static double width(const std::vector<Field>& row) { return checking::width(row); }

  /// How many different ones there are at most; none: not known. No key is one.
  static std::optional<double> values_of(const Rows& rows, const std::vector<typed::ExpressionRef>& keys) {
    double values = 1;
    for (const typed::ExpressionRef& key : keys) {
      const auto* read = std::get_if<typed::ColumnRead>(&key->node);
      const auto found = read == nullptr ? rows.values.end() : rows.values.find(static_cast<size_t>(read->index));
      if (found == rows.values.end()) return std::nullopt;
      values *= found->second;
    }
    return values;
  }

  void add(double entries, double bytes, std::string what) {
    if (entries > 0) parts_.push_back({std::ceil(entries), bytes + kEntryBytes, std::move(what)});
  }

  const typed::Project& project_;
  std::vector<Part> parts_;
};

}  // namespace

void check_state(Context& context, const typed::Relation& relation, typed::RelationId id, Span span) {
  StateBound bound(context.project);
  bound.walk(id);
  // A part that is too much is enough, whatever the others keep.
  if (bound.total() <= static_cast<double>(*relation.promises.state_bytes)) return;
  auto report = context.reporter.report(
      diag::StateCannotHold{.promise = std::string(context.text(span)), .most = bytes_text(bound.total())});
  report.at(span, "promised here");
  for (const StateBound::Part& part : bound.parts())
    report.note(fmt::format("{:.0f} {} × {:.0f} bytes = {}", part.entries, part.what, part.bytes_each,
                            bytes_text(part.bytes())));
  report.note("texts and lists are taken to be 32 bytes long; `rate` and `keys` of the sources say how much comes");
}

}  // namespace braid::checking
