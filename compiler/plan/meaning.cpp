#include "compiler/plan/meaning.h"

#include "compiler/plan/match_node.h"

namespace braid::plan {
namespace {

std::string windows(bool windowed, const typed::Window& window) {
  if (!windowed) return " of all time";
  std::string text =
      fmt::format(" {} {} {} {} {} {} {} late {}", static_cast<int>(window.kind), window.size_us, window.slide_us,
                  static_cast<int>(window.unit), window.size_units, window.slide_units, window.zone, window.late_us);
  if (window.kind == typed::WindowKind::session) text += fmt::format(" gap {} max {}", window.gap_us, window.max_us);
  if (window.slide_unit != window.unit) text += fmt::format(" by {}", static_cast<int>(window.slide_unit));
  return text;
}

/// When a step without a window lets its keys go.
std::string forgets(int window_key, const typed::Window& window, int64_t retain_us) {
  std::string text;
  if (window_key >= 0) text += fmt::format(" window key {} late {}", window_key, window.late_us);
  if (retain_us != typed::kForever) text += fmt::format(" retain {}", retain_us);
  return text;
}

std::string row_text(const std::vector<Field>& row) {
  std::string text;
  for (const Field& field : row) text += to_string(field.type) + ";";
  return text;
}

}  // namespace

std::vector<Field> unnamed(const std::vector<Field>& row) {
  std::vector<Field> numbered = row;
  for (size_t i = 0; i < numbered.size(); ++i) numbered[i].name = std::to_string(i);
  return numbered;
}

std::string Meaning::operator()(const SourceNode& source) const {
  const typed::Relation& relation = project_.relations[source.relation];
  std::string text =
      "source " + relation.qualified() + fmt::format(" v{} within {} ", relation.version, relation.within_us);
  for (size_t i = 0; i < source.fields.size(); ++i)
    text += (source.fields[i] < 0 ? node_.row[i].name : relation.row[source.fields[i]].name) + ":" +
            to_string(node_.row[i].type) + ";";
  for (const int field : source.fields)
    if (field < 0)
      continue;
    else if (const auto& fallback = relation.source->fields[field].fallback)
      text += " = " + typed::print(*fallback, unnamed(relation.row));
  if (relation.source->delete_when)
    text += " delete " + typed::print(*relation.source->delete_when, unnamed(relation.row));
  return text;
}

std::string Meaning::operator()(const TickNode& ticks) const {
  return fmt::format("every {}", ticks.every_us);
}

std::string Meaning::operator()(const KeepNode& keep) const {
  return (keep.stops ? "keep or stop " : "keep ") + expression(keep.condition, 0);
}

std::string Meaning::operator()(const ProjectNode& project) const {
  std::string text = "project";
  for (const auto& column : project.columns) text += " " + expression(column, 0);
  return text;
}

std::string Meaning::operator()(const UnionNode&) const {
  return "union";
}

std::string Meaning::operator()(const JoinNode& join) const {
  const typed::JoinStep& step = join.step;
  std::string text = fmt::format("join {} {} {} age {} range {} {} retain {}", static_cast<int>(step.kind), step.left,
                                 step.nearest, step.max_age_us.value_or(-1), step.lower_us.value_or(typed::kForever),
                                 step.upper_us.value_or(typed::kForever), step.retain_us.value_or(-1));
  if (step.yield != typed::JoinYield::matches) text += step.yield == typed::JoinYield::semi ? " semi" : " anti";
  if (step.right) text += " right";
  if (step.upper) text += " upper " + expression(step.upper, 0);
  if (step.latest) text += " latest";
  if (step.wait_us) text += fmt::format(" wait {}", *step.wait_us);
  if (join.meets_one) text += " meets one";
  if (join.right_filter) text += " right filter " + expression(join.right_filter, 1);
  for (const auto& key : step.left_keys) text += " " + expression(key, 0);
  for (const auto& key : step.right_keys) text += " " + expression(key, 1);
  if (typed::by_index(step)) text += " by index";
  for (const auto& key : join.table_key) text += " " + expression(key, 1);
  return step.residual ? text + " residual " + residual(step.residual) : text;
}

std::string Meaning::operator()(const GroupNode& group) const {
  std::string text = "group" + windows(group.windowed || changes_sessions(group), group.window);
  if (changes_sessions(group)) text += " changes";
  for (const auto& key : group.keys) text += " " + expression(key, 0);
  if (whole())
    for (const auto& aggregate : group.aggregates) text += folded(aggregate);
  return text + forgets(group.window_key, group.window, group.retain_us);
}

std::string Meaning::operator()(const TopNode& top) const {
  const typed::TopStep& step = top.step;
  std::string text = "top" + windows(step.windowed || changes_sessions(top), step.window);
  if (changes_sessions(top)) text += " changes";
  text += fmt::format(" first {} ties {}", step.count, step.with_ties);
  if (whole()) text += fmt::format(" window {} numbered {}", step.adds_window, step.numbered);
  for (const auto& key : step.keys) text += " " + expression(key, 0);
  for (const auto& order : step.orders)
    text += (order.descending ? " descending " : " by ") + expression(order.value, 0);
  return text + forgets(top.window_key, step.window, step.retain_us);
}

std::string Meaning::operator()(const RunningNode& running) const {
  const typed::RunningStep& step = running.step;
  std::string text = fmt::format("running rows {} within {} retain {}", step.rows, step.within_us, step.retain_us);
  for (const auto& key : step.keys) text += " " + expression(key, 0);
  if (whole())
    for (const auto& aggregate : step.aggregates) text += (aggregate.before ? " before" : "") + folded(aggregate);
  return text;
}

std::string Meaning::operator()(const LatestNode& latest) const {
  std::string text = latest.versions ? "latest version" : "latest";
  for (const auto& key : latest.keys) text += " " + expression(key, 0);
  return text + forgets(-1, {}, latest.retain_us);
}

std::string Meaning::operator()(const MovesNode& moves) const {
  std::string text = "moves";
  for (int i = moves.first; i < moves.first + moves.count; ++i) text += " of " + column(i);
  for (const auto& key : moves.keys) text += " " + expression(key, 0);
  return text;
}

std::string Meaning::operator()(const TableJoinNode& join) const {
  std::string text = fmt::format("join tables {}", join.step.left);
  for (const auto& key : join.step.left_keys) text += " " + expression(key, 0);
  for (const auto& key : join.step.right_keys) text += " " + expression(key, 1);
  if (join.step.right) text += " right";
  if (join.step.yield != typed::JoinYield::matches) text += " " + std::string(typed::outcome_word(join.step));
  return join.step.residual ? text + " residual " + residual(join.step.residual) : text;
}

std::string Meaning::operator()(const NetNode& net) const {
  std::string text = "net";  // whatever form its changes go out in
  for (const auto& key : net.keys) text += " " + expression(key, 0);
  return text;
}

std::string Meaning::operator()(const InstantsNode& instants) const {
  std::string text = instants.versions ? "instants of versions" : "instants";
  if (instants.pair >= 0) text += " of a pair";
  for (const auto& key : instants.keys) text += " " + expression(key, 0);
  return text;
}

std::string Meaning::operator()(const EmitNode& emit) const {
  return fmt::format("emit every {}{}", emit.every_us, emit.wall ? " wall" : "");
}

std::string Meaning::operator()(const InWindowsNode& in_windows) const {
  std::string text = (in_windows.joined ? "joined in" : "in") + windows(true, in_windows.window);
  return in_windows.given < 0 ? text : text + " given " + column(in_windows.given);
}

std::string Meaning::operator()(const InOrderNode& in_order) const {
  return in_order.by < 0 ? "in order" : "in order by " + column(in_order.by);
}

std::string Meaning::operator()(const LookupNode& lookup) const {
  const typed::Service& service = project_.services[static_cast<size_t>(lookup.step.service)];
  return fmt::format("{} {} {} to {}{}{}", lookup.step.left ? "left lookup" : "lookup", service.qualified(),
                     row_text(service.parameters), row_text(service.result), service.stops ? " or stop" : "",
                     lookup.step.port.empty() ? "" : " else " + lookup.step.port);
}

std::string Meaning::operator()(const UnnestNode& unnest) const {
  std::string text = unnest.left ? "left unnest" : "unnest";
  if (whole() && unnest.fields) text += fmt::format(" fields {}", fmt::join(*unnest.fields, ","));
  return text;
}

std::string Meaning::operator()(const RetimeNode& retime) const {
  if (retime.by_arrival) return "by arrival";
  return fmt::format("time {} within {}", column(retime.time_column), retime.within_us);
}

std::string Meaning::operator()(const UniqueNode& unique) const {
  return fmt::format("{} {} within {}", unique.drops ? "distinct" : "unique", columns(unique.columns),
                     unique.within_us);
}

std::string Meaning::operator()(const MatchNode& match) const {
  std::string text = fmt::format("match {} within {}", columns(match.keys), match.within_us);
  if (whole()) text += " fields " + columns(match.fields);
  for (const MatchNode::Element& element : match.elements) {
    text +=
        fmt::format(" element {} {}..{} {}", static_cast<int>(element.kind), element.least, element.most, element.list);
    if (element.fit >= 0) text += " fit " + column(element.fit);
    if (element.rest) text += " " + rest(match, element.rest);
    if (whole() && element.output >= 0) text += fmt::format(" to {}", element.output);
  }
  return text;
}

std::string Meaning::operator()(const AlertNode& alert) const {
  return "alert " + expression(alert.condition, 0);
}

std::string Meaning::operator()(const PublishNode& publish) const {
  return "publish " + project_.relations[plan_.products[publish.product]].qualified();
}

std::string Meaning::operator()(const PortNode& port) const {
  return "port " + project_.relations[plan_.products[port.product]].qualified() + " " + port.port;
}

std::string Meaning::folded(const typed::Aggregate& aggregate) const {
  std::string text = fmt::format(" aggregate {}", static_cast<int>(aggregate.kind));
  if (whole()) text += " " + to_string(aggregate.type);
  for (const auto& part : {aggregate.argument, aggregate.by, aggregate.filter})
    text += part ? " " + expression(part, 0) : " none";
  return text + typed::constant_text(aggregate);
}

std::string Meaning::columns(const std::vector<int>& list) const {
  std::string text;
  for (const int each : list) text += (text.empty() ? "" : ",") + column(each);
  return text;
}

std::string Meaning::expression(const typed::ExpressionRef& expression, int over) const {
  return typed::print(*expression, unnamed(input(over)));
}

std::string Meaning::residual(const typed::ExpressionRef& expression) const {
  return typed::print(*expression, unnamed(condition_row(input(0), input(1), "")));
}

std::string Meaning::rest(const MatchNode& match, const typed::ExpressionRef& expression) const {
  return typed::print(*expression, unnamed(match_row(match, input(0))));
}

std::string Meaning::column(int index) const {
  return std::to_string(index);
}

}  // namespace braid::plan
