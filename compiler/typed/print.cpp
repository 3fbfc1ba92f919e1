// The `--stage typed` output: one block a relation, one line a step, expressions as `print(Expression)` writes them.
#include "compiler/typed/project.h"
#include "runtime/base/check.h"
#include "runtime/base/overloaded.h"
#include "runtime/data/kept_fields.h"
#include "runtime/data/script_text.h"

namespace braid::typed {
namespace {

using Row = std::vector<Field>;

std::string_view word(RelationKind kind) {
  switch (kind) {
    case RelationKind::stream:
      return "stream";
    case RelationKind::table:
      return "table";
    case RelationKind::view:
      return "view";
    case RelationKind::product:
      return "product";
  }
  BRAID_UNREACHABLE("relation kind");
}

std::string_view word(JoinKind kind) {
  switch (kind) {
    case JoinKind::reference:
      return "reference";
    case JoinKind::as_of:
      return "as_of";
    case JoinKind::interval:
      return "interval";
  }
  BRAID_UNREACHABLE("join kind");
}

}  // namespace

std::string_view name_of(AggregateKind kind) {
  switch (kind) {
    case AggregateKind::count:
      return "count";
    case AggregateKind::sum:
      return "sum";
    case AggregateKind::minimum:
      return "min";
    case AggregateKind::maximum:
      return "max";
    case AggregateKind::average:
      return "avg";
    case AggregateKind::count_distinct:
      return "count_distinct";
    case AggregateKind::first:
      return "first";
    case AggregateKind::last:
      return "last";
    case AggregateKind::arg_min:
      return "arg_min";
    case AggregateKind::arg_max:
      return "arg_max";
    case AggregateKind::any:
      return "any";
    case AggregateKind::every:
      return "every";
    case AggregateKind::bit_and:
      return "bit_and";
    case AggregateKind::bit_or:
      return "bit_or";
    case AggregateKind::bit_xor:
      return "bit_xor";
    case AggregateKind::variance:
      return "variance";
    case AggregateKind::variance_population:
      return "variance_population";
    case AggregateKind::stddev:
      return "stddev";
    case AggregateKind::stddev_population:
      return "stddev_population";
    case AggregateKind::covariance:
      return "covariance";
    case AggregateKind::covariance_population:
      return "covariance_population";
    case AggregateKind::correlation:
      return "correlation";
    case AggregateKind::slope:
      return "slope";
    case AggregateKind::intercept:
      return "intercept";
    case AggregateKind::geometric_mean:
      return "geometric_mean";
    case AggregateKind::median:
      return "median";
    case AggregateKind::quantile:
      return "quantile";
    case AggregateKind::quantile_disc:
      return "quantile_disc";
    case AggregateKind::mode:
      return "mode";
    case AggregateKind::value_counts:
      return "value_counts";
    case AggregateKind::top_k:
      return "top_k";
    case AggregateKind::collect:
      return "collect";
    case AggregateKind::collect_set:
      return "collect_set";
    case AggregateKind::string_agg:
      return "string_agg";
    case AggregateKind::histogram:
      return "histogram";
    case AggregateKind::approx_distinct:
      return "approx_distinct";
    case AggregateKind::hll:
      return "hll";
    case AggregateKind::merge_hll:
      return "merge_hll";
    case AggregateKind::approx_quantile:
      return "approx_quantile";
    case AggregateKind::quantile_sketch:
      return "quantile_sketch";
    case AggregateKind::merge_quantile_sketch:
      return "merge_quantile_sketch";
    case AggregateKind::approx_top_k:
      return "approx_top_k";
    case AggregateKind::top_k_sketch:
      return "top_k_sketch";
    case AggregateKind::merge_top_k_sketch:
      return "merge_top_k_sketch";
    case AggregateKind::count_min:
      return "count_min";
    case AggregateKind::merge_count_min:
      return "merge_count_min";
  }
  BRAID_UNREACHABLE("aggregate kind");
}

Type element_type(const PatternElement& element, const std::vector<Field>& row) {
  std::vector<Field> named = row;
  std::erase_if(named, [](const Field& field) { return !is_shown(field); });
  Type type = struct_type(std::move(named));
  if (element.list) return list_type(std::move(type));
  return element.least == 0 ? optional_type(std::move(type)) : type;
}

size_t fields_of_elements(const MatchStep& match, const std::vector<Field>& after) {
  if (after.size() <= match.keys.size()) return 0;
  const Type& first = without_optional(after[match.keys.size()].type);
  const Type& row = is(first, TypeKind::list) ? first->element : first;
  return is(row, TypeKind::structure) ? row->fields.size() : 0;
}

bool goes_by_time(const Aggregate& aggregate) {
  switch (aggregate.kind) {
    case AggregateKind::first:
    case AggregateKind::last:
      return true;
    case AggregateKind::collect:
    case AggregateKind::string_agg:
      return aggregate.by == nullptr;
    default:
      return false;
  }
}

std::string constant_text(const Aggregate& aggregate) {
  return aggregate.constant.is_null() ? "" : " " + to_literal(aggregate.constant_type, aggregate.constant);
}

namespace {

std::string_view word(CalendarUnit unit) {
  switch (unit) {
    case CalendarUnit::none:
      return "";
    case CalendarUnit::day:
      return "d";
    case CalendarUnit::week:
      return "w";
    case CalendarUnit::month:
      return "mo";
    case CalendarUnit::year:
      return "y";
  }
  BRAID_UNREACHABLE("calendar unit");
}

std::string duration(int64_t us) {
  return us == kForever ? "forever" : to_literal(duration_type(), Value{us});
}

std::string row_text(const Row& row) {
  std::string text;
  for (const Field& field : row) text += (text.empty() ? "" : ", ") + field.name + ": " + to_string(field.type);
  return "{ " + text + (text.empty() ? "}" : " }");
}

class Printer {
 public:
  explicit Printer(const Project& project) : project_(project) {}

  std::string run() {
    for (const Parameter& parameter : project_.parameters)
      line(0, "param " + parameter.domain + "." + parameter.name + ": " + to_string(parameter.type) + " = " +
                  to_literal(parameter.type, parameter.value));
    for (const Relation& relation : project_.relations) print_relation(relation);
    for (const FunctionExampleCheck& example : project_.examples)
      line(0, "example " + example.function + " " + print(*example.condition, {}));
    for (const Test& test : project_.tests)
      line(0, "test \"" + test.name + "\" in " + test.domain + ": " + std::to_string(test.statements.size()) +
                  " statements" + (test.in_order ? ", in order" : ""));
    return std::move(text_);
  }

 private:
  void line(int depth, const std::string& content) {
    text_.append(static_cast<size_t>(depth) * 2, ' ');
    text_ += content;
    text_ += '\n';
  }

  void expressions(const std::string& label, const std::vector<ExpressionRef>& list, const Row& over) {
    for (const ExpressionRef& expression : list) line(2, label + " " + print(*expression, over));
  }

  const Relation& relation(RelationId id) const { return project_.relations.at(static_cast<size_t>(id)); }

  std::string key_text(const Relation& relation) const {
    std::string keys;
    for (const std::vector<int>& path : relation.key)
      keys += (keys.empty() ? " key " : ", ") + names_text({path_names(relation.row, path)});
    return keys;
  }

  std::string time_text(const Relation& relation) const {
    if (!relation.has_time) return " static";
    std::string name = relation.time_field < 0 ? std::string("beside the row")
                                               : relation.row.at(static_cast<size_t>(relation.time_field)).name;
    if (relation.retimed && !relation.time_path.empty())
      name = names_text({path_names(relation.row, relation.time_path)});
    return " time " + name + " within " + duration(relation.within_us) + (relation.retimed ? " (new)" : "");
  }

  void print_relation(const Relation& relation) {
    line(0, std::string(word(relation.kind)) + " " + relation.qualified() + " version " +
                std::to_string(relation.version) + key_text(relation) + time_text(relation) +
                (relation.changes ? " changes" : ""));
    if (relation.source) print_source(*relation.source, relation);
    const Row* before = nullptr;
    static const Row no_row;
    for (const Step& step : relation.steps) {
      print_step(step, before == nullptr ? no_row : *before);
      before = &step.row;
    }
    for (const UncheckedRule& rule : relation.unchecked)
      line(1, "unchecked " + string_literal(rule.rule) + " because " + string_literal(rule.reason));
    for (const Check& check : relation.checks)
      line(1, "check " + check.name + " else " +
                  (check.otherwise == Check::Otherwise::reject  ? "reject "
                   : check.otherwise == Check::Otherwise::alert ? "alert "
                                                                : "stop ") +
                  (check.condition == nullptr ? "text " + string_literal(check.text)
                                              : print(*check.condition, relation.row)));
    for (const UniquePromise& unique : unique_promises(relation))
      line(1,
           "unique " + names_text(unique.fields) + (unique.within_us ? " within " + duration(*unique.within_us) : ""));
    if (relation.to) line(1, "to " + relation.to->kind + " \"" + relation.to->address + "\"");
    print_access(relation);
    line(1, "row " + row_text(relation.row));
  }

  static std::string principals_text(const std::vector<Principal>& principals) {
    std::string text;
    for (const Principal& principal : principals) text += (text.empty() ? "" : ", ") + principal_text(principal);
    return text;
  }

  void print_access(const Relation& relation) {
    for (const AllowRule& rule : relation.access.allows) {
      std::string text = "allow read to " + principals_text(rule.readers);
      for (const std::string& purpose : rule.purposes)
        text += (purpose == rule.purposes.front() ? " for purpose " : ", ") + purpose;
      line(1, text + (rule.where == nullptr ? "" : " where " + print(*rule.where, relation.row)));
    }
    for (const MaskRule& mask : relation.access.masks)
      line(1, "mask " + names_text({path_names(relation.row, mask.field)}) + " with " +
                  print(*mask.value, relation.row) +
                  (mask.except.empty() ? "" : " except " + principals_text(mask.except)) +
                  (mask.policy.empty() ? "" : " by policy " + mask.policy));
    if (relation.outlet.empty()) return;
    line(1, "to writes");
    for (const Step& step : relation.outlet) print_step(step, relation.row);
  }

  void print_source(const Source& source, const Relation& relation) {
    Row row;
    for (const SourceField& field : source.fields) {
      std::string path;
      for (const std::string& part : field.path) path += (path.empty() ? "" : ".") + part;
      std::string text = "field " + field.name + ": " + to_string(field.type);
      if (path != field.name) text += " from \"" + path + "\"";
      if (field.fallback) text += " = " + print(*field.fallback, row);
      line(1, text);
      row.push_back({field.name, field.type});
    }
    if (source.from)
      line(1, "from " + source.from->kind + " \"" + source.from->address + "\"" +
                  (source.from->format.empty() ? "" : " format " + source.from->format));
    if (source.delete_when) line(1, "delete when " + print(*source.delete_when, row));
    if (relation.has_time)
      line(1, "idle " + (source.idle_us ? duration(*source.idle_us) : std::string("never")) +
                  (source.idle_advances ? " then advance" : "") + " ahead " + duration(source.ahead_us));
  }

  void print_step(const Step& step, const Row& before) {
    std::visit(
        Overloaded{
            [&](const FromStep& from) {
              line(1, "from " + relation(from.relation).qualified() + (from.port.empty() ? "" : "." + from.port) +
                          (from.by_arrival ? " by arrival" : ""));
            },
            [&](const TickStep& ticks) {
              line(1, "from every " + duration(ticks.every_us));
              for (const RelationId id : ticks.moved_by) line(2, "moved by " + relation(id).qualified());
            },
            [&](const UnionStep& other) { print_union(other); },
            [&](const WhereStep& where) {
              line(1, "where " + print(*where.condition, before) + (where.port.empty() ? "" : " else " + where.port));
            },
            [&](const ProjectStep& project) {
              line(1, project.word);
              for (size_t i = 0; i < project.columns.size(); ++i)
                line(2, step.row.at(i).name + ": " + to_string(step.row[i].type) + " = " +
                            print(*project.columns[i], before));
            },
            [&](const JoinStep& join) { print_join(join, before); },
            [&](const GroupStep& group) { print_group(group, step, before); },
            [&](const TopStep& top) {
              if (top.windowed) print_window(top.window);
              line(1, fmt::format("top {}{}{}{}", top.count == kAllRows ? "all" : std::to_string(top.count),
                                  top.with_ties ? " with ties" : "", top.numbered ? " numbered" : "",
                                  top.name.empty() ? "" : " as " + top.name) +
                          kept(top.changes, top.retain_us));
              expressions("key", top.keys, before);
              for (const Ordering& order : top.orders)
                line(2, (order.descending ? "by descending " : "by ") + print(*order.value, before));
            },
            [&](const RunningStep& running) {
              std::string text = running.name.empty() ? "running" : "running as " + running.name;
              if (running.rows > 0) text += fmt::format(" over {} rows", running.rows);
              if (running.within_us > 0) text += " over " + duration(running.within_us);
              if (running.retain_us != kForever) text += " retain " + duration(running.retain_us);
              line(1, text);
              expressions("key", running.keys, before);
              for (const Aggregate& aggregate : running.aggregates) print_aggregate(aggregate, before);
            },
            [&](const TableJoinStep& join) {
              const Relation& right = relation(join.relation);
              line(1, join_word(join) + right.qualified() + " as " + join.alias + " (table)");
              print_condition(join, before);
            },
            [&](const DistinctStep& distinct) {
              line(1, (distinct.name.empty() ? "distinct" : "distinct as " + distinct.name) + " within " +
                          duration(distinct.within_us));
              expressions("key", distinct.keys, before);
            },
            [&](const EmitStep& emit) {
              line(1, "emit every " + duration(emit.every_us) + (emit.wall ? " wall" : ""));
            },
            [&](const MatchStep& match) { print_match(match, before); },
            [&](const InWindowsStep& in_windows) {
              print_window(in_windows.window);
              line(1, in_windows.joined ? "joined in windows" : "in windows");
            },
            [&](const UnnestStep& unnest) {
              line(1, unnest.left ? "left unnest" : "unnest");
              expressions("list", {unnest.list}, before);
            },
            [&](const LookupStep& lookup) {
              line(1, (lookup.left ? "left lookup " : "lookup ") +
                          project_.services[static_cast<size_t>(lookup.service)].qualified() + " as " + lookup.alias);
              expressions("argument", lookup.arguments, before);
              if (!lookup.keys.empty()) expressions("key", lookup.keys, before);
            },
            [&](const LatestStep& latest) {
              line(1, (latest.name.empty() ? "latest" : "latest as " + latest.name) + kept(false, latest.retain_us));
              expressions("key", latest.keys, before);
            },
        },
        step.content);
  }

  void print_union(const UnionStep& step) {
    std::string columns;
    for (int column : step.columns) columns += " " + std::to_string(column);
    line(1,
         "union " + relation(step.relation).qualified() + (step.of_tables ? " as a table" : "") + " columns" + columns);
  }

  static std::string join_word(const auto& join) {
    const std::string_view outcome = outcome_word(join);
    return outcome == "inner" ? "join " : std::string(outcome) + " join ";
  }

  void print_join(const JoinStep& join, const Row& before) {
    const Relation& right = relation(join.relation);
    std::string text = join_word(join);
    if (join.nearest) text += "nearest ";
    if (join.latest) text += "latest ";
    text += right.qualified() + " as " + join.alias + " (" + std::string(word(join.kind)) + ")";
    if (join.max_age_us) text += " max age " + duration(*join.max_age_us);
    if (join.wait_us) text += " wait at most " + duration(*join.wait_us);
    if (join.kind == JoinKind::interval) {
      const std::string upper = join.upper      ? print(*join.upper, before)
                                : join.upper_us ? duration(*join.upper_us)
                                                : std::string("any");
      text += join.lower_us ? " within " + duration(*join.lower_us) + ".." + upper : " within any";
    }
    if (join.retain_us) text += " retain " + duration(*join.retain_us);
    if (!join.port.empty()) text += " else " + join.port;
    line(1, text);
    print_condition(join, before);
  }

  void print_condition(const auto& join, const Row& before) {
    const Row& right = relation(join.relation).row;
    expressions("left", join.left_keys, before);
    expressions("right", join.right_keys, right);
    if (!join.residual) return;
    Row both = before;
    both.push_back({join.alias, struct_type(right)});
    line(2, "residual " + print(*join.residual, both));
  }

  void print_match(const MatchStep& match, const Row& before) {
    line(1, (match.name.empty() ? "match" : "match as " + match.name) + " within " + duration(match.within_us));
    expressions("key", match.keys, before);
    Row row = before;
    for (const PatternElement& element : match.elements)
      if (element.kind != ElementKind::absent) row.push_back({element.name, element_type(element, before)});
    for (const PatternElement& element : match.elements) {
      std::string text = element.kind == ElementKind::absent ? "no " : element.kind == ElementKind::next ? "next " : "";
      text += element.name;
      if (element.list)
        text += "{" + std::to_string(element.least) + ".." + std::to_string(element.most) + "}";
      else if (element.least == 0)
        text += "?";
      line(2, text + " " + print(*element.condition, row));
    }
  }

  static std::string kept(bool changes, int64_t retain_us) {
    return (changes ? std::string(" emit changes") : "") +
           (retain_us == kForever ? "" : " retain " + duration(retain_us));
  }

  void print_group(const GroupStep& group, const Step& step, const Row& before) {
    if (group.windowed) print_window(group.window);
    line(1, (group.name.empty() ? "group" : "group as " + group.name) + kept(group.changes, group.retain_us));
    Row between;
    for (const ExpressionRef& key : group.keys) {
      line(2, "key " + print(*key, before));
      between.push_back({"key" + std::to_string(between.size()), key->type});
    }
    for (const Aggregate& aggregate : group.aggregates) {
      print_aggregate(aggregate, before);
      between.push_back({std::string(name_of(aggregate.kind)), aggregate.type});
    }
    if (group.windowed)
      between.push_back({"window", struct_type({{"start", timestamp_type()}, {"end", timestamp_type()}})});
    for (size_t i = 0; i < group.finish.size(); ++i)
      line(2, step.row.at(i).name + ": " + to_string(step.row[i].type) + " = " + print(*group.finish[i], between));
  }

  void print_aggregate(const Aggregate& aggregate, const Row& before) {
    std::string call = "aggregate " + std::string(name_of(aggregate.kind)) + ": " + to_string(aggregate.type);
    if (aggregate.before) call += " of the rows before";
    if (aggregate.argument) call += " " + print(*aggregate.argument, before);
    if (aggregate.by) call += " by " + print(*aggregate.by, before);
    call += constant_text(aggregate);
    if (aggregate.filter) call += " where " + print(*aggregate.filter, before);
    line(2, call);
  }

  void print_window(const Window& window) {
    static constexpr const char* kKinds[] = {"tumbling", "hopping", "cumulative", "session", "span"};
    std::string text = "window " + std::string(kKinds[static_cast<int>(window.kind)]);
    const bool calendar = window.unit != CalendarUnit::none;
    auto length = [&](CalendarUnit unit, int64_t us, int64_t units) {
      return unit != CalendarUnit::none ? std::to_string(units) + std::string(word(unit)) : duration(us);
    };
    if (window.kind == WindowKind::session) {
      text += " gap " + duration(window.gap_us);
      if (window.max_us > 0) text += " max " + duration(window.max_us);
    } else if (window.kind != WindowKind::span) {
      text += " " + length(window.unit, window.size_us, window.size_units);
    }
    if (window.kind == WindowKind::hopping || window.kind == WindowKind::cumulative)
      text += " every " + length(window.slide_unit, window.slide_us, window.slide_units);
    if (calendar) text += " in \"" + window.zone + "\"";
    if (window.late_us != 0) text += " late " + duration(window.late_us);
    line(1, text);
  }

  const Project& project_;
  std::string text_;
};

}  // namespace

std::string principal_text(const Principal& principal) {
  switch (principal.kind) {
    case Principal::Kind::anyone:
      return "anyone";
    case Principal::Kind::role:
      return "role " + principal.name;
    case Principal::Kind::domain:
      return "domain " + principal.name;
    case Principal::Kind::user:
      return "user \"" + principal.name + "\"";
  }
  return "";
}

std::string print(const Project& project) {
  return Printer(project).run();
}

}  // namespace braid::typed
