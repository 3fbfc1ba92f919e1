#include "compiler/plan/lower.h"
#include "compiler/plan/plan.h"

namespace braid::plan {
namespace {

std::string row_text(const std::vector<Field>& row) {
  std::string text = "{";
  for (size_t i = 0; i < row.size(); ++i) {
    const bool nested = is(row[i].type, TypeKind::structure) ||
                        (is_optional(row[i].type) && is(row[i].type->element, TypeKind::structure));
    text += (i ? ", " : " ") + row[i].name;
    if (nested) {
      const auto& fields = without_optional(row[i].type)->fields;
      text += " {";
      for (size_t f = 0; f < fields.size(); ++f) text += (f ? ", " : " ") + fields[f].name;
      text += fields.empty() ? "}" : " }";
    } else {
      text += ": " + to_string(row[i].type);
    }
  }
  return text + (row.empty() ? "}" : " }");
}

std::string micros(int64_t us) {
  return us == typed::kForever ? "forever" : to_literal(duration_type(), Value{us});
}

struct Describe {
  const Plan& plan;
  const typed::Project& project;
  const Node& node;

  const std::vector<Field>& input(int index) const { return plan.nodes[node.inputs[index]].row; }
  std::string text(const typed::ExpressionRef& expression, int over = 0) const {
    return typed::print(*expression, input(over));
  }

  std::string operator()(const SourceNode& source) const {
    const typed::Relation& relation = project.relations[source.relation];
    const char* kind = relation.kind == typed::RelationKind::stream ? "stream"
                       : relation.has_time                          ? "table, versioned"
                                                                    : "table, static";
    return fmt::format("source {} ({})", relation.qualified(), kind);
  }
  std::string folded(const typed::Aggregate& aggregate) const {
    std::string line = (aggregate.before ? "before " : "") + std::string(typed::name_of(aggregate.kind));
    if (aggregate.argument) line += " " + text(aggregate.argument);
    if (aggregate.by) line += " by " + text(aggregate.by);
    line += typed::constant_text(aggregate);
    if (aggregate.filter) line += " where " + text(aggregate.filter);
    return line;
  }
  std::string operator()(const KeepNode& keep) const {
    std::string line = keep.check.empty() ? "keep " : "check " + keep.check + " ";
    line += text(keep.condition) + (keep.stops ? " else stop" : "");
    return keep.port.empty() ? line : line + " else " + keep.port;
  }
  std::string operator()(const ProjectNode& projected) const {
    std::string line = projected.word;
    for (size_t i = 0; i < projected.columns.size(); ++i) {
      // Columns that only pass are left to the row: what a step adds is what it is about.
      if (std::holds_alternative<typed::ColumnRead>(projected.columns[i]->node)) continue;
      line += fmt::format("\n      {} = {}", node.row[i].name, text(projected.columns[i]));
    }
    return line;
  }
  std::string operator()(const TickNode& ticks) const { return "every " + micros(ticks.every_us); }
  std::string operator()(const UnionNode&) const { return "union"; }
  static std::string retained(int64_t us) { return us == typed::kForever ? "" : ", retain " + micros(us); }
  std::string condition(const auto& join) const {
    if (!join.residual) return "";
    return "\n      and " + typed::print(*join.residual, condition_row(input(0), input(1), join.alias));
  }
  std::string operator()(const JoinNode& join) const {
    const typed::JoinStep& step = join.step;
    const char* kind = step.kind == typed::JoinKind::reference ? "reference"
                       : step.latest                           ? "latest"
                       : step.kind == typed::JoinKind::as_of   ? "as-of"
                       : step.nearest                          ? "nearest interval"
                                                               : "interval";
    std::string line =
        fmt::format("{} join{}, {}", kind, typed::by_index(step) ? " by index" : "", typed::outcome_word(step));
    for (size_t i = 0; i < step.left_keys.size(); ++i)
      line += fmt::format("\n      {} == {}", text(step.right_keys[i], 1), text(step.left_keys[i], 0));
    line += condition(step);
    if (step.max_age_us) line += "\n      max age " + micros(*step.max_age_us);
    if (step.wait_us) line += "\n      wait at most " + micros(*step.wait_us);
    if (step.lower_us && step.upper_us)
      line += "\n      within " + micros(*step.lower_us) + ".." + micros(*step.upper_us);
    if (step.upper) line += "\n      within " + micros(*step.lower_us) + ".." + text(step.upper, 0);
    if (step.retain_us) line += "\n      retain " + micros(*step.retain_us);
    if (join.meets_one) line += "\n      meets one";
    if (join.right_filter) line += "\n      keeps what passes " + text(join.right_filter, 1);
    return line;
  }
  std::string operator()(const GroupNode& group) const {
    std::string line = group.windowed ? "group by window" : changes_sessions(group) ? "group by session" : "group";
    line += retained(group.retain_us);
    for (size_t i = 0; i < group.keys.size(); ++i)
      line += fmt::format("\n      {} = {}", node.row[i].name, text(group.keys[i]));
    for (size_t i = 0; i < group.aggregates.size(); ++i)
      line += fmt::format("\n      {} = {}", node.row[group.keys.size() + i].name, folded(group.aggregates[i]));
    return line;
  }
  std::string operator()(const TopNode& top) const {
    const typed::TopStep& step = top.step;
    std::string line = fmt::format("top {}{}{}", step.count == typed::kAllRows ? "all" : std::to_string(step.count),
                                   step.with_ties ? " with ties" : "",
                                   step.windowed           ? " by window"
                                   : changes_sessions(top) ? " by session"
                                                           : "");
    line += retained(step.retain_us);
    for (const auto& key : step.keys) line += "\n      per " + text(key);
    for (const auto& order : step.orders)
      line += (order.descending ? "\n      by descending " : "\n      by ") + text(order.value);
    return line;
  }
  std::string operator()(const RunningNode& running) const {
    const typed::RunningStep& step = running.step;
    std::string line = "running";
    if (step.rows > 0) line += fmt::format(" over {} rows", step.rows);
    if (step.within_us > 0) line += " over " + micros(step.within_us);
    for (const auto& key : step.keys) line += "\n      per " + text(key);
    const size_t carried = node.row.size() - step.aggregates.size();
    for (size_t i = 0; i < step.aggregates.size(); ++i)
      line += fmt::format("\n      {} = {}", node.row[carried + i].name, folded(step.aggregates[i]));
    return line;
  }
  std::string operator()(const LatestNode& latest) const {
    std::string line = "latest by";
    for (const auto& key : latest.keys) line += " " + text(key);
    return line + retained(latest.retain_us);
  }
  std::string operator()(const MovesNode& moves) const {
    std::string line = "moves of";
    for (const auto& key : moves.keys) line += " " + text(key);
    for (int i = 0; i < moves.count; ++i) line += (i == 0 ? " by " : ", ") + node.row[moves.first + i].name;
    return line;
  }
  std::string operator()(const TableJoinNode& join) const {
    const std::string_view outcome = typed::outcome_word(join.step);
    std::string line = (outcome == "inner" ? "" : std::string(outcome) + " ") + "join of tables";
    for (size_t i = 0; i < join.step.left_keys.size(); ++i)
      line += fmt::format("\n      {} == {}", text(join.step.left_keys[i]), text(join.step.right_keys[i], 1));
    return line + condition(join.step);
  }
  std::string operator()(const NetNode& net) const {
    std::string line = net.whole ? "net, whole, by" : "net by";
    for (const auto& key : net.keys) line += " " + text(key);
    return line;
  }
  std::string operator()(const InstantsNode& instants) const {
    std::string line = "instant by instant, by";
    for (const auto& key : instants.keys) line += " " + text(key);
    return line;
  }
  std::string operator()(const EmitNode& emit) const {
    return "emit every " + micros(emit.every_us) + (emit.wall ? " wall" : "");
  }
  std::string operator()(const InWindowsNode&) const { return "in windows"; }
  std::string operator()(const InOrderNode&) const { return "in order"; }
  std::string operator()(const UnnestNode& unnest) const {
    const size_t element = node.row.size() - (retracted_column(node.row) >= 0 ? 2 : 1);
    return fmt::format("{} to {}", unnest.left ? "left unnest" : "unnest", node.row[element].name);
  }
  std::string operator()(const LookupNode& lookup) const {
    const typed::Service& service = project.services[static_cast<size_t>(lookup.step.service)];
    std::string line = fmt::format("{}lookup {}", lookup.step.left ? "left " : "", service.qualified());
    for (const Field& field : input(0))
      if (field.name.starts_with(kArgument)) line += " " + field.name;
    return line;
  }
  std::string operator()(const RetimeNode& retime) const {
    if (retime.by_arrival) return "by arrival";
    return fmt::format("time {} within {}", node.row[retime.time_column].name, micros(retime.within_us));
  }
  std::string operator()(const UniqueNode& unique) const {
    std::string line = unique.drops ? "distinct" : "unique";
    for (const int column : unique.columns) line += " " + node.row[column].name;
    return line + " within " + micros(unique.within_us);
  }
  std::string operator()(const MatchNode& match) const {
    std::string line = "match";
    for (const int key : match.keys) line += " " + input(0)[key].name;
    line += " within " + micros(match.within_us);
    const std::vector<Field> row = match_row(match, input(0));
    for (const MatchNode::Element& element : match.elements) {
      line += "\n      ";
      if (element.kind == typed::ElementKind::absent) line += "no ";
      if (element.kind == typed::ElementKind::next) line += "next ";
      line += element.name;
      if (element.list)
        line += fmt::format("{{{}..{}}}", element.least, element.most);
      else if (element.least == 0)
        line += "?";
      if (element.fit >= 0) line += " " + input(0)[element.fit].name;
      if (element.rest) line += (element.fit >= 0 ? " and " : " ") + typed::print(*element.rest, row);
    }
    return line;
  }
  std::string operator()(const AlertNode& alert) const {
    return "alert unless " + alert.check + " " + text(alert.condition);
  }
  std::string operator()(const PortNode& port) const {
    return "port " + project.relations[plan.products[port.product]].qualified() + "." + port.port;
  }
  std::string operator()(const PublishNode& publish) const {
    const typed::Relation& relation = project.relations[plan.products[publish.product]];
    return fmt::format("product {} version {}", relation.qualified(), relation.version);
  }
};

const char* operator_name(const Operator& each) {
  static constexpr const char* kNames[] = {
      "source", "ticks",    "rows",    "union",   "reference join", "as-of join", "interval join",
      "group",  "top",      "running", "latest",  "moves",          "table join", "net",
      "emit",   "instants", "unnest",  "look-up", "in windows",     "in order",   "retime",
      "unique", "match",    "alert",   "publish", "port",           "send"};
  static_assert(std::size(kNames) == std::variant_size_v<std::remove_cvref_t<decltype(each.content)>>);
  return kNames[each.content.index()];
}

}  // namespace

std::string print(const Plan& plan, const typed::Project& project) {
  std::string text;
  for (size_t i = 0; i < plan.nodes.size(); ++i) {
    const Node& node = plan.nodes[i];
    text += fmt::format("{:>3}", i);
    if (!node.inputs.empty()) text += fmt::format(" <- {}", fmt::join(node.inputs, ", "));
    text += "  " + std::visit(Describe{plan, project, node}, node.content) + "\n";
    text += "      row " + row_text(node.row) + "\n";
    if (stateful(node)) text += fmt::format("      state {:016x} \"{}\"\n", node.state.identity, node.state.label);
  }
  return text;
}

std::string print(const PhysicalPlan& physical) {
  std::string text;
  for (size_t i = 0; i < physical.program.operators.size(); ++i) {
    const Operator& each = physical.program.operators[i];
    text += fmt::format("{:>3}", i);
    if (!each.inputs.empty()) text += fmt::format(" <- {}", fmt::join(each.inputs, ", "));
    text += fmt::format("  {}: {}\n      row {}\n", operator_name(each), each.text, row_text(each.row));
    if (const auto* source = std::get_if<SourceOperator>(&each.content)) {
      std::string fields;
      for (const SourceRead& field : physical.program.sources[source->source].decode) fields += " " + field.name;
      text += "      decodes" + fields + "\n";
    }
    for (size_t k = 0; k < physical.places.size(); ++k) {
      const KernelPlace& place = physical.places[k];
      const auto* source = std::get_if<SourceOperator>(&each.content);
      const bool here = place.kind == KernelPlace::Kind::source ? source && source->source == place.index
                                                                : place.index == static_cast<int>(i);
      if (!here) continue;
      const RowProgram& kernel = physical.kernels[k];
      text += "      kernel " + kernel.name + "\n";
      const std::vector<Field>* row = &kernel.input;
      for (const RowStep& step : kernel.steps) {
        if (step.kind == RowStep::Kind::keep) text += "        keep " + typed::print(*step.condition, *row) + "\n";
        for (size_t c = 0; c < step.columns.size(); ++c)
          text += fmt::format("        {} = {}\n", step.row[c].name, typed::print(*step.columns[c], *row));
        row = &step.row;
      }
      text +=
          fmt::format("        passes {} of {} leaves\n",
                      kernel.passthrough.size() - std::count(kernel.passthrough.begin(), kernel.passthrough.end(), -1),
                      kernel.passthrough.size());
    }
  }
  return text;
}

}  // namespace braid::plan
