#include "compiler/plan/state_bound.h"

#include <set>

namespace braid::plan {
namespace {

/// "2h15m", as a script writes it.
std::string length(int64_t us) {
  return us == typed::kForever ? "ever" : to_literal(duration_type(), Value{us});
}

class Bound {
 public:
  Bound(const Plan& plan, const typed::Project& project) : plan_(plan), project_(project) {}

  std::string of(int index) const {
    const Node& node = plan_.nodes[index];
    if (const auto* join = std::get_if<JoinNode>(&node.content)) return of(node, *join);
    if (const auto* group = std::get_if<GroupNode>(&node.content))
      return (group->windowed || group->window_key >= 0 || changes_sessions(*group)
                  ? of(node, group->window)
                  : "one entry a key" + as_long(node.inputs[0], group->retain_us)) +
             values_kept(*group);
    if (const auto* top = std::get_if<TopNode>(&node.content)) return of(node, *top);
    if (const auto* running = std::get_if<RunningNode>(&node.content)) return of(node, running->step);
    if (std::holds_alternative<TableJoinNode>(node.content)) return "the rows of both tables";
    if (std::holds_alternative<LatestNode>(node.content)) return latest_bound(node, std::get<LatestNode>(node.content));
    if (const auto* emit = std::get_if<EmitNode>(&node.content))
      return "the changes of " + length(emit->every_us) + (emit->wall ? " by the clock" : "");
    if (const auto* in_windows = std::get_if<InWindowsNode>(&node.content))
      return in_windows->joined ? std::string() : "two instants";
    if (std::holds_alternative<InOrderNode>(node.content))
      return fmt::format("the rows of the last {}, which wait", length(disorder(node.inputs[0])));
    if (std::holds_alternative<TickNode>(node.content)) return "the time of the next row";
    if (std::holds_alternative<MovesNode>(node.content)) {
      const std::string recent = length(disorder(node.inputs[0]));
      return "the columns of each key" + as_long(node.inputs[0]) + ": of its last version, and of those of the last " +
             recent;
    }
    if (std::holds_alternative<InstantsNode>(node.content))
      return fmt::format("the rows of the last {}", length(disorder(node.inputs[0])));
    if (const auto* match = std::get_if<MatchNode>(&node.content))
      return fmt::format(
          "rows of open matches for {}, at most {} matches of a key with {} rows for an element, and the "
          "rows of the last {}",
          length(match->within_us), kMostOpenMatches, kMostRowsOfElement, length(disorder(node.inputs[0])));
    if (const auto* lookup = std::get_if<LookupNode>(&node.content)) return of(node, *lookup);
    if (const auto* unique = std::get_if<UniqueNode>(&node.content))
      return fmt::format("one entry a key for {}, and the rows of the last {}", length(unique->within_us),
                         length(disorder(node.inputs[0])));
    return {};
  }

 private:
  std::string of(const Node& node, const LookupNode& lookup) const {
    const typed::Service& service = project_.services[static_cast<size_t>(lookup.step.service)];
    std::string text;
    if (retracted_column(node.row) >= 0) text = "the answer for each row" + as_long(node.inputs[0]);
    if (!service.cache_us) return text;
    return text + (text.empty() ? "" : "; ") +
           fmt::format("at most {} answers of {}, each for {} by the clock", service.cache_rows, service.qualified(),
                       length(*service.cache_us));
  }

  /// What an entry grows with.
  static std::string values_kept(const GroupNode& group) {
    std::set<std::string_view> names;
    for (const typed::Aggregate& aggregate : group.aggregates)
      if (aggregate.kind >= AggregateKind::median && aggregate.kind <= AggregateKind::string_agg)
        names.insert(typed::name_of(aggregate.kind));
    std::string text;
    for (const std::string_view name : names)
      text += (text.empty() ? "; in each entry the values of `" : ", `") + std::string(name) + "`";
    return text;
  }

  std::string latest_bound(const Node& node, const LatestNode& latest) const {
    std::string text = "the newest row of each key" + as_long(node.inputs[0], latest.retain_us);
    // Only of the versions of a table one can come after another that has ended its key.
    if (!latest.versions) return text;
    if (is_untimed(node.inputs[0])) return text + "; deleted keys for ever";
    text += "; deleted keys for " + length(disorder(node.inputs[0]));
    return text;
  }

  std::string of(const Node& node, const TopNode& node_of_top) const {
    const typed::TopStep& top = node_of_top.step;
    const bool of_table = retracted_column(plan_.nodes[node.inputs[0]].row) >= 0;
    if (!top.windowed && of_table)
      return "the rows" + as_long(node.inputs[0]) + ", of which any may become one of the first";
    if (!top.windowed && node_of_top.window_key < 0 && !changes_sessions(node_of_top))
      return fmt::format("{} row{} of each key{}{}", top.count, top.count == 1 ? "" : "s",
                         top.with_ties ? " and those that tie with the last" : "",
                         as_long(node.inputs[0], top.retain_us));
    if (top.count == typed::kAllRows) return of(node, top.window) + "; in each entry its rows";
    return of(node, top.window) + fmt::format("; in each entry {} row{}{}", top.count, top.count == 1 ? "" : "s",
                                              top.with_ties ? " and those that tie with the last" : "");
  }

  std::string of(const Node& node, const typed::RunningStep& running) const {
    std::string kept = running.within_us > 0
                           ? fmt::format("the rows of each key of the last {}", length(running.within_us))
                       : running.rows == 1 ? std::string("the last row of each key")
                       : running.rows > 0  ? fmt::format("the last {} rows of each key", running.rows)
                                           : std::string("one entry a key");
    if (running.within_us == 0)
      kept += running.retain_us == typed::kForever
                  ? ", for ever, as `retain forever` says"
                  : fmt::format(", for {} after its last row", length(running.retain_us));
    return kept + fmt::format("; and the rows of the last {}, which wait", length(disorder(node.inputs[0])));
  }

  /// How long a step without a window keeps a key.
  std::string as_long(int input, int64_t retain_us = typed::kForever) const {
    if (retain_us != typed::kForever) return fmt::format(", for {} after its last row", length(retain_us));
    for (int at = input; at >= 0;) {
      const Node& node = plan_.nodes[at];
      if (retracted_column(node.row) >= 0) return " of the table before it";
      if (const auto* source = std::get_if<SourceNode>(&node.content);
          source != nullptr && project_.relations[source->relation].kind == typed::RelationKind::table)
        return " of the table " + project_.relations[source->relation].qualified();
      if (std::holds_alternative<GroupNode>(node.content)) break;
      at = node.inputs.empty() ? -1 : node.inputs[0];
    }
    return ", for ever, as `retain forever` says";
  }

  std::string of(const Node& node, const JoinNode& join) const {
    const std::string rows = rows_of(node, join) + in_windows(node);
    return join.right_filter ? rows + "; of rows that the `where` drops, the keys alone" : rows;
  }

  /// Of a join of rows that share a window.
  std::string in_windows(const Node& node) const {
    for (int at : node.inputs) {
      while (std::holds_alternative<ProjectNode>(plan_.nodes[at].content)) at = plan_.nodes[at].inputs[0];
      const auto* windows = std::get_if<InWindowsNode>(&plan_.nodes[at].content);
      if (windows == nullptr || !windows->joined) continue;
      const typed::Window& window = windows->window;
      if (window.kind == typed::WindowKind::tumbling) continue;
      if (window.unit != typed::CalendarUnit::none) return "; a row once for each of its windows";
      return fmt::format("; a row once for each of its at most {} windows",
                         (window.size_us + window.slide_us - 1) / window.slide_us);
    }
    return {};
  }

  std::string rows_of(const Node& node, const JoinNode& join) const {
    const typed::JoinStep& step = join.step;
    const std::string right = project_.relations[step.relation].qualified();
    const int64_t left_disorder = disorder(node.inputs[0]), right_disorder = disorder(node.inputs[1]);
    switch (step.kind) {
      case typed::JoinKind::reference:
        return fmt::format("the rows of {}, read whole at the start{}", right,
                           typed::by_index(step) ? ", with an index" : "");
      case typed::JoinKind::as_of:
        if (step.latest)
          return fmt::format("of {} each key's newest version; which one a row meets, the order of arrival decides",
                             right);
        return fmt::format(
            "of {} each key's last version and those of the last {}{}; rows that wait for its watermark: "
            "those of up to {}{}",
            right, length(left_disorder + right_disorder),
            typed::by_index(step) ? ", by the columns that it is joined by" : "",
            length(right_disorder + left_disorder),
            step.wait_us ? fmt::format(", and none for longer than {} by the clock", length(*step.wait_us)) : "");
      case typed::JoinKind::interval:
        break;
    }
    const std::string_view match = match_that_ends(join);
    if (!step.lower_us && !match.empty())
      return step.retain_us == typed::kForever
                 ? fmt::format("rows of {} for ever, as `retain forever` says; of the left side until {}", right, match)
                 : fmt::format("rows of {} for {}, as `retain` says; of the left side until {}, at most as long", right,
                               length(*step.retain_us), match);
    if (!step.lower_us)
      return step.retain_us == typed::kForever
                 ? "both sides for ever, as `retain forever` says"
                 : fmt::format("both sides for {}, as `retain` says", length(*step.retain_us));
    const int64_t slack = left_disorder + right_disorder;
    const std::string right_time = length(std::max<int64_t>(0, -*step.lower_us) + slack);
    if (step.upper)
      return fmt::format(
          "rows of {} for {}{}, and of the left side {}until the upper end that each computes, and {} more", right,
          right_time, step.right ? ", until no row can come that they meet" : "", until(join), length(slack));
    if (!step.upper_us)
      return fmt::format("rows of {} for {}, and of the left side {}for ever, as `retain forever` says", right,
                         right_time, until(join));
    const std::string left_time = length(std::max<int64_t>(0, *step.upper_us) + slack);
    if (step.right)
      return fmt::format("rows of {} for {}, until no row can come that they meet, and of the left side for {}", right,
                         right_time, left_time);
    return fmt::format("rows of {} for {}, and of the left side {}for {}", right, right_time, until(join), left_time);
  }

  /// With which match a left row leaves the state; empty: with none. A condition that may fail is asked of all.
  static std::string_view match_that_ends(const JoinNode& join) {
    if (join.meets_one) return "its only match";
    const bool first = join.step.yield != typed::JoinYield::matches;
    const bool waits_for_all = join.step.residual && join.step.residual->can_fail;
    return first && !waits_for_all ? "the first match" : "";
  }
  static std::string until(const JoinNode& join) {
    const std::string_view match = match_that_ends(join);
    return match.empty() ? std::string() : fmt::format("until {}, at most ", match);
  }

  std::string of(const Node& node, const typed::Window& window) const {
    const int64_t open = disorder(node.inputs[0]) + window.late_us;
    if (window.kind == typed::WindowKind::session) {
      std::string text =
          fmt::format("one entry a key and open session, at most {} of a key at once: closed {} after the last row",
                      open / window.gap_us + 2, length(window.gap_us + open));
      if (window.max_us > 0)
        text += fmt::format(" or {} after the first; one for each instant of the last {}, while earlier rows may come",
                            length(window.max_us + open), length(open));
      return text;
    }
    if (window.kind == typed::WindowKind::span)
      return fmt::format("one entry a key and span, as far ahead as rows say; closed {} after its end", length(open));
    std::string size = length(window.size_us), every;
    int64_t at_once = 1;
    if (window.unit == typed::CalendarUnit::none) {
      at_once = (window.size_us + open) / window.slide_us + 1;
    } else {
      static constexpr const char* kUnits[] = {"", "d", "w", "mo", "y"};
      size = fmt::format("{}{} in {}", window.size_units, kUnits[static_cast<int>(window.unit)], window.zone);
      at_once = window.slide_unit == window.unit ? window.size_units / window.slide_units + 1 : 0;
    }
    if (window.kind == typed::WindowKind::cumulative)
      return fmt::format("one entry a key and step of a window of {}, closed {} after the window's end", size,
                         length(open));
    if (at_once == 0)
      return fmt::format("one entry a key and hop in a window of {}, closed {} after the window's end", size,
                         length(open));
    return fmt::format("one entry a key and open window of {}: at most {} windows at once, closed {} after their end",
                       size, at_once, length(open));
  }

  /// Rows of a table without `time`, or of a view of one.
  bool is_untimed(int index) const {
    const Node& node = plan_.nodes[index];
    const auto* source = std::get_if<SourceNode>(&node.content);
    return source != nullptr ? !project_.relations[source->relation].has_time
                             : !node.inputs.empty() && is_untimed(node.inputs.front());
  }

  /// The widest disorder that rows of a node can have: of its sources, or of the last re-timing.
  int64_t disorder(int index) const {
    const Node& node = plan_.nodes[index];
    if (const auto* source = std::get_if<SourceNode>(&node.content))
      return project_.relations[source->relation].within_us;
    if (const auto* retime = std::get_if<RetimeNode>(&node.content)) return retime->within_us;
    if (std::holds_alternative<TickNode>(node.content)) return 0;
    if (const auto* windows = std::get_if<InWindowsNode>(&node.content); windows != nullptr && windows->joined)
      return disorder(node.inputs[0]) + windows->window.late_us;
    // Rows of windows go out in the order of time. Changes have the time of what caused them.
    const auto* group = std::get_if<GroupNode>(&node.content);
    const auto* top = std::get_if<TopNode>(&node.content);
    if ((group != nullptr && group->windowed) || (top != nullptr && top->step.windowed)) return 0;
    if (const auto* match = std::get_if<MatchNode>(&node.content))
      return holds_time_back(*match) ? match->within_us : 0;
    int64_t widest = 0;
    const size_t flows = std::holds_alternative<UnionNode>(node.content) ? node.inputs.size() : 1;
    for (size_t i = 0; i < flows; ++i) widest = std::max(widest, disorder(node.inputs[i]));
    return widest;
  }

  const Plan& plan_;
  const typed::Project& project_;
};

}  // namespace

std::string state_bound(const Plan& plan, int node, const typed::Project& project) {
  return Bound(plan, project).of(node);
}

}  // namespace braid::plan
